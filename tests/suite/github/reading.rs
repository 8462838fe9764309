//! Snapshots, files and rights: read whole, from the right place, and doubted where they can be wrong.

use super::double::{Double, Reply, pr, sha};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use discussions::forge::{FileContent, FolderContent, ForgeError, ForgeRead, PrState, Rights};
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
    let security = FileContent::Blob(b"# Security\n".to_vec());
    let expected = FolderContent::Files(vec![
        ("link.md".to_owned(), FileContent::NotAFile("symlink")),
        ("security.md".to_owned(), security),
    ]);
    assert_eq!(snapshot.personas.len(), 1);
    assert_eq!(snapshot.personas[0].path, ".github/discussions/personas");
    assert_eq!(snapshot.personas[0].content, expected);
    assert_eq!(snapshot.templates.content, FolderContent::Missing);
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
            Some(FileContent::TooLarge(1_048_577, None)),
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
        double.github().rights(&pr, 7, login).await.unwrap(),
        Rights::default()
    );
    assert_eq!(
        double.lines(),
        [
            "GET /repos/octo-team/no%23tes/collaborators/a%2F..%2Fb%3Fc%3Dd%23e%20f%5Bbot%5D%C3%A9/permission",
            "GET /user/7"
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
            json!({ "permission": "write", "role_name": "maintain", "user": { "id": 7, "permissions":
                { "pull": true, "triage": true, "push": true, "maintain": true, "admin": false } } }),
            rights(true, true, true, true, false),
        ),
        (
            json!({ "permission": "read", "role_name": "triage", "user": { "id": 7, "permissions":
                { "pull": true, "triage": true, "push": false, "maintain": false, "admin": false } } }),
            rights(true, true, false, false, false),
        ),
        (
            json!({ "user": { "id": 7, "permissions": { "pull": true, "push": true, "admin": false } } }),
            rights(true, true, true, false, false),
        ),
        (
            json!({ "user": { "id": 7, "permissions": { "pull": true, "push": true, "admin": true } } }),
            rights(true, true, true, true, true),
        ),
        (
            json!({ "user": { "id": 7, "permissions": { "pull": true, "push": false } } }),
            rights(true, false, false, false, false),
        ),
        (json!({ "permission": "admin", "role_name": "admin" }), none),
        (
            json!({ "permission": "admin", "user": { "id": 7, "login": "ann" } }),
            none,
        ),
        (json!({ "permission": "admin", "user": null }), none),
        (
            json!({ "user": { "id": 8, "permissions": { "pull": true, "push": true, "admin": true } } }),
            none,
        ),
    ] {
        let reply = Reply::json(answer.clone());
        let double = Double::start(move |asked| {
            asked.target.ends_with("/permission").then(|| reply.clone())
        })
        .await;
        let got = double.github().rights(&pr(), 7, "ann").await.unwrap();
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
            double.github().rights(&pr(), 7, "ann").await.is_err(),
            "{status}"
        );
    }
}
