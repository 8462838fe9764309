//! Tokens: made once for many, replaced when they end, given to nobody else.

use super::double::{APP_ID, Double, Reply, pr, sha, token};
use super::keys::rsa;
use discussions::forge::github::Rates;
use discussions::forge::{ForgeError, ForgeRead, ForgeWrite};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: i64,
}

/// Reads the App's own token, checking its signature.
fn claims(authorization: &str) -> Claims {
    let jwt = authorization.strip_prefix("Bearer ").unwrap();
    let key = DecodingKey::from_rsa_der(&rsa().public);
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    jsonwebtoken::decode(jwt, &key, &validation).unwrap().claims
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64
}

fn comment_created() -> Option<Reply> {
    Some(Reply::new(201, r#"{"id":5}"#))
}

#[tokio::test]
async fn twenty_first_calls_share_one_narrow_token() {
    let double =
        Double::start(|asked| asked.target.ends_with("/comments").then(comment_created)?).await;
    let github = double.github().at(Rates::loopback());
    let pr = pr();
    let calls = (0..20).map(|_| github.comment(&pr, "hello"));
    for result in futures::future::join_all(calls).await {
        assert_eq!(result.unwrap().id, 5);
    }
    assert_eq!(double.minted(), 1);
    let mint = &double.asked()[0];
    assert_eq!(mint.line(), "POST /app/installations/42/access_tokens");
    assert_eq!(
        mint.body,
        json!({
            "repository_ids": [7001],
            "permissions": {
                "checks": "write",
                "contents": "write",
                "issues": "read",
                "metadata": "read",
                "pull_requests": "write",
            },
        })
    );
    let claims = claims(mint.token());
    assert_eq!(claims.iss, APP_ID.to_string());
    assert_eq!(claims.exp - claims.iat, 600);
    assert!((now() - 60 - claims.iat).abs() < 30);
}

#[tokio::test]
async fn another_repository_gets_another_token() {
    let double =
        Double::start(|asked| asked.target.ends_with("/comments").then(comment_created)?).await;
    let github = double.github();
    let mut other = pr();
    other.repo.id = 7002;
    for pr in [pr(), other, pr()] {
        github.comment(&pr, "hello").await.unwrap();
    }
    assert_eq!(double.minted(), 2);
}

#[tokio::test]
async fn a_token_about_to_end_is_replaced_before_use() {
    let double = Double::start(|asked| match asked.target.ends_with("/access_tokens") {
        true => Some(token(1, "2020-01-01T00:00:00Z")),
        false => comment_created(),
    })
    .await;
    let github = double.github();
    github.comment(&pr(), "one").await.unwrap();
    github.comment(&pr(), "two").await.unwrap();
    assert_eq!(double.minted(), 2);
}

#[tokio::test]
async fn a_new_token_that_is_not_known_everywhere_yet_is_tried_again() {
    let refused = AtomicUsize::new(0);
    let double = Double::start(move |asked| {
        let comments = asked.target.ends_with("/comments");
        match comments && refused.fetch_add(1, Ordering::Relaxed) < 2 {
            true => Some(Reply::new(401, r#"{"message":"Bad credentials"}"#)),
            false => comments.then(comment_created)?,
        }
    })
    .await;
    assert_eq!(double.github().comment(&pr(), "hello").await.unwrap().id, 5);
    assert_eq!((double.minted(), double.calls().len()), (1, 3));
}

/// Takes a little longer than the five seconds in which a token counts as new.
#[tokio::test]
async fn a_token_that_stays_refused_is_replaced_once() {
    let double = Double::start(|asked| {
        let comments = asked.target.ends_with("/comments");
        let bad = Reply::new(401, r#"{"message":"Bad credentials"}"#);
        let first = asked.token().ends_with(&format!("{:036}", 0));
        comments.then(|| {
            if first {
                bad
            } else {
                Reply::new(201, r#"{"id":5}"#)
            }
        })
    })
    .await;
    assert_eq!(double.github().comment(&pr(), "hello").await.unwrap().id, 5);
    assert_eq!(double.minted(), 2);
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_once_from_githubs_date() {
    const AHEAD: i64 = 86_400 * 365;
    let double = Double::start(|asked| {
        if !asked.target.ends_with("/access_tokens") {
            return comment_created();
        }
        let theirs = now() + AHEAD;
        let date = chrono::DateTime::from_timestamp(theirs, 0)
            .unwrap()
            .to_rfc2822();
        let refused = Reply::new(
            401,
            r#"{"message":"'Expiration time' claim ('exp') is too far in the past"}"#,
        );
        (claims(asked.token()).exp < theirs).then(|| refused.with("date", date))
    })
    .await;
    let github = double.github();
    github.comment(&pr(), "hello").await.unwrap();
    assert_eq!(double.minted(), 2);
    let claims = claims(double.asked()[1].token());
    assert!((claims.iat + 60 - now() - AHEAD).abs() < 30);
}

#[tokio::test]
async fn what_an_operator_can_do_is_said_when_there_is_no_token() {
    for (reply, variant, hint) in [
        (
            Reply::new(403, r#"{"message":"This installation has been suspended"}"#),
            "Blocked",
            "Suspended",
        ),
        (
            Reply::new(
                422,
                r#"{"message":"The permissions requested are not granted to this installation."}"#,
            ),
            "Forbidden",
            "accept its permissions on GitHub",
        ),
        (
            Reply::new(404, r#"{"message":"Not Found"}"#),
            "NotFound",
            "not installed on octo-team/notes any more",
        ),
        (
            Reply::new(
                401,
                r#"{"message":"A JSON web token could not be decoded"}"#,
            ),
            "Forbidden",
            "APP_ID and PRIVATE_KEY",
        ),
        (
            Reply::new(201, r#"{"token":"ghs_half"#),
            "Unavailable",
            "does not read",
        ),
        (
            Reply::new(429, "{}").with("retry-after", 7),
            "RateLimited { retry_after: 7",
            "access_tokens",
        ),
    ] {
        let double = Double::start(move |_| Some(reply.clone())).await;
        let error = double.github().comment(&pr(), "hello").await.unwrap_err();
        let printed = format!("{error:?}");
        assert!(printed.starts_with(variant), "{printed}");
        assert!(printed.contains(hint), "{printed}");
    }
}

#[tokio::test]
async fn tokens_travel_to_no_other_host_and_into_no_error() {
    let thief = Double::start(|_| Some(Reply::json(json!({})))).await;
    let target = thief.url();
    let double = Double::start(move |asked| {
        let echo = json!({ "message": format!("you sent {}", asked.token()) });
        match asked.target.as_str() {
            path if path.ends_with("/access_tokens") => None,
            path if path.contains("/compare/") => {
                Some(Reply::new(302, "").with("location", format!("{target}/stolen")))
            }
            _ => Some(Reply::new(403, echo.to_string())),
        }
    })
    .await;
    let github = double.github();
    let moved = github
        .merge_base(&pr(), &sha('a'), &sha('b'))
        .await
        .unwrap_err();
    assert!(matches!(moved, ForgeError::Refused(_)), "{moved}");
    assert_eq!(thief.asked().len(), 0);
    let echoed = github
        .comment(&pr(), "hello")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        echoed.contains("you sent Bearer ghs_[redacted]"),
        "{echoed}"
    );
}

#[tokio::test]
async fn a_moved_repository_is_followed_on_the_same_host() {
    let double = Double::start(|asked| match asked.target.as_str() {
        path if path.starts_with("/repos/") => {
            Some(Reply::new(301, "{}").with("location", "/repositories/7001/compare"))
        }
        "/repositories/7001/compare" => Some(Reply::json(
            json!({ "merge_base_commit": { "sha": "c".repeat(40) } }),
        )),
        _ => None,
    })
    .await;
    let found = double
        .github()
        .merge_base(&pr(), &sha('a'), &sha('b'))
        .await
        .unwrap();
    assert_eq!(found, sha('c'));
    assert!(double.calls()[1].token().starts_with("Bearer ghs_"));
}
