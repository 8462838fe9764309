//! Reads one command line: `/discuss [PATH] VERB ...` or `/discuss [PATH] (alias|@alias|all)... [question]`.

use super::grammar_new;
use super::on_ledger;
use super::table::{self, Verb};
use super::{
    ActCommand, Command, CommandError, CommandLine, DropCommand, MAX_NAMES, Parsed, VoteCommand,
    Whom,
};
use crate::engine::vote::Vote;
use crate::ids::Alias;
use std::borrow::Cow;

/// Digits of a subject that a command must give at least, and at most.
const HASH_DIGITS: std::ops::RangeInclusive<usize> = 8..=64;

pub(super) fn read(line: &CommandLine, is_persona: &dyn Fn(&str) -> bool) -> Parsed {
    let (path, rest) = split_path(line.arguments(), is_persona);
    let command = match &path {
        Some(path) if !is_inside(path) => Err(CommandError::BadPath { path: path.clone() }),
        _ => read_words(path.as_deref(), rest, is_persona),
    };
    Parsed {
        line: line.line,
        text: line.text.clone(),
        path,
        rest: rest.trim().to_owned(),
        command,
    }
}

/// The first word and the rest behind it, both trimmed.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// A first word with a dot or slash is a PATH, unless it is a name with a full stop behind it (`security.`). So is
/// whatever stands in double quotes.
fn split_path<'a>(text: &'a str, is_persona: &dyn Fn(&str) -> bool) -> (Option<String>, &'a str) {
    let (path, rest) = match quoted(text.trim_start()) {
        Some(found) => found,
        None => {
            let (word, rest) = first_word(text);
            if !looks_like_path(word) || alias(word, is_persona).is_some() {
                return (None, text);
            }
            (word, rest)
        }
    };
    let path = path.strip_prefix("./").unwrap_or(path);
    (Some(path.to_owned()), rest)
}

/// The text in double quotes at the start and what stands behind it.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let is_end = |(at, _): &(usize, &str)| {
        let behind = inner[at + 1..].chars().next();
        behind.is_none_or(char::is_whitespace)
    };
    let (at, _) = inner.match_indices('"').find(is_end)?;
    Some((&inner[..at], inner[at + 1..].trim()))
}

/// Whether a word is read as a PATH, be there a persona of that name or not.
pub(super) fn looks_like_path(word: &str) -> bool {
    word.contains(['.', '/']) && !word.starts_with('@') && table::verb(bare(word)).is_none()
}

/// A path as it stands in a command line: in double quotes where it would be read as something else.
pub fn path_word(path: &str) -> Cow<'_, str> {
    let is_word = !path.contains(char::is_whitespace) && !path.starts_with('"');
    match is_word && looks_like_path(path) && bare(path) == path {
        true => Cow::Borrowed(path),
        false => Cow::Owned(format!("\"{path}\"")),
    }
}

/// Whether a path could name a file of the repository.
pub(super) fn is_inside(path: &str) -> bool {
    let bad_part = |part: &str| part.is_empty() || part == "." || part == "..";
    !path.contains(['\\', '\0']) && !path.split('/').any(bad_part)
}

fn read_words(
    path: Option<&str>,
    text: &str,
    is_persona: &dyn Fn(&str) -> bool,
) -> Result<Command, CommandError> {
    let (word, rest) = first_word(text);
    if word.is_empty() {
        return Ok(Command::Ask {
            whom: Whom::Missing,
            question: None,
        });
    }
    let verb = table::verb(bare(word));
    let is_alone = verb.is_none() && is_flag(word);
    let behind = &text.trim_start()[bare(word).len()..];
    let until_colon = behind.split(':').next().unwrap_or_default();
    let behind_verb = until_colon.split_whitespace().find(|word| is_flag(word));
    if let Some(flag) = behind_verb
        .filter(|_| verb.is_some_and(|verb| verb != Verb::New))
        .or(is_alone.then_some(word))
    {
        return Err(misplaced(flag));
    }
    match verb {
        Some(Verb::Vote) => read_vote(rest),
        Some(Verb::Drop) => {
            let behind = &text.trim_start()["drop".len()..];
            read_drop(path, behind)
        }
        Some(Verb::Restore) => alone("restore", rest, Command::Restore),
        Some(Verb::Hold) => {
            let example = table::HOLD.example;
            let reason = behind_colon("hold", example, &text.trim_start()["hold".len()..])?;
            Ok(Command::Act(ActCommand::Hold { reason }))
        }
        Some(Verb::Release) => read_release(&text.trim_start()["release".len()..]),
        Some(Verb::Pause) => alone("pause", rest, Command::Act(ActCommand::Pause)),
        Some(Verb::Resume) => alone("resume", rest, Command::Act(ActCommand::Resume)),
        Some(Verb::Override) => read_override(&text.trim_start()["override".len()..]),
        Some(Verb::Concern) => on_ledger::concern(&text.trim_start()["concern".len()..]),
        Some(Verb::Resolve) => on_ledger::resolve(&text.trim_start()["resolve".len()..]),
        Some(Verb::Answer) => on_ledger::answer(&text.trim_start()["answer".len()..]),
        Some(Verb::Reset) => read_reset(&text.trim_start()["reset".len()..]),
        Some(Verb::Status) => Ok(Command::Status),
        Some(Verb::Why) => Ok(Command::Why),
        Some(Verb::Config) => Ok(Command::Config),
        Some(Verb::Advance) => Ok(read_advance(rest)),
        Some(Verb::New) => grammar_new::read(path, rest),
        Some(Verb::Cancel) if path.is_some() => Err(whole("cancel")),
        Some(Verb::Retry) if path.is_some() => Err(whole("retry")),
        Some(Verb::Cancel) => alone("cancel", rest, Command::Cancel),
        Some(Verb::Retry) => alone("retry", rest, Command::Retry),
        Some(Verb::Help) => Ok(Command::Help),
        None => read_names(text, is_persona),
    }
}

/// A word without the punctuation that people put behind names.
fn bare(word: &str) -> &str {
    word.trim_end_matches([',', ';', ':', '.', '?', '!'])
}

/// The persona a word names: `security`, `@Security`, `AI-Security`, with or without punctuation behind it.
fn alias(word: &str, is_persona: &dyn Fn(&str) -> bool) -> Option<Alias> {
    let known = |text: &str| Alias::parse(text).filter(|alias| is_persona(alias.as_str()));
    let word = bare(word);
    known(word).or_else(|| {
        let name = word.strip_prefix('@').unwrap_or(word);
        let display = name.get(..3)?;
        let is_display = display.eq_ignore_ascii_case("AI-") || display.eq_ignore_ascii_case("AI_");
        is_display.then(|| known(&name[3..]))?
    })
}

fn is_all(word: &str) -> bool {
    let word = bare(word);
    let word = word.strip_prefix('@').unwrap_or(word);
    word.eq_ignore_ascii_case("all")
}

/// Names up to the first word that is none, or up to one that ends like a sentence (`security: what about ...`).
fn read_names(text: &str, is_persona: &dyn Fn(&str) -> bool) -> Result<Command, CommandError> {
    let mut names: Vec<Alias> = Vec::new();
    let mut all = false;
    let mut rest = text.trim();
    loop {
        let (word, behind) = first_word(rest);
        if is_all(word) {
            all = true;
        } else if let Some(alias) = alias(word, is_persona) {
            if !names.contains(&alias) {
                names.push(alias);
            }
        } else {
            break;
        }
        if names.len() > MAX_NAMES {
            return Err(CommandError::TooManyNames);
        }
        rest = behind;
        if word.ends_with([':', '.', '?', '!']) {
            break;
        }
    }
    if !all && names.is_empty() {
        return Err(unknown(rest));
    }
    let whom = if all { Whom::All } else { Whom::Named(names) };
    let (flag, behind) = first_word(rest);
    if is_again(flag) && behind.is_empty() {
        return Ok(Command::Again { whom });
    }
    let is_last = |word: &&str| is_again(word);
    if let Some(word) = Some(flag)
        .filter(|word| is_flag(word))
        .or_else(|| rest.split_whitespace().next_back().filter(is_last))
    {
        return Err(misplaced(word));
    }
    Ok(Command::Ask {
        whom,
        question: Some(rest.to_owned()).filter(|question| !question.is_empty()),
    })
}

/// Whether a word is meant as a flag. Some keyboards make one long dash of two hyphens.
pub(super) fn is_flag(word: &str) -> bool {
    let named = word.strip_prefix("--");
    named.is_some_and(|name| name.starts_with(char::is_alphabetic)) || is_again(word)
}

fn is_again(word: &str) -> bool {
    let word = bare(word);
    let name = word
        .strip_prefix("--")
        .or_else(|| word.strip_prefix('\u{2014}'));
    name.is_some_and(|name| name.eq_ignore_ascii_case("again"))
}

/// A flag that is none, or stands where it means nothing.
pub(super) fn misplaced(word: &str) -> CommandError {
    match is_again(word) {
        true => CommandError::FlagNotHere,
        false => CommandError::UnknownFlag {
            flag: bare(word).to_owned(),
        },
    }
}

fn unknown(text: &str) -> CommandError {
    let word = bare(first_word(text).0);
    CommandError::Unknown {
        word: word.strip_prefix('@').unwrap_or(word).to_owned(),
    }
}

fn read_vote(text: &str) -> Result<Command, CommandError> {
    let (before, reason) = match text.split_once(':') {
        Some((before, reason)) => (before, Some(reason.trim().to_owned())),
        None => (text, None),
    };
    let mut words = before.split_whitespace();
    let word = words.next().unwrap_or_default();
    let vote = vote_word(word).ok_or_else(|| CommandError::UnclearVote {
        word: word.to_owned(),
    })?;
    let mut hash = None;
    for word in words {
        let digits = hash_digits(word).filter(|_| hash.is_none());
        hash = Some(digits.ok_or_else(|| CommandError::VoteTail {
            word: word.to_owned(),
        })?);
    }
    Ok(Command::Vote(VoteCommand {
        vote,
        hash,
        reason: reason.filter(|reason| !reason.is_empty()),
    }))
}

/// Outer `None`: not a vote. Inner `None`: taken back. One full stop is allowed, as in the file.
fn vote_word(word: &str) -> Option<Option<Vote>> {
    let word = word.strip_suffix('.').unwrap_or(word);
    if word.eq_ignore_ascii_case("withdraw") {
        return Some(None);
    }
    Vote::parse(word).map(Some)
}

fn hash_digits(word: &str) -> Option<String> {
    let fits = HASH_DIGITS.contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| word.to_ascii_lowercase())
}

/// A verb that takes nothing behind it.
fn alone(verb: &'static str, rest: &str, command: Command) -> Result<Command, CommandError> {
    match first_word(rest).0 {
        "" => Ok(command),
        word => Err(unknown_tail(verb, word)),
    }
}

/// What is about the whole pull request, given for one discussion.
fn whole(verb: &'static str) -> CommandError {
    CommandError::WholePullRequest { verb }
}

/// A word behind a verb that takes nothing there.
pub(super) fn unknown_tail(verb: &'static str, word: &str) -> CommandError {
    CommandError::Tail {
        verb,
        word: word.to_owned(),
    }
}

/// Reads `: reason`, which must be there and stand right behind the verb.
fn behind_colon(
    verb: &'static str,
    example: &'static str,
    text: &str,
) -> Result<String, CommandError> {
    let reason = text.trim_start().strip_prefix(':').map(str::trim);
    let reason = reason.filter(|reason| !reason.is_empty());
    reason
        .map(str::to_owned)
        .ok_or(CommandError::NoReason { verb, example })
}

/// Reads nothing, or `: reason`.
fn read_release(text: &str) -> Result<Command, CommandError> {
    let reason = match text.trim_start().strip_prefix(':') {
        Some(reason) => Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty()),
        None => {
            // A full stop or the like behind the verb says nothing.
            let rest = text.trim_start_matches([',', ';', '.', '?', '!']);
            return alone("release", rest, release(None));
        }
    };
    Ok(release(reason))
}

fn release(reason: Option<String>) -> Command {
    Command::Act(ActCommand::Release { reason })
}

/// Reads nothing, or the name of a phase: `consensus vote` is one of `consensus_vote`.
fn read_advance(text: &str) -> Command {
    let words: Vec<&str> = text.split_whitespace().collect();
    let phase = bare(&words.join("_")).to_owned();
    Command::Advance {
        phase: Some(phase).filter(|phase| !phase.is_empty()),
    }
}

/// Reads `HASH: reason`.
fn read_override(text: &str) -> Result<Command, CommandError> {
    let (before, reason) = match text.split_once(':') {
        Some((before, reason)) => (before.trim(), reason.trim()),
        None => (text.trim(), ""),
    };
    let hash = hash_digits(before).ok_or_else(|| CommandError::OverrideHash {
        word: before.to_owned(),
    })?;
    match reason {
        "" => Err(CommandError::NoReason {
            verb: "override",
            example: table::OVERRIDE.example,
        }),
        reason => Ok(Command::Act(ActCommand::Override {
            hash,
            reason: reason.to_owned(),
        })),
    }
}

/// Reads `: reason`.
fn read_reset(text: &str) -> Result<Command, CommandError> {
    let reason = text.trim_start().strip_prefix(':').map(str::trim);
    match reason {
        Some(reason) if !reason.is_empty() => Ok(Command::Reset {
            reason: reason.to_owned(),
        }),
        _ => Err(CommandError::ResetReason),
    }
}

/// Reads `PATH: reason`, or `: reason` where the PATH stands before the verb. A path may hold blanks and colons: it
/// ends at the first colon with a blank or nothing behind it, else at the first.
fn read_drop(before: Option<&str>, text: &str) -> Result<Command, CommandError> {
    let ends = |(at, _): &(usize, &str)| {
        let mut behind = text[at + 1..].chars();
        behind.next().is_none_or(char::is_whitespace)
    };
    let colon = text.match_indices(':').find(ends);
    let colon = colon.or_else(|| text.match_indices(':').next());
    let (path, reason) = match colon {
        Some((at, _)) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let path = path.trim().trim_matches(['`', '"']);
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = match (before, path) {
        (Some(before), "") => before,
        (None, path) if !path.is_empty() => path,
        _ => return Err(CommandError::DropPath),
    };
    let path = path.to_owned();
    if !is_inside(&path) {
        return Err(CommandError::BadPath { path });
    }
    match reason {
        // The second stands for one in the line that the check prints.
        "" | "REASON" => Err(CommandError::DropReason { path }),
        reason => Ok(Command::Drop(DropCommand {
            path,
            reason: reason.to_owned(),
        })),
    }
}
