//! Comments, reactions and reviews by the App.

use super::rig::{REPO, Rig};
use discussions::sandbox::{EffectKind, ReactionTarget};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_comment_is_written_read_edited_and_deleted() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let list = format!("/repos/octo/demo/issues/{pr}/comments");
    let created = rig
        .post(&list, json!({"body": "<!-- discussions:status --> hello"}))
        .await;
    assert_eq!(created.status, 201);
    let created = created.json();
    let one = format!("/repos/octo/demo/issues/comments/{}", created["id"]);
    assert_eq!(rig.get(&one).await.ok()["body"], created["body"]);
    assert_eq!(
        rig.patch(&one, json!({"body": "edited"})).await.ok()["body"],
        "edited"
    );
    assert_eq!(rig.get(&list).await.ok()[0]["body"], "edited");
    let deleted = rig.call(Method::DELETE, &one, &rig.token, None).await;
    assert_eq!((deleted.status.as_u16(), deleted.bytes.len()), (204, 0));
    assert_eq!(rig.get(&one).await.status, 404);
    assert_eq!(rig.patch(&one, json!({"body": "late"})).await.status, 404);
    for body in [
        json!({}),
        json!({"body": 5}),
        json!({"body": "  "}),
        json!({"body": "x".repeat(65_537)}),
    ] {
        assert_eq!(rig.post(&list, body).await.status, 422);
    }
    assert_eq!(
        rig.post("/repos/octo/demo/issues/99/comments", json!({"body": "x"}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn reacting_twice_is_reacting_once() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let comment = rig
        .sandbox
        .comment("ann", REPO, pr, "/discuss status")
        .unwrap();
    let path = format!("/repos/octo/demo/issues/comments/{comment}/reactions");
    let first = rig.post(&path, json!({"content": "eyes"})).await;
    let again = rig.post(&path, json!({"content": "eyes"})).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(
        rig.post(&path, json!({"content": "rocket"})).await.status,
        201
    );
    assert_eq!(
        rig.post(&path, json!({"content": "thumbs"})).await.status,
        422
    );
    assert_eq!(rig.sandbox.ledger().of(EffectKind::ReactionAdded).len(), 2);
    let bot = "orchestrated-discussions[bot]".to_owned();
    let expected = vec![(bot.clone(), "eyes".to_owned()), (bot, "rocket".to_owned())];
    assert_eq!(
        rig.sandbox
            .reactions(REPO, ReactionTarget::IssueComment(comment)),
        expected
    );
    let shown = rig
        .get(&format!("/repos/octo/demo/issues/comments/{comment}"))
        .await
        .ok();
    assert_eq!(
        (
            shown["reactions"]["eyes"].as_u64(),
            shown["reactions"]["total_count"].as_u64()
        ),
        (Some(1), Some(2))
    );
}

#[tokio::test]
async fn a_review_of_the_app_may_only_touch_files_of_the_diff() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let path = format!("/repos/octo/demo/pulls/{pr}/reviews");
    let review = |file: &str| json!({"event": "COMMENT", "body": "", "comments": [{"path": file, "line": 1, "body": "why?"}]});
    assert_eq!(rig.post(&path, review("elsewhere.md")).await.status, 422);
    assert_eq!(
        rig.post(&path, json!({"event": "COMMENT"})).await.status,
        422,
        "says nothing"
    );
    assert_eq!(
        rig.post(&path, json!({"event": "SHRUG", "body": "x"}))
            .await
            .status,
        422
    );
    let made = rig.post(&path, review("a.md")).await.ok();
    assert_eq!(
        (made["state"].as_str(), made["commit_id"].as_str()),
        (Some("COMMENTED"), Some(rig.head(pr).as_str()))
    );
    let comment = rig.sandbox.pull(REPO, pr).unwrap().review_comments[0].id;
    let reaction = format!("/repos/octo/demo/pulls/comments/{comment}/reactions");
    assert_eq!(
        rig.post(&reaction, json!({"content": "confused"}))
            .await
            .status,
        201
    );
    let listed = rig
        .get(&format!("/repos/octo/demo/pulls/{pr}/comments"))
        .await
        .ok();
    assert_eq!(
        (
            listed[0]["path"].as_str(),
            listed[0]["reactions"]["confused"].as_u64()
        ),
        (Some("a.md"), Some(1))
    );
}

#[tokio::test]
async fn a_deleted_account_leaves_no_user_behind() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let comment = rig.sandbox.comment("eve", REPO, pr, "bye").unwrap();
    rig.sandbox.delete_account("eve").unwrap();
    let shown = rig
        .get(&format!("/repos/octo/demo/issues/comments/{comment}"))
        .await
        .ok();
    assert!(shown["user"].is_null());
}

#[tokio::test]
async fn a_locked_conversation_is_closed_to_strangers() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox.set_locked("ann", REPO, pr, true).unwrap();
    assert!(rig.sandbox.comment("eve", REPO, pr, "hello?").is_err());
    assert!(rig.sandbox.comment("ann", REPO, pr, "yes").is_ok());
}
