//! The whole table of commands, tried by everybody in every way, from `fixtures/commands/cases.yaml`.

use super::CACHE;
use crate::support::fixture;
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::bot::command::table::TABLE;
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, FileEdit, NewPull, ReactionTarget, Role};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    command: String,
    line: String,
    before: Option<String>,
    prepare: Option<Prepare>,
    who: [String; 7],
    several: String,
    closed: String,
    wrong: Said,
    near: Said,
}

/// What the pull request has to be like.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Prepare {
    /// Its discussion was removed.
    Removed,
    /// Its discussions have several phases.
    Feature,
    /// A persona asks the author something.
    Question,
}

/// A line and what the reply to it says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    line: String,
    says: String,
}

fn rows() -> Vec<Row> {
    serde_saphyr::from_str(&fixture("commands/cases.yaml")).unwrap()
}

/// Somebody who gives a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Reader,
    Triage,
    Write,
    Maintain,
    Author,
    Bot,
    Stranger,
}

const EVERYBODY: [Who; 7] = [
    Who::Reader,
    Who::Triage,
    Who::Write,
    Who::Maintain,
    Who::Author,
    Who::Bot,
    Who::Stranger,
];

impl Who {
    /// An account of its own for each row, as refusals are counted by account.
    fn login(self, rig: &Rig, row: &Row) -> String {
        let sandbox = &rig.sandbox;
        let (name, role) = match self {
            Self::Author => return "rob".to_owned(),
            Self::Reader => ("reader", Some(Role::Read)),
            Self::Triage => ("triage", Some(Role::Triage)),
            Self::Write => ("writer", Some(Role::Write)),
            Self::Maintain => ("maintainer", Some(Role::Maintain)),
            Self::Bot => ("helper", Some(Role::Write)),
            Self::Stranger => ("stranger", None),
        };
        let login = format!("{name}-{}", row.command);
        if self == Self::Bot {
            sandbox.create_bot(&login);
        } else {
            sandbox.create_user(&login);
        }
        if let Some(role) = role {
            sandbox.add_collaborator(DEMO_REPO, &login, role).unwrap();
        }
        login
    }

    /// Whether a line that nobody can make sense of is answered as one by somebody who works here.
    fn works_here(self) -> bool {
        matches!(self, Self::Write | Self::Maintain | Self::Author)
    }
}

/// What came of a comment: its outcome, and the reply.
async fn say(rig: &Rig, login: &str, number: u64, line: &str) -> (String, String) {
    let before = rig.replies(number).len();
    let comment = rig.say(login, number, line).await;
    let reply = rig.replies(number).split_off(before).join("\n");
    let target = ReactionTarget::IssueComment(comment);
    let reactions: BTreeSet<String> = rig
        .sandbox
        .reactions(DEMO_REPO, target)
        .into_iter()
        .map(|(_, content)| content)
        .collect();
    let has = |reaction: &str| reactions.contains(reaction);
    let outcome = match (has("rocket"), has("confused")) {
        (true, _) => "done",
        (false, true) if reply.contains("you wrote this pull request") => "author",
        (false, true) if reply.contains("on this repository; you have") => "right",
        (false, true) => "refused",
        (false, false) => "nothing",
    };
    (outcome.to_owned(), reply)
}

/// A pull request by rob with these discussions.
async fn open(rig: &Rig, row: &Row, case: &str, paths: &[&str]) -> u64 {
    let branch = format!("{case}-{}", row.command);
    let text = match row.prepare {
        Some(Prepare::Feature) => {
            CACHE.replace("<!-- Part", "<!-- Template: feature -->\n<!-- Part")
        }
        // Another text, as answers about the same one are not asked for twice.
        Some(Prepare::Question) => CACHE.replace("product list", "customer list"),
        _ => CACHE.to_owned(),
    };
    let edits: Vec<FileEdit> = paths
        .iter()
        .map(|path| FileEdit::write(path, &text))
        .collect();
    rig.sandbox
        .push("rob", DEMO_REPO, &branch, "propose", &edits)
        .unwrap();
    let new = NewPull {
        title: "A proposal".to_owned(),
        head: branch.clone(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    if row.prepare == Some(Prepare::Removed) {
        let gone = FileEdit::delete(paths[0]);
        rig.sandbox
            .push("rob", DEMO_REPO, &branch, "remove", &[gone])
            .unwrap();
        rig.settle().await;
    }
    number
}

/// The line with the hash of the text that stands there now.
fn with_hash(rig: &Rig, number: u64, line: &str) -> String {
    if !line.contains("HASH") {
        return line.to_owned();
    }
    let summary = rig.summary(number);
    let (_, rest) = summary.split_once("text `").unwrap();
    let hash = &rest[..8];
    line.replace("HASH", hash)
}

/// Runs one case of every row; `expected` gives the outcome for somebody and what the reply says, empty: anything.
async fn all(
    case: &str,
    paths: &[&str],
    line: impl Fn(&Row) -> &str,
    expected: impl Fn(&Row, Who, &str) -> (String, String),
) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let mut wrong = Vec::new();
    for row in rows() {
        let line_of_security = match row.prepare {
            Some(Prepare::Question) => Line::Wonders(Vote::Ready, "Who owns the keys?"),
            _ => Line::Votes(Vote::Ready),
        };
        model.set("security", line_of_security);
        let number = open(&rig, &row, case, paths).await;
        if case == "closed" {
            rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
            rig.settle().await;
        }
        let mut outcomes = Vec::new();
        for (who, may) in EVERYBODY.into_iter().zip(&row.who) {
            if let Some(before) = row.before.as_ref().filter(|_| case != "closed") {
                rig.say("ann", number, before).await;
            }
            let text = with_hash(&rig, number, line(&row));
            let login = who.login(&rig, &row);
            let (outcome, reply) = say(&rig, &login, number, &text).await;
            let (wanted, says) = expected(&row, who, may);
            // Whoever does not work here is refused for one or the other.
            let refused = ["right", "refused"];
            let is_refused = !who.works_here()
                && refused.contains(&outcome.as_str())
                && refused.contains(&wanted.as_str());
            if (outcome != wanted && !is_refused) || !reply.contains(&says) {
                wrong.push(format!(
                    "{}, {who:?}: `{text}`: {outcome}, not {wanted} saying {says:?}: {reply}",
                    row.command
                ));
            }
            outcomes.push(outcome);
        }
        println!("{case}: {}: {}", row.command, outcomes.join(" "));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const ONE: &[&str] = &["design/cache.md"];
const TWO: &[&str] = &["design/cache.md", "design/queue.md"];

#[test]
fn every_command_of_the_table_has_its_cases() {
    let tried: Vec<String> = rows().into_iter().map(|row| row.command).collect();
    let there: Vec<&str> = TABLE.iter().map(|row| row.key).collect();
    assert_eq!(tried, there);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_line_by_everybody() {
    let expected = |_: &Row, _: Who, may: &str| (may.to_owned(), String::new());
    all("ok", ONE, |row| &row.line, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_argument_by_everybody() {
    all(
        "wrong",
        ONE,
        |row| &row.wrong.line,
        |row, who, _| not_understood(who, &row.wrong),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_verb_by_everybody() {
    all(
        "near",
        ONE,
        |row| &row.near.line,
        |row, who, _| not_understood(who, &row.near),
    )
    .await;
}

fn not_understood(who: Who, said: &Said) -> (String, String) {
    match who {
        Who::Bot => ("nothing".to_owned(), String::new()),
        who if who.works_here() => ("refused".to_owned(), said.says.clone()),
        _ => ("refused".to_owned(), String::new()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_discussions_and_no_path_by_everybody() {
    let expected = |row: &Row, _: Who, may: &str| {
        // Which discussion is meant comes before whose item it is.
        let outcome = match may {
            "done" => &row.several,
            "author" if row.several == "refused" => "refused",
            may => may,
        };
        (outcome.to_owned(), String::new())
    };
    all("several", TWO, |row| &row.line, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pull_request_by_everybody() {
    let expected = |row: &Row, who: Who, _: &str| {
        let outcome = match who {
            Who::Bot => "nothing",
            _ => row.closed.as_str(),
        };
        (outcome.to_owned(), String::new())
    };
    all("closed", ONE, |row| &row.line, expected).await;
}
