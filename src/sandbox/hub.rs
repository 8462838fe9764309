//! The one place where the world is held: server, deliveries, control routes and the handle all work through it.

use super::exchanges::Exchanges;
use super::faults::Fault;
use super::graphql::Schema;
use super::ledger::Ledger;
use super::rest::Routes;
use super::state::World;
use super::webhook::{Delivery, DeliveryPlan};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Everything that can be seen of a sandbox and done to it. A [`super::Sandbox`] derefs to it.
pub struct Hub {
    world: Mutex<World>,
    pub(super) changed: Notify,
    pub(super) routes: Routes,
    pub(super) schema: Schema,
    pub(super) exchanges: Arc<Exchanges>,
    pub(super) enterprise: bool,
    pub(super) app_id: u64,
    pub(super) api_prefix: String,
    pub(super) graphql_path: String,
    /// What a form on one of our pages carries and a form on another site cannot know.
    pub(super) form_token: String,
}

impl Hub {
    pub(super) fn new(world: World, schema: Schema, api_prefix: &str, graphql_path: &str) -> Self {
        Self {
            app_id: world.own_app,
            enterprise: world.hosts.enterprise,
            exchanges: world.exchanges.clone(),
            world: Mutex::new(world),
            changed: Notify::new(),
            routes: Routes::new(),
            schema,
            api_prefix: api_prefix.to_owned(),
            graphql_path: graphql_path.to_owned(),
            form_token: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// The world, locked. A panic elsewhere does not make it unusable.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world, lets merge queues go on as far as that allows, then wakes the deliveries.
    pub(super) fn act<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = {
            let mut world = self.world();
            let result = change(&mut world);
            world.run_queues();
            result
        };
        self.changed.notify_waiters();
        result
    }

    /// REST base, without a slash at the end.
    pub fn api_url(&self) -> String {
        self.world().hosts.api.clone()
    }

    /// GraphQL endpoint.
    pub fn graphql_url(&self) -> String {
        self.world().hosts.graphql.clone()
    }

    /// Web base, without a slash at the end.
    pub fn web_url(&self) -> String {
        self.world().hosts.web.clone()
    }

    /// Looks at the world without changing it.
    pub fn look<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.world())
    }

    /// Points the webhooks somewhere.
    pub fn set_webhook(&self, url: &str, secret: &str) {
        self.act(|world| {
            world.mail.url = Some(url.to_owned());
            world.mail.secret = Some(secret.to_owned());
        });
    }

    /// Disturbs deliveries from now on; the default plan stops disturbing and releases what was held.
    pub fn set_deliveries(&self, plan: DeliveryPlan) {
        self.act(|world| world.mail.set_plan(plan));
    }

    /// The delivery log, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.world().mail.log.clone()
    }

    /// Delivers an event again, by its GUID. False if there is none.
    pub fn redeliver(&self, guid: &str) -> bool {
        self.act(|world| {
            let found = world.mail.log.iter().find(|delivery| delivery.guid == guid);
            let id = found.map(|delivery| delivery.id);
            id.is_some_and(|id| world.redeliver(id))
        })
    }

    /// Waits until no delivery is being sent or waits for its turn; held ones do not count.
    pub async fn wait_until_idle(&self) {
        loop {
            let woken = self.changed.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            if self.world().mail.idle() {
                return;
            }
            woken.await;
        }
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) {
        self.act(|world| world.faults.arm(fault));
    }

    /// Disarms all faults and lifts limits in force.
    pub fn clear_faults(&self) {
        self.act(|world| world.faults.clear());
    }

    /// What the App did so far.
    pub fn ledger(&self) -> Ledger {
        self.world().ledger.clone()
    }

    /// Forgets what the App did so far, to count from here.
    pub fn reset_ledger(&self) {
        self.act(|world| world.ledger = Ledger::default());
    }

    /// Moves the sandbox's clock forward: tokens expire, hidden things appear.
    pub fn advance(&self, by: Duration) {
        let by = chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::zero());
        self.act(|world| world.advance(by));
    }

    /// Sets the hourly request limit of installations.
    pub fn set_hourly_limit(&self, requests: u64) {
        self.act(|world| world.hourly_limit = requests);
    }

    /// Lists only so many files of a pull request, where GitHub lists 3,000.
    pub fn set_file_limit(&self, files: usize) {
        self.act(|world| world.file_limit = files);
    }

    /// Refuses content writes beyond so many a minute, as GitHub's secondary limit does; `None` stops that.
    pub fn set_content_limit(&self, writes: Option<u64>) {
        self.act(|world| world.content_limit = writes);
    }
}
