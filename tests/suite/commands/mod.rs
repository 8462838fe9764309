//! Commands, who may give them, what starts work, and what the check and our comments say.

mod access;
mod check;
mod markdown;
mod messages;
mod nesting;
mod parsing;
mod summary;
mod trigger;
pub(crate) mod views;

use discussions::bot::command::{ActCommand, Command, CommandError, LedgerCommand, Parsed, Whom};
use serde::de::DeserializeOwned;

/// Reads a fixture below `tests/fixtures`.
fn cases<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let cases: Vec<T> = serde_saphyr::from_str(&text).unwrap();
    assert!(!cases.is_empty(), "{name} is empty");
    cases
}

/// Compares a product text with the accepted one in `tests/suite/snapshots`.
fn assert_reads(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("commands__{name}"), text));
}

const PERSONAS: [&str; 4] = ["architect", "security", "pragmatist", "diagram-editor"];

fn is_persona(alias: &str) -> bool {
    PERSONAS.contains(&alias)
}

/// A parsed line as the fixtures write it.
fn described(parsed: &Parsed) -> String {
    let what = match &parsed.command {
        Ok(Command::Ask { whom, question }) => {
            let whom = match whom {
                Whom::Missing => "missing".to_owned(),
                Whom::All => "all".to_owned(),
                Whom::Named(names) => names
                    .iter()
                    .map(|a| a.as_str())
                    .collect::<Vec<_>>()
                    .join(","),
            };
            let question = question
                .as_ref()
                .map_or(String::new(), |q| format!(" | {q}"));
            format!("ask {whom}{question}")
        }
        Ok(Command::Vote(vote)) => {
            let word = vote.vote.map_or("WITHDRAW", |v| v.as_str());
            let hash = vote
                .hash
                .as_ref()
                .map_or(String::new(), |h| format!(" {h}"));
            let reason = vote
                .reason
                .as_ref()
                .map_or(String::new(), |r| format!(" : {r}"));
            format!("vote {word}{hash}{reason}")
        }
        Ok(Command::Drop(drop)) => format!("drop {} : {}", drop.path, drop.reason),
        Ok(Command::Again { whom: Whom::All }) => "again all".to_owned(),
        Ok(Command::Again { whom }) => match whom {
            Whom::Named(names) => {
                let names: Vec<&str> = names.iter().map(|a| a.as_str()).collect();
                format!("again {}", names.join(","))
            }
            _ => "again nobody".to_owned(),
        },
        Ok(Command::Advance { phase: None }) => "advance".to_owned(),
        Ok(Command::Advance { phase: Some(phase) }) => format!("advance {phase}"),
        Ok(Command::New(new)) => {
            let template = new.template.as_deref().unwrap_or("-");
            format!("new {} | {template} | {}", new.title.as_str(), new.path)
        }
        Err(CommandError::NewTitle { said }) => format!("new-title {said}"),
        Err(CommandError::NewTitleRefused { .. }) => "new-title-refused".to_owned(),
        Err(CommandError::NewPath { path }) => format!("new-path {path}"),
        Ok(Command::Cancel) => "cancel".to_owned(),
        Ok(Command::Retry) => "retry".to_owned(),
        Ok(Command::Config) => "config".to_owned(),
        Err(CommandError::UnknownFlag { flag }) => format!("unknown-flag {flag}"),
        Err(CommandError::FlagNotHere) => "flag-not-here".to_owned(),
        Ok(Command::Status) => "status".to_owned(),
        Ok(Command::Why) => "why".to_owned(),
        Ok(Command::Help) => "help".to_owned(),
        Err(CommandError::Unknown { word }) => format!("unknown {word}"),
        Err(CommandError::WholePullRequest { verb }) => format!("whole {verb}"),
        Err(CommandError::UnclearVote { word }) => format!("unclear {word}"),
        Err(CommandError::VoteTail { word }) => format!("vote-tail {word}"),
        Ok(Command::Act(act)) => match act {
            ActCommand::Hold { reason } => format!("hold : {reason}"),
            ActCommand::Release { reason: None } => "release".to_owned(),
            ActCommand::Release {
                reason: Some(reason),
            } => format!("release : {reason}"),
            ActCommand::Pause => "pause".to_owned(),
            ActCommand::Resume => "resume".to_owned(),
            ActCommand::Override { hash, reason } => format!("override {hash} : {reason}"),
        },
        Ok(Command::Ledger(said)) => match said {
            LedgerCommand::Concern { name, text } => format!("concern {name} : {text}"),
            LedgerCommand::Resolve { id, reason } => format!("resolve {id} : {reason}"),
            LedgerCommand::Answer { id, text } => format!("answer {id} : {text}"),
        },
        Err(CommandError::ConcernName { word }) => format!("concern-name {word}"),
        Err(CommandError::NoItem { verb, word, .. }) => format!("no-item {verb} {word}"),
        Err(CommandError::NoReason { verb, .. }) => format!("no-reason {verb}"),
        Err(CommandError::OverrideHash { word }) => format!("override-hash {word}"),
        Ok(Command::Restore) => "restore".to_owned(),
        Ok(Command::Reset { reason }) => format!("reset: {reason}"),
        Err(CommandError::ResetReason) => "reset-reason".to_owned(),
        Err(CommandError::Tail { verb, word }) => format!("tail {verb} {word}"),
        Err(CommandError::DropPath) => "drop-path".to_owned(),
        Err(CommandError::DropReason { path }) => format!("drop-reason {path}"),
        Err(CommandError::BadPath { .. }) => "bad-path".to_owned(),
        Err(CommandError::TooManyNames) => "too-many-names".to_owned(),
        Err(CommandError::TooManyCommands) => "too-many-commands".to_owned(),
    };
    match &parsed.path {
        Some(path) => format!("[{path}] {what}"),
        None => what,
    }
}
