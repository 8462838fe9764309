//! Receipts on a pull request: signing the blocks of a commit, and comparing what stands in a file with the record.
//! Pure; the keys are handed in.

use crate::engine::discussion::Discussion;
use crate::engine::receipt::chain::{
    self, Anchor, Chain, Fault, FaultKind, Repository, Scope, Standing,
};
use crate::engine::receipt::restore::SignedBlock;
use crate::engine::receipt::{self, Claims, Kind};
use crate::engine::vote::Vote;
use crate::ids::PullRequest;
use crate::signing::{self, KeyError, Keyring, Keys};
use crate::store::{BlockRecord, BlockState, Receipt};
use std::collections::BTreeSet;
use std::fmt;

/// How often replies that a push dropped are put back by themselves in one pull request.
pub const MAX_RESTORED: u32 = 3;

/// A signed block that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tampering {
    /// What was found, and where.
    pub fault: Fault,
    /// Only what formatters move about is different.
    pub by_a_formatter: bool,
}

impl Tampering {
    /// What was found, and what may be behind it. One sentence, plain text.
    pub fn why(&self) -> String {
        format!("{}{}", self.fault.kind, self.cause())
    }

    fn cause(&self) -> &'static str {
        match self.by_a_formatter {
            true => ", only in blanks, bullets or emphasis: was it a formatter?",
            false => "",
        }
    }
}

impl fmt::Display for Tampering {
    /// `block 3, line 74: the block was changed after it was signed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.fault, self.cause())
    }
}

/// The receipts of a file beside the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Blocks that are not as they were signed.
    pub tampered: Vec<Tampering>,
    /// Recorded blocks that are missing at the end of the chain, as indices into the records, in order of the chain: a
    /// push dropped them.
    pub dropped: Vec<usize>,
    /// Lines of receipts that pretend to belong here and do not verify.
    pub damaged: BTreeSet<usize>,
    /// The file goes on validly behind everything recorded: the record is older than the file, from a backup.
    pub record_is_older: bool,
}

impl Receipts {
    /// Whether every signed reply stands in the file as it was signed.
    pub fn is_as_signed(&self) -> bool {
        self.tampered.is_empty() && self.dropped.is_empty()
    }
}

/// Compares. `records`: the recorded blocks of this discussion's present chain; `did`: that chain, `None` before the
/// first one; `base`: the base branch's copy, whose blocks are history and nobody's offence here.
pub fn compare(
    file: &Discussion,
    records: &[&BlockRecord],
    did: Option<&str>,
    base: Option<&Discussion>,
    pr: &PullRequest,
    keys: &Keys,
) -> Receipts {
    // Before there is a chain, receipts in the file are from elsewhere, whatever they say.
    let Some(did) = did.filter(|did| !did.is_empty()) else {
        return Receipts::default();
    };
    let anchor = anchor(records);
    let scope = Scope {
        repository: Repository::Id(pr.repo.id),
        pr: pr.number,
        did: Some(did),
        paths: &[],
        anchor: anchor.as_ref(),
    };
    // A receipt that the record has is ours, whatever became of its key since.
    let recorded: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| Some(record.receipt.as_ref()?.token.as_str()))
        .collect();
    let check = |token: &str| match keys.check(token) {
        Err(why) if recorded.contains(token) => signing::unchecked(token).ok_or(why),
        checked => checked,
    };
    let chain = chain::check(file, &scope, &check);
    // What is only pending says nothing unless it stands there.
    let found: BTreeSet<&str> = chain.found.iter().map(|one| one.token.as_str()).collect();
    let newest = records.iter().filter_map(|record| {
        let receipt = record.receipt.as_ref()?;
        let is_known =
            record.state == BlockState::Written || found.contains(receipt.token.as_str());
        is_known.then_some(receipt.seq)
    });
    let newest = newest.max().unwrap_or(0);
    let reached = chain.tip.as_ref().map_or(0, |tip| tip.seq);
    let history = base.map(texts).unwrap_or_default();
    let is_history = |fault: &&Fault| {
        let number = fault.block.and_then(|number| number.checked_sub(1));
        let block = number.and_then(|at| file.blocks.get(at));
        block.is_some_and(|block| history.contains(&file.source[block.span.start..block.end()]))
    };
    let faults = chain.faults.iter().filter(|fault| !is_history(fault));
    Receipts {
        tampered: faults
            .map(|fault| tampering(file, records, &chain, fault))
            .collect(),
        dropped: match chain.faults.is_empty() {
            true => dropped(records, reached),
            false => Vec::new(),
        },
        damaged: chain
            .found
            .iter()
            .filter(|found| found.standing == Standing::Bad(FaultKind::NotVerified))
            .map(|found| found.line)
            .collect(),
        record_is_older: chain.faults.is_empty() && reached > newest,
    }
}

/// Texts of all blocks with their receipts.
fn texts(discussion: &Discussion) -> BTreeSet<&str> {
    let blocks = discussion.blocks.iter();
    blocks
        .map(|block| &discussion.source[block.span.start..block.end()])
        .collect()
}

/// The last receipt that was seen in the file.
pub fn anchor(records: &[&BlockRecord]) -> Option<Anchor> {
    let written = records
        .iter()
        .filter(|record| record.state == BlockState::Written);
    let receipts = written.filter_map(|record| record.receipt.as_ref());
    let last = receipts.max_by_key(|receipt| receipt.seq)?;
    Some(anchor_of(last))
}

/// The anchor that a receipt is.
pub fn anchor_of(receipt: &Receipt) -> Anchor {
    Anchor {
        seq: receipt.seq,
        link: receipt::link(&receipt.token),
    }
}

/// Written blocks behind what the file reaches.
fn dropped(records: &[&BlockRecord], reached: u64) -> Vec<usize> {
    let mut dropped: Vec<(u64, usize)> = records
        .iter()
        .enumerate()
        .filter(|(_, record)| record.state == BlockState::Written)
        .filter_map(|(index, record)| Some((record.receipt.as_ref()?.seq, index)))
        .filter(|(seq, _)| *seq > reached)
        .collect();
    dropped.sort_unstable();
    dropped.into_iter().map(|(_, index)| index).collect()
}

fn tampering(
    file: &Discussion,
    records: &[&BlockRecord],
    chain: &Chain,
    fault: &Fault,
) -> Tampering {
    let is_only_moved = |number: usize| {
        let block = file.blocks.get(number - 1)?;
        let found = chain.of_block(number)?;
        let record = records.iter().find(|record| is_of(record, &found.token))?;
        Some(bare(&block.canonical(&file.source)) == bare(&record.text))
    };
    Tampering {
        by_a_formatter: fault.kind == FaultKind::Changed
            && fault.block.and_then(is_only_moved) == Some(true),
        fault: fault.clone(),
    }
}

fn is_of(record: &BlockRecord, token: &str) -> bool {
    record
        .receipt
        .as_ref()
        .is_some_and(|receipt| receipt.token == token)
}

/// A text without what formatters move about: blanks, bullets, emphasis, escapes.
fn bare(text: &str) -> String {
    let moved = |c: &char| c.is_whitespace() || "-*+_\\".contains(*c);
    text.chars().filter(|c| !moved(c)).collect()
}

/// What all receipts of one commit have in common.
pub struct Signer<'a> {
    /// Signs.
    pub keyring: &'a Keyring,
    /// The pull request.
    pub pr: &'a PullRequest,
    /// The chain.
    pub did: &'a str,
    /// Path of the discussion at the head.
    pub path: &'a str,
    /// Now, Unix seconds.
    pub now: u64,
}

impl Signer<'_> {
    /// Signs blocks in the order in which they are appended, behind the anchor. A receipt that was signed for the same
    /// place by an earlier try is kept: it may have been published.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, blocks: &mut [BlockRecord], anchor: Option<Anchor>) -> Result<(), KeyError> {
        let mut last = anchor;
        for block in blocks {
            let claims = self.claims(block, last.as_ref());
            let receipt = match block
                .receipt
                .take()
                .filter(|known| self.fits(known, &claims))
            {
                Some(known) => known,
                None => Receipt {
                    seq: claims.seq,
                    token: self.keyring.signing.sign(&claims)?,
                },
            };
            last = Some(anchor_of(&receipt));
            block.receipt = Some(receipt);
        }
        Ok(())
    }

    fn fits(&self, known: &Receipt, wanted: &Claims) -> bool {
        let signed = self.keyring.keys.check(&known.token);
        signed.is_ok_and(|mut claims| {
            claims.iat = wanted.iat;
            claims == *wanted
        })
    }

    fn claims(&self, block: &BlockRecord, last: Option<&Anchor>) -> Claims {
        Claims {
            rid: self.pr.repo.id,
            repo: format!("{}/{}", self.pr.repo.owner, self.pr.repo.name),
            pr: self.pr.number,
            did: self.did.to_owned(),
            path: self.path.to_owned(),
            seq: last.map_or(0, |last| last.seq) + 1,
            prev: last.map_or(String::new(), |last| last.link.clone()),
            kind: match (block.is_persons(), &block.vote) {
                (true, Some(_)) => Kind::Vote,
                (true, None) => Kind::Note,
                (false, _) => Kind::Turn,
            },
            who: block.alias.clone(),
            vote: block.vote.as_deref().and_then(Vote::parse),
            subject: block.subject.clone(),
            block: receipt::block_hash(&block.text),
            model: block.model.clone(),
            persona: block.persona.clone(),
            job: block.job.clone(),
            iat: self.now,
        }
    }
}

/// A recorded block as it is written into the file: with its receipt, once it has one.
pub fn text_of(block: &BlockRecord) -> String {
    match &block.receipt {
        Some(receipt) => receipt::signed(&block.text, &receipt.token),
        None => block.text.clone(),
    }
}

/// Every written block of a chain, in order, as it was signed.
pub fn signed_blocks(records: &[&BlockRecord]) -> Vec<SignedBlock> {
    let mut blocks: Vec<(u64, SignedBlock)> = records
        .iter()
        .filter(|record| record.state == BlockState::Written)
        .filter_map(|record| {
            let receipt = record.receipt.as_ref()?;
            let block = SignedBlock {
                token: receipt.token.clone(),
                body: record.text.clone(),
                text: text_of(record),
            };
            Some((receipt.seq, block))
        })
        .collect();
    blocks.sort_by_key(|(seq, _)| *seq);
    // Two at one place: an answer that was lost on its way, and the one that took its place.
    blocks.dedup_by_key(|(seq, _)| *seq);
    blocks.into_iter().map(|(_, block)| block).collect()
}

/// What the record knew when a check was posted. It stands in the run's external id on GitHub, out of reach of whatever
/// becomes of our database: `v3 2:HASH`, the number of people's votes and acts, and the anchor of each discussion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The pull request whose record it is: several can share a head, and with it the run. `None`: not told.
    pub pr: Option<u64>,
    /// People's votes and acts ever recorded.
    pub votes: usize,
    /// Where the chains ended, in order of path; of the first few discussions.
    pub anchors: Vec<Anchor>,
}

/// Anchors in one external id.
const MAX_ANCHORS: usize = 3;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.votes)?;
        if let Some(pr) = self.pr {
            write!(f, " #{pr}")?;
        }
        let mut anchors = self.anchors.iter().take(MAX_ANCHORS);
        anchors.try_for_each(|anchor| write!(f, " {anchor}"))
    }
}

impl Known {
    /// Reads an external id; what is no part of it is left out.
    pub fn read(external_id: &str) -> Self {
        let mut known = Self::default();
        for word in external_id.split_whitespace() {
            if let Some(number) = word.strip_prefix('#') {
                known.pr = number.parse().ok();
                continue;
            }
            match word.strip_prefix('v').and_then(|count| count.parse().ok()) {
                Some(votes) => known.votes = votes,
                None => known.anchors.extend(word.parse::<Anchor>()),
            }
        }
        known
    }

    /// Whether somebody who posted this knew more than the record with these blocks and so many votes and acts.
    pub fn exceeds(&self, blocks: &[BlockRecord], votes: usize) -> bool {
        let receipts: Vec<&Receipt> = blocks.iter().filter_map(|b| b.receipt.as_ref()).collect();
        let is_recorded =
            |anchor: &Anchor| receipts.iter().any(|known| anchor_of(known) == *anchor);
        self.votes > votes || !self.anchors.iter().all(is_recorded)
    }
}
