//! A model that is left alone for a while after it failed several times in a row.
//!
//! Put one around each endpoint and share it: what one turn learnt about a service that is down holds for all.

use super::meter::{CallId, Meter, Request, Settled};
use super::{Answer, Model, ModelError, Prompt, clip};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which a model is left alone.
pub const FAILURES: u32 = 3;

/// For how long, unless it said that it takes less. After that one turn tries it; the others pass it over until that
/// one knows.
pub const REST: Duration = Duration::from_secs(60);

/// Tells the time; never backwards.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// A model with a memory of its failures. A failure is [`ModelError::Unavailable`], [`ModelError::Refused`], a panic, or
/// a call that was given up before it answered (which is how a stalled one ends). An answer that is not usable is none:
/// the service is there.
pub struct Breaker {
    model: Arc<dyn Model>,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In a row.
    failures: u32,
    /// Not asked before that.
    rest_until: Option<Instant>,
    /// Whether one call tries it after its rest.
    on_trial: bool,
    /// What the last failure was.
    last: String,
    /// It was one that does not pass by itself.
    is_refused: bool,
}

impl Breaker {
    /// Around `model`, by the machine's clock.
    pub fn new(model: Arc<dyn Model>) -> Self {
        Self::with_clock(model, Arc::new(Instant::now))
    }

    /// Around `model`, by another clock.
    pub fn with_clock(model: Arc<dyn Model>, clock: Clock) -> Self {
        Self {
            model,
            clock,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call through, or says why not.
    fn admit<'a>(&'a self, is_asked: &'a AtomicBool) -> Result<Call<'a>, ModelError> {
        let now = (self.clock)();
        let mut state = self.state();
        let Some(rest_until) = state.rest_until else {
            return Ok(Call::new(self, is_asked, false));
        };
        let left = rest_until.saturating_duration_since(now);
        if left.is_zero() && !state.on_trial {
            state.on_trial = true;
            return Ok(Call::new(self, is_asked, true));
        }
        let reason = format!(
            "not asked after {} failures in a row, the last: {}",
            state.failures, state.last
        );
        Err(match state.is_refused {
            true => ModelError::Refused(reason),
            // Rounded up: a moment too early would be in vain. While one call is on trial, nobody knows.
            false => ModelError::Unavailable {
                reason,
                retry_after: (!left.is_zero()).then(|| left.as_secs() + 1),
            },
        })
    }
}

#[async_trait]
impl Model for Breaker {
    fn name(&self) -> &str {
        self.model.name()
    }

    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError> {
        let watch = Watch {
            meter,
            is_asked: AtomicBool::new(false),
        };
        let call = self.admit(&watch.is_asked)?;
        let answer = self.model.answer(prompt, &watch).await;
        match &answer {
            Err(ModelError::Unavailable {
                reason,
                retry_after,
            }) if call.is_made() => call.failed(Failure {
                reason,
                rest: retry_after.map_or(REST, Duration::from_secs).min(REST),
                is_refused: false,
            }),
            Err(ModelError::Refused(reason)) if call.is_made() => call.failed(Failure {
                reason,
                rest: REST,
                is_refused: true,
            }),
            // It was not asked: what is known of it stays as it was.
            Err(
                ModelError::Unavailable { .. } | ModelError::Refused(_) | ModelError::OverBudget(_),
            ) => call.not_made(),
            _ => call.answered(),
        }
        answer
    }
}

/// Passes on what is told to a meter, and knows whether the service was asked at all: who waits for money, or cannot
/// write down what is spent, says nothing about the service.
struct Watch<'a> {
    meter: &'a dyn Meter,
    is_asked: AtomicBool,
}

#[async_trait]
impl Meter for Watch<'_> {
    async fn announce(&self, request: &Request<'_>) -> Result<CallId, ModelError> {
        let call = self.meter.announce(request).await?;
        self.is_asked.store(true, Ordering::Release);
        Ok(call)
    }

    async fn settle(&self, call: CallId, settled: &Settled<'_>) {
        self.meter.settle(call, settled).await;
    }
}

/// A call that failed.
#[derive(Clone, Copy)]
struct Failure<'r> {
    reason: &'r str,
    /// How long the model is left alone if it failed so often by now.
    rest: Duration,
    is_refused: bool,
}

/// A call on its way. Dropped without a word after the service was asked, it failed.
struct Call<'a> {
    breaker: &'a Breaker,
    is_asked: &'a AtomicBool,
    is_trial: bool,
    is_told: bool,
}

impl<'a> Call<'a> {
    fn new(breaker: &'a Breaker, is_asked: &'a AtomicBool, is_trial: bool) -> Self {
        Self {
            breaker,
            is_asked,
            is_trial,
            is_told: false,
        }
    }

    fn answered(mut self) {
        self.is_told = true;
        *self.breaker.state() = State::default();
    }

    fn is_made(&self) -> bool {
        self.is_asked.load(Ordering::Acquire)
    }

    fn not_made(mut self) {
        self.is_told = true;
        self.give_up_trial();
    }

    fn give_up_trial(&self) {
        if self.is_trial {
            self.breaker.state().on_trial = false;
        }
    }

    fn failed(mut self, failure: Failure<'_>) {
        self.is_told = true;
        self.count(failure);
    }

    fn count(&self, failure: Failure<'_>) {
        let now = (self.breaker.clock)();
        let mut state = self.breaker.state();
        state.failures = state.failures.saturating_add(1);
        state.last = clip::fit(failure.reason, &[]);
        state.is_refused = failure.is_refused;
        if self.is_trial {
            state.on_trial = false;
        }
        if state.failures >= FAILURES {
            state.rest_until = Some(now + failure.rest);
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        match self.is_told {
            true => {}
            false if self.is_made() => self.count(Failure {
                reason: "given up before it answered",
                rest: REST,
                is_refused: false,
            }),
            false => self.give_up_trial(),
        }
    }
}
