//! The whole bot against the sandbox GitHub: real HTTP, real webhooks, a real store in a throw-away folder.

use super::github::{self, is_status};
use super::scripted::Scripted;
use discussions::bot::deps::{BotDeps, Pace};
use discussions::bot::ground::BuiltIn;
use discussions::bot::models::Models;
use discussions::bot::seen::SweepPace;
use discussions::bot::sweep;
use discussions::bot::trigger::{OwnApp, trigger};
use discussions::bot::worker::run_workers;
use discussions::forge::github::{GitHub, Rates};
use discussions::ids::{PullRequest, Repo};
use discussions::llm::Model;
use discussions::llm::checklist::Checklist;
use discussions::sandbox::{
    AppKey, CheckRun, DEMO_REPO, EffectKind, FileEdit, NewPull, Sandbox, SandboxOptions,
};
use discussions::server::{Decision, Intake, Limits, serve};
use discussions::signing::{Keyring, SigningKey};
use discussions::store::{SqlStore, Store};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "a secret of the test suite, long enough for anybody";
/// Id of our App.
pub(crate) const APP: u64 = 4_711;

/// One key for the whole test binary: making them is slow.
pub(crate) fn key() -> &'static AppKey {
    static KEY: OnceLock<AppKey> = OnceLock::new();
    KEY.get_or_init(|| AppKey::generate().unwrap())
}

/// One signing key for the whole test binary.
pub(crate) fn keyring() -> Arc<Keyring> {
    static KEYRING: OnceLock<Arc<Keyring>> = OnceLock::new();
    let made = || {
        let pem = SigningKey::generate().unwrap();
        Arc::new(Keyring::of(SigningKey::from_pem(&pem).unwrap()))
    };
    KEYRING.get_or_init(made).clone()
}

/// A job that is not ready by then is not waited for. Leases end earlier.
const SOON: Duration = Duration::from_secs(61);

/// A configuration under which pushes are answered at once.
pub(crate) const AT_ONCE: &str = "on: {quiet: 0s}\n";

pub(crate) struct Rig {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Arc<SqlStore>,
    pub(crate) deps: BotDeps,
    wake: Arc<Notify>,
    stop: CancellationToken,
    folder: tempfile::TempDir,
    workers: usize,
}

/// How a rig is set up.
pub(crate) struct Setup {
    /// `.github/discussions.yml` on main.
    pub(crate) config: Option<String>,
    /// Offered besides the checklist; the operator's choice if there is one.
    pub(crate) model: Option<Arc<dyn Model>>,
    /// What the operator's settings name.
    pub(crate) operator: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            config: Some(AT_ONCE.to_owned()),
            model: None,
            operator: Some("checklist".to_owned()),
        }
    }
}

async fn open_store(folder: &tempfile::TempDir) -> Arc<SqlStore> {
    let file = folder.path().join("store.db");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    Arc::new(SqlStore::open(&url).await.unwrap())
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let sweep = SweepPace {
            between: Duration::ZERO,
            again: Duration::from_millis(50),
            ..SweepPace::default()
        };
        Self::swept(setup, sweep).await
    }

    /// The same with sweeps at their own pace.
    pub(crate) async fn swept(setup: Setup, sweep: SweepPace) -> Self {
        Self::built(setup, sweep, 2, Rates::loopback()).await
    }

    /// With so many workers, writing at these rates.
    pub(crate) async fn paced(setup: Setup, workers: usize, rates: Rates) -> Self {
        Self::built(setup, SweepPace::default(), workers, rates).await
    }

    async fn built(setup: Setup, sweep: SweepPace, workers: usize, rates: Rates) -> Self {
        let sandbox = Sandbox::start(SandboxOptions {
            app_id: APP,
            app_public_key: Some(key().public_pem.clone()),
            ..github::options()
        })
        .await
        .unwrap();
        sandbox.seed_default().unwrap();
        if let Some(config) = &setup.config {
            let edit = FileEdit::write(".github/discussions.yml", config);
            sandbox
                .push("ann", DEMO_REPO, "main", "configure", &[edit])
                .unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let store = open_store(&folder).await;
        let private = SecretString::from(key().private_pem.clone());
        let client =
            GitHub::new(APP, &private, &sandbox.api_url(), &sandbox.graphql_url()).unwrap();
        let client = Arc::new(client.at(rates));
        let mut models = Models::default().offer(Arc::new(Checklist));
        models.operator = setup.operator;
        if let Some(model) = setup.model {
            models.operator = Some(model.name().to_owned());
            models = models.offer(model);
        }
        let deps = BotDeps {
            keyring: keyring(),
            store: store.clone(),
            read: client.clone(),
            write: client.into(),
            models,
            asking: Arc::default(),
            built_in: BuiltIn::load().unwrap(),
            pace: Pace {
                sweep,
                retry: Duration::from_millis(10),
                tries_away: 8,
                ..Pace::default()
            },
        };
        let rig = Self {
            sandbox,
            store,
            deps,
            wake: Arc::new(Notify::new()),
            stop: CancellationToken::new(),
            folder,
            workers,
        };
        rig.serve().await;
        rig
    }

    /// Changes the database behind the store's back.
    pub(crate) async fn meddle(&self, sql: &str) {
        let url = format!("sqlite://{}", self.folder.path().join("store.db").display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let sql = AssertSqlSafe(sql.to_owned());
        connection.execute(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Starts the server on a free port and the workers.
    async fn serve(&self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wake = self.wake.clone();
        let own = OwnApp { id: APP };
        let intake = Intake {
            webhook_path: "/hook".to_owned(),
            secrets: vec![SecretString::from(SECRET)],
            decide: Arc::new(move |event| match trigger(event, &own).into_job() {
                Ok(Some(job)) => Decision::Job(job),
                Ok(None) => Decision::Nothing("nothing for us".to_owned()),
                Err(error) => Decision::Nothing(error.to_string()),
            }),
            store: self.store.clone(),
            wake: wake.clone(),
            key_set: r#"{"keys":[]}"#.to_owned(),
        };
        tokio::spawn(serve(
            listener,
            intake,
            Limits::default(),
            self.stop.clone(),
        ));
        let (deps, stop) = (self.deps.clone(), self.stop.clone());
        tokio::spawn(run_workers(deps, self.workers, wake, stop));
        self.sandbox
            .set_webhook(&format!("http://{address}/hook"), SECRET);
    }

    /// Lets time pass, as far as jobs in line, what is spent and what is asked for again know of it; nobody waits for what
    /// comes of it.
    pub(crate) async fn pass(&self, time: Duration) {
        let ms = time.as_millis();
        let due = format!("json_set(value, '$.due', json_extract(value, '$.due') - {ms})");
        let owing = format!("SELECT json_group_array({due}) FROM json_each(effects.result)");
        self.meddle(&format!(
            "UPDATE jobs SET run_at = run_at - {ms} WHERE state = 'waiting';\
             UPDATE calls SET called_at = called_at - {ms};\
             UPDATE effects SET result = ({owing}) WHERE key = 'owing'"
        ))
        .await;
        self.wake.notify_one();
    }

    /// Whether no job runs, or waits other than for minutes.
    pub(crate) async fn is_idle(&self) -> bool {
        let next = self.store.next_ready_in().await;
        next.is_ok_and(|next| next.is_none_or(|next| next > SOON))
    }

    /// Waits until every delivery was sent and no job runs, or waits other than for minutes; parked ones may be left.
    pub(crate) async fn rest(&self) {
        let settled = async {
            let mut quiet = 0;
            while quiet < 3 {
                self.sandbox.wait_until_idle().await;
                quiet = if self.is_idle().await { quiet + 1 } else { 0 };
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), settled).await;
        assert!(
            in_time.is_ok(),
            "jobs are left: {:?}",
            crate::support::parked(self.store.as_ref()).await
        );
    }

    /// The same, and nothing is parked.
    pub(crate) async fn settle(&self) {
        self.rest().await;
        github::assert_addresses(&self.sandbox);
        let parked = crate::support::parked(self.store.as_ref()).await;
        assert!(parked.is_empty(), "parked: {parked:?}");
    }

    /// A sweep, as a server does it at its start and then every hour, and everything that comes of it.
    pub(crate) async fn sweep(&self) {
        self.begin_sweep().await;
        self.settle().await;
    }

    /// The same; nobody waits for what comes of it.
    pub(crate) async fn begin_sweep(&self) {
        let kind = uuid::Uuid::new_v4().to_string();
        let begun = sweep::begin(&self.deps, &kind, Duration::from_secs(1)).await;
        assert!(begun.unwrap(), "nobody else sweeps");
        self.wake.notify_one();
    }

    /// Somebody who maintains pushes files to a base branch; nothing happens in any pull request.
    pub(crate) async fn push_base(&self, branch: &str, edits: &[FileEdit]) {
        self.sandbox.advance(Duration::from_secs(2));
        self.sandbox
            .push("ann", DEMO_REPO, branch, "rules", edits)
            .unwrap();
        self.settle().await;
    }

    /// The same with the configuration on main, besides the quiet time.
    pub(crate) async fn configure(&self, config: &str) {
        let text = format!("{AT_ONCE}{config}");
        let edit = FileEdit::write(".github/discussions.yml", text);
        self.push_base("main", &[edit]).await;
    }

    /// The newest run of a name on the head: its conclusion and title.
    pub(crate) fn run(&self, number: u64, name: &str) -> Option<(String, String)> {
        let run = self.sandbox.check_on_head(DEMO_REPO, number, name)?;
        Some((
            run.conclusion.unwrap_or_default(),
            run.title.unwrap_or_default(),
        ))
    }

    /// A rig whose personas are played by a script, with its configuration besides the quiet time.
    pub(crate) async fn scripted(model: &Arc<Scripted>, config: &str) -> Self {
        Self::with(Setup {
            config: Some(format!("{AT_ONCE}{config}")),
            model: Some(model.clone()),
            operator: None,
        })
        .await
    }

    /// Somebody pushes a file to a branch and opens a pull request with it.
    pub(crate) async fn open(&self, login: &str, path: &str, text: &str) -> u64 {
        self.propose(login, path, text);
        let number = self.pull(login, "topic");
        self.settle().await;
        number
    }

    /// Somebody pushes a file to the branch `topic`; nobody waits for what comes of it.
    pub(crate) fn propose(&self, login: &str, path: &str, text: &str) {
        let edit = FileEdit::write(path, text);
        self.sandbox
            .push(login, DEMO_REPO, "topic", "propose", &[edit])
            .unwrap();
    }

    /// Somebody opens a pull request with a branch (`OWNER:BRANCH` of a fork); nobody waits for what comes of it.
    pub(crate) fn pull(&self, login: &str, head: &str) -> u64 {
        self.pull_in_state(login, head, false)
    }

    /// The same as a draft.
    pub(crate) fn draft(&self, login: &str, head: &str) -> u64 {
        self.pull_in_state(login, head, true)
    }

    fn pull_in_state(&self, login: &str, head: &str, draft: bool) -> u64 {
        let new = NewPull {
            title: "A proposal".to_owned(),
            head: head.to_owned(),
            draft,
            ..NewPull::default()
        };
        self.sandbox.open_pr(login, DEMO_REPO, &new).unwrap()
    }

    /// Somebody pushes a new text of a file to the pull request's branch.
    pub(crate) async fn push(&self, login: &str, path: &str, text: &str) {
        self.sandbox.advance(Duration::from_secs(2));
        let edit = FileEdit::write(path, text);
        self.sandbox
            .push(login, DEMO_REPO, "topic", "change", &[edit])
            .unwrap();
        self.settle().await;
    }

    /// Waits until something holds that jobs under way bring about.
    pub(crate) async fn until(&self, holds: impl Fn() -> bool) {
        let reached = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), reached).await;
        assert!(in_time.is_ok(), "it never came to that");
    }

    /// Waits until so many jobs are parked.
    pub(crate) async fn until_parked(&self, count: usize) {
        let parked = async {
            while crate::support::parked(self.store.as_ref()).await.len() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), parked)
            .await
            .unwrap();
    }

    /// The merge box.
    pub(crate) fn mergeable(&self, number: u64) -> bool {
        self.sandbox
            .mergeability(DEMO_REPO, number)
            .unwrap()
            .allowed()
    }

    /// Requests the App made, tokens apart, since the ledger was reset.
    pub(crate) fn requests(&self) -> usize {
        let ledger = self.sandbox.ledger();
        let is_token = |route: &str| route.contains("access_tokens");
        ledger
            .requests
            .iter()
            .filter(|request| !is_token(&request.path))
            .count()
    }

    /// Somebody writes in the conversation.
    pub(crate) async fn say(&self, login: &str, number: u64, body: &str) -> u64 {
        // GitHub's times have whole seconds: a person who has read the check comes later than it.
        self.sandbox.advance(Duration::from_secs(2));
        let id = self
            .sandbox
            .comment(login, DEMO_REPO, number, body)
            .unwrap();
        self.settle().await;
        id
    }

    /// The newest `discussions` run on the head.
    pub(crate) fn check(&self, number: u64) -> CheckRun {
        let check = self.sandbox.check_on_head(DEMO_REPO, number, "discussions");
        check.expect("a check on the head")
    }

    /// Its title; empty while there is none.
    pub(crate) fn title(&self, number: u64) -> String {
        let check = self.sandbox.check_on_head(DEMO_REPO, number, "discussions");
        check.and_then(|check| check.title).unwrap_or_default()
    }

    /// Its summary.
    pub(crate) fn summary(&self, number: u64) -> String {
        self.check(number).summary.unwrap_or_default()
    }

    /// A copy of the store as it is now.
    pub(crate) fn backup(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        copy
    }

    /// The server stops, and another one starts with that store, or with an empty one.
    pub(crate) async fn start_over(&mut self, with: Option<tempfile::TempDir>) {
        self.stop.cancel();
        self.store.close().await.unwrap();
        self.folder = with.unwrap_or_else(|| tempfile::tempdir().unwrap());
        self.store = open_store(&self.folder).await;
        self.deps.store = self.store.clone();
        self.stop = CancellationToken::new();
        self.serve().await;
    }

    /// Its conclusion; empty while it is in progress.
    pub(crate) fn conclusion(&self, number: u64) -> String {
        self.check(number).conclusion.unwrap_or_default()
    }

    /// A file at the head of the pull request.
    pub(crate) fn file(&self, number: u64, path: &str) -> String {
        let head = self.sandbox.pull(DEMO_REPO, number).unwrap().head;
        let bytes = self
            .sandbox
            .file(DEMO_REPO, &head.to_string(), path)
            .unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// How many writes of a kind the App made, the status comment apart.
    pub(crate) fn count(&self, kind: EffectKind) -> usize {
        github::count(&self.sandbox, kind)
    }

    /// The status comments of a pull request by our App, by id.
    pub(crate) fn statuses(&self, number: u64) -> Vec<(u64, String)> {
        let pull = self.sandbox.pull(DEMO_REPO, number).unwrap();
        let comments = pull.comments.into_iter();
        comments
            .filter(|comment| comment.app == Some(APP) && is_status(&comment.body))
            .map(|comment| (comment.id, comment.body))
            .collect()
    }

    /// The one status comment of a pull request.
    pub(crate) fn status(&self, number: u64) -> String {
        let mut statuses = self.statuses(number);
        assert_eq!(statuses.len(), 1, "{statuses:#?}");
        statuses.pop().unwrap().1
    }

    /// The line of the status comment that says the state, as plain text.
    pub(crate) fn state_line(&self, number: u64) -> String {
        let status = self.status(number);
        let line = status.lines().find_map(|line| line.strip_prefix("### "));
        line.unwrap_or_default().replace('\\', "")
    }

    /// How often the status comment was posted and edited.
    pub(crate) fn status_writes(&self) -> (usize, usize) {
        let ledger = self.sandbox.ledger();
        let count = |kind: EffectKind| {
            let of_kind = ledger.effects.iter().filter(|effect| effect.kind == kind);
            of_kind
                .filter(|effect| effect.data["body"].as_str().is_some_and(is_status))
                .count()
        };
        (
            count(EffectKind::CommentCreated),
            count(EffectKind::CommentUpdated),
        )
    }

    /// The pull request as the store knows it: by the numbers that survive renames.
    pub(crate) fn pr(&self, number: u64) -> PullRequest {
        let id = self.sandbox.look(|world| world.repo_id(DEMO_REPO)).unwrap();
        PullRequest {
            installation: 1,
            repo: Repo {
                id,
                owner: "octo".to_owned(),
                name: "demo".to_owned(),
            },
            number,
        }
    }

    /// What every run of our App under that name ever ended with, over all commits, oldest first.
    pub(crate) fn ended_with(&self, name: &str) -> Vec<String> {
        self.sandbox.look(|world| {
            let repo = world.repo(world.repo_id(DEMO_REPO).unwrap()).unwrap();
            let runs = repo.check_runs.iter();
            let ours = runs.filter(|run| run.app == APP && run.name == name);
            ours.filter_map(|run| run.conclusion.clone()).collect()
        })
    }

    /// Texts of the App's comments, the status comment apart.
    pub(crate) fn replies(&self, number: u64) -> Vec<String> {
        let pull = self.sandbox.pull(DEMO_REPO, number).unwrap();
        let ours = pull
            .comments
            .iter()
            .filter(|comment| comment.app == Some(APP) && !is_status(&comment.body));
        ours.map(|comment| comment.body.clone()).collect()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
