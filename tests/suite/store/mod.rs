//! The store on real SQLite files: what is acknowledged is kept, one job at a time for each pull request, and a
//! worker that lost its lease writes nothing.

mod calls;
mod intake;
mod kill;
mod opening;
mod paced;
mod queue;
mod record;

use discussions::ids::{PullRequest, Repo};
use discussions::store::{
    BlockRecord, BlockState, Change, Claimed, Delivery, DiscussionRecord, Enqueued, Fate,
    HumanVote, Lease, NewJob, PrRecord, SqlStore, Store, StoreError,
};
use sqlx::{AssertSqlSafe, Connection, Executor, Row, SqliteConnection};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// A lease nobody outlives in a test.
const LONG: Duration = Duration::from_secs(3600);
/// A lease that is over at once.
const SHORT: Duration = Duration::from_millis(1);
/// No waiting.
const NOW: Duration = Duration::ZERO;

/// A store in a folder of its own.
struct House {
    folder: TempDir,
    store: SqlStore,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&url(&file(folder.path()))).await.unwrap();
        Self { folder, store }
    }

    /// The database as another program sees it.
    async fn outside(&self) -> SqliteConnection {
        outside(&file(self.folder.path())).await
    }

    /// Changes the database behind the store's back.
    async fn meddle(&self, sql: &str) {
        let mut connection = self.outside().await;
        connection
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// One number, asked behind the store's back.
    async fn number(&self, sql: &str) -> i64 {
        let mut connection = self.outside().await;
        let row = connection
            .fetch_one(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap();
        row.get(0)
    }

    async fn restart(&mut self) {
        self.store.close().await.unwrap();
        self.store = SqlStore::open(&url(&file(self.folder.path())))
            .await
            .unwrap();
    }

    /// A delivery arrives for a pull request.
    async fn push(&self, pr: &PullRequest, guid: &str) -> Enqueued {
        push(&self.store, pr, guid).await.unwrap()
    }

    /// The next job, which must be ready.
    async fn claim(&self, lease: Duration) -> Claimed {
        self.store.claim("worker", lease).await.unwrap().unwrap()
    }

    /// The next job, as soon as time makes it ready.
    async fn claim_when_ready(&self, lease: Duration) -> Claimed {
        loop {
            if let Some(claimed) = self.store.claim("worker", lease).await.unwrap() {
                return claimed;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn nothing_ready(&self) -> bool {
        self.store.claim("worker", LONG).await.unwrap().is_none()
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("discussions.db")
}

fn url(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

async fn outside(file: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}?mode=rw", file.display());
    SqliteConnection::connect(&url).await.unwrap()
}

/// Pull request `number` of one repository, of installation 7.
fn pr(number: u64) -> PullRequest {
    pr_of(7, number)
}

fn pr_of(installation: u64, number: u64) -> PullRequest {
    PullRequest {
        installation,
        repo: Repo {
            id: installation * 100,
            owner: "acme".into(),
            name: "cache".into(),
        },
        number,
    }
}

fn delivery(guid: &str) -> Delivery {
    Delivery {
        guid: guid.into(),
        event: "pull_request".into(),
        body: format!("body of {guid}").into_bytes(),
    }
}

async fn push(store: &SqlStore, pr: &PullRequest, guid: &str) -> Result<Enqueued, StoreError> {
    let event = format!("event of {guid}");
    let job = NewJob {
        pr: pr.clone(),
        event,
    };
    store.enqueue(delivery(guid), Some(job)).await
}

/// Guids of a job's events, in order.
fn guids(claimed: &Claimed) -> Vec<&str> {
    claimed
        .events
        .iter()
        .map(|event| event.guid.as_str())
        .collect()
}

fn block(path: &str, alias: &str, hash: &str) -> BlockRecord {
    BlockRecord {
        path: path.into(),
        seq: 0,
        alias: alias.into(),
        vote: Some("READY".into()),
        subject: "5".repeat(64),
        hash: hash.into(),
        text: format!("Name: {alias}\n\nFine. ✓\n\nVOTE: READY"),
        question: None,
        model: "checklist".into(),
        persona: "a".repeat(64),
        job: "job".into(),
        base: "main".to_owned(),
        anchors: vec![("A remark.".into(), "words".into())],
        state: BlockState::Pending,
        review: None,
        did: String::new(),
        receipt: None,
    }
}

fn vote(source: &str, vote: &str, cast_at: i64) -> HumanVote {
    HumanVote {
        path: "design/cache.md".into(),
        account: 42,
        login: "ann".into(),
        vote: vote.into(),
        subject: "5".repeat(64),
        proposal: "5".repeat(64),
        reason: Some("because".into()),
        source: source.into(),
        link: format!("https://github.example/{source}"),
        cast_at,
        void: None,
    }
}

fn discussion(path: &str) -> DiscussionRecord {
    DiscussionRecord {
        path: path.into(),
        phase: "review".into(),
        proposal: "We cache — everything.\n".into(),
        subject: "5".repeat(64),
        rounds: 1,
        published: vec![("4".repeat(64), 1_000), ("5".repeat(64), 2_000)],
        subject_of: [("4".repeat(64), "3".repeat(64))].into(),
        ..DiscussionRecord::default()
    }
}

/// Every way in which a worker writes.
const WRITES: [&str; 17] = [
    "renew",
    "complete",
    "postpone",
    "hold",
    "fail",
    "release",
    "record",
    "put_pr",
    "put_discussion",
    "add_blocks",
    "mark_written",
    "add_human_vote",
    "void_votes",
    "intend",
    "effect_done",
    "asked_again",
    "announce_call",
];

/// Writes in one of these ways.
async fn write(
    store: &SqlStore,
    how: &str,
    lease: &Lease,
    pr: &PullRequest,
) -> Result<(), StoreError> {
    match how {
        "renew" => store.renew(lease, LONG).await,
        "complete" => store.complete(lease).await,
        "postpone" => store.postpone(lease, NOW).await,
        "hold" => store.hold(lease, NOW).await,
        "fail" => store.fail(lease, NOW, 5, "boom").await.map(drop),
        "release" => store.release(lease).await,
        "record" => store.record(lease, pr, &[Change::Intend("k".into())]).await,
        "put_pr" => store.put_pr(lease, pr, &PrRecord::default()).await,
        "put_discussion" => store.put_discussion(lease, pr, &discussion("a.md")).await,
        "add_blocks" => {
            let blocks = [block("a.md", "security", "1")];
            store.add_blocks(lease, pr, &blocks).await
        }
        "mark_written" => {
            let blocks = [("a.md".into(), "1".into())];
            store.mark_written(lease, pr, &blocks).await
        }
        "add_human_vote" => {
            store
                .add_human_vote(lease, pr, &vote("comment:1", "READY", 1))
                .await
        }
        "void_votes" => store.void_votes(lease, pr, "comment:1", "gone").await,
        "intend" => store.intend(lease, pr, "check").await,
        "effect_done" => store.effect_done(lease, pr, "check", "1").await,
        "announce_call" => {
            let call = calls::call("job", "security");
            let announced = store.announce_call(lease, pr, &call, &|_| Ok(())).await;
            announced.map(drop)
        }
        "asked_again" => store.asked_again(lease, "lost").await,
        other => panic!("no write is called {other}"),
    }
}
