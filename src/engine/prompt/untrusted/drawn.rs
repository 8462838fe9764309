//! Code that GitHub draws instead of showing it, and what stands in it that no drawing shows
//! (<https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting>: diagrams, maps, bodies
//! and formulas).

use super::markdown::Edit;
use super::{Kind, has_words, hidden};
use std::ops::Range;

/// What becomes of a block of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawn {
    /// It is shown.
    AsItStands,
    /// A Mermaid diagram.
    Diagram,
    /// A formula.
    Formula,
    /// A map or a body in space, with none of the words that describe it.
    Picture,
}

impl Drawn {
    /// By the word behind the fence.
    pub(super) fn of(language: &str) -> Self {
        match language.to_ascii_lowercase().as_str() {
            "mermaid" => Self::Diagram,
            "math" => Self::Formula,
            "geojson" | "topojson" | "stl" => Self::Picture,
            _ => Self::AsItStands,
        }
    }
}

/// What of a block is not shown. `lines`: its text, as parts of the source.
pub(super) fn edits(source: &str, drawn: Drawn, lines: &[Range<usize>]) -> Vec<Edit> {
    match drawn {
        Drawn::AsItStands => Vec::new(),
        Drawn::Diagram => diagram(source, lines),
        Drawn::Formula => formula(source, lines),
        Drawn::Picture => lines
            .first()
            .zip(lines.last())
            .and_then(|(first, last)| edit(source, first.start..last.end, Kind::NeverShown, ""))
            .into_iter()
            .collect(),
    }
}

/// Comments, and what is there for readers of the source and for screen readers only
/// (<https://mermaid.js.org/config/accessibility.html>).
fn diagram(source: &str, lines: &[Range<usize>]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut in_description = false;
    for line in single(source, lines) {
        let text = &source[line.clone()];
        let opens = text.strip_prefix("accDescr").map(str::trim_start);
        let opens = opens.is_some_and(|rest| rest.starts_with('{'));
        if text.starts_with("%%") {
            edits.extend(edit(
                source,
                line.start + 2..line.end,
                Kind::DiagramComment,
                " ",
            ));
        } else if in_description
            || opens
            || text.starts_with("accTitle")
            || text.starts_with("accDescr")
        {
            in_description = (in_description || opens) && !text.contains('}');
            let words = match in_description || opens {
                true => line,
                false => line.start + text.find(':').map_or(0, |colon| colon + 1)..line.end,
            };
            edits.extend(edit(source, words, Kind::NeverShown, " "));
        }
    }
    edits
}

/// Comments: all behind a percent sign that nothing escapes.
fn formula(source: &str, lines: &[Range<usize>]) -> Vec<Edit> {
    let comment = |line: Range<usize>| {
        let text = &source[line.clone()];
        let sign = text
            .match_indices('%')
            .map(|(at, _)| at)
            .find(|at| !is_escaped(&text[..*at]))?;
        edit(
            source,
            line.start + sign + 1..line.end,
            Kind::DiagramComment,
            " ",
        )
    };
    single(source, lines).filter_map(comment).collect()
}

/// Whether what comes behind this text is escaped: two backslashes are one that is not.
fn is_escaped(before: &str) -> bool {
    let backslashes = before
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\')
        .count();
    backslashes % 2 == 1
}

/// Formulas between `$$`, the first of which begins a line.
pub(super) fn displayed(source: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut from = 0;
    while let Some(at) = source[from..].find("$$").map(|at| from + at) {
        from = at + 2;
        let line_start = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let is_first = source[line_start..at].chars().all(|c| c == ' ' || c == '>');
        let Some(length) = source[from..].find("$$").filter(|_| is_first) else {
            continue;
        };
        let inside = from..from + length;
        edits.extend(formula(source, std::slice::from_ref(&inside)));
        from = inside.end + 2;
    }
    edits
}

/// TeX for "leave room for this": `\phantom{...}` and its two relatives, wherever they stand.
pub(super) fn phantoms(source: &str) -> Vec<Edit> {
    let starts = source.match_indices("phantom").filter_map(|(at, word)| {
        let before = &source[..at];
        let is_one = before.ends_with('\\') || before.ends_with("\\h") || before.ends_with("\\v");
        let behind = &source[at + word.len()..];
        let blanks = behind.len() - behind.trim_start().len();
        let opens = behind[blanks..].starts_with('{');
        (is_one && opens).then_some(at + word.len() + blanks + 1)
    });
    let mut edits: Vec<Edit> = Vec::new();
    let mut done = 0;
    for start in starts {
        // One in another is part of it.
        if start < done {
            continue;
        }
        let end = closing_brace(source, start);
        done = end;
        edits.extend(edit(source, start..end, Kind::NeverShown, ""));
    }
    edits
}

/// Where the brace closes that opened just before `start`; the end of the paragraph if none does.
fn closing_brace(source: &str, start: usize) -> usize {
    let rest = &source[start..];
    let rest = &rest[..rest.find("\n\n").unwrap_or(rest.len())];
    let mut depth = 1_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' | '}' if is_escaped(&rest[..at]) => {}
            '{' => depth += 1,
            '}' if depth == 1 => return start + at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    start + rest.len()
}

/// Line by line, without the blanks around.
fn single<'a>(
    source: &'a str,
    ranges: &'a [Range<usize>],
) -> impl Iterator<Item = Range<usize>> + 'a {
    ranges.iter().flat_map(move |range| {
        let mut at = range.start;
        source[range.clone()]
            .split_inclusive('\n')
            .map(move |line| {
                let start = at + line.len() - line.trim_start().len();
                let end = at + line.trim_end().len();
                at += line.len();
                start.min(end)..end
            })
    })
}

fn edit(source: &str, range: Range<usize>, kind: Kind, before: &str) -> Option<Edit> {
    let words = source.get(range.clone())?;
    let ends = words.trim_end().len();
    let text = format!("{before}{}", hidden(words));
    let range = range.start..range.start + ends;
    has_words(words).then(|| Edit::new(range, Some(kind), text))
}
