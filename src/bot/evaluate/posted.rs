//! A discussion whose replies stand in reviews: they are read as if they had been appended to the file, so that votes,
//! items and phases follow the same rules wherever replies go.

use super::text::{SeenText, find_ours};
use crate::engine::discussion::Discussion;
use crate::engine::edit;
use crate::store::{BlockRecord, BlockState};

/// A file with the replies that were posted about it, seen with the record.
#[derive(Debug, Clone)]
pub struct Discussed {
    /// The file, and behind its text the replies that stand in reviews, oldest first. The file itself where there are
    /// none.
    pub discussion: Discussion,
    /// Which of its blocks are ours, where the proposal ends, what votes bind to.
    pub seen: SeenText,
    /// First line of each reply that is not in the file, with the address of its review. Ascending.
    pub posted: Vec<(usize, String)>,
}

impl Discussed {
    /// Reads a file. `records`: the recorded blocks of this discussion, by `seq`; `proposal`: the proposal as recorded
    /// with the last round, empty before the first; `may_have_landed`: whether pending blocks may stand in the file,
    /// because replies are committed here.
    pub fn of(
        file: &Discussion,
        records: &[&BlockRecord],
        proposal: &str,
        may_have_landed: bool,
    ) -> Self {
        let mut ours = find_ours(file, records, may_have_landed);
        // A copy of such a reply that somebody typed into the file is typed text, so all of them are appended.
        let posted: Vec<usize> = (0..records.len())
            .filter(|index| records[*index].state == BlockState::Posted)
            .collect();
        let texts: Vec<String> = posted
            .iter()
            .map(|index| records[*index].text.clone())
            .collect();
        // A file that cannot be appended to has an error of its own, which decides.
        let appended = edit::append(file, &texts).ok();
        let Some(text) = appended.filter(|_| !posted.is_empty()) else {
            return Self {
                seen: SeenText::with(file, records, proposal, ours),
                discussion: file.clone(),
                posted: Vec::new(),
            };
        };
        let mut discussion = Discussion::parse(text.as_bytes());
        ours.resize(discussion.blocks.len().saturating_sub(posted.len()), None);
        ours.extend(posted.iter().copied().map(Some));
        let seen = SeenText::with(&discussion, records, proposal, ours);
        let place = |index: &usize| {
            let number = seen.place_of(*index)?;
            let block = discussion.blocks.get(number - 1)?;
            Some((block.line, records[*index].review.clone()?))
        };
        let posted: Vec<(usize, String)> = posted.iter().filter_map(place).collect();
        // What there is to say about our own replies is nothing that the author could mend in the file.
        if let Some((first, _)) = posted.first() {
            discussion.problems.retain(|problem| problem.line < *first);
        }
        Self {
            discussion,
            seen,
            posted,
        }
    }
}
