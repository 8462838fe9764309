//! Comment blocks: one participant's entry in the file.

use super::marker::{BlockVote, Marker, Mention};
use super::name::Author;
use std::ops::Range;

/// One participant's entry, from its name line to before the next separator.
#[derive(Debug, Clone)]
pub struct Block {
    /// Position among the blocks, from 1.
    pub number: usize,
    /// Who wrote it, by the name line.
    pub author: Author,
    /// Line of the name line, from 1.
    pub line: usize,
    /// Bytes of the separator line above it, if there is one.
    pub separator: Option<Range<usize>>,
    /// Bytes from the start of the name line to the end of the last non-blank line, without its line end.
    pub span: Range<usize>,
    /// Markers in file order, VOTE lines excluded.
    pub markers: Vec<Marker>,
    /// `@alias` mentions, in file order.
    pub mentions: Vec<Mention>,
    /// What its VOTE lines come to.
    pub vote: Option<BlockVote>,
}

impl Block {
    /// Canonical bytes for hashing and comparing: the span with LF line ends and no trailing blanks on the last line.
    pub fn canonical(&self, source: &str) -> String {
        source[self.span.clone()]
            .replace("\r\n", "\n")
            .trim_end()
            .to_owned()
    }
}
