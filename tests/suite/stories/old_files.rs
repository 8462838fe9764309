//! A repository full of discussions of an older tool, all of them touched at once.

use super::transcript::Transcript;
use crate::assert_transcript;
use crate::support::rig::Rig;
use discussions::sandbox::{DEMO_REPO, FileEdit};

/// A discussion as the older tool left it: names with underscores, typed votes, no receipts.
fn older(n: usize) -> String {
    let status = ["OPEN", "READY_FOR_DESIGN", "CLOSED"][n % 3];
    format!(
        "<!-- DISCUSSION -->\n<!-- Title: Idea {n} -->\n<!-- Phase: initial_feedback -->\n<!-- Status: {status} -->\n\
         <!-- Template: feature -->\n<!-- Participants: architect, security, pragmatist -->\n\n# Idea {n}\n\n\
         ## Context\n\nA paragraph that is long enough for a formatter to want to wrap it in two lines of its own.\n\n\
         ---\n\nName: AI_Security\n\nKeys are per tenant.\n\nVOTE: READY\n\n---\n\nName: Rob\n\nFine by me.\n\nVOTE: READY\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formatter_runs_over_a_repository_full_of_old_files() {
    let rig = Rig::start().await;
    let path = |n: usize| format!("ideas/{n:02}.md");
    let all = |text: fn(String) -> String| -> Vec<FileEdit> {
        let files = (0..6).map(|n| FileEdit::write(&path(n), text(older(n))));
        files.collect()
    };
    rig.push_base("main", &all(|text| text)).await;
    let wrapped = all(|text| text.replace("to want to wrap it ", "to want to wrap it\n"));
    rig.sandbox
        .push("rob", DEMO_REPO, "format", "format", &wrapped)
        .unwrap();
    let number = rig.pull("rob", "format");
    rig.settle().await;
    let mut story = Transcript::of(&rig, number, "rob formats every file of the repository");
    story.reads_the_check("rob");
    story.say("ann", "/discuss vote ready C1").await;
    story.say("ann", "/discuss ideas/00.md").await;
    story.say("ann", "/discuss all").await;
    story.say("ann", "/discuss vote ready").await;
    assert_transcript!(story);
}
