//! Which files of a pull request are discussions: by marker or by `files`, at the merge base or at the head, or
//! because they were evaluated here before. Leaving the diff is not leaving the gate.

use super::ground::FileGlobs;
use crate::engine::discussion::{Discussion, Kind};
use crate::engine::problem::{Code, Problem, Severity};
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
    /// Whether the pull request's list of files names it. One that is not named was evaluated before.
    pub listed: bool,
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
            listed: true,
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
            listed: false,
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
    /// Over 1 MB.
    TooLarge {
        /// Bytes.
        size: u64,
        /// It begins with the marker, or its beginning is not known.
        is_marked: bool,
    },
    /// Not text.
    Unreadable {
        /// Why.
        why: Box<Problem>,
        /// Whether it begins with the marker once what is no text is left out.
        is_marked: bool,
    },
    /// A discussion.
    Discussion(Box<Discussion>),
    /// Text that is no discussion, with the reason, or that stands where none may be.
    Other(Option<Box<Problem>>),
}

impl Content {
    /// Looks at what was read.
    pub fn of(path: &str, read: Option<&FileContent>, globs: &FileGlobs) -> Self {
        let bytes = match read {
            None => return Self::Missing,
            Some(FileContent::NotAFile(what)) => return Self::NotAFile(what),
            Some(FileContent::TooLarge(size, beginning)) => {
                // What nobody shows us may be anything.
                let is_marked = |text: &String| is_marked(text.as_bytes());
                return Self::TooLarge {
                    size: *size,
                    is_marked: beginning.as_ref().is_none_or(is_marked),
                };
            }
            Some(FileContent::Blob(bytes)) => bytes,
        };
        let discussion = Discussion::parse(bytes);
        match discussion.kind {
            Kind::Unreadable => Self::Unreadable {
                why: Box::new(worst(discussion).unwrap_or_else(not_text)),
                is_marked: is_marked(bytes),
            },
            Kind::Discussion if may_be_discussion(path, globs) => {
                Self::Discussion(Box::new(discussion))
            }
            Kind::Discussion => Self::Other(None),
            Kind::Other => Self::Other(worst(discussion).map(Box::new)),
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

/// The problem that says most about why a file is no discussion.
fn worst(discussion: Discussion) -> Option<Problem> {
    let mut problems = discussion.problems;
    problems.sort_by_key(Problem::severity);
    problems.into_iter().next()
}

fn not_text() -> Problem {
    Problem::new(Code::NotUtf8, 1, 1, "the file is not UTF-8 text")
}

/// Whether bytes that are no UTF-8 begin with the marker: saved as UTF-16, or damaged further down. Whoever wrote that
/// meant a discussion.
fn is_marked(bytes: &[u8]) -> bool {
    let plain: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii).collect();
    let plain: Vec<u8> = plain.into_iter().filter(|byte| *byte != 0).collect();
    Discussion::parse(&plain).kind == Kind::Discussion
}

/// What a candidate is to the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A discussion at the head.
    Here,
    /// It was one, and is not any more; why, as in `the file was removed`.
    Withdrawn(String),
    /// It should be one and cannot be read as one; why.
    Broken(Problem),
    /// `files` takes the path in, and it carries no marker: worth a notice.
    Unmarked,
    /// Not our business.
    Unrelated,
}

/// Whether a discussion that was worked on in this pull request is as on the base again, so that the list of files
/// does not name it any more: it left by being put back.
pub fn is_put_back(candidate: &Candidate, head: &Content, base: &Content) -> bool {
    let both = head.discussion().zip(base.discussion());
    !candidate.listed && both.is_some_and(|(head, base)| head.source == base.source)
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
    let is_named_one = claims_to_be && path.ends_with(".discussion.md");
    match head {
        Content::Discussion(_) => Standing::Here,
        Content::TooLarge { size, is_marked }
            if belongs || claims_to_be || (*is_marked && may_be_discussion(path, globs)) =>
        {
            Standing::Broken(too_large(*size))
        }
        Content::Unreadable { why, is_marked }
            if belongs || claims_to_be || (*is_marked && may_be_discussion(path, globs)) =>
        {
            Standing::Broken((**why).clone())
        }
        Content::Other(Some(why))
            if why.severity() == Severity::Error && may_be_discussion(path, globs) =>
        {
            Standing::Broken((**why).clone())
        }
        Content::Other(_) if belongs && globs.excludes(path) => {
            Standing::Withdrawn("`files` on the base leaves its path out".to_owned())
        }
        Content::Other(_) if belongs && !may_be_discussion(path, globs) => {
            Standing::Withdrawn("it was renamed to what is no discussion's name".to_owned())
        }
        Content::Other(_) if belongs => Standing::Withdrawn("it lost its marker line".to_owned()),
        Content::Missing if belongs => Standing::Withdrawn("the file was removed".to_owned()),
        Content::NotAFile(what) if belongs => {
            Standing::Withdrawn(format!("the file was replaced by a {what}"))
        }
        Content::NotAFile(what) if is_named_one => Standing::Broken(not_a_file(what)),
        Content::Other(why) if is_named_one => Standing::Broken(no_marker(why.as_deref())),
        Content::Other(_) | Content::NotAFile(_) if claims_to_be => Standing::Unmarked,
        _ => Standing::Unrelated,
    }
}

fn too_large(size: u64) -> Problem {
    let message = format!("the file has {size} bytes, and 1 MB is the most that is read");
    Problem::new(Code::TooLarge, 1, 1, message)
}

fn not_a_file(what: &str) -> Problem {
    let message = format!("the name ends in .discussion.md, and what stands there is a {what}");
    Problem::new(Code::NotAFile, 1, 1, message)
}

fn no_marker(why: Option<&Problem>) -> Problem {
    let Some(why) = why else {
        let message = "the name ends in .discussion.md, and the file is no discussion";
        return Problem::new(Code::MissingMarker, 1, 1, message);
    };
    let message = format!("the name ends in .discussion.md, and {}", why.message);
    let problem = Problem::new(Code::MissingMarker, why.line, why.column, message);
    match why.hint == why.code.row().hint {
        true => problem,
        false => problem.with_hint(&why.hint),
    }
}
