//! Answers that are asked for again by themselves: the job that does so is put in line together with the failure, and
//! asks nobody where that is not owed any more. See [`super::owing`] for when.

use super::ask;
use super::deps::{BotDeps, JobError};
use super::evaluate::{Evaluated, Outcome};
use super::hear::{self, Happened};
use super::job::JobEvent;
use super::owing::{self, Cause, Failed, Owing};
use super::panel::{Automatic, Occasion};
use super::plan::IN_PROGRESS;
use super::respond::Want;
use super::work::{Work, open};
use crate::engine::consensus::Owed;
use crate::ids::{Alias, PullRequest};
use crate::round::{Turn, TurnOutcome};
use crate::store::{Change, Claimed, EffectRecord};
use std::collections::BTreeSet;
use std::time::Duration;

/// Key of the effect that keeps which job noted last what is owed.
const NOTED_BY: &str = "owing:noted-by";

/// What is asked for again on a pull request, by the record.
pub async fn recorded(deps: &BotDeps, pr: &PullRequest) -> Result<Vec<Owing>, JobError> {
    Ok(match deps.store.effect(pr, owing::KEY).await? {
        Some(EffectRecord::Done(text)) => owing::read(&text),
        _ => Vec::new(),
    })
}

/// Before anything is read: takes the event out of a job that came before its time, because something else happened, and
/// puts it back in line; where nothing is owed any more, it only goes. `false`: the job has nothing to do then. It has
/// where it has begun already, and where the check still says that something is being done.
pub async fn keeps_its_time(deps: &BotDeps, job: &mut Claimed) -> Result<bool, JobError> {
    let happened = hear::events(job);
    let early: Vec<&Happened> = happened.iter().filter(|one| is_it(one)).collect();
    if early.is_empty() {
        return Ok(true);
    }
    let first = owing::first(&recorded(deps, &job.pr).await?);
    let now = deps.store.now().await?;
    if first.is_some_and(|due| due <= now) || has_begun(deps, job).await? {
        return Ok(true);
    }
    if first.is_none() && job.events.len() == early.len() {
        return Ok(deps.store.pr(&job.pr).await?.conclusion == IN_PROGRESS);
    }
    if let Some(due) = first {
        let later = later(&job.pr, due, now)?;
        deps.store.record(&job.lease, &job.pr, &[later]).await?;
    }
    job.events
        .retain(|event| !early.iter().any(|one| one.guid == event.guid));
    Ok(!job.events.is_empty())
}

/// Whether an earlier try of this job has noted already what is owed from now on: it is not at its end.
async fn has_begun(deps: &BotDeps, job: &Claimed) -> Result<bool, JobError> {
    let noted = deps.store.effect(&job.pr, NOTED_BY).await?;
    Ok(noted == Some(EffectRecord::Done(job.id.clone())))
}

fn is_it(happened: &Happened) -> bool {
    matches!(happened.event, JobEvent::TryAgain)
}

/// Has the pull request looked at again when that is due.
fn later(pr: &PullRequest, due: i64, now: i64) -> Result<Change, JobError> {
    let event = serde_json::to_string(&JobEvent::TryAgain)
        .map_err(|error| JobError::Internal(error.to_string()))?;
    Ok(Change::Later {
        guid: format!("owing:{}:{}", pr.repo.id, pr.number),
        event,
        delay: Duration::from_millis(u64::try_from(due - now).unwrap_or(0)),
    })
}

/// Whether that is still owed, on the text that is there now, and may be asked for.
fn stands(one: &Owing, outcomes: &[Outcome], work: &Work<'_>) -> bool {
    let on = &work.ground.config.on;
    let mut discussions =
        open(&work.paths, outcomes).filter(|(_, of)| !of.paused && !of.past_bound);
    let may_ask = one.cause.may_ask(on, work.snapshot.draft);
    may_ask
        && discussions.any(|(key, evaluated)| {
            let subject = evaluated.seen.subject.to_string();
            let mut owed = evaluated.view.owed.iter();
            owed.any(|(alias, owed)| {
                matches!(owed, Owed::Failed(_)) && one.is_of(key, alias, &subject)
            })
        })
}

/// Whom to ask again, in a job that is there for it: whoever is due, where a round may still begin.
pub async fn wants(
    work: &mut Work<'_>,
    happened: &[Happened],
    outcomes: &[Outcome],
) -> Result<Vec<Want>, JobError> {
    if !happened.iter().any(is_it) || work.ground.can_ask(&work.snapshot).is_err() {
        return Ok(Vec::new());
    }
    let is_due = |one: &&Owing| one.due <= work.memory.now && stands(one, outcomes, work);
    let due: Vec<Owing> = work.memory.owing.iter().filter(is_due).cloned().collect();
    let is_automatic = due.iter().any(|one| one.cause != Cause::Person);
    let writes = match work.snapshot.author.clone().filter(|_| is_automatic) {
        Some(author) => work.rights_of(author.id, &author.login).await?.write,
        None => false,
    };
    let mut wants = Vec::new();
    for (key, evaluated) in open(&work.paths, outcomes) {
        if evaluated.asks_nobody() {
            continue;
        }
        let is_wanted = |alias: &&Alias| {
            let mut due = due.iter().filter(|one| one.path == key);
            due.any(|one| one.alias == alias.as_str() && (writes || one.cause == Cause::Person))
        };
        wants.extend(evaluated.panel.iter().filter(is_wanted).map(|alias| Want {
            key: key.to_owned(),
            alias: alias.clone(),
            question: None,
        }));
    }
    Ok(wants)
}

/// Nothing is asked for again in these discussions, as somebody stopped it; whether anything was to be. Recorded with
/// what comes next.
pub fn cancel(work: &mut Work<'_>, is_meant: &dyn Fn(&str) -> bool) -> bool {
    let owing = &mut work.memory.owing;
    let before = owing.len();
    owing.retain(|one| !is_meant(&one.path));
    let is_stopped = owing.len() < before;
    if is_stopped {
        let kept = kept(&work.memory.owing);
        work.memory.noted.extend(kept);
    }
    is_stopped
}

fn kept(owing: &[Owing]) -> Option<Change> {
    let result = serde_json::to_string(owing)
        .inspect_err(|error| tracing::error!(%error, "what is owed is not kept"));
    Some(Change::EffectDone {
        key: owing::KEY.to_owned(),
        result: result.ok()?,
    })
}

/// After the round: notes what is asked for again from now on, and puts the job for it in line, both to be recorded
/// together with the failures.
pub async fn note(
    work: &mut Work<'_>,
    happened: &[Happened],
    outcomes: &[Outcome],
    turns: &[(String, Turn)],
    (automatic, occasion): (&Automatic, Occasion),
) -> Result<(), JobError> {
    let failed = failed(work, outcomes, turns, (automatic, occasion));
    let is_asked = |one: &Owing| {
        let mut votes = turns.iter().filter(|(_, turn)| turn.question.is_none());
        votes.any(|(key, turn)| one.path == *key && one.alias == turn.alias.as_str())
    };
    let is_time = happened.iter().any(is_it);
    // What is due in a job that is not there for it has its job in line.
    let is_passed = |one: &Owing| is_time && one.due <= work.memory.now;
    let before = &work.memory.owing;
    if before.is_empty() && failed.is_empty() {
        return Ok(());
    }
    let now = work.deps.store.now().await?;
    let mut after: Vec<Owing> = before
        .iter()
        .filter(|one| !is_asked(one) && !is_passed(one) && stands(one, outcomes, work))
        .cloned()
        .collect();
    after.extend(owing::of_failed(failed, now));
    if after == *before {
        return Ok(());
    }
    if let Some(due) = owing::first(&after) {
        let later = later(&work.job.pr, due, now)?;
        work.memory.noted.push(later);
    }
    let kept = kept(&after);
    work.memory.noted.extend(kept);
    work.memory.noted.push(Change::EffectDone {
        key: NOTED_BY.to_owned(),
        result: work.job.id.clone(),
    });
    work.memory.owing = after;
    work.memory.now = now;
    Ok(())
}

/// The owed answers of a round that did not come for a reason that passes.
fn failed(
    work: &Work<'_>,
    outcomes: &[Outcome],
    turns: &[(String, Turn)],
    (automatic, occasion): (&Automatic, Occasion),
) -> Vec<Failed> {
    let of_turn = |(key, turn): &(String, Turn)| {
        let TurnOutcome::Unavailable(error) = &turn.outcome else {
            return None;
        };
        let passes = owing::passes(error)?;
        let (_, evaluated) = open(&work.paths, outcomes).find(|(path, _)| path == key)?;
        let mut owed = evaluated.view.owed.iter();
        let is_owed =
            owed.any(|(alias, owed)| *alias == turn.alias && !matches!(owed, Owed::Fresh));
        if turn.question.is_some() || !is_owed || evaluated.past_bound {
            return None;
        }
        let is_it = |want: &Want| want.key == *key && want.alias == turn.alias;
        let subject = turn.subject.to_string();
        let known = work.memory.owing.iter();
        let mut known = known.filter(|one| one.is_of(key, &turn.alias, &subject));
        let again = known.next().filter(|_| work.memory.again.iter().any(is_it));
        let is_automatic = automatic.asked.contains(&(key.clone(), turn.alias.clone()));
        let owing = Owing {
            path: key.clone(),
            alias: turn.alias.to_string(),
            subject,
            times: again.map_or(0, |one| one.times + 1),
            due: 0,
            cause: match again {
                Some(one) => one.cause,
                None if is_automatic => Cause::of(occasion),
                None => Cause::Person,
            },
        };
        Some(Failed { owing, passes })
    };
    turns.iter().filter_map(of_turn).collect()
}

/// Discussions whose automatic round is complete by now, since whoever could not answer did: by path of the record.
pub fn completed(
    work: &Work<'_>,
    outcomes: &[Outcome],
    turns: &[(String, Turn)],
) -> BTreeSet<String> {
    let answers = |key: &str, alias: &Alias| {
        let is_it = |want: &Want| want.key == key && want.alias == *alias;
        let is_failed = ask::failed(turns)
            .any(|(of, turn, _)| of == key && turn.alias == *alias && turn.question.is_none());
        work.memory.again.iter().any(is_it) && !is_failed
    };
    let is_complete = |(key, evaluated): &(&str, &Evaluated)| {
        let subject = evaluated.seen.subject.to_string();
        let failed = evaluated
            .view
            .owed
            .iter()
            .filter(|(_, owed)| matches!(owed, Owed::Failed(_)));
        let mut failed = failed.map(|(alias, _)| alias).peekable();
        let is_automatic = |alias: &Alias| {
            let mut known = work.memory.owing.iter();
            known.any(|one| one.is_of(key, alias, &subject) && one.cause != Cause::Person)
        };
        failed.peek().is_some() && failed.all(|alias| answers(key, alias) && is_automatic(alias))
    };
    let discussions = open(&work.paths, outcomes).filter(is_complete);
    discussions.map(|(key, _)| key.to_owned()).collect()
}
