//! The title line: the state as one word in capitals, then the numbers or names behind it.

use super::{
    ConfigProblem, DiscussionView, DroppedView, Evaluation, Findings, MAX_TITLE, VoteView, rank,
};
use crate::bot::markdown::{plain, shorten};
use crate::engine::consensus::{Owed, ReasonCode, State};
use crate::engine::vote::{NotCounted, Vote, VoteEntry, VoterKind};
use crate::store::ActVerb;

/// Names listed before "and 2 more".
const MAX_LISTED: usize = 3;

/// The title of a run: one line of plain text, at most [`MAX_TITLE`] characters.
pub fn title(findings: &Findings) -> String {
    let text = match findings {
        Findings::Started => "WORKING: reading the discussions".to_owned(),
        Findings::Superseded { by } => format!("SUPERSEDED by {}", by.short()),
        Findings::Closed => "SUPERSEDED: the pull request was closed".to_owned(),
        Findings::Elsewhere { base } => format!("SUPERSEDED: goes into {base} now"),
        Findings::Renamed {
            name: Some(name), ..
        } => format!("SUPERSEDED: see {name}"),
        Findings::Renamed { base, .. } => format!("SUPERSEDED: the gate is off on {base}"),
        Findings::Failed { id } => format!("ERROR {id}: internal, parked"),
        Findings::Ungranted { missing, .. } => {
            format!("ERROR: the App is not granted {}", missing.join(", "))
        }
        Findings::Evaluated(evaluation) if evaluation.left_as_is => {
            format!(
                "{}; the Status line is left as it was",
                of_evaluation(evaluation)
            )
        }
        Findings::Evaluated(evaluation) => of_evaluation(evaluation),
    };
    shorten(&plain(&text), MAX_TITLE)
}

fn of_evaluation(evaluation: &Evaluation) -> String {
    let worst = evaluation
        .discussions
        .iter()
        .min_by_key(|view| rank(view.verdict.state));
    let worst_rank = worst.map_or(u8::MAX, |view| rank(view.verdict.state));
    if let Some(problem) = evaluation.config_errors.first()
        && rank(State::Invalid) <= worst_rank
    {
        return invalid_config(problem);
    }
    if let Some(demand) = evaluation.demands.first()
        && rank(State::Discussing) < worst_rank
    {
        return format!("DISCUSSING: {}", demand.text);
    }
    match (worst, evaluation.discussions.len()) {
        (None, _) if !evaluation.dropped.is_empty() => dropped(&evaluation.dropped),
        (None, _) if evaluation.changes_gate => {
            "READY: someone with maintain answers for the change to the gate".to_owned()
        }
        (None, _) => "CLEAR: no discussion in this PR".to_owned(),
        (Some(view), 1) => of_discussion(view),
        (Some(view), all) if view.verdict.state == State::Ready => {
            format!("READY: {all} of {all} discussions ready")
        }
        (Some(view), all) => format!("{} ({}, worst of {all})", of_discussion(view), view.path),
    }
}

/// Nothing is left but what somebody let go of.
fn dropped(all: &[DroppedView]) -> String {
    match all {
        [one] => format!("DROPPED by {}: {}", one.by, one.reason),
        _ => {
            let mut names: Vec<&str> = all.iter().map(|view| view.by.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            format!("DROPPED by {}: {} discussions", listed(&names), all.len())
        }
    }
}

fn invalid_config(problem: &ConfigProblem) -> String {
    format!("INVALID: {} {}", problem.place(), problem.message)
}

/// The title as if this discussion were the only one.
pub(in crate::bot) fn of_discussion(view: &DiscussionView) -> String {
    match view.verdict.state {
        State::Invalid => invalid(view),
        State::Tampered => format!("TAMPERED: {}", first_reason(view)),
        State::Held => held(view),
        State::Overridden => format!("OVERRIDDEN {}", first_reason(view)),
        State::Working => working(view),
        State::Rejected => format!("REJECTED by {}", listed(&rejecters(view))),
        State::Degraded => degraded(view),
        State::Stale => stale(view),
        State::Changes => changes(view),
        State::Discussing => discussing(view),
        State::Ready => ready(view),
    }
}

fn first_reason(view: &DiscussionView) -> &str {
    view.verdict
        .reasons
        .first()
        .map_or("no reason recorded", |reason| reason.text.as_str())
}

fn invalid(view: &DiscussionView) -> String {
    match view.errors().next() {
        Some(problem) => {
            let code = problem.code.row().name;
            format!("INVALID: {}:{} {code}", view.path, problem.line)
        }
        None => format!("INVALID: {} {}", view.path, first_reason(view)),
    }
}

fn held(view: &DiscussionView) -> String {
    let by_people = view.is_done(ActVerb::Hold) || view.is_done(ActVerb::Pause);
    match (view.waiting.as_ref().filter(|_| !by_people), &view.held) {
        (Some(waiting), _) => format!("WAITING: {waiting}"),
        (None, Some(held)) if held.starts_with("by ") => format!("HELD {held}"),
        (None, Some(held)) => format!("HELD: {held}"),
        (None, None) => format!("HELD: {}", first_reason(view)),
    }
}

fn working(view: &DiscussionView) -> String {
    match view.working {
        Some((answered, asked)) => format!("WORKING: {answered} of {asked} answered"),
        None => "WORKING: a round is running".to_owned(),
    }
}

fn changes(view: &DiscussionView) -> String {
    let votes = format!(
        "CHANGES: {} of {} ready",
        view.tally.ready,
        view.tally.total()
    );
    with_concerns(votes, view)
}

fn with_concerns(votes: String, view: &DiscussionView) -> String {
    match view.open_concerns().count() {
        0 => votes,
        open => format!("{votes}, {} open", counted(open, "concern", "concerns")),
    }
}

fn ready(view: &DiscussionView) -> String {
    if view.is_past_bound() {
        let people = counted(view.people.ready, "person", "people");
        let rounds = counted(view.rounds.0 as usize, "round", "rounds");
        return format!("READY: decided by {people} after {rounds}");
    }
    let votes = format!(
        "READY: {} of {} ready",
        view.tally.ready,
        view.tally.total()
    );
    match view.people.ready {
        0 => votes,
        1 => format!("{votes}, 1 by a person"),
        people => format!("{votes}, {people} by people"),
    }
}

fn degraded(view: &DiscussionView) -> String {
    let names = view.owed_as(|owed| matches!(owed, Owed::Failed(_)));
    let retry = view
        .retry_at
        .as_ref()
        .map_or(String::new(), |time| format!(", retry {time}"));
    format!("DEGRADED: {} unavailable{retry}", listed(&names))
}

fn stale(view: &DiscussionView) -> String {
    let what = match view.changed_sections.as_slice() {
        [] => "the text".to_owned(),
        sections => listed(&sections.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    let votes = counted(stale_votes(view), "vote", "votes");
    format!("STALE: {what} changed, {votes} to renew")
}

/// Owed votes and people's votes that were given on another text.
fn stale_votes(view: &DiscussionView) -> usize {
    let owed = view.owed_as(|owed| *owed == Owed::Stale);
    let is_owed = |entry: &VoteEntry| {
        entry.kind == VoterKind::Ai && owed.contains(&entry.participant.as_str())
    };
    let others = view
        .votes
        .iter()
        .filter(|vote| vote.entry.not_counted == Some(NotCounted::Stale) && !is_owed(&vote.entry));
    owed.len() + others.count()
}

fn discussing(view: &DiscussionView) -> String {
    if let Some(waiting) = &view.waiting {
        return format!("WAITING: {waiting}");
    }
    if view.is_past_bound() {
        if view.people.nobody_else {
            return format!("DECIDE: needs {}", people_needed(view));
        }
        let rounds = counted(view.rounds.0 as usize, "round", "rounds");
        return format!("DECIDE: a person decides after {rounds}");
    }
    let missing = view.owed_as(|owed| *owed == Owed::Missing);
    if !missing.is_empty() {
        return format!("DISCUSSING: waits for {}", listed(&missing));
    }
    let first = view.verdict.reasons.first().map(|reason| reason.code);
    match first {
        Some(ReasonCode::Humans) => format!("DISCUSSING: needs {}", people_needed(view)),
        Some(ReasonCode::PhaseDoesNotVote) => {
            let (ready, all) = (view.tally.ready, view.tally.total());
            let votes = format!("DISCUSSING: {ready} of {all} ready in {}", view.phase);
            with_concerns(votes, view)
        }
        _ => format!("DISCUSSING: {}", first_reason(view)),
    }
}

/// `1 vote by a person other than rob`
pub(super) fn people_needed(view: &DiscussionView) -> String {
    let people = &view.people;
    let missing = people.needed.saturating_sub(people.ready).max(1);
    let votes = counted(missing, "vote by a person", "votes by people");
    match &people.not_the_author {
        Some(author) if people.nobody_else => {
            let right = view.permissions.of_votes().as_str();
            format!(
                "{votes} other than {author}, who alone has {right}: invite somebody, or set gate.author_may_vote"
            )
        }
        Some(author) => format!("{votes} other than {author}"),
        None => votes,
    }
}

/// Names of those who reject.
pub(super) fn rejecters(view: &DiscussionView) -> Vec<&str> {
    rejecting_votes(view)
        .iter()
        .map(|vote| vote.entry.participant.as_str())
        .collect()
}

/// The votes that reject: REJECT votes that count, else the CHANGES of veto roles.
pub(super) fn rejecting_votes(view: &DiscussionView) -> Vec<&VoteView> {
    let votes = |wanted: &dyn Fn(&VoteEntry) -> bool| -> Vec<&VoteView> {
        view.votes
            .iter()
            .filter(|vote| wanted(&vote.entry))
            .collect()
    };
    let rejecting = votes(&|entry| entry.counted() == Some(Vote::Reject));
    if !rejecting.is_empty() {
        return rejecting;
    }
    votes(&|entry| view.is_veto(entry))
}

/// `security`, `security, ann and rob`, `a, b, c and 2 more`; nobody: `a participant`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => "a participant".to_owned(),
        [one] => (*one).to_owned(),
        _ if names.len() > MAX_LISTED => {
            let shown = names[..MAX_LISTED].join(", ");
            format!("{shown} and {} more", names.len() - MAX_LISTED)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 concern`, `2 concerns`
pub(in crate::bot) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
