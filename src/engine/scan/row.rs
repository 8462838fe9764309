//! What single lines mean: separators, names, markers, receipts; and the lines of regions.

use super::html;
use super::region::{Closers, Kind, Region, Suspicion};
use super::{Before, Found, FoundKind, Leaf, Position, Scanner, Waiting};
use crate::engine::marker::{MarkerLine, leading_ids, trim_blanks};
use crate::engine::problem::Code;
use std::ops::Range;

/// Longest name, in characters.
const NAME_CHARS: usize = 64;

impl Scanner<'_> {
    /// A line that is not blank and stands in no region: hidden if it is quoted or starts four columns in, else it may
    /// mean something.
    pub(super) fn row(&mut self, line: usize, text: &Range<usize>, under_text: bool) {
        let waiting = std::mem::replace(&mut self.waiting, Waiting::Nothing);
        let spaced = std::mem::replace(&mut self.before, Before::Other) == Before::Spacing;
        let raw = &self.bytes[text.clone()];
        if !self.quotes.is_empty() {
            self.quoted_marker(text);
            return self.hide(self.lines.whole(line));
        }
        let Some(indent) = shallow_indent(raw) else {
            return self.hide(self.lines.whole(line));
        };
        let Some(first) = raw.get(indent) else {
            return;
        };
        let kind = match first {
            b'-' if is_separator(raw) => {
                if let Suspicion::Fence { .. } = self.suspect {
                    self.suspect = Suspicion::Nothing;
                }
                self.waiting = Waiting::Separator(self.scan.found.len());
                Some(FoundKind::Separator {
                    spaced,
                    under_text,
                    named: false,
                })
            }
            b'N' | b'n' => {
                name_text(raw).and_then(|name| self.name_line(waiting, text.start, name))
            }
            b'<' if indent == 0 => self.angle_row(text),
            b'V'
            | b'v'
            | b'Q'
            | b'q'
            | b'A'
            | b'a'
            | b'C'
            | b'c'
            | b'R'
            | b'r'
            | b'T'
            | b't'
            | b'D'
            | b'd'
            | b'-'
            | b'+'
            | b'*'
            | b'#'
            | b'_'
            | b'0'..=b'9' => MarkerLine::recognise(raw).map(FoundKind::Marker),
            _ => None,
        };
        if let Some(kind) = kind {
            self.scan.found.push(Found { line, kind });
        }
    }

    fn name_line(
        &mut self,
        waiting: Waiting,
        line_start: usize,
        name: Range<usize>,
    ) -> Option<FoundKind> {
        let name = line_start + name.start..line_start + name.end;
        let opens = waiting != Waiting::Nothing;
        let problem = if name.is_empty() {
            Some(Code::EmptyName)
        } else {
            let is_long = self.source[name.clone()].chars().nth(NAME_CHARS).is_some();
            is_long.then_some(Code::NameTooLong)
        };
        if let Some(code) = problem {
            return opens.then_some(FoundKind::BadName(code));
        }
        if let Waiting::Separator(at) = waiting
            && let FoundKind::Separator { named, .. } = &mut self.scan.found[at].kind
        {
            *named = true;
        }
        Some(FoundKind::Name { opens, name })
    }

    fn angle_row(&mut self, text: &Range<usize>) -> Option<FoundKind> {
        let raw = &self.bytes[text.clone()];
        if raw.starts_with(b"<<<<<<< ") {
            let message = "a merge conflict was committed here";
            self.problem(Code::ConflictMarker, text.start, message);
        }
        is_receipt(raw).then(|| {
            self.before = Before::Spacing;
            FoundKind::Receipt
        })
    }

    /// HTML that starts and ends on one line: hidden, but for a receipt.
    pub(super) fn one_line_html(&mut self, line: usize, text: &Range<usize>, terminator: &str) {
        if self.quotes.is_empty() && is_receipt(&self.bytes[text.clone()]) {
            return self.row(line, text, false);
        }
        self.waiting = Waiting::Nothing;
        self.before = Before::Other;
        self.hide(self.lines.whole(line));
        self.comment_in_raw(text.clone(), terminator);
    }

    /// A comment that a raw element leaves open hides the rest of the page in a browser.
    fn comment_in_raw(&mut self, element: Range<usize>, terminator: &str) {
        if let Some(open) = html::open_comment(&self.bytes[element.clone()], terminator) {
            let message = "the comment is still open where the element around it ends";
            self.problem(Code::UnclosedComment, element.start + open, message);
        }
    }

    fn quoted_marker(&mut self, text: &Range<usize>) {
        let raw = &self.bytes[text.clone()];
        let marks = raw.iter().take_while(|b| matches!(b, b'>' | b' ')).count();
        let Some(marker) = MarkerLine::recognise(&raw[marks..]) else {
            return;
        };
        let said = &self.source
            [text.start + marks + marker.text.start..text.start + marks + marker.text.end];
        if marker
            .word
            .is_none_or(|word| word.stands_alone() || !leading_ids(said).0.is_empty())
        {
            let word_at = text.start + marks + marker.word_at;
            let word = self.source[word_at..]
                .split([':', ' ', '*', '_', '\t'])
                .next()
                .unwrap_or_default();
            self.problem(
                Code::QuotedMarker,
                word_at,
                format!("{word} stands in a quote"),
            );
        }
    }

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
        cursor: &super::Cursor<'_>,
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

/// Blanks before the text of a line, if they are at most three columns.
fn shallow_indent(raw: &[u8]) -> Option<usize> {
    let blanks = raw.iter().take(4).take_while(|b| **b == b' ').count();
    (blanks < 4 && raw.get(blanks) != Some(&b'\t')).then_some(blanks)
}

/// `^ {0,3}---[ \t]*$`
fn is_separator(raw: &[u8]) -> bool {
    shallow_indent(raw).is_some_and(|indent| {
        let behind = raw[indent..].strip_prefix(b"---");
        behind.is_some_and(|rest| rest.iter().all(|b| matches!(b, b' ' | b'\t')))
    })
}

/// The name of a name line (empty if there is none), in the line.
fn name_text(raw: &[u8]) -> Option<Range<usize>> {
    let indent = shallow_indent(raw)?;
    let word = raw.get(indent..indent + 5)?;
    word.eq_ignore_ascii_case(b"name:")
        .then(|| trim_blanks(raw, indent + 5))
}

/// `^<!-- receipt: B64.B64.B64 -->[ \t]*$`, B64 as in a compact JWS.
pub(in crate::engine) fn is_receipt(raw: &[u8]) -> bool {
    let Some(token) = raw.strip_prefix(b"<!-- receipt: ") else {
        return false;
    };
    let end = token.iter().position(|b| *b == b' ').unwrap_or(token.len());
    let is_base64 = |part: &[u8]| {
        !part.is_empty()
            && part
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='))
    };
    let parts: Vec<&[u8]> = token[..end].split(|b| *b == b'.').collect();
    let rest = token[end..].strip_prefix(b" -->");
    parts.len() == 3
        && parts.iter().all(|part| is_base64(part))
        && rest.is_some_and(|rest| rest.iter().all(|b| matches!(b, b' ' | b'\t')))
}
