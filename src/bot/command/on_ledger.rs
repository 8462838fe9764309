//! Reads what people say about the ledger: `concern NAME: text`, `resolve C1|NAME: reason`, `answer Q2: text`.

use super::table::{self, Row};
use super::{Command, CommandError, LedgerCommand};

/// Characters of the name of a concern.
pub const NAME_CHARS: usize = 40;

/// Letters that the numbers of items begin with.
const LETTERS: [char; 4] = ['Q', 'C', 'T', 'D'];

pub(super) fn concern(text: &str) -> Result<Command, CommandError> {
    let (name, text) = split(text);
    if !is_name(name) || is_number(name) {
        return Err(CommandError::ConcernName {
            word: name.to_owned(),
        });
    }
    Ok(Command::Ledger(LedgerCommand::Concern {
        name: name.to_owned(),
        text: said(text, &table::CONCERN)?,
    }))
}

pub(super) fn resolve(text: &str) -> Result<Command, CommandError> {
    let (id, reason) = split(text);
    Ok(Command::Ledger(LedgerCommand::Resolve {
        id: item(id, &table::RESOLVE)?,
        reason: said(reason, &table::RESOLVE)?,
    }))
}

pub(super) fn answer(text: &str) -> Result<Command, CommandError> {
    let (id, text) = split(text);
    Ok(Command::Ledger(LedgerCommand::Answer {
        id: item(id, &table::ANSWER)?,
        text: said(text, &table::ANSWER)?,
    }))
}

/// What stands before the first colon and behind it, trimmed.
fn split(text: &str) -> (&str, &str) {
    let (before, behind) = text.split_once(':').unwrap_or((text, ""));
    (before.trim(), behind.trim())
}

fn said(text: &str, row: &Row) -> Result<String, CommandError> {
    match text {
        "" => Err(CommandError::NoReason {
            verb: row.key,
            example: row.example,
        }),
        text => Ok(text.to_owned()),
    }
}

fn item(word: &str, row: &Row) -> Result<String, CommandError> {
    match word {
        number if is_number(number) => Ok(number.to_ascii_uppercase()),
        name if is_name(name) => Ok(name.to_owned()),
        word => Err(CommandError::NoItem {
            verb: row.key,
            word: word.to_owned(),
            example: row.example,
        }),
    }
}

/// One word of plain letters, digits and hyphens: it looks like nothing else wherever it is shown.
fn is_name(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=NAME_CHARS).contains(&word.len())
        && word.chars().all(is_plain)
        && !word.starts_with('-')
        && !word.ends_with('-')
}

/// `C1`, `q2`: it would be taken for the number of an item, there or not.
fn is_number(word: &str) -> bool {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.is_some_and(|c| LETTERS.contains(&c))
        && word.len() > 1
        && word.len() <= NAME_CHARS
        && chars.all(|c| c.is_ascii_digit())
}
