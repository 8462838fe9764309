//! The votes of a situation as the clauses count them.

use super::{Rules, Situation};
use crate::engine::vote::{NotCounted, Vote, VoterKind};
use crate::ids::Alias;

/// Votes as they count for the clauses. Everything that is counted is kept as a list of names.
#[derive(Default)]
pub(super) struct Count {
    /// Votes in the fraction: all counted ones, at the bound without the advice of personas.
    pub ready: Vec<String>,
    pub changes: Vec<String>,
    pub reject: Vec<String>,
    /// Veto roles that are not READY, with their votes.
    pub vetoes: Vec<(String, Vote)>,
    /// READY votes by people.
    pub people_ready: Vec<String>,
    /// People whose READY is about an earlier text.
    pub people_outdated: Vec<String>,
    /// Personas that contradicted themselves too often on this text.
    pub disputed: Vec<String>,
    /// All counted votes, advice included.
    pub given: usize,
}

impl Count {
    pub(super) fn of(situation: &Situation<'_>, veto_personas: &[Alias]) -> Self {
        let mut count = Self::default();
        for entry in situation.votes {
            let name = || entry.participant.clone();
            let by_persona = entry.kind == VoterKind::Ai;
            match entry.not_counted {
                Some(NotCounted::Disputed) => count.disputed.push(name()),
                Some(NotCounted::Stale) if !by_persona && entry.vote == Some(Vote::Ready) => {
                    count.people_outdated.push(name());
                }
                _ => {}
            }
            let Some(vote) = entry.counted() else {
                continue;
            };
            count.given += 1;
            let is_veto = by_persona
                && vote != Vote::Ready
                && is_veto_role(&entry.participant, situation.rules, veto_personas);
            if is_veto {
                count.vetoes.push((name(), vote));
            }
            if situation.bound_after.is_some() && by_persona && !is_veto {
                continue;
            }
            match vote {
                Vote::Ready => count.ready.push(name()),
                Vote::Changes => count.changes.push(name()),
                Vote::Reject => count.reject.push(name()),
            }
            if vote == Vote::Ready && !by_persona {
                count.people_ready.push(name());
            }
        }
        count
    }

    /// Votes in the fraction.
    pub(super) fn total(&self) -> usize {
        self.ready.len() + self.changes.len() + self.reject.len()
    }

    /// Whether somebody said more than nothing against it. A REJECT below the reject rule weighs at least as much as
    /// a CHANGES.
    pub(super) fn objects(&self) -> bool {
        !self.changes.is_empty() || !self.reject.is_empty()
    }
}

/// Whether a participant's CHANGES or REJECT is a veto.
pub(super) fn is_veto_role(participant: &str, rules: &Rules, veto_personas: &[Alias]) -> bool {
    rules
        .veto
        .iter()
        .chain(veto_personas)
        .any(|alias| alias.as_str() == participant)
}
