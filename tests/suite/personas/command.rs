//! `discussions personas` as people and scripts meet it: the real program in a folder of its own.

use crate::support::fixture;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

struct Folder(tempfile::TempDir);

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Folder {
    /// A working tree (`.git` marks its root) with these files.
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    /// A team with agent files of its own, one of them in place of a built-in persona.
    fn team() -> Self {
        let security = "---\nname: security\ndescription: Our own view\nkind: advisory\nmodel: fast\n---\nLook.\n";
        Self::with(&[
            (
                ".github/discussions.yml",
                "personas: [.claude/agents]\nparticipants: [architect, incident-commander]\nmodels: {fast: openai/gpt-5}\n",
            ),
            (
                ".claude/agents/incident-commander.md",
                &fixture("agents/incident-commander.md"),
            ),
            (".claude/agents/security.md", security),
        ])
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in("", arguments)
    }

    fn run_in(&self, below: &str, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_discussions"))
            .args(arguments)
            .current_dir(self.0.path().join(below))
            .env_clear()
            .env("DISCUSSIONS_MODEL", "checklist")
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let ran = self.run(arguments);
        let value = serde_json::from_str(&ran.stdout);
        (
            ran.code,
            value.unwrap_or_else(|e| panic!("{e}: {}", ran.stdout)),
        )
    }
}

#[test]
fn the_list_says_who_applies_here_and_from_where() {
    let ran = Folder::team().run(&["personas", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let row = |alias: &str| {
        let row = ran
            .stdout
            .lines()
            .find(|line| line.starts_with(&format!("{alias} ")));
        let row = row.unwrap_or_else(|| panic!("{alias}: {}", ran.stdout));
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        row("architect"),
        "architect AI-Architect voting default built-in, on every panel"
    );
    assert_eq!(
        row("researcher"),
        "researcher AI-Researcher advisory default built-in"
    );
    assert_eq!(
        row("security"),
        "security AI-Security advisory openai/gpt-5 .claude/agents/security.md (in place of the built-in one)"
    );
    assert_eq!(
        row("incident-commander"),
        "incident-commander AI-Incident-Commander voting opus .claude/agents/incident-commander.md, on every panel"
    );
    assert!(ran.stdout.contains("    Our own view\n"), "{}", ran.stdout);
    assert_eq!(
        ran.stderr,
        "notices on persona files: 3; `discussions personas check` shows them\n\
         13 personas; `discussions personas show NAME` has one in full\n"
    );
    let inside = Folder::team();
    fs::create_dir(inside.0.path().join("docs")).unwrap();
    assert_eq!(
        inside.run_in("docs", &["personas", "list"]).stdout,
        ran.stdout
    );
}

#[test]
fn the_list_as_json_has_every_key() {
    let (code, list) = Folder::team().json(&["personas", "list", "--json"]);
    assert_eq!(code, 0);
    assert_eq!(list["schema"], "discussions/personas@1");
    let of = |name: &str| {
        let personas = list["personas"].as_array().unwrap();
        personas
            .iter()
            .find(|persona| persona["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        of("security"),
        json!({
            "name": "security", "display_name": "AI-Security", "description": "Our own view",
            "kind": "advisory", "model": "openai/gpt-5", "veto": false, "participant": false,
            "source": "file", "path": ".claude/agents/security.md", "overrides": true, "checklist_items": 0,
        })
    );
    let tester = of("tester");
    assert_eq!(
        (&tester["source"], &tester["path"]),
        (&json!("built-in"), &Value::Null)
    );
    assert!(tester["checklist_items"].as_u64() >= Some(12));
}

#[test]
fn outside_of_a_repository_the_built_in_ones_apply() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_discussions"))
        .args(["personas", "list", "--json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list["personas"].as_array().unwrap().len(), 12);
}

#[test]
fn one_persona_is_shown_as_it_applies_here() {
    let team = Folder::team();
    let ran = team.run(&["personas", "show", "@Tester"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for words in [
        "from       built in",
        "## What you look for",
        "test-data (question)",
        "unless: ",
        "advice: ",
    ] {
        assert!(ran.stdout.contains(words), "{words} in {}", ran.stdout);
    }
    let own = team.run(&["personas", "show", "security"]).stdout;
    for words in [
        "from       .claude/agents/security.md, in place of the built-in one",
        "kind       advisory",
        "Checklist, 0 items",
        "it needs a model to answer",
    ] {
        assert!(own.contains(words), "{words} in {own}");
    }
    let (_, shown) = team.json(&["personas", "show", "--json", "backend"]);
    assert_eq!(shown["schema"], "discussions/personas@1");
    let persona = &shown["persona"];
    assert_eq!(persona["name"], "backend");
    assert_eq!(persona["checklist"][0]["id"], "call-contract");
    assert_eq!(persona["hash"].as_str().unwrap().len(), 64);
    assert!(
        persona["instructions"]
            .as_str()
            .unwrap()
            .starts_with("# Backend")
    );
}

#[test]
fn an_unknown_name_gets_the_nearest_one() {
    let team = Folder::team();
    let ran = team.run(&["personas", "show", "incident-comander"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr
            .contains("no persona is called incident-comander here"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("Did you mean incident-commander?"),
        "{}",
        ran.stderr
    );
    let (code, error) = team.json(&["personas", "show", "nobody-like-this", "--json"]);
    assert_eq!(code, 2);
    assert_eq!(
        (&error["schema"], &error["code"]),
        (&json!("discussions/error@1"), &json!("unknown-persona"))
    );
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .starts_with("There are: architect")
    );
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let text = "---\nname: odd\ndescription: \"a \\e[31mred\\e[0m one\"\n---\n\nClear \u{1b}[2J the screen.\n";
    let folder = Folder::with(&[(".github/discussions/personas/odd.md", text)]);
    for arguments in [["personas", "list", ""], ["personas", "show", "odd"]] {
        let arguments: Vec<&str> = arguments.into_iter().filter(|a| !a.is_empty()).collect();
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
        assert!(ran.stdout.contains("one"), "{}", ran.stdout);
    }
}

#[test]
fn checking_shows_the_line_and_the_way_out() {
    let broken = "---\nname: ops\ndescription: Runs it\nkind: voter\ncolour: red\n---\n\nLook.\n";
    let folder = Folder::with(&[
        (".github/discussions/personas/ops.md", broken),
        (".github/discussions/personas/README.md", "# Ours\n"),
    ]);
    let ran = folder.run(&["personas", "check"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let place = ".github/discussions/personas/ops.md";
    for words in [
        &format!("{place}:4:1: error[definition-invalid]: `kind: voter` is unknown"),
        "4 | kind: voter",
        "help: Use `voting`",
        &format!("{place}:5:1: notice[definition-notice]: the key `colour` is ignored"),
        "README.md:1:1: notice",
    ] {
        assert!(ran.stdout.contains(words), "{words} in {}", ran.stdout);
    }
    assert!(
        ran.stderr.contains("2 files checked: 1 error, 2 notices"),
        "{}",
        ran.stderr
    );
    let (code, check) = folder.json(&["personas", "check", "--json"]);
    assert_eq!(code, 1);
    assert_eq!(
        (&check["schema"], &check["files"]),
        (&json!("discussions/personas@1"), &json!(2))
    );
    let problems = check["problems"].as_array().unwrap();
    assert!(problems.contains(&json!({
        "path": place, "severity": "error", "code": "definition-invalid", "line": 4, "column": 1,
        "message": "`kind: voter` is unknown",
        "hint": "Use `voting` (its vote counts and is owed) or `advisory` (it only comments).",
    })), "{check}");
}

#[test]
fn named_files_and_folders_are_checked_wherever_they_lie() {
    let folder = Folder::with(&[
        (
            "drafts/one.md",
            "---\nname: one\ndescription: d\n---\nLook.\n",
        ),
        ("drafts/two.md", "no front matter\n"),
    ]);
    assert_eq!(folder.run(&["personas", "check", "drafts/one.md"]).code, 0);
    let ran = folder.run(&["personas", "check", "drafts"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.starts_with("drafts/two.md:1:1: error["),
        "{}",
        ran.stdout
    );
    let (code, error) = folder.json(&["personas", "check", "--json", "drafts/three.md"]);
    assert_eq!(code, 2);
    assert_eq!(error["schema"], "discussions/error@1");
    assert_eq!(error["path"], "drafts/three.md");
}

#[test]
fn the_agent_files_are_checked_without_an_error() {
    let names = [
        "contract-guardian.md",
        "incident-commander.md",
        "release-captain.agent.md",
        "data_steward.agent.md",
        "docs-editor.chatmode.md",
        "query-review.mdc",
    ];
    let texts: Vec<(String, String)> = names
        .iter()
        .map(|name| {
            (
                format!(".claude/agents/{name}"),
                fixture(&format!("agents/{name}")),
            )
        })
        .collect();
    let mut files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    files.push((".github/discussions.yml", "personas: [.claude/agents]\n"));
    let ran = Folder::with(&files).run(&["personas", "check"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("6 files checked: 0 errors"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_configured_folder_that_is_not_there_stops_every_command() {
    let folder = Folder::with(&[
        (".github/discussions.yml", "personas: [.claude/agnets]\n"),
        ("a.md", "<!-- DISCUSSION -->\n\n# A\n"),
    ]);
    for arguments in [
        ["personas", "list"],
        ["personas", "check"],
        ["turn", "a.md"],
        ["status", "a.md"],
    ] {
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stdout);
        assert!(
            ran.stderr
                .contains("`personas` names `.claude/agnets`, and there is no such folder"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("hint: Create it"), "{}", ran.stderr);
    }
}

/// The agent is on the panel and is asked; without a model only those with a checklist can answer, and that is said.
#[test]
fn a_teams_agents_take_their_turn_on_the_command_line() {
    let team = Folder::team();
    fs::write(
        team.0.path().join("a.md"),
        "<!-- DISCUSSION -->\n\n# A cache\n\nWe cache it.\n",
    )
    .unwrap();
    let ran = team.run(&["turn", "a.md"]);
    assert_eq!(ran.code, 1, "one of two has no model: {}", ran.stderr);
    assert!(ran.stdout.contains("architect  CHANGES"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("incident-commander") && ran.stdout.contains("has no `checklist`"),
        "{}",
        ran.stdout
    );
    let file = fs::read_to_string(team.0.path().join("a.md")).unwrap();
    assert!(file.contains("Name: AI-Architect"), "{file}");
    let agent = team.0.path().join(".claude/agents/incident-commander.md");
    let text = fs::read_to_string(&agent).unwrap();
    let list = "checklist:\r\n  - {id: first-command, text: Which command is typed first?, unless: [we type], severity: question}\r\n";
    fs::write(&agent, text.replace("model: opus\r\n", list)).unwrap();
    let ran = team.run(&["turn", "a.md", "incident-commander"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let file = fs::read_to_string(team.0.path().join("a.md")).unwrap();
    assert!(file.contains("Name: AI-Incident-Commander\n"), "{file}");
    assert!(file.contains("Q: Which command is typed first?"), "{file}");
}
