//! Tokens and permissions.

use super::rig::{REPO, Rig, claims, good_jwt, jwt, key};
use discussions::sandbox::{Access, AppKey, Role};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn only_a_fresh_jwt_of_the_apps_own_key_speaks_for_the_app() {
    let rig = Rig::start().await;
    let stranger = AppKey::generate().unwrap();
    let own = json!("4711");
    let cases = [
        ("a good one", jwt(&claims(&own, -60, 540), key()), 200),
        (
            "a numeric issuer",
            jwt(&claims(&json!(4711), -60, 540), key()),
            200,
        ),
        ("ten minutes ahead", jwt(&claims(&own, 0, 599), key()), 200),
        (
            "eleven minutes ahead",
            jwt(&claims(&own, 0, 660), key()),
            401,
        ),
        ("expired", jwt(&claims(&own, -700, -5), key()), 401),
        (
            "issued in the future",
            jwt(&claims(&own, 90, 540), key()),
            401,
        ),
        (
            "another App",
            jwt(&claims(&json!("4712"), -60, 540), key()),
            404,
        ),
        ("another key", jwt(&claims(&own, -60, 540), &stranger), 401),
        ("an installation token", rig.token.clone(), 401),
        ("nothing", String::new(), 401),
    ];
    for (what, credential, status) in cases {
        let reply = rig.call(Method::GET, "/app", &credential, None).await;
        assert_eq!(reply.status.as_u16(), status, "{what}: {}", reply.json());
    }
}

#[tokio::test]
async fn an_installation_token_is_long_dotted_and_lives_an_hour() {
    let rig = Rig::start().await;
    let minted = rig.mint(json!({})).await.ok();
    let token = minted["token"].as_str().unwrap();
    assert!(token.starts_with("ghs_4711_"), "{token}");
    assert_eq!(token.matches('.').count(), 2);
    assert!((500..600).contains(&token.len()), "{}", token.len());
    assert_eq!(
        rig.call(Method::GET, "/repos/octo/demo", token, None)
            .await
            .status,
        200
    );
    rig.sandbox.advance(Duration::from_secs(59 * 60));
    assert_eq!(
        rig.call(Method::GET, "/repos/octo/demo", token, None)
            .await
            .status,
        200
    );
    rig.sandbox.advance(Duration::from_secs(2 * 60));
    let late = rig.call(Method::GET, "/repos/octo/demo", token, None).await;
    assert_eq!(
        (late.status.as_u16(), late.json()["message"].as_str()),
        (401, Some("Bad credentials"))
    );
}

#[tokio::test]
async fn a_narrowed_token_reaches_only_what_it_names() {
    let rig = Rig::start().await;
    let other = rig
        .sandbox
        .create_repo("octo/other", &[("a.md", "a")])
        .unwrap();
    rig.sandbox
        .create_repo("stranger/third", &[("a.md", "a")])
        .unwrap();
    let narrowed = json!({"repository_ids": [other], "permissions": {"contents": "read"}});
    let minted = rig.mint(narrowed).await.ok();
    assert_eq!(
        minted["permissions"],
        json!({"contents": "read", "metadata": "read"})
    );
    assert_eq!(minted["repositories"][0]["full_name"], "octo/other");
    let token = minted["token"].as_str().unwrap();
    let cases = [
        ("its repository", "/repos/octo/other", 200),
        ("a file of it", "/repos/octo/other/contents/a.md", 200),
        ("another repository", "/repos/octo/demo", 404),
        (
            "pull requests, not permitted",
            "/repos/octo/other/pulls",
            403,
        ),
    ];
    for (what, path, status) in cases {
        let reply = rig.call(Method::GET, path, token, None).await;
        assert_eq!(reply.status.as_u16(), status, "{what}");
    }
    let refused = [
        json!({"repositories": ["nowhere"]}),
        json!({"repository_ids": [1]}),
        json!({"permissions": {"administration": "read"}}),
        json!({"permissions": {"issues": "write"}}),
    ];
    for body in refused {
        assert_eq!(rig.mint(body.clone()).await.status, 422, "{body}");
    }
}

#[tokio::test]
async fn credentials_that_github_does_not_know_are_refused_everywhere() {
    let rig = Rig::start().await;
    for credential in ["", "ghs_4711_made.up.token", "nonsense"] {
        let reply = rig
            .call(Method::GET, "/repos/octo/demo", credential, None)
            .await;
        assert_eq!(reply.status, 401, "{credential}");
        let url = rig.sandbox.graphql_url();
        let body = json!({"query": "{ rateLimit { limit } }"});
        assert_eq!(
            rig.call(Method::POST, &url, credential, Some(body))
                .await
                .status,
            401,
            "{credential}"
        );
    }
}

#[tokio::test]
async fn every_write_needs_its_permission() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let head = rig.head(pr);
    let comment = rig.sandbox.comment("ann", REPO, pr, "hello").unwrap();
    let check = json!({"name": "discussions", "head_sha": head.as_str()});
    let routes: [(&str, String, Value); 4] = [
        ("checks", "/repos/octo/demo/check-runs".into(), check),
        (
            "issues",
            format!("/repos/octo/demo/issues/{pr}/comments"),
            json!({"body": "x"}),
        ),
        (
            "issues",
            format!("/repos/octo/demo/issues/comments/{comment}/reactions"),
            json!({"content": "eyes"}),
        ),
        (
            "pull_requests",
            format!("/repos/octo/demo/pulls/{pr}/reviews"),
            json!({"event": "COMMENT", "body": "x"}),
        ),
    ];
    let readonly: serde_json::Map<String, Value> =
        ["metadata", "contents", "pull_requests", "issues", "checks"]
            .into_iter()
            .map(|name| (name.to_owned(), json!("read")))
            .collect();
    let token = rig.mint(json!({"permissions": readonly})).await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    for (permission, path, body) in &routes {
        let refused = rig
            .call(Method::POST, path, &token, Some(body.clone()))
            .await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(
            refused.json()["message"],
            "Resource not accessible by integration"
        );
        assert_eq!(
            refused.header("x-accepted-github-permissions"),
            format!("{permission}=write")
        );
        assert!(
            rig.post(path, body.clone()).await.status.is_success(),
            "{path}"
        );
    }
    assert_eq!(
        rig.sandbox.ledger().effects.len(),
        routes.len(),
        "only the permitted ones had an effect"
    );
}

#[tokio::test]
async fn a_suspended_installation_gets_no_token_and_its_tokens_die() {
    let rig = Rig::start().await;
    rig.sandbox.suspend(rig.installation(), true).unwrap();
    let refused = rig.mint(json!({})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["message"],
        "This installation has been suspended"
    );
    assert_eq!(rig.get("/repos/octo/demo").await.status, 401);
    rig.sandbox.suspend(rig.installation(), false).unwrap();
    assert_eq!(rig.mint(json!({})).await.status, 201);
}

#[tokio::test]
async fn a_repository_outside_the_installation_does_not_exist_for_it() {
    let rig = Rig::start().await;
    rig.sandbox
        .create_repo("octo/other", &[("a.md", "a")])
        .unwrap();
    assert_eq!(rig.get("/repos/octo/other").await.status, 200);
    rig.sandbox
        .select_repositories(rig.installation(), Some(&[REPO]))
        .unwrap();
    assert_eq!(rig.get("/repos/octo/other").await.status, 404);
    let found = rig
        .call(
            Method::GET,
            "/repos/octo/demo/installation",
            &good_jwt(),
            None,
        )
        .await
        .ok();
    assert_eq!(found["id"], rig.installation());
    let missing = rig
        .call(
            Method::GET,
            "/repos/octo/other/installation",
            &good_jwt(),
            None,
        )
        .await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn rights_are_told_as_github_tells_them() {
    let rig = Rig::start().await;
    let roles = [
        (
            "reader",
            Some(Role::Read),
            "read",
            "read",
            [true, false, false, false, false],
        ),
        (
            "triager",
            Some(Role::Triage),
            "read",
            "triage",
            [true, true, false, false, false],
        ),
        (
            "writer",
            Some(Role::Write),
            "write",
            "write",
            [true, true, true, false, false],
        ),
        (
            "keeper",
            Some(Role::Maintain),
            "write",
            "maintain",
            [true, true, true, true, false],
        ),
        (
            "boss",
            Some(Role::Admin),
            "admin",
            "admin",
            [true, true, true, true, true],
        ),
        (
            "eve",
            None,
            "read",
            "read",
            [true, false, false, false, false],
        ),
    ];
    for (login, role, permission, role_name, flags) in roles {
        if let Some(role) = role {
            rig.sandbox.add_collaborator(REPO, login, role).unwrap();
        }
        let answer = rig
            .get(&format!(
                "/repos/octo/demo/collaborators/{login}/permission"
            ))
            .await
            .ok();
        assert_eq!(answer["permission"], permission, "{login}");
        assert_eq!(answer["role_name"], role_name, "{login}");
        let told = ["pull", "triage", "push", "maintain", "admin"]
            .map(|name| answer["user"]["permissions"][name] == true);
        assert_eq!(told, flags, "{login}");
    }
    assert_eq!(
        rig.get("/repos/octo/demo/collaborators/nobody/permission")
            .await
            .status,
        404
    );
    rig.sandbox.set_private(REPO, true).unwrap();
    let stranger = rig
        .get("/repos/octo/demo/collaborators/eve/permission")
        .await
        .ok();
    assert_eq!(stranger["permission"], "none");
}

#[tokio::test]
async fn a_permission_the_owner_took_back_is_gone_for_new_tokens() {
    let rig = Rig::start().await;
    let mut fewer = discussions::sandbox::default_permissions();
    fewer.insert("checks".to_owned(), Access::Read);
    rig.sandbox
        .set_permissions(rig.installation(), fewer)
        .unwrap();
    let token = rig.mint(json!({})).await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let body = json!({"name": "discussions", "head_sha": rig.head(pr).as_str()});
    let refused = rig
        .call(
            Method::POST,
            "/repos/octo/demo/check-runs",
            &token,
            Some(body),
        )
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_renamed_repository_redirects_to_its_number() {
    let rig = Rig::start().await;
    rig.sandbox.rename_repo(REPO, "renamed").unwrap();
    let moved = rig.get("/repos/octo/demo/pulls").await;
    assert_eq!(moved.status, 301);
    let target = moved.header("location").to_owned();
    assert!(target.contains("/repositories/"), "{target}");
    assert_eq!(rig.get(&target).await.status, 200);
    let post = rig.post("/repos/octo/demo/check-runs", json!({})).await;
    assert_eq!(post.status, 307);
}

#[tokio::test]
async fn requests_without_a_user_agent_are_turned_away() {
    let rig = Rig::start().await;
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/repos/octo/demo", rig.sandbox.api_url());
    let reply = bare.get(url).bearer_auth(&rig.token).send().await.unwrap();
    assert_eq!(reply.status(), 403);
}
