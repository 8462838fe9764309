//! Where hidden things stand: each pass changes the text, and a place is told by its line in the text that was handed in.

use super::{Kind, Mark};
use std::collections::BTreeMap;
use std::ops::Range;

/// One hidden thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line of the original, from 1.
    pub line: usize,
    /// What.
    pub kind: Kind,
    /// What tells it from others of its kind: a comment or hidden element as written, else the words as they are shown
    /// to a model. `None` for characters and data, which are told by their line.
    pub words: Option<String>,
    /// No more than folded: a reader can open it.
    pub is_folded: bool,
}

/// What was found so far, and which line of the original each line of the present text comes from.
#[derive(Debug)]
pub(super) struct Tally {
    places: Vec<Place>,
    /// By line of the present text; the last one stands for all behind it.
    origins: Vec<usize>,
}

impl Tally {
    /// Nothing found in a text of so many lines.
    pub(super) fn of(text: &str) -> Self {
        let lines = text.split('\n').count();
        Self {
            places: Vec::new(),
            origins: (1..=lines).collect(),
        }
    }

    /// Something on a line of the present text, from 0.
    pub(super) fn add(&mut self, kind: Kind, line: usize) {
        let line = self.origin(line);
        self.places.push(Place {
            line,
            kind,
            words: None,
            is_folded: false,
        });
    }

    /// The same for something with words.
    pub(super) fn add_words(&mut self, kind: Kind, line: usize, words: &str, is_folded: bool) {
        let line = self.origin(line);
        self.places.push(Place {
            line,
            kind,
            words: Some(words.to_owned()),
            is_folded,
        });
    }

    /// Things that begin at these bytes of the present text, in ascending order.
    pub(super) fn add_at(&mut self, kind: Kind, text: &str, starts: impl Iterator<Item = usize>) {
        let mut lines = Lines::of(text);
        for start in starts {
            self.add(kind, lines.line_of(start));
        }
    }

    /// The present text gets other lines: for each of them the line that it came from, from 0.
    pub(super) fn moved(&mut self, from: &[usize]) {
        self.origins = from.iter().map(|line| self.origin(*line)).collect();
    }

    /// The present text is edited: ranges of `text` in ascending order, apart from each other, and what stands there
    /// afterwards.
    pub(super) fn edited<'a>(
        &mut self,
        text: &str,
        edits: impl Iterator<Item = (Range<usize>, &'a str)>,
    ) {
        let mut from = vec![0];
        let mut lines = Lines::of(text);
        let mut pos = 0;
        let end = (text.len()..text.len(), "");
        for (range, new) in edits.chain([end]) {
            for (at, _) in text[pos..range.start].match_indices('\n') {
                from.push(lines.line_of(pos + at) + 1);
            }
            let (first, last) = (lines.line_of(range.start), lines.line_of(range.end));
            from.extend((1..=new.matches('\n').count()).map(|n| (first + n).min(last)));
            pos = range.end;
        }
        self.moved(&from);
    }

    fn origin(&self, line: usize) -> usize {
        let line = self.origins.get(line).or(self.origins.last());
        line.copied().unwrap_or(1)
    }

    /// Everything found, by line.
    pub(super) fn places(mut self) -> Vec<Place> {
        self.places.sort_unstable();
        self.places
    }
}

/// Counts lines forwards.
pub(super) struct Lines<'a> {
    text: &'a str,
    pos: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text,
            pos: 0,
            line: 0,
        }
    }

    /// Line of a byte, from 0; bytes are asked for in ascending order.
    pub(super) fn line_of(&mut self, at: usize) -> usize {
        let ahead = self.text.as_bytes().get(self.pos..at).unwrap_or_default();
        self.line += ahead.iter().filter(|byte| **byte == b'\n').count();
        self.pos = self.pos.max(at);
        self.line
    }
}

/// Places by kind, in the order of kinds.
pub(super) fn marks<'a>(places: impl Iterator<Item = &'a Place>) -> Vec<Mark> {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for place in places {
        *counts.entry(place.kind).or_default() += 1;
    }
    let marks = counts.into_iter();
    marks.map(|(kind, count)| Mark { kind, count }).collect()
}
