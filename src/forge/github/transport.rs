//! One HTTP client, two addresses: requests out, whole answers in, both bounded.

use super::super::{Blocked, ForgeError};
use super::limits::{Lane, Rates};
use super::pace::{Pace, Party};
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::redirect::Policy;
use std::time::{Duration, Instant};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// GitHub gives up on a request after 10 s itself; the rest is for the way and large answers.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Above any answer we ask for: 100 changed files with their patches, or 25 files of 1 MB.
const MAX_ANSWER: usize = 48 * 1024 * 1024;
const MAX_REDIRECTS: usize = 5;
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request, without credentials.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Path and query below the address; ignored for GraphQL.
    pub(super) route: String,
    accept: &'static str,
    body: Option<serde_json::Value>,
    graphql: bool,
    pub(super) lane: Lane,
}

impl Request {
    fn new(method: Method, route: String, body: Option<serde_json::Value>) -> Self {
        Self {
            method,
            route,
            accept: "application/vnd.github+json",
            body,
            graphql: false,
            lane: Lane::Content,
        }
    }

    pub(super) fn get(route: String) -> Self {
        Self::new(Method::GET, route, None).into_lane(Lane::Free)
    }

    /// A `GET` that answers with the bytes themselves instead of JSON around them.
    pub(super) fn raw(route: String) -> Self {
        Self {
            accept: "application/vnd.github.raw+json",
            ..Self::get(route)
        }
    }

    pub(super) fn post(route: String, body: serde_json::Value) -> Self {
        Self::new(Method::POST, route, Some(body))
    }

    /// A `POST` that takes nothing but its address.
    pub(super) fn post_nothing(route: String) -> Self {
        Self::new(Method::POST, route, None)
    }

    pub(super) fn patch(route: String, body: serde_json::Value) -> Self {
        Self::new(Method::PATCH, route, Some(body))
    }

    pub(super) fn graphql(query: &str, variables: serde_json::Value) -> Self {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let lane = match query.starts_with("mutation") {
            true if query.contains("addReaction(") => Lane::Courtesy,
            true => Lane::Content,
            false => Lane::Free,
        };
        Self {
            graphql: true,
            ..Self::post("/graphql".to_owned(), body).into_lane(lane)
        }
    }

    /// The same as another kind of request than its method tells: what is posted or patched creates content.
    pub(super) fn into_lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.route)
    }
}

/// A whole answer, of any status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: hyper::body::Bytes,
    /// What the token that was sent lacked.
    pub(super) lacks: Option<Blocked>,
    /// For how many seconds nothing may be sent, where it is a refusal for a limit.
    pub(super) wait: Option<u64>,
    /// When the request was sent.
    sent: Instant,
}

/// A route from path segments; each is percent-encoded, so that a `#`, a blank or a slash in a name stays part of it.
pub(super) fn route(segments: &[&str]) -> String {
    segments.iter().fold(String::new(), |route, segment| {
        route + "/" + &utf8_percent_encode(segment, UNRESERVED).to_string()
    })
}

/// A query value.
pub(super) fn query_value(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Octocrab joins the base address and the route, so GraphQL needs a client of its own: on Enterprise it does not live
/// below the REST address. Both share one connection pool.
pub(super) struct Transport {
    rest: Octocrab,
    graphql: Octocrab,
    graphql_route: String,
    pace: Pace,
}

impl Transport {
    pub(super) fn new(api: &str, graphql: &str) -> Result<Self, ForgeError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(Policy::custom(same_origin_only))
            .build()
            .map_err(|error| ForgeError::Refused(format!("no HTTP client: {error}")))?;
        let (graphql_base, endpoint) = graphql
            .rsplit_once('/')
            .ok_or_else(|| bad_address(graphql))?;
        Ok(Self {
            rest: client(&http, api)?,
            graphql: client(&http, graphql_base)?,
            graphql_route: format!("/{endpoint}"),
            pace: Pace::new(Rates::default()),
        })
    }

    /// The same at other rates.
    pub(super) fn at(self, rates: Rates) -> Self {
        Self {
            pace: Pace::new(rates),
            ..self
        }
    }

    /// Waits for a request's turn; see [`Pace::pass`].
    pub(super) async fn pass(&self, party: Party, request: &Request) -> Result<(), ForgeError> {
        self.pace.pass(party, request).await
    }

    /// An answer to an installation said inside that it is a refusal for a limit: for how many seconds nothing may be
    /// sent.
    pub(super) fn limited(&self, installation: u64, request: &Request, answer: &Answer) -> u64 {
        let party = Party::Installation(installation);
        self.pace.refused(party, request.lane, answer.sent, answer)
    }

    /// Sends a request at its turn and reads the whole answer. [`ForgeError::RateLimited`] and [`ForgeError::OutOfTurn`]
    /// mean that it was not sent, any other error that no usable answer came: whether GitHub acted on the request is
    /// unknown.
    pub(super) async fn send(
        &self,
        request: &Request,
        authorization: &HeaderValue,
        party: Party,
    ) -> Result<Answer, ForgeError> {
        let (client, route) = match request.graphql {
            true => (&self.graphql, &self.graphql_route),
            false => (&self.rest, &request.route),
        };
        let unavailable = |error: &dyn std::fmt::Display| {
            ForgeError::Unavailable(format!(
                "{request}: {}",
                super::error::clipped(&error.to_string())
            ))
        };
        let head = http::Request::builder()
            .method(request.method.clone())
            .uri(route)
            .header(ACCEPT, request.accept)
            .header(AUTHORIZATION, authorization);
        let message = client
            .build_request(head, request.body.as_ref())
            .map_err(|error| ForgeError::Refused(format!("{request}: {error}")))?;
        self.pace.pass(party, request).await?;
        let sent = Instant::now();
        let response = client
            .execute(message)
            .await
            .map_err(|error| unavailable(&sources(&error)))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| {
                unavailable(&format!("the answer broke off or is too large: {error}"))
            })?;
        let mut answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
            lacks: None,
            wait: None,
            sent,
        };
        answer.wait = self.pace.note(party, request, sent, &answer);
        Ok(answer)
    }
}

fn client(http: &reqwest::Client, base: &str) -> Result<Octocrab, ForgeError> {
    Octocrab::builder()
        .base_uri(base)
        .map_err(|_| bad_address(base))?
        .build_with_reqwest(http.clone())
        .map_err(|error| ForgeError::Refused(format!("{base}: {error}")))
}

fn bad_address(address: &str) -> ForgeError {
    ForgeError::Refused(format!("`{address}` is not the address of an API"))
}

/// A moved repository redirects within the API; a token must not travel anywhere else.
fn same_origin_only(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let first = attempt.previous().first().map(reqwest::Url::origin);
    let stays = first.is_some_and(|origin| origin == attempt.url().origin());
    match stays && attempt.previous().len() <= MAX_REDIRECTS {
        true => attempt.follow(),
        false => attempt.stop(),
    }
}

/// An error with its causes: octocrab's and reqwest's own texts stop at "error sending request".
fn sources(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    match text.is_empty() {
        true => error.to_string(),
        false => text,
    }
}
