//! Receipts: the signed line below every block that the App wrote. A receipt says who said what about which text, and
//! which receipt came before it, so that a block cannot be typed, changed, moved or left out unnoticed.
//!
//! Here is what a receipt claims and how receipts hang together ([`chain`]). The token itself (a compact JWS) is made
//! and checked by `signing`, which is handed in: nothing here knows keys.

pub mod chain;
pub mod restore;
pub mod votes;

use super::scan::{Lines, is_receipt};
use super::vote::Vote;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Version of the claims. Another number is refused: whoever wrote it means something else.
pub const VERSION: u64 = 1;

const OPEN: &str = "<!-- receipt: ";
const CLOSE: &str = " -->";

/// What kind of block a receipt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A persona's turn.
    Turn,
    /// A person's vote, written down by the closing commit.
    Vote,
    /// A person's word that is no vote.
    Note,
}

impl Kind {
    /// The word in the token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Vote => "vote",
            Self::Note => "note",
        }
    }

    /// Reads exactly that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Turn, Self::Vote, Self::Note]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// What a receipt claims about its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Numeric repository id: it survives renames.
    pub rid: u64,
    /// `owner/name` at that time, for people and for tools that know no numbers.
    pub repo: String,
    /// Pull request.
    pub pr: u64,
    /// Chain: one discussion in one pull request into one base, 32 hex digits, minted by the App. A reset mints a new one.
    pub did: String,
    /// Path in the repository at that time.
    pub path: String,
    /// Place in the chain, from 1.
    pub seq: u64,
    /// [`link`] of the receipt before it; empty for the first.
    pub prev: String,
    /// What kind of block.
    pub kind: Kind,
    /// A persona's alias, or `github:ID` of a person's account.
    pub who: String,
    /// The vote; `None` where the block gives none.
    pub vote: Option<Vote>,
    /// What it was given on, 64 hex digits: the subject, or for a person's vote what people's votes bind to
    /// ([`ballot`](super::subject::ballot)).
    pub subject: String,
    /// [`block_hash`] of the block, 64 hex digits.
    pub block: String,
    /// Model that answered; empty for a person.
    pub model: String,
    /// Hash of the persona's file; empty for a person.
    pub persona: String,
    /// Public id of the job that wrote it.
    pub job: String,
    /// When it was signed, Unix seconds.
    pub iat: u64,
}

/// Why a token says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unverified {
    /// No key of this id is known.
    UnknownKey(String),
    /// The key was revoked before the receipt was signed.
    RevokedKey(String),
    /// The signature is not that of the key it names. What the token would claim, as far as it reads: not to be
    /// believed, only to tell whether it pretends to belong here.
    BadSignature(Option<Box<Claims>>),
    /// It is no token of ours, and names no key of ours; why.
    Malformed(String),
}

/// Checks a token and gives its claims.
pub type Check<'a> = &'a dyn Fn(&str) -> Result<Claims, Unverified>;

/// What the next receipt, and the anchor, know this one by: SHA-256 of the token, 64 hex digits.
pub fn link(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// What a receipt knows its block by: SHA-256 of its canonical text (LF line ends, the receipt line left out), 64 hex
/// digits.
pub fn block_hash(canonical: &str) -> String {
    hex::encode(Sha256::digest(canonical.as_bytes()))
}

/// A block with its receipt, as it is written: a blank line between them keeps formatters content.
pub fn signed(block: &str, token: &str) -> String {
    format!("{block}\n\n{OPEN}{token}{CLOSE}")
}

/// The token of a receipt line.
pub fn token(line: &str) -> Option<&str> {
    if !is_receipt(line.as_bytes()) {
        return None;
    }
    line.trim_end().strip_prefix(OPEN)?.strip_suffix(CLOSE)
}

/// A receipt line, wherever it stands: also in code, in comments, below nobody's block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine<'s> {
    /// Line, from 1.
    pub line: usize,
    /// Its bytes in the file, without the line end.
    pub span: Range<usize>,
    /// The token.
    pub token: &'s str,
}

/// Every receipt line of a file, in order.
pub fn lines(source: &str) -> Vec<ReceiptLine<'_>> {
    if !source.contains(OPEN) {
        return Vec::new();
    }
    let lines = Lines::of(source);
    let mut found = Vec::new();
    for line in 0..lines.count() {
        let span = lines.text(line, source.as_bytes());
        if let Some(token) = source.get(span.clone()).and_then(token) {
            found.push(ReceiptLine {
                line: line + 1,
                span,
                token,
            });
        }
    }
    found
}
