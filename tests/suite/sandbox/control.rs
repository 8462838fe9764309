//! The control routes and the pages.

use super::rig::{REPO, Rig};
use reqwest::Method;
use serde_json::{Value, json};

async fn control(rig: &Rig, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/_sandbox{path}", rig.sandbox.web_url());
    let reply = rig.call(Method::POST, &url, "", Some(body)).await;
    (reply.status.as_u16(), reply.json())
}

#[tokio::test]
async fn a_story_can_be_told_with_curl_alone() {
    let rig = Rig::start().await;
    let files = json!({"design/cache.md": "<!-- DISCUSSION -->\n\nCache?\n"});
    let (status, opened) = control(&rig, "/pulls", json!({"title": "Cache", "files": files})).await;
    assert_eq!(
        (status, opened["number"].as_u64()),
        (200, Some(1)),
        "{opened}"
    );
    let steps = [
        (
            "/push",
            json!({"files": {"design/cache.md": "<!-- DISCUSSION -->\n\nCache!\n"}}),
            200,
        ),
        (
            "/comment",
            json!({"as": "ann", "number": 1, "body": "/discuss status"}),
            200,
        ),
        (
            "/review",
            json!({"as": "ann", "number": 1, "event": "APPROVE"}),
            200,
        ),
        (
            "/review",
            json!({"as": "ann", "number": 1, "event": "SHRUG"}),
            422,
        ),
        ("/merge", json!({"as": "ann", "number": 1}), 422),
        (
            "/comment",
            json!({"as": "nobody", "number": 1, "body": "x"}),
            422,
        ),
        ("/comment", json!({"wrong": 1}), 400),
        ("/nothing", json!({}), 404),
        ("/draft", json!({"number": 1}), 200),
        ("/ready", json!({"number": 1}), 200),
    ];
    for (path, body, expected) in steps {
        let (status, answer) = control(&rig, path, body.clone()).await;
        assert_eq!(status, expected, "{path} {body}: {answer}");
    }
    rig.check(&rig.head(1), "discussions", "success").await;
    assert_eq!(
        control(&rig, "/merge", json!({"as": "ann", "number": 1}))
            .await
            .0,
        200
    );
    let state = rig
        .get(&format!("{}/_sandbox/state", rig.sandbox.web_url()))
        .await
        .ok();
    let pull = &state["repositories"][0]["pulls"][0];
    assert_eq!(
        (
            pull["merged"].as_bool(),
            pull["checks"][0]["conclusion"].as_str()
        ),
        (Some(true), Some("success"))
    );
    let ledger = rig
        .get(&format!("{}/_sandbox/ledger", rig.sandbox.web_url()))
        .await
        .ok();
    assert_eq!(ledger["effects"][0]["kind"], "check_created");
}

#[tokio::test]
async fn faults_can_be_armed_over_http() {
    let rig = Rig::start().await;
    let fault =
        json!({"match": "GET /repos/{owner}/{repo}", "kind": "status", "status": 503, "times": 2});
    assert_eq!(control(&rig, "/faults", fault).await.0, 200);
    assert_eq!(rig.get("/repos/octo/demo").await.status, 503);
    assert_eq!(rig.get("/repos/octo/demo/pulls").await.status, 200);
    assert_eq!(control(&rig, "/faults/clear", json!({})).await.0, 200);
    assert_eq!(rig.get("/repos/octo/demo").await.status, 200);
    assert_eq!(
        control(&rig, "/faults", json!({"match": "any", "kind": "meteor"}))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn a_foreign_page_cannot_act_on_the_sandbox() {
    let rig = Rig::start().await;
    let url = format!("{}/_sandbox/comment", rig.sandbox.web_url());
    let form = rig
        .http
        .post(url)
        .header("content-type", "text/plain")
        .body(r#"{"number":1,"body":"x"}"#);
    assert_eq!(form.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn pages_show_the_pull_request_and_escape_everything() {
    let rig = Rig::start().await;
    let evil = "<script>alert(1)</script>\" onload='x'&";
    let pr = rig.open("work", &[("a.md", evil)]);
    rig.sandbox.comment("eve", REPO, pr, evil).unwrap();
    let edit = discussions::sandbox::PullEdit {
        title: Some(evil.to_owned()),
        ..Default::default()
    };
    rig.sandbox.edit_pr("rob", REPO, pr, &edit).unwrap();
    let body = json!({"name": "discussions", "head_sha": rig.head(pr).as_str(), "output": {"title": evil, "summary": evil}});
    rig.post("/repos/octo/demo/check-runs", body).await.ok();
    let web = rig.sandbox.web_url();
    for page in [
        format!("{web}/"),
        format!("{web}/octo/demo/pull/{pr}"),
        format!("{web}/octo/demo/blob/work/a.md"),
    ] {
        let reply = rig.call(Method::GET, &page, "", None).await;
        assert_eq!(reply.status, 200, "{page}");
        assert!(
            reply
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        let html = String::from_utf8(reply.bytes).unwrap();
        assert!(!html.contains("<script"), "{page}");
        // As text it may stand there; inside a tag it would be an attribute.
        for (at, _) in html.match_indices("onload='") {
            let (open, close) = (html[..at].rfind('<'), html[..at].rfind('>'));
            assert!(open < close, "{page}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)"), "{page}");
    }
    let missing = rig
        .call(Method::GET, &format!("{web}/octo/demo/pull/99"), "", None)
        .await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn a_conversation_on_a_line_can_be_had_by_hand() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "one\ntwo\n")]);
    let on_line = |line: u64| json!({"as": "ann", "number": pr, "path": "a.md", "line": line, "body": "why?"});
    let outside = control(&rig, "/review", on_line(3)).await;
    assert_eq!(outside.0, 422);
    assert_eq!(control(&rig, "/review", on_line(2)).await.0, 200);
    let shown = async || {
        let url = format!("{}/_sandbox/state", rig.sandbox.web_url());
        let state = rig.get(&url).await.ok();
        state["repositories"][0]["pulls"][0]["review_comments"].clone()
    };
    let id = shown().await[0]["id"].clone();
    let reply = json!({"number": pr, "id": id, "body": "because"});
    assert_eq!(control(&rig, "/reply", reply).await.0, 200);
    assert_eq!(shown().await[1]["in_reply_to_id"], id);
    let page = format!("{}/octo/demo/pull/{pr}", rig.sandbox.web_url());
    let note = async || {
        let reply = rig.call(Method::GET, &page, "", None).await;
        String::from_utf8(reply.bytes).unwrap()
    };
    assert!(!note().await.contains("a.md:2, resolved"));
    assert_eq!(control(&rig, "/resolve", json!({"id": id})).await.0, 200);
    assert!(note().await.contains("a.md:2, resolved"));
    assert_eq!(control(&rig, "/unresolve", json!({"id": id})).await.0, 200);
    assert!(!note().await.contains("a.md:2, resolved"));
    let stranger = json!({"as": "eve", "id": id});
    assert_eq!(control(&rig, "/resolve", stranger).await.0, 422);
}
