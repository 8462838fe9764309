//! One HTTP client, two addresses: requests out, whole answers in, both bounded.

use super::super::{Blocked, ForgeError};
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::redirect::Policy;
use std::time::Duration;

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
}

impl Request {
    fn new(method: Method, route: String, body: Option<serde_json::Value>) -> Self {
        Self {
            method,
            route,
            accept: "application/vnd.github+json",
            body,
            graphql: false,
        }
    }

    pub(super) fn get(route: String) -> Self {
        Self::new(Method::GET, route, None)
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
        Self {
            graphql: true,
            ..Self::post("/graphql".to_owned(), body)
        }
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
        })
    }

    /// Sends a request and reads the whole answer. An error means that no usable answer came: whether GitHub acted on
    /// the request is unknown.
    pub(super) async fn send(
        &self,
        request: &Request,
        authorization: &HeaderValue,
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
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
            lacks: None,
        })
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
