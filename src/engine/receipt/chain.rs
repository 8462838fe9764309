//! How the receipts of a file hang together: which belong here, whether their blocks are as they were signed, whether
//! one is missing, repeated or moved. Pure: whoever asks brings the keys.

use super::{Check, Claims, Unverified, block_hash, lines, link};
use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use crate::engine::marker::BlockVote;
use crate::engine::vote::Vote;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// Where a chain ended when the App last looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Place of its last receipt, from 1.
    pub seq: u64,
    /// [`link`] of that receipt.
    pub link: String,
}

impl fmt::Display for Anchor {
    /// `SEQ:HASH`, as the command line takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.link)
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted =
            || format!("`{text}` is no anchor: write SEQ:HASH, a number from 1 and 64 hex digits");
        let (seq, link) = text.split_once(':').ok_or_else(wanted)?;
        let seq = seq.parse().ok().filter(|seq| *seq > 0).ok_or_else(wanted)?;
        let is_hex = link.len() == 64 && link.bytes().all(|byte| byte.is_ascii_hexdigit());
        let link = is_hex
            .then(|| link.to_ascii_lowercase())
            .ok_or_else(wanted)?;
        Ok(Self { seq, link })
    }
}

/// How the repository is known to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repository<'a> {
    /// By its number, which survives renames.
    Id(u64),
    /// By `owner/name`, in any case.
    Name(&'a str),
}

/// What the receipts have to be about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The repository.
    pub repository: Repository<'a>,
    /// The pull request.
    pub pr: u64,
    /// The chain that counts; `None`: that of the receipt that the anchor names, else of the last one in the file that
    /// is about this pull request.
    pub did: Option<&'a str>,
    /// Paths the discussion has and had; empty: not looked at.
    pub paths: &'a [String],
    /// Where the chain ended, if that is known: only then is a tail that was cut off seen.
    pub anchor: Option<&'a Anchor>,
}

/// Why a receipt has nothing to do with this discussion in this pull request: not counted, and no harm in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// Signed by a key that is not known here, whose id this is.
    UnknownKey(String),
    /// Signed by a key that was revoked by then.
    RevokedKey(String),
    /// No receipt of ours at all; why.
    Malformed(String),
    /// About another repository.
    Repository(String),
    /// About another pull request.
    PullRequest(u64),
    /// About another discussion of this pull request, or of a chain that was reset.
    Chain(String),
    /// Given under another path.
    Path(String),
}

impl Foreign {
    /// Word in `verify --json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKey(_) => "unknown_key",
            Self::RevokedKey(_) => "revoked_key",
            Self::Malformed(_) => "malformed",
            Self::Repository(_) => "other_repository",
            Self::PullRequest(_) => "other_pull_request",
            Self::Chain(_) => "other_chain",
            Self::Path(_) => "other_path",
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(kid) => write!(f, "its key {kid} is not known"),
            Self::RevokedKey(kid) => write!(f, "its key {kid} was revoked before it was signed"),
            Self::Malformed(why) => write!(f, "it is no receipt: {why}"),
            Self::Repository(repo) => write!(f, "it was given in the repository {repo}"),
            Self::PullRequest(number) => write!(f, "it was given in pull request {number}"),
            Self::Chain(_) => {
                f.write_str("it belongs to another discussion, or to one before a reset")
            }
            Self::Path(path) => write!(f, "it was given for {path}"),
        }
    }
}

/// What is wrong with the receipts that belong here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The block above it is not the one that was signed.
    Changed,
    /// The block shows another vote than the receipt claims.
    OtherVote {
        /// By the receipt.
        claimed: Option<Vote>,
    },
    /// Its signature is not that of the key it names.
    NotVerified,
    /// It stands below no block, or inside code or a comment, where nobody sees a block.
    Stray,
    /// A receipt of the same place stands above it already.
    Repeated {
        /// Its place in the chain.
        seq: u64,
    },
    /// The receipts before it are not there, or it was moved.
    Skipped {
        /// Its place in the chain.
        seq: u64,
        /// The place that was expected here.
        expected: u64,
    },
    /// It is not the one that the App recorded at this place.
    NotRecorded {
        /// Its place in the chain.
        seq: u64,
    },
}

impl FaultKind {
    /// Word in `verify --json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::OtherVote { .. } => "other_vote",
            Self::NotVerified => "not_verified",
            Self::Stray => "stray",
            Self::Repeated { .. } => "repeated",
            Self::Skipped { .. } => "skipped",
            Self::NotRecorded { .. } => "not_recorded",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("the block was changed after it was signed"),
            Self::OtherVote { claimed } => {
                let claimed = claimed.map_or("no vote", Vote::as_str);
                write!(
                    f,
                    "the block shows another vote than was signed ({claimed})"
                )
            }
            Self::NotVerified => f.write_str("the receipt was changed: its signature does not fit"),
            Self::Stray => f.write_str("a receipt stands where no block ends"),
            Self::Repeated { seq } => write!(f, "reply {seq} stands here a second time"),
            Self::Skipped { seq, expected } => {
                write!(f, "reply {seq} stands where reply {expected} has to be")
            }
            Self::NotRecorded { seq } => write!(f, "reply {seq} is not the one that was recorded"),
        }
    }
}

/// Something wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line of the block, or of a receipt without one, from 1.
    pub line: usize,
    /// Number of the block, from 1.
    pub block: Option<usize>,
    /// What.
    pub kind: FaultKind,
}

impl fmt::Display for Fault {
    /// `block 3, line 74: the block was changed after it was signed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(block) = self.block {
            write!(f, "block {block}, ")?;
        }
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

/// What one receipt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It belongs here, and its block is as it was signed.
    Valid(Box<Claims>),
    /// It has nothing to do with this discussion.
    Foreign(Foreign),
    /// It claims to belong here, and something is wrong.
    Bad(FaultKind),
}

/// One receipt of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its line, from 1.
    pub line: usize,
    /// Number of the block it ends, from 1.
    pub block: Option<usize>,
    /// The token.
    pub token: String,
    /// What it came to.
    pub standing: Standing,
}

/// The receipts of a file, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Every receipt line, in order.
    pub found: Vec<Found>,
    /// Everything that is wrong, in order. Empty: nothing in the file was tampered with.
    pub faults: Vec<Fault>,
    /// The chain that counts.
    pub did: Option<String>,
    /// Its last receipt in the file.
    pub tip: Option<Anchor>,
    /// How many receipts the anchor knows behind the file's last one.
    pub missing: u64,
}

impl Chain {
    /// Nothing is wrong and, as far as the anchor tells, nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty() && self.missing == 0
    }

    /// What the block with this number came to; `None`: it has no receipt.
    pub fn of_block(&self, number: usize) -> Option<&Found> {
        self.found.iter().find(|found| found.block == Some(number))
    }

    /// Claims of the block with this number, if it is valid.
    pub fn claims_of(&self, number: usize) -> Option<&Claims> {
        match &self.of_block(number)?.standing {
            Standing::Valid(claims) => Some(claims),
            _ => None,
        }
    }

    /// Where the proposal ends: at the first block that belongs here, its separator included. `None`: there is none.
    pub fn proposal_end(&self, discussion: &Discussion) -> Option<usize> {
        let belongs = |found: &&Found| !matches!(found.standing, Standing::Foreign(_));
        let first = self
            .found
            .iter()
            .filter(belongs)
            .find_map(|found| found.block)?;
        let block = discussion.blocks.get(first - 1)?;
        Some(
            block
                .separator
                .as_ref()
                .map_or(block.span.start, |separator| separator.start),
        )
    }
}

/// Checks every receipt of a file.
pub fn check<'a>(discussion: &'a Discussion, scope: &Scope<'_>, verify: Check<'_>) -> Chain {
    let with_receipt = |block: &'a Block| Some((block.receipt.as_ref()?.start, block));
    let blocks: HashMap<usize, &Block> =
        discussion.blocks.iter().filter_map(with_receipt).collect();
    let read: Vec<Read> = lines(&discussion.source)
        .into_iter()
        .map(|at| Read {
            line: at.line,
            block: blocks.get(&at.span.start).copied(),
            token: at.token,
            claims: belongs(verify(at.token), scope),
        })
        .collect();
    let of = |read: &Read<'_>| read.claims.as_ref().ok().map(|claims| claims.did.clone());
    // The anchor names its chain, wherever in the file a receipt of another chain was put.
    let anchored = || {
        let anchor = scope.anchor?;
        let is_it = |read: &&Read<'_>| link(read.token) == anchor.link;
        read.iter().find(is_it).and_then(of)
    };
    let newest = || read.iter().rev().find_map(of);
    let did = scope.did.map(str::to_owned);
    let did = did.or_else(anchored).or_else(newest);
    let mut walk = Walk {
        discussion,
        anchor: scope.anchor,
        chain: Chain {
            did,
            ..Chain::default()
        },
        expected: 1,
        prev: String::new(),
    };
    for read in read {
        walk.step(read);
    }
    walk.finish()
}

/// A receipt with its block, before its place in the chain is known.
struct Read<'a> {
    line: usize,
    block: Option<&'a Block>,
    token: &'a str,
    claims: Result<Box<Claims>, Outside>,
}

/// A receipt without claims to go by.
enum Outside {
    Foreign(Foreign),
    NotVerified,
}

/// Whether a token is about this pull request. One that only pretends to be is not foreign but wrong.
fn belongs(checked: Result<Claims, Unverified>, scope: &Scope<'_>) -> Result<Box<Claims>, Outside> {
    match checked {
        Ok(claims) => match elsewhere(&claims, scope) {
            None => Ok(Box::new(claims)),
            Some(foreign) => Err(Outside::Foreign(foreign)),
        },
        Err(Unverified::BadSignature(claimed)) => {
            let foreign = claimed.and_then(|claims| elsewhere(&claims, scope));
            Err(foreign.map_or(Outside::NotVerified, Outside::Foreign))
        }
        Err(Unverified::UnknownKey(kid)) => Err(Outside::Foreign(Foreign::UnknownKey(kid))),
        Err(Unverified::RevokedKey(kid)) => Err(Outside::Foreign(Foreign::RevokedKey(kid))),
        Err(Unverified::Malformed(why)) => Err(Outside::Foreign(Foreign::Malformed(why))),
    }
}

fn elsewhere(claims: &Claims, scope: &Scope<'_>) -> Option<Foreign> {
    let is_here = match scope.repository {
        Repository::Id(id) => claims.rid == id,
        Repository::Name(name) => claims.repo.eq_ignore_ascii_case(name),
    };
    if !is_here {
        return Some(Foreign::Repository(claims.repo.clone()));
    }
    if claims.pr != scope.pr {
        return Some(Foreign::PullRequest(claims.pr));
    }
    if scope.did.is_some_and(|did| did != claims.did) {
        return Some(Foreign::Chain(claims.did.clone()));
    }
    let is_path = scope.paths.is_empty() || scope.paths.contains(&claims.path);
    (!is_path).then(|| Foreign::Path(claims.path.clone()))
}

/// The walk along the chain.
struct Walk<'a> {
    discussion: &'a Discussion,
    anchor: Option<&'a Anchor>,
    chain: Chain,
    expected: u64,
    prev: String,
}

impl Walk<'_> {
    fn step(&mut self, read: Read<'_>) {
        let standing = match read.claims {
            Err(Outside::Foreign(foreign)) => Standing::Foreign(foreign),
            Err(Outside::NotVerified) => Standing::Bad(FaultKind::NotVerified),
            Ok(claims) if Some(&claims.did) != self.chain.did.as_ref() => {
                Standing::Foreign(Foreign::Chain(claims.did.clone()))
            }
            Ok(claims) => {
                let wrong = self.place(&claims, read.token);
                match wrong.or_else(|| self.wrong_block(&claims, read.block)) {
                    None => Standing::Valid(claims),
                    Some(kind) => Standing::Bad(kind),
                }
            }
        };
        if let Standing::Bad(kind) = &standing {
            self.chain.faults.push(Fault {
                line: read.block.map_or(read.line, |block| block.line),
                block: read.block.map(|block| block.number),
                kind: kind.clone(),
            });
        }
        self.chain.found.push(Found {
            line: read.line,
            block: read.block.map(|block| block.number),
            token: read.token.to_owned(),
            standing,
        });
    }

    /// Takes the next place in the chain; what is wrong with it there.
    fn place(&mut self, claims: &Claims, token: &str) -> Option<FaultKind> {
        let (seq, expected) = (claims.seq, self.expected);
        if seq < expected {
            return Some(FaultKind::Repeated { seq });
        }
        let follows = seq == expected && claims.prev == self.prev;
        let link = link(token);
        let is_recorded = self
            .anchor
            .is_none_or(|anchor| anchor.seq != seq || anchor.link == link);
        self.expected = seq + 1;
        self.prev.clone_from(&link);
        self.chain.tip = Some(Anchor { seq, link });
        match (follows, is_recorded) {
            (false, _) => Some(FaultKind::Skipped { seq, expected }),
            (true, false) => Some(FaultKind::NotRecorded { seq }),
            (true, true) => None,
        }
    }

    fn wrong_block(&self, claims: &Claims, block: Option<&Block>) -> Option<FaultKind> {
        let Some(block) = block else {
            return Some(FaultKind::Stray);
        };
        if block_hash(&block.canonical(&self.discussion.source)) != claims.block {
            return Some(FaultKind::Changed);
        }
        let shown = match &block.vote {
            None => None,
            Some(BlockVote::Clear { vote, .. }) => Some(*vote),
            Some(BlockVote::Unclear { .. }) => return Some(other_vote(claims)),
        };
        (shown != claims.vote).then(|| other_vote(claims))
    }

    fn finish(mut self) -> Chain {
        let reached = self.chain.tip.as_ref().map_or(0, |tip| tip.seq);
        let recorded = self.anchor.map_or(0, |anchor| anchor.seq);
        self.chain.missing = recorded.saturating_sub(reached);
        self.chain
    }
}

fn other_vote(claims: &Claims) -> FaultKind {
    FaultKind::OtherVote {
        claimed: claims.vote,
    }
}
