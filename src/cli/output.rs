//! All printing. Results go to stdout, everything else to stderr; colour only where a terminal wants it.

use super::Failure;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::Write as _;

/// Red: refused, rejected.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// Yellow: not yet.
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Green: ready.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// Headings and the verdict.
pub const BOLD: Style = Style::new().bold();
/// Side remarks.
pub const DIM: Style = Style::new().dimmed();

/// Text in a style, for lines handed to [`Output`]; the stream strips it where colour is not wanted.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Where a command prints to.
pub struct Output {
    json: bool,
}

/// `discussions/error@1`: what a refusal looks like with `--json`.
#[derive(Serialize)]
struct ErrorJson<'a> {
    schema: &'static str,
    code: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
    path: Option<&'a str>,
    line: Option<usize>,
}

impl Output {
    /// With `json`, refusals are JSON on stdout as well as a line on stderr.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// One line of the result. A reader that went away (a closed pipe) is no error.
    pub fn result(&self, line: impl std::fmt::Display) {
        let _ = writeln!(anstream::stdout(), "{line}");
    }

    /// The result as pretty JSON.
    pub fn json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.result(text),
            Err(error) => self.note(format!("cannot write JSON: {error}")),
        }
    }

    /// A line for the person at the terminal, on stderr.
    pub fn note(&self, line: impl std::fmt::Display) {
        let _ = writeln!(anstream::stderr(), "{line}");
    }

    /// A refusal.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            self.json(&ErrorJson {
                schema: "discussions/error@1",
                code: failure.code,
                message: &failure.message,
                hint: failure.hint.as_deref(),
                path: failure.path.as_deref(),
                line: failure.line,
            });
        }
        let place = match (&failure.path, failure.line) {
            // Some messages are sentences about the file; its name once is enough.
            (Some(path), None) if failure.message.contains(path) => String::new(),
            (Some(path), Some(line)) => format!("{path}:{line}: "),
            (Some(path), None) => format!("{path}: "),
            _ => String::new(),
        };
        self.note(format!(
            "{} {place}{}",
            styled(RED, "error:"),
            failure.message
        ));
        if let Some(hint) = &failure.hint {
            self.note(format!("  {} {hint}", styled(DIM, "hint:")));
        }
    }
}
