//! Jobs about a commit of which nobody said to which pull request it belongs: looked up, and handed on as jobs of
//! those pull requests.

use super::deps::{BotDeps, Ended, JobError};
use super::hear;
use super::job::JobEvent;
use crate::forge::ForgeError;
use crate::ids::{PullRequest, Sha};
use crate::store::{Claimed, Delivery, NewJob};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

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

/// A pull request that is not there under the name and for the installation of its job: it is gone, unless its repository
/// has others by now.
pub async fn after_a_move(deps: &BotDeps, job: &Claimed, what: &str) -> Result<Ended, JobError> {
    let Some(now) = place_now(deps, &job.pr).await? else {
        tracing::info!(pr = %job.pr, job = %job.id, what, "gone, nothing to do");
        return Ok(Ended::Done);
    };
    tracing::info!(pr = %job.pr, job = %job.id, %now, installation = now.installation, "moved, looked at there");
    deps.store.rehome(&job.lease, &now).await?;
    Ok(Ended::Postpone(Duration::ZERO))
}

/// Where a pull request is by the id of its repository; `None`: nowhere else than was thought.
async fn place_now(deps: &BotDeps, pr: &PullRequest) -> Result<Option<PullRequest>, JobError> {
    let Some(named) = deps.read.installation_of(pr).await? else {
        return Ok(None);
    };
    // Somebody else's repository may have the name by now.
    for installation in BTreeSet::from([named, pr.installation]) {
        let repos = match deps.read.repositories(installation).await {
            Ok(repos) => repos,
            Err(ForgeError::NotFound(_) | ForgeError::Forbidden(_) | ForgeError::Blocked(_)) => {
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(repo) = repos.into_iter().find(|repo| repo.id == pr.repo.id) {
            let now = PullRequest {
                installation,
                repo,
                number: pr.number,
            };
            return Ok((now != *pr).then_some(now));
        }
    }
    Ok(None)
}

async fn pulls_with(deps: &BotDeps, job: &Claimed, head: &str) -> Result<Vec<u64>, JobError> {
    match Sha::parse(head) {
        Some(head) => Ok(deps.read.pulls_with_head(&job.pr, &head).await?),
        None => Ok(Vec::new()),
    }
}
