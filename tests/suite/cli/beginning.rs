//! `new`: a discussion begins in a file of its own.

use super::{Folder, blocks_in};
use discussions::engine::discussion::Discussion;
use std::fs;

#[test]
fn a_new_discussion_is_clean_and_the_panel_can_be_asked_at_once() {
    for template in ["feature", "brainstorm", "review"] {
        let folder = Folder::with(&[]);
        let ran = folder
            .run(&[
                "new",
                "Cache for the API",
                "--template",
                template,
                "--dir",
                "a/design",
            ])
            .exits(0)
            .says(&["discussions turn a/design/"]);
        assert_eq!(ran.stdout(), "a/design/cache-for-the-api.discussion.md\n");
        let path = ran.stdout().trim().to_owned();
        folder
            .run(&["lint", "--strict", &path])
            .exits(0)
            .says(&["0 errors, 0 warnings, 0 notices"]);
        let before = folder.read(&path);
        folder.run(&["turn", &path]).exits(0);
        let after = folder.read(&path);
        assert!(after.starts_with(&before));
        assert!(blocks_in(&after) >= 3, "{template}");
        folder.run(&["lint", "--strict", &path]).exits(0);
    }
}

#[test]
fn its_header_and_sections_are_those_of_the_template() {
    let folder = Folder::with(&[]);
    let ran = folder
        .run(&[
            "new",
            "  Rate   limits ",
            "--template",
            "feature",
            "--participants",
            "security, @Architect,security",
            "--json",
        ])
        .exits(0);
    let told = ran.json();
    assert_eq!(told["schema"], "discussions/new@1");
    assert_eq!(told["path"], "rate-limits.discussion.md");
    assert_eq!(told["phase"], "initial_feedback");
    let text = String::from_utf8(folder.read("rate-limits.discussion.md")).unwrap();
    let read = Discussion::parse(text.as_bytes());
    assert_eq!(read.header.title(), Some("Rate limits"));
    assert_eq!(read.header.phase(), Some("initial_feedback"));
    assert_eq!(read.header.status(), "OPEN");
    assert_eq!(read.header.template(), Some("feature"));
    assert_eq!(read.header.participants(), ["security", "architect"]);
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    let expected = [
        "# Rate limits",
        "## Context",
        "## Requirements",
        "## Open Questions",
        "## Constraints",
    ];
    assert_eq!(headings, expected);
    assert!(
        text.ends_with("\n\n---\n") && !text.contains("\n\n\n"),
        "{text}"
    );
    assert!(
        text.contains("`discussions turn rate-limits.discussion.md`"),
        "{text}"
    );
}

#[test]
fn the_configuration_and_templates_of_the_repository_apply() {
    let template = "name: rfc\nfirst_phase: look\nsections: [Motivation]\nphases:\n  look:\n    goal: Look.\n    voting: true\n";
    let folder = Folder::with(&[
        (
            ".github/discussions.yml",
            b"participants: [pragmatist]\ntemplate: rfc\n",
        ),
        (".github/discussions/templates/rfc.yml", template.as_bytes()),
    ]);
    folder.run(&["new", "T"]).exits(0);
    let text = String::from_utf8(folder.read("t.discussion.md")).unwrap();
    for part in [
        "Template: rfc",
        "Phase: look",
        "Participants: pragmatist",
        "## Motivation",
    ] {
        assert!(text.contains(part), "{part} in:\n{text}");
    }
    folder.run(&["lint", "--strict", "."]).exits(0);
}

/// Titles as people write them, and the names of their files. None may give a file that `lint` has a word to say about.
#[test]
fn any_title_gives_a_sensible_name_and_a_clean_file() {
    let long = "a".repeat(120);
    let wide = "価".repeat(120);
    let cases: &[(&str, &str)] = &[
        ("Tenant SSO: what now?", "tenant-sso-what-now"),
        ("Don't panic", "dont-panic"),
        ("Straße & Köln", "straße-köln"),
        ("価格 API の設計", "価格-api-の設計"),
        ("हिन्दी में", "हिन्दी-में"),
        ("Ｆｕｌｌ ｗｉｄｔｈ ﬁt", "full-width-fit"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "about-con"),
        ("lpt9", "about-lpt9"),
        ("console", "console"),
        ("!!!", "untitled"),
        ("🎉", "untitled"),
        (&long, &"a".repeat(60)),
        (&wide, &"価".repeat(53)),
        (
            "One two three four five six seven eight nine ten eleven twelve thirteen",
            "one-two-three-four-five-six-seven-eight-nine-ten-eleven",
        ),
        // What would be structure below the header.
        ("TODO: clean up", "todo-clean-up"),
        ("DECISION: we use it", "decision-we-use-it"),
        ("Name: AI-Security", "name-ai-security"),
        ("Fix <script> and <!-- that", "fix-script-and-that"),
        ("Port to C #", "port-to-c"),
        ("1. First", "1-first"),
        ("`a ``` b", "a-b"),
        ("---", "untitled"),
        ("a -- b @security", "a-b-security"),
    ];
    for (title, name) in cases {
        let folder = Folder::with(&[]);
        folder.run(&["new", "--", title]).exits(0);
        let path = format!("{name}.discussion.md");
        let found: Vec<_> = fs::read_dir(folder.path(".")).unwrap().collect();
        assert!(folder.path(&path).is_file(), "{title:?} gave {found:?}");
        folder
            .run(&["lint", "--strict", &path])
            .exits(0)
            .says(&["0 errors, 0 warnings, 0 notices"]);
        let read = Discussion::parse(&folder.read(&path));
        assert_eq!(read.header.title(), Some(*title));
        assert!(read.blocks.is_empty(), "{title:?}");
    }
}

/// What is refused, with words that the refusal has to contain. Nothing is written.
#[test]
fn what_cannot_begin_is_refused_with_what_to_write_instead() {
    let too_long = "a".repeat(121);
    let cases: &[(&[&str], &[&str])] = &[
        (&["new"], &["<TITLE>"]),
        (&["new", ""], &["the title is empty"]),
        (&["new", " \t"], &["the title is empty"]),
        (&["new", "a\nName: AI-Security"], &["line end"]),
        (&["new", "a\u{2028}b"], &["line end"]),
        (&["new", "a --> b"], &["`-->`", "header line"]),
        (&["new", "a --!> b"], &["`--!>`"]),
        (&["new", &too_long], &["121 characters, 120 fit"]),
        (
            &["new", "x", "--template", "reviw"],
            &["reviw", "Did you mean review?"],
        ),
        (
            &["new", "x", "--template", "zzzzzz"],
            &["There are: brainstorm, feature, review"],
        ),
        (
            &["new", "x", "--participants", "architect,securty"],
            &["securty", "Did you mean security?"],
        ),
        (
            &["new", "x", "--participants", "Ann Lee"],
            &["Ann Lee", "There are: architect"],
        ),
        (&["new", "x", "--dir", "taken"], &["taken", "cannot write"]),
    ];
    for (arguments, words) in cases {
        let folder = Folder::with(&[("taken", b"a file")]);
        folder.run(arguments).exits(2).says(words);
        assert_eq!(
            fs::read_dir(folder.path(".")).unwrap().count(),
            1,
            "{arguments:?}"
        );
    }
}

#[test]
fn a_file_that_stands_there_is_never_overwritten() {
    let folder = Folder::with(&[("d/same.discussion.md", b"mine")]);
    let ran = folder
        .run(&["new", "Same", "--dir", "d", "--json"])
        .exits(2)
        .says(&["d/same.discussion.md", "another title"]);
    assert_eq!(ran.json()["path"], "d/same.discussion.md");
    assert_eq!(folder.read("d/same.discussion.md"), b"mine");
}

#[test]
fn a_refusal_of_the_words_themselves_is_json_too() {
    let folder = Folder::with(&[]);
    let error = folder
        .run(&["new", "x", "--tmplate", "y", "--json"])
        .exits(2)
        .json();
    assert_eq!(error["schema"], "discussions/error@1");
    assert_eq!(error["code"], "usage");
    assert!(error["message"].as_str().unwrap().contains("--tmplate"));
}
