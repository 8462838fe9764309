//! What the record keeps of the status comment, and what is to be done about it. Pure.

use super::Status;
use serde::{Deserialize, Serialize};

/// Least time between two comments on one pull request, ms: whoever deletes it gets no fight.
pub const PAUSE: i64 = 3_600_000;

/// The status comment as last written. Fields that a later version adds have defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Its numeric id on GitHub; `None`: there is none.
    pub comment: Option<u64>,
    /// A write was begun whose end is not known.
    pub pending: bool,
    /// Digest of what it says; empty: not known.
    pub digest: String,
    /// The state it shows, as plain text.
    pub state: String,
    /// The last state that was a verdict, as plain text; empty: there was none.
    pub verdict: String,
    /// What stays of that verdict's comment when the pull request ends.
    pub rest: String,
    /// When a comment was last begun, ms by the store's clock.
    pub begun_at: i64,
    /// Changes of state that were told in comments of their own.
    pub turns: u64,
}

/// What is to be done about the comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It says so already, or must not be there.
    Nothing,
    /// Its text is replaced.
    Edit(u64),
    /// A new one is posted; `look_first`: one of ours may be there.
    Create {
        /// Whether to look for one first.
        look_first: bool,
    },
}

/// What to do so that the comment says `status` with that digest. `may_begin`: it may be posted if there is none.
/// `comments`: how many there are in the conversation, if known. `now` in ms by the store's clock.
pub fn step(
    kept: Option<&Kept>,
    status: &Status,
    digest: &str,
    may_begin: bool,
    comments: Option<u64>,
    now: i64,
) -> Step {
    let Some(kept) = kept else {
        // No record: a new pull request, or a lost store. Where nobody wrote anything, we did not either.
        return match may_begin {
            true => Step::Create {
                look_first: comments != Some(0),
            },
            false => Step::Nothing,
        };
    };
    if let Some(id) = kept.comment {
        return match kept.digest == digest {
            true => Step::Nothing,
            false => Step::Edit(id),
        };
    }
    if kept.pending && may_begin {
        return Step::Create { look_first: true };
    }
    // Deleted by somebody, or refused by GitHub: tried again when there is news, and not at once.
    match may_begin && changes_state(&kept.state, &status.state) && now - kept.begun_at >= PAUSE {
        true => Step::Create { look_first: false },
        false => Step::Nothing,
    }
}

/// Whether another state is shown, and not only other numbers behind it.
pub fn changes_state(before: &str, now: &str) -> bool {
    word(before) != word(now)
}

/// The state's word: `CHANGES` of `CHANGES: 1 of 3 ready`.
fn word(state: &str) -> &str {
    let end = state.find(|c: char| !c.is_ascii_uppercase());
    &state[..end.unwrap_or(state.len())]
}
