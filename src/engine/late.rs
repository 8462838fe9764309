//! Concerns that come late: in a voting phase, about what their persona had before it already when it last answered.
//! They are notes, so that a discussion comes to an end; new text can always be objected to.

use super::subject;
use super::template::Phase;

/// What a persona answered on before, and what it answers on now; both from [`subject::proposal`].
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// The proposal at its last answer; `None`: there was none, or its text is not known.
    pub before: Option<&'a str>,
    /// The proposal now.
    pub now: &'a str,
}

/// Whether a concern comes late. `words`: the words of the proposal it is about, as they stand there on one line. Where
/// it cannot be told what a concern is about, it is late only if nothing at all has changed.
pub fn is_late(phase: &Phase, answered: Answered<'_>, words: Option<&str>) -> bool {
    let Some(before) = answered.before.filter(|_| phase.voting) else {
        return false;
    };
    if before == answered.now {
        return true;
    }
    let Some(words) = words.map(str::trim).filter(|words| !words.is_empty()) else {
        return false;
    };
    let changed = subject::changed_sections(before, answered.now);
    let about = subject::sections_with(answered.now, words);
    !about.is_empty() && !about.iter().any(|section| changed.contains(section))
}
