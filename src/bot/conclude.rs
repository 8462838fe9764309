//! The end of a try: what is there now is evaluated, posted to its head, and recorded as what people could read.

use super::apply::Runs;
use super::check::{self, CheckInput, Findings};
use super::deps::JobError;
use super::dropping;
use super::elsewhere;
use super::evaluate::Outcome;
use super::gate_files;
use super::post_review;
use super::recording::{self, KeptVerdict};
use super::renew;
use super::report::{self, Going};
use super::seen;
use super::show_status;
use super::work::{Work, open};
use super::write::{self, Closing};
use crate::forge::{Conclusion, PrState, Sibling};
use crate::store::{Change, Unheard};

/// Evaluates what is there now, posts it to the head, and records what people could read. `took_time`: personas were
/// asked or something was committed since everything was read, so what is not tied to the commit is read again.
pub async fn conclude(
    work: &mut Work<'_>,
    runs: &mut Runs,
    going: &Going,
    took_time: bool,
    is_occasion: bool,
) -> Result<Option<CheckInput>, JobError> {
    let concluded = evaluate_and_post(work, runs, going, took_time, is_occasion).await;
    if concluded.is_err() {
        // What was committed has its place in the chain, also if the branch is put back before the next try looks.
        let changes = landed(work, &work.evaluate());
        if let Err(error) = work.record(&changes).await {
            tracing::warn!(pr = %work.pr(), job = %work.job.id, %error, "written blocks are not recorded as such");
        }
    }
    concluded
}

async fn evaluate_and_post(
    work: &mut Work<'_>,
    runs: &mut Runs,
    going: &Going,
    took_time: bool,
    is_occasion: bool,
) -> Result<Option<CheckInput>, JobError> {
    if took_time {
        work.rights.clear();
        elsewhere::recall(work).await?;
    }
    let mut outcomes = work.evaluate_fully().await?;
    let mut changes = landed(work, &outcomes);
    changes.extend(dropping::ended(work, &outcomes));
    let reopened = write::reopened(work, &outcomes);
    work.record(&reopened).await?;
    let moved = vote_phases_onward(work, &outcomes);
    if !moved.is_empty() {
        work.record(&moved).await?;
        outcomes = work.evaluate_fully().await?;
    }
    if work.learn_who_could_vote(&outcomes).await? {
        outcomes = work.evaluate();
    }
    let Some(mut input) = report::input(work, &outcomes, going) else {
        work.record(&changes).await?;
        return Ok(None);
    };
    if is_green(&input.findings) {
        if took_time {
            work.snapshot.siblings = still_as_read(work).await?;
            work.memory.siblings.read_at = work.snapshot.head.to_string();
        }
        renew::if_the_check_knows_more(work, &outcomes).await?;
        changes.extend(decided(work, &mut outcomes, &mut input, going).await?);
    }
    report::post(work, runs, &input, changes, false).await?;
    post_review::resolve_closed(work, &outcomes).await?;
    let now = work.deps.store.now().await?;
    let published = report::published(work, &outcomes, is_occasion, now);
    let mut records: Vec<Change> = published.iter().cloned().map(Change::Discussion).collect();
    let how = match is_occasion {
        true => seen::Evaluated::Heard,
        false => seen::Evaluated::Passing,
    };
    let seen = work.seen(now, how);
    records.extend(seen.clone().map(Change::Pr));
    // Rounds of earlier tries have none yet.
    if took_time || work.job.attempt > 1 {
        records.extend(kept_verdicts(work, &outcomes)?);
    }
    records.extend(show_status::announced(work, &input));
    work.record(&records).await?;
    work.memory.pr = seen.unwrap_or_else(|| work.memory.pr.clone());
    elsewhere::look_twice(work).await?;
    for record in published {
        if record.path != gate_files::KEY {
            work.memory.discussions.insert(record.path.clone(), record);
        }
    }
    Ok(Some(input))
}

/// What the verdicts were made of, for the rounds of this job that are kept.
fn kept_verdicts(work: &Work<'_>, outcomes: &[Outcome]) -> Result<Vec<Change>, JobError> {
    let rules = &work.ground.config.gate.rules;
    let kept = open(&work.paths, outcomes).map(|(key, evaluated)| {
        let verdict = KeptVerdict::of(evaluated, rules);
        Ok(Change::RoundVerdict {
            job: work.job.id.clone(),
            path: key.to_owned(),
            verdict: recording::to_json(&verdict).map_err(JobError::Internal)?,
        })
    });
    kept.collect()
}

/// What comes with a green: it is written into the files, and held back where something was said meanwhile. Gives what
/// is to be recorded with it.
async fn decided(
    work: &mut Work<'_>,
    outcomes: &mut Vec<Outcome>,
    input: &mut CheckInput,
    going: &Going,
) -> Result<Vec<Change>, JobError> {
    let mut changes = Vec::new();
    match write::close(work, outcomes).await? {
        Closing::NotDue => {}
        Closing::LeftOut(why) => report::leaves_files(input, &why),
        Closing::Committed => {
            work.rights.clear();
            elsewhere::recall(work).await?;
            *outcomes = work.evaluate_fully().await?;
            changes = landed(work, outcomes);
            if let Some(after) = report::input(work, outcomes, going) {
                *input = after;
            }
        }
    }
    if is_green(&input.findings)
        && let Some(findings) = unheard(work).await?
    {
        input.findings = findings;
    }
    Ok(changes)
}

/// Blocks that stand in the file now and are still recorded as pending.
pub fn landed(work: &Work<'_>, outcomes: &[Outcome]) -> Vec<Change> {
    let mut written = Vec::new();
    for (key, evaluated) in open(&work.paths, outcomes) {
        let blocks = work.blocks_of(key);
        let landed = evaluated
            .landed
            .iter()
            .filter_map(|index| blocks.get(*index));
        written.extend(landed.map(|block| (block.path.clone(), block.hash.clone())));
    }
    match written.is_empty() {
        true => Vec::new(),
        false => vec![Change::Written(written)],
    }
}

/// A voting phase with a next one ends as soon as all that READY needs holds, whoever voted last.
fn vote_phases_onward(work: &mut Work<'_>, outcomes: &[Outcome]) -> Vec<Change> {
    let mut moved = Vec::new();
    for (key, evaluated) in open(&work.paths, outcomes) {
        if !evaluated.phase.voting || evaluated.phase.next.is_none() {
            continue;
        }
        let phase = write::phase_after(work, evaluated);
        if let Some(record) = work.memory.discussions.get(key)
            && phase != evaluated.phase.name
        {
            let mut record = record.clone();
            record.phase = phase;
            record.rounds = 0;
            moved.push(record);
        }
    }
    for record in &moved {
        work.memory
            .discussions
            .insert(record.path.clone(), record.clone());
    }
    moved.into_iter().map(Change::Discussion).collect()
}

/// Just before a green: whether something was said that this job does not know of. The job that has it comes next and
/// concludes; one that was given up keeps the pull request from being green until somebody has it tried again.
async fn unheard(work: &Work<'_>) -> Result<Option<Findings>, JobError> {
    let unheard = work.deps.store.unheard(&work.job.pr).await?;
    Ok(unheard.map(|unheard| match unheard {
        Unheard::Waiting => Findings::Started,
        Unheard::Parked { id } => Findings::Failed { id },
    }))
}

fn is_green(findings: &Findings) -> bool {
    check::conclusion(check::overall(findings)) == Some(Conclusion::Success)
}

/// Just before a green or a review after a round: what is not tied to the commit must still be as it was read.
/// Gives the pull requests that have the same head by now.
pub(super) async fn still_as_read(work: &Work<'_>) -> Result<Vec<Sibling>, JobError> {
    let now = work.deps.read.snapshot(work.pr()).await?;
    let before = &work.snapshot;
    let same = now.head == before.head
        && now.base == before.base
        && now.base_branch == before.base_branch
        && now.state == PrState::Open
        && now.blocked.is_none();
    match same {
        true => Ok(now.siblings),
        false => Err(JobError::Moved(
            "head, base or state changed during the round".to_owned(),
        )),
    }
}
