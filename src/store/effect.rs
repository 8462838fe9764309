//! What must not be bought or done twice: answers of models, and writes to the forge.

use super::StoreError;
use super::record::Key;
use super::sql::{Database, Writing};
use crate::ids::PullRequest;
use sqlx::Row;

/// State of one intended write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectRecord {
    /// Intended; whether GitHub saw it must be read back.
    Intended,
    /// Carried out; holds the result (an id).
    Done(String),
}

/// See [`super::Store::answer`].
pub(super) async fn answer(database: &Database, key: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT answer FROM answers WHERE key = $1")
        .bind(key)
        .fetch_optional(database.readers())
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// See [`super::Store::put_answer`].
pub(super) async fn put_answer(
    database: &Database,
    key: &str,
    answer: &str,
) -> Result<String, StoreError> {
    let mut writing = database.begin().await?;
    writing
        .dialect
        .query(
            "INSERT INTO answers (key, answer, stored_at) VALUES ($1, $2, {now}) ON CONFLICT (key) DO NOTHING",
        )
        .bind(key)
        .bind(answer)
        .execute(writing.connection())
        .await?;
    let row = sqlx::query("SELECT answer FROM answers WHERE key = $1")
        .bind(key)
        .fetch_one(writing.connection())
        .await?;
    let kept = row.try_get(0)?;
    writing.commit().await?;
    Ok(kept)
}

/// See [`super::Store::effect`].
pub(super) async fn effect(
    database: &Database,
    pr: &PullRequest,
    effect: &str,
) -> Result<Option<EffectRecord>, StoreError> {
    let key = Key::of(pr)?;
    let row =
        sqlx::query("SELECT result FROM effects WHERE repo = $1 AND number = $2 AND key = $3")
            .bind(key.repo)
            .bind(key.number)
            .bind(effect)
            .fetch_optional(database.readers())
            .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let result: Option<String> = row.try_get(0)?;
    Ok(Some(
        result.map_or(EffectRecord::Intended, EffectRecord::Done),
    ))
}

/// Carries out [`super::Change::Intend`].
pub(super) async fn intend(
    writing: &mut Writing<'_>,
    key: Key,
    effect: &str,
) -> Result<(), StoreError> {
    writing
        .dialect
        .query(
            "INSERT INTO effects (repo, number, key, intended_at) VALUES ($1, $2, $3, {now}) \
             ON CONFLICT (repo, number, key) DO NOTHING",
        )
        .bind(key.repo)
        .bind(key.number)
        .bind(effect)
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// Carries out [`super::Change::EffectDone`].
pub(super) async fn done(
    writing: &mut Writing<'_>,
    key: Key,
    effect: &str,
    result: &str,
) -> Result<(), StoreError> {
    writing
        .dialect
        .query(
            "INSERT INTO effects (repo, number, key, result, intended_at) VALUES ($1, $2, $3, $4, {now}) \
             ON CONFLICT (repo, number, key) DO UPDATE SET result = excluded.result",
        )
        .bind(key.repo)
        .bind(key.number)
        .bind(effect)
        .bind(result)
        .execute(writing.connection())
        .await?;
    Ok(())
}
