//! Each checklist item against the proposal.

use super::prose::{Line, Proposal};
use super::words::Phrase;
use crate::engine::persona::ChecklistItem;

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing<'a> {
    /// None of its `when` words is there.
    DoesNotApply,
    /// A statement covers it.
    Covered {
        /// The `unless` entry that was found.
        by: &'a str,
        /// Index of the section it stands in.
        section: usize,
    },
    /// It applies and nothing covers it.
    Raised,
}

/// An item with its standing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    /// The item.
    pub(super) item: &'a ChecklistItem,
    /// How it stands.
    pub(super) standing: Standing<'a>,
}

impl Judged<'_> {
    /// Whether it is raised.
    pub(super) fn is_raised(&self) -> bool {
        self.standing == Standing::Raised
    }

    /// Whether it applies and is covered.
    pub(super) fn is_covered(&self) -> bool {
        matches!(self.standing, Standing::Covered { .. })
    }
}

/// Judges every item, in file order.
pub(super) fn judge<'a>(items: &'a [ChecklistItem], proposal: &Proposal) -> Vec<Judged<'a>> {
    items
        .iter()
        .map(|item| Judged {
            item,
            standing: standing(item, proposal),
        })
        .collect()
}

fn standing<'a>(item: &'a ChecklistItem, proposal: &Proposal) -> Standing<'a> {
    let applies = item.when.is_empty()
        || item.when.iter().any(|word| {
            let phrase = Phrase::new(word);
            proposal
                .lines
                .iter()
                .any(|line| line.sentence.mentions(&phrase))
        });
    if !applies {
        return Standing::DoesNotApply;
    }
    let statements = || proposal.lines.iter().filter(|line| line.is_statement);
    let covering = item.unless.iter().find_map(|word| {
        let phrase = Phrase::new(word);
        let found: Option<&Line> = statements().find(|line| line.sentence.states(&phrase));
        found.map(|line| (word.as_str(), line.section))
    });
    match covering {
        Some((by, section)) => Standing::Covered { by, section },
        None => Standing::Raised,
    }
}
