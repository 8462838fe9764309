//! Which files of a pull request are discussions: by marker or by `files`, at the merge base or at the head, or
//! because they were evaluated here before. Leaving the diff is not leaving the gate.

use super::ground::FileGlobs;
use crate::engine::discussion::{Discussion, Kind};
use crate::forge::{ChangedFile, FileContent};
use std::collections::BTreeSet;

/// A path that may be a discussion and has to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Path at the head (or the removed one).
    pub path: String,
    /// Path at the merge base; `None`: the pull request adds it.
    pub base_path: Option<String>,
    /// Path under which the record keeps it: the first one it was evaluated under, so that a rename keeps votes.
    pub key: String,
}

/// The paths to read, in order of path. `recorded`: paths that were evaluated for this pull request before.
pub fn candidates(
    files: &[ChangedFile],
    globs: &FileGlobs,
    recorded: &BTreeSet<String>,
) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = files
        .iter()
        .filter(|file| is_candidate(file, globs, recorded))
        .map(|file| Candidate {
            path: file.path.clone(),
            base_path: match (&file.previous_path, file.added) {
                (Some(previous), _) => Some(previous.clone()),
                (None, true) => None,
                (None, false) => Some(file.path.clone()),
            },
            key: key(file, recorded),
        })
        .collect();
    let known: BTreeSet<&String> = found.iter().map(|candidate| &candidate.key).collect();
    let left: Vec<Candidate> = recorded
        .iter()
        .filter(|path| !known.contains(path))
        .map(|path| Candidate {
            path: path.clone(),
            base_path: Some(path.clone()),
            key: path.clone(),
        })
        .collect();
    found.extend(left);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn is_candidate(file: &ChangedFile, globs: &FileGlobs, recorded: &BTreeSet<String>) -> bool {
    let paths = || std::iter::once(&file.path).chain(&file.previous_path);
    paths().any(|path| may_be_discussion(path, globs) || recorded.contains(path))
}

fn key(file: &ChangedFile, recorded: &BTreeSet<String>) -> String {
    let previous = file.previous_path.as_ref();
    match previous.filter(|previous| recorded.contains(*previous)) {
        Some(previous) if !recorded.contains(&file.path) => previous.clone(),
        _ => file.path.clone(),
    }
}

/// Whether a file at this path is a discussion if it carries the marker.
fn may_be_discussion(path: &str, globs: &FileGlobs) -> bool {
    !globs.excludes(path) && (is_markdown(path) || globs.takes_in(path))
}

fn is_markdown(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".md")
}

/// What stands at one path at one commit.
#[derive(Debug, Clone)]
pub enum Content {
    /// No such path.
    Missing,
    /// A symlink, a submodule or a folder.
    NotAFile(&'static str),
    /// Over 1 MB; holds the size in bytes.
    TooLarge(u64),
    /// Not text.
    Unreadable(Box<Discussion>),
    /// A discussion.
    Discussion(Box<Discussion>),
    /// Text that is no discussion, or stands where none may be.
    Other,
}

impl Content {
    /// Looks at what was read.
    pub fn of(path: &str, read: Option<&FileContent>, globs: &FileGlobs) -> Self {
        let bytes = match read {
            None => return Self::Missing,
            Some(FileContent::NotAFile(what)) => return Self::NotAFile(what),
            Some(FileContent::TooLarge(size)) => return Self::TooLarge(*size),
            Some(FileContent::Blob(bytes)) => bytes,
        };
        let discussion = Discussion::parse(bytes);
        match discussion.kind {
            Kind::Unreadable => Self::Unreadable(Box::new(discussion)),
            Kind::Discussion if may_be_discussion(path, globs) => {
                Self::Discussion(Box::new(discussion))
            }
            Kind::Discussion | Kind::Other => Self::Other,
        }
    }

    /// The discussion, if it is one.
    pub fn discussion(&self) -> Option<&Discussion> {
        match self {
            Self::Discussion(discussion) => Some(discussion),
            _ => None,
        }
    }
}

/// What a candidate is to the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A discussion at the head.
    Here,
    /// It was one, and is not any more; why, as in `the file was removed`.
    Withdrawn(String),
    /// It should be one and cannot be read as one.
    Broken(Broken),
    /// `files` takes the path in, and it carries no marker: worth a notice.
    Unmarked,
    /// Not our business.
    Unrelated,
}

/// Why a file that should be a discussion cannot be read as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Over 1 MB; holds the size in bytes.
    TooLarge(u64),
    /// Not text.
    NotText,
    /// Named `*.discussion.md` and without the marker.
    NoMarker,
}

/// Decides what a candidate is. `was_worked_on`: there were answers or votes for it in this pull request.
pub fn standing(
    path: &str,
    head: &Content,
    base: &Content,
    was_worked_on: bool,
    globs: &FileGlobs,
) -> Standing {
    let belongs = was_worked_on || base.discussion().is_some();
    let claims_to_be = globs.takes_in(path);
    match head {
        Content::Discussion(_) => Standing::Here,
        Content::TooLarge(size) if belongs || claims_to_be => {
            Standing::Broken(Broken::TooLarge(*size))
        }
        Content::Unreadable(_) if belongs || claims_to_be => Standing::Broken(Broken::NotText),
        Content::Other if belongs && !may_be_discussion(path, globs) => {
            Standing::Withdrawn("it was renamed to what is no discussion's name".to_owned())
        }
        Content::Other if belongs => Standing::Withdrawn("it lost its marker line".to_owned()),
        Content::Missing if belongs => Standing::Withdrawn("the file was removed".to_owned()),
        Content::NotAFile(what) if belongs => {
            Standing::Withdrawn(format!("the file was replaced by a {what}"))
        }
        Content::Other if path.ends_with(".discussion.md") && claims_to_be => {
            Standing::Broken(Broken::NoMarker)
        }
        Content::Other if claims_to_be => Standing::Unmarked,
        _ => Standing::Unrelated,
    }
}
