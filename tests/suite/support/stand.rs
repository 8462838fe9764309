//! The real program as a process of its own, in front of a GitHub in the test's process.

use super::github;
use discussions::engine::discussion::Discussion;
use discussions::sandbox::{
    AppKey, CheckRun, DEMO_REPO, Delivery, DeliveryState, EffectKind, FileEdit, NewPull, Sandbox,
    SandboxOptions,
};
use discussions::store::{SqlStore, Store};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// Signs the sandbox's deliveries.
pub(crate) const SECRET: &str = "the first secret of this house which is in use";
/// Where the discussion of these tests stands.
pub(crate) const PATH: &str = "design/pricing-cache.md";
/// The demo's own discussion: one that the checklists have something to say about.
const PROPOSAL: &str = include_str!("../../../src/cli/demo/proposal.md");
/// How long something may take before a test gives up on it: for a broken test only, nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(2);

fn key() -> &'static AppKey {
    static KEY: OnceLock<AppKey> = OnceLock::new();
    KEY.get_or_init(|| AppKey::generate().unwrap())
}

/// A GitHub, a data folder, and the server between them while it runs.
pub(crate) struct Stand {
    pub(crate) sandbox: Sandbox,
    folder: tempfile::TempDir,
    server: Option<Server>,
    secrets: String,
    settings: BTreeMap<&'static str, String>,
    patience: Duration,
}

/// A running `discussions serve`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Server {
    /// Id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What is left on GitHub once everything is handled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Commits by the App.
    pub(crate) commits: usize,
    /// Blocks of each persona at the head.
    pub(crate) blocks: BTreeMap<String, usize>,
    /// Comments by the App, the status comment apart.
    pub(crate) comments: usize,
    /// Status comments on the pull request.
    pub(crate) statuses: usize,
    /// Conclusion of the newest `discussions` run on the head.
    pub(crate) conclusion: String,
    /// Whether that run is the only one that is completed there.
    pub(crate) one_check: bool,
}

impl Left {
    /// One round by three personas who want changes, judged once.
    pub(crate) fn after_one_round() -> Self {
        let blocks = ["AI-Architect", "AI-Pragmatist", "AI-Security"];
        Self {
            commits: 1,
            blocks: blocks.map(|name| (name.to_owned(), 1)).into(),
            comments: 0,
            statuses: 1,
            conclusion: "failure".to_owned(),
            one_check: true,
        }
    }
}

impl Stand {
    /// A GitHub with a configured repository; the server does not run yet.
    pub(crate) async fn build() -> Self {
        let sandbox = Sandbox::start(SandboxOptions {
            app_public_key: Some(key().public_pem.clone()),
            ..github::options()
        })
        .await
        .unwrap();
        sandbox.seed_default().unwrap();
        let stand = Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
            server: None,
            secrets: SECRET.to_owned(),
            settings: BTreeMap::from([("DISCUSSIONS_MODEL", "checklist".to_owned())]),
            patience: PATIENCE,
        };
        stand.configure("").await;
        stand
    }

    /// The configuration on main, besides the quiet time.
    pub(crate) async fn configure(&self, config: &str) {
        let text = format!("on: {{quiet: 0s}}\n{config}");
        let edit = FileEdit::write(".github/discussions.yml", text);
        self.sandbox
            .push("ann", DEMO_REPO, "main", "configure", &[edit])
            .unwrap();
        self.sandbox.wait_until_idle().await;
    }

    /// One more setting of the next server, or another value for one.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.settings.insert(name, value.into());
    }

    /// How long something may take from now on: models have a pace of their own.
    pub(crate) fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The same with the server running.
    pub(crate) async fn start() -> Self {
        let mut stand = Self::build().await;
        stand.start_server().await;
        stand
    }

    /// The secrets the next server accepts, as `WEBHOOK_SECRET` takes them.
    pub(crate) fn accept(&mut self, secrets: &str) {
        self.secrets = secrets.to_owned();
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// What all servers of this stand wrote to stderr so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// `discussions serve` with nothing in its environment but its settings.
    pub(crate) fn command(&self) -> Command {
        self.program(&["serve"])
    }

    /// The program with the same settings.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_discussions"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("APP_ID", github::options().app_id.to_string())
            .env("PRIVATE_KEY", &key().private_pem)
            .env("WEBHOOK_SECRET", &self.secrets)
            .env("DATA_DIR", self.folder.path().join("data"))
            .env("HOST", "127.0.0.1")
            .env("PORT", "0")
            .env("GITHUB_API_URL", self.sandbox.api_url())
            .env("GITHUB_GRAPHQL_URL", self.sandbox.graphql_url())
            .env("GITHUB_SERVER_URL", self.sandbox.web_url())
            .env("RUST_LOG", "info")
            .envs(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command
    }

    /// Starts the server, waits until it says where it listens, and points the deliveries there.
    pub(crate) async fn start_server(&mut self) {
        assert!(self.server.is_none(), "one is running already");
        let before = self.log().len();
        let child = self.command().spawn().unwrap();
        let mut server = Server {
            child,
            url: String::new(),
        };
        let mut webhook = None;
        self.until("the server listens", || {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            let log = self.log();
            let said = log[before..].split_once("listening on ");
            // In JSON it is the end of a text.
            let line = said.and_then(|(_, rest)| rest.split_once(['\n', '"']));
            webhook = line.map(|(url, _)| url.to_owned());
            webhook.is_some()
        })
        .await;
        let webhook = webhook.unwrap();
        let path = webhook.find("/api/").unwrap();
        server.url = webhook[..path].to_owned();
        self.sandbox.set_webhook(&webhook, SECRET);
        self.server = Some(server);
    }

    /// Starts the server and leaves it as soon as it has opened its database, before it listens.
    pub(crate) async fn begin_server(&mut self) {
        let child = self.command().spawn().unwrap();
        self.server = Some(Server {
            child,
            url: String::new(),
        });
        let lock = self.folder.path().join("data/discussions.db.lock");
        self.until("the database is being opened", || lock.exists())
            .await;
    }

    /// The running server.
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("a running server")
    }

    /// SIGKILL: nothing in the process gets to run any more.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().expect("a running server");
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }

    /// SIGTERM, and how the process ended: by itself, or by the signal.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let mut server = self.server.take().expect("a running server");
        // The shell's own `kill`: not every machine has it as a program.
        let kill = format!("kill -TERM {}", server.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
        let mut ended = None;
        self.until("the server ends", || {
            ended = server.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap()
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let reached = async {
            while !holds() {
                tokio::time::sleep(LOOK).await;
            }
        };
        let in_time = tokio::time::timeout(self.patience, reached).await;
        let checks = self.sandbox.ledger().counts();
        assert!(
            in_time.is_ok(),
            "never came true: {what}\nrequests: {checks:#?}\n{}",
            self.log()
        );
    }

    /// Waits until the server has acknowledged a delivery of that event.
    pub(crate) async fn acknowledged(&self, event: &str, action: &str) {
        self.acknowledged_times(event, action, 1).await;
    }

    /// The same for so many of them.
    pub(crate) async fn acknowledged_times(&self, event: &str, action: &str, times: usize) {
        let is_it = |delivery: &Delivery| {
            delivery.event == event && delivery.action.as_deref() == Some(action)
        };
        self.until(&format!("{event}.{action} is acknowledged"), || {
            let log = self.sandbox.deliveries();
            let taken = log
                .iter()
                .filter(|delivery| is_it(delivery) && delivery.status_code == 202);
            taken.count() >= times
        })
        .await;
    }

    /// Rob proposes something; the delivery is on its way when this returns.
    pub(crate) fn propose(&self) -> u64 {
        self.propose_on("topic", &[FileEdit::write(PATH, PROPOSAL)])
    }

    /// The same with files of one's own on a branch of one's own.
    pub(crate) fn propose_on(&self, branch: &str, files: &[FileEdit]) -> u64 {
        self.sandbox
            .push("rob", DEMO_REPO, branch, "propose", files)
            .unwrap();
        let new = NewPull {
            title: "A cache for prices".to_owned(),
            head: branch.to_owned(),
            ..NewPull::default()
        };
        self.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap()
    }

    /// Waits, with the server running, until the check on the head has its conclusion and no delivery is on its way.
    pub(crate) async fn answered(&self, number: u64) {
        self.until("the check on the head is completed", || {
            let check = self.check(number);
            check.is_some_and(|check| check.status == "completed") && self.is_calm()
        })
        .await;
        self.sandbox.wait_until_idle().await;
    }

    /// A file at the head of a pull request.
    pub(crate) fn file(&self, number: u64, path: &str) -> String {
        let head = self.sandbox.pull(DEMO_REPO, number).unwrap().head;
        let head = head.to_string();
        let bytes = self.sandbox.file(DEMO_REPO, &head, path).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Rob changes his proposal.
    pub(crate) fn propose_again(&self, number: u64) {
        let text = self.file(number, PATH);
        let changed = text.replacen("\n\n", "\n\nOne more sentence.\n\n", 2);
        let edit = FileEdit::write(PATH, &changed);
        self.sandbox
            .push("rob", DEMO_REPO, "topic", "change", &[edit])
            .unwrap();
    }

    /// A path in the stand's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many jobs the queue holds while no server runs.
    pub(crate) async fn queued(&self) -> u64 {
        let file = self.folder.path().join("data/discussions.db");
        let store = SqlStore::open(&format!("sqlite://{}", file.display()))
            .await
            .unwrap();
        let queued = store.backlog().await.unwrap();
        store.close().await.unwrap();
        queued
    }

    /// Somebody writes in the conversation.
    pub(crate) fn say(&self, login: &str, number: u64, body: &str) {
        // GitHub's times have whole seconds: a person who has read the check comes later than it.
        self.sandbox.advance(Duration::from_secs(2));
        self.sandbox
            .comment(login, DEMO_REPO, number, body)
            .unwrap();
    }

    /// The newest `discussions` run on the head.
    pub(crate) fn check(&self, number: u64) -> Option<CheckRun> {
        self.sandbox.check_on_head(DEMO_REPO, number, "discussions")
    }

    /// How many writes of a kind GitHub saw, those of the status comment apart.
    pub(crate) fn count(&self, kind: EffectKind) -> usize {
        github::count(&self.sandbox, kind)
    }

    /// Lets the server work until nothing is left to do, and leaves it stopped. The queue is looked at with the server
    /// stopped, as it is the only one to have it open.
    pub(crate) async fn settle(&mut self, number: u64) {
        loop {
            self.sandbox.wait_until_idle().await;
            github::assert_addresses(&self.sandbox);
            self.until("the check on the head is completed", || {
                let check = self.check(number);
                check.is_some_and(|check| check.status == "completed") && self.is_calm()
            })
            .await;
            let ended = self.terminate().await;
            assert_eq!(ended.code(), Some(0), "{}", self.log());
            match self.next_job().await {
                None if self.is_calm() => return,
                None => {}
                // What waits for its next try needs no server until then.
                Some(time) => tokio::time::sleep(time).await,
            }
            self.start_server().await;
        }
    }

    fn is_calm(&self) -> bool {
        let log = self.sandbox.deliveries();
        log.iter()
            .all(|delivery| delivery.state == DeliveryState::Done)
    }

    /// How long until the stopped server's queue has something to do; `None`: it is empty. Parked jobs must not be.
    async fn next_job(&self) -> Option<Duration> {
        let file = self.folder.path().join("data/discussions.db");
        let store = SqlStore::open(&format!("sqlite://{}", file.display()))
            .await
            .unwrap();
        let parked = crate::support::parked(&store).await;
        assert!(parked.is_empty(), "parked: {parked:?}\n{}", self.log());
        let next = store.next_ready_in().await.unwrap();
        store.close().await.unwrap();
        next
    }

    /// What is left on GitHub.
    pub(crate) fn left(&self, number: u64) -> Left {
        let pull = self.sandbox.pull(DEMO_REPO, number).unwrap();
        let head = pull.head;
        let comments = pull.comments.iter();
        let statuses = comments.filter(|comment| github::is_status(&comment.body));
        let mut blocks = BTreeMap::new();
        for block in Discussion::parse(self.file(number, PATH).as_bytes()).blocks {
            *blocks.entry(block.author.name.clone()).or_insert(0) += 1;
        }
        let runs = self.sandbox.check_runs(DEMO_REPO, &head);
        let completed = runs
            .iter()
            .filter(|run| run.name == "discussions" && run.status == "completed");
        Left {
            commits: self.count(EffectKind::Commit),
            blocks,
            comments: self.count(EffectKind::CommentCreated),
            statuses: statuses.count(),
            conclusion: self
                .check(number)
                .and_then(|check| check.conclusion)
                .unwrap_or_default(),
            one_check: completed.count() == 1,
        }
    }
}
