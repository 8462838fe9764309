//! Jobs that GitHub keeps the App away from: parked until the cause is gone, taken up where the App has access by then,
//! dropped where it has none for good. A lane has one such job at most.

use super::queue::{self, delete_job};
use super::sql::{SqlStore, Writing, from_column, to_column};
use super::{ClaimedEvent, Lease, StoreError};
use crate::ids::PullRequest;
use async_trait::async_trait;
use sqlx::Row;
use std::collections::BTreeSet;

/// Jobs that wait for the App to have access again. Part of [`super::Store`].
#[async_trait]
pub trait BlockedJobs: Send + Sync {
    /// Parks a job until its repository is taken up, together with what waits of its pull request for the same reason.
    async fn block(&self, lease: &Lease, error: &str) -> Result<(), StoreError>;
    /// Numbers of the pull requests of a repository (its numeric id) that have such a job.
    async fn blocked(&self, repo: u64) -> Result<BTreeSet<u64>, StoreError>;
    /// Takes the events of the pull request's own such job over, in the order in which they came. Gives all events of
    /// the job; `None`: there is no such job, and nothing was written.
    async fn adopt_blocked(
        &self,
        lease: &Lease,
        pr: &PullRequest,
    ) -> Result<Option<Vec<ClaimedEvent>>, StoreError>;
    /// The App has access to the repository of `place`, through that installation and under these names: what waits for
    /// it learns that, and such jobs are ready at once with their tries to begin with. Says how many jobs changed;
    /// nothing is written where none did.
    async fn take_up(&self, place: &PullRequest) -> Result<u64, StoreError>;
    /// The repository of the running job has another installation or name.
    async fn rehome(&self, lease: &Lease, place: &PullRequest) -> Result<(), StoreError>;
    /// Drops what waits or is parked of an installation that is gone, or of these of its repositories (numeric ids).
    /// Says how many jobs.
    async fn drop_jobs(
        &self,
        installation: u64,
        repos: Option<&BTreeSet<u64>>,
    ) -> Result<u64, StoreError>;
}

#[async_trait]
impl BlockedJobs for SqlStore {
    async fn block(&self, lease: &Lease, error: &str) -> Result<(), StoreError> {
        let mut writing = self.database().begin().await?;
        let held = queue::held(&mut writing, lease).await?;
        take_in_blocked(&mut writing, lease.job, &held.lane).await?;
        writing
            .dialect
            .query(
                "UPDATE jobs SET state = 'parked', blocked = 1, parked_at = {now}, holder = NULL, lease_until = NULL, \
                 last_error = $2 WHERE id = $1",
            )
            .bind(lease.job)
            .bind(error)
            .execute(writing.connection())
            .await?;
        writing.commit().await
    }

    async fn blocked(&self, repo: u64) -> Result<BTreeSet<u64>, StoreError> {
        let rows = sqlx::query("SELECT number FROM jobs WHERE repo = $1 AND blocked = 1")
            .bind(to_column(repo, "repository")?)
            .fetch_all(self.database().readers())
            .await?;
        rows.iter()
            .map(|row| from_column(row.try_get(0)?, "a pull request number"))
            .collect()
    }

    async fn adopt_blocked(
        &self,
        lease: &Lease,
        pr: &PullRequest,
    ) -> Result<Option<Vec<ClaimedEvent>>, StoreError> {
        let found = sqlx::query("SELECT COUNT(*) FROM jobs WHERE lane = $1 AND blocked = 1")
            .bind(pr.lane())
            .fetch_one(self.database().readers())
            .await?;
        if found.try_get::<i64, _>(0)? == 0 {
            return Ok(None);
        }
        let mut writing = self.database().begin_for(lease, pr).await?;
        take_in_blocked(&mut writing, lease.job, &pr.lane()).await?;
        let events = queue::events(&mut writing, lease.job).await?;
        writing.commit().await?;
        Ok(Some(events))
    }

    async fn take_up(&self, place: &PullRequest) -> Result<u64, StoreError> {
        let repo = to_column(place.repo.id, "repository")?;
        let installation = to_column(place.installation, "installation")?;
        let (owner, name) = (place.repo.owner.as_str(), place.repo.name.as_str());
        let found = sqlx::query(CONCERNED)
            .bind(repo)
            .bind(installation)
            .bind(owner)
            .bind(name)
            .fetch_one(self.database().readers())
            .await?;
        let count: u64 = from_column(found.try_get(0)?, "the number of jobs")?;
        if count == 0 {
            return Ok(0);
        }
        let mut writing = self.database().begin().await?;
        sqlx::query(
            "UPDATE jobs SET installation = $2, owner = $3, name = $4 \
             WHERE repo = $1 AND state IN ('waiting', 'parked')",
        )
        .bind(repo)
        .bind(installation)
        .bind(owner)
        .bind(name)
        .execute(writing.connection())
        .await?;
        let blocked = sqlx::query("SELECT id, lane FROM jobs WHERE repo = $1 AND blocked = 1")
            .bind(repo)
            .fetch_all(writing.connection())
            .await?;
        for row in &blocked {
            let lane: String = row.try_get("lane")?;
            make_ready(&mut writing, row.try_get("id")?, &lane).await?;
        }
        writing.commit().await?;
        Ok(count)
    }

    async fn rehome(&self, lease: &Lease, place: &PullRequest) -> Result<(), StoreError> {
        let mut writing = self.database().begin_for(lease, place).await?;
        sqlx::query("UPDATE jobs SET installation = $2, owner = $3, name = $4 WHERE id = $1")
            .bind(lease.job)
            .bind(to_column(place.installation, "installation")?)
            .bind(place.repo.owner.as_str())
            .bind(place.repo.name.as_str())
            .execute(writing.connection())
            .await?;
        writing.commit().await
    }

    async fn drop_jobs(
        &self,
        installation: u64,
        repos: Option<&BTreeSet<u64>>,
    ) -> Result<u64, StoreError> {
        let mut writing = self.database().begin().await?;
        let rows = sqlx::query(
            "SELECT id, repo FROM jobs WHERE installation = $1 AND repo <> 0 AND state IN ('waiting', 'parked')",
        )
        .bind(to_column(installation, "installation")?)
        .fetch_all(writing.connection())
        .await?;
        let mut dropped = 0;
        for row in &rows {
            let repo: u64 = from_column(row.try_get("repo")?, "a repository id")?;
            if repos.is_none_or(|repos| repos.contains(&repo)) {
                delete_job(&mut writing, row.try_get("id")?).await?;
                dropped += 1;
            }
        }
        writing.commit().await?;
        Ok(dropped)
    }
}

/// Jobs of a repository that are blocked, or know another installation or name.
const CONCERNED: &str = "SELECT COUNT(*) FROM jobs WHERE repo = $1 AND state IN ('waiting', 'parked') \
     AND (blocked = 1 OR installation <> $2 OR owner <> $3 OR name <> $4)";

/// Moves the events of a lane's blocked job to another one. Events keep their ids, and with them their order.
async fn take_in_blocked(
    writing: &mut Writing<'_>,
    job: i64,
    lane: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE job_events SET job = $1 \
         WHERE job IN (SELECT id FROM jobs WHERE lane = $2 AND blocked = 1 AND id <> $1)",
    )
    .bind(job)
    .bind(lane)
    .execute(writing.connection())
    .await?;
    sqlx::query("DELETE FROM jobs WHERE lane = $1 AND blocked = 1 AND id <> $2")
        .bind(lane)
        .bind(job)
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// A blocked job waits again. A lane has one waiting job, so one that is there takes the events.
async fn make_ready(writing: &mut Writing<'_>, job: i64, lane: &str) -> Result<(), StoreError> {
    let waiting = writing
        .dialect
        .query("SELECT id FROM jobs WHERE lane = $1 AND state = 'waiting' {for_update}")
        .bind(lane)
        .fetch_optional(writing.connection())
        .await?;
    let (taken, by) = match waiting {
        Some(waiting) => (Some(job), waiting.try_get("id")?),
        None => (None, job),
    };
    if let Some(taken) = taken {
        sqlx::query("UPDATE job_events SET job = $1 WHERE job = $2")
            .bind(by)
            .bind(taken)
            .execute(writing.connection())
            .await?;
        delete_job(writing, taken).await?;
    }
    writing
        .dialect
        .query(
            "UPDATE jobs SET state = 'waiting', blocked = 0, parked_at = NULL, run_at = {now}, paced = 0, \
             attempts = 0 WHERE id = $1",
        )
        .bind(by)
        .execute(writing.connection())
        .await?;
    Ok(())
}
