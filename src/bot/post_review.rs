//! Publishes a round's replies as one review, and resolves the conversations whose item is closed.

use super::apply;
use super::channel;
use super::conclude;
use super::deps::JobError;
use super::evaluate::Outcome;
use super::review::{self, PlannedReview, Posting};
use super::work::{Work, open};
use super::write::Draft;
use crate::engine::ledger::ItemState;
use crate::forge::{ForgeError, PostedReview};
use crate::store::{BlockRecord, BlockState, Change, EffectRecord};

/// Posts the blocks of the drafts as one review of the head and records where they stand. Where the conversation is
/// locked nothing can be posted: the answers wait, and the check says so.
pub(super) async fn post(work: &mut Work<'_>, drafts: &[Draft], why: &str) -> Result<(), JobError> {
    if work.snapshot.locked {
        tracing::info!(pr = %work.pr(), job = %work.job.id, "the conversation is locked, the review waits");
        return Ok(());
    }
    let planned = planned(work, drafts, why).await?;
    let intents = planned
        .blocks
        .iter()
        .map(|(_, hash)| Change::Intend(posting_key(hash)));
    let intents: Vec<Change> = intents.collect();
    // A commit is refused if the branch moved; a review is not, so it is looked at just before.
    conclude::still_as_read(work).await?;
    work.record(&intents).await?;
    let (posted, threads) = send(work, planned.clone()).await?;
    let mut changes = posted_changes(&planned.blocks, &posted.url);
    changes.extend(threads.into_iter().map(Change::Intend));
    changes.push(remember(why));
    work.record(&changes).await?;
    work.memory.replies = Some(why.to_owned());
    work.recall_blocks().await
}

/// Key of the effect row of a block that is about to be posted.
fn posting_key(hash: &str) -> String {
    format!("review:{hash}")
}

fn posted_changes(blocks: &[(String, String)], review: &str) -> Vec<Change> {
    let done = blocks.iter().map(|(_, hash)| Change::EffectDone {
        key: posting_key(hash),
        result: review.to_owned(),
    });
    let posted = Change::Posted {
        blocks: blocks.to_vec(),
        review: review.to_owned(),
    };
    std::iter::once(posted).chain(done).collect()
}

/// The record that replies go into reviews here from now on.
pub fn remember(why: &str) -> Change {
    Change::EffectDone {
        key: channel::KEY.to_owned(),
        result: why.to_owned(),
    }
}

/// A review whose answer was lost: its blocks stand there, and the record learns that before anything else, whatever
/// became of the text meanwhile.
pub async fn confirm_posted(work: &mut Work<'_>) -> Result<(), JobError> {
    let pending = work.memory.blocks.iter();
    let pending: Vec<BlockRecord> = pending
        .filter(|block| block.state == BlockState::Pending && !block.is_persons())
        .cloned()
        .collect();
    let mut changes = Vec::new();
    for block in pending {
        let key = posting_key(&block.hash);
        let effect = work.deps.store.effect(&work.job.pr, &key).await?;
        if effect != Some(EffectRecord::Intended) {
            continue;
        }
        let marker = review::block_marker(&block.hash);
        if let Some(posted) = work.deps.read.own_review(work.pr(), &marker).await? {
            changes.extend(posted_changes(
                &[(block.path, block.hash.clone())],
                &posted.url,
            ));
            // Which of them have a conversation is seen when they are to be resolved.
            let items = 1..=block.anchors.len();
            changes.extend(items.map(|n| Change::Intend(review::thread_key(&block.hash, n))));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    work.record(&changes).await?;
    work.recall_blocks().await
}

async fn planned(
    work: &mut Work<'_>,
    drafts: &[Draft],
    why: &str,
) -> Result<PlannedReview, JobError> {
    let must_resolve = work.branch_rules().await?.conversations_must_be_resolved;
    let with_known: Vec<(&Draft, Vec<&BlockRecord>)> = drafts
        .iter()
        .map(|draft| (draft, draft.known.iter().collect()))
        .collect();
    let postings: Vec<Posting<'_>> = with_known
        .iter()
        .filter_map(|(draft, known)| {
            let path = work.paths.get(draft.at)?;
            let at_head = &path.candidate.path;
            let mut changed = work.snapshot.files.iter();
            Some(Posting {
                path: at_head,
                title: &draft.title,
                file: path.head.discussion()?,
                changed: changed.find(|file| file.path == *at_head),
                after: draft.after.as_deref(),
                known,
                blocks: &draft.blocks,
            })
        })
        .collect();
    let head = &work.snapshot.head;
    Ok(review::plan(head, why, &postings, !must_resolve))
}

/// Posts the review. Its body holds everything, so if GitHub does not take the comments on lines, it goes without.
async fn send(
    work: &Work<'_>,
    planned: PlannedReview,
) -> Result<(PostedReview, Vec<String>), JobError> {
    let (deps, lease, pr) = (work.deps, &work.job.lease, work.pr());
    match apply::review(deps, lease, pr, &planned.request).await {
        Ok(posted) => Ok((posted, planned.threads)),
        Err(JobError::Forge(ForgeError::Refused(said))) => {
            // The commit may have left the pull request a moment ago.
            conclude::still_as_read(work).await?;
            if planned.request.comments.is_empty() {
                return Err(ForgeError::Refused(said).into());
            }
            tracing::warn!(%pr, job = %work.job.id, said, "posting the review without comments on lines");
            let mut request = planned.request;
            request.comments.clear();
            let posted = apply::review(deps, lease, pr, &request).await?;
            Ok((posted, Vec::new()))
        }
        Err(error) => Err(error),
    }
}

/// Resolves our conversations whose question is answered or whose concern is settled. What GitHub refuses is let go:
/// the ledger is what counts.
pub async fn resolve_closed(work: &Work<'_>, outcomes: &[Outcome]) -> Result<(), JobError> {
    let closed = closed_threads(work, outcomes).await?;
    if closed.is_empty() {
        return Ok(());
    }
    let (deps, lease, pr) = (work.deps, &work.job.lease, work.pr());
    let threads = match deps.read.own_threads(pr).await {
        Err(
            error @ (ForgeError::NotFound(_) | ForgeError::Forbidden(_) | ForgeError::Refused(_)),
        ) => {
            tracing::warn!(%pr, job = %work.job.id, %error, "conversations are left as they are");
            return Ok(());
        }
        read => read?,
    };
    for key in closed {
        let marker = review::thread_marker(&key);
        let thread = threads
            .iter()
            .find(|thread| thread.body.lines().next() == Some(&marker));
        if let Some(thread) = thread.filter(|thread| !thread.is_resolved) {
            apply::resolve_thread(deps, lease, pr, &thread.id).await?;
        }
        let result = "resolved".to_owned();
        work.record(&[Change::EffectDone { key, result }]).await?;
    }
    Ok(())
}

/// Keys of conversations that are open as far as we know and whose item is closed.
async fn closed_threads(work: &Work<'_>, outcomes: &[Outcome]) -> Result<Vec<String>, JobError> {
    let mut closed = Vec::new();
    for (key, evaluated) in open(&work.paths, outcomes) {
        let known = work.blocks_of(key);
        for block in known
            .iter()
            .filter(|block| block.state == BlockState::Posted)
        {
            for (number, item) in review::items_of(evaluated, &known, &block.hash) {
                if item.state == ItemState::Open {
                    continue;
                }
                let thread = review::thread_key(&block.hash, number);
                let effect = work.deps.store.effect(&work.job.pr, &thread).await?;
                if effect == Some(EffectRecord::Intended) {
                    closed.push(thread);
                }
            }
        }
    }
    Ok(closed)
}
