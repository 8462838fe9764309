//! Requests to models and what they took. A request is written down before it is made, with the most that it can take;
//! whoever decides whether it may be made sees all others that count, and nobody announces one in between.

use super::queue::millis;
use super::record::Key;
use super::sql::{Database, Writing, from_column, to_column};
use super::{Lease, StoreError};
use crate::ids::{PullRequest, Repo};
use sqlx::Row;
use sqlx::any::AnyRow;
use std::time::Duration;

/// Milliseconds of a day. Days are those of UTC.
pub const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Most tokens of one kind, and most nano-dollars (ten thousand dollars), that one request is taken to have taken: the
/// figures are a service's word, and sums of them have to stay within the database's integers.
const MOST_TOKENS: u64 = 1_000_000_000;
const MOST_COST: u64 = 10_000_000_000_000;
/// Bytes of a model's words that are kept.
const MOST_WORDS: usize = 64 * 1024;
/// How long they are kept: long enough to look into a strange reply.
const KEEP_WORDS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What requests took: tokens as the provider counts them, and money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Sent, what was cached included.
    pub input: u64,
    /// Of these, read from the provider's cache.
    pub cached: u64,
    /// Of these, written into it.
    pub cache_writes: u64,
    /// Written by the model.
    pub output: u64,
    /// Nano-dollars; `None`: no price is known.
    pub cost: Option<u64>,
}

/// A request that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// Public id of the job that makes it.
    pub job: String,
    /// Path of the discussion by the record.
    pub path: String,
    /// Alias of who is to speak.
    pub persona: String,
    /// Full name of the model.
    pub model: String,
    /// SHA-256 of what is sent, in hex.
    pub request: String,
    /// Whether somebody asked a question.
    pub is_question: bool,
    /// The most it can take.
    pub at_most: Taken,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// What it took.
    pub taken: Taken,
    /// How often it was sent without learning what that took.
    pub lost: u64,
    /// The model's words, or why there are none. Only the first 64 KiB are kept, for 30 days.
    pub said: Result<String, String>,
}

/// What counts against a limit: tokens, and money as far as prices are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Sent and written.
    pub tokens: u64,
    /// Nano-dollars.
    pub cost: u64,
}

/// What was spent before a request, each the sum of all requests, with their most where they are not settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpentSoFar {
    /// By the job.
    pub round: Spent,
    /// On the pull request.
    pub pull: Spent,
    /// In the repository since midnight UTC.
    pub day: Spent,
}

/// Whether a request may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// It may: its number.
    Allowed(i64),
    /// It must not: why. Nothing was written down.
    Refused(String),
}

/// Decides on a request by what was spent before it; `Err`: why it must not be made.
pub type Decision<'d> = dyn Fn(&SpentSoFar) -> Result<(), String> + Send + Sync + 'd;

/// Requests that have all of this in common, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// The repository, by the name it had then.
    pub repo: Repo,
    /// Number of the pull request.
    pub number: u64,
    /// Alias of who spoke.
    pub persona: String,
    /// Full name of the model.
    pub model: String,
    /// Day in UTC, counted from 1970-01-01.
    pub day: i64,
    /// How many requests.
    pub calls: u64,
    /// Of these, not settled: they count with their most.
    pub unsettled: u64,
    /// Of these, without a known price.
    pub unpriced: u64,
    /// Of these, sent at least once without learning what that took.
    pub lost: u64,
    /// What they took; the cost is of those whose price is known, `None` if there are none.
    pub taken: Taken,
}

/// One request as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// What was announced.
    pub call: NewCall,
    /// When, ms.
    pub called_at: i64,
    /// The repository, by the name it had then.
    pub repo: Repo,
    /// Number of the pull request.
    pub number: u64,
    /// What counts.
    pub taken: Taken,
    /// How often it was sent without learning what that took.
    pub lost: u64,
    /// The model's words or why there are none; `None`: not settled, or too long ago.
    pub said: Option<Result<String, String>>,
    /// Whether its end is known.
    pub settled: bool,
}

/// See [`super::Store::announce_call`].
pub(super) async fn announce(
    database: &Database,
    lease: &Lease,
    pr: &PullRequest,
    call: &NewCall,
    may: &Decision<'_>,
) -> Result<Announced, StoreError> {
    let key = Key::of(pr)?;
    let mut writing = database.begin_for(lease, pr).await?;
    sqlx::query(
        "INSERT INTO spenders (repo, calls) VALUES ($1, 1) \
         ON CONFLICT (repo) DO UPDATE SET calls = spenders.calls + 1",
    )
    .bind(key.repo)
    .execute(writing.connection())
    .await?;
    let so_far = so_far(&mut writing, key, &call.job).await?;
    if let Err(why) = may(&so_far) {
        return Ok(Announced::Refused(why));
    }
    let id = insert(&mut writing, key, pr, call).await?;
    writing.commit().await?;
    Ok(Announced::Allowed(id))
}

async fn so_far(writing: &mut Writing<'_>, key: Key, job: &str) -> Result<SpentSoFar, StoreError> {
    let rows = writing
        .dialect
        .query(
            "SELECT 1 AS scope, CAST(COALESCE(SUM(input + output), 0) AS BIGINT) AS tokens, \
             CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS cost FROM calls WHERE job = $1 \
             UNION ALL SELECT 2, CAST(COALESCE(SUM(input + output), 0) AS BIGINT), \
             CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM calls WHERE repo = $2 AND number = $3 \
             UNION ALL SELECT 3, CAST(COALESCE(SUM(input + output), 0) AS BIGINT), \
             CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM calls \
             WHERE repo = $2 AND called_at >= {now} / $4 * $4 ORDER BY scope",
        )
        .bind(job)
        .bind(key.repo)
        .bind(key.number)
        .bind(DAY)
        .fetch_all(writing.connection())
        .await?;
    let mut so_far = SpentSoFar::default();
    let scopes = [&mut so_far.round, &mut so_far.pull, &mut so_far.day];
    for (scope, row) in scopes.into_iter().zip(&rows) {
        *scope = Spent {
            tokens: from_column(row.try_get("tokens")?, "a sum of tokens")?,
            cost: from_column(row.try_get("cost")?, "a sum of money")?,
        };
    }
    Ok(so_far)
}

async fn insert(
    writing: &mut Writing<'_>,
    key: Key,
    pr: &PullRequest,
    call: &NewCall,
) -> Result<i64, StoreError> {
    let most = columns(call.at_most)?;
    let row = writing
        .dialect
        .query(
            "INSERT INTO calls (job, called_at, repo, owner, name, number, path, persona, model, request, is_question, \
             most_input, most_output, most_cost, input, cached, cache_writes, output, cost) \
             VALUES ($1, {now}, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $11, 0, 0, $12, $13) RETURNING id",
        )
        .bind(call.job.as_str())
        .bind(key.repo)
        .bind(pr.repo.owner.as_str())
        .bind(pr.repo.name.as_str())
        .bind(key.number)
        .bind(call.path.as_str())
        .bind(call.persona.as_str())
        .bind(call.model.as_str())
        .bind(call.request.as_str())
        .bind(i64::from(call.is_question))
        .bind(most.input)
        .bind(most.output)
        .bind(most.cost)
        .fetch_one(writing.connection())
        .await?;
    Ok(row.try_get(0)?)
}

/// See [`super::Store::settle_call`].
pub(super) async fn settle(
    database: &Database,
    call: i64,
    end: &CallEnd,
) -> Result<(), StoreError> {
    let taken = columns(end.taken)?;
    let (words, failed) = match &end.said {
        Ok(words) => (words, 0_i64),
        Err(why) => (why, 1),
    };
    let mut writing = database.begin().await?;
    sqlx::query(
        "UPDATE calls SET input = $2, cached = $3, cache_writes = $4, output = $5, cost = $6, lost = $7, said = $8, \
         failed = $9, settled = 1 WHERE id = $1 AND settled = 0",
    )
    .bind(call)
    .bind(taken.input)
    .bind(taken.cached)
    .bind(taken.cache_writes)
    .bind(taken.output)
    .bind(taken.cost)
    .bind(to_column(end.lost.min(MOST_TOKENS), "a number of tries")?)
    .bind(beginning(words))
    .bind(failed)
    .execute(writing.connection())
    .await?;
    writing.commit().await
}

/// The first [`MOST_WORDS`] bytes, whole characters.
fn beginning(words: &str) -> &str {
    let mut end = words.len().min(MOST_WORDS);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    &words[..end]
}

/// Figures as the database keeps them.
struct Columns {
    input: i64,
    cached: i64,
    cache_writes: i64,
    output: i64,
    cost: Option<i64>,
}

fn columns(taken: Taken) -> Result<Columns, StoreError> {
    let tokens = |count: u64| to_column(count.min(MOST_TOKENS), "a number of tokens");
    let cost = taken.cost.map(|cost| cost.min(MOST_COST));
    Ok(Columns {
        input: tokens(taken.input)?,
        cached: tokens(taken.cached)?,
        cache_writes: tokens(taken.cache_writes)?,
        output: tokens(taken.output)?,
        cost: cost.map(|cost| to_column(cost, "an amount")).transpose()?,
    })
}

/// Adds up the requests that a condition chooses; `$1` is [`DAY`].
macro_rules! added_up {
    ($condition:literal) => {
        concat!(
            "SELECT repo, owner, name, number, persona, model, called_at / $1 AS day, COUNT(*) AS calls, ",
            "CAST(SUM(1 - settled) AS BIGINT) AS unsettled, ",
            "CAST(SUM(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unpriced, ",
            "CAST(SUM(CASE WHEN lost > 0 THEN 1 ELSE 0 END) AS BIGINT) AS lost, ",
            "CAST(SUM(input) AS BIGINT) AS input, CAST(SUM(cached) AS BIGINT) AS cached, ",
            "CAST(SUM(cache_writes) AS BIGINT) AS cache_writes, CAST(SUM(output) AS BIGINT) AS output, ",
            "CAST(SUM(cost) AS BIGINT) AS cost FROM calls WHERE ",
            $condition,
            " GROUP BY repo, owner, name, number, persona, model, called_at / $1 ",
            "ORDER BY day, repo, number, persona, model"
        )
    };
}

/// See [`super::Store::spent_on`].
pub(super) async fn spent_on(
    database: &Database,
    pr: &PullRequest,
) -> Result<Vec<Spending>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(added_up!("repo = $2 AND number = $3"))
        .bind(DAY)
        .bind(key.repo)
        .bind(key.number)
        .fetch_all(database.readers())
        .await?;
    rows.iter().map(read_spending).collect()
}

/// See [`super::Store::spent_since`].
pub(super) async fn spent_since(
    database: &Database,
    since: i64,
) -> Result<Vec<Spending>, StoreError> {
    let rows = sqlx::query(added_up!("called_at >= $2"))
        .bind(DAY)
        .bind(since)
        .fetch_all(database.readers())
        .await?;
    rows.iter().map(read_spending).collect()
}

fn read_spending(row: &AnyRow) -> Result<Spending, StoreError> {
    let count = |column: &str| from_column(row.try_get(column)?, "a number of requests");
    Ok(Spending {
        repo: read_repo(row)?,
        number: from_column(row.try_get("number")?, "a pull request number")?,
        persona: row.try_get("persona")?,
        model: row.try_get("model")?,
        day: row.try_get("day")?,
        calls: count("calls")?,
        unsettled: count("unsettled")?,
        unpriced: count("unpriced")?,
        lost: count("lost")?,
        taken: read_taken(row)?,
    })
}

fn read_repo(row: &AnyRow) -> Result<Repo, StoreError> {
    Ok(Repo {
        id: from_column(row.try_get("repo")?, "a repository id")?,
        owner: row.try_get("owner")?,
        name: row.try_get("name")?,
    })
}

fn read_taken(row: &AnyRow) -> Result<Taken, StoreError> {
    let tokens = |column: &str| from_column(row.try_get(column)?, "a number of tokens");
    let cost: Option<i64> = row.try_get("cost")?;
    Ok(Taken {
        input: tokens("input")?,
        cached: tokens("cached")?,
        cache_writes: tokens("cache_writes")?,
        output: tokens("output")?,
        cost: cost
            .map(|cost| from_column(cost, "an amount"))
            .transpose()?,
    })
}

/// See [`super::Store::calls_of`].
pub(super) async fn calls_of(
    database: &Database,
    job: &str,
) -> Result<Vec<CallRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT job, called_at, repo, owner, name, number, path, persona, model, request, is_question, most_input, \
         most_output, most_cost, input, cached, cache_writes, output, cost, lost, said, failed, settled FROM calls \
         WHERE job = $1 ORDER BY id",
    )
    .bind(job)
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read_call).collect()
}

fn read_call(row: &AnyRow) -> Result<CallRecord, StoreError> {
    let flag = |column: &str| Ok::<bool, StoreError>(row.try_get::<i64, _>(column)? != 0);
    let said: Option<String> = row.try_get("said")?;
    let failed = flag("failed")?;
    let most_cost: Option<i64> = row.try_get("most_cost")?;
    Ok(CallRecord {
        call: NewCall {
            job: row.try_get("job")?,
            path: row.try_get("path")?,
            persona: row.try_get("persona")?,
            model: row.try_get("model")?,
            request: row.try_get("request")?,
            is_question: flag("is_question")?,
            at_most: Taken {
                input: from_column(row.try_get("most_input")?, "a number of tokens")?,
                output: from_column(row.try_get("most_output")?, "a number of tokens")?,
                cost: most_cost
                    .map(|cost| from_column(cost, "an amount"))
                    .transpose()?,
                ..Taken::default()
            },
        },
        called_at: row.try_get("called_at")?,
        repo: read_repo(row)?,
        number: from_column(row.try_get("number")?, "a pull request number")?,
        taken: read_taken(row)?,
        lost: from_column(row.try_get("lost")?, "a number of tries")?,
        said: said.map(|words| if failed { Err(words) } else { Ok(words) }),
        settled: flag("settled")?,
    })
}

/// Deletes words that are old, at most so many rows.
pub(super) async fn forget_words(writing: &mut Writing<'_>, most: u64) -> Result<u64, StoreError> {
    let forgotten = writing
        .dialect
        .query(
            "UPDATE calls SET said = NULL WHERE id IN (SELECT id FROM calls \
             WHERE said IS NOT NULL AND called_at < {now} - $1 ORDER BY called_at LIMIT $2)",
        )
        .bind(millis(KEEP_WORDS))
        .bind(to_column(most, "batch")?)
        .execute(writing.connection())
        .await?;
    Ok(forgotten.rows_affected())
}
