//! Every text we post as a comment. Each function gives one part; [`reply`] makes a comment of parts.
//!
//! Whatever comes from outside passes `markdown`: nobody is mentioned, no command is triggered, no structure is broken.

use super::access::Refusal;
use super::check::CheckInput;
use super::command::{CommandError, Parsed};

/// Bytes GitHub takes for a comment.
pub const MAX_COMMENT: usize = 65_536;
/// Characters of a persona's answer that a reply quotes.
pub const MAX_ANSWER: usize = 1_500;

/// A persona's answer to a question put by a command.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Login of who asked.
    pub asker: &'a str,
    /// The question.
    pub question: &'a str,
    /// Alias of who answers.
    pub persona: &'a str,
    /// Path of the discussion.
    pub path: &'a str,
    /// The reply's block as rendered, name line and marker lines included.
    pub block: &'a str,
    /// Link to the block in the file, or to the commit.
    pub link: Option<&'a str>,
}

/// A vote that was taken down and does not count as it stands.
#[derive(Debug, Clone, Copy)]
pub struct VoteTold<'a> {
    /// Login of the voter.
    pub voter: &'a str,
    /// READY, CHANGES or REJECT.
    pub vote: &'a str,
    /// Path of the discussion.
    pub path: &'a str,
    /// First eight digits of the current subject.
    pub current: &'a str,
}

/// A whole comment: the hidden marker line, then the parts, cut to what GitHub takes.
pub fn reply(marker: &str, parts: &[String]) -> String {
    let _ = (marker, parts);
    todo!()
}
/// Answers a question: the question quoted, the answer cut, a link, the asker named.
pub fn answer(answer: &Answer<'_>) -> String {
    let _ = answer;
    todo!()
}
/// The commands, and the personas (alias, description) there are.
pub fn help(personas: &[(&str, &str)]) -> String {
    let _ = personas;
    todo!()
}
/// State first, then at most three next steps, votes, open items.
pub fn status(input: &CheckInput) -> String {
    let _ = input;
    todo!()
}
/// A command that its author may not give.
pub fn refused(login: &str, refusal: &Refusal) -> String {
    let _ = (login, refusal);
    todo!()
}
/// A line that is no command; `personas` are the aliases there are.
pub fn not_understood(parsed: &Parsed, error: &CommandError, personas: &[&str]) -> String {
    let _ = (parsed, error, personas);
    todo!()
}
/// A command that needs to say which discussion: the lines to choose from.
pub fn which_discussion(parsed: &Parsed, paths: &[&str]) -> String {
    let _ = (parsed, paths);
    todo!()
}
/// A PATH that is no discussion of this pull request.
pub fn no_such_discussion(parsed: &Parsed, paths: &[&str]) -> String {
    let _ = (parsed, paths);
    todo!()
}
/// The pull request has no discussion: how to make one.
pub fn no_discussion(participants: &[&str]) -> String {
    let _ = participants;
    todo!()
}
/// The pull request is closed or merged.
pub fn closed(parsed: &Parsed) -> String {
    let _ = parsed;
    todo!()
}
/// A vote given on an older text: recorded, not counted.
pub fn vote_is_stale(told: &VoteTold<'_>, given_on: &str, sections: &[String]) -> String {
    let _ = (told, given_on, sections);
    todo!()
}
/// A vote on a text we never published: not counted, asks to confirm.
pub fn vote_on_unknown(told: &VoteTold<'_>) -> String {
    let _ = told;
    todo!()
}
/// The author's vote: shown, not counted.
pub fn vote_of_author(told: &VoteTold<'_>) -> String {
    let _ = told;
    todo!()
}
/// Everybody asked has answered on this text already: (alias, link to the standing block).
pub fn nothing_new(standing: &[(&str, Option<&str>)]) -> String {
    let _ = standing;
    todo!()
}
/// A persona that was asked by name and could not answer.
pub fn unavailable(persona: &str, why: &str) -> String {
    let _ = (persona, why);
    todo!()
}
