//! Check runs: the limits GitHub enforces and what reads give.

use super::rig::{REPO, Rig};
use reqwest::Method;
use serde_json::{Value, json};

const RUNS: &str = "/repos/octo/demo/check-runs";

fn annotation() -> Value {
    json!({"path": "a.md", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "look"})
}

fn action(label: &str) -> Value {
    json!({"label": label, "description": "Asks again.", "identifier": "ask_again"})
}

/// A body that GitHub takes, changed at one place.
fn body(head: &str, pointer: &str, value: Value) -> Value {
    let mut body = json!({
        "name": "discussions",
        "head_sha": head,
        "output": {"title": "t", "summary": "s", "annotations": [annotation()]},
        "actions": [action("Ask again")],
    });
    match pointer.rsplit_once('/') {
        Some((parent, name)) => body.pointer_mut(parent).unwrap()[name] = value,
        None => assert!(value.is_null()),
    }
    body
}

#[tokio::test]
async fn limits_of_a_check_run_are_refused_one_step_beyond_and_taken_at_the_edge() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let head = rig.head(pr);
    let emoji = |bytes: usize| json!("🙂".repeat(bytes / 4));
    let cases = [
        ("", json!(null), 201),
        ("/output/annotations", json!(vec![annotation(); 50]), 201),
        ("/output/annotations", json!(vec![annotation(); 51]), 422),
        ("/output/summary", json!("x".repeat(65_535)), 201),
        ("/output/summary", json!("x".repeat(65_536)), 422),
        ("/output/summary", emoji(65_532), 201),
        ("/output/summary", emoji(65_536), 422),
        ("/output/text", json!("x".repeat(65_536)), 422),
        ("/output/title", json!(null), 422),
        ("/actions", json!(vec![action("Ask"); 3]), 201),
        ("/actions", json!(vec![action("Ask"); 4]), 422),
        ("/actions", json!([action("twenty characters ok")]), 201),
        ("/actions", json!([action("twenty-one characters")]), 422),
        (
            "/actions",
            json!([{"label": "a", "description": "x".repeat(41), "identifier": "i"}]),
            422,
        ),
        (
            "/actions",
            json!([{"label": "a", "description": "d", "identifier": "i".repeat(21)}]),
            422,
        ),
        ("/status", json!("completed"), 422),
        ("/status", json!("in_progress"), 201),
        ("/status", json!("done"), 422),
        ("/conclusion", json!("success"), 201),
        ("/conclusion", json!("green"), 422),
        ("/conclusion", json!("stale"), 422),
        ("/completed_at", json!("2026-01-01T00:00:00Z"), 422),
        ("/started_at", json!("yesterday"), 422),
        ("/head_sha", json!(null), 422),
        (
            "/head_sha",
            json!("0123456789012345678901234567890123456789"),
            422,
        ),
        ("/head_sha", json!(&head.as_str()[..7]), 422),
        ("/name", json!(null), 422),
        ("/output/annotations", json!([{"path": "a.md"}]), 422),
        (
            "/output/annotations",
            json!([{"path": "a.md", "start_line": 0, "end_line": 0, "annotation_level": "warning", "message": "m"}]),
            422,
        ),
    ];
    for (pointer, value, status) in cases {
        let shown = value.to_string();
        let reply = rig.post(RUNS, body(head.as_str(), pointer, value)).await;
        let shown = shown.get(..60).unwrap_or(&shown);
        assert_eq!(
            reply.status.as_u16(),
            status,
            "{pointer} {shown}: {}",
            reply.json()
        );
        if status == 422 {
            assert!(reply.json()["message"].is_string());
        }
    }
}

#[tokio::test]
async fn updates_add_annotations_and_a_conclusion_completes() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let created = rig
        .post(RUNS, body(rig.head(pr).as_str(), "", Value::Null))
        .await
        .ok();
    assert_eq!(
        (created["status"].as_str(), &created["conclusion"]),
        (Some("queued"), &Value::Null)
    );
    let path = format!("{RUNS}/{}", created["id"]);
    let more = json!({"conclusion": "failure", "output": {"title": "t", "summary": "s", "annotations": vec![annotation(); 50]}});
    let updated = rig.patch(&path, more).await.ok();
    assert_eq!(updated["status"], "completed");
    assert_eq!(updated["conclusion"], "failure");
    assert!(updated["completed_at"].is_string());
    assert_eq!(updated["output"]["annotations_count"], 51);
    let listed = rig
        .get(&format!("{path}/annotations?per_page=100"))
        .await
        .ok();
    assert_eq!(listed.as_array().unwrap().len(), 51);
}

#[tokio::test]
async fn listing_gives_the_newest_of_each_name_unless_all_are_asked_for() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let head = rig.head(pr);
    rig.check(&head, "discussions", "success").await;
    let newest = rig.check(&head, "discussions", "failure").await;
    rig.check(&head, "other", "success").await;
    rig.sandbox
        .foreign_check(REPO, 99, &head, "discussions", "success")
        .unwrap();
    let list = async |query: &str| {
        rig.get(&format!(
            "/repos/octo/demo/commits/{head}/check-runs{query}"
        ))
        .await
        .ok()
    };
    assert_eq!(list("").await["total_count"], 3);
    assert_eq!(list("?filter=all").await["total_count"], 4);
    let own = list("?check_name=discussions&app_id=4711").await;
    assert_eq!(own["total_count"], 1);
    assert_eq!(own["check_runs"][0]["id"], newest["id"]);
    assert_eq!(own["check_runs"][0]["app"]["id"], 4711);
    assert_eq!(
        list("?check_name=discussions&app_id=99").await["total_count"],
        1
    );
}

#[tokio::test]
async fn another_apps_run_cannot_be_changed() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let foreign = rig
        .sandbox
        .foreign_check(REPO, 99, &rig.head(pr), "discussions", "failure")
        .unwrap();
    let refused = rig
        .patch(
            &format!("{RUNS}/{foreign}"),
            json!({"conclusion": "success"}),
        )
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        rig.patch(&format!("{RUNS}/1"), json!({"conclusion": "success"}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn pull_requests_of_forks_are_left_out_of_check_runs() {
    let rig = Rig::start().await;
    let own = rig.open("work", &[("a.md", "a\n")]);
    let fork = rig.sandbox.fork("eve", REPO).unwrap();
    let edits = [discussions::sandbox::FileEdit::write("b.md", "b\n")];
    rig.sandbox
        .push("eve", &fork, "idea", "work", &edits)
        .unwrap();
    let new = discussions::sandbox::NewPull {
        title: "x".into(),
        head: "eve:idea".into(),
        ..Default::default()
    };
    let foreign = rig.sandbox.open_pr("eve", REPO, &new).unwrap();
    let on_own = rig.check(&rig.head(own), "discussions", "success").await;
    assert_eq!(on_own["pull_requests"][0]["number"], own);
    let on_fork = rig
        .check(&rig.head(foreign), "discussions", "success")
        .await;
    assert_eq!(on_fork["pull_requests"], json!([]));
    let found = rig
        .get(&format!(
            "/repos/octo/demo/commits/{}/pulls",
            rig.head(foreign)
        ))
        .await
        .ok();
    assert_eq!(found[0]["number"], foreign);
    assert_eq!(found[0]["head"]["label"], "eve:idea");
}

#[tokio::test]
async fn the_ledger_counts_requests_by_route_and_effects_one_by_one() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox.reset_ledger();
    rig.check(&rig.head(pr), "discussions", "success").await;
    rig.get("/repos/octo/demo").await.ok();
    rig.get("/repos/octo/demo").await.ok();
    rig.graphql("query Limits { rateLimit { cost } }", json!({}))
        .await;
    let refused = rig.call(Method::GET, "/repos/octo/demo", "", None).await;
    let ledger = rig.sandbox.ledger();
    let counts = ledger.counts();
    assert_eq!(counts["POST /repos/{owner}/{repo}/check-runs"], 1);
    assert_eq!(counts["GET /repos/{owner}/{repo}"], 3);
    assert_eq!(counts["GRAPHQL Limits"], 1);
    assert_eq!(ledger.effects.len(), 1);
    assert_eq!(ledger.effects[0].data["conclusion"], "success");
    let last = ledger.requests.last().unwrap();
    assert_eq!(
        (last.status, last.id.as_str()),
        (401, refused.header("x-github-request-id"))
    );
    assert!(
        refused
            .header("x-ratelimit-remaining")
            .parse::<u64>()
            .unwrap()
            > 4_000
    );
}
