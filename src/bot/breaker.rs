//! The breaker of reply loops: a program under somebody's account that answers each of our replies with the next
//! command. Within an hour an account gets so many replies on a pull request; then nobody is asked for it and nothing is
//! replied to it until the next hour begins. Votes and acts are carried out all the same.

use super::deps::JobError;
use super::hear::Utterance;
use super::work::Work;
use crate::store::{Change, EffectRecord};

/// Replies to commands of one account on one pull request within an hour. People who talk a lot stay below it.
pub const MOST: u32 = 40;
/// An hour, ms.
const HOUR: i64 = 3_600_000;

/// Where the replies of the hour are counted in which this was said.
pub fn key(utterance: &Utterance) -> String {
    let hour = utterance.said.received_at.div_euclid(HOUR);
    format!("replies:{}:{hour}", utterance.said.author.id)
}

/// Replies so far in the hour in which this was said.
///
/// # Errors
/// Those of the store.
pub async fn count(work: &Work<'_>, utterance: &Utterance) -> Result<u32, JobError> {
    let known = work.deps.store.effect(work.pr(), &key(utterance)).await?;
    Ok(match known {
        Some(EffectRecord::Done(count)) => count.parse().unwrap_or(0),
        _ => 0,
    })
}

/// What to record once there were so many under a key.
pub fn counted((key, count): (String, u32)) -> Change {
    Change::EffectDone {
        key,
        result: count.to_string(),
    }
}
