//! One delivery: head checked, body read within bounds, signature verified, event read, stored, acknowledged.

use super::{Decision, State};
use crate::forge::event::{self, Event};
use crate::forge::signature::{self, SIGNATURE_HEADER};
use crate::store::{Delivery, Enqueued, NewJob};
use axum::Json;
use axum::body::Body;
use axum::extract;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::SemaphorePermit;
use uuid::Uuid;

const EVENT_HEADER: &str = "x-github-event";
const DELIVERY_HEADER: &str = "x-github-delivery";

/// Why a delivery is not taken; the text says what to change, in one line.
struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            status,
            why: why.into(),
        }
    }
}

impl IntoResponse for Refusal {
    /// Closes the connection: what is left of the body is not worth reading.
    fn into_response(self) -> Response {
        tracing::info!(
            status = self.status.as_u16(),
            why = self.why,
            "delivery refused"
        );
        let mut response = (self.status, Json(json!({ "error": self.why }))).into_response();
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
        response
    }
}

/// What the head of a request says.
struct Head {
    guid: String,
    event: String,
    signature: String,
}

/// A body, and its place among the large ones if it is one.
struct Held<'a> {
    bytes: Vec<u8>,
    _place: Option<SemaphorePermit<'a>>,
}

/// Takes one delivery in. 202 means stored, or nothing for us.
pub(super) async fn receive(state: extract::State<Arc<State>>, request: Request<Body>) -> Response {
    match take_in(&state, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn take_in(state: &State, request: Request<Body>) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let head = head(&parts.headers)?;
    refuse_declared_excess(&parts.headers, state.limits.body_bytes)?;
    let reading = tokio::time::timeout(state.limits.body, read(state, body));
    let held = reading.await.unwrap_or_else(|_| {
        let seconds = state.limits.body.as_secs();
        Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {seconds} s"),
        ))
    })?;
    signature::verify(&state.intake.secrets, &head.signature, &held.bytes)
        .map_err(|error| Refusal::new(StatusCode::UNAUTHORIZED, error.to_string()))?;
    match event::read(&head.event, &held.bytes) {
        Event::Ignored { reason } => Ok(acknowledged(&head, "ignored", Some(&reason))),
        event => match (state.intake.decide)(&event) {
            Decision::Job(job) => store(state, &head, held, Some(job), None).await,
            Decision::Nothing(why) => store(state, &head, held, None, Some(&why)).await,
        },
    }
}

async fn store(
    state: &State,
    head: &Head,
    held: Held<'_>,
    job: Option<NewJob>,
    why: Option<&str>,
) -> Result<Response, Refusal> {
    let delivery = Delivery {
        guid: head.guid.clone(),
        event: head.event.clone(),
        body: held.bytes,
    };
    let stored = state
        .intake
        .store
        .enqueue(delivery, job)
        .await
        .map_err(|error| {
            tracing::error!(delivery = head.guid, %error, "delivery not stored");
            Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the delivery could not be stored; redeliver it later",
            )
        })?;
    let result = match stored {
        Enqueued::New => "queued",
        Enqueued::Absorbed => "absorbed",
        Enqueued::Duplicate => "duplicate",
        Enqueued::NoJob => "ignored",
    };
    if matches!(stored, Enqueued::New | Enqueued::Absorbed) {
        state.intake.wake.notify_one();
    }
    Ok(acknowledged(head, result, why))
}

fn acknowledged(head: &Head, result: &str, why: Option<&str>) -> Response {
    let (delivery, event) = (&head.guid, &head.event);
    tracing::info!(delivery, event, result, why, "delivery taken in");
    let mut answer = json!({ "result": result });
    if let Some(why) = why {
        answer["why"] = why.into();
    }
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

fn head(headers: &HeaderMap) -> Result<Head, Refusal> {
    let bad = |why: &str| Refusal::new(StatusCode::BAD_REQUEST, why);
    refuse_other_types(headers)?;
    let event = single(headers, EVENT_HEADER)
        .filter(|event| is_event_name(event))
        .ok_or_else(|| bad("X-GitHub-Event must be there once and name an event"))?;
    let guid = single(headers, DELIVERY_HEADER)
        .and_then(|guid| Uuid::parse_str(guid).ok())
        .ok_or_else(|| bad("X-GitHub-Delivery must be there once and be a UUID"))?;
    let signature = single(headers, SIGNATURE_HEADER).ok_or_else(|| {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "X-Hub-Signature-256 must be there once; set a webhook secret in the App's settings on GitHub",
        )
    })?;
    Ok(Head {
        guid: guid.to_string(),
        event: event.to_owned(),
        signature: signature.to_owned(),
    })
}

fn refuse_other_types(headers: &HeaderMap) -> Result<(), Refusal> {
    let essence = single(headers, CONTENT_TYPE.as_str())
        .and_then(|value| value.split(';').next())
        .map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "only application/json is taken; set the webhook's content type to it on GitHub",
        ));
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "compressed bodies are not taken",
        ));
    }
    Ok(())
}

/// A body that announces itself as too large is not even begun; others are counted as they come.
fn refuse_declared_excess(headers: &HeaderMap, limit: usize) -> Result<(), Refusal> {
    let declared = single(headers, CONTENT_LENGTH.as_str());
    let declared = declared.and_then(|length| length.parse::<u64>().ok());
    match declared {
        Some(length) if length > limit as u64 => Err(too_large(limit)),
        _ => Ok(()),
    }
}

/// Reads a body of at most the allowed size. It takes its place among the large ones once, when it turns out to be one:
/// bodies that wait for each other's room piece by piece could wait for ever.
async fn read(state: &State, mut body: Body) -> Result<Held<'_>, Refusal> {
    let limits = &state.limits;
    let mut bytes = Vec::new();
    let mut place = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Refusal::new(StatusCode::BAD_REQUEST, "the body broke off before its end")
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = bytes.len() + data.len();
        if length > limits.body_bytes {
            return Err(too_large(limits.body_bytes));
        }
        if length > limits.large_from && place.is_none() {
            // The semaphore is never closed.
            place = state.large.acquire().await.ok();
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Held {
        bytes,
        _place: place,
    })
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {limit} bytes"),
    )
}

/// The value of a header that is there exactly once and is plain text.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn is_event_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}
