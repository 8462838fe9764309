//! One discussion with its votes and its verdict, as `status` shows it and `gate` decides by it.

use super::output::{GREEN, RED, YELLOW, styled};
use super::receipts::{Checker, NO_ANCHOR, Signed};
use super::surroundings::{Panel, Surroundings};
use crate::engine::block::Block;
use crate::engine::consensus::{self, Owed, Reason, ReasonCode, Situation, State, Verdict};
use crate::engine::discussion::Discussion;
use crate::engine::ledger::Ledger;
use crate::engine::persona::PersonaKind;
use crate::engine::problem::Problem;
use crate::engine::receipt::Kind;
use crate::engine::receipt::votes::{SignedVote, Worth};
use crate::engine::subject::Subject;
use crate::engine::vote::{self, NotCounted, Tally, VoteEntry, VoterKind};
use crate::ids::Alias;
use serde::Serialize;

/// What is said where receipts are asked for and nothing is there to check them with.
const NO_KEYS: &str = "Only blocks signed by the App count, and without --jwks no signature can be checked: no block \
counts, and nothing is green. --trust file counts typed votes, which proves nothing about who wrote them.";

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
    /// What the receipts say; `None` where every block counts, or nothing is there to check receipts with.
    pub signed: Option<Signed>,
    /// The text that is decided.
    pub subject: Subject,
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
    /// Counts and decides. With trust in receipts and no `checker` no block counts.
    pub fn of(
        discussion: Discussion,
        surroundings: &Surroundings,
        trust: Trust,
        checker: Option<&Checker>,
    ) -> Self {
        let personas = &surroundings.personas;
        let panel = surroundings.panel(&discussion);
        let advisory = |alias: &Alias| {
            personas
                .get(alias)
                .is_some_and(|p| p.kind == PersonaKind::Advisory)
        };
        let mut votes = vote::from_file(&discussion, &advisory);
        let signed = checker.map(|checker| Signed::of(&discussion, checker));
        if trust == Trust::Receipts {
            votes.iter_mut().for_each(distrust);
        }
        if let Some(signed) = &signed {
            let proven = signed.votes.iter();
            let mut proven: Vec<VoteEntry> = proven
                .filter_map(|vote| entry(vote, &discussion, &advisory))
                .collect();
            let optional = &surroundings.config.gate.optional;
            let members = [&panel.participants, &panel.owing, optional];
            let is_on_panel = |name: &str| {
                let mut members = members.iter().flat_map(|list| list.iter());
                members.any(|alias| alias.as_str() == name)
            };
            proven
                .iter_mut()
                .for_each(|entry| entry.leave_to_panel(&is_on_panel));
            let is_proven = |typed: &VoteEntry| {
                let same = |one: &VoteEntry| {
                    one.kind == typed.kind && one.participant == typed.participant
                };
                proven.iter().any(same)
            };
            votes.retain(|typed| !is_proven(typed));
            proven.append(&mut votes);
            votes = proven;
        }
        let counts = |block: &Block| {
            trust == Trust::File
                || signed
                    .as_ref()
                    .is_some_and(|signed| signed.valid.contains(&block.number))
        };
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
        let owed: Vec<(Alias, Owed)> = match trust {
            Trust::File => Vec::new(),
            Trust::Receipts => panel
                .owing
                .iter()
                .map(|alias| owed(alias, &votes))
                .collect(),
        };
        let faults = signed.iter().flat_map(|signed| &signed.chain.faults);
        let tampered: Vec<String> = faults.map(ToString::to_string).collect();
        let situation = Situation {
            rules: &surroundings.config.gate.rules,
            phase: &panel.phase,
            votes: &votes,
            owed: &owed,
            ledger: &ledger,
            problems: &problems,
            tampered: &tampered,
            working: None,
            changed_sections: &[],
            bound_after: None,
            held: None,
            overridden: None,
            sole_author: None,
        };
        let mut verdict = consensus::decide(&situation, &veto);
        if let Some(signed) = &signed {
            cut_off(&mut verdict, signed);
        }
        let end = signed
            .as_ref()
            .and_then(|signed| signed.chain.proposal_end(&discussion));
        Self {
            subject: Subject::of(&discussion, end),
            discussion,
            panel,
            trust,
            signed,
            votes,
            ledger,
            problems,
            verdict,
        }
    }
}

impl Report {
    /// What has to be known about the receipts behind the verdict; `None` where every block counts or nothing is open.
    pub fn receipts_note(&self) -> Option<String> {
        match (self.trust, &self.signed) {
            (Trust::File, _) => None,
            (Trust::Receipts, None) => Some(NO_KEYS.to_owned()),
            (Trust::Receipts, Some(signed)) if signed.is_anchored => None,
            (Trust::Receipts, Some(_)) => Some(NO_ANCHOR.to_owned()),
        }
    }

    /// How many blocks count, in words; `None` where all do.
    pub fn signed_blocks(&self) -> Option<String> {
        let all = self.discussion.blocks.len();
        let signed = self.signed.as_ref().map_or(0, |signed| signed.valid.len());
        (self.trust == Trust::Receipts).then(|| match signed {
            0 => "no block counts: only those signed by the App do, and none is shown to be"
                .to_owned(),
            _ => format!("{signed} of {all} blocks are signed by the App; the others do not count"),
        })
    }
}

/// Without receipts nobody can tell who wrote a block.
fn distrust(entry: &mut VoteEntry) {
    entry.not_counted = entry.not_counted.or(Some(match entry.kind {
        VoterKind::Ai => NotCounted::Unsigned,
        VoterKind::Human => NotCounted::Unconfirmed,
    }));
}

/// A signed vote as one that is shown. A person goes by the name of the signed block; the receipt says by which account.
fn entry(
    vote: &SignedVote,
    discussion: &Discussion,
    is_advisory: &dyn Fn(&Alias) -> bool,
) -> Option<VoteEntry> {
    let block = discussion.blocks.get(vote.block - 1)?;
    let kind = match vote.kind {
        Kind::Turn => VoterKind::Ai,
        Kind::Vote => VoterKind::Human,
        Kind::Note => return None,
    };
    let advisory =
        kind == VoterKind::Ai && Alias::parse(&vote.who).is_some_and(|a| is_advisory(&a));
    Some(VoteEntry {
        participant: match kind {
            VoterKind::Ai => vote.who.clone(),
            VoterKind::Human => block.author.label().to_owned(),
        },
        kind,
        vote: Some(vote.vote),
        not_counted: match vote.worth {
            _ if advisory => Some(NotCounted::Advisory),
            Worth::Accepted => None,
            Worth::Stale => Some(NotCounted::Stale),
            Worth::Unproven => Some(NotCounted::Unsigned),
        },
        line: Some(block.line),
        block: Some(vote.block),
    })
}

fn owed(alias: &Alias, votes: &[VoteEntry]) -> (Alias, Owed) {
    let is_its =
        |entry: &&VoteEntry| entry.kind == VoterKind::Ai && entry.participant == alias.as_str();
    let owed = match votes.iter().find(is_its).map(|entry| entry.not_counted) {
        Some(None) => Owed::Fresh,
        Some(Some(NotCounted::Stale)) => Owed::Stale,
        Some(Some(_)) | None => Owed::Missing,
    };
    (alias.clone(), owed)
}

/// A file whose end is missing is never ready.
fn cut_off(verdict: &mut Verdict, signed: &Signed) {
    let Some(text) = signed.missing() else {
        return;
    };
    verdict.state = verdict.state.min(State::Degraded);
    let weighs_more =
        |reason: &&Reason| matches!(reason.code, ReasonCode::Problem | ReasonCode::Tampered);
    let at = verdict.reasons.iter().take_while(weighs_more).count();
    let code = ReasonCode::MissingVote;
    verdict.reasons.insert(at, Reason { code, text });
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
