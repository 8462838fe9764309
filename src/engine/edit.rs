//! The only edits there are: append blocks and set a header value. Every other byte stays.

use super::body::Body;
use super::discussion::{Discussion, Kind};
use super::problem::{Code, excerpt};

/// The header keys that the program sets, as written into the file.
const SETTABLE: [&str; 3] = ["Phase", "Status", "Id"];

/// Longest header value that is written, in bytes.
const LONGEST_VALUE: usize = 200;

/// Why an edit is refused; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file is not a discussion.
    #[error("this file is not a discussion: its first line is not <!-- DISCUSSION -->")]
    NotADiscussion,
    /// The file is not text.
    #[error("this file is not UTF-8 text; save it as UTF-8 first")]
    Unreadable,
    /// Something at the end of the file is unclosed; appending would put the block inside it.
    #[error(
        "line {line}: {what} is never closed, so an appended block would be hidden inside it; close it first"
    )]
    Unclosed {
        /// Line of the opener, from 1.
        line: usize,
        /// `a code fence`, `an HTML comment`, ...
        what: &'static str,
    },
    /// Only Phase, Status and Id are set by the program.
    #[error(
        "the header key `{key}` is not set by the program, only Phase, Status and Id are; edit the file instead"
    )]
    KeyNotSettable {
        /// The key asked for.
        key: String,
    },
    /// The value would not be read back as written.
    #[error(
        "`{value}` cannot stand in a header line; write one short line without `--`, `<` and `>`"
    )]
    BadValue {
        /// The value asked for, cut.
        value: String,
    },
}

/// Appends rendered blocks (LF line ends, no trailing line end) with the file's own line ending. For each: a line end
/// if missing, a blank line if missing, `---` and a blank line unless the file ends with one, the block, a line end.
/// No blocks: the file as it is.
pub fn append(discussion: &Discussion, blocks: &[String]) -> Result<String, EditError> {
    check_kind(discussion)?;
    let unclosed = discussion
        .problems
        .iter()
        .find_map(|problem| Some((problem.line, unclosed(problem.code)?)));
    if let Some((line, what)) = unclosed {
        return Err(EditError::Unclosed { line, what });
    }
    let source = &discussion.source;
    let newline = discussion.line_ending.as_str();
    let mut text = source.clone();
    let mut has_separator = Body::of(discussion, source.len()).ends_with_separator();
    for block in blocks {
        end_with_blank_line(&mut text, newline);
        if !has_separator {
            text.push_str("---");
            text.push_str(newline);
            text.push_str(newline);
        }
        text.push_str(&block.replace("\r\n", "\n").replace('\n', newline));
        text.push_str(newline);
        has_separator = false;
    }
    Ok(text)
}

/// Sets `Phase`, `Status` or `Id`, in any case; a missing key is inserted after the last header line.
pub fn set_header(discussion: &Discussion, key: &str, value: &str) -> Result<String, EditError> {
    check_kind(discussion)?;
    let Some(key) = SETTABLE
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(key))
    else {
        return Err(EditError::KeyNotSettable {
            key: key.to_owned(),
        });
    };
    let value = value.trim();
    if !is_plain(value) {
        return Err(EditError::BadValue {
            value: excerpt(value),
        });
    }
    let source = &discussion.source;
    let mut text = String::with_capacity(source.len() + 64);
    match discussion.header.field(key) {
        Some(field) => {
            text.push_str(&source[..field.value_span.start]);
            text.push_str(value);
            text.push_str(&source[field.value_span.end..]);
        }
        None => {
            let newline = discussion.line_ending.as_str();
            let (above, below) = source.split_at(discussion.header.end);
            text.push_str(above);
            if !above.ends_with('\n') {
                text.push_str(newline);
            }
            text.push_str(&format!("<!-- {key}: {value} -->{newline}"));
            text.push_str(below);
        }
    }
    Ok(text)
}

/// Whether nothing but additions at the end, and the values the program sets itself, tell `now` from `before`: then what
/// was said about the one can be appended to the other.
pub fn only_grew(before: &Discussion, now: &Discussion) -> bool {
    let fixed = |discussion: &Discussion| -> Vec<(String, String)> {
        let fields = discussion.header.fields.iter();
        fields
            .filter(|field| {
                !SETTABLE
                    .iter()
                    .any(|key| key.eq_ignore_ascii_case(&field.key))
            })
            .map(|field| (field.key.clone(), field.value.clone()))
            .collect()
    };
    let body_of = |discussion: &Discussion| {
        discussion
            .source
            .get(discussion.header.end..)
            .map(str::to_owned)
    };
    let (Some(old), Some(new)) = (body_of(before), body_of(now)) else {
        return false;
    };
    now.kind == before.kind && fixed(before) == fixed(now) && new.starts_with(old.trim_end())
}

fn check_kind(discussion: &Discussion) -> Result<(), EditError> {
    match discussion.kind {
        Kind::Discussion => Ok(()),
        Kind::Other => Err(EditError::NotADiscussion),
        Kind::Unreadable => Err(EditError::Unreadable),
    }
}

/// What a problem says is unclosed, in words.
fn unclosed(code: Code) -> Option<&'static str> {
    match code {
        Code::UnclosedFence => Some("a code fence"),
        Code::UnclosedComment => Some("an HTML comment"),
        Code::UnclosedHtml => Some("a raw HTML block"),
        _ => None,
    }
}

/// Ends the last line and puts a blank one below it, where they are missing.
fn end_with_blank_line(text: &mut String, newline: &str) {
    if !text.ends_with('\n') {
        text.push_str(newline);
    }
    let without_end = text.strip_suffix('\n').unwrap_or(text);
    let last_line = without_end.rsplit('\n').next().unwrap_or_default();
    if !last_line.trim().is_empty() {
        text.push_str(newline);
    }
}

/// Whether a value stays on its line and inside its comment.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= LONGEST_VALUE
        && !value.contains("--")
        && !value.ends_with('-')
        && !value.contains(['<', '>'])
        && !value.chars().any(char::is_control)
}
