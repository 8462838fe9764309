//! The header: `<!-- DISCUSSION -->` and the `<!-- Key: Value -->` lines below it.

use super::marker::trim_blanks;
use super::problem::{Code, Problem, excerpt};
use super::scan::{Lines, is_receipt};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// The line that makes a file a discussion.
pub const MARKER: &str = "<!-- DISCUSSION -->";

/// Keys we give a meaning; a comment that starts with one of them has to be a header line.
const KNOWN_KEYS: [&str; 7] = [
    "Title",
    "Phase",
    "Status",
    "Created",
    "Template",
    "Participants",
    "Id",
];

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderField {
    /// Key as written.
    pub key: String,
    /// Value, trimmed.
    pub value: String,
    /// Line, from 1.
    pub line: usize,
    /// Bytes of the value inside the file, for edits.
    pub value_span: Range<usize>,
}

/// The header of a discussion. Keys match in any case; the first of a doubled key wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// Every `Key: Value` line, in file order, unknown keys and later doubles included.
    pub fields: Vec<HeaderField>,
    /// Byte just behind the last header line (its line end included); the body starts here.
    pub end: usize,
}

impl Header {
    /// The winning field of a key, in any case.
    pub fn field(&self, key: &str) -> Option<&HeaderField> {
        self.fields.iter().find(|f| f.key.eq_ignore_ascii_case(key))
    }

    /// The winning value of a key; an empty value counts as absent.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.field(key)
            .map(|f| f.value.as_str())
            .filter(|v| !v.is_empty())
    }

    /// `Title`
    pub fn title(&self) -> Option<&str> {
        self.value("Title")
    }

    /// `Phase`
    pub fn phase(&self) -> Option<&str> {
        self.value("Phase")
    }

    /// `Status`; absent means OPEN.
    pub fn status(&self) -> &str {
        self.value("Status").unwrap_or("OPEN")
    }

    /// `Template`
    pub fn template(&self) -> Option<&str> {
        self.value("Template")
    }

    /// `Participants` as written (aliases lower-cased, `@` dropped, doubles dropped), valid or not.
    /// Empty if the key is absent or empty: then the configuration's participants apply.
    pub fn participants(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        self.value("Participants")
            .unwrap_or_default()
            .split(',')
            .map(|alias| alias.trim().trim_start_matches('@').to_lowercase())
            .filter(|alias| !alias.is_empty() && seen.insert(alias.clone()))
            .collect()
    }
}

/// What reading the top of a file gives.
pub(super) struct TopOfFile {
    /// The header; empty if the file is no discussion.
    pub header: Header,
    /// Whether the discussion marker comes first.
    pub is_discussion: bool,
    /// First line of the body, from 0.
    pub body: usize,
    /// What is wrong with the header, or why there is none.
    pub problems: Vec<Problem>,
}

/// Reads the discussion marker and the header lines below it.
pub(super) fn read(source: &str, lines: &Lines) -> TopOfFile {
    let bytes = source.as_bytes();
    let text_of = |line: usize| &source[lines.text(line, bytes)];
    let first = (0..lines.count()).find(|line| !is_blank(text_of(*line)));
    let Some(first) = first.filter(|line| is_marker(text_of(*line))) else {
        return TopOfFile {
            header: Header::default(),
            is_discussion: false,
            body: 0,
            problems: vec![why_not(source, first.unwrap_or(0), first.map(text_of))],
        };
    };
    let mut header = Header::default();
    let mut first_lines = HashMap::new();
    let mut problems = Vec::new();
    let mut body = first + 1;
    for line in first + 1..lines.count() {
        let text = text_of(line);
        if is_blank(text) {
            continue;
        }
        let Some((key, value)) = split_field(text) else {
            if let Some(key) = malformed_key(text) {
                let message = format!(
                    "the line of {key} is not <!-- {key}: value --> alone, so the header ends here"
                );
                problems.push(Problem::new(Code::HeaderMalformed, line + 1, 1, message));
            }
            break;
        };
        let start = lines.text(line, bytes).start;
        let field = HeaderField {
            key: text[key].to_owned(),
            value: text[value.clone()].to_owned(),
            line: line + 1,
            value_span: start + value.start..start + value.end,
        };
        let first = *first_lines
            .entry(field.key.to_ascii_lowercase())
            .or_insert(field.line);
        problems.extend(check_field(&field, first));
        header.fields.push(field);
        body = line + 1;
    }
    header.end = lines.start(body);
    TopOfFile {
        header,
        is_discussion: true,
        body,
        problems,
    }
}

/// What is wrong with a header line whose key was first seen on line `first`.
fn check_field(field: &HeaderField, first: usize) -> Option<Problem> {
    if first != field.line {
        let message = format!("{} stands on line {first} already, which counts", field.key);
        return Some(Problem::new(
            Code::DuplicateHeaderKey,
            field.line,
            1,
            message,
        ));
    }
    let is_created = field.key.eq_ignore_ascii_case("Created") && !field.value.is_empty();
    let is_utc = chrono::DateTime::parse_from_rfc3339(&field.value)
        .is_ok_and(|time| time.offset().local_minus_utc() == 0);
    (is_created && !is_utc).then(|| {
        let message = format!("Created is `{}`", excerpt(&field.value));
        Problem::new(Code::InvalidCreated, field.line, 1, message)
    })
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t'))
}

/// What stands between `<!--` and `-->` of a one-line comment, with its place in the line.
fn comment_inside(text: &str) -> Option<Range<usize>> {
    let indent = text.bytes().take_while(|b| *b == b' ').count();
    let end = text.trim_end_matches([' ', '\t']).len();
    let inside = text
        .get(indent..end)?
        .strip_prefix("<!--")?
        .strip_suffix("-->")?;
    (indent <= 3 && !inside.contains("-->")).then_some(indent + 4..end - 3)
}

fn is_marker(text: &str) -> bool {
    comment_inside(text).is_some_and(|inside| {
        text[inside]
            .trim_matches([' ', '\t'])
            .eq_ignore_ascii_case("DISCUSSION")
    })
}

/// Places of key and value in a header line.
fn split_field(text: &str) -> Option<(Range<usize>, Range<usize>)> {
    if is_receipt(text.as_bytes()) {
        return None;
    }
    let inside = comment_inside(text)?;
    let colon = inside.start + text[inside.clone()].find(':')?;
    let key = trim_blanks(&text.as_bytes()[..colon], inside.start);
    let is_key = text[key.clone()].starts_with(|c: char| c.is_ascii_alphabetic())
        && text[key.clone()]
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-'));
    is_key.then(|| (key, trim_blanks(&text.as_bytes()[..inside.end], colon + 1)))
}

/// The known key with which a line starts that is no header line.
fn malformed_key(text: &str) -> Option<&'static str> {
    let behind = text
        .trim_start_matches(' ')
        .strip_prefix("<!--")?
        .trim_start_matches([' ', '\t']);
    let (key, _) = behind.split_once(':')?;
    let key = key.trim_end_matches([' ', '\t']);
    KNOWN_KEYS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(key))
}

/// Why a file whose first line that is not blank is `text` is no discussion.
fn why_not(source: &str, line: usize, text: Option<&str>) -> Problem {
    let Some(text) = text else {
        return Problem::new(Code::NotADiscussion, 1, 1, "the file is empty");
    };
    if text.contains('\r')
        && text
            .split('\r')
            .find(|part| !is_blank(part))
            .is_some_and(is_marker)
    {
        let message =
            "the lines end in a carriage return alone, so the header cannot be told apart";
        return Problem::new(Code::HeaderMalformed, line + 1, 1, message)
            .with_hint("Save the file with LF or CRLF line ends.");
    }
    let problem = Problem::new(
        Code::NotADiscussion,
        line + 1,
        1,
        format!("line {} is `{}` and not {MARKER}", line + 1, excerpt(text)),
    );
    if text.trim_start_matches(' ').starts_with(MARKER) {
        return problem.with_hint("Put what follows the discussion marker on lines of its own.");
    }
    if text.starts_with("version https://git-lfs.github.com/") {
        return problem.with_hint("This is a large-file pointer: keep discussions out of Git LFS.");
    }
    match source.lines().position(is_marker) {
        Some(marker) => problem.with_hint(format!(
            "Move line {} ({MARKER}) to the top of the file.",
            marker + 1
        )),
        None => problem,
    }
}
