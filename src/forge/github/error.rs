//! What an answer that is not a success means for the queue.

use super::super::{Blocked, ForgeError};
use super::transport::{Answer, Request};
use crate::telemetry::redact;
use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

/// Seconds to wait when GitHub limits us without saying for how long.
const DEFAULT_WAIT: u64 = 60;
/// Longest wait that is believed: primary limits reset within the hour.
const LONGEST_WAIT: u64 = 3_660;
/// Characters of GitHub's own words that are kept.
const MESSAGE_LENGTH: usize = 300;

#[derive(Default, serde::Deserialize)]
struct Complaint {
    message: Option<String>,
    errors: Option<serde_json::Value>,
}

/// The JSON of a successful answer. Anything else (an HTML page of a proxy, half a document) means that the answer was
/// lost, not that GitHub said no.
pub(super) fn json<T: DeserializeOwned>(
    request: &Request,
    answer: &Answer,
) -> Result<T, ForgeError> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let error = clipped(&error.to_string());
        ForgeError::Unavailable(format!("{request}: the answer does not read: {error}"))
    })
}

/// Classifies an answer whose status is not a success. `now` is GitHub's clock, Unix seconds.
pub(super) fn refusal(request: &Request, answer: &Answer, now: i64) -> ForgeError {
    let said = words(&answer.body);
    let id = answer.headers.get("x-github-request-id");
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or("-");
    let message = format!(
        "{request}: {} {said} (request {})",
        answer.status.as_u16(),
        clipped(id)
    );
    match answer.status {
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
            if is_rate_limit(answer.status, &answer.headers, &said) =>
        {
            let retry_after = wait(&answer.headers, now);
            ForgeError::RateLimited {
                retry_after,
                message,
            }
        }
        StatusCode::FORBIDDEN if said.contains("archived so is read-only") => {
            ForgeError::Blocked(Blocked::Archived)
        }
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => ForgeError::Forbidden(message),
        StatusCode::NOT_FOUND | StatusCode::GONE => ForgeError::NotFound(message),
        // GitHub's limit on comments in a row, under another status.
        StatusCode::UNPROCESSABLE_ENTITY if said.contains("submitted too quickly") => {
            let retry_after = wait(&answer.headers, now);
            ForgeError::RateLimited {
                retry_after,
                message,
            }
        }
        StatusCode::REQUEST_TIMEOUT => ForgeError::Unavailable(message),
        status if status.is_client_error() || status.is_redirection() => {
            ForgeError::Refused(message)
        }
        _ => ForgeError::Unavailable(message),
    }
}

/// What was asked with a token that lacks something and is not given may be kept back for that.
pub(super) fn for_want_of(lacks: Option<Blocked>, refusal: ForgeError) -> ForgeError {
    match (lacks, refusal) {
        (Some(blocked), ForgeError::NotFound(_) | ForgeError::Forbidden(_)) => {
            ForgeError::Blocked(blocked)
        }
        (_, refusal) => refusal,
    }
}

/// Whether a refusal is about what the App may do, and not about a rule of the repository.
pub(super) fn is_for_want_of_permission(refusal: &ForgeError) -> bool {
    let words = "Resource not accessible by integration";
    matches!(refusal, ForgeError::Forbidden(said) if said.contains(words))
}

/// Whether a 403 or 429 is about how much we ask, not about what.
fn is_rate_limit(status: StatusCode, headers: &HeaderMap, said: &str) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || headers.contains_key("retry-after")
        || text(headers, "x-ratelimit-remaining") == Some("0")
        || speaks_of_limits(said)
}

/// Secondary limits are told in words only.
pub(super) fn speaks_of_limits(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("rate limit") || said.contains("abuse detection")
}

/// A branch protection or ruleset that says no, in GitHub's words.
pub(super) fn speaks_of_rules(said: &str) -> bool {
    [
        "rule violations found",
        "protected branch",
        "Protected branch",
        "must be made through",
        "not authorized to push",
        "Cannot update this protected ref",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// Seconds to wait: `retry-after` (seconds or a date), else the reset time, else a minute; always between 1 and
/// [`LONGEST_WAIT`].
pub(super) fn wait(headers: &HeaderMap, now: i64) -> u64 {
    let asked = text(headers, "retry-after").and_then(|value| {
        let seconds = value.trim().parse::<i64>().ok();
        seconds.or_else(|| Some(date(value)? - now))
    });
    let reset = text(headers, "x-ratelimit-reset")
        .filter(|_| text(headers, "x-ratelimit-remaining") == Some("0"))
        .and_then(|value| {
            value
                .trim()
                .parse::<i64>()
                .ok()?
                .checked_sub(now)?
                .checked_add(1)
        });
    let seconds = asked
        .filter(|seconds| *seconds >= 0)
        .or(reset.filter(|seconds| *seconds > 0));
    seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or(DEFAULT_WAIT)
        .clamp(1, LONGEST_WAIT)
}

/// An HTTP date as Unix seconds.
pub(super) fn date(value: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(value)
        .ok()
        .map(|date| date.timestamp())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// GitHub's message and list of errors, or the beginning of whatever came instead.
fn words(body: &[u8]) -> String {
    let complaint: Complaint = serde_json::from_slice(body).unwrap_or_default();
    let Some(message) = complaint.message else {
        return clipped(&String::from_utf8_lossy(&body[..body.len().min(4_096)]));
    };
    match complaint.errors {
        Some(errors) => clipped(&format!("{message} {errors}")),
        None => clipped(&message),
    }
}

/// One line of at most 300 characters without tokens, fit for errors and logs.
pub(super) fn clipped(text: &str) -> String {
    let clean = redact(text);
    let line = clean.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(MESSAGE_LENGTH).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn waits_are_bounded_whatever_the_headers_say() {
        let reset = |offset: i64| (NOW + offset).to_string();
        let cases: Vec<(Vec<(&'static str, String)>, u64)> = vec![
            (vec![], 60),
            (vec![("retry-after", "30".into())], 30),
            (vec![("retry-after", "0".into())], 1),
            (vec![("retry-after", "-1".into())], 60),
            (vec![("retry-after", "1000000000".into())], LONGEST_WAIT),
            (vec![("retry-after", "99999999999999999999".into())], 60),
            (
                vec![("retry-after", "Tue, 14 Nov 2023 22:15:20 GMT".into())],
                120,
            ),
            (
                vec![("retry-after", "Tue, 14 Nov 2000 22:15:20 GMT".into())],
                60,
            ),
            (vec![("retry-after", "soon".into())], 60),
            (
                vec![
                    ("x-ratelimit-remaining", "0".into()),
                    ("x-ratelimit-reset", reset(99)),
                ],
                100,
            ),
            (
                vec![
                    ("x-ratelimit-remaining", "0".into()),
                    ("x-ratelimit-reset", reset(-99)),
                ],
                60,
            ),
            (
                vec![
                    ("x-ratelimit-remaining", "0".into()),
                    ("x-ratelimit-reset", i64::MIN.to_string()),
                ],
                60,
            ),
            (
                vec![
                    ("x-ratelimit-remaining", "7".into()),
                    ("x-ratelimit-reset", reset(99)),
                ],
                60,
            ),
        ];
        for (list, expected) in cases {
            let list: Vec<_> = list
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            assert_eq!(wait(&headers(&list), NOW), expected, "{list:?}");
        }
    }

    #[test]
    fn words_are_one_short_line_without_tokens() {
        let token = format!("ghs_{}", "x".repeat(520));
        let body = format!("{{\"message\":\"no\\n{token}{}\"}}", "y".repeat(900));
        let said = words(body.as_bytes());
        assert!(said.starts_with("no ghs_[redacted]"), "{said}");
        assert!(!said.contains("xxxx"));
        assert_eq!(words(b"<html>\xff").chars().last(), Some('\u{fffd}'));
    }
}
