//! What people's acts on the ledger come to: which of them count, and what each is about in the file as it is. Pure.
//!
//! A concern, a resolution and an answer stand whatever becomes of their comments. They belong to a chain of receipts, so
//! a reset ends them and a revision does not. What an act closes is kept as the item itself, not as the number that it
//! had: numbers follow from the blocks that stand in the file.

use crate::engine::discussion::Discussion;
use crate::engine::ledger::{Item, Ledger};
use crate::engine::statement::{Deed, Place, Statement};
use crate::store::{ActRecord, ActVerb, BlockRecord};
use std::collections::BTreeMap;

/// Start of what is kept of an item of a block: `block:HASH:LINES`, the lines between the name line and the item.
const OF_BLOCK: &str = "block:";

/// Start of what is kept of a concern that a person raised: `act:SOURCE`.
const OF_ACT: &str = "act:";

/// The acts on the ledger that count, in the order in which they were said. `chains`: the chain that counts of each base
/// branch.
pub fn counting<'a>(
    acts: impl Iterator<Item = &'a ActRecord>,
    chains: &BTreeMap<String, String>,
) -> Vec<&'a ActRecord> {
    let is_one = |act: &&ActRecord| {
        let verb = matches!(
            act.verb,
            ActVerb::Concern | ActVerb::Resolve | ActVerb::Answer
        );
        // Of a chain of another base it counts too: nobody gets rid of a concern by changing the base.
        verb && (act.did.is_empty() || chains.get(&act.base) == Some(&act.did))
    };
    let mut acts: Vec<&ActRecord> = acts.filter(is_one).collect();
    acts.sort_by_key(|act| act.said_at);
    acts
}

/// A discussion as far as the places of items in it go.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The file.
    pub discussion: &'a Discussion,
    /// For each of its blocks, the recorded block it is, as an index into `records`.
    pub ours: &'a [Option<usize>],
    /// The recorded blocks.
    pub records: &'a [&'a BlockRecord],
}

impl Ground<'_> {
    /// What is kept of an item of the file; `None`: it stands in no block of the record.
    pub fn kept(&self, item: &Item) -> Option<String> {
        let at = item.block.checked_sub(1)?;
        let block = self.discussion.blocks.get(at)?;
        let record = self.records.get(self.ours.get(at).copied().flatten()?)?;
        let lines = item.line.checked_sub(block.line)?;
        Some(format!("{OF_BLOCK}{}:{lines}", record.hash))
    }

    /// The line of the file that an item is on now.
    fn line_of(&self, kept: &str) -> Option<usize> {
        let (hash, lines) = kept.strip_prefix(OF_BLOCK)?.split_once(':')?;
        let record = self.records.iter().position(|block| block.hash == hash)?;
        let at = self.ours.iter().position(|ours| *ours == Some(record))?;
        let lines: usize = lines.parse().ok()?;
        self.discussion.blocks.get(at)?.line.checked_add(lines)
    }

    /// What counting acts say, for the ledger of this file.
    pub fn statements(&self, counting: &[&ActRecord]) -> Vec<Statement> {
        let mut raised: BTreeMap<String, usize> = BTreeMap::new();
        let mut statements = Vec::new();
        for act in counting {
            let deed = match act.verb {
                ActVerb::Concern => {
                    raised.insert(kept_of(act), statements.len());
                    Some(Deed::Raises(act.target.clone()))
                }
                _ => {
                    let named = raised.get(&act.item).copied().map(Place::Statement);
                    let place = named.or_else(|| self.line_of(&act.item).map(Place::Line));
                    place.map(Deed::Closes)
                }
            };
            statements.extend(deed.map(|deed| Statement {
                by: act.login.clone(),
                text: act.text.clone(),
                link: act.link.clone(),
                deed,
            }));
        }
        statements
    }

    /// The item of the file that is kept so.
    pub fn item_of<'l>(&self, kept: &str, ledger: &'l Ledger) -> Option<&'l Item> {
        let line = self.line_of(kept)?;
        ledger
            .all()
            .find(|item| !item.is_named() && item.line == line)
    }
}

/// What is kept of a concern that a person raised.
pub fn kept_of(concern: &ActRecord) -> String {
    format!("{OF_ACT}{}", concern.source)
}

/// The act that closed an item, if one did.
pub fn closed_by<'a>(counting: &[&'a ActRecord], kept: &str) -> Option<&'a ActRecord> {
    counting.iter().find(|act| act.item == kept).copied()
}

/// Concerns that people raised and nobody closed, oldest first.
pub fn open_concerns<'a>(counting: &[&'a ActRecord]) -> Vec<&'a ActRecord> {
    let concerns = counting.iter().filter(|act| act.verb == ActVerb::Concern);
    let open = concerns.filter(|act| closed_by(counting, &kept_of(act)).is_none());
    open.copied().collect()
}

/// Whether a concern goes by that name, in any case of its letters.
pub fn is_called(concern: &ActRecord, name: &str) -> bool {
    concern.target.eq_ignore_ascii_case(name)
}
