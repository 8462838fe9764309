//! Merging two versions of a text by lines, as git does it where both sides changed a file.

use super::{File, GitStore};
use similar::{Algorithm, DiffOp, TextDiff};
use std::ops::Range;

/// The content of a file that both sides changed; `None`: a conflict, or no text.
pub fn merged_text(
    git: &GitStore,
    before: Option<&File>,
    ours: Option<&File>,
    theirs: Option<&File>,
) -> Option<Vec<u8>> {
    let (before, ours, theirs) = (before?, ours?, theirs?);
    if before.mode != ours.mode || ours.mode != theirs.mode {
        return None;
    }
    let text = |file: &File| Some(git.blob(&file.oid)?.as_slice());
    let text = |file: &File| std::str::from_utf8(text(file)?).ok();
    merge(text(before)?, text(ours)?, text(theirs)?).map(String::into_bytes)
}

/// Some lines of the old text and what one side put in their place.
struct Change<'a> {
    old: Range<usize>,
    new: Vec<&'a str>,
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn changes<'a>(old: &str, new: &'a str) -> Vec<Change<'a>> {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .diff_lines(old, new);
    let of_new = lines(new);
    let mut found: Vec<Change<'a>> = Vec::new();
    for op in diff.ops() {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let new = of_new.get(op.new_range()).unwrap_or_default().to_vec();
        match found.last_mut() {
            Some(last) if last.old.end == op.old_range().start => {
                last.old.end = op.old_range().end;
                last.new.extend(new);
            }
            _ => found.push(Change {
                old: op.old_range(),
                new,
            }),
        }
    }
    found
}

/// Changes that touch each other are a conflict unless they are the same.
fn merge(before: &str, ours: &str, theirs: &str) -> Option<String> {
    let old = lines(before);
    let mut all = changes(before, ours);
    all.extend(changes(before, theirs));
    all.sort_by_key(|change| (change.old.start, change.old.end));
    let mut merged = String::new();
    let mut at = 0;
    let mut last: Option<Change<'_>> = None;
    for change in all {
        if let Some(last) = &last {
            if last.old == change.old && last.new == change.new {
                continue;
            }
            if change.old.start <= last.old.end {
                return None;
            }
        }
        merged.extend(old.get(at..change.old.start)?.iter().copied());
        merged.extend(change.new.iter().copied());
        at = change.old.end;
        last = Some(change);
    }
    merged.extend(old.get(at..)?.iter().copied());
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn what_lies_apart_is_merged_and_what_touches_is_not() {
        let old = "a\nb\nc\nd\ne\n";
        let cases = [
            (
                "A\nb\nc\nd\ne\n",
                "a\nb\nc\nd\nE\n",
                Some("A\nb\nc\nd\nE\n"),
            ),
            (
                "a\nc\nd\ne\n",
                "a\nb\nc\nd\ne\nf\n",
                Some("a\nc\nd\ne\nf\n"),
            ),
            (
                "X\nb\nc\nd\ne\n",
                "X\nb\nc\nd\ne\n",
                Some("X\nb\nc\nd\ne\n"),
            ),
            ("X\nb\nc\nd\ne\n", "Y\nb\nc\nd\ne\n", None),
            ("a\nX\nc\nd\ne\n", "a\nb\nY\nd\ne\n", None),
        ];
        for (ours, theirs, merged) in cases {
            assert_eq!(
                merge(old, ours, theirs).as_deref(),
                merged,
                "{ours}{theirs}"
            );
            assert_eq!(
                merge(old, theirs, ours).as_deref(),
                merged,
                "{theirs}{ours}"
            );
        }
    }
}
