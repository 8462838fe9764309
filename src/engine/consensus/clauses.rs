//! The rules of READY, as one list. Each is a function from the facts to what it found: whether it holds, the numbers
//! and names behind that, and, where it does not hold, the reasons and the state it leads to.

use super::count::Count;
use super::decide::blocking_concerns;
use super::{
    Clause, ConcernRule, DISPUTED_AFTER, Owed, Reason, ReasonCode, RejectRule, Situation, State,
    people_needed,
};
use crate::engine::ledger::Item;
use crate::engine::problem::{Problem, Severity};
use crate::ids::Alias;

/// Every clause, in the order in which they decide: the first that does not hold gives the state.
pub(super) const CLAUSES: &[fn(&Facts<'_>) -> Finding] = &[
    problems,
    signatures,
    hold,
    overrides,
    round,
    rejections,
    vetoes,
    answers,
    renewals,
    phase,
    concerns,
    ready,
    missing,
    minimum_votes,
    disputes,
    humans,
];

/// What the clauses look at.
pub(super) struct Facts<'a> {
    situation: &'a Situation<'a>,
    count: Count,
    /// Owed votes; none at the bound.
    owed: &'a [(Alias, Owed)],
    /// Concerns that block.
    blocking: Vec<&'a Item>,
    /// READY votes by people that are needed.
    people_needed: usize,
}

impl<'a> Facts<'a> {
    pub(super) fn of(situation: &'a Situation<'a>, veto_personas: &[Alias]) -> Self {
        let owed = match situation.bound_after {
            Some(_) => &[],
            None => situation.owed,
        };
        let (rules, votes) = (situation.rules, situation.votes);
        Self {
            situation,
            count: Count::of(situation, veto_personas),
            owed,
            blocking: blocking_concerns(rules, situation.ledger, votes, veto_personas),
            people_needed: people_needed(rules, votes.iter()),
        }
    }

    /// Aliases of owed votes that stand so.
    fn owed_as(&self, state: &Owed) -> Vec<String> {
        let owed = self.owed.iter().filter(|(_, owed)| owed == state);
        owed.map(|(alias, _)| alias.to_string()).collect()
    }
}

/// What a clause came to.
pub(super) struct Finding {
    /// For "why".
    pub clause: Clause,
    /// The state it leads to; `None`: it holds.
    pub state: Option<State>,
    /// Reasons; none where it holds.
    pub reasons: Vec<Reason>,
}

/// A clause: its key, and what READY needs.
struct Rule {
    key: &'static str,
    rule: String,
}

fn rule(key: &'static str, rule: impl Into<String>) -> Rule {
    let rule = rule.into();
    Rule { key, rule }
}

impl Rule {
    fn holds(self, found: impl Into<String>) -> Finding {
        Finding {
            clause: self.clause(found.into(), true),
            state: None,
            reasons: Vec::new(),
        }
    }

    /// Does not hold; the reasons say what was found.
    fn fails(self, state: State, reasons: Vec<Reason>) -> Finding {
        let found: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
        let found = found.join("; ");
        self.fails_with(state, reasons, found)
    }

    fn fails_with(self, state: State, reasons: Vec<Reason>, found: String) -> Finding {
        Finding {
            clause: self.clause(found, false),
            state: Some(state),
            reasons,
        }
    }

    fn clause(self, found: String, holds: bool) -> Clause {
        Clause {
            key: self.key,
            rule: self.rule,
            found,
            holds,
        }
    }
}

fn reason(code: ReasonCode, text: impl Into<String>) -> Reason {
    Reason {
        code,
        text: text.into(),
    }
}

fn problems(facts: &Facts<'_>) -> Finding {
    let rule = rule("problems", "the file has no errors");
    let all = facts.situation.problems;
    let is_error = |problem: &&Problem| problem.severity() == Severity::Error;
    let errors: Vec<Reason> = all.iter().filter(is_error).map(problem).collect();
    match errors.is_empty() {
        true => rule.holds(counted_noun(0, "error", "errors")),
        false => rule.fails(State::Invalid, errors),
    }
}

fn problem(problem: &Problem) -> Reason {
    let message = problem.message.trim_end_matches('.');
    reason(
        ReasonCode::Problem,
        format!("line {}: {message}", problem.line),
    )
}

fn signatures(facts: &Facts<'_>) -> Finding {
    let rule = rule("signatures", "every signed reply is as it was signed");
    let reason_of = |what: &String| reason(ReasonCode::Tampered, what.as_str());
    let found: Vec<Reason> = facts.situation.tampered.iter().map(reason_of).collect();
    match found.is_empty() {
        true => rule.holds("nobody changed one"),
        false => rule.fails(State::Tampered, found),
    }
}

fn hold(facts: &Facts<'_>) -> Finding {
    let rule = rule("held", "it is not held");
    match facts.situation.held.as_deref() {
        None => rule.holds("nobody holds it"),
        Some(why) => rule.fails(State::Held, vec![reason(ReasonCode::Held, why)]),
    }
}

/// It comes behind what no override beats, and before the votes.
fn overrides(facts: &Facts<'_>) -> Finding {
    let rule = rule("overridden", "the rules decide");
    match facts.situation.overridden.as_deref() {
        None => rule.holds("nobody overrides them"),
        Some(who) => {
            let reasons = vec![reason(ReasonCode::Overridden, who)];
            rule.fails_with(State::Overridden, reasons, format!("overridden {who}"))
        }
    }
}

fn round(facts: &Facts<'_>) -> Finding {
    let rule = rule("round", "no round is running");
    let Some((answered, asked)) = facts.situation.working else {
        return rule.holds("none is");
    };
    let text = format!("a round is running, {answered} of {asked} answered");
    let reasons = vec![reason(ReasonCode::MissingVote, text)];
    rule.fails(State::Working, reasons)
}

fn rejections(facts: &Facts<'_>) -> Finding {
    let count = &facts.count;
    let (rejecting, all) = (count.reject.len(), count.total());
    let (needs, reached) = match facts.situation.rules.reject {
        RejectRule::Any => ("nobody votes REJECT".to_owned(), true),
        RejectRule::Votes(votes) => (
            format!("fewer than {votes} vote REJECT"),
            rejecting >= votes,
        ),
        RejectRule::Share(share) => (
            format!("less than {share} of the counted votes are REJECT"),
            share.is_reached(rejecting, all),
        ),
    };
    let rule = rule("reject", needs);
    let found = match rejecting {
        0 => format!("0 of {all}"),
        some => format!("{some} of {all}: {}", names(&count.reject)),
    };
    if rejecting == 0 || !reached {
        return rule.holds(found);
    }
    let text = format!("rejected by {}", names(&count.reject));
    let reasons = vec![reason(ReasonCode::Rejected, text)];
    rule.fails_with(State::Rejected, reasons, found)
}

fn vetoes(facts: &Facts<'_>) -> Finding {
    let rule = rule("veto", "no persona with a veto votes CHANGES or REJECT");
    let vetoes = facts.count.vetoes.iter();
    let reasons: Vec<Reason> = vetoes
        .map(|(participant, vote)| {
            let text = format!("{participant} has a veto and votes {}", vote.as_str());
            reason(ReasonCode::Veto, text)
        })
        .collect();
    match reasons.is_empty() {
        true => rule.holds("none does"),
        false => rule.fails(State::Rejected, reasons),
    }
}

fn answers(facts: &Facts<'_>) -> Finding {
    let rule = rule("answers", "no answer that is owed has failed");
    let failed = facts.owed.iter().filter_map(|(alias, owed)| match owed {
        Owed::Failed(why) => Some(format!("no vote from {alias}: {why}")),
        Owed::Fresh | Owed::Stale | Owed::Missing => None,
    });
    let reasons: Vec<Reason> = failed
        .map(|text| reason(ReasonCode::MissingVote, text))
        .collect();
    match reasons.is_empty() {
        true => rule.holds("none has"),
        false => rule.fails(State::Degraded, reasons),
    }
}

fn renewals(facts: &Facts<'_>) -> Finding {
    let rule = rule("stale", "every vote that is owed is about the present text");
    let stale = facts.owed_as(&Owed::Stale);
    if stale.is_empty() {
        return rule.holds("0 to renew");
    }
    let changed = match facts.situation.changed_sections {
        [] => "the proposal".to_owned(),
        sections => names(sections),
    };
    let votes = counted_noun(stale.len(), "vote", "votes");
    let text = format!("{changed} changed, {votes} to renew: {}", names(&stale));
    rule.fails(State::Stale, vec![reason(ReasonCode::StaleVotes, text)])
}

fn phase(facts: &Facts<'_>) -> Finding {
    let rule = rule("phase", "the phase votes and is the last one");
    let phase = facts.situation.phase;
    let text = match (phase.voting, &phase.next) {
        (true, None) => {
            return rule.holds(format!("{} votes, and none comes after it", phase.name));
        }
        (true, Some(next)) => format!("the phase {} votes, but {next} comes after it", phase.name),
        (false, _) => format!("the phase {} does not vote", phase.name),
    };
    let reasons = vec![reason(ReasonCode::PhaseDoesNotVote, text)];
    rule.fails(State::Discussing, reasons)
}

fn concerns(facts: &Facts<'_>) -> Finding {
    let whose = match facts.situation.rules.concerns {
        ConcernRule::People => "no concern of a person or of a persona with a veto is open",
        ConcernRule::All => "no concern is open",
        ConcernRule::None => "open concerns are in nobody's way",
    };
    let rule = rule("concerns", whose);
    let blocking = |item: &&Item| {
        let id = item.id.as_deref().unwrap_or("a concern");
        let text = format!("{id} by {} is open", item.author);
        reason(ReasonCode::BlockingConcern, text)
    };
    let reasons: Vec<Reason> = facts.blocking.iter().map(blocking).collect();
    match reasons.is_empty() {
        true => rule.holds("0 in the way"),
        false => rule.fails(State::Changes, reasons),
    }
}

/// The final phase needs the stricter of its own fraction and the configuration's; earlier ones their own.
fn ready(facts: &Facts<'_>) -> Finding {
    let (situation, count) = (facts.situation, &facts.count);
    let needed = match situation.phase.is_final() {
        true => situation.phase.ready.stricter(situation.rules.ready),
        false => situation.phase.ready,
    };
    let (ready, all) = (count.ready.len(), count.total());
    let whose = match situation.bound_after {
        Some(_) => "counted votes (personas only advise by now)",
        None => "counted votes",
    };
    let rule = rule("ready", format!("{needed} of the {whose} are READY"));
    let who = [
        ("READY", &count.ready),
        ("CHANGES", &count.changes),
        ("REJECT", &count.reject),
    ];
    let who = who.iter().filter(|(_, voters)| !voters.is_empty());
    let who: Vec<String> = who
        .map(|(vote, voters)| format!("{vote} by {}", names(voters)))
        .collect();
    let found = match who.is_empty() {
        true => format!("{ready} of {all}"),
        false => format!("{ready} of {all}: {}", who.join("; ")),
    };
    if needed.is_reached(ready, all) {
        return rule.holds(found);
    }
    let state = match count.objects() {
        true => State::Changes,
        false => State::Discussing,
    };
    let text = format!("{ready} of {all} ready, {needed} needed");
    let reasons = vec![reason(ReasonCode::ReadyFraction, text)];
    rule.fails_with(state, reasons, found)
}

fn missing(facts: &Facts<'_>) -> Finding {
    let rule = rule("missing", "everybody who owes a vote has voted");
    let missing = facts.owed_as(&Owed::Missing);
    if missing.is_empty() {
        let found = match (facts.owed.len(), facts.situation.bound_after) {
            (_, Some(_)) => "nobody owes one any more".to_owned(),
            (0, None) => "nobody owes one".to_owned(),
            (all, None) => format!("{} of {all}", facts.owed_as(&Owed::Fresh).len()),
        };
        return rule.holds(found);
    }
    let text = format!("no vote yet from {}", names(&missing));
    let reasons = vec![reason(ReasonCode::MissingVote, text)];
    rule.fails(State::Discussing, reasons)
}

fn minimum_votes(facts: &Facts<'_>) -> Finding {
    let needed = facts.situation.rules.minimum_votes;
    let given = facts.count.given;
    let votes = counted_noun(needed, "vote counts", "votes count");
    let rule = rule("minimum_votes", format!("at least {votes}"));
    let found = counted_noun(given, "vote", "votes");
    if given >= needed {
        return rule.holds(found);
    }
    let text = format!("{found}, {needed} needed");
    let reasons = vec![reason(ReasonCode::MinimumVotes, text)];
    rule.fails(State::Discussing, reasons)
}

/// A dispute is settled by as many more people as there are disputed personas.
fn disputes(facts: &Facts<'_>) -> Finding {
    let needs = format!(
        "no persona changed its vote {DISPUTED_AFTER} times on this text, or one more person is READY for each that did"
    );
    let rule = rule("disputed", needs);
    let disputed = &facts.count.disputed;
    let found = match disputed.as_slice() {
        [] => "none did".to_owned(),
        some => format!("{} did", names(some)),
    };
    if disputed.is_empty() || facts.count.people_ready.len() >= facts.people_needed {
        return rule.holds(found);
    }
    let more = counted_noun(disputed.len(), "more person", "more people");
    let reasons = disputed.iter().map(|who| {
        let text = format!(
            "{who} changed its vote {DISPUTED_AFTER} times on this text, so it is not counted; {more} must be READY \
             instead"
        );
        reason(ReasonCode::Disputed, text)
    });
    rule.fails_with(State::Discussing, reasons.collect(), found)
}

/// People's READY votes, and, while some are missing, the people whose READY is about an earlier text.
fn humans(facts: &Facts<'_>) -> Finding {
    let (needed, count) = (facts.people_needed, &facts.count);
    let people = counted_noun(needed, "person is READY", "people are READY");
    let rule = rule("humans", format!("at least {people}"));
    let ready = count.people_ready.len();
    if ready >= needed {
        let found = match ready {
            0 => "0".to_owned(),
            some => format!("{some}: {}", names(&count.people_ready)),
        };
        return rule.holds(found);
    }
    let noun = if needed == 1 { "person" } else { "people" };
    let mut text = format!("{ready} of {needed} {noun} ready");
    if let Some(author) = facts.situation.sole_author {
        let (login, right) = (author.login, author.vote_needs);
        text.push_str(&format!(
            "; only {login} could vote, who is the author: somebody else with {right} access votes, or the base branch \
             sets gate.author_may_vote: true"
        ));
    }
    let mut reasons = vec![reason(ReasonCode::Humans, text)];
    let outdated = &count.people_outdated;
    if !outdated.is_empty() {
        let text = format!("READY by {} is about an earlier text", names(outdated));
        reasons.push(reason(ReasonCode::StaleVotes, text));
    }
    rule.fails(State::Discussing, reasons)
}

/// The reason beside all others once automatic rounds are used up.
pub(super) fn bound(rounds: u32) -> Reason {
    let rounds = counted_noun(rounds as usize, "round", "rounds");
    let text = format!("a person decides after {rounds}");
    reason(ReasonCode::Bound, text)
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
