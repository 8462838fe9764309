//! What a job may spend on models: every request is written down in the store before it is made, and refused where it
//! might pass a limit of the base branch's configuration.

use crate::ids::PullRequest;
use crate::llm::budget::{Amount, Before, Budget, most};
use crate::llm::meter::{CallId, Request, Settled};
use crate::llm::purse::{Till, Took, Written};
use crate::llm::{ModelError, Usage};
use crate::store::{
    Announced, CallEnd, Lease, NewCall, Spent, SpentSoFar, Store, StoreError, Taken,
};
use async_trait::async_trait;

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
}

impl Account<'_> {
    fn call(&self, request: &Request<'_>) -> NewCall {
        NewCall {
            job: self.job.to_owned(),
            path: self.path.to_owned(),
            persona: request.persona.to_string(),
            model: request.model.to_owned(),
            request: request.hash(),
            is_question: request.is_question,
            at_most: taken(request.at_most(), most(request).cost),
        }
    }
}

#[async_trait]
impl Till for Account<'_> {
    async fn announce(&self, request: &Request<'_>) -> Result<Written, ModelError> {
        let call = self.call(request);
        let takes = most(request);
        let may = |so_far: &SpentSoFar| self.budget.allows(&before(so_far), takes);
        let announced = self.store.announce_call(self.lease, self.pr, &call, &may);
        let announced = announced.await.map_err(|error| unwritten(&error))?;
        Ok(match announced {
            Announced::Allowed(id) => Written::Allowed(id),
            Announced::Refused(why) => Written::Refused(why),
        })
    }

    async fn settle(&self, call: CallId, took: Took, settled: &Settled<'_>) {
        let end = CallEnd {
            taken: taken(took.usage, took.cost),
            lost: settled.lost,
            said: settled.said.map(str::to_owned).map_err(str::to_owned),
        };
        if let Err(error) = self.store.settle_call(call, &end).await {
            tracing::warn!(call, %error, "the end of a request is not written down, it counts with its most");
        }
    }
}

/// A request that is not written down is not made: it would count nowhere.
fn unwritten(error: &StoreError) -> ModelError {
    ModelError::Unavailable {
        reason: format!("not asked, as it cannot be written down what that takes: {error}"),
        retry_after: None,
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
