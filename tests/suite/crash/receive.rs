//! `discussions receive`: a delivery that was saved is put through the App by hand.

use super::{CHECKS, rest};
use crate::cli::{Folder, Ran};
use crate::support::fixture;
use crate::support::stand::{Left, Stand};
use discussions::sandbox::{DEMO_REPO, DeliveryPlan, EffectKind, Fault, FaultKind, FileEdit};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Saves the body of the newest delivery of that event; gives its file and its id.
fn save(stand: &Stand, event: &str, action: &str) -> (PathBuf, String) {
    let log = stand.sandbox.deliveries();
    let delivery = log
        .iter()
        .rev()
        .find(|delivery| delivery.event == event && delivery.action.as_deref() == Some(action))
        .unwrap();
    let path = stand.path(&format!("{event}.json"));
    fs::write(&path, delivery.body.as_slice()).unwrap();
    (path, delivery.guid.clone())
}

fn receive(stand: &Stand, file: &Path, more: &[&str]) -> Ran {
    let file = file.display().to_string();
    let mut arguments = vec!["receive", &file];
    arguments.extend(more);
    let mut command = stand.program(&arguments);
    Ran(command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_never_arrived_is_made_up_for_by_hand_and_only_once() {
    let stand = Stand::build().await;
    let number = stand.propose();
    stand.sandbox.wait_until_idle().await;
    let (file, guid) = save(&stand, "pull_request", "opened");
    receive(
        &stand,
        &file,
        &["--event", "pull_request", "--delivery", &guid],
    )
    .exits(0)
    .says(&[
        "pull_request: a job for octo/demo#1 (opened), delivery",
        "  check `discussions` on ",
        "in_progress",
        "  commit on topic over ",
        ": failure, CHANGES",
        "\ndone\n",
    ]);
    assert_eq!(stand.left(number), Left::after_one_round());
    receive(
        &stand,
        &file,
        &["--event", "pull_request", "--delivery", &guid],
    )
    .exits(0)
    .says(&["taken in before", "leave --delivery out"]);
    // With a new id it is a new delivery, and there is nothing new to say.
    let again = receive(&stand, &file, &["--event", "pull_request"]).exits(0);
    assert!(!again.stdout().contains("commit on"), "{}", again.stdout());
    assert_eq!(stand.left(number), Left::after_one_round());
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_running_server_one_of_the_two_does_the_work() {
    let mut stand = Stand::start().await;
    stand.sandbox.set_deliveries(DeliveryPlan {
        hold: true,
        ..DeliveryPlan::default()
    });
    let number = stand.propose();
    let (file, guid) = save(&stand, "pull_request", "opened");
    receive(
        &stand,
        &file,
        &["--event", "pull_request", "--delivery", &guid],
    )
    .exits(0)
    .says(&["a server uses this database", "done"]);
    assert_eq!(stand.left(number), Left::after_one_round());
    // The server takes the late delivery for what it is, and goes on with the others.
    stand.sandbox.set_deliveries(DeliveryPlan::default());
    stand.settle(number).await;
    assert_eq!(stand.left(number), Left::after_one_round());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_github_refuses_is_parked_and_the_answer_is_no() {
    let stand = Stand::build().await;
    stand.propose();
    stand.sandbox.wait_until_idle().await;
    let (file, _) = save(&stand, "pull_request", "opened");
    let refuses = Fault::once(rest("POST", CHECKS), FaultKind::Status(422));
    stand.sandbox.fault(refuses);
    receive(&stand, &file, &["--event", "pull_request"])
        .exits(1)
        .says(&["parked: job "]);
    assert_eq!(stand.count(EffectKind::Commit), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_while_it_waits_it_leaves_the_job_in_the_queue() {
    let stand = Stand::build().await;
    let number = stand.propose();
    stand.sandbox.wait_until_idle().await;
    let (file, _) = save(&stand, "pull_request", "opened");
    receive(&stand, &file, &["--event", "pull_request"]).exits(0);
    let patient = FileEdit::write(".github/discussions.yml", "on: {quiet: 5m}\n");
    stand
        .sandbox
        .push("ann", DEMO_REPO, "main", "wait", &[patient])
        .unwrap();
    stand.propose_again(number);
    stand.sandbox.wait_until_idle().await;
    let (file, _) = save(&stand, "pull_request", "synchronize");
    let arguments = [
        "receive",
        &file.display().to_string(),
        "--event",
        "pull_request",
    ];
    let mut child = stand
        .program(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    stand
        .until("it waits", || stand.log().contains("waits "))
        .await;
    let kill = format!("kill -TERM {}", child.id());
    std::process::Command::new("sh")
        .args(["-c", &kill])
        .status()
        .unwrap();
    let mut ended = None;
    stand
        .until("it ends", || {
            ended = child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
    Ran(child.wait_with_output().unwrap())
        .exits(130)
        .says(&["stopped: what is not done stays in the queue"]);
    assert_eq!(stand.queued().await, 1);
}

#[test]
fn a_dry_run_says_what_a_delivery_would_become_and_needs_no_settings() {
    let cases = [
        (
            "pull_request.opened",
            "pull_request: a job for ",
            "(opened)",
        ),
        (
            "pull_request.labeled",
            "pull_request: nothing to do: ",
            "`labeled`",
        ),
        (
            "issue_comment.created-on-plain-issue",
            "nothing to do: ",
            "no pull request",
        ),
        (
            "check_run.rerequested",
            "check_run: a job for ",
            "(rerequested)",
        ),
        ("push.branch", "push: a job for ", "(survey)"),
        ("ping.hook", "ping: nothing to do: ping", ""),
    ];
    for (name, says, and) in cases {
        let body = fixture(&format!("deliveries/{name}.json"));
        let folder = Folder::with(&[("d.json", body.as_bytes())]);
        let event = name.split('.').next().unwrap();
        folder
            .run(&["receive", "d.json", "--event", event, "--dry-run"])
            .exits(0)
            .says(&[says, and]);
        assert_eq!(
            fs::read_dir(folder.path("")).unwrap().count(),
            1,
            "nothing is written"
        );
    }
}

#[test]
fn what_is_no_such_delivery_is_refused_with_the_way_out() {
    let opened = fixture("deliveries/pull_request.opened.json");
    let whole = format!(
        r#"{{"id": 1, "event": "pull_request", "request": {{"headers": {{}}, "payload": {opened}}}}}"#
    );
    let cases = [
        (
            opened.as_str(),
            "pull_requests",
            "the event `pull_requests` is not one",
            "did you mean `pull_request`?",
        ),
        (
            &opened,
            "issue_comment",
            "looks like the body of `pull_request`, not of `issue_comment`",
            "--event pull_request",
        ),
        (
            "{\n\"action\": ",
            "pull_request",
            "d.json:2: this is not JSON",
            "without its headers",
        ),
        ("[1]", "pull_request", "no payload", "Save the payload"),
        (
            &whole,
            "pull_request",
            "with its headers and answer",
            "jq .request.payload d.json",
        ),
    ];
    for (body, event, says, hint) in cases {
        let folder = Folder::with(&[("d.json", body.as_bytes())]);
        for more in [&["--dry-run"][..], &[]] {
            let arguments = [&["receive", "d.json", "--event", event], more].concat();
            folder.run(&arguments).exits(2).says(&[says, hint]);
        }
    }
    let folder = Folder::with(&[("d.json", opened.as_bytes())]);
    folder
        .run(&["receive", "d.json", "--event", "pull_request"])
        .exits(2)
        .says(&["APP_ID", "--dry-run"]);
    folder
        .run(&["receive", "d.json", "--event", "push", "--delivery", "7"])
        .exits(2)
        .says(&["--delivery"]);
    folder
        .run(&["receive", "no.json", "--event", "push"])
        .exits(2)
        .says(&["no.json"]);
}

#[test]
fn every_sample_looks_like_its_own_event_or_like_none() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/deliveries");
    let (mut all, mut known) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(body) = serde_json::from_slice(&fs::read(&path).unwrap()) else {
            continue;
        };
        let likely = discussions::forge::event::likely_event(&body);
        assert!(
            likely.is_none_or(|event| name.starts_with(&format!("{event}."))),
            "{name}: {likely:?}"
        );
        all += 1;
        known += usize::from(likely.is_some());
    }
    assert!(all >= 40 && known * 10 >= all * 8, "{known} of {all}");
}
