//! The alias of a persona, from its `name` or else from the name of its file.

use super::front_matter::{Findings, line_of};
use super::{ENDINGS, RESERVED};
use crate::ids::Alias;
use serde_saphyr::Spanned;

/// What tools put between the name of a file and its ending.
const KINDS: [&str; 5] = [
    ".agent",
    ".chatmode",
    ".instructions",
    ".persona",
    ".prompt",
];

/// Characters of names made for people that become hyphens. Anything else in a name is refused: leaving it out could
/// make two names one.
const FOLDED: &[char] = &[' ', '_', '.', '-', '&', '+', '/', '(', ')', '\''];

/// The alias; names with capitals and blanks are respelt with a notice.
pub(super) fn alias(
    name: Option<&Spanned<String>>,
    file_name: Option<&str>,
    found: &mut Findings,
) -> Option<Alias> {
    let written = name.map(|name| name.value.trim()).unwrap_or_default();
    let line = name.and_then(line_of);
    let (written, line) = match file_name {
        Some(file_name) if written.is_empty() => (stem(file_name), Some(1)),
        _ => (written, line),
    };
    let comes_from_file = file_name.is_some() && name.is_none_or(|n| n.value.trim().is_empty());
    if written.is_empty() {
        found.error(
            Some(1),
            "`name` is missing",
            "Add `name:` with the alias people mention, for instance `name: security`.",
        );
        return None;
    }
    let Some(alias) = respelt(written) else {
        found.error(
            line,
            format!("`{written}` cannot be an alias"),
            "Use a small letter, then up to 30 small letters, digits or hyphens.",
        );
        return None;
    };
    if RESERVED.contains(&alias.as_str()) {
        found.error(
            line,
            format!("`{alias}` is a word of `/discuss` and cannot be an alias"),
            format!("Choose another name, for instance `{alias}-reviewer`."),
        );
        return None;
    }
    if comes_from_file {
        found.notice(
            line,
            format!("`name` is missing; the file's name stands in, so the alias is `{alias}`"),
            format!("Nothing to do, or add `name: {alias}`."),
        );
    } else if alias.as_str() != written {
        found.notice(
            line,
            format!("`{written}` goes by the alias `{alias}` here"),
            format!("Nothing to do: write `{alias}` in `participants` and in commands."),
        );
    }
    Some(alias)
}

/// The alias a name stands for, if every character of it can be kept or folded.
fn respelt(written: &str) -> Option<Alias> {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || FOLDED.contains(&c);
    if !written.chars().all(is_kept) {
        return None;
    }
    if Alias::parse(written).is_some_and(|alias| alias.as_str() == written) {
        return Alias::parse(written);
    }
    let lower = written.to_ascii_lowercase();
    let words = lower.split(FOLDED).filter(|word| !word.is_empty());
    Alias::parse(&words.collect::<Vec<_>>().join("-"))
}

/// A file's name without its endings.
fn stem(file_name: &str) -> &str {
    let bare = |name, endings: &[&str]| {
        let cut = endings
            .iter()
            .find_map(|ending| str::strip_suffix(name, ending));
        cut.unwrap_or(name)
    };
    bare(bare(file_name, &ENDINGS), &KINDS)
}
