//! Seven ways in which a gate by votes was found to open, hang or forget elsewhere.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{
    DEMO_REPO, FileEdit, NewPull, Protection, RequiredCheck, ReviewState, RuleForm,
};
use discussions::store::Store;
use std::sync::Arc;
use std::time::Duration;

const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A pull request by rob that every persona is for.
async fn wanted() -> (Arc<Scripted>, Rig, u64) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    (model, rig, number)
}

/// Time goes by, and somebody presses "Re-run".
async fn a_month_later(rig: &Rig, number: u64) {
    rig.sandbox.advance(MONTH);
    let run = rig.check(number).id;
    rig.sandbox.rerequest_check("rob", DEMO_REPO, run).unwrap();
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gitvote_1_a_cancelled_vote_is_not_green() {
    let (_, rig, number) = wanted().await;
    let vote = rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.say("ann", number, "/discuss vote withdraw").await;
    rig.held_up(number, "withdrawn by command");

    let again = rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    for comment in [again, vote] {
        rig.sandbox
            .delete_comment("ann", DEMO_REPO, comment)
            .unwrap();
    }
    rig.settle().await;
    rig.held_up(number, "withdrawn with its comment");

    let edited = rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.sandbox
        .edit_comment("ann", DEMO_REPO, edited, "Never mind.")
        .unwrap();
    rig.settle().await;
    rig.held_up(number, "withdrawn by an edit");

    rig.sandbox.advance(Duration::from_secs(2));
    let review = rig
        .sandbox
        .review("ann", DEMO_REPO, number, ReviewState::Approved, "fine")
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.sandbox
        .dismiss_review("rob", DEMO_REPO, number, review)
        .unwrap();
    rig.settle().await;
    rig.held_up(number, "a dismissed review");

    for line in ["/discuss cancel", "/discuss pause", "/discuss vote cancel"] {
        rig.say("ann", number, line).await;
        rig.held_up(number, line);
    }
    a_month_later(&rig, number).await;
    rig.held_up(number, "a month later");
}

#[tokio::test(flavor = "multi_thread")]
async fn gitvote_2_deleting_comments_opens_nothing() {
    let (model, rig, number) = wanted().await;
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let objection = rig
        .say("ann", number, "/discuss vote reject: no rollback plan")
        .await;
    rig.say("ann", number, "/discuss pragmatist is it worth it?")
        .await;
    rig.say("ann", number, "/discuss status").await;
    assert!(rig.replies(number).len() >= 2);
    let all: Vec<u64> = rig
        .sandbox
        .pull(DEMO_REPO, number)
        .unwrap()
        .comments
        .iter()
        .map(|comment| comment.id)
        .collect();
    for comment in all {
        rig.sandbox
            .delete_comment("rob", DEMO_REPO, comment)
            .unwrap();
        rig.settle().await;
        rig.held_up(number, "a comment was deleted");
    }
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(summary.contains("deleted by rob"), "{summary}");
    assert!(
        rig.title(number).starts_with("REJECTED by ann"),
        "{objection}"
    );
    a_month_later(&rig, number).await;
    rig.held_up(number, "a month later");
}

#[tokio::test(flavor = "multi_thread")]
async fn gitvote_3_a_pull_request_without_votes_is_not_green() {
    let model = Arc::new(Scripted::ready());
    for alias in ["architect", "security", "pragmatist"] {
        model.set(alias, Line::Fails);
    }
    let rig = Rig::scripted(&model, "gate: {require_discussion: [\"migrations/**\"]}\n").await;
    let push = |branch: &str, edits: &[FileEdit]| {
        rig.sandbox
            .push("rob", DEMO_REPO, branch, "propose", edits)
            .unwrap();
    };
    push("draft", &[FileEdit::write(PATH, CACHE)]);
    push("away", &[FileEdit::write("design/away.md", CACHE)]);
    push(
        "none",
        &[FileEdit::write("migrations/1.sql", "SELECT 1;\n")],
    );
    push(
        "broken",
        &[FileEdit::write("design/x.discussion.md", "# No marker\n")],
    );
    let many: Vec<FileEdit> = (0..4)
        .map(|n| {
            FileEdit::write(
                &format!("design/{n}.md"),
                CACHE.replace("50 ms", &format!("{n} ms")),
            )
        })
        .collect();
    push("many", &many);
    let fork = rig.sandbox.fork("eve", DEMO_REPO).unwrap();
    let edit = FileEdit::write(PATH, CACHE);
    rig.sandbox
        .push("eve", &fork, "topic", "propose", &[edit])
        .unwrap();
    let pulls = [
        ("a draft", rig.draft("rob", "draft"), "WAITING"),
        (
            "personas that are away",
            rig.pull("rob", "away"),
            "DEGRADED",
        ),
        (
            "no discussion where one is demanded",
            rig.pull("rob", "none"),
            "DISCUSSING",
        ),
        ("a file that is none", rig.pull("rob", "broken"), "INVALID"),
        ("four at once", rig.pull("rob", "many"), "WAITING"),
        ("a stranger's", rig.pull("eve", "eve:topic"), "WAITING"),
    ];
    rig.settle().await;
    for (case, number, state) in pulls {
        rig.held_up(number, case);
        let title = rig.title(number);
        assert!(title.starts_with(state), "{case}: {title}");
    }
    for (case, number, _) in pulls {
        a_month_later(&rig, number).await;
        rig.held_up(number, case);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gitvote_4_every_new_head_has_its_check_at_once() {
    let (_, rig, number) = wanted().await;
    rig.say("ann", number, "/discuss vote ready").await;
    let text = rig.file(number, PATH);
    let changed = text.replace("after one minute", "after ten seconds");
    let typed = format!("{text}\n---\n\nName: rob\n\nThank you.\n");
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    let pushes: [(&str, &[FileEdit]); 4] = [
        ("another file", &[FileEdit::write("notes.txt", "x")]),
        ("a typed reply", &[FileEdit::write(PATH, typed)]),
        ("another text", &[FileEdit::write(PATH, changed)]),
        ("gone", &[FileEdit::delete(PATH)]),
    ];
    for (case, edits) in pushes {
        let head = rig
            .sandbox
            .push("rob", DEMO_REPO, "topic", case, edits)
            .unwrap();
        rig.settle().await;
        let runs = rig.sandbox.check_runs(DEMO_REPO, &head);
        let newest = runs.last().unwrap_or_else(|| panic!("{case}: no check"));
        assert_eq!(newest.status, "completed", "{case}");
        rig.check(number);
    }
    let edit = FileEdit::write(PATH, CACHE);
    rig.sandbox
        .force_push_commit("rob", DEMO_REPO, "topic", &main, "anew", &[edit])
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.check(number).status, "completed", "forced");
    rig.no_empty_end("every head");
}

#[tokio::test(flavor = "multi_thread")]
async fn gitvote_5_a_vote_does_not_pass_to_another_text() {
    let (model, rig, number) = wanted().await;
    let seen = rig.check(number).summary.unwrap_or_default();
    let (_, seen) = seen.split_once("text `").unwrap();
    let hash = seen[..8].to_owned();
    let changed = rig.file(number, PATH).replace("one minute", "one day");
    model.hold_back();
    rig.sandbox.advance(Duration::from_secs(2));
    let edit = FileEdit::write(PATH, &changed);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "change", &[edit])
        .unwrap();
    rig.until(|| model.calls().len() == 6).await;
    // Nobody could have read anything but the old text yet, and the vote comes while the new one is asked about.
    rig.sandbox
        .comment("ann", DEMO_REPO, number, "/discuss vote ready")
        .unwrap();
    model.let_go();
    rig.settle().await;
    rig.held_up(number, "a vote on what was there to be read");
    rig.say("ann", number, &format!("/discuss vote ready {hash}"))
        .await;
    rig.held_up(number, "a vote on the old text by its name");
    let told = rig.replies(number).pop().unwrap_or_default();
    assert!(
        told.contains(&hash) && told.contains("not counted"),
        "{told}"
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.push("rob", PATH, &changed.replace("one day", "one week"))
        .await;
    rig.held_up(number, "the newest head is not what was voted on");
}

#[tokio::test(flavor = "multi_thread")]
async fn gitvote_6_the_check_is_there_whatever_kind_of_rule_demands_it() {
    for form in [RuleForm::Ruleset, RuleForm::Classic] {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        let rules = Protection {
            form,
            required_checks: vec![RequiredCheck {
                name: "discussions".to_owned(),
                app: None,
            }],
            ..Protection::default()
        };
        rig.sandbox.protect(DEMO_REPO, "main", rules).unwrap();
        let number = rig.open("rob", PATH, CACHE).await;
        rig.held_up(number, "with a discussion");
        let edit = FileEdit::write("notes.txt", "x");
        rig.sandbox
            .push("rob", DEMO_REPO, "other", "notes", &[edit])
            .unwrap();
        let new = NewPull {
            title: "Notes".to_owned(),
            head: "other".to_owned(),
            ..NewPull::default()
        };
        let other = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
        rig.settle().await;
        assert_eq!(rig.conclusion(other), "success", "{form:?}");
        assert!(rig.mergeable(other), "{form:?}");
        rig.say("ann", number, "/discuss vote ready").await;
        assert!(rig.mergeable(number), "{form:?}: {}", rig.title(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gitvote_7_nothing_that_was_said_is_forgotten_or_done_twice() {
    let (model, rig, number) = wanted().await;
    let first = rig
        .say("ann", number, "/discuss vote reject: no plan")
        .await;
    rig.say("ann", number, "/discuss vote withdraw").await;
    let last = rig
        .say("ann", number, "/discuss vote ready: there is one")
        .await;
    rig.say("ann", number, "/discuss security what about tenants?")
        .await;
    for comment in [first, last] {
        rig.sandbox
            .delete_comment("ann", DEMO_REPO, comment)
            .unwrap();
        rig.settle().await;
    }
    let votes = rig.store.human_votes(&rig.pr(number)).await.unwrap();
    let kept: Vec<(&str, Option<&str>, Option<&str>)> = votes
        .iter()
        .map(|vote| {
            (
                vote.vote.as_str(),
                vote.reason.as_deref(),
                vote.void.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        kept,
        [
            ("REJECT", Some("no plan"), Some("deleted by ann")),
            ("WITHDRAW", None, None),
            ("READY", Some("there is one"), Some("deleted by ann")),
        ]
    );
    let before = (
        model.calls().len(),
        rig.replies(number),
        rig.file(number, PATH),
        rig.title(number),
    );
    for delivery in rig.sandbox.deliveries() {
        rig.sandbox.redeliver(&delivery.guid);
    }
    rig.settle().await;
    let after = (
        model.calls().len(),
        rig.replies(number),
        rig.file(number, PATH),
        rig.title(number),
    );
    assert_eq!(after, before, "every delivery came once more");
    assert_eq!(rig.store.human_votes(&rig.pr(number)).await.unwrap(), votes);
    let run = rig.check(number).id;
    rig.sandbox.rerequest_check("ann", DEMO_REPO, run).unwrap();
    rig.settle().await;
    assert_ne!(rig.check(number).id, run, "a re-run is heard");
    rig.held_up(number, "after the re-run");
}
