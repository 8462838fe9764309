//! Moving through the phases of a template. Decides, changes nothing.

use super::template::{Advance, Phase, Template};
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

impl RoundEnd<'_> {
    /// Everybody has voted on this text and nobody is against it. An empty panel has not.
    fn is_heard(&self) -> bool {
        let accepted = |vote: &Option<Vote>| vote.is_some_and(|vote| vote != Vote::Reject);
        !self.owed_votes.is_empty() && self.owed_votes.iter().all(accepted)
    }

    /// Everybody is READY and nothing is open that would block.
    fn is_flawless(&self) -> bool {
        let ready = |vote: &Option<Vote>| *vote == Some(Vote::Ready);
        self.is_heard() && self.owed_votes.iter().all(ready) && !self.blocking_concern_open
    }
}

/// The phase after a round: the same, one step on, or straight to the next voting phase when all are READY.
/// Returns the name; an unknown current phase stays.
///
/// A phase that only a person ends stays, and is not jumped over either.
pub fn after_round(template: &Template, current: &str, end: &RoundEnd<'_>) -> String {
    let stays = current.to_owned();
    let Some(phase) = template.phase(current) else {
        return stays;
    };
    if phase.advance == Advance::Manual {
        return stays;
    }
    let Some(next) = phase.next.as_deref().and_then(|name| template.phase(name)) else {
        return stays;
    };
    let target = match (phase.voting, end) {
        (true, end) if end.ready_holds => next,
        (false, end) if end.is_flawless() => next_stop(template, next),
        (false, end) if end.is_heard() => next,
        _ => return stays,
    };
    target.name.clone()
}

/// The names of the phases on the way from the first.
fn way(template: &Template) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut phase = template.phase(&template.first_phase);
    while let Some(current) = phase.filter(|phase| !names.contains(&phase.name.as_str())) {
        names.push(&current.name);
        phase = current
            .next
            .as_deref()
            .and_then(|next| template.phase(next));
    }
    names
}

/// The names of the phases on the way from the first, then the others.
pub fn in_order(template: &Template) -> Vec<&str> {
    let mut names = way(template);
    let others = template.phases.keys().map(String::as_str);
    let others: Vec<&str> = others.filter(|name| !names.contains(name)).collect();
    names.extend(others);
    names
}

/// The voting phases that a step leaves behind without their vote; `has_passed`: all that READY needs in `from` holds.
/// Going back leaves none. A step from or to a phase that is not on the way leaves all that could have come.
pub fn left_out<'t>(
    template: &'t Template,
    from: &str,
    to: &str,
    has_passed: bool,
) -> Vec<&'t str> {
    let way = way(template);
    let place = |name: &str| way.iter().position(|known| *known == name);
    let (start, end) = (place(from), place(to).unwrap_or(way.len()));
    let own = template.phase(from).filter(|_| start.is_none());
    let between = way.get(start.unwrap_or(0)..end).unwrap_or_default();
    let votes = |name: &&str| template.phase(name).is_some_and(|phase| phase.voting);
    own.map(|phase| phase.name.as_str())
        .into_iter()
        .chain(between.iter().copied())
        .filter(votes)
        .filter(|name| *name != to && !(has_passed && *name == from))
        .collect()
}

/// The first phase from `phase` on that votes, waits for a person, or is the last.
fn next_stop<'t>(template: &'t Template, phase: &'t Phase) -> &'t Phase {
    let mut phase = phase;
    // A template has no circles; the bound keeps that true for hand-made ones.
    for _ in 0..template.phases.len() {
        if phase.voting || phase.advance == Advance::Manual {
            break;
        }
        match phase.next.as_deref().and_then(|name| template.phase(name)) {
            Some(next) => phase = next,
            None => break,
        }
    }
    phase
}
