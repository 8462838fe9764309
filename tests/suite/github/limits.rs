//! Limits that GitHub told us, and our own: what is not sent then.

use super::double::{Double, Reply, pr};
use discussions::forge::github::{GitHub, LaneRates, Rates};
use discussions::forge::{CheckRun, ForgeError, ForgeRead, ForgeWrite};
use discussions::ids::{PullRequest, Sha};
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn elsewhere() -> PullRequest {
    PullRequest {
        installation: 43,
        ..pr()
    }
}

fn check() -> CheckRun {
    CheckRun {
        head: Sha::parse(&"a".repeat(40)).unwrap(),
        name: "discussions".to_owned(),
        external_id: "1".to_owned(),
        conclusion: None,
        title: "WORKING".to_owned(),
        summary: String::new(),
        details_url: None,
        annotations: Vec::new(),
        buttons: Vec::new(),
    }
}

fn comment() -> Reply {
    Reply::new(201, json!({ "id": 5, "node_id": "n5" }).to_string())
}

/// Reads and writes of an installation that is limited, and how many requests came of them.
async fn sent_after(github: &GitHub, double: &Double) -> usize {
    let before = double.asked().len();
    for limited in [
        github.state(&pr()).await.map(drop),
        github.comment(&pr(), "hello").await.map(drop),
        github.create_check(&pr(), &check()).await.map(drop),
    ] {
        let is_limit = matches!(limited, Err(ForgeError::RateLimited { .. }));
        assert!(is_limit, "{limited:?}");
    }
    double.asked().len() - before
}

#[tokio::test]
async fn after_a_limit_nothing_is_sent_for_its_installation_and_all_for_others() {
    let secondary = json!({ "message": "You have exceeded a secondary rate limit" }).to_string();
    let inside = json!({ "errors": [{ "type": "RATE_LIMITED", "message": "slow down" }] });
    let in_an_hour = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        + 3_600;
    for (case, reply) in [
        ("a secondary limit", Reply::new(403, secondary)),
        ("too many", Reply::new(429, "{}").with("retry-after", 30)),
        (
            "in a row",
            Reply::new(422, r#"{"message":"was submitted too quickly"}"#),
        ),
        ("told inside of an answer", Reply::json(inside)),
        (
            "the last request of the hour, which was answered",
            Reply::data(
                json!({ "minimizeComment": { "minimizedComment": { "isMinimized": true } } }),
            )
            .with("x-ratelimit-remaining", 0)
            .with("x-ratelimit-reset", in_an_hour),
        ),
    ] {
        let double = Double::start(move |asked| match asked.target.as_str() {
            "/graphql" => Some(reply.clone()),
            other => other.ends_with("/comments").then(comment),
        })
        .await;
        let github = double.github();
        let first = github.minimize(&pr(), "c5").await;
        assert_eq!(
            first.is_ok(),
            case.starts_with("the last"),
            "{case}: {first:?}"
        );
        assert_eq!(sent_after(&github, &double).await, 0, "{case}");
        let other = github.comment(&elsewhere(), "hello").await;
        assert!(other.is_ok(), "{case}: {other:?}");
    }
}

#[tokio::test]
async fn no_token_is_made_for_requests_that_have_to_wait() {
    let double = Double::start(|asked| match asked.target.as_str() {
        // Too old to be used twice.
        path if path.ends_with("/access_tokens") => {
            Some(super::double::token(1, "2001-01-01T00:00:00Z"))
        }
        _ => Some(Reply::new(429, "{}").with("retry-after", 30)),
    })
    .await;
    let github = double.github();
    github.comment(&pr(), "hello").await.unwrap_err();
    assert_eq!(double.minted(), 1);
    assert_eq!(sent_after(&github, &double).await, 0);
}

#[tokio::test]
async fn whose_turn_is_far_off_is_not_sent_and_holds_up_nobody_else() {
    let double = Double::start(|asked| match asked.target.as_str() {
        path if path.ends_with("/comments") => Some(comment()),
        path if path.ends_with("/check-runs") => Some(Reply::new(201, r#"{"id":9}"#)),
        path if path.ends_with("/pulls/7") => Some(Reply::json(json!({ "state": "open" }))),
        _ => None,
    })
    .await;
    let rates = Rates {
        content: LaneRates {
            burst: 2,
            per_second: 2,
            per_minute: 2,
            per_hour: None,
        },
        patience: Duration::from_secs(1),
        ..Rates::default()
    };
    let github = double.github().at(rates);
    for _ in 0..2 {
        github.comment(&pr(), "hello").await.unwrap();
    }
    let third = github.comment(&pr(), "hello").await;
    let Err(ForgeError::OutOfTurn { wait, .. }) = third else {
        panic!("{third:?}");
    };
    assert!((1..=60).contains(&wait), "{wait}");
    let written = double.lines();
    assert_eq!(written.len(), 2, "{written:#?}");
    github.create_check(&pr(), &check()).await.unwrap();
    github.state(&pr()).await.unwrap();
    github.comment(&elsewhere(), "hello").await.unwrap();
}
