//! The check run as a pure function of what was found out about a pull request at one head.

mod acts;
mod annotations;
mod buttons;
mod costs;
mod hidden;
mod next;
mod states;
mod summary;
mod title;
mod votes;

pub use buttons::{ASK_AGAIN, BUTTONS, EXPLAIN, RERUN_STALE};
pub use costs::costs;
pub use next::{MAX_STEPS, NextStep, next_steps};
pub use states::{STATES, StateRow, state_row};
pub(super) use summary::{
    facts, missing, note_lines, open_items, overview, problems, sections, summary,
};
pub use title::title;
pub(super) use title::{counted, of_discussion};
pub(super) use votes::{dissent, table};

use super::access::Permissions;
use super::markdown::cap;
use super::receipts::Tampering;
use super::repo_config::GateMode;
use crate::engine::consensus::{Owed, ReasonCode, State, Verdict};
use crate::engine::ledger::{Item, ItemState, Ledger};
use crate::engine::problem::{Problem, Severity};
use crate::engine::prompt::Kind;
use crate::engine::vote::{NotCounted, Tally, Vote, VoteEntry, VoterKind};
use crate::forge::{CheckRun, Conclusion};
use crate::ids::{Alias, Sha};
use crate::store::{ActRecord, ActVerb};

/// Bytes GitHub takes for a summary.
pub const MAX_SUMMARY: usize = 65_535;
/// Characters of a title that GitHub's lists still show.
pub const MAX_TITLE: usize = 140;

/// Everything the check says about one head.
#[derive(Debug, Clone)]
pub struct CheckInput {
    /// Name of the run, from [`check_name`].
    pub name: String,
    /// Commit it is bound to.
    pub head: Sha,
    /// Our own id, for read-back.
    pub external_id: String,
    /// Page with more (the status comment), if any.
    pub details_url: Option<String>,
    /// What was found out.
    pub findings: Findings,
    /// Things worth knowing that change nothing: `No .github/discussions.yml on main: the defaults apply`. One
    /// sentence each, plain text.
    pub notes: Vec<String>,
}

/// What was found out about the head.
#[derive(Debug, Clone)]
pub enum Findings {
    /// It was evaluated.
    Evaluated(Evaluation),
    /// A round is about to start or evaluation is under way; nothing is known yet.
    Started,
    /// The head was left: a later commit takes its place.
    Superseded {
        /// The commit the branch points to now.
        by: Sha,
    },
    /// The pull request is judged under another name: it goes into another base.
    Elsewhere {
        /// Its base branch now.
        base: String,
    },
    /// The configuration on its base names another check now, or none.
    Renamed {
        /// Its base branch.
        base: String,
        /// Name it is judged under now; `None`: the gate is off there.
        name: Option<String>,
    },
    /// The pull request was closed: it is judged anew when it is opened again.
    Closed,
    /// The installation grants too little for us to judge.
    Ungranted {
        /// What is missing, as GitHub writes it: `issues: read`.
        missing: Vec<String>,
        /// Web address where it is granted.
        settings: String,
    },
    /// We failed; the job is parked.
    Failed {
        /// Id under which the log has it.
        id: String,
    },
}

/// An evaluated head. Green only if nothing at all stands against it.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The discussions the pull request touches.
    pub discussions: Vec<DiscussionView>,
    /// Discussions that left and were let go: the pull request is never merely clear.
    pub dropped: Vec<DroppedView>,
    /// Errors in configuration, personas or templates that this pull request depends on: it is invalid.
    pub config_errors: Vec<ConfigProblem>,
    /// Notices about them: shown, change nothing.
    pub config_notices: Vec<ConfigProblem>,
    /// What the pull request as a whole still owes, besides its discussions.
    pub demands: Vec<Demand>,
    /// It changes configuration, personas or templates: it is never merely clear.
    pub changes_gate: bool,
    /// A green that is not written into the files.
    pub left_as_is: bool,
}

/// A problem in a configuration, persona or template file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Path in the repository.
    pub path: String,
    /// Line, from 1, if known.
    pub line: Option<usize>,
    /// What was read and why it is refused.
    pub message: String,
    /// What to write instead; may be empty.
    pub hint: String,
}

impl ConfigProblem {
    /// `path:line`, or the path where no line is known.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        }
    }
}

/// A discussion that left the pull request and that somebody let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedView {
    /// Path at the head, or the one it was removed from.
    pub path: String,
    /// Login of who let go of it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Link to where that was said.
    pub link: String,
}

/// Something the pull request as a whole owes: it is `discussing` until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// What is missing, for the title: `needs READY by someone with maintain, it changes the gate`.
    pub text: String,
    /// Who does what about it.
    pub step: NextStep,
}

/// One discussion as the check shows it.
#[derive(Debug, Clone)]
pub struct DiscussionView {
    /// Path at the head.
    pub path: String,
    /// Title of the header; the path where it has none.
    pub title: String,
    /// State and reasons.
    pub verdict: Verdict,
    /// Current phase.
    pub phase: String,
    /// First eight digits of the subject; empty when the file cannot be read.
    pub subject: String,
    /// Counted votes.
    pub tally: Tally,
    /// Every vote, counted or not.
    pub votes: Vec<VoteView>,
    /// Personas that owe a vote.
    pub owed: Vec<(Alias, Owed)>,
    /// Where people's votes stand.
    pub people: People,
    /// Personas whose CHANGES or REJECT is a veto.
    pub veto: Vec<Alias>,
    /// Items of the blocks that count.
    pub ledger: Ledger,
    /// Problems of file and header.
    pub problems: Vec<Problem>,
    /// Name lines of persona blocks that the App did not write, from 1.
    pub unsigned_lines: Vec<usize>,
    /// Things in the text that a reader of the page does not see, one entry for each kind of them.
    pub hidden: Vec<Hidden>,
    /// Lines of text that people's votes cover and persona votes do not, from 1.
    pub uncovered_lines: Vec<usize>,
    /// Headings that changed since the stale votes.
    pub changed_sections: Vec<String>,
    /// Automatic rounds so far in this phase, and how many there may be.
    pub rounds: (u32, u32),
    /// (answered, asked) while a round is running.
    pub working: Option<(usize, usize)>,
    /// What the panel waits for before it starts: `someone with write starts the panel`.
    pub waiting: Option<String>,
    /// Why it is held: `by ann: incident 114`, `the file left this pull request`.
    pub held: Option<String>,
    /// Who overrides the rules and why: `by ann: incident 114`.
    pub overridden: Option<String>,
    /// What people did to it that counts now: holds, a pause, an override; then what they closed of the ledger.
    pub acts: Vec<ActView>,
    /// When an unavailable persona is tried again: `14:20 UTC`.
    pub retry_at: Option<String>,
    /// Web address of the file at the head; lines are linked as `#L12`.
    pub url: Option<String>,
    /// Replies that stand in reviews and not in the file: the line each would begin at, were it appended, and the
    /// review's web address. Ascending.
    pub posted: Vec<(usize, String)>,
    /// Signed blocks that are not as they were signed.
    pub tampered: Vec<Tampering>,
    /// What became of it, where it left the pull request: `the file was removed`.
    pub withdrawn: Option<String>,
    /// Replies that a push dropped from the file; the record keeps counting them.
    pub lost_replies: usize,
    /// The rights that commands need here.
    pub permissions: Permissions,
}

/// Things of one kind that a reader of the page does not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// What they are.
    pub kind: Kind,
    /// Their lines, from 1, ascending; several may stand on one.
    pub lines: Vec<usize>,
}

/// One vote as the check shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteView {
    /// The vote.
    pub entry: VoteEntry,
    /// Where it was cast: a comment or review.
    pub link: Option<String>,
    /// First digits of the subject it was given on, when that is not the current one.
    pub given_on: Option<String>,
    /// Number of the pull request it was given in, if that is not this one.
    pub from: Option<u64>,
    /// Anything else to tell: the reason given, `removed by rob; it stands`.
    pub note: Option<String>,
}

/// What a person did to a discussion, as the check shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActView {
    /// What.
    pub verb: ActVerb,
    /// What it is about, where the verb alone does not say: `C1`; may be empty.
    pub target: String,
    /// Login of who did it.
    pub by: String,
    /// When, ms since the Unix epoch.
    pub at: i64,
    /// Why, or about whom; may be empty.
    pub text: String,
    /// Link to where it was said.
    pub link: String,
}

impl ActView {
    /// An act of the record.
    pub fn of(act: &ActRecord) -> Self {
        Self {
            verb: act.verb,
            target: act.target.clone(),
            by: act.login.clone(),
            at: act.said_at,
            text: match act.verb {
                ActVerb::Again => act.target.clone(),
                _ => act.text.clone(),
            },
            link: act.link.clone(),
        }
    }
}

/// Where people's votes stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Counted READY votes by people.
    pub ready: usize,
    /// How many are needed.
    pub needed: usize,
    /// Login of the pull request's author where the author's vote does not count; `None` where it does.
    pub not_the_author: Option<String>,
    /// Nobody but the author has the right to vote, so nobody could.
    pub nobody_else: bool,
}

/// State of the whole run, over all discussions: the worst wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overall {
    /// Evaluated: the pull request touches no discussion and owes nothing.
    Clear,
    /// The worst state of its discussions (configuration errors: invalid; demands: discussing).
    Of(State),
    /// Work has begun.
    Started,
    /// A later commit took its place, or it is judged under another name.
    Superseded,
    /// Our own failure, or a permission that we lack.
    Error,
}

/// Name of the run; `None`: nothing is posted. `check` is the configured name, `gated` whether the pull request goes
/// into a gated base.
pub fn check_name(mode: GateMode, check: &str, gated: bool) -> Option<String> {
    match (mode, gated) {
        (GateMode::Off, _) => None,
        (GateMode::Shadow, _) => Some(format!("{check} (shadow)")),
        (GateMode::Enforce, false) => Some(format!("{check} (preview)")),
        (GateMode::Enforce, true) => Some(check.to_owned()),
    }
}

/// State of the whole run.
pub fn overall(findings: &Findings) -> Overall {
    match findings {
        Findings::Started => Overall::Started,
        Findings::Superseded { .. }
        | Findings::Elsewhere { .. }
        | Findings::Renamed { .. }
        | Findings::Closed => Overall::Superseded,
        Findings::Failed { .. } | Findings::Ungranted { .. } => Overall::Error,
        Findings::Evaluated(evaluation) => overall_of(evaluation),
    }
}

fn overall_of(evaluation: &Evaluation) -> Overall {
    let of_config = evaluation.config_errors.iter().map(|_| State::Invalid);
    let of_demands = evaluation.demands.iter().map(|_| State::Discussing);
    evaluation
        .discussions
        .iter()
        .map(|view| view.verdict.state)
        .chain(of_config)
        .chain(of_demands)
        .chain(evaluation.changes_gate.then_some(State::Ready))
        .chain(evaluation.dropped.iter().map(|_| State::Ready))
        .min_by_key(|state| rank(*state))
        .map_or(Overall::Clear, Overall::Of)
}

/// Order of states over several discussions, worst first. A running round comes first of all: the run is completed
/// once, after it.
fn rank(state: State) -> u8 {
    match state {
        State::Working => 0,
        State::Invalid => 1,
        State::Tampered => 2,
        State::Held => 3,
        State::Rejected => 4,
        State::Degraded => 5,
        State::Stale => 6,
        State::Changes => 7,
        State::Discussing => 8,
        State::Overridden => 9,
        State::Ready => 10,
    }
}

/// The same order for whole runs: what has begun is ended once, after it; a failure of ours is worse than any verdict,
/// and nothing to decide is the best.
pub(super) fn rank_of(overall: Overall) -> u8 {
    match overall {
        Overall::Started => 0,
        Overall::Of(State::Working) => 1,
        Overall::Error | Overall::Superseded => 2,
        Overall::Of(state) => rank(state) + 2,
        Overall::Clear => u8::MAX,
    }
}

/// Conclusion of a run; `None`: in progress.
pub fn conclusion(overall: Overall) -> Option<Conclusion> {
    state_row(overall).conclusion
}

/// The check run to post. Texts are neutralised and within GitHub's limits.
pub fn check_run(input: &CheckInput) -> CheckRun {
    let overall = overall(&input.findings);
    let (annotations, left_out) = annotations::annotations(&input.findings);
    CheckRun {
        name: input.name.clone(),
        head: input.head.clone(),
        conclusion: conclusion(overall),
        title: title(&input.findings),
        summary: cap(summary::summary(input, left_out), MAX_SUMMARY),
        annotations,
        buttons: buttons::buttons(&input.findings),
        external_id: input.external_id.clone(),
        details_url: input.details_url.clone(),
    }
}

impl DiscussionView {
    /// Problems that make the file invalid.
    pub(super) fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems
            .iter()
            .filter(|problem| problem.severity() == Severity::Error)
    }

    /// Concerns that are open and not minor.
    pub(super) fn open_concerns(&self) -> impl Iterator<Item = &Item> {
        self.ledger
            .concerns
            .iter()
            .filter(|item| item.state == ItemState::Open && !item.minor)
    }

    /// Whether a vote is a persona's veto.
    pub(super) fn is_veto(&self, entry: &VoteEntry) -> bool {
        let is_role = |alias: &Alias| alias.as_str() == entry.participant;
        entry.kind == VoterKind::Ai
            && entry.counted().is_some_and(|vote| vote != Vote::Ready)
            && self.veto.iter().any(is_role)
    }

    /// Address of the review that holds a line; `None`: the line is in the file.
    pub(super) fn review_of(&self, line: usize) -> Option<&str> {
        let mut posted = self.posted.iter().rev();
        let (_, review) = posted.find(|(first, _)| *first <= line)?;
        Some(review)
    }

    /// Whether somebody did that to it, and it counts.
    pub(super) fn is_done(&self, verb: ActVerb) -> bool {
        self.acts.iter().any(|act| act.verb == verb)
    }

    /// Whether the automatic rounds are used up, so that a person decides.
    pub(super) fn is_past_bound(&self) -> bool {
        let (done, bound) = self.rounds;
        (bound > 0 && done >= bound) || self.has_reason(ReasonCode::Bound)
    }

    /// Personas whose votes on this text contradict each other too often to be counted.
    pub(super) fn disputed(&self) -> impl Iterator<Item = &str> {
        let entries = self.votes.iter().map(|vote| &vote.entry);
        entries
            .filter(|entry| entry.not_counted == Some(NotCounted::Disputed))
            .map(|entry| entry.participant.as_str())
    }

    /// Whether that stands between this discussion and READY.
    pub(super) fn has_reason(&self, code: ReasonCode) -> bool {
        let mut reasons = self.verdict.reasons.iter();
        reasons.any(|reason| reason.code == code)
    }

    /// Aliases of owed votes that stand as given.
    pub(super) fn owed_as(&self, wanted: impl Fn(&Owed) -> bool) -> Vec<&str> {
        self.owed
            .iter()
            .filter(|(_, owed)| wanted(owed))
            .map(|(alias, _)| alias.as_str())
            .collect()
    }
}
