//! Merge queues: a check on each group, from what was decided about its pull requests.

use super::{CACHE, PATH};
use crate::support::rig::{APP, Rig};
use crate::support::scripted::Scripted;
use discussions::sandbox::{
    CheckRun, DEMO_REPO, DeliveryPlan, EffectKind, FileEdit, MergeQueueRules, NewPull, Oid,
    Protection, RequiredCheck,
};
use std::sync::Arc;
use std::time::Duration;

/// An App of somebody else's that builds and tests.
const CI: u64 = 99;

impl Rig {
    /// Rob opens a pull request of his own branch with some files.
    pub(crate) fn open_branch(&self, branch: &str, base: &str, edits: &[FileEdit]) -> u64 {
        self.sandbox
            .push("rob", DEMO_REPO, branch, "propose", edits)
            .unwrap();
        let new = NewPull {
            title: format!("About {branch}"),
            head: branch.to_owned(),
            base: base.to_owned(),
            ..NewPull::default()
        };
        self.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap()
    }

    /// Rob opens a pull request with a discussion, and it gets green.
    pub(crate) async fn decided(&self, branch: &str) -> u64 {
        let text = CACHE.replace("product", branch);
        let edit = FileEdit::write(&format!("design/{branch}.md"), text);
        let number = self.open_branch(branch, "", &[edit]);
        self.settle().await;
        self.say("ann", number, "/discuss vote ready").await;
        assert_eq!(self.conclusion(number), "success", "{}", self.title(number));
        number
    }

    /// Main gets a merge queue beside the required check.
    pub(crate) fn queue_on_main(&self) {
        let rules = Some(MergeQueueRules::default());
        self.sandbox
            .set_merge_queue(DEMO_REPO, "main", rules)
            .unwrap();
    }

    /// Ann puts pull requests into the queue, one after the other.
    pub(crate) fn enqueue(&self, numbers: &[u64]) {
        for number in numbers {
            self.sandbox.enqueue("ann", DEMO_REPO, *number).unwrap();
        }
    }

    /// From now on no delivery arrives.
    pub(crate) fn hears_nothing(&self) {
        self.sandbox.set_deliveries(DeliveryPlan {
            lose: Some((1_000, 1)),
            ..DeliveryPlan::default()
        });
    }

    /// Deliveries arrive again.
    pub(crate) fn hears_again(&self) {
        self.sandbox.set_deliveries(DeliveryPlan::default());
    }

    /// What was said about groups while nobody listened comes after all.
    async fn groups_arrive(&self) {
        self.hears_again();
        let lost = self.sandbox.deliveries();
        let groups = lost
            .iter()
            .filter(|one| one.event == "merge_group" && one.status_code != 202);
        for group in groups {
            self.sandbox.redeliver(&group.guid);
        }
        self.settle().await;
    }

    /// Numbers in the queue, next first.
    fn queued(&self, base: &str) -> Vec<u64> {
        let queue = self.sandbox.merge_queue(DEMO_REPO, base);
        queue.iter().map(|entry| entry.number).collect()
    }

    /// Commit of the last group of a queue.
    fn last_group(&self, base: &str) -> Oid {
        let queue = self.sandbox.merge_queue(DEMO_REPO, base);
        queue.last().unwrap().group.clone().unwrap().head
    }

    fn merged(&self, number: u64) -> bool {
        let pull = self.sandbox.pull(DEMO_REPO, number).unwrap();
        pull.merged.is_some()
    }

    /// Our runs on commits of groups, oldest first: name, conclusion, title.
    pub(crate) fn on_groups(&self) -> Vec<(String, String, String)> {
        let said = |run: CheckRun| {
            (
                run.name,
                run.conclusion.unwrap_or_default(),
                run.title.unwrap_or_default(),
            )
        };
        self.sandbox.look(|world| {
            let repo = world.repo(world.repo_id(DEMO_REPO).unwrap()).unwrap();
            let of_pulls = |head: &Oid| repo.pulls.values().any(|pull| pull.head == *head);
            let suite_branch = |run: &CheckRun| {
                let suite = repo.check_suites.iter().find(|one| one.id == run.suite);
                suite.and_then(|suite| suite.branch.clone())
            };
            let is_group = |run: &&CheckRun| {
                run.app == APP
                    && !of_pulls(&run.head)
                    && suite_branch(run).is_some_and(|name| name.starts_with("gh-readonly-queue/"))
            };
            let runs = repo.check_runs.iter().filter(is_group);
            runs.cloned().map(said).collect()
        })
    }

    /// The end of our run on a group that says this first.
    fn conclusion_of(&self, title: &str) -> Option<String> {
        let mut said = self.on_groups().into_iter();
        said.find(|(_, _, said)| said.starts_with(title))
            .map(|(_, conclusion, _)| conclusion)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_three_with_one_bad_discussion_merges_the_other_two() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let (first, bad, last) = (
        rig.decided("prices").await,
        rig.decided("stock").await,
        rig.decided("orders").await,
    );
    let calls = model.calls().len();
    rig.queue_on_main();
    rig.hears_nothing();
    rig.enqueue(&[first, bad, last]);
    rig.sandbox.wait_until_idle().await;
    rig.hears_again();
    rig.say("ann", bad, "/discuss vote reject: no way back")
        .await;
    assert_eq!(rig.conclusion(bad), "failure", "{}", rig.title(bad));
    assert_eq!(rig.queued("main"), [first, bad, last]);
    rig.groups_arrive().await;
    let said = rig.on_groups();
    let failed = format!("FAILED: #{bad} failed its own check: About stock");
    assert_eq!(
        rig.conclusion_of(&failed).as_deref(),
        Some("failure"),
        "{said:#?}"
    );
    let others = format!("READY: merge group of #{last}");
    assert_eq!(
        rig.conclusion_of(&others).as_deref(),
        Some("success"),
        "{said:#?}"
    );
    assert!(rig.merged(first) && rig.merged(last) && !rig.merged(bad));
    assert!(rig.queued("main").is_empty(), "{said:#?}");
    assert_eq!(
        model.calls().len(),
        calls,
        "no persona is asked about a group"
    );
    assert!(
        rig.sandbox
            .file(DEMO_REPO, "main", "design/orders.md")
            .is_some()
    );
    assert!(
        rig.sandbox
            .file(DEMO_REPO, "main", "design/stock.md")
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_changed_after_its_green_does_not_pass_in_a_group() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.decided("prices").await;
    // A required check that is not pinned to the App: anybody with write can post a status of that name.
    let rules = Protection {
        required_checks: vec![RequiredCheck {
            name: "discussions".to_owned(),
            app: None,
        }],
        merge_queue: Some(MergeQueueRules::default()),
        ..Protection::default()
    };
    rig.sandbox.protect(DEMO_REPO, "main", rules).unwrap();
    rig.hears_nothing();
    let edit = FileEdit::write("design/prices.md", CACHE.replace("one minute", "one day"));
    let head = rig
        .sandbox
        .push("rob", DEMO_REPO, "prices", "change", &[edit])
        .unwrap();
    rig.sandbox
        .post_status("rob", DEMO_REPO, &head, "discussions", "success")
        .unwrap();
    rig.enqueue(&[number]);
    rig.sandbox.wait_until_idle().await;
    let calls = model.calls().len();
    rig.groups_arrive().await;
    let short = &head.as_str()[..7];
    let title = format!("HELD: #{number} has no verdict for {short} yet");
    let said = rig.on_groups();
    assert_eq!(
        rig.conclusion_of(&title).as_deref(),
        Some("action_required"),
        "{said:#?}"
    );
    assert!(!rig.merged(number) && rig.queued("main").is_empty());
    assert_eq!(model.calls().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_pull_request_changes_in_a_discussion_is_not_what_was_decided() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "replies: review\nrecord: never\n").await;
    rig.push_base("main", &[FileEdit::write(PATH, CACHE)]).await;
    let changes = [
        ("context", "forty rows", "fifty rows"),
        ("requirements", "one minute", "ten seconds"),
    ];
    let mut numbers = Vec::new();
    for (branch, old, new) in changes {
        let edit = FileEdit::write(PATH, CACHE.replace(old, new));
        let number = rig.open_branch(branch, "", &[edit]);
        rig.settle().await;
        rig.say("ann", number, "/discuss vote ready").await;
        assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
        numbers.push(number);
    }
    let [first, second] = numbers[..] else {
        panic!("two")
    };
    rig.queue_on_main();
    rig.enqueue(&[first, second]);
    rig.settle().await;
    let said = rig.on_groups();
    assert!(rig.merged(first), "{said:#?}");
    assert!(!rig.merged(second), "{said:#?}");
    let title = format!("HELD: #{second} would not be merged as it was decided: {PATH}");
    assert_eq!(
        rig.conclusion_of(&title).as_deref(),
        Some("action_required"),
        "{said:#?}"
    );
    assert!(rig.queued("main").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_merge_group_is_found_by_the_sweep() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let edit = FileEdit::write("src/lib.rs", "// code\n");
    let plain = rig.open_branch("code", "", &[edit]);
    let with = rig.decided("prices").await;
    rig.queue_on_main();
    rig.hears_nothing();
    rig.enqueue(&[plain, with]);
    rig.sandbox.wait_until_idle().await;
    // GitHub keeps deliveries for three days, Enterprise Server for seven.
    rig.sandbox.advance(Duration::from_secs(8 * 24 * 60 * 60));
    rig.hears_again();
    assert_eq!(rig.queued("main"), [plain, with]);
    assert!(rig.on_groups().is_empty());
    rig.sweep().await;
    let said: Vec<(String, String)> = rig
        .on_groups()
        .into_iter()
        .map(|(_, conclusion, title)| (conclusion, title))
        .collect();
    let green = |title: String| ("success".to_owned(), title);
    assert_eq!(
        said,
        [
            green(format!("CLEAR: merge group of #{plain}")),
            green(format!("READY: merge group of #{plain}, #{with}")),
        ]
    );
    assert!(rig.merged(plain) && rig.merged(with));
    rig.sandbox.reset_ledger();
    rig.sweep().await;
    assert_eq!(
        rig.count(EffectKind::CheckCreated),
        0,
        "nothing is said twice"
    );
}

/// The check of somebody else's App that a base requires, and our gate in a mode of its own.
struct Beside {
    config: &'static str,
    base: &'static str,
    /// Name of our run on the group; `None`: there is none.
    name: Option<&'static str>,
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_named_as_pull_requests_are_and_off_is_off() {
    let cases = [
        Beside {
            config: "",
            base: "side",
            name: Some("discussions (preview)"),
        },
        Beside {
            config: "gate: {bases: [default, side]}\n",
            base: "side",
            name: Some("discussions"),
        },
        Beside {
            config: "gate: {mode: shadow}\n",
            base: "main",
            name: Some("discussions (shadow)"),
        },
        Beside {
            config: "gate: {mode: off}\n",
            base: "main",
            name: None,
        },
    ];
    for case in cases {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, case.config).await;
        let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
        rig.sandbox
            .create_branch("ann", DEMO_REPO, "side", &main)
            .unwrap();
        let rules = Protection {
            required_checks: vec![RequiredCheck {
                name: "ci".to_owned(),
                app: Some(CI),
            }],
            merge_queue: Some(MergeQueueRules::default()),
            ..Protection::default()
        };
        rig.sandbox.protect(DEMO_REPO, case.base, rules).unwrap();
        let edit = FileEdit::write("src/lib.rs", "// code\n");
        let number = rig.open_branch("code", case.base, &[edit]);
        rig.settle().await;
        let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
        let pass = |head: &Oid| {
            rig.sandbox
                .foreign_check(DEMO_REPO, CI, head, "ci", "success")
                .unwrap();
        };
        pass(&head);
        rig.enqueue(&[number]);
        rig.settle().await;
        let said = rig.on_groups();
        let wanted = case.name.map(|name| {
            let title = format!("CLEAR: merge group of #{number}");
            (name.to_owned(), "success".to_owned(), title)
        });
        assert_eq!(
            said,
            wanted.into_iter().collect::<Vec<_>>(),
            "{}",
            case.config
        );
        assert!(!rig.merged(number), "the queue waits for CI");
        pass(&rig.last_group(case.base));
        rig.settle().await;
        assert!(rig.merged(number), "{}", case.config);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_while_the_queue_waits_takes_the_green_of_its_group_back() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.decided("prices").await;
    let required = |name: &str, app| RequiredCheck {
        name: name.to_owned(),
        app: Some(app),
    };
    let rules = Protection {
        required_checks: vec![required("discussions", APP), required("ci", CI)],
        merge_queue: Some(MergeQueueRules::default()),
        ..Protection::default()
    };
    rig.sandbox.protect(DEMO_REPO, "main", rules).unwrap();
    let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    rig.sandbox
        .foreign_check(DEMO_REPO, CI, &head, "ci", "success")
        .unwrap();
    rig.enqueue(&[number]);
    rig.settle().await;
    let ready = format!("READY: merge group of #{number}");
    assert_eq!(rig.conclusion_of(&ready).as_deref(), Some("success"));
    // "Re-run" on the group's commit gets a run of its own.
    let group = rig.last_group("main");
    let run = rig.sandbox.check_runs(DEMO_REPO, &group).pop().unwrap();
    rig.sandbox
        .rerequest_check("ann", DEMO_REPO, run.id)
        .unwrap();
    rig.settle().await;
    let again = rig.sandbox.check_runs(DEMO_REPO, &group).pop().unwrap();
    assert_ne!(again.id, run.id);
    assert_eq!(again.conclusion.as_deref(), Some("success"));
    assert_eq!(rig.queued("main"), [number], "CI is still at work");
    rig.say("ann", number, "/discuss vote reject: no way back")
        .await;
    let failed = format!("FAILED: #{number} failed its own check");
    let said = rig.on_groups();
    assert_eq!(
        rig.conclusion_of(&failed).as_deref(),
        Some("failure"),
        "{said:#?}"
    );
    assert!(rig.queued("main").is_empty() && !rig.merged(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_cannot_be_read_is_said_so_and_not_passed() {
    use discussions::sandbox::{Fault, FaultKind, Matcher, Times};
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.decided("prices").await;
    rig.queue_on_main();
    let queue = || Matcher::Graphql("MergeQueue".to_owned());
    rig.sandbox
        .fault(Fault::once(queue(), FaultKind::Status(502)));
    rig.enqueue(&[number]);
    rig.settle().await;
    assert!(rig.merged(number), "one bad answer: {:#?}", rig.on_groups());
    let other = rig.decided("stock").await;
    rig.sandbox.fault(Fault {
        times: Times::Next(10_000),
        ..Fault::once(queue(), FaultKind::Status(502))
    });
    rig.enqueue(&[other]);
    rig.settle().await;
    let said = rig.on_groups();
    let title = "HELD: the queue cannot be read";
    assert_eq!(
        rig.conclusion_of(title).as_deref(),
        Some("action_required"),
        "{said:#?}"
    );
    assert!(!rig.merged(other));
}
