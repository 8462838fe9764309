//! What a job may spend on models: every request is written down in the store before it is made, and refused where it
//! might pass a limit of the base branch's configuration.

use crate::ids::PullRequest;
use crate::llm::budget::{Amount, Before, Budget, most};
use crate::llm::meter::{CallId, Meter, Price, Request, Settled};
use crate::llm::{ModelError, Usage};
use crate::store::{
    Announced, CallEnd, Lease, NewCall, Spent, SpentSoFar, Store, StoreError, Taken,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Who pays for what.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// Where requests are written down.
    pub store: &'a dyn Store,
    /// Of the job that asks.
    pub lease: &'a Lease,
    /// Public id of that job: its requests are one round.
    pub job: &'a str,
    /// The pull request, with its current names.
    pub pr: &'a PullRequest,
    /// Path of the discussion by the record.
    pub path: &'a str,
    /// The limits.
    pub budget: Budget,
    /// How long a request waits for those under way, which may take less than they could and leave room for it.
    pub patience: Duration,
}

/// The meter of one discussion's round.
pub struct Purse<'a> {
    account: Account<'a>,
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

impl<'a> Purse<'a> {
    /// A purse that nothing was taken from yet; what earlier rounds took, the store knows.
    pub fn new(account: Account<'a>) -> Self {
        Self {
            account,
            announcing: tokio::sync::Mutex::default(),
            under_way: Mutex::default(),
            until: Mutex::default(),
            ended: Notify::new(),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeMap<CallId, UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody else's request may still end and leave room. One that is older than a turn was given up.
    fn is_alone(&self) -> bool {
        let turn = self.account.patience * 2;
        self.under_way()
            .values()
            .all(|call| call.since.elapsed() > turn)
    }

    fn until(&self, request: &Request<'_>) -> Instant {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = Instant::now() + self.account.patience;
        *until.entry(request.persona.to_string()).or_insert(latest)
    }

    fn call(&self, request: &Request<'_>) -> NewCall {
        NewCall {
            job: self.account.job.to_owned(),
            path: self.account.path.to_owned(),
            persona: request.persona.to_string(),
            model: request.model.to_owned(),
            request: request.hash(),
            is_question: request.is_question,
            at_most: taken(request.at_most(), most(request).cost),
        }
    }
}

#[async_trait]
impl Meter for Purse<'_> {
    async fn announce(&self, request: &Request<'_>) -> Result<CallId, ModelError> {
        let Account {
            store,
            lease,
            pr,
            budget,
            ..
        } = self.account;
        let call = self.call(request);
        let takes = most(request);
        let until = self.until(request);
        let may = |so_far: &SpentSoFar| budget.allows(&before(so_far), takes);
        loop {
            // Listened for before the store is asked: an end in between must not be missed.
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            let announcing = self.announcing.lock().await;
            let is_alone = self.is_alone();
            let announced = store.announce_call(lease, pr, &call, &may).await;
            let why = match announced.map_err(|error| unwritten(&error))? {
                Announced::Allowed(id) => {
                    let most = request.at_most();
                    let price = request.price;
                    let since = Instant::now();
                    self.under_way().insert(id, UnderWay { since, most, price });
                    return Ok(id);
                }
                Announced::Refused(why) => why,
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
        let end = CallEnd {
            taken: under_way.took(settled),
            lost: settled.lost,
            said: settled.said.map(str::to_owned).map_err(str::to_owned),
        };
        if let Err(error) = self.account.store.settle_call(call, &end).await {
            tracing::warn!(call, %error, "the end of a request is not written down, it counts with its most");
        }
    }
}

/// Wakes all who wait once it is dropped.
struct Tell<'a>(&'a Notify);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

/// A request that is not written down is not made: it would count nowhere.
fn unwritten(error: &StoreError) -> ModelError {
    ModelError::Unavailable {
        reason: format!("not asked, as it cannot be written down what that takes: {error}"),
        retry_after: None,
    }
}

impl UnderWay {
    /// What it took: by the provider's count; by length, where one gave an answer and counts nothing; and the most for
    /// each time it was sent without learning that.
    fn took(&self, settled: &Settled<'_>) -> Taken {
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
        taken(usage, cost)
    }
}

fn taken(usage: Usage, cost: Option<u64>) -> Taken {
    Taken {
        input: usage.input,
        cached: usage.cached,
        cache_writes: usage.cache_writes,
        output: usage.output,
        cost,
    }
}

fn before(so_far: &SpentSoFar) -> Before {
    let amount = |spent: Spent| Amount {
        tokens: spent.tokens,
        cost: Some(spent.cost),
    };
    Before {
        round: amount(so_far.round),
        pull: amount(so_far.pull),
        day: amount(so_far.day),
    }
}
