//! What the check says while a round takes its time.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::sandbox::EffectKind;
use std::sync::Arc;
use std::time::Duration;

/// A proposal whose round has begun: everybody was asked, and nobody has answered yet. `every`: how long the check is
/// left alone before it counts, if not for the usual time.
async fn asked(model: &Arc<Scripted>, every: Option<Duration>) -> (Rig, u64) {
    let mut rig = Rig::scripted(model, "").await;
    if let Some(every) = every {
        rig.deps.pace.count = every;
        rig.start_over(None).await;
    }
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| rig.title(number) == "WORKING: 0 of 3 answered" && model.calls().len() == 3)
        .await;
    (rig, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_takes_its_time_counts_who_has_answered() {
    let model = Arc::new(Scripted::gated());
    let (rig, number) = asked(&model, Some(Duration::ZERO)).await;
    for answered in 1..=2 {
        model.let_one_go();
        let title = format!("WORKING: {answered} of 3 answered");
        rig.until(|| rig.title(number) == title).await;
        assert_eq!(rig.check(number).status, "in_progress");
    }
    let created = rig.count(EffectKind::CheckCreated);
    assert_eq!(created, 1, "one run that changes");
    model.let_go();
    rig.settle().await;
    assert!(
        rig.title(number).starts_with("DISCUSSING: "),
        "{}",
        rig.title(number)
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_could_not_answer_is_not_counted_and_the_result_stands_on_the_same_head() {
    let model = Arc::new(Scripted::gated());
    for alias in ["architect", "security", "pragmatist"] {
        model.set(alias, Line::Fails);
    }
    model.set("security", Line::Silent);
    let (rig, number) = asked(&model, Some(Duration::ZERO)).await;
    model.let_go();
    rig.settle().await;
    // Nothing is committed, so the run that counted is the one that is completed.
    assert_eq!(rig.count(EffectKind::CheckCreated), 1);
    let check = rig.check(number);
    assert_eq!(check.status, "completed");
    let title = check.title.unwrap();
    assert!(title.starts_with("DEGRADED: "), "{title}");
    let shown = rig.sandbox.ledger();
    let shown = shown.of(EffectKind::CheckUpdated).into_iter();
    let titles: Vec<String> = shown.map(|effect| effect.data.to_string()).collect();
    let more = |title: &String| title.contains("2 of 3") || title.contains("3 of 3");
    assert!(!titles.iter().any(more), "{titles:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_the_usual_length_writes_nothing_in_between() {
    let model = Arc::new(Scripted::gated());
    let (rig, number) = asked(&model, None).await;
    model.let_one_go();
    model.let_go();
    rig.settle().await;
    assert!(
        rig.title(number).starts_with("DISCUSSING: "),
        "{}",
        rig.title(number)
    );
    let ledger = rig.sandbox.ledger();
    let writes = [EffectKind::CheckCreated, EffectKind::CheckUpdated];
    let shown = writes.iter().flat_map(|kind| ledger.of(*kind));
    let counting = shown.filter(|effect| effect.data.to_string().contains("of 3 answered"));
    assert_eq!(counting.count(), 1, "that the round has begun");
}
