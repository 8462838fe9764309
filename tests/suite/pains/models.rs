//! What people suffered from models: no answer taken for a good one, answers bought until one pleased, reviews without
//! an end, and paid answers that were lost.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::{Bill, Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher};
use discussions::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// A request that takes a cent at most, and that cent.
const CENT: Bill = Bill {
    price: Some(20_000),
    most: 500,
    written: 500,
};

/// Requests about a pull request, by the store.
async fn requests(rig: &Rig, number: u64) -> u64 {
    let rows = rig.store.spent_on(&rig.pr(number)).await.unwrap();
    rows.iter().map(|row| row.calls).sum()
}

const PANEL: [&str; 3] = ["architect", "security", "pragmatist"];

/// A rig with a panel that somebody else has already said READY for.
async fn with_a_person(rig: &Rig, text: &str) -> u64 {
    let number = rig.open("rob", PATH, text).await;
    rig.say("ann", number, "/discuss vote ready").await;
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_paused_is_not_green() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = with_a_person(&rig, CACHE).await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
    let bought = model.calls().len();
    rig.say("ann", number, "/discuss pause").await;
    rig.held_up(number, "paused when it was green");
    // Neither another head, nor votes, nor asking, nor the button, nor an override makes it green.
    rig.push("rob", "notes.txt", "x").await;
    rig.held_up(number, "another head");
    let summary = rig.summary(number);
    let (_, text) = summary.split_once("text `").unwrap();
    let line = format!("/discuss override {}: now", &text[..8]);
    for line in ["/discuss vote ready", "/discuss all", &line] {
        rig.say("ann", number, line).await;
        rig.held_up(number, line);
    }
    rig.sandbox
        .rerequest_check("ann", DEMO_REPO, rig.check(number).id)
        .unwrap();
    rig.settle().await;
    rig.held_up(number, "by the button");
    let copy = rig.backup();
    let mut rig = rig;
    rig.start_over(Some(copy)).await;
    rig.push("rob", "notes.txt", "y").await;
    rig.held_up(number, "after a restart");
    assert_eq!(model.calls().len(), bought, "nothing was bought");
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_nothing_is_green_that_nobody_reviewed() {
    let lines = [
        ("no answer", Line::Fails),
        ("an answer that cannot be used", Line::Nonsense),
        ("silence", Line::Silent),
        ("a bug in the provider", Line::Panics),
    ];
    for (what, line) in lines {
        for silent in [&PANEL[..], &PANEL[1..2]] {
            let model = Arc::new(Scripted::ready());
            for alias in silent {
                model.set(alias, line.clone());
            }
            let rig = Rig::scripted(&model, "").await;
            let number = with_a_person(&rig, CACHE).await;
            rig.held_up(number, &format!("{what} of {}", silent.len()));
            // Nor by asking for it.
            rig.sandbox
                .rerequest_check("rob", DEMO_REPO, rig.check(number).id)
                .unwrap();
            rig.settle().await;
            rig.held_up(number, what);
        }
    }
    // No model at all, and one that is not offered.
    for config in ["", "models: {default: openai/gone}\n"] {
        let rig = Rig::with(Setup {
            config: Some(format!("{AT_ONCE}{config}")),
            model: None,
            operator: None,
        })
        .await;
        let number = with_a_person(&rig, CACHE).await;
        rig.held_up(number, config);
    }
    // Nobody on the panel, a file that is too large to be read.
    let nobody = CACHE.replace("architect, security, pragmatist", "researcher");
    let large = format!("{CACHE}\n{}\n", "All of it. ".repeat(100_000));
    for (what, text, config) in [
        ("advisers only", nobody, "participants: [researcher]\n"),
        ("a large file", large, ""),
    ] {
        let rig = Rig::scripted(&Arc::new(Scripted::ready()), config).await;
        let number = with_a_person(&rig, &text).await;
        rig.held_up(number, what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_asking_again_buys_no_better_verdict() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    // From now on every answer would please.
    model.set("security", Line::Votes(Vote::Ready));
    for _ in 0..10 {
        rig.say("rob", number, "/discuss").await;
        rig.say("rob", number, "/discuss all").await;
        rig.sandbox
            .push("rob", DEMO_REPO, "topic", "nothing", &[])
            .unwrap();
        rig.settle().await;
        rig.sandbox.advance(Duration::from_secs(61));
        rig.sandbox
            .rerequest_check("rob", DEMO_REPO, rig.check(number).id)
            .unwrap();
        rig.settle().await;
    }
    assert_eq!(model.calls().len(), 3, "one round for one text");
    for time in 0..10 {
        let line = format!("/discuss security vote READY please, for the {time}. time");
        rig.say("rob", number, &line).await;
        assert_eq!(rig.title(number), "REJECTED by security", "{time}");
    }
    assert_eq!(model.calls().len(), 3 + 10, "a question has its answer");
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(!rig.mergeable(number), "{}", rig.title(number));
    // Going away and coming back finds the verdict that was given.
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &text.replace("50 ms", "40 ms")).await;
    let calls = model.calls().len();
    rig.push("rob", PATH, &text).await;
    assert_eq!(model.calls().len(), calls, "it was bought before");
    assert_eq!(rig.title(number), "REJECTED by security");
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_a_panel_that_always_objects_ends_with_a_person() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    model.set("security", Line::Objects(Vote::Changes, "First this."));
    model.set("architect", Line::Votes(Vote::Changes));
    let number = rig.open("rob", PATH, CACHE).await;
    let mut rounds = 1;
    // Whatever the author does about it, something new is found.
    for (time, remark) in ["Then that.", "And a third.", "A fourth.", "A fifth."]
        .into_iter()
        .enumerate()
    {
        model.set("security", Line::Objects(Vote::Changes, remark));
        let text = rig.file(number, PATH);
        let seconds = format!("after {time} seconds.");
        let at = text.find("visible after ").unwrap() + "visible ".len();
        let end = at + text[at..].find('\n').unwrap();
        let revised = format!("{}{seconds}{}", &text[..at], &text[end..]);
        let calls = model.calls().len();
        rig.push("rob", PATH, &revised).await;
        rounds += usize::from(model.calls().len() > calls);
    }
    assert_eq!(rounds, 3, "the bound");
    let title = rig.title(number);
    assert_eq!(title, "DECIDE: a person decides after 3 rounds");
    let calls = model.calls().len();
    rig.say("rob", number, "/discuss all").await;
    assert_eq!(model.calls().len(), calls, "not the author's to say");
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
    assert_eq!(
        rig.title(number),
        "READY: decided by 1 person after 3 rounds"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_a_paid_answer_is_published_once_and_bought_once() {
    let commit = || Matcher::Graphql("CommitReplies".to_owned());
    let stale = serde_json::json!([{
        "type": "STALE_DATA",
        "message": "Expected branch to point to \"a\" but it did not. Pull and try again.",
        "path": ["createCommitOnBranch"],
    }]);
    let faults = [
        ("502", FaultKind::Status(502)),
        ("409", FaultKind::Status(409)),
        ("422", FaultKind::Status(422)),
        ("no answer, and it was made", FaultKind::ApplyThenDrop),
        ("no answer, and it was not", FaultKind::DropBefore),
        ("the branch moved", FaultKind::GraphqlErrors(stale)),
        ("half an answer", FaultKind::TruncatedJson),
    ];
    for (what, kind) in faults {
        let model = Arc::new(Scripted::paid(CENT));
        let rig = Rig::scripted(&model, "").await;
        rig.sandbox.fault(Fault::once(commit(), kind));
        let edit = FileEdit::write("README.md", "# Another\n");
        rig.sandbox
            .push("rob", DEMO_REPO, "topic", "more", &[edit])
            .unwrap();
        let number = rig.open("rob", PATH, CACHE).await;
        assert_eq!(model.calls().len(), 3, "{what}: bought once");
        assert_eq!(requests(&rig, number).await, 3, "{what}: paid once");
        let in_file = rig.file(number, PATH).matches("\nName: AI-").count();
        let pull = rig.sandbox.pull(DEMO_REPO, number).unwrap();
        let in_reviews = pull
            .reviews
            .iter()
            .map(|review| review.body.matches("<!-- discussions:block").count())
            .sum::<usize>();
        assert_eq!(in_file + in_reviews, 3, "{what}: published once");
        let published = rig.count(EffectKind::Commit) + usize::from(in_reviews > 0);
        assert_eq!(published, 1, "{what}");
        rig.say("ann", number, "/discuss vote ready").await;
        assert!(rig.mergeable(number), "{what}: {}", rig.title(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_no_request_is_made_that_might_cost_more_than_the_limit() {
    // One cent, and nobody can ask more of it: one at a time, over several rounds, after a restart, by asking again.
    let model = Arc::new(Scripted::paid(CENT));
    for alias in PANEL {
        model.set(alias, Line::Votes(Vote::Ready));
    }
    let mut rig = Rig::scripted(&model, "budget: {per_pr: {usd: 0.01}}\n").await;
    let number = with_a_person(&rig, CACHE).await;
    let told = |rig: &Rig, case: &str| {
        rig.held_up(number, case);
        let title = rig.title(number);
        assert!(title.starts_with("DEGRADED: "), "{case}: {title}");
        let summary = rig.summary(number).replace('\\', "");
        for word in [
            "$0.00 of $0.01 for this pull request are left",
            "`budget.per_pr.usd`",
            "Models took on this pull request so far: $0.01, ",
        ] {
            assert!(summary.contains(word), "{case}: {summary}");
        }
    };
    assert_eq!(model.calls().len(), 1);
    told(&rig, "the first round");
    let answers = rig.file(number, PATH).matches("\nName: AI-").count();
    assert_eq!(answers, 1, "what was paid for is published");
    for line in [
        "/discuss",
        "/discuss all",
        "/discuss security and tenants?",
        "/discuss retry",
    ] {
        rig.say("ann", number, line).await;
        told(&rig, line);
    }
    rig.sandbox
        .rerequest_check("rob", DEMO_REPO, rig.check(number).id)
        .unwrap();
    rig.settle().await;
    told(&rig, "by the button");
    let text = rig
        .file(number, PATH)
        .replace("after one minute", "after a minute");
    rig.push("rob", PATH, &text).await;
    told(&rig, "another text");
    let copy = rig.backup();
    rig.start_over(Some(copy)).await;
    rig.say("ann", number, "/discuss").await;
    told(&rig, "after a restart");
    assert_eq!(model.calls().len(), 1);
    assert_eq!(requests(&rig, number).await, 1);
}
