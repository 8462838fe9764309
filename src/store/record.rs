//! The record of a pull request. Its rows are found by repository id and number, which survive renames.

use super::sql::{Database, Writing, from_column, to_column};
use super::{
    BlockRecord, BlockState, Change, DiscussionRecord, HumanVote, PrRecord, Receipt, StoreError,
    acts, drops, effect, elsewhere, intake, rounds, siblings,
};
use crate::ids::PullRequest;
use sqlx::Row;
use sqlx::any::AnyRow;

/// What finds the rows of a pull request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// Numeric repository id.
    pub(super) repo: i64,
    /// Number within the repository.
    pub(super) number: i64,
}

impl Key {
    /// The key of a pull request.
    pub(super) fn of(pr: &PullRequest) -> Result<Self, StoreError> {
        Ok(Self {
            repo: to_column(pr.repo.id, "repository")?,
            number: to_column(pr.number, "pull request")?,
        })
    }
}

/// Carries out one change inside a transaction whose lease was checked.
pub(super) async fn apply(
    writing: &mut Writing<'_>,
    pr: &PullRequest,
    change: &Change,
) -> Result<(), StoreError> {
    let key = Key::of(pr)?;
    match change {
        Change::Pr(record) => put_pr(writing, key, record).await,
        Change::Discussion(record) => put_discussion(writing, key, record).await,
        Change::Blocks(blocks) => add_blocks(writing, key, blocks).await,
        Change::Signed { path, receipts } => sign_blocks(writing, key, path, receipts).await,
        Change::Written(blocks) => mark_written(writing, key, blocks).await,
        Change::Posted { blocks, review } => mark_posted(writing, key, blocks, review).await,
        Change::HumanVote(vote) => add_human_vote(writing, key, vote).await,
        Change::VoidVotes { source, reason } => void_votes(writing, key, source, reason).await,
        Change::Beginnings { path, proposals } => {
            elsewhere::put_beginnings(writing, key, path, proposals).await
        }
        Change::Drop(drop) => drops::add(writing, key, drop).await,
        Change::EndDrops { path, why } => drops::end(writing, key, path, why).await,
        Change::Act(act) => acts::add(writing, key, act).await,
        Change::Round {
            job,
            path,
            attempt,
            round,
        } => rounds::keep(writing, pr, job, (path, *attempt), round).await,
        Change::RoundVerdict { job, path, verdict } => {
            rounds::conclude(writing, job, path, verdict).await
        }
        Change::OwnVerdict(verdict) => siblings::put(writing, key, verdict.as_ref()).await,
        Change::Later { guid, event, delay } => {
            intake::put_later(writing, pr, (guid, event), *delay).await
        }
        Change::Intend(effect) => effect::intend(writing, key, effect).await,
        Change::EffectDone {
            key: effect,
            result,
        } => effect::done(writing, key, effect, result).await,
    }
}

// --- the pull request itself

/// See [`super::Store::pr`].
pub(super) async fn pr(database: &Database, pr: &PullRequest) -> Result<PrRecord, StoreError> {
    let key = Key::of(pr)?;
    let row = sqlx::query(
        "SELECT checked_head, conclusion, check_name, base, seen, seen_at FROM pulls WHERE repo = $1 AND number = $2",
    )
    .bind(key.repo)
    .bind(key.number)
    .fetch_optional(database.readers())
    .await?;
    row.as_ref().map_or(Ok(PrRecord::default()), read_pr)
}

/// The record in a row of `pulls`.
pub(super) fn read_pr(row: &AnyRow) -> Result<PrRecord, StoreError> {
    Ok(PrRecord {
        checked_head: row.try_get("checked_head")?,
        conclusion: row.try_get("conclusion")?,
        check: row.try_get("check_name")?,
        base: row.try_get("base")?,
        seen: row.try_get("seen")?,
        seen_at: row.try_get("seen_at")?,
    })
}

async fn put_pr(writing: &mut Writing<'_>, key: Key, record: &PrRecord) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pulls (repo, number, checked_head, conclusion, check_name, base, seen, seen_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (repo, number) DO UPDATE SET checked_head = excluded.checked_head, \
         conclusion = excluded.conclusion, check_name = excluded.check_name, base = excluded.base, \
         seen = excluded.seen, seen_at = excluded.seen_at",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(record.checked_head.as_str())
    .bind(record.conclusion.as_str())
    .bind(record.check.as_str())
    .bind(record.base.as_str())
    .bind(record.seen.as_str())
    .bind(record.seen_at)
    .execute(writing.connection())
    .await?;
    Ok(())
}

// --- discussions

/// See [`super::Store::discussions`].
pub(super) async fn discussions(
    database: &Database,
    pr: &PullRequest,
) -> Result<Vec<DiscussionRecord>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(
        "SELECT path, phase, proposal, subject, rounds, published, subject_of, chains, restored, reset_by, closed, status \
         FROM discussions \
         WHERE repo = $1 AND number = $2 ORDER BY path",
    )
    .bind(key.repo)
    .bind(key.number)
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read_discussion).collect()
}

fn read_discussion(row: &AnyRow) -> Result<DiscussionRecord, StoreError> {
    let path: String = row.try_get("path")?;
    let published: String = row.try_get("published")?;
    let published = serde_json::from_str(&published)
        .map_err(|error| StoreError::Corrupt(format!("published subjects of {path}: {error}")))?;
    let chains: String = row.try_get("chains")?;
    let chains = serde_json::from_str(&chains)
        .map_err(|error| StoreError::Corrupt(format!("chains of {path}: {error}")))?;
    let subject_of: String = row.try_get("subject_of")?;
    let subject_of = serde_json::from_str(&subject_of)
        .map_err(|error| StoreError::Corrupt(format!("subjects of ballots of {path}: {error}")))?;
    Ok(DiscussionRecord {
        path,
        phase: row.try_get("phase")?,
        proposal: row.try_get("proposal")?,
        subject: row.try_get("subject")?,
        rounds: from_column(row.try_get("rounds")?, "a number of rounds")?,
        published,
        chains,
        restored: from_column(row.try_get("restored")?, "a number of restorations")?,
        reset_by: row.try_get("reset_by")?,
        subject_of,
        closed: row.try_get("closed")?,
        status: row.try_get("status")?,
    })
}

async fn put_discussion(
    writing: &mut Writing<'_>,
    key: Key,
    record: &DiscussionRecord,
) -> Result<(), StoreError> {
    let unwritable = |error: serde_json::Error| StoreError::Database(error.to_string());
    let published = serde_json::to_string(&record.published).map_err(unwritable)?;
    let subject_of = serde_json::to_string(&record.subject_of).map_err(unwritable)?;
    let chains = serde_json::to_string(&record.chains).map_err(unwritable)?;
    sqlx::query(
        "INSERT INTO discussions (repo, number, path, phase, proposal, subject, rounds, published, chains, restored, \
         reset_by, subject_of, closed, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT (repo, number, path) DO UPDATE \
         SET phase = excluded.phase, proposal = excluded.proposal, subject = excluded.subject, \
         rounds = excluded.rounds, published = excluded.published, chains = excluded.chains, \
         restored = excluded.restored, reset_by = excluded.reset_by, subject_of = excluded.subject_of, \
         closed = excluded.closed, status = excluded.status",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(record.path.as_str())
    .bind(record.phase.as_str())
    .bind(record.proposal.as_str())
    .bind(record.subject.as_str())
    .bind(i64::from(record.rounds))
    .bind(published)
    .bind(chains)
    .bind(i64::from(record.restored))
    .bind(record.reset_by.as_deref())
    .bind(subject_of)
    .bind(record.closed.as_str())
    .bind(record.status.as_str())
    .execute(writing.connection())
    .await?;
    Ok(())
}

// --- blocks

/// See [`super::Store::blocks`].
pub(super) async fn blocks(
    database: &Database,
    pr: &PullRequest,
) -> Result<Vec<BlockRecord>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(
        "SELECT path, seq, alias, vote, subject, hash, text, question, model, persona, job, base, anchors, state, \
         review, did, receipt, receipt_seq FROM blocks \
         WHERE repo = $1 AND number = $2 ORDER BY path, seq",
    )
    .bind(key.repo)
    .bind(key.number)
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read_block).collect()
}

fn read_block(row: &AnyRow) -> Result<BlockRecord, StoreError> {
    let state: String = row.try_get("state")?;
    let anchors: String = row.try_get("anchors")?;
    let anchors = serde_json::from_str(&anchors)
        .map_err(|error| StoreError::Corrupt(format!("anchors of a block: {error}")))?;
    let token: Option<String> = row.try_get("receipt")?;
    let seq: Option<i64> = row.try_get("receipt_seq")?;
    let receipt = match (token, seq) {
        (Some(token), Some(seq)) => Some(Receipt {
            seq: from_column(seq, "the place of a receipt")?,
            token,
        }),
        _ => None,
    };
    Ok(BlockRecord {
        did: row.try_get("did")?,
        receipt,
        path: row.try_get("path")?,
        seq: row.try_get("seq")?,
        alias: row.try_get("alias")?,
        vote: row.try_get("vote")?,
        subject: row.try_get("subject")?,
        hash: row.try_get("hash")?,
        text: row.try_get("text")?,
        question: row.try_get("question")?,
        model: row.try_get("model")?,
        persona: row.try_get("persona")?,
        job: row.try_get("job")?,
        base: row.try_get("base")?,
        anchors,
        review: row.try_get("review")?,
        state: match state.as_str() {
            "pending" => BlockState::Pending,
            "written" => BlockState::Written,
            "posted" => BlockState::Posted,
            other => return Err(StoreError::Corrupt(format!("block state `{other}`"))),
        },
    })
}

async fn add_blocks(
    writing: &mut Writing<'_>,
    key: Key,
    blocks: &[BlockRecord],
) -> Result<(), StoreError> {
    for block in blocks {
        let anchors = serde_json::to_string(&block.anchors)
            .map_err(|error| StoreError::Database(error.to_string()))?;
        sqlx::query(
            "INSERT INTO blocks (repo, number, path, seq, alias, vote, subject, hash, text, question, model, persona, \
             job, base, anchors, did, receipt, receipt_seq, state) VALUES ($1, $2, $3, \
             (SELECT COALESCE(MAX(seq), 0) + 1 FROM blocks WHERE repo = $1 AND number = $2 AND path = $3), \
             $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'pending') ON CONFLICT (repo, number, path, hash) DO NOTHING",
        )
        .bind(key.repo)
        .bind(key.number)
        .bind(block.path.as_str())
        .bind(block.alias.as_str())
        .bind(block.vote.as_deref())
        .bind(block.subject.as_str())
        .bind(block.hash.as_str())
        .bind(block.text.as_str())
        .bind(block.question.as_deref())
        .bind(block.model.as_str())
        .bind(block.persona.as_str())
        .bind(block.job.as_str())
        .bind(block.base.as_str())
        .bind(anchors)
        .bind(block.did.as_str())
        .bind(block.receipt.as_ref().map(|receipt| receipt.token.as_str()))
        .bind(seq_column(block.receipt.as_ref())?)
        .execute(writing.connection())
        .await?;
    }
    Ok(())
}

fn seq_column(receipt: Option<&Receipt>) -> Result<Option<i64>, StoreError> {
    receipt
        .map(|receipt| to_column(receipt.seq, "the place of a receipt"))
        .transpose()
}

async fn sign_blocks(
    writing: &mut Writing<'_>,
    key: Key,
    path: &str,
    receipts: &[(String, Receipt)],
) -> Result<(), StoreError> {
    for (hash, receipt) in receipts {
        sqlx::query(
            "UPDATE blocks SET receipt = $5, receipt_seq = $6 \
             WHERE repo = $1 AND number = $2 AND path = $3 AND hash = $4 AND state = 'pending'",
        )
        .bind(key.repo)
        .bind(key.number)
        .bind(path)
        .bind(hash.as_str())
        .bind(receipt.token.as_str())
        .bind(seq_column(Some(receipt))?)
        .execute(writing.connection())
        .await?;
    }
    Ok(())
}

async fn mark_written(
    writing: &mut Writing<'_>,
    key: Key,
    blocks: &[(String, String)],
) -> Result<(), StoreError> {
    for (path, hash) in blocks {
        sqlx::query(
            "UPDATE blocks SET state = 'written', review = NULL WHERE repo = $1 AND number = $2 AND path = $3 AND hash = $4",
        )
        .bind(key.repo)
        .bind(key.number)
        .bind(path.as_str())
        .bind(hash.as_str())
        .execute(writing.connection())
        .await?;
    }
    Ok(())
}

async fn mark_posted(
    writing: &mut Writing<'_>,
    key: Key,
    blocks: &[(String, String)],
    review: &str,
) -> Result<(), StoreError> {
    for (path, hash) in blocks {
        sqlx::query(
            "UPDATE blocks SET state = 'posted', review = $5 \
             WHERE repo = $1 AND number = $2 AND path = $3 AND hash = $4 AND state = 'pending'",
        )
        .bind(key.repo)
        .bind(key.number)
        .bind(path.as_str())
        .bind(hash.as_str())
        .bind(review)
        .execute(writing.connection())
        .await?;
    }
    Ok(())
}

// --- people's votes

/// See [`super::Store::human_votes`].
pub(super) async fn human_votes(
    database: &Database,
    pr: &PullRequest,
) -> Result<Vec<HumanVote>, StoreError> {
    let key = Key::of(pr)?;
    let rows = sqlx::query(
        "SELECT path, account, login, vote, subject, proposal, reason, source, link, cast_at, void FROM human_votes \
         WHERE repo = $1 AND number = $2 ORDER BY cast_at, id",
    )
    .bind(key.repo)
    .bind(key.number)
    .fetch_all(database.readers())
    .await?;
    rows.iter().map(read_human_vote).collect()
}

/// A vote from a row with all its columns.
pub(super) fn read_human_vote(row: &AnyRow) -> Result<HumanVote, StoreError> {
    Ok(HumanVote {
        path: row.try_get("path")?,
        account: from_column(row.try_get("account")?, "an account id")?,
        login: row.try_get("login")?,
        vote: row.try_get("vote")?,
        subject: row.try_get("subject")?,
        proposal: row.try_get("proposal")?,
        reason: row.try_get("reason")?,
        source: row.try_get("source")?,
        link: row.try_get("link")?,
        cast_at: row.try_get("cast_at")?,
        void: row.try_get("void")?,
    })
}

async fn add_human_vote(
    writing: &mut Writing<'_>,
    key: Key,
    vote: &HumanVote,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO human_votes (repo, number, path, account, login, vote, subject, reason, source, link, cast_at, \
         void, proposal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (repo, number, path, source, vote) DO NOTHING",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(vote.path.as_str())
    .bind(to_column(vote.account, "account")?)
    .bind(vote.login.as_str())
    .bind(vote.vote.as_str())
    .bind(vote.subject.as_str())
    .bind(vote.reason.as_deref())
    .bind(vote.source.as_str())
    .bind(vote.link.as_str())
    .bind(vote.cast_at)
    .bind(vote.void.as_deref())
    .bind(vote.proposal.as_str())
    .execute(writing.connection())
    .await?;
    Ok(())
}

async fn void_votes(
    writing: &mut Writing<'_>,
    key: Key,
    source: &str,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE human_votes SET void = $4 WHERE repo = $1 AND number = $2 AND source = $3 AND void IS NULL",
    )
    .bind(key.repo)
    .bind(key.number)
    .bind(source)
    .bind(reason)
    .execute(writing.connection())
    .await?;
    Ok(())
}
