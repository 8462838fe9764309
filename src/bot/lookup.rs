//! Jobs about a commit of which nobody said to which pull request it belongs: looked up, and handed on as jobs of
//! those pull requests.

use super::deps::{BotDeps, JobError};
use super::hear;
use super::job::JobEvent;
use crate::ids::{PullRequest, Sha};
use crate::store::{Claimed, Delivery, NewJob};
use std::collections::BTreeMap;

/// Number under which such jobs stand in line. GitHub counts from 1.
pub const UNNUMBERED: u64 = 0;

/// Hands every event of the job on to the open pull requests with its head. The delivery it goes on as is named after
/// the one it came with, so that a second try hands nothing on twice, and the job is done only once all are stored.
pub async fn hand_on(deps: &BotDeps, job: &Claimed) -> Result<(), JobError> {
    let mut known: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for happened in hear::events(job) {
        let JobEvent::RerequestedOn {
            head,
            actor,
            button,
        } = happened.event
        else {
            continue;
        };
        let numbers = match known.get(&head) {
            Some(numbers) => numbers.clone(),
            None => pulls_with(deps, job, &head).await?,
        };
        tracing::info!(repository = %job.pr.repo, job = %job.id, delivery = %happened.guid, head, ?numbers, "looked up by head");
        let event = serde_json::to_string(&JobEvent::Rerequested { actor, button })
            .map_err(|error| JobError::Internal(error.to_string()))?;
        for number in &numbers {
            let delivery = Delivery {
                guid: format!("{}#{number}", happened.guid),
                event: "handed_on".to_owned(),
                body: Vec::new(),
            };
            let pr = PullRequest {
                number: *number,
                ..job.pr.clone()
            };
            let event = event.clone();
            let stored = deps.store.enqueue(delivery, Some(NewJob { pr, event }));
            stored.await?;
        }
        known.insert(head, numbers);
    }
    Ok(())
}

async fn pulls_with(deps: &BotDeps, job: &Claimed, head: &str) -> Result<Vec<u64>, JobError> {
    match Sha::parse(head) {
        Some(head) => Ok(deps.read.pulls_with_head(&job.pr, &head).await?),
        None => Ok(Vec::new()),
    }
}
