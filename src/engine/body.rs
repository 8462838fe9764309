//! The end of a body, looked at backwards: trailing blank lines and separators. Shared by the subject, which leaves
//! them out, and the append, which needs to know whether a separator stands there already.

use super::discussion::Discussion;
use std::ops::Range;

/// The text between the header and some end.
pub(super) struct Body<'a> {
    text: &'a str,
    /// Offset of `text` in the source.
    start: usize,
    opaque: &'a [Range<usize>],
}

impl<'a> Body<'a> {
    /// Everything after the header up to the byte `end`.
    pub(super) fn of(discussion: &'a Discussion, end: usize) -> Self {
        let start = discussion.header.end.min(end);
        Self {
            text: discussion.source.get(start..end).unwrap_or_default(),
            start,
            opaque: &discussion.opaque,
        }
    }

    /// The text less trailing blank lines and separators. `name_follows`: a name line comes after it, which makes a
    /// separator of three hyphens even directly under paragraph text.
    pub(super) fn without_separators(&self, name_follows: bool) -> &'a str {
        let mut text = without_blank_lines(self.text);
        let mut name_follows = name_follows;
        while let Some(rest) = self.without_last_separator(text, name_follows) {
            text = without_blank_lines(rest);
            name_follows = false;
        }
        text
    }

    /// Whether the last line that is not blank is a separator.
    pub(super) fn ends_with_separator(&self) -> bool {
        self.without_last_separator(without_blank_lines(self.text), false)
            .is_some()
    }

    /// What is left of `text` without the separator in its last line; `None` if that line is none.
    fn without_last_separator(&self, text: &'a str, name_follows: bool) -> Option<&'a str> {
        let at = text.rfind('\n').map_or(0, |newline| newline + 1);
        let (above, line) = text.split_at(at);
        let offset = self.start + at;
        let next = self.opaque.partition_point(|range| range.end <= offset);
        let is_opaque = self
            .opaque
            .get(next)
            .is_some_and(|range| range.start <= offset);
        if !is_separator_line(line) || is_opaque {
            return None;
        }
        let above_it = above.lines().next_back().unwrap_or_default();
        let above_it = above_it.trim_matches([' ', '\t', '\r']);
        let stands_free = above_it.is_empty() || above_it.starts_with("<!-- receipt:");
        (stands_free || name_follows).then_some(above)
    }
}

/// Less blank lines at the end, and the blanks of the last line, which count for nothing either.
fn without_blank_lines(text: &str) -> &str {
    text.trim_end_matches([' ', '\t', '\r', '\n'])
}

/// `---` with at most three blanks before it.
pub(super) fn is_separator_line(line: &str) -> bool {
    let dashes = line.trim_end_matches([' ', '\t', '\r', '\n']);
    let indent = dashes.len() - dashes.trim_start_matches(' ').len();
    indent <= 3 && &dashes[indent..] == "---"
}

/// `Name: ...` with at most three blanks before it.
pub(super) fn is_name_line(line: &str) -> bool {
    let text = line.trim_start_matches(' ');
    let key = text.get(..5).unwrap_or_default();
    line.len() - text.len() <= 3
        && key.eq_ignore_ascii_case("name:")
        && !text[5..].trim().is_empty()
}
