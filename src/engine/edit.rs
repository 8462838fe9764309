//! The only edits there are: append blocks and set a header value. Every other byte stays.

use super::discussion::Discussion;

/// Why an edit is refused; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file is not a discussion.
    #[error("this file is not a discussion: its first line is not <!-- DISCUSSION -->")]
    NotADiscussion,
    /// Something at the end of the file is unclosed; appending would put the block inside it.
    #[error(
        "line {line}: {what} is never closed, so an appended block would be hidden inside it; close it first"
    )]
    Unclosed {
        /// Line of the opener, from 1.
        line: usize,
        /// `a code fence`, `an HTML comment`, ...
        what: String,
    },
}

/// Appends rendered blocks (LF line ends, no trailing line end) with the file's own line ending:
/// line end if missing, blank line, `---` unless the file ends with one, blank line, block, line end.
pub fn append(discussion: &Discussion, blocks: &[String]) -> Result<String, EditError> {
    let _ = (discussion, blocks);
    todo!()
}

/// Sets `Phase`, `Status` or `Id`; a missing key is inserted after the last header line.
pub fn set_header(discussion: &Discussion, key: &str, value: &str) -> Result<String, EditError> {
    let _ = (discussion, key, value);
    todo!()
}
