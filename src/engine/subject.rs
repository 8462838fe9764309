//! The proposal and its hash, the subject, to which votes are bound.

use super::discussion::Discussion;
use std::fmt;

/// SHA-256 of the proposal with `Title`, `Template`, `Participants`; see [`Subject::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(pub [u8; 32]);

impl fmt::Display for Subject {
    /// 64 hex digits; the JSON puts `sha256:` before them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!()
    }
}

impl Subject {
    /// Hash of the proposal: everything after the header up to `end` (byte offset where the proposal ends: the first
    /// block recorded for this pull request), or, with `None`, to the end of the file less trailing separators, so
    /// that our first append changes nothing. LF line ends, no byte order mark, no trailing blanks, plus the header's
    /// Title, Template, Participants. Length-prefixed fields under a versioned domain tag.
    pub fn of(discussion: &Discussion, end: Option<usize>) -> Self {
        let _ = (discussion, end);
        todo!()
    }

    /// Reads 64 hex digits.
    pub fn parse(hex: &str) -> Option<Self> {
        let _ = hex;
        todo!()
    }

    /// The first eight hex digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

/// Text of the proposal as hashed (normalised), for prompts and for naming changed sections.
pub fn proposal(discussion: &Discussion, end: Option<usize>) -> String {
    let _ = (discussion, end);
    todo!()
}

/// Headings of the sections that differ between two proposals, in order of the newer one; a change above the first
/// heading is called `the introduction`, header fields by their key.
pub fn changed_sections(older: &str, newer: &str) -> Vec<String> {
    let _ = (older, newer);
    todo!()
}
