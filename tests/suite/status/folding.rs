//! Comments of ours that no longer hold are folded away.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, EffectKind, Fault, FaultKind, Matcher};
use serde_json::json;
use std::sync::Arc;

impl Rig {
    /// Texts of the comments that are folded away as outdated.
    pub(crate) fn folded(&self, number: u64) -> Vec<String> {
        let comments = self.sandbox.pull(DEMO_REPO, number).unwrap().comments;
        let folded = comments
            .into_iter()
            .filter(|comment| comment.minimized.as_deref() == Some("outdated"));
        folded.map(|comment| comment.body).collect()
    }
}

async fn wanted() -> (Rig, u64) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    (rig, number)
}

/// Ann voted, and the text changed since.
async fn left_behind() -> (Rig, u64) {
    let (rig, number) = wanted().await;
    rig.say("ann", number, "/discuss vote ready").await;
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    assert_eq!(rig.replies(number).len(), 1);
    (rig, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_to_a_voter_is_folded_away_once_the_vote_is_renewed() {
    let (rig, number) = left_behind().await;
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    assert!(rig.folded(number).is_empty(), "it still holds");
    rig.say("ann", number, "/discuss vote ready").await;
    let folded = rig.folded(number);
    assert_eq!(folded.len(), 1, "{folded:#?}");
    assert!(folded[0].contains("@ann: your vote READY"), "{folded:#?}");
    rig.push("rob", "README.md", "# Demo\n\nStill more.\n")
        .await;
    assert_eq!(rig.count(EffectKind::CommentMinimized), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_folded_away_once_a_command_of_the_same_person_works() {
    let (rig, number) = wanted().await;
    rig.say("ann", number, "/discuss vote redy").await;
    rig.say("eve", number, "/discuss vote ready").await;
    assert_eq!(rig.replies(number).len(), 2, "{:#?}", rig.replies(number));
    assert!(rig.folded(number).is_empty());
    rig.say("ann", number, "/discuss vote ready").await;
    let folded = rig.folded(number);
    assert_eq!(folded.len(), 1, "eve's still holds: {folded:#?}");
    assert!(folded[0].contains("redy"), "{folded:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_somebody_asked_for_is_folded_away_once_it_is_another() {
    let (rig, number) = wanted().await;
    rig.say("ann", number, "/discuss status").await;
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    assert!(rig.folded(number).is_empty(), "it still holds");
    rig.say("ann", number, "/discuss vote ready").await;
    let folded = rig.folded(number);
    assert_eq!(folded.len(), 1, "{folded:#?}");
    assert!(folded[0].contains("DISCUSSING"), "{folded:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_github_does_not_let_us_it_is_not_asked_again() {
    let (rig, number) = left_behind().await;
    let errors = json!([{
        "type": "FORBIDDEN",
        "path": ["minimizeComment"],
        "message": "Resource not accessible by integration",
    }]);
    let matcher = Matcher::Graphql("MinimizeOutdated".to_owned());
    rig.sandbox
        .fault(Fault::once(matcher, FaultKind::GraphqlErrors(errors)));
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert!(rig.folded(number).is_empty());
    rig.sandbox.reset_ledger();
    rig.say("ann", number, "/discuss vote redy").await;
    rig.say("ann", number, "/discuss vote ready").await;
    let asked = rig.sandbox.ledger().counts();
    assert!(
        !format!("{asked:?}").contains("MinimizeOutdated"),
        "{asked:?}"
    );
}
