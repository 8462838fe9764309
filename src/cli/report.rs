//! One discussion with its votes and its verdict, as `status` shows it and `gate` decides by it.

use super::output::{GREEN, RED, YELLOW, styled};
use super::surroundings::{Panel, Surroundings};
use crate::engine::block::Block;
use crate::engine::consensus::{self, Situation, State, Verdict};
use crate::engine::discussion::Discussion;
use crate::engine::ledger::Ledger;
use crate::engine::persona::PersonaKind;
use crate::engine::problem::Problem;
use crate::engine::vote::{self, NotCounted, Tally, VoteEntry, VoterKind};
use crate::ids::Alias;
use serde::Serialize;

/// Whose blocks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Trust {
    /// Every block counts: what the file says
    File,
    /// Only blocks with a receipt count; without keys to check receipts with, none does
    Receipts,
}

impl Trust {
    /// The word on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Receipts => "receipts",
        }
    }
}

/// Everything there is to say about one discussion.
pub struct Report {
    /// The file as read.
    pub discussion: Discussion,
    /// Its panel, template and phase.
    pub panel: Panel,
    /// Whose blocks count.
    pub trust: Trust,
    /// One entry for each participant that voted.
    pub votes: Vec<VoteEntry>,
    /// Open and closed items.
    pub ledger: Ledger,
    /// All problems, in file order.
    pub problems: Vec<Problem>,
    /// What it comes to.
    pub verdict: Verdict,
}

impl Report {
    /// Counts and decides.
    pub fn of(discussion: Discussion, surroundings: &Surroundings, trust: Trust) -> Self {
        let personas = &surroundings.personas;
        let panel = surroundings.panel(&discussion);
        let advisory = |alias: &Alias| {
            personas
                .get(alias)
                .is_some_and(|p| p.kind == PersonaKind::Advisory)
        };
        let mut votes = vote::from_file(&discussion, &advisory);
        if trust == Trust::Receipts {
            votes.iter_mut().for_each(distrust);
        }
        let counts = |_: &Block| trust == Trust::File;
        let (ledger, mut problems) = Ledger::of(&discussion, &counts);
        problems.extend(discussion.problems.iter().cloned());
        problems.extend(panel.problems.iter().cloned());
        problems.sort_by_key(|problem| (problem.line, problem.column));
        let veto: Vec<Alias> = personas
            .0
            .values()
            .filter(|p| p.veto)
            .map(|p| p.alias.clone())
            .collect();
        let situation = Situation {
            rules: &surroundings.config.gate.rules,
            phase: &panel.phase,
            votes: &votes,
            owed: &[],
            ledger: &ledger,
            problems: &problems,
            tampered: &[],
            working: None,
            changed_sections: &[],
            bound_after: None,
            held: None,
            sole_author: None,
        };
        let verdict = consensus::decide(&situation, &veto);
        Self {
            discussion,
            panel,
            trust,
            votes,
            ledger,
            problems,
            verdict,
        }
    }
}

/// Without receipts nobody can tell who wrote a block.
fn distrust(entry: &mut VoteEntry) {
    entry.not_counted = entry.not_counted.or(Some(match entry.kind {
        VoterKind::Ai => NotCounted::Unsigned,
        VoterKind::Human => NotCounted::Unconfirmed,
    }));
}

/// The state in its colour, and the most important reason.
pub fn verdict_line(verdict: &Verdict) -> String {
    let style = match verdict.state {
        State::Ready | State::Overridden => GREEN,
        State::Invalid | State::Tampered | State::Rejected | State::Changes => RED,
        State::Held | State::Working | State::Degraded | State::Stale | State::Discussing => YELLOW,
    };
    let word = styled(style, verdict.state.as_str().to_uppercase());
    match verdict.reasons.first() {
        Some(reason) => format!("{word}  {}", reason.text),
        None => word,
    }
}

/// Counted votes.
#[derive(Serialize)]
pub struct TallyJson {
    ready: usize,
    changes: usize,
    reject: usize,
}

impl TallyJson {
    /// The tally of a report.
    pub fn of(report: &Report) -> Self {
        let tally = Tally::of(&report.votes);
        Self {
            ready: tally.ready,
            changes: tally.changes,
            reject: tally.reject,
        }
    }
}

/// A verdict with its reasons.
#[derive(Serialize)]
pub struct VerdictJson<'a> {
    state: &'static str,
    reasons: Vec<ReasonJson<'a>>,
}

#[derive(Serialize)]
struct ReasonJson<'a> {
    code: &'static str,
    text: &'a str,
}

impl<'a> VerdictJson<'a> {
    /// The verdict in words of the schema.
    pub fn of(verdict: &'a Verdict) -> Self {
        let reasons = verdict.reasons.iter();
        Self {
            state: verdict.state.as_str(),
            reasons: reasons
                .map(|reason| ReasonJson {
                    code: reason.code.as_str(),
                    text: &reason.text,
                })
                .collect(),
        }
    }
}
