//! Chains of receipts begun, dropped replies put back, changed ones put right.

use super::{Asking, Draft, Plan};
use crate::bot::channel::Channel;
use crate::bot::deps::JobError;
use crate::bot::evaluate::{Evaluated, Outcome};
use crate::bot::receipts::{self, MAX_RESTORED};
use crate::bot::work::{SeenPath, Work};
use crate::engine::discussion::Discussion;
use crate::engine::edit;
use crate::engine::receipt::restore::put_back;
use crate::store::{BlockRecord, BlockState, Change, DiscussionRecord};
use std::collections::BTreeSet;

/// A discussion without a chain of receipts into this base gets one.
pub(super) fn mint_chains(work: &mut Work<'_>, outcomes: &[Outcome]) {
    let base = work.snapshot.base_branch.clone();
    for (path, outcome) in work.paths.iter().zip(outcomes) {
        if !matches!(outcome, Outcome::Open(_)) {
            continue;
        }
        let known = work.memory.discussions.entry(path.candidate.key.clone());
        let record = known.or_insert_with(|| DiscussionRecord {
            path: path.candidate.key.clone(),
            ..DiscussionRecord::default()
        });
        let mint = || uuid::Uuid::new_v4().simple().to_string();
        record.chains.entry(base.clone()).or_insert_with(mint);
    }
}

/// Recorded blocks that a push dropped and that are put back now: by themselves a few times, then on somebody's word.
pub(super) fn to_restore<'e>(
    work: &Work<'_>,
    key: &str,
    evaluated: &'e Evaluated,
    wanted: &BTreeSet<String>,
) -> &'e [usize] {
    let record = work.memory.discussions.get(key);
    let is_often = record.is_some_and(|record| record.restored >= MAX_RESTORED);
    match work.ground.can_ask(&work.snapshot) {
        Ok(()) if evaluated.is_invalid() || !work.commits() => &[],
        Ok(()) if !is_often || wanted.contains(key) => &evaluated.receipts.dropped,
        _ => &[],
    }
}

/// The file with its signed replies as they were signed, where somebody wants that and it is not so, and those that
/// were not.
pub(super) fn mended(
    path: &SeenPath,
    known: &[&BlockRecord],
    evaluated: &Evaluated,
    plan: &Plan<'_>,
) -> Option<(Discussion, Vec<BlockRecord>)> {
    let key = &path.candidate.key;
    let is_wanted = plan.asking.restore.contains(key)
        && matches!(plan.channel, Channel::Commit)
        && !evaluated.receipts.tampered.is_empty();
    let file = path.head.discussion().filter(|_| is_wanted)?;
    edit::append(file, &[]).ok()?;
    let signed = receipts::signed_blocks(known);
    let text = put_back(file, &signed, &evaluated.receipts.damaged);
    let is_missing = |index: &usize| {
        known[*index].state == BlockState::Written && evaluated.seen.place_of(*index).is_none()
    };
    let missing = (0..known.len()).filter(is_missing);
    let missing = missing.map(|index| known[index].clone()).collect();
    Some((Discussion::parse(text.as_bytes()), missing))
}

/// Counts the replies that this job put back by itself: after a few times a person is asked.
pub(super) async fn count(
    work: &mut Work<'_>,
    drafts: &[Draft],
    asking: &Asking,
) -> Result<(), JobError> {
    let mut changes = Vec::new();
    let by_itself = drafts
        .iter()
        .filter(|draft| !draft.restored.is_empty() && !asking.restore.contains(&draft.record.path));
    for draft in by_itself {
        let known = work.memory.discussions.get_mut(&draft.record.path);
        if let Some(record) = known {
            record.restored += 1;
            changes.push(Change::Discussion(record.clone()));
        }
    }
    work.record(&changes).await
}
