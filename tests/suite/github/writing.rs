//! Commits, check runs, comments, reactions: the requests as GitHub documents them.

use super::double::{Asked, Double, Reply, pr, sha};
use discussions::forge::{
    Annotation, AnnotationLevel, CheckButton, CheckRun, CommitRequest, Conclusion, ForgeWrite,
    Reaction, ReactionTarget,
};
use serde_json::{Value, json};

fn check(conclusion: Option<Conclusion>, annotations: usize) -> CheckRun {
    let annotation = |line| Annotation {
        path: "design/cache.md".to_owned(),
        line,
        level: AnnotationLevel::Warning,
        title: "open".to_owned(),
        message: format!("concern {line}"),
    };
    CheckRun {
        name: "discussions".to_owned(),
        head: sha('a'),
        conclusion,
        title: "CHANGES".to_owned(),
        summary: "one of three".to_owned(),
        annotations: (1..=annotations).map(annotation).collect(),
        buttons: vec![CheckButton {
            label: "Ask again".to_owned(),
            description: "Ask the panel".to_owned(),
            identifier: "ask_again".to_owned(),
        }],
        external_id: "d1:7".to_owned(),
        details_url: None,
    }
}

async fn checks_double() -> Double {
    Double::start(|asked| match asked.method.as_str() {
        "PATCH" => Some(Reply::json(json!({ "id": 61 }))),
        _ if asked.target.ends_with("/check-runs") => Some(Reply::new(201, r#"{"id":61}"#)),
        _ => None,
    })
    .await
}

fn lines_of(asked: &Asked) -> Vec<u64> {
    let annotations = asked.body["output"]["annotations"].as_array().unwrap();
    annotations
        .iter()
        .map(|one| one["start_line"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_check_in_progress_has_no_conclusion() {
    let double = checks_double().await;
    assert_eq!(
        double
            .github()
            .create_check(&pr(), &check(None, 1))
            .await
            .unwrap(),
        61
    );
    let calls = double.calls();
    assert_eq!(double.lines(), ["POST /repos/octo-team/notes/check-runs"]);
    let mut body = calls[0].body.clone();
    assert!(body["started_at"].take().as_str().unwrap().ends_with('Z'));
    assert_eq!(
        body,
        json!({
            "name": "discussions",
            "head_sha": "a".repeat(40),
            "status": "in_progress",
            "started_at": null,
            "external_id": "d1:7",
            "output": {
                "title": "CHANGES",
                "summary": "one of three",
                "annotations": [{
                    "path": "design/cache.md",
                    "start_line": 1,
                    "end_line": 1,
                    "annotation_level": "warning",
                    "title": "open",
                    "message": "concern 1",
                }],
            },
            "actions": [{
                "label": "Ask again",
                "description": "Ask the panel",
                "identifier": "ask_again",
            }],
        })
    );
}

#[tokio::test]
async fn annotations_go_out_by_fifty_and_the_conclusion_with_the_last() {
    let double = checks_double().await;
    let github = double.github();
    github
        .create_check(&pr(), &check(Some(Conclusion::Success), 120))
        .await
        .unwrap();
    github
        .update_check(&pr(), 61, &check(Some(Conclusion::Failure), 51))
        .await
        .unwrap();
    github
        .update_check(&pr(), 61, &check(Some(Conclusion::ActionRequired), 0))
        .await
        .unwrap();
    let calls = double.calls();
    let summary: Vec<_> = calls
        .iter()
        .map(|asked| {
            let lines = lines_of(asked);
            let body = &asked.body;
            (
                asked.method.as_str(),
                lines.first().copied(),
                lines.len(),
                body["status"].clone(),
                body["conclusion"].clone(),
            )
        })
        .collect();
    let (open, done) = (json!("in_progress"), json!("completed"));
    assert_eq!(
        summary,
        [
            ("POST", Some(1), 50, open.clone(), Value::Null),
            ("PATCH", Some(51), 50, open.clone(), Value::Null),
            ("PATCH", Some(101), 20, done.clone(), json!("success")),
            ("PATCH", Some(1), 50, open, Value::Null),
            ("PATCH", Some(51), 1, done.clone(), json!("failure")),
            ("PATCH", None, 0, done, json!("action_required")),
        ]
    );
    assert_eq!(calls[5].target, "/repos/octo-team/notes/check-runs/61");
}

#[tokio::test]
async fn a_commit_names_the_head_it_builds_on_and_no_author() {
    let double = Double::start(|asked| {
        let created = json!({ "createCommitOnBranch": { "commit": { "oid": "b".repeat(40) } } });
        (asked.target == "/graphql").then(|| Reply::data(created))
    })
    .await;
    let request = CommitRequest {
        branch: "feature/ä b".to_owned(),
        expected_head: sha('a'),
        headline: "discuss: security on Cache".to_owned(),
        body: "Discussions-Job: 1".to_owned(),
        files: vec![("design/cache.md".to_owned(), b"\xefx\r\n".to_vec())],
    };
    let head = double.github().commit(&pr(), &request).await.unwrap();
    assert_eq!(head, sha('b'));
    assert_eq!(
        double.calls()[0].body["variables"]["input"],
        json!({
            "branch": {
                "repositoryNameWithOwner": "octo-team/notes",
                "branchName": "feature/ä b",
            },
            "message": { "headline": "discuss: security on Cache", "body": "Discussions-Job: 1" },
            "expectedHeadOid": "a".repeat(40),
            "fileChanges": { "additions": [{ "path": "design/cache.md", "contents": "73gNCg==" }] },
        })
    );
}

#[tokio::test]
async fn comments_and_reactions_go_where_they_belong() {
    let double = Double::start(|asked| {
        let minting = asked.target.ends_with("/access_tokens");
        (!minting).then(|| Reply::new(201, r#"{"id":9,"data":{}}"#))
    })
    .await;
    let github = double.github();
    let pr = pr();
    assert_eq!(github.comment(&pr, "hello").await.unwrap().id, 9);
    github.edit_comment(&pr, 9, "bye").await.unwrap();
    let (issue, review) = (
        ReactionTarget::IssueComment(3),
        ReactionTarget::ReviewComment(4),
    );
    github.react(&pr, issue, Reaction::Eyes).await.unwrap();
    github.react(&pr, review, Reaction::Rocket).await.unwrap();
    github.minimize(&pr, "IC_9").await.unwrap();
    let folded = double.calls().pop().unwrap().body;
    assert_eq!(folded["variables"], json!({ "comment": "IC_9" }));
    let query = folded["query"].as_str().unwrap();
    assert!(query.contains("classifier: OUTDATED"), "{query}");
    let got: Vec<_> = double
        .calls()
        .iter()
        .take(4)
        .map(|asked| format!("{} {}", asked.line(), asked.body))
        .collect();
    assert_eq!(
        got,
        [
            r#"POST /repos/octo-team/notes/issues/7/comments {"body":"hello"}"#,
            r#"PATCH /repos/octo-team/notes/issues/comments/9 {"body":"bye"}"#,
            r#"POST /repos/octo-team/notes/issues/comments/3/reactions {"content":"eyes"}"#,
            r#"POST /repos/octo-team/notes/pulls/comments/4/reactions {"content":"rocket"}"#,
        ]
    );
}
