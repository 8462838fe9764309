//! Diffs of text files by lines: the `patch` of listings, and where a line of an old version is now.

use super::{ChangeStatus, File, FileChange, GitStore, Oid};
use similar::{Algorithm, DiffOp, TextDiff};
use std::ops::RangeInclusive;

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// Beyond this GitHub shows no diff of a file.
const MAX_BYTES: usize = 500 * 1_024;
/// A file with a NUL among its first bytes has no diff.
const BINARY_WINDOW: usize = 8_000;

/// The unified diff of a changed file, without file headers; `None` where GitHub shows none.
pub fn patch(git: &GitStore, change: &FileChange) -> Option<String> {
    let (old, new) = sides(git, change)?;
    let diff = TextDiff::configure().diff_lines(&old, &new);
    let mut unified = diff.unified_diff();
    let patch = unified
        .context_radius(CONTEXT)
        .missing_newline_hint(true)
        .to_string();
    let patch = patch.trim_end_matches('\n');
    (!patch.is_empty() && patch.len() <= MAX_BYTES).then(|| patch.to_owned())
}

/// The lines of the new side that the diff shows, numbered from 1: only they can be commented on.
pub fn shown_lines(git: &GitStore, change: &FileChange) -> Vec<RangeInclusive<u64>> {
    let Some((old, new)) = sides(git, change).filter(|_| patch(git, change).is_some()) else {
        return Vec::new();
    };
    let diff = TextDiff::configure().diff_lines(&old, &new);
    let hunk = |ops: &Vec<DiffOp>| {
        let first = ops.first()?.new_range().start;
        let last = ops.last()?.new_range().end;
        (last > first).then(|| number(first)..=number(last - 1))
    };
    diff.grouped_ops(CONTEXT).iter().filter_map(hunk).collect()
}

/// Where a line of one version of a file is in another; `None` once it was changed or removed.
pub fn follow(git: &GitStore, old: &Oid, new: &Oid, line: u64) -> Option<u64> {
    let wanted = usize::try_from(line).ok()?.checked_sub(1)?;
    let (old, new) = (text(git, old)?, text(git, new)?);
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .diff_lines(&old, &new);
    diff.ops().iter().find_map(|op| match *op {
        DiffOp::Equal {
            old_index,
            new_index,
            len,
        } => {
            let offset = wanted.checked_sub(old_index).filter(|at| *at < len)?;
            Some(number(new_index + offset))
        }
        _ => None,
    })
}

fn number(index: usize) -> u64 {
    index as u64 + 1
}

fn sides(git: &GitStore, change: &FileChange) -> Option<(String, String)> {
    let side = |file: Option<&File>| match file {
        Some(file) => text(git, &file.oid),
        None => Some(String::new()),
    };
    let after = (change.status != ChangeStatus::Removed).then_some(&change.file);
    Some((side(change.before.as_ref())?, side(after)?))
}

fn text(git: &GitStore, blob: &Oid) -> Option<String> {
    let bytes = git.blob(blob)?;
    let binary = bytes.iter().take(BINARY_WINDOW).any(|byte| *byte == 0);
    (!binary).then(|| String::from_utf8_lossy(bytes).into_owned())
}
