//! An author works as authors do: rebases, amends, forces the push, and loses nothing.

use super::transcript::Transcript;
use super::{PATH, better, proposal};
use crate::assert_transcript;
use crate::support::rig::Rig;
use discussions::sandbox::{DEMO_REPO, FileEdit};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_author_revises_by_rebase_and_by_amend() {
    let rig = Rig::start().await;
    let number = rig.open("rob", PATH, &proposal()).await;
    let mut story = Transcript::of(&rig, number, "rob opens a pull request with a proposal");
    story
        .say(
            "ann",
            "/discuss vote changes: say how tenants are kept apart",
        )
        .await;

    let readme = FileEdit::write("README.md", "# Demo\n\nMore.\n");
    rig.push_base("main", &[readme]).await;
    let same = FileEdit::write(PATH, proposal());
    force_push(&rig, &same).await;
    story.then("rob, who never pulled the replies, rebases onto main and force-pushes");

    let amended = FileEdit::write(PATH, better());
    force_push(&rig, &amended).await;
    story.then("rob amends the commit with a better text and force-pushes");

    story.say("ann", "/discuss vote ready").await;
    assert_transcript!(story);
}

/// The branch is one commit on top of main, whatever was there.
async fn force_push(rig: &Rig, edit: &FileEdit) {
    rig.sandbox.advance(Duration::from_secs(60));
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    let edits = std::slice::from_ref(edit);
    rig.sandbox
        .force_push_commit("rob", DEMO_REPO, "topic", &main, "propose", edits)
        .unwrap();
    rig.settle().await;
}
