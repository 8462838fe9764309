//! HTML entities: those that stand for characters without a shape are dropped, letters written in numbers are decoded
//! and marked. `&lt;`, `&amp;`, `&nbsp;` and the like stay as they are.

use super::characters::shapeless;
use super::markdown::Edit;
use super::{Kind, hidden};
use std::ops::Range;

/// Most characters between two encoded words that still belong together.
const GAP: usize = 3;

/// Longest number in an entity, in bytes: `x` and six digits, or seven digits. GitHub reads no longer one.
const LONGEST_NUMBER: usize = 7;

/// Edits for the entities of a text: where each stands and what it is decoded to, in order.
pub(super) fn edits(source: &str, entities: &[(Range<usize>, String)]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut words: Vec<Range<usize>> = Vec::new();
    for (range, decoded) in entities {
        if let Some(kind) = decoded.chars().find_map(shapeless) {
            edits.push(Edit::new(range.clone(), Some(kind), String::new()));
        } else if words.last().is_some_and(|word| range.end <= word.end) {
            // In a word that was met already.
        } else if source[range.clone()].starts_with("&#")
            && decoded.chars().all(char::is_alphanumeric)
        {
            let word = word_around(source, range);
            match words.last_mut() {
                Some(last) if belongs(source, last.end, word.start) => last.end = word.end,
                _ => words.push(word),
            }
        }
    }
    let words = words.into_iter().map(|range| {
        let text = hidden(&decoded(&source[range.clone()]));
        Edit::new(range, Some(Kind::EncodedLetters), text)
    });
    edits.extend(words);
    edits
}

/// The word that an entity is part of, other entities included.
fn word_around(source: &str, entity: &Range<usize>) -> Range<usize> {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '&' | '#' | ';');
    let before = &source[..entity.start];
    let behind = &source[entity.end..];
    let start = before.trim_end_matches(in_word).len();
    let end = source.len() - behind.trim_start_matches(in_word).len();
    start..end
}

/// Whether two words stand so close that they are read together.
fn belongs(source: &str, end: usize, start: usize) -> bool {
    let Some(between) = source.get(end..start) else {
        return true;
    };
    between.chars().count() <= GAP && !between.contains('\n')
}

/// Numeric entities read.
fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        out.push_str(&rest[..at]);
        let digits = &rest[at + 2..];
        let near = &digits.as_bytes()[..digits.len().min(LONGEST_NUMBER + 1)];
        let end = near.iter().position(|b| *b == b';').unwrap_or(0);
        let number = &digits[..end];
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        };
        match code.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = digits.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push_str("&#");
                rest = digits;
            }
        }
    }
    out.push_str(rest);
    out
}
