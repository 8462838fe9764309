//! What people did to discussions other than by votes.

use super::record::Key;
use super::sql::{Database, Writing, from_column, to_column};
use super::{ActRecord, ActVerb, StoreError};
use crate::ids::PullRequest;
use sqlx::Row;
use sqlx::any::AnyRow;

/// See [`super::Store::acts`].
pub(super) async fn acts(
    database: &Database,
    pr: &PullRequest,
) -> Result<Vec<ActRecord>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(
        "SELECT path, verb, target, item, text, account, login, base, did, subject, source, link, said_at FROM acts \
         WHERE repo = $1 AND number = $2 ORDER BY id",
    )
    .bind(key.repo)
    .bind(key.number)
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<ActRecord, StoreError> {
    let verb: String = row.try_get("verb")?;
    let verb = ActVerb::parse(&verb)
        .ok_or_else(|| StoreError::Corrupt(format!("an act of a person is `{verb}`")))?;
    Ok(ActRecord {
        path: row.try_get("path")?,
        verb,
        target: row.try_get("target")?,
        item: row.try_get("item")?,
        text: row.try_get("text")?,
        account: from_column(row.try_get("account")?, "an account id")?,
        login: row.try_get("login")?,
        base: row.try_get("base")?,
        did: row.try_get("did")?,
        subject: row.try_get("subject")?,
        source: row.try_get("source")?,
        link: row.try_get("link")?,
        said_at: row.try_get("said_at")?,
    })
}

/// Adds one; a (path, source) already there is left alone.
pub(super) async fn add(
    writing: &mut Writing<'_>,
    key: Key,
    act: &ActRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO acts (repo, number, path, verb, target, text, account, login, base, did, subject, source, link, \
         said_at, item) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (repo, number, path, source) DO NOTHING",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(act.path.as_str())
    .bind(act.verb.as_str())
    .bind(act.target.as_str())
    .bind(act.text.as_str())
    .bind(to_column(act.account, "account")?)
    .bind(act.login.as_str())
    .bind(act.base.as_str())
    .bind(act.did.as_str())
    .bind(act.subject.as_str())
    .bind(act.source.as_str())
    .bind(act.link.as_str())
    .bind(act.said_at)
    .bind(act.item.as_str())
    .execute(writing.connection())
    .await?;
    Ok(())
}
