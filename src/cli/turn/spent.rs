//! What one run of `turn` may take and took, in memory: its requests are a round of their own, and nothing is known of
//! earlier ones.

use crate::llm::ModelError;
use crate::llm::budget::{Amount, Before, Budget, DOLLAR, Limit, dollars, grouped, most, tokens};
use crate::llm::meter::{CallId, Request, Settled};
use crate::llm::purse::{Till, Took, Written};
use async_trait::async_trait;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The requests of a run, in the order announced: their position is their number.
pub(super) struct Spent {
    budget: Budget,
    calls: Mutex<Vec<Took>>,
}

/// `cost` of `discussions/turn@1`, with the words of `discussions/costs@1`.
#[derive(Debug, Serialize)]
pub(super) struct CostJson {
    requests: usize,
    input_tokens: u64,
    cached_tokens: u64,
    output_tokens: u64,
    /// Of the requests whose price is known; null: of none it is.
    usd: Option<f64>,
    unpriced_requests: usize,
}

impl Spent {
    /// Nothing yet, under the limit of a round. Those of pull requests and days are about what a server knows.
    pub(super) fn under(budget: Budget) -> Self {
        let none = Limit::default();
        Self {
            budget: Budget {
                per_round: budget.per_round,
                per_pr: none,
                per_day: none,
            },
            calls: Mutex::default(),
        }
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Took>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For people, where anything was paid or may have been; `None`: nobody was asked who costs something.
    pub(super) fn line(&self) -> Option<String> {
        let calls = self.calls();
        let total = total(&calls);
        let unpriced = calls.iter().filter(|call| call.cost.is_none()).count();
        let price = match (total.cost, unpriced) {
            (None | Some(0), 0) => return None,
            (Some(cost), 0) => dollars(cost),
            (Some(cost), 1) => format!("{} and 1 request whose price is not known", dollars(cost)),
            (Some(cost), many) => {
                format!(
                    "{} and {many} requests whose price is not known",
                    dollars(cost)
                )
            }
            (None, _) => "price not known".to_owned(),
        };
        let cached = match total.usage.cached {
            0 => String::new(),
            cached => format!(" ({} cached)", grouped(cached)),
        };
        Some(format!(
            "cost: {} tokens in{cached}, {} out, {price}",
            grouped(total.usage.input),
            grouped(total.usage.output)
        ))
    }

    /// For programs; `None`: no request was made.
    pub(super) fn json(&self) -> Option<CostJson> {
        let calls = self.calls();
        let total = total(&calls);
        (!calls.is_empty()).then(|| CostJson {
            requests: calls.len(),
            input_tokens: total.usage.input,
            cached_tokens: total.usage.cached,
            output_tokens: total.usage.output,
            usd: total.cost.map(|nano| nano as f64 / DOLLAR as f64),
            unpriced_requests: calls.iter().filter(|call| call.cost.is_none()).count(),
        })
    }
}

/// All together; the cost is that of the requests whose price is known, `None` where it is of none.
fn total(calls: &[Took]) -> Took {
    let mut total = Took::default();
    for call in calls {
        total.usage = total.usage.and(call.usage);
        if let Some(cost) = call.cost {
            total.cost = Some(total.cost.unwrap_or(0).saturating_add(cost));
        }
    }
    total
}

#[async_trait]
impl Till for Spent {
    async fn announce(&self, request: &Request<'_>) -> Result<Written, ModelError> {
        let mut calls = self.calls();
        let so_far = total(&calls);
        let before = Before {
            round: Amount {
                tokens: tokens(so_far.usage),
                cost: so_far.cost,
            },
            ..Before::default()
        };
        let takes = most(request);
        if let Err(why) = self.budget.allows_on_disk(&before, takes) {
            return Ok(Written::Refused(why));
        }
        let id = CallId::try_from(calls.len()).unwrap_or(CallId::MAX);
        // Until its end is known, and for good where that never comes, it counts with its most.
        calls.push(Took {
            usage: request.at_most(),
            cost: takes.cost,
        });
        Ok(Written::Allowed(id))
    }

    async fn settle(&self, call: CallId, took: Took, _: &Settled<'_>) {
        let mut calls = self.calls();
        let known = usize::try_from(call).ok().and_then(|at| calls.get_mut(at));
        if let Some(known) = known {
            *known = took;
        }
    }
}
