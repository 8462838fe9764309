//! The third of the three edits there are: signed blocks back to their signed bytes, each in its place.

use super::lines;
use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use std::collections::BTreeSet;
use std::ops::Range;

/// A block as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBlock {
    /// Its token.
    pub token: String,
    /// Its text with the receipt line, LF line ends, no line end behind it.
    pub text: String,
}

/// One replacement of bytes.
struct Patch {
    at: Range<usize>,
    text: String,
}

/// The file with every block of a chain as it was signed, in order: changed ones put right where they stand, missing
/// ones put in behind the one before them, second copies and moved ones taken out. `damaged`: lines of receipts that
/// pretend to belong here and do not verify; they and their blocks are taken out. Everything else stays, byte for byte.
pub fn put_back(
    discussion: &Discussion,
    chain: &[SignedBlock],
    damaged: &BTreeSet<usize>,
) -> String {
    let newline = discussion.line_ending.as_str();
    let native = |text: &str| text.replace('\n', newline);
    let separated = |text: &str| format!("---{newline}{newline}{}", native(text));
    let mut patches: Vec<Patch> = Vec::new();
    // Where each kept block ends; the missing ones come behind it.
    let mut kept: Vec<(usize, Range<usize>)> = Vec::new();
    for line in lines(&discussion.source) {
        let owner = owner(discussion, &line.span);
        let place = chain.iter().position(|block| block.token == line.token);
        let is_next = |place: &usize| kept.last().is_none_or(|(last, _)| place > last);
        match (place.filter(is_next), owner) {
            (Some(place), Some(block)) => {
                let at = block.span.start..block.end();
                kept.push((place, region(block)));
                patches.push(Patch {
                    at,
                    text: native(&chain[place].text),
                });
            }
            (None, _) if place.is_none() && !damaged.contains(&line.line) => {}
            (_, Some(block)) => patches.push(Patch {
                at: region(block),
                text: String::new(),
            }),
            (_, None) => patches.push(Patch {
                at: line.span.clone(),
                text: String::new(),
            }),
        }
    }
    let is_kept = |place: &usize| kept.iter().any(|(known, _)| known == place);
    let missing: Vec<usize> = (0..chain.len()).filter(|place| !is_kept(place)).collect();
    let mut behind_all = Vec::new();
    for place in missing {
        let text = separated(&chain[place].text);
        let before = kept.iter().rfind(|(known, _)| *known < place);
        let after = kept.iter().find(|(known, _)| *known > place);
        match (before, after) {
            // Behind the last one there may be what people said since: a missing tail goes to the end, as ever.
            (_, None) => behind_all.push(text),
            (Some((_, region)), Some(_)) => patches.push(Patch {
                at: region.end..region.end,
                text: format!("{newline}{newline}{text}"),
            }),
            (None, Some((_, region))) => patches.push(Patch {
                at: region.start..region.start,
                text: format!("{text}{newline}{newline}"),
            }),
        }
    }
    let mut text = apply(&discussion.source, patches);
    for block in behind_all {
        let kept = text.trim_end().len();
        text.truncate(kept);
        text.push_str(&format!("{newline}{newline}{block}{newline}"));
    }
    text
}

fn owner<'d>(discussion: &'d Discussion, receipt: &Range<usize>) -> Option<&'d Block> {
    let mut blocks = discussion.blocks.iter();
    blocks.find(|block| block.receipt.as_ref() == Some(receipt))
}

/// A block with the separator above it.
fn region(block: &Block) -> Range<usize> {
    let start = block
        .separator
        .as_ref()
        .map_or(block.span.start, |line| line.start);
    start..block.end()
}

/// Patches in order; of those at one place the earlier first.
fn apply(source: &str, mut patches: Vec<Patch>) -> String {
    patches.sort_by_key(|patch| (patch.at.start, patch.at.end));
    let mut text = String::with_capacity(source.len());
    let mut upto = 0;
    for patch in patches {
        text.push_str(source.get(upto..patch.at.start).unwrap_or_default());
        text.push_str(&patch.text);
        upto = upto.max(patch.at.end);
    }
    text.push_str(source.get(upto..).unwrap_or_default());
    text
}
