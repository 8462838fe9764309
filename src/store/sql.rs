//! The store on one SQL database.

use super::dialect::{Dialect, SQLITE};
use super::intake::Intake;
use super::schema::{bring_up_to_date, refuse_other_schema};
use super::sqlite::{DatabaseFile, READERS, SETTINGS, WRITERS};
use super::{
    ActRecord, AfterFailure, Announced, BlockRecord, CallEnd, CallRecord, Change, Claimed,
    ClaimedEvent, Decision, Delivery, DiscussionRecord, DropRecord, EffectRecord, Enqueued, Fate,
    HumanVote, Lease, NewCall, NewJob, OwnVerdict, PrRecord, QueuedJob, RoundRecord, Spending,
    Store, StoreError, Unheard, VoteElsewhere, acts, backlog, calls, drops, effect, elsewhere,
    queue, record, rounds, siblings, survey, unheard,
};
use crate::ids::PullRequest;
use async_trait::async_trait;
use sqlx::any::{Any, AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Executor, Row, Transaction};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The store in a SQL database: an SQLite file that this process owns, or uses beside its owner.
///
/// A commit is durable when a method returns (write-ahead log, synced at each commit). Deliveries that arrive at the
/// same time share one commit.
#[derive(Debug)]
pub struct SqlStore {
    database: Arc<Database>,
    intake: Intake,
    file: DatabaseFile,
}

/// Connections and what they speak.
#[derive(Debug)]
pub(super) struct Database {
    /// The words of this database.
    pub(super) dialect: &'static Dialect,
    writers: AnyPool,
    readers: AnyPool,
    commits: AtomicU64,
}

/// A transaction that writes. Dropped without [`Writing::commit`], it leaves no trace.
pub(super) struct Writing<'d> {
    /// The words of this database.
    pub(super) dialect: &'static Dialect,
    transaction: Transaction<'static, Any>,
    commits: &'d AtomicU64,
}

impl SqlStore {
    /// Opens the database of a URL and brings its schema up to date. Needs a Tokio runtime.
    ///
    /// `sqlite://PATH` opens a file, `sqlite://PATH?mode=rwc` creates it if missing; `%XX` in the path are decoded.
    /// As no other process can own the file, jobs found running belong to a process that died, or to one beside its
    /// owner: their leases end here, and the next claims take them over.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the URL is not understood, the file cannot be created or written, or another
    /// process uses it; [`StoreError::Corrupt`] if it is no database or has the schema of a newer version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::connect(DatabaseFile::open(url)?).await
    }

    /// Like [`SqlStore::open`], but beside a process that has the database open already, for a short job by hand. Jobs
    /// of both are told apart by their leases. Where no process has it, this one becomes its owner.
    ///
    /// Should the owner be restarted meanwhile, the leases of this process end with it: its jobs are taken over, and
    /// its later writes are refused with [`StoreError::LeaseLost`].
    ///
    /// # Errors
    /// As [`SqlStore::open`]; also if the owner is of a version with another schema.
    pub async fn open_beside(url: &str) -> Result<Self, StoreError> {
        Self::connect(DatabaseFile::open_beside(url)?).await
    }

    /// Whether another process owns the database.
    pub fn is_beside(&self) -> bool {
        !self.file.is_owned()
    }

    /// What the store is on.
    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    async fn connect(file: DatabaseFile) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options = file.connect_options()?;
        if file.is_owned() {
            bring_up_to_date(&file, &options).await?;
        } else {
            refuse_other_schema(&file, &options).await?;
        }
        let database = Arc::new(Database {
            dialect: &SQLITE,
            writers: pool(WRITERS, &options).await?,
            readers: pool(READERS, &options).await?,
            commits: AtomicU64::new(0),
        });
        if file.is_owned() {
            queue::end_all_leases(&database).await?;
        }
        let intake = Intake::start(Arc::clone(&database));
        Ok(Self {
            database,
            intake,
            file,
        })
    }

    /// Durable transactions since the store was opened.
    pub fn commits(&self) -> u64 {
        self.database.commits.load(Ordering::Relaxed)
    }

    /// What became of the work that a delivery caused.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn fate(&self, guid: &str) -> Result<Fate, StoreError> {
        backlog::fate(&self.database, guid).await
    }

    /// Waits for transactions under way, closes the database and lets another process have it. Later calls fail.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the lock cannot be given up; it then ends with the process.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.database.writers.close().await;
        self.database.readers.close().await;
        self.file.unlock()
    }
}

async fn pool(size: u32, options: &AnyConnectOptions) -> Result<AnyPool, StoreError> {
    let pool = AnyPoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SETTINGS).await.map(drop) })
        })
        // A full disk makes SQLite roll back by itself, which the driver does not notice: it would refuse every
        // later transaction on that connection. The ping before this check has waited for the driver's own rollback.
        .test_before_acquire(true)
        .before_acquire(|connection, _| {
            let clean = !connection.is_in_transaction();
            Box::pin(async move { Ok(clean) })
        })
        .connect_with(options.clone())
        .await?;
    Ok(pool)
}

impl Database {
    /// Starts a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Writing<'_>, StoreError> {
        Ok(Writing {
            dialect: self.dialect,
            transaction: self.writers.begin_with(self.dialect.begin).await?,
            commits: &self.commits,
        })
    }

    /// Starts a transaction of a running job: refused unless the lease still holds, and is on `pr`.
    pub(super) async fn begin_for(
        &self,
        lease: &Lease,
        pr: &PullRequest,
    ) -> Result<Writing<'_>, StoreError> {
        let mut writing = self.begin().await?;
        let held = queue::held(&mut writing, lease).await?;
        if held.lane == pr.lane() {
            Ok(writing)
        } else {
            Err(StoreError::LeaseLost)
        }
    }

    /// Where to read.
    pub(super) fn readers(&self) -> &AnyPool {
        &self.readers
    }
}

impl Writing<'_> {
    /// The connection to write on.
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Makes it durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A value that does not read back is damaged data; all else is the database's refusal.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            other => Self::Database(other.to_string()),
        }
    }
}

/// A number of GitHub's as the database keeps it: its integers are signed.
pub(super) fn to_column(number: u64, what: &str) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| {
        StoreError::Database(format!(
            "{what} {number} is larger than a database integer ({})",
            i64::MAX
        ))
    })
}

/// The way back of [`to_column`].
pub(super) fn from_column<T: TryFrom<i64>>(number: i64, what: &str) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::Corrupt(format!("{what} is {number}")))
}

#[async_trait]
impl Store for SqlStore {
    async fn enqueue(
        &self,
        delivery: Delivery,
        job: Option<NewJob>,
    ) -> Result<Enqueued, StoreError> {
        self.intake.enqueue(delivery, job, None).await
    }

    async fn enqueue_paced(
        &self,
        delivery: Delivery,
        job: NewJob,
        delay: Duration,
    ) -> Result<Enqueued, StoreError> {
        let enqueued = self.intake.enqueue(delivery, Some(job), Some(delay));
        enqueued.await
    }

    async fn never_came(
        &self,
        guids: &[String],
        wait: Duration,
        most: u32,
    ) -> Result<Vec<String>, StoreError> {
        survey::never_came(&self.database, guids, wait, most).await
    }

    async fn asked_again(&self, lease: &Lease, guid: &str) -> Result<(), StoreError> {
        survey::asked_again(&self.database, lease, guid).await
    }

    async fn claim(&self, worker: &str, lease: Duration) -> Result<Option<Claimed>, StoreError> {
        queue::claim(&self.database, worker, lease).await
    }

    async fn renew(&self, lease: &Lease, by: Duration) -> Result<(), StoreError> {
        queue::renew(&self.database, lease, by).await
    }

    async fn complete(&self, lease: &Lease) -> Result<(), StoreError> {
        queue::complete(&self.database, lease).await
    }

    async fn set_aside(&self, lease: &Lease, by: Duration, hurry: bool) -> Result<(), StoreError> {
        queue::set_aside(&self.database, lease, by, hurry).await
    }
    async fn hold(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError> {
        queue::hold(&self.database, lease, delay).await
    }

    async fn fail(
        &self,
        lease: &Lease,
        delay: Duration,
        max_attempts: u32,
        error: &str,
    ) -> Result<AfterFailure, StoreError> {
        queue::fail(&self.database, lease, delay, max_attempts, error).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        queue::release(&self.database, lease).await
    }

    async fn jobs(&self) -> Result<Vec<QueuedJob>, StoreError> {
        backlog::jobs(&self.database).await
    }

    async fn backlog(&self) -> Result<u64, StoreError> {
        backlog::backlog(&self.database).await
    }

    async fn unheard(&self, pr: &PullRequest) -> Result<Option<Unheard>, StoreError> {
        unheard::unheard(&self.database, pr).await
    }

    async fn waiting_events(&self, pr: &PullRequest) -> Result<Vec<ClaimedEvent>, StoreError> {
        unheard::waiting_events(&self.database, pr).await
    }

    async fn is_worked_on(&self, pr: &PullRequest) -> Result<bool, StoreError> {
        unheard::is_worked_on(&self.database, pr).await
    }

    async fn adopt_parked(
        &self,
        lease: &Lease,
        pr: &PullRequest,
    ) -> Result<Vec<ClaimedEvent>, StoreError> {
        unheard::adopt_parked(&self.database, lease, pr).await
    }

    async fn next_ready_in(&self) -> Result<Option<Duration>, StoreError> {
        backlog::next_ready_in(&self.database).await
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        backlog::prune(&self.database).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.now().await.map(drop)
    }

    async fn now(&self) -> Result<i64, StoreError> {
        let row = self
            .database
            .dialect
            .query("SELECT {now}")
            .fetch_one(self.database.readers())
            .await?;
        Ok(row.try_get(0)?)
    }

    async fn record(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        let mut writing = self.database.begin_for(lease, pr).await?;
        for change in changes {
            record::apply(&mut writing, pr, change).await?;
        }
        writing.commit().await
    }

    async fn pr(&self, pr: &PullRequest) -> Result<PrRecord, StoreError> {
        record::pr(&self.database, pr).await
    }

    async fn pulls(&self, repo: u64) -> Result<Vec<(u64, PrRecord)>, StoreError> {
        survey::pulls(&self.database, repo).await
    }

    async fn discussions(&self, pr: &PullRequest) -> Result<Vec<DiscussionRecord>, StoreError> {
        record::discussions(&self.database, pr).await
    }

    async fn blocks(&self, pr: &PullRequest) -> Result<Vec<BlockRecord>, StoreError> {
        record::blocks(&self.database, pr).await
    }

    async fn human_votes(&self, pr: &PullRequest) -> Result<Vec<HumanVote>, StoreError> {
        record::human_votes(&self.database, pr).await
    }

    async fn votes_on(
        &self,
        pr: &PullRequest,
        proposals: &[String],
    ) -> Result<Vec<VoteElsewhere>, StoreError> {
        elsewhere::votes_on(&self.database, pr, proposals).await
    }

    async fn beginnings(
        &self,
        pr: &PullRequest,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        elsewhere::beginnings(&self.database, pr).await
    }

    async fn concerned_by_votes(
        &self,
        pr: &PullRequest,
        account: u64,
    ) -> Result<Vec<u64>, StoreError> {
        elsewhere::concerned_by_votes(&self.database, pr, account).await
    }

    async fn blocks_elsewhere(
        &self,
        pr: &PullRequest,
        path: &str,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        elsewhere::blocks_elsewhere(&self.database, pr, path).await
    }

    async fn own_verdicts(
        &self,
        pr: &PullRequest,
        heads: &[&str],
    ) -> Result<BTreeMap<u64, OwnVerdict>, StoreError> {
        siblings::own_verdicts(&self.database, pr, heads).await
    }

    async fn drops(&self, pr: &PullRequest) -> Result<Vec<DropRecord>, StoreError> {
        drops::drops(&self.database, pr).await
    }

    async fn acts(&self, pr: &PullRequest) -> Result<Vec<ActRecord>, StoreError> {
        acts::acts(&self.database, pr).await
    }

    async fn answer(&self, key: &str) -> Result<Option<String>, StoreError> {
        effect::answer(&self.database, key).await
    }

    async fn put_answer(&self, key: &str, answer: &str) -> Result<String, StoreError> {
        effect::put_answer(&self.database, key, answer).await
    }

    async fn announce_call(
        &self,
        lease: &Lease,
        pr: &PullRequest,
        call: &NewCall,
        may: &Decision<'_>,
    ) -> Result<Announced, StoreError> {
        calls::announce(&self.database, lease, pr, call, may).await
    }

    async fn settle_call(&self, call: i64, end: &CallEnd) -> Result<(), StoreError> {
        calls::settle(&self.database, call, end).await
    }

    async fn spent_on(&self, pr: &PullRequest) -> Result<Vec<Spending>, StoreError> {
        calls::spent_on(&self.database, pr).await
    }

    async fn spent_since(&self, since: i64) -> Result<Vec<Spending>, StoreError> {
        calls::spent_since(&self.database, since).await
    }

    async fn calls_of(&self, job: &str) -> Result<Vec<CallRecord>, StoreError> {
        calls::calls_of(&self.database, job).await
    }

    async fn rounds_of(&self, job: &str) -> Result<Vec<RoundRecord>, StoreError> {
        rounds::rounds_of(&self.database, job).await
    }

    async fn newest_rounds(&self, most: u32) -> Result<Vec<RoundRecord>, StoreError> {
        rounds::newest(&self.database, most).await
    }

    async fn effect(
        &self,
        pr: &PullRequest,
        key: &str,
    ) -> Result<Option<EffectRecord>, StoreError> {
        effect::effect(&self.database, pr, key).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_syncs_each_commit_and_checks_references() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/a.db?mode=rwc", folder.path().display());
        let store = SqlStore::open(&url).await.unwrap();
        for pool in [&store.database.writers, &store.database.readers] {
            for (setting, expected) in [
                ("PRAGMA synchronous", 2_i64),
                ("PRAGMA foreign_keys", 1),
                ("PRAGMA busy_timeout", 5000),
            ] {
                let row = sqlx::query(setting).fetch_one(pool).await.unwrap();
                let found: i64 = row.try_get(0).unwrap();
                assert_eq!(found, expected, "{setting}");
            }
        }
    }
}
