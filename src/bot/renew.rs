//! A discussion begins anew: a new chain of receipts, votes and rounds from none. What was said before stays in the
//! file, as text that is being decided on.

use super::deps::JobError;
use super::evaluate::Outcome;
use super::receipts::Known;
use super::respond::Want;
use super::work::{Work, open};
use crate::store::{Change, EffectRecord};
use std::collections::BTreeSet;

/// What the check says where nobody asked for it.
const BY_THE_APP: &str = "the App: the record came from a backup, older than what stands on GitHub";

/// Begins a discussion anew. `by`: who, and why; `source`: the line that asked for it, so that a second try does not
/// begin once more.
pub async fn reset(work: &mut Work<'_>, key: &str, by: &str, source: &str) -> Result<(), JobError> {
    let effect = format!("reset:{key}:{source}");
    if let Some(EffectRecord::Done(_)) = work.deps.store.effect(work.pr(), &effect).await? {
        return Ok(());
    }
    let Some(known) = work.memory.discussions.get(key) else {
        return Ok(());
    };
    let mut record = known.clone();
    let did = uuid::Uuid::new_v4().simple().to_string();
    record.chains.insert(work.snapshot.base_branch.clone(), did);
    record.phase = String::new();
    record.proposal = String::new();
    record.subject = String::new();
    record.rounds = 0;
    record.restored = 0;
    // What is decided begins anew; `status` is still what stands in the file.
    record.closed = String::new();
    record.reset_by = Some(by.to_owned());
    let done = Change::EffectDone {
        key: effect,
        result: by.to_owned(),
    };
    work.record(&[Change::Discussion(record.clone()), done])
        .await?;
    work.memory.discussions.insert(key.to_owned(), record);
    work.recall_blocks().await
}

/// Begins every discussion anew whose file knows more than the record. Says which.
pub async fn after_a_backup(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
) -> Result<BTreeSet<String>, JobError> {
    let is_older = |key: &str, outcome: &super::evaluate::Evaluated| {
        outcome.receipts.record_is_older.then(|| key.to_owned())
    };
    let older: BTreeSet<String> = open(&work.paths, outcomes)
        .filter_map(|(key, evaluated)| is_older(key, evaluated))
        .collect();
    for key in &older {
        let source = format!("head:{}", work.snapshot.head);
        reset(work, key, BY_THE_APP, &source).await?;
    }
    Ok(older)
}

/// Just before a green: whether our own newest run on this head was posted by somebody who knew more than the record
/// does, which then comes from a backup. Begins everything anew in that case.
///
/// # Errors
/// [`JobError::Moved`] in that case: what was evaluated is not true any more.
pub async fn if_the_check_knows_more(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
) -> Result<(), JobError> {
    let keys: Vec<String> = open(&work.paths, outcomes)
        .map(|(key, _)| key.to_owned())
        .collect();
    let Some(name) = work.ground.check.clone().filter(|_| !keys.is_empty()) else {
        return Ok(());
    };
    let head = work.snapshot.head.clone();
    let runs = work.deps.read.own_checks(work.pr(), &head, &name).await?;
    let all = work.deps.store.blocks(&work.job.pr).await?;
    let votes = work.memory.votes.len() + work.memory.acts.len();
    let known = runs.iter().map(|run| Known::read(&run.external_id));
    let is_ours = |known: &Known| known.pr.is_none_or(|pr| pr == work.job.pr.number);
    let newest = known.into_iter().find(is_ours);
    if !newest.is_some_and(|known| known.exceeds(&all, votes)) {
        return Ok(());
    }
    for key in keys {
        reset(work, &key, BY_THE_APP, &format!("check:{head}")).await?;
    }
    Err(JobError::Moved(
        "the check on GitHub knows more than the record".to_owned(),
    ))
}

/// Everybody who owes a vote on discussions that began anew.
pub fn wants(work: &Work<'_>, outcomes: &[Outcome], renewed: &BTreeSet<String>) -> Vec<Want> {
    let discussions = open(&work.paths, outcomes)
        .filter(|(key, evaluated)| renewed.contains(*key) && !evaluated.asks_nobody());
    discussions
        .flat_map(|(key, evaluated)| {
            evaluated.panel.iter().map(|alias| Want {
                key: key.to_owned(),
                alias: alias.clone(),
                question: None,
            })
        })
        .collect()
}
