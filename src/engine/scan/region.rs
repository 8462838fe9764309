//! Regions: fenced code and raw HTML blocks, from their opener to what closes them.

use super::html;
use super::line::{Cursor, Lines};
use crate::engine::problem::Code;

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

/// Byte and length of a line that can close a fence.
fn closing_fence(rest: &[u8]) -> Option<(u8, usize)> {
    let byte = *rest.first().filter(|b| matches!(b, b'`' | b'~'))?;
    let len = run(rest, byte);
    let only_blanks = rest[len..].iter().all(|b| matches!(b, b' ' | b'\t'));
    (len >= 3 && only_blanks).then_some((byte, len))
}

fn run(rest: &[u8], byte: u8) -> usize {
    rest.iter().take_while(|b| **b == byte).count()
}

/// Where regions outside containers can be closed from some line on. Built once, when the first region was found
/// unclosed; from then on each opener is known at once to be closed or not, so that many of them stay linear.
#[derive(Debug)]
pub(super) struct Closers {
    /// Lines of backticks that can close a fence: offset, and the longest run from there to the end of the file.
    backticks: Vec<(usize, usize)>,
    /// The same for tildes.
    tildes: Vec<(usize, usize)>,
    /// Each terminator and the end of its last occurrence.
    terminators: Vec<(&'static str, Option<usize>)>,
}

impl Closers {
    /// Looks through the lines from `first` on.
    pub(super) fn from(bytes: &[u8], lines: &Lines, first: usize) -> Self {
        let (mut backticks, mut tildes) = (Vec::new(), Vec::new());
        for line in first..lines.count() {
            let cursor = Cursor::new(bytes, &lines.text(line, bytes));
            if let (0..=3, Some((byte, len))) = (cursor.indent(), closing_fence(cursor.rest())) {
                let fences = if byte == b'`' {
                    &mut backticks
                } else {
                    &mut tildes
                };
                fences.push((lines.start(line), len));
            }
        }
        for fences in [&mut backticks, &mut tildes] {
            let mut longest = 0;
            for (_, len) in fences.iter_mut().rev() {
                longest = longest.max(*len);
                *len = longest;
            }
        }
        let terminators = [
            "-->",
            "?>",
            ">",
            "]]>",
            "</pre>",
            "</script>",
            "</style>",
            "</textarea>",
        ]
        .map(|terminator| (terminator, html::last_terminator_end(bytes, terminator)));
        Self {
            backticks,
            tildes,
            terminators: terminators.to_vec(),
        }
    }

    /// Whether a region that opens at `opener` is closed somewhere.
    pub(super) fn close(&self, kind: Kind, opener: usize) -> bool {
        match kind {
            Kind::Fence { byte, len } => {
                let fences = if byte == b'`' {
                    &self.backticks
                } else {
                    &self.tildes
                };
                let behind = fences.partition_point(|(offset, _)| *offset <= opener);
                fences
                    .get(behind)
                    .is_some_and(|(_, longest)| *longest >= len)
            }
            Kind::Html { terminator } => self
                .terminators
                .iter()
                .any(|(known, end)| *known == terminator && end.is_some_and(|end| end > opener)),
        }
    }
}
