//! What branch rules mean for a push, and what a commit that a rule refuses becomes.

use super::double::{Double, Reply, pr, sha};
use discussions::forge::{BranchRules, CommitRequest, ForgeError, ForgeRead, ForgeWrite};
use serde_json::{Value, json};

const PULLS_ONLY: &str = "its branch may only be changed through pull requests";

fn rule(kind: &str, parameters: Value, ruleset: Value) -> Value {
    json!({ "type": kind, "parameters": parameters, "repositoryRuleset": ruleset })
}

fn rules(list: Vec<Value>) -> Value {
    json!({ "refUpdateRule": null, "rules": { "nodes": list } })
}

fn protected(rule: Value) -> Value {
    json!({ "refUpdateRule": rule, "rules": { "nodes": [] } })
}

/// A double whose rules are these and whose ruleset 9 answers so.
async fn asked(graphql: Reply, ruleset: Reply) -> (Double, Result<BranchRules, ForgeError>) {
    let double = Double::start(move |asked| match asked.target.as_str() {
        "/graphql" => Some(graphql.clone()),
        path if path.ends_with("/rulesets/9") => Some(ruleset.clone()),
        _ => None,
    })
    .await;
    let got = double
        .github()
        .branch_rules(&pr(), Some("topic/ä"), "main")
        .await;
    (double, got)
}

async fn told(head: Value, base: Value) -> BranchRules {
    let data = json!({ "repository": { "head": head, "base": base } });
    let (_, got) = asked(Reply::data(data), Reply::new(404, "{}")).await;
    got.unwrap()
}

#[tokio::test]
async fn rules_of_the_head_refuse_a_push() {
    let set = || json!({ "databaseId": 9 });
    let checks = "its branch takes only commits that have passed its required checks";
    for (head, expected) in [
        (Value::Null, None),
        (rules(vec![]), None),
        (json!({ "refUpdateRule": null, "rules": null }), None),
        (
            rules(vec![Value::Null, rule("DELETION", Value::Null, set())]),
            None,
        ),
        (
            rules(vec![rule("REQUIRED_SIGNATURES", Value::Null, set())]),
            None,
        ),
        (
            rules(vec![rule("PULL_REQUEST", json!({}), set())]),
            Some(PULLS_ONLY),
        ),
        (
            rules(vec![rule("PULL_REQUEST", Value::Null, Value::Null)]),
            Some(PULLS_ONLY),
        ),
        (
            rules(vec![rule("UPDATE", Value::Null, set())]),
            Some("the rules of its branch restrict who may push to it"),
        ),
        (
            rules(vec![rule("REQUIRED_STATUS_CHECKS", Value::Null, set())]),
            Some(checks),
        ),
        (
            protected(json!({ "viewerCanPush": false })),
            Some("the App may not push to its branch, which is protected"),
        ),
        (
            protected(json!({ "viewerCanPush": true, "requiredApprovingReviewCount": 0 })),
            Some(PULLS_ONLY),
        ),
        (
            protected(json!({ "viewerCanPush": true, "requiredStatusCheckContexts": ["ci"] })),
            Some(checks),
        ),
        (
            protected(json!({ "viewerCanPush": true, "requiredStatusCheckContexts": [] })),
            None,
        ),
    ] {
        let got = told(head.clone(), Value::Null).await;
        assert_eq!(got.push_refused.as_deref(), expected, "{head}");
        assert_eq!(got.push_punished, None);
    }
}

#[tokio::test]
async fn rules_of_the_base_punish_a_push_and_want_conversations_resolved() {
    let pull = |parameters| rules(vec![rule("PULL_REQUEST", parameters, Value::Null)]);
    let dismisses = Some("a push to it dismisses approvals");
    let last = Some("the last push to it must be approved by somebody else");
    for (base, punished, resolved) in [
        (Value::Null, None, false),
        (pull(Value::Null), None, false),
        (
            pull(json!({ "dismissStaleReviewsOnPush": true })),
            dismisses,
            false,
        ),
        (
            pull(json!({ "dismissStaleReviewsOnPush": true, "requireLastPushApproval": true })),
            dismisses,
            false,
        ),
        (
            pull(json!({ "requireLastPushApproval": true })),
            last,
            false,
        ),
        (
            pull(json!({ "requiredReviewThreadResolution": true })),
            None,
            true,
        ),
        (
            rules(vec![rule(
                "REQUIRED_REVIEW_THREAD_RESOLUTION",
                Value::Null,
                Value::Null,
            )]),
            None,
            true,
        ),
        (
            protected(json!({ "requiresConversationResolution": true })),
            None,
            true,
        ),
        (
            protected(json!({ "requiresConversationResolution": false, "viewerCanPush": false })),
            None,
            false,
        ),
    ] {
        let got = told(Value::Null, base.clone()).await;
        assert_eq!(got.push_punished.as_deref(), punished, "{base}");
        assert_eq!(got.conversations_must_be_resolved, resolved, "{base}");
        assert_eq!(got.push_refused, None, "that is about the base: {base}");
    }
}

#[tokio::test]
async fn an_app_that_may_bypass_a_ruleset_may_push() {
    let data = || {
        let set = json!({ "databaseId": 9 });
        let list = vec![
            rule("UPDATE", Value::Null, set.clone()),
            rule("PULL_REQUEST", json!({}), set),
        ];
        Reply::data(json!({ "repository": { "head": rules(list), "base": null } }))
    };
    let word = |word: &str| Reply::json(json!({ "id": 9, "current_user_can_bypass": word }));
    for (ruleset, refused) in [
        (word("always"), false),
        (word("exempt"), false),
        (word("pull_requests_only"), true),
        (word("never"), true),
        (Reply::json(json!({ "id": 9 })), true),
        (Reply::new(404, "{}"), true),
        (Reply::new(403, "{}"), true),
    ] {
        let (double, got) = asked(data(), ruleset.clone()).await;
        assert_eq!(got.unwrap().push_refused.is_some(), refused, "{ruleset:?}");
        assert_eq!(
            double.lines(),
            ["POST /graphql", "GET /repos/octo-team/notes/rulesets/9"],
            "each ruleset is asked once"
        );
    }
    let (_, got) = asked(data(), Reply::new(502, "")).await;
    assert!(matches!(got, Err(ForgeError::Unavailable(_))), "{got:?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_no_rule_but_a_lost_answer_is_an_error() {
    let error = |extra: Value| {
        let mut error = json!({ "message": "no", "path": ["repository", "base", "rules"] });
        for (key, value) in extra.as_object().unwrap() {
            error[key] = value.clone();
        }
        error
    };
    let partial = |error: Value| {
        let head = rules(vec![rule("PULL_REQUEST", Value::Null, Value::Null)]);
        let repository = json!({ "head": head, "base": { "refUpdateRule": null, "rules": null } });
        Reply::json(json!({ "data": { "repository": repository }, "errors": [error] }))
    };
    let unknown_field = json!({ "errors": [error(json!({
        "message": "Field 'rules' doesn't exist on type 'Ref'",
        "extensions": { "code": "undefinedField" },
    }))] });
    for (reply, expected) in [
        (partial(error(json!({ "type": "FORBIDDEN" }))), Ok(true)),
        (partial(error(json!({ "type": "NOT_FOUND" }))), Ok(true)),
        (
            Reply::json(
                json!({ "data": { "repository": null }, "errors": [error(json!({ "type": "NOT_FOUND" }))] }),
            ),
            Ok(false),
        ),
        (Reply::json(unknown_field), Ok(false)),
        (partial(error(json!({}))), Err("Unavailable")),
        (
            partial(error(json!({ "type": "RATE_LIMITED" }))),
            Err("RateLimited"),
        ),
        (Reply::new(502, "<html>"), Err("Unavailable")),
        (Reply::new(200, "{"), Err("Unavailable")),
    ] {
        let (_, got) = asked(reply.clone(), Reply::new(404, "{}")).await;
        match (got, expected) {
            (Ok(got), Ok(refused)) => assert_eq!(got.push_refused.is_some(), refused, "{reply:?}"),
            (Err(got), Err(kind)) => {
                assert!(format!("{got:?}").starts_with(kind), "{got:?}");
            }
            (got, _) => panic!("{reply:?}: {got:?}"),
        }
    }
}

#[tokio::test]
async fn the_head_of_a_fork_is_not_asked_about() {
    let data = json!({ "repository": { "base": null } });
    let double =
        Double::start(move |asked| (asked.target == "/graphql").then(|| Reply::data(data.clone())))
            .await;
    let github = double.github();
    let got = github.branch_rules(&pr(), None, "release/1").await.unwrap();
    let unseen = BranchRules {
        approvals_may_fall: true,
        ..BranchRules::default()
    };
    assert_eq!(got, unseen);
    assert_eq!(
        double.calls()[0].body["variables"],
        json!({ "owner": "octo-team", "name": "notes", "readHead": false,
            "head": "refs/heads/", "base": "refs/heads/release/1" })
    );
}

#[tokio::test]
async fn a_commit_that_a_rule_refuses_is_told_from_one_that_came_too_late() {
    let request = CommitRequest {
        branch: "topic".to_owned(),
        expected_head: sha('a'),
        headline: "discuss".to_owned(),
        body: String::new(),
        files: vec![("a.md".to_owned(), b"x".to_vec())],
    };
    let violation =
        "Repository rule violations found\n\nChanges must be made through a pull request.\n\n";
    let unauthorized = "You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information.";
    for (kind, said, expected) in [
        (
            json!("BRANCH_PROTECTION_RULE_VIOLATION"),
            "Changes must be made through a pull request.",
            "Refused",
        ),
        (
            json!("BRANCH_PROTECTION_RULE_VIOLATION"),
            "protected branch 'main' check failed:\nAt least 1 approving review is required by reviewers with write access.",
            "Refused",
        ),
        (
            json!("BRANCH_PROTECTION_RULE_VIOLATION"),
            unauthorized,
            "Refused",
        ),
        (json!("UNPROCESSABLE"), violation, "Refused"),
        (
            json!("UNPROCESSABLE"),
            "Repository rule violations found\n\nCannot update this protected ref.\n\n",
            "Refused",
        ),
        (
            json!("UNPROCESSABLE"),
            "Repository rule violations found\n\nRequired status check \"ci\" is expected.\n\n",
            "Refused",
        ),
        (
            json!("UNPROCESSABLE"),
            "Repository was archived so is read-only.",
            "Refused",
        ),
        // Without a type, as GitHub tells its own failures.
        (Value::Null, violation, "Refused"),
        (Value::Null, unauthorized, "Refused"),
        (
            Value::Null,
            "Something went wrong while executing your query.",
            "Unavailable",
        ),
        (
            json!("FORBIDDEN"),
            "Resource not accessible by integration",
            "Forbidden",
        ),
        (
            json!("STALE_DATA"),
            "Expected branch to point to \"a\" but it did not. Pull and try again.",
            "StaleHead",
        ),
        (
            json!("NOT_FOUND"),
            "Could not resolve to a Repository with the name 'eve/notes'.",
            "NotFound",
        ),
    ] {
        let error = json!({ "type": kind, "message": said, "path": ["createCommitOnBranch"] });
        let body = json!({ "data": { "createCommitOnBranch": null }, "errors": [error] });
        let double = Double::start(move |asked| {
            (asked.target == "/graphql").then(|| Reply::json(body.clone()))
        })
        .await;
        let got = double.github().commit(&pr(), &request).await.unwrap_err();
        assert!(format!("{got:?}").starts_with(expected), "{said}: {got:?}");
        let line = said.lines().last().unwrap();
        assert!(got.to_string().contains(line), "{got} lost {line}");
    }
    for status in [403, 422] {
        let double = Double::start(move |asked| {
            let message = json!({ "message": "Resource not accessible by integration" });
            (asked.target == "/graphql").then(|| Reply::new(status, message.to_string()))
        })
        .await;
        let got = double.github().commit(&pr(), &request).await.unwrap_err();
        assert!(
            matches!(got, ForgeError::Forbidden(_) | ForgeError::Refused(_)),
            "{got:?}"
        );
    }
}
