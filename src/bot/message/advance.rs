//! What is said about phases that people move on.

use super::refusal::{line_read, see_help};
use super::{MAX_LINE, MAX_LISTED};
use crate::bot::command::{Parsed, path_word};
use crate::bot::markdown::{code, inline, shorten};
use crate::engine::definition::nearest;

/// A discussion that moved: `step` as the record has it, `from talk to vote`; `votes`: whether its new phase does.
pub fn advanced(path: &str, step: &str, votes: bool) -> String {
    let next = match votes {
        true => "Votes decide there; those on this text count.",
        false => "Votes are counted there and do not decide yet.",
    };
    format!(
        "{} moved {}. {next} Nobody is asked by that: {} asks the panel there. The file's Phase line follows with the next \
         commit; the check shows who moved it.",
        code(path),
        inline(step),
        code(&format!("/discuss {} all", path_word(path)))
    )
}

/// Behind the refusal of a step that would leave votes out: which.
pub fn leaves_out(to: &str, votes: &[&str]) -> String {
    let listed: Vec<String> = votes.iter().map(|name| code(name)).collect();
    format!(
        "To {} it would go past the vote in {}, which did not pass.",
        code(to),
        listed.join(", ")
    )
}

/// Why a discussion stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdvanced<'a> {
    /// Its template has no such phase.
    Unknown {
        /// Name of the template.
        template: &'a str,
        /// What was named.
        phase: &'a str,
        /// The phases there are, in order.
        known: Vec<&'a str>,
    },
    /// Nothing comes after the present phase.
    Last {
        /// It.
        phase: &'a str,
        /// The other phases there are, in order.
        others: Vec<&'a str>,
    },
    /// It is there already.
    There(&'a str),
    /// The file has errors, so that its phases may be others.
    Invalid,
}

/// A step that is not made, and what to write instead.
pub fn not_advanced(parsed: &Parsed, path: &str, why: &NotAdvanced<'_>) -> String {
    let read = line_read(parsed);
    let line = |phase: &str| code(&format!("/discuss {} advance {phase}", path_word(path)));
    let path_shown = code(path);
    match why {
        NotAdvanced::Unknown {
            template,
            phase,
            known,
        } => {
            let near = nearest(phase, known.iter().copied());
            let hint = near.map_or(String::new(), |near| {
                format!("Did you mean {}? ", line(near))
            });
            format!(
                "{read}: the template {} of {path_shown} has no phase {}, so nothing was changed. {hint}There are: {}. {}",
                code(template),
                code(&shorten(phase, MAX_LINE)),
                listed(known),
                see_help()
            )
        }
        NotAdvanced::Last { phase, others } => {
            let back = match others.is_empty() {
                true => String::new(),
                false => format!(" To go back, name one of: {}.", listed(others)),
            };
            format!(
                "{read}: {} is the last phase of {path_shown}, so nothing comes after it. It ends by votes: {} says \
                 what is missing.{back} {}",
                code(phase),
                code(&format!("/discuss {} why", path_word(path))),
                see_help()
            )
        }
        NotAdvanced::There(phase) => format!(
            "{read}: {path_shown} is in {} already, so nothing was changed. {}",
            code(phase),
            see_help()
        ),
        NotAdvanced::Invalid => format!(
            "{read}: {path_shown} is invalid, as the check says, so nothing was changed. Repair the file first. {}",
            see_help()
        ),
    }
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names
        .iter()
        .take(MAX_LISTED)
        .map(|name| code(name))
        .collect();
    names.join(", ")
}
