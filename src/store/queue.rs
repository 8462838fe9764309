//! The queue. A lane is one pull request: it has at most one running and one waiting job, which two unique indexes
//! enforce. A lease carries a token that grows with each claim, so that a worker whose job was taken over can write
//! nothing any more.

use super::sql::{Database, Writing, from_column, to_column};
use super::{AfterFailure, Claimed, ClaimedEvent, Lease, StoreError};
use crate::ids::{PullRequest, Repo};
use sqlx::Row;
use sqlx::any::AnyRow;
use std::time::Duration;

/// No delay or lease is longer; keeps sums of times within the database's integers.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What a worker holds, read inside its transaction.
pub(super) struct Held {
    /// Lane of the job.
    pub(super) lane: String,
    attempts: i64,
}

/// How a job goes back to the queue.
struct Back<'e> {
    /// From now; `None`: when it was ready before.
    delay: Option<Duration>,
    /// Tries to take back.
    uncounted: i64,
    /// Whether what comes in meanwhile makes it ready.
    is_hurried: bool,
    error: Option<&'e str>,
}

/// The job of a lease, if the lease still holds. A lease that ran out holds until somebody else takes the job.
pub(super) async fn held(writing: &mut Writing<'_>, lease: &Lease) -> Result<Held, StoreError> {
    let row = writing
        .dialect
        .query(
            "SELECT lane, attempts FROM jobs WHERE id = $1 AND token = $2 AND state = 'running' {for_update}",
        )
        .bind(lease.job)
        .bind(lease.token)
        .fetch_optional(writing.connection())
        .await?
        .ok_or(StoreError::LeaseLost)?;
    Ok(Held {
        lane: row.try_get("lane")?,
        attempts: row.try_get("attempts")?,
    })
}

/// Ends the leases of a process that is known to be dead. Its jobs stay `running` until a claim takes them over,
/// which gives them a new token.
pub(super) async fn end_all_leases(database: &Database) -> Result<(), StoreError> {
    let mut writing = database.begin().await?;
    writing
        .dialect
        .query("UPDATE jobs SET lease_until = {now} WHERE state = 'running'")
        .execute(writing.connection())
        .await?;
    writing.commit().await
}

/// See [`super::Store::claim`].
pub(super) async fn claim(
    database: &Database,
    worker: &str,
    lease: Duration,
) -> Result<Option<Claimed>, StoreError> {
    let mut writing = database.begin().await?;
    let Some(job) = choose(&mut writing).await? else {
        return Ok(None);
    };
    let row = writing
        .dialect
        .query(
            "UPDATE jobs SET state = 'running', holder = $2, lease_until = {now} + $3, token = token + 1, \
             attempts = attempts + 1, paced = 0 WHERE id = $1 \
             RETURNING token, attempts, public_id, installation, repo, owner, name, number",
        )
        .bind(job)
        .bind(worker)
        .bind(millis(lease))
        .fetch_one(writing.connection())
        .await?;
    let pr = pull_request(&row)?;
    note_turn(&mut writing, &pr).await?;
    let events = events(&mut writing, job).await?;
    writing.commit().await?;
    Ok(Some(Claimed {
        lease: Lease {
            job,
            token: row.try_get("token")?,
        },
        id: row.try_get("public_id")?,
        pr,
        events,
        attempt: from_column(row.try_get("attempts")?, "the number of tries")?,
    }))
}

/// The job to claim next: the installation with the fewest live leases that is not held, of these the one served longest
/// ago, of its jobs the oldest.
async fn choose(writing: &mut Writing<'_>) -> Result<Option<i64>, StoreError> {
    let row = writing
        .dialect
        .query(
            "SELECT j.id FROM jobs j LEFT JOIN installations i ON i.id = j.installation \
             LEFT JOIN (SELECT installation, COUNT(*) AS running FROM jobs \
             WHERE state = 'running' AND lease_until > {now} GROUP BY installation) b \
             ON b.installation = j.installation \
             WHERE COALESCE(i.held_until, 0) <= {now} AND ((j.state = 'running' AND j.lease_until <= {now}) \
             OR (j.state = 'waiting' AND j.run_at <= {now} AND NOT EXISTS \
             (SELECT 1 FROM jobs r WHERE r.lane = j.lane AND r.state = 'running'))) \
             ORDER BY COALESCE(b.running, 0), COALESCE(i.served, 0), j.run_at, j.id LIMIT 1 {skip_locked}",
        )
        .fetch_optional(writing.connection())
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Puts the installation at the end of the line.
async fn note_turn(writing: &mut Writing<'_>, pr: &PullRequest) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO installations (id, served) \
         VALUES ($1, (SELECT COALESCE(MAX(served), 0) + 1 FROM installations)) \
         ON CONFLICT (id) DO UPDATE SET served = excluded.served",
    )
    .bind(to_column(pr.installation, "installation")?)
    .execute(writing.connection())
    .await?;
    Ok(())
}

pub(super) async fn events(
    writing: &mut Writing<'_>,
    job: i64,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let rows = sqlx::query(
        "SELECT e.guid, e.event, d.received_at FROM job_events e JOIN deliveries d ON d.guid = e.guid \
         WHERE e.job = $1 ORDER BY e.id",
    )
    .bind(job)
    .fetch_all(writing.connection())
    .await?;
    rows.iter().map(event).collect()
}

pub(super) fn event(row: &AnyRow) -> Result<ClaimedEvent, StoreError> {
    Ok(ClaimedEvent {
        guid: row.try_get("guid")?,
        received_at: row.try_get("received_at")?,
        event: row.try_get("event")?,
    })
}

/// See [`super::Store::renew`].
pub(super) async fn renew(
    database: &Database,
    lease: &Lease,
    by: Duration,
) -> Result<(), StoreError> {
    let mut writing = database.begin().await?;
    held(&mut writing, lease).await?;
    writing
        .dialect
        .query("UPDATE jobs SET lease_until = {now} + $2 WHERE id = $1")
        .bind(lease.job)
        .bind(millis(by))
        .execute(writing.connection())
        .await?;
    writing.commit().await
}

/// See [`super::Store::complete`]. The job's events go with it.
pub(super) async fn complete(database: &Database, lease: &Lease) -> Result<(), StoreError> {
    let mut writing = database.begin().await?;
    held(&mut writing, lease).await?;
    delete_job(&mut writing, lease.job).await?;
    writing.commit().await
}

pub(super) async fn delete_job(writing: &mut Writing<'_>, job: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM jobs WHERE id = $1")
        .bind(job)
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// See [`super::Store::set_aside`].
pub(super) async fn set_aside(
    database: &Database,
    lease: &Lease,
    delay: Duration,
    is_hurried: bool,
) -> Result<(), StoreError> {
    let back = Back {
        delay: Some(delay),
        uncounted: 1,
        is_hurried,
        error: None,
    };
    give_back(database, lease, back).await
}

/// See [`super::Store::hold`].
pub(super) async fn hold(
    database: &Database,
    lease: &Lease,
    delay: Duration,
) -> Result<(), StoreError> {
    let back = Back {
        delay: Some(delay),
        uncounted: 1,
        is_hurried: false,
        error: None,
    };
    let mut writing = database.begin().await?;
    let held = held(&mut writing, lease).await?;
    writing
        .dialect
        .query(
            "UPDATE installations SET held_until = CASE WHEN held_until > {now} + $2 THEN held_until \
             ELSE {now} + $2 END WHERE id = (SELECT installation FROM jobs WHERE id = $1)",
        )
        .bind(lease.job)
        .bind(millis(delay))
        .execute(writing.connection())
        .await?;
    put_back(&mut writing, lease, &held, back).await?;
    writing.commit().await
}

/// See [`super::Store::release`].
pub(super) async fn release(database: &Database, lease: &Lease) -> Result<(), StoreError> {
    let back = Back {
        delay: None,
        uncounted: 1,
        is_hurried: false,
        error: None,
    };
    give_back(database, lease, back).await
}

async fn give_back(database: &Database, lease: &Lease, back: Back<'_>) -> Result<(), StoreError> {
    let mut writing = database.begin().await?;
    let held = held(&mut writing, lease).await?;
    put_back(&mut writing, lease, &held, back).await?;
    writing.commit().await
}

/// See [`super::Store::fail`].
pub(super) async fn fail(
    database: &Database,
    lease: &Lease,
    delay: Duration,
    max_attempts: u32,
    error: &str,
) -> Result<AfterFailure, StoreError> {
    let mut writing = database.begin().await?;
    let held = held(&mut writing, lease).await?;
    let after = if held.attempts >= i64::from(max_attempts) {
        park(&mut writing, lease, error).await?;
        AfterFailure::Parked
    } else {
        let back = Back {
            delay: Some(delay),
            uncounted: 0,
            is_hurried: false,
            error: Some(error),
        };
        put_back(&mut writing, lease, &held, back).await?;
        AfterFailure::Again
    };
    writing.commit().await?;
    Ok(after)
}

async fn park(writing: &mut Writing<'_>, lease: &Lease, error: &str) -> Result<(), StoreError> {
    writing
        .dialect
        .query(
            "UPDATE jobs SET state = 'parked', parked_at = {now}, holder = NULL, lease_until = NULL, \
             last_error = $2 WHERE id = $1",
        )
        .bind(lease.job)
        .bind(error)
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// From running to waiting. A lane has one waiting job, so one that waits already is merged in first.
async fn put_back(
    writing: &mut Writing<'_>,
    lease: &Lease,
    held: &Held,
    back: Back<'_>,
) -> Result<(), StoreError> {
    merge_waiting(writing, lease, held).await?;
    writing
        .dialect
        .query(
            "UPDATE jobs SET state = 'waiting', run_at = COALESCE({now} + $2, run_at), attempts = attempts - $3, \
             last_error = COALESCE($4, last_error), paced = $5, holder = NULL, lease_until = NULL WHERE id = $1",
        )
        .bind(lease.job)
        .bind(back.delay.map(millis))
        .bind(back.uncounted)
        .bind(back.error)
        .bind(i64::from(back.is_hurried))
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// Takes over the events of the lane's waiting job, and what it knows the repository is called by now. Events keep
/// their ids, and with them their order.
async fn merge_waiting(
    writing: &mut Writing<'_>,
    lease: &Lease,
    held: &Held,
) -> Result<(), StoreError> {
    let waiting = writing
        .dialect
        .query("SELECT id, installation, owner, name FROM jobs WHERE lane = $1 AND state = 'waiting' {for_update}")
        .bind(held.lane.as_str())
        .fetch_optional(writing.connection())
        .await?;
    let Some(waiting) = waiting else {
        return Ok(());
    };
    let other: i64 = waiting.try_get("id")?;
    sqlx::query("UPDATE job_events SET job = $1 WHERE job = $2")
        .bind(lease.job)
        .bind(other)
        .execute(writing.connection())
        .await?;
    delete_job(writing, other).await?;
    sqlx::query("UPDATE jobs SET installation = $2, owner = $3, name = $4 WHERE id = $1")
        .bind(lease.job)
        .bind(waiting.try_get::<i64, _>("installation")?)
        .bind(waiting.try_get::<String, _>("owner")?)
        .bind(waiting.try_get::<String, _>("name")?)
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// Milliseconds for the database, no more than [`LONGEST`].
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.min(LONGEST).as_millis()).unwrap_or(i64::MAX)
}

/// The pull request of a job row.
pub(super) fn pull_request(row: &AnyRow) -> Result<PullRequest, StoreError> {
    Ok(PullRequest {
        installation: from_column(row.try_get("installation")?, "an installation id")?,
        repo: Repo {
            id: from_column(row.try_get("repo")?, "a repository id")?,
            owner: row.try_get("owner")?,
            name: row.try_get("name")?,
        },
        number: from_column(row.try_get("number")?, "a pull request number")?,
    })
}
