//! A sandbox with the demo repository, a key, a plain HTTP client, and a webhook receiver.

use crate::support::github::options;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use discussions::sandbox::{AppKey, FileEdit, NewPull, Oid, Sandbox, SandboxOptions};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, OnceLock};

pub const REPO: &str = "octo/demo";
pub const SECRET: &str = "It's a Secret to Everybody";

/// One key for the whole test binary: making them is slow.
pub fn key() -> &'static AppKey {
    static KEY: OnceLock<AppKey> = OnceLock::new();
    KEY.get_or_init(|| AppKey::generate().unwrap())
}

pub struct Rig {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    pub token: String,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The JSON of a successful answer.
    pub fn ok(self) -> Value {
        assert!(
            self.status.is_success(),
            "{}: {}",
            self.status,
            String::from_utf8_lossy(&self.bytes)
        );
        self.json()
    }
}

pub fn claims(app: &Value, iat: i64, exp: i64) -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({"iss": app, "iat": now + iat, "exp": now + exp})
}

pub fn jwt(claims: &Value, key: &AppKey) -> String {
    let key = EncodingKey::from_rsa_pem(key.private_pem.as_bytes()).unwrap();
    encode(&Header::new(Algorithm::RS256), claims, &key).unwrap()
}

pub fn good_jwt() -> String {
    jwt(&claims(&json!("4711"), -60, 540), key())
}

impl Rig {
    /// A seeded sandbox and a token for everything.
    pub async fn start() -> Self {
        Self::with(options()).await
    }

    pub async fn with(options: SandboxOptions) -> Self {
        let options = SandboxOptions {
            app_public_key: Some(key().public_pem.clone()),
            ..options
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.seed_default().unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("suite")
            .build()
            .unwrap();
        let mut rig = Self {
            sandbox,
            http,
            token: String::new(),
        };
        rig.token = rig.mint(json!({})).await.ok()["token"]
            .as_str()
            .unwrap()
            .to_owned();
        rig
    }

    pub fn installation(&self) -> u64 {
        self.sandbox
            .look(|world| *world.installations.keys().next().unwrap())
    }

    pub async fn mint(&self, body: Value) -> Reply {
        let path = format!("/app/installations/{}/access_tokens", self.installation());
        let now = self.sandbox.look(|world| world.now().timestamp());
        let claims = json!({"iss": "4711", "iat": now - 60, "exp": now + 540});
        self.call(Method::POST, &path, &jwt(&claims, key()), Some(body))
            .await
    }

    /// A request that may fail to get an answer at all.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        credential: &str,
        body: Option<Value>,
    ) -> Result<Reply, reqwest::Error> {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.sandbox.api_url())
        };
        let mut request = self.http.request(method, url);
        if !credential.is_empty() {
            request = request.bearer_auth(credential);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Reply {
            status,
            headers,
            bytes: answer.bytes().await?.to_vec(),
        })
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        credential: &str,
        body: Option<Value>,
    ) -> Reply {
        self.try_call(method, path, credential, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &self.token, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, &self.token, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, &self.token, Some(body))
            .await
    }

    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        self.call(
            Method::POST,
            &self.sandbox.graphql_url(),
            &self.token,
            Some(body),
        )
        .await
        .ok()
    }

    /// One commit through `createCommitOnBranch`.
    pub async fn commit(&self, branch: &str, expected: &Oid, path: &str, text: &str) -> Value {
        let mutation = include_str!("../../../src/forge/github/commit.graphql");
        use base64::Engine;
        let contents = base64::engine::general_purpose::STANDARD.encode(text);
        let input = json!({
            "branch": {"repositoryNameWithOwner": REPO, "branchName": branch},
            "expectedHeadOid": expected.as_str(),
            "message": {"headline": "discuss: security", "body": "Discussions-Job: 1"},
            "fileChanges": {"additions": [{"path": path, "contents": contents}]},
        });
        self.graphql(mutation, json!({"input": input})).await
    }

    /// Opens a pull request by rob from a new branch that adds these files.
    pub fn open(&self, branch: &str, files: &[(&str, &str)]) -> u64 {
        let edits: Vec<FileEdit> = files
            .iter()
            .map(|(path, text)| FileEdit::write(path, text))
            .collect();
        self.sandbox
            .push("rob", REPO, branch, "work", &edits)
            .unwrap();
        let new = NewPull {
            title: branch.to_owned(),
            head: branch.to_owned(),
            ..NewPull::default()
        };
        self.sandbox.open_pr("rob", REPO, &new).unwrap()
    }

    pub fn head(&self, number: u64) -> Oid {
        self.sandbox.pull(REPO, number).unwrap().head
    }

    /// Posts a completed check of our App.
    pub async fn check(&self, head: &Oid, name: &str, conclusion: &str) -> Value {
        let body = json!({"name": name, "head_sha": head.as_str(), "conclusion": conclusion});
        self.post("/repos/octo/demo/check-runs", body).await.ok()
    }
}

/// A delivery as the receiver saw it.
#[derive(Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> String {
        self.headers
            .get(name)
            .map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Inbox = Arc<Mutex<Vec<Received>>>;

/// A webhook receiver; gives its address and what it has received.
pub async fn receiver() -> (String, Inbox) {
    async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> &'static str {
        inbox.lock().unwrap().push(Received {
            headers,
            body: body.to_vec(),
        });
        "thanks"
    }
    let inbox = Inbox::default();
    let app = Router::new()
        .route("/hook", axum::routing::post(take))
        .with_state(inbox.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, inbox)
}
