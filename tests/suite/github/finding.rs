//! What is ours and where things are: checks and comments by their author, pull requests by their head, addresses.

use super::double::{APP_ID, Double, Reply, pr, sha};
use discussions::forge::{ForgeError, ForgeRead};
use serde_json::{Value, json};

#[tokio::test]
async fn only_our_own_checks_are_seen_newest_first() {
    let run = |id: u64, name: &str, app: Value| json!({ "id": id, "name": name, "app": app, "external_id": "e", "conclusion": "success" });
    let ours = json!({ "id": APP_ID });
    let runs = vec![
        run(3, "discussions", ours.clone()),
        run(9, "discussions", json!({ "id": 1 })),
        run(8, "discussions", Value::Null),
        run(7, "discussions (preview)", ours.clone()),
        run(5, "discussions", ours),
    ];
    let reply = Reply::json(json!({ "total_count": 5, "check_runs": runs }));
    let double =
        Double::start(move |asked| asked.target.contains("/check-runs").then(|| reply.clone()))
            .await;
    let checks = double
        .github()
        .own_checks(&pr(), &sha('a'), "discussions")
        .await
        .unwrap();
    let ids: Vec<u64> = checks.iter().map(|check| check.id).collect();
    assert_eq!(ids, [5, 3]);
    double
        .github()
        .own_checks(&pr(), &sha('a'), "discussions (preview)")
        .await
        .unwrap();
    let head = "a".repeat(40);
    assert_eq!(
        double.lines()[1],
        format!(
            "GET /repos/octo-team/notes/commits/{head}/check-runs?check_name=discussions%20%28preview%29&app_id=900&filter=all&per_page=100&page=1"
        )
    );
}

#[tokio::test]
async fn a_comment_is_ours_by_its_author_not_by_its_marker() {
    const MARKER: &str = "<!-- discussions:status -->";
    let comment = |id: u64, login: &str, kind: &str, app: Value| {
        json!({
            "id": id, "body": format!("{MARKER}\nREADY"),
            "user": { "login": login, "type": kind }, "performed_via_github_app": app,
        })
    };
    let forged = [
        comment(1, "mallory", "User", Value::Null),
        comment(2, "other[bot]", "Bot", Value::Null),
        comment(3, "other[bot]", "Bot", json!({ "id": 1 })),
        comment(4, "discussions[bot]", "User", Value::Null),
        json!({ "id": 5, "body": null, "user": null }),
    ];
    let by_id = comment(6, "discussions[bot]", "Bot", json!({ "id": APP_ID }));
    let by_name = comment(7, "discussions[bot]", "Bot", Value::Null);
    for (own, expected) in [
        (None, None),
        (Some(by_id), Some(6)),
        (Some(by_name), Some(7)),
    ] {
        let comments: Vec<Value> = forged.clone().into_iter().chain(own).collect();
        let double = Double::start(move |asked| match asked.target.as_str() {
            "/app" => Some(Reply::json(json!({ "slug": "discussions" }))),
            path if path.contains("/comments") => Some(Reply::json(comments.clone().into())),
            _ => None,
        })
        .await;
        let found = double.github().own_comment(&pr(), MARKER).await.unwrap();
        assert_eq!(found.map(|comment| comment.id), expected);
    }
}

#[tokio::test]
async fn pull_requests_of_a_commit_are_open_here_and_headed_by_it() {
    let pull = |number: u64, state: &str, head: char, repo: u64| {
        json!({
            "number": number, "state": state,
            "head": { "sha": head.to_string().repeat(40), "repo": null },
            "base": { "sha": "b".repeat(40), "repo": { "id": repo } },
        })
    };
    let linked = vec![
        pull(1, "closed", 'a', 7001),
        pull(2, "open", 'c', 7001),
        pull(3, "open", 'a', 8),
    ];
    let open = vec![
        pull(2, "open", 'c', 7001),
        pull(4, "open", 'a', 7001),
        pull(5, "open", 'a', 7001),
    ];
    let double = Double::start(move |asked| match asked.target.as_str() {
        path if path.contains("/commits/") => Some(Reply::json(linked.clone().into())),
        path if path.contains("/pulls?state=open") => Some(Reply::json(open.clone().into())),
        _ => None,
    })
    .await;
    let found = double
        .github()
        .pulls_with_head(&pr(), &sha('a'))
        .await
        .unwrap();
    assert_eq!(found, [4, 5]);
}

#[tokio::test]
async fn enterprise_rest_and_graphql_live_at_their_own_addresses() {
    let double = Double::start(|asked| match asked.target.as_str() {
        "/api/graphql" => Some(Reply::data(json!({ "repository": null }))),
        path if path.starts_with("/api/v3/") && path.contains("/compare/") => Some(Reply::json(
            json!({ "merge_base_commit": { "sha": "c".repeat(40) } }),
        )),
        _ => None,
    })
    .await;
    let url = double.url();
    let github = double.github_at(&format!("{url}/api/v3"), &format!("{url}/api/graphql"));
    github
        .merge_base(&pr(), &sha('a'), &sha('b'))
        .await
        .unwrap();
    assert!(matches!(
        github.snapshot(&pr()).await,
        Err(ForgeError::NotFound(_))
    ));
    let range = format!("{}...{}", sha('a'), sha('b'));
    assert_eq!(
        double.lines(),
        [
            format!("GET /api/v3/repos/octo-team/notes/compare/{range}?per_page=1"),
            "POST /api/graphql".to_owned(),
        ]
    );
    assert_eq!(
        double.asked()[0].target,
        "/api/v3/app/installations/42/access_tokens"
    );
}
