//! A person's objection is to a proposal: it follows into every other pull request that proposes the same.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit, NewPull, ReviewState, Role};
use std::sync::Arc;
use std::time::Duration;

/// A repository in which ann, joe and rob write and every persona is content.
async fn rig() -> Rig {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "joe", Role::Write)
        .unwrap();
    rig
}

/// A proposal like any other, about something else each time.
fn about(what: &str) -> String {
    CACHE.replace("product list", what)
}

/// Somebody opens a pull request with a file on a branch of its own.
async fn open_on(rig: &Rig, login: &str, branch: &str, path: &str, text: &str) -> u64 {
    let edit = FileEdit::write(path, text);
    rig.sandbox
        .push(login, DEMO_REPO, branch, "propose", &[edit])
        .unwrap();
    open_branch(rig, login, branch).await
}

async fn open_branch(rig: &Rig, login: &str, branch: &str) -> u64 {
    rig.sandbox.advance(Duration::from_secs(2));
    let new = NewPull {
        title: "A proposal".to_owned(),
        head: branch.to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr(login, DEMO_REPO, &new).unwrap();
    rig.settle().await;
    number
}

async fn close(rig: &Rig, number: u64) {
    rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
}

fn summary(rig: &Rig, number: u64) -> String {
    rig.check(number).summary.unwrap()
}

const COMMENT_BELOW: &str = "\n---\n\nName: rob\n\nI think this is fine now.\n";

/// How the same proposal comes again, and where.
enum Again {
    /// From another branch, with something behind it.
    With(&'static str),
    /// Under another path.
    At(&'static str),
    /// From the same branch, with the replies it got.
    SameBranch,
    /// From the same branch, with a comment below the replies.
    SameBranchWith(&'static str),
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_is_not_left_behind_by_opening_the_proposal_again() {
    use Again::{At, SameBranch, SameBranchWith, With};
    let rig = rig().await;
    let cases = [
        ("same words", With(""), true),
        ("same words while the first is open", With(""), false),
        ("a comment below", With(COMMENT_BELOW), true),
        ("other line ends", With("\r\n"), true),
        ("another path", At("notes/other.md"), false),
        ("same branch", SameBranch, true),
        (
            "same branch and a comment",
            SameBranchWith(COMMENT_BELOW),
            true,
        ),
    ];
    for (index, (what, again, is_closed)) in cases.into_iter().enumerate() {
        let text = about(what);
        let (first_branch, next_branch) = (format!("first-{index}"), format!("next-{index}"));
        let path = format!("design/{index}.md");
        let first = open_on(&rig, "rob", &first_branch, &path, &text).await;
        rig.say("ann", first, "/discuss vote reject: it leaks")
            .await;
        assert_eq!(rig.title(first), "REJECTED by ann", "{what}");
        let answered = rig.file(first, &path);
        if is_closed {
            close(&rig, first).await;
        }
        let next = match again {
            With(more) => {
                let text = match more {
                    "\r\n" => text.replace('\n', "\r\n"),
                    more => format!("{text}{more}"),
                };
                open_on(&rig, "rob", &next_branch, &path, &text).await
            }
            At(path) => open_on(&rig, "rob", &next_branch, path, &text).await,
            SameBranch => open_branch(&rig, "rob", &first_branch).await,
            SameBranchWith(more) => {
                let text = format!("{answered}{more}");
                open_on(&rig, "rob", &first_branch, &path, &text).await
            }
        };
        rig.say("joe", next, "/discuss vote ready").await;
        assert_eq!(rig.title(next), "REJECTED by ann", "{what}");
        let summary = summary(&rig, next);
        let link = format!("[comment in \\#\u{200b}{first}](");
        assert!(summary.contains(&link), "{what}: {summary}");
        let way_out = format!("votes here, or takes the vote back in \\#\u{200b}{first}");
        assert!(summary.contains(&way_out), "{what}: {summary}");
        assert!(summary.contains("it leaks"), "{what}: {summary}");
        rig.say("ann", next, "/discuss vote ready").await;
        assert_eq!(
            rig.conclusion(next),
            "success",
            "{what}: {}",
            rig.title(next)
        );
        if !is_closed {
            assert_eq!(
                rig.title(first),
                "REJECTED by ann",
                "{what}: no READY leaves its place"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_objection_to_this_very_proposal_follows() {
    let rig = rig().await;
    let text = about("ready");
    let first = open_on(&rig, "rob", "ready", "ready.md", &text).await;
    rig.say("ann", first, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(first), "success");
    let next = open_on(&rig, "rob", "ready-2", "ready.md", &text).await;
    assert_eq!(
        rig.title(next),
        "DISCUSSING: needs 1 vote by a person other than rob",
        "a READY never leaves its pull request"
    );

    let text = about("changed");
    let first = open_on(&rig, "rob", "changed", "changed.md", &text).await;
    rig.say("ann", first, "/discuss vote reject").await;
    let next = super::revised(&text);
    let next = open_on(&rig, "rob", "changed-2", "changed.md", &next).await;
    rig.say("joe", next, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(next), "success", "{}", rig.title(next));

    let text = about("author");
    let first = open_on(&rig, "rob", "author", "author.md", &text).await;
    rig.say("ann", first, "/discuss vote reject").await;
    let next = open_on(&rig, "ann", "author-2", "author.md", &text).await;
    rig.say("joe", next, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(next), "success", "{}", rig.title(next));
    let summary = summary(&rig, next);
    assert!(
        summary.contains("no: the pull request's author"),
        "{summary}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_requests_changes_follows_like_a_command() {
    let rig = rig().await;
    let first = open_on(&rig, "rob", "one", PATH, CACHE).await;
    let state = ReviewState::ChangesRequested;
    let review = rig
        .sandbox
        .review("ann", DEMO_REPO, first, state, "no")
        .unwrap();
    rig.settle().await;
    close(&rig, first).await;
    let next = open_on(&rig, "rob", "two", PATH, CACHE).await;
    let view = summary(&rig, next);
    let follows = format!("yes, it follows from \\#\u{200b}{first} until ann votes here");
    assert!(view.contains(&follows), "{view}");
    assert!(
        view.contains("3 of 4 ready") || view.contains("CHANGES"),
        "{view}"
    );
    rig.sandbox
        .dismiss_review("rob", DEMO_REPO, first, review)
        .unwrap();
    rig.settle().await;
    let view = summary(&rig, next);
    assert!(
        view.contains("dismissed by rob; it stands until ann votes again"),
        "{view}"
    );
    rig.say("ann", next, "/discuss vote withdraw").await;
    assert!(!summary(&rig, next).contains("follows from"));
}

/// What ends an objection from the first pull request in the next one, without a push or a comment in that.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_pull_request_is_looked_at_again_when_the_objection_changes() {
    let rig = rig().await;
    for (index, how) in [
        "withdraw",
        "delete",
        "delete when closed",
        "edit",
        "third",
        "ready",
    ]
    .into_iter()
    .enumerate()
    {
        let text = about(how);
        let path = format!("{index}.md");
        let branch = |name: &str| format!("{name}-{index}");
        let first = open_on(&rig, "rob", &branch("first"), &path, &text).await;
        let next = open_on(&rig, "rob", &branch("next"), &path, &text).await;
        rig.say("joe", next, "/discuss vote ready").await;
        assert_eq!(rig.conclusion(next), "success", "{how}");
        let vote = rig.say("ann", first, "/discuss vote reject").await;
        assert_eq!(
            rig.title(next),
            "REJECTED by ann",
            "{how}: green is taken back"
        );
        rig.sandbox.advance(Duration::from_secs(2));
        match how {
            "withdraw" => {
                rig.say("ann", first, "/discuss vote withdraw").await;
            }
            "delete" => rig.sandbox.delete_comment("ann", DEMO_REPO, vote).unwrap(),
            "delete when closed" => {
                close(&rig, first).await;
                assert_eq!(rig.title(next), "REJECTED by ann", "{how}");
                rig.sandbox.delete_comment("ann", DEMO_REPO, vote).unwrap();
            }
            "edit" => rig
                .sandbox
                .edit_comment("ann", DEMO_REPO, vote, "I was wrong.")
                .unwrap(),
            "third" => {
                let third = open_on(&rig, "rob", &branch("third"), &path, &text).await;
                assert_eq!(rig.title(third), "REJECTED by ann");
                rig.say("ann", third, "/discuss vote ready").await;
            }
            _ => {
                rig.say("ann", first, "/discuss vote ready").await;
            }
        }
        rig.settle().await;
        assert_eq!(
            rig.conclusion(next),
            "success",
            "{how}: {}",
            rig.title(next)
        );
        if how == "third" {
            assert_eq!(
                rig.title(first),
                "REJECTED by ann",
                "there she has to say so"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_ends_an_objection_and_a_later_one_outweighs_an_approval() {
    let rig = rig().await;
    let first = open_on(&rig, "rob", "one", PATH, CACHE).await;
    let next = open_on(&rig, "rob", "two", PATH, CACHE).await;
    rig.say("joe", next, "/discuss vote ready").await;
    rig.say("ann", next, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(next), "success");
    let vote = rig.say("ann", first, "/discuss vote reject").await;
    assert_eq!(
        rig.title(next),
        "REJECTED by ann",
        "said later, on the same text"
    );
    rig.sandbox.delete_comment("rob", DEMO_REPO, vote).unwrap();
    rig.settle().await;
    assert_eq!(rig.title(next), "REJECTED by ann");
    let view = summary(&rig, next);
    assert!(
        view.contains("deleted by rob; it stands until ann votes again"),
        "{view}"
    );
    let again = rig.say("ann", next, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(next), "success", "{}", rig.title(next));
    rig.sandbox.delete_comment("rob", DEMO_REPO, again).unwrap();
    rig.settle().await;
    assert_eq!(
        rig.title(next),
        "REJECTED by ann",
        "what is gone ends nothing"
    );
    rig.sandbox.remove_collaborator(DEMO_REPO, "ann").ok();
    rig.sandbox.reset_ledger();
    rig.say("joe", next, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(next), "success", "{}", rig.title(next));
    assert_eq!(rig.count(EffectKind::Commit), 1, "the verdict, no reply");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_counts_only_while_its_voter_has_write() {
    let rig = rig().await;
    let first = open_on(&rig, "rob", "one", PATH, CACHE).await;
    rig.say("joe", first, "/discuss vote reject").await;
    rig.sandbox.remove_collaborator(DEMO_REPO, "joe").unwrap();
    let next = open_on(&rig, "rob", "two", PATH, CACHE).await;
    rig.say("ann", next, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(next), "success", "{}", rig.title(next));
    assert!(summary(&rig, next).contains("has no right to write"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_below_the_proposal_settles_no_objection_to_it() {
    let rig = rig().await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote reject: it leaks")
        .await;
    let text = format!("{}{COMMENT_BELOW}", rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    rig.say("joe", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), "REJECTED by ann");
    rig.push("rob", PATH, &super::revised(&text)).await;
    rig.say("joe", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_that_comes_while_the_next_panel_thinks_is_heard() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let first = open_on(&rig, "rob", "one", PATH, CACHE).await;
    let calls = model.calls().len();
    model.hold_back();
    // With a comment below it is another text to the panel, which has to think.
    let edit = FileEdit::write(PATH, format!("{CACHE}{COMMENT_BELOW}"));
    rig.sandbox
        .push("rob", DEMO_REPO, "two", "propose", &[edit])
        .unwrap();
    let next = rig.pull("rob", "two");
    rig.until(|| model.calls().len() > calls).await;
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .comment("ann", DEMO_REPO, first, "/discuss vote reject")
        .unwrap();
    rig.until(|| rig.title(first) == "REJECTED by ann").await;
    model.let_go();
    rig.settle().await;
    assert_eq!(rig.title(next), "REJECTED by ann");
}
