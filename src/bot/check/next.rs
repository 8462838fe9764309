//! What has to happen next, by whom, and the line to post.

use super::title::{listed, rejecters};
use super::{DiscussionView, Evaluation, VoteView, rank};
use crate::bot::access::Need;
use crate::bot::command::path_word;
use crate::bot::command::table::{self, Row};
use crate::engine::consensus::{Owed, ReasonCode, State};
use crate::engine::ledger::ItemState;
use crate::engine::vote::{NotCounted, Vote, VoterKind};
use crate::llm::budget::OVER_BUDGET;
use crate::store::ActVerb;

/// Steps shown at most.
pub const MAX_STEPS: usize = 3;

/// One thing somebody can do to get nearer to green.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Who: `someone with write other than rob`, `security`. Plain text.
    pub who: String,
    /// What: `votes on this text`. Plain text, goes on from `who`.
    pub what: String,
    /// The line to post as a comment, if a comment does it.
    pub line: Option<String>,
}

impl NextStep {
    fn new(who: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            who: who.into(),
            what: what.into(),
            line: None,
        }
    }

    fn with(mut self, line: String) -> Self {
        self.line = Some(line);
        self
    }
}

/// The next steps of the whole pull request: what breaks everything, its demands, then the worst discussions.
pub(super) fn all_steps(evaluation: &Evaluation) -> Vec<NextStep> {
    let config = evaluation.config_errors.first().map(|problem| {
        let what = format!("repairs {}: {}", problem.path, problem.hint);
        NextStep::new("someone who may change the configuration", what)
    });
    let demands = evaluation.demands.iter().map(|demand| demand.step.clone());
    let several = evaluation.discussions.len() > 1;
    // Until the configuration is mended, only what is wrong in the files themselves can be repaired.
    let helps = |view: &&DiscussionView| {
        evaluation.config_errors.is_empty() || view.verdict.state == State::Invalid
    };
    let mut worst_first: Vec<&DiscussionView> =
        evaluation.discussions.iter().filter(helps).collect();
    worst_first.sort_by_key(|view| rank(view.verdict.state));
    let steps_of = |name_path: bool| -> Vec<Vec<NextStep>> {
        let views = worst_first.iter();
        views.map(|view| next_steps(view, name_path)).collect()
    };
    let (named, plain) = (steps_of(several), steps_of(false));
    // What every one of them needs is asked for once.
    let is_shared = |step: &NextStep| {
        step.line.as_deref().is_some_and(means_all) && plain.iter().all(|of| of.contains(step))
    };
    let of_discussions = named.iter().flatten().zip(plain.iter().flatten());
    let of_discussions = of_discussions.map(|(named, plain)| match is_shared(plain) {
        true => plain.clone(),
        false => named.clone(),
    });
    let mut steps: Vec<NextStep> = Vec::new();
    for step in config.into_iter().chain(demands).chain(of_discussions) {
        if steps.len() < MAX_STEPS && !steps.contains(&step) {
            steps.push(step);
        }
    }
    steps
}

/// Whether a line without a PATH may be proposed for all discussions at once.
fn means_all(line: &str) -> bool {
    matches!(
        line,
        "/discuss"
            | "/discuss all"
            | "/discuss vote ready"
            | "/discuss release"
            | "/discuss resume"
    )
}

/// The next steps of one discussion, most useful first, at most [`MAX_STEPS`]; empty when nothing is owed. With
/// `name_path` the lines name the discussion (a pull request with several).
pub fn next_steps(view: &DiscussionView, name_path: bool) -> Vec<NextStep> {
    let at = At {
        path: name_path.then_some(view.path.as_str()),
    };
    let mut steps = match view.verdict.state {
        State::Ready | State::Overridden => Vec::new(),
        State::Working => vec![NextStep::new(
            "nobody",
            "needs to do anything: the personas are answering",
        )],
        State::Invalid => invalid(view),
        State::Tampered => tampered(view, at),
        State::Held => held(view, at),
        State::Rejected => rejected(view, at),
        State::Degraded => vec![degraded(view, at)],
        State::Stale => stale(view, at),
        State::Changes => changes(view, at),
        State::Discussing => discussing(view, at),
    };
    if steps.is_empty() && !matches!(view.verdict.state, State::Ready | State::Overridden) {
        steps.extend(settle_first_reason(view));
    }
    steps.truncate(MAX_STEPS);
    steps
}

/// Where no comment and no push is known to help: the reason itself.
fn settle_first_reason(view: &DiscussionView) -> Option<NextStep> {
    let reason = view.verdict.reasons.first()?;
    Some(NextStep::new(
        "someone with write",
        format!("settles this: {}", reason.text),
    ))
}

/// Which discussion a step is about, where that has to be said.
#[derive(Clone, Copy)]
struct At<'a> {
    path: Option<&'a str>,
}

impl At<'_> {
    /// The command, with the discussion if need be.
    fn line(self, rest: &str) -> String {
        let line = match self.path {
            Some(path) => format!("/discuss {} {rest}", path_word(path)),
            None => format!("/discuss {rest}"),
        };
        line.trim_end().to_owned()
    }

    /// `the proposal`, or the file it stands in.
    fn proposal(self) -> String {
        self.path.map_or("the proposal".to_owned(), str::to_owned)
    }
}

fn invalid(view: &DiscussionView) -> Vec<NextStep> {
    view.errors()
        .map(|problem| {
            let place = format!("{}:{}", view.path, problem.line);
            NextStep::new("the author", format!("repairs {place}: {}", problem.hint))
        })
        .collect()
}

/// Both ways out of changed replies.
fn tampered(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let who = other_than_author(&somebody(view, &table::RESET), view);
    vec![
        NextStep::new(
            somebody(view, &table::RESTORE),
            "has the replies put back as they were signed",
        )
        .with(at.line("restore")),
        NextStep::new(who, "begins the discussion anew, with new votes")
            .with(at.line("reset: reason")),
    ]
}

fn held(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let by_people = held_by_people(view, at);
    if !by_people.is_empty() {
        return by_people;
    }
    if view.waiting.is_some() {
        return vec![starts_panel(view, at)];
    }
    if view.has_reason(ReasonCode::Withdrawn) {
        return withdrawn(view);
    }
    if view.lost_replies > 0 {
        let what = "has the dropped replies put back, and finds out which push drops them";
        return vec![NextStep::new(somebody(view, &table::RESTORE), what).with(at.line("restore"))];
    }
    let who = other_than_author(&somebody(view, &table::RESET), view);
    vec![NextStep::new(who, "begins the discussion anew").with(at.line("reset: reason"))]
}

/// Holds and pauses: who takes them back. The author does so with the author's own.
fn held_by_people(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let author = view.people.not_the_author.as_deref();
    let who = |verb: ActVerb, row: &Row| {
        let mut acts = view.acts.iter().filter(|act| act.verb == verb);
        let who = somebody(view, row);
        match acts.all(|act| author == Some(act.by.as_str())) {
            true => who,
            false => other_than_author(&who, view),
        }
    };
    let mut steps = Vec::new();
    if view.is_done(ActVerb::Hold) {
        let step = NextStep::new(who(ActVerb::Hold, &table::RELEASE), "releases it");
        steps.push(step.with(at.line("release")));
    }
    if view.is_done(ActVerb::Pause) {
        let step = NextStep::new(who(ActVerb::Pause, &table::RESUME), "lets the panel go on");
        steps.push(step.with(at.line("resume")));
    }
    steps
}

/// It left the pull request: put back, or let go by somebody who did not take it out.
fn withdrawn(view: &DiscussionView) -> Vec<NextStep> {
    let who = other_than_author(&somebody(view, &table::DROP), view);
    let line = format!("/discuss drop {}: REASON", view.path);
    let mut steps = vec![
        NextStep::new(who, "lets go of it, with a reason").with(line),
        NextStep::new("the author", format!("puts {} back", view.path)),
    ];
    if view.people.nobody_else {
        steps.push(lets_authors_decide());
    }
    steps
}

fn starts_panel(view: &DiscussionView, at: At<'_>) -> NextStep {
    NextStep::new(somebody(view, &table::MISSING), "starts the panel").with(at.line(""))
}

/// What brings the panel's view of a changed proposal.
fn asked_again(view: &DiscussionView) -> String {
    match view.is_past_bound() {
        true => format!(
            "the panel is asked again by `all` only, from {} who is not the author",
            somebody(view, &table::ALL)
        ),
        false => "the next push asks the panel again".to_owned(),
    }
}

fn rejected(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let mut steps = vec![NextStep::new(
        "the author",
        format!(
            "changes {} to meet {}; {}",
            at.proposal(),
            listed(&rejecters(view)),
            asked_again(view)
        ),
    )];
    steps.extend(from_elsewhere(view, Vote::Reject, at));
    let people = votes_of_people(view, Vote::Reject);
    if !people.is_empty() {
        let who = listed(&people);
        steps.push(
            NextStep::new(who, "votes again or takes the vote back").with(at.line("vote withdraw")),
        );
    }
    steps
}

fn degraded(view: &DiscussionView, at: At<'_>) -> NextStep {
    let failed = view.owed_as(|owed| matches!(owed, Owed::Failed(_)));
    let is_dear = |owed: &Owed| matches!(owed, Owed::Failed(why) if why.starts_with(OVER_BUDGET));
    let what = match &view.retry_at {
        None if view.owed.iter().any(|(_, owed)| is_dear(owed)) => {
            format!("asks {} again, once the budget allows it", listed(&failed))
        }
        Some(time) => {
            let failed = listed(&failed);
            format!("asks {failed} again, or waits for the next try at {time}")
        }
        None => format!("asks {} again", listed(&failed)),
    };
    NextStep::new(somebody(view, &table::PERSONAS), what).with(at.line(&failed.join(" ")))
}

fn stale(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let mut steps = Vec::new();
    let owed = view.owed_as(|owed| *owed == Owed::Stale);
    if !owed.is_empty() {
        let what = format!("asks {} about the changed text", listed(&owed));
        steps.push(NextStep::new(somebody(view, &table::MISSING), what).with(at.line("")));
    }
    steps.extend(renewals(view, at));
    steps
}

/// People whose vote was given on another text.
fn renewals(view: &DiscussionView, at: At<'_>) -> Option<NextStep> {
    let people: Vec<&str> = view
        .votes
        .iter()
        .filter(|vote| vote.entry.kind == VoterKind::Human)
        .filter(|vote| vote.entry.not_counted == Some(NotCounted::Stale))
        .map(|vote| vote.entry.participant.as_str())
        .collect();
    (!people.is_empty()).then(|| {
        NextStep::new(listed(&people), "votes again, the text changed since")
            .with(at.line("vote ready"))
    })
}

fn changes(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let open: Vec<&str> = view
        .open_concerns()
        .filter_map(|item| item.id.as_deref())
        .collect();
    let what = match open.as_slice() {
        [] => format!("changes {}; {}", at.proposal(), asked_again(view)),
        ids => format!(
            "changes {} to settle {}; {}",
            at.proposal(),
            listed(ids),
            asked_again(view)
        ),
    };
    let mut steps = vec![NextStep::new("the author", what)];
    steps.extend(resolves_concern(view, at));
    let questions = open_questions(view);
    if !questions.is_empty() {
        steps.push(NextStep::new(
            "the author",
            format!("answers {} in {}", listed(&questions), at.proposal()),
        ));
    }
    steps.extend(from_elsewhere(view, Vote::Changes, at));
    let people = votes_of_people(view, Vote::Changes);
    if !people.is_empty() {
        let who = listed(&people);
        steps.push(
            NextStep::new(who, "votes again once the point is settled").with(at.line("vote ready")),
        );
    }
    steps
}

/// The first concern that a person raised by name: only words close it.
fn resolves_concern(view: &DiscussionView, at: At<'_>) -> Option<NextStep> {
    if !view.has_reason(ReasonCode::BlockingConcern) {
        return None;
    }
    let item = view.open_concerns().find(|item| item.is_named())?;
    let name = item.id.as_deref()?;
    let resolves = someone_with(view.permissions.further(&table::RESOLVE));
    let others = other_than_author(&resolves, view);
    let who = format!("{}, or {others},", item.author);
    let step = NextStep::new(who, format!("resolves {name} once it is settled"));
    Some(step.with(at.line(&format!("resolve {name}: reason"))))
}

fn discussing(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let mut steps = Vec::new();
    if view.waiting.is_some() {
        steps.push(starts_panel(view, at));
    }
    let missing = view.owed_as(|owed| *owed == Owed::Missing);
    if view.waiting.is_none() && !missing.is_empty() && !view.is_past_bound() {
        let what = format!("asks {}", listed(&missing));
        steps.push(NextStep::new(somebody(view, &table::MISSING), what).with(at.line("")));
    }
    // Whoever votes before the text is as the panel wants it votes twice.
    let objects = |vote: &VoteView| {
        let vote = vote.entry.counted();
        vote.is_some_and(|vote| vote != Vote::Ready)
    };
    if steps.is_empty() && !view.is_past_bound() && view.votes.iter().any(objects) {
        return changes(view, at);
    }
    // The panel is done with it, and it did not move on by itself.
    if steps.is_empty() && view.has_reason(ReasonCode::PhaseDoesNotVote) {
        let who = somebody(view, &table::ADVANCE);
        let step = NextStep::new(who, "moves it on to its next phase");
        steps.push(step.with(at.line("advance")));
    }
    let renewals = renewals(view, at);
    let missing = view.people.needed.saturating_sub(view.people.ready);
    let suffices = renewals.is_some() && missing == 1 && view.disputed().next().is_none();
    steps.extend(renewals);
    if !suffices {
        steps.extend(person_votes(view, at));
    }
    if view.is_past_bound() {
        let who = other_than_author(&somebody(view, &table::ALL), view);
        steps.push(NextStep::new(who, "may open one more round").with(at.line("all")));
    }
    let questions = open_questions(view);
    if steps.is_empty() && !questions.is_empty() {
        steps.push(NextStep::new(
            "the author",
            format!("answers {} in {}", listed(&questions), at.proposal()),
        ));
    }
    steps
}

/// The people that READY still needs; where only the author is there, both exits.
fn person_votes(view: &DiscussionView, at: At<'_>) -> Vec<NextStep> {
    let missing = view.people.needed.saturating_sub(view.people.ready);
    let mut what = match missing {
        0 => return Vec::new(),
        1 => "votes".to_owned(),
        more => format!("votes; {more} people are needed"),
    };
    let disputed: Vec<&str> = view.disputed().collect();
    if !disputed.is_empty() {
        what.push_str(&format!(
            ", also in the place of {}, whose votes on this text contradict each other",
            listed(&disputed)
        ));
    }
    if !view.people.nobody_else {
        let who = other_than_author(&someone_with(view.permissions.of_votes()), view);
        return vec![NextStep::new(who, what).with(at.line("vote ready"))];
    }
    let right = view.permissions.of_votes().as_str();
    what.push_str(&format!(", once an admin has given {right} to somebody"));
    let who = other_than_author("someone", view);
    vec![
        NextStep::new(who, what).with(at.line("vote ready")),
        lets_authors_decide(),
    ]
}

/// The way out where nobody but the author may vote.
fn lets_authors_decide() -> NextStep {
    let what =
        "sets gate.author_may_vote: true in .github/discussions.yml on the base branch instead";
    NextStep::new("someone with admin", what)
}

/// Who may give a command here: `someone with write`.
fn somebody(view: &DiscussionView, row: &Row) -> String {
    someone_with(view.permissions.need(row))
}

fn someone_with(need: Need) -> String {
    format!("someone with {}", need.as_str())
}

fn other_than_author(who: &str, view: &DiscussionView) -> String {
    match &view.people.not_the_author {
        Some(author) => format!("{who} other than {author}"),
        None => who.to_owned(),
    }
}

/// People whose objection follows from another pull request: how it ends.
fn from_elsewhere(view: &DiscussionView, wanted: Vote, at: At<'_>) -> Vec<NextStep> {
    view.votes
        .iter()
        .filter(|vote| vote.entry.counted() == Some(wanted))
        .filter_map(|vote| {
            let number = vote.from?;
            let what = format!("votes here, or takes the vote back in #{number}");
            let step = NextStep::new(&vote.entry.participant, what);
            Some(step.with(at.line("vote ready")))
        })
        .collect()
}

fn votes_of_people(view: &DiscussionView, wanted: Vote) -> Vec<&str> {
    view.votes
        .iter()
        .filter(|vote| vote.from.is_none())
        .filter(|vote| vote.entry.kind == VoterKind::Human && vote.entry.counted() == Some(wanted))
        .map(|vote| vote.entry.participant.as_str())
        .collect()
}

fn open_questions(view: &DiscussionView) -> Vec<&str> {
    view.ledger
        .questions
        .iter()
        .filter(|item| item.state == ItemState::Open)
        .filter_map(|item| item.id.as_deref())
        .collect()
}
