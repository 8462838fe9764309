//! Intake: deliveries that arrive at the same time share one durable commit, because the sync to disk is what a
//! commit costs.

use super::queue::millis;
use super::sql::{Database, Writing, to_column};
use super::{Delivery, Enqueued, NewJob, StoreError};
use crate::ids::PullRequest;
use sqlx::Row;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Deliveries in one commit, at most.
const BATCH: usize = 128;
/// Bytes of bodies after which a commit takes no more, so that small deliveries do not wait long behind huge ones.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// The way in. One task behind it writes; it ends when the intake is dropped.
#[derive(Debug)]
pub(super) struct Intake {
    queue: mpsc::Sender<Member>,
}

/// One delivery on its way into a batch.
#[derive(Debug)]
struct Member {
    delivery: Delivery,
    job: Option<JobRow>,
    answer: oneshot::Sender<Result<Enqueued, StoreError>>,
}

/// A new job as the table holds it.
#[derive(Debug)]
struct JobRow {
    lane: String,
    installation: i64,
    repo: i64,
    owner: String,
    name: String,
    number: i64,
    event: String,
    /// Milliseconds until a new job is ready; `None`: at once, and so is one that waits for its turn only.
    delay: Option<i64>,
}

impl Intake {
    /// Starts the writing task on the current runtime.
    pub(super) fn start(database: Arc<Database>) -> Self {
        let (queue, waiting) = mpsc::channel(BATCH);
        tokio::spawn(write_batches(database, waiting));
        Self { queue }
    }

    /// Hands a delivery in and waits until it is durable or refused.
    pub(super) async fn enqueue(
        &self,
        delivery: Delivery,
        job: Option<NewJob>,
        delay: Option<Duration>,
    ) -> Result<Enqueued, StoreError> {
        let job = job.map(|job| JobRow::new(job, delay)).transpose()?;
        let (answer, outcome) = oneshot::channel();
        let member = Member {
            delivery,
            job,
            answer,
        };
        self.queue.send(member).await.map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())?
    }
}

fn stopped() -> StoreError {
    StoreError::Database("the intake has stopped; restart the process".to_owned())
}

impl JobRow {
    fn new(job: NewJob, delay: Option<Duration>) -> Result<Self, StoreError> {
        Ok(Self {
            lane: job.pr.lane(),
            installation: to_column(job.pr.installation, "installation")?,
            repo: to_column(job.pr.repo.id, "repository")?,
            number: to_column(job.pr.number, "pull request")?,
            owner: job.pr.repo.owner,
            name: job.pr.repo.name,
            event: job.event,
            delay: delay.map(millis),
        })
    }
}

/// Writes what waits, batch after batch. While one commit syncs, the next batch gathers.
async fn write_batches(database: Arc<Database>, mut waiting: mpsc::Receiver<Member>) {
    while let Some(first) = waiting.recv().await {
        let batch = gather(first, &mut waiting);
        match store(&database, &batch).await {
            Ok(outcomes) => {
                for (member, outcome) in batch.into_iter().zip(outcomes) {
                    tell(member, Ok(outcome));
                }
            }
            Err(_) if batch.len() > 1 => store_one_by_one(&database, batch).await,
            Err(error) => {
                for member in batch {
                    tell(member, Err(error.clone()));
                }
            }
        }
    }
}

/// The first member and those already waiting behind it, within the limits.
fn gather(first: Member, waiting: &mut mpsc::Receiver<Member>) -> Vec<Member> {
    let mut bytes = first.delivery.body.len();
    let mut batch = vec![first];
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Ok(member) = waiting.try_recv() else {
            break;
        };
        bytes += member.delivery.body.len();
        batch.push(member);
    }
    batch
}

/// After a refused batch: each member alone, so that one that the database cannot take does not refuse the others.
/// Two refusals in a row mean that the database is at fault, and the rest is refused without waiting for it again.
async fn store_one_by_one(database: &Database, batch: Vec<Member>) {
    let mut refusals: Vec<StoreError> = Vec::new();
    for member in batch {
        let outcome = match refusals.as_slice() {
            [_, .., last] => Err(last.clone()),
            _ => store_alone(database, &member).await,
        };
        match &outcome {
            Ok(_) => refusals.clear(),
            Err(error) => refusals.push(error.clone()),
        }
        tell(member, outcome);
    }
}

async fn store_alone(database: &Database, member: &Member) -> Result<Enqueued, StoreError> {
    let mut writing = database.begin().await?;
    let outcome = store_member(&mut writing, member).await?;
    writing.commit().await?;
    Ok(outcome)
}

/// Answers a caller. One that no longer listens (its connection broke) gets a duplicate's answer when GitHub
/// delivers again.
fn tell(member: Member, outcome: Result<Enqueued, StoreError>) {
    member.answer.send(outcome).ok();
}

/// Stores all members in one transaction; one outcome for each, in order.
async fn store(database: &Database, batch: &[Member]) -> Result<Vec<Enqueued>, StoreError> {
    let mut writing = database.begin().await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for member in batch {
        outcomes.push(store_member(&mut writing, member).await?);
    }
    writing.commit().await?;
    Ok(outcomes)
}

async fn store_member(writing: &mut Writing<'_>, member: &Member) -> Result<Enqueued, StoreError> {
    if !store_delivery(writing, &member.delivery).await? {
        return Ok(Enqueued::Duplicate);
    }
    match &member.job {
        Some(job) => store_event(writing, &member.delivery.guid, job).await,
        None => Ok(Enqueued::NoJob),
    }
}

/// `false`: its guid was known.
async fn store_delivery(
    writing: &mut Writing<'_>,
    delivery: &Delivery,
) -> Result<bool, StoreError> {
    let done = writing
        .dialect
        .query(
            "INSERT INTO deliveries (guid, event, body, received_at) VALUES ($1, $2, $3, {now}) \
             ON CONFLICT (guid) DO NOTHING",
        )
        .bind(delivery.guid.as_str())
        .bind(delivery.event.as_str())
        .bind(delivery.body.as_slice())
        .execute(writing.connection())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Carries out [`super::Change::Later`].
pub(super) async fn put_later(
    writing: &mut Writing<'_>,
    pr: &PullRequest,
    (guid, event): (&str, &str),
    delay: Duration,
) -> Result<(), StoreError> {
    let job = NewJob {
        pr: pr.clone(),
        event: event.to_owned(),
    };
    let job = JobRow::new(job, Some(delay))?;
    sqlx::query(
        "DELETE FROM job_events WHERE guid = $1 AND job IN (SELECT id FROM jobs WHERE lane = $2 AND state <> 'parked')",
    )
    .bind(guid)
    .bind(job.lane.as_str())
    .execute(writing.connection())
    .await?;
    // What waited for nothing else is not to be ready at the earlier time.
    sqlx::query(
        "DELETE FROM jobs WHERE lane = $1 AND state = 'waiting' \
         AND NOT EXISTS (SELECT 1 FROM job_events e WHERE e.job = jobs.id)",
    )
    .bind(job.lane.as_str())
    .execute(writing.connection())
    .await?;
    writing
        .dialect
        .query(
            "INSERT INTO deliveries (guid, event, body, received_at) VALUES ($1, 'later', $2, {now}) \
             ON CONFLICT (guid) DO UPDATE SET received_at = excluded.received_at",
        )
        .bind(guid)
        .bind(&[] as &[u8])
        .execute(writing.connection())
        .await?;
    store_event(writing, guid, &job).await?;
    Ok(())
}

/// Gives the event to the waiting job of its lane, which is made if there is none. The newest delivery knows best
/// what the repository is called.
async fn store_event(
    writing: &mut Writing<'_>,
    guid: &str,
    job: &JobRow,
) -> Result<Enqueued, StoreError> {
    let public_id = Uuid::new_v4().to_string();
    let row = writing
        .dialect
        .query(
            "INSERT INTO jobs (public_id, lane, installation, repo, owner, name, number, state, run_at, paced) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', {now} + $8, $9) \
             ON CONFLICT (lane) WHERE state = 'waiting' DO UPDATE \
             SET installation = excluded.installation, owner = excluded.owner, name = excluded.name, \
             run_at = CASE WHEN jobs.paced = 1 AND excluded.run_at < jobs.run_at THEN excluded.run_at \
             ELSE jobs.run_at END, \
             paced = CASE WHEN excluded.paced = 0 THEN 0 ELSE jobs.paced END \
             RETURNING id, public_id",
        )
        .bind(public_id.as_str())
        .bind(job.lane.as_str())
        .bind(job.installation)
        .bind(job.repo)
        .bind(job.owner.as_str())
        .bind(job.name.as_str())
        .bind(job.number)
        .bind(job.delay.unwrap_or(0))
        .bind(i64::from(job.delay.is_some()))
        .fetch_one(writing.connection())
        .await?;
    let (id, stored_id): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
    sqlx::query("INSERT INTO job_events (job, guid, event) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(guid)
        .bind(job.event.as_str())
        .execute(writing.connection())
        .await?;
    Ok(if stored_id == public_id {
        Enqueued::New
    } else {
        Enqueued::Absorbed
    })
}
