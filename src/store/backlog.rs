//! The queue seen from outside any job: what waits, what is parked, and what nobody needs any more.

use super::queue::{millis, pull_request};
use super::sql::{Database, from_column, to_column};
use super::{StoreError, calls, rounds};
use crate::ids::PullRequest;
use sqlx::Row;
use std::time::Duration;

/// A job that is not running, for lists.
#[derive(Debug, Clone)]
pub struct ParkedJob {
    /// Public id.
    pub id: String,
    /// The pull request.
    pub pr: PullRequest,
    /// Tries made.
    pub attempts: u32,
    /// Last error.
    pub error: String,
}

/// What became of the work that a delivery caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is left to do; there may never have been anything.
    Done,
    /// Its job waits.
    Waiting {
        /// Until it is ready; zero: now.
        ready_in: Duration,
        /// Why the last try failed, if one did.
        error: Option<String>,
    },
    /// A worker has its job.
    Running,
    /// Its job is not tried again until asked.
    Parked {
        /// Public id of the job.
        id: String,
        /// Last error.
        error: String,
    },
}

/// Age after which a delivery is no longer needed to recognise a redelivery: GitHub repeats them for three days,
/// GitHub Enterprise Server for seven.
const KEEP_DELIVERIES: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Deliveries deleted in one transaction.
const PRUNE_BATCH: u64 = 500;

/// See [`super::Store::parked`].
pub(super) async fn parked(database: &Database) -> Result<Vec<ParkedJob>, StoreError> {
    let rows = sqlx::query(
        "SELECT public_id, installation, repo, owner, name, number, attempts, last_error FROM jobs \
         WHERE state = 'parked' ORDER BY parked_at DESC, id DESC",
    )
    .fetch_all(database.readers())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(ParkedJob {
                id: row.try_get("public_id")?,
                pr: pull_request(row)?,
                attempts: from_column(row.try_get("attempts")?, "the number of tries")?,
                error: row.try_get("last_error")?,
            })
        })
        .collect()
}

/// See [`super::Store::backlog`].
pub(super) async fn backlog(database: &Database) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) FROM jobs WHERE state IN ('waiting', 'running')")
        .fetch_one(database.readers())
        .await?;
    from_column(row.try_get(0)?, "the number of jobs")
}

/// See [`super::Store::next_ready_in`].
pub(super) async fn next_ready_in(database: &Database) -> Result<Option<Duration>, StoreError> {
    let row = database
        .dialect
        .query(
            "SELECT MIN(CASE WHEN q.held > q.ready THEN q.held ELSE q.ready END) - {now} FROM \
             (SELECT CASE WHEN j.state = 'running' THEN j.lease_until ELSE j.run_at END AS ready, \
             COALESCE(i.held_until, 0) AS held FROM jobs j LEFT JOIN installations i ON i.id = j.installation \
             WHERE j.state = 'running' OR (j.state = 'waiting' AND NOT EXISTS \
             (SELECT 1 FROM jobs r WHERE r.lane = j.lane AND r.state = 'running'))) q",
        )
        .fetch_one(database.readers())
        .await?;
    let left: Option<i64> = row.try_get(0)?;
    Ok(left.map(|left| Duration::from_millis(u64::try_from(left).unwrap_or(0))))
}

/// See [`super::SqlStore::fate`]. Events leave the queue with their job, so a delivery without one is done with.
pub(super) async fn fate(database: &Database, guid: &str) -> Result<Fate, StoreError> {
    let row = database
        .dialect
        .query(
            "SELECT j.state, j.public_id, j.last_error, \
             CASE WHEN i.held_until > j.run_at THEN i.held_until ELSE j.run_at END - {now} AS ready_in \
             FROM job_events e JOIN jobs j ON j.id = e.job LEFT JOIN installations i ON i.id = j.installation \
             WHERE e.guid = $1",
        )
        .bind(guid)
        .fetch_optional(database.readers())
        .await?;
    let Some(row) = row else {
        return Ok(Fate::Done);
    };
    let error: Option<String> = row.try_get("last_error")?;
    let state: String = row.try_get("state")?;
    match state.as_str() {
        "waiting" => {
            let ready_in: i64 = row.try_get("ready_in")?;
            let ready_in = Duration::from_millis(u64::try_from(ready_in).unwrap_or(0));
            Ok(Fate::Waiting { ready_in, error })
        }
        "running" => Ok(Fate::Running),
        "parked" => Ok(Fate::Parked {
            id: row.try_get("public_id")?,
            error: error.unwrap_or_default(),
        }),
        other => Err(StoreError::Corrupt(format!("a job is `{other}`"))),
    }
}

/// See [`super::Store::prune`].
pub(super) async fn prune(database: &Database) -> Result<u64, StoreError> {
    let mut pruned = 0;
    loop {
        let batch = prune_batch(database).await?;
        pruned += batch.deliveries;
        if batch.deliveries.max(batch.words).max(batch.rounds) < PRUNE_BATCH {
            return Ok(pruned);
        }
    }
}

/// Rows of one batch.
struct Pruned {
    deliveries: u64,
    words: u64,
    rounds: u64,
}

async fn prune_batch(database: &Database) -> Result<Pruned, StoreError> {
    let mut writing = database.begin().await?;
    let done = writing
        .dialect
        .query(
            "DELETE FROM deliveries WHERE guid IN (SELECT d.guid FROM deliveries d \
             WHERE d.received_at < {now} - $1 AND NOT EXISTS (SELECT 1 FROM job_events e WHERE e.guid = d.guid) \
             ORDER BY d.received_at LIMIT $2)",
        )
        .bind(millis(KEEP_DELIVERIES))
        .bind(to_column(PRUNE_BATCH, "batch")?)
        .execute(writing.connection())
        .await?;
    let asked = writing
        .dialect
        .query("DELETE FROM redeliveries WHERE asked_at < {now} - $1")
        .bind(millis(KEEP_DELIVERIES))
        .execute(writing.connection())
        .await?;
    let pruned = Pruned {
        deliveries: done.rows_affected(),
        words: calls::forget_words(&mut writing, PRUNE_BATCH).await?,
        rounds: rounds::forget(&mut writing, PRUNE_BATCH).await?,
    };
    if pruned.deliveries + pruned.words + pruned.rounds + asked.rows_affected() > 0 {
        writing.commit().await?;
    }
    Ok(pruned)
}
