//! Snapshots, files, rights, checks, comments: read whole, from the right place, and doubted where they can be wrong.

use super::double::{APP_ID, Double, Reply, pr, sha};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use discussions::forge::{FileContent, ForgeError, ForgeRead, PrState, Rights};
use discussions::ids::ActorKind;
use serde_json::{Value, json};

fn oid(bytes: &[u8]) -> String {
    let object = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &object))
}

/// A tree entry as GraphQL gives it, its text perhaps not the blob's.
fn entry(name: &str, bytes: &[u8], text: Value) -> Value {
    json!({
        "name": name,
        "mode": 0o100_644,
        "object": {
            "__typename": "Blob", "oid": oid(bytes), "byteSize": bytes.len(),
            "isBinary": false, "isTruncated": false, "text": text,
        },
    })
}

fn file(name: &str, text: &str) -> Value {
    entry(name, text.as_bytes(), text.into())
}

fn folder(entries: Vec<Value>) -> Value {
    json!({
        "name": "personas", "mode": 0o040_000,
        "object": { "__typename": "Tree", "oid": "f".repeat(40), "entries": entries },
    })
}

fn repository() -> Value {
    json!({
        "databaseId": 7001,
        "name": "renamed",
        "owner": { "login": "octo-team" },
        "isArchived": false,
        "defaultBranchRef": { "name": "main" },
        "pullRequest": {
            "number": 7,
            "state": "OPEN",
            "isDraft": false,
            "locked": true,
            "title": "Cache layer",
            "url": "https://github.com/octo-team/renamed/pull/7",
            "author": { "__typename": "User", "login": "rob", "databaseId": 12 },
            "headRefName": "cache",
            "headRefOid": "a".repeat(40),
            "isCrossRepository": true,
            "changedFiles": 250,
            "baseRefName": "main",
            "baseRef": { "target": {
                "oid": "b".repeat(40),
                "config": file("discussions.yml", "rounds: 2\n"),
                "personas": folder(vec![
                    file("security.md", "# Security\n"),
                    json!({ "name": "link.md", "mode": 0o120_000, "object": { "__typename": "Blob", "oid": "0", "byteSize": 3, "text": "x" } }),
                    json!({ "name": "old", "mode": 0o040_000, "object": { "__typename": "Tree", "oid": "e".repeat(40) } }),
                ]),
                "templates": null,
            } },
            "reviews": { "nodes": [
                { "fullDatabaseId": "9007199254740993", "state": "APPROVED",
                  "author": { "__typename": "User", "login": "ann", "databaseId": 11 } },
                { "fullDatabaseId": "2", "state": "COMMENTED", "author": null },
                { "fullDatabaseId": "3", "state": "COMMENTED",
                  "author": { "__typename": "Bot", "login": "ci", "databaseId": 13 } },
            ] },
        },
    })
}

/// File number `n` of a list made for the head `aaa...`.
fn changed(n: usize) -> Value {
    let status = if n == 0 { "renamed" } else { "modified" };
    json!({
        "filename": format!("f{n}.md"),
        "previous_filename": (n == 0).then_some("old.md"),
        "status": status,
        "contents_url": format!("https://api.github.com/repos/o/r/contents/f?ref={}", "a".repeat(40)),
    })
}

/// Answers with a snapshot, and with `files` files in pages of a hundred, each naming a next page elsewhere.
async fn snapshot_double(repository: Value, files: usize) -> Double {
    Double::start(move |asked| {
        if asked.target == "/graphql" {
            return Some(Reply::data(json!({ "repository": repository })));
        }
        let (_, page) = asked
            .target
            .split_once("/pulls/7/files?per_page=100&page=")?;
        let first = (page.parse::<usize>().unwrap() - 1) * 100;
        let page: Vec<Value> = (first..files.min(first + 100)).map(changed).collect();
        let elsewhere = "<http://169.254.169.254/files?page=2>; rel=\"next\"";
        Some(Reply::json(page.into()).with("link", elsewhere))
    })
    .await
}

#[tokio::test]
async fn a_snapshot_holds_everything_of_one_head() {
    let double = snapshot_double(repository(), 250).await;
    let snapshot = double.github().snapshot(&pr()).await.unwrap();
    assert_eq!(
        double.lines(),
        [
            "POST /graphql",
            "GET /repos/octo-team/renamed/pulls/7/files?per_page=100&page=1",
            "GET /repos/octo-team/renamed/pulls/7/files?per_page=100&page=2",
            "GET /repos/octo-team/renamed/pulls/7/files?per_page=100&page=3",
        ]
    );
    assert_eq!(snapshot.pr.repo.name, "renamed");
    assert_eq!((&snapshot.head, &snapshot.base), (&sha('a'), &sha('b')));
    assert_eq!(snapshot.state, PrState::Open);
    assert!(snapshot.from_fork && snapshot.locked && !snapshot.draft);
    assert_eq!(snapshot.author.unwrap().id, 12);
    assert_eq!(snapshot.config.as_deref(), Some("rounds: 2\n"));
    assert_eq!(
        snapshot.personas,
        [("security.md".to_owned(), "# Security\n".to_owned())]
    );
    assert_eq!(snapshot.templates, []);
    assert_eq!(snapshot.files.len(), 250);
    assert_eq!(snapshot.files[0].previous_path.as_deref(), Some("old.md"));
    assert!(!snapshot.files_truncated);
    let ids: Vec<u64> = snapshot.reviews.iter().map(|review| review.id).collect();
    assert_eq!(ids, [9_007_199_254_740_993, 2, 3]);
    assert_eq!(snapshot.reviews[1].author, None);
    assert_eq!(
        snapshot.reviews[2].author.as_ref().unwrap().kind,
        ActorKind::Bot
    );
}

#[tokio::test]
async fn a_small_pull_request_takes_two_requests() {
    let mut repository = repository();
    repository["pullRequest"]["changedFiles"] = 1.into();
    let double = snapshot_double(repository, 1).await;
    double.github().snapshot(&pr()).await.unwrap();
    assert_eq!(double.calls().len(), 2);
}

#[tokio::test]
async fn more_files_than_github_lists_are_noticed_and_the_paging_ends() {
    let mut repository = repository();
    repository["pullRequest"]["changedFiles"] = 3_001.into();
    let double = snapshot_double(repository, 9_999).await;
    let snapshot = double.github().snapshot(&pr()).await.unwrap();
    assert!(snapshot.files_truncated);
    assert_eq!(snapshot.files.len(), 3_000);
    assert_eq!(double.calls().len(), 31);
}

#[tokio::test]
async fn a_head_that_moves_while_files_are_read_is_stale() {
    let mut repository = repository();
    repository["pullRequest"]["headRefOid"] = "d".repeat(40).into();
    let double = snapshot_double(repository, 250).await;
    let error = double.github().snapshot(&pr()).await.unwrap_err();
    assert!(matches!(error, ForgeError::StaleHead(_)), "{error}");
}

#[tokio::test]
async fn a_snapshot_of_something_else_is_not_found() {
    let mut taken_over = repository();
    taken_over["databaseId"] = 8.into();
    let mut without_base = repository();
    without_base["pullRequest"]["baseRef"] = Value::Null;
    let mut without_pull = repository();
    without_pull["pullRequest"] = Value::Null;
    for repository in [taken_over, without_base, without_pull, Value::Null] {
        let double = snapshot_double(repository, 1).await;
        let error = double.github().snapshot(&pr()).await.unwrap_err();
        assert!(matches!(error, ForgeError::NotFound(_)), "{error}");
    }
}

#[tokio::test]
async fn files_are_the_blobs_bytes_or_say_why_not() {
    let latin1 = b"caf\xe9\n";
    let double = Double::start(move |asked| {
        if asked.target == format!("/repos/octo-team/notes/git/blobs/{}", oid(latin1)) {
            assert_eq!(asked.headers["accept"], "application/vnd.github.raw+json");
            return Some(Reply::new(200, latin1.to_vec()));
        }
        let big = json!({
            "name": "big", "mode": 0o100_644,
            "object": { "__typename": "Blob", "oid": "0", "byteSize": 1_048_577, "text": null },
        });
        let other = |mode: u32, object: Value| json!({ "name": "x", "mode": mode, "object": object });
        (asked.target == "/graphql").then(|| {
            Reply::json(json!({
                "data": { "repository": { "object": {
                    "f0": file("plain.md", "hello\r\n\u{feff}"),
                    "f1": entry("latin1.md", latin1, "café\n".into()),
                    "f2": entry("binary", latin1, Value::Null),
                    "f3": big,
                    "f4": other(0o120_000, json!({ "__typename": "Blob", "oid": "0", "text": "x" })),
                    "f5": other(0o160_000, Value::Null),
                    "f6": other(0o040_000, json!({ "__typename": "Tree", "oid": "0" })),
                    "f7": null,
                } } },
                "errors": [{ "type": "NOT_FOUND", "message": "x", "path": ["repository", "object", "f7"] }],
            }))
        })
    })
    .await;
    let paths: Vec<String> = (0..9).map(|n| format!("{n}.md")).collect();
    let got = double
        .github()
        .files(&pr(), &sha('a'), &paths)
        .await
        .unwrap();
    let blob = |bytes: &[u8]| Some(FileContent::Blob(bytes.to_vec()));
    assert_eq!(
        got,
        [
            blob("hello\r\n\u{feff}".as_bytes()),
            blob(latin1),
            blob(latin1),
            Some(FileContent::TooLarge(1_048_577)),
            Some(FileContent::NotAFile("symlink")),
            Some(FileContent::NotAFile("submodule")),
            Some(FileContent::NotAFile("folder")),
            None,
            None,
        ]
    );
}

#[tokio::test]
async fn bytes_that_are_not_the_blobs_are_never_used() {
    let double = Double::start(|asked| match asked.target.as_str() {
        "/graphql" => Some(Reply::data(json!({
            "repository": { "object": { "f0": entry("a.md", b"true", "false".into()) } }
        }))),
        path if path.contains("/git/blobs/") => Some(Reply::new(200, "false")),
        _ => None,
    })
    .await;
    let error = double
        .github()
        .files(&pr(), &sha('a'), &["a.md".to_owned()])
        .await
        .unwrap_err();
    assert!(matches!(error, ForgeError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn paths_are_variables_and_go_out_in_portions() {
    let double = Double::start(|asked| {
        (asked.target == "/graphql").then(|| Reply::data(json!({ "repository": { "object": {} } })))
    })
    .await;
    let hostile = "x\") { id } } } # ${é}\n";
    let mut paths: Vec<String> = (0..60).map(|n| format!("{n}.md")).collect();
    paths[0] = hostile.to_owned();
    let got = double
        .github()
        .files(&pr(), &sha('a'), &paths)
        .await
        .unwrap();
    assert_eq!(got.len(), 60);
    let calls = double.calls();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0].body["variables"]["p0"], hostile);
    assert!(!calls[0].body["query"].as_str().unwrap().contains(hostile));
    assert_eq!(calls[2].body["variables"]["p9"], "59.md");
}

#[tokio::test]
async fn no_files_are_no_request() {
    let double = Double::start(|_| None).await;
    assert_eq!(
        double.github().files(&pr(), &sha('a'), &[]).await.unwrap(),
        []
    );
    assert_eq!(double.asked().len(), 0);
}

#[tokio::test]
async fn names_stay_inside_their_path_segment() {
    let double = Double::start(|_| None).await;
    let mut pr = pr();
    pr.repo.name = "no#tes".to_owned();
    let login = "a/../b?c=d#e f[bot]é";
    assert_eq!(
        double.github().rights(&pr, login).await.unwrap(),
        Rights::default()
    );
    assert_eq!(
        double.lines(),
        [
            "GET /repos/octo-team/no%23tes/collaborators/a%2F..%2Fb%3Fc%3Dd%23e%20f%5Bbot%5D%C3%A9/permission"
        ]
    );
}

#[tokio::test]
async fn rights_come_from_the_booleans_alone() {
    let rights = |read, triage, write, maintain, admin| Rights {
        read,
        triage,
        write,
        maintain,
        admin,
    };
    let none = Rights::default();
    for (answer, expected) in [
        (
            json!({ "permission": "write", "role_name": "maintain", "user": { "permissions":
                { "pull": true, "triage": true, "push": true, "maintain": true, "admin": false } } }),
            rights(true, true, true, true, false),
        ),
        (
            json!({ "permission": "read", "role_name": "triage", "user": { "permissions":
                { "pull": true, "triage": true, "push": false, "maintain": false, "admin": false } } }),
            rights(true, true, false, false, false),
        ),
        (
            json!({ "user": { "permissions": { "pull": true, "push": true, "admin": false } } }),
            rights(true, true, true, false, false),
        ),
        (
            json!({ "user": { "permissions": { "pull": true, "push": true, "admin": true } } }),
            rights(true, true, true, true, true),
        ),
        (
            json!({ "user": { "permissions": { "pull": true, "push": false } } }),
            rights(true, false, false, false, false),
        ),
        (json!({ "permission": "admin", "role_name": "admin" }), none),
        (
            json!({ "permission": "admin", "user": { "login": "ann" } }),
            none,
        ),
        (json!({ "permission": "admin", "user": null }), none),
    ] {
        let reply = Reply::json(answer.clone());
        let double = Double::start(move |asked| {
            asked.target.ends_with("/permission").then(|| reply.clone())
        })
        .await;
        let got = double.github().rights(&pr(), "ann").await.unwrap();
        assert_eq!(got, expected, "{answer}");
    }
}

#[tokio::test]
async fn rights_that_cannot_be_asked_are_an_error_not_a_guess() {
    for status in [403, 500] {
        let double = Double::start(move |asked| {
            asked
                .target
                .ends_with("/permission")
                .then(|| Reply::new(status, "{}"))
        })
        .await;
        assert!(
            double.github().rights(&pr(), "ann").await.is_err(),
            "{status}"
        );
    }
}

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
        assert_eq!(found, expected);
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
