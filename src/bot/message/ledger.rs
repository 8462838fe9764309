//! What is said about concerns and questions of the ledger that people close, or try to.

use super::refusal::{line_read, see_help};
use super::{MAX_LINE, MAX_LISTED};
use crate::bot::command::{Parsed, path_word};
use crate::bot::markdown::{code, inline, shorten};

/// Characters of an item's text that a reply repeats.
const MAX_TEXT: usize = 300;

/// An item that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItem {
    /// What it is known by: `C1`, `rollback`.
    pub id: String,
    /// Who raised it.
    pub author: String,
    /// What it says.
    pub text: String,
}

/// Why something said about the ledger changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSaid {
    /// A concern of that name is open.
    NameTaken(OpenItem),
    /// There is no such item; holds those that the verb could close.
    Unknown {
        /// The word of the command.
        verb: &'static str,
        /// As written.
        id: String,
        /// What could be meant.
        open: Vec<OpenItem>,
    },
    /// It was closed before.
    Closed {
        /// The item.
        id: String,
        /// By whom and with which words, if that was said by a command.
        by: Option<(String, String)>,
    },
    /// It is closed in another way; holds its number and the word of that command.
    OtherVerb(String, &'static str),
    /// The file has errors, or its replies are not as they were signed: numbers may be others than people read.
    Invalid,
}

/// Something said about the ledger that changes nothing, and what to say instead. `path`: the discussion.
pub fn not_said(parsed: &Parsed, path: &str, why: &NotSaid) -> String {
    let read = line_read(parsed);
    let words = parsed
        .rest
        .split_once(':')
        .map_or("reason", |(_, words)| words.trim());
    let line = |rest: &str| {
        let line = format!("/discuss {} {rest}: {words}", path_word(path));
        code(&shorten(&line, MAX_LINE))
    };
    match why {
        NotSaid::NameTaken(open) => format!(
            "{read}: a concern of that name is open, so nothing was raised. {} said it: {}. Give yours a name of its own: \
             {}. Or see that one closed first: {}.",
            inline(&open.author),
            inline(&shorten(&open.text, MAX_TEXT)),
            line(&format!("concern {}-2", open.id)),
            code(&format!(
                "/discuss {} resolve {}: reason",
                path_word(path),
                open.id
            ))
        ),
        NotSaid::Unknown { verb, id, open } if open.is_empty() => format!(
            "{read}: there is no {} in {}, and nothing is open there that {} could close. {} lists what there is. {}",
            code(&shorten(id, MAX_LINE)),
            code(path),
            code(verb),
            code(&format!("/discuss {} status", path_word(path))),
            see_help()
        ),
        NotSaid::Unknown { verb, id, open } => {
            let lines = open.iter().take(MAX_LISTED).map(|item| {
                format!(
                    "- {} {}: {}",
                    line(&format!("{verb} {}", item.id)),
                    inline(&item.author),
                    inline(&shorten(&item.text, MAX_TEXT))
                )
            });
            let lines: Vec<String> = lines.collect();
            let more = match open.len().saturating_sub(MAX_LISTED) {
                0 => String::new(),
                more => format!("\n- and {more} more"),
            };
            format!(
                "{read}: there is no {} in {}, so nothing was changed. These are open; post the line that is meant:\n\n{}{more}",
                code(&shorten(id, MAX_LINE)),
                code(path),
                lines.join("\n")
            )
        }
        NotSaid::Closed { id, by } => {
            let by = match by {
                Some((who, words)) => {
                    format!("by {}: {}", inline(who), inline(&shorten(words, MAX_TEXT)))
                }
                None => "in the discussion itself".to_owned(),
            };
            format!(
                "{read}: {} of {} was closed before, {by}. That stands, and nothing was changed. {}",
                inline(id),
                code(path),
                see_help()
            )
        }
        NotSaid::Invalid => format!(
            "{read}: {} has to be mended first, since its numbers may be others than those you read, so nothing was \
             changed. {} says how.",
            code(path),
            code(&format!("/discuss {} status", path_word(path)))
        ),
        NotSaid::OtherVerb(id, verb) => format!(
            "{read}: {} of {} is closed in another way, so nothing was changed. Post: {}",
            inline(id),
            code(path),
            line(&format!("{verb} {id}"))
        ),
    }
}

/// An item that somebody just closed.
#[derive(Debug, Clone, Copy)]
pub struct ClosedItem<'a> {
    /// `Resolved`, `Answered`.
    pub done: &'a str,
    /// What it is known by.
    pub id: &'a str,
    /// Who raised it.
    pub author: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Path of the discussion.
    pub path: &'a str,
    /// The persona that raised it, if one did: it can be asked again.
    pub persona: Option<&'a str>,
}

/// Repeats what was closed, so that a wrong number is noticed at once.
pub fn closed_item(item: &ClosedItem<'_>) -> String {
    let again = item.persona.map_or(String::new(), |persona| {
        let line = format!("/discuss {} {persona}", path_word(item.path));
        format!(
            " The vote of {} stays as it is; {} asks again.",
            inline(persona),
            code(&line)
        )
    });
    format!(
        "{} {} of {} in {}: \"{}\".{again}",
        item.done,
        inline(item.id),
        inline(item.author),
        code(item.path),
        inline(&shorten(item.text, MAX_TEXT))
    )
}
