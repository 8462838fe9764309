//! Phases move in the App's record: by rounds and votes, never by typing.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit};
use std::sync::Arc;

/// The proposal under a template.
fn of(template: &str, phase: &str) -> String {
    let lines =
        format!("<!-- Phase: {phase} -->\n<!-- Template: {template} -->\n<!-- Participants");
    CACHE.replace("<!-- Participants", &lines)
}

/// A template of the repository's own, on main.
fn add_template(rig: &Rig, name: &str, phases: &str) {
    let text = format!("name: {name}\ndescription: ours\nfirst_phase: talk\nphases:\n{phases}");
    let path = format!(".github/discussions/templates/{name}.yaml");
    let edit = FileEdit::write(&path, &text);
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "template", &[edit])
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flawless_feature_takes_one_round_and_one_person() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let text = of("feature", "initial_feedback");
    let number = rig.open("rob", PATH, &text).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), "READY: 4 of 4 ready, 1 by a person");
    assert_eq!(rig.conclusion(number), "success");
    assert_eq!(model.calls().len(), 3);
    assert_eq!(rig.count(EffectKind::Commit), 2, "replies, and the verdict");
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    assert_eq!(rig.replies(number), [] as [&str; 0], "nothing to say");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flawless_brainstorm_stops_where_people_decide() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, &of("brainstorm", "seed")).await;
    let phase = |name: &str| rig.file(number, PATH).contains(&format!("Phase: {name} "));
    assert!(phase("cluster"), "straight to the first phase that votes");
    rig.say("ann", number, "/discuss vote ready").await;
    assert_ne!(rig.conclusion(number), "success", "cluster decides nothing");
    assert_eq!(model.calls().len(), 3, "a phase that moves asks nobody");
    rig.say("ann", number, "/discuss all").await;
    assert_eq!(model.calls().len(), 6, "each phase puts another question");
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_that_does_not_vote_ends_when_all_are_heard_and_none_rejects() {
    let cases = [
        (
            Line::Objects(Vote::Changes, "Tenants share keys."),
            "detailed_review",
        ),
        (Line::Votes(Vote::Reject), "initial_feedback"),
        (Line::Fails, "initial_feedback"),
    ];
    for (line, expected) in cases {
        let model = Arc::new(Scripted::ready());
        model.set("security", line.clone());
        let rig = Rig::scripted(&model, "").await;
        let text = of("feature", "initial_feedback");
        let number = rig.open("rob", PATH, &text).await;
        rig.say("ann", number, "/discuss vote ready").await;
        let text = rig.file(number, PATH);
        let phase = format!("<!-- Phase: {expected} -->");
        assert!(text.contains(&phase), "{line:?}: {text}");
        assert_ne!(rig.conclusion(number), "success", "{line:?}");
        assert_eq!(rig.count(EffectKind::Commit), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_that_a_person_ends_never_ends_by_itself() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let phases = "  talk: {goal: Talk, voting: false, advance: manual, next: vote}\n  vote: {goal: Vote, voting: true}\n";
    add_template(&rig, "slow", phases);
    let number = rig.open("rob", PATH, &of("slow", "talk")).await;
    rig.say("ann", number, "/discuss vote ready").await;
    rig.say("ann", number, "/discuss all").await;
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    assert!(rig.file(number, PATH).contains("<!-- Phase: talk -->"));
    assert!(
        rig.title(number).starts_with("DISCUSSING"),
        "{}",
        rig.title(number)
    );
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_may_take_fewer_rounds_than_the_configuration() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Changes));
    let rig = Rig::scripted(&model, "").await;
    let phases = "  talk: {goal: Decide, voting: true, ready: all, max_rounds: 1}\n";
    add_template(&rig, "short", phases);
    let number = rig.open("rob", PATH, &of("short", "talk")).await;
    assert!(
        rig.title(number)
            .starts_with("DECIDE: a person decides after 1 round"),
        "{}",
        rig.title(number)
    );
    let text = rig.file(number, PATH).replace("one minute", "one hour");
    rig.push("rob", PATH, &text).await;
    assert_eq!(model.calls().len(), 3, "no second round");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_or_status_that_somebody_typed_changes_nothing() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Objects(Vote::Changes, "Tenants share keys."),
    );
    let rig = Rig::scripted(&model, "").await;
    let text = of("feature", "initial_feedback");
    let number = rig.open("rob", PATH, &text).await;
    let title = rig.title(number);
    let text = rig.file(number, PATH);
    let typed = text.replace(
        "<!-- Phase: detailed_review -->",
        "<!-- Phase: consensus_vote -->\n<!-- Status: READY_FOR_DESIGN -->",
    );
    assert_ne!(typed, text);
    rig.push("rob", PATH, &typed).await;
    assert_eq!(rig.title(number), title);
    assert_eq!(model.calls().len(), 3);
    let check = rig.check(number);
    let annotations = format!("{:?}", check.annotations);
    assert!(
        annotations.contains("by the record it is detailed_review")
            && annotations.contains("nobody but the App sets it"),
        "{annotations}"
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert_ne!(rig.conclusion(number), "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_in_a_later_phase_are_a_vote_of_their_own() {
    let model = Arc::new(Scripted::ready());
    model.set("architect", Line::Votes(Vote::Changes));
    let rig = Rig::scripted(&model, "").await;
    let text = of("feature", "initial_feedback");
    let number = rig.open("rob", PATH, &text).await;
    model.set("security", Line::Votes(Vote::Changes));
    rig.say("rob", number, "/discuss security what about tenants?")
        .await;
    model.set("security", Line::Votes(Vote::Ready));
    rig.say("rob", number, "/discuss security").await;
    let summary = rig.check(number).summary.unwrap();
    assert!(
        summary.contains("| security | AI | READY | yes, on this text"),
        "{summary}"
    );
    assert!(
        !summary.contains("persona's name without being written by the App"),
        "{summary}"
    );
}
