//! Everything that goes over the wire, one JSON object a line, to be judged against GitHub's published descriptions.
//!
//! A request with its answer: `kind` (`rest` or `graphql`), `enterprise`, `sender` (user agent), `credential` (its
//! kind), `accept`, `media`, `method`, `path`, `query`, `body`, `status` (0: cut), `answer_media`, `answer`, and
//! `altered` (a fault made or spoiled the answer). An event's delivery: `kind` (`webhook`), `enterprise`, `event`,
//! `headers` (null: there is no hook to send it to), `body`. Bodies that are not JSON are null with their length beside them. Tokens are left out.

use super::hub::Hub;
use super::rest::Body;
use super::server::{Exchange, Raw};
use super::state::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What stands where a token was.
const WITHHELD: &str = "ghs_withheld";

/// The file that is written to; without one nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Exchanges(Option<Mutex<File>>);

impl Exchanges {
    /// Appends to that file, which is made if it is not there.
    pub(super) fn to(path: Option<&Path>) -> io::Result<Self> {
        let open = |path| File::options().create(true).append(true).open(path);
        Ok(Self(path.map(open).transpose()?.map(Mutex::new)))
    }

    /// Notes a request of the API and its answer as it will be given.
    pub(super) fn note(&self, hub: &Hub, raw: &Raw, exchange: &Exchange) -> io::Result<()> {
        self.write(|| {
            let graphql = raw.path == hub.graphql_path;
            let (answer_media, answer) = match &exchange.answer.body {
                Body::Empty => (None, Value::Null),
                Body::Json(value) => (Some("application/json; charset=utf-8"), value.clone()),
                Body::Raw(media, bytes) => (Some(*media), as_json(bytes)),
            };
            let mut line = json!({
                "kind": if graphql { "graphql" } else { "rest" },
                "enterprise": hub.enterprise,
                "sender": raw.user_agent,
                "credential": credential(raw.authorization.as_deref()),
                "accept": raw.accept,
                "media": raw.media,
                "method": raw.method,
                "path": raw.path,
                "query": raw.query,
                "body": as_json(&raw.body),
                "body_bytes": raw.body.len(),
                "status": if exchange.cut { 0 } else { exchange.answer.status },
                "answer_media": answer_media,
                "answer": answer,
                "altered": exchange.altered,
            });
            if let Some(token) = line.pointer_mut("/answer/token") {
                *token = WITHHELD.into();
            }
            line
        })
    }

    /// Notes a delivery. Without headers it goes nowhere, as no hook is set up.
    pub(super) fn note_delivery(
        &self,
        world: &World,
        event: &str,
        headers: Option<&[(&'static str, String)]>,
        body: &Value,
    ) -> io::Result<()> {
        self.write(|| {
            let headers: Option<BTreeMap<_, _>> =
                headers.map(|headers| headers.iter().cloned().collect());
            json!({
                "kind": "webhook",
                "enterprise": world.hosts.enterprise,
                "event": event,
                "headers": headers,
                "body": body,
            })
        })
    }

    fn write(&self, line: impl FnOnce() -> Value) -> io::Result<()> {
        let Some(file) = &self.0 else {
            return Ok(());
        };
        let text = format!("{}\n", line());
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())
    }
}

fn as_json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

fn credential(authorization: Option<&str>) -> &'static str {
    match authorization.and_then(|header| header.split_once(' ')) {
        None => "none",
        Some((_, token)) if token.starts_with("ghs_") => "installation",
        Some((_, token)) if token.starts_with("eyJ") => "app",
        Some(_) => "other",
    }
}
