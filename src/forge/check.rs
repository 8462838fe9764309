//! Check runs: what is posted on a commit, and what GitHub has of it.

use crate::ids::Sha;

/// Conclusion of a completed check run. `neutral`, `skipped` and `cancelled` pass on GitHub and do not exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conclusion {
    /// Green.
    Success,
    /// Red: somebody has to change something.
    Failure,
    /// Not green: somebody has to do something.
    ActionRequired,
}

impl Conclusion {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::ActionRequired => "action_required",
        }
    }
}

/// Level of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnnotationLevel {
    /// `failure`
    Failure,
    /// `warning`
    Warning,
    /// `notice`
    Notice,
}

impl AnnotationLevel {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// One annotation on a file's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Path in the pull request's tree.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Level.
    pub level: AnnotationLevel,
    /// Title, at most 255 characters.
    pub title: String,
    /// Message, at most 64 KB.
    pub message: String,
}

/// A button on a check run: label at most 20 characters, description 40, identifier 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckButton {
    /// Label.
    pub label: String,
    /// Description.
    pub description: String,
    /// Identifier sent back by `check_run.requested_action`.
    pub identifier: String,
}

/// A check run to post on one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// `discussions`, `discussions (preview)`, ...
    pub name: String,
    /// Commit it is bound to.
    pub head: Sha,
    /// `None`: in progress.
    pub conclusion: Option<Conclusion>,
    /// Title line.
    pub title: String,
    /// Markdown, at most 65,535 bytes (cut by the caller).
    pub summary: String,
    /// Any number; the adapter pages them by 50.
    pub annotations: Vec<Annotation>,
    /// At most three.
    pub buttons: Vec<CheckButton>,
    /// Our own id, for read-back.
    pub external_id: String,
    /// Page with more, if any.
    pub details_url: Option<String>,
}

/// A check run of ours as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingCheck {
    /// Numeric id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Our own id.
    pub external_id: String,
    /// `None`: not completed.
    pub conclusion: Option<String>,
}
