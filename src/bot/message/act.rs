//! What is said about acts of people that change nothing.

use super::MAX_LINE;
use super::refusal::{line_read, see_help};
use crate::bot::command::{Parsed, path_word};
use crate::bot::markdown::{code, inline, shorten};

/// Why an act changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone {
    /// Nobody holds the discussion.
    NotHeld,
    /// It is not paused.
    NotPaused,
    /// It was paused before, by this account.
    PausedAlready(String),
    /// The hash is that of no text that stands here; holds the lines that could be posted.
    OtherText(Vec<String>),
}

/// An act that changes nothing, and what to do instead. `path`: the discussion; empty where none was found.
pub fn not_done(parsed: &Parsed, path: &str, why: &NotDone) -> String {
    let read = line_read(parsed);
    match why {
        NotDone::NotHeld => format!(
            "{read}: nobody holds {}, so there is nothing to release. {} says what is in its way. {}",
            code(path),
            code(&format!("/discuss {} why", path_word(path))),
            see_help()
        ),
        NotDone::NotPaused => format!(
            "{read}: {} is not paused, so nothing was changed. {} asks the panel. {}",
            code(path),
            code(&format!("/discuss {}", path_word(path))),
            see_help()
        ),
        NotDone::PausedAlready(by) => format!(
            "{read}: {} was paused before, by {}. That stands; {} ends it. {}",
            code(path),
            inline(by),
            code(&format!("/discuss {} resume", path_word(path))),
            see_help()
        ),
        NotDone::OtherText(lines) => {
            let lines: Vec<String> = lines
                .iter()
                .map(|line| format!("- {}", code(&shorten(line, MAX_LINE))))
                .collect();
            format!(
                "{read}: no discussion of this pull request has that text now, so nothing was overridden. Read the text \
                 as it stands, then post the line that is meant; {}\n\n{}",
                see_help(),
                lines.join("\n")
            )
        }
    }
}
