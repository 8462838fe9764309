//! What model services have in common: one request over HTTP and a few short tries.
//!
//! What a failure means is told in `refusal`. Every word of a service goes through `clip` first.

use super::endpoint::{BadEndpoint, Endpoint, Patience, address, is_loopback};
use super::refusal::{Fault, complaint_in, lost, refusal, unavailable};
use super::{ModelError, clip};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Longest answer that is read, in bytes: a reply of 64 KiB with every byte escaped, and what a service adds.
const MAX_ANSWER: usize = 1024 * 1024;
/// Bytes of an error's body that are read.
const MAX_COMPLAINT: usize = 64 * 1024;
/// Longest wait within a call, in seconds.
const SHORT_WAIT: u64 = 5;
/// Tries after the first.
const MORE_TRIES: u32 = 2;
/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The HTTP client of all model services. It follows no redirects: a key must not travel to another host. What listens on
/// this machine is asked directly, whatever proxy the environment names: a model in the same box is reached without one,
/// and a key for it must not leave the box in clear text.
#[derive(Debug, Clone)]
pub struct HttpClient {
    outward: reqwest::Client,
    within: reqwest::Client,
}

impl HttpClient {
    /// A client with a connection pool of its own; make one and clone it.
    ///
    /// # Errors
    /// The TLS setup of this machine does not work.
    pub fn new() -> Result<Self, BadEndpoint> {
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!(
                    "orchestrated-discussions/",
                    env!("CARGO_PKG_VERSION")
                ))
        };
        let made = |builder: reqwest::ClientBuilder| {
            builder
                .build()
                .map_err(|error| BadEndpoint(format!("no HTTP client: {error}")))
        };
        Ok(Self {
            outward: made(builder())?,
            within: made(builder().no_proxy())?,
        })
    }

    fn of(&self, url: &Url) -> &reqwest::Client {
        match is_loopback(url) {
            true => &self.within,
            false => &self.outward,
        }
    }

    /// Gets JSON, once. The key travels as OpenAI's protocol has it.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        key: Option<&SecretString>,
        limit: Duration,
    ) -> Result<T, ModelError> {
        let secret = key.map(ExposeSecret::expose_secret).unwrap_or_default();
        let fit = |text: &str| clip::fit(text, &[secret]);
        let host = url.host_str().unwrap_or_default().to_owned();
        let broken = |error: reqwest::Error| {
            unavailable(match error.is_timeout() {
                true => format!("{host} gave no answer within {limit:?}"),
                false => {
                    let cause = fit(&causes(&error.without_url()));
                    format!("the connection to {host} failed: {cause}")
                }
            })
        };
        let mut request = self.of(&url).get(url).timeout(limit);
        if key.is_some() {
            request = request.bearer_auth(secret);
        }
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        if !status.is_success() {
            let complaint = read(&mut response, MAX_COMPLAINT).await.unwrap_or_default();
            let said = fit(&complaint_in(&complaint.bytes));
            return Err(refusal(status, response.headers(), &said).error);
        }
        let answer = read(&mut response, MAX_ANSWER).await.map_err(broken)?;
        serde_json::from_slice(&answer.bytes)
            .map_err(|error| unavailable(format!("no list of models: {}", fit(&error.to_string()))))
    }
}

/// What came of a request that may have been sent several times.
pub(super) struct Tried<T> {
    /// The answer, or the last failure.
    pub(super) came: Result<T, ModelError>,
    /// How often it was sent without learning what that took.
    pub(super) lost: u64,
    /// Where the last try was lost and may be repeated: after which pause. It is for the caller, since it is paid anew.
    pub(super) again: Option<Again>,
}

/// A request that may be sent once more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Again {
    /// How long to wait before.
    pub(super) pause: Duration,
    /// Tries so far.
    pub(super) tries: u32,
}

impl<T> Tried<T> {
    /// What the answer is made into.
    pub(super) fn and_then<U>(self, made: impl FnOnce(T) -> Result<U, ModelError>) -> Tried<U> {
        Tried {
            came: self.came.and_then(made),
            lost: self.lost,
            again: self.again,
        }
    }
}

/// One address to post to.
#[derive(Debug)]
pub(super) struct Wire {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    key: Option<SecretString>,
    patience: Patience,
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
            client: client.of(&url).clone(),
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

    /// Posts JSON and reads the answer, with a few short tries; `tries`: how many there were before. A try that may have
    /// been paid for is not repeated here.
    pub(super) async fn post<T: DeserializeOwned>(&self, body: &Value, tries: u32) -> Tried<T> {
        let mut tries = tries;
        loop {
            let fault = match self.once(body).await {
                Ok(answer) => {
                    return Tried {
                        came: Ok(answer),
                        lost: 0,
                        again: None,
                    };
                }
                Err(fault) => fault,
            };
            let pause = self.pause(&fault, tries);
            tries += 1;
            match pause {
                Some(pause) if !fault.lost => tokio::time::sleep(pause).await,
                pause => {
                    return Tried {
                        came: Err(fault.error),
                        lost: u64::from(fault.lost),
                        again: pause.map(|pause| Again { pause, tries }),
                    };
                }
            }
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
        let request = self.client.post(self.url.clone());
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
            return Err(lost(ModelError::Invalid(format!(
                "the service's answer is longer than {MAX_ANSWER} bytes"
            ))));
        }
        self.json(&answer.bytes).map_err(lost)
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
        // From the text again: in a value a member given twice cannot be seen any more.
        serde_json::from_str(&text).map_err(|error| {
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
            return lost(unavailable(format!("no answer within {limit:?}")));
        }
        let is_sent = !error.is_connect();
        let cause = self.fit(&causes(&error.without_url()));
        let host = self.url.host_str().unwrap_or_default();
        Fault {
            error: unavailable(format!("the connection to {host} failed: {cause}")),
            passing: true,
            lost: is_sent,
        }
    }

    fn fit(&self, text: &str) -> String {
        let key = self.key.as_ref().map(ExposeSecret::expose_secret);
        clip::fit(text, &[key.unwrap_or_default()])
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
