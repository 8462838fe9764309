//! The real program as a process of its own, in front of a GitHub in the test's process.

use crate::support::github;
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
pub(super) const SECRET: &str = "the first secret of this house which is in use";
/// Where the discussion of these tests stands.
pub(super) const PATH: &str = "design/pricing-cache.md";
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
pub(super) struct Stand {
    pub(super) sandbox: Sandbox,
    folder: tempfile::TempDir,
    server: Option<Server>,
    secrets: String,
}

/// A running `discussions serve`; killed when dropped.
pub(super) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What is left on GitHub once everything is handled.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Commits by the App.
    pub(super) commits: usize,
    /// Blocks of each persona at the head.
    pub(super) blocks: BTreeMap<String, usize>,
    /// Comments by the App.
    pub(super) comments: usize,
    /// Conclusion of the newest `discussions` run on the head.
    pub(super) conclusion: String,
    /// Whether that run is the only one that is completed there.
    pub(super) one_check: bool,
}

impl Left {
    /// One round by three personas who want changes, judged once.
    pub(super) fn after_one_round() -> Self {
        let blocks = ["AI-Architect", "AI-Pragmatist", "AI-Security"];
        Self {
            commits: 1,
            blocks: blocks.map(|name| (name.to_owned(), 1)).into(),
            comments: 0,
            conclusion: "failure".to_owned(),
            one_check: true,
        }
    }
}

impl Stand {
    /// A GitHub with a configured repository; the server does not run yet.
    pub(super) async fn build() -> Self {
        let sandbox = Sandbox::start(SandboxOptions {
            app_public_key: Some(key().public_pem.clone()),
            ..github::options()
        })
        .await
        .unwrap();
        sandbox.seed_default().unwrap();
        let config = FileEdit::write(".github/discussions.yml", "on: {quiet: 0s}\n");
        sandbox
            .push("ann", DEMO_REPO, "main", "configure", &[config])
            .unwrap();
        sandbox.wait_until_idle().await;
        Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
            server: None,
            secrets: SECRET.to_owned(),
        }
    }

    /// The same with the server running.
    pub(super) async fn start() -> Self {
        let mut stand = Self::build().await;
        stand.start_server().await;
        stand
    }

    /// The secrets the next server accepts, as `WEBHOOK_SECRET` takes them.
    pub(super) fn accept(&mut self, secrets: &str) {
        self.secrets = secrets.to_owned();
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// What all servers of this stand wrote to stderr so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// `discussions serve` with nothing in its environment but its settings.
    pub(super) fn command(&self) -> Command {
        self.program(&["serve"])
    }

    /// The program with the same settings.
    pub(super) fn program(&self, arguments: &[&str]) -> Command {
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
            .env("DISCUSSIONS_MODEL", "checklist")
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command
    }

    /// Starts the server, waits until it says where it listens, and points the deliveries there.
    pub(super) async fn start_server(&mut self) {
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
            let line = said.and_then(|(_, rest)| rest.split_once('\n'));
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
    pub(super) async fn begin_server(&mut self) {
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
    pub(super) fn server(&self) -> &Server {
        self.server.as_ref().expect("a running server")
    }

    /// SIGKILL: nothing in the process gets to run any more.
    pub(super) fn kill(&mut self) {
        let mut server = self.server.take().expect("a running server");
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }

    /// SIGTERM, and how the process ended: by itself, or by the signal.
    pub(super) async fn terminate(&mut self) -> ExitStatus {
        let mut server = self.server.take().expect("a running server");
        // The shell's own `kill`: not every machine has it as a program.
        let kill = format!("kill -TERM {}", server.child.id());
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
    pub(super) async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let reached = async {
            while !holds() {
                tokio::time::sleep(LOOK).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, reached).await;
        let checks = self.sandbox.ledger().counts();
        assert!(
            in_time.is_ok(),
            "never came true: {what}\nrequests: {checks:#?}\n{}",
            self.log()
        );
    }

    /// Waits until the server has acknowledged a delivery of that event.
    pub(super) async fn acknowledged(&self, event: &str, action: &str) {
        let is_it = |delivery: &Delivery| {
            delivery.event == event && delivery.action.as_deref() == Some(action)
        };
        self.until(&format!("{event}.{action} is acknowledged"), || {
            let log = self.sandbox.deliveries();
            log.iter()
                .any(|delivery| is_it(delivery) && delivery.status_code == 202)
        })
        .await;
    }

    /// Rob proposes something; the delivery is on its way when this returns.
    pub(super) fn propose(&self) -> u64 {
        self.sandbox
            .push(
                "rob",
                DEMO_REPO,
                "topic",
                "propose",
                &[FileEdit::write(PATH, PROPOSAL)],
            )
            .unwrap();
        let new = NewPull {
            title: "A cache for prices".to_owned(),
            head: "topic".to_owned(),
            ..NewPull::default()
        };
        self.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap()
    }

    /// Rob changes his proposal.
    pub(super) fn propose_again(&self, number: u64) {
        let head = self.sandbox.pull(DEMO_REPO, number).unwrap().head;
        let text = self
            .sandbox
            .file(DEMO_REPO, &head.to_string(), PATH)
            .unwrap();
        let text = String::from_utf8(text).unwrap();
        let changed = text.replacen("\n\n", "\n\nOne more sentence.\n\n", 2);
        let edit = FileEdit::write(PATH, &changed);
        self.sandbox
            .push("rob", DEMO_REPO, "topic", "change", &[edit])
            .unwrap();
    }

    /// A path in the stand's folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many jobs the queue holds while no server runs.
    pub(super) async fn queued(&self) -> u64 {
        let file = self.folder.path().join("data/discussions.db");
        let store = SqlStore::open(&format!("sqlite://{}", file.display()))
            .await
            .unwrap();
        let queued = store.backlog().await.unwrap();
        store.close().await.unwrap();
        queued
    }

    /// Somebody writes in the conversation.
    pub(super) fn say(&self, login: &str, number: u64, body: &str) {
        // GitHub's times have whole seconds: a person who has read the check comes later than it.
        self.sandbox.advance(Duration::from_secs(2));
        self.sandbox
            .comment(login, DEMO_REPO, number, body)
            .unwrap();
    }

    /// The newest `discussions` run on the head.
    pub(super) fn check(&self, number: u64) -> Option<CheckRun> {
        self.sandbox.check_on_head(DEMO_REPO, number, "discussions")
    }

    /// How many writes of a kind GitHub saw.
    pub(super) fn count(&self, kind: EffectKind) -> usize {
        self.sandbox.ledger().of(kind).len()
    }

    /// Lets the server work until nothing is left to do, and leaves it stopped. The queue is looked at with the server
    /// stopped, as it is the only one to have it open.
    pub(super) async fn settle(&mut self, number: u64) {
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
        let parked = store.parked().await.unwrap();
        assert!(parked.is_empty(), "parked: {parked:?}\n{}", self.log());
        let next = store.next_ready_in().await.unwrap();
        store.close().await.unwrap();
        next
    }

    /// What is left on GitHub.
    pub(super) fn left(&self, number: u64) -> Left {
        let head = self.sandbox.pull(DEMO_REPO, number).unwrap().head;
        let bytes = self
            .sandbox
            .file(DEMO_REPO, &head.to_string(), PATH)
            .unwrap();
        let mut blocks = BTreeMap::new();
        for block in Discussion::parse(&bytes).blocks {
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
            conclusion: self
                .check(number)
                .and_then(|check| check.conclusion)
                .unwrap_or_default(),
            one_check: completed.count() == 1,
        }
    }
}
