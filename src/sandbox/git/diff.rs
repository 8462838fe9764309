//! Which files differ between two commits, renames found the way GitHub's listing shows them.

use super::{File, GitStore, Snapshot};
use imbl::ordmap::DiffItem;
use std::collections::HashMap;

/// GitHub's word for what happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStatus {
    /// New path.
    Added,
    /// Gone path.
    Removed,
    /// Other content under the same path.
    Modified,
    /// Moved, perhaps with small edits.
    Renamed,
    /// Only the mode changed.
    Changed,
}

impl ChangeStatus {
    /// As the REST listing writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
            Self::Renamed => "renamed",
            Self::Changed => "changed",
        }
    }
}

/// One file of a comparison.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// Path after the change (or the removed path).
    pub path: String,
    /// Path before a rename.
    pub previous_path: Option<String>,
    /// What happened.
    pub status: ChangeStatus,
    /// The file after the change; before it for removed files.
    pub file: File,
    /// The file before the change, if there was one.
    pub before: Option<File>,
    /// Lines added.
    pub additions: usize,
    /// Lines removed.
    pub deletions: usize,
}

/// Changes that lead from one snapshot to the other, by path.
pub fn changes_between(git: &GitStore, old: &Snapshot, new: &Snapshot) -> Vec<FileChange> {
    let mut removed: Vec<(&String, &File)> = Vec::new();
    let mut added: Vec<(&String, &File)> = Vec::new();
    let mut changes = Vec::new();
    // Parts that both maps share are passed over, so that a small change of a large repository is found at once.
    for difference in old.diff(new) {
        match difference {
            DiffItem::Add(path, file) => added.push((path, file)),
            DiffItem::Remove(path, file) => removed.push((path, file)),
            DiffItem::Update { old, new } => changes.push(modified(git, new.0, old.1, new.1)),
        }
    }
    for (path, file) in added {
        changes.push(added_or_renamed(git, path, file, &mut removed));
    }
    for (path, file) in removed {
        changes.push(FileChange {
            path: path.clone(),
            previous_path: None,
            status: ChangeStatus::Removed,
            file: file.clone(),
            before: Some(file.clone()),
            additions: 0,
            deletions: lines_of(git, file).len(),
        });
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn modified(git: &GitStore, path: &str, before: &File, after: &File) -> FileChange {
    let (additions, deletions) = line_counts(git, before, after);
    let only_mode = before.oid == after.oid;
    FileChange {
        path: path.to_owned(),
        previous_path: None,
        status: if only_mode {
            ChangeStatus::Changed
        } else {
            ChangeStatus::Modified
        },
        file: after.clone(),
        before: Some(before.clone()),
        additions,
        deletions,
    }
}

/// A new path is a rename if a removed one has the same content, or shares at least half of its lines.
fn added_or_renamed(
    git: &GitStore,
    path: &str,
    file: &File,
    removed: &mut Vec<(&String, &File)>,
) -> FileChange {
    let source = removed
        .iter()
        .position(|(_, before)| before.oid == file.oid)
        .or_else(|| {
            removed
                .iter()
                .position(|(_, before)| similar(git, before, file))
        });
    match source {
        Some(index) => {
            let (old_path, before) = removed.remove(index);
            let (additions, deletions) = line_counts(git, before, file);
            FileChange {
                path: path.to_owned(),
                previous_path: Some(old_path.clone()),
                status: ChangeStatus::Renamed,
                file: file.clone(),
                before: Some(before.clone()),
                additions,
                deletions,
            }
        }
        None => FileChange {
            path: path.to_owned(),
            previous_path: None,
            status: ChangeStatus::Added,
            file: file.clone(),
            before: None,
            additions: lines_of(git, file).len(),
            deletions: 0,
        },
    }
}

fn lines_of<'a>(git: &'a GitStore, file: &File) -> Vec<&'a [u8]> {
    match git.blob(&file.oid) {
        Some(blob) if !blob.is_empty() => blob
            .strip_suffix(b"\n")
            .unwrap_or(blob)
            .split(|byte| *byte == b'\n')
            .collect(),
        _ => Vec::new(),
    }
}

/// Lines added and removed, moved lines not counted: enough for the figures in listings.
fn line_counts(git: &GitStore, before: &File, after: &File) -> (usize, usize) {
    let (old, new) = (lines_of(git, before), lines_of(git, after));
    let shared = shared_lines(&old, &new);
    (new.len() - shared, old.len() - shared)
}

fn similar(git: &GitStore, before: &File, after: &File) -> bool {
    let (old, new) = (lines_of(git, before), lines_of(git, after));
    let longest = old.len().max(new.len());
    before.mode == after.mode && longest > 0 && shared_lines(&old, &new) * 2 >= longest
}

fn shared_lines(old: &[&[u8]], new: &[&[u8]]) -> usize {
    let mut counts: HashMap<&[u8], usize> = HashMap::new();
    for line in old {
        *counts.entry(line).or_default() += 1;
    }
    new.iter()
        .filter(|line| match counts.get_mut(**line) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        })
        .count()
}
