//! Reviews with comments on lines, their conversations, and the rules of branches.

use super::rig::{REPO, Rig};
use discussions::sandbox::{
    EffectKind, FileEdit, LineComment, NewPull, Protection, ReactionTarget, ReviewState, Role,
    RuleForm,
};
use serde_json::{Value, json};

const THREADS: &str = include_str!("../../../src/forge/github/threads.graphql");
const RESOLVE: &str = include_str!("../../../src/forge/github/resolve.graphql");
const REACT: &str = include_str!("../../../src/forge/github/react.graphql");
const RULES: &str = include_str!("../../../src/forge/github/rules.graphql");

/// Twenty lines; the pull request changes line 10.
fn text(tenth: &str) -> String {
    let line = |number: usize| match number {
        10 => tenth.to_owned(),
        other => format!("line {other}"),
    };
    (1..=20).map(line).collect::<Vec<_>>().join("\n") + "\n"
}

async fn with_long_file() -> (Rig, u64) {
    let rig = Rig::start().await;
    let base = [FileEdit::write("long.md", text("line 10"))];
    rig.sandbox
        .push("octo", REPO, "main", "base", &base)
        .unwrap();
    let pr = rig.open("work", &[("long.md", &text("changed")), ("new.md", "a\n")]);
    (rig, pr)
}

fn review(path: &str, line: Value) -> Value {
    json!({"event": "COMMENT", "body": "round 1", "comments": [
        {"path": path, "line": line, "side": "RIGHT", "body": "why?"},
    ]})
}

async fn threads(rig: &Rig, pr: u64) -> Vec<Value> {
    let variables = json!({"owner": "octo", "name": "demo", "number": pr, "after": null});
    let answer = rig.graphql(THREADS, variables).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let threads = &answer["data"]["repository"]["pullRequest"]["reviewThreads"];
    threads["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn listed_files_carry_their_diff() {
    let (rig, pr) = with_long_file().await;
    let edits = [FileEdit::write("logo.png", b"\x89PNG\0")];
    rig.sandbox
        .push("rob", REPO, "work", "logo", &edits)
        .unwrap();
    let files = rig
        .get(&format!("/repos/octo/demo/pulls/{pr}/files"))
        .await
        .ok();
    let patch = files[1]["patch"].as_str().unwrap();
    assert!(files[0].get("patch").is_none(), "binary: {}", files[0]);
    assert_eq!(
        patch,
        "@@ -7,7 +7,7 @@\n line 7\n line 8\n line 9\n-line 10\n+changed\n line 11\n line 12\n line 13"
    );
    assert_eq!(files[2]["patch"], "@@ -0,0 +1 @@\n+a");
}

#[tokio::test]
async fn line_comments_stand_only_where_the_diff_shows_the_line() {
    let (rig, pr) = with_long_file().await;
    let path = format!("/repos/octo/demo/pulls/{pr}/reviews");
    let outside = "Pull request review thread line must be part of the diff";
    for (file, line, words) in [
        ("long.md", json!(6), outside),
        ("long.md", json!(14), outside),
        ("long.md", json!(21), outside),
        ("new.md", json!(2), outside),
        ("README.md", json!(1), "Path could not be resolved"),
        ("new.md", Value::Null, "Line could not be resolved"),
        ("new.md", json!(0), "Line could not be resolved"),
    ] {
        let refused = rig.post(&path, review(file, line.clone())).await;
        assert_eq!(refused.status, 422, "{file}:{line}");
        let body = refused.json();
        assert_eq!(body["message"], "Unprocessable Entity");
        assert!(
            body["errors"][0].as_str().unwrap().contains(words),
            "{file}:{line} {body}"
        );
    }
    assert!(
        rig.sandbox.pull(REPO, pr).unwrap().reviews.is_empty(),
        "all or nothing"
    );
    for line in [7, 10, 13] {
        rig.post(&path, review("long.md", json!(line))).await.ok();
    }
    let mut left = review("long.md", json!(7));
    left["comments"][0]["side"] = json!("LEFT");
    assert_eq!(rig.post(&path, left).await.status, 422);
    let mut blank = review("long.md", json!(7));
    blank["comments"][0]["body"] = json!(" ");
    assert_eq!(rig.post(&path, blank).await.status, 422);
    let long = json!({"event": "COMMENT", "body": "x".repeat(65_537)});
    assert_eq!(rig.post(&path, long).await.status, 422);
}

#[tokio::test]
async fn a_conversation_is_answered_resolved_and_opened_again() {
    let (rig, pr) = with_long_file().await;
    let path = format!("/repos/octo/demo/pulls/{pr}/reviews");
    rig.post(&path, review("long.md", json!(10))).await.ok();
    let comment = rig.sandbox.pull(REPO, pr).unwrap().review_comments[0].id;
    let reply = rig
        .sandbox
        .reply("ann", REPO, comment, "because of tenants")
        .unwrap();
    let opened = threads(&rig, pr).await;
    assert_eq!(opened.len(), 1, "a reply opens no conversation");
    assert_eq!(opened[0]["isResolved"], false);
    let first = &opened[0]["comments"]["nodes"][0];
    assert_eq!(first["body"], "why?");
    assert_eq!(first["author"]["__typename"], "Bot");
    let listed = rig
        .get(&format!("/repos/octo/demo/pulls/{pr}/comments"))
        .await
        .ok();
    assert_eq!(listed[1]["in_reply_to_id"], comment);
    assert!(listed[0].get("in_reply_to_id").is_none());
    let id = opened[0]["id"].clone();
    for _ in 0..2 {
        let answer = rig.graphql(RESOLVE, json!({"thread": id})).await;
        let thread = &answer["data"]["resolveReviewThread"]["thread"];
        assert_eq!(thread["isResolved"], true, "{answer}");
    }
    assert_eq!(
        rig.sandbox.ledger().of(EffectKind::ThreadResolved).len(),
        1,
        "resolving twice is resolving once"
    );
    assert!(
        rig.sandbox
            .unresolve_conversation("eve", REPO, reply)
            .is_err()
    );
    rig.sandbox
        .unresolve_conversation("rob", REPO, reply)
        .unwrap();
    assert_eq!(threads(&rig, pr).await[0]["isResolved"], false);
    let back = "mutation U($id: ID!) { unresolveReviewThread(input: {threadId: $id, clientMutationId: \"7\"}) {
        clientMutationId thread { isOutdated resolvedBy { login } viewerCanResolve } } }";
    let answer = rig.graphql(back, json!({"id": id})).await;
    assert_eq!(
        answer["data"]["unresolveReviewThread"],
        json!({"clientMutationId": "7", "thread": {"isOutdated": false, "resolvedBy": null, "viewerCanResolve": true}})
    );
    let gone = rig.graphql(RESOLVE, json!({"thread": "PRRT_none"})).await;
    assert_eq!(gone["errors"][0]["type"], "NOT_FOUND");
}

#[tokio::test]
async fn an_open_conversation_keeps_a_pull_request_from_being_merged() {
    let (rig, pr) = with_long_file().await;
    let rules = Protection {
        resolved_conversations: true,
        ..Protection::default()
    };
    rig.sandbox.protect(REPO, "main", rules).unwrap();
    let path = format!("/repos/octo/demo/pulls/{pr}/reviews");
    rig.post(&path, review("new.md", json!(1))).await.ok();
    let reasons = || rig.sandbox.mergeability(REPO, pr).unwrap().reasons;
    assert_eq!(reasons(), ["a review conversation is not resolved"]);
    let comment = rig.sandbox.pull(REPO, pr).unwrap().review_comments[0].id;
    rig.sandbox.reply("ann", REPO, comment, "yes").unwrap();
    rig.sandbox
        .resolve_conversation("ann", REPO, comment)
        .unwrap();
    assert!(reasons().is_empty(), "{:?}", reasons());
}

#[tokio::test]
async fn a_comment_follows_its_line_until_that_is_changed() {
    let (rig, pr) = with_long_file().await;
    let path = format!("/repos/octo/demo/pulls/{pr}/reviews");
    rig.post(&path, review("long.md", json!(10))).await.ok();
    let shown = async || {
        let list = format!("/repos/octo/demo/pulls/{pr}/comments");
        rig.get(&list).await.ok()[0].clone()
    };
    let longer = format!("title\n\n{}", text("changed"));
    let edits = [FileEdit::write("long.md", longer)];
    rig.sandbox
        .push("rob", REPO, "work", "title", &edits)
        .unwrap();
    assert_eq!(shown().await["line"], 12);
    assert_eq!(shown().await["original_line"], 10);
    let edits = [FileEdit::write("long.md", text("changed again"))];
    rig.sandbox
        .push("rob", REPO, "work", "change", &edits)
        .unwrap();
    assert_eq!(shown().await["line"], Value::Null);
    assert_eq!(threads(&rig, pr).await.len(), 1, "outdated, not gone");
}

#[tokio::test]
async fn reactions_reach_the_body_of_a_review() {
    let (rig, pr) = with_long_file().await;
    let review = rig
        .sandbox
        .review("ann", REPO, pr, ReviewState::Commented, "/discuss status")
        .unwrap();
    let submitted = rig
        .sandbox
        .deliveries()
        .into_iter()
        .rfind(|d| d.event == "pull_request_review")
        .unwrap();
    let payload: Value = serde_json::from_slice(&submitted.body).unwrap();
    let subject = payload["review"]["node_id"].clone();
    for _ in 0..2 {
        let variables = json!({"subject": subject, "content": "EYES"});
        let answer = rig.graphql(REACT, variables).await;
        assert_eq!(
            answer["data"]["addReaction"]["reaction"]["content"], "EYES",
            "{answer}"
        );
    }
    let reactions = rig.sandbox.reactions(REPO, ReactionTarget::Review(review));
    assert_eq!(
        reactions,
        [(
            "orchestrated-discussions[bot]".to_owned(),
            "eyes".to_owned()
        )]
    );
    let odd = rig
        .graphql(REACT, json!({"subject": subject, "content": "SHRUG"}))
        .await;
    assert!(odd["data"].is_null(), "{odd}");
    let gone = rig
        .graphql(REACT, json!({"subject": "PRR_none", "content": "EYES"}))
        .await;
    assert_eq!(gone["errors"][0]["type"], "NOT_FOUND");
}

#[tokio::test]
async fn what_may_be_read_of_rules_depends_on_how_they_were_set_up() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    assert!(pr > 0);
    let variables = json!({"owner": "octo", "name": "demo", "readHead": true,
        "head": "refs/heads/work", "base": "refs/heads/main"});
    let full = Protection {
        dismiss_stale: true,
        resolved_conversations: true,
        pushers: Some(Vec::new()),
        ..Protection::default()
    };
    for form in [RuleForm::Ruleset, RuleForm::Classic, RuleForm::Hidden] {
        for branch in ["work", "main"] {
            let rules = Protection {
                form,
                ..full.clone()
            };
            rig.sandbox.protect(REPO, branch, rules).unwrap();
        }
        let answer = rig.graphql(RULES, variables.clone()).await;
        let repo = &answer["data"]["repository"];
        let types: Vec<&str> = repo["head"]["rules"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["type"].as_str().unwrap())
            .collect();
        let listed = rig.get("/repos/octo/demo/rules/branches/work").await.ok();
        let rest = listed.as_array().unwrap();
        match form {
            RuleForm::Ruleset => {
                assert_eq!(types, ["PULL_REQUEST", "UPDATE"]);
                let parameters = &repo["base"]["rules"]["nodes"][0]["parameters"];
                assert_eq!(parameters["dismissStaleReviewsOnPush"], true);
                assert_eq!(parameters["requireLastPushApproval"], false);
                assert_eq!(parameters["requiredReviewThreadResolution"], true);
                assert!(repo["head"]["refUpdateRule"].is_null());
                assert_eq!(rest.len(), 2);
                let id = rest[0]["ruleset_id"].as_u64().unwrap();
                let one = format!("/repos/octo/demo/rulesets/{id}");
                let ruleset = rig.get(&one).await.ok();
                assert_eq!(ruleset["current_user_can_bypass"], "never");
                assert!(ruleset.get("bypass_actors").is_none(), "for administrators");
            }
            RuleForm::Classic => {
                assert!(types.is_empty() && rest.is_empty());
                assert_eq!(repo["head"]["refUpdateRule"]["viewerCanPush"], false);
                let base = &repo["base"]["refUpdateRule"];
                assert_eq!(base["requiresConversationResolution"], true);
            }
            RuleForm::Hidden => {
                assert!(types.is_empty() && rest.is_empty());
                assert!(repo["head"]["refUpdateRule"].is_null());
                assert_eq!(answer["errors"][0]["type"], "FORBIDDEN");
                assert_eq!(
                    answer["errors"][0]["path"],
                    json!(["repository", "head", "refUpdateRule"])
                );
            }
        }
    }
    assert_eq!(rig.get("/repos/octo/demo/rulesets/1").await.status, 404);
}

#[tokio::test]
async fn the_last_push_must_be_approved_by_somebody_else() {
    let rig = Rig::start().await;
    rig.sandbox
        .add_collaborator(REPO, "tim", Role::Write)
        .unwrap();
    let rules = Protection {
        last_push_approval: true,
        ..Protection::default()
    };
    rig.sandbox.protect(REPO, "main", rules).unwrap();
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let approve = |login: &str| {
        let state = ReviewState::Approved;
        rig.sandbox.review(login, REPO, pr, state, "").unwrap();
    };
    let allowed = || rig.sandbox.mergeability(REPO, pr).unwrap().allowed();
    assert!(!allowed());
    approve("ann");
    assert!(allowed());
    let edits = [FileEdit::write("a.md", "b\n")];
    rig.sandbox
        .push("ann", REPO, "work", "mine", &edits)
        .unwrap();
    assert!(!allowed(), "the approval is older than the push");
    approve("ann");
    assert!(!allowed(), "the pusher's own approval");
    approve("tim");
    assert!(allowed());
}

#[tokio::test]
async fn a_fork_takes_no_commit_of_ours_and_its_checks_name_no_pull_request() {
    let rig = Rig::start().await;
    let fork = rig.sandbox.fork("eve", REPO).unwrap();
    let edits = [FileEdit::write("a.md", "a\n")];
    rig.sandbox
        .push("eve", &fork, "idea", "idea", &edits)
        .unwrap();
    let new = NewPull {
        title: "Idea".to_owned(),
        head: "eve:idea".to_owned(),
        ..NewPull::default()
    };
    let pr = rig.sandbox.open_pr("eve", REPO, &new).unwrap();
    let pull = rig.get(&format!("/repos/octo/demo/pulls/{pr}")).await.ok();
    assert_eq!(pull["head"]["repo"]["full_name"], fork.as_str());
    let refused = rig.commit("idea", &rig.head(pr), "a.md", "x\n").await;
    assert_eq!(refused["errors"][0]["type"], "NOT_FOUND", "{refused}");
    let run = rig.check(&rig.head(pr), "discussions", "success").await;
    assert_eq!(run["pull_requests"], json!([]));
    let id = run["id"].as_u64().unwrap();
    rig.sandbox.rerequest_check("ann", REPO, id).unwrap();
    let events = rig.sandbox.deliveries();
    let suites: Vec<Value> = events
        .iter()
        .filter(|d| d.event == "check_run" || d.event == "check_suite")
        .map(|d| serde_json::from_slice(&d.body).unwrap())
        .collect();
    assert!(!suites.is_empty());
    for body in suites {
        let check = body.get("check_run").or(body.get("check_suite")).unwrap();
        assert_eq!(check["pull_requests"], json!([]), "{check}");
    }
    let path = format!("/repos/octo/demo/pulls/{pr}/reviews");
    rig.post(&path, review("a.md", json!(1))).await.ok();
}

#[tokio::test]
async fn a_review_by_a_person_may_comment_on_a_whole_file() {
    let (rig, pr) = with_long_file().await;
    let whole = LineComment {
        path: "long.md".to_owned(),
        line: None,
        body: "too long".to_owned(),
    };
    let outside = LineComment {
        line: Some(1),
        ..whole.clone()
    };
    let state = ReviewState::Commented;
    let post = |line: LineComment| {
        rig.sandbox
            .review_with_comments("ann", REPO, pr, state, "", &[line])
    };
    assert!(post(outside).unwrap_err().0.contains("part of the diff"));
    post(whole).unwrap();
    let listed = rig
        .get(&format!("/repos/octo/demo/pulls/{pr}/comments"))
        .await
        .ok();
    assert_eq!(
        (listed[0]["subject_type"].as_str(), &listed[0]["line"]),
        (Some("file"), &Value::Null)
    );
}
