//! Discussions of which nothing but the path can be shown, because the file is gone or cannot be read.

use super::{Case, Circumstances};
use crate::bot::check::{DiscussionView, DroppedView, People};
use crate::engine::consensus::{Reason, ReasonCode, State, Verdict};
use crate::engine::ledger::Ledger;
use crate::engine::problem::Problem;
use crate::engine::vote::Tally;
use crate::store::DropRecord;

/// It left the pull request: held until somebody with the right says otherwise.
pub(super) fn withdrawn(around: &Circumstances<'_>, case: &Case<'_>, why: &str) -> DiscussionView {
    let mut view = bare(
        around,
        case,
        State::Held,
        ReasonCode::Withdrawn,
        format!("withdrawn: {why}"),
    );
    view.held = Some(format!("withdrawn: {why}"));
    view.withdrawn = Some(why.to_owned());
    view.people = super::people(around, &[]);
    view
}

/// It left, and somebody let go of it.
pub(super) fn dropped(case: &Case<'_>, drop: &DropRecord) -> DroppedView {
    DroppedView {
        path: case.candidate.path.clone(),
        by: drop.login.clone(),
        reason: drop.reason.clone(),
        link: drop.link.clone(),
    }
}

/// It should be a discussion and cannot be read as one.
pub(super) fn invalid(
    around: &Circumstances<'_>,
    case: &Case<'_>,
    problem: Problem,
) -> DiscussionView {
    let text = problem.message.clone();
    let mut view = bare(around, case, State::Invalid, ReasonCode::Problem, text);
    view.problems = vec![problem];
    view
}

/// A discussion of which nothing but the path can be shown.
fn bare(
    around: &Circumstances<'_>,
    case: &Case<'_>,
    state: State,
    code: ReasonCode,
    text: String,
) -> DiscussionView {
    DiscussionView {
        path: case.candidate.path.clone(),
        title: case.candidate.path.clone(),
        verdict: Verdict::without_count(state, vec![Reason { code, text }]),
        phase: case
            .record
            .map_or(String::new(), |record| record.phase.clone()),
        subject: String::new(),
        tally: Tally::default(),
        votes: Vec::new(),
        owed: Vec::new(),
        people: People::default(),
        veto: Vec::new(),
        ledger: Ledger::default(),
        problems: Vec::new(),
        unsigned_lines: Vec::new(),
        hidden: Vec::new(),
        uncovered_lines: Vec::new(),
        changed_sections: Vec::new(),
        rounds: (0, 0),
        working: None,
        waiting: None,
        held: None,
        overridden: None,
        acts: Vec::new(),
        retry_at: None,
        posted: Vec::new(),
        tampered: Vec::new(),
        lost_replies: 0,
        withdrawn: None,
        url: None,
        permissions: around.ground.config.permissions.clone(),
    }
}
