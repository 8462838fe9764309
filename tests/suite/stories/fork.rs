//! Somebody outside the team proposes something from a fork.

use super::transcript::Transcript;
use super::{PATH, better, proposal, with_proposal};
use crate::assert_transcript;
use crate::support::rig::Rig;
use discussions::sandbox::{DEMO_REPO, FileEdit};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_proposes_from_a_fork() {
    let rig = Rig::start().await;
    let fork = rig.sandbox.fork("eve", DEMO_REPO).unwrap();
    let edit = FileEdit::write(PATH, proposal());
    rig.sandbox
        .push("eve", &fork, "topic", "propose", &[edit])
        .unwrap();
    let number = rig.pull("eve", "eve:topic");
    rig.settle().await;
    let mut story = Transcript::of(&rig, number, "eve opens a pull request from her fork");
    story.say("eve", "/discuss").await;
    story.say("ann", "/discuss").await;

    rig.sandbox.advance(Duration::from_secs(3600));
    let edit = with_proposal(&proposal(), &better());
    rig.sandbox
        .push("eve", &fork, "topic", "answer the concerns", &[edit])
        .unwrap();
    rig.settle().await;
    story.then("eve revises the proposal in her fork and pushes");
    story.say("ann", "/discuss").await;
    story.say("ann", "/discuss vote ready").await;
    story.reads_the_check("ann");
    assert_transcript!(story);
}
