//! Questions typed into a discussion: a push by somebody with write that adds a block with `@alias` in it asks that
//! persona, once for each block.
//!
//! The name over a typed block proves nothing, so it is the pusher who asks. Whether a push added a block is read from
//! the commit before it, and only where a block is there that was never looked at: what was, is kept under one key for
//! each discussion, so that an amended, repeated or reverted push asks nothing twice.

use super::apply::{self, Runs};
use super::ask;
use super::command::table;
use super::deps::JobError;
use super::evaluate::{Outcome, SeenText};
use super::hear::Happened;
use super::job::{JobEvent, StoredActor};
use super::markdown::shorten;
use super::message;
use super::plan::Effect;
use super::respond::Want;
use super::touched::Content;
use super::work::Work;
use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use crate::engine::persona::Personas;
use crate::forge::ForgeError;
use crate::ids::{Alias, Sha};
use crate::round::Turn;
use crate::store::{Change, EffectRecord};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Personas that one block asks at most.
pub const MAX_PER_BLOCK: usize = 3;
/// Questions from typed blocks in one job.
pub const MAX_PER_JOB: usize = 5;
/// Characters of a question taken from a block.
pub const MAX_QUESTION: usize = 1_000;
/// Stretches of pushes that are looked at: each costs a request or two.
const MAX_SPANS: usize = 2;

/// A typed block that mentions personas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedBlock {
    /// Hash of its text, 32 hex digits.
    pub identity: String,
    /// Line of its name line, from 1.
    pub line: usize,
    /// The personas, each once, in file order.
    pub aliases: Vec<Alias>,
    /// What it says, on one line.
    pub question: String,
}

/// The typed blocks of a text that mention personas. A block of ours, one that stands on the base already and one that
/// says to be a persona's ask nobody.
pub fn typed_blocks(
    discussion: &Discussion,
    base: Option<&Discussion>,
    seen: &SeenText,
    personas: &Personas,
) -> Vec<TypedBlock> {
    let mut found: Vec<TypedBlock> = Vec::new();
    for block in typed(discussion, base, seen) {
        let mut aliases = Vec::new();
        for mention in &block.mentions {
            let alias = Alias::parse(&mention.token);
            let alias = alias.filter(|alias| personas.get(alias).is_some());
            aliases.extend(alias.filter(|alias| !aliases.contains(alias)));
        }
        let identity = identity(block, discussion);
        if !aliases.is_empty() && !found.iter().any(|known| known.identity == identity) {
            found.push(TypedBlock {
                identity,
                line: block.line,
                question: question(block, discussion, &aliases),
                aliases,
            });
        }
    }
    found
}

/// Lines of typed blocks that mention `@all`, which asks nobody.
pub fn lines_with_all(
    discussion: &Discussion,
    base: Option<&Discussion>,
    seen: &SeenText,
) -> Vec<usize> {
    let mentions = typed(discussion, base, seen).flat_map(|block| &block.mentions);
    let all = mentions.filter(|mention| mention.token == "all");
    all.map(|mention| mention.line).collect()
}

fn typed<'d>(
    discussion: &'d Discussion,
    base: Option<&Discussion>,
    seen: &'d SeenText,
) -> impl Iterator<Item = &'d Block> {
    let history = base.map(identities).unwrap_or_default();
    discussion.blocks.iter().filter(move |block| {
        !block.mentions.is_empty()
            && block.author.persona.is_none()
            && !seen.is_ours(block.number)
            && !history.contains(&identity(block, discussion))
    })
}

fn identities(discussion: &Discussion) -> BTreeSet<String> {
    let blocks = discussion.blocks.iter();
    blocks.map(|block| identity(block, discussion)).collect()
}

fn identity(block: &Block, discussion: &Discussion) -> String {
    let digest = Sha256::digest(block.canonical(&discussion.source).as_bytes());
    hex::encode(&digest[..16])
}

/// What a block says below its name line, on one line. Of a long one, from the paragraph on that mentions the first
/// persona.
fn question(block: &Block, discussion: &Discussion, aliases: &[Alias]) -> String {
    let text = block.canonical(&discussion.source);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let whole = one_line(&lines);
    if whole.chars().count() <= MAX_QUESTION {
        return whole;
    }
    let asks = |token: &str| aliases.iter().any(|alias| alias.as_str() == token);
    let mention = block.mentions.iter().find(|mention| asks(&mention.token));
    let at = mention.map_or(0, |mention| mention.line.saturating_sub(block.line + 1));
    let above = lines.get(..at).unwrap_or_default();
    let blank = above.iter().rposition(|line| line.trim().is_empty());
    let from = blank.map_or(0, |blank| blank + 1);
    shorten(
        &one_line(lines.get(from..).unwrap_or_default()),
        MAX_QUESTION,
    )
}

fn one_line(lines: &[&str]) -> String {
    let words = lines.iter().flat_map(|line| line.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

/// What the typed mentions of a job came to.
#[derive(Debug, Default)]
pub struct Mentioned {
    /// Whom they ask.
    pub wants: Vec<Want>,
    /// Parts of the reply that tells what was not asked.
    parts: Vec<String>,
    /// Every block looked at so far, by path of the record.
    known: BTreeMap<String, BTreeSet<String>>,
    /// Delivery of the last push.
    guid: String,
}

/// One push of the job by somebody else than us.
struct Push<'h> {
    guid: &'h str,
    before: Option<&'h str>,
    head: &'h str,
    actor: &'h StoredActor,
}

/// Pushes by people with write, one on top of the other.
struct Span {
    before: Option<String>,
    head: String,
}

/// A typed block that was not looked at before.
struct Unknown {
    key: String,
    path: String,
    block: TypedBlock,
}

/// Finds out whom the job's pushes ask by typed blocks. A job without such a block costs no request.
pub async fn mentioned(
    work: &mut Work<'_>,
    happened: &[Happened],
    outcomes: &[Outcome],
) -> Result<Mentioned, JobError> {
    let pushes = pushes(happened, work.snapshot.own_account);
    let Some(last) = pushes.last() else {
        return Ok(Mentioned::default());
    };
    let mut mentioned = Mentioned {
        guid: last.guid.to_owned(),
        ..Mentioned::default()
    };
    let mut unknown = unknown(work, outcomes, &mut mentioned.known).await?;
    if !unknown.is_empty() && !is_accounted_for(work, happened, last) {
        // A later push is there whose delivery is still to come: what it brought is left to its own job.
        let then = blocks_at(work, Some(last.head)).await?.unwrap_or_default();
        unknown.retain(|one| then.contains(&one.block.identity));
    }
    if unknown.is_empty() {
        return Ok(Mentioned::default());
    }
    for one in &unknown {
        let known = mentioned.known.entry(one.key.clone()).or_default();
        known.insert(one.block.identity.clone());
    }
    let spans = spans(work, &pushes).await?;
    for span in spans.iter().rev().take(MAX_SPANS) {
        let after = match span.head == last.head {
            true => None,
            false => Some(blocks_at(work, Some(&span.head)).await?.unwrap_or_default()),
        };
        let is_there = |one: &Unknown| {
            let after = after.as_ref();
            after.is_none_or(|after| after.contains(&one.block.identity))
        };
        let before = blocks_at(work, span.before.as_deref()).await?;
        let (there, rest) = unknown.into_iter().partition(is_there);
        unknown = rest;
        take(there, before.as_ref(), &mut mentioned);
    }
    Ok(mentioned)
}

fn pushes(happened: &[Happened], own_account: Option<u64>) -> Vec<Push<'_>> {
    let mut pushes = Vec::new();
    for Happened { guid, event, .. } in happened {
        if let JobEvent::Pushed {
            head,
            before,
            actor,
        } = event
            && Some(actor.id) != own_account
        {
            pushes.push(Push {
                guid,
                before: before.as_deref(),
                head,
                actor,
            });
        }
    }
    pushes
}

/// Whether the head is the last push's, or our own commit on it.
fn is_accounted_for(work: &Work<'_>, happened: &[Happened], last: &Push<'_>) -> bool {
    let now = work.snapshot.head.as_str();
    let is_ours_on_it = |one: &Happened| match &one.event {
        JobEvent::Pushed {
            head,
            before,
            actor,
        } => {
            Some(actor.id) == work.snapshot.own_account
                && head == now
                && before.as_deref() == Some(last.head)
        }
        _ => false,
    };
    last.head == now || happened.iter().any(is_ours_on_it)
}

/// Typed blocks with mentions that were never looked at; what was, goes into `known`.
async fn unknown(
    work: &Work<'_>,
    outcomes: &[Outcome],
    known: &mut BTreeMap<String, BTreeSet<String>>,
) -> Result<Vec<Unknown>, JobError> {
    let mut found = Vec::new();
    for (path, outcome) in work.paths.iter().zip(outcomes) {
        let (Outcome::Open(evaluated), Some(discussion)) = (outcome, path.head.discussion()) else {
            continue;
        };
        let base = path.base.discussion();
        let personas = &work.ground.personas;
        let typed = typed_blocks(discussion, base, &evaluated.seen, personas);
        if typed.is_empty() || evaluated.asks_nobody() {
            continue;
        }
        let key = &path.candidate.key;
        let stored = work.deps.store.effect(work.pr(), &known_key(key)).await?;
        let seen: BTreeSet<String> = match stored {
            Some(EffectRecord::Done(list)) => list.lines().map(str::to_owned).collect(),
            _ => BTreeSet::new(),
        };
        let new = typed
            .into_iter()
            .filter(|block| !seen.contains(&block.identity));
        found.extend(new.map(|block| Unknown {
            key: key.clone(),
            path: path.candidate.path.clone(),
            block,
        }));
        known.insert(key.clone(), seen);
    }
    Ok(found)
}

/// Key of the effect row that lists the typed blocks looked at.
fn known_key(path: &str) -> String {
    format!("mentions:{path}")
}

/// The job's pushes by people who may ask personas by a command, those that follow one another as one.
async fn spans(work: &mut Work<'_>, pushes: &[Push<'_>]) -> Result<Vec<Span>, JobError> {
    let mut spans: Vec<Span> = Vec::new();
    for push in pushes {
        let actor = push.actor;
        if !actor.person || !work.may(&table::PERSONAS, actor.id, &actor.login).await? {
            continue;
        }
        match spans.last_mut() {
            Some(span) if push.before == Some(span.head.as_str()) => {
                push.head.clone_into(&mut span.head);
            }
            _ => spans.push(Span {
                before: push.before.map(str::to_owned),
                head: push.head.to_owned(),
            }),
        }
    }
    Ok(spans)
}

/// All blocks of the discussions at a commit; `None`: GitHub does not have it, or did not name it.
async fn blocks_at(
    work: &Work<'_>,
    commit: Option<&str>,
) -> Result<Option<BTreeSet<String>>, JobError> {
    let Some(commit) = commit.and_then(Sha::parse) else {
        return Ok(None);
    };
    let candidates = work.paths.iter().map(|path| &path.candidate);
    let paths: BTreeSet<String> = candidates
        .flat_map(|candidate| [candidate.path.clone(), candidate.key.clone()])
        .collect();
    let paths: Vec<String> = paths.into_iter().collect();
    let read = match work.read_at(&commit, &paths).await {
        Err(JobError::Forge(ForgeError::NotFound(_))) => return Ok(None),
        read => read?,
    };
    let mut blocks = BTreeSet::new();
    for (path, file) in paths.iter().zip(&read) {
        let content = Content::of(path, file.as_ref(), &work.ground.globs);
        blocks.extend(content.discussion().map(identities).unwrap_or_default());
    }
    Ok(Some(blocks))
}

/// Asks by the blocks that a span of pushes added, within the limits.
fn take(there: Vec<Unknown>, before: Option<&BTreeSet<String>>, mentioned: &mut Mentioned) {
    for Unknown { key, path, block } in there {
        match before {
            None => {
                let names: Vec<&str> = block.aliases.iter().map(Alias::as_str).collect();
                let part = message::mention_unclear(&path, block.line, &names);
                mentioned.parts.push(part);
            }
            Some(before) if before.contains(&block.identity) => {}
            Some(_) => ask_by(&key, &path, block, mentioned),
        }
    }
}

fn ask_by(key: &str, path: &str, block: TypedBlock, mentioned: &mut Mentioned) {
    let left = MAX_PER_JOB.saturating_sub(mentioned.wants.len());
    let (asked, left_out) = block
        .aliases
        .split_at(block.aliases.len().min(MAX_PER_BLOCK).min(left));
    let wants = asked.iter().map(|alias| Want {
        key: key.to_owned(),
        alias: alias.clone(),
        question: Some(block.question.clone()),
    });
    mentioned.wants.extend(wants);
    if !left_out.is_empty() {
        let names: Vec<&str> = left_out.iter().map(Alias::as_str).collect();
        let part = message::not_asked(path, block.line, &names);
        mentioned.parts.push(part);
    }
}

impl Mentioned {
    /// After the round: tells what was not asked or not answered, and notes the blocks as looked at.
    pub async fn finish(
        mut self,
        work: &Work<'_>,
        runs: &mut Runs,
        turns: &[(String, Turn)],
    ) -> Result<(), JobError> {
        for (key, turn, why) in ask::failed(turns) {
            let is_ours = |want: &&Want| {
                want.key == key && want.alias == turn.alias && want.question == turn.question
            };
            let parts = self.wants.iter().filter(is_ours);
            self.parts
                .extend(parts.map(|want| message::unavailable(want.alias.as_str(), &why)));
        }
        if !self.parts.is_empty() {
            let marker = format!("<!-- discussions:mentions:{} -->", self.guid);
            let body = message::reply(&marker, &self.parts);
            let effects = [Effect::Reply { marker, body }];
            apply::carry_out(work.deps, &work.job.lease, work.pr(), runs, &effects).await?;
        }
        let known = self.known.into_iter().map(|(path, blocks)| {
            let blocks: Vec<String> = blocks.into_iter().collect();
            Change::EffectDone {
                key: known_key(&path),
                result: blocks.join("\n"),
            }
        });
        work.record(&known.collect::<Vec<Change>>()).await
    }
}
