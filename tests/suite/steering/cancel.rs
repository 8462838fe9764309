//! `cancel`: a round stops, and what it bought is kept.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::{Bill, Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, EffectKind, Role};
use discussions::store::Store;
use std::sync::Arc;

/// Answers that take something, so that every request is announced, and are held back.
fn slow() -> Arc<Scripted> {
    let model = Scripted::paid(Bill {
        price: None,
        most: 100,
        written: 10,
    });
    model.hold_back();
    Arc::new(model)
}

/// A rig that asks one persona after the other.
async fn one_by_one(model: &Arc<Scripted>, config: &str) -> Rig {
    let mut rig = Rig::scripted(model, config).await;
    for (login, role) in [("tim", Role::Triage), ("joe", Role::Write)] {
        rig.sandbox
            .add_collaborator(DEMO_REPO, login, role)
            .unwrap();
    }
    rig.deps.pace.parallel = 1;
    rig.start_over(None).await;
    rig
}

/// Somebody comments, and the delivery is stored; nobody waits for what comes of it.
async fn interject(rig: &Rig, login: &str, number: u64, line: &str) {
    rig.sandbox.advance(std::time::Duration::from_secs(2));
    rig.sandbox.comment(login, DEMO_REPO, number, line).unwrap();
    rig.sandbox.wait_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_round_asks_nobody_else_and_keeps_what_came() {
    let model = slow();
    let rig = one_by_one(&model, "").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 1).await;
    interject(&rig, "joe", number, "/discuss cancel").await;
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 1, "no further call starts");
    assert_eq!(rig.count(EffectKind::Commit), 0, "nothing is published");
    assert_eq!(rig.title(number), "WAITING: joe cancelled the round");
    assert_eq!(rig.conclusion(number), "action_required");
    let summary = rig.summary(number);
    assert!(
        summary.contains("[a round cancelled by joe](")
            && summary.contains("1 of 3 answers had come and are kept")
            && summary.contains("Someone with write starts the panel: `/discuss`"),
        "{summary}"
    );
    let told = rig.replies(number).pop().unwrap();
    assert!(
        told.contains("The round is cancelled: 1 of 3 answers had come and are kept."),
        "{told}"
    );
    // Nothing begins by itself again, and nobody gets to green past it.
    rig.push("rob", "notes.txt", "x").await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(model.calls().len(), 1);
    assert_eq!(rig.title(number), "WAITING: joe cancelled the round");

    rig.say("rob", number, "/discuss").await;
    assert_eq!(
        model.calls().len(),
        3,
        "the first answer is not bought again"
    );
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert!(!rig.summary(number).contains("a round cancelled"));
    let told = rig.told("joe", number, "/discuss cancel").await;
    assert!(told.contains("nothing was cancelled"), "{told}");
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_the_right_stops_nothing() {
    let model = slow();
    let rig = one_by_one(&model, "").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 1).await;
    interject(&rig, "tim", number, "/discuss cancel").await;
    interject(&rig, "joe", number, "> /discuss cancel").await;
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 3);
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    let told = rig.replies(number).pop().unwrap();
    assert!(told.contains("needs `write`"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_under_way_is_told_that_it_was_cancelled_and_a_vote_with_it_counts() {
    let model = slow();
    let rig = one_by_one(&model, "").await;
    model.let_go();
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    rig.say("ann", number, "/discuss vote ready").await;
    model.hold_back();
    let line = "/discuss security architect and the tenants?";
    rig.sandbox.comment("rob", DEMO_REPO, number, line).unwrap();
    rig.until(|| model.calls().len() == 4).await;
    interject(
        &rig,
        "joe",
        number,
        "/discuss cancel\n/discuss vote changes: not yet",
    )
    .await;
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 4);
    let replies = rig.replies(number);
    let told = |part: &str| replies.iter().any(|reply| reply.contains(part));
    assert!(
        told("joe cancelled the round before this was answered"),
        "{replies:#?}"
    );
    assert!(told("1 of 2 answers had come"), "{replies:#?}");
    assert_eq!(
        rig.title(number),
        "READY: 4 of 5 ready, 1 by a person",
        "joe's vote counts, and what was asked besides took nothing away"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_waits_for_quiet_does_not_begin() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::with(Setup {
        config: Some("on: {quiet: 2s}\n".to_owned()),
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    let text = revised(&rig.file(number, PATH));
    let edit = discussions::sandbox::FileEdit::write(PATH, text);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "change", &[edit])
        .unwrap();
    rig.until(|| rig.title(number).starts_with("WORKING")).await;
    rig.say("ann", number, "/discuss cancel").await;
    assert_eq!(model.calls().len(), 3, "nobody was asked");
    let told = rig.replies(number).pop().unwrap();
    assert!(
        told.contains("The round is cancelled: before anybody was asked."),
        "{told}"
    );
    assert_ne!(rig.conclusion(number), "success");
    assert!(
        rig.summary(number).contains("[a round cancelled by ann]("),
        "{}",
        rig.summary(number)
    );
    let acts = rig.store.acts(&rig.pr(number)).await.unwrap();
    assert_eq!(acts.len(), 1);
    rig.say("rob", number, "/discuss").await;
    assert_eq!(model.calls().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_above_it_in_a_comment_is_not_asked_and_what_stands_below_is() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let lines = "/discuss security why?\n/discuss cancel\n/discuss architect how?";
    let told = rig.told("rob", number, lines).await;
    assert!(
        told.contains("The round is cancelled: before anybody was asked."),
        "{told}"
    );
    let asked = model.calls().split_off(3);
    assert_eq!(asked, [("architect".to_owned(), Some("how?".to_owned()))]);
    let told = rig.told("rob", number, "/discuss cancel").await;
    assert!(told.contains("nothing was cancelled"), "{told}");
    assert_eq!(model.calls().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_that_came_before_the_cancel_is_said_by_the_next_round() {
    let model = slow();
    let rig = one_by_one(&model, "").await;
    model.let_go();
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    // Everybody has a reply on this text; the next one of the architect is another one, and nobody hears it.
    model.hold_back();
    model.set("architect", Line::Votes(Vote::Reject));
    interject(&rig, "ann", number, "/discuss all --again").await;
    rig.until(|| model.calls().len() == 4).await;
    interject(&rig, "rob", number, "/discuss cancel").await;
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 4);
    rig.say("joe", number, "/discuss all").await;
    assert_eq!(
        rig.title(number),
        "REJECTED by architect",
        "what was bought is said"
    );
    let bought = model.calls().into_iter().map(|(alias, _)| alias);
    let of_architect = bought.filter(|alias| alias == "architect").count();
    assert_eq!(of_architect, 2, "and not bought again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_round_is_stopped_by_whoever_has_the_right_that_the_base_names() {
    let model = slow();
    let rig = one_by_one(&model, "permissions: {cancel: maintain}\n").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 1).await;
    interject(&rig, "joe", number, "/discuss cancel").await;
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 3, "write is not enough here");
    assert!(rig.replies(number)[0].contains("needs `maintain`"));

    model.hold_back();
    rig.sandbox.advance(std::time::Duration::from_secs(2));
    let text = revised(&rig.file(number, PATH));
    let edit = discussions::sandbox::FileEdit::write(PATH, text);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "revise", &[edit])
        .unwrap();
    rig.until(|| model.calls().len() == 4).await;
    interject(&rig, "ann", number, "/discuss cancel").await;
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 4);
    assert_eq!(rig.count(EffectKind::Commit), 1, "the first round alone");
    let summary = rig.summary(number);
    assert!(summary.contains("[a round cancelled by ann]("), "{summary}");
}
