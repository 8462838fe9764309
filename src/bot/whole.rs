//! A discussion as it reads once the replies that a push dropped are put back. Personas are asked about that one: what
//! they raised is still open, and they say which of it a new text settles. Pure.

use super::evaluate::Evaluated;
use super::on_ledger::Ground;
use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use crate::engine::edit;
use crate::engine::ledger::Ledger;
use crate::engine::statement::Statement;
use crate::store::{ActRecord, BlockRecord};

/// The file with the dropped replies behind it.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The text.
    pub discussion: Discussion,
    /// Where the proposal ends, in bytes.
    pub proposal_end: usize,
    /// Open and closed items, those of the dropped replies too, under the numbers they get back.
    pub ledger: Ledger,
    /// What people said about it, by its places here.
    pub statements: Vec<Statement>,
    /// Blocks of the file; what comes behind them is ours.
    in_file: usize,
}

impl Whole {
    /// Puts dropped replies behind the file. `records`: the recorded blocks of the discussion, by `seq`; `said`: what
    /// people said about its ledger and what counts, in order. `None`: nothing was dropped, or the file cannot be
    /// appended to.
    pub fn of(
        evaluated: &Evaluated,
        records: &[&BlockRecord],
        said: &[&ActRecord],
    ) -> Option<Self> {
        let dropped = evaluated.receipts.dropped.iter().copied();
        let dropped: Vec<usize> = dropped.filter(|index| *index < records.len()).collect();
        let texts: Vec<String> = dropped
            .iter()
            .map(|index| records[*index].text.clone())
            .collect();
        if texts.is_empty() {
            return None;
        }
        let file = &evaluated.discussion;
        let text = edit::append(file, &texts).ok()?;
        let discussion = Discussion::parse(text.as_bytes());
        let in_file = discussion.blocks.len().checked_sub(texts.len())?;
        let ours = |block: &Block| block.number > in_file || evaluated.seen.is_ours(block.number);
        let (mut ledger, _) = Ledger::of(&discussion, &ours);
        let mut ours = evaluated.seen.ours.clone();
        ours.resize(in_file, None);
        ours.extend(dropped.into_iter().map(Some));
        let ground = Ground {
            discussion: &discussion,
            ours: &ours,
            records,
        };
        let statements = ground.statements(said);
        ledger.hear(&statements);
        Some(Self {
            proposal_end: evaluated.seen.proposal_end.unwrap_or(file.source.len()),
            discussion,
            ledger,
            statements,
            in_file,
        })
    }

    /// Whether a block of it is ours. `evaluated`: what it was made of.
    pub fn is_ours(&self, evaluated: &Evaluated, block: &Block) -> bool {
        block.number > self.in_file || evaluated.seen.is_ours(block.number)
    }
}
