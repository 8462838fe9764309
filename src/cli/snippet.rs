//! Problems shown with the line they are about.

use crate::engine::problem::{Problem, Severity};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// Longest piece of a line that is shown, in characters.
const MAX_LINE_CHARS: usize = 160;

/// What is shown of a problem, whichever table its code is from.
pub struct Shown<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Its code, kebab-case.
    pub code: &'a str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: &'a str,
    /// What to do about it.
    pub hint: &'a str,
}

/// `PATH:LINE:COL: SEVERITY[CODE]: MESSAGE`, the source line, and the hint. Without a trailing line end.
pub fn render(path: &str, source: &str, problem: &Problem) -> String {
    let row = problem.code.row();
    let shown = Shown {
        severity: row.severity,
        code: row.name,
        line: problem.line,
        column: problem.column,
        message: &problem.message,
        hint: &problem.hint,
    };
    render_shown(path, source, &shown)
}

/// Like [`render`], for problems of other files than discussions.
pub fn render_shown(path: &str, source: &str, problem: &Shown<'_>) -> String {
    let head = format!(
        "{path}:{}:{}: {}[{}]: {}",
        problem.line,
        problem.column,
        problem.severity.as_str(),
        problem.code,
        problem.message
    );
    let line = source
        .lines()
        .nth(problem.line.saturating_sub(1))
        .unwrap_or("");
    let line: String = line
        .trim_start_matches('\u{feff}')
        .chars()
        .take(MAX_LINE_CHARS)
        .map(visible)
        .collect();
    if line.trim().is_empty() {
        return format!("{head}\n  hint: {}", problem.hint);
    }
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Notice => Level::NOTE,
    };
    let snippet = Snippet::source(line.as_str())
        .line_start(problem.line)
        .annotation(AnnotationKind::Primary.span(rest_of_line(&line, problem.column)));
    let report = [level
        .primary_title("")
        .element(snippet)
        .element(Level::HELP.message(problem.hint))];
    let drawn = Renderer::styled().render(&report);
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
