//! Bursts of pushes: the first ones are judged as they come, what follows close behind is judged together.

use super::deps::JobError;
use super::hear::Happened;
use super::job::JobEvent;
use super::work::Work;
use crate::store::{Change, EffectRecord};
use std::time::Duration;

/// How long a burst is at most: a script that pushes for ten seconds is one. A shorter `on.quiet` makes it shorter.
const LONGEST: Duration = Duration::from_secs(12);
/// Jobs of nothing but pushes that are judged at once within that time.
const AT_ONCE: u32 = 2;
/// Key of the effect that keeps when a burst began and how many were judged since.
const KEY: &str = "burst";

/// How long a job of nothing but pushes has to wait; `None`: it is judged now, which is noted for the next one. What
/// people say is never kept waiting, and our own commit is no part of a burst.
pub async fn pause(
    work: &mut Work<'_>,
    happened: &[Happened],
) -> Result<Option<Duration>, JobError> {
    let length = work.ground.config.on.quiet.min(LONGEST);
    if length.is_zero() || !is_only_pushes(happened, work.snapshot.own_account) {
        return Ok(None);
    }
    let now = work.deps.store.now().await?;
    let known = work.deps.store.effect(&work.job.pr, KEY).await?;
    let burst = match known {
        Some(EffectRecord::Done(text)) => read(&text),
        _ => None,
    };
    let (began, count) = match burst {
        Some((began, count)) if age(began, now) < length => (began, count),
        _ => (now, 0),
    };
    if count >= AT_ONCE {
        return Ok(length.checked_sub(age(began, now)));
    }
    work.memory.noted = vec![Change::EffectDone {
        key: KEY.to_owned(),
        result: format!("{began} {}", count + 1),
    }];
    Ok(None)
}

fn is_only_pushes(happened: &[Happened], own_account: Option<u64>) -> bool {
    let is_push = |one: &Happened| matches!(one.event, JobEvent::Pushed { .. });
    let is_ours = |one: &Happened| match &one.event {
        JobEvent::Pushed { actor, .. } => Some(actor.id) == own_account,
        _ => false,
    };
    happened.iter().all(is_push) && !happened.iter().all(is_ours)
}

fn age(began: i64, now: i64) -> Duration {
    Duration::from_millis(u64::try_from(now.saturating_sub(began)).unwrap_or(0))
}

fn read(text: &str) -> Option<(i64, u32)> {
    let (began, count) = text.split_once(' ')?;
    Some((began.parse().ok()?, count.parse().ok()?))
}
