//! What a fault that strikes does to a request and its answer.

use super::faults::FaultKind;
use super::rest::{Answer, Body, Refusal};
use super::server::Exchange;
use super::state::{Time, World};
use chrono::TimeDelta;
use http::StatusCode;
use serde_json::json;

/// The answer of a fault that keeps the request of that installation, or of the App itself, from being carried out.
pub(super) fn instead(
    world: &mut World,
    kind: &FaultKind,
    inside: bool,
    sender: Option<u64>,
) -> Option<Answer> {
    let plain = |status: u16, message: &str| Some(Refusal::new(status, message).into_answer());
    match kind {
        FaultKind::DropBefore => Some(Answer::empty(200)),
        FaultKind::Status(status) => {
            let reason = StatusCode::from_u16(*status)
                .ok()
                .and_then(|status| status.canonical_reason());
            let message = if *status == 401 {
                "Bad credentials"
            } else {
                reason.unwrap_or("Server Error")
            };
            plain(*status, message)
        }
        FaultKind::PrimaryLimit { reset_in } => {
            if !inside {
                let until = world.precise_now() + TimeDelta::seconds((*reset_in).max(0));
                world.faults.limited.insert(sender, (until, kind.clone()));
            }
            let until = world
                .faults
                .limited
                .get(&sender)
                .map_or_else(|| world.now(), |(until, _)| *until);
            Some(primary_limit(until))
        }
        FaultKind::SecondaryLimit {
            status,
            retry_after,
        } => {
            let seconds = retry_after
                .as_deref()
                .and_then(|text| text.parse::<u32>().ok());
            if let (false, Some(seconds)) = (inside, seconds) {
                let until = world.precise_now() + TimeDelta::seconds(i64::from(seconds));
                world.faults.limited.insert(sender, (until, kind.clone()));
            }
            Some(secondary_limit(*status, retry_after.clone()).into_answer())
        }
        FaultKind::Html(status) => Some(Answer {
            status: *status,
            body: Body::Raw(
                "text/html",
                b"<html><body><h1>Whoa there!</h1></body></html>".to_vec(),
            ),
            headers: Vec::new(),
        }),
        FaultKind::Garbage => Some(Answer {
            status: 200,
            body: Body::Raw(
                "application/json; charset=utf-8",
                vec![0xff, b'{', 0x00, b'!'],
            ),
            headers: Vec::new(),
        }),
        FaultKind::GraphqlErrors(errors) => {
            Some(Answer::ok(json!({"data": null, "errors": errors})))
        }
        FaultKind::Redirect(to) => {
            let mut refusal = Refusal::new(301, "Moved Permanently");
            refusal.headers.push(("location", to.clone()));
            Some(refusal.into_answer())
        }
        FaultKind::ApplyThenDrop
        | FaultKind::ApplyThenStatus(_)
        | FaultKind::Delay(_)
        | FaultKind::TruncatedJson
        | FaultKind::HideFor(_) => None,
    }
}

/// What a fault does to the answer of a request that was carried out.
pub(super) fn afterwards(
    world: &mut World,
    fault: Option<&FaultKind>,
    newest: u64,
    exchange: &mut Exchange,
) {
    match fault {
        Some(FaultKind::ApplyThenDrop | FaultKind::DropBefore) => {
            exchange.cut = true;
            exchange.altered = true;
        }
        Some(FaultKind::ApplyThenStatus(status)) => {
            exchange.answer = Refusal::new(*status, "Server Error").into_answer();
            exchange.altered = true;
        }
        Some(FaultKind::Delay(by)) => exchange.delay = Some(*by),
        Some(FaultKind::TruncatedJson) => {
            exchange.truncate = true;
            exchange.altered = true;
        }
        Some(FaultKind::HideFor(span)) => world.hide_newer_than(newest, *span),
        _ => {}
    }
}

fn primary_limit(until: Time) -> Answer {
    let mut refusal = Refusal::new(403, "API rate limit exceeded for installation.");
    refusal
        .headers
        .push(("x-ratelimit-remaining", "0".to_owned()));
    refusal
        .headers
        .push(("x-ratelimit-reset", until.timestamp().to_string()));
    refusal.into_answer()
}

fn secondary_limit(status: u16, retry_after: Option<String>) -> Refusal {
    let mut refusal = Refusal::new(
        status,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    );
    refusal
        .headers
        .extend(retry_after.map(|value| ("retry-after", value)));
    refusal
}

impl World {
    /// Refuses what goes beyond the hourly or the content limit.
    pub(super) fn within_limits(&self, write: bool) -> Result<(), Refusal> {
        if self.used_this_hour() > self.hourly_limit {
            let mut refusal = Refusal::new(403, "API rate limit exceeded for installation.");
            refusal
                .headers
                .push(("x-ratelimit-remaining", "0".to_owned()));
            return Err(refusal);
        }
        let since = self.precise_now() - TimeDelta::minutes(1);
        let recent = self
            .ledger
            .effects
            .iter()
            .rev()
            .take_while(|effect| effect.at > since)
            .count();
        match self.content_limit {
            Some(limit) if write && u64::try_from(recent).is_ok_and(|recent| recent >= limit) => {
                Err(secondary_limit(403, Some("60".to_owned())))
            }
            _ => Ok(()),
        }
    }
}
