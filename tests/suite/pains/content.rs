//! What a verdict is bound to, and what changes it.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, FileEdit, ReviewState};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn p2_an_old_verdict_never_lands_on_a_newer_head() {
    let model = Arc::new(Scripted::gated());
    let rig = Rig::scripted(&model, "").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 3).await;
    let audited = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    // Everybody was for the old text; of the new one security thinks otherwise.
    let worse = CACHE.replace("one minute", "one day");
    let edit = FileEdit::write(PATH, &worse);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "worse", &[edit])
        .unwrap();
    model.let_go();
    rig.until(|| model.calls().len() > 3).await;
    model.set("security", Line::Objects(Vote::Reject, "Far too late."));
    rig.settle().await;
    rig.held_up(number, "pushed between answer and publication");
    let old = rig.sandbox.check_runs(DEMO_REPO, &audited);
    let passed =
        |run: &&discussions::sandbox::CheckRun| run.conclusion.as_deref() == Some("success");
    assert_eq!(
        old.iter().filter(passed).count(),
        0,
        "the head that was left"
    );

    // An approval, then the same patch on another base: GitHub may move the review to the new head.
    model.set("security", Line::Settles);
    rig.push("rob", PATH, &CACHE.replace("one minute", "one second"))
        .await;
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .review("ann", DEMO_REPO, number, ReviewState::Approved, "fine")
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let approved = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    let other = CACHE.replace("Product pages are slow", "Product pages are fine");
    let edit = FileEdit::write(PATH, &other);
    let main = rig
        .sandbox
        .push("ann", DEMO_REPO, "main", "the base moves", &[edit])
        .unwrap();
    let rebased = FileEdit::write(PATH, other.replace("one minute", "one second"));
    rig.sandbox
        .force_push_commit(
            "rob",
            DEMO_REPO,
            "topic",
            &main,
            "the same patch",
            &[rebased],
        )
        .unwrap();
    rig.settle().await;
    rig.held_up(number, "the same patch to another text");
    let newest = rig.sandbox.check_runs(DEMO_REPO, &approved).pop().unwrap();
    assert_eq!(newest.conclusion.as_deref(), Some("action_required"));
}

#[tokio::test(flavor = "multi_thread")]
async fn p18_an_approval_outlives_what_changes_nothing_and_ends_with_a_reason() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .review("ann", DEMO_REPO, number, ReviewState::Approved, "fine")
        .unwrap();
    rig.settle().await;
    let stays = |case: &str| {
        assert_eq!(
            rig.conclusion(number),
            "success",
            "{case}: {}",
            rig.title(number)
        );
        assert_eq!(model.calls().len(), 3, "{case}: nobody was asked again");
    };
    stays("approved");
    let text = rig.file(number, PATH);

    let edit = FileEdit::write("notes.txt", "the base moves");
    let main = rig
        .sandbox
        .push("ann", DEMO_REPO, "main", "elsewhere", &[edit])
        .unwrap();
    rig.settle().await;
    let same = FileEdit::write(PATH, &text);
    rig.sandbox
        .force_push_commit("rob", DEMO_REPO, "topic", &main, "rebased", &[same])
        .unwrap();
    rig.settle().await;
    stays("rebased");
    for change in ["reworded", "squashed"] {
        let same = FileEdit::write(PATH, &text);
        rig.sandbox
            .force_push_commit("rob", DEMO_REPO, "topic", &main, change, &[same])
            .unwrap();
        rig.settle().await;
        stays(change);
    }
    rig.push("rob", "src/cache.rs", "fn cache() {}\n").await;
    stays("another file");
    rig.push("rob", PATH, &text.replace('\n', "\r\n")).await;
    stays("other line ends");
    rig.push(
        "rob",
        PATH,
        &text.replace("Seen by security", "Seen by secruity"),
    )
    .await;
    assert_eq!(model.calls().len(), 3, "a slip in a reply asks nobody");
    rig.push("rob", PATH, &text).await;
    stays("the slip mended");

    rig.push("rob", PATH, &text.replace("one minute", "one day"))
        .await;
    rig.held_up(number, "a requirement changed");
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(
        summary.contains("ann") && summary.contains("stale, given on text"),
        "whose vote, and on what: {summary}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_vote_is_told_which_section_changed() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::with(Setup {
        config: Some("on: {quiet: 0s, push: false}\n".to_owned()),
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &text.replace("one minute", "one day"))
        .await;
    rig.held_up(number, "a requirement changed");
    let title = rig.title(number);
    assert!(title.starts_with("STALE: Requirements changed"), "{title}");
}
