//! Markers: the structured lines of a block (VOTE, Q, CONCERN, ...), and mentions.

use super::vote::Vote;

/// What a marker line says. VOTE is kept apart as [`BlockVote`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// `Q`, `QUESTION`
    Question,
    /// `A`, `ANSWERED`
    Answer,
    /// `CONCERN`
    Concern,
    /// `RESOLVED`
    Resolved,
    /// `TODO`, `ACTION`
    Todo,
    /// `ASSIGNED`
    Assigned,
    /// `DONE`
    Done,
    /// `DECISION`
    Decision,
    /// `DIAGRAM`
    Diagram,
}

/// One marker line of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Which word.
    pub word: Word,
    /// Line, from 1.
    pub line: usize,
    /// Column of the word, from 1.
    pub column: usize,
    /// Text behind the colon to the end of the line, trimmed.
    pub text: String,
    /// Items of a list directly below, without bullets.
    pub items: Vec<String>,
    /// `- [x] TODO:`
    pub checked: bool,
}

/// What the VOTE lines of one block come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockVote {
    /// One vote, perhaps said twice.
    Clear {
        /// The vote.
        vote: Vote,
        /// Line of the last VOTE line.
        line: usize,
    },
    /// A VOTE line that is not exactly a vote, or two different ones: its author has no vote.
    Unclear {
        /// Line of the offending VOTE line.
        line: usize,
        /// Its text.
        text: String,
    },
}

/// An `@alias` in a block's text, outside opaque regions, inline code and links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The token without `@`, lower case. May name nobody.
    pub token: String,
    /// Line, from 1.
    pub line: usize,
    /// Column of the `@`, from 1.
    pub column: usize,
}
