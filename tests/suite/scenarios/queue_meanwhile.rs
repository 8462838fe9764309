//! Merge queues while something changes: what was green must not pass as if it still were.

use super::{CACHE, PATH};
use crate::support::rig::{APP, Rig};
use crate::support::scripted::Scripted;
use discussions::sandbox::{
    DEMO_REPO, Fault, FaultKind, Matcher, MergeQueueRules, Oid, Protection, RequiredCheck, Times,
};
use std::sync::Arc;
use std::time::Duration;

/// An App of somebody else's that builds and tests, for as long as a test likes.
const CI: u64 = 99;

impl Rig {
    /// Main has a merge queue, and its groups wait for CI as well.
    fn queue_behind_ci(&self, number: u64) {
        let required = |name: &str, app| RequiredCheck {
            name: name.to_owned(),
            app: Some(app),
        };
        let rules = Protection {
            required_checks: vec![required("discussions", APP), required("ci", CI)],
            merge_queue: Some(MergeQueueRules::default()),
            ..Protection::default()
        };
        self.sandbox.protect(DEMO_REPO, "main", rules).unwrap();
        let head = self.sandbox.pull(DEMO_REPO, number).unwrap().head;
        self.ci_passes(&head);
    }

    fn ci_passes(&self, head: &Oid) {
        self.sandbox
            .foreign_check(DEMO_REPO, CI, head, "ci", "success")
            .unwrap();
    }

    fn is_merged(&self, number: u64) -> bool {
        let pull = self.sandbox.pull(DEMO_REPO, number).unwrap();
        pull.merged.is_some()
    }

    /// Conclusion and title of the newest run on any group; no conclusion while it is in progress.
    fn last_on_a_group(&self) -> (String, String) {
        let (_, conclusion, title) = self.on_groups().pop().expect("a run on a group");
        (conclusion, title)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_job_takes_the_green_of_the_group_back_without_a_sweep() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.decided("prices").await;
    rig.queue_behind_ci(number);
    rig.enqueue(&[number]);
    rig.settle().await;
    assert_eq!(rig.last_on_a_group().0, "success");
    // Whatever is said next cannot be read, and the job is given up.
    let snapshot = Matcher::Graphql("PullRequestSnapshot".to_owned());
    rig.sandbox.fault(Fault {
        times: Times::Next(2),
        ..Fault::once(snapshot, FaultKind::Status(403))
    });
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .comment(
            "ann",
            DEMO_REPO,
            number,
            "/discuss vote reject: no way back",
        )
        .unwrap();
    rig.until_parked(1).await;
    assert!(
        rig.title(number).starts_with("ERROR"),
        "{}",
        rig.title(number)
    );
    rig.until(|| rig.last_on_a_group().0 != "success").await;
    let (conclusion, title) = rig.last_on_a_group();
    assert_ne!(conclusion, "success", "{title}");
    assert!(!rig.is_merged(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_under_another_configuration_of_the_base_does_not_count_in_a_group() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.decided("prices").await;
    // Main asks for two people by now, and nobody told the App.
    rig.hears_nothing();
    rig.configure("gate: {humans: 2}\n").await;
    rig.queue_on_main();
    rig.sandbox.advance(Duration::from_secs(8 * 24 * 60 * 60));
    rig.hears_again();
    assert_eq!(rig.conclusion(number), "success", "by the old rules");
    rig.enqueue(&[number]);
    rig.settle().await;
    let (conclusion, title) = rig.last_on_a_group();
    assert_eq!(conclusion, "action_required", "{title}");
    let why = format!("HELD: #{number} was judged under another configuration");
    assert!(title.starts_with(&why), "{title}");
    assert!(!rig.is_merged(number));
    rig.sweep().await;
    let title = rig.title(number);
    assert!(title.starts_with("DISCUSSING: needs 1 vote"), "{title}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_that_is_recorded_while_the_group_is_read_stops_it() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.decided("prices").await;
    rig.queue_on_main();
    // The answer about the pull request takes its time, and meanwhile somebody objects.
    let snapshot = Matcher::Graphql("PullRequestSnapshot".to_owned());
    let slow = FaultKind::Delay(Duration::from_millis(1_500));
    rig.sandbox.fault(Fault::once(snapshot, slow));
    rig.sandbox.reset_ledger();
    rig.enqueue(&[number]);
    let asked = || {
        let counts = rig.sandbox.ledger().counts();
        counts.contains_key("GRAPHQL PullRequestSnapshot")
    };
    rig.until(asked).await;
    rig.sandbox
        .comment(
            "ann",
            DEMO_REPO,
            number,
            "/discuss vote reject: no way back",
        )
        .unwrap();
    rig.until(|| rig.conclusion(number) == "failure").await;
    rig.settle().await;
    let ended = rig.on_groups();
    assert!(!rig.is_merged(number), "{ended:#?}");
    assert!(
        ended.iter().all(|(_, end, _)| end != "success"),
        "{ended:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_comment_that_could_not_be_written_is_written_by_the_next_sweep() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let before = rig.state_line(number);
    assert_eq!(before, rig.title(number));
    let edit = Matcher::Rest(
        "PATCH".to_owned(),
        "/repos/{owner}/{repo}/issues/comments/{comment_id}".to_owned(),
    );
    rig.sandbox.fault(Fault::once(edit, FaultKind::Status(502)));
    rig.say("ann", number, "/discuss vote reject: no way back")
        .await;
    assert!(rig.title(number).starts_with("REJECTED"));
    assert_eq!(rig.state_line(number), before, "GitHub did not take it");
    rig.sweep().await;
    assert_eq!(rig.state_line(number), rig.title(number));
    rig.sandbox.reset_ledger();
    rig.sweep().await;
    assert!(rig.sandbox.ledger().effects.is_empty(), "once is enough");
    assert!(crate::support::parked(rig.store.as_ref()).await.is_empty());
}
