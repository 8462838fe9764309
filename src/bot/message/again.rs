//! What is said about asking and trying once more.

use super::MAX_LISTED;
use crate::bot::markdown::{code, inline};

/// Personas (alias, how often on this text) that are asked again although their answers stand.
pub fn asked_again(path: &str, personas: &[(String, usize)]) -> String {
    let listed: Vec<String> = personas
        .iter()
        .take(MAX_LISTED)
        .map(|(alias, times)| match times {
            1 => format!("{} for the first time", code(alias)),
            times => format!("{} for time {times}", code(alias)),
        })
        .collect();
    format!(
        "Asked again about {} on this text: {}. The check shows who did that and how often. The newest answer counts; a \
         third change of a vote on one text takes it out of the count.",
        code(path),
        listed.join(", ")
    )
}

/// What a `retry` found to do.
#[derive(Debug, Clone, Copy)]
pub struct Retried<'a> {
    /// Work that was given up is taken up.
    pub taken: bool,
    /// Personas that could not answer and are asked once more.
    pub asked: &'a [String],
    /// Answers that came and were not posted are.
    pub posts: bool,
}

/// What is tried once more, or that there is nothing.
pub fn retried(retried: &Retried<'_>) -> String {
    let mut said = Vec::new();
    if retried.taken {
        said.push("Work that was given up here is taken up again.".to_owned());
    }
    if retried.posts {
        said.push(
            "Answers that came and were not posted are posted now, without another call."
                .to_owned(),
        );
    }
    if !retried.asked.is_empty() {
        let names: Vec<String> = retried.asked.iter().map(|alias| code(alias)).collect();
        said.push(format!("Asked once more: {}.", names.join(", ")));
    }
    if said.is_empty() {
        return format!(
            "There is nothing to retry: no work was given up here, every answer that came is posted, and nobody failed to \
             answer. {} says what is missing; {} asks those who have not answered.",
            code("/discuss why"),
            code("/discuss")
        );
    }
    said.push(format!(
        "{} says where it stands after that.",
        code("/discuss status")
    ));
    said.join(" ")
}

/// A round that somebody stopped: how far it had come.
pub fn cancelled(how_far: &str) -> String {
    format!(
        "The round is cancelled: {}. Nobody counts as heard by that: {} asks those who have not answered, and what came \
         before is used then without another call.",
        inline(how_far),
        code("/discuss")
    )
}

/// For whoever had asked: it was cancelled before it was answered.
pub fn cancelled_before(login: &str) -> String {
    format!(
        "{} cancelled the round before this was answered. To ask after all, post the line once more.",
        inline(login)
    )
}

/// There was no round.
pub fn nothing_to_cancel() -> String {
    format!(
        "No round runs or waits here, so nothing was cancelled. {} keeps the next ones from starting.",
        code("/discuss pause")
    )
}
