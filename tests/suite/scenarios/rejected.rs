//! What a rejection leaves in the file, where the template says so.

use super::{CACHE, PATH, revised};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit};
use std::sync::Arc;

const OPEN: &str = "<!-- Status: OPEN -->";
const REJECTED: &str = "<!-- Status: CLOSED -->";
const DECIDED: &str = "<!-- Status: READY_FOR_DESIGN -->";

/// A pull request under a template of the repository's own; security rejects it.
async fn rejected(config: &str) -> (Arc<Scripted>, Rig, u64) {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Reject));
    let rig = Rig::with(Setup {
        config: Some(format!("{AT_ONCE}{config}")),
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    let template = "name: rfc\ndescription: ours\nfirst_phase: talk\non_ready: READY_FOR_DESIGN\n\
                    on_reject: CLOSED\nphases:\n  talk: {voting: true}\n";
    let edit = FileEdit::write(".github/discussions/templates/rfc.yaml", template);
    rig.push_base("main", &[edit]).await;
    let number = rig.open("rob", PATH, &proposed()).await;
    assert_eq!(rig.title(number), "REJECTED by security");
    (model, rig, number)
}

fn proposed() -> String {
    let lines = format!("{OPEN}\n<!-- Template: rfc -->\n<!-- Participants");
    CACHE.replacen("<!-- Participants", &lines, 1)
}

fn commits(rig: &Rig) -> usize {
    rig.count(EffectKind::Commit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_stands_in_the_status_with_the_replies_and_goes_with_the_next() {
    let (model, rig, number) = rejected("").await;
    assert_eq!(commits(&rig), 1, "no commit of its own");
    let text = rig.file(number, PATH);
    assert!(text.contains(REJECTED), "{text}");
    let summary = rig.summary(number).replace('\\', "");
    for words in ["nobody but the App sets it", "does not hold any more"] {
        assert!(!summary.contains(words), "{summary}");
    }

    // Still rejected, with other words: it stays.
    rig.push("rob", PATH, &revised(&text)).await;
    assert!(rig.file(number, PATH).contains(REJECTED));

    // Accepted by the panel: what was written goes back, and the closing commit writes the decision.
    model.set("security", Line::Votes(Vote::Ready));
    let text = rig.file(number, PATH);
    rig.push(
        "rob",
        PATH,
        &text.replace("Several tenants", "Many tenants"),
    )
    .await;
    let text = rig.file(number, PATH);
    assert!(text.contains(OPEN), "{text}");
    let before = commits(&rig);
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
    assert!(rig.file(number, PATH).contains(DECIDED));
    assert_eq!(commits(&rig), before + 1);

    // And rejected once more: with the next replies, straight from one decision to the other.
    rig.say("ann", number, "/discuss vote reject: no budget")
        .await;
    assert!(
        rig.file(number, PATH).contains(DECIDED),
        "a vote causes no commit"
    );
    assert!(rig.summary(number).contains("does not hold any more"));
    model.set("security", Line::Objects(Vote::Reject, "Who pays?"));
    rig.say("rob", number, "/discuss security what does it cost?")
        .await;
    let text = rig.file(number, PATH);
    assert!(text.contains(REJECTED), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_drops_everything_gets_the_status_back_with_the_replies() {
    let (_, rig, number) = rejected("").await;
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &proposed()).await;
    assert_eq!(rig.file(number, PATH), text);
    assert_eq!(rig.title(number), "REJECTED by security");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_to_be_recorded_the_status_stays() {
    for config in ["record: never\n", "replies: review\n"] {
        let (_, rig, number) = rejected(config).await;
        assert!(rig.file(number, PATH).contains(OPEN), "{config}");
        let checks = rig.sandbox.check_on_head(DEMO_REPO, number, "discussions");
        let summary = checks.unwrap().summary.unwrap();
        assert!(!summary.contains("does not hold any more"), "{summary}");
    }
}
