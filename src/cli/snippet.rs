//! Problems shown with the line they are about.

use crate::engine::problem::{Problem, Severity};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// Longest piece of a line that is shown, in characters.
const MAX_LINE_CHARS: usize = 160;

/// Something found in a file, as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Kebab-case code.
    pub code: &'a str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What was read and why it is refused.
    pub message: &'a str,
    /// What to write instead; may be empty.
    pub hint: &'a str,
}

/// A problem of a discussion; see [`finding`].
pub fn render(path: &str, source: &str, problem: &Problem) -> String {
    let row = problem.code.row();
    let shown = Finding {
        severity: row.severity,
        code: row.name,
        line: problem.line,
        column: problem.column,
        message: &problem.message,
        hint: &problem.hint,
    };
    finding(path, source, &shown)
}

/// `PATH:LINE:COL: SEVERITY[CODE]: MESSAGE`, the source line, and the hint. Without a trailing line end.
pub fn finding(path: &str, source: &str, found: &Finding<'_>) -> String {
    let head = format!(
        "{path}:{}:{}: {}[{}]: {}",
        found.line,
        found.column,
        found.severity.as_str(),
        found.code,
        found.message
    );
    let line = source
        .lines()
        .nth(found.line.saturating_sub(1))
        .unwrap_or("");
    let line: String = line
        .trim_start_matches('\u{feff}')
        .chars()
        .take(MAX_LINE_CHARS)
        .map(visible)
        .collect();
    if line.trim().is_empty() {
        return match found.hint {
            "" => head,
            hint => format!("{head}\n  hint: {hint}"),
        };
    }
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Notice => Level::NOTE,
    };
    let snippet = Snippet::source(line.as_str())
        .line_start(found.line)
        .annotation(AnnotationKind::Primary.span(rest_of_line(&line, found.column)));
    let mut group = level.primary_title("").element(snippet);
    if !found.hint.is_empty() {
        group = group.element(Level::HELP.message(found.hint));
    }
    let drawn = Renderer::styled().render(&[group]);
    // The first line repeats the severity, which the head line already says in a form that editors can jump to.
    let body = drawn.lines().skip(1).collect::<Vec<_>>().join("\n");
    format!("{head}\n{body}")
}

/// Control and other invisible characters would change the terminal instead of being seen.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' {
        '\u{fffd}'
    } else {
        c
    }
}

/// Bytes from a column (in characters, from 1) to the end of the line.
fn rest_of_line(line: &str, column: usize) -> Range<usize> {
    let start = line
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(line.len(), |(at, _)| at);
    start..line.trim_end().len().max(start)
}
