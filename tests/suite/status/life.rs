//! The life of the comment: begun, edited, left alone, deleted, lost, ended.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::bot::status::MARKER;
use discussions::sandbox::{DEMO_REPO, Fault, FaultKind, FileEdit, Matcher};
use std::sync::Arc;

const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const COMMENT: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}";

/// A pull request by rob that every persona is for.
async fn wanted(config: &str) -> (Rig, u64) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, config).await;
    let number = rig.open("rob", PATH, CACHE).await;
    (rig, number)
}

/// Requests about comments in the conversation since the ledger was reset.
fn about_comments(rig: &Rig) -> Vec<String> {
    let requests = rig.sandbox.ledger().requests.into_iter();
    let lines = requests.map(|request| format!("{} {}", request.method, request.path));
    lines
        .filter(|line| line.contains("/comments") && !line.contains("/reactions"))
        .collect()
}

/// A push that changes no discussion.
async fn push_readme(rig: &Rig, text: &str) {
    rig.push("rob", "README.md", &format!("# Demo\n\n{text}\n"))
        .await;
}

fn refuse(rig: &Rig, method: &str, route: &str, status: u16) {
    let matcher = Matcher::Rest(method.to_owned(), route.to_owned());
    rig.sandbox
        .fault(Fault::once(matcher, FaultKind::Status(status)));
}

/// An hour has passed since the comment was begun, as far as the record knows.
async fn an_hour_later(rig: &Rig) {
    let sql = r#"UPDATE effects SET result = replace(result, '"begun_at":', '"begun_at":0,"before":') WHERE key = 'status'"#;
    rig.meddle(sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_evaluation_begins_one_comment_that_says_what_the_check_says() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox.reset_ledger();
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(rig.state_line(number), rig.title(number));
    assert_eq!(rig.status_writes(), (1, 0));
    assert_eq!(
        about_comments(&rig).len(),
        1,
        "nobody wrote, so nothing is looked for"
    );
    let text = rig.status(number);
    for part in [
        "1. Someone with write other than rob votes: `/discuss vote ready`",
        "| security | AI | READY |",
        "```mermaid\nflowchart LR\n",
        "<summary>Details: rounds, dissent, receipts, cost</summary>",
        "3 signed replies",
        "/design/cache.md#L",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    push_readme(&rig, "More.").await;
    let (id, _) = rig.statuses(number).pop().unwrap();
    let details = rig.check(number).details_url.unwrap();
    assert!(
        details.ends_with(&format!("/pull/{number}#issuecomment-{id}")),
        "{details}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_without_a_discussion_has_no_comment() {
    let rig = Rig::start().await;
    let number = rig.open("rob", "src/main.rs", "fn main() {}\n").await;
    rig.say("ann", number, "Looks fine.").await;
    assert!(rig.statuses(number).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_events_that_change_nothing_edit_nothing() {
    let (rig, number) = wanted("").await;
    rig.sandbox.reset_ledger();
    for n in 0..4 {
        push_readme(&rig, &n.to_string()).await;
        rig.say("ann", number, "I am reading.").await;
    }
    rig.sandbox
        .rerequest_check("rob", DEMO_REPO, rig.check(number).id)
        .unwrap();
    rig.settle().await;
    rig.sweep().await;
    assert_eq!(about_comments(&rig), [] as [&str; 0]);
    assert_eq!(rig.status_writes(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_state_is_one_edit() {
    let (rig, number) = wanted("").await;
    rig.sandbox.reset_ledger();
    rig.say("ann", number, "/discuss vote reject: name the owner")
        .await;
    assert_eq!(rig.status_writes(), (0, 1));
    assert_eq!(rig.state_line(number), rig.title(number));
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(
        rig.status_writes(),
        (0, 2),
        "the closing commit that comes back adds none"
    );
    assert!(rig.state_line(number).starts_with("READY: 4 of 4 ready"));
    assert!(rig.status(number).contains("Nothing is left to do here"));
    assert_eq!(rig.statuses(number).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_the_last_state_stays() {
    let (rig, number) = wanted("").await;
    rig.sandbox.reset_ledger();
    rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
    assert_eq!(
        rig.state_line(number),
        "CLOSED, last state DISCUSSING: needs 1 vote by a person other than rob"
    );
    assert_eq!(rig.status_writes(), (0, 1));
    rig.say("ann", number, "A pity.").await;
    rig.say("ann", number, "/discuss status").await;
    assert_eq!(rig.status_writes(), (0, 1));

    rig.sandbox.reopen("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
    assert_eq!(rig.state_line(number), rig.title(number));
    rig.say("ann", number, "/discuss vote ready").await;
    rig.sandbox.merge("ann", DEMO_REPO, number).unwrap();
    rig.settle().await;
    let state = rig.state_line(number);
    assert!(
        state.starts_with("MERGED, last state READY: 4 of 4 ready"),
        "{state}"
    );
    let text = rig.status(number);
    assert!(
        text.contains("| ann | person | READY |") && !text.contains("### Next"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_comment_comes_back_with_the_next_state_and_never_in_a_fight() {
    let (rig, number) = wanted("").await;
    let delete = || {
        let (id, _) = rig.statuses(number).pop().unwrap();
        rig.sandbox.delete_comment("ann", DEMO_REPO, id).unwrap();
    };
    delete();
    rig.settle().await;
    push_readme(&rig, "More.").await;
    assert!(rig.statuses(number).is_empty(), "nothing to tell");
    rig.say("ann", number, "/discuss vote ready").await;
    rig.say("ann", number, "/discuss vote reject").await;
    assert!(rig.statuses(number).is_empty(), "not within the hour");
    assert!(
        rig.title(number).starts_with("REJECTED"),
        "the check says it all"
    );

    an_hour_later(&rig).await;
    push_readme(&rig, "Still more.").await;
    assert_eq!(
        rig.state_line(number),
        rig.title(number),
        "another state than it was deleted with"
    );
    delete();
    rig.say("ann", number, "/discuss vote ready").await;
    rig.say("ann", number, "/discuss vote reject").await;
    assert!(rig.statuses(number).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_conversation_gets_no_comment_and_its_check_is_complete() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", "notes.txt", "x").await;
    rig.sandbox
        .set_locked("ann", DEMO_REPO, number, true)
        .unwrap();
    rig.push("rob", PATH, CACHE).await;
    assert!(rig.statuses(number).is_empty());
    let summary = rig.summary(number);
    assert!(
        summary.contains("### Next") && summary.contains("is locked"),
        "{summary}"
    );
    rig.sandbox.reset_ledger();
    push_readme(&rig, "More.").await;
    assert_eq!(
        about_comments(&rig),
        [] as [&str; 0],
        "not asked again and again"
    );
    rig.sandbox
        .set_locked("ann", DEMO_REPO, number, false)
        .unwrap();
    push_readme(&rig, "Unlocked.").await;
    assert_eq!(rig.state_line(number), rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_github_refuses_costs_the_check_nothing() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    refuse(&rig, "POST", COMMENTS, 403);
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(rig.statuses(number).is_empty());
    assert!(rig.title(number).starts_with("DISCUSSING: needs 1 vote"));
    rig.sandbox.reset_ledger();
    push_readme(&rig, "More.").await;
    rig.say("ann", number, "/discuss vote reject").await;
    assert_eq!(about_comments(&rig), [] as [&str; 0], "not within the hour");
    an_hour_later(&rig).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.state_line(number), rig.title(number));
    refuse(&rig, "PATCH", COMMENT, 403);
    rig.say("ann", number, "/discuss vote reject").await;
    assert!(rig.title(number).starts_with("REJECTED"));
    push_readme(&rig, "Still more.").await;
    assert!(
        rig.state_line(number).starts_with("READY"),
        "the same text is not sent twice"
    );
    rig.say("ann", number, "/discuss vote reject").await;
    assert_eq!(rig.state_line(number), rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_whose_answer_is_lost_is_there_once() {
    for (method, route) in [("POST", COMMENTS), ("PATCH", COMMENT)] {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        let lost = Matcher::Rest(method.to_owned(), route.to_owned());
        rig.sandbox
            .fault(Fault::once(lost, FaultKind::ApplyThenDrop));
        let number = rig.open("rob", PATH, CACHE).await;
        rig.say("ann", number, "/discuss vote ready").await;
        assert_eq!(rig.state_line(number), rig.title(number), "{method}");
        assert_eq!(rig.status_writes().0, 1, "{method}");
        assert_eq!(model.calls().len(), 3, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_empty_store_the_comment_is_found_by_its_marker_and_its_author() {
    let (mut rig, number) = wanted("").await;
    let first = rig.statuses(number).pop().unwrap().0;
    rig.say("eve", number, &format!("{MARKER}\nREADY, I say."))
        .await;
    rig.start_over(None).await;
    push_readme(&rig, "More.").await;
    let statuses = rig.statuses(number);
    assert_eq!(statuses.len(), 1, "never a second one: {statuses:#?}");
    assert_eq!(statuses[0].0, first);
    assert_eq!(rig.state_line(number), rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_comment_with_our_marker_is_left_alone() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", "notes.txt", "x").await;
    let typed = format!("{MARKER}\n### READY: 9 of 9 ready");
    let id = rig.say("eve", number, &typed).await;
    rig.push("rob", PATH, CACHE).await;
    assert_eq!(
        rig.state_line(number),
        rig.title(number),
        "ours stands below it"
    );
    let comments = rig.sandbox.pull(DEMO_REPO, number).unwrap().comments;
    let hers = comments.iter().find(|comment| comment.id == id).unwrap();
    assert_eq!(hers.body, typed);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_judged_any_more_no_old_state_is_shown() {
    let (rig, number) = wanted("").await;
    rig.configure("gate: {mode: off}\n").await;
    push_readme(&rig, "More.").await;
    assert_eq!(
        rig.state_line(number),
        "SUPERSEDED: the gate is off on main"
    );
    rig.configure("").await;
    push_readme(&rig, "Still more.").await;
    assert_eq!(rig.state_line(number), rig.title(number));

    let text = rig.file(number, PATH).replace("<!-- DISCUSSION -->\n", "");
    rig.push("rob", PATH, &text).await;
    assert_eq!(rig.state_line(number), rig.title(number));
    assert!(
        rig.title(number).starts_with("HELD"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_discussions_share_one_comment() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let second = CACHE.replace("A cache for the product list", "A queue");
    let edit = FileEdit::write("design/queue.md", second);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "a queue", &[edit])
        .unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    let text = rig.status(number);
    assert!(text.contains("#### A queue (`design/queue.md`)"), "{text}");
    assert!(text.contains("| `design/cache.md` | DISCUSSING"), "{text}");
    rig.push("rob", PATH, &revised(&rig.file(number, PATH)))
        .await;
    assert_eq!(rig.state_line(number), rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_is_away_parks_nothing_and_is_caught_up_with_later() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let away = Matcher::Rest("POST".to_owned(), COMMENTS.to_owned());
    let fault = Fault::sometimes(away, FaultKind::Status(502), 1_000, 1);
    rig.sandbox.fault(fault);
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(rig.title(number).starts_with("DISCUSSING: needs 1 vote"));
    assert!(rig.statuses(number).is_empty());
    assert_eq!(model.calls().len(), 3);
    rig.sandbox.clear_faults();
    push_readme(&rig, "More.").await;
    assert_eq!(rig.state_line(number), rig.title(number));
}
