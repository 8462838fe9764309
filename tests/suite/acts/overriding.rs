//! Overrides: who answers for passing a text as it is, and what no override beats.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::bot::answers::ReadAnswers;
use discussions::bot::replay::replay;
use discussions::engine::vote::Vote;
use discussions::store::Store;
use std::sync::Arc;

/// Rob's proposal, which the panel rejects.
async fn rejected() -> (Rig, u64) {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(rig.title(number), "REJECTED by security");
    (rig, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_maintains_passes_a_text_until_it_changes() {
    let (rig, number) = rejected().await;
    let line = format!("/discuss override {}: incident 114", rig.text_of(number));
    let reply = rig.told("rob", number, &line).await;
    assert!(reply.contains("needs `maintain`"), "{reply}");
    assert_eq!(rig.title(number), "REJECTED by security");

    rig.say("ann", number, &line).await;
    assert_eq!(rig.title(number), "OVERRIDDEN by ann: incident 114");
    assert_eq!(rig.conclusion(number), "success");
    assert!(rig.mergeable(number));
    let summary = rig.summary(number);
    for part in [
        "[overridden by ann](",
        "UTC: incident 114",
        "**What was overridden**",
        "rejected by security",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    let why = rig.told("ann", number, "/discuss why").await;
    assert!(
        why.contains("does not hold: the rules decide (overridden by ann: incident 114)"),
        "{why}"
    );
    // The verdict is not written into the file: nobody reached consensus.
    assert!(rig.file(number, PATH).contains("# A cache"));
    assert!(!rig.file(number, PATH).contains("Status: READY"));

    rig.push("rob", "notes.txt", "x").await;
    assert_eq!(rig.title(number), "OVERRIDDEN by ann: incident 114");
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    assert_eq!(rig.title(number), "REJECTED by security", "another text");
    rig.say("ann", number, &line).await;
    assert_eq!(rig.title(number), "REJECTED by security");
    let replies = rig.replies(number);
    let lines = format!(
        "- `/discuss design/cache.md override {}: incident 114`",
        rig.text_of(number)
    );
    assert!(
        replies.iter().any(|reply| reply.contains(&lines)),
        "{lines} in {replies:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_who_maintains_overrides_nothing_unless_the_base_lets_authors_vote() {
    for (config, wanted) in [
        ("", "REJECTED by security"),
        ("gate: {author_may_vote: true}\n", "OVERRIDDEN by ann: mine"),
    ] {
        let model = Arc::new(Scripted::ready());
        model.set("security", Line::Objects(Vote::Reject, "This leaks."));
        let rig = Rig::scripted(&model, config).await;
        let number = rig.open("ann", PATH, CACHE).await;
        let line = format!("/discuss override {}: mine", rig.text_of(number));
        rig.say("ann", number, &line).await;
        assert_eq!(rig.title(number), wanted, "{config}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_beats_no_hold_no_error_and_no_changed_reply() {
    let (rig, number) = rejected().await;
    let line = format!("/discuss override {}: incident 114", rig.text_of(number));
    rig.say("ann", number, "/discuss hold: not so fast").await;
    rig.say("ann", number, &line).await;
    assert_eq!(rig.title(number), "HELD by ann: not so fast");
    rig.say("ann", number, "/discuss release").await;
    assert_eq!(rig.title(number), "OVERRIDDEN by ann: incident 114");
    rig.say("ann", number, "/discuss pause").await;
    assert_eq!(rig.title(number), "HELD: paused by ann");
    rig.say("ann", number, "/discuss resume").await;

    let signed = rig.file(number, PATH);
    let changed = signed.replace("This leaks.", "This is fine.");
    assert_ne!(changed, signed);
    rig.push("rob", PATH, &changed).await;
    assert!(
        rig.title(number).starts_with("TAMPERED: "),
        "{}",
        rig.title(number)
    );
    rig.push("rob", PATH, &signed).await;
    assert_eq!(rig.title(number), "OVERRIDDEN by ann: incident 114");
    let broken = signed.replace("security, pragmatist", "securty, pragmatist");
    rig.push("rob", PATH, &broken).await;
    assert!(
        rig.title(number).starts_with("INVALID: "),
        "{}",
        rig.title(number)
    );
    assert_ne!(rig.conclusion(number), "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_passes_one_discussion_of_two() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let rig = Rig::scripted(&model, "").await;
    rig.propose(
        "rob",
        "design/queue.md",
        &CACHE.replace("product list", "queue"),
    );
    let number = rig.open("rob", PATH, CACHE).await;
    let line = format!("/discuss override {}: incident", rig.text_of(number));
    rig.say("ann", number, &line).await;
    let summary = rig.summary(number);
    assert!(summary.contains("OVERRIDDEN by ann: incident"), "{summary}");
    let title = rig.title(number);
    assert!(title.starts_with("REJECTED by security ("), "{title}");
    let reply = rig
        .told("ann", number, "/discuss override 00000000: x")
        .await;
    assert_eq!(reply.matches("- `/discuss design/").count(), 2, "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_under_an_override_is_gone_through_again_to_the_same_verdict() {
    let (rig, number) = rejected().await;
    let line = format!("/discuss override {}: incident 114", rig.text_of(number));
    rig.say("ann", number, &line).await;
    rig.say("ann", number, "/discuss security and tenants?")
        .await;
    let rounds = rig.store.newest_rounds(1).await.unwrap();
    let kept = rounds[0].verdict.clone().unwrap();
    assert!(kept.contains("by ann: incident 114"), "{kept}");
    let calls = rig.store.calls_of(&rounds[0].job).await.unwrap();
    let again = replay(&rounds[0], &calls, &ReadAnswers(rig.store.as_ref())).await;
    assert!(again.unwrap().is_same());
}
