//! A team's first pull request with a discussion: proposed, criticised, revised, decided and merged in a day.

use super::transcript::Transcript;
use super::{PATH, better, proposal, under, with_proposal};
use crate::assert_transcript;
use crate::support::rig::Rig;
use discussions::sandbox::DEMO_REPO;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_is_proposed_revised_decided_and_merged_in_a_day() {
    let rig = Rig::start().await;
    let number = rig.open("rob", PATH, &under("feature", &proposal())).await;
    let mut story = Transcript::of(&rig, number, "rob opens a pull request with a proposal");
    story.reads_the_check("rob");

    let file = rig.file(number, PATH);
    let edit = with_proposal(&file, &under("feature", &better()));
    rig.sandbox.advance(Duration::from_secs(3600));
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "answer the concerns", &[edit])
        .unwrap();
    rig.settle().await;
    story.then("rob revises the proposal and pushes");

    story.say("rob", "/discuss vote ready").await;
    story
        .say("ann", "/discuss vote ready: the tenants' keys convinced me")
        .await;
    story.reads_the_status("ann");
    rig.sandbox.merge("ann", DEMO_REPO, number).unwrap();
    rig.settle().await;
    story.then("ann merges");
    story.say("rob", "/discuss all one more look?").await;
    assert_transcript!(story);
}
