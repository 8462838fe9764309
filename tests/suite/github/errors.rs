//! What refusals, limits and broken answers become: the queue decides by the variant.

use super::double::{Double, Reply, pr, sha};
use discussions::forge::{CommitRequest, ForgeRead, ForgeWrite};
use serde_json::json;

fn variant(error: impl std::fmt::Debug) -> String {
    let printed = format!("{error:?}");
    match printed.split_once(", message") {
        Some((limited, _)) => limited.to_owned(),
        None => printed.split('(').next().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn rest_answers_are_classified_by_what_the_queue_must_do() {
    let message = |text: &str| json!({ "message": text }).to_string();
    let secondary = "You have exceeded a secondary rate limit";
    for (reply, expected) in [
        (Reply::new(400, message("Problems parsing JSON")), "Refused"),
        (
            Reply::new(403, message("Resource not accessible by integration")),
            "Forbidden",
        ),
        (
            Reply::new(403, message(secondary)),
            "RateLimited { retry_after: 60",
        ),
        (
            Reply::new(403, message(secondary)).with("retry-after", 90),
            "RateLimited { retry_after: 90",
        ),
        (
            Reply::new(403, message("limit")).with("x-ratelimit-remaining", 0),
            "RateLimited { retry_after: 60",
        ),
        (
            Reply::new(429, "").with("retry-after", "-1"),
            "RateLimited { retry_after: 60",
        ),
        (Reply::new(404, message("Not Found")), "NotFound"),
        (Reply::new(410, message("Issues are disabled")), "NotFound"),
        (
            Reply::new(409, message("Git Repository is empty")),
            "Refused",
        ),
        (Reply::new(422, message("Validation Failed")), "Refused"),
        (Reply::new(451, message("blocked")), "Forbidden"),
        (Reply::new(500, message("Server Error")), "Unavailable"),
        (Reply::new(502, "<html>Unicorn!</html>"), "Unavailable"),
        (
            Reply::new(201, "<html>a proxy's page</html>"),
            "Unavailable",
        ),
        (Reply::new(201, r#"{"id":5"#), "Unavailable"),
        (Reply::new(201, ""), "Unavailable"),
    ] {
        let script = reply.clone();
        let double =
            Double::start(move |asked| asked.target.ends_with("/comments").then(|| script.clone()))
                .await;
        let error = double.github().comment(&pr(), "hello").await.unwrap_err();
        assert_eq!(variant(&error), expected, "{reply:?}");
        assert_eq!(
            double.calls().len(),
            1,
            "no request is repeated here: {reply:?}"
        );
    }
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let double = Double::start(|_| None).await;
    let (gone, graphql) = ("http://127.0.0.1:1", "http://127.0.0.1:1/graphql");
    let github = double.github_at(gone, graphql);
    let error = github.comment(&pr(), "hello").await.unwrap_err();
    assert_eq!(variant(&error), "Unavailable");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn graphql_errors_are_classified_by_type() {
    let stale = "Expected branch to point to \"a\" but it did not. Pull and try again.";
    let request = CommitRequest {
        branch: "cache".to_owned(),
        expected_head: sha('a'),
        headline: "x".to_owned(),
        body: String::new(),
        files: Vec::new(),
    };
    for (error, expected) in [
        (
            json!({ "type": "STALE_DATA", "message": stale }),
            "StaleHead",
        ),
        (json!({ "message": stale }), "StaleHead"),
        (
            json!({ "type": "NOT_FOUND", "message": "Could not resolve" }),
            "NotFound",
        ),
        (
            json!({ "type": "FORBIDDEN", "message": "Resource not accessible" }),
            "Forbidden",
        ),
        (
            json!({ "type": "INSUFFICIENT_SCOPES", "message": "x" }),
            "Forbidden",
        ),
        (
            json!({ "type": "RATE_LIMITED", "message": "API rate limit exceeded" }),
            "RateLimited { retry_after: 12",
        ),
        (
            json!({ "message": "You have exceeded a secondary rate limit." }),
            "RateLimited { retry_after: 12",
        ),
        (
            json!({ "type": "UNPROCESSABLE", "message": "Repository rule violations" }),
            "Refused",
        ),
        (
            json!({ "message": "Field 'x' doesn't exist", "extensions": { "code": "undefinedField" } }),
            "Refused",
        ),
        (
            json!({ "message": "Something went wrong while executing your query." }),
            "Unavailable",
        ),
        (json!({}), "Unavailable"),
    ] {
        let body = json!({ "data": null, "errors": [error] });
        let reply = Reply::json(body.clone()).with("retry-after", 12);
        let double =
            Double::start(move |asked| (asked.target == "/graphql").then(|| reply.clone())).await;
        let got = double.github().commit(&pr(), &request).await.unwrap_err();
        assert_eq!(variant(got), expected, "{body}");
    }
}

#[tokio::test]
async fn partial_data_with_a_serious_error_is_not_used() {
    let reply = Reply::json(json!({
        "data": { "repository": { "object": { "f0": null, "f1": null } } },
        "errors": [
            { "type": "NOT_FOUND", "message": "no such path", "path": ["repository", "object", "f0"] },
            { "message": "timeout", "path": ["repository", "object", "f1"] },
        ],
    }));
    let double =
        Double::start(move |asked| (asked.target == "/graphql").then(|| reply.clone())).await;
    let paths = ["a.md".to_owned(), "b.md".to_owned()];
    let error = double
        .github()
        .files(&pr(), &sha('a'), &paths)
        .await
        .unwrap_err();
    assert_eq!(variant(error), "Unavailable");
}

#[tokio::test]
async fn data_without_anything_is_not_a_success() {
    let double =
        Double::start(|asked| (asked.target == "/graphql").then(|| Reply::json(json!({})))).await;
    let error = double.github().snapshot(&pr()).await.unwrap_err();
    assert_eq!(variant(error), "Unavailable");
}
