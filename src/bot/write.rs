//! From turns to one commit or review: blocks are recorded as pending, phases move, files get their new text.

mod closing_commit;
mod healing;
mod notes;

pub use closing_commit::{Closing, close, reopened};

use super::apply;
use super::ask::{Recorded, block_of, failed};
use super::channel::{self, Channel};
use super::deps::JobError;
use super::evaluate::{Evaluated, Outcome};
use super::plan::{self, PlannedCommit};
use super::post_review;
use super::receipts::{Signer, text_of};
use super::touched::Content;
use super::work::{SeenPath, Work, failure_key, open};
use crate::engine::consensus::{ReasonCode, blocking_concerns};
use crate::engine::edit::{self, EditError};
use crate::engine::phase::{RoundEnd, after_round};
use crate::forge::{CommitRequest, FileContent, ForgeError};
use crate::round::{Turn, TurnOutcome};
use crate::store::{BlockRecord, BlockState, Change, DiscussionRecord};
use std::collections::BTreeSet;

/// What a job decided about automatic rounds, for the record.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    /// Discussions (by the record's path) whose panel was asked without a command and answered: a round in which
    /// somebody could not answer is none of those after which a person decides alone.
    pub automatic: BTreeSet<String>,
    /// Whether this job was an occasion for it at all: its subjects then count as seen.
    pub is_occasion: bool,
    /// Discussions (by the record's path) whose signed replies somebody wants back as they were signed.
    pub restore: BTreeSet<String>,
}

/// What one discussion gets.
pub(super) struct Draft {
    /// Position among the paths.
    pub(super) at: usize,
    pub(super) record: DiscussionRecord,
    new_blocks: Vec<BlockRecord>,
    /// Replies of earlier commits that go back into the file.
    restored: Vec<BlockRecord>,
    /// Blocks to publish: what an earlier try left, and the new ones.
    pub(super) blocks: Vec<BlockRecord>,
    /// The blocks `after` was evaluated with.
    pub(super) known: Vec<BlockRecord>,
    /// The new file, if anything is appended.
    text: Option<String>,
    pub(super) title: String,
    /// The discussion as it will be.
    pub(super) after: Option<Box<Evaluated>>,
}

impl Draft {
    /// What the record has to know before anything is published.
    fn changes(&self) -> Vec<Change> {
        let is_new =
            |block: &&BlockRecord| self.new_blocks.iter().any(|new| new.hash == block.hash);
        let kept = self.blocks.iter().filter(|block| !is_new(block));
        let receipts: Vec<_> = kept
            .filter_map(|block| Some((block.hash.clone(), block.receipt.clone()?)))
            .collect();
        let mut changes = Vec::new();
        if !self.new_blocks.is_empty() {
            changes.push(Change::Blocks(self.new_blocks.clone()));
        }
        if !receipts.is_empty() {
            let path = self.record.path.clone();
            changes.push(Change::Signed { path, receipts });
        }
        changes.push(Change::Discussion(self.record.clone()));
        changes
    }
}

/// Records what the round gave and publishes it. `true`: something was published, and everything read is in step with
/// it.
pub async fn write(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    turns: &[(String, Turn)],
    asking: &Asking,
) -> Result<bool, JobError> {
    let answered = |(_, turn): &(String, Turn)| matches!(turn.outcome, TurnOutcome::Block { .. });
    let publishes = turns.iter().any(answered) || has_pending(work, outcomes, &asking.restore);
    let channel = match publishes {
        true => work.channel().await?,
        false => Channel::Commit,
    };
    healing::mint_chains(work, outcomes);
    let plan = Plan {
        turns,
        asking,
        channel: &channel,
        now: match publishes {
            true => u64::try_from(work.deps.store.now().await? / 1000).unwrap_or(0),
            false => 0,
        },
    };
    let mut drafts = Vec::new();
    for (at, (path, outcome)) in work.paths.iter().zip(outcomes).enumerate() {
        if let Outcome::Open(evaluated) = outcome {
            drafts.extend(draft(work, at, path, evaluated, &plan)?);
        }
    }
    intend(work, &drafts, failures(turns)).await?;
    drafts.retain(|draft| !draft.blocks.is_empty() || draft.text.is_some());
    if drafts.is_empty() {
        return Ok(false);
    }
    let why = match &channel {
        Channel::Review { why } => why.clone(),
        Channel::Commit => match commit(work, &drafts, None).await {
            Err(JobError::Forge(ForgeError::Forbidden(said) | ForgeError::Refused(said)))
                if !channel::lacks_permission(&said) =>
            {
                tracing::warn!(pr = %work.pr(), job = %work.job.id, said, "the commit was refused, posting a review");
                channel::refused(&said)
            }
            Err(error) => return Err(error),
            Ok(()) => {
                healing::count(work, &drafts, asking).await?;
                return Ok(true);
            }
        },
    };
    drafts.retain(|draft| !draft.blocks.is_empty());
    if drafts.is_empty() {
        // Only replies that a push dropped, which cannot go back into the file: from now on the record is all there is.
        work.record(&[post_review::remember(&why)]).await?;
        work.memory.replies = Some(why);
        return Ok(false);
    }
    post_review::post(work, &drafts, &why).await?;
    Ok(true)
}

/// Records what is about to be published, with what else belongs to it, before it is.
async fn intend(work: &mut Work<'_>, drafts: &[Draft], more: Vec<Change>) -> Result<(), JobError> {
    let mut changes: Vec<Change> = drafts.iter().flat_map(Draft::changes).collect();
    changes.extend(more);
    changes.append(&mut work.memory.noted);
    changes.append(&mut work.memory.given);
    work.record(&changes).await?;
    for draft in drafts {
        let record = draft.record.clone();
        work.memory.discussions.insert(record.path.clone(), record);
    }
    work.recall_blocks().await
}

/// What signs the blocks of a discussion in one commit. `now` in Unix seconds.
fn signer<'w>(work: &'w Work<'_>, path: &'w SeenPath, now: u64) -> Signer<'w> {
    Signer {
        keyring: &work.deps.keyring,
        pr: work.pr(),
        did: work.chain_of(&path.candidate.key).unwrap_or_default(),
        path: &path.candidate.path,
        now,
    }
}

/// What all drafts of a job share.
struct Plan<'a> {
    turns: &'a [(String, Turn)],
    asking: &'a Asking,
    channel: &'a Channel,
    /// When receipts are signed, Unix seconds.
    now: u64,
}

/// Recorded blocks that still have to be written, where replies can be written at all.
fn to_write<'e>(work: &Work<'_>, evaluated: &'e Evaluated) -> &'e [usize] {
    match work.ground.can_ask(&work.snapshot) {
        Ok(()) if !evaluated.is_invalid() => &evaluated.to_write,
        _ => &[],
    }
}

/// Whether answers wait for their commit, of an earlier try or because a push dropped them.
pub fn has_pending(work: &Work<'_>, outcomes: &[Outcome], restore: &BTreeSet<String>) -> bool {
    let mut discussions = open(&work.paths, outcomes);
    discussions.any(|(key, evaluated)| {
        !to_write(work, evaluated).is_empty()
            || !healing::to_restore(work, key, evaluated, restore).is_empty()
            || (restore.contains(key) && !evaluated.receipts.tampered.is_empty())
    })
}

/// Effects that remember why an owed answer did not come. A question that was not answered leaves no vote owed.
fn failures(turns: &[(String, Turn)]) -> Vec<Change> {
    failed(turns)
        .filter(|(_, turn, _)| turn.question.is_none())
        .map(|(key, turn, why)| Change::EffectDone {
            key: failure_key(key, &turn.alias, &turn.subject.to_string()),
            result: why,
        })
        .collect()
}

fn draft(
    work: &Work<'_>,
    index: usize,
    path: &SeenPath,
    evaluated: &Evaluated,
    plan: &Plan<'_>,
) -> Result<Option<Draft>, JobError> {
    let Plan {
        asking, channel, ..
    } = plan;
    let key = &path.candidate.key;
    let turns = || plan.turns.iter().filter(|(of, _)| of == key);
    let known = work.blocks_of(key);
    let recorded = Recorded {
        key,
        job: &work.job.id,
        base: &work.snapshot.base_branch,
        phase: &evaluated.phase.name,
        did: work.chain_of(key).unwrap_or_default(),
        earlier: &|alias, subject| {
            let said = |block: &&&BlockRecord| {
                block.state != BlockState::Pending
                    && block.alias == alias.as_str()
                    && block.subject == subject
            };
            known.iter().filter(said).count()
        },
    };
    // What an earlier try recorded is written with the rest of it, once.
    let is_known = |block: &BlockRecord| known.iter().any(|known| known.hash == block.hash);
    let mut new_blocks: Vec<BlockRecord> = turns()
        .filter_map(|(_, turn)| block_of(turn, recorded))
        .filter(|block| !is_known(block))
        .collect();
    let at = |indices: &[usize]| -> Vec<BlockRecord> {
        let blocks = indices.iter().filter_map(|index| known.get(*index));
        blocks.map(|block| (*block).clone()).collect()
    };
    let mut kept = at(to_write(work, evaluated));
    let writes = !kept.is_empty() || !new_blocks.is_empty();
    let restored = match channel {
        // Nothing is written behind a gap, however often it was closed.
        Channel::Commit if writes => at(&evaluated.receipts.dropped),
        Channel::Commit => at(healing::to_restore(work, key, evaluated, &asking.restore)),
        Channel::Review { .. } => Vec::new(),
    };
    let was_asked = turns().next().is_some();
    let mended = healing::mended(path, &known, evaluated, plan);
    let restored = match &mended {
        Some((_, restored)) => restored.clone(),
        None => restored,
    };
    let mends = mended.is_some() || !restored.is_empty();
    if kept.is_empty() && new_blocks.is_empty() && !mends && !was_asked {
        return Ok(None);
    }
    let at_head = path.head.discussion();
    let Some(discussion) = mended.as_ref().map(|(mended, _)| mended).or(at_head) else {
        return Ok(None);
    };
    if matches!(channel, Channel::Commit) {
        let signer = signer(work, path, plan.now);
        let mut unsigned: Vec<BlockRecord> = kept.iter().chain(&new_blocks).cloned().collect();
        let signed = signer.sign(&mut unsigned, evaluated.end_of_chain(&known));
        signed.map_err(|error| JobError::Internal(error.to_string()))?;
        new_blocks = unsigned.split_off(kept.len());
        kept = unsigned;
    }
    let blocks: Vec<BlockRecord> = kept.iter().chain(&new_blocks).cloned().collect();
    let is_kept = |block: &&BlockRecord| !kept.iter().any(|kept| kept.hash == block.hash);
    let others = known.iter().copied().filter(is_kept).cloned();
    let mut known: Vec<BlockRecord> = others.chain(blocks.iter().cloned()).collect();
    let dropped = restored.iter().filter(|_| mended.is_none());
    let texts: Vec<String> = dropped.chain(&blocks).map(text_of).collect();
    let internal = |error: EditError| JobError::Internal(format!("{key}: {error}"));
    let after = match channel {
        Channel::Commit => {
            let appended = edit::append(discussion, &texts).map_err(internal)?;
            evaluate_text(work, path, &appended, &known)
        }
        Channel::Review { .. } => evaluate_posted(work, path, &mut known, &blocks),
    };
    let phase = match after.as_deref() {
        Some(after) if was_asked => phase_after(work, after),
        _ => evaluated.phase.name.clone(),
    };
    let first_phase = &evaluated.template.first_phase;
    let status = closing_commit::status_now(work, path, after.as_deref());
    let text = match channel {
        Channel::Commit if !blocks.is_empty() || mends => {
            let status = status.as_ref().map(|now| now.status);
            Some(plan::written(discussion, &texts, &phase, first_phase, status).map_err(internal)?)
        }
        Channel::Commit | Channel::Review { .. } => None,
    };
    let mut record = record(work, key, evaluated, phase, !new_blocks.is_empty(), asking);
    if let Some(decided) = status.filter(|now| now.is_decided && text.is_some()) {
        decided.status.clone_into(&mut record.status);
    }
    Ok(Some(Draft {
        at: index,
        record,
        text,
        title: evaluated.view.title.clone(),
        new_blocks,
        restored,
        blocks,
        known,
        after,
    }))
}

/// The discussion as it will be with its new text.
fn evaluate_text(
    work: &Work<'_>,
    path: &SeenPath,
    text: &str,
    known: &[BlockRecord],
) -> Option<Box<Evaluated>> {
    evaluate_with(work, path, &content(work, path, text), known)
}

/// The discussion as it will be once blocks stand in a review.
fn evaluate_posted(
    work: &Work<'_>,
    path: &SeenPath,
    known: &mut [BlockRecord],
    blocks: &[BlockRecord],
) -> Option<Box<Evaluated>> {
    for block in known.iter_mut() {
        if blocks.iter().any(|posted| posted.hash == block.hash) {
            block.state = BlockState::Posted;
            block.review = Some(String::new());
        }
    }
    evaluate_with(work, path, &path.head, known)
}

fn evaluate_with(
    work: &Work<'_>,
    path: &SeenPath,
    head: &Content,
    known: &[BlockRecord],
) -> Option<Box<Evaluated>> {
    let known: Vec<&BlockRecord> = known.iter().collect();
    let record = work.memory.discussions.get(&path.candidate.key);
    match work.evaluate_as(path, head, &known, record) {
        Outcome::Open(evaluated) => Some(evaluated),
        _ => None,
    }
}

fn content(work: &Work<'_>, path: &SeenPath, text: &str) -> Content {
    let blob = FileContent::Blob(text.as_bytes().to_vec());
    Content::of(&path.candidate.path, Some(&blob), &work.ground.globs)
}

/// Whether all that READY needs in the present phase holds, whether that is the final one or not.
pub fn has_passed(evaluated: &Evaluated) -> bool {
    let only_the_phase = |code| matches!(code, ReasonCode::PhaseDoesNotVote | ReasonCode::Bound);
    let mut reasons = evaluated.view.verdict.reasons.iter();
    reasons.all(|reason| only_the_phase(reason.code))
}

/// Where the phase goes from an evaluation.
pub fn phase_after(work: &Work<'_>, evaluated: &Evaluated) -> String {
    let view = &evaluated.view;
    let entries: Vec<_> = view.votes.iter().map(|vote| vote.entry.clone()).collect();
    let rules = &work.ground.config.gate.rules;
    let blocking = blocking_concerns(rules, &view.ledger, &entries, &view.veto);
    let end = RoundEnd {
        owed_votes: &evaluated.owed_votes(),
        blocking_concern_open: !blocking.is_empty(),
        ready_holds: has_passed(evaluated),
    };
    after_round(&evaluated.template, &evaluated.phase.name, &end)
}

/// The discussion's record after the round. Rounds count within a phase; a new phase starts at none.
fn record(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    phase: String,
    has_blocks: bool,
    asking: &Asking,
) -> DiscussionRecord {
    let mut record = work.discussion(key);
    record.rounds = match phase == evaluated.phase.name {
        true => record.rounds + u32::from(asking.automatic.contains(key)),
        false => 0,
    };
    record.phase = phase;
    if has_blocks {
        record.proposal = evaluated.proposal.clone();
    }
    if asking.is_occasion {
        record.subject = evaluated.seen.subject.to_string();
    }
    record
}

/// Commits the drafts that have a text. `headline`: the template of its first line, if it is not the usual one.
async fn commit(
    work: &mut Work<'_>,
    drafts: &[Draft],
    headline: Option<String>,
) -> Result<(), JobError> {
    let with_text: Vec<(&Draft, &String)> = drafts
        .iter()
        .filter_map(|draft| Some((draft, draft.text.as_ref()?)))
        .collect();
    let planned = planned(work, &with_text, headline)?;
    let head = apply::commit(work.deps, &work.job.lease, work.pr(), &planned).await?;
    let contents: Vec<(usize, Content)> = with_text
        .iter()
        .filter_map(|(draft, text)| {
            let path = work.paths.get(draft.at)?;
            Some((draft.at, content(work, path, text)))
        })
        .collect();
    for (at, content) in contents {
        if let Some(path) = work.paths.get_mut(at) {
            path.head = content;
        }
    }
    work.snapshot.head = head;
    Ok(())
}

fn planned(
    work: &Work<'_>,
    drafts: &[(&Draft, &String)],
    headline: Option<String>,
) -> Result<PlannedCommit, JobError> {
    let mut personas: Vec<String> = Vec::new();
    let mut blocks = Vec::new();
    let restored: usize = drafts.iter().map(|(draft, _)| draft.restored.len()).sum();
    for block in drafts.iter().flat_map(|(draft, _)| &draft.blocks) {
        if !personas.contains(&block.alias) {
            personas.push(block.alias.clone());
        }
        blocks.push((block.path.clone(), block.hash.clone()));
    }
    let title = match drafts {
        [(draft, _)] => &draft.title,
        _ => &work.snapshot.title,
    };
    let template = headline.unwrap_or_else(|| match blocks.is_empty() {
        true => plan::restoring(restored),
        false => work.ground.config.commit_message.clone(),
    });
    let (headline, body) = work.commit_message(&template, &personas, title)?;
    let file = |(draft, text): &(&Draft, &String)| {
        let path = work.paths.get(draft.at)?;
        Some((path.candidate.path.clone(), text.as_bytes().to_vec()))
    };
    Ok(PlannedCommit {
        request: CommitRequest {
            branch: work.snapshot.head_branch.clone(),
            expected_head: work.snapshot.head.clone(),
            headline,
            body,
            files: drafts.iter().filter_map(file).collect(),
        },
        blocks,
    })
}
