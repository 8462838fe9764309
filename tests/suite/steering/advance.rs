//! `advance`: people move phases, and nobody skips a vote against the rules.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, FileEdit, Role};
use discussions::store::Store;
use std::sync::Arc;

const PHASES: &str = "name: steps
description: ours
first_phase: talk
phases:
  talk: {goal: Talk, voting: false, advance: manual, next: first_vote}
  first_vote: {goal: Vote, voting: true, next: last_vote}
  last_vote: {goal: Vote again, voting: true}
";

/// A pull request by mia, who maintains, under a template with two votes.
async fn steps(model: &Arc<Scripted>, config: &str) -> (Rig, u64) {
    let rig = Rig::scripted(model, config).await;
    for (login, role) in [("joe", Role::Write), ("mia", Role::Maintain)] {
        rig.sandbox
            .add_collaborator(DEMO_REPO, login, role)
            .unwrap();
    }
    let edit = FileEdit::write(".github/discussions/templates/steps.yaml", PHASES);
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "template", &[edit])
        .unwrap();
    let text = CACHE.replace(
        "<!-- Participants",
        "<!-- Phase: talk -->\n<!-- Template: steps -->\n<!-- Participants",
    );
    let number = rig.open("mia", PATH, &text).await;
    (rig, number)
}

async fn phase(rig: &Rig, number: u64) -> String {
    let mut records = rig.store.discussions(&rig.pr(number)).await.unwrap();
    records.retain(|record| record.path == PATH);
    records.pop().unwrap().phase
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_that_does_not_vote_is_left_by_whoever_writes_and_the_header_follows() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Changes));
    model.set("architect", Line::Votes(Vote::Changes));
    let (rig, number) = steps(&model, "").await;
    assert_eq!(phase(&rig, number).await, "talk");
    for (line, part) in [
        (
            "/discuss advance frist_vote",
            "Did you mean `/discuss design/cache.md advance first_vote`? There are: `talk`, `first_vote`, `last_vote`.",
        ),
        ("/discuss advance talk", "is in `talk` already"),
    ] {
        let told = rig.told("joe", number, line).await;
        assert!(told.contains(part), "{line}: {told}");
    }
    assert_eq!(phase(&rig, number).await, "talk");
    let calls = model.calls().len();
    let told = rig.told("joe", number, "/discuss advance").await;
    assert!(
        told.contains("`design/cache.md` moved from talk to first\\_vote. Votes decide there")
            || told.contains("`design/cache.md` moved from talk to first_vote. Votes decide there"),
        "{told}"
    );
    assert_eq!(phase(&rig, number).await, "first_vote");
    assert_eq!(model.calls().len(), calls, "nobody is asked by that");
    let summary = rig.summary(number);
    assert!(summary.contains("[moved on by joe]("), "{summary}");
    assert!(rig.file(number, PATH).contains("<!-- Phase: talk -->"));

    // The same delivery again moves nothing on, and neither does a restart.
    let deliveries = rig.sandbox.deliveries();
    let comment = deliveries.iter().rfind(|d| d.event == "issue_comment");
    assert!(rig.sandbox.redeliver(&comment.unwrap().guid));
    rig.settle().await;
    assert_eq!(phase(&rig, number).await, "first_vote");
    rig.push("mia", PATH, &revised(&rig.file(number, PATH)))
        .await;
    assert!(
        rig.file(number, PATH)
            .contains("<!-- Phase: first_vote -->"),
        "the header follows with the next commit"
    );

    // Back is free, and the end of the way is told.
    rig.say("joe", number, "/discuss advance talk").await;
    assert_eq!(phase(&rig, number).await, "talk");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_a_vote_that_did_not_pass_goes_only_somebody_with_maintain_who_is_not_the_author() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Reject));
    let (rig, number) = steps(&model, "").await;
    let before = rig.conclusion(number);
    for (login, line, part) in [
        ("joe", "/discuss advance last_vote", "needs `maintain`"),
        (
            "joe",
            "/discuss advance last_vote",
            "past the vote in `first_vote`",
        ),
        (
            "mia",
            "/discuss advance last_vote",
            "since it would leave out a vote",
        ),
    ] {
        let told = rig.told(login, number, line).await;
        let is_told_before = login == "joe" && told.is_empty();
        assert!(is_told_before || told.contains(part), "{login}: {told}");
    }
    assert_eq!(phase(&rig, number).await, "talk");
    rig.say("mia", number, "/discuss advance").await;
    assert_eq!(phase(&rig, number).await, "first_vote");
    rig.say("mia", number, "/discuss advance").await;
    assert_eq!(phase(&rig, number).await, "first_vote", "it did not pass");
    assert_eq!(rig.conclusion(number), "failure");
    rig.say("ann", number, "/discuss advance").await;
    assert_eq!(phase(&rig, number).await, "last_vote");
    let summary = rig.summary(number).replace('\\', "");
    assert!(
        summary.contains("[moved on by ann](")
            && summary.contains("from first_vote to last_vote, past the vote in first_vote"),
        "{summary}"
    );
    assert_ne!(rig.conclusion(number), "success", "{before}");
    let told = rig.told("ann", number, "/discuss advance").await;
    assert!(
        told.contains("`last_vote` is the last phase of `design/cache.md`"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_authors_may_vote_they_may_move_on_too() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Changes));
    model.set("architect", Line::Votes(Vote::Changes));
    let (rig, number) = steps(&model, "gate: {author_may_vote: true}\n").await;
    rig.say("mia", number, "/discuss advance last_vote").await;
    assert_eq!(phase(&rig, number).await, "last_vote");
    assert_ne!(rig.conclusion(number), "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_the_rounds_of_a_phase_twice_by_going_back_and_forth() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Changes));
    let (rig, number) = steps(&model, "rounds: 1\n").await;
    let rounds = async || {
        let mut records = rig.store.discussions(&rig.pr(number)).await.unwrap();
        records.retain(|record| record.path == PATH);
        records.pop().unwrap().rounds
    };
    assert_eq!(rounds().await, 1);
    rig.say("joe", number, "/discuss advance first_vote").await;
    assert_eq!(rounds().await, 0, "a new phase has rounds of its own");
    rig.push("mia", PATH, &revised(&rig.file(number, PATH)))
        .await;
    assert_eq!(rounds().await, 1);
    let title = rig.title(number);
    rig.say("mia", number, "/discuss advance talk").await;
    rig.say("mia", number, "/discuss advance first_vote").await;
    assert_eq!(phase(&rig, number).await, "first_vote");
    assert_eq!(rounds().await, 1);
    assert_eq!(rig.title(number), title);
}
