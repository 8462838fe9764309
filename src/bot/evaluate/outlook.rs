//! What follows from an evaluation: who may still be asked, where its chain of receipts ends.

use super::Evaluated;
use crate::bot::receipts;
use crate::engine::problem::Severity;
use crate::engine::receipt::chain::Anchor;
use crate::engine::vote::{NotCounted, Vote, VoterKind};
use crate::ids::Alias;
use crate::store::{BlockRecord, BlockState};

impl Evaluated {
    /// Whether the file has errors, or its replies are not as they were signed, so that nobody is asked about it.
    pub fn is_invalid(&self) -> bool {
        if !self.receipts.tampered.is_empty() || self.receipts.record_is_older {
            return true;
        }
        let mut problems = self.view.problems.iter();
        problems.any(|problem| problem.severity() == Severity::Error)
    }

    /// Whether nobody is asked about it, by itself or by a command.
    pub fn asks_nobody(&self) -> bool {
        self.paused || self.is_invalid()
    }

    /// The last receipt of the chain, by the case's blocks: of those recorded as written, and of those that stand in
    /// the file and are not yet.
    pub fn end_of_chain(&self, blocks: &[&BlockRecord]) -> Option<Anchor> {
        let stands = |index: &usize| {
            blocks[*index].state == BlockState::Written || self.seen.place_of(*index).is_some()
        };
        let receipts = (0..blocks.len())
            .filter(stands)
            .filter_map(|index| blocks[index].receipt.as_ref());
        let last = receipts.max_by_key(|receipt| receipt.seq);
        last.map(receipts::anchor_of)
    }

    /// Whether a persona contradicted itself too often on this text to be counted, or asked again by itself.
    pub fn is_disputed(&self, alias: &Alias) -> bool {
        self.view.disputed().any(|name| name == alias.as_str())
    }

    /// Whether a persona's newest vote is about an earlier text.
    pub fn is_stale(&self, alias: &Alias) -> bool {
        self.view.votes.iter().any(|vote| {
            vote.entry.kind == VoterKind::Ai
                && vote.entry.participant == alias.as_str()
                && vote.entry.not_counted == Some(NotCounted::Stale)
        })
    }

    /// Fresh votes of the owing personas in the order owed, for the phase rules.
    pub fn owed_votes(&self) -> Vec<Option<Vote>> {
        let owed = self.view.owed.iter();
        owed.map(|(alias, _)| self.fresh.get(alias).copied())
            .collect()
    }
}
