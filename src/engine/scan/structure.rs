//! Block structure: which container or leaf a line starts, and which text goes on.

use super::container::Container;
use super::html::{self, BlockEnd};
use super::inline::Mode;
use super::line::Cursor;
use super::link;
use super::region::Kind;
use super::{Leaf, Scanner};
use std::ops::Range;

/// Where a line stands once its containers are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// How many open containers go on; the others end unless text goes on lazily.
    pub matched: usize,
    /// All open containers go on and none was opened.
    pub is_direct: bool,
    /// Text would go on with the open paragraph.
    pub goes_on: bool,
}

impl Scanner<'_> {
    /// A line that is not blank, outside regions: opens containers, then is a leaf or text.
    pub(super) fn structured_line(
        &mut self,
        line: usize,
        text: &Range<usize>,
        mut cursor: Cursor<'_>,
        matched: usize,
    ) {
        let mut position = Position {
            matched,
            is_direct: matched == self.containers.len(),
            goes_on: matches!(self.leaf, Leaf::Paragraph { .. }),
        };
        match &mut self.leaf {
            Leaf::Html(range) if position.is_direct => {
                range.end = text.end;
                return self.row(line, text, false);
            }
            Leaf::Html(_) => self.close_leaf(),
            _ => {}
        }
        // Up to here in the line no rule can start: one was looked for before.
        let mut no_rule_before = 0;
        while cursor.indent() <= 3 {
            let rest = cursor.rest();
            if cursor.first() >= no_rule_before {
                match rule(rest) {
                    Ok(()) => break,
                    Err(len) => no_rule_before = cursor.first() + len,
                }
            }
            let interrupts = position.goes_on && position.is_direct;
            if interrupts && is_underline(rest) {
                break;
            }
            let Some(container) = Container::open(&mut cursor, interrupts) else {
                break;
            };
            self.close_leaf();
            self.truncate_containers(position.matched);
            self.push_container(container);
            position = Position {
                matched: self.containers.len(),
                is_direct: false,
                goes_on: false,
            };
            if cursor.is_blank() {
                return self.row(line, text, false);
            }
        }
        self.leaf_start(line, text, &cursor, position);
    }

    /// A line whose containers are done: the start of a leaf, or text.
    fn leaf_start(
        &mut self,
        line: usize,
        text: &Range<usize>,
        cursor: &Cursor<'_>,
        position: Position,
    ) {
        let rest = cursor.rest();
        let first = cursor.first();
        if cursor.indent() > 3 {
            if position.goes_on {
                return self.paragraph_text(line, text, first, true);
            }
            self.truncate_containers(position.matched);
            return self.row(line, text, false);
        }
        let under_text = position.goes_on
            && position.is_direct
            && is_underline(rest)
            && !self.is_in_definitions();
        if under_text || rule(rest).is_ok() {
            let makes_heading = under_text && !self.is_in_table();
            self.interrupt(position);
            return self.row(line, text, makes_heading);
        }
        if is_heading(rest) {
            self.interrupt(position);
            self.row(line, text, false);
            return self.read_inside(first..text.end, Mode::Markdown, false);
        }
        if let Some(fence) = Kind::fence(rest) {
            return self.open_region(line, first, fence, position);
        }
        let html = (rest[0] == b'<')
            .then(|| html::block_start(rest, !position.goes_on))
            .flatten();
        match html {
            Some(BlockEnd::At(terminator)) => {
                if html::terminator_end(rest, 0, rest.len(), terminator).is_none() {
                    return self.open_region(line, first, Kind::Html { terminator }, position);
                }
                self.interrupt(position);
                self.one_line_html(line, text, terminator);
            }
            Some(BlockEnd::Blank) => {
                self.interrupt(position);
                self.leaf = Leaf::Html(first..text.end);
                self.row(line, text, false);
            }
            None => {
                if !position.goes_on {
                    self.truncate_containers(position.matched);
                }
                self.paragraph_text(line, text, first, position.goes_on);
            }
        }
    }

    /// Whether the open paragraph is nothing but link definitions, of which no underline makes a heading.
    fn is_in_definitions(&self) -> bool {
        let Leaf::Paragraph { range, .. } = &self.leaf else {
            return false;
        };
        link::definitions_end(&self.bytes[..range.end], range.start) >= range.end
    }

    /// Whether the open paragraph is a table to renderers: a later line of it is made of pipes and hyphens.
    fn is_in_table(&self) -> bool {
        let Leaf::Paragraph { range, .. } = &self.leaf else {
            return false;
        };
        let is_delimiter_row = |row: &[u8]| {
            let fits = row
                .iter()
                .all(|b| matches!(b, b'|' | b'-' | b':' | b' ' | b'\t' | b'\r'));
            fits && row.contains(&b'|') && row.contains(&b'-')
        };
        self.bytes[range.clone()]
            .split(|b| *b == b'\n')
            .skip(1)
            .any(is_delimiter_row)
    }

    /// Ends the open paragraph and the containers that do not go on.
    pub(super) fn interrupt(&mut self, position: Position) {
        self.close_leaf();
        self.truncate_containers(position.matched);
    }

    /// A line of text: `goes_on` with the open paragraph or starts one at `first`.
    #[inline]
    pub(super) fn paragraph_text(
        &mut self,
        line: usize,
        text: &Range<usize>,
        first: usize,
        goes_on: bool,
    ) {
        let found_before = self.scan.found.len();
        self.row(line, text, false);
        let found_more = self.scan.found.len() > found_before;
        match &mut self.leaf {
            Leaf::Paragraph {
                range,
                has_later_marker,
            } if goes_on => {
                range.end = text.end;
                *has_later_marker |= found_more;
            }
            _ => {
                self.leaf = Leaf::Paragraph {
                    range: first..text.end,
                    has_later_marker: false,
                }
            }
        }
    }
}

/// Whether the text is a rule: three or more of one of `-*_` and blanks. If not, how far no rule can start.
fn rule(rest: &[u8]) -> Result<(), usize> {
    let Some(mark @ (b'-' | b'*' | b'_')) = rest.first().copied() else {
        return Err(0);
    };
    let mut marks = 0;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b if *b == mark => marks += 1,
            b' ' | b'\t' => {}
            _ => return Err(at),
        }
    }
    if marks >= 3 { Ok(()) } else { Err(rest.len()) }
}

/// Whether the text makes a heading of the paragraph above it: only `=` or only `-`, then blanks.
fn is_underline(rest: &[u8]) -> bool {
    let Some(mark @ (b'=' | b'-')) = rest.first().copied() else {
        return false;
    };
    let len = rest.iter().take_while(|b| **b == mark).count();
    rest[len..].iter().all(|b| matches!(b, b' ' | b'\t'))
}

fn is_heading(rest: &[u8]) -> bool {
    let hashes = rest.iter().take_while(|b| **b == b'#').count();
    (1..=6).contains(&hashes) && matches!(rest.get(hashes), None | Some(b' ' | b'\t'))
}
