//! What of a discussion a reader of the page does not see, as far as it matters to people. Pure.
//!
//! Personas are shown all of it, marked. People are told of what is new and unusual: not of what stands on the base
//! already, of the words of images, of folded sections, or of notes to formatters.

use crate::bot::check::Hidden;
use crate::engine::discussion::Discussion;
use crate::engine::prompt::{Kind, Place, TITLE_SHOWN, disarm};
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
///
/// A thing with words is known if the base has as many with the same words; others if the base has their line. Each line
/// is looked at once: one may be as long as a file, and hold a hundred thousand of them.
pub fn in_text(file: &Discussion, base: Option<&Discussion>) -> Vec<Hidden> {
    let body = body(file);
    let mut places = disarm(body).places;
    places.retain(|place| !is_usual(place));
    let title = long_title(file)
        .filter(|_| file.header.title() != base.and_then(|base| base.header.title()));
    if places.is_empty() && title.is_none() {
        return Vec::new();
    }
    let of_base = base.map(body_of_base).unwrap_or_default();
    let mut known: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
    for place in &of_base.places {
        if let Some(words) = &place.words {
            *known.entry((place.kind, words)).or_default() += 1;
        }
    }
    let is_known_line: Vec<bool> = body
        .split('\n')
        .map(|line| of_base.lines.contains(line.trim()))
        .collect();
    let first = file.line_of(file.header.end);
    let mut by_kind: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    if let Some(line) = title {
        by_kind.entry(Kind::NeverShown).or_default().push(line);
    }
    for place in &places {
        let index = place.line.saturating_sub(1);
        let is_known = match &place.words {
            Some(words) => takes_one(known.get_mut(&(place.kind, words.as_str()))),
            None => is_known_line.get(index).copied().unwrap_or_default(),
        };
        if !is_known {
            by_kind.entry(place.kind).or_default().push(first + index);
        }
    }
    let hidden = by_kind.into_iter();
    hidden.map(|(kind, lines)| Hidden { kind, lines }).collect()
}

/// The line of a title that has more than people are shown of it.
fn long_title(file: &Discussion) -> Option<usize> {
    let title = file.header.field("Title")?;
    title.value.chars().nth(TITLE_SHOWN).map(|_| title.line)
}

/// Whether any are left, of which one is taken.
fn takes_one(left: Option<&mut usize>) -> bool {
    match left {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

/// What the base has: its hidden things, and its lines.
#[derive(Default)]
struct OfBase<'a> {
    places: Vec<Place>,
    lines: BTreeSet<&'a str>,
}

fn body_of_base(base: &Discussion) -> OfBase<'_> {
    let body = body(base);
    OfBase {
        places: disarm(body).places,
        lines: body.split('\n').map(str::trim).collect(),
    }
}

fn body(file: &Discussion) -> &str {
    file.source.get(file.header.end..).unwrap_or_default()
}

fn is_usual(place: &Place) -> bool {
    match place.kind {
        Kind::HtmlComment => place.words.as_deref().is_some_and(is_note_to_a_tool),
        Kind::HiddenElement => place.is_folded,
        kind => kind.is_usual(),
    }
}

/// Whether a comment is a short one that a tool reads.
fn is_note_to_a_tool(comment: &str) -> bool {
    let inside = comment
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
        .map(str::trim)
        .filter(|inside| inside.chars().take(LONGEST_NOTE + 1).count() <= LONGEST_NOTE);
    inside.is_some_and(|inside| {
        let inside = inside.to_ascii_lowercase();
        TOOLS.iter().any(|tool| inside.starts_with(tool))
    })
}
