//! Faults on request: what a forge does to its clients on bad days.

use super::chance::Chance;
use super::state::Time;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Which requests a fault hits.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// Every request.
    Any,
    /// Everything but `GET`, and GraphQL mutations.
    Writes,
    /// A REST route: method and pattern as in the ledger, such as `POST` and `/repos/{owner}/{repo}/check-runs`.
    Rest(String, String),
    /// A GraphQL operation by name.
    Graphql(String),
}

/// How often a fault strikes.
#[derive(Debug, Clone)]
pub enum Times {
    /// The next so many matching requests.
    Next(u32),
    /// This share of all matching requests, in thousandths, drawn from the seed.
    Chance {
        /// Thousandths.
        per_mille: u16,
        /// Seed.
        seed: u64,
    },
}

/// What happens.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// The request is carried out, then the connection is cut without an answer.
    ApplyThenDrop,
    /// The connection is cut before anything happens.
    DropBefore,
    /// The answer comes late; everything else is normal.
    Delay(Duration),
    /// An error status with GitHub's JSON error body; nothing happens.
    Status(u16),
    /// The request is carried out, then answered with an error status.
    ApplyThenStatus(u16),
    /// The hourly limit of whoever asks is used up for so many seconds: 403 with `x-ratelimit-reset`.
    PrimaryLimit {
        /// Seconds until the reset.
        reset_in: i64,
    },
    /// A secondary limit for whoever asks: 403 or 429, with the given `retry-after` text if any.
    SecondaryLimit {
        /// 403 or 429.
        status: u16,
        /// Value of the header, sent as it is (also nonsense).
        retry_after: Option<String>,
    },
    /// An HTML page with that status, as a proxy in front would give.
    Html(u16),
    /// Status 200 with bytes that are not JSON.
    Garbage,
    /// The request is carried out; the JSON answer ends half-way.
    TruncatedJson,
    /// Status 200 with these GraphQL `errors` and null data; nothing happens.
    GraphqlErrors(Value),
    /// The request is carried out; what it created shows in reads only after this time.
    HideFor(Duration),
    /// A redirect to this address.
    Redirect(String),
}

/// A fault to inject.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which requests.
    pub matcher: Matcher,
    /// How often.
    pub times: Times,
    /// Matching requests to let pass first.
    pub after: u32,
    /// What happens.
    pub kind: FaultKind,
}

impl Fault {
    /// The next matching request only.
    pub fn once(matcher: Matcher, kind: FaultKind) -> Self {
        Self {
            matcher,
            times: Times::Next(1),
            after: 0,
            kind,
        }
    }

    /// A share of all matching requests.
    pub fn sometimes(matcher: Matcher, kind: FaultKind, per_mille: u16, seed: u64) -> Self {
        Self {
            matcher,
            times: Times::Chance { per_mille, seed },
            after: 0,
            kind,
        }
    }
}

/// A request as faults see it.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Method.
    pub method: &'a str,
    /// Route pattern.
    pub route: &'a str,
    /// GraphQL operation.
    pub operation: Option<&'a str>,
    /// Changes something.
    pub write: bool,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    struck: u32,
    chance: Chance,
}

/// Armed faults and the rate-limit windows in force.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Vec<Armed>,
    /// Until when requests are refused, and with which refusal, after a limit fault struck: by installation, those of
    /// the App itself and of nobody under `None`.
    pub limited: BTreeMap<Option<u64>, (Time, FaultKind)>,
}

impl Faults {
    /// Arms a fault.
    pub fn arm(&mut self, fault: Fault) {
        let seed = match fault.times {
            Times::Chance { seed, .. } => seed,
            Times::Next(_) => 0,
        };
        self.armed.push(Armed {
            fault,
            struck: 0,
            chance: Chance::new(seed),
        });
    }

    /// Disarms everything and lifts a limit in force.
    pub fn clear(&mut self) {
        self.armed.clear();
        self.limited.clear();
    }

    /// The fault that strikes this request, the first armed one that matches.
    pub fn strike(&mut self, incoming: Incoming<'_>) -> Option<FaultKind> {
        let kind = self
            .armed
            .iter_mut()
            .find_map(|armed| armed.strike(incoming));
        self.armed.retain(|armed| !armed.spent());
        kind
    }
}

impl Armed {
    fn strike(&mut self, incoming: Incoming<'_>) -> Option<FaultKind> {
        if self.spent() || !self.matches(incoming) {
            return None;
        }
        if self.fault.after > 0 {
            self.fault.after -= 1;
            return None;
        }
        if let Times::Chance { per_mille, .. } = self.fault.times
            && !self.chance.happens(per_mille)
        {
            return None;
        }
        self.struck += 1;
        Some(self.fault.kind.clone())
    }

    fn spent(&self) -> bool {
        matches!(self.fault.times, Times::Next(count) if self.struck >= count)
    }

    fn matches(&self, incoming: Incoming<'_>) -> bool {
        match &self.fault.matcher {
            Matcher::Any => true,
            Matcher::Writes => incoming.write,
            Matcher::Rest(method, route) => {
                method.eq_ignore_ascii_case(incoming.method) && route == incoming.route
            }
            Matcher::Graphql(name) => incoming.operation == Some(name.as_str()),
        }
    }
}
