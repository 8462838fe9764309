//! Faults and limits.

use super::rig::{REPO, Rig, SECRET, receiver};
use crate::support::github::options;
use discussions::sandbox::{EffectKind, Fault, FaultKind, Matcher, SandboxOptions};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

fn comment_route() -> Matcher {
    Matcher::Rest(
        "POST".into(),
        "/repos/{owner}/{repo}/issues/{issue_number}/comments".into(),
    )
}

#[tokio::test]
async fn a_dropped_answer_leaves_the_effect_or_not_as_asked() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let path = format!("/repos/octo/demo/issues/{pr}/comments");
    for (kind, comments) in [(FaultKind::DropBefore, 0), (FaultKind::ApplyThenDrop, 1)] {
        rig.sandbox.fault(Fault::once(comment_route(), kind));
        let lost = rig
            .try_call(
                Method::POST,
                &path,
                &rig.token,
                Some(json!({"body": "hello"})),
            )
            .await;
        assert!(lost.is_err(), "no answer comes");
        assert_eq!(rig.sandbox.ledger().requests.last().unwrap().status, 0);
        assert_eq!(
            rig.get(&path).await.ok().as_array().unwrap().len(),
            comments
        );
        assert_eq!(
            rig.sandbox.ledger().of(EffectKind::CommentCreated).len(),
            comments
        );
    }
    assert_eq!(
        rig.post(&path, json!({"body": "again"})).await.status,
        201,
        "faults are spent"
    );
}

#[tokio::test]
async fn answers_are_spoilt_as_asked() {
    let rig = Rig::start().await;
    let any = || Matcher::Any;
    let path = "/repos/octo/demo";
    for status in [401, 500, 502, 503] {
        rig.sandbox
            .fault(Fault::once(any(), FaultKind::Status(status)));
        assert_eq!(rig.get(path).await.status.as_u16(), status);
    }
    rig.sandbox.fault(Fault::once(any(), FaultKind::Html(502)));
    assert!(
        rig.get(path)
            .await
            .header("content-type")
            .starts_with("text/html")
    );
    for kind in [FaultKind::Garbage, FaultKind::TruncatedJson] {
        rig.sandbox.fault(Fault::once(any(), kind));
        let spoilt = rig.get(path).await;
        assert_eq!(spoilt.status, 200);
        assert!(serde_json::from_slice::<serde_json::Value>(&spoilt.bytes).is_err());
    }
    let errors = json!([{"type": "INTERNAL", "message": "Something went wrong"}]);
    rig.sandbox.fault(Fault::once(
        Matcher::Graphql("Limits".into()),
        FaultKind::GraphqlErrors(errors.clone()),
    ));
    rig.get(path).await.ok();
    let answer = rig
        .graphql("query Limits { rateLimit { cost } }", json!({}))
        .await;
    assert_eq!(
        (&answer["errors"], answer["data"].is_null()),
        (&errors, true)
    );
    rig.sandbox.fault(Fault::once(
        any(),
        FaultKind::Redirect("http://203.0.113.1/".into()),
    ));
    assert_eq!(
        rig.get(path).await.header("location"),
        "http://203.0.113.1/"
    );
    rig.sandbox.fault(Fault {
        after: 2,
        ..Fault::once(any(), FaultKind::Status(500))
    });
    for status in [200, 200, 500, 200] {
        assert_eq!(rig.get(path).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_commit_may_be_applied_and_its_answer_lost() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let head = rig.head(pr);
    rig.sandbox.fault(Fault::once(
        Matcher::Writes,
        FaultKind::ApplyThenStatus(502),
    ));
    let body = json!({"query": include_str!("../../../src/forge/github/commit.graphql"), "variables": {"input": {
        "branch": {"repositoryNameWithOwner": REPO, "branchName": "work"},
        "expectedHeadOid": head.as_str(), "message": {"headline": "m"},
    }}});
    let lost = rig
        .call(
            Method::POST,
            &rig.sandbox.graphql_url(),
            &rig.token,
            Some(body),
        )
        .await;
    assert_eq!(lost.status, 502);
    assert_ne!(rig.head(pr), head);
    let again = rig.commit("work", &head, "a.md", "b\n").await;
    assert_eq!(
        again["errors"][0]["type"], "STALE_DATA",
        "trying again finds the branch moved"
    );
}

#[tokio::test]
async fn a_limit_holds_until_its_window_ends_and_early_requests_are_counted() {
    let rig = Rig::start().await;
    let limits = [
        (
            FaultKind::PrimaryLimit { reset_in: 60 },
            403,
            "API rate limit exceeded",
            "x-ratelimit-reset",
        ),
        (
            FaultKind::SecondaryLimit {
                status: 429,
                retry_after: Some("60".into()),
            },
            429,
            "secondary rate limit",
            "retry-after",
        ),
    ];
    for (kind, status, message, header) in limits {
        rig.sandbox.reset_ledger();
        rig.sandbox.fault(Fault::once(Matcher::Any, kind));
        for early in 0..2 {
            let refused = rig.get("/repos/octo/demo").await;
            assert_eq!(refused.status.as_u16(), status);
            assert!(
                refused.json()["message"]
                    .as_str()
                    .unwrap()
                    .contains(message)
            );
            assert!(refused.header(header).parse::<i64>().unwrap() > 0);
            assert_eq!(
                rig.sandbox.ledger().inside_limits(),
                early,
                "the first one could not know"
            );
        }
        rig.sandbox.advance(Duration::from_secs(61));
        assert_eq!(rig.get("/repos/octo/demo").await.status, 200);
        assert_eq!(rig.sandbox.ledger().inside_limits(), 1);
    }
}

#[tokio::test]
async fn the_hourly_limit_and_the_content_limit_are_enforced() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let path = format!("/repos/octo/demo/issues/{pr}/comments");
    rig.sandbox.set_content_limit(Some(2));
    for status in [201, 201, 403] {
        assert_eq!(
            rig.post(&path, json!({"body": "x"})).await.status.as_u16(),
            status
        );
    }
    rig.sandbox.advance(Duration::from_secs(61));
    assert_eq!(rig.post(&path, json!({"body": "x"})).await.status, 201);
    let to_the_full_hour = rig
        .sandbox
        .look(|world| 3_600 - world.now().timestamp() % 3_600);
    rig.sandbox.advance(Duration::from_secs(
        u64::try_from(to_the_full_hour).unwrap(),
    ));
    let token = rig.mint(json!({})).await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    rig.sandbox.set_hourly_limit(3);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let reply = rig
            .call(Method::GET, "/repos/octo/demo", &token, None)
            .await;
        seen.push((
            reply.status.as_u16(),
            reply.header("x-ratelimit-remaining").to_owned(),
        ));
    }
    assert_eq!(
        seen,
        [
            (200, "1".to_owned()),
            (200, "0".to_owned()),
            (403, "0".to_owned())
        ]
    );
}

#[tokio::test]
async fn writes_can_stay_out_of_sight_for_a_while() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let path = format!("/repos/octo/demo/issues/{pr}/comments");
    rig.sandbox.fault(Fault::once(
        comment_route(),
        FaultKind::HideFor(Duration::from_secs(30)),
    ));
    assert_eq!(rig.post(&path, json!({"body": "hello"})).await.status, 201);
    assert_eq!(rig.get(&path).await.ok(), json!([]));
    rig.sandbox.advance(Duration::from_secs(31));
    assert_eq!(rig.get(&path).await.ok()[0]["body"], "hello");
}

#[tokio::test]
async fn a_share_of_requests_fails_the_same_way_for_the_same_seed() {
    let outcome = async |seed: u64| {
        let rig = Rig::start().await;
        rig.sandbox.fault(Fault::sometimes(
            Matcher::Any,
            FaultKind::Status(500),
            300,
            seed,
        ));
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(rig.get("/repos/octo/demo").await.status.as_u16());
        }
        statuses
    };
    let first = outcome(11).await;
    assert_eq!(first, outcome(11).await);
    assert_ne!(first, outcome(12).await);
    let failed = first.iter().filter(|status| **status == 500).count();
    assert!((4..20).contains(&failed), "{failed} of 40");
}

#[tokio::test]
async fn an_enterprise_server_has_its_addresses_elsewhere() {
    let rig = Rig::with(SandboxOptions {
        enterprise: true,
        ..options()
    })
    .await;
    assert!(rig.sandbox.api_url().ends_with("/api/v3"));
    assert!(rig.sandbox.graphql_url().ends_with("/api/graphql"));
    assert_eq!(rig.get("/repos/octo/demo").await.ok()["full_name"], REPO);
    let told = rig.get("/repos/octo/demo").await;
    assert_eq!(told.header("x-ratelimit-limit"), "");
    assert_eq!(told.header("x-github-enterprise-version"), "3.19.0");
    assert_eq!(rig.get("/rate_limit").await.status, 404);
    let (url, inbox) = receiver().await;
    rig.sandbox.set_webhook(&url, SECRET);
    rig.open("work", &[("a.md", "a\n")]);
    rig.sandbox.wait_until_idle().await;
    let received = inbox.lock().unwrap().clone();
    let host = rig.sandbox.address().to_string();
    assert_ne!(received.len(), 0);
    for delivery in received {
        assert_eq!(delivery.header("x-github-enterprise-host"), host);
        assert_eq!(delivery.header("x-github-enterprise-version"), "3.19.0");
    }
    let outside = format!("{}/repos/octo/demo", rig.sandbox.web_url());
    assert_eq!(rig.get(&outside).await.status, 404);
    assert_eq!(
        rig.graphql("{ rateLimit { cost } }", json!({})).await["data"]["rateLimit"]["cost"],
        1
    );
}
