//! What was told about a pull request and not taken in yet: while there is any, nobody can say that all agree.

use super::queue;
use super::sql::Database;
use super::{ClaimedEvent, Lease, StoreError};
use crate::ids::PullRequest;
use sqlx::Row;

/// Events of a pull request that its running job does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unheard {
    /// A job with them is ready and comes next.
    Waiting,
    /// They are in a job that was given up.
    Parked {
        /// Public id of that job.
        id: String,
    },
}

/// See [`super::Store::unheard`].
pub(super) async fn unheard(
    database: &Database,
    pr: &PullRequest,
) -> Result<Option<Unheard>, StoreError> {
    let rows = database
        .dialect
        .query(
            "SELECT state, public_id FROM jobs WHERE lane = $1 \
             AND (state = 'parked' OR (state = 'waiting' AND run_at <= {now})) ORDER BY id",
        )
        .bind(pr.lane())
        .fetch_all(database.readers())
        .await?;
    let mut found = None;
    for row in rows {
        let state: String = row.try_get("state")?;
        match state.as_str() {
            "parked" => {
                let id = row.try_get("public_id")?;
                return Ok(Some(Unheard::Parked { id }));
            }
            _ => found = Some(Unheard::Waiting),
        }
    }
    Ok(found)
}

/// See [`super::Store::waiting_events`].
pub(super) async fn waiting_events(
    database: &Database,
    pr: &PullRequest,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let rows = sqlx::query(
        "SELECT e.guid, e.event, d.received_at FROM jobs j JOIN job_events e ON e.job = j.id \
         JOIN deliveries d ON d.guid = e.guid WHERE j.lane = $1 AND j.state = 'waiting' ORDER BY e.id",
    )
    .bind(pr.lane())
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(queue::event).collect()
}

/// See [`super::Store::is_worked_on`].
pub(super) async fn is_worked_on(
    database: &Database,
    pr: &PullRequest,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM jobs WHERE lane = $1 \
         AND (state = 'running' OR (state = 'waiting' AND paced = 0))",
    )
    .bind(pr.lane())
    .fetch_one(database.readers())
    .await?;
    let jobs: i64 = row.try_get(0)?;
    Ok(jobs > 0)
}

/// See [`super::Store::adopt_parked`].
pub(super) async fn adopt_parked(
    database: &Database,
    lease: &Lease,
    pr: &PullRequest,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let mut writing = database.begin_for(lease, pr).await?;
    let parked = "SELECT id FROM jobs WHERE lane = $2 AND state = 'parked'";
    let moved = format!("UPDATE job_events SET job = $1 WHERE job IN ({parked})");
    sqlx::query(sqlx::AssertSqlSafe(moved))
        .bind(lease.job)
        .bind(pr.lane())
        .execute(writing.connection())
        .await?;
    sqlx::query("DELETE FROM jobs WHERE lane = $1 AND state = 'parked'")
        .bind(pr.lane())
        .execute(writing.connection())
        .await?;
    let events = queue::events(&mut writing, lease.job).await?;
    writing.commit().await?;
    Ok(events)
}
