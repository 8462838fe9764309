//! How the App is set up, read from answers of every age and edition.

use super::double::{APP_ID, Double, Reply, pr};
use discussions::forge::ForgeError;
use discussions::forge::inspect::{BranchGate, Inspect, RequiredCheck};
use serde_json::{Value, json};

fn check(name: &str, app: Option<u64>) -> RequiredCheck {
    RequiredCheck {
        name: name.to_owned(),
        app,
    }
}

/// What is required of `main`, given the branch's protection and the pages of its rules.
async fn gate_of(
    protection: Value,
    pages: Vec<Value>,
) -> (Double, Result<Option<BranchGate>, ForgeError>) {
    let double = Double::start(move |asked| {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        if path.ends_with("/rules/branches/release%2F1") {
            let page: usize = query.rsplit_once("&page=")?.1.parse().ok()?;
            let empty = || json!([]);
            return Some(Reply::json(
                pages.get(page - 1).cloned().unwrap_or_else(empty),
            ));
        }
        let is_branch = path.ends_with("/branches/release%2F1");
        is_branch.then(|| Reply::json(json!({ "name": "release/1", "protection": protection })))
    })
    .await;
    let got = double.github().branch_gate(&pr(), "release/1").await;
    (double, got)
}

fn rule(checks: Value) -> Value {
    json!({ "type": "required_status_checks", "ruleset_id": 1, "parameters": { "required_status_checks": checks } })
}

#[tokio::test]
async fn required_checks_come_from_rulesets_and_from_classic_protection_together() {
    let other = json!({ "type": "deletion", "ruleset_id": 2 });
    let queue = json!({ "type": "merge_queue", "parameters": {} });
    let classic = |contexts: Value, checks: Value| json!({ "enabled": true, "required_status_checks": { "contexts": contexts, "checks": checks } });
    let cases: [(Value, Vec<Value>, Vec<RequiredCheck>, bool); 7] = [
        (Value::Null, vec![], vec![], false),
        (
            json!({ "enabled": false }),
            vec![json!([other, queue])],
            vec![],
            true,
        ),
        (
            Value::Null,
            vec![json!([rule(
                json!([{ "context": "a", "integration_id": 900 }, { "context": "b" }])
            )])],
            vec![check("a", Some(APP_ID)), check("b", None)],
            false,
        ),
        (
            classic(
                json!(["a", "b"]),
                json!([{ "context": "a", "app_id": 900 }, { "context": "b", "app_id": null }]),
            ),
            vec![],
            vec![check("a", Some(APP_ID)), check("b", None)],
            false,
        ),
        (
            // Any App, as it is written; and an edition that tells names only.
            classic(
                json!(["a", "old"]),
                json!([{ "context": "a", "app_id": -1 }]),
            ),
            vec![],
            vec![check("a", None), check("old", None)],
            false,
        ),
        (
            classic(json!(["a"]), json!([])),
            vec![json!([rule(
                json!([{ "context": "a", "integration_id": 900 }])
            )])],
            vec![check("a", None), check("a", Some(APP_ID))],
            false,
        ),
        (
            Value::Null,
            vec![
                Value::Array(vec![json!({ "type": "creation" }); 100]),
                json!([rule(json!([{ "context": "late", "integration_id": 900 }]))]),
            ],
            vec![check("late", Some(APP_ID))],
            false,
        ),
    ];
    for (protection, pages, required, has_queue) in cases {
        let case = format!("{protection} {}", pages.len());
        let (_, got) = gate_of(protection, pages).await;
        let expected = BranchGate {
            required,
            has_queue,
        };
        assert_eq!(got.unwrap().unwrap(), expected, "{case}");
    }
}

#[tokio::test]
async fn a_rule_that_does_not_read_is_no_evidence_of_anything() {
    for parameters in [
        json!({}),
        Value::Null,
        json!({ "required_status_checks": "all" }),
    ] {
        let broken = json!([{ "type": "required_status_checks", "parameters": parameters }]);
        let (_, got) = gate_of(Value::Null, vec![broken]).await;
        assert!(matches!(got, Err(ForgeError::Unavailable(_))), "{got:?}");
    }
    let double = Double::start(|_| None).await;
    let got = double.github().branch_gate(&pr(), "main").await;
    assert_eq!(got.unwrap(), None, "no such branch");
}

#[tokio::test]
async fn webhook_and_installation_are_read_in_every_form() {
    let double = Double::start(|asked| {
        let body = match asked.target.as_str() {
            "/app/hook/config" => json!({ "url": "", "content_type": "form", "insecure_ssl": 1, "secret": "********" }),
            "/app/installations/7" => json!({
                "id": 7, "account": { "id": 1, "slug": "big-enterprise", "name": "Big" },
                "repository_selection": "selected", "suspended_at": "2026-01-01T00:00:00Z",
                "permissions": { "checks": "write", "metadata": "read" }, "html_url": "https://ghe.example.com/i/7",
            }),
            "/app/hook/deliveries?per_page=30" => json!([
                { "id": 2, "guid": "b", "event": "ping", "action": null, "status_code": 0 },
                { "id": 1, "guid": "a", "event": "push", "action": null, "status_code": 202 },
            ]),
            _ => return None,
        };
        Some(Reply::json(body))
    })
    .await;
    let github = double.github();
    let hook = github.hook().await.unwrap().unwrap();
    assert_eq!(
        (hook.url, hook.has_secret, hook.is_insecure),
        (None, true, true)
    );
    let seen = github.installation(7).await.unwrap().unwrap();
    assert_eq!(seen.account, "big-enterprise");
    assert!(seen.is_suspended && !seen.is_for_all);
    assert_eq!(seen.permissions["checks"], "write");
    assert_eq!(github.installation(8).await.unwrap(), None);
    let attempts = github.attempts().await.unwrap();
    let statuses: Vec<u16> = attempts.iter().map(|one| one.status_code).collect();
    assert_eq!(statuses, [0, 202]);
    // An edition without the address, and one that lost its way.
    let silent = Double::start(|_| None).await.github();
    assert_eq!(silent.hook().await.unwrap(), None);
    assert_eq!(silent.attempts().await.unwrap(), []);
}

#[tokio::test]
async fn the_greeting_tells_who_the_app_is_and_what_the_clocks_say() {
    let app = json!({ "id": 900, "slug": "od", "name": "OD", "html_url": "https://github.com/apps/od",
                      "permissions": { "checks": "write" }, "events": ["push"] });
    let body = app.clone();
    let double = Double::start(move |_| {
        let ago = chrono::Utc::now() - chrono::TimeDelta::seconds(100);
        let date = ago.format("%a, %d %b %Y %H:%M:%S GMT");
        Some(Reply::json(body.clone()).with("date", date))
    })
    .await;
    let greeting = double.github().greet().await;
    let skew = greeting.skew.unwrap();
    assert!((-103..=-99).contains(&skew), "{skew}");
    let seen = greeting.app.unwrap();
    assert_eq!((seen.name.as_str(), seen.events.len()), ("OD", 1));
    for (status, is_it) in [(404, 0), (401, 1), (502, 2)] {
        let double = Double::start(move |_| Some(Reply::new(status, "{}"))).await;
        let error = double.github().greet().await.app.unwrap_err();
        let kind = match error {
            ForgeError::NotFound(_) => 0,
            ForgeError::Forbidden(_) => 1,
            _ => 2,
        };
        assert_eq!(kind, is_it, "{status}");
    }
}
