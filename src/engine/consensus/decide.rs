//! From a situation to its verdict: the first clause that does not hold gives the state.

use super::clauses::{self, CLAUSES, Facts, Finding};
use super::count::is_veto_role;
use super::{ConcernRule, Reason, ReasonCode, Rules, Situation, State, Verdict};
use crate::engine::ledger::{Item, ItemState, Ledger};
use crate::engine::vote::{Vote, VoteEntry, VoterKind};
use crate::ids::Alias;

/// Decides. Pure and total: every situation has a verdict, and READY needs every clause.
///
/// `veto_personas` are the personas whose own file claims a veto; those named in the rules come on top.
///
/// At the bound persona votes are advice: none is owed, and they leave the fraction, except a veto role's CHANGES or
/// REJECT. They still fill `minimum_votes`, which asks whether enough took part, not what they said.
///
/// A disputed persona ([`super::is_disputed`]) leaves the tally, and one more person is needed in its place. Once so
/// many people are READY, the dispute stands in nobody's way.
pub fn decide(situation: &Situation<'_>, veto_personas: &[Alias]) -> Verdict {
    let facts = Facts::of(situation, veto_personas);
    let mut findings: Vec<Finding> = CLAUSES.iter().map(|clause| clause(&facts)).collect();
    let overrides = |finding: &Finding| finding.state == Some(State::Overridden);
    // An override of rules that hold all the same overrides nothing.
    let is_needed = findings
        .iter()
        .any(|finding| finding.state.is_some() && !overrides(finding));
    if !is_needed {
        for finding in findings.iter_mut().filter(|finding| overrides(finding)) {
            finding.state = None;
            finding.reasons.clear();
            finding.clause.holds = true;
        }
    }
    let state = findings.iter().find_map(|finding| finding.state);
    let mut reasons: Vec<Reason> = Vec::new();
    let mut clauses = Vec::new();
    for finding in findings {
        reasons.extend(finding.reasons);
        clauses.push(finding.clause);
    }
    if let Some(rounds) = situation.bound_after
        && !reasons.is_empty()
    {
        let after = reasons
            .iter()
            .take_while(|reason| precedes_bound(reason.code))
            .count();
        reasons.insert(after, clauses::bound(rounds));
    }
    Verdict {
        state: state.unwrap_or(State::Ready),
        reasons,
        clauses,
    }
}

/// Open concerns that block under these rules, in ledger order. A participant's counted READY closes its own, but for
/// those that a person raised by name: only words end these.
pub fn blocking_concerns<'l>(
    rules: &Rules,
    ledger: &'l Ledger,
    votes: &[VoteEntry],
    veto_personas: &[Alias],
) -> Vec<&'l Item> {
    let has_veto = |author: &str| is_veto_role(author, rules, veto_personas);
    let blocks = |item: &Item| match rules.concerns {
        ConcernRule::None => false,
        ConcernRule::All => true,
        ConcernRule::People => !item.by_persona || has_veto(&item.author),
    };
    let closed_by_ready = |item: &Item| {
        !item.is_named()
            && votes.iter().any(|entry| {
                entry.participant == item.author
                    && (entry.kind == VoterKind::Ai) == item.by_persona
                    && entry.counted() == Some(Vote::Ready)
            })
    };
    ledger
        .concerns
        .iter()
        .filter(|item| item.state == ItemState::Open && !item.minor)
        .filter(|item| blocks(item) && !closed_by_ready(item))
        .collect()
}

/// What outweighs the bound in the order of reasons: nobody can decide while these stand.
fn precedes_bound(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::Problem
            | ReasonCode::Tampered
            | ReasonCode::Held
            | ReasonCode::Overridden
            | ReasonCode::Rejected
            | ReasonCode::Veto
    )
}
