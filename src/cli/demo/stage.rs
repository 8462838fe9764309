//! The stage of `demo` and `sandbox`: a GitHub on loopback with the real App installed, and a folder for its data.

use crate::cli::Failure;
use crate::config::Settings;
use crate::forge::github::Rates;
use crate::sandbox::{
    AppKey, CheckRun, FileEdit, Mergeability, NewPull, Oid, Sandbox, SandboxOptions,
};
use crate::server::app::App;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The repository that [`Sandbox::seed_default`] makes.
pub const REPO: &str = crate::sandbox::DEMO_REPO;
/// Its author of pull requests, with the right to write.
pub const AUTHOR: &str = "rob";
/// Its reviewer, with the right to maintain.
pub const REVIEWER: &str = "ann";
/// The check that its branch rules require.
pub const CHECK: &str = "discussions";

/// Configuration on the base branch: the checklists vote, and nobody waits for quiet.
const CONFIG: &str = "# The panel answers at once; on a real repository leave `quiet` out (20 s).\n\
                      on: {quiet: 0s}\n\
                      models: {default: checklist}\n";
/// How long something may take before the demo gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Folder of the App's data, below that of the run.
const DATA: &str = "data";
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);

/// A running GitHub and App.
pub struct Stage {
    /// The GitHub.
    pub github: Sandbox,
    app: App,
    folder: PathBuf,
}

impl Stage {
    /// Starts both on loopback. `bind` is where GitHub listens; port 0 takes a free one. `exchanges` is the file to
    /// which everything that goes over the wire is appended.
    pub(in crate::cli) async fn set_up(
        bind: SocketAddr,
        exchanges: Option<&Path>,
    ) -> Result<Self, Failure> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: &dyn std::fmt::Display| Failure::new("start", format!("{what}: {error}"))
        };
        let key = AppKey::generate().map_err(|error| failed("making a key")(&error))?;
        let options = SandboxOptions {
            bind,
            app_public_key: Some(key.public_pem),
            exchanges: exchanges.map(Path::to_owned),
            ..SandboxOptions::default()
        };
        let app_id = options.app_id;
        let github = Sandbox::start(options)
            .await
            .map_err(|error| failed("the GitHub on loopback")(&error))?;
        github
            .seed_default()
            .map_err(|error| failed("its repository")(&error))?;
        push(
            &github,
            AUTHOR,
            "main",
            "configure the panel",
            &[(crate::workspace::CONFIG_PATH, CONFIG)],
        )?;
        let folder =
            std::env::temp_dir().join(format!("discussions-{}", uuid::Uuid::now_v7().simple()));
        let secret = uuid::Uuid::new_v4().simple().to_string();
        let own = [
            ("APP_ID", app_id.to_string()),
            ("PRIVATE_KEY", key.private_pem),
            ("WEBHOOK_SECRET", secret.clone()),
            ("DATA_DIR", folder.join(DATA).display().to_string()),
        ];
        let settings = settings(&github, own)?;
        let app = App::start(&settings, Rates::loopback())
            .await
            .map_err(|error| failed("the App")(&error))?;
        github.set_webhook(
            &format!("http://{}{}", app.address(), settings.webhook_path),
            &secret,
        );
        Ok(Self {
            github,
            app,
            folder,
        })
    }

    /// The folder of this run. What is kept is put beside the App's data, which goes with the stage.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// File with the App's public keys.
    pub fn public_keys(&self) -> PathBuf {
        self.folder.join(DATA).join("signing-key.jwks.json")
    }

    /// Where the App listens.
    pub fn app_address(&self) -> SocketAddr {
        self.app.address()
    }

    /// Pushes files to a branch as somebody.
    pub(in crate::cli) fn push(
        &self,
        login: &str,
        branch: &str,
        message: &str,
        files: &[(&str, &str)],
    ) -> Result<(), Failure> {
        push(&self.github, login, branch, message, files)
    }

    /// Opens a pull request from a branch; gives its number.
    /// The commit a branch points to.
    pub fn tip(&self, branch: &str) -> Result<Oid, Failure> {
        let tip = self.github.tip(REPO, branch);
        tip.map_err(|error| Failure::new("demo", error.to_string()))
    }

    /// Somebody points a branch to an earlier commit, over what came since.
    pub fn force_push(&self, login: &str, branch: &str, to: &Oid) -> Result<(), Failure> {
        let pushed = self.github.force_push(login, REPO, branch, to);
        pushed
            .map(drop)
            .map_err(|error| Failure::new("demo", error.to_string()))
    }

    pub(in crate::cli) fn open(&self, branch: &str, title: &str) -> Result<u64, Failure> {
        let new = NewPull {
            title: title.to_owned(),
            head: branch.to_owned(),
            ..NewPull::default()
        };
        self.github
            .open_pr(AUTHOR, REPO, &new)
            .map_err(|error| Failure::new("demo", error.to_string()))
    }

    /// Comments as somebody.
    pub(in crate::cli) fn comment(
        &self,
        login: &str,
        number: u64,
        body: &str,
    ) -> Result<u64, Failure> {
        self.github
            .comment(login, REPO, number, body)
            .map_err(|error| Failure::new("demo", error.to_string()))
    }

    /// Waits until every delivery is answered and every job done, then gives the check on the head.
    pub(in crate::cli) async fn settled(&self, number: u64) -> Result<CheckRun, Failure> {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                self.github.wait_until_idle().await;
                let backlog = crate::store::Store::backlog(self.app.store()).await;
                let check = self.github.check_on_head(REPO, number, CHECK);
                let done = check.filter(|check| check.status == "completed");
                if let (Ok(0), Some(check)) = (backlog, done) {
                    return check;
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        waited.await.map_err(|_| {
            let seen = self
                .github
                .check_on_head(REPO, number, CHECK)
                .and_then(|check| check.title);
            let seen = seen.unwrap_or_else(|| "no check".to_owned());
            Failure::new(
                "demo",
                format!(
                    "nothing settled within {} s; last seen: {seen}",
                    PATIENCE.as_secs()
                ),
            )
        })
    }

    /// The merge box.
    pub(in crate::cli) fn merge_box(&self, number: u64) -> Result<Mergeability, Failure> {
        self.github
            .mergeability(REPO, number)
            .map_err(|error| Failure::new("demo", error.to_string()))
    }

    /// Text of a file on a branch.
    pub(in crate::cli) fn text(&self, branch: &str, path: &str) -> Result<String, Failure> {
        let bytes = self.github.file(REPO, branch, path);
        let bytes =
            bytes.ok_or_else(|| Failure::new("demo", format!("{path} is not on {branch}")))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Stops both and removes the App's data; the folder of the run too, if nothing was kept in it.
    pub(in crate::cli) async fn tear_down(self) -> Result<(), Failure> {
        self.github.shutdown();
        self.app
            .stop()
            .await
            .map_err(|error| Failure::new("store", error.to_string()))?;
        let data = self.folder.join(DATA);
        std::fs::remove_dir_all(&data).map_err(|error| {
            Failure::new("file", format!("cannot remove it: {error}")).at(&data, None)
        })?;
        // Fails where something was kept, which is meant.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }
}

/// Settings of an App that works with this GitHub: `own` are those that nobody else can know.
pub(in crate::cli) fn settings(
    github: &Sandbox,
    own: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<Settings, Failure> {
    let variables = own.into_iter().chain(addresses(github));
    Settings::from_vars(variables.map(|(name, value)| (name.to_owned(), value)))
        .map_err(|error| Failure::new("start", format!("the App's settings: {error}")))
}

/// Settings of the App about where it listens and where GitHub is.
fn addresses(github: &Sandbox) -> [(&'static str, String); 5] {
    [
        ("HOST", "127.0.0.1".to_owned()),
        ("PORT", "0".to_owned()),
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_GRAPHQL_URL", github.graphql_url()),
        ("GITHUB_SERVER_URL", github.web_url()),
    ]
}

fn push(
    github: &Sandbox,
    login: &str,
    branch: &str,
    message: &str,
    files: &[(&str, &str)],
) -> Result<(), Failure> {
    let edits: Vec<FileEdit> = files
        .iter()
        .map(|(path, text)| FileEdit::write(path, text.as_bytes()))
        .collect();
    github
        .push(login, REPO, branch, message, &edits)
        .map(drop)
        .map_err(|error| Failure::new("demo", error.to_string()))
}
