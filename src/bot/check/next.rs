//! What has to happen next, by whom, and the line to post.

use super::DiscussionView;

/// Steps shown at most.
pub const MAX_STEPS: usize = 3;

/// One thing somebody can do to get nearer to green.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Who: `someone with write other than rob`, `security`. Plain text.
    pub who: String,
    /// What: `votes on this text`. Plain text, goes on from `who`.
    pub what: String,
    /// The line to post as a comment, if a comment does it.
    pub line: Option<String>,
}

/// The next steps of one discussion, most useful first, at most [`MAX_STEPS`]; empty when nothing is owed. With
/// `name_path` the lines name the discussion (a pull request with several).
pub fn next_steps(view: &DiscussionView, name_path: bool) -> Vec<NextStep> {
    let _ = (view, name_path, MAX_STEPS);
    todo!()
}
