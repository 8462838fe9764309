//! Checks that never come, rounds that come too often or never, forks, and events that are lost or come twice.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use crate::support::stand::{Left, Stand};
use discussions::sandbox::{
    CheckRun, DEMO_REPO, DeliveryPlan, EffectKind, Fault, FaultKind, FileEdit, Matcher, Oid,
    PullEdit,
};
use std::sync::Arc;
use std::time::Duration;

const RUN: &str = "/repos/{owner}/{repo}/check-runs/{check_run_id}";

impl Rig {
    fn head(&self, number: u64) -> Oid {
        self.sandbox.pull(DEMO_REPO, number).unwrap().head
    }

    /// Runs under our name on the head, oldest first.
    fn runs(&self, number: u64) -> Vec<CheckRun> {
        let runs = self.sandbox.check_runs(DEMO_REPO, &self.head(number));
        let ours = runs.into_iter().filter(|run| run.name == "discussions");
        ours.collect()
    }

    /// The head has its check, and only the newest run of it counts.
    fn assert_judged(&self, number: u64, green: bool, case: &str) {
        let runs = self.runs(number);
        let last = runs.iter().max_by_key(|run| run.id);
        let last = last.unwrap_or_else(|| panic!("{case}: no check on the head"));
        let conclusion = last.conclusion.clone().unwrap_or_default();
        assert_eq!(conclusion == "success", green, "{case}: {:?}", last.title);
        assert!(!conclusion.is_empty(), "{case}: left in progress");
        assert_eq!(self.mergeable(number), green, "{case}");
        self.no_empty_end(case);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p8_every_head_has_its_check_and_re_run_does_what_it_says() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.assert_judged(number, false, "opened");
    rig.say("ann", number, "/discuss vote ready").await;
    rig.assert_judged(number, true, "decided");
    rig.push("rob", "src/lib.rs", "// code\n").await;
    rig.assert_judged(number, true, "a push that changes nothing of it");
    for (button, suite) in [("re-run", false), ("re-run all", true)] {
        let before = rig.runs(number);
        let newest = before.iter().map(|run| run.id).max().unwrap();
        // The end of the new run takes its time: until then nothing is green.
        let patch = Matcher::Rest("PATCH".to_owned(), RUN.to_owned());
        let slow = FaultKind::Delay(Duration::from_millis(600));
        rig.sandbox.fault(Fault::once(patch, slow));
        rig.sandbox.reset_ledger();
        match suite {
            true => rig
                .sandbox
                .rerequest_suite("rob", DEMO_REPO, &rig.head(number))
                .unwrap(),
            false => rig
                .sandbox
                .rerequest_check("rob", DEMO_REPO, newest)
                .unwrap(),
        }
        rig.settle().await;
        let after = rig.runs(number);
        assert_eq!(after.len(), before.len() + 1, "{button}: one fresh run");
        let ledger = rig.sandbox.ledger();
        let of_runs: Vec<_> = ledger
            .effects
            .iter()
            .filter(|e| matches!(e.kind, EffectKind::CheckCreated | EffectKind::CheckUpdated))
            .collect();
        assert_eq!(of_runs[0].kind, EffectKind::CheckCreated, "{button}");
        assert!(
            of_runs[0].data["conclusion"].is_null(),
            "{button}: it begins in progress: {}",
            of_runs[0].data
        );
        rig.assert_judged(number, true, button);
    }
    rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
    rig.sandbox.reopen("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
    rig.assert_judged(number, true, "opened again");
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .create_branch("ann", DEMO_REPO, "next", &main)
        .unwrap();
    for base in ["next", "main"] {
        let edit = PullEdit {
            base: Some(base.to_owned()),
            ..PullEdit::default()
        };
        rig.sandbox
            .edit_pr("rob", DEMO_REPO, number, &edit)
            .unwrap();
        rig.settle().await;
    }
    let runs = rig.runs(number);
    let last = runs.iter().max_by_key(|run| run.id).unwrap();
    assert!(last.conclusion.is_some(), "judged into main again");
    let without = FileEdit::write("notes.txt", "x");
    let plain = rig.open_branch("plain", "", &[without]);
    rig.settle().await;
    rig.assert_judged(plain, true, "a pull request without a discussion");
    assert_eq!(model.calls().len(), 3, "none of it asked anybody again");
}

#[tokio::test(flavor = "multi_thread")]
async fn p14_pushes_cost_few_rounds_and_a_round_that_was_refused_comes_by_itself() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::with(Setup {
        config: Some("on: {quiet: 1s}\nrounds: 9\n".to_owned()),
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    for n in 0..30 {
        rig.sandbox.advance(Duration::from_secs(2));
        let text = CACHE.replace("forty rows", &format!("{} rows", 40 + n));
        rig.propose("rob", PATH, &text);
    }
    rig.settle().await;
    let calls = model.calls().len();
    assert!((3..=6).contains(&calls), "{calls} answers for 31 texts");
    let title = rig.title(number);
    assert!(title.starts_with("DISCUSSING: needs 1 vote"), "{title}");
    assert!(rig.file(number, PATH).contains("69 rows"), "the last text");
    // GitHub limits us just then: the round is owed, and comes without anybody saying a word.
    let limit = |route: &str| {
        let kind = FaultKind::SecondaryLimit {
            status: 429,
            retry_after: Some("1".to_owned()),
        };
        Fault::once(Matcher::Graphql(route.to_owned()), kind)
    };
    rig.sandbox.fault(limit("PullRequestSnapshot"));
    rig.sandbox.fault(limit("CommitReplies"));
    let text = rig.file(number, PATH).replace("one minute", "one hour");
    rig.push("rob", PATH, &text).await;
    assert_eq!(model.calls().len(), calls + 3, "each asked once more");
    let title = rig.title(number);
    assert!(title.starts_with("DISCUSSING: needs 1 vote"), "{title}");
    // The service of a model limits us: the same, when it said.
    model.set("security", Line::Limited(1));
    let text = rig.file(number, PATH).replace("one hour", "one day");
    rig.push("rob", PATH, &text).await;
    assert_eq!(model.calls().len(), calls + 7, "one of them asked again");
    let title = rig.title(number);
    assert!(title.starts_with("DISCUSSING: needs 1 vote"), "{title}");
    rig.say("ann", number, "/discuss vote ready").await;
    rig.assert_judged(number, true, "as if nothing had been");
}

#[tokio::test(flavor = "multi_thread")]
async fn p15_a_fork_is_judged_like_everybody_else() {
    for owner in ["eve", "umbrella"] {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        if owner == "umbrella" {
            rig.sandbox.create_organization(owner);
        }
        // Who writes in a fork of an organization has an account of his own.
        let fork = rig.sandbox.fork(owner, DEMO_REPO).unwrap();
        let edit = FileEdit::write(PATH, CACHE);
        rig.sandbox
            .push(owner, &fork, "topic", "propose", &[edit])
            .unwrap();
        let number = rig.pull("eve", &format!("{owner}:topic"));
        rig.settle().await;
        let head = rig.head(number);
        rig.assert_judged(number, false, owner);
        let title = rig.title(number);
        assert!(title.starts_with("WAITING: someone with write"), "{title}");
        assert!(model.calls().is_empty(), "a stranger spends nothing");
        // "Re-run" on the head of a fork names no pull request.
        let run = rig.check(number).id;
        rig.sandbox.rerequest_check("rob", DEMO_REPO, run).unwrap();
        rig.settle().await;
        assert_eq!(rig.runs(number).len(), 2, "{owner}: found by its head");
        rig.say("rob", number, "/discuss").await;
        assert_eq!(model.calls().len(), 3);
        assert_eq!(rig.head(number), head, "nothing is pushed to a fork");
        assert_eq!(
            rig.count(EffectKind::ReviewCreated),
            1,
            "{owner}: one review"
        );
        let summary = rig.summary(number);
        assert!(summary.contains("the branch is in a fork"), "{summary}");
        rig.say("ann", number, "/discuss vote ready").await;
        rig.assert_judged(number, true, owner);
        // The fork goes, the pull request stays.
        rig.sandbox.delete_repo(&fork).unwrap();
        rig.say("ann", number, "/discuss vote reject").await;
        rig.assert_judged(number, false, "the fork is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p16_what_is_lost_comes_and_what_comes_five_times_is_done_once() {
    // Five copies of everything, in any order.
    let model = Arc::new(Scripted::ready());
    let rig = Rig::with(Setup {
        config: Some(AT_ONCE.to_owned()),
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    rig.sandbox.set_deliveries(DeliveryPlan {
        extra_copies: 4,
        shuffle: Some(7),
        ..DeliveryPlan::default()
    });
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss security what about tenants?")
        .await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(model.calls().len(), 4, "three votes and one question");
    assert_eq!(rig.replies(number).len(), 1, "answered once");
    assert_eq!(rig.runs(number).len(), 1, "{:#?}", rig.runs(number));
    rig.assert_judged(number, true, "five copies");
    // A server that dies with what it has acknowledged, and is told the same again by hand.
    let mut stand = Stand::start().await;
    let never = FaultKind::Delay(Duration::from_secs(600));
    stand.sandbox.fault(Fault::once(Matcher::Any, never));
    let number = stand.propose();
    stand.acknowledged("pull_request", "opened").await;
    stand.kill();
    stand.sandbox.clear_faults();
    stand.start_server().await;
    let opened = stand.sandbox.deliveries().into_iter();
    let mut opened = opened.filter(|one| one.event == "pull_request");
    let guid = opened.next().unwrap().guid;
    for _ in 0..5 {
        assert!(stand.sandbox.redeliver(&guid));
    }
    stand.settle(number).await;
    assert_eq!(stand.left(number), Left::after_one_round());
}
