//! Webhooks: signature, headers, order, log, redelivery.

use super::rig::{REPO, Rig, SECRET, good_jwt, receiver};
use crate::support::github::options;
use discussions::sandbox::{DeliveryPlan, FileEdit, Hub, NewPull, SandboxOptions, signature};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn signing_gives_githubs_published_vector() {
    let signed = signature("It's a Secret to Everybody", b"Hello, World!").unwrap();
    assert_eq!(
        signed,
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

#[tokio::test]
async fn deliveries_are_signed_over_their_bytes_and_arrive_in_order() {
    let rig = Rig::start().await;
    let (url, inbox) = receiver().await;
    rig.sandbox.set_webhook(&url, SECRET);
    let pr = rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox
        .comment("ann", REPO, pr, "/discuss status")
        .unwrap();
    rig.sandbox
        .push(
            "rob",
            REPO,
            "work",
            "more",
            &[FileEdit::write("a.md", "b\n")],
        )
        .unwrap();
    rig.sandbox.wait_until_idle().await;
    let inbox = inbox.lock().unwrap().clone();
    let seen: Vec<String> = inbox
        .iter()
        .map(|one| {
            let action = one.json()["action"]
                .as_str()
                .map(|action| format!(".{action}"))
                .unwrap_or_default();
            format!("{}{action}", one.header("x-github-event"))
        })
        .collect();
    let expected = [
        "push",
        "check_suite.requested",
        "pull_request.opened",
        "issue_comment.created",
        "push",
        "check_suite.requested",
        "pull_request.synchronize",
    ];
    assert_eq!(seen, expected);
    for one in &inbox {
        assert_eq!(
            one.header("x-hub-signature-256"),
            signature(SECRET, &one.body).unwrap()
        );
        assert_eq!(one.header("content-type"), "application/json");
        assert!(one.header("user-agent").starts_with("GitHub-Hookshot/"));
        assert_eq!(
            one.header("x-github-hook-installation-target-type"),
            "integration"
        );
        assert_eq!(one.json()["installation"]["id"], rig.installation());
        assert_eq!(one.json()["repository"]["full_name"], REPO);
    }
    let guids: BTreeSet<String> = inbox
        .iter()
        .map(|one| one.header("x-github-delivery"))
        .collect();
    assert_eq!(guids.len(), inbox.len(), "every delivery has its own id");
    let moved = inbox.last().unwrap().json();
    assert_eq!(moved["after"], rig.head(pr).as_str());
    assert_eq!(moved["pull_request"]["head"]["sha"], moved["after"]);
    assert_eq!(moved["sender"]["login"], "rob");
}

#[tokio::test]
async fn the_apps_own_writes_come_back_with_its_bot_as_sender() {
    let rig = Rig::start().await;
    let (url, inbox) = receiver().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox.set_webhook(&url, SECRET);
    let answer = rig
        .commit("work", &rig.head(pr), "a.md", "a\nreply\n")
        .await;
    assert_eq!(
        answer["data"]["createCommitOnBranch"]["commit"]["oid"],
        rig.head(pr).as_str()
    );
    rig.check(&rig.head(pr), "discussions", "success").await;
    rig.sandbox.wait_until_idle().await;
    let inbox = inbox.lock().unwrap().clone();
    let events: Vec<String> = inbox
        .iter()
        .map(|one| one.header("x-github-event"))
        .collect();
    assert_eq!(
        events,
        [
            "push",
            "check_suite",
            "pull_request",
            "check_run",
            "check_run"
        ]
    );
    for one in &inbox {
        assert_eq!(
            one.json()["sender"]["login"],
            "orchestrated-discussions[bot]"
        );
        assert_eq!(one.json()["sender"]["type"], "Bot");
    }
    let push = inbox[0].json();
    assert_eq!(
        push["commits"][0]["message"],
        "discuss: security\n\nDiscussions-Job: 1"
    );
    assert_eq!(push["commits"][0]["modified"], serde_json::json!(["a.md"]));
    assert_eq!(
        push["commits"][0]["author"]["username"],
        "orchestrated-discussions[bot]"
    );
}

#[tokio::test]
async fn a_redelivery_repeats_the_guid_and_the_bytes() {
    let rig = Rig::start().await;
    let (url, inbox) = receiver().await;
    rig.sandbox.set_webhook(&url, SECRET);
    rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox.wait_until_idle().await;
    let list = rig
        .call(
            Method::GET,
            "/app/hook/deliveries?per_page=100",
            &good_jwt(),
            None,
        )
        .await
        .ok();
    let opened = list
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["action"] == "opened")
        .unwrap();
    assert_eq!(
        (opened["status"].as_str(), opened["status_code"].as_u64()),
        (Some("OK"), Some(200))
    );
    let path = format!("/app/hook/deliveries/{}/attempts", opened["id"]);
    assert_eq!(
        rig.call(Method::POST, &path, &good_jwt(), None)
            .await
            .status,
        202
    );
    rig.sandbox.wait_until_idle().await;
    let guid = opened["guid"].as_str().unwrap();
    let inbox = inbox.lock().unwrap().clone();
    let attempts: Vec<_> = inbox
        .iter()
        .filter(|one| one.header("x-github-delivery") == guid)
        .collect();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].body, attempts[1].body);
    let detail = format!("/app/hook/deliveries/{}", opened["id"]);
    let detail = rig.call(Method::GET, &detail, &good_jwt(), None).await.ok();
    assert_eq!(detail["request"]["payload"]["action"], "opened");
    let newest = rig
        .call(Method::GET, "/app/hook/deliveries", &good_jwt(), None)
        .await
        .ok();
    assert_eq!(
        (
            newest[0]["guid"].as_str(),
            newest[0]["redelivery"].as_bool()
        ),
        (Some(guid), Some(true))
    );
    assert_ne!(newest[0]["id"], opened["id"]);
}

#[tokio::test]
async fn the_log_is_paged_by_cursor_and_shows_failures() {
    let rig = Rig::start().await;
    rig.sandbox
        .set_webhook("http://127.0.0.1:9/nobody-listens", SECRET);
    let pr = rig.open("work", &[("a.md", "a\n")]);
    for text in ["1", "2", "3", "4", "5"] {
        rig.sandbox.comment("ann", REPO, pr, text).unwrap();
    }
    rig.sandbox.wait_until_idle().await;
    let mut path = "/app/hook/deliveries?per_page=3&status=failure".to_owned();
    let mut guids = Vec::new();
    loop {
        let page = rig.call(Method::GET, &path, &good_jwt(), None).await;
        let link = page.header("link").to_owned();
        for delivery in page.ok().as_array().unwrap() {
            assert_eq!(delivery["status"], "failed to connect to host");
            guids.push(delivery["guid"].as_str().unwrap().to_owned());
        }
        match link.split_once('>') {
            Some((next, _)) => path = next.trim_start_matches('<').to_owned(),
            None => break,
        }
    }
    let logged = rig.sandbox.deliveries();
    assert_eq!(guids.len(), logged.len());
    assert_eq!(
        guids.iter().collect::<BTreeSet<_>>().len(),
        guids.len(),
        "no page repeats another"
    );
}

#[tokio::test]
async fn deliveries_can_be_held_doubled_shuffled_and_lost() {
    let rig = Rig::start().await;
    let (url, inbox) = receiver().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox.set_webhook(&url, SECRET);
    let talk = |rig: &Rig| {
        for number in 0..6 {
            rig.sandbox
                .comment("ann", REPO, pr, &number.to_string())
                .unwrap();
        }
    };
    let received = || -> Vec<String> {
        let taken: Vec<_> = inbox.lock().unwrap().drain(..).collect();
        taken
            .iter()
            .map(|one| one.json()["comment"]["body"].as_str().unwrap().to_owned())
            .collect()
    };
    rig.sandbox.set_deliveries(DeliveryPlan {
        hold: true,
        shuffle: Some(7),
        extra_copies: 1,
        lose: None,
    });
    talk(&rig);
    rig.sandbox.wait_until_idle().await;
    assert_eq!(received(), Vec::<String>::new(), "held");
    rig.sandbox.set_deliveries(DeliveryPlan {
        shuffle: Some(7),
        ..DeliveryPlan::default()
    });
    rig.sandbox.wait_until_idle().await;
    let mut shuffled = received();
    assert!(!shuffled.is_sorted(), "{shuffled:?}");
    shuffled.sort();
    assert_eq!(
        shuffled,
        ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4", "5", "5"]
    );
    rig.sandbox.set_deliveries(DeliveryPlan {
        lose: Some((1_000, 1)),
        ..DeliveryPlan::default()
    });
    talk(&rig);
    rig.sandbox.wait_until_idle().await;
    assert_eq!(received(), Vec::<String>::new(), "lost");
    let lost = rig.sandbox.deliveries().pop().unwrap();
    rig.sandbox.set_deliveries(DeliveryPlan::default());
    assert!(rig.sandbox.redeliver(&lost.guid));
    rig.sandbox.wait_until_idle().await;
    assert_eq!(received(), ["5"], "what was lost can be delivered again");
}

#[tokio::test]
async fn events_the_app_did_not_subscribe_to_or_may_not_see_are_not_sent() {
    let events = BTreeSet::from(["pull_request".to_owned(), "issue_comment".to_owned()]);
    let mut permissions = discussions::sandbox::default_permissions();
    permissions.remove("issues");
    let rig = Rig::with(SandboxOptions {
        events,
        permissions,
        ..options()
    })
    .await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox.comment("ann", REPO, pr, "hello").unwrap();
    let sent: Vec<String> = rig
        .sandbox
        .deliveries()
        .into_iter()
        .map(|delivery| delivery.event)
        .collect();
    assert_eq!(
        sent,
        ["installation", "pull_request"],
        "no push, and no comment without issues"
    );
}

#[tokio::test]
async fn each_act_of_a_person_is_told_with_what_changed() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let comment = rig.sandbox.comment("rob", REPO, pr, "first").unwrap();
    let last = |sandbox: &Hub| -> (String, Value) {
        let delivery = sandbox.deliveries().pop().unwrap();
        (
            delivery.event,
            serde_json::from_slice(&delivery.body).unwrap(),
        )
    };
    rig.sandbox
        .edit_comment("ann", REPO, comment, "second")
        .unwrap();
    let (event, body) = last(&rig.sandbox);
    assert_eq!(
        (event.as_str(), body["action"].as_str()),
        ("issue_comment", Some("edited"))
    );
    assert_eq!(body["changes"]["body"]["from"], "first");
    assert_eq!(
        (
            body["sender"]["login"].as_str(),
            body["comment"]["user"]["login"].as_str()
        ),
        (Some("ann"), Some("rob"))
    );
    assert!(body["issue"]["pull_request"]["url"].is_string());
    assert!(
        rig.sandbox
            .edit_comment("eve", REPO, comment, "mine")
            .is_err(),
        "a stranger may not"
    );
    rig.sandbox.delete_comment("ann", REPO, comment).unwrap();
    assert_eq!(last(&rig.sandbox).1["action"], "deleted");
    let run = rig.check(&rig.head(pr), "discussions", "failure").await;
    let run = run["id"].as_u64().unwrap();
    assert!(
        rig.sandbox
            .press_button("rob", REPO, run, "ask_again")
            .is_err(),
        "it has no button"
    );
    let actions = serde_json::json!({"actions": [{"label": "Ask", "description": "d", "identifier": "ask_again"}]});
    rig.patch(&format!("/repos/octo/demo/check-runs/{run}"), actions)
        .await
        .ok();
    rig.sandbox
        .press_button("rob", REPO, run, "ask_again")
        .unwrap();
    let (_, body) = last(&rig.sandbox);
    assert_eq!(
        (
            body["action"].as_str(),
            body["requested_action"]["identifier"].as_str()
        ),
        (Some("requested_action"), Some("ask_again"))
    );
    assert_eq!(
        body["check_run"]["check_suite"]["head_sha"],
        rig.head(pr).as_str()
    );
    rig.sandbox.rerequest_check("rob", REPO, run).unwrap();
    assert_eq!(last(&rig.sandbox).1["action"], "rerequested");
    rig.sandbox
        .rerequest_suite("rob", REPO, &rig.head(pr))
        .unwrap();
    let (event, body) = last(&rig.sandbox);
    assert_eq!(
        (event.as_str(), body["action"].as_str()),
        ("check_suite", Some("rerequested"))
    );
    for (act, action) in [
        (
            Hub::convert_to_draft as fn(&Hub, &str, &str, u64) -> _,
            "converted_to_draft",
        ),
        (Hub::ready_for_review, "ready_for_review"),
        (Hub::close, "closed"),
        (Hub::reopen, "reopened"),
    ] {
        act(&rig.sandbox, "rob", REPO, pr).unwrap();
        assert_eq!(last(&rig.sandbox).1["action"], action);
    }
    rig.sandbox.rename_repo(REPO, "renamed").unwrap();
    let (event, body) = last(&rig.sandbox);
    assert_eq!(
        (
            event.as_str(),
            body["changes"]["repository"]["name"]["from"].as_str()
        ),
        ("repository", Some("demo"))
    );
}

#[tokio::test]
async fn a_fork_is_told_of_only_through_its_pull_request() {
    let rig = Rig::start().await;
    let fork = rig.sandbox.fork("eve", REPO).unwrap();
    rig.sandbox
        .push(
            "eve",
            &fork,
            "idea",
            "work",
            &[FileEdit::write("b.md", "b\n")],
        )
        .unwrap();
    let before = rig.sandbox.deliveries().len();
    let new = NewPull {
        title: "idea".into(),
        head: "eve:idea".into(),
        ..NewPull::default()
    };
    let pr = rig.sandbox.open_pr("eve", REPO, &new).unwrap();
    rig.sandbox
        .push(
            "eve",
            &fork,
            "idea",
            "more",
            &[FileEdit::write("b.md", "c\n")],
        )
        .unwrap();
    let sent: Vec<String> = rig.sandbox.deliveries()[before..]
        .iter()
        .filter_map(|d| d.action.clone())
        .collect();
    assert_eq!(sent, ["opened", "synchronize"]);
    let stale = rig.commit("idea", &rig.head(pr), "b.md", "d\n").await;
    assert_eq!(
        stale["errors"][0]["type"], "NOT_FOUND",
        "the branch is in the fork"
    );
    rig.sandbox.delete_repo(&fork).unwrap();
    let pull = rig.get(&format!("/repos/octo/demo/pulls/{pr}")).await.ok();
    assert_eq!(pull["head"]["repo"], Value::Null);
}
