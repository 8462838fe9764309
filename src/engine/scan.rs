//! The line scanner: finds separators, name lines, markers and mentions, and the opaque regions where none of them
//! count. One pass over the bytes, linear, no recursion.
//!
//! It follows CommonMark's block structure (containers, then leaves) as far as that decides what a renderer shows as
//! code, comment, raw HTML or quote. Two things differ on purpose: a line that starts four columns in is opaque even
//! where a list would make it text, and an opener that is never closed ends before the next separator + name line.

mod closers;
mod container;
mod html;
mod inline;
mod line;
mod link;
mod region;
mod row;
mod structure;

use super::marker::MarkerLine;
use super::problem::{Code, Problem};
use closers::Closers;
use container::Container;
use inline::Mode;
pub(super) use inline::mention_token;
use line::{Cursor, NextByte};
pub(super) use line::{Lines, Places};
use region::{Region, Suspicion};
pub(super) use row::is_receipt;
use std::ops::Range;

/// What a visible line turned out to be.
#[derive(Debug)]
pub(super) enum FoundKind {
    /// Exactly three hyphens.
    Separator {
        /// The line before is blank, a receipt or the header's last: it counts whatever follows.
        spaced: bool,
        /// It stands directly under text.
        under_text: bool,
        /// The next line that is not blank is a name line.
        named: bool,
    },
    /// A name line with the bytes of its name.
    Name {
        /// It is the first line that is not blank behind a separator or the header.
        opens: bool,
        /// The name.
        name: Range<usize>,
    },
    /// A name line in the right place without a name, or with one that is too long.
    BadName(Code),
    /// A marker; its offsets count from the line's start.
    Marker(MarkerLine),
    /// A receipt line.
    Receipt,
}

/// One visible line that means something.
#[derive(Debug)]
pub(super) struct Found {
    /// Line, from 0.
    pub line: usize,
    /// What it is.
    pub kind: FoundKind,
}

/// What the scanner gives.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Lines with a meaning, in file order.
    pub found: Vec<Found>,
    /// Offsets of the `@` of every mention, in file order.
    pub mentions: Vec<usize>,
    /// Opaque regions, in order, not overlapping.
    pub opaque: Vec<Range<usize>>,
    /// Problems of openers, quotes and line ends, in no particular order.
    pub problems: Vec<Problem>,
}

/// Scans the body: the lines from `first` (from 0) on.
pub(super) fn scan(source: &str, lines: &Lines, first: usize) -> Scan {
    let mut scanner = Scanner::new(source, lines);
    let mut line = first;
    loop {
        while line < lines.count() {
            line = scanner.line(line);
        }
        match scanner.finish() {
            Some(again) => line = again,
            None => return scanner.into_scan(),
        }
    }
}

/// The line before, as far as a separator cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Blank, a receipt, or the header's last.
    Spacing,
    Other,
}

/// What waits for the next line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Nothing,
    /// The start of the body: a name line opens a block.
    Body,
    /// The separator at this index of `found`.
    Separator(usize),
}

/// The block of text or HTML that is open.
#[derive(Debug)]
enum Leaf {
    None,
    Paragraph {
        range: Range<usize>,
        /// A marker was found on one of its later lines, which a code span or the like could hide.
        has_later_marker: bool,
    },
    /// HTML that ends at a blank line.
    Html(Range<usize>),
    Region(Region),
}

struct Scanner<'a> {
    source: &'a str,
    bytes: &'a [u8],
    lines: &'a Lines,
    containers: Vec<Container>,
    /// Indexes of the quotes among the containers.
    quotes: Vec<usize>,
    leaf: Leaf,
    before: Before,
    waiting: Waiting,
    closers: Option<Closers>,
    suspect: Suspicion,
    next_at: NextByte<'a>,
    next_angle: NextByte<'a>,
    places: Places<'a>,
    scan: Scan,
}

impl<'a> Scanner<'a> {
    fn new(source: &'a str, lines: &'a Lines) -> Self {
        let bytes = source.as_bytes();
        Self {
            source,
            bytes,
            lines,
            containers: Vec::new(),
            quotes: Vec::new(),
            leaf: Leaf::None,
            before: Before::Spacing,
            waiting: Waiting::Body,
            closers: None,
            suspect: Suspicion::Nothing,
            next_at: NextByte::new(bytes, b'@'),
            next_angle: NextByte::new(bytes, b'<'),
            places: Places::new(source, lines),
            scan: Scan::default(),
        }
    }

    /// Reads one line and gives the line to go on with.
    fn line(&mut self, line: usize) -> usize {
        let text = self.lines.text(line, self.bytes);
        if self.containers.is_empty() && self.is_plain_text(&text) {
            let goes_on = matches!(self.leaf, Leaf::Paragraph { .. });
            self.paragraph_text(line, &text, text.start, goes_on);
            return line + 1;
        }
        if text.is_empty() && self.containers.is_empty() && !matches!(self.leaf, Leaf::Region(_)) {
            self.close_leaf();
            self.before = Before::Spacing;
            return line + 1;
        }
        let mut cursor = Cursor::new(self.bytes, &text);
        let matched = self.match_containers(&mut cursor);
        if let Leaf::Region(_) = self.leaf {
            if matched == self.containers.len() {
                return self.region_line(line, &text, &cursor);
            }
            self.close_region(false);
        }
        if cursor.is_blank() {
            self.blank_line(line, matched);
        } else {
            self.structured_line(line, &text, cursor, matched);
        }
        line + 1
    }

    /// Whether the line can only be text: it starts with a letter or the like and no HTML block is open.
    #[inline]
    fn is_plain_text(&self, text: &Range<usize>) -> bool {
        let starts_plain = self.bytes[text.clone()]
            .first()
            .is_some_and(|b| b.is_ascii_alphabetic() || !b.is_ascii());
        starts_plain && matches!(self.leaf, Leaf::None | Leaf::Paragraph { .. })
    }

    /// Takes the prefixes of open containers; gives how many go on.
    fn match_containers(&mut self, cursor: &mut Cursor<'_>) -> usize {
        for matched in 0..self.containers.len() {
            match &mut self.containers[matched] {
                Container::Quote => {
                    if cursor.indent() > 3 || cursor.rest().first() != Some(&b'>') {
                        return matched;
                    }
                    cursor.take_mark(1);
                    cursor.take_blanks(1);
                }
                Container::Item { .. } if cursor.is_blank() => return self.match_blank(matched),
                Container::Item { columns, is_empty } => {
                    if cursor.indent() < *columns {
                        return matched;
                    }
                    *is_empty = false;
                    cursor.take_blanks(*columns);
                }
            }
        }
        self.containers.len()
    }

    /// On a blank rest of a line, all items from `matched` to the next quote go on, but for an empty last one.
    fn match_blank(&self, matched: usize) -> usize {
        let next_quote = self.quotes.partition_point(|at| *at < matched);
        let until = self
            .quotes
            .get(next_quote)
            .copied()
            .unwrap_or(self.containers.len());
        match self.containers.last() {
            Some(Container::Item { is_empty: true, .. }) if until == self.containers.len() => {
                until - 1
            }
            _ => until,
        }
    }

    fn blank_line(&mut self, line: usize, matched: usize) {
        self.close_leaf();
        self.truncate_containers(matched);
        if !self.quotes.is_empty() {
            self.hide(self.lines.whole(line));
        }
        self.before = Before::Spacing;
    }

    fn push_container(&mut self, container: Container) {
        if container == Container::Quote {
            self.quotes.push(self.containers.len());
        }
        self.containers.push(container);
    }

    fn truncate_containers(&mut self, len: usize) {
        self.containers.truncate(len);
        while self.quotes.last().is_some_and(|at| *at >= len) {
            self.quotes.pop();
        }
    }

    /// Ends the open leaf and reads what stands in it.
    fn close_leaf(&mut self) {
        let (range, mode, has_later_marker) = match &self.leaf {
            Leaf::None | Leaf::Region(_) => return,
            Leaf::Html(range) => (range.clone(), Mode::Html, false),
            Leaf::Paragraph {
                range,
                has_later_marker,
            } => (range.clone(), Mode::Markdown, *has_later_marker),
        };
        self.leaf = Leaf::None;
        self.read_inside(range, mode, has_later_marker);
    }

    /// Looks into text that can hold a mention or a comment, or a code span that hides a marker. Quotes hold nothing.
    fn read_inside(&mut self, range: Range<usize>, mode: Mode, has_later_marker: bool) {
        let has_mention = self.next_at.is_in(&range);
        let has_html = self.next_angle.is_in(&range);
        if !self.quotes.is_empty() || !(has_mention || has_html || has_later_marker) {
            return;
        }
        let inside = inline::read(self.bytes, range, mode);
        self.scan.mentions.extend(inside.mentions);
        for hidden in inside.opaque {
            if !row::is_receipt(&self.bytes[hidden.clone()]) {
                self.scan.opaque.push(hidden);
            }
        }
        if let Some(opener) = inside.unclosed {
            let message = "the comment or raw HTML that starts here is still open at the blank line that ends the block";
            self.problem(Code::UnclosedComment, opener, message);
        }
    }

    /// Adds an opaque range, joined to the one before if they touch.
    fn hide(&mut self, range: Range<usize>) {
        match self.scan.opaque.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.scan.opaque.push(range),
        }
    }

    fn problem(&mut self, code: Code, offset: usize, message: impl Into<String>) {
        let (line, column) = self.places.of(offset);
        self.scan
            .problems
            .push(Problem::new(code, line, column, message));
    }

    /// Puts the opaque ranges in order and drops what lies in them.
    fn into_scan(self) -> Scan {
        let mut scan = self.scan;
        scan.opaque.sort_by_key(|range| range.start);
        scan.opaque.dedup_by(|next, last| {
            let joins = next.start <= last.end;
            if joins {
                last.end = last.end.max(next.end);
            }
            joins
        });
        let mut hidden = Hidden::among(&scan.opaque);
        scan.found
            .retain(|found| !hidden.holds(self.lines.start(found.line)));
        let mut hidden = Hidden::among(&scan.opaque);
        scan.mentions.retain(|at| !hidden.holds(*at));
        scan
    }
}

/// Answers for rising offsets whether they lie in one of the ranges.
struct Hidden<'a>(&'a [Range<usize>]);

impl<'a> Hidden<'a> {
    fn among(ranges: &'a [Range<usize>]) -> Self {
        Self(ranges)
    }

    fn holds(&mut self, offset: usize) -> bool {
        while self.0.first().is_some_and(|range| range.end <= offset) {
            self.0 = &self.0[1..];
        }
        self.0.first().is_some_and(|range| range.start <= offset)
    }
}
