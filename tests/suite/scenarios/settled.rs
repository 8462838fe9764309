//! Second pull requests on what was decided before: nothing in them is red, and what waits says for whom.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, FileEdit};
use std::sync::Arc;

/// The proposal as an older pull request left it: decided, with the comments it got.
fn decided() -> String {
    let closed = CACHE.replace("<!-- Title", "<!-- Status: CLOSED -->\n<!-- Title");
    format!(
        "{closed}\n---\n\nName: AI-Security\n\nTenants are kept apart by teh key.\n\nVOTE: CHANGES\n\n---\n\n\
         Name: ann\n\nFine with me.\n\nVOTE: READY\n"
    )
}

fn with_status(text: &str, status: &str) -> String {
    let changed = text.replace("Status: CLOSED", &format!("Status: {status}"));
    assert_ne!(changed, text);
    changed
}

fn replaced(from: &str, to: &str) -> String {
    let text = decided();
    let changed = text.replace(from, to);
    assert_ne!(changed, text);
    changed
}

/// A change to what was decided, and what the check says to it.
struct Case {
    what: &'static str,
    /// On the base branch.
    base: String,
    /// In the pull request.
    head: String,
    /// Title.
    title: &'static str,
    /// Personas asked.
    calls: usize,
}

fn cases() -> Vec<Case> {
    const NEEDS_A_PERSON: &str = "DISCUSSING: needs 1 vote by a person other than rob";
    const CLEAR: &str = "CLEAR: no discussion in this PR";
    let case = |what, base, head, title, calls| Case {
        what,
        base,
        head,
        title,
        calls,
    };
    vec![
        case(
            "the status typed",
            decided(),
            with_status(&decided(), "OPEN"),
            CLEAR,
            0,
        ),
        case(
            "the phase typed",
            decided(),
            replaced("<!-- Title", "<!-- Phase: review -->\n<!-- Title"),
            CLEAR,
            0,
        ),
        case(
            "line ends",
            decided(),
            decided().replace('\n', "\r\n"),
            CLEAR,
            0,
        ),
        case(
            "blanks at the end",
            decided(),
            format!("{}\n\n", decided()),
            CLEAR,
            0,
        ),
        case(
            "a typo in a comment",
            decided(),
            replaced("teh key", "the key"),
            NEEDS_A_PERSON,
            3,
        ),
        case(
            "a comment more",
            decided(),
            format!("{}\n---\n\nName: rob\n\nLate, but yes.\n", decided()),
            NEEDS_A_PERSON,
            3,
        ),
        case(
            "a section below",
            decided(),
            format!("{}\n## Later\n\nWe keep passwords, too.\n", decided()),
            NEEDS_A_PERSON,
            3,
        ),
        case(
            "a section above",
            decided(),
            replaced("## Requirements", "## Cost\n\nNone.\n\n## Requirements"),
            NEEDS_A_PERSON,
            3,
        ),
        case(
            "a wrapped line",
            decided(),
            replaced(
                "Product pages are slow: each",
                "Product pages are slow:\neach",
            ),
            NEEDS_A_PERSON,
            3,
        ),
        case(
            "open on the base",
            with_status(&decided(), "OPEN"),
            decided(),
            NEEDS_A_PERSON,
            3,
        ),
        case(
            "open on the base, closed by hand with another text",
            with_status(&decided(), "OPEN"),
            revised(&decided()),
            NEEDS_A_PERSON,
            3,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_is_never_red_and_what_waits_says_for_whom() {
    for case in cases() {
        let what = case.what;
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        let edit = FileEdit::write(PATH, &case.base);
        rig.sandbox
            .push("ann", DEMO_REPO, "main", "decided", &[edit])
            .unwrap();
        let number = rig.open("rob", PATH, &case.head).await;
        assert_eq!(rig.title(number), case.title, "{what}");
        assert_eq!(model.calls().len(), case.calls, "{what}");
        let summary = rig.check(number).summary.unwrap();
        if case.calls == 0 {
            assert_eq!(rig.conclusion(number), "success", "{what}");
            assert!(summary.contains("is settled"), "{what}: {summary}");
            continue;
        }
        assert_eq!(rig.conclusion(number), "action_required", "{what}");
        assert!(summary.contains("/discuss vote ready"), "{what}: {summary}");
        rig.say("ann", number, "/discuss vote ready").await;
        assert_eq!(
            rig.conclusion(number),
            "success",
            "{what}: {}",
            rig.title(number)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_is_told_to_whoever_wants_to_vote_and_opens_when_its_base_does() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let put = |text: &str| {
        let edit = FileEdit::write(PATH, text);
        let pushed = rig
            .sandbox
            .push("ann", DEMO_REPO, "main", "decided", &[edit]);
        pushed.unwrap();
    };
    put(&decided());
    let number = rig
        .open("rob", PATH, &with_status(&decided(), "READY_FOR_DESIGN"))
        .await;
    assert_eq!(rig.conclusion(number), "success");
    rig.say("ann", number, "/discuss vote reject").await;
    let reply = rig.replies(number).pop().unwrap();
    assert!(
        reply.contains("is decided") && reply.contains("CLOSED") && reply.contains("open it again"),
        "{reply}"
    );
    assert_eq!(rig.conclusion(number), "success");
    put(&with_status(&decided(), "OPEN"));
    let branch = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .create_branch("rob", DEMO_REPO, "again", &branch)
        .unwrap();
    let edit = FileEdit::write(PATH, decided());
    rig.sandbox
        .push("rob", DEMO_REPO, "again", "close", &[edit])
        .unwrap();
    let next = rig.pull("rob", "again");
    rig.settle().await;
    assert_eq!(
        rig.title(next),
        "DISCUSSING: needs 1 vote by a person other than rob"
    );
}
