//! What a sweep asks of the store: what is known of a repository's pull requests, and which deliveries never came.

use super::queue::{self, millis};
use super::record;
use super::sql::{Database, from_column, to_column};
use super::{Lease, PrRecord, StoreError};
use sqlx::Row;
use std::time::Duration;

/// See [`super::Store::pulls`].
pub(super) async fn pulls(
    database: &Database,
    repo: u64,
) -> Result<Vec<(u64, PrRecord)>, StoreError> {
    let rows = sqlx::query(
        "SELECT number, checked_head, conclusion, check_name, base, seen, seen_at FROM pulls WHERE repo = $1 \
         ORDER BY number",
    )
    .bind(to_column(repo, "repository")?)
    .fetch_all(database.readers())
    .await?;
    rows.iter()
        .map(|row| {
            let number = from_column(row.try_get("number")?, "a pull request number")?;
            Ok((number, record::read_pr(row)?))
        })
        .collect()
}

/// See [`super::Store::never_came`].
pub(super) async fn never_came(
    database: &Database,
    guids: &[String],
    wait: Duration,
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let mut missing = Vec::new();
    for guid in guids {
        let row = database
            .dialect
            .query(
                "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE guid = $1) \
                 AND NOT EXISTS (SELECT 1 FROM redeliveries WHERE guid = $1 \
                 AND (asked >= $2 OR asked_at + asked * asked * $3 > {now}))",
            )
            .bind(guid.as_str())
            .bind(i64::from(most))
            .bind(millis(wait))
            .fetch_optional(database.readers())
            .await?;
        missing.extend(row.map(|_| guid.clone()));
    }
    Ok(missing)
}

/// See [`super::Store::asked_again`].
pub(super) async fn asked_again(
    database: &Database,
    lease: &Lease,
    guid: &str,
) -> Result<(), StoreError> {
    let mut writing = database.begin().await?;
    queue::held(&mut writing, lease).await?;
    writing
        .dialect
        .query(
            "INSERT INTO redeliveries (guid, asked, asked_at) VALUES ($1, 1, {now}) \
             ON CONFLICT (guid) DO UPDATE SET asked = redeliveries.asked + 1, asked_at = excluded.asked_at",
        )
        .bind(guid)
        .execute(writing.connection())
        .await?;
    writing.commit().await
}
