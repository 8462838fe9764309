//! The one table of what the run can say: the README section and the conclusions are made from it.

use super::Overall;
use crate::engine::consensus::State;
use crate::forge::Conclusion;

/// One row: a state of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateRow {
    /// Titles it may have, as examples; the first is the usual one.
    pub titles: &'static [&'static str],
    /// Conclusion; `None`: in progress.
    pub conclusion: Option<Conclusion>,
    /// What it means: a few words without a full stop.
    pub meaning: &'static str,
}

impl StateRow {
    /// The conclusion in words for people.
    pub fn conclusion_in_words(&self) -> &'static str {
        match self.conclusion {
            None => "in progress",
            Some(Conclusion::Success) => "success",
            Some(Conclusion::Failure) => "failure",
            Some(Conclusion::ActionRequired) => "action required",
        }
    }
}

const fn row(
    titles: &'static [&'static str],
    conclusion: Option<Conclusion>,
    meaning: &'static str,
) -> StateRow {
    StateRow {
        titles,
        conclusion,
        meaning,
    }
}

const GREEN: Option<Conclusion> = Some(Conclusion::Success);
const RED: Option<Conclusion> = Some(Conclusion::Failure);
const OPEN: Option<Conclusion> = Some(Conclusion::ActionRequired);

static WORKING: StateRow = row(
    &[
        "WORKING: 1 of 3 answered",
        "WORKING: reading the discussions",
    ],
    None,
    "personas are at work",
);
static CLEAR: StateRow = row(
    &[
        "CLEAR: no discussion in this PR",
        "DROPPED by ann: decided elsewhere",
    ],
    GREEN,
    "nothing to decide, or somebody let go of what left",
);
static READY: StateRow = row(
    &[
        "READY: 3 of 4 ready, 1 by a person",
        "READY: 3 of 4 ready, 1 by a person; the Status line is left as it was",
    ],
    GREEN,
    "consensus: every rule holds",
);
static OVERRIDDEN: StateRow = row(
    &["OVERRIDDEN by ann: incident 114"],
    GREEN,
    "somebody with maintain answers for passing it as it is",
);
static CHANGES: StateRow = row(
    &["CHANGES: 1 of 3 ready, 2 concerns open"],
    RED,
    "a vote CHANGES or an open concern is in the way",
);
static REJECTED: StateRow = row(
    &["REJECTED by security"],
    RED,
    "a REJECT, or a persona with a veto is not READY",
);
static TAMPERED: StateRow = row(
    &["TAMPERED: block 3, line 74: the block was changed after it was signed"],
    RED,
    "a reply of the App was changed in the file",
);
static INVALID: StateRow = row(
    &["INVALID: design/cache.md:12 unclosed-fence"],
    RED,
    "the file or the configuration has an error",
);
static DISCUSSING: StateRow = row(
    &[
        "DISCUSSING: needs 1 vote by a person other than rob",
        "DECIDE: a person decides after 3 rounds",
        "WAITING: someone with write starts the panel",
        "WAITING: ann cancelled the round",
    ],
    OPEN,
    "a vote, a person or a later phase is missing",
);
static STALE: StateRow = row(
    &["STALE: Requirements changed, 3 votes to renew"],
    OPEN,
    "the text changed since the votes",
);
static DEGRADED: StateRow = row(
    &["DEGRADED: security unavailable, retry 14:20 UTC"],
    OPEN,
    "a vote that is owed could not be had; with a time, it is asked for again then",
);
static HELD: StateRow = row(
    &[
        "HELD by ann: wait for the load test",
        "HELD: paused by ann",
        "HELD: withdrawn: the file was removed",
    ],
    OPEN,
    "somebody has to settle what holds it",
);
static ERROR: StateRow = row(
    &[
        "ERROR 01J9ZK: internal, parked",
        "ERROR: the App is not granted issues: read",
    ],
    OPEN,
    "the App failed, and \"Re-run\" or `/discuss retry` tries again; or an owner of the account has to accept its permissions, and it goes on by itself",
);
static SUPERSEDED: StateRow = row(
    &["SUPERSEDED by abc123a"],
    OPEN,
    "the branch has left this commit",
);

/// All rows, in the order of the README.
pub static STATES: [&StateRow; 14] = [
    &WORKING,
    &CLEAR,
    &READY,
    &OVERRIDDEN,
    &CHANGES,
    &REJECTED,
    &TAMPERED,
    &INVALID,
    &DISCUSSING,
    &STALE,
    &DEGRADED,
    &HELD,
    &ERROR,
    &SUPERSEDED,
];

/// The row of a run. Every state is named here, so a new one cannot become green by omission.
pub fn state_row(overall: Overall) -> &'static StateRow {
    match overall {
        Overall::Clear => &CLEAR,
        Overall::Started => &WORKING,
        Overall::Superseded => &SUPERSEDED,
        Overall::Error => &ERROR,
        Overall::Of(state) => match state {
            State::Invalid => &INVALID,
            State::Tampered => &TAMPERED,
            State::Held => &HELD,
            State::Overridden => &OVERRIDDEN,
            State::Working => &WORKING,
            State::Rejected => &REJECTED,
            State::Degraded => &DEGRADED,
            State::Stale => &STALE,
            State::Changes => &CHANGES,
            State::Discussing => &DISCUSSING,
            State::Ready => &READY,
        },
    }
}
