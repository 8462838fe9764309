//! The running App: store, GitHub, models, workers and the webhook door, put together from the settings.

use super::{Decide, Decision, Intake, Limits, models, serve};
use crate::bot::deps::{BotDeps, Pace};
use crate::bot::ground::BuiltIn;
use crate::bot::sweep::keep_sweeping;
use crate::bot::trigger::{OwnApp, Trigger, trigger};
use crate::bot::worker::run_workers;
use crate::config::Settings;
use crate::forge::event::Event;
use crate::forge::github::{GitHub, Rates};
use crate::forge::{ForgeError, ForgeRead};
use crate::llm::command::Readers;
use crate::llm::endpoint::BadEndpoint;
use crate::signing::Keyring;
use crate::signing::files::{KeyFileError, KeyFiles};
use crate::store::SqlStore;
use crate::store::{Store, StoreError};
use secrecy::ExposeSecret as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pull requests worked on at the same time.
const WORKERS: usize = 4;

/// Why the App does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}; set HOST and PORT to a free address")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The private key or an address of GitHub cannot be used.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The key that receipts are signed with cannot be used.
    #[error("the signing key: {0}")]
    SigningKey(#[from] KeyFileError),
    /// A model of the settings cannot be asked.
    #[error("DISCUSSIONS_MODEL: {0}")]
    Model(#[from] BadEndpoint),
    /// The program was built without its own template: a bug.
    #[error("the built-in template is missing")]
    BuiltIn,
}

/// What works on deliveries, put together from the settings: all of the App but its door.
pub struct Assembly {
    /// What jobs need.
    pub deps: BotDeps,
    /// Queue and record, the same as in `deps`.
    pub store: Arc<SqlStore>,
    /// What deliveries become.
    pub decide: Decide,
    /// What receipts are signed and checked with.
    pub keyring: Arc<Keyring>,
}

impl Assembly {
    /// With the database for itself, writing at these rates.
    ///
    /// # Errors
    /// When the database or the key cannot be used.
    pub async fn alone(settings: &Settings, rates: Rates) -> Result<Self, StartError> {
        let github = github(settings)?.at(rates);
        let store = SqlStore::open(settings.database_url.expose_secret()).await?;
        Self::new(settings, github, store)
    }

    /// Beside a server that has the database, if there is one; see [`SqlStore::open_beside`].
    ///
    /// # Errors
    /// As [`Assembly::alone`].
    pub async fn beside(settings: &Settings) -> Result<Self, StartError> {
        let github = github(settings)?;
        let store = SqlStore::open_beside(settings.database_url.expose_secret()).await?;
        Self::new(settings, github, store)
    }

    fn new(settings: &Settings, github: GitHub, store: SqlStore) -> Result<Self, StartError> {
        let (github, store) = (Arc::new(github), Arc::new(store));
        let keyring = Arc::new(keyring(settings)?);
        let models = models::offered(&settings.models, Readers::Everybody)?;
        let deps = BotDeps {
            keyring: keyring.clone(),
            store: store.clone() as Arc<dyn Store>,
            read: github.clone() as Arc<dyn ForgeRead>,
            write: github.into(),
            models,
            asking: Arc::default(),
            built_in: BuiltIn::load().ok_or(StartError::BuiltIn)?,
            pace: Pace::default(),
        };
        let own = OwnApp {
            id: settings.app_id,
        };
        let decide: Decide = Arc::new(move |event| decide(event, &own));
        Ok(Self {
            deps,
            store,
            decide,
            keyring,
        })
    }
}

/// The keys on disk; the first one is made here.
fn keyring(settings: &Settings) -> Result<Keyring, KeyFileError> {
    let files = KeyFiles::at(&settings.signing_key_path);
    let loaded = files.load_or_create()?;
    let kid = &loaded.keyring.signing.public().kid;
    if loaded.is_new {
        let file = files.key.display();
        tracing::info!(kid, "a signing key was made: {file}; keep it in the backup");
    }
    if let Some(error) = loaded.not_kept {
        tracing::warn!(
            kid,
            "the signing key is used, but not kept in the key set: after a change of keys, what it signed would not \
             verify any more: {error}"
        );
    }
    Ok(loaded.keyring)
}

fn github(settings: &Settings) -> Result<GitHub, ForgeError> {
    let urls = &settings.github;
    GitHub::new(
        settings.app_id,
        &settings.private_key,
        &urls.api,
        &urls.graphql,
    )
}

/// What a delivery becomes, with the reason where it is nothing.
pub fn decide(event: &Event, own: &OwnApp) -> Decision {
    let trigger = trigger(event, own);
    if let Trigger::Ignored(why) = trigger {
        return Decision::Nothing(why);
    }
    match trigger.into_job() {
        Ok(Some(job)) => Decision::Job(job),
        Ok(None) => Decision::Nothing("nothing to do".to_owned()),
        Err(error) => Decision::Nothing(format!("the event cannot be stored: {error}")),
    }
}

/// The App while it runs. Call [`App::stop`] to drain it; dropping it stops it too, without waiting.
pub struct App {
    address: SocketAddr,
    store: Arc<SqlStore>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// Starts listening and working on the current tokio runtime. At [`Rates::default`] it is polite to GitHub.
    ///
    /// # Errors
    /// When the database, the key or the address cannot be used; nothing is left running then.
    pub async fn start(settings: &Settings, rates: Rates) -> Result<Self, StartError> {
        let Assembly {
            deps,
            store,
            decide,
            keyring,
        } = Assembly::alone(settings, rates).await?;
        let address = SocketAddr::from((settings.host, settings.port));
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;

        let wake = Arc::new(Notify::new());
        let intake = Intake {
            webhook_path: settings.webhook_path.clone(),
            secrets: settings.webhook_secrets.clone(),
            decide,
            store: deps.store.clone(),
            wake: wake.clone(),
            key_set: keyring.keys.to_jwks(),
        };
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(serve(listener, intake, Limits::default(), stop.clone()));
        tasks.spawn(keep_sweeping(deps.clone(), wake.clone(), stop.clone()));
        tasks.spawn(run_workers(deps, WORKERS, wake, stop.clone()));
        tasks.close();
        Ok(Self {
            address,
            store,
            stop,
            tasks,
        })
    }

    /// Address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its queue and record.
    pub fn store(&self) -> &SqlStore {
        &self.store
    }

    /// Takes nothing more in, ends or gives back what runs, and closes the database.
    ///
    /// # Errors
    /// When the database cannot be closed; everything acknowledged is on disk all the same.
    pub async fn stop(self) -> Result<(), StoreError> {
        self.stop.cancel();
        self.tasks.wait().await;
        self.store.close().await
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
