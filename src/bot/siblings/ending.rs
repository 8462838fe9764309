//! A pull request that is judged no more: its part in the check of its head ends, and the others learn that.

use super::{Around, hand_on, is_same, tell, word};
use crate::bot::check::Overall;
use crate::bot::deps::{BotDeps, JobError};
use crate::bot::work::Work;
use crate::store::{Change, Claimed, OwnVerdict};
use std::collections::BTreeSet;

/// This one is judged under no name, or not at all any more: it has no part in the check of its head. `is_open`: it is
/// only the gate that is off.
pub async fn step_out(work: &mut Work<'_>, is_open: bool) -> Result<(), JobError> {
    let author = work.snapshot.author.as_ref();
    let head = match is_open {
        true => work.snapshot.head.to_string(),
        false => String::new(),
    };
    let number = work.job.pr.number;
    let rows = work.deps.store.own_verdicts(&work.job.pr, &[]).await?;
    let known = rows.get(&number);
    let mut own = OwnVerdict {
        head,
        base: work.snapshot.base_branch.clone(),
        state: word(Overall::Clear).to_owned(),
        author: author.map_or(0, |author| author.id),
        login: author.map_or_else(String::new, |author| author.login.clone()),
        ..OwnVerdict::default()
    };
    match known {
        None if !is_open => {
            // It was never read at all; whoever waits for that is told.
            for other in std::mem::take(&mut work.memory.siblings.asking) {
                hand_on(work.deps, work.job, other, false).await?;
            }
            return Ok(());
        }
        Some(known) if is_same(known, &own) => own.owed.clone_from(&known.owed),
        Some(known) => {
            own.owed.clone_from(&known.owed);
            own.owed.extend([known.head.clone(), own.head.clone()]);
        }
        None => {
            own.owed.insert(own.head.clone());
        }
    }
    own.owed.remove("");
    if known != Some(&own) {
        work.record(&[Change::OwnVerdict(Some(own.clone()))])
            .await?;
    }
    let mut around = Around {
        rows,
        ..Around::default()
    };
    around.rows.insert(number, own);
    tell(work, &around).await
}

/// What was recorded of this one is not kept up to date any more: a failure of ours, in the eyes of the others.
pub async fn give_up(deps: &BotDeps, job: &Claimed, title: &str) -> Result<(), JobError> {
    let mut rows = deps.store.own_verdicts(&job.pr, &[]).await?;
    let Some(own) = rows.remove(&job.pr.number) else {
        return Ok(());
    };
    let head = own.head.clone();
    let error = word(Overall::Error);
    // Told once: each of the others gives up in its turn, and none of them makes this one try again.
    if own.state == error && own.waits_for.is_empty() {
        return Ok(());
    }
    let failed = OwnVerdict {
        state: error.to_owned(),
        title: title.to_owned(),
        waits_for: BTreeSet::new(),
        ..own
    };
    let change = Change::OwnVerdict(Some(failed));
    deps.store.record(&job.lease, &job.pr, &[change]).await?;
    for other in deps
        .store
        .own_verdicts(&job.pr, &[&head])
        .await?
        .into_keys()
    {
        if other != job.pr.number {
            hand_on(deps, job, other, false).await?;
        }
    }
    Ok(())
}
