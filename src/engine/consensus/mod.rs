//! The verdict: one rule set, used by the command line, the gate and the Action. All comparisons are exact.

mod clauses;
mod count;
mod decide;

pub use decide::{blocking_concerns, decide};

use super::ledger::Ledger;
use super::problem::Problem;
use super::template::{Fraction, Phase};
use super::vote::{NotCounted, Vote, VoteEntry};
use crate::ids::Alias;

/// Changes of a persona's counted vote on one subject from which on the vote is disputed.
pub const DISPUTED_AFTER: usize = 3;

/// Whether a persona's counted votes on one subject, oldest first, contradict each other too often to count any. Votes
/// that repeat the one before are no change.
pub fn is_disputed(votes: &[Vote]) -> bool {
    let changes = votes.windows(2).filter(|pair| pair[0] != pair[1]);
    changes.count() >= DISPUTED_AFTER
}

/// READY votes by people that are needed: those of the rules, and one more in the place of each disputed persona.
pub fn people_needed<'v>(rules: &Rules, votes: impl Iterator<Item = &'v VoteEntry>) -> usize {
    let disputed = votes.filter(|entry| entry.not_counted == Some(NotCounted::Disputed));
    rules.humans + disputed.count()
}

/// What number of REJECT votes rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectRule {
    /// One is enough.
    Any,
    /// That many votes.
    Votes(usize),
    /// That share of counted votes.
    Share(Fraction),
}

/// Whose open concerns block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConcernRule {
    /// People's and veto personas'.
    People,
    /// Everybody's.
    All,
    /// Nobody's.
    None,
}

/// The rules of the gate, from the base branch's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// READY fraction of the final phase (the stricter of this and the phase's own applies).
    pub ready: Fraction,
    /// REJECT rule.
    pub reject: RejectRule,
    /// READY votes by people that are needed.
    pub humans: usize,
    /// Counted votes that are needed.
    pub minimum_votes: usize,
    /// Personas whose CHANGES or REJECT is a veto, besides those that say so themselves.
    pub veto: Vec<Alias>,
    /// Which open concerns block.
    pub concerns: ConcernRule,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            ready: Fraction::TWO_THIRDS,
            reject: RejectRule::Any,
            humans: 1,
            minimum_votes: 1,
            veto: Vec::new(),
            concerns: ConcernRule::People,
        }
    }
}

/// How an owed persona vote stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owed {
    /// Given, fresh.
    Fresh,
    /// Given on another subject.
    Stale,
    /// Not asked yet, or silent.
    Missing,
    /// Asked and failed, over budget, or without a model; the text says which.
    Failed(String),
}

/// Everything the verdict looks at.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// Rules of the gate.
    pub rules: &'a Rules,
    /// Current phase.
    pub phase: &'a Phase,
    /// Votes, one entry for each participant.
    pub votes: &'a [VoteEntry],
    /// Personas that owe a vote, and how each stands. With trust `file` nobody owes one: empty.
    pub owed: &'a [(Alias, Owed)],
    /// Ledger of the blocks that count.
    pub ledger: &'a Ledger,
    /// Problems; any error makes the state invalid.
    pub problems: &'a [Problem],
    /// What was done to signed blocks, one sentence each.
    pub tampered: &'a [String],
    /// Whether a round is running: (answered, asked).
    pub working: Option<(usize, usize)>,
    /// Headings that changed since the stale votes, for the text.
    pub changed_sections: &'a [String],
    /// Automatic rounds in this phase are used up: persona votes are advice, a person decides. Holds the number.
    pub bound_after: Option<u32>,
    /// Why a discussion is held (withdrawn, paused, waits for someone with write), if it is.
    pub held: Option<String>,
    /// Who overrides the rules and why, if somebody does: `by ann: incident 114`.
    pub overridden: Option<String>,
    /// The author when nobody else could vote, to name both exits; usually `None`.
    pub sole_author: Option<SoleAuthor<'a>>,
}

/// An author beside whom nobody could vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoleAuthor<'a> {
    /// Login.
    pub login: &'a str,
    /// Right on the repository without which nobody's vote counts, in one word: `write`.
    pub vote_needs: &'a str,
}

/// State of one discussion, worst first (see `3-gate`: the first that applies wins).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// An error in file or configuration.
    Invalid,
    /// A signed block was changed.
    Tampered,
    /// Held by a person or withdrawn from the pull request.
    Held,
    /// Overridden by a maintainer.
    Overridden,
    /// A round is running.
    Working,
    /// REJECT or veto.
    Rejected,
    /// An owed answer is unavailable.
    Degraded,
    /// An owed vote was given on another text.
    Stale,
    /// A fresh CHANGES or a blocking concern stands in the way.
    Changes,
    /// A vote, a person, a quorum or a later phase is missing.
    Discussing,
    /// Consensus.
    Ready,
}

impl State {
    /// Lower-case word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Tampered => "tampered",
            Self::Held => "held",
            Self::Overridden => "overridden",
            Self::Working => "working",
            Self::Rejected => "rejected",
            Self::Degraded => "degraded",
            Self::Stale => "stale",
            Self::Changes => "changes",
            Self::Discussing => "discussing",
            Self::Ready => "ready",
        }
    }
}

/// Code of a reason, as in `status --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReasonCode {
    /// The phase does not vote, or is not the final one.
    PhaseDoesNotVote,
    /// Too few READY.
    ReadyFraction,
    /// Too few votes.
    MinimumVotes,
    /// Too few people.
    Humans,
    /// An owed vote is missing.
    MissingVote,
    /// Enough REJECT votes.
    Rejected,
    /// A veto role is not READY.
    Veto,
    /// An open concern blocks.
    BlockingConcern,
    /// A persona changed its mind too often on one text.
    Disputed,
    /// Votes given on another text.
    StaleVotes,
    /// Held.
    Held,
    /// Somebody answers for passing it as it is.
    Overridden,
    /// Withdrawn.
    Withdrawn,
    /// Rounds are used up.
    Bound,
    /// A problem of severity error.
    Problem,
    /// A signed block is not as it was signed.
    Tampered,
}

impl ReasonCode {
    /// Snake-case name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhaseDoesNotVote => "phase_does_not_vote",
            Self::ReadyFraction => "ready_fraction",
            Self::MinimumVotes => "minimum_votes",
            Self::Humans => "humans",
            Self::MissingVote => "missing_vote",
            Self::Rejected => "rejected",
            Self::Veto => "veto",
            Self::BlockingConcern => "blocking_concern",
            Self::Disputed => "disputed",
            Self::StaleVotes => "stale_votes",
            Self::Held => "held",
            Self::Overridden => "overridden",
            Self::Withdrawn => "withdrawn",
            Self::Bound => "bound",
            Self::Problem => "problem",
            Self::Tampered => "tampered",
        }
    }
}

/// One reason why the state is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Code for scripts.
    pub code: ReasonCode,
    /// Plain words for people, one sentence without a full stop: `1 of 3 ready, 2/3 needed`.
    pub text: String,
}

/// One rule of READY as it stands here, for "why". Plain words without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Stable name of the rule: `ready`, `humans`.
    pub key: &'static str,
    /// What READY needs, with the numbers of the rules: `at least 2/3 of the counted votes are READY`.
    pub rule: String,
    /// What there is, with numbers and names: `1 of 3: READY by ann, CHANGES by architect and security`.
    pub found: String,
    /// Whether the rule holds.
    pub holds: bool,
}

impl Clause {
    /// The clause as one line: `does not hold: at least 1 person is READY (0 of 1 person ready)`.
    pub fn line(&self) -> String {
        let standing = if self.holds { "holds" } else { "does not hold" };
        format!("{standing}: {} ({})", self.rule, self.found)
    }
}

/// The outcome: a state and every reason that stands between it and READY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The state.
    pub state: State,
    /// Reasons, most important first; empty only when ready.
    pub reasons: Vec<Reason>,
    /// Every rule of READY, in the order in which they decide; empty where nothing could be counted.
    pub clauses: Vec<Clause>,
}

impl Verdict {
    /// A verdict that no count led to: the file cannot be read, or a round is running.
    pub fn without_count(state: State, reasons: Vec<Reason>) -> Self {
        Self {
            state,
            reasons,
            clauses: Vec::new(),
        }
    }

    /// The verdict rule by rule, one line each; where nothing could be counted, its reasons.
    pub fn why(&self) -> Vec<String> {
        let clauses = self.clauses.iter().map(Clause::line);
        if !self.clauses.is_empty() {
            return clauses.collect();
        }
        let reasons = self.reasons.iter();
        reasons
            .map(|reason| format!("does not hold: {}", reason.text))
            .collect()
    }

    /// Whether all that READY needs holds, apart from being in the final phase: what moves a voting phase with a
    /// `next` on. Ask this after the round; while one runs the answer is no.
    pub fn holds_but_for_the_phase(&self) -> bool {
        let is_apart = |code| matches!(code, ReasonCode::PhaseDoesNotVote | ReasonCode::Overridden);
        self.reasons.iter().all(|reason| is_apart(reason.code))
    }
}
