//! What pull requests come to by themselves, for those that share a head.

use super::StoreError;
use super::record::Key;
use super::sql::{Database, Writing, from_column, to_column};
use crate::ids::PullRequest;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::collections::{BTreeMap, BTreeSet};

/// What a pull request comes to by itself at one head, whatever others with that head make of their common check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnVerdict {
    /// Head it was evaluated at; empty: it is not open any more.
    pub head: String,
    /// Its base branch then.
    pub base: String,
    /// Name of the check; empty: nothing is posted there.
    pub check: String,
    /// Its state, one word (`bot::siblings`); opaque here.
    pub state: String,
    /// The title its check would have.
    pub title: String,
    /// Somebody whose word counts said something there: a vote, a round, a hold.
    pub said: bool,
    /// Numeric account id of its author; 0: not told.
    pub author: u64,
    /// The author's login.
    pub login: String,
    /// Numbers of the pull requests with that head that have to tell first.
    pub waits_for: BTreeSet<u64>,
    /// Heads of which the other pull requests have to be told that this changed.
    pub owed: BTreeSet<String>,
}

/// See [`super::Store::own_verdicts`].
pub(super) async fn own_verdicts(
    database: &Database,
    pr: &PullRequest,
    heads: &[&str],
) -> Result<BTreeMap<u64, OwnVerdict>, StoreError> {
    let key = Key::of(pr)?;
    let places: Vec<String> = (0..heads.len())
        .map(|at| format!(", ${}", at + 3))
        .collect();
    let text = format!(
        "SELECT number, head, base, check_name, state, title, said, author, login, waits_for, owed FROM own_verdicts \
         WHERE repo = $1 AND number = $2 UNION \
         SELECT number, head, base, check_name, state, title, said, author, login, waits_for, owed FROM own_verdicts \
         WHERE repo = $1 AND head <> '' AND head IN (''{})",
        places.concat()
    );
    // Only numbers of placeholders enter the text: the values are bound.
    let mut query = sqlx::query(AssertSqlSafe(text))
        .bind(key.repo)
        .bind(key.number);
    for head in heads {
        query = query.bind(*head);
    }
    let rows = query.fetch_all(database.readers()).await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<(u64, OwnVerdict), StoreError> {
    let unread = |error: serde_json::Error| StoreError::Corrupt(format!("own verdicts: {error}"));
    let waits_for: String = row.try_get("waits_for")?;
    let owed: String = row.try_get("owed")?;
    let said: i64 = row.try_get("said")?;
    let verdict = OwnVerdict {
        head: row.try_get("head")?,
        base: row.try_get("base")?,
        check: row.try_get("check_name")?,
        state: row.try_get("state")?,
        title: row.try_get("title")?,
        said: said != 0,
        author: from_column(row.try_get("author")?, "an account id")?,
        login: row.try_get("login")?,
        waits_for: serde_json::from_str(&waits_for).map_err(unread)?,
        owed: serde_json::from_str(&owed).map_err(unread)?,
    };
    Ok((
        from_column(row.try_get("number")?, "a pull request")?,
        verdict,
    ))
}

/// Carries out [`super::Change::OwnVerdict`].
pub(super) async fn put(
    writing: &mut Writing<'_>,
    key: Key,
    verdict: Option<&OwnVerdict>,
) -> Result<(), StoreError> {
    let Some(verdict) = verdict else {
        sqlx::query("DELETE FROM own_verdicts WHERE repo = $1 AND number = $2")
            .bind(key.repo)
            .bind(key.number)
            .execute(writing.connection())
            .await?;
        return Ok(());
    };
    let unwritable = |error: serde_json::Error| StoreError::Database(error.to_string());
    let waits_for = serde_json::to_string(&verdict.waits_for).map_err(unwritable)?;
    let owed = serde_json::to_string(&verdict.owed).map_err(unwritable)?;
    sqlx::query(
        "INSERT INTO own_verdicts (repo, number, head, base, check_name, state, title, said, author, login, waits_for, \
         owed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (repo, number) DO UPDATE SET head = excluded.head, base = excluded.base, \
         check_name = excluded.check_name, state = excluded.state, title = excluded.title, said = excluded.said, \
         author = excluded.author, login = excluded.login, waits_for = excluded.waits_for, owed = excluded.owed",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(verdict.head.as_str())
    .bind(verdict.base.as_str())
    .bind(verdict.check.as_str())
    .bind(verdict.state.as_str())
    .bind(verdict.title.as_str())
    .bind(i64::from(verdict.said))
    .bind(to_column(verdict.author, "an account")?)
    .bind(verdict.login.as_str())
    .bind(waits_for)
    .bind(owed)
    .execute(writing.connection())
    .await?;
    Ok(())
}
