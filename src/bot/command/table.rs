//! The one table of commands. Help, near misses, rights and the README section are made from it.

use super::{ActCommand, Command, LedgerCommand, Whom};
use crate::bot::access::{AuthorRule, Need};

/// A verb, as a word that starts a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `vote`
    Vote,
    /// `drop`
    Drop,
    /// `restore`
    Restore,
    /// `reset`
    Reset,
    /// `hold`
    Hold,
    /// `release`
    Release,
    /// `pause`
    Pause,
    /// `resume`
    Resume,
    /// `override`
    Override,
    /// `concern`
    Concern,
    /// `resolve`
    Resolve,
    /// `answer`
    Answer,
    /// `status`
    Status,
    /// `why`
    Why,
    /// `config`
    Config,
    /// `retry`
    Retry,
    /// `cancel`
    Cancel,
    /// `advance`
    Advance,
    /// `new`
    New,
    /// `help`
    Help,
}

/// Heading under which help lists a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Ask personas.
    Ask,
    /// Decide.
    Decide,
    /// Read.
    Inform,
}

impl Group {
    /// The heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Ask => "Ask",
            Self::Decide => "Decide",
            Self::Inform => "Read",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stable key: the verb, or what stands in its place.
    pub key: &'static str,
    /// Heading in the help.
    pub group: Group,
    /// Usage, from `/discuss` on.
    pub usage: &'static str,
    /// Right that is needed where the configuration says nothing else.
    pub need: Need,
    /// Right that its further reach needs, and what that reach is: `past a vote that did not pass`.
    pub further: Option<(Need, &'static str)>,
    /// Whether it moves the gate or chooses what is written into the branch, and does not merely read or ask. A
    /// configuration may demand a higher right for any command, and a lower one only where this is false.
    pub decides: bool,
    /// Whether the pull request's author may.
    pub author: AuthorRule,
    /// A line that works as it stands.
    pub example: &'static str,
    /// What it does, and what that means for the check: one sentence without a full stop.
    pub effect: &'static str,
}

pub(in crate::bot) const PERSONAS: Row = Row {
    key: "personas",
    group: Group::Ask,
    usage: "/discuss [PATH] NAME... [question]",
    need: Need::Write,
    further: None,
    decides: false,
    author: AuthorRule::May,
    example: "/discuss security what about tenant isolation?",
    effect: "asks these personas; a question is answered here and may lower their vote, never raise it",
};
pub(in crate::bot) const ALL: Row = Row {
    key: "all",
    group: Group::Ask,
    usage: "/discuss [PATH] all [question]",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::NotPastTheBound,
    example: "/discuss all",
    effect: "asks every voting participant; after the last automatic round it opens one more",
};
pub(in crate::bot) const MISSING: Row = Row {
    key: "missing",
    group: Group::Ask,
    usage: "/discuss [PATH]",
    need: Need::Write,
    further: None,
    decides: false,
    author: AuthorRule::May,
    example: "/discuss design/cache.md",
    effect: "asks the voting participants that have not answered on the current text",
};
pub(in crate::bot) const AGAIN: Row = Row {
    key: "again",
    group: Group::Ask,
    usage: "/discuss [PATH] NAME...|all --again",
    need: Need::Maintain,
    further: None,
    decides: true,
    author: AuthorRule::Never,
    example: "/discuss security --again",
    effect: "asks once more although the answer on this text stands; the check shows who did and how often, and the newest answer counts",
};
pub(in crate::bot) const RETRY: Row = Row {
    key: "retry",
    group: Group::Ask,
    usage: "/discuss retry",
    need: Need::Write,
    further: None,
    decides: false,
    author: AuthorRule::May,
    example: "/discuss retry",
    effect: "tries what failed or was given up once more: answers that came are posted and not bought again",
};
pub(in crate::bot) const CANCEL: Row = Row {
    key: "cancel",
    group: Group::Ask,
    usage: "/discuss cancel",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::May,
    example: "/discuss cancel",
    effect: "stops the round that runs or waits: nobody else is asked, and answers that came are kept for when somebody asks",
};
pub(in crate::bot) const VOTE: Row = Row {
    key: "vote",
    group: Group::Decide,
    usage: "/discuss [PATH] vote ready|changes|reject|withdraw [HASH] [: reason]",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::ShownNotCounted,
    example: "/discuss vote ready: the rollback plan is clear",
    effect: "records your vote on the current text, or on the one HASH names; your newest vote counts",
};
pub(in crate::bot) const DROP: Row = Row {
    key: "drop",
    group: Group::Decide,
    usage: "/discuss drop PATH: reason",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::Never,
    example: "/discuss drop design/cache.md: decided elsewhere",
    effect: "lets go of a discussion that left this pull request, so that it no longer holds it",
};
pub(in crate::bot) const ADVANCE: Row = Row {
    key: "advance",
    group: Group::Decide,
    usage: "/discuss [PATH] advance [PHASE]",
    need: Need::Write,
    further: Some((Need::Maintain, "past a vote that did not pass")),
    decides: true,
    author: AuthorRule::NotPastAVote,
    example: "/discuss advance consensus_vote",
    effect: "moves the discussion to its next phase, or to PHASE",
};
pub(in crate::bot) const NEW: Row = Row {
    key: "new",
    group: Group::Ask,
    usage: "/discuss new \"Title\" [template] [PATH]",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::May,
    example: "/discuss new \"A cache for the product list\" feature",
    effect: "begins a discussion: commits a file with the template's headings to the branch of this pull request",
};
pub(in crate::bot) const RESTORE: Row = Row {
    key: "restore",
    group: Group::Decide,
    usage: "/discuss [PATH] restore",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::May,
    example: "/discuss restore",
    effect: "puts the panel's replies back into the file as they were signed, where they were changed or dropped",
};
pub(in crate::bot) const RESET: Row = Row {
    key: "reset",
    group: Group::Decide,
    usage: "/discuss [PATH] reset: reason",
    need: Need::Maintain,
    further: None,
    decides: true,
    author: AuthorRule::Never,
    example: "/discuss reset: the replies were edited on purpose",
    effect: "begins the discussion anew: a new round, new votes; what stands in the file becomes part of the proposal",
};
pub(in crate::bot) const HOLD: Row = Row {
    key: "hold",
    group: Group::Decide,
    usage: "/discuss [PATH] hold: reason",
    need: Need::Triage,
    further: None,
    decides: true,
    author: AuthorRule::May,
    example: "/discuss hold: wait for the load test",
    effect: "holds the discussion, whatever the votes are, until somebody releases it; never green meanwhile",
};
pub(in crate::bot) const RELEASE: Row = Row {
    key: "release",
    group: Group::Decide,
    usage: "/discuss [PATH] release [: reason]",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::OwnOnly,
    example: "/discuss release: the load test passed",
    effect: "takes holds back, so that the votes decide again",
};
pub(in crate::bot) const PAUSE: Row = Row {
    key: "pause",
    group: Group::Ask,
    usage: "/discuss [PATH] pause",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::May,
    example: "/discuss pause",
    effect: "stops the panel: nobody is asked, by itself or by a command, and the check is not green until `resume`",
};
pub(in crate::bot) const RESUME: Row = Row {
    key: "resume",
    group: Group::Ask,
    usage: "/discuss [PATH] resume",
    need: Need::Write,
    further: None,
    decides: true,
    author: AuthorRule::OwnOnly,
    example: "/discuss resume",
    effect: "ends the pause and asks the voting participants that have not answered on the current text",
};
pub(in crate::bot) const OVERRIDE: Row = Row {
    key: "override",
    group: Group::Decide,
    usage: "/discuss [PATH] override HASH: reason",
    need: Need::Maintain,
    further: None,
    decides: true,
    author: AuthorRule::Never,
    example: "/discuss override 3fa9c1d2: incident 114",
    effect: "passes this very text whatever the votes are; it ends when the text changes, and beats no error and no hold",
};
pub(in crate::bot) const CONCERN: Row = Row {
    key: "concern",
    group: Group::Decide,
    usage: "/discuss [PATH] concern NAME: text",
    need: Need::Triage,
    further: None,
    decides: true,
    author: AuthorRule::May,
    example: "/discuss concern rollback: nobody says how we go back",
    effect: "raises a concern under that one word; it stands in the way until somebody resolves it",
};
pub(in crate::bot) const RESOLVE: Row = Row {
    key: "resolve",
    group: Group::Decide,
    usage: "/discuss [PATH] resolve C1|NAME: reason",
    need: Need::Triage,
    further: Some((Need::Write, "for a concern of somebody else")),
    decides: true,
    author: AuthorRule::OwnOnly,
    example: "/discuss resolve C1: the plan covers it now",
    effect: "closes a concern",
};
pub(in crate::bot) const ANSWER: Row = Row {
    key: "answer",
    group: Group::Decide,
    usage: "/discuss [PATH] answer Q2: text",
    need: Need::Triage,
    further: None,
    decides: true,
    author: AuthorRule::InAnyCase,
    example: "/discuss answer Q1: every tenant has its own key",
    effect: "answers a question of the panel, which sees the answer when it is asked again",
};
pub(in crate::bot) const STATUS: Row = Row {
    key: "status",
    group: Group::Inform,
    usage: "/discuss [PATH] status",
    need: Need::Read,
    further: None,
    decides: false,
    author: AuthorRule::May,
    example: "/discuss design/cache.md status",
    effect: "replies with state, next steps, votes and open items; changes nothing",
};
pub(in crate::bot) const WHY: Row = Row {
    key: "why",
    group: Group::Inform,
    usage: "/discuss [PATH] why",
    need: Need::Read,
    further: None,
    decides: false,
    author: AuthorRule::May,
    example: "/discuss design/cache.md why",
    effect: "replies with every rule of the verdict, whether it holds, and the numbers; changes nothing",
};
pub(in crate::bot) const CONFIG: Row = Row {
    key: "config",
    group: Group::Inform,
    usage: "/discuss config",
    need: Need::Read,
    further: None,
    decides: false,
    author: AuthorRule::May,
    example: "/discuss config",
    effect: "replies with the settings of the base branch that are not the default, and where each stands; changes nothing",
};
pub(in crate::bot) const HELP: Row = Row {
    key: "help",
    group: Group::Inform,
    usage: "/discuss help",
    need: Need::Read,
    further: None,
    decides: false,
    author: AuthorRule::May,
    example: "/discuss help",
    effect: "replies with this list; changes nothing",
};

/// Every command there is, in the order of the help.
pub const TABLE: &[Row] = &[
    PERSONAS, ALL, MISSING, AGAIN, NEW, RETRY, CANCEL, PAUSE, RESUME, VOTE, ADVANCE, CONCERN,
    RESOLVE, ANSWER, HOLD, RELEASE, OVERRIDE, DROP, RESTORE, RESET, STATUS, WHY, CONFIG, HELP,
];

/// The row that a word of the configuration means: its key, or what one types for it.
pub fn called(word: &str) -> Option<&'static Row> {
    let key = if word == AGAIN_FLAG { AGAIN.key } else { word };
    TABLE.iter().find(|row| row.key == key)
}

/// The row of a command.
pub fn row(command: &Command) -> &'static Row {
    match command {
        Command::Ask { whom, .. } => match whom {
            Whom::Named(_) => &PERSONAS,
            Whom::All => &ALL,
            Whom::Missing => &MISSING,
        },
        Command::Again { .. } => &AGAIN,
        Command::Retry => &RETRY,
        Command::Cancel => &CANCEL,
        Command::Advance { .. } => &ADVANCE,
        Command::New(_) => &NEW,
        Command::Config => &CONFIG,
        Command::Vote(_) => &VOTE,
        Command::Drop(_) => &DROP,
        Command::Act(act) => match act {
            ActCommand::Hold { .. } => &HOLD,
            ActCommand::Release { .. } => &RELEASE,
            ActCommand::Pause => &PAUSE,
            ActCommand::Resume => &RESUME,
            ActCommand::Override { .. } => &OVERRIDE,
        },
        Command::Ledger(said) => match said {
            LedgerCommand::Concern { .. } => &CONCERN,
            LedgerCommand::Resolve { .. } => &RESOLVE,
            LedgerCommand::Answer { .. } => &ANSWER,
        },
        Command::Restore => &RESTORE,
        Command::Reset { .. } => &RESET,
        Command::Status => &STATUS,
        Command::Why => &WHY,
        Command::Help => &HELP,
    }
}

/// The one flag there is.
pub const AGAIN_FLAG: &str = "--again";

/// The verbs by name.
const VERBS: &[(&str, Verb)] = &[
    ("vote", Verb::Vote),
    ("drop", Verb::Drop),
    ("restore", Verb::Restore),
    ("reset", Verb::Reset),
    ("hold", Verb::Hold),
    ("release", Verb::Release),
    ("pause", Verb::Pause),
    ("resume", Verb::Resume),
    ("override", Verb::Override),
    ("concern", Verb::Concern),
    ("resolve", Verb::Resolve),
    ("answer", Verb::Answer),
    ("status", Verb::Status),
    ("why", Verb::Why),
    ("config", Verb::Config),
    ("retry", Verb::Retry),
    ("cancel", Verb::Cancel),
    ("advance", Verb::Advance),
    ("new", Verb::New),
    ("help", Verb::Help),
];

/// Every word that starts a command and is no persona: no persona may be called like one of these.
pub fn reserved() -> impl Iterator<Item = &'static str> {
    std::iter::once("all").chain(VERBS.iter().map(|(name, _)| *name))
}

/// The verb a word is, in any case.
pub fn verb(word: &str) -> Option<Verb> {
    VERBS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, verb)| *verb)
}

/// The verb or persona nearest to a misspelt word, if any is near enough.
pub fn nearest(word: &str, personas: &[&str]) -> Option<String> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let built: Vec<&str> = reserved().collect();
    built
        .into_iter()
        .chain(personas.iter().copied())
        .map(|name| (strsim::damerau_levenshtein(&word, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name.to_owned())
}
