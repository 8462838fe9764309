//! The store port: deliveries, jobs and the App's record. The record is the truth for a pull request; files show it.
//!
//! Every write of a running job takes its [`Lease`] and is refused with [`StoreError::LeaseLost`] once another
//! worker holds the job (fencing). The clock is the database's. All times are milliseconds since the Unix epoch.
//!
//! [`SqlStore`] is the adapter. It keeps everything in one SQL database:
//!
//! * `intake` writes deliveries, many to one durable commit;
//! * `queue` hands jobs to workers: one running and one waiting for each pull request, which partial unique indexes
//!   enforce; `backlog` looks at the queue from outside;
//! * `recorded` is what the record holds, as values; `record` holds what the App knows of a pull request: discussions, blocks, votes; `drops` who let go of what had
//!   left it; `elsewhere` finds what other pull requests of the repository have to do with it;
//! * `calls` holds what requests to models may take and took; `rounds` what was shown and what came of it;
//! * `effect` holds what must not be bought or done twice: answers and writes to the forge;
//! * `blocked` holds what waits for GitHub to let the App in again;
//! * `unheard` tells what was told and not taken in yet;
//! * `survey` tells what is known of many pull requests at once, and which deliveries never came;
//! * `schema` holds the steps of the schema; `look` tells how far a database is, without touching it;
//! * `dialect` names the few words in which databases differ, `sqlite` all that is special about a database file.

mod acts;
mod backlog;
mod blocked;
mod calls;
mod dialect;
mod drops;
mod effect;
mod elsewhere;
mod intake;
mod look;
mod queue;
mod record;
mod recorded;
mod rounds;
mod schema;
mod siblings;
mod sql;
mod sqlite;
mod survey;
mod unheard;

pub use backlog::{Fate, JobState, QueuedJob};
pub use blocked::BlockedJobs;
pub use calls::{
    Announced, CallEnd, CallRecord, DAY, Decision, NewCall, Spending, Spent, SpentSoFar, Taken,
};
pub use effect::EffectRecord;
pub use elsewhere::VoteElsewhere;
pub use look::{Database as LookedAt, Looked, look};
pub use recorded::{
    ActRecord, ActVerb, BlockRecord, BlockState, Change, DiscussionRecord, DropRecord, HumanVote,
    PrRecord, Receipt,
};
pub use rounds::RoundRecord;
pub use siblings::OwnVerdict;
pub use sql::SqlStore;
pub use unheard::Unheard;

use crate::ids::PullRequest;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Errors of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another worker took the job over; stop at once and write nothing more.
    #[error("the lease on this job is lost")]
    LeaseLost,
    /// The database refused or is away; nothing was stored.
    #[error("database: {0}")]
    Database(String),
    /// A stored value does not read back: newer or damaged data.
    #[error("stored data: {0}")]
    Corrupt(String),
}

/// A delivery as received.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// Raw body, kept for replay.
    pub body: Vec<u8>,
}

/// Work to enqueue with a delivery.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The pull request.
    pub pr: PullRequest,
    /// One job event as JSON (`bot::job::JobEvent`); opaque here.
    pub event: String,
}

/// What became of an enqueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// Stored; a new job waits.
    New,
    /// Stored; a waiting job of the same pull request took the event in.
    Absorbed,
    /// The delivery was known; nothing changed.
    Duplicate,
    /// Stored, no job needed.
    NoJob,
}

/// The right to work on one pull request for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Job id.
    pub job: i64,
    /// Fencing token: grows with every claim of this job.
    pub token: i64,
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The lease to pass to every write.
    pub lease: Lease,
    /// Stable public id of the job (UUID), for trailers and logs.
    pub id: String,
    /// The pull request.
    pub pr: PullRequest,
    /// Its events in order of arrival.
    pub events: Vec<ClaimedEvent>,
    /// Tries so far, this one included. A worker that died counts as a try, one that released or postponed does not.
    pub attempt: u32,
}

/// One event of a claimed job.
#[derive(Debug, Clone)]
pub struct ClaimedEvent {
    /// Delivery it came with.
    pub guid: String,
    /// When it was stored, ms.
    pub received_at: i64,
    /// `bot::job::JobEvent` as JSON.
    pub event: String,
}

/// Whether a failed try goes back or is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Will run again after the delay.
    Again,
    /// Five tries are used up: listed, not run again until asked.
    Parked,
}

/// Durable state. All methods are short transactions; none stays open over a call to GitHub or a model.
#[async_trait]
pub trait Store: BlockedJobs {
    // --- intake
    /// Stores delivery and job in one durable transaction. The delivery's guid is unique. An answer means that the
    /// delivery survives a crash; after an error it must not be acknowledged, and can be handed in again. A waiting job
    /// that takes the event in keeps its time: quiet time and rate limits are not cut short.
    async fn enqueue(
        &self,
        delivery: Delivery,
        job: Option<NewJob>,
    ) -> Result<Enqueued, StoreError>;
    /// Like [`Store::enqueue`] for one of many jobs that nobody waits for: a new job is ready only after `delay`. Any
    /// other event of the pull request makes it ready at once.
    async fn enqueue_paced(
        &self,
        delivery: Delivery,
        job: NewJob,
        delay: Duration,
    ) -> Result<Enqueued, StoreError>;
    /// Of these deliveries those that never came in, except where they were asked for again already: `most` times, or
    /// less than `wait` ago after the first time, four times that after the second, and so on by squares.
    async fn never_came(
        &self,
        guids: &[String],
        wait: Duration,
        most: u32,
    ) -> Result<Vec<String>, StoreError>;
    /// Notes that a delivery was asked for again.
    async fn asked_again(&self, lease: &Lease, guid: &str) -> Result<(), StoreError>;

    // --- work
    /// Claims the oldest ready job whose pull request has no live lease, fair across installations that are not held:
    /// first the one with the fewest running jobs, then the one served longest ago. A job whose lease ran out counts as ready and is
    /// taken over. `None`: nothing is ready.
    async fn claim(&self, worker: &str, lease: Duration) -> Result<Option<Claimed>, StoreError>;
    /// The lease now ends after `by`, counted from now.
    async fn renew(&self, lease: &Lease, by: Duration) -> Result<(), StoreError>;
    /// Done: the job and its events leave the queue.
    async fn complete(&self, lease: &Lease) -> Result<(), StoreError>;
    /// Back to the queue after `delay` without counting as a try (quiet time, a turn to come). A waiting job of the same
    /// pull request is merged in.
    async fn postpone(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError> {
        self.set_aside(lease, delay, false).await
    }
    /// The same for a job that waits for a turn of its own and of nobody else: whatever comes in for the pull request
    /// meanwhile makes it ready.
    async fn step_aside(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError> {
        self.set_aside(lease, delay, true).await
    }
    /// Either of the two: `is_hurried` by what comes in.
    async fn set_aside(
        &self,
        lease: &Lease,
        delay: Duration,
        is_hurried: bool,
    ) -> Result<(), StoreError>;
    /// As [`Store::postpone`], and no job of its installation is claimed before that time, whatever comes in: GitHub limits it. A
    /// hold outlives the process; a shorter one does not cut a longer one short.
    async fn hold(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError>;
    /// A failed try: back with the delay, or parked after `max_attempts`. A waiting job of the same pull request is
    /// merged into a job that goes back; beside a parked job it stays, with tries of its own.
    async fn fail(
        &self,
        lease: &Lease,
        delay: Duration,
        max_attempts: u32,
        error: &str,
    ) -> Result<AfterFailure, StoreError>;
    /// Gives the job back untouched, ready at once (drain). A waiting job of the same pull request is merged in.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;
    /// All jobs, for an operator: parked ones, blocked ones, running ones, waiting ones; the newest parked one first,
    /// and the next one in line.
    async fn jobs(&self) -> Result<Vec<QueuedJob>, StoreError>;
    /// How many jobs wait or run.
    async fn backlog(&self) -> Result<u64, StoreError>;
    /// What was told about a pull request and is not in its running job: in one that is ready, or in one that was given
    /// up, which comes first.
    async fn unheard(&self, pr: &PullRequest) -> Result<Option<Unheard>, StoreError>;
    /// The events of a pull request that wait while its job runs, in the order in which they came.
    async fn waiting_events(&self, pr: &PullRequest) -> Result<Vec<ClaimedEvent>, StoreError>;
    /// Whether a job of a pull request runs or waits, ready or not: what it was told may change the verdict. Jobs that a
    /// sweep put in line are left out.
    async fn is_worked_on(&self, pr: &PullRequest) -> Result<bool, StoreError>;
    /// Takes the events of given-up jobs of this pull request over, in the order in which they came; they are given up
    /// with this job, or done with it. Gives all events of the job.
    async fn adopt_parked(
        &self,
        lease: &Lease,
        pr: &PullRequest,
    ) -> Result<Vec<ClaimedEvent>, StoreError>;
    /// How long until time alone makes a job claimable: a waiting job whose pull request is free becomes ready, or a
    /// lease runs out. Zero: now. `None`: the queue is empty but for parked jobs.
    async fn next_ready_in(&self) -> Result<Option<Duration>, StoreError>;
    /// Deletes deliveries older than seven days that no job needs, a bounded batch at a time, and what is known of
    /// asking for them again; says how many deliveries. The words of models and the rounds they were given in go after thirty days.
    async fn prune(&self) -> Result<u64, StoreError>;
    /// Cheap round trip for `/readyz`.
    async fn ping(&self) -> Result<(), StoreError>;
    /// The database's clock, ms.
    async fn now(&self) -> Result<i64, StoreError>;

    // --- the record of a pull request; reads need no lease
    /// Carries out several changes in order in one durable transaction: all of them or none. The lease must be on this
    /// pull request. Cheaper than the single methods below, which are one change each.
    async fn record(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        changes: &[Change],
    ) -> Result<(), StoreError>;

    /// The pull request's record; default if there is none.
    async fn pr(&self, pr: &PullRequest) -> Result<PrRecord, StoreError>;
    /// What is known of every pull request of a repository (its numeric id), open or not, by number.
    async fn pulls(&self, repo: u64) -> Result<Vec<(u64, PrRecord)>, StoreError>;
    /// Replaces it.
    async fn put_pr(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        record: &PrRecord,
    ) -> Result<(), StoreError> {
        self.record(lease, pr, &[Change::Pr(record.clone())]).await
    }
    /// Every discussion ever evaluated for the pull request.
    async fn discussions(&self, pr: &PullRequest) -> Result<Vec<DiscussionRecord>, StoreError>;
    /// Inserts or replaces one by path.
    async fn put_discussion(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        record: &DiscussionRecord,
    ) -> Result<(), StoreError> {
        self.record(lease, pr, &[Change::Discussion(record.clone())])
            .await
    }
    /// Recorded blocks, by path and seq.
    async fn blocks(&self, pr: &PullRequest) -> Result<Vec<BlockRecord>, StoreError>;
    /// Adds pending blocks in one transaction; a (path, hash) already there is left alone. `seq` is assigned.
    async fn add_blocks(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        blocks: &[BlockRecord],
    ) -> Result<(), StoreError> {
        self.record(lease, pr, &[Change::Blocks(blocks.to_vec())])
            .await
    }
    /// Marks blocks as written, by (path, hash). A pair that was never recorded is left alone.
    async fn mark_written(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        blocks: &[(String, String)],
    ) -> Result<(), StoreError> {
        self.record(lease, pr, &[Change::Written(blocks.to_vec())])
            .await
    }
    /// People's votes, oldest first by GitHub's clock.
    async fn human_votes(&self, pr: &PullRequest) -> Result<Vec<HumanVote>, StoreError>;
    /// People's votes in the same repository on any of these proposals, oldest first, void ones included: those of
    /// other pull requests and of this one. Left out are votes that their voter took back as a whole, by a later
    /// WITHDRAW on the same path of the same pull request.
    async fn votes_on(
        &self,
        pr: &PullRequest,
        proposals: &[String],
    ) -> Result<Vec<VoteElsewhere>, StoreError>;
    /// Subjects of the proposals that the files of the pull request begin with, by path, as last recorded.
    async fn beginnings(
        &self,
        pr: &PullRequest,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError>;
    /// Numbers of the other pull requests of the repository of which a file begins with a proposal that this
    /// account voted on in this one.
    async fn concerned_by_votes(
        &self,
        pr: &PullRequest,
        account: u64,
    ) -> Result<Vec<u64>, StoreError>;
    /// Texts of the blocks that were written under a path in other pull requests of the repository, with the number of
    /// the first of these.
    async fn blocks_elsewhere(
        &self,
        pr: &PullRequest,
        path: &str,
    ) -> Result<BTreeMap<String, u64>, StoreError>;
    /// Adds a vote; (path, source, vote) already there is left alone.
    async fn add_human_vote(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        vote: &HumanVote,
    ) -> Result<(), StoreError> {
        self.record(lease, pr, &[Change::HumanVote(vote.clone())])
            .await
    }
    /// Voids all standing votes of a source with that reason.
    async fn void_votes(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        source: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let (source, reason) = (source.to_owned(), reason.to_owned());
        self.record(lease, pr, &[Change::VoidVotes { source, reason }])
            .await
    }

    /// What pull requests of the repository come to by themselves, by number: this one, and all that were last
    /// evaluated at one of these heads.
    async fn own_verdicts(
        &self,
        pr: &PullRequest,
        heads: &[&str],
    ) -> Result<BTreeMap<u64, OwnVerdict>, StoreError>;

    /// Drops of discussions, oldest first, those that ended too.
    async fn drops(&self, pr: &PullRequest) -> Result<Vec<DropRecord>, StoreError>;
    /// What people did to discussions other than by votes, in the order recorded.
    async fn acts(&self, pr: &PullRequest) -> Result<Vec<ActRecord>, StoreError>;

    // --- answers: paid once
    /// A stored answer (JSON) by key.
    async fn answer(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// Stores an answer and gives back the one that is kept: the first one of a key stays. It takes no lease: what was
    /// paid for is kept, whoever has the job by then.
    async fn put_answer(&self, key: &str, answer: &str) -> Result<String, StoreError>;

    // --- requests to models: written down before they are made
    /// Announces a request, unless `may` refuses it by what was spent before: reading and writing are one transaction,
    /// and no other request of the repository is announced in between. The lease must be on this pull request.
    async fn announce_call(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        call: &NewCall,
        may: &Decision<'_>,
    ) -> Result<Announced, StoreError>;
    /// Notes how a request ended; only the first end counts. Needs no lease: what was taken is true whoever has the job
    /// by now. A request that is never settled took the most it could.
    async fn settle_call(&self, call: i64, end: &CallEnd) -> Result<(), StoreError>;
    /// What requests about a pull request took, by day, persona and model, oldest day first.
    async fn spent_on(&self, pr: &PullRequest) -> Result<Vec<Spending>, StoreError>;
    /// What all requests since a time (ms) took, by day, pull request, persona and model, oldest day first.
    async fn spent_since(&self, since: i64) -> Result<Vec<Spending>, StoreError>;
    /// The requests of a job by its public id, in order.
    async fn calls_of(&self, job: &str) -> Result<Vec<CallRecord>, StoreError>;
    /// The rounds of a job by its public id, by path; they are kept for thirty days.
    async fn rounds_of(&self, job: &str) -> Result<Vec<RoundRecord>, StoreError>;
    /// At most so many rounds of all jobs, newest first.
    async fn newest_rounds(&self, most: u32) -> Result<Vec<RoundRecord>, StoreError>;

    // --- effects: an intent before, a result after
    /// Whether an effect (by its own key, unique in the pull request) was already carried out; its result if so.
    async fn effect(&self, pr: &PullRequest, key: &str)
    -> Result<Option<EffectRecord>, StoreError>;
    /// Writes the intent (if new) before the call.
    async fn intend(&self, lease: &Lease, pr: &PullRequest, key: &str) -> Result<(), StoreError> {
        self.record(lease, pr, &[Change::Intend(key.to_owned())])
            .await
    }
    /// Writes the result after the call (or after the read-back found it); a later result replaces an earlier one.
    async fn effect_done(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        key: &str,
        result: &str,
    ) -> Result<(), StoreError> {
        let (key, result) = (key.to_owned(), result.to_owned());
        self.record(lease, pr, &[Change::EffectDone { key, result }])
            .await
    }
}
