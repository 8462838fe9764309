//! What model services have in common: one request over HTTP, a few short tries, and what a failure means.
//!
//! # What a failure means
//! | What happened | Error | Tried again at once |
//! |---|---|---|
//! | no connection, or it broke | unavailable | yes |
//! | 502, 503, 529 | unavailable | yes, unless told to wait longer than 5 s |
//! | 429 with `retry-after` of at most 5 s | unavailable | yes |
//! | other 429, 408, 409, 425, other 5xx, time is up | unavailable | no |
//! | 401, 403 (key refused), 402 (no credit), 404 (no such model), a redirect | unavailable | no |
//! | an answer that is not JSON or not of the protocol | unavailable | no |
//! | any other 4xx (context overflow, bad request), an answer that is too large | invalid | no |
//!
//! `retry-after` is passed on where it is given. Every word of a service goes through `clip` first.

use super::{ModelError, clip};
use chrono::DateTime;
use http::header::{DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;

/// Longest answer that is read, in bytes: a reply of 64 KiB with every byte escaped, and what a service adds.
const MAX_ANSWER: usize = 1024 * 1024;
/// Bytes of an error's body that are read.
const MAX_COMPLAINT: usize = 64 * 1024;
/// Longest wait that is passed on, in seconds.
const LONGEST_WAIT: f64 = 3_600.0;
/// Longest wait within a call, in seconds.
const SHORT_WAIT: u64 = 5;
/// Tries after the first.
const MORE_TRIES: u32 = 2;
/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Anthropic's "overloaded".
const OVERLOADED: u16 = 529;

/// A setting that cannot be worked with, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadEndpoint(pub String);

/// The HTTP client of all model services. It follows no redirects: a key must not travel to another host.
#[derive(Debug, Clone)]
pub struct HttpClient(reqwest::Client);

impl HttpClient {
    /// A client with a connection pool of its own; make one and clone it.
    ///
    /// # Errors
    /// The TLS setup of this machine does not work.
    pub fn new() -> Result<Self, BadEndpoint> {
        reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!(
                "orchestrated-discussions/",
                env!("CARGO_PKG_VERSION")
            ))
            .build()
            .map(Self)
            .map_err(|error| BadEndpoint(format!("no HTTP client: {error}")))
    }
}

/// How long one request may take and how soon it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte sent to the last byte read. Default 60 s: half of what a turn has, so that another model
    /// can still be asked.
    pub request: Duration,
    /// Pause before the second try; doubled before the third. Default 500 ms.
    pub backoff: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(60),
            backoff: Duration::from_millis(500),
        }
    }
}

/// How a model is asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Structure {
    /// By its schema; the service holds the model to it.
    #[default]
    Schema,
    /// As "some JSON object" (OpenAI's `json_object`); the schema stands in the words. Where the protocol has no such
    /// thing, the same as `Words`.
    Object,
    /// In words only.
    Words,
}

/// A model of a service, as the operator names it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Full name, `provider/model`: shown in blocks, part of answer keys.
    pub name: String,
    /// The model's id on the wire.
    pub model: String,
    /// Address of the API, with its version where it has one: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key, if one is needed.
    pub key: Option<SecretString>,
    /// Most tokens the model may write. Default 2,000.
    pub max_output_tokens: u32,
    /// Times.
    pub patience: Patience,
    /// How it is asked for JSON.
    pub structure: Structure,
}

impl Endpoint {
    /// A model with the defaults for all else.
    pub fn new(name: &str, model: &str, base_url: &str, key: Option<SecretString>) -> Self {
        Self {
            name: name.to_owned(),
            model: model.to_owned(),
            base_url: base_url.to_owned(),
            key,
            max_output_tokens: 2_000,
            patience: Patience::default(),
            structure: Structure::default(),
        }
    }
}

/// One address to post to.
#[derive(Debug)]
pub(super) struct Wire {
    client: HttpClient,
    url: Url,
    headers: HeaderMap,
    key: Option<SecretString>,
    patience: Patience,
}

/// A failed try.
struct Fault {
    error: ModelError,
    /// Whether the same request may succeed in a moment.
    passing: bool,
}

impl Wire {
    /// `route`: segments behind the base address. `key_header`: the header that carries the key, with what stands
    /// before it.
    ///
    /// # Errors
    /// An address that is none or that leads where models do not live; a key that no header can carry.
    pub(super) fn new(
        client: &HttpClient,
        endpoint: &Endpoint,
        route: &[&str],
        (key_header, before_key): (&'static str, &str),
    ) -> Result<Self, BadEndpoint> {
        let bad = |why: String| BadEndpoint(format!("{}: {why}", endpoint.name));
        let url = address(&endpoint.base_url, route).map_err(bad)?;
        let mut headers = HeaderMap::new();
        if let Some(key) = &endpoint.key {
            let value = format!("{before_key}{}", key.expose_secret());
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                bad("the key holds characters that no key has, perhaps a line end".to_owned())
            })?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(key_header), value);
        }
        Ok(Self {
            client: client.clone(),
            url,
            headers,
            key: endpoint.key.clone(),
            patience: endpoint.patience,
        })
    }

    /// Adds a header that is no secret.
    pub(super) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        self
    }

    /// Posts JSON and reads the answer, with a few short tries.
    pub(super) async fn post<T: DeserializeOwned>(&self, body: &Value) -> Result<T, ModelError> {
        let mut tries = 0;
        loop {
            let fault = match self.once(body).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match self.pause(&fault, tries) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(fault.error),
            }
            tries += 1;
        }
    }

    /// How long to wait before the next try, if there is one.
    fn pause(&self, fault: &Fault, tries: u32) -> Option<Duration> {
        if !fault.passing || tries >= MORE_TRIES {
            return None;
        }
        let backoff = self.patience.backoff * 2_u32.pow(tries);
        match &fault.error {
            ModelError::Unavailable {
                retry_after: Some(wait),
                ..
            } => (*wait <= SHORT_WAIT).then(|| Duration::from_secs(*wait).max(backoff)),
            _ => Some(backoff),
        }
    }

    async fn once<T: DeserializeOwned>(&self, body: &Value) -> Result<T, Fault> {
        let request = self.client.0.post(self.url.clone());
        let mut response = request
            .headers(self.headers.clone())
            .timeout(self.patience.request)
            .json(body)
            .send()
            .await
            .map_err(|error| self.broken(error))?;
        let status = response.status();
        if !status.is_success() {
            // What was read before it broke off still says more than nothing.
            let complaint = read(&mut response, MAX_COMPLAINT).await.unwrap_or_default();
            let said = self.fit(&complaint_in(&complaint.bytes));
            return Err(refusal(status, response.headers(), &said));
        }
        let answer = read(&mut response, MAX_ANSWER)
            .await
            .map_err(|error| self.broken(error))?;
        if answer.is_cut {
            return Err(lasting(ModelError::Invalid(format!(
                "the service's answer is longer than {MAX_ANSWER} bytes"
            ))));
        }
        self.json(&answer.bytes).map_err(lasting)
    }

    /// The JSON of an answer that was called a success.
    fn json<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ModelError> {
        let text = String::from_utf8_lossy(body);
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            unavailable(match text.trim() {
                "" => "the service's answer is empty".to_owned(),
                text if text.starts_with('<') => {
                    "the service answered with a page of HTML where JSON belongs".to_owned()
                }
                _ if error.is_eof() => "the service's answer breaks off".to_owned(),
                text => format!("the service's answer is not JSON: {}", self.fit(text)),
            })
        })?;
        // Routers in front of several services tell their failures this way.
        if value.get("error").is_some_and(|error| !error.is_null()) {
            let said = self.fit(&complaint_in(body));
            return Err(unavailable(format!("the service reports an error: {said}")));
        }
        serde_json::from_value(value).map_err(|error| {
            let error = self.fit(&error.to_string());
            unavailable(format!(
                "the service's answer is not of its protocol: {error}"
            ))
        })
    }

    /// No answer, or not all of it.
    fn broken(&self, error: reqwest::Error) -> Fault {
        if error.is_timeout() && !error.is_connect() {
            let limit = self.patience.request;
            return lasting(unavailable(format!("no answer within {limit:?}")));
        }
        let cause = self.fit(&causes(&error.without_url()));
        let host = self.url.host_str().unwrap_or_default();
        Fault {
            error: unavailable(format!("the connection to {host} failed: {cause}")),
            passing: true,
        }
    }

    fn fit(&self, text: &str) -> String {
        let key = self.key.as_ref().map(ExposeSecret::expose_secret);
        clip::fit(text, &[key.unwrap_or_default()])
    }
}

fn lasting(error: ModelError) -> Fault {
    Fault {
        error,
        passing: false,
    }
}

fn unavailable(reason: String) -> ModelError {
    ModelError::Unavailable {
        reason,
        retry_after: None,
    }
}

/// The base address with segments behind it. Errors are for the operator.
fn address(base: &str, route: &[&str]) -> Result<Url, String> {
    let mut url = Url::parse(base).map_err(|error| {
        format!("the base URL is not an address ({error}); it begins with https://")
    })?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!(
            "the base URL begins with {}:, not with https:// or http://",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(
            "the base URL holds a user, a password or a query; the key has a setting of its own"
                .to_owned(),
        );
    }
    if is_link_local(&url) {
        return Err(
            "the base URL is a link-local address; cloud machines give out their own credentials there"
                .to_owned(),
        );
    }
    url.path_segments_mut()
        .map_err(|()| "the base URL takes no path".to_owned())?
        .pop_if_empty()
        .extend(route);
    Ok(url)
}

fn is_link_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_unicast_link_local()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_link_local())
        }
        Err(_) => false,
    }
}

/// A body as far as it was read.
#[derive(Default)]
struct Read {
    bytes: Vec<u8>,
    /// There is more.
    is_cut: bool,
}

async fn read(response: &mut Response, limit: usize) -> Result<Read, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            bytes.extend_from_slice(&chunk[..limit - bytes.len()]);
            return Ok(Read {
                bytes,
                is_cut: true,
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Read {
        bytes,
        is_cut: false,
    })
}

/// What an answer that is no success means. `said` is fit to be shown.
fn refusal(status: StatusCode, headers: &HeaderMap, said: &str) -> Fault {
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
            lasting(unavailable(format!(
                "the base URL redirects{host} ({code}), which is not followed: the key stays here"
            )))
        }
        401 | 403 => lasting(unavailable(format!("the key was refused ({code}): {said}"))),
        402 => lasting(unavailable(format!(
            "there is no credit left ({code}): {said}"
        ))),
        404 => lasting(unavailable(format!(
            "the service knows no such model or address ({code}): {said}"
        ))),
        429 => Fault {
            error: with_wait("the service limits how often it is asked"),
            // Without a word on how long, a moment would not help.
            passing: wait.is_some(),
        },
        408 | 409 | 425 | 500.. => Fault {
            error: with_wait("the service failed"),
            passing: matches!(code, 502 | 503 | OVERLOADED),
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
fn complaint_in(body: &[u8]) -> String {
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

/// An error's causes: reqwest's own text stops at "error sending request".
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

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
                    ("retry-after", "Tue, 14 Nov 2033 22:14:20 GMT"),
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

    #[test]
    fn addresses_keep_their_path_and_lead_nowhere_strange() {
        for (base, wanted) in [
            (
                "https://api.example.com/v1",
                "https://api.example.com/v1/chat/completions",
            ),
            (
                "https://api.example.com/v1/",
                "https://api.example.com/v1/chat/completions",
            ),
            (
                "http://127.0.0.1:11434",
                "http://127.0.0.1:11434/chat/completions",
            ),
        ] {
            let url = address(base, &["chat", "completions"]).unwrap();
            assert_eq!(url.as_str(), wanted);
        }
        for base in [
            "",
            "api.example.com",
            "ftp://api.example.com",
            "data:text/plain,x",
            "https://me:secret@api.example.com",
            "https://api.example.com/v1?key=secret",
            "http://169.254.169.254/v1",
            "http://0xa9fea9fe/v1",
            "http://[fe80::1]/v1",
            "http://[::ffff:169.254.169.254]/v1",
        ] {
            let why = address(base, &["messages"]).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
