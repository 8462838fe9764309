//! The HTTP side: accepting connections, faults, headers, and which of the four faces a request is for.

use super::auth::{self, Caller};
use super::faults::{FaultKind, Incoming};
use super::hub::Hub;
use super::ledger::RequestRecord;
use super::rest::{self, Answer, Body, Call, Refusal, Route, decode};
use super::state::{Time, World};
use super::{control, graphql, page};
use chrono::TimeDelta;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming as IncomingBody};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Largest request body.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cut this connection on purpose")]
pub(super) struct Cut;

/// A request, read.
pub(super) struct Raw {
    pub method: String,
    pub path: String,
    pub query: String,
    pub accept: String,
    pub authorization: Option<String>,
    pub user_agent: bool,
    /// The body is declared as JSON.
    pub json: bool,
    pub body: Bytes,
}

/// An answer, and how to give it.
struct Exchange {
    answer: Answer,
    headers: Vec<(&'static str, String)>,
    delay: Option<Duration>,
    cut: bool,
    truncate: bool,
}

/// Accepts connections until stopped.
pub(super) async fn serve(hub: Arc<Hub>, listener: TcpListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            continue;
        };
        let (hub, stop) = (hub.clone(), stop.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(hub.clone(), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                // A cut connection is an error here by design.
                _outcome = connection => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

async fn respond(
    hub: Arc<Hub>,
    request: Request<IncomingBody>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT)
        .collect()
        .await
        .map_err(|_| Cut)?
        .to_bytes();
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let raw = Raw {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        accept: header("accept").unwrap_or_default(),
        authorization: header("authorization"),
        user_agent: header("user-agent").is_some(),
        json: header("content-type").is_some_and(|media| media.starts_with("application/json")),
        body,
    };
    if let Some(rest) = raw.path.strip_prefix("/_sandbox") {
        return Ok(build(
            control::handle(&hub, &raw, rest),
            page_headers(),
            false,
        ));
    }
    if raw.method == "GET"
        && let Some(html) = page::find(&hub, &raw.path)
    {
        return Ok(build(html, page_headers(), false));
    }
    let exchange = hub.act(|world| exchange(&hub, world, &raw));
    if let Some(delay) = exchange.delay {
        tokio::time::sleep(delay).await;
    }
    if exchange.cut {
        return Err(Cut);
    }
    Ok(build(exchange.answer, exchange.headers, exchange.truncate))
}

fn page_headers() -> Vec<(&'static str, String)> {
    page::HEADERS
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
}

fn build(
    answer: Answer,
    headers: Vec<(&'static str, String)>,
    truncate: bool,
) -> Response<Full<Bytes>> {
    let (media, mut bytes) = match answer.body {
        Body::Empty => (None, Vec::new()),
        Body::Json(value) => (
            Some("application/json; charset=utf-8"),
            value.to_string().into_bytes(),
        ),
        Body::Raw(media, bytes) => (Some(media), bytes),
    };
    if truncate {
        bytes.truncate(bytes.len() / 2);
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    *response.status_mut() = status;
    let media = media.map(|media| ("content-type", media.to_owned()));
    for (name, value) in media.into_iter().chain(headers).chain(answer.headers) {
        if let Ok(value) = http::HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Where an API request goes.
enum Target {
    Rest(Route, BTreeMap<String, String>),
    Graphql(Option<(String, bool)>, Value),
    Nowhere,
}

/// Handles one API request under the world's lock.
fn exchange(hub: &Hub, world: &mut World, raw: &Raw) -> Exchange {
    let path = api_path(hub, world, &raw.path);
    let target = find_target(hub, raw, &path);
    let (route, operation, write) = match &target {
        Target::Rest(route, _) => (route.pattern.to_owned(), None, raw.method != "GET"),
        Target::Graphql(operation, _) => {
            let mutation = operation.as_ref().is_some_and(|(_, mutation)| *mutation);
            (
                "/graphql".to_owned(),
                operation.as_ref().map(|(name, _)| name.clone()),
                mutation,
            )
        }
        Target::Nowhere => (path.clone(), None, raw.method != "GET"),
    };
    let request = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    let incoming = Incoming {
        method: &raw.method,
        route: &route,
        operation: operation.as_deref(),
        write,
    };
    let now = world.precise_now();
    let window = world
        .faults
        .limited
        .clone()
        .filter(|(until, _)| *until > now);
    let fault = match &window {
        Some((_, kind)) => Some(kind.clone()),
        None => world.faults.strike(incoming),
    };
    let newest = world.large_id();
    let mut exchange = Exchange {
        answer: Answer::empty(200),
        headers: Vec::new(),
        delay: None,
        cut: false,
        truncate: false,
    };
    exchange.answer = match fault
        .as_ref()
        .and_then(|kind| instead(world, kind, window.is_some()))
    {
        Some(answer) => answer,
        None => {
            world.count_request();
            carry_out(hub, world, raw, &path, target, write, &request)
        }
    };
    afterwards(world, fault.as_ref(), newest, &mut exchange);
    exchange.headers = headers(world, &request);
    let query = if raw.query.is_empty() {
        String::new()
    } else {
        format!("?{}", raw.query)
    };
    world.ledger.requests.push(RequestRecord {
        id: request,
        at: now,
        method: raw.method.clone(),
        route,
        path: format!("{}{query}", raw.path),
        operation,
        status: if exchange.cut {
            0
        } else {
            exchange.answer.status
        },
        inside_limit: window.is_some(),
    });
    exchange
}

/// The path below the API's base; numeric repository addresses become named ones.
fn api_path(hub: &Hub, world: &World, path: &str) -> String {
    let path = path.strip_prefix(hub.api_prefix.as_str()).unwrap_or(path);
    let numeric = path
        .strip_prefix("/repositories/")
        .map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    let named = numeric.and_then(|(id, rest)| {
        let repo = world.repos.get(&id.parse().ok()?)?;
        Some((world.full_name(repo), rest))
    });
    match named {
        Some((full_name, "")) => format!("/repos/{full_name}"),
        Some((full_name, rest)) => format!("/repos/{full_name}/{rest}"),
        None => path.to_owned(),
    }
}

fn find_target(hub: &Hub, raw: &Raw, path: &str) -> Target {
    if raw.path == hub.graphql_path && raw.method == "POST" {
        let body: Value = serde_json::from_slice(&raw.body).unwrap_or(Value::Null);
        return Target::Graphql(graphql::operation(&body), body);
    }
    if !raw.path.starts_with(&hub.api_prefix) {
        return Target::Nowhere;
    }
    match hub.routes.find(&raw.method, path) {
        Some((route, params)) => Target::Rest(route, params),
        None => Target::Nowhere,
    }
}

fn carry_out(
    hub: &Hub,
    world: &mut World,
    raw: &Raw,
    path: &str,
    target: Target,
    write: bool,
    request: &str,
) -> Answer {
    let outcome = (|| {
        if !raw.user_agent {
            return Err(Refusal::new(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            ));
        }
        let caller = auth::caller(world, raw.authorization.as_deref())?;
        world.within_limits(write)?;
        match target {
            Target::Nowhere => Err(Refusal::not_found()),
            Target::Graphql(_, body) => {
                let token = match caller {
                    Caller::Installation(token) => token,
                    Caller::App | Caller::Nobody => {
                        return Err(Refusal::new(
                            401,
                            "This endpoint requires you to be authenticated.",
                        ));
                    }
                };
                let mut context = graphql::Context {
                    world,
                    token,
                    request: request.to_owned(),
                };
                Ok(Answer::ok(graphql::answer(
                    &mut context,
                    &hub.schema,
                    &body,
                )))
            }
            Target::Rest(route, params) => {
                let body = parse_body(&raw.body)?;
                let mut call = Call {
                    world,
                    params,
                    query: parse_query(&raw.query),
                    body,
                    accept: raw.accept.clone(),
                    caller,
                    request: request.to_owned(),
                    repo: 0,
                    path: path.to_owned(),
                };
                rest::handle(&mut call, route)
            }
        }
    })();
    outcome.unwrap_or_else(Refusal::into_answer)
}

fn parse_body(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let value: Value =
        serde_json::from_slice(bytes).map_err(|_| Refusal::new(400, "Problems parsing JSON"))?;
    if value.is_object() || value.is_null() {
        Ok(value)
    } else {
        Err(Refusal::new(400, "Body should be a JSON object"))
    }
}

fn parse_query(query: &str) -> BTreeMap<String, String> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decode(&name.replace('+', " ")),
                decode(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// The answer of a fault that keeps the request from being carried out.
fn instead(world: &mut World, kind: &FaultKind, inside: bool) -> Option<Answer> {
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
                world.faults.limited = Some((until, kind.clone()));
            }
            let until = world
                .faults
                .limited
                .as_ref()
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
                world.faults.limited = Some((until, kind.clone()));
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
fn afterwards(world: &mut World, fault: Option<&FaultKind>, newest: u64, exchange: &mut Exchange) {
    match fault {
        Some(FaultKind::ApplyThenDrop | FaultKind::DropBefore) => exchange.cut = true,
        Some(FaultKind::ApplyThenStatus(status)) => {
            exchange.answer = Refusal::new(*status, "Server Error").into_answer();
        }
        Some(FaultKind::Delay(by)) => exchange.delay = Some(*by),
        Some(FaultKind::TruncatedJson) => exchange.truncate = true,
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

fn headers(world: &World, request: &str) -> Vec<(&'static str, String)> {
    let used = world.used_this_hour().min(world.hourly_limit);
    vec![
        (
            "date",
            world.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        ),
        ("server", "github.com".to_owned()),
        ("x-github-request-id", request.to_owned()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-ratelimit-limit", world.hourly_limit.to_string()),
        (
            "x-ratelimit-remaining",
            (world.hourly_limit - used).to_string(),
        ),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", world.next_reset().to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ]
}

impl World {
    /// Refuses what goes beyond the hourly or the content limit.
    fn within_limits(&self, write: bool) -> Result<(), Refusal> {
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
