//! Discussions as the check sees them, built from short descriptions.

use discussions::bot::access::Permissions;
use discussions::bot::check::{CheckInput, DiscussionView, Evaluation, Findings, People, VoteView};
use discussions::engine::consensus::{Owed, Reason, ReasonCode, State, Verdict};
use discussions::engine::ledger::{Item, ItemKind, ItemState, Ledger};
use discussions::engine::problem::{Code, Problem};
use discussions::engine::vote::{NotCounted, Tally, Vote, VoteEntry, VoterKind};
use discussions::ids::{Alias, Sha};
use serde::Deserialize;

pub const STATES: [State; 11] = [
    State::Invalid,
    State::Tampered,
    State::Held,
    State::Overridden,
    State::Working,
    State::Rejected,
    State::Degraded,
    State::Stale,
    State::Changes,
    State::Discussing,
    State::Ready,
];

/// A discussion in few words; everything may be left out.
#[derive(Deserialize, Default, Clone)]
#[serde(default, deny_unknown_fields)]
pub struct Sketch {
    pub state: String,
    pub path: Option<String>,
    /// `code: text`
    pub reasons: Vec<String>,
    pub tally: (usize, usize, usize),
    /// `security AI REJECT [not counted]`
    pub votes: Vec<String>,
    /// `security missing`, `security failed: why`
    pub owed: Vec<String>,
    pub veto: Vec<String>,
    pub people: (usize, usize),
    pub author: Option<String>,
    pub nobody_else: bool,
    pub concerns: usize,
    pub minor_concerns: usize,
    pub questions: usize,
    pub unclosed_fence_at: Option<usize>,
    pub sections: Vec<String>,
    pub rounds: (u32, u32),
    pub working: Option<(usize, usize)>,
    pub waiting: Option<String>,
    pub held: Option<String>,
    pub retry_at: Option<String>,
}

fn reason(text: &str) -> Reason {
    let (code, text) = text.split_once(": ").unwrap();
    let codes = [
        ReasonCode::PhaseDoesNotVote,
        ReasonCode::ReadyFraction,
        ReasonCode::MinimumVotes,
        ReasonCode::Humans,
        ReasonCode::MissingVote,
        ReasonCode::Rejected,
        ReasonCode::Veto,
        ReasonCode::BlockingConcern,
        ReasonCode::Disputed,
        ReasonCode::StaleVotes,
        ReasonCode::Held,
        ReasonCode::Overridden,
        ReasonCode::Withdrawn,
        ReasonCode::Bound,
        ReasonCode::Problem,
    ];
    let code = codes.into_iter().find(|c| c.as_str() == code).unwrap();
    Reason {
        code,
        text: text.to_owned(),
    }
}

fn vote(text: &str) -> VoteView {
    let words: Vec<&str> = text.split(' ').collect();
    let reasons = [
        NotCounted::Unsigned,
        NotCounted::Unconfirmed,
        NotCounted::Stale,
        NotCounted::Author,
        NotCounted::NoPermission,
        NotCounted::Disputed,
    ];
    let not_counted = words
        .get(3)
        .map(|w| *reasons.iter().find(|r| r.as_str() == *w).unwrap());
    VoteView {
        entry: VoteEntry {
            participant: words[0].to_owned(),
            kind: if words[1] == "AI" {
                VoterKind::Ai
            } else {
                VoterKind::Human
            },
            vote: Vote::parse(words[2]),
            not_counted,
            line: (words[1] == "AI" || not_counted == Some(NotCounted::Unconfirmed)).then_some(40),
            block: None,
        },
        link: None,
        given_on: None,
        from: None,
        note: None,
    }
}

fn owed(text: &str) -> (Alias, Owed) {
    let (alias, how) = text.split_once(' ').unwrap();
    let how = match how {
        "fresh" => Owed::Fresh,
        "stale" => Owed::Stale,
        "missing" => Owed::Missing,
        failed => Owed::Failed(failed.strip_prefix("failed: ").unwrap().to_owned()),
    };
    (Alias::parse(alias).unwrap(), how)
}

pub fn item(kind: ItemKind, number: usize, text: &str, minor: bool) -> Item {
    let letter = match kind {
        ItemKind::Question => 'Q',
        ItemKind::Concern => 'C',
        ItemKind::Todo => 'T',
        ItemKind::Decision => 'D',
    };
    Item {
        kind,
        id: Some(format!("{letter}{number}")),
        author: "security".to_owned(),
        by_persona: true,
        block: 1,
        line: 60 + number,
        text: text.to_owned(),
        items: Vec::new(),
        state: ItemState::Open,
        minor,
        assignee: None,
        raised_in: None,
        closing: None,
    }
}

impl Sketch {
    pub fn view(&self) -> DiscussionView {
        let state = STATES
            .into_iter()
            .find(|s| s.as_str() == self.state)
            .unwrap();
        let items = |kind, count: usize, from: usize, minor| {
            (1..=count).map(move |n| item(kind, from + n, "Something is unclear", minor))
        };
        let mut ledger = Ledger::default();
        ledger
            .concerns
            .extend(items(ItemKind::Concern, self.concerns, 0, false));
        ledger.concerns.extend(items(
            ItemKind::Concern,
            self.minor_concerns,
            self.concerns,
            true,
        ));
        ledger
            .questions
            .extend(items(ItemKind::Question, self.questions, 0, false));
        let problem = |line| {
            Problem::new(
                Code::UnclosedFence,
                line,
                1,
                "A code fence is opened here and never closed.",
            )
        };
        DiscussionView {
            path: self
                .path
                .clone()
                .unwrap_or_else(|| "design/cache.md".to_owned()),
            title: "Caching layer".to_owned(),
            verdict: Verdict::without_count(
                state,
                self.reasons.iter().map(|r| reason(r)).collect(),
            ),
            phase: "review".to_owned(),
            subject: "3fa9c1d2".to_owned(),
            tally: Tally {
                ready: self.tally.0,
                changes: self.tally.1,
                reject: self.tally.2,
            },
            votes: self.votes.iter().map(|v| vote(v)).collect(),
            owed: self.owed.iter().map(|o| owed(o)).collect(),
            people: People {
                ready: self.people.0,
                needed: self.people.1,
                not_the_author: self.author.clone(),
                nobody_else: self.nobody_else,
            },
            veto: self.veto.iter().map(|a| Alias::parse(a).unwrap()).collect(),
            ledger,
            problems: self.unclosed_fence_at.map(problem).into_iter().collect(),
            unsigned_lines: Vec::new(),
            hidden: Vec::new(),
            uncovered_lines: Vec::new(),
            changed_sections: self.sections.clone(),
            rounds: self.rounds,
            working: self.working,
            waiting: self.waiting.clone(),
            held: self.held.clone(),
            overridden: None,
            acts: Vec::new(),
            retry_at: self.retry_at.clone(),
            posted: Vec::new(),
            tampered: Vec::new(),
            lost_replies: 0,
            withdrawn: None,
            permissions: Permissions::default(),
            url: Some("https://github.test/o/r/blob/abc/design/cache.md".to_owned()),
        }
    }
}

/// A discussion in that state, with nothing else told.
pub fn in_state(state: State) -> DiscussionView {
    Sketch {
        state: state.as_str().to_owned(),
        ..Sketch::default()
    }
    .view()
}

pub fn evaluated(discussions: Vec<DiscussionView>) -> Findings {
    Findings::Evaluated(Evaluation {
        discussions,
        config_errors: Vec::new(),
        config_notices: Vec::new(),
        demands: Vec::new(),
        dropped: Vec::new(),
        changes_gate: false,
        left_as_is: false,
    })
}

pub fn input(findings: Findings) -> CheckInput {
    CheckInput {
        name: "discussions".to_owned(),
        head: Sha::parse(&"ab".repeat(20)).unwrap(),
        external_id: "job-1".to_owned(),
        details_url: None,
        findings,
        notes: Vec::new(),
    }
}

/// All states there are; a new one does not compile until it is listed here.
pub fn is_green(state: State) -> bool {
    match state {
        State::Ready | State::Overridden => true,
        State::Invalid
        | State::Tampered
        | State::Held
        | State::Working
        | State::Rejected
        | State::Degraded
        | State::Stale
        | State::Changes
        | State::Discussing => false,
    }
}

/// A pull request with a discussion in each of these states.
pub fn evaluation(discussions: &[State]) -> Evaluation {
    Evaluation {
        discussions: discussions.iter().map(|s| in_state(*s)).collect(),
        config_errors: Vec::new(),
        config_notices: Vec::new(),
        demands: Vec::new(),
        dropped: Vec::new(),
        changes_gate: false,
        left_as_is: false,
    }
}
