//! What can still close a region from some line on.

use super::html;
use super::line::{Cursor, Lines};
use super::region::{Kind, closing_fence};

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
