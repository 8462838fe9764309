//! `advance` and `templates`: the way through a discussion.

use super::Folder;
use crate::support::fixture;

#[test]
fn a_discussion_moves_to_the_next_phase_and_nothing_else_in_it_changes() {
    let crlf = format!(
        "\u{feff}{}",
        fixture("discussions/example.md").replace('\n', "\r\n")
    );
    for text in [fixture("discussions/example.md"), crlf] {
        let folder = Folder::with(&[("a.md", text.as_bytes())]);
        folder.run(&["advance", "a.md"]).exits(0).says(&[
            "initial_feedback -> detailed_review",
            "every open point is settled",
            "next is consensus_vote",
        ]);
        let expected = text.replace("Phase: initial_feedback", "Phase: detailed_review");
        assert_eq!(String::from_utf8(folder.read("a.md")).unwrap(), expected);
        let told = folder.run(&["advance", "a.md", "--json"]).exits(0).json();
        assert_eq!(told["schema"], "discussions/advance@1");
        assert_eq!(told["from"], "detailed_review");
        assert_eq!(told["to"], "consensus_vote");
        assert_eq!(told["phase_votes"], true);
        assert_eq!(told["ready"], "2/3");
        assert_eq!(told["is_final"], true);
        assert_eq!(told["next"], serde_json::Value::Null);
        assert_eq!(told["written"], true);
        let status = folder.run(&["status", "a.md", "--json"]).exits(0).json();
        assert_eq!(status["phase"], "consensus_vote");
        assert_eq!(status["phase_votes"], true);
        folder
            .run(&["advance", "a.md", "--to", "initial_feedback"])
            .exits(0);
        assert_eq!(folder.read("a.md"), text.as_bytes());
        folder
            .run(&["advance", "a.md", "--to", "initial_feedback"])
            .exits(0)
            .says(&["already in initial_feedback", "nothing written"]);
    }
}

#[test]
fn the_stricter_fraction_of_phase_and_gate_is_told() {
    let folder = Folder::with(&[
        ("a.md", fixture("discussions/example.md").as_bytes()),
        (".github/discussions.yml", b"gate: {ready: all}\n"),
    ]);
    let told = folder
        .run(&["advance", "a.md", "--to", "consensus_vote", "--json"])
        .exits(0)
        .json();
    assert_eq!(told["ready"], "all");
}

#[test]
fn a_dry_run_shows_the_changed_line_and_writes_nothing() {
    let folder = Folder::example();
    let before = folder.read("example.md");
    folder
        .run(&["advance", "example.md", "--dry-run"])
        .exits(0)
        .says(&[
            "@@ line 3 @@\n-<!-- Phase: initial_feedback -->\n+<!-- Phase: detailed_review -->\n",
            "nothing written",
        ]);
    assert_eq!(folder.read("example.md"), before);
    // A file without the line gets one.
    let text = "<!-- DISCUSSION -->\n<!-- Template: feature -->\n\nText.\n";
    let folder = Folder::with(&[("a.md", text.as_bytes())]);
    folder.run(&["advance", "a.md"]).exits(0);
    let expected = text.replace(
        "feature -->\n",
        "feature -->\n<!-- Phase: detailed_review -->\n",
    );
    assert_eq!(String::from_utf8(folder.read("a.md")).unwrap(), expected);
}

#[test]
fn where_there_is_no_way_on_the_file_stays_and_the_phases_are_named() {
    let example = fixture("discussions/example.md");
    let with = |phase: &str| example.replace("Phase: initial_feedback", &format!("Phase: {phase}"));
    let cases: &[(&[&str], String, &[&str])] = &[
        (
            &["advance", "f.md"],
            with("consensus_vote"),
            &[
                "f.md:3",
                "last phase",
                "initial_feedback, detailed_review, consensus_vote",
            ],
        ),
        (
            &["advance", "f.md", "--to", "consensus_vot"],
            example.clone(),
            &["no phase consensus_vot", "Did you mean consensus_vote?"],
        ),
        (
            &["advance", "f.md", "--to", "zzz"],
            example.clone(),
            &[
                "no phase zzz",
                "There are: initial_feedback, detailed_review, consensus_vote",
            ],
        ),
        (
            &["advance", "f.md"],
            with("elsewhere"),
            &["no phase elsewhere", "--to"],
        ),
        (
            &["advance", "f.md"],
            example.replace("Template: feature", "Template: featur"),
            &["f.md:6", "featur", "Did you mean `feature`?"],
        ),
        (
            &["advance", "f.md"],
            format!("{example}\n```\n"),
            &["never closed"],
        ),
        (
            &["advance", "f.md"],
            "# notes\n".to_owned(),
            &["f.md:1", "not a discussion"],
        ),
    ];
    for (arguments, text, words) in cases {
        let folder = Folder::with(&[("f.md", text.as_bytes())]);
        folder.run(arguments).exits(2).says(words);
        assert_eq!(
            &String::from_utf8(folder.read("f.md")).unwrap(),
            text,
            "{arguments:?}"
        );
    }
}

const OWN: &str = "name: rfc\ndescription: Ours.\nturn_pipeline: x\nfirst_phase: zoom\nphases:\n  zoom:\n    goal: Look closely.\n    next: ask\n  ask:\n    goal: Decide.\n    voting: true\n    ready: 3/4\n";

#[test]
fn templates_are_listed_with_their_phases_in_order_and_where_they_come_from() {
    let folder = Folder::with(&[
        (".github/discussions.yml", b"rounds: 3\n"),
        (".github/discussions/templates/rfc.yml", OWN.as_bytes()),
    ]);
    folder.run(&["templates", "list"]).exits(0).says(&[
        "feature  built-in",
        "initial_feedback -> detailed_review -> consensus_vote (votes, 2/3 READY)",
        "rfc  .github/discussions/templates/rfc.yml",
        "zoom -> ask (votes, 3/4 READY)",
    ]);
    let told = folder.run(&["templates", "list", "--json"]).exits(0).json();
    assert_eq!(told["schema"], "discussions/templates@1");
    let list = told["templates"].as_array().unwrap();
    let names: Vec<&str> = list
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["brainstorm", "feature", "review", "rfc"]);
    assert_eq!(list[0]["path"], serde_json::Value::Null);
    assert_eq!(list[3]["path"], ".github/discussions/templates/rfc.yml");
    assert_eq!(list[3]["phases"][1]["ready"], "3/4");
    assert_eq!(list[3]["phases"][0]["ready"], serde_json::Value::Null);
    folder.run(&["templates", "show", "rfc"]).exits(0).says(&[
        "Ours.",
        "Look closely.",
        "ask (votes, 3/4 READY)",
        "READY_FOR_DESIGN",
    ]);
    let shown = folder
        .run(&["templates", "show", "feature", "--json"])
        .exits(0)
        .json();
    let instructions = &shown["templates"][0]["phases"][0]["instructions"];
    assert!(instructions.as_str().unwrap().contains("first look"));
    folder
        .run(&["templates", "show", "featre"])
        .exits(2)
        .says(&["featre", "Did you mean feature?"]);
}

#[test]
fn a_broken_template_is_told_by_line_and_hides_no_other() {
    let broken = "name: Bad Name\nphases:\n  a:\n    goal: x\n    next: q\n";
    let folder = Folder::with(&[
        (".github/discussions.yml", b"rounds: 3\n"),
        (".github/discussions/templates/bad.yml", broken.as_bytes()),
        (".github/discussions/templates/rfc.yaml", OWN.as_bytes()),
    ]);
    let ran = folder.run(&["templates", "check"]).exits(1).says(&[
        ".github/discussions/templates/bad.yml:1:1: error[template]: ",
        ".github/discussions/templates/rfc.yaml:3:1: notice[template]: ",
        "2 files checked: 3 errors, 1 notice",
    ]);
    assert!(ran.stdout().contains("name: Bad Name"), "{}", ran.stdout());
    let told = folder
        .run(&["templates", "check", "--json"])
        .exits(1)
        .json();
    assert_eq!(told["problems"].as_array().unwrap().len(), 4);
    folder
        .run(&["templates", "list"])
        .exits(0)
        .says(&["rfc  ", "bad.yml: refused"]);
    let own = ".github/discussions/templates/rfc.yaml";
    folder.run(&["templates", "check", own]).exits(0);
    folder
        .run(&["templates", "check", "gone.yml"])
        .exits(2)
        .says(&["gone.yml"]);
    Folder::with(&[])
        .run(&["templates", "check"])
        .exits(0)
        .says(&["no template there"]);
}
