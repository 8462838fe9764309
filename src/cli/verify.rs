//! `discussions verify`: which blocks of a file the App signed for a pull request, and which votes they prove. Offline.

use super::lint::plural;
use super::output::{GREEN, Output, RED, YELLOW, styled};
use super::receipts::{Checker, NO_ANCHOR, RepositoryName, Signed, read_keys};
use super::surroundings::read_discussion;
use super::{Failure, Outcome};
use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use crate::engine::problem::excerpt;
use crate::engine::receipt::Claims;
use crate::engine::receipt::Kind;
use crate::engine::receipt::chain::{Anchor, Chain, Foreign, Found, Standing};
use crate::engine::receipt::votes::{SignedVote, Worth};
use crate::engine::subject::Subject;
use crate::engine::vote::Vote;
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions verify design/cache.md --repo octo/demo --pr 7 --jwks keys.json\n  \
    curl -s https://your.host/.well-known/jwks.json | discussions verify design/cache.md --repo 4242 --pr 7 --jwks -\n\n\
EXIT CODES\n  \
    0  nothing was meddled with (which votes count is in the output)\n  \
    1  a receipt or a block is bad, or replies are missing behind the anchor\n  \
    2  refused")]
pub struct Arguments {
    /// The discussion file
    file: PathBuf,
    /// The repository, by number or as owner/name
    #[arg(long, value_name = "REPO")]
    repo: RepositoryName,
    /// The pull request
    #[arg(long, value_name = "N")]
    pr: u64,
    /// The App's public keys, a JSON Web Key Set; `-` reads stdin
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,
    /// Where the chain of receipts ended: only then is a tail seen that was cut off
    #[arg(long, value_name = "SEQ:HASH")]
    anchor: Option<Anchor>,
    /// Paths the file has and had in the repository; receipts for others are not its own [default: not looked at]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    path: Vec<String>,
    /// Print JSON, schema discussions/verify@1
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let (_, discussion) = read_discussion(&arguments.file)?;
    let checker = Checker {
        keys: read_keys(&arguments.jwks)?,
        repository: arguments.repo.clone(),
        pr: arguments.pr,
        paths: arguments.path.clone(),
        anchor: arguments.anchor.clone(),
    };
    let signed = Signed::of(&discussion, &checker);
    let verified = Verified {
        path: arguments.file.display().to_string(),
        blocks: blocks(&discussion, &signed.chain, &checker),
        discussion,
        signed,
        checker,
    };
    match arguments.json {
        true => output.json(&VerifyJson::of(&verified)),
        false => print(&verified, output),
    }
    Ok(match verified.signed.chain.is_whole() {
        true => Outcome::Fine,
        false => Outcome::No,
    })
}

/// A file with everything its receipts say.
struct Verified {
    path: String,
    discussion: Discussion,
    signed: Signed,
    checker: Checker,
    blocks: Vec<JudgedBlock>,
}

impl Verified {
    fn line_of_block(&self, number: usize) -> usize {
        let block = self.discussion.blocks.get(number - 1);
        block.map_or(1, |block| block.line)
    }
}

/// What one block came to.
struct JudgedBlock {
    line: usize,
    number: usize,
    author: String,
    result: Judgement,
    /// Code and words; none where it is valid.
    reason: Option<(&'static str, String)>,
    claims: Option<Box<Claims>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Valid,
    Unsigned,
    Bad,
    History,
}

impl Judgement {
    fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Unsigned => "unsigned",
            Self::Bad => "bad",
            Self::History => "history",
        }
    }
}

fn blocks(discussion: &Discussion, chain: &Chain, checker: &Checker) -> Vec<JudgedBlock> {
    let found: HashMap<usize, &Found> = chain
        .found
        .iter()
        .filter_map(|found| Some((found.block?, found)))
        .collect();
    let result = |block: &Block| {
        let (result, reason, claims) = match found.get(&block.number) {
            None => {
                let why = ("no_receipt", "it has no receipt".to_owned());
                (Judgement::Unsigned, Some(why), None)
            }
            Some(found) => result(found, checker),
        };
        JudgedBlock {
            line: block.line,
            number: block.number,
            author: excerpt(block.author.label()),
            result,
            reason,
            claims,
        }
    };
    discussion.blocks.iter().map(result).collect()
}

type Judged = (
    Judgement,
    Option<(&'static str, String)>,
    Option<Box<Claims>>,
);

/// What was signed for another pull request or chain of this repository is history, if a known key says so.
fn result(found: &Found, checker: &Checker) -> Judged {
    match &found.standing {
        Standing::Valid(claims) => (Judgement::Valid, None, Some(claims.clone())),
        Standing::Bad(kind) => (Judgement::Bad, Some((kind.code(), kind.to_string())), None),
        Standing::Foreign(foreign) => {
            let is_ours = matches!(foreign, Foreign::PullRequest(_) | Foreign::Chain(_));
            let result = match is_ours && checker.keys.check(&found.token).is_ok() {
                true => Judgement::History,
                false => Judgement::Unsigned,
            };
            let why = (foreign.code(), excerpt(&foreign.to_string()));
            (result, Some(why), None)
        }
    }
}

fn print(verified: &Verified, output: &Output) {
    let path = &verified.path;
    for block in &verified.blocks {
        output.result(format!("{path}:{}", row(block)));
    }
    let strays = verified
        .signed
        .chain
        .faults
        .iter()
        .filter(|fault| fault.block.is_none());
    for fault in strays {
        let word = styled(RED, format!("bad[{}]", fault.kind.code()));
        output.result(format!("{path}:{}: {word}: {}", fault.line, fault.kind));
    }
    for vote in &verified.signed.votes {
        let style = match vote.worth {
            Worth::Accepted => GREEN,
            Worth::Stale | Worth::Unproven => YELLOW,
        };
        output.result(format!(
            "{path}:{}: {}: {} votes {}{}",
            verified.line_of_block(vote.block),
            styled(style, vote.worth.as_str()),
            excerpt(&vote.who),
            vote.vote.as_str(),
            match vote.worth {
                Worth::Accepted => "",
                Worth::Stale => ", on another text than the present one",
                Worth::Unproven =>
                    ", which counts for nothing while the file is not as it was signed",
            }
        ));
    }
    note(verified, output);
}

fn row(block: &JudgedBlock) -> String {
    let style = match block.result {
        Judgement::Valid => GREEN,
        Judgement::Bad => RED,
        Judgement::Unsigned | Judgement::History => YELLOW,
    };
    let mut word = block.result.as_str().to_owned();
    if let Some((code, _)) = &block.reason {
        word.push_str(&format!("[{code}]"));
    }
    let mut text = format!("block {}, {}", block.number, block.author);
    if let Some(claims) = &block.claims {
        let vote = claims.vote.map_or("no vote", Vote::as_str);
        text.push_str(&format!(
            ", reply {} by {}, {vote}",
            claims.seq,
            excerpt(&claims.who)
        ));
    }
    if let Some((_, why)) = &block.reason {
        text.push_str(&format!(": {why}"));
    }
    format!("{}: {}: {text}", block.line, styled(style, word))
}

fn note(verified: &Verified, output: &Output) {
    let count = |result| {
        verified
            .blocks
            .iter()
            .filter(|b| b.result == result)
            .count()
    };
    let of = format!(
        "{} in pull request {}",
        verified.checker.repository, verified.checker.pr
    );
    output.note(format!(
        "{} checked for {of}: {} valid, {} unsigned, {} bad, {} history",
        plural(verified.blocks.len(), "block"),
        count(Judgement::Valid),
        count(Judgement::Unsigned),
        count(Judgement::Bad),
        count(Judgement::History),
    ));
    if let Some(what) = verified.signed.missing() {
        output.note(styled(RED, what));
    }
    if verified.checker.anchor.is_none() {
        output.note(NO_ANCHOR);
    }
    if let Some((line, what)) = verified.discussion.unclosed() {
        output.note(format!(
            "{}:{line}: {what} is never closed, so part of the file is hidden from readers and no vote is accepted",
            verified.path
        ));
    }
}

/// `discussions/verify@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct VerifyJson<'a> {
    schema: &'static str,
    path: &'a str,
    repository: String,
    pr: u64,
    /// Nothing was meddled with and, as far as an anchor tells, nothing is missing.
    whole: bool,
    /// Whether a tail that was cut off would have been seen.
    anchored: bool,
    /// Replies that the anchor knows and the file lacks.
    missing: u64,
    chain: Option<&'a str>,
    /// Last receipt in the file, as `--anchor` takes it.
    tip: Option<String>,
    subject: String,
    blocks: Vec<BlockJson<'a>>,
    faults: Vec<FaultJson>,
    accepted: Vec<VoteJson<'a>>,
    votes: Vec<VoteJson<'a>>,
}

#[derive(Serialize)]
struct BlockJson<'a> {
    block: usize,
    line: usize,
    author: &'a str,
    result: &'static str,
    reason: Option<&'static str>,
    text: Option<&'a str>,
    seq: Option<u64>,
    who: Option<&'a str>,
    kind: Option<&'static str>,
    vote: Option<&'static str>,
}

#[derive(Serialize)]
struct FaultJson {
    line: usize,
    block: Option<usize>,
    reason: &'static str,
    text: String,
}

#[derive(Serialize)]
struct VoteJson<'a> {
    who: &'a str,
    kind: &'static str,
    vote: &'static str,
    seq: u64,
    block: usize,
    line: usize,
    accepted: bool,
    /// `stale` or `unproven`; null where it is accepted.
    reason: Option<&'static str>,
}

impl<'a> VerifyJson<'a> {
    fn of(verified: &'a Verified) -> Self {
        let chain = &verified.signed.chain;
        let vote = |vote: &'a SignedVote| VoteJson {
            who: &vote.who,
            kind: vote.kind.as_str(),
            vote: vote.vote.as_str(),
            seq: vote.seq,
            block: vote.block,
            line: verified.line_of_block(vote.block),
            accepted: vote.worth == Worth::Accepted,
            reason: (vote.worth != Worth::Accepted).then_some(vote.worth.as_str()),
        };
        let is_accepted = |vote: &&SignedVote| vote.worth == Worth::Accepted;
        let end = chain.proposal_end(&verified.discussion);
        Self {
            schema: "discussions/verify@1",
            path: &verified.path,
            repository: verified.checker.repository.to_string(),
            pr: verified.checker.pr,
            whole: chain.is_whole(),
            anchored: verified.checker.anchor.is_some(),
            missing: chain.missing,
            chain: chain.did.as_deref(),
            tip: chain.tip.as_ref().map(ToString::to_string),
            subject: format!("sha256:{}", Subject::of(&verified.discussion, end)),
            blocks: verified.blocks.iter().map(BlockJson::of).collect(),
            faults: chain
                .faults
                .iter()
                .map(|fault| FaultJson {
                    line: fault.line,
                    block: fault.block,
                    reason: fault.kind.code(),
                    text: fault.kind.to_string(),
                })
                .collect(),
            accepted: verified
                .signed
                .votes
                .iter()
                .filter(is_accepted)
                .map(vote)
                .collect(),
            votes: verified.signed.votes.iter().map(vote).collect(),
        }
    }
}

impl<'a> BlockJson<'a> {
    fn of(block: &'a JudgedBlock) -> Self {
        let claims = block.claims.as_deref();
        Self {
            block: block.number,
            line: block.line,
            author: &block.author,
            result: block.result.as_str(),
            reason: block.reason.as_ref().map(|(code, _)| *code),
            text: block.reason.as_ref().map(|(_, text)| text.as_str()),
            seq: claims.map(|claims| claims.seq),
            who: claims.map(|claims| claims.who.as_str()),
            kind: claims.map(|claims| claims.kind).map(Kind::as_str),
            vote: claims.and_then(|claims| claims.vote).map(Vote::as_str),
        }
    }
}
