//! The votes that the receipts of a file prove, as far as the file alone can tell.

use super::chain::{Chain, Standing};
use super::{Claims, Kind};
use crate::engine::discussion::Discussion;
use crate::engine::subject::{self, Subject};
use crate::engine::vote::Vote;
use std::collections::HashMap;
use std::ops::Range;

/// What a signed vote is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It is about the present text, in a file that is as it was signed.
    Accepted,
    /// It was given on another text.
    Stale,
    /// Something in the file was meddled with or is missing, so no vote in it is believed: the one that would change
    /// the picture may be the one that is gone.
    Unproven,
}

impl Worth {
    /// Word in `verify --json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Stale => "stale",
            Self::Unproven => "unproven",
        }
    }
}

/// A participant's vote by its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedVote {
    /// A persona's alias, or `github:ID`.
    pub who: String,
    /// A persona's turn or a person's vote.
    pub kind: Kind,
    /// The vote.
    pub vote: Vote,
    /// Place in the chain, from 1.
    pub seq: u64,
    /// Number of the block, from 1.
    pub block: usize,
    /// What it is worth.
    pub worth: Worth,
}

/// One vote for each participant, in the order of the chain: the newest on the present text, else the newest. So going
/// back to an older text goes back to the votes that were given on it.
pub fn votes(discussion: &Discussion, chain: &Chain) -> Vec<SignedVote> {
    let is_sound = chain.is_whole() && discussion.unclosed().is_none();
    let end = chain.proposal_end(discussion);
    let subject = Subject::of(discussion, end);
    let uncovered = subject::uncovered(discussion, end, &signed_spans(discussion, chain));
    let ballot = subject::ballot(subject, &uncovered);
    let subject = subject.to_string();
    // A persona's vote is on the proposal, a person's on all that people read.
    let is_on_present = |claims: &Claims| match claims.kind {
        Kind::Vote => claims.subject == ballot,
        Kind::Turn | Kind::Note => claims.subject == subject,
    };
    let worth = |claims: &Claims| match is_on_present(claims) {
        _ if !is_sound => Worth::Unproven,
        true => Worth::Accepted,
        false => Worth::Stale,
    };
    let mut newest: HashMap<&str, (SignedVote, bool)> = HashMap::new();
    for found in &chain.found {
        let (Standing::Valid(claims), Some(block)) = (&found.standing, found.block) else {
            continue;
        };
        let Some(vote) = claims.vote.filter(|_| claims.kind != Kind::Note) else {
            continue;
        };
        let is_current = is_on_present(claims);
        let known = newest.get(claims.who.as_str());
        if known.is_some_and(|(_, known_is_current)| *known_is_current && !is_current) {
            continue;
        }
        let vote = SignedVote {
            who: claims.who.clone(),
            kind: claims.kind,
            vote,
            seq: claims.seq,
            block,
            worth: worth(claims),
        };
        newest.insert(&claims.who, (vote, is_current));
    }
    let mut votes: Vec<SignedVote> = newest.into_values().map(|(vote, _)| vote).collect();
    votes.sort_by_key(|vote| vote.seq);
    votes
}

/// Where the blocks stand that are as they were signed, receipts included.
fn signed_spans(discussion: &Discussion, chain: &Chain) -> Vec<Range<usize>> {
    let valid = chain
        .found
        .iter()
        .filter(|found| matches!(found.standing, Standing::Valid(_)));
    let blocks = valid.filter_map(|found| discussion.blocks.get(found.block?.checked_sub(1)?));
    blocks.map(|block| block.span.start..block.end()).collect()
}
