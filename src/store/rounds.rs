//! Rounds as they are kept to be gone through again.

use super::StoreError;
use super::queue::millis;
use super::record::Key;
use super::sql::{Database, Writing, from_column, to_column};
use crate::ids::{PullRequest, Repo};
use sqlx::Row;
use sqlx::any::AnyRow;
use std::time::Duration;

/// How long they are kept: as long as the words of models.
const KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The round of a job about one discussion. What is in it is the bot's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundRecord {
    /// Public id of the job.
    pub job: String,
    /// The repository, by the name it had then.
    pub repo: Repo,
    /// Number of the pull request.
    pub number: u64,
    /// Path of the discussion by the record.
    pub path: String,
    /// When it was kept, ms.
    pub kept_at: i64,
    /// What was shown, and what came of it; JSON.
    pub round: String,
    /// What the verdict was made of, and what it was; JSON. `None`: the job did not get that far.
    pub verdict: Option<String>,
}

/// See [`super::Store::rounds_of`].
pub(super) async fn rounds_of(
    database: &Database,
    job: &str,
) -> Result<Vec<RoundRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT job, repo, owner, name, number, path, kept_at, round, verdict FROM rounds WHERE job = $1 \
         ORDER BY path, attempt",
    )
    .bind(job)
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read).collect()
}

/// See [`super::Store::newest_rounds`].
pub(super) async fn newest(database: &Database, most: u32) -> Result<Vec<RoundRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT job, repo, owner, name, number, path, kept_at, round, verdict FROM rounds \
         ORDER BY kept_at DESC, job, path, attempt DESC LIMIT $1",
    )
    .bind(i64::from(most))
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<RoundRecord, StoreError> {
    Ok(RoundRecord {
        job: row.try_get("job")?,
        repo: Repo {
            id: from_column(row.try_get("repo")?, "a repository")?,
            owner: row.try_get("owner")?,
            name: row.try_get("name")?,
        },
        number: from_column(row.try_get("number")?, "a pull request")?,
        path: row.try_get("path")?,
        kept_at: row.try_get("kept_at")?,
        round: row.try_get("round")?,
        verdict: row.try_get("verdict")?,
    })
}

/// Keeps a round of a try of a job; if the try began it anew, the later one.
pub(super) async fn keep(
    writing: &mut Writing<'_>,
    pr: &PullRequest,
    job: &str,
    (path, attempt): (&str, u32),
    round: &str,
) -> Result<(), StoreError> {
    let key = Key::of(pr)?;
    writing
        .dialect
        .query(
            "INSERT INTO rounds (job, path, attempt, kept_at, repo, owner, name, number, round) \
             VALUES ($1, $2, $3, {now}, $4, $5, $6, $7, $8) \
             ON CONFLICT (job, path, attempt) DO UPDATE SET kept_at = excluded.kept_at, round = excluded.round, verdict = NULL",
        )
        .bind(job)
        .bind(path)
        .bind(i64::from(attempt))
        .bind(key.repo)
        .bind(pr.repo.owner.as_str())
        .bind(pr.repo.name.as_str())
        .bind(key.number)
        .bind(round)
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// Adds the verdict to the rounds of a job that are kept and have none.
pub(super) async fn conclude(
    writing: &mut Writing<'_>,
    job: &str,
    path: &str,
    verdict: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE rounds SET verdict = $3 WHERE job = $1 AND path = $2 AND verdict IS NULL")
        .bind(job)
        .bind(path)
        .bind(verdict)
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// Deletes old ones, at most so many; says how many.
pub(super) async fn forget(writing: &mut Writing<'_>, most: u64) -> Result<u64, StoreError> {
    let forgotten = writing
        .dialect
        .query(
            "DELETE FROM rounds WHERE job IN (SELECT job FROM rounds WHERE kept_at < {now} - $1 \
             ORDER BY kept_at LIMIT $2) AND kept_at < {now} - $1",
        )
        .bind(millis(KEEP))
        .bind(to_column(most, "batch")?)
        .execute(writing.connection())
        .await?;
    Ok(forgotten.rows_affected())
}
