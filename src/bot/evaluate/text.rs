//! What the App's record says about one text of a discussion: which blocks are ours, where the proposal ends, and the
//! hashes that votes bind to.

use crate::bot::votes::Hashes;
use crate::engine::discussion::Discussion;
use crate::engine::receipt;
use crate::engine::subject::{self, Subject};
use crate::store::{BlockRecord, BlockState};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What makes a recorded block the one it is.
#[derive(Debug, Clone, Copy)]
pub struct BlockIdentity<'a> {
    /// Chain it belongs to.
    pub did: &'a str,
    /// Subject it is about.
    pub subject: &'a str,
    /// Base branch under whose rules it was asked for.
    pub base: &'a str,
    /// Phase it was asked in.
    pub phase: &'a str,
    /// Question it answers.
    pub question: Option<&'a str>,
    /// Hash of the persona's file.
    pub persona: &'a str,
    /// Model that answered.
    pub model: &'a str,
    /// How many published blocks by this persona about this subject there were before it.
    pub earlier: usize,
    /// What it says.
    pub text: &'a str,
}

/// Identity of a recorded block within its discussion, as hex. Two rounds may end in the same words about different
/// texts or in different phases; they are two blocks.
pub fn block_identity(of: &BlockIdentity<'_>) -> String {
    let mut hash = Sha256::new_with_prefix(b"discussions/block@2");
    let question = of.question.unwrap_or_default();
    let earlier = of.earlier.to_string();
    for part in [
        of.did, of.subject, of.base, of.phase, question, of.persona, of.model, &earlier, of.text,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// One text seen with the record.
#[derive(Debug, Clone)]
pub struct SeenText {
    /// For each block of the file, the recorded block it is, as an index into the records given.
    pub ours: Vec<Option<usize>>,
    /// Where the proposal ends; `None`: at the end of the file.
    pub proposal_end: Option<usize>,
    /// What persona votes bind to.
    pub subject: Subject,
    /// What people's votes bind to, 64 hex digits: the subject and all later text that is not ours. The same as the
    /// subject while there is no such text.
    pub ballot: String,
    /// Lines of that later text, from 1.
    pub uncovered_lines: Vec<usize>,
}

impl SeenText {
    /// Looks at a text. `records`: the recorded blocks of this discussion in this pull request, by `seq`;
    /// `proposal`: the proposal as recorded with the last round, empty before the first.
    pub fn of(discussion: &Discussion, records: &[&BlockRecord], proposal: &str) -> Self {
        let ours = find_ours(discussion, records, true);
        Self::with(discussion, records, proposal, ours)
    }

    /// The same where it is known which recorded block each block of the text is.
    pub(super) fn with(
        discussion: &Discussion,
        records: &[&BlockRecord],
        proposal: &str,
        ours: Vec<Option<usize>>,
    ) -> Self {
        let proposal_end = proposal_end(discussion, records, &ours, proposal);
        let subject = Subject::of(discussion, proposal_end);
        let blocks = discussion.blocks.iter().zip(&ours);
        let covered: Vec<_> = blocks
            .filter(|(_, ours)| ours.is_some())
            .map(|(block, _)| block.span.start..block.end())
            .collect();
        let uncovered = subject::uncovered(discussion, proposal_end, &covered);
        Self {
            ballot: subject::ballot(subject, &uncovered),
            uncovered_lines: uncovered.iter().map(|(line, _)| *line).collect(),
            ours,
            proposal_end,
            subject,
        }
    }

    /// What votes bind to.
    pub fn hashes(&self) -> Hashes {
        Hashes {
            ballot: self.ballot.clone(),
            proposal: self.subject.to_string(),
        }
    }

    /// Whether a block of the file is ours, by its number.
    pub fn is_ours(&self, number: usize) -> bool {
        let index = number.checked_sub(1);
        index.is_some_and(|index| self.ours.get(index).is_some_and(Option::is_some))
    }

    /// The block number in the file of a recorded block, by its index.
    pub fn place_of(&self, record: usize) -> Option<usize> {
        let at = self.ours.iter().position(|ours| *ours == Some(record));
        at.map(|index| index + 1)
    }
}

/// Matches blocks to records, each record once. A signed one is known by its receipt, and only while its text is the
/// recorded one. Others are matched by their text: where several records say the same, written ones come
/// first, by age, and then pending ones, the newest first: an older pending one belongs to a text that was never
/// committed. Where more blocks say it than records, the last ones are ours: we append, and what stands above may be
/// from an earlier pull request, in the very same words. `may_have_landed`: pending
/// ones may stand in the file, because we commit here; where we do not, the same words were typed.
pub(super) fn find_ours(
    discussion: &Discussion,
    records: &[&BlockRecord],
    may_have_landed: bool,
) -> Vec<Option<usize>> {
    let in_state = |state| move |index: &usize| records[*index].state == state;
    let written = (0..records.len()).filter(in_state(BlockState::Written));
    let pending = (0..records.len())
        .rev()
        .filter(in_state(BlockState::Pending));
    let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_token: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places: BTreeSet<u64> = BTreeSet::new();
    let pending = pending.filter(|_| may_have_landed);
    for index in written.chain(pending) {
        let text = records[index].text.as_str();
        match &records[index].receipt {
            // Written ones come first: a pending one for the same place was never published, or was overtaken. Of
            // several pending ones for a place, nobody knows yet which was published.
            Some(receipt) => {
                if records[index].state == BlockState::Written {
                    places.insert(receipt.seq);
                } else if places.contains(&receipt.seq) {
                    continue;
                }
                by_token.insert(&receipt.token, index);
            }
            None => by_text.entry(text).or_default().push(index),
        }
    }
    let mut ours = vec![None; discussion.blocks.len()];
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, block) in discussion.blocks.iter().enumerate() {
        let text = block.canonical(&discussion.source);
        let Some(line) = &block.receipt else {
            places.entry(text).or_default().push(place);
            continue;
        };
        let token = receipt::token(&discussion.source[line.clone()]).unwrap_or_default();
        if let Some(index) = by_token.get(token).copied()
            && records[index].text == text
        {
            ours[place] = by_token.remove(token);
        }
    }
    for (text, places) in places {
        let records = by_text.get(text.as_str()).map_or(&[][..], Vec::as_slice);
        let typed = places.len().saturating_sub(records.len());
        for (place, record) in places.into_iter().skip(typed).zip(records) {
            ours[place] = Some(*record);
        }
    }
    ours
}

/// The proposal ends at our first block. If a push dropped that block, the recorded end holds while the recorded
/// proposal is how the file begins; else the first of our blocks that is left marks it. Where our first block stands in
/// a review, nothing in the file marks the end: the recorded one holds while only blocks follow it, so that a typed
/// reply changes no text that was voted on, and a new section does.
fn proposal_end(
    discussion: &Discussion,
    records: &[&BlockRecord],
    ours: &[Option<usize>],
    proposal: &str,
) -> Option<usize> {
    let first_left = discussion
        .blocks
        .iter()
        .zip(ours)
        .find(|(_, ours)| ours.is_some())
        .map(|(block, _)| match &block.separator {
            Some(separator) => separator.start,
            None => block.span.start,
        });
    let first_written =
        (0..records.len()).find(|index| records[*index].state == BlockState::Written);
    let is_dropped = first_written.is_some_and(|first| !ours.contains(&Some(first)));
    if is_dropped && !proposal.is_empty() {
        return end_of_prefix(discussion, proposal).or(first_left);
    }
    let is_posted = |record: &&BlockRecord| record.state == BlockState::Posted;
    if first_written.is_none() && records.iter().any(is_posted) && !proposal.is_empty() {
        let end = end_of_prefix(discussion, proposal);
        return end
            .filter(|end| only_blocks_follow(discussion, *end))
            .or(first_left);
    }
    first_left
}

/// Whether nothing but comment blocks stands behind an offset.
fn only_blocks_follow(discussion: &Discussion, end: usize) -> bool {
    let mut behind = discussion
        .blocks
        .iter()
        .filter(|block| block.span.start >= end);
    let Some(first) = behind.next() else {
        return discussion.source[end..].trim().trim_matches('-').is_empty();
    };
    let start = first
        .separator
        .as_ref()
        .map_or(first.span.start, |separator| separator.start);
    let between = discussion.source.get(end..start).unwrap_or_default();
    between
        .lines()
        .all(|line| line.trim().is_empty() || line.trim() == "---")
}

/// Byte where the recorded proposal ends in this text, if the text begins with it. A proposal only grows with its
/// end, so the first line start that gives one as long is the only one worth comparing.
fn end_of_prefix(discussion: &Discussion, proposal: &str) -> Option<usize> {
    let source = &discussion.source;
    let body = discussion.header.end;
    let line_ends = source.get(body..)?.match_indices('\n');
    let mut ends: Vec<usize> = std::iter::once(body)
        .chain(line_ends.map(|(at, _)| body + at + 1))
        .collect();
    ends.push(source.len());
    let text = |end: usize| subject::proposal(discussion, Some(end));
    let at = ends.partition_point(|end| text(*end).len() < proposal.len());
    ends.get(at).copied().filter(|end| text(*end) == proposal)
}
