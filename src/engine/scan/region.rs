//! Regions: fenced code and raw HTML blocks, from their opener to what closes them.

use super::closers::Closers;
use super::html;
use super::line::Cursor;
use super::row::{is_separator, name_text};
use super::structure::Position;
use super::{Before, Leaf, Scanner, Waiting};
use crate::engine::problem::Code;
use std::ops::Range;

/// What kind of region, and what closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Fenced code: closed by at least as many of the same byte on a line of their own.
    Fence { byte: u8, len: usize },
    /// Comment or raw HTML: closed by the line that holds the terminator.
    Html { terminator: &'static str },
}

/// An open region.
#[derive(Debug)]
pub(super) struct Region {
    /// Its kind.
    pub kind: Kind,
    /// Offset of its opener.
    pub opener: usize,
    /// It stands in a list item or quote, whose end ends it.
    pub is_nested: bool,
    /// It is known that nothing closes it.
    pub is_doomed: bool,
    /// Line of a separator inside that waits for the next line that is not blank.
    pub separator: Option<usize>,
    /// Line of the first separator inside that a name line follows.
    pub hidden_block: Option<usize>,
}

/// Whether a fence that was closed may have been closed by what was meant to open the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// No reason to think so.
    Nothing,
    /// The fence that opens at `opener` hides a block whose separator is on line `separator`, and no block was visible
    /// since. If a fence is then left open at the end, it is this one that somebody forgot to close.
    Fence { opener: usize, separator: usize },
    /// The file was read again for that reason already, which is done once.
    Settled,
}

impl Region {
    /// Whether the end of its container, or of the file in a container, leaves nothing open: code does not leak out of
    /// a list item, but a browser goes on with a comment.
    pub(super) fn ends_with_container(&self) -> bool {
        self.is_nested && matches!(self.kind, Kind::Fence { .. })
    }

    /// The problem of leaving it open.
    pub(super) fn unclosed(&self) -> (Code, String) {
        match self.kind {
            Kind::Fence { byte, len } => {
                let mark = char::from(byte).to_string().repeat(len.min(8));
                (
                    Code::UnclosedFence,
                    format!("the code fence {mark} is never closed"),
                )
            }
            Kind::Html { terminator: "-->" } => (
                Code::UnclosedComment,
                "the comment <!-- is never closed".to_owned(),
            ),
            Kind::Html { terminator } => {
                let message =
                    format!("the raw HTML that starts here is never closed by {terminator}");
                (Code::UnclosedHtml, message)
            }
        }
    }
}

impl Kind {
    /// The fence that a line opens, if it does.
    pub(super) fn fence(rest: &[u8]) -> Option<Self> {
        let byte = *rest.first().filter(|b| matches!(b, b'`' | b'~'))?;
        let len = run(rest, byte);
        let info_fits = byte == b'~' || memchr::memchr(b'`', &rest[len..]).is_none();
        (len >= 3 && info_fits).then_some(Self::Fence { byte, len })
    }

    /// Whether a line inside, behind a hidden block, can only be meant to open a fence: then this one was forgotten.
    pub(super) fn is_reopened_by(self, rest: &[u8]) -> bool {
        match (self, Self::fence(rest)) {
            (
                Self::Fence { byte, len },
                Some(Self::Fence {
                    byte: same,
                    len: at_least,
                }),
            ) => byte == same && at_least >= len && closing_fence(rest).is_none(),
            _ => false,
        }
    }

    /// Whether a line inside, whose containers are taken, is the one that closes it.
    pub(super) fn is_closed_by(self, cursor: &Cursor<'_>) -> bool {
        match self {
            Self::Fence { byte, len } => {
                cursor.indent() <= 3
                    && closing_fence(cursor.rest()).is_some_and(|(b, l)| b == byte && l >= len)
            }
            Self::Html { terminator } => {
                let rest = cursor.rest();
                html::terminator_end(rest, 0, rest.len(), terminator).is_some()
            }
        }
    }
}

impl Scanner<'_> {
    pub(super) fn open_region(
        &mut self,
        line: usize,
        opener: usize,
        kind: Kind,
        position: Position,
    ) {
        self.interrupt(position);
        let is_nested = !self.containers.is_empty();
        let is_doomed = !is_nested
            && self
                .closers
                .as_ref()
                .is_some_and(|closers| !closers.close(kind, opener));
        self.leaf = Leaf::Region(Region {
            kind,
            opener,
            is_nested,
            is_doomed,
            separator: None,
            hidden_block: None,
        });
        self.waiting = Waiting::Nothing;
        self.before = Before::Other;
        self.hide(self.lines.whole(line));
    }

    /// A line inside the open region; gives the line to go on with.
    pub(super) fn region_line(
        &mut self,
        line: usize,
        text: &Range<usize>,
        cursor: &Cursor<'_>,
    ) -> usize {
        let Leaf::Region(region) = &mut self.leaf else {
            return line + 1;
        };
        let raw = &self.bytes[text.clone()];
        if region.kind.is_closed_by(cursor) {
            let (kind, opener) = (region.kind, region.opener);
            self.hide(self.lines.whole(line));
            self.before = Before::Other;
            if let Kind::Html { terminator } = kind {
                self.comment_in_raw(opener..text.end, terminator);
            }
            self.close_region(true);
            return line + 1;
        }
        if is_separator(raw) {
            region.separator = Some(line);
        } else if let Some(separator) = region.separator
            && !cursor.is_blank()
        {
            region.separator = None;
            if name_text(raw).is_some_and(|name| !name.is_empty()) {
                region.hidden_block.get_or_insert(separator);
                if region.is_doomed {
                    return self.recover(separator);
                }
            }
        }
        if let (Some(separator), false) = (region.hidden_block, region.is_nested)
            && region.kind.is_reopened_by(cursor.rest())
        {
            return self.recover(separator);
        }
        self.hide(self.lines.whole(line));
        line + 1
    }

    /// Ends the open region, because it is closed or because its container ends.
    pub(super) fn close_region(&mut self, is_closed: bool) {
        let Leaf::Region(region) = std::mem::replace(&mut self.leaf, Leaf::None) else {
            return;
        };
        if !is_closed && !region.ends_with_container() {
            self.report_unclosed(&region);
        }
        if let Some(separator) = region.hidden_block {
            if let (Suspicion::Nothing, Kind::Fence { .. }, false) =
                (self.suspect, region.kind, region.is_nested)
            {
                self.suspect = Suspicion::Fence {
                    opener: region.opener,
                    separator,
                };
            }
            let opened = self.places.of(region.opener).0;
            let message =
                format!("a block stands inside what opens on line {opened} and is not read");
            self.problem(Code::HiddenBlock, self.lines.start(separator), message);
        }
    }

    fn report_unclosed(&mut self, region: &Region) {
        let (code, message) = region.unclosed();
        self.problem(code, region.opener, message);
    }

    /// The end of the file. Gives the line to read again from if an open region hides blocks.
    pub(super) fn finish(&mut self) -> Option<usize> {
        let Leaf::Region(region) = &self.leaf else {
            self.close_leaf();
            return None;
        };
        if region.ends_with_container() {
            self.close_region(false);
            return None;
        }
        if let (Suspicion::Fence { opener, separator }, Kind::Fence { .. }) =
            (self.suspect, region.kind)
        {
            return Some(self.read_again(opener, separator));
        }
        match region.hidden_block {
            Some(separator) => Some(self.recover(separator)),
            None => {
                self.close_region(false);
                None
            }
        }
    }

    /// Takes back what was read since the fence at `opener`, which hides a block and was closed by an opener of
    /// another block.
    fn read_again(&mut self, opener: usize, separator: usize) -> usize {
        self.suspect = Suspicion::Settled;
        let (line, start) = (self.places.of(opener).0, self.lines.start(separator));
        self.scan.found.retain(|found| found.line < separator);
        self.scan.mentions.retain(|at| *at < start);
        self.scan.opaque.retain(|range| range.start < start);
        self.scan.problems.retain(|problem| problem.line <= line);
        if let Leaf::Region(region) = &mut self.leaf {
            region.opener = opener;
        }
        for next in [&mut self.next_at, &mut self.next_angle] {
            next.rewind(start);
        }
        self.recover(separator)
    }

    /// Ends a region that nothing closes before the separator of the next block, so that the other blocks are read.
    fn recover(&mut self, separator: usize) -> usize {
        if let Leaf::Region(region) = std::mem::replace(&mut self.leaf, Leaf::None) {
            self.report_unclosed(&region);
        }
        let start = self.lines.start(separator);
        while self
            .scan
            .opaque
            .last()
            .is_some_and(|range| range.start >= start)
        {
            self.scan.opaque.pop();
        }
        if let Some(last) = self.scan.opaque.last_mut() {
            last.end = last.end.min(start);
        }
        self.truncate_containers(0);
        let (bytes, lines) = (self.bytes, self.lines);
        self.closers
            .get_or_insert_with(|| Closers::from(bytes, lines, separator));
        separator
    }
}

/// Byte and length of a line that can close a fence.
pub(super) fn closing_fence(rest: &[u8]) -> Option<(u8, usize)> {
    let byte = *rest.first().filter(|b| matches!(b, b'`' | b'~'))?;
    let len = run(rest, byte);
    let only_blanks = rest[len..].iter().all(|b| matches!(b, b' ' | b'\t'));
    (len >= 3 && only_blanks).then_some((byte, len))
}

fn run(rest: &[u8], byte: u8) -> usize {
    rest.iter().take_while(|b| **b == byte).count()
}
