//! What an answer that is not a success means for the queue.

use super::super::{Blocked, ForgeError};
use super::transport::{Answer, Request};
use crate::telemetry::redact;
use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

/// Seconds to wait when GitHub limits us without saying for how long; longer when it does so again.
pub(super) const UNTOLD: u64 = 60;
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

/// Classifies an answer whose status is not a success.
pub(super) fn refusal(request: &Request, answer: &Answer) -> ForgeError {
    let said = words(&answer.body);
    let id = answer.headers.get("x-github-request-id");
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or("-");
    let message = format!(
        "{request}: {} {said} (request {})",
        answer.status.as_u16(),
        clipped(id)
    );
    match answer.status {
        _ if is_limit(answer) => ForgeError::RateLimited {
            retry_after: answer.wait.unwrap_or(UNTOLD),
            message,
        },
        StatusCode::FORBIDDEN if said.contains("archived so is read-only") => {
            ForgeError::Blocked(Blocked::Archived)
        }
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => ForgeError::Forbidden(message),
        StatusCode::NOT_FOUND | StatusCode::GONE => ForgeError::NotFound(message),
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

/// Whether a refusal is about how much we ask, not about what.
pub(super) fn is_limit(answer: &Answer) -> bool {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => {
            answer.headers.contains_key("retry-after")
                || has_none_left(&answer.headers)
                || speaks_of_limits(&words(&answer.body))
        }
        // GitHub's limit on comments in a row, under another status.
        StatusCode::UNPROCESSABLE_ENTITY => words(&answer.body).contains("submitted too quickly"),
        _ => false,
    }
}

fn has_none_left(headers: &HeaderMap) -> bool {
    text(headers, "x-ratelimit-remaining") == Some("0")
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

/// Seconds to wait after a refusal: `retry-after` (seconds or a date), else the reset time; always between 1 and
/// [`LONGEST_WAIT`]. `None`: GitHub does not say.
pub(super) fn wait(headers: &HeaderMap) -> Option<u64> {
    let asked = text(headers, "retry-after").and_then(|value| {
        let seconds = value.trim().parse::<i64>().ok();
        seconds.or_else(|| date(value)?.checked_sub(clock(headers)))
    });
    let asked = asked.and_then(|seconds| u64::try_from(seconds).ok());
    let seconds = asked.map(|seconds| seconds.clamp(1, LONGEST_WAIT));
    seconds.or_else(|| used_up(headers))
}

/// Seconds until there are requests again, where an answer says that none is left: to the reset time and one more;
/// between 1 and [`LONGEST_WAIT`].
pub(super) fn used_up(headers: &HeaderMap) -> Option<u64> {
    let reset = text(headers, "x-ratelimit-reset").filter(|_| has_none_left(headers))?;
    let reset = reset.trim().parse::<i64>().ok()?;
    let left = reset.checked_sub(clock(headers))?.checked_add(1)?;
    let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
    Some(left.min(LONGEST_WAIT))
}

/// GitHub's clock as the answer tells it, else ours; Unix seconds.
fn clock(headers: &HeaderMap) -> i64 {
    let told = text(headers, "date").and_then(date);
    told.unwrap_or_else(|| chrono::Utc::now().timestamp())
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
        let mut headers: HeaderMap = list
            .iter()
            .map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            })
            .collect();
        let now = DateTime::from_timestamp(NOW, 0).unwrap().to_rfc2822();
        headers.insert("date", now.parse().unwrap());
        headers
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
            let seconds = wait(&headers(&list)).unwrap_or(UNTOLD);
            assert_eq!(seconds, expected, "{list:?}");
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
