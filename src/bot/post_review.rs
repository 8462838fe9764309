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
use std::collections::BTreeSet;

/// Posts the blocks of the drafts as one review of the head and records where they stand.
pub(super) async fn post(work: &mut Work<'_>, drafts: &[Draft], why: &str) -> Result<(), JobError> {
    let standing = posted_before(work, drafts, why).await?;
    let planned = match planned(work, drafts, why, &standing).await? {
        Some(planned) => planned,
        None => return work.recall_blocks().await,
    };
    // A commit is refused if the branch moved; a review is not, so it is looked at just before.
    conclude::still_as_read(work).await?;
    let (posted, threads) = send(work, planned.clone()).await?;
    let mut changes = vec![Change::Posted {
        blocks: planned.blocks,
        review: posted.url,
    }];
    changes.extend(threads.into_iter().map(Change::Intend));
    changes.push(remember(why));
    work.record(&changes).await?;
    work.memory.replies = Some(why.to_owned());
    work.recall_blocks().await
}

/// The record that replies go into reviews here from now on.
pub fn remember(why: &str) -> Change {
    Change::EffectDone {
        key: channel::KEY.to_owned(),
        result: why.to_owned(),
    }
}

/// Hashes of blocks that an earlier try posted without learning of it: they are recorded as posted.
async fn posted_before(
    work: &Work<'_>,
    drafts: &[Draft],
    why: &str,
) -> Result<BTreeSet<String>, JobError> {
    let mut standing = BTreeSet::new();
    for block in drafts.iter().flat_map(|draft| &draft.blocks) {
        // Only what was recorded before this try can have been posted before it.
        if block.seq == 0 || block.state != BlockState::Pending {
            continue;
        }
        let marker = review::block_marker(&block.hash);
        if let Some(posted) = work.deps.read.own_review(work.pr(), &marker).await? {
            let blocks = vec![(block.path.clone(), block.hash.clone())];
            let review = posted.url;
            work.record(&[Change::Posted { blocks, review }, remember(why)])
                .await?;
            standing.insert(block.hash.clone());
        }
    }
    Ok(standing)
}

async fn planned(
    work: &mut Work<'_>,
    drafts: &[Draft],
    why: &str,
    standing: &BTreeSet<String>,
) -> Result<Option<PlannedReview>, JobError> {
    let must_resolve = work.branch_rules().await?.conversations_must_be_resolved;
    let left: Vec<(&Draft, Vec<&BlockRecord>, Vec<BlockRecord>)> = drafts
        .iter()
        .map(|draft| {
            let blocks = draft
                .blocks
                .iter()
                .filter(|block| !standing.contains(&block.hash));
            (
                draft,
                draft.known.iter().collect(),
                blocks.cloned().collect(),
            )
        })
        .filter(|(_, _, blocks): &(_, _, Vec<BlockRecord>)| !blocks.is_empty())
        .collect();
    let postings: Vec<Posting<'_>> = left
        .iter()
        .filter_map(|(draft, known, blocks)| {
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
                blocks,
            })
        })
        .collect();
    let head = &work.snapshot.head;
    Ok((!postings.is_empty()).then(|| review::plan(head, why, &postings, !must_resolve)))
}

/// Posts the review. Its body holds everything, so if GitHub does not take the comments on lines, it goes without.
async fn send(
    work: &Work<'_>,
    planned: PlannedReview,
) -> Result<(PostedReview, Vec<String>), JobError> {
    let (deps, lease, pr) = (work.deps, &work.job.lease, work.pr());
    match apply::review(deps, lease, pr, &planned.request).await {
        Ok(posted) => Ok((posted, planned.threads)),
        Err(JobError::Forge(ForgeError::Refused(said))) if !planned.request.comments.is_empty() => {
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
    let threads = deps.read.own_threads(pr).await?;
    for key in closed {
        let marker = review::thread_marker(&key);
        let thread = threads.iter().find(|thread| thread.body.contains(&marker));
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
