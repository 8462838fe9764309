//! What counts as a command in a comment, and what it means.

use super::{PERSONAS, cases, described, is_persona};
use discussions::bot::command::Command;
use discussions::bot::command::table::{self, TABLE, nearest};
use discussions::bot::command::{MAX_COMMANDS, MAX_NAMES, added, command_lines, parse};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    name: String,
    body: String,
    want: Vec<String>,
}

#[test]
fn comments_hold_the_commands_that_github_shows_as_text() {
    let cases: Vec<Line> = cases("commands/lines.yaml");
    assert!(cases.len() >= 60);
    for case in cases {
        let got: Vec<String> = parse(&case.body, &is_persona)
            .iter()
            .map(described)
            .collect();
        assert_eq!(got, case.want, "{}: {:?}", case.name, case.body);
    }
}

#[derive(Deserialize)]
struct Edited {
    name: String,
    before: String,
    after: String,
    added: Vec<String>,
    removed: Vec<String>,
}

#[test]
fn an_edit_runs_only_what_it_adds() {
    for case in cases::<Edited>("commands/edits.yaml") {
        let edit = added(&case.before, &case.after, &is_persona);
        let run: Vec<String> = edit.added.iter().map(described).collect();
        let gone: Vec<String> = edit.removed_votes.iter().map(described).collect();
        assert_eq!(run, case.added, "{}: added", case.name);
        assert_eq!(gone, case.removed, "{}: removed", case.name);
    }
}

#[test]
fn an_edit_that_adds_twenty_commands_runs_ten_of_them() {
    let after = "/discuss status\n".repeat(20);
    let edit = added("", &after, &is_persona);
    assert_eq!(edit.added.len(), MAX_COMMANDS + 1);
    assert_eq!(described(edit.added.last().unwrap()), "too-many-commands");
}

#[test]
fn lines_are_numbered_as_in_the_comment() {
    let parsed = parse(
        "one\r\n\r\n/discuss status\r\n\r\n/discuss help",
        &is_persona,
    );
    let lines: Vec<usize> = parsed.iter().map(|p| p.line).collect();
    assert_eq!(lines, [3, 5]);
}

#[test]
fn a_comment_with_more_commands_than_allowed_says_so_once() {
    let body = "/discuss status\n".repeat(MAX_COMMANDS + 5);
    let parsed = parse(&body, &is_persona);
    assert_eq!(parsed.len(), MAX_COMMANDS + 1);
    assert!(parsed[..MAX_COMMANDS].iter().all(|p| p.command.is_ok()));
    assert_eq!(described(&parsed[MAX_COMMANDS]), "too-many-commands");
}

#[test]
fn a_thousand_personas_in_one_command_are_refused_as_one_line() {
    let everybody: Vec<String> = (0..1_000).map(|n| format!("p{n}")).collect();
    let body = format!("/discuss {}", everybody.join(" "));
    let parsed = parse(&body, &|alias| alias.starts_with('p'));
    assert_eq!(
        parsed.iter().map(described).collect::<Vec<_>>(),
        ["too-many-names"]
    );

    let twenty = format!("/discuss {}", everybody[..MAX_NAMES].join(" @"));
    let parsed = parse(&twenty, &|alias| alias.starts_with('p'));
    assert!(parsed[0].command.is_ok());

    let same = format!("/discuss {}", "security ".repeat(1_000));
    assert_eq!(described(&parse(&same, &is_persona)[0]), "ask security");
}

#[test]
fn misspelt_names_get_a_near_miss_and_far_ones_none() {
    for (word, want) in [
        ("securty", Some("security")),
        ("Secruity", Some("security")),
        ("architct", Some("architect")),
        ("vot", Some("vote")),
        ("stauts", Some("status")),
        ("halp", Some("help")),
        ("overide", Some("override")),
        ("realease", Some("release")),
        ("pasue", Some("pause")),
        ("hodl", Some("hold")),
        ("lawyer", None),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(nearest(word, &PERSONAS).as_deref(), want, "{word}");
    }
}

#[test]
fn every_example_of_the_table_is_the_command_of_its_row() {
    for row in TABLE {
        let parsed = parse(row.example, &is_persona);
        assert_eq!(parsed.len(), 1, "{}", row.example);
        let command = parsed[0].command.as_ref().unwrap();
        assert_eq!(table::row(command).key, row.key, "{}", row.example);
        assert!(row.usage.starts_with("/discuss"));
        assert!(!row.effect.ends_with('.'));
    }
}

#[test]
fn a_verb_is_one_even_if_a_persona_is_called_so() {
    for verb in table::reserved().filter(|verb| *verb != "all") {
        let parsed = parse(&format!("/discuss {verb} something"), &|_| true);
        let is_question = matches!(parsed[0].command, Ok(Command::Ask { .. }));
        assert!(!is_question, "{verb}");
    }
    assert!(table::reserved().any(|word| word == "all"));
}

proptest! {
    #[test]
    fn no_comment_makes_the_parser_panic_or_find_what_is_not_there(
        body in "([ \t>`~<!\\-/a-z*\\[\\]()@:.\r\n]|/discuss |vote ready|\\p{Any}){0,120}"
    ) {
        for parsed in parse(&body, &is_persona) {
            let starts = parsed.text.get(..8).map(str::to_ascii_lowercase);
            prop_assert_eq!(starts.as_deref(), Some("/discuss"));
        }
    }

    #[test]
    fn an_unchanged_comment_adds_and_removes_nothing(
        body in "(/discuss (vote ready|status|security why)|> /discuss vote ready|text|```|\r?\n){0,20}"
    ) {
        let edit = added(&body, &body, &is_persona);
        prop_assert!(edit.added.is_empty());
        prop_assert!(edit.removed_votes.is_empty());
    }

    #[test]
    fn quoting_a_comment_takes_every_command_out_of_it(
        body in "(/discuss (vote ready|status|security why)|text|\n){0,20}"
    ) {
        let quoted: String = body.lines().map(|line| format!("> {line}\n")).collect();
        prop_assert!(command_lines(&quoted).is_empty());
    }
}

#[test]
fn comments_made_to_stall_a_parser_still_give_their_command() {
    const SIZE: usize = 65_000;
    for bomb in [
        "[", "*a ", "`", "![", "<", "_*", "> ", "- ", "[a](", "<!--", "&#", "\\", "***", "|", "~",
        "$", "\r",
    ] {
        let body = format!("/discuss status\n\n{}", bomb.repeat(SIZE / bomb.len()));
        let parsed = parse(&body, &is_persona);
        assert_eq!(
            parsed.iter().map(described).collect::<Vec<_>>(),
            ["status"],
            "{bomb:?}"
        );
    }
    let lines = "/discuss status\n".repeat(4_000);
    assert_eq!(parse(&lines, &is_persona).len(), MAX_COMMANDS + 1);
    let tags = "<b>\n/discuss status\n".repeat(3_000);
    assert!(parse(&tags, &is_persona).is_empty());
}
