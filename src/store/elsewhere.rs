//! What other pull requests of the same repository have to do with one: votes on the same proposal, and where blocks
//! were written first.

use super::record::{Key, read_human_vote};
use super::sql::{Database, Writing, from_column, to_column};
use super::{HumanVote, StoreError};
use crate::ids::PullRequest;
use sqlx::{AssertSqlSafe, Row};
use std::collections::{BTreeMap, BTreeSet};

/// A person's vote that was given somewhere else: in another pull request, or on another path of the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteElsewhere {
    /// Number of the pull request it was given in.
    pub number: u64,
    /// The vote.
    pub vote: HumanVote,
    /// Who removed it, where it stands all the same: `deleted by rob`.
    pub removed: Option<String>,
}

/// Proposals looked for by one statement; every database takes that many values.
const AT_ONCE: usize = 200;

/// See [`super::Store::votes_on`].
pub(super) async fn votes_on(
    database: &Database,
    pr: &PullRequest,
    proposals: &[String],
) -> Result<Vec<VoteElsewhere>, StoreError> {
    let key = Key::of(pr)?;
    let mut found: Vec<(i64, VoteElsewhere)> = Vec::new();
    for some in proposals.chunks(AT_ONCE) {
        let places: Vec<String> = (0..some.len()).map(|at| format!("${}", at + 2)).collect();
        let text = format!(
            "SELECT id, number, path, account, login, vote, subject, proposal, reason, source, link, cast_at, void \
             FROM human_votes v WHERE repo = $1 AND proposal IN ({}) AND NOT EXISTS (SELECT 1 FROM human_votes w \
             WHERE w.repo = v.repo AND w.number = v.number AND w.path = v.path AND w.account = v.account \
             AND w.vote = 'WITHDRAW' AND (w.cast_at > v.cast_at OR (w.cast_at = v.cast_at AND w.id > v.id)))",
            places.join(", ")
        );
        // Only numbers of placeholders enter the text: the values are bound.
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(key.repo);
        for proposal in some {
            query = query.bind(proposal.as_str());
        }
        for row in query.fetch_all(database.readers()).await? {
            let vote = VoteElsewhere {
                number: from_column(row.try_get("number")?, "a pull request")?,
                vote: read_human_vote(&row)?,
                removed: None,
            };
            found.push((row.try_get("id")?, vote));
        }
    }
    found.sort_by_key(|(id, found)| (found.vote.cast_at, *id));
    Ok(found.into_iter().map(|(_, vote)| vote).collect())
}

/// See [`super::Store::beginnings`].
pub(super) async fn beginnings(
    database: &Database,
    pr: &PullRequest,
) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query("SELECT path, proposal FROM beginnings WHERE repo = $1 AND number = $2")
        .bind(key.repo)
        .bind(key.number)
        .fetch_all(database.readers())
        .await?;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let proposals = found.entry(row.try_get("path")?).or_default();
        proposals.insert(row.try_get("proposal")?);
    }
    Ok(found)
}

/// Carries out [`super::Change::Beginnings`].
pub(super) async fn put_beginnings(
    writing: &mut Writing<'_>,
    key: Key,
    path: &str,
    proposals: &[String],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM beginnings WHERE repo = $1 AND number = $2 AND path = $3")
        .bind(key.repo)
        .bind(key.number)
        .bind(path)
        .execute(writing.connection())
        .await?;
    for proposal in proposals {
        sqlx::query(
            "INSERT INTO beginnings (repo, number, path, proposal) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (repo, number, path, proposal) DO NOTHING",
        )
        .bind(key.repo)
        .bind(key.number)
        .bind(path)
        .bind(proposal.as_str())
        .execute(writing.connection())
        .await?;
    }
    Ok(())
}

/// See [`super::Store::concerned_by_votes`].
pub(super) async fn concerned_by_votes(
    database: &Database,
    pr: &PullRequest,
    account: u64,
) -> Result<Vec<u64>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(
        "SELECT DISTINCT b.number FROM human_votes v JOIN beginnings b ON b.repo = v.repo AND b.proposal = v.proposal \
         WHERE v.repo = $1 AND v.number = $2 AND v.account = $3 AND b.number <> $2 ORDER BY b.number",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(to_column(account, "account")?)
    .fetch_all(database.readers())
    .await?;
    let number = |row: &sqlx::any::AnyRow| from_column(row.try_get(0)?, "a pull request");
    rows.iter().map(number).collect()
}

/// See [`super::Store::blocks_elsewhere`].
pub(super) async fn blocks_elsewhere(
    database: &Database,
    pr: &PullRequest,
    path: &str,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(
        "SELECT text, MIN(number) AS number FROM blocks WHERE repo = $1 AND path = $2 AND number <> $3 \
         AND state <> 'pending' GROUP BY text",
    )
    .bind(key.repo)
    .bind(path)
    .bind(key.number)
    .fetch_all(database.readers())
    .await?;
    let mut found = BTreeMap::new();
    for row in rows {
        let number = from_column(row.try_get("number")?, "a pull request")?;
        found.insert(row.try_get("text")?, number);
    }
    Ok(found)
}
