//! Waiting for one's turn: one [`Limiter`] for each installation and one for the App itself, in front of every request.
//!
//! All jobs of the process share them. Several processes do not know of each other's writes, so each of them goes at the
//! full rate; a window that GitHub announces reaches the others through the queue, which holds the installation's jobs.
//! What is under way when a refusal comes in cannot be called back.

use super::super::ForgeError;
use super::error;
use super::limits::{Admission, Lane, Limiter, Rates};
use super::transport::{Answer, Request};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// In whose name a request is made: limits are counted for each apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Party {
    /// The App itself.
    App,
    /// An installation, by id.
    Installation(u64),
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App => f.write_str("the App"),
            Self::Installation(id) => write!(f, "installation {id}"),
        }
    }
}

/// The limiters of everybody in whose name is asked.
#[derive(Debug)]
pub(super) struct Pace {
    rates: Rates,
    limiters: Mutex<HashMap<Party, Limiter>>,
}

impl Pace {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            rates,
            limiters: Mutex::default(),
        }
    }

    /// Waits until a request may be sent; an error if that takes too long to wait here. Nothing is sent then.
    pub(super) async fn pass(&self, party: Party, request: &Request) -> Result<(), ForgeError> {
        loop {
            let now = Instant::now();
            let seconds = |left: Duration| whole_seconds(left);
            match self.with(party, |limiter| limiter.admit(request.lane, now)) {
                Admission::Now => return Ok(()),
                Admission::At(slot) => tokio::time::sleep_until(slot.into()).await,
                Admission::Closed(left) => {
                    return Err(ForgeError::RateLimited {
                        retry_after: seconds(left),
                        message: format!("{request}: not sent, GitHub wants nothing of {party}"),
                    });
                }
                Admission::OutOfTurn(left) => {
                    return Err(ForgeError::OutOfTurn {
                        wait: seconds(left),
                        message: format!("{request}: not sent, much was written for {party}"),
                    });
                }
            }
            // A window may have begun meanwhile.
            if self
                .with(party, |limiter| limiter.closed(Instant::now()))
                .is_none()
            {
                return Ok(());
            }
        }
    }

    /// Takes in what an answer says about limits. Where it is a refusal for one: for how many seconds nothing may be
    /// sent.
    pub(super) fn note(
        &self,
        party: Party,
        request: &Request,
        sent: Instant,
        answer: &Answer,
    ) -> Option<u64> {
        if error::is_limit(answer) {
            return Some(self.refused(party, request.lane, sent, answer));
        }
        let left = error::used_up(&answer.headers)?;
        tracing::warn!(%party, seconds = left, "GitHub's requests of this hour are used up");
        let left = Duration::from_secs(left);
        self.with(party, |limiter| limiter.used_up(Instant::now(), left));
        None
    }

    /// A request was refused for a limit: for how many seconds nothing may be sent.
    pub(super) fn refused(&self, party: Party, lane: Lane, sent: Instant, answer: &Answer) -> u64 {
        let told = error::wait(&answer.headers).map(Duration::from_secs);
        let now = Instant::now();
        let left = self.with(party, |limiter| limiter.refused(lane, sent, now, told));
        let seconds = whole_seconds(left);
        tracing::warn!(%party, ?lane, seconds, "GitHub limits us, and writing goes half as fast for a while");
        seconds
    }

    fn with<T>(&self, party: Party, ask: impl FnOnce(&mut Limiter) -> T) -> T {
        let mut limiters = self.lock();
        if !limiters.contains_key(&party) {
            let now = Instant::now();
            limiters.retain(|_, limiter| !limiter.is_idle(now));
        }
        let rates = self.rates;
        let limiter = limiters.entry(party);
        ask(limiter.or_insert_with(|| Limiter::new(rates)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Party, Limiter>> {
        self.limiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rounded up, so that nobody comes back too early; at least 1.
fn whole_seconds(time: Duration) -> u64 {
    let begun = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(begun).max(1)
}
