//! What is said about questions that were typed into a discussion.

use crate::bot::command::path_word;
use crate::bot::markdown::code;

/// The line that asks them.
fn asking(path: &str, personas: &[&str]) -> String {
    let (path, names) = (path_word(path), personas.join(" "));
    format!("/discuss {path} {names} your question")
}

/// Personas that a typed block mentions and that were left out, because one push may ask only so many.
pub fn not_asked(path: &str, line: usize, personas: &[&str]) -> String {
    let names: Vec<String> = personas.iter().map(|name| code(name)).collect();
    let command = asking(path, personas);
    format!(
        "{} mentions more personas than one push may ask, so {} got no question. To ask: {}",
        code(&format!("{path}:{line}")),
        names.join(", "),
        code(&command)
    )
}

/// A typed block of which nobody can tell whether the push brought it.
pub fn mention_unclear(path: &str, line: usize, personas: &[&str]) -> String {
    let command = asking(path, personas);
    format!(
        "{} mentions personas, and GitHub does not have the commit before the push any more, so it cannot be told \
         whether the block is new. Nobody was asked. To ask: {}",
        code(&format!("{path}:{line}")),
        code(&command)
    )
}
