//! Broken configuration, personas and templates on the base branch: discussions are not green, everybody else is told.

use super::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit, NewPull};

const CONFIG: &str = ".github/discussions.yml";

/// What stands on the base, and what is said about it.
struct Broken {
    name: &'static str,
    /// Below `.github/`.
    files: Vec<(&'static str, String)>,
    /// File and line, as the title has them.
    place: &'static str,
    /// Why it is refused and what to write instead.
    says: &'static [&'static str],
}

fn cases() -> Vec<Broken> {
    let bomb: String = (0..9)
        .map(|n| match n {
            0 => "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
            n => format!(
                "a{n}: &a{n} [{}]\n",
                vec![format!("*a{}", n - 1); 9].join(", ")
            ),
        })
        .collect();
    vec![
        Broken {
            name: "an unknown key",
            files: vec![("discussions.yml", format!("{AT_ONCE}gate:\n  human: 1\n"))],
            place: ".github/discussions.yml:3",
            says: &["unknown key `gate.human`. Did you mean `humans`"],
        },
        Broken {
            name: "a YAML bomb",
            files: vec![("discussions.yml", bomb)],
            place: ".github/discussions.yml:",
            says: &["grows beyond 10000 values", "without anchors and aliases"],
        },
        Broken {
            name: "deep YAML",
            files: vec![("discussions.yml", "[".repeat(10_000))],
            place: ".github/discussions.yml:",
            says: &["nested more than 16 levels"],
        },
        Broken {
            name: "text that is no YAML",
            files: vec![("discussions.yml", "files: [\n".to_owned())],
            place: ".github/discussions.yml:",
            says: &[],
        },
        Broken {
            name: "a persona without its front matter",
            files: vec![
                ("discussions.yml", AT_ONCE.to_owned()),
                ("discussions/personas/ops.md", "You run things.\n".to_owned()),
            ],
            place: ".github/discussions/personas/ops.md:1",
            says: &["front matter", "---"],
        },
        Broken {
            name: "a persona with a misspelt key",
            files: vec![
                ("discussions.yml", AT_ONCE.to_owned()),
                (
                    "discussions/personas/ops.md",
                    "---\nname: ops\ndescription: Runs it.\nkind: voter\n---\n\nYou run things.\n".to_owned(),
                ),
            ],
            place: ".github/discussions/personas/ops.md:4",
            says: &["`kind: voter` is unknown. Use `voting`"],
        },
        Broken {
            name: "a template that never votes",
            files: vec![
                ("discussions.yml", AT_ONCE.to_owned()),
                (
                    "discussions/templates/talk.yml",
                    "name: talk\nfirst_phase: talk\nphases:\n  talk:\n    goal: Talk.\n    voting: false\n".to_owned(),
                ),
            ],
            place: ".github/discussions/templates/talk.yml:",
            says: &["vot"],
        },
        Broken {
            name: "nobody on the panel",
            files: vec![("discussions.yml", format!("{AT_ONCE}participants: []\n"))],
            place: ".github/discussions.yml:2",
            says: &["names nobody", "Name at least one persona"],
        },
        Broken {
            name: "a participant that is no persona",
            files: vec![(
                "discussions.yml",
                format!("{AT_ONCE}participants: [architect, securty]\n"),
            )],
            place: ".github/discussions.yml:2",
            says: &["`securty`", "Did you mean `security`?"],
        },
        Broken {
            name: "a template that does not exist",
            files: vec![("discussions.yml", format!("{AT_ONCE}template: reviw\n"))],
            place: ".github/discussions.yml:2",
            says: &["`template` names `reviw`", "Did you mean `review`?"],
        },
    ]
}

/// A rig with these files on its base.
async fn rig_on(files: &[(&str, String)]) -> Rig {
    let rig = Rig::with(Setup {
        config: None,
        ..Setup::default()
    })
    .await;
    let edits: Vec<FileEdit> = files
        .iter()
        .map(|(path, text)| FileEdit::write(&format!(".github/{path}"), text))
        .collect();
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "configure", &edits)
        .unwrap();
    rig
}

/// A pull request without any discussion.
async fn open_plain(rig: &Rig) -> u64 {
    let edit = FileEdit::write("src/lib.rs", "// nothing\n");
    rig.sandbox
        .push("rob", DEMO_REPO, "plain", "code", &[edit])
        .unwrap();
    let new = NewPull {
        title: "Code".to_owned(),
        head: "plain".to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_base_stops_discussions_says_where_and_lets_other_work_pass() {
    let mut wrong = Vec::new();
    for broken in cases() {
        let rig = rig_on(&broken.files).await;
        let number = rig.open("rob", PATH, CACHE).await;
        let check = rig.check(number);
        let title = check.title.clone().unwrap();
        let summary = check.summary.clone().unwrap().replace('\\', "");
        let expected = format!("INVALID: {}", broken.place);
        let missing: Vec<&&str> = broken
            .says
            .iter()
            .filter(|say| !summary.contains(**say))
            .collect();
        let is_red = check.conclusion.as_deref() == Some("failure");
        if !is_red || !title.starts_with(&expected) || !missing.is_empty() {
            wrong.push(format!(
                "## {}: {title}\nnot said: {missing:?}\n{summary}",
                broken.name
            ));
        }
        assert_eq!(
            rig.count(EffectKind::Commit),
            0,
            "{}: nobody knows who was meant to be asked",
            broken.name
        );
        let plain = open_plain(&rig).await;
        let check = rig.check(plain);
        let (title, summary) = (
            check.title.unwrap(),
            check.summary.unwrap().replace('\\', ""),
        );
        let is_clear = check.conclusion.as_deref() == Some("success") && title.starts_with("CLEAR");
        if !is_clear || !summary.contains(broken.place) {
            wrong.push(format!(
                "## {}, without a discussion: {title}\n{summary}",
                broken.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_on_which_all_advise_is_refused() {
    let advisor = "---\nname: advisor\ndescription: Advises.\nkind: advisory\n---\n\nYou advise.\n";
    let files = [
        (
            "discussions.yml",
            format!("{AT_ONCE}participants: [advisor]\n"),
        ),
        ("discussions/personas/advisor.md", advisor.to_owned()),
    ];
    let rig = rig_on(&files).await;
    let text = CACHE.replace("architect, security, pragmatist", "advisor");
    let number = rig.open("rob", PATH, &text).await;
    assert_eq!(
        rig.title(number),
        "INVALID: design/cache.md:3 no-participants"
    );
    assert_eq!(rig.conclusion(number), "failure");
    let summary = rig.check(number).summary.unwrap();
    for words in [
        "nobody on the panel votes",
        "Name at least one voting persona",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_configuration_counts_from_the_next_event_on() {
    let rig = rig_on(&[("discussions.yml", "gates: {}\n".to_owned())]).await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(
        rig.title(number)
            .starts_with("INVALID: .github/discussions.yml:1"),
        "{}",
        rig.title(number)
    );
    let edit = FileEdit::write(CONFIG, AT_ONCE);
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "mend", &[edit])
        .unwrap();
    rig.say("rob", number, "/discuss").await;
    assert!(
        rig.title(number).starts_with("CHANGES"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_readme_among_the_personas_is_skipped() {
    let files = [
        ("discussions.yml", AT_ONCE.to_owned()),
        (
            "discussions/personas/README.md",
            "# Our personas\n\nOne file each.\n".to_owned(),
        ),
    ];
    let rig = rig_on(&files).await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(
        rig.title(number).starts_with("CHANGES"),
        "{}",
        rig.title(number)
    );
    let summary = rig.check(number).summary.unwrap();
    assert!(
        summary.contains("is no persona file and is skipped"),
        "{summary}"
    );
}

/// Header and panel against the base: code, configuration, header lines. (A Phase typed ahead of the record is set right
/// by the commit of the round.)
const AGAINST_THE_RECORD: &[(&str, &str, &str)] = &[
    ("veto-not-on-panel", "gate: {veto: [moderator]}\n", ""),
    ("header-edited", "", "<!-- Status: CLOSED -->\n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_the_base_or_the_record_is_said_by_its_code() {
    for (code, config, header) in AGAINST_THE_RECORD {
        let rig = rig_on(&[("discussions.yml", format!("{AT_ONCE}{config}"))]).await;
        let marker = "<!-- DISCUSSION -->\n";
        let text = CACHE.replacen(marker, &format!("{marker}{header}"), 1);
        let number = rig.open("rob", PATH, &text).await;
        let check = rig.check(number);
        let said = format!("{:?} {:?}", check.summary, check.annotations);
        assert!(said.contains(code), "{code} {header}: {said}");
        assert_ne!(rig.conclusion(number), "success", "{code}");
    }
}
