//! A GitHub on loopback: the REST and GraphQL surface the App uses, webhooks, people, branch rules and a merge box.
//!
//! It serves `discussions demo`, `discussions sandbox` and the scenario tests. A fake is worth what it refuses, so
//! tokens, permissions, stale heads, size limits and the merge decision are checked as GitHub checks them. It shares
//! no code with the App's own client: whatever both get wrong in the same way would go unnoticed.
//!
//! | Folder | What |
//! |---|---|
//! | `state`, `repository`, `git` | the world: plain data |
//! | `pushes`, `pulls`, `talk`, `checks`, `merge` | what can happen in it, with the webhooks that follow |
//! | `people` | acting as persons, from tests and the control routes |
//! | `auth`, `rest`, `graphql`, `shape` | the App's side: who calls, routes, queries, JSON |
//! | `webhook`, `payload` | deliveries, their log and their disturbance |
//! | `faults`, `limits`, `ledger` | bad days, and what the App did |
//! | `server`, `control`, `page` | HTTP: the API, the control routes below `/_sandbox`, pages for the eye |

mod auth;
mod chance;
mod checks;
mod control;
mod faults;
pub mod git;
mod graphql;
mod key;
mod ledger;
mod limits;
mod merge;
mod page;
mod payload;
mod people;
mod pulls;
mod pushes;
mod repository;
mod rest;
mod seed;
mod server;
mod shape;
mod state;
mod talk;
mod webhook;

pub use chance::Chance;
pub use faults::{Fault, FaultKind, Matcher, Times};
pub use git::Oid;
pub use key::AppKey;
pub use ledger::{Effect, EffectKind, Ledger, RequestRecord};
pub use merge::Mergeability;
pub use pulls::{NewPull, PullEdit};
pub use pushes::FileEdit;
pub use repository::{
    CheckRun, Comment, Protection, Pull, Reaction, ReactionTarget, Repository, RequiredCheck,
    Review, ReviewComment, ReviewState,
};
pub use seed::{DEMO_REPO, default_events, default_permissions};
pub use state::{Access, Permissions, Refused, Role, World};
pub use talk::LineComment;
pub use webhook::{Delivery, DeliveryPlan, DeliveryState, signature};

use graphql::Schema;
use rest::Routes;
use state::{Hosts, NewApp};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
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
    /// The webhook client could not be built.
    #[error("cannot build the webhook client: {0}")]
    Client(String),
}

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Addresses like a GitHub Enterprise Server: `/api/v3` and `/api/graphql` instead of `/` and `/graphql`.
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
        }
    }
}

/// What server, deliveries and the handle share.
pub(crate) struct Hub {
    world: Mutex<World>,
    changed: Notify,
    routes: Routes,
    schema: Schema,
    api_prefix: String,
    graphql_path: String,
    app_id: u64,
    hook_id: u64,
}

impl Hub {
    /// The world, locked. A panic elsewhere does not make it unusable.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world, then wakes the deliveries.
    fn act<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.world());
        self.changed.notify_waiters();
        result
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
    /// If the address cannot be bound.
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
        let hook_id = world.small_id();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SandboxError::Client(error.to_string()))?;
        let hub = Arc::new(Hub {
            world: Mutex::new(world),
            changed: Notify::new(),
            routes: Routes::new(),
            schema: Schema::load().map_err(SandboxError::Schema)?,
            api_prefix: api_prefix.to_owned(),
            graphql_path: graphql_path.to_owned(),
            app_id: options.app_id,
            hook_id,
        });
        let stop = CancellationToken::new();
        tokio::spawn(server::serve(hub.clone(), listener, stop.clone()));
        tokio::spawn(webhook::send_all(hub.clone(), client, stop.clone()));
        Ok(Self { hub, address, stop })
    }

    /// Address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// REST base, without a slash at the end.
    pub fn api_url(&self) -> String {
        self.hub.world().hosts.api.clone()
    }

    /// GraphQL endpoint.
    pub fn graphql_url(&self) -> String {
        self.hub.world().hosts.graphql.clone()
    }

    /// Web base, without a slash at the end.
    pub fn web_url(&self) -> String {
        self.hub.world().hosts.web.clone()
    }

    /// Stops listening and delivering.
    pub fn shutdown(&self) {
        self.stop.cancel();
    }

    /// Looks at the world without changing it.
    pub fn look<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.hub.world())
    }

    /// Points the webhooks somewhere.
    pub fn set_webhook(&self, url: &str, secret: &str) {
        self.hub.act(|world| {
            world.mail.url = Some(url.to_owned());
            world.mail.secret = Some(secret.to_owned());
        });
    }

    /// Disturbs deliveries from now on; the default plan stops disturbing and releases what was held.
    pub fn set_deliveries(&self, plan: DeliveryPlan) {
        self.hub.act(|world| world.mail.set_plan(plan));
    }

    /// The delivery log, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.hub.world().mail.log.clone()
    }

    /// Delivers an event again, by its GUID. False if there is none.
    pub fn redeliver(&self, guid: &str) -> bool {
        self.hub.act(|world| {
            let id = world
                .mail
                .log
                .iter()
                .find(|delivery| delivery.guid == guid)
                .map(|found| found.id);
            id.is_some_and(|id| world.redeliver(id))
        })
    }

    /// Waits until no delivery is being sent or waits for its turn; held ones do not count.
    pub async fn wait_until_idle(&self) {
        loop {
            let woken = self.hub.changed.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            if self.hub.world().mail.idle() {
                return;
            }
            woken.await;
        }
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) {
        self.hub.act(|world| world.faults.arm(fault));
    }

    /// Disarms all faults and lifts limits in force.
    pub fn clear_faults(&self) {
        self.hub.act(|world| world.faults.clear());
    }

    /// What the App did so far.
    pub fn ledger(&self) -> Ledger {
        self.hub.world().ledger.clone()
    }

    /// Forgets what the App did so far, to count from here.
    pub fn reset_ledger(&self) {
        self.hub.act(|world| world.ledger = Ledger::default());
    }

    /// Moves the sandbox's clock forward: tokens expire, hidden things appear.
    pub fn advance(&self, by: Duration) {
        let by = chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::zero());
        self.hub.act(|world| world.advance(by));
    }

    /// Sets the hourly request limit of installations.
    pub fn set_hourly_limit(&self, requests: u64) {
        self.hub.act(|world| world.hourly_limit = requests);
    }

    /// Refuses content writes beyond so many a minute, as GitHub's secondary limit does; `None` stops that.
    pub fn set_content_limit(&self, writes: Option<u64>) {
        self.hub.act(|world| world.content_limit = writes);
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
