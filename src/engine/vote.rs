//! Votes and the tally.

use super::block::Block;
use super::discussion::Discussion;
use super::marker::BlockVote;
use crate::ids::Alias;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A vote. The words are exact: anything else is no vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vote {
    /// Good to go.
    Ready,
    /// Needs work first.
    Changes,
    /// Should not be done.
    Reject,
}

impl Vote {
    /// Reads exactly READY, CHANGES or REJECT in any ASCII case.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ready, Self::Changes, Self::Reject]
            .into_iter()
            .find(|v| v.as_str().eq_ignore_ascii_case(word))
    }

    /// The upper-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Changes => "CHANGES",
            Self::Reject => "REJECT",
        }
    }
}

/// Column of the tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoterKind {
    /// A persona.
    Ai,
    /// A person.
    Human,
}

/// Why a vote that is shown is not counted. Names as in `status --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotCounted {
    /// A persona block without a receipt (or, before receipts, not recorded by the store).
    Unsigned,
    /// A person's block in the file; the line that confirms it is shown.
    Unconfirmed,
    /// Given on another subject.
    Stale,
    /// By an advisory persona.
    Advisory,
    /// By the pull request's author.
    Author,
    /// By someone without the right that a vote needs.
    NoPermission,
    /// Taken back.
    Withdrawn,
    /// Its comment was edited by somebody.
    Edited,
    /// Its VOTE line is not exactly a vote.
    Unclear,
    /// The persona has no model here.
    NoModel,
    /// Stands in the base branch already.
    History,
    /// By a persona that changed its mind too often on this text; a person decides in its place.
    Disputed,
    /// READY by a persona that is not on the panel: whoever asks it could else choose the voters.
    OffPanel,
}

impl NotCounted {
    /// Snake-case name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Unconfirmed => "unconfirmed",
            Self::Stale => "stale",
            Self::Advisory => "advisory",
            Self::Author => "author",
            Self::NoPermission => "no_permission",
            Self::Withdrawn => "withdrawn",
            Self::Edited => "edited",
            Self::Unclear => "unclear",
            Self::NoModel => "no_model",
            Self::History => "history",
            Self::Disputed => "disputed",
            Self::OffPanel => "off_panel",
        }
    }
}

/// One participant's vote as shown: at most one entry for each participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteEntry {
    /// Alias of a persona, name or login of a person.
    pub participant: String,
    /// Persona or person.
    pub kind: VoterKind,
    /// The vote; `None` if unclear.
    pub vote: Option<Vote>,
    /// Why it is not counted; `None` means it counts.
    pub not_counted: Option<NotCounted>,
    /// Line in the file, if it stands there.
    pub line: Option<usize>,
    /// Block number in the file, if it stands there.
    pub block: Option<usize>,
}

impl VoteEntry {
    /// Takes a READY out of the count that a persona gives which is not on the panel.
    pub fn leave_to_panel(&mut self, is_on_panel: &dyn Fn(&str) -> bool) {
        let is_ready = self.kind == VoterKind::Ai && self.counted() == Some(Vote::Ready);
        if is_ready && !is_on_panel(&self.participant) {
            self.not_counted = Some(NotCounted::OffPanel);
        }
    }

    /// The vote if it counts.
    pub fn counted(&self) -> Option<Vote> {
        self.not_counted.is_none().then_some(self.vote).flatten()
    }
}

/// Counts of current, counted votes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// READY votes.
    pub ready: usize,
    /// CHANGES votes.
    pub changes: usize,
    /// REJECT votes.
    pub reject: usize,
}

impl Tally {
    /// Counts the entries that count.
    pub fn of(entries: &[VoteEntry]) -> Self {
        let mut tally = Self::default();
        for vote in entries.iter().filter_map(VoteEntry::counted) {
            match vote {
                Vote::Ready => tally.ready += 1,
                Vote::Changes => tally.changes += 1,
                Vote::Reject => tally.reject += 1,
            }
        }
        tally
    }

    /// All counted votes.
    pub fn total(self) -> usize {
        self.ready + self.changes + self.reject
    }
}

/// Votes with trust `file`: every block counts, each participant's last block with a VOTE line decides, advisory
/// personas are shown and not counted.
pub fn from_file(discussion: &Discussion, is_advisory: &dyn Fn(&Alias) -> bool) -> Vec<VoteEntry> {
    let mut entries: Vec<VoteEntry> = Vec::new();
    let mut position = HashMap::new();
    for block in &discussion.blocks {
        let Some(vote) = &block.vote else { continue };
        let entry = entry_of(block, vote, is_advisory);
        match position.entry(block.author.key.as_str()) {
            Entry::Occupied(at) => entries[*at.get()] = entry,
            Entry::Vacant(new) => {
                new.insert(entries.len());
                entries.push(entry);
            }
        }
    }
    entries
}

fn entry_of(block: &Block, vote: &BlockVote, is_advisory: &dyn Fn(&Alias) -> bool) -> VoteEntry {
    let (vote, line) = match vote {
        BlockVote::Clear { vote, line } => (Some(*vote), *line),
        BlockVote::Unclear { line, .. } => (None, *line),
    };
    let advisory = block.author.persona.as_ref().is_some_and(is_advisory);
    let not_counted = match vote {
        _ if advisory => Some(NotCounted::Advisory),
        None => Some(NotCounted::Unclear),
        Some(_) => None,
    };
    VoteEntry {
        participant: block.author.label().to_owned(),
        kind: if block.author.claims_to_be_ai() {
            VoterKind::Ai
        } else {
            VoterKind::Human
        },
        vote,
        not_counted,
        line: Some(line),
        block: Some(block.number),
    }
}
