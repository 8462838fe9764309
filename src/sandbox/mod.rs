//! A GitHub on loopback: the REST and GraphQL surface the App uses, webhooks, people, branch rules and a merge box.
//!
//! It serves `discussions demo`, `discussions sandbox` and the scenario tests. A fake is worth what it refuses, so
//! tokens, permissions, stale heads, size limits and the merge decision are checked as GitHub checks them. It shares
//! no code with the App's own client: whatever both get wrong in the same way would go unnoticed.
//!
//! | Folder | What |
//! |---|---|
//! | `state`, `accounts`, `repository`, `git` | the world: plain data |
//! | `pushes`, `pulls`, `talk`, `threads`, `checks`, `merge`, `queue` | what can happen in it, with the webhooks that follow |
//! | `hub`, `people` | acting as persons, from tests and the control routes |
//! | `auth`, `rest`, `graphql`, `shape` | the App's side: who calls, routes, queries, JSON |
//! | `webhook`, `payload` | deliveries, their log and their disturbance |
//! | `local` | a git repository on disk as one of the repositories |
//! | `faults`, `outage`, `limits`, `ledger` | bad days, and what the App did |
//! | `exchanges` | every request, answer and delivery written to a file, if that is wanted |
//! | `server`, `control`, `page` | HTTP: the API, the control routes below `/_sandbox`, pages for the eye |

mod accounts;
mod auth;
mod chance;
mod checks;
mod control;
mod exchanges;
mod faults;
pub mod git;
mod graphql;
mod hub;
mod key;
mod ledger;
mod limits;
pub mod local;
mod merge;
mod outage;
mod page;
mod payload;
mod people;
mod pulls;
mod pushes;
mod queue;
mod repository;
mod rest;
mod seed;
mod server;
mod shape;
mod state;
mod talk;
mod threads;
mod webhook;

pub use accounts::{Access, Permissions, Role};
pub use chance::Chance;
pub use faults::{Fault, FaultKind, Matcher, Times};
pub use git::Oid;
pub use hub::Hub;
pub use key::AppKey;
pub use ledger::{Effect, EffectKind, Ledger, RequestRecord};
pub use merge::Mergeability;
pub use pulls::{NewPull, PullEdit};
pub use pushes::FileEdit;
pub use queue::{Group, MergeQueueRules, QueueEntry};
pub use repository::{
    CheckRun, Comment, Protection, Pull, Reaction, ReactionTarget, Repository, RequiredCheck,
    Review, ReviewComment, ReviewState, RuleForm,
};
pub use seed::{DEMO_REPO, default_events, default_permissions};
pub use state::{Refused, World};
pub use talk::LineComment;
pub use webhook::{Delivery, DeliveryPlan, DeliveryState, signature};

use accounts::NewApp;
use exchanges::Exchanges;
use graphql::Schema;
use state::Hosts;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Address asked for.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The built-in GraphQL schema does not parse: a bug here.
    #[error("the built-in GraphQL schema is broken: {0}")]
    Schema(String),
    /// The file for the exchanges cannot be written.
    #[error("cannot write the exchanges to {}: {source}", path.display())]
    Exchanges {
        /// File asked for.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The webhook client could not be built.
    #[error("cannot build the webhook client: {0}")]
    Client(String),
}

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Like a GitHub Enterprise Server: `/api/v3` and `/api/graphql` instead of `/` and `/graphql`, its headers on
    /// deliveries, no rate limits announced, 30 s for a delivery's answer, deliveries kept for 7 days.
    pub enterprise: bool,
    /// Numeric id of the App.
    pub app_id: u64,
    /// Name of the App in URLs; its bot is `slug[bot]`.
    pub app_slug: String,
    /// Public half of the App's RSA key, PEM; without it no JWT is accepted.
    pub app_public_key: Option<String>,
    /// Permissions the App asks for and gets on new installations.
    pub permissions: Permissions,
    /// Events the App subscribes to.
    pub events: BTreeSet<String>,
    /// Where webhooks go; can be set later.
    pub webhook_url: Option<String>,
    /// Secret they are signed with.
    pub webhook_secret: Option<String>,
    /// File to which every request, answer and delivery is appended as a JSON line, without tokens.
    pub exchanges: Option<PathBuf>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            enterprise: false,
            app_id: 4_711,
            app_slug: "orchestrated-discussions".to_owned(),
            app_public_key: None,
            permissions: default_permissions(),
            events: default_events(),
            webhook_url: None,
            webhook_secret: None,
            exchanges: None,
        }
    }
}

/// A running sandbox; it stops when dropped.
pub struct Sandbox {
    hub: Arc<Hub>,
    address: SocketAddr,
    stop: CancellationToken,
}

impl Sandbox {
    /// Starts listening and delivering on the current tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be bound, or the file for the exchanges not be opened.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let bound = TcpListener::bind(options.bind).await;
        let listener = bound.map_err(|source| SandboxError::Bind {
            address: options.bind,
            source,
        })?;
        let address = listener.local_addr().map_err(|source| SandboxError::Bind {
            address: options.bind,
            source,
        })?;
        let (api_prefix, graphql_path) = if options.enterprise {
            ("/api/v3", "/api/graphql")
        } else {
            ("", "/graphql")
        };
        let web = format!("http://{address}");
        let hosts = Hosts {
            api: format!("{web}{api_prefix}"),
            graphql: format!("{web}{graphql_path}"),
            web,
            enterprise: options.enterprise,
        };
        let app = NewApp {
            id: options.app_id,
            slug: options.app_slug,
            owner: "octo".to_owned(),
            permissions: options.permissions,
            events: options.events,
            public_key: options.app_public_key,
        };
        let mut world = World::new(hosts, app);
        world.mail.url = options.webhook_url;
        world.mail.secret = options.webhook_secret;
        world.mail.hook = world.small_id();
        let file = options.exchanges;
        let exchanges =
            Exchanges::to(file.as_deref()).map_err(|source| SandboxError::Exchanges {
                path: file.unwrap_or_default(),
                source,
            })?;
        world.exchanges = Arc::new(exchanges);
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SandboxError::Client(error.to_string()))?;
        let schema = Schema::load().map_err(SandboxError::Schema)?;
        let hub = Arc::new(Hub::new(world, schema, api_prefix, graphql_path));
        let stop = CancellationToken::new();
        tokio::spawn(server::serve(hub.clone(), listener, stop.clone()));
        tokio::spawn(webhook::send_all(hub.clone(), client, stop.clone()));
        Ok(Self { hub, address, stop })
    }

    /// Address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and delivering.
    pub fn shutdown(&self) {
        self.stop.cancel();
    }
}

impl Deref for Sandbox {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.hub
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Percent-encodes what may not stand in a path, slashes kept.
fn web_path(path: &str) -> String {
    const KEEP: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(path, KEEP).to_string()
}
