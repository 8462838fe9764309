//! Bad days: models that fail, heads that move, answers that get lost.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_persona_that_cannot_answer_is_named_and_the_others_are_written() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Fails);
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(rig.title(number).starts_with("DEGRADED: security"), "{}", rig.title(number));
    assert_eq!(rig.conclusion(number), "action_required");
    let text = rig.file(number, PATH);
    assert!(text.contains("AI-Architect") && !text.contains("AI-Security"), "{text}");
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.title(number).starts_with("DEGRADED: security"), "{}", rig.title(number));
    model.set("security", Line::Votes(discussions::engine::vote::Vote::Ready));
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
    rig.sandbox.push("rob", DEMO_REPO, "topic", "readme", &[edit]).unwrap();
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 3, "nothing is asked twice");
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(rig.file(number, "README.md"), "# Demo\n\nMore.\n");
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    assert!(rig.title(number).starts_with("DISCUSSING: needs 1 vote by a person"), "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_changes_during_a_round_is_asked_about_anew() {
    let model = Arc::new(Scripted::gated());
    let rig = Rig::scripted(&model, "").await;
    let number = start(&rig, &model).await;
    let edit = FileEdit::write(PATH, revised(CACHE));
    rig.sandbox.push("rob", DEMO_REPO, "topic", "revise", &[edit]).unwrap();
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 6);
    assert_eq!(rig.count(EffectKind::Commit), 1, "answers to the older text are not written");
    let text = rig.file(number, PATH);
    assert_eq!(text.matches("\nName: AI-").count(), 3, "{text}");
    assert!(rig.title(number).starts_with("DISCUSSING: needs 1 vote by a person"), "{}", rig.title(number));
}

/// Opens the pull request and waits until the panel is being asked.
async fn start(rig: &Rig, model: &Scripted) -> u64 {
    let edit = FileEdit::write(PATH, CACHE);
    rig.sandbox.push("rob", DEMO_REPO, "topic", "propose", &[edit]).unwrap();
    let new = discussions::sandbox::NewPull {
        title: "A proposal".to_owned(),
        head: "topic".to_owned(),
        ..Default::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.until(|| model.calls().len() == 3).await;
    number
}
