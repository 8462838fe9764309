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
    Raised {
        /// The `when` entry that was found; `None`: it applies to every proposal.
        by: Option<&'a str>,
    },
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
        matches!(self.standing, Standing::Raised { .. })
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
    let mut when = item.when.iter().map(String::as_str);
    let calling = when.find(|words| find(words, proposal, is_mentioned).is_some());
    if calling.is_none() && !item.when.is_empty() {
        return Standing::DoesNotApply;
    }
    let covering = item.unless.iter().find_map(|words| {
        let line = find(words, proposal, is_stated)?;
        Some((words.as_str(), line.section))
    });
    match covering {
        Some((by, section)) => Standing::Covered { by, section },
        None => Standing::Raised { by: calling },
    }
}

/// The first line that holds the words in the sense of `holds`.
fn find<'a>(
    words: &str,
    proposal: &'a Proposal,
    holds: fn(&Line, &Phrase) -> bool,
) -> Option<&'a Line> {
    let phrase = Phrase::new(words);
    if !proposal.vocabulary.may_hold(&phrase) {
        return None;
    }
    proposal.lines.iter().find(|line| holds(line, &phrase))
}

fn is_mentioned(line: &Line, phrase: &Phrase) -> bool {
    line.is_proposed && line.sentence.mentions(phrase)
}

fn is_stated(line: &Line, phrase: &Phrase) -> bool {
    line.is_statement && line.sentence.states(phrase)
}
