//! What a request that failed means for the one who asked.
//!
//! | What happened | Error | Tried again at once |
//! |---|---|---|
//! | no connection, or it broke | unavailable | yes |
//! | 502, 503, 529 | unavailable | yes, unless told to wait longer than 5 s |
//! | 429 with `retry-after` of at most 5 s | unavailable | yes |
//! | other 429, 408, 409, 425, other 5xx, time is up | unavailable | no |
//! | 401, 403 (key refused), 402 (no credit), 404 (no such model), a redirect | refused | no |
//! | an answer that is not JSON or not of the protocol | unavailable | no |
//! | any other 4xx (context overflow, bad request), an answer that is too large | invalid | no |
//!
//! `retry-after` is passed on where it is given.

use super::ModelError;
use chrono::DateTime;
use http::header::{DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use reqwest::Url;
use serde_json::Value;

/// Longest wait that is passed on, in seconds.
const LONGEST_WAIT: f64 = 3_600.0;
/// Anthropic's "overloaded".
const OVERLOADED: u16 = 529;

/// A failed try.
pub(super) struct Fault {
    pub(super) error: ModelError,
    /// Whether the same request may succeed in a moment.
    pub(super) passing: bool,
    /// Whether the service may have worked on it all the same, and nobody learns what that took.
    pub(super) lost: bool,
}

/// A failure that the same request meets again.
pub(super) fn lasting(error: ModelError) -> Fault {
    Fault {
        error,
        passing: false,
        lost: false,
    }
}

/// A failure after the service began to answer, or may have: not sent again.
pub(super) fn lost(error: ModelError) -> Fault {
    Fault {
        lost: true,
        ..lasting(error)
    }
}

/// Unavailable, nobody knows for how long.
pub(super) fn unavailable(reason: String) -> ModelError {
    ModelError::Unavailable {
        reason,
        retry_after: None,
    }
}

/// What an answer that is no success means. `said` is fit to be shown.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, said: &str) -> Fault {
    let code = status.as_u16();
    let wait = retry_after(headers);
    let with_wait = |what: &str| ModelError::Unavailable {
        reason: format!("{what} ({code}): {said}"),
        retry_after: wait,
    };
    match code {
        300..=399 => {
            let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
            let host = to
                .and_then(|to| Url::parse(to).ok())
                .and_then(|to| to.host_str().map(str::to_owned))
                .map_or(String::new(), |host| format!(" to {host}"));
            lasting(ModelError::Refused(format!(
                "the base URL redirects{host} ({code}), which is not followed: the key stays here"
            )))
        }
        401 | 403 => lasting(ModelError::Refused(format!(
            "the key was refused ({code}): {said}"
        ))),
        402 => lasting(ModelError::Refused(format!(
            "there is no credit left ({code}): {said}"
        ))),
        404 => lasting(ModelError::Refused(format!(
            "the service knows no such model or address ({code}): {said}"
        ))),
        429 => Fault {
            error: with_wait("the service limits how often it is asked"),
            // Without a word on how long, a moment would not help.
            passing: wait.is_some(),
            lost: false,
        },
        408 | 409 | 425 | 500.. => Fault {
            error: with_wait("the service failed"),
            passing: matches!(code, 502 | 503 | OVERLOADED),
            // A gateway or a limit of time tells nothing of what was done behind it.
            lost: matches!(code, 408 | 502 | 504),
        },
        _ => lasting(ModelError::Invalid(format!(
            "the service refused the request ({code}): {said}"
        ))),
    }
}

/// Seconds to wait: a number, or a date, counted from the answer's own; at most an hour. Negative and senseless values
/// are none.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |text| {
        let date = DateTime::parse_from_rfc2822(text).ok()?;
        Some(date.timestamp())
    };
    let value = text(RETRY_AFTER)?;
    let is_number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_number {
        let seconds: f64 = value.parse().ok()?;
        return Some(seconds.ceil().min(LONGEST_WAIT) as u64);
    }
    let seconds = date(value)? - date(text(DATE)?)?;
    u64::try_from(seconds)
        .ok()
        .map(|seconds| seconds.min(LONGEST_WAIT as u64))
}

/// The words in an error's body; not yet fit to be shown.
pub(super) fn complaint_in(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return match text {
            "" => "no reason given".to_owned(),
            _ if text.starts_with('<') => "a page of HTML".to_owned(),
            _ => text.to_owned(),
        };
    };
    let places = ["/error/message", "/error", "/message", "/detail"];
    let words = places
        .iter()
        .find_map(|place| value.pointer(place)?.as_str().map(str::to_owned));
    words.unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn waits_are_seconds_or_dates_and_never_senseless() {
        let date = "Tue, 14 Nov 2023 22:13:20 GMT";
        let cases = [
            (vec![("retry-after", "30")], Some(30)),
            (vec![("retry-after", " 0.2 ")], Some(1)),
            (vec![("retry-after", "0")], Some(0)),
            (vec![("retry-after", "999999999999999999999")], Some(3_600)),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "inf")], None),
            (vec![("retry-after", "1.2.3")], None),
            (vec![("retry-after", "")], None),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
            (
                vec![
                    ("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT"),
                    ("date", date),
                ],
                Some(60),
            ),
            (
                vec![
                    ("retry-after", "Mon, 14 Nov 2033 22:14:20 GMT"),
                    ("date", date),
                ],
                Some(3_600),
            ),
            (
                vec![
                    ("retry-after", "Tue, 14 Nov 2023 22:12:20 GMT"),
                    ("date", date),
                ],
                None,
            ),
            (vec![("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")], None),
        ];
        for (given, wanted) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in &given {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(retry_after(&headers), wanted, "{given:?}");
        }
    }
}
