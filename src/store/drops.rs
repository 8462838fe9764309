//! Discussions that somebody let go of after they had left their pull request.

use super::record::Key;
use super::sql::{Database, Writing, from_column, to_column};
use super::{DropRecord, StoreError};
use crate::ids::PullRequest;
use sqlx::Row;
use sqlx::any::AnyRow;

/// See [`super::Store::drops`].
pub(super) async fn drops(
    database: &Database,
    pr: &PullRequest,
) -> Result<Vec<DropRecord>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(
        "SELECT path, account, login, reason, base, stood, source, link, dropped_at, ended FROM drops \
         WHERE repo = $1 AND number = $2 ORDER BY id",
    )
    .bind(key.repo)
    .bind(key.number)
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<DropRecord, StoreError> {
    Ok(DropRecord {
        path: row.try_get("path")?,
        account: from_column(row.try_get("account")?, "an account id")?,
        login: row.try_get("login")?,
        reason: row.try_get("reason")?,
        base: row.try_get("base")?,
        stood: row.try_get("stood")?,
        source: row.try_get("source")?,
        link: row.try_get("link")?,
        dropped_at: row.try_get("dropped_at")?,
        ended: row.try_get("ended")?,
    })
}

/// Adds one; a (path, source) already there is left alone.
pub(super) async fn add(
    writing: &mut Writing<'_>,
    key: Key,
    drop: &DropRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO drops (repo, number, path, account, login, reason, base, stood, source, link, dropped_at, \
         ended) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (repo, number, path, source) DO NOTHING",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(drop.path.as_str())
    .bind(to_column(drop.account, "account")?)
    .bind(drop.login.as_str())
    .bind(drop.reason.as_str())
    .bind(drop.base.as_str())
    .bind(drop.stood.as_str())
    .bind(drop.source.as_str())
    .bind(drop.link.as_str())
    .bind(drop.dropped_at)
    .bind(drop.ended.as_deref())
    .execute(writing.connection())
    .await?;
    Ok(())
}

/// Ends all that still count for a path.
pub(super) async fn end(
    writing: &mut Writing<'_>,
    key: Key,
    path: &str,
    why: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE drops SET ended = $4 WHERE repo = $1 AND number = $2 AND path = $3 AND ended IS NULL",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(path)
    .bind(why)
    .execute(writing.connection())
    .await?;
    Ok(())
}
