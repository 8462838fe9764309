//! The HTTP side: accepting connections, faults, headers, and which of the four faces a request is for.

use super::auth::{self, Caller};
use super::faults::Incoming;
use super::hub::Hub;
use super::ledger::RequestRecord;
use super::outage::{afterwards, instead};
use super::rest::{self, Answer, Body, Call, Refusal, Route, decode};
use super::state::World;
use super::{control, graphql, page, webhook};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming as IncomingBody};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Largest request body.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    pub user_agent: Option<String>,
    /// Media type of the body.
    pub media: Option<String>,
    pub host: Option<String>,
    pub origin: Option<String>,
    pub body: Bytes,
}

impl Raw {
    /// The body is declared as JSON.
    pub(super) fn is_json(&self) -> bool {
        let media = self.media.as_deref().unwrap_or_default();
        media.starts_with("application/json")
    }

    /// Whether the body is declared as a form.
    pub fn is_form(&self) -> bool {
        let media = self.media.as_deref().unwrap_or_default();
        media.starts_with("application/x-www-form-urlencoded")
    }
}

/// An answer, and how to give it.
pub(super) struct Exchange {
    pub answer: Answer,
    pub headers: Vec<(&'static str, String)>,
    pub delay: Option<Duration>,
    pub cut: bool,
    pub truncate: bool,
    /// A fault made or spoiled the answer.
    pub altered: bool,
}

/// Accepts connections until stopped.
pub(super) async fn serve(hub: Arc<Hub>, listener: TcpListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely, which only time heals.
            tokio::time::sleep(ACCEPT_PAUSE).await;
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
        user_agent: header("user-agent"),
        media: header("content-type"),
        host: header("host"),
        origin: header("origin"),
        body,
    };
    if let Some(rest) = raw.path.strip_prefix("/_sandbox") {
        return Ok(build(
            control::handle(&hub, &raw, rest),
            page_headers(),
            false,
        ));
    }
    if let Some(html) = page::find(&hub, &raw) {
        return Ok(build(html, page_headers(), false));
    }
    let exchange = hub.act(|world| exchange(&hub, world, &raw));
    if let Err(error) = hub.exchanges.note(&hub, &raw, &exchange) {
        let refusal = Refusal::new(500, format!("the exchange cannot be written down: {error}"));
        return Ok(build(refusal.into_answer(), exchange.headers, false));
    }
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

impl Target {
    /// The route by its pattern, the name of the GraphQL operation, and whether something is written.
    fn describe(&self, raw: &Raw, path: &str) -> (String, Option<String>, bool) {
        let write = raw.method != "GET";
        match self {
            Self::Rest(route, _) => (route.pattern.to_owned(), None, write),
            Self::Graphql(operation, _) => {
                let (name, mutation) = operation.clone().unzip();
                ("/graphql".to_owned(), name, mutation.unwrap_or(false))
            }
            Self::Nowhere => (path.to_owned(), None, write),
        }
    }
}

/// Handles one API request under the world's lock.
fn exchange(hub: &Hub, world: &mut World, raw: &Raw) -> Exchange {
    let path = api_path(hub, world, &raw.path);
    let target = find_target(hub, raw, &path);
    let (route, operation, write) = target.describe(raw, &path);
    let request = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    let incoming = Incoming {
        method: &raw.method,
        route: &route,
        operation: operation.as_deref(),
        write,
    };
    let now = world.precise_now();
    let sender = auth::installation(world, raw.authorization.as_deref());
    let window = world.faults.limited.get(&sender).cloned();
    let window = window.filter(|(until, _)| *until > now);
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
        altered: false,
    };
    exchange.answer = match fault
        .as_ref()
        .and_then(|kind| instead(world, kind, window.is_some(), sender))
    {
        Some(answer) => {
            exchange.altered = true;
            answer
        }
        None => {
            world.count_request();
            let answer = carry_out(hub, world, raw, &path, target, write, &request);
            match world.unreadable() {
                Some(why) => Refusal::new(502, why).into_answer(),
                None => answer,
            }
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
        installation: sender,
    });
    exchange
}

/// The path below the API's base; numeric repository addresses become named ones.
fn api_path(hub: &Hub, world: &World, path: &str) -> String {
    let path = path.strip_prefix(hub.api_prefix.as_str()).unwrap_or(path);
    let path = path.trim_end_matches('/');
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
        if raw.user_agent.is_none() {
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

pub(super) fn parse_query(query: &str) -> BTreeMap<String, String> {
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

fn headers(world: &World, request: &str) -> Vec<(&'static str, String)> {
    let used = world.used_this_hour().min(world.hourly_limit);
    let mut headers = vec![
        (
            "date",
            world.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        ),
        ("server", "github.com".to_owned()),
        ("x-github-request-id", request.to_owned()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
    ];
    if world.hosts.enterprise {
        // Rate limits are off there unless an administrator turns them on.
        let version = webhook::ENTERPRISE_VERSION.to_owned();
        headers.push(("x-github-enterprise-version", version));
        return headers;
    }
    headers.extend([
        ("x-ratelimit-limit", world.hourly_limit.to_string()),
        (
            "x-ratelimit-remaining",
            (world.hourly_limit - used).to_string(),
        ),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", world.next_reset().to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ]);
    headers
}
