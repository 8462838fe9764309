//! The command line as people and scripts meet it: the real program in a folder of its own.

mod beginning;
mod costs;
mod gating;
mod jobs;
mod keys;
mod moving;
mod speaking;
mod trusting;
mod verifying;

use crate::support::fixture;
use crate::support::github::exchanges_file;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with files in it, and the program to run there.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Self { folder }
    }

    fn example() -> Self {
        Self::with(&[("example.md", fixture("discussions/example.md").as_bytes())])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_discussions"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            // Nobody is asked for a model that may run on this machine.
            .env("DISCUSSIONS_MODEL", "checklist")
            .output()
            .unwrap();
        Ran(output)
    }
}

pub(crate) struct Ran(pub(crate) Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout(),
            self.stderr()
        );
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        let all = format!("{}{}", self.stdout(), self.stderr());
        for word in words {
            assert!(all.contains(word), "{word:?} is not said in:\n{all}");
        }
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout()).unwrap()
    }
}

fn blocks_in(bytes: &[u8]) -> usize {
    discussions::engine::discussion::Discussion::parse(bytes)
        .blocks
        .len()
}

/// The outcome every reader of the example expects, whichever example it is.
#[track_caller]
fn assert_example_outcome(status: &Value) {
    assert_eq!(status["schema"], "discussions/status@1");
    assert_eq!(status["phase"], "initial_feedback");
    assert_eq!(status["phase_votes"], false);
    assert_eq!(status["status"], "OPEN");
    assert_eq!(status["template"], "feature");
    assert_eq!(
        status["participants"],
        serde_json::json!(["architect", "security", "pragmatist"])
    );
    let votes: Vec<(&str, &str, bool)> = status["votes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| {
            (
                v["participant"].as_str().unwrap(),
                v["vote"].as_str().unwrap(),
                v["counted"].as_bool().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("architect", "CHANGES", true),
        ("security", "CHANGES", true),
        ("pragmatist", "READY", true),
    ];
    assert_eq!(votes, expected);
    assert_eq!(
        status["tally"],
        serde_json::json!({"ready": 1, "changes": 2, "reject": 0})
    );
    assert_eq!(status["verdict"]["state"], "discussing");
    let reasons: Vec<&str> = status["verdict"]["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["code"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["phase_does_not_vote", "ready_fraction", "humans"]);
    assert_eq!(status["ledger"]["questions"].as_array().unwrap().len(), 3);
    assert_eq!(
        status["ledger"]["questions"][1]["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(status["ledger"]["concerns"].as_array().unwrap().len(), 2);
    assert_eq!(status["ledger"]["decisions"], serde_json::json!([]));
    assert_eq!(status["problems"], serde_json::json!([]));
}

#[test]
fn status_of_the_example_is_known_to_the_last_item() {
    let ran = Folder::example()
        .run(&["status", "example.md", "--json"])
        .exits(0);
    assert_example_outcome(&ran.json());
    assert_eq!(ran.stderr(), "");
}

#[test]
#[ignore = "needs the first example file (SEED_FILE)"]
fn status_of_the_first_example_is_known_to_the_last_line() {
    let seed = fs::read(std::env::var("SEED_FILE").expect("SEED_FILE names the file")).unwrap();
    let folder = Folder::with(&[("example.md", &seed)]);
    let status = folder
        .run(&["status", "example.md", "--json"])
        .exits(0)
        .json();
    assert_example_outcome(&status);
    let lines = |list: &str| -> Vec<u64> {
        status["ledger"][list]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["line"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(lines("questions"), [61, 84, 118]);
    assert_eq!(lines("concerns"), [68, 95]);
    assert_turn_keeps_every_byte(&seed);
}

#[test]
fn status_without_json_is_for_people_and_uncoloured_in_a_pipe() {
    let ran = Folder::example()
        .run(&["status", "example.md", "--why"])
        .exits(0);
    assert!(
        !ran.stdout().contains('\u{1b}'),
        "colour in a pipe:\n{}",
        ran.stdout()
    );
    ran.says(&[
        "DISCUSSING",
        "does not hold: the phase votes and is the last one (the phase initial_feedback does not vote)",
        "does not hold: 2/3 of the counted votes are READY (1 of 3: READY by pragmatist; CHANGES by",
        "holds: everybody who owes a vote has voted (nobody owes one)",
        "architect",
        "CHANGES",
        "pragmatist",
        "READY",
        "C1",
    ]);
}

#[test]
fn status_as_exit_code_is_no_until_ready() {
    let folder = Folder::example();
    folder
        .run(&["status", "example.md", "--exit-code"])
        .exits(1);
    folder.run(&["status", "example.md"]).exits(0);
}

#[test]
fn with_trust_in_receipts_nothing_typed_counts() {
    let ran = Folder::example()
        .run(&["status", "example.md", "--json", "--trust", "receipts"])
        .exits(0);
    let status = ran.json();
    assert_eq!(status["trust"], "receipts");
    assert_eq!(
        status["tally"],
        serde_json::json!({"ready": 0, "changes": 0, "reject": 0})
    );
    assert!(
        status["votes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|v| v["reason"] == "unsigned" && v["counted"] == false)
    );
    assert!(
        status["ledger"]["concerns"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["state"] == "unconfirmed")
    );
    assert_ne!(status["verdict"]["state"], "ready");
}

/// One persona's turn: one block more, every earlier byte as it was, and nothing the second time.
#[track_caller]
fn assert_turn_keeps_every_byte(before: &[u8]) {
    let folder = Folder::with(&[("example.md", before)]);
    folder
        .run(&["turn", "example.md", "security"])
        .exits(0)
        .says(&["security", "1 block appended"]);
    let after = folder.read("example.md");
    assert!(after.starts_with(before), "earlier bytes changed");
    assert_eq!(blocks_in(&after), blocks_in(before) + 1);
    folder
        .run(&["turn", "example.md", "@security"])
        .exits(0)
        .says(&["nothing new", "nothing written"]);
    assert_eq!(
        folder.read("example.md"),
        after,
        "a second identical turn wrote something"
    );
    let linted = folder
        .run(&["lint", "example.md", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(
        linted["problems"],
        serde_json::json!([]),
        "our own block has problems"
    );
}

#[test]
fn a_turn_appends_one_block_and_changes_no_earlier_byte() {
    let text = fixture("discussions/example.md");
    let crlf = text.replace('\n', "\r\n");
    let with_bom = format!("\u{feff}{text}");
    let unfinished = text.trim_end().to_owned();
    let crlf_bom_unfinished = format!("\u{feff}{}", crlf.trim_end());
    for before in [&text, &crlf, &with_bom, &unfinished, &crlf_bom_unfinished] {
        assert_turn_keeps_every_byte(before.as_bytes());
    }
    let folder = Folder::with(&[("example.md", crlf.as_bytes())]);
    folder.run(&["turn", "example.md", "security"]).exits(0);
    let after = String::from_utf8(folder.read("example.md")).unwrap();
    assert_eq!(
        after.matches('\n').count(),
        after.matches("\r\n").count(),
        "mixed line endings after a turn"
    );
}

#[test]
fn a_turn_without_names_asks_the_whole_panel_in_order() {
    let folder = Folder::with(&[("a.md", fixture("proposals/empty.md").as_bytes())]);
    let ran = folder.run(&["turn", "a.md"]).exits(0);
    assert!(ran.stderr().contains("blocks appended"), "{}", ran.stderr());
    let discussion = discussions::engine::discussion::Discussion::parse(&folder.read("a.md"));
    let authors: Vec<&str> = discussion
        .blocks
        .iter()
        .map(|block| block.author.name.as_str())
        .collect();
    assert!(
        authors.starts_with(&["AI-Architect", "AI-Security", "AI-Pragmatist"]),
        "{authors:?}"
    );
}

#[test]
fn a_question_is_answered_in_the_file() {
    let folder = Folder::example();
    let ran = folder
        .run(&[
            "turn",
            "example.md",
            "security",
            "--question",
            "what about tenants?",
        ])
        .exits(0);
    ran.says(&["1 block appended"]);
    let after = String::from_utf8(folder.read("example.md")).unwrap();
    let block = after.rsplit("Name: AI-Security").next().unwrap();
    assert!(block.to_lowercase().contains("tenant"), "{block}");
}

#[test]
fn a_dry_run_shows_the_reply_and_writes_nothing() {
    let folder = Folder::example();
    let before = folder.read("example.md");
    let ran = folder
        .run(&["turn", "example.md", "security", "--dry-run"])
        .exits(0);
    assert!(
        ran.stdout().contains("Name: AI-Security"),
        "{}",
        ran.stdout()
    );
    assert!(ran.stdout().contains("VOTE: "), "{}", ran.stdout());
    assert_eq!(folder.read("example.md"), before);
}

#[test]
fn progress_and_notes_stay_off_stdout() {
    let ran = Folder::example()
        .run(&["turn", "example.md", "security"])
        .exits(0);
    assert!(ran.stderr().contains("security: asked"), "{}", ran.stderr());
    assert_eq!(ran.stdout().lines().count(), 1, "{}", ran.stdout());
}

/// What is refused: arguments, files, words that the refusal has to contain.
#[test]
fn refusals_name_what_was_read_and_what_to_write_instead_and_write_nothing() {
    let unclosed = format!("{}\n```\nnever closed\n", fixture("discussions/example.md"));
    let example = fixture("discussions/example.md");
    let example = example.as_bytes();
    let cases: &[(&[&str], &[u8], &[&str])] = &[
        (
            &["turn", "f.md", "securty"],
            example,
            &["securty", "security"],
        ),
        (
            &["turn", "f.md", "@../../x"],
            example,
            &["@../../x", "There are"],
        ),
        (
            &["turn", "f.md", "security", "--model", "gpt-9"],
            example,
            &["gpt-9", "checklist"],
        ),
        (
            &["turn", "f.md", "security"],
            unclosed.as_bytes(),
            &["never closed", "line "],
        ),
        (
            &["turn", "f.md", "security"],
            b"# Just notes\n",
            &["not a discussion", "<!-- DISCUSSION -->", "f.md:1"],
        ),
        (
            &["status", "f.md"],
            b"<!-- DISCUSSION -->\n\xff\xfe bad",
            &["UTF-8", "f.md"],
        ),
        (
            &["status", "missing.md"],
            b"",
            &["missing.md", "cannot read"],
        ),
        (
            &["turn", "f.md", "security"],
            unclosed.as_bytes(),
            &["f.md: line "],
        ),
        (
            &["turn", "f.md", "security", "--question", " "],
            example,
            &["the question is empty", "--question"],
        ),
        (
            &["demo", "--file", "f.md"],
            unclosed.as_bytes(),
            &["f.md:", "never closed", "Close the fence"],
        ),
        (
            &["demo", "--file", "f.md"],
            b"# Just notes\n",
            &["f.md:1", "<!-- DISCUSSION -->"],
        ),
        (
            &["demo", "--file", "f.md"],
            b"<!-- DISCUSSION -->\n<!-- Participants: securty -->\n\nx\n",
            &["f.md:2", "securty", "Did you mean `security`"],
        ),
        (&["status", "."], b"", &["folder"]),
        #[cfg(unix)]
        (&["status", "/dev/zero"], b"", &["plain file"]),
        (&["status"], b"", &["<FILE>"]),
        (&["frobnicate"], b"", &["frobnicate"]),
    ];
    for (arguments, content, words) in cases {
        let folder = Folder::with(&[("f.md", content)]);
        folder.run(arguments).exits(2).says(words);
        assert_eq!(
            &folder.read("f.md"),
            content,
            "{arguments:?} changed the file"
        );
    }
}

#[test]
fn a_refusal_with_json_is_json() {
    let ran = Folder::with(&[("f.md", b"# Just notes\n")])
        .run(&["status", "f.md", "--json"])
        .exits(2);
    let error = ran.json();
    assert_eq!(error["schema"], "discussions/error@1");
    assert_eq!(error["code"], "not-a-discussion");
    assert_eq!(error["path"], "f.md");
    assert!(error["hint"].as_str().unwrap().contains("DISCUSSION"));
}

#[test]
fn the_configuration_above_the_file_applies_and_a_typo_in_it_is_refused_with_its_line() {
    let text = fixture("proposals/empty.md").replace("<!-- Participants", "<!-- Was-Participants");
    let good = Folder::with(&[
        ("docs/a.md", text.as_bytes()),
        (".github/discussions.yml", b"participants: [pragmatist]\n"),
    ]);
    let status = good.run(&["status", "docs/a.md", "--json"]).exits(0).json();
    assert_eq!(status["participants"], serde_json::json!(["pragmatist"]));
    let bad = Folder::with(&[
        ("docs/a.md", text.as_bytes()),
        (".github/discussions.yml", b"files: []\nparticipant: [x]\n"),
    ]);
    bad.run(&["status", "docs/a.md"]).exits(2).says(&[
        "discussions.yml:2",
        "participant",
        "participants",
    ]);
}

#[test]
fn a_teams_own_persona_file_can_be_asked() {
    let persona = "---\nname: dba\ndescription: looks at the data model\nchecklist:\n  - id: indexes\n    text: No index is named for the new queries.\n    unless: [index on]\n    severity: concern\n    advice: Name the index.\n---\nYou look at tables.\n";
    let folder = Folder::with(&[
        ("a.md", fixture("proposals/empty.md").as_bytes()),
        (".github/discussions/personas/dba.md", persona.as_bytes()),
        (".github/discussions.yml", b"rounds: 2\n"),
    ]);
    folder.run(&["turn", "a.md", "dba"]).exits(0);
    let after = String::from_utf8(folder.read("a.md")).unwrap();
    assert!(
        after.contains("Name: AI-Dba") && after.contains("No index is named"),
        "{after}"
    );
}

#[test]
fn lint_says_where_and_what_in_three_formats() {
    let broken = "<!-- DISCUSSION -->\n<!-- Title: x -->\n<!-- Participants: securty -->\n\ntext\n\n```\nopen\n";
    let folder = Folder::with(&[
        ("d/b.md", broken.as_bytes()),
        ("d/notes.md", b"# no discussion\n"),
    ]);
    let text = folder.run(&["lint", "d"]).exits(1);
    assert!(
        text.stdout().contains("d/b.md:7:1: error[unclosed-fence]"),
        "{}",
        text.stdout()
    );
    assert!(
        text.stdout()
            .contains("d/b.md:3:1: error[unknown-participant]"),
        "{}",
        text.stdout()
    );
    text.says(&["Did you mean `security`", "1 file checked", "2 errors"]);
    let json = folder
        .run(&["lint", "d", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(json["schema"], "discussions/lint@1");
    assert_eq!(json["problems"].as_array().unwrap().len(), 2);
    let github = folder.run(&["lint", "d", "--format", "github"]).exits(1);
    assert!(
        github
            .stdout()
            .contains("::error file=d/b.md,line=7,col=1,title=unclosed-fence::"),
        "{}",
        github.stdout()
    );
}

#[test]
fn lint_fails_on_warnings_only_when_strict() {
    let text = format!(
        "{}\n---\n\nName: Bob\nVOTE: maybe\n",
        fixture("discussions/example.md")
    );
    let folder = Folder::with(&[("f.md", text.as_bytes())]);
    folder
        .run(&["lint", "f.md"])
        .exits(0)
        .says(&["warning[unclear-vote]"]);
    folder.run(&["lint", "f.md", "--strict"]).exits(1);
}

#[test]
fn serve_refuses_to_start_without_its_secrets_and_says_where_to_find_them() {
    let folder = Folder::with(&[]);
    folder
        .run(&["serve"])
        .exits(2)
        .says(&["WEBHOOK_SECRET", "APP_ID", "PRIVATE_KEY"]);
}

#[test]
fn every_subcommand_explains_itself() {
    let folder = Folder::with(&[]);
    let names = [
        "new",
        "turn",
        "comment",
        "advance",
        "status",
        "lint",
        "gate",
        "templates",
        "personas",
        "config",
        "models",
        "serve",
        "receive",
        "health",
        "sandbox",
        "demo",
        "completions",
        "man",
    ];
    for name in names {
        let ran = folder.run(&[name, "--help"]).exits(0);
        assert!(
            ran.stdout().contains("Usage: discussions"),
            "{name}:\n{}",
            ran.stdout()
        );
    }
    folder
        .run(&["--version"])
        .exits(0)
        .says(&[env!("CARGO_PKG_VERSION")]);
    folder
        .run(&["--help"])
        .exits(0)
        .says(&names)
        .says(&["EXIT CODES", "130  interrupted"]);
}

#[test]
fn a_file_that_changes_during_a_turn_is_not_overwritten() {
    let folder = Folder::example();
    let before = folder.read("example.md");
    let path: &Path = &folder.path("example.md");
    let error = discussions::workspace::replace(path, b"what was read before", b"new").unwrap_err();
    assert!(
        error.to_string().contains("changed by another program"),
        "{error}"
    );
    assert_eq!(folder.read("example.md"), before);
    assert_eq!(
        fs::read_dir(folder.folder.path()).unwrap().count(),
        1,
        "a temporary file was left behind"
    );
}

#[test]
fn a_refusal_about_a_file_names_it_once_and_in_json_too() {
    let ran = Folder::with(&[])
        .run(&["status", "missing.md", "--json"])
        .exits(2);
    assert_eq!(ran.json()["path"], "missing.md");
    assert_eq!(ran.stderr().matches("missing.md").count(), 1);
}

#[test]
fn a_turn_says_which_name_of_the_header_nobody_answers_to() {
    let text =
        "<!-- DISCUSSION -->\n<!-- Participants: security, securty -->\n\nWe want a cache.\n";
    let folder = Folder::with(&[("f.md", text.as_bytes())]);
    let ran = folder.run(&["turn", "f.md"]).exits(0);
    ran.says(&["f.md:2: error: ", "`securty`", "3 blocks appended"]);
}

#[test]
fn lint_names_files_as_a_pull_request_does_and_says_when_there_is_none() {
    let broken = "<!-- DISCUSSION -->\n<!-- Participants: securty -->\n\ntext\n";
    let folder = Folder::with(&[("d/b.md", broken.as_bytes()), ("e/notes.md", b"# no\n")]);
    let github = folder.run(&["lint", ".", "--format", "github"]).exits(1);
    let annotation = github.stdout();
    assert!(
        annotation.starts_with("::error file=d/b.md,"),
        "{annotation}"
    );
    assert!(
        annotation.contains("never be given. Did you"),
        "{annotation}"
    );
    folder
        .run(&["lint", "e"])
        .exits(0)
        .says(&["e: no Markdown"]);
}

/// The program with a folder for temporary files, to see what it leaves there.
fn with_temporary(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_discussions"));
    command
        .args(arguments)
        .current_dir(folder.folder.path())
        .env_clear()
        .env("TMPDIR", folder.path("tmp"));
    command
}

/// Every file and folder below a folder, as paths from there.
fn everything_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_below(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn the_demo_takes_any_sound_discussion_and_leaves_only_that_behind() {
    let text = fixture("discussions/example.md");
    let moderated = text.replace(
        "<!-- Participants: architect",
        "<!-- Participants: moderator, architect",
    );
    assert_ne!(moderated, text);
    for (name, content) in [
        ("it's mine.txt", &text),
        ("crlf.md", &text.replace('\n', "\r\n")),
        ("more.md", &moderated),
    ] {
        let folder = Folder::with(&[(name, content.as_bytes()), ("tmp/.keep", b"")]);
        let mut command = with_temporary(&folder, &["demo", "--file", name]);
        if let Some(exchanges) = exchanges_file() {
            command.arg("--exchanges").arg(exchanges);
        }
        let output = command.output().unwrap();
        let ran = Ran(output).exits(0).says(&["All expectations held"]);
        assert!(ran.stdout().lines().count() <= 30, "{}", ran.stdout());
        let left = everything_below(&folder.path("tmp"));
        assert!(
            left.len() == 3
                && left.iter().any(|path| path.ends_with(".md"))
                && left.iter().any(|path| path.ends_with("keys.json")),
            "{left:?}"
        );
        let said = ran.stdout();
        let again = said
            .lines()
            .find_map(|line| line.strip_prefix("Try:"))
            .unwrap();
        let shell = Command::new("sh").args(["-c", again]).output().unwrap();
        Ran(shell).exits(0).says(&["Rate limits"]);
        let proof = said
            .lines()
            .find_map(|line| line.strip_prefix("Who signed it:"))
            .unwrap();
        assert!(proof.contains(" --anchor "), "{proof}");
        let shell = Command::new("sh").args(["-c", proof]).output().unwrap();
        Ran(shell).exits(0).says(&["accepted"]);
    }
}

/// A program that runs until it is told to stop.
struct Running {
    child: std::process::Child,
    lines: std::io::Lines<std::io::BufReader<Box<dyn std::io::Read>>>,
}

impl Running {
    /// Starts it; `lines` are those of the stream that is asked for.
    fn start(mut command: Command, errors: bool) -> Self {
        use std::io::BufRead as _;
        use std::process::Stdio;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stream: Box<dyn std::io::Read> = if errors {
            Box::new(child.stderr.take().unwrap())
        } else {
            Box::new(child.stdout.take().unwrap())
        };
        let lines = std::io::BufReader::new(stream).lines();
        Self { child, lines }
    }

    fn line_with(&mut self, word: &str) -> String {
        let found = self.lines.by_ref().map(Result::unwrap);
        let mut found = found.filter(|line| line.contains(word));
        found.next().unwrap_or_else(|| panic!("never said: {word}"))
    }

    /// Sends SIGTERM; gives the exit code and the remaining lines.
    fn stop(mut self) -> (i32, Vec<String>) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(killed.success());
        let rest = self.lines.map(Result::unwrap).collect();
        (self.child.wait().unwrap().code().unwrap(), rest)
    }
}

#[tokio::test]
async fn the_sandbox_lists_what_a_person_can_do_and_keeps_nothing() {
    let folder = Folder::with(&[("tmp/.keep", b"")]);
    let mut sandbox = Running::start(with_temporary(&folder, &["sandbox"]), false);
    let line = sandbox.line_with("/_sandbox lists how");
    let url = line
        .split(' ')
        .find(|word| word.ends_with("/_sandbox"))
        .unwrap();
    let listed = reqwest::get(url).await.unwrap().text().await.unwrap();
    let (views, actions) = listed.split_once("\nPOST ").unwrap();
    let routes = |part: &str| -> Vec<String> {
        part.lines()
            .filter_map(|line| line.strip_prefix("  /"))
            .map(|line| format!("{url}/{}", line.split(' ').next().unwrap()))
            .collect()
    };
    assert_eq!(
        (routes(views).len(), routes(actions).len()),
        (3, 26),
        "{listed}"
    );
    for view in routes(views) {
        assert_eq!(reqwest::get(&view).await.unwrap().status(), 200, "{view}");
    }
    let client = reqwest::Client::new();
    let post = |url: String| {
        client
            .post(url)
            .header("content-type", "application/json")
            .body("{}")
            .send()
    };
    for action in routes(actions) {
        let answer = post(action.clone()).await.unwrap().text().await.unwrap();
        assert!(!answer.contains("There is no"), "{action}: {answer}");
    }
    let typo = post(format!("{url}/coment")).await.unwrap();
    assert_eq!(typo.status(), 404);
    assert!(typo.text().await.unwrap().contains("GET /_sandbox lists"));
    assert_eq!(sandbox.stop().0, 0);
    assert_eq!(everything_below(&folder.path("tmp")).len(), 1);
}

#[test]
fn every_line_of_a_json_log_is_json_and_no_log_in_a_pipe_has_colours() {
    for (format, is_json) in [("json", true), ("text", false)] {
        let folder = Folder::with(&[("tmp/.keep", b"")]);
        let mut command = with_temporary(&folder, &["serve"]);
        command
            .env("APP_ID", "1")
            .env("PRIVATE_KEY", &crate::github::keys::rsa().pkcs8)
            .env("WEBHOOK_SECRET", "5f1d0c6f0c7b4f5e9a3c2b1a")
            .env("HOST", "127.0.0.1")
            .env("PORT", "0")
            // Nothing listens there, whatever runs on this machine.
            .env("OLLAMA_HOST", "127.0.0.1:1")
            .env("RUST_LOG", "debug")
            .env("LOG_FORMAT", format);
        let mut server = Running::start(command, true);
        server.line_with("OLLAMA_HOST: the Ollama at http://127.0.0.1:1 gives no model");
        let first = server.line_with("DISCUSSIONS_MODEL");
        let listening = server.line_with("listening on http://127.0.0.1:");
        let (code, rest) = server.stop();
        assert_eq!(code, 0);
        assert!(
            rest.iter().any(|line| line.contains("stopping")),
            "{rest:?}"
        );
        for line in [first, listening].iter().chain(&rest) {
            assert_eq!(
                serde_json::from_str::<Value>(line).is_ok(),
                is_json,
                "{line}"
            );
            assert!(!line.contains('\u{1b}'), "{line}");
        }
    }
}

#[test]
fn a_phase_that_the_template_does_not_know_is_named_and_decides_nothing() {
    let text = fixture("discussions/example.md").replace("initial_feedback", "initial_feedbak");
    let folder = Folder::with(&[("f.md", text.as_bytes())]);
    folder.run(&["lint", "f.md"]).exits(0).says(&[
        "warning[unknown-phase]",
        "`initial_feedbak`",
        "initial_feedback",
    ]);
    let status = folder.run(&["status", "f.md", "--json"]).exits(0).json();
    assert_eq!(status["phase_votes"], false);
}

#[test]
fn completions_are_scripts_that_know_the_subcommands() {
    let folder = Folder::with(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.run(&["completions", shell]).exits(0);
        let ran = ran.says(&["receive", "effective", "dry-run"]);
        assert_eq!(ran.stderr(), "", "{shell}");
        fs::write(folder.path(shell), ran.stdout()).unwrap();
    }
    // Where there is no bash, nobody needs its completion.
    if let Ok(output) = Command::new("bash")
        .arg("-n")
        .arg(folder.path("bash"))
        .output()
    {
        Ran(output).exits(0);
    }
    folder
        .run(&["completions", "tcsh"])
        .exits(2)
        .says(&["possible values: bash"]);
}

/// Control lines of a manual page that are not those a page is made of, and lines that roff would take for control.
fn odd_roff(page: &str) -> Vec<&str> {
    let known = [
        ".TH", ".SH", ".SS", ".TP", ".IP", ".PP", ".RS", ".RE", ".br", ".nf", ".fi", ".ie", ".el",
    ];
    page.lines()
        .filter(|line| line.starts_with(['.', '\'']))
        .filter(|line| !known.contains(&line.split(' ').next().unwrap_or_default()))
        .collect()
}

#[test]
fn manual_pages_come_from_the_same_source_as_the_help() {
    let folder = Folder::with(&[]);
    let main = folder.run(&["man"]).exits(0).stdout();
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "SUBCOMMANDS",
        "EXAMPLES",
        "\"EXIT CODES\"",
    ] {
        assert!(
            main.contains(&format!("\n.SH {section}\n")),
            "{section}:\n{main}"
        );
    }
    assert!(main.contains("discussions\\-receive(1)"), "{main}");
    folder
        .run(&["man", "--out", "pages/man1"])
        .exits(0)
        .says(&["pages written to pages/man1"]);
    let mut pages = 0;
    for path in everything_below(&folder.path("pages")) {
        let page = fs::read_to_string(&path).unwrap();
        let name = Path::new(&path)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let title = page.lines().find(|line| line.starts_with(".TH")).unwrap();
        assert!(
            title.starts_with(&format!(".TH {} 1", name.to_uppercase())),
            "{title}"
        );
        assert!(
            page.contains(&format!("{} \\- ", name.replace('-', "\\-"))),
            "{name}:\n{page}"
        );
        assert!(page.contains("\n.SH SYNOPSIS\n"), "{name}");
        assert_eq!(odd_roff(&page), Vec::<&str>::new(), "{name}");
        let verbatim = |control: &str| page.lines().filter(|line| *line == control).count();
        assert_eq!(verbatim(".nf"), verbatim(".fi"), "{name}");
        pages += 1;
    }
    assert!(pages >= 14, "{pages}");
    assert!(
        folder
            .path("pages/man1/discussions-config-check.1")
            .exists()
    );
    let blocked = Folder::with(&[("file", b"")]);
    blocked
        .run(&["man", "--out", "file/man1"])
        .exits(2)
        .says(&["cannot write"]);
}

#[test]
fn health_asks_the_server_of_the_environment() {
    let folder = Folder::with(&[("tmp/.keep", b"")]);
    let mut command = with_temporary(&folder, &["serve"]);
    command
        .env("APP_ID", "1")
        .env("PRIVATE_KEY", &crate::github::keys::rsa().pkcs8)
        .env("WEBHOOK_SECRET", "5f1d0c6f0c7b4f5e9a3c2b1a")
        .env("HOST", "0.0.0.0")
        .env("DISCUSSIONS_MODEL", "checklist")
        .env("PORT", "0");
    let mut server = Running::start(command, true);
    let listening = server.line_with("listening on http://0.0.0.0:");
    let (_, port) = listening.rsplit_once("0.0.0.0:").unwrap();
    let port = port.split('/').next().unwrap();
    let health = |arguments: &[&str]| {
        let mut command = with_temporary(&folder, &["health"]);
        // A proxy of the environment is not asked about this machine.
        command
            .args(arguments)
            .env("PORT", port)
            .env("http_proxy", "http://127.0.0.1:9");
        Ran(command.output().unwrap())
    };
    health(&[])
        .exits(0)
        .says(&[&format!("http://127.0.0.1:{port}/readyz: 200")]);
    let base = format!("http://127.0.0.1:{port}");
    health(&[&format!("{base}/healthz")])
        .exits(0)
        .says(&["200"]);
    health(&[&format!("{base}/nowhere")])
        .exits(1)
        .says(&["404"]);
    assert_eq!(server.stop().0, 0);
    health(&[]).exits(1).says(&["nothing listens there"]);
    health(&["127.0.0.1"]).exits(2);
    let mut wrong = with_temporary(&folder, &["health"]);
    Ran(wrong.env("PORT", "x").output().unwrap())
        .exits(2)
        .says(&["PORT", "`x`"]);
}
