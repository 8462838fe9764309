//! A GitHub that answers what a test tells it to and remembers what it was asked.

use super::keys::rsa;
use axum::Router;
use axum::body::Body;
use discussions::forge::github::GitHub;
use discussions::ids::{PullRequest, Repo, Sha};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub(super) const APP_ID: u64 = 900;

/// A request as it arrived; path and query still percent-encoded.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Asked {
    pub(super) fn token(&self) -> &str {
        self.headers["authorization"].to_str().unwrap()
    }

    /// Method and target, as in a log.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(super) fn json(body: Value) -> Self {
        Self::new(200, body.to_string())
    }

    pub(super) fn data(data: Value) -> Self {
        Self::json(json!({ "data": data }))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

type Script = dyn Fn(&Asked) -> Option<Reply> + Send + Sync;

#[derive(Clone)]
pub(super) struct Double {
    pub(super) address: SocketAddr,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// Answers by the script; where that gives nothing, tokens are minted and all else is a 404.
    pub(super) async fn start(
        script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let double = Self {
            address: listener.local_addr().unwrap(),
            log: Arc::default(),
        };
        let (log, script) = (double.log.clone(), Arc::new(script) as Arc<Script>);
        let handler = move |request: Request<Body>| answer(log.clone(), script.clone(), request);
        let app = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, app).await });
        double
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn github(&self) -> GitHub {
        self.github_at(&self.url(), &format!("{}/graphql", self.url()))
    }

    pub(super) fn github_at(&self, api: &str, graphql: &str) -> GitHub {
        let key = SecretString::from(rsa().pkcs1.clone());
        GitHub::new(APP_ID, &key, api, graphql).unwrap()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// Everything but the minting of tokens.
    pub(super) fn calls(&self) -> Vec<Asked> {
        let mut calls = self.asked();
        calls.retain(|asked| !asked.target.ends_with("/access_tokens"));
        calls
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.calls().iter().map(Asked::line).collect()
    }

    pub(super) fn minted(&self) -> usize {
        self.asked().len() - self.calls().len()
    }
}

async fn answer(
    log: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Script>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let asked = Asked {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    };
    let reply = script(&asked).unwrap_or_else(|| match asked.target.ends_with("/access_tokens") {
        true => token(log.lock().unwrap().len(), "2099-01-01T00:00:00Z"),
        false => Reply::new(404, r#"{"message":"Not Found"}"#),
    });
    log.lock().unwrap().push(asked);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// The answer to a request for a token; `number` tells tokens apart.
pub(super) fn token(number: usize, expires_at: &str) -> Reply {
    let token = format!("ghs_{}.{number:036}", "t".repeat(480));
    let body = json!({ "token": token, "expires_at": expires_at, "permissions": {} });
    Reply::new(201, body.to_string())
}

pub(super) fn pr() -> PullRequest {
    PullRequest {
        installation: 42,
        repo: Repo {
            id: 7001,
            owner: "octo-team".to_owned(),
            name: "notes".to_owned(),
        },
        number: 7,
    }
}

pub(super) fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}
