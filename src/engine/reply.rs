//! A persona's reply as data, its neutralised rendering as a block, and what of it is new.

use super::ledger::Ledger;
use super::persona::Persona;
use super::vote::Vote;

/// A concern in a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyConcern {
    /// The remark, one line.
    pub text: String,
    /// `(minor)`: never blocks.
    pub minor: bool,
}

/// What a model (or the checklist) answered, before rendering. Markers and the VOTE line are ours to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Free text, Markdown.
    pub comment: String,
    /// The vote; advisory personas have none.
    pub vote: Option<Vote>,
    /// Questions to the author, one line each.
    pub questions: Vec<String>,
    /// Concerns, one line each.
    pub concerns: Vec<ReplyConcern>,
    /// Ids of own items that are settled now (`C1`, `Q2`).
    pub resolved: Vec<String>,
}

/// Limits of a rendered reply; the rest is cut by us and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of the comment.
    pub comment_chars: usize,
    /// Concerns.
    pub concerns: usize,
    /// Questions.
    pub questions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            comment_chars: 1_200,
            concerns: 3,
            questions: 2,
        }
    }
}

/// A reply ready to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The block: name line first, VOTE line last, LF, no trailing line end, as Prettier leaves it.
    pub block: String,
    /// The vote as recorded: READY with a new concern that is not minor becomes CHANGES.
    pub vote: Option<Vote>,
    /// Whether it opens or closes an item, answers a question, or changes the persona's vote.
    pub has_news: bool,
}

/// Renders a reply. Own items that are still open are not raised again: `ledger` is compared by text.
/// `previous` is the persona's vote in its last block. Everything a reply could break out with is neutralised here:
/// separators, name lines, markers, header and receipt lines, HTML, mentions, commands, control characters.
pub fn render(
    persona: &Persona,
    reply: &Reply,
    ledger: &Ledger,
    previous: Option<Vote>,
    question: Option<&str>,
    limits: Limits,
) -> Rendered {
    let _ = (persona, reply, ledger, previous, question, limits);
    todo!()
}
