//! The buttons of the check: each is shown only where pressing it may help.

use super::{DiscussionView, Findings, conclusion, overall};
use crate::engine::consensus::{Owed, State};
use crate::forge::{CheckButton, Conclusion};

/// Identifier of the button that asks personas without a fresh vote, like a bare `/discuss`.
pub const ASK_AGAIN: &str = "ask_again";
/// Identifier of the button that asks only personas whose vote is about an earlier text.
pub const RERUN_STALE: &str = "rerun_stale";
/// Identifier of the button that replies like `/discuss why`.
pub const EXPLAIN: &str = "explain";

/// Every button there is: identifier, label, description. GitHub takes 20, 20 and 40 characters, and three buttons.
pub const BUTTONS: [(&str, &str, &str); 3] = [
    (ASK_AGAIN, "Ask again", "Ask personas without a fresh vote"),
    (
        RERUN_STALE,
        "Re-run stale",
        "Ask personas whose vote is stale",
    ),
    (EXPLAIN, "Explain", "Reply with every rule and why it fails"),
];

/// The buttons of a run. None while it is in progress, on a green one, and where nothing was evaluated.
pub(super) fn buttons(findings: &Findings) -> Vec<CheckButton> {
    let Findings::Evaluated(evaluation) = findings else {
        return Vec::new();
    };
    let is_open = !matches!(
        conclusion(overall(findings)),
        None | Some(Conclusion::Success)
    );
    let views = &evaluation.discussions;
    let can_ask = evaluation.config_errors.is_empty();
    let helps = |identifier: &str| match identifier {
        ASK_AGAIN => {
            can_ask
                && views
                    .iter()
                    .any(|view| owes(view, |owed| *owed != Owed::Fresh))
        }
        RERUN_STALE => {
            can_ask
                && views
                    .iter()
                    .any(|view| owes(view, |owed| *owed == Owed::Stale))
        }
        _ => true,
    };
    let shown = BUTTONS
        .iter()
        .filter(|(identifier, ..)| is_open && helps(identifier));
    shown
        .map(|(identifier, label, description)| CheckButton {
            label: (*label).to_owned(),
            description: (*description).to_owned(),
            identifier: (*identifier).to_owned(),
        })
        .collect()
}

/// Whether somebody who can be asked about a discussion owes such a vote.
fn owes(view: &DiscussionView, wanted: impl Fn(&Owed) -> bool) -> bool {
    let state = view.verdict.state;
    let is_askable = !matches!(
        state,
        State::Ready | State::Overridden | State::Working | State::Invalid | State::Tampered
    );
    is_askable && !view.is_past_bound() && !view.owed_as(wanted).is_empty()
}
