//! The rules themselves. Every clause is one function that adds its reason or does not; the state follows from them.

use super::{ConcernRule, Owed, Reason, ReasonCode, RejectRule, Rules, Situation, State, Verdict};
use crate::engine::ledger::{Item, ItemState, Ledger};
use crate::engine::problem::{Problem, Severity};
use crate::engine::vote::{NotCounted, Vote, VoteEntry, VoterKind};
use crate::ids::Alias;

/// Decides. Pure and total: every situation has a verdict, and READY needs every clause.
///
/// `veto_personas` are the personas whose own file claims a veto; those named in the rules come on top.
///
/// At the bound persona votes are advice: none is owed, and they leave the fraction, except a veto role's CHANGES or
/// REJECT. They still fill `minimum_votes`, which asks whether enough took part, not what they said.
pub fn decide(situation: &Situation<'_>, veto_personas: &[Alias]) -> Verdict {
    let count = Count::of(situation, veto_personas);
    let owed = if situation.bound_after.is_some() {
        &[]
    } else {
        situation.owed
    };
    let blocking = blocking_concerns(
        situation.rules,
        situation.ledger,
        situation.votes,
        veto_personas,
    );

    let problems = problems(situation.problems);
    let tampered = tampered(situation.tampered);
    let held = held(situation.held.as_deref());
    let working = working(situation.working);
    let rejected = [rejected(&situation.rules.reject, &count), vetoes(&count)].concat();
    let degraded = degraded(owed);
    let stale = stale(owed, situation.changed_sections);
    let phase = wrong_phase(situation);
    let fraction = ready_fraction(situation, &count);
    let concerns = blocking
        .into_iter()
        .map(blocking_concern)
        .collect::<Vec<_>>();
    let objections = !concerns.is_empty() || (!fraction.is_empty() && count.objects());
    let missing = missing(owed);
    let quorum = [
        minimum_votes(situation.rules, &count),
        humans(situation, &count),
    ]
    .concat();

    let not_final = !phase.is_empty();
    let lacking = !fraction.is_empty() || !missing.is_empty() || !quorum.is_empty();
    let state = [
        (!problems.is_empty(), State::Invalid),
        (!tampered.is_empty(), State::Tampered),
        (!held.is_empty(), State::Held),
        (!working.is_empty(), State::Working),
        (!rejected.is_empty(), State::Rejected),
        (!degraded.is_empty(), State::Degraded),
        (!stale.is_empty(), State::Stale),
        (not_final, State::Discussing),
        (objections, State::Changes),
        (lacking, State::Discussing),
    ]
    .into_iter()
    .find_map(|(applies, state)| applies.then_some(state))
    .unwrap_or(State::Ready);

    let mut reasons = [
        problems, tampered, held, working, rejected, degraded, stale, phase, concerns, fraction,
        missing, quorum,
    ]
    .concat();
    if let Some(rounds) = situation.bound_after
        && !reasons.is_empty()
    {
        let after = reasons
            .iter()
            .take_while(|reason| precedes_bound(reason.code))
            .count();
        reasons.insert(after, bound(rounds));
    }
    Verdict { state, reasons }
}

/// Open concerns that block under these rules, in ledger order. A participant's counted READY closes its own.
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
        votes.iter().any(|entry| {
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

fn is_veto_role(participant: &str, rules: &Rules, veto_personas: &[Alias]) -> bool {
    rules
        .veto
        .iter()
        .chain(veto_personas)
        .any(|alias| alias.as_str() == participant)
}

/// Votes as they count for the clauses.
#[derive(Default)]
struct Count {
    /// Votes in the fraction: all counted ones, at the bound without the advice of personas.
    ready: usize,
    changes: usize,
    reject: usize,
    /// Who votes REJECT, for the text.
    rejecting: Vec<String>,
    /// Veto roles that are not READY, with their votes.
    vetoes: Vec<(String, Vote)>,
    /// READY votes by people.
    people_ready: usize,
    /// All counted votes, advice included.
    given: usize,
}

impl Count {
    fn of(situation: &Situation<'_>, veto_personas: &[Alias]) -> Self {
        let mut count = Self::default();
        for entry in situation.votes {
            let Some(vote) = entry.counted() else {
                continue;
            };
            count.given += 1;
            let by_persona = entry.kind == VoterKind::Ai;
            let is_veto = by_persona
                && vote != Vote::Ready
                && is_veto_role(&entry.participant, situation.rules, veto_personas);
            if is_veto {
                count.vetoes.push((entry.participant.clone(), vote));
            }
            if situation.bound_after.is_some() && by_persona && !is_veto {
                continue;
            }
            match vote {
                Vote::Ready => count.ready += 1,
                Vote::Changes => count.changes += 1,
                Vote::Reject => {
                    count.reject += 1;
                    count.rejecting.push(entry.participant.clone());
                }
            }
            if vote == Vote::Ready && !by_persona {
                count.people_ready += 1;
            }
        }
        count
    }

    fn total(&self) -> usize {
        self.ready + self.changes + self.reject
    }

    /// Whether somebody said more than nothing against it. A REJECT below the reject rule weighs at least as much as
    /// a CHANGES.
    fn objects(&self) -> bool {
        self.changes + self.reject > 0
    }
}

type Reasons = Vec<Reason>;

fn reason(code: ReasonCode, text: impl Into<String>) -> Reason {
    Reason {
        code,
        text: text.into(),
    }
}

fn problems(problems: &[Problem]) -> Reasons {
    problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error)
        .map(|problem| {
            let message = problem.message.trim_end_matches('.');
            reason(
                ReasonCode::Problem,
                format!("line {}: {message}", problem.line),
            )
        })
        .collect()
}

fn tampered(what: &[String]) -> Reasons {
    let reason_of = |what: &String| reason(ReasonCode::Tampered, what.as_str());
    what.iter().map(reason_of).collect()
}

fn held(why: Option<&str>) -> Reasons {
    why.map(|why| reason(ReasonCode::Held, why))
        .into_iter()
        .collect()
}

fn working(working: Option<(usize, usize)>) -> Reasons {
    working
        .map(|(answered, asked)| {
            reason(
                ReasonCode::MissingVote,
                format!("a round is running, {answered} of {asked} answered"),
            )
        })
        .into_iter()
        .collect()
}

fn rejected(rule: &RejectRule, count: &Count) -> Reasons {
    let reached = match *rule {
        RejectRule::Any => count.reject > 0,
        RejectRule::Votes(needed) => count.reject > 0 && count.reject >= needed,
        RejectRule::Share(share) => {
            count.reject > 0 && share.is_reached(count.reject, count.total())
        }
    };
    let text = || format!("rejected by {}", names(&count.rejecting));
    reached
        .then(|| reason(ReasonCode::Rejected, text()))
        .into_iter()
        .collect()
}

fn vetoes(count: &Count) -> Reasons {
    count
        .vetoes
        .iter()
        .map(|(participant, vote)| {
            let text = format!("{participant} has a veto and votes {}", vote.as_str());
            reason(ReasonCode::Veto, text)
        })
        .collect()
}

fn degraded(owed: &[(Alias, Owed)]) -> Reasons {
    owed.iter()
        .filter_map(|(alias, owed)| match owed {
            Owed::Failed(why) => Some(format!("no vote from {alias}: {why}")),
            Owed::Fresh | Owed::Stale | Owed::Missing => None,
        })
        .map(|text| reason(ReasonCode::MissingVote, text))
        .collect()
}

fn stale(owed: &[(Alias, Owed)], changed_sections: &[String]) -> Reasons {
    let stale = who(owed, &Owed::Stale);
    if stale.is_empty() {
        return Vec::new();
    }
    let changed = match changed_sections {
        [] => "the proposal".to_owned(),
        sections => names(sections),
    };
    let votes = counted_noun(stale.len(), "vote", "votes");
    let text = format!("{changed} changed, {votes} to renew: {}", names(&stale));
    vec![reason(ReasonCode::StaleVotes, text)]
}

fn wrong_phase(situation: &Situation<'_>) -> Reasons {
    let phase = situation.phase;
    let text = match (phase.voting, &phase.next) {
        (true, None) => return Vec::new(),
        (true, Some(next)) => format!("the phase {} votes, but {next} comes after it", phase.name),
        (false, _) => format!("the phase {} does not vote", phase.name),
    };
    vec![reason(ReasonCode::PhaseDoesNotVote, text)]
}

fn blocking_concern(item: &Item) -> Reason {
    let id = item.id.as_deref().unwrap_or("a concern");
    let text = format!("{id} by {} is open", item.author);
    reason(ReasonCode::BlockingConcern, text)
}

/// The final phase needs the stricter of its own fraction and the configuration's; earlier ones their own.
fn ready_fraction(situation: &Situation<'_>, count: &Count) -> Reasons {
    let needed = if situation.phase.is_final() {
        situation.phase.ready.stricter(situation.rules.ready)
    } else {
        situation.phase.ready
    };
    if needed.is_reached(count.ready, count.total()) {
        return Vec::new();
    }
    let text = format!(
        "{} of {} ready, {needed} needed",
        count.ready,
        count.total()
    );
    vec![reason(ReasonCode::ReadyFraction, text)]
}

fn missing(owed: &[(Alias, Owed)]) -> Reasons {
    let missing = who(owed, &Owed::Missing);
    if missing.is_empty() {
        return Vec::new();
    }
    let text = format!("no vote yet from {}", names(&missing));
    vec![reason(ReasonCode::MissingVote, text)]
}

fn minimum_votes(rules: &Rules, count: &Count) -> Reasons {
    if count.given >= rules.minimum_votes {
        return Vec::new();
    }
    let given = counted_noun(count.given, "vote", "votes");
    let text = format!("{given}, {} needed", rules.minimum_votes);
    vec![reason(ReasonCode::MinimumVotes, text)]
}

/// People's READY votes, and, while some are missing, the people whose READY is about an earlier text.
fn humans(situation: &Situation<'_>, count: &Count) -> Reasons {
    let needed = situation.rules.humans;
    if count.people_ready >= needed {
        return Vec::new();
    }
    let people = if needed == 1 { "person" } else { "people" };
    let mut text = format!("{} of {needed} {people} ready", count.people_ready);
    if let Some(author) = situation.sole_author {
        text.push_str(&format!(
            "; only {author} could vote, who is the author: somebody else with write access votes, or the base \
             branch sets gate.author_may_vote: true"
        ));
    }
    let outdated: Vec<String> = situation
        .votes
        .iter()
        .filter(|entry| entry.kind == VoterKind::Human && entry.vote == Some(Vote::Ready))
        .filter(|entry| entry.not_counted == Some(NotCounted::Stale))
        .map(|entry| entry.participant.clone())
        .collect();
    let mut reasons = vec![reason(ReasonCode::Humans, text)];
    if !outdated.is_empty() {
        let text = format!("READY by {} is about an earlier text", names(&outdated));
        reasons.push(reason(ReasonCode::StaleVotes, text));
    }
    reasons
}

fn bound(rounds: u32) -> Reason {
    let rounds = counted_noun(rounds as usize, "round", "rounds");
    let text = format!("a person decides after {rounds}");
    reason(ReasonCode::Bound, text)
}

/// What outweighs the bound in the order of reasons: nobody can decide while these stand.
fn precedes_bound(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::Problem
            | ReasonCode::Tampered
            | ReasonCode::Held
            | ReasonCode::Rejected
            | ReasonCode::Veto
    )
}

fn who(owed: &[(Alias, Owed)], state: &Owed) -> Vec<String> {
    owed.iter()
        .filter(|(_, owed)| owed == state)
        .map(|(alias, _)| alias.to_string())
        .collect()
}

/// `a`, `a and b`, `a, b and c`.
fn names(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn counted_noun(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}
