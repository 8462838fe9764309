//! The server: takes deliveries in, answers health checks, hands out the public keys, and nothing else.
//!
//! A delivery is answered with success only after it is verified and stored. No request to GitHub or to a model is made
//! here; the worker is woken and does the rest.

mod accept;
pub mod app;
pub mod doctor;
mod health;
mod keys;
pub mod models;
mod webhook;

pub use accept::serve;

use crate::config::{HEALTH_PATH, KEYS_PATH, READY_PATH};
use crate::forge::event::Event;
use crate::store::{NewJob, Store};
use axum::Router;
use axum::routing::{get, post};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// What a verified delivery becomes.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Work for one pull request.
    Job(NewJob),
    /// No work; why, in words for the delivery log.
    Nothing(String),
}

/// Decides what a delivery becomes, from the event alone.
pub type Decide = Arc<dyn Fn(&Event) -> Decision + Send + Sync>;

/// What the server takes deliveries in with.
#[derive(Clone)]
pub struct Intake {
    /// Path of the webhook, beginning with a slash.
    pub webhook_path: String,
    /// Every secret that is valid now.
    pub secrets: Vec<SecretString>,
    /// What an event becomes.
    pub decide: Decide,
    /// Where deliveries are kept.
    pub store: Arc<dyn Store>,
    /// Notified after a job was stored.
    pub wake: Arc<Notify>,
    /// Public keys that receipts are checked by, as a JSON Web Key Set.
    pub key_set: String,
}

/// Bounds on what clients can cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for the whole head of a request, also how long an idle connection is kept.
    pub head: Duration,
    /// Time for the whole body.
    pub body: Duration,
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Largest body, bytes. GitHub sends at most 25 MB, whichever way one counts.
    pub body_bytes: usize,
    /// A body beyond this size is large, bytes. Almost all deliveries stay below.
    pub large_from: usize,
    /// Large bodies held at once; one more waits within its time. So all bodies together are bounded by
    /// `connections * large_from + large_bodies * body_bytes`, and large ones never keep small ones waiting.
    pub large_bodies: usize,
    /// Time for open requests to end after the stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            body: Duration::from_secs(8),
            connections: 512,
            body_bytes: 25 * 1024 * 1024,
            large_from: 128 * 1024,
            large_bodies: 4,
            drain: Duration::from_secs(15),
        }
    }
}

/// What the handlers share.
struct State {
    intake: Intake,
    limits: Limits,
    /// Places for large bodies.
    large: Semaphore,
}

fn router(intake: Intake, limits: Limits) -> Router {
    let webhook_path = intake.webhook_path.clone();
    let state = State {
        intake,
        limits,
        large: Semaphore::new(limits.large_bodies),
    };
    Router::new()
        .route(&webhook_path, post(webhook::receive))
        .route(HEALTH_PATH, get(health::alive))
        .route(READY_PATH, get(health::ready))
        .route(KEYS_PATH, get(keys::show))
        .with_state(Arc::new(state))
}
