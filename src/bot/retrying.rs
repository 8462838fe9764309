//! `retry`: the way out of everything that failed or was given up. Work that was parked is taken up, personas that
//! could not answer are asked once more, and answers that were not posted are.

use super::access::Need;
use super::command::{Command, table};
use super::deps::{BotDeps, JobError};
use super::evaluate::Outcome;
use super::ground::Ground;
use super::hear::{self, Utterance};
use super::message::{self, Retried};
use super::respond::{Response, Want};
use super::work::{Work, open};
use super::write;
use crate::engine::consensus::Owed;
use crate::forge::ForgeError;
use crate::store::{Change, Claimed, ClaimedEvent, EffectRecord};
use std::collections::BTreeSet;

/// Key of the effect row that keeps how much parked work a `retry` took up, by its delivery.
fn key(guid: &str) -> String {
    format!("retried:{guid}")
}

/// Before anything else is read: takes up the parked work of the pull request where somebody who may do so says `retry`.
/// Gives all events of the job then.
pub async fn take_up(deps: &BotDeps, job: &Claimed) -> Result<Option<Vec<ClaimedEvent>>, JobError> {
    let utterances = hear::utterances(&hear::events(job), &|_| false);
    let retries = |utterance: &&Utterance| {
        let mut commands = utterance.commands.iter();
        commands.any(|parsed| parsed.command == Ok(Command::Retry))
    };
    for utterance in utterances.iter().filter(retries) {
        let (author, key) = (&utterance.said.author, key(&utterance.said.guid));
        let before = deps.store.effect(&job.pr, &key).await?;
        if let Some(EffectRecord::Done(_)) = before {
            continue;
        }
        let rights = deps.read.rights(&job.pr, author.id, &author.login).await?;
        if !need(deps, job)
            .await?
            .is_some_and(|need| need.is_met(&rights))
        {
            continue;
        }
        // Announced first: a try that dies in between leaves a trace of what it may have taken up.
        deps.store.intend(&job.lease, &job.pr, &key).await?;
        let events = deps.store.adopt_parked(&job.lease, &job.pr).await?;
        // A try that died in between may have taken them up.
        let taken = events.len().saturating_sub(job.events.len());
        let taken = taken.max(usize::from(before.is_some()));
        let done = Change::EffectDone {
            key,
            result: taken.to_string(),
        };
        deps.store.record(&job.lease, &job.pr, &[done]).await?;
        return Ok(Some(events));
    }
    Ok(None)
}

/// The right that `retry` needs on the base branch; `None`: it cannot be told, and nothing else can be done there either.
async fn need(deps: &BotDeps, job: &Claimed) -> Result<Option<Need>, JobError> {
    match deps.read.snapshot(&job.pr).await {
        Ok(snapshot) if snapshot.blocked.is_none() => {
            let ground = Ground::of(&snapshot, &deps.built_in);
            Ok(Some(ground.config.permissions.need(&table::RETRY)))
        }
        Ok(_) | Err(ForgeError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Wants to hear whoever could not answer, and says what is tried. Who may give the command was decided before.
pub async fn carry_out(
    work: &Work<'_>,
    outcomes: &[Outcome],
    utterance: &Utterance,
    response: &mut Response,
) -> Result<(), JobError> {
    let key = key(&utterance.said.guid);
    let taken = match work.deps.store.effect(work.pr(), &key).await? {
        Some(EffectRecord::Done(count)) => count != "0",
        Some(EffectRecord::Intended) => true,
        None => false,
    };
    let mut asked: Vec<String> = Vec::new();
    for (key, evaluated) in open(&work.paths, outcomes) {
        let failed = evaluated
            .view
            .owed_as(|owed| matches!(owed, Owed::Failed(_)));
        let panel = evaluated.panel.iter();
        for alias in panel.filter(|alias| failed.contains(&alias.as_str())) {
            response.wants.push(Want {
                key: key.to_owned(),
                alias: alias.clone(),
                question: None,
            });
            if !asked.contains(&alias.to_string()) {
                asked.push(alias.to_string());
            }
        }
    }
    let posts = write::has_pending(work, outcomes, &BTreeSet::new());
    response.parts.push(message::retried(&Retried {
        taken,
        asked: &asked,
        posts,
    }));
    Ok(())
}
