//! Bad days: models that fail, heads that move, answers that get lost.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::sandbox::{DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_persona_that_cannot_answer_is_named_and_the_others_are_written() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Fails);
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(
        rig.title(number).starts_with("DEGRADED: security"),
        "{}",
        rig.title(number)
    );
    assert_eq!(rig.conclusion(number), "action_required");
    let text = rig.file(number, PATH);
    assert!(
        text.contains("AI-Architect") && !text.contains("AI-Security"),
        "{text}"
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(
        rig.title(number).starts_with("DEGRADED: security"),
        "{}",
        rig.title(number)
    );
    model.set(
        "security",
        Line::Votes(discussions::engine::vote::Vote::Ready),
    );
    rig.say("ann", number, "/discuss").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert_eq!(model.calls().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_moves_during_a_round_gets_the_answers_on_its_new_text() {
    let model = Arc::new(Scripted::gated());
    let rig = Rig::scripted(&model, "").await;
    let number = start(&rig, &model).await;
    let edit = FileEdit::write("README.md", "# Demo\n\nMore.\n");
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "readme", &[edit])
        .unwrap();
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 3, "nothing is asked twice");
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(rig.file(number, "README.md"), "# Demo\n\nMore.\n");
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_changes_during_a_round_is_asked_about_anew() {
    let model = Arc::new(Scripted::gated());
    let rig = Rig::scripted(&model, "").await;
    let number = start(&rig, &model).await;
    let edit = FileEdit::write(PATH, revised(CACHE));
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "revise", &[edit])
        .unwrap();
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 6);
    assert_eq!(
        rig.count(EffectKind::Commit),
        1,
        "answers to the older text are not written"
    );
    let text = rig.file(number, PATH);
    assert_eq!(text.matches("\nName: AI-").count(), 3, "{text}");
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );
}

/// Opens the pull request and waits until the panel is being asked.
async fn start(rig: &Rig, model: &Scripted) -> u64 {
    rig.propose("rob", PATH, CACHE);
    let new = discussions::sandbox::NewPull {
        title: "A proposal".to_owned(),
        head: "topic".to_owned(),
        ..Default::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.until(|| model.calls().len() == 3).await;
    number
}

/// The answer to the next write of that kind is lost on the way back.
fn lose_answer(rig: &Rig, matcher: Matcher) {
    rig.sandbox
        .fault(Fault::once(matcher, FaultKind::ApplyThenDrop));
}

fn rest(method: &str, route: &str) -> Matcher {
    Matcher::Rest(method.to_owned(), route.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_made_once() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    lose_answer(&rig, Matcher::Graphql("CommitReplies".to_owned()));
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(model.calls().len(), 3);
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_and_replies_whose_answers_are_lost_are_posted_once() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    lose_answer(&rig, rest("POST", "/repos/{owner}/{repo}/check-runs"));
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(
        rig.count(EffectKind::CheckCreated),
        2,
        "one in progress, one on the new head"
    );
    lose_answer(
        &rig,
        rest(
            "POST",
            "/repos/{owner}/{repo}/issues/{issue_number}/comments",
        ),
    );
    rig.say(
        "rob",
        number,
        "/discuss security what about tenant isolation?",
    )
    .await;
    assert_eq!(rig.replies(number).len(), 1);
    assert_eq!(model.calls().len(), 4);
    assert_eq!(rig.count(EffectKind::Commit), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_waited_out() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let kind = FaultKind::SecondaryLimit {
        status: 403,
        retry_after: Some("1".to_owned()),
    };
    rig.sandbox.fault(Fault::once(
        Matcher::Graphql("CommitReplies".to_owned()),
        kind,
    ));
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(model.calls().len(), 3);
    assert!(
        rig.sandbox
            .ledger()
            .requests
            .iter()
            .all(|request| !request.inside_limit)
    );
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_panics_costs_its_own_answer_only() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Panics);
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(
        rig.title(number).starts_with("DEGRADED: security"),
        "{}",
        rig.title(number)
    );
    assert_eq!(model.calls().len(), 3);
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_the_end_of_a_try_and_of_nothing_else() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    model.arm_bug();
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );
    assert_eq!(rig.count(EffectKind::Commit), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn github_being_away_for_a_while_parks_nothing() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    for fault in [FaultKind::DropBefore, FaultKind::Status(503)] {
        rig.sandbox.reset_ledger();
        rig.sandbox
            .fault(Fault::sometimes(Matcher::Any, fault, 1_000, 1));
        rig.sandbox.advance(std::time::Duration::from_secs(2));
        rig.sandbox
            .comment("ann", DEMO_REPO, number, "/discuss vote ready")
            .unwrap();
        // More often than a job is tried that fails for another reason.
        rig.until(|| rig.sandbox.ledger().requests.len() > 5).await;
        rig.sandbox.clear_faults();
        rig.settle().await;
        assert!(rig.mergeable(number), "{}", rig.title(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_that_can_be_written_nowhere_park_the_job_and_say_so() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let commit = Matcher::Graphql("CommitReplies".to_owned());
    let route = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews".to_owned();
    let review = Matcher::Rest("POST".to_owned(), route);
    for matcher in [commit, review] {
        rig.sandbox
            .fault(Fault::once(matcher, FaultKind::Status(403)));
    }
    let number = start(&rig, &model).await;
    rig.until(|| rig.title(number).starts_with("ERROR")).await;
    assert_eq!(rig.conclusion(number), "action_required");
    rig.until_parked(1).await;
    rig.sandbox
        .comment("rob", DEMO_REPO, number, "/discuss")
        .unwrap();
    rig.until(|| rig.title(number).starts_with("DISCUSSING"))
        .await;
    assert_eq!(
        model.calls().len(),
        3,
        "what was answered is only written now"
    );
    assert_eq!(crate::support::parked(rig.store.as_ref()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_about_requests_and_transactions_hold() {
    let rig = Rig::start().await;
    let before = rig.store.commits();
    rig.sandbox.reset_ledger();
    let number = rig.open("rob", PATH, CACHE).await;
    let (requests, commits) = (rig.requests(), rig.store.commits() - before);
    println!(
        "opened, round and our own commit's evaluation: {requests} requests, {commits} transactions"
    );
    // Our own commit comes back as a delivery of its own: 4 requests at most, and enqueue, claim, complete. So does its
    // push: a text might be a persona on a base, and the record says without a request that it is on none. The status
    // comment is recorded once it is posted, and comes back too.
    assert!(
        requests <= 14 + 4,
        "{requests}: {:#?}",
        rig.sandbox.ledger().requests
    );
    assert!(commits <= 12 + 3 + 2 + 2, "{commits}");
    rig.sandbox.reset_ledger();
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    let requests = rig.requests();
    println!("evaluated push: {requests} requests");
    assert!(
        requests <= 8,
        "{requests}: {:#?}",
        rig.sandbox.ledger().requests
    );
    rig.say("ann", number, "/discuss vote ready").await;
}
