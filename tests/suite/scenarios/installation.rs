//! The life of an installation: what is there when the App comes, what it is not granted, suspended, removed, renamed,
//! archived, transferred. Nothing is green wrongly, nothing is tried for ever, and everything goes on by itself once the
//! cause is gone: when an event says so, and when none does.

use super::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::bot::job::{JobEvent, StoredRepo};
use discussions::bot::seen::SweepPace;
use discussions::bot::sweep;
use discussions::ids::PullRequest;
use discussions::sandbox::{
    CheckRun, DEMO_REPO, DeliveryPlan, EffectKind, FileEdit, Permissions, default_permissions,
};
use discussions::store::{Delivery, NewJob, Store};
use std::sync::Arc;
use std::time::Duration;

/// How what was taken away comes back to the App's knowledge.
const WAYS: [&str; 2] = ["an event", "a sweep"];

impl Rig {
    fn installation(&self) -> u64 {
        self.sandbox
            .look(|world| *world.installations.keys().next().unwrap())
    }

    /// Deliveries pile up at GitHub.
    fn hold(&self) {
        self.sandbox.set_deliveries(DeliveryPlan {
            hold: true,
            ..DeliveryPlan::default()
        });
    }

    /// Everything that is told now is lost, and so old that GitHub has forgotten it once it listens again.
    fn untold(&self, happens: impl FnOnce()) {
        self.hears_nothing();
        happens();
        self.sandbox.advance(Duration::from_secs(8 * 24 * 60 * 60));
        self.hears_again();
    }

    async fn sweep_and_rest(&self) {
        self.begin_sweep().await;
        self.rest().await;
    }

    /// Why jobs wait for the App to be let in again.
    async fn waits_for(&self) -> Vec<String> {
        let parked = crate::support::parked(self.store.as_ref()).await;
        parked.into_iter().filter_map(|job| job.error).collect()
    }

    /// For many times the delay of a retry nobody asks GitHub for anything.
    async fn assert_nothing_is_retried(&self, case: &str) {
        self.sandbox.reset_ledger();
        tokio::time::sleep(Duration::from_millis(400)).await;
        let ledger = self.sandbox.ledger();
        assert!(ledger.requests.is_empty(), "{case}: {:#?}", ledger.counts());
    }

    fn asked(&self, part: &str) -> usize {
        let counts = self.sandbox.ledger().counts();
        let of_part = counts.iter().filter(|(request, _)| request.contains(part));
        of_part.map(|(_, count)| count).sum()
    }

    fn check_in(&self, repo: &str, number: u64) -> CheckRun {
        let check = self.sandbox.check_on_head(repo, number, "discussions");
        check.expect("a check on the head")
    }
}

async fn rig() -> (Arc<Scripted>, Rig) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    (model, rig)
}

/// Evaluations never count as fresh, so that each sweep looks at everything.
async fn restless() -> (Arc<Scripted>, Rig) {
    let model = Arc::new(Scripted::ready());
    let setup = Setup {
        config: Some(AT_ONCE.to_owned()),
        model: Some(model.clone()),
        operator: None,
    };
    let pace = SweepPace {
        green: Duration::ZERO,
        other: Duration::ZERO,
        between: Duration::ZERO,
        again: Duration::from_millis(50),
        ..SweepPace::default()
    };
    let rig = Rig::swept(setup, pace).await;
    (model, rig)
}

async fn green(rig: &Rig) -> u64 {
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    number
}

fn without(permission: &str) -> Permissions {
    let mut permissions = default_permissions();
    permissions.remove(permission).unwrap();
    permissions
}

#[tokio::test(flavor = "multi_thread")]
async fn installed_where_pull_requests_are_open_each_gets_its_check() {
    let (model, rig) = rig().await;
    rig.sandbox.uninstall(rig.installation()).unwrap();
    let mut numbers = Vec::new();
    for name in ["prices", "stock", "orders"] {
        let text = CACHE.replace("product", name);
        let edit = FileEdit::write(&format!("design/{name}.md"), text);
        numbers.push(rig.open_branch(name, "", &[edit]));
    }
    let edit = FileEdit::write("src/lib.rs", "// code\n");
    let plain = rig.open_branch("code", "", &[edit]);
    rig.settle().await;
    assert!(model.calls().is_empty(), "nobody is there yet");
    rig.sandbox.install("octo").unwrap();
    rig.settle().await;
    for number in &numbers {
        let title = rig.title(*number);
        assert!(title.starts_with("DISCUSSING: needs 1 vote"), "{title}");
    }
    assert_eq!(rig.conclusion(plain), "success");
    assert_eq!(model.calls().len(), 9, "three personas on three proposals");
    rig.sandbox.reset_ledger();
    rig.sweep().await;
    assert!(rig.sandbox.ledger().effects.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_named_and_nothing_is_green_until_it_is_granted() {
    for permission in ["issues", "contents", "pull_requests", "checks"] {
        for way in WAYS {
            let case = format!("{permission}, {way}");
            let (model, rig) = restless().await;
            let number = green(&rig).await;
            let installation = rig.installation();
            rig.sandbox
                .set_permissions(installation, without(permission))
                .unwrap();
            rig.propose("rob", "src/lib.rs", "// code\n");
            rig.rest().await;
            rig.sweep_and_rest().await;
            assert!(!rig.mergeable(number), "{case}");
            let waits = rig.waits_for().await;
            assert!(
                waits
                    .iter()
                    .all(|why| why.contains(permission) && why.contains("installations/")),
                "{case}: {waits:?}"
            );
            assert_eq!(waits.len(), 1, "{case}: {waits:?}");
            let said = rig.sandbox.check_on_head(DEMO_REPO, number, "discussions");
            match permission {
                // Nothing can be said on the pull request: the log and the list of parked jobs say it.
                "checks" => assert!(said.is_none(), "{case}"),
                // The head cannot be read. The one that had a verdict lost it.
                "pull_requests" | "contents" => {
                    let last = rig.ended_with("discussions").pop();
                    assert_eq!(last.as_deref(), Some("action_required"), "{case}");
                }
                _ => {
                    let check = rig.check(number);
                    let title = check.title.unwrap_or_default();
                    assert!(
                        title.starts_with("ERROR: the App is not granted issues: read"),
                        "{case}: {title}"
                    );
                    assert_eq!(check.conclusion.as_deref(), Some("action_required"));
                    let summary = check.summary.unwrap_or_default();
                    let address = format!("/settings/installations/{installation}");
                    assert!(summary.contains(&address), "{case}: {summary}");
                    assert!(summary.contains("### Next"), "{case}: {summary}");
                    assert_eq!(rig.state_line(number), title, "{case}");
                }
            }
            rig.assert_nothing_is_retried(&case).await;
            rig.sweep_and_rest().await;
            assert_eq!(rig.count(EffectKind::CheckCreated), 0, "{case}: said once");
            let grant = || {
                let all = default_permissions();
                rig.sandbox.set_permissions(installation, all).unwrap();
            };
            if way == "an event" {
                grant();
                rig.settle().await;
            } else {
                rig.untold(grant);
                rig.sweep().await;
            }
            assert_eq!(
                rig.conclusion(number),
                "success",
                "{case}: {}",
                rig.title(number)
            );
            assert!(rig.mergeable(number), "{case}");
            assert_eq!(model.calls().len(), 3, "{case}: nobody was asked again");
        }
    }
}

/// A vote that is told while the App is kept away.
struct Away {
    name: &'static str,
    begins: fn(&Rig),
    ends: fn(&Rig),
    why: &'static str,
}

const AWAY: [Away; 2] = [
    Away {
        name: "suspended",
        begins: |rig| rig.sandbox.suspend(rig.installation(), true).unwrap(),
        ends: |rig| rig.sandbox.suspend(rig.installation(), false).unwrap(),
        why: "the installation is suspended",
    },
    Away {
        name: "archived",
        begins: |rig| rig.sandbox.set_archived(DEMO_REPO, true).unwrap(),
        ends: |rig| rig.sandbox.set_archived(DEMO_REPO, false).unwrap(),
        why: "the repository is archived",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_while_the_app_is_kept_away_waits_and_counts_afterwards() {
    for Away {
        name,
        begins,
        ends,
        why,
    } in AWAY
    {
        for way in WAYS {
            let case = format!("{name}, {way}");
            let (model, rig) = rig().await;
            let number = green(&rig).await;
            rig.sandbox.advance(Duration::from_secs(2));
            rig.hold();
            rig.sandbox
                .comment(
                    "ann",
                    DEMO_REPO,
                    number,
                    "/discuss vote reject: no way back",
                )
                .unwrap();
            begins(&rig);
            rig.hears_again();
            rig.rest().await;
            assert_eq!(rig.waits_for().await, [why], "{case}");
            rig.assert_nothing_is_retried(&case).await;
            rig.sweep_and_rest().await;
            assert_eq!(rig.waits_for().await, [why], "{case}");
            assert!(rig.sandbox.ledger().effects.is_empty(), "{case}");
            if way == "an event" {
                ends(&rig);
                rig.settle().await;
            } else {
                rig.untold(|| ends(&rig));
                rig.sweep().await;
            }
            let title = rig.title(number);
            assert!(title.starts_with("REJECTED by ann"), "{case}: {title}");
            assert!(!rig.mergeable(number), "{case}");
            assert_eq!(model.calls().len(), 3, "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_event_takes_along_what_waited_for_access() {
    let (_, rig) = rig().await;
    let number = green(&rig).await;
    rig.sandbox.advance(Duration::from_secs(2));
    rig.hold();
    rig.sandbox
        .comment(
            "ann",
            DEMO_REPO,
            number,
            "/discuss vote reject: no way back",
        )
        .unwrap();
    rig.sandbox.suspend(rig.installation(), true).unwrap();
    rig.hears_again();
    rig.rest().await;
    assert_eq!(rig.waits_for().await.len(), 1);
    rig.untold(|| rig.sandbox.suspend(rig.installation(), false).unwrap());
    rig.propose("rob", "src/lib.rs", "// code\n");
    rig.settle().await;
    let title = rig.title(number);
    assert!(title.starts_with("REJECTED by ann"), "{title}");
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_nothing_is_asked_any_more_and_installed_again_it_goes_on() {
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
    let number = green(&rig).await;
    // A job stands in line: of two pull requests the second is looked at in an hour.
    let edit = FileEdit::write("src/lib.rs", "// code\n");
    rig.open_branch("code", "", &[edit]);
    rig.settle().await;
    assert!(
        sweep::begin(&rig.deps, "slow", Duration::from_secs(1))
            .await
            .unwrap()
    );
    rig.until(|| rig.asked("PullRequestSnapshot") > 0).await;
    while rig.store.backlog().await.unwrap() != 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Something is told that arrives too late.
    rig.hold();
    rig.sandbox
        .comment("ann", DEMO_REPO, number, "/discuss status")
        .unwrap();
    rig.sandbox.uninstall(rig.installation()).unwrap();
    rig.hears_again();
    rig.settle().await;
    assert_eq!(
        rig.store.backlog().await.unwrap(),
        0,
        "the job in line went"
    );
    rig.assert_nothing_is_retried("removed").await;
    let before = rig.sandbox.ledger().requests.len();
    rig.sweep().await;
    assert_eq!(before, 0);
    assert_eq!(rig.asked("access_tokens"), 0, "no token is asked for");
    // Nobody of ours saw the push.
    rig.propose("rob", PATH, &super::revised(&rig.file(number, PATH)));
    rig.settle().await;
    assert!(!rig.mergeable(number), "the new head has no check");
    rig.sandbox.install("octo").unwrap();
    rig.until(|| {
        rig.title(number).starts_with("DISCUSSING") || rig.title(number).starts_with("STALE")
    })
    .await;
    assert_eq!(model.calls().len(), 6, "the new text was put to the panel");
    rig.say_and_rest("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

impl Rig {
    /// Somebody speaks, and that is answered, whatever else stands in line.
    async fn say_and_rest(&self, login: &str, number: u64, body: &str) {
        self.sandbox.advance(Duration::from_secs(2));
        self.sandbox
            .comment(login, DEMO_REPO, number, body)
            .unwrap();
        self.until(|| self.title(number).starts_with("READY")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_repositories_that_were_taken_away_are_dropped_unless_they_are_back() {
    let (_, rig) = rig().await;
    let number = green(&rig).await;
    let installation = rig.installation();
    let pr = PullRequest {
        installation,
        ..rig.pr(number)
    };
    let in_line = || async {
        let look = NewJob {
            pr: pr.clone(),
            event: serde_json::to_string(&JobEvent::LookAgain).unwrap(),
        };
        let delivery = delivery(&uuid::Uuid::new_v4().to_string());
        let hour = Duration::from_secs(60 * 60);
        rig.store.enqueue_paced(delivery, look, hour).await.unwrap();
    };
    in_line().await;
    // An event that was overtaken: the repository was taken away, and is back.
    let left = JobEvent::Left {
        installation,
        repos: Some(vec![StoredRepo::from(pr.repo.clone())]),
    };
    let late = NewJob {
        pr: PullRequest::whole_installation(installation),
        event: serde_json::to_string(&left).unwrap(),
    };
    rig.store
        .enqueue(delivery("late"), Some(late))
        .await
        .unwrap();
    while rig.store.backlog().await.unwrap() != 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    rig.sandbox
        .select_repositories(installation, Some(&[]))
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.store.backlog().await.unwrap(), 0);
    rig.assert_nothing_is_retried("taken away").await;
    rig.sandbox
        .select_repositories(installation, Some(&[DEMO_REPO]))
        .unwrap();
    rig.settle().await;
    rig.say("ann", number, "/discuss vote reject").await;
    assert_eq!(rig.conclusion(number), "failure");
}

fn delivery(guid: &str) -> Delivery {
    Delivery {
        guid: guid.to_owned(),
        event: "handed_on".to_owned(),
        body: Vec::new(),
    }
}

/// A repository goes elsewhere while somebody votes.
struct Moves {
    name: &'static str,
    moves: fn(&Rig),
    to: &'static str,
}

const MOVES: [Moves; 2] = [
    Moves {
        name: "renamed",
        moves: |rig| {
            rig.sandbox.rename_repo(DEMO_REPO, "renamed").unwrap();
            // Somebody else's repository takes the old name.
            rig.sandbox
                .create_repo(DEMO_REPO, &[("README.md", "# Another\n")])
                .unwrap();
        },
        to: "octo/renamed",
    },
    Moves {
        name: "transferred",
        moves: |rig| {
            rig.sandbox.create_organization("acme");
            rig.sandbox.transfer_repo(DEMO_REPO, "acme").unwrap();
        },
        to: "acme/demo",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_moves_keeps_its_votes_and_receipts_and_what_waits_for_it() {
    for Moves { name, moves, to } in MOVES {
        for way in WAYS {
            let case = format!("{name}, {way}");
            let (model, rig) = rig().await;
            let number = rig.open("rob", PATH, CACHE).await;
            rig.sandbox.advance(Duration::from_secs(2));
            // The vote is told under the old name and installation, and arrives after the move.
            rig.hears_nothing();
            rig.sandbox
                .comment("ann", DEMO_REPO, number, "/discuss vote ready")
                .unwrap();
            moves(&rig);
            rig.sandbox.wait_until_idle().await;
            rig.hears_again();
            let lost = rig.sandbox.deliveries().into_iter();
            let lost = lost.filter(|one| one.status_code != 202);
            for one in lost.filter(|one| way == "an event" || one.event == "issue_comment") {
                rig.sandbox.redeliver(&one.guid);
            }
            rig.settle().await;
            let check = rig.check_in(to, number);
            let title = check.title.clone().unwrap_or_default();
            assert_eq!(
                check.conclusion.as_deref(),
                Some("success"),
                "{case}: {title}"
            );
            let summary = check.summary.unwrap_or_default();
            assert!(
                !summary.contains("unsigned") && !summary.contains("foreign"),
                "{case}: {summary}"
            );
            assert_eq!(model.calls().len(), 3, "{case}");
            assert!(rig.waits_for().await.is_empty(), "{case}");
        }
    }
}
