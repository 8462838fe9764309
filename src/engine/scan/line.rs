//! Lines of a file, and a cursor that knows columns.

use std::ops::Range;

/// Where the lines of a file start. A line ends at `\n`; a `\r` before it belongs to the line end.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Lines {
    starts: Vec<usize>,
    len: usize,
    /// Bytes of a byte order mark, which no line holds.
    mark: usize,
}

impl Lines {
    /// Finds the lines. A final line end starts no further line.
    pub(in crate::engine) fn of(source: &str) -> Self {
        let bytes = source.as_bytes();
        let mark = if source.starts_with('\u{FEFF}') {
            '\u{FEFF}'.len_utf8()
        } else {
            0
        };
        let mut starts = Vec::with_capacity(bytes.len() / 32 + 1);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', bytes).map(|at| at + 1));
        starts.pop_if(|last| *last == bytes.len());
        Self {
            starts,
            len: bytes.len(),
            mark,
        }
    }

    /// How many lines there are.
    pub(in crate::engine) fn count(&self) -> usize {
        self.starts.len()
    }

    /// Start of a line, or the end of the file for the line behind the last. Lines count from 0 here.
    pub(in crate::engine) fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.len)
    }

    /// The line with its line end.
    pub(in crate::engine) fn whole(&self, line: usize) -> Range<usize> {
        self.start(line)..self.start(line + 1)
    }

    /// The line without its line end and without a byte order mark.
    #[inline]
    pub(in crate::engine) fn text(&self, line: usize, bytes: &[u8]) -> Range<usize> {
        let start = if line == 0 {
            self.mark
        } else {
            self.start(line)
        };
        let mut end = self.start(line + 1);
        if end > start && bytes[end - 1] == b'\n' {
            end -= 1;
            if end > start && bytes[end - 1] == b'\r' {
                end -= 1;
            }
        }
        start..end
    }

    /// The line that holds a byte, from 0.
    pub(in crate::engine) fn line_at(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }
}

/// Turns byte offsets into lines and columns (both from 1, columns in characters). Offsets that rise along one line
/// are counted on from the previous one, so that a long line with many places stays linear.
#[derive(Debug)]
pub(in crate::engine) struct Places<'a> {
    bytes: &'a [u8],
    lines: &'a Lines,
    line: usize,
    offset: usize,
    column: usize,
}

impl<'a> Places<'a> {
    pub(in crate::engine) fn new(source: &'a str, lines: &'a Lines) -> Self {
        let bytes = source.as_bytes();
        Self {
            bytes,
            lines,
            line: 0,
            offset: lines.text(0, bytes).start,
            column: 1,
        }
    }

    /// Line and column of a byte offset.
    pub(in crate::engine) fn of(&mut self, offset: usize) -> (usize, usize) {
        let line = self.lines.line_at(offset);
        (line + 1, self.column(line, offset))
    }

    /// Column of a byte offset on a line (from 0) that is known to hold it.
    pub(in crate::engine) fn column(&mut self, line: usize, offset: usize) -> usize {
        if line != self.line || offset < self.offset {
            self.line = line;
            self.offset = self.lines.text(line, self.bytes).start;
            self.column = 1;
        }
        let passed = self.bytes.get(self.offset..offset).unwrap_or_default();
        self.column += passed.iter().filter(|b| !is_continuation(**b)).count();
        self.offset = self.offset.max(offset);
        self.column
    }
}

/// Whether a byte goes on with a character that began before it.
fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// A place within one line that counts columns as renderers do: a tab goes to the next multiple of four, and may be
/// taken in part. Blanks are looked at once, however many containers take a share of them.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    /// The line.
    text: &'a [u8],
    /// Where the line starts in the file.
    offset: usize,
    /// Columns taken so far.
    column: usize,
    /// First byte ahead that is no blank, in the line.
    first: usize,
    /// Its column.
    first_column: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], line: &Range<usize>) -> Self {
        let mut cursor = Self {
            text: &bytes[line.clone()],
            offset: line.start,
            column: 0,
            first: 0,
            first_column: 0,
        };
        cursor.skip_blanks();
        cursor
    }

    /// Columns of blanks ahead.
    pub(super) fn indent(&self) -> usize {
        self.first_column - self.column
    }

    /// Offset in the file of the first byte ahead that is no blank (the line's end if there is none).
    pub(super) fn first(&self) -> usize {
        self.offset + self.first
    }

    /// The line from the first byte on that is no blank.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.first..]
    }

    /// Whether only blanks are left.
    pub(super) fn is_blank(&self) -> bool {
        self.first == self.text.len()
    }

    /// Takes up to `columns` columns of the blanks ahead.
    pub(super) fn take_blanks(&mut self, columns: usize) {
        self.column = self.first_column.min(self.column + columns);
    }

    /// Goes over the blanks ahead and `len` bytes behind them.
    pub(super) fn take_mark(&mut self, len: usize) {
        self.first += len;
        self.first_column += len;
        self.column = self.first_column;
        self.skip_blanks();
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.text.get(self.first) {
            match byte {
                b' ' => self.first_column += 1,
                b'\t' => self.first_column += 4 - self.first_column % 4,
                _ => break,
            }
            self.first += 1;
        }
    }
}

/// Finds the next of one byte again and again with rising starts, looking at every byte of the file once.
#[derive(Debug)]
pub(super) struct NextByte<'a> {
    bytes: &'a [u8],
    byte: u8,
    next: usize,
}

impl<'a> NextByte<'a> {
    pub(super) fn new(bytes: &'a [u8], byte: u8) -> Self {
        let next = memchr::memchr(byte, bytes).unwrap_or(bytes.len());
        Self { bytes, byte, next }
    }

    /// Starts again from an earlier place.
    pub(super) fn rewind(&mut self, to: usize) {
        self.next =
            memchr::memchr(self.byte, &self.bytes[to..]).map_or(self.bytes.len(), |at| to + at);
    }

    /// Whether the byte stands in the range. Ranges must not go back but for [`NextByte::rewind`].
    pub(super) fn is_in(&mut self, range: &Range<usize>) -> bool {
        if self.next < range.start {
            self.rewind(range.start);
        }
        self.next < range.end
    }
}
