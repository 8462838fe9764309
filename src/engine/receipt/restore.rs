//! The third of the three edits there are: signed blocks back to their signed bytes, each in its place.

use super::{lines, token};
use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use std::collections::BTreeSet;
use std::ops::Range;

/// A block as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBlock {
    /// Its token.
    pub token: String,
    /// Its canonical text, without the receipt.
    pub body: String,
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
/// pretend to belong here and do not verify; they are taken out. Everything else stays, byte for byte: above all what
/// other people wrote, even where one of our receipts was put below it.
pub fn put_back(
    discussion: &Discussion,
    chain: &[SignedBlock],
    damaged: &BTreeSet<usize>,
) -> String {
    let newline = discussion.line_ending.as_str();
    let native = |text: &str| text.replace('\n', newline);
    let separated = |text: &str| format!("---{newline}{newline}{}", native(text));
    let kept = kept(discussion, chain);
    let mut patches: Vec<Patch> = kept
        .iter()
        .map(|(place, block)| Patch {
            at: block.span.start..block.end(),
            text: native(&chain[*place].text),
        })
        .collect();
    for line in lines(&discussion.source) {
        let is_ours = chain.iter().any(|block| block.token == line.token);
        let owner = owner(discussion, &line.span);
        let is_kept = owner.is_some_and(|block| kept.iter().any(|(_, k)| k.number == block.number));
        if is_kept || !(is_ours || damaged.contains(&line.line)) {
            continue;
        }
        let copy = owner.filter(|block| is_copy(discussion, block, chain));
        patches.push(Patch {
            at: copy.map_or(line.span, region),
            text: String::new(),
        });
    }
    let is_missing = |place: &usize| !kept.iter().any(|(known, _)| known == place);
    let mut behind_all = Vec::new();
    for place in (0..chain.len()).filter(is_missing) {
        let text = separated(&chain[place].text);
        let before = kept.iter().rfind(|(known, _)| *known < place);
        let after = kept.iter().find(|(known, _)| *known > place);
        match (before, after) {
            // Behind the last one there may be what people said since: a missing tail goes to the end, as ever.
            (_, None) => behind_all.push(text),
            (Some((_, block)), Some(_)) => patches.push(Patch {
                at: block.end()..block.end(),
                text: format!("{newline}{newline}{text}"),
            }),
            (None, Some((_, block))) => patches.push(Patch {
                at: region(block).start..region(block).start,
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

/// The blocks that stay where they are, each as one of the chain, in order: by their receipt, if their name is still
/// that of the signed block, else by being word for word one that lost its receipt.
fn kept<'d>(discussion: &'d Discussion, chain: &[SignedBlock]) -> Vec<(usize, &'d Block)> {
    let mut kept: Vec<(usize, &Block)> = Vec::new();
    for block in &discussion.blocks {
        let place =
            by_receipt(discussion, block, chain).or_else(|| by_words(discussion, block, chain));
        let is_next = |place: &usize| kept.last().is_none_or(|(last, _)| place > last);
        if let Some(place) = place.filter(is_next) {
            kept.push((place, block));
        }
    }
    kept
}

fn by_receipt(discussion: &Discussion, block: &Block, chain: &[SignedBlock]) -> Option<usize> {
    let line = discussion.source.get(block.receipt.clone()?)?;
    let token = token(line)?;
    let place = chain.iter().position(|signed| signed.token == token)?;
    let name = |text: &str| {
        text.lines()
            .next()
            .unwrap_or_default()
            .trim_end()
            .to_owned()
    };
    let canonical = block.canonical(&discussion.source);
    (name(&canonical) == name(&chain[place].body)).then_some(place)
}

/// Only where no other block carries that receipt below its own name.
fn by_words(discussion: &Discussion, block: &Block, chain: &[SignedBlock]) -> Option<usize> {
    if block.receipt.is_some() {
        return None;
    }
    let canonical = block.canonical(&discussion.source);
    let place = chain.iter().position(|signed| signed.body == canonical)?;
    let has_receipt = |other: &Block| by_receipt(discussion, other, chain) == Some(place);
    (!discussion.blocks.iter().any(has_receipt)).then_some(place)
}

/// Whether a block is nothing but a second copy of a signed one, perhaps a changed one: under a persona's name.
fn is_copy(discussion: &Discussion, block: &Block, chain: &[SignedBlock]) -> bool {
    let canonical = block.canonical(&discussion.source);
    let is_word_for_word = chain.iter().any(|signed| signed.body == canonical);
    is_word_for_word || block.author.persona.is_some()
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
