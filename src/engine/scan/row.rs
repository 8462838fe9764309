//! What single lines mean: separators, names, markers, receipts; and the lines of regions.

use super::html;
use super::region::Suspicion;
use super::{Before, Found, FoundKind, Scanner, Waiting};
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
    pub(super) fn comment_in_raw(&mut self, element: Range<usize>, terminator: &str) {
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
}

/// Blanks before the text of a line, if they are at most three columns.
fn shallow_indent(raw: &[u8]) -> Option<usize> {
    let blanks = raw.iter().take(4).take_while(|b| **b == b' ').count();
    (blanks < 4 && raw.get(blanks) != Some(&b'\t')).then_some(blanks)
}

/// `^ {0,3}---[ \t]*$`
pub(super) fn is_separator(raw: &[u8]) -> bool {
    shallow_indent(raw).is_some_and(|indent| {
        let behind = raw[indent..].strip_prefix(b"---");
        behind.is_some_and(|rest| rest.iter().all(|b| matches!(b, b' ' | b'\t')))
    })
}

/// The name of a name line (empty if there is none), in the line.
pub(super) fn name_text(raw: &[u8]) -> Option<Range<usize>> {
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
