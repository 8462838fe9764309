//! What of a discussion a reader of the page does not see, as far as it matters to people. Pure.
//!
//! Personas are shown all of it, marked. People are told of what is new and unusual: not of what stands on the base
//! already, of the words of images, of folded sections, or of notes to formatters.

use crate::bot::check::Hidden;
use crate::engine::discussion::Discussion;
use crate::engine::prompt::{Kind, disarm};
use std::collections::{BTreeMap, BTreeSet};

/// How notes to tools begin that look after Markdown.
const TOOLS: [&str; 12] = [
    "prettier-ignore",
    "markdownlint-",
    "toc",
    "/toc",
    "tocstop",
    "vale ",
    "cspell:",
    "spell-checker:",
    "textlint-",
    "remark-",
    "lint ",
    "doctoc",
];

/// Longest such note, in characters: more is a text.
const LONGEST_NOTE: usize = 60;

/// What is hidden in the body of a file, by kind.
pub(super) fn in_text(file: &Discussion, base: Option<&Discussion>) -> Vec<Hidden> {
    let Some(body) = file.source.get(file.header.end..) else {
        return Vec::new();
    };
    let of_base = base.into_iter().flat_map(|base| base.source.lines());
    let known: BTreeSet<&str> = of_base.map(str::trim).collect();
    let lines: Vec<&str> = body.split('\n').map(str::trim).collect();
    let first = file.line_of(file.header.end);
    let mut by_kind: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    for place in disarm(body).places {
        let index = place.line.saturating_sub(1);
        let text = lines.get(index).copied().unwrap_or_default();
        if !is_usual(place.kind, text) && !known.contains(text) {
            by_kind.entry(place.kind).or_default().push(first + index);
        }
    }
    let hidden = by_kind.into_iter();
    hidden.map(|(kind, lines)| Hidden { kind, lines }).collect()
}

fn is_usual(kind: Kind, line: &str) -> bool {
    match kind {
        Kind::HtmlComment => is_note_to_a_tool(line),
        Kind::HiddenElement => line.to_ascii_lowercase().starts_with("<details>"),
        kind => kind.is_usual(),
    }
}

/// Whether a line is nothing but a short comment that a tool reads.
fn is_note_to_a_tool(line: &str) -> bool {
    let inside = line
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"));
    inside.is_some_and(|inside| {
        let inside = inside.trim().to_ascii_lowercase();
        inside.chars().count() <= LONGEST_NOTE
            && !inside.contains("-->")
            && TOOLS.iter().any(|tool| inside.starts_with(tool))
    })
}
