//! Commits: object ids, compare-and-swap, files of pull requests.

use super::rig::{REPO, Rig};
use discussions::sandbox::{FileEdit, Protection, RuleForm};
use serde_json::{Value, json};

#[tokio::test]
async fn a_commit_needs_the_branch_where_it_is_expected() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let first = rig.head(pr);
    let answer = rig.commit("work", &first, "a.md", "a\nreply\n").await;
    let oid = answer["data"]["createCommitOnBranch"]["commit"]["oid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(rig.head(pr).as_str(), oid);
    assert_eq!(
        rig.sandbox.file(REPO, "work", "a.md").unwrap(),
        b"a\nreply\n"
    );
    let stale = rig.commit("work", &first, "a.md", "other\n").await;
    let expected =
        format!("Expected branch to point to \"{first}\" but it did not. Pull and try again.");
    assert_eq!(stale["data"]["createCommitOnBranch"], Value::Null);
    assert_eq!(stale["errors"][0]["type"], "STALE_DATA");
    assert_eq!(stale["errors"][0]["message"], expected);
    assert_eq!(rig.head(pr).as_str(), oid, "nothing was written");
    let commit = rig
        .get(&format!("/repos/octo/demo/commits/{oid}"))
        .await
        .ok();
    assert_eq!(commit["author"]["login"], "orchestrated-discussions[bot]");
    assert_eq!(commit["commit"]["verification"]["verified"], true);
    assert_eq!(commit["parents"][0]["sha"], first.as_str());
    assert_eq!(commit["files"][0]["filename"], "a.md");
}

#[tokio::test]
async fn rules_refuse_a_commit_of_the_app() {
    let rig = Rig::start().await;
    let tip = rig.sandbox.tip(REPO, "main").unwrap();
    let nobody = Protection {
        pushers: Some(Vec::new()),
        ..Protection::default()
    };
    let pulls_only = Protection {
        pull_requests_only: true,
        ..Protection::default()
    };
    let (ruleset, classic) = ("UNPROCESSABLE", "BRANCH_PROTECTION_RULE_VIOLATION");
    let through_pulls = "Changes must be made through a pull request.";
    let cases = [
        (&nobody, RuleForm::Ruleset, ruleset, "rule violations found"),
        (
            &nobody,
            RuleForm::Classic,
            classic,
            "not authorized to push",
        ),
        (&nobody, RuleForm::Hidden, classic, "not authorized to push"),
        (&pulls_only, RuleForm::Ruleset, ruleset, through_pulls),
        (&pulls_only, RuleForm::Classic, classic, through_pulls),
    ];
    for (rules, form, kind, words) in cases {
        let rules = Protection {
            form,
            ..rules.clone()
        };
        rig.sandbox.protect(REPO, "main", rules).unwrap();
        let refused = rig.commit("main", &tip, "a.md", "x\n").await;
        let error = &refused["errors"][0];
        assert_eq!(error["type"], kind, "{form:?}");
        assert!(
            error["message"].as_str().unwrap().contains(words),
            "{error}"
        );
        assert_eq!(error["path"], json!(["createCommitOnBranch"]));
    }
    let bypassing = Protection {
        bypass: vec![4_711],
        ..pulls_only
    };
    rig.sandbox.protect(REPO, "main", bypassing).unwrap();
    let made = rig.commit("main", &tip, "b.md", "x\n").await;
    assert_eq!(made.get("errors"), None, "{made}");
    let tip = rig.sandbox.tip(REPO, "main").unwrap();
    rig.sandbox
        .protect(REPO, "main", Protection::default())
        .unwrap();
    let workflow = rig
        .commit("main", &tip, ".github/workflows/x.yml", "on: push\n")
        .await;
    assert_eq!(workflow["errors"][0]["type"], "FORBIDDEN");
    rig.sandbox.set_archived(REPO, true).unwrap();
    assert_eq!(
        rig.commit("main", &tip, "a.md", "x\n").await["errors"][0]["type"],
        "UNPROCESSABLE"
    );
    assert_eq!(rig.sandbox.tip(REPO, "main").unwrap(), tip);
}

#[tokio::test]
async fn bad_paths_and_bad_base64_are_refused() {
    let rig = Rig::start().await;
    let tip = rig.sandbox.tip(REPO, "main").unwrap();
    for path in [
        "../up.md",
        "/abs.md",
        "a//b.md",
        ".git/config",
        "",
        "README.md/inside",
    ] {
        let refused = rig.commit("main", &tip, path, "x\n").await;
        assert_eq!(refused["errors"][0]["type"], "UNPROCESSABLE", "{path:?}");
    }
    let input = |name: &str, value: Value| {
        let mut input = json!({
            "branch": {"repositoryNameWithOwner": REPO, "branchName": "main"},
            "expectedHeadOid": tip.as_str(),
            "message": {"headline": "m"},
        });
        input[name] = value;
        json!({"input": input})
    };
    let mutation = include_str!("../../../src/forge/github/commit.graphql");
    let broken = [
        (
            "fileChanges",
            json!({"additions": [{"path": "a", "contents": "not base64!"}]}),
            "not valid base64",
        ),
        (
            "fileChanges",
            json!({"additions": [{"path": "a"}]}),
            "contents (Expected value to not be null)",
        ),
        (
            "fileChanges",
            json!({"deletions": [{"path": "gone.md"}]}),
            "there is no file gone.md",
        ),
        ("expectedHeadOid", json!("abc"), "is not a GitObjectID"),
        (
            "message",
            json!({"title": "m"}),
            "title (Field is not defined on CommitMessage)",
        ),
        (
            "author",
            json!("me"),
            "author (Field is not defined on CreateCommitOnBranchInput)",
        ),
    ];
    for (name, value, message) in broken {
        let answer = rig.graphql(mutation, input(name, value)).await;
        let told = answer["errors"][0]["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    }
    assert_eq!(rig.sandbox.tip(REPO, "main").unwrap(), tip);
}

#[tokio::test]
async fn object_ids_are_those_of_git() {
    let rig = Rig::start().await;
    let edits = [
        FileEdit::delete("README.md"),
        FileEdit::write("hello.txt", "hello\n"),
    ];
    let oid = rig
        .sandbox
        .push("octo", REPO, "plain", "one file", &edits)
        .unwrap();
    let commit = rig
        .get(&format!("/repos/octo/demo/commits/{oid}"))
        .await
        .ok();
    // `git hash-object` of the content and `git mktree` of that single entry.
    assert_eq!(
        commit["commit"]["tree"]["sha"],
        "aaa96ced2d9a1c8e72c56b253a0e2fe78393feb7"
    );
    let file = rig
        .get(&format!("/repos/octo/demo/contents/hello.txt?ref={oid}"))
        .await
        .ok();
    assert_eq!(file["sha"], "ce013625030ba8dba906f756967f9e9ca394464a");
}

#[tokio::test]
async fn files_of_a_pull_request_show_renames_and_come_in_pages() {
    let rig = Rig::start().await;
    let old = "one\ntwo\nthree\nfour\n";
    let edits = [
        FileEdit::write("old.md", old),
        FileEdit::write("gone.md", "gone\n"),
    ];
    rig.sandbox
        .push("octo", REPO, "main", "prepare", &edits)
        .unwrap();
    let edits = [
        FileEdit::rename("old.md", "new.md"),
        FileEdit::write("new.md", format!("{old}five\n")),
        FileEdit::delete("gone.md"),
        FileEdit::write("README.md", "changed\n"),
        FileEdit::write("added.md", "a\nb\n"),
    ];
    rig.sandbox
        .push("rob", REPO, "work", "everything", &edits)
        .unwrap();
    let new = discussions::sandbox::NewPull {
        title: "t".into(),
        head: "work".into(),
        ..Default::default()
    };
    let pr = rig.sandbox.open_pr("rob", REPO, &new).unwrap();
    let files = rig
        .get(&format!("/repos/octo/demo/pulls/{pr}/files"))
        .await
        .ok();
    let seen: Vec<(String, String, Value, u64)> = files
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let text = |name: &str| file[name].as_str().unwrap().to_owned();
            (
                text("filename"),
                text("status"),
                file["previous_filename"].clone(),
                file["additions"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("README.md", "modified", Value::Null, 1),
        ("added.md", "added", Value::Null, 2),
        ("gone.md", "removed", Value::Null, 0),
        ("new.md", "renamed", json!("old.md"), 1),
    ];
    let expected = expected.map(|(name, status, previous, lines)| {
        (name.to_owned(), status.to_owned(), previous, lines)
    });
    assert_eq!(seen, expected);
    let page = rig
        .get(&format!("/repos/octo/demo/pulls/{pr}/files?per_page=3"))
        .await;
    let link = page.header("link").to_owned();
    assert_eq!(page.ok().as_array().unwrap().len(), 3);
    let next = link
        .split_once('>')
        .unwrap()
        .0
        .trim_start_matches('<')
        .to_owned();
    assert!(
        link.contains("rel=\"next\"") && link.contains("rel=\"last\""),
        "{link}"
    );
    let rest = rig.get(&next).await;
    assert!(!rest.header("link").contains("rel=\"next\""));
    assert_eq!(rest.ok()[0]["filename"], "new.md");
}

#[tokio::test]
async fn a_listing_of_files_ends_at_three_thousand() {
    let rig = Rig::start().await;
    let edits: Vec<FileEdit> = (0..3_001)
        .map(|number| FileEdit::write(&format!("many/{number:04}.md"), "x\n"))
        .collect();
    rig.sandbox
        .push("rob", REPO, "many", "many", &edits)
        .unwrap();
    let new = discussions::sandbox::NewPull {
        title: "t".into(),
        head: "many".into(),
        ..Default::default()
    };
    let pr = rig.sandbox.open_pr("rob", REPO, &new).unwrap();
    let pull = rig.get(&format!("/repos/octo/demo/pulls/{pr}")).await.ok();
    assert_eq!(pull["changed_files"], 3_001);
    let last = rig
        .get(&format!(
            "/repos/octo/demo/pulls/{pr}/files?per_page=100&page=30"
        ))
        .await
        .ok();
    assert_eq!(last[99]["filename"], "many/2999.md");
    let beyond = rig
        .get(&format!(
            "/repos/octo/demo/pulls/{pr}/files?per_page=100&page=31"
        ))
        .await
        .ok();
    assert_eq!(beyond, json!([]), "the last file is not shown");
}

#[tokio::test]
async fn a_comparison_names_the_merge_base() {
    let rig = Rig::start().await;
    let base = rig.sandbox.tip(REPO, "main").unwrap();
    let pr = rig.open("feature/x", &[("a.md", "a\n")]);
    rig.sandbox
        .push(
            "octo",
            REPO,
            "main",
            "meanwhile",
            &[FileEdit::write("b.md", "b\n")],
        )
        .unwrap();
    let compared = rig
        .get(&format!("/repos/octo/demo/compare/main...{}", rig.head(pr)))
        .await
        .ok();
    assert_eq!(compared["merge_base_commit"]["sha"], base.as_str());
    assert_eq!(
        (
            compared["status"].as_str(),
            compared["ahead_by"].as_u64(),
            compared["behind_by"].as_u64()
        ),
        (Some("diverged"), Some(1), Some(1))
    );
    assert_eq!(compared["files"][0]["filename"], "a.md");
    let by_branch = rig
        .get("/repos/octo/demo/compare/main...feature/x")
        .await
        .ok();
    assert_eq!(by_branch["total_commits"], 1);
    assert_eq!(
        rig.get("/repos/octo/demo/compare/main...gone").await.status,
        404
    );
    let found = rig.get("/repos/octo/demo/commits/feature%2Fx").await.ok();
    assert_eq!(found["sha"], rig.head(pr).as_str());
}
