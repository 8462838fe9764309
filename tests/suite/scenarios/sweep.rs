//! What no event told: missed deliveries, rights taken away, a base that changed while nobody listened.

use super::{CACHE, PATH, revised};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::bot::seen::SweepPace;
use discussions::bot::sweep;
use discussions::sandbox::{
    DEMO_REPO, DeliveryPlan, EffectKind, Fault, FaultKind, FileEdit, Matcher, NewPull, PullEdit,
};
use discussions::store::Store;
use std::sync::Arc;
use std::time::Duration;

const ATTEMPTS: &str = "POST /app/hook/deliveries/{delivery_id}/attempts";

/// From now on no delivery arrives.
fn deaf(rig: &Rig) {
    rig.sandbox.set_deliveries(DeliveryPlan {
        lose: Some((1_000, 1)),
        ..DeliveryPlan::default()
    });
}

/// Deliveries arrive again; those lost so far are so old that GitHub has forgotten them.
fn hearing(rig: &Rig) {
    rig.sandbox.advance(Duration::from_secs(8 * 24 * 60 * 60));
    rig.sandbox.set_deliveries(DeliveryPlan::default());
}

/// A first sweep asks for what GitHub said before anybody listened. From here on it is counted.
async fn begin(rig: &Rig) {
    rig.sweep().await;
    rig.sandbox.reset_ledger();
}

fn count(rig: &Rig, request: &str) -> usize {
    rig.sandbox
        .ledger()
        .counts()
        .get(request)
        .copied()
        .unwrap_or(0)
}

fn snapshots(rig: &Rig) -> usize {
    count(rig, "GRAPHQL PullRequestSnapshot")
}

/// A second sweep finds nothing to do and asks for lists only.
async fn assert_level(rig: &Rig, model: &Scripted, what: &str) {
    let calls = model.calls().len();
    rig.sandbox.reset_ledger();
    rig.sweep().await;
    let ledger = rig.sandbox.ledger();
    assert!(ledger.effects.is_empty(), "{what}: {:#?}", ledger.effects);
    assert_eq!(snapshots(rig), 0, "{what}");
    assert!(rig.requests() <= 7, "{what}: {:#?}", ledger.counts());
    assert_eq!(model.calls().len(), calls, "{what}");
}

/// Something somebody does.
type Happens = fn(&Rig);

/// An event that is missed for good: what is there before, what happens, how the check begins after a sweep, and how
/// many answers there are by then.
struct Missed {
    name: &'static str,
    config: &'static str,
    before: fn(&Rig) -> u64,
    heard: fn(&Rig, u64),
    happens: fn(&Rig, u64),
    check: (&'static str, &'static str),
    calls: usize,
}

fn propose(rig: &Rig) -> u64 {
    rig.propose("rob", PATH, CACHE);
    rig.pull("rob", "topic")
}

fn nothing(_: &Rig, _: u64) {}

fn missed() -> Vec<Missed> {
    let waits = ("discussions", "DISCUSSING: needs 1 vote by a person");
    vec![
        Missed {
            name: "opened",
            config: "",
            before: |_| 1,
            heard: nothing,
            happens: |rig, _| {
                propose(rig);
            },
            check: waits,
            calls: 3,
        },
        Missed {
            name: "opened, where that asks nobody",
            config: "on: {quiet: 0s, opened: false}\n",
            before: |_| 1,
            heard: nothing,
            happens: |rig, _| {
                propose(rig);
            },
            check: ("discussions", "DISCUSSING"),
            calls: 0,
        },
        Missed {
            name: "opened as a draft",
            config: "",
            before: |_| 1,
            heard: nothing,
            happens: |rig, _| {
                rig.propose("rob", PATH, CACHE);
                rig.draft("rob", "topic");
            },
            check: ("discussions", "WAITING: this is a draft"),
            calls: 0,
        },
        Missed {
            name: "ready for review",
            config: "",
            before: |rig| {
                rig.propose("rob", PATH, CACHE);
                rig.draft("rob", "topic")
            },
            heard: nothing,
            happens: |rig, number| {
                rig.sandbox
                    .ready_for_review("rob", DEMO_REPO, number)
                    .unwrap();
            },
            check: waits,
            calls: 3,
        },
        Missed {
            name: "a push that changes the text",
            config: "",
            before: propose,
            heard: nothing,
            happens: |rig, number| {
                let edit = FileEdit::write(PATH, revised(&rig.file(number, PATH)));
                rig.sandbox
                    .push("rob", DEMO_REPO, "topic", "revise", &[edit])
                    .unwrap();
            },
            check: waits,
            calls: 6,
        },
        Missed {
            name: "a push that does not",
            config: "",
            before: propose,
            heard: nothing,
            happens: |rig, _| {
                let edit = FileEdit::write("README.md", "# Demo\n\nMore.\n");
                rig.sandbox
                    .push("rob", DEMO_REPO, "topic", "readme", &[edit])
                    .unwrap();
            },
            check: waits,
            calls: 3,
        },
        Missed {
            name: "opened again with another text, where pushes ask nobody",
            config: "on: {quiet: 0s, push: false}\n",
            before: propose,
            heard: |rig, number| rig.sandbox.close("rob", DEMO_REPO, number).unwrap(),
            happens: |rig, number| {
                let edit = FileEdit::write(PATH, revised(CACHE));
                rig.sandbox
                    .push("rob", DEMO_REPO, "topic", "revise", &[edit])
                    .unwrap();
                rig.sandbox.reopen("rob", DEMO_REPO, number).unwrap();
            },
            check: waits,
            calls: 6,
        },
        Missed {
            name: "another base",
            config: "",
            before: |rig| {
                let tip = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
                rig.sandbox
                    .create_branch("ann", DEMO_REPO, "side", &tip)
                    .unwrap();
                propose(rig)
            },
            heard: nothing,
            happens: |rig, number| {
                let edit = PullEdit {
                    base: Some("side".to_owned()),
                    ..PullEdit::default()
                };
                rig.sandbox
                    .edit_pr("rob", DEMO_REPO, number, &edit)
                    .unwrap();
            },
            check: ("discussions", "SUPERSEDED: goes into side now"),
            calls: 3,
        },
        Missed {
            name: "a stricter rule on the base",
            config: "gate: {humans: 0}\n",
            before: propose,
            heard: nothing,
            happens: |rig, _| {
                let edit = FileEdit::write(".github/discussions.yml", AT_ONCE);
                rig.sandbox
                    .push("ann", DEMO_REPO, "main", "stricter", &[edit])
                    .unwrap();
            },
            check: waits,
            calls: 3,
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_for_good_is_found_and_asks_whom_the_event_would_have_asked() {
    let mut wrong = Vec::new();
    for missed in missed() {
        let model = Arc::new(Scripted::ready());
        let config = match missed.config.starts_with("on:") {
            true => missed.config.to_owned(),
            false => format!("{AT_ONCE}{}", missed.config),
        };
        let rig = Rig::with(Setup {
            config: Some(config),
            model: Some(model.clone()),
            operator: None,
        })
        .await;
        let number = (missed.before)(&rig);
        rig.settle().await;
        (missed.heard)(&rig, number);
        rig.settle().await;
        // A sweep while all is well, so that what comes after it has to be found by what changed.
        begin(&rig).await;
        deaf(&rig);
        (missed.happens)(&rig, number);
        rig.settle().await;
        hearing(&rig);
        rig.sweep().await;
        let (name, title) = missed.check;
        let run = rig.run(number, name).unwrap_or_default();
        let calls = model.calls().len();
        if !run.1.starts_with(title) || run.0 != "action_required" || calls != missed.calls {
            wrong.push(format!("{}: {run:?} after {calls} answers", missed.name));
        }
        assert_eq!(count(&rig, ATTEMPTS), 0, "{}: nothing is kept", missed.name);
        assert_level(&rig, &model, missed.name).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A rig whose sweeps look at everything each time.
async fn looking_always(model: &Arc<Scripted>) -> Rig {
    let setup = Setup {
        config: Some(AT_ONCE.to_owned()),
        model: Some(model.clone()),
        operator: None,
    };
    let pace = SweepPace {
        green: Duration::ZERO,
        other: Duration::ZERO,
        between: Duration::ZERO,
        ..SweepPace::default()
    };
    Rig::swept(setup, pace).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_taken_away_and_a_deleted_account_take_their_votes_with_them() {
    let taken: [(&str, Happens); 2] = [
        ("right", |rig| {
            rig.sandbox.remove_collaborator(DEMO_REPO, "ann").unwrap();
        }),
        ("account", |rig| rig.sandbox.delete_account("ann").unwrap()),
    ];
    for (what, take) in taken {
        let model = Arc::new(Scripted::ready());
        let rig = looking_always(&model).await;
        let number = rig.open("rob", PATH, CACHE).await;
        rig.say("ann", number, "/discuss vote ready").await;
        assert_eq!(rig.conclusion(number), "success");
        begin(&rig).await;
        rig.sweep().await;
        assert!(
            rig.sandbox.ledger().effects.is_empty(),
            "{what}: looked at, and nothing to say"
        );
        assert_eq!(rig.conclusion(number), "success");
        take(&rig);
        rig.sweep().await;
        assert_eq!(
            rig.conclusion(number),
            "action_required",
            "{what}: {}",
            rig.title(number)
        );
        assert!(!rig.mergeable(number), "{what}");
        assert_eq!(model.calls().len(), 3, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_never_asks_anybody_twice() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Fails);
    let rig = looking_always(&model).await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(
        rig.title(number).starts_with("DEGRADED"),
        "{}",
        rig.title(number)
    );
    begin(&rig).await;
    for _ in 0..3 {
        rig.sweep().await;
    }
    assert_eq!(
        model.calls().len(),
        3,
        "a failure is not tried again by looking"
    );
    assert!(rig.sandbox.ledger().effects.is_empty());
    assert_eq!(snapshots(&rig), 3, "it was looked at each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_of_many_pull_requests_cost_lists_only() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.open("rob", PATH, CACHE).await;
    for number in 0..19 {
        let branch = format!("code-{number}");
        let edit = FileEdit::write(&format!("src/{branch}.rs"), "// code\n");
        rig.sandbox
            .push("rob", DEMO_REPO, &branch, "code", &[edit])
            .unwrap();
        rig.pull("rob", &branch);
    }
    rig.settle().await;
    begin(&rig).await;
    rig.sweep().await;
    let requests = rig.requests();
    let open = rig.sandbox.open_pulls(DEMO_REPO).len();
    println!(
        "a sweep of {open} open pull requests, none changed: {requests} requests, {:.2} each",
        requests as f64 / open as f64
    );
    assert_eq!(open, 20);
    assert!(requests <= 7, "{:#?}", rig.sandbox.ledger().counts());
    assert!(rig.sandbox.ledger().effects.is_empty());
    assert_eq!(snapshots(&rig), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_vote_is_asked_for_once_and_counts() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    begin(&rig).await;
    deaf(&rig);
    rig.say("ann", number, "/discuss vote ready").await;
    assert_ne!(rig.conclusion(number), "success");
    rig.sandbox.reset_ledger();
    // The way is still blocked: what is sent again is lost again.
    rig.sweep().await;
    assert_eq!(
        count(&rig, ATTEMPTS),
        1,
        "the comment, and none of our own checks"
    );
    assert_ne!(rig.conclusion(number), "success");
    rig.sweep().await;
    assert_eq!(count(&rig, ATTEMPTS), 1, "not again so soon");
    // Another server, whose store knows nothing of that.
    rig.sandbox.set_deliveries(DeliveryPlan::default());
    let lost = rig.sandbox.deliveries();
    let lost = lost
        .iter()
        .rfind(|one| one.event == "issue_comment")
        .unwrap();
    assert!(rig.sandbox.redeliver(&lost.guid));
    rig.settle().await;
    assert_eq!(rig.title(number), "READY: 4 of 4 ready, 1 by a person");
    rig.sweep().await;
    assert_eq!(count(&rig, ATTEMPTS), 1, "what came in is not asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_everything_kept_is_heard_in_one_sweep() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    deaf(&rig);
    let typed = format!(
        "{}\n---\n\nName: rob\n\n@security what about tenants?\n",
        rig.file(number, PATH)
    );
    rig.push("rob", PATH, &typed).await;
    rig.say("ann", number, "/discuss vote ready").await;
    rig.say("ann", number, "/discuss architect is this all?")
        .await;
    rig.sandbox.set_deliveries(DeliveryPlan::default());
    rig.sandbox.reset_ledger();
    rig.sweep().await;
    let questions: Vec<String> = model
        .calls()
        .into_iter()
        .filter_map(|(_, question)| question)
        .collect();
    assert_eq!(questions.len(), 2, "{questions:?}");
    assert_eq!(model.calls().len(), 5, "nobody twice");
    assert!(
        questions.iter().any(|one| one.contains("tenants")),
        "{questions:?}"
    );
    assert_eq!(rig.replies(number).len(), 2, "{:?}", rig.replies(number));
    assert_level(&rig, &model, "after an outage").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_a_sweep_and_a_try_that_fails_hands_nothing_on_twice() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    deaf(&rig);
    propose(&rig);
    let edit = FileEdit::write("design/other.md", CACHE.replace("product", "other"));
    rig.sandbox
        .push("rob", DEMO_REPO, "other", "propose", &[edit])
        .unwrap();
    rig.pull("rob", "other");
    rig.settle().await;
    hearing(&rig);
    rig.sandbox.reset_ledger();
    // Both lists are read, then the base is not: the survey is tried again.
    let base = Matcher::Graphql("BaseFiles".to_owned());
    rig.sandbox.fault(Fault::once(base, FaultKind::Status(502)));
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    assert!(sweep::begin(&rig.deps, "regular", year).await.unwrap());
    assert!(
        !sweep::begin(&rig.deps, "regular", year).await.unwrap(),
        "the other server's"
    );
    rig.settle().await;
    assert_eq!(count(&rig, "GET /app/installations"), 1);
    assert_eq!(count(&rig, "GRAPHQL BaseFiles"), 2);
    assert_eq!(model.calls().len(), 6);
    assert_eq!(rig.count(EffectKind::Commit), 2);
    rig.sandbox.reset_ledger();
    assert!(!sweep::begin(&rig.deps, "regular", year).await.unwrap());
    rig.settle().await;
    assert_eq!(rig.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_cannot_be_read_keeps_no_other_pull_request_waiting() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let tip = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .create_branch("ann", DEMO_REPO, "aside", &tip)
        .unwrap();
    deaf(&rig);
    let edit = FileEdit::write("design/other.md", CACHE.replace("product", "other"));
    rig.sandbox
        .push("rob", DEMO_REPO, "other", "propose", &[edit])
        .unwrap();
    let into_other = NewPull {
        title: "Aside".to_owned(),
        head: "other".to_owned(),
        base: "aside".to_owned(),
        ..NewPull::default()
    };
    let aside = rig.sandbox.open_pr("rob", DEMO_REPO, &into_other).unwrap();
    propose(&rig);
    rig.settle().await;
    hearing(&rig);
    let base = Matcher::Graphql("BaseFiles".to_owned());
    rig.sandbox.fault(Fault::once(base, FaultKind::Status(403)));
    rig.sweep().await;
    let preview = rig.run(aside, "discussions (preview)");
    assert!(preview.is_some(), "judged by itself");
    assert_eq!(model.calls().len(), 6, "both were looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_installation_is_passed_over_and_swept_when_it_is_back() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    begin(&rig).await;
    let installation = rig
        .sandbox
        .look(|world| *world.installations.keys().next().unwrap());
    rig.sandbox.suspend(installation, true).unwrap();
    propose(&rig);
    rig.sweep().await;
    assert!(rig.sandbox.ledger().effects.is_empty());
    rig.sandbox.suspend(installation, false).unwrap();
    rig.settle().await;
    assert_eq!(
        model.calls().len(),
        3,
        "what came in meanwhile was never delivered"
    );
    // Repositories that are added bring their open pull requests.
    rig.sandbox
        .select_repositories(installation, Some(&[]))
        .unwrap();
    let edit = FileEdit::write("design/other.md", CACHE.replace("product", "other"));
    rig.sandbox
        .push("rob", DEMO_REPO, "other", "propose", &[edit])
        .unwrap();
    let new = NewPull {
        title: "Another".to_owned(),
        head: "other".to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    assert_eq!(model.calls().len(), 3);
    rig.sandbox
        .select_repositories(installation, Some(&[DEMO_REPO]))
        .unwrap();
    rig.settle().await;
    assert_eq!(model.calls().len(), 6);
    assert!(
        rig.title(number).starts_with("DISCUSSING"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_speaks_is_not_kept_waiting_by_a_sweep() {
    let model = Arc::new(Scripted::ready());
    let setup = Setup {
        config: Some(AT_ONCE.to_owned()),
        model: Some(model.clone()),
        operator: None,
    };
    let pace = SweepPace {
        green: Duration::ZERO,
        other: Duration::ZERO,
        between: Duration::from_secs(60 * 60),
        ..SweepPace::default()
    };
    let rig = Rig::swept(setup, pace).await;
    let first = rig.open("rob", PATH, CACHE).await;
    let edit = FileEdit::write("src/lib.rs", "// code\n");
    rig.sandbox
        .push("rob", DEMO_REPO, "code", "code", &[edit])
        .unwrap();
    let second = rig.pull("rob", "code");
    rig.settle().await;
    rig.sandbox.reset_ledger();
    assert!(
        sweep::begin(&rig.deps, "slow", Duration::from_secs(1))
            .await
            .unwrap()
    );
    // The first of them is looked at; the second stands in line for an hour.
    let looked = async {
        while rig.store.backlog().await.unwrap() != 1 || snapshots(&rig) < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looked)
        .await
        .unwrap();
    let late = if first < second { second } else { first };
    rig.say("ann", late, "/discuss status").await;
    assert_eq!(rig.replies(late).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_was_missed_is_not_hidden_by_what_somebody_says_after_it() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    begin(&rig).await;
    deaf(&rig);
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    hearing(&rig);
    rig.say("ann", number, "/discuss status").await;
    assert_eq!(
        model.calls().len(),
        3,
        "asking how it stands asks no persona"
    );
    rig.sweep().await;
    assert_eq!(model.calls().len(), 6);
    assert_level(&rig, &model, "a push and a comment").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_is_turned_on_asks_about_what_was_opened_while_it_was_off() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "gate: {mode: off}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    begin(&rig).await;
    assert_level(&rig, &model, "the gate is off").await;
    rig.configure("").await;
    assert_eq!(model.calls().len(), 3);
    assert!(
        rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
        "{}",
        rig.title(number)
    );
    assert_level(&rig, &model, "the gate is on").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_and_back_is_level() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    begin(&rig).await;
    rig.sandbox
        .convert_to_draft("rob", DEMO_REPO, number)
        .unwrap();
    rig.settle().await;
    assert_level(&rig, &model, "a draft").await;
    rig.sandbox
        .ready_for_review("rob", DEMO_REPO, number)
        .unwrap();
    rig.settle().await;
    assert_level(&rig, &model, "ready again").await;
}
