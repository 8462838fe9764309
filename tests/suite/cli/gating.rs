//! `gate`: consensus as an exit code, never green on nothing.

use super::Folder;

/// A discussion with votes by typed blocks.
fn voted(votes: &[(&str, &str)]) -> String {
    let mut text = "<!-- DISCUSSION -->\n<!-- Title: Cache -->\n<!-- Template: review -->\n<!-- Participants: security -->\n\nWe add a cache.\n".to_owned();
    for (name, vote) in votes {
        text.push_str(&format!("\n---\n\nName: {name}\n\nRead.\n\nVOTE: {vote}\n"));
    }
    text
}

fn ready() -> String {
    voted(&[("AI-Security", "READY"), ("Ann", "READY")])
}

const ANCHOR: &str = "1:00000000000000000000000000000000000000000000000000000000000000aa";
const KEYS: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn with_typed_votes_the_worst_of_all_discussions_decides() {
    let folder = Folder::with(&[
        ("a/one.md", ready().as_bytes()),
        ("b/two.md", voted(&[("Ann", "CHANGES")]).as_bytes()),
    ]);
    let file = |paths: &[&str]| {
        let arguments = [&["gate", "--trust", "file", "--json"], paths].concat();
        folder.run(&arguments)
    };
    let green = file(&["a"]).exits(0).json();
    assert_eq!(green["schema"], "discussions/gate@1");
    assert_eq!(green["green"], true);
    assert_eq!(green["state"], "ready");
    let both = file(&["a", "b/two.md"]).exits(1).json();
    assert_eq!(both["green"], false);
    assert_eq!(both["state"], "changes");
    let list = both["discussions"].as_array().unwrap();
    assert_eq!(list[0]["green"], true);
    assert_eq!(list[1]["path"], "b/two.md");
    // The verdict is that of `status`.
    for (one, path) in list.iter().zip(["a/one.md", "b/two.md"]) {
        let status = folder.run(&["status", path, "--json"]).exits(0).json();
        assert_eq!(one["verdict"], status["verdict"]);
        assert_eq!(one["tally"], status["tally"]);
    }
    folder
        .run(&["gate", ".", "--trust", "file"])
        .exits(1)
        .says(&[
            "a/one.md: READY",
            "b/two.md: CHANGES",
            "2 discussions: 1 ready",
        ]);
}

#[test]
fn typed_votes_are_never_enough_by_default_and_every_file_says_why() {
    let lax = "gate: {humans: 0, concerns: none}\n";
    for config in ["rounds: 3\n", lax] {
        let folder = Folder::with(&[
            ("a.md", ready().as_bytes()),
            ("jwks.json", KEYS.as_bytes()),
            (".github/discussions.yml", config.as_bytes()),
        ]);
        for more in [
            &[] as &[&str],
            &["--jwks", "jwks.json", "--repo", "1", "--pr", "7"],
            &["--trust", "receipts"],
        ] {
            let arguments = [&["gate", "a.md"], more].concat();
            folder.run(&arguments).exits(1).says(&[
                "a.md: ",
                "no block counts",
                "none is shown to be",
            ]);
        }
        let ran = folder.run(&["gate", "a.md"]).exits(1);
        ran.says(&[
            "without --jwks",
            "--trust file",
            "proves nothing about who wrote them",
        ]);
        let told = folder.run(&["gate", "a.md", "--json"]).exits(1).json();
        assert_eq!(told["green"], false);
        assert_ne!(told["state"], "ready");
        assert!(
            told["discussions"][0]["note"]
                .as_str()
                .unwrap()
                .contains("signed")
        );
        assert_eq!(told["discussions"][0]["tally"]["ready"], 0);
    }
}

#[test]
fn where_there_is_no_discussion_the_gate_is_not_green_unless_that_is_allowed() {
    let folder = Folder::with(&[("docs/notes.md", b"# no discussion\n")]);
    folder
        .run(&["gate", "docs", "--trust", "file"])
        .exits(1)
        .says(&["no discussion found", "--allow-none"]);
    folder.run(&["gate", "docs", "--allow-none"]).exits(0);
    let told = folder.run(&["gate", "docs", "--json"]).exits(1).json();
    assert_eq!(told["state"], serde_json::Value::Null);
    assert_eq!(told["green"], false);
}

#[test]
fn a_file_that_only_has_the_name_of_a_discussion_is_invalid() {
    let folder = Folder::with(&[
        ("d/a.discussion.md", b"# marker lost\n"),
        ("d/b.md", ready().as_bytes()),
    ]);
    let ran = folder.run(&["gate", "d", "--trust", "file"]).exits(1);
    ran.says(&["d/a.discussion.md: INVALID", "d/b.md: READY"]);
}

#[test]
fn on_github_each_discussion_is_shown_at_its_file() {
    let broken = ready().replace("security", "securty");
    let folder = Folder::with(&[("a,b.md", broken.as_bytes()), ("c.md", ready().as_bytes())]);
    let ran = folder
        .run(&["gate", ".", "--trust", "file", "--format", "github"])
        .exits(1);
    let said = ran.stdout();
    assert!(
        said.starts_with("::error file=a%2Cb.md,line=4,title=INVALID::"),
        "{said}"
    );
    assert!(
        said.contains("\n::notice file=c.md,line=1,title=READY::"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let private = KEYS.replace("\"kid\"", "\"d\": \"x\", \"kid\"");
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["gate"], "", &["<PATH>"]),
        (&["gate", "gone.md"], "", &["gone.md", "cannot read"]),
        (
            &["gate", "notes.md"],
            "",
            &["notes.md:1", "not a discussion"],
        ),
        (
            &["gate", "a.md", "--trust", "none"],
            "",
            &["none", "receipts"],
        ),
        (&["gate", "a.md", "--jwks", "gone.json"], "", &["gone.json"]),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            "{",
            &["not JSON", "jwks.json"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            "[]",
            &["list `keys`"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            r#"{"keys": {}}"#,
            &["list `keys`"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            r#"{"keys": []}"#,
            &["no key"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            r#"{"keys": [1]}"#,
            &["key 1", "kty"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            r#"{"keys": [{"kty": "RSA", "kid": "a"}]}"#,
            &["key 1", "\"RSA\"", "OKP"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "AAAA"}]}"#,
            &["32 bytes"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            &KEYS.replace("2026", ""),
            &["no `kid`"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2", "--jwks", "j"],
            &private,
            &["private key"],
        ),
        (
            &["gate", "a.md", "--jwks", "j", "--trust", "file"],
            KEYS,
            &["--jwks has no meaning"],
        ),
        (
            &["gate", "a.md", "--jwks", "j"],
            KEYS,
            &[
                "of which repository",
                "--repo REPO and --pr N",
                "GITHUB_REF",
            ],
        ),
        (
            &["gate", "a.md", "--jwks", "j", "--repo", "octo/demo"],
            KEYS,
            &["of which pull request"],
        ),
        (
            &["gate", "a.md", "--repo", "1", "--pr", "2"],
            "",
            &["--repo has no meaning without --jwks"],
        ),
        (
            &[
                "gate", "a.md", "c.md", "--jwks", "j", "--repo", "1", "--pr", "2", "--anchor",
                ANCHOR,
            ],
            KEYS,
            &["the end of one discussion", "here are 2"],
        ),
    ];
    for (arguments, keys, words) in cases {
        let folder = Folder::with(&[
            ("a.md", ready().as_bytes()),
            ("c.md", ready().as_bytes()),
            ("notes.md", b"# notes\n"),
            ("j", keys.as_bytes()),
        ]);
        folder.run(arguments).exits(2).says(words);
    }
}
