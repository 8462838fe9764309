//! A meter that holds requests to limits: each is written down before it is made. One for which there is no room waits
//! for those under way, as they usually take less than they could.

use super::meter::{CallId, Meter, Price, Request, Settled};
use super::{ModelError, Usage};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Where requests are written down, and where it is known what was spent before.
#[async_trait]
pub trait Till: Send + Sync {
    /// Writes a request down with the most that it can take, if that fits.
    ///
    /// # Errors
    /// It cannot be written down: it must not be made, as it would count nowhere.
    async fn announce(&self, request: &Request<'_>) -> Result<Written, ModelError>;

    /// Writes down what became of it.
    async fn settle(&self, call: CallId, took: Took, settled: &Settled<'_>);
}

/// What became of an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It stands under that number.
    Allowed(CallId),
    /// There is no room for it now; why, with the limit and what to do.
    Refused(String),
}

/// What a request took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    /// Tokens.
    pub usage: Usage,
    /// Nano-dollars; `None`: no price is known.
    pub cost: Option<u64>,
}

/// The meter of one discussion's round.
pub struct Purse<T> {
    till: T,
    /// How long a request waits for those under way, which may take less than they could and leave room for it.
    patience: Duration,
    /// Held while a request is announced, until it is among those under way: who is refused has to know whether others
    /// may still leave room.
    announcing: tokio::sync::Mutex<()>,
    under_way: Mutex<BTreeMap<CallId, UnderWay>>,
    /// Until when each persona waits at most: its turn goes on meanwhile, and what it waits for has to fit in as well,
    /// whichever of several models it is then.
    until: Mutex<BTreeMap<String, Instant>>,
    ended: Notify,
}

/// A request that was announced.
#[derive(Clone, Copy)]
struct UnderWay {
    since: Instant,
    most: Usage,
    price: Option<Price>,
}

impl<T: Till> Purse<T> {
    /// A purse that nothing was taken from yet; what earlier rounds took, the till knows. `patience`: half of the time
    /// that a turn has.
    pub fn new(till: T, patience: Duration) -> Self {
        Self {
            till,
            patience,
            announcing: tokio::sync::Mutex::default(),
            under_way: Mutex::default(),
            until: Mutex::default(),
            ended: Notify::new(),
        }
    }

    /// Where its requests are written down.
    pub fn till(&self) -> &T {
        &self.till
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeMap<CallId, UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody else's request may still end and leave room. One that is older than a turn was given up.
    fn is_alone(&self) -> bool {
        let turn = self.patience * 2;
        self.under_way()
            .values()
            .all(|call| call.since.elapsed() > turn)
    }

    fn until(&self, request: &Request<'_>) -> Instant {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = Instant::now() + self.patience;
        *until.entry(request.persona.to_string()).or_insert(latest)
    }
}

#[async_trait]
impl<T: Till> Meter for Purse<T> {
    async fn announce(&self, request: &Request<'_>) -> Result<CallId, ModelError> {
        let until = self.until(request);
        loop {
            // Listened for before the till is asked: an end in between must not be missed.
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            let announcing = self.announcing.lock().await;
            let is_alone = self.is_alone();
            let why = match self.till.announce(request).await? {
                Written::Allowed(id) => {
                    let most = request.at_most();
                    let price = request.price;
                    let since = Instant::now();
                    self.under_way().insert(id, UnderWay { since, most, price });
                    return Ok(id);
                }
                Written::Refused(why) => why,
            };
            drop(announcing);
            if is_alone || tokio::time::timeout_at(until, ended).await.is_err() {
                return Err(ModelError::OverBudget(why));
            }
        }
    }

    async fn settle(&self, call: CallId, settled: &Settled<'_>) {
        let Some(under_way) = self.under_way().remove(&call) else {
            return;
        };
        // Also where this is given up at the next point of waiting.
        let _told = Tell(&self.ended);
        self.till
            .settle(call, under_way.took(settled), settled)
            .await;
    }
}

/// Wakes all who wait once it is dropped.
struct Tell<'a>(&'a Notify);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl UnderWay {
    /// What it took: by the provider's count; by length, where one gave an answer and counts nothing; and the most for
    /// each time it was sent without learning that.
    fn took(&self, settled: &Settled<'_>) -> Took {
        let counted = match settled.said {
            Ok(words) if settled.usage == Usage::default() => Usage {
                output: Request::tokens_of(words.len()),
                ..self.most
            },
            _ => settled.usage,
        };
        let mut usage = counted;
        let mut cost = self.price.map(|price| price.of(counted));
        for _ in 0..settled.lost {
            usage = usage.and(self.most);
            let most = self.price.map(|price| price.at_most(self.most));
            cost = cost.zip(most).map(|(cost, most)| cost.saturating_add(most));
        }
        Took { usage, cost }
    }
}
