//! A teammate who was asked for a review has a question, types it wrong first, and wants to know what is missing.

use super::transcript::Transcript;
use super::{PATH, better};
use crate::assert_transcript;
use crate::support::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_teammate_asks_a_question_and_learns_what_is_missing() {
    let rig = Rig::start().await;
    let number = rig.open("rob", PATH, &better()).await;
    let mut story = Transcript::of(
        &rig,
        number,
        "rob opens a pull request with a sound proposal",
    );
    story
        .say("ann", "/discuss secuirty what about tenants?")
        .await;
    story
        .say("ann", "/discuss security what about tenants?")
        .await;
    story
        .say("ann", "/discuss security what about tenants?")
        .await;
    story.say("eve", "/discuss vote ready").await;
    story.say("ann", "/discuss why").await;
    story.say("ann", "/discuss help").await;
    story.say("ann", "/discuss vote reddy").await;
    story.say("ann", "Nice work.\n\n/discuss vote ready").await;
    assert_transcript!(story);
}
