//! A discussion file as a value. Parsing never fails: it gives what could be read **and** the problems.

use super::block::{self, Block};
use super::header::{self, Header};
use super::problem::{Code, Problem, Severity};
use super::scan::{self, Lines, Places};
use std::ops::Range;

/// Largest file that is accepted, in bytes: what GitHub's contents API still delivers in one piece.
pub const MAX_BYTES: usize = 1 << 20;

/// Most blocks that are accepted in one file.
pub const MAX_BLOCKS: usize = 500;

/// What the bytes turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Starts with the discussion marker.
    Discussion,
    /// Readable text without the marker.
    Other,
    /// Not UTF-8 text; `source` is empty.
    Unreadable,
}

/// Line ending an append uses: that of line 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnding {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

impl LineEnding {
    /// The characters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// A parsed file. All ranges are byte ranges into [`Discussion::source`].
#[derive(Debug, Clone)]
pub struct Discussion {
    /// The whole text exactly as read, byte order mark included.
    pub source: String,
    /// Discussion, other text, or unreadable.
    pub kind: Kind,
    /// Line ending of line 1.
    pub line_ending: LineEnding,
    /// The header lines.
    pub header: Header,
    /// The blocks, in file order.
    pub blocks: Vec<Block>,
    /// Opaque regions (code, comments, raw blocks, quotes), in order: nothing inside them is structure.
    pub opaque: Vec<Range<usize>>,
    /// All problems that can be known from the file alone, in file order.
    pub problems: Vec<Problem>,
    lines: Lines,
}

impl Discussion {
    /// Reads a file. Never fails and never panics, whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Self {
        let source = match read_text(bytes) {
            Ok(source) => source.to_owned(),
            Err(problem) => return Self::unreadable(problem),
        };
        let lines = Lines::of(&source);
        let mut discussion = Self {
            kind: Kind::Other,
            line_ending: line_ending(&source, &lines),
            header: Header::default(),
            blocks: Vec::new(),
            opaque: Vec::new(),
            problems: Vec::new(),
            source,
            lines,
        };
        discussion.read();
        discussion
            .problems
            .sort_by_key(|problem| (problem.line, problem.column));
        discussion
    }

    fn read(&mut self) {
        let top = header::read(&self.source, &self.lines);
        self.problems = top.problems;
        if self.source.len() > MAX_BYTES {
            let message = format!(
                "the file has {} bytes, {MAX_BYTES} are accepted",
                self.source.len()
            );
            self.problems
                .push(Problem::new(Code::TooLarge, 1, 1, message));
        }
        if !top.is_discussion {
            return;
        }
        self.kind = Kind::Discussion;
        self.header = top.header;
        self.problems
            .extend(line_end_problems(&self.source, &self.lines));
        let mut scan = scan::scan(&self.source, &self.lines, top.body);
        self.problems.append(&mut scan.problems);
        let participants = self.header.participants();
        let (blocks, problems) = block::assemble(&self.source, &self.lines, &scan, &participants);
        self.problems.extend(problems);
        if let Some(extra) = blocks.get(MAX_BLOCKS) {
            let message = format!(
                "the file has {} blocks, {MAX_BLOCKS} are accepted",
                blocks.len()
            );
            self.problems
                .push(Problem::new(Code::TooManyBlocks, extra.line, 1, message));
        }
        self.blocks = blocks;
        self.opaque = scan.opaque;
    }

    fn unreadable(problem: Problem) -> Self {
        Self {
            source: String::new(),
            kind: Kind::Unreadable,
            line_ending: LineEnding::Lf,
            header: Header::default(),
            blocks: Vec::new(),
            opaque: Vec::new(),
            problems: vec![problem],
            lines: Lines::of(""),
        }
    }

    /// Whether any problem is an error.
    pub fn has_errors(&self) -> bool {
        self.problems
            .iter()
            .any(|p| p.severity() == Severity::Error)
    }

    /// Line (from 1) of a byte offset.
    pub fn line_of(&self, offset: usize) -> usize {
        self.lines.line_at(offset) + 1
    }

    /// Column (from 1, in characters) of a byte offset within its line.
    pub fn column_of(&self, offset: usize) -> usize {
        Places::new(&self.source, &self.lines).of(offset).1
    }

    /// The opener that nothing closes, if there is one: its line and what it is. Text appended to such a file would
    /// be hidden from readers.
    pub fn unclosed(&self) -> Option<(usize, &'static str)> {
        self.problems.iter().find_map(|problem| {
            let what = match problem.code {
                Code::UnclosedFence => "a code fence",
                Code::UnclosedComment => "an HTML comment",
                Code::UnclosedHtml => "a raw HTML block",
                _ => return None,
            };
            Some((problem.line, what))
        })
    }
}

/// The bytes as text, or why they are none.
fn read_text(bytes: &[u8]) -> Result<&str, Problem> {
    let refuse = |offset: usize, what: &str| {
        let before = bytes.get(..offset).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        Problem::new(
            Code::NotUtf8,
            line,
            1,
            format!("{what} at byte {}", offset + 1),
        )
    };
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(refuse(0, "the mark of UTF-16 stands"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| refuse(error.valid_up_to(), "bytes that are not UTF-8 stand"))?;
    match memchr::memchr(0, bytes) {
        Some(offset) => Err(refuse(offset, "a NUL character stands")),
        None => Ok(text),
    }
}

/// Line ending of line 1; LF where there is none.
fn line_ending(source: &str, lines: &Lines) -> LineEnding {
    match source[lines.whole(0)].ends_with("\r\n") {
        true => LineEnding::CrLf,
        false => LineEnding::Lf,
    }
}

/// Mixed line endings, and carriage returns that end no line.
fn line_end_problems(source: &str, lines: &Lines) -> Vec<Problem> {
    let bytes = source.as_bytes();
    let mut problems = Vec::new();
    if memchr::memchr(b'\r', bytes).is_none() {
        return problems;
    }
    let is_bare = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    let mut returns = memchr::memchr_iter(b'\r', bytes);
    let pairs = memchr::memchr_iter(b'\r', bytes)
        .filter(|at| !is_bare(at))
        .count();
    if let Some(at) = returns.find(is_bare) {
        let (line, column) = Places::new(source, lines).of(at);
        let message = "a carriage return stands here without a line feed";
        problems.push(Problem::new(
            Code::BareCarriageReturn,
            line,
            column,
            message,
        ));
    }
    let feeds = memchr::memchr_iter(b'\n', bytes).count();
    if pairs > 0 && pairs < feeds {
        let first = line_ending(source, lines);
        let other = (0..lines.count()).find(|line| {
            let text = &source[lines.whole(*line)];
            text.ends_with('\n') && text.ends_with("\r\n") != (first == LineEnding::CrLf)
        });
        let line = other.map_or(1, |line| line + 1);
        let message = format!("{pairs} of {feeds} lines end in CRLF, the others in LF");
        problems.push(Problem::new(Code::MixedLineEndings, line, 1, message));
    }
    problems
}
