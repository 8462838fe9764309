//! Moving through the phases of a template. Decides, changes nothing.

use super::template::Template;
use super::vote::Vote;

/// What the end of a round looks like to the phase rules.
#[derive(Debug, Clone)]
pub struct RoundEnd<'a> {
    /// Fresh votes of every voting participant that is owed one; `None`: no fresh vote yet.
    pub owed_votes: &'a [Option<Vote>],
    /// Whether a blocking concern is open.
    pub blocking_concern_open: bool,
    /// Whether all that READY needs in this phase, apart from being the final one, holds.
    pub ready_holds: bool,
}

/// The phase after a round: the same, one step on, or straight to the next voting phase when all are READY.
/// Returns the name; an unknown current phase stays.
pub fn after_round(template: &Template, current: &str, end: &RoundEnd<'_>) -> String {
    let _ = (template, current, end);
    todo!()
}
