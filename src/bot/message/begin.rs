//! What is said about discussions that `new` begins, or does not.

use super::MAX_LINE;
use super::refusal::{line_read, see_help};
use crate::bot::command::{Parsed, path_word};
use crate::bot::markdown::{code, code_block, inline, shorten};
use crate::engine::definition::nearest;

/// A discussion stands on the branch.
pub fn begun(path: &str) -> String {
    format!(
        "{} is on the branch. Write into it what is to be decided and push: the panel answers on that push. Nobody was asked \
         about the headings alone; {} asks now.",
        code(path),
        code(&format!("/discuss {}", path_word(path)))
    )
}

/// Why no discussion was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotBegun<'a> {
    /// No such template, or none that headers may name here.
    Template {
        /// What was named.
        name: &'a str,
        /// Those that may be named.
        known: Vec<&'a str>,
    },
    /// Something stands there; holds the line with another path.
    Exists(String),
    /// The configuration leaves the path out, or it belongs to the gate.
    Place,
    /// The base branch's configuration has errors.
    Broken(String),
    /// The App does not commit here.
    NoCommit {
        /// Why, as it goes on from "because".
        why: String,
        /// The file.
        text: &'a str,
    },
}

/// Says why, and what to do instead. `path`: the file that was to be.
pub fn not_begun(parsed: &Parsed, path: &str, why: &NotBegun<'_>) -> String {
    let read = line_read(parsed);
    let shown = code(&shorten(path, MAX_LINE));
    match why {
        NotBegun::Template { name, known } => {
            let near = nearest(name, known.iter().copied());
            let hint = near.map_or(String::new(), |near| {
                format!("Did you mean {}? ", code(near))
            });
            let known: Vec<String> = known.iter().map(|name| code(name)).collect();
            format!(
                "{read}: {} is no template that a discussion may name here, so nothing was begun. {hint}There are: {}. {}",
                code(&shorten(name, MAX_LINE)),
                known.join(", "),
                see_help()
            )
        }
        NotBegun::Exists(line) => format!(
            "{read}: {shown} is on the branch already, so nothing was begun. Go on there, or name another file: {}",
            code(&shorten(line, MAX_LINE))
        ),
        NotBegun::Place => format!(
            "{read}: {shown} can be no discussion: `files` of the configuration leaves it out, or it lies where \
             configuration, personas and templates do. Name another file, as in {}",
            code("/discuss new \"What is to be decided\" design/")
        ),
        NotBegun::Broken(why) => format!(
            "{read}: nothing was begun, since {}. Mend that on the base branch first.",
            inline(why)
        ),
        NotBegun::NoCommit { why, text } => format!(
            "{read}: the App does not commit here, because {}. Put this into {shown} yourself and push it:\n\n{}",
            inline(why),
            code_block(text, "markdown")
        ),
    }
}
