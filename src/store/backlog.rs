//! The queue seen from outside any job: what waits, what is parked, and what nobody needs any more.

use super::queue::{millis, pull_request};
use super::sql::{Database, from_column, to_column};
use super::{StoreError, calls, rounds};
use crate::ids::PullRequest;
use sqlx::Row;
use std::collections::BTreeMap;
use std::time::Duration;

/// A job of the queue, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    /// Public id.
    pub id: String,
    /// The pull request; the repository or more where its number is 0.
    pub pr: PullRequest,
    /// Where it is.
    pub state: JobState,
    /// Since when, ms: parked or blocked; else when the oldest of its deliveries came in.
    pub since: i64,
    /// Tries made, one that runs included.
    pub attempts: u32,
    /// Why the last try failed, or what keeps the App away.
    pub error: Option<String>,
    /// What it was told of, by the ids of the deliveries, in the order in which they came.
    pub deliveries: Vec<String>,
}

/// Where a job of the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Given up: not tried again until somebody asks for it.
    Parked,
    /// Put aside until GitHub lets the App in again.
    Blocked,
    /// A worker has it.
    Running,
    /// In line.
    Waiting {
        /// From when on it may be claimed, ms.
        ready_at: i64,
    },
}

impl JobState {
    /// Lower-case word, as in `jobs --json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Blocked => "blocked",
            Self::Running => "running",
            Self::Waiting { .. } => "waiting",
        }
    }

    /// Whether it is out of the line: given up or put aside.
    pub fn is_parked(self) -> bool {
        matches!(self, Self::Parked | Self::Blocked)
    }
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

/// See [`super::Store::jobs`].
pub(super) async fn jobs(database: &Database) -> Result<Vec<QueuedJob>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, public_id, installation, repo, owner, name, number, state, blocked, run_at, attempts, parked_at, \
         last_error FROM jobs ORDER BY CASE state WHEN 'parked' THEN blocked WHEN 'running' THEN 2 ELSE 3 END, \
         parked_at DESC, run_at, id DESC",
    )
    .fetch_all(database.readers())
    .await?;
    let mut told = told(database).await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: i64 = row.try_get("id")?;
        let told = told.remove(&id).unwrap_or_default();
        let run_at: i64 = row.try_get("run_at")?;
        let parked_at: Option<i64> = row.try_get("parked_at")?;
        let state: String = row.try_get("state")?;
        let is_blocked: i64 = row.try_get("blocked")?;
        jobs.push(QueuedJob {
            id: row.try_get("public_id")?,
            pr: pull_request(row)?,
            state: match state.as_str() {
                "parked" if is_blocked == 1 => JobState::Blocked,
                "parked" => JobState::Parked,
                "running" => JobState::Running,
                "waiting" => JobState::Waiting { ready_at: run_at },
                other => return Err(StoreError::Corrupt(format!("a job is `{other}`"))),
            },
            since: parked_at.or(told.first).unwrap_or(run_at),
            attempts: from_column(row.try_get("attempts")?, "the number of tries")?,
            error: row.try_get("last_error")?,
            deliveries: told.guids,
        });
    }
    Ok(jobs)
}

/// What a job was told.
#[derive(Default)]
struct Told {
    guids: Vec<String>,
    /// When the first of it came in, ms.
    first: Option<i64>,
}

/// The deliveries of all jobs, by the jobs' numbers.
async fn told(database: &Database) -> Result<BTreeMap<i64, Told>, StoreError> {
    let rows = sqlx::query(
        "SELECT e.job, e.guid, d.received_at FROM job_events e JOIN deliveries d ON d.guid = e.guid ORDER BY e.id",
    )
    .fetch_all(database.readers())
    .await?;
    let mut all: BTreeMap<i64, Told> = BTreeMap::new();
    for row in &rows {
        let told = all.entry(row.try_get("job")?).or_default();
        told.guids.push(row.try_get("guid")?);
        let at: i64 = row.try_get("received_at")?;
        told.first = Some(told.first.map_or(at, |first| first.min(at)));
    }
    Ok(all)
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
