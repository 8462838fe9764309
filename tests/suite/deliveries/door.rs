//! The real server on a real port, over a real database file.

use discussions::forge::event::Event;
use discussions::forge::signature::sign;
use discussions::server::{Decision, Intake, Limits, serve};
use discussions::store::{NewJob, SqlStore, Store};
use secrecy::SecretString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) const PATH: &str = "/api/github/webhooks";
const SECRET: &str = "the secret that is valid now";
const OLD_SECRET: &str = "the secret before, still valid";
/// What the door hands out as public keys, byte for byte.
pub(super) const KEY_SET: &str = "{\"keys\": []}\n";
/// Nothing in these tests takes this long; it only keeps a failure from hanging.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) store: Arc<SqlStore>,
    pub(super) wake: Arc<Notify>,
    pub(super) stop: CancellationToken,
    pub(super) server: JoinHandle<()>,
    http: reqwest::Client,
    _folder: TempDir,
}

/// Pull request events become jobs, everything else is stored without one.
fn decide(event: &Event) -> Decision {
    match event {
        Event::PullRequest(event) => Decision::Job(NewJob {
            pr: event.pr.clone(),
            event: r#"{"kind":"edited"}"#.to_owned(),
        }),
        _ => Decision::Nothing("no pull request".to_owned()),
    }
}

impl Door {
    pub(super) async fn open() -> Self {
        Self::with(Limits::default()).await
    }

    /// A door that gives up on slow clients soon.
    pub(super) async fn impatient() -> Self {
        Self::with(Limits {
            head: Duration::from_millis(300),
            body: Duration::from_millis(300),
            ..Limits::default()
        })
        .await
    }

    pub(super) async fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("d.db").display());
        let store = Arc::new(SqlStore::open(&url).await.unwrap());
        let wake = Arc::new(Notify::new());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let intake = Intake {
            webhook_path: PATH.to_owned(),
            secrets: vec![SecretString::from(SECRET), SecretString::from(OLD_SECRET)],
            decide: Arc::new(decide),
            store: store.clone(),
            wake: wake.clone(),
            key_set: KEY_SET.to_owned(),
        };
        let server = tokio::spawn(serve(listener, intake, limits, stop.clone()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            address,
            store,
            wake,
            stop,
            server,
            http,
            _folder: folder,
        }
    }

    /// A delivery as GitHub makes it, for a test to spoil.
    pub(super) fn delivery(
        &self,
        event: &str,
        guid: &str,
        body: Vec<u8>,
    ) -> reqwest::RequestBuilder {
        let signature = sign(&SecretString::from(SECRET), &body);
        self.unsigned(event, guid, body)
            .header("x-hub-signature-256", signature)
    }

    pub(super) fn delivery_signed_with_the_old_secret(
        &self,
        guid: &str,
    ) -> reqwest::RequestBuilder {
        let signature = sign(&SecretString::from(OLD_SECRET), &opened());
        self.unsigned("pull_request", guid, opened())
            .header("x-hub-signature-256", signature)
    }

    pub(super) fn unsigned(
        &self,
        event: &str,
        guid: &str,
        body: Vec<u8>,
    ) -> reqwest::RequestBuilder {
        self.http
            .post(format!("http://{}{PATH}", self.address))
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/044aadd")
            .header("x-github-event", event)
            .header("x-github-delivery", guid)
            .body(body)
    }

    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        answer(self.http.get(url)).await
    }

    /// Sends bytes as they are and reads until the server closes.
    pub(super) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        rest(&mut stream).await
    }

    pub(super) async fn backlog(&self) -> u64 {
        self.store.backlog().await.unwrap()
    }
}

/// What the server still sends until it closes the connection.
pub(super) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // A reset is a way of closing, too.
    let _ = tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) async fn answer(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = tokio::time::timeout(PATIENCE, request.send())
        .await
        .unwrap()
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The head of a delivery for raw connections, correctly signed for `body`.
pub(super) fn head(body: &[u8], length: &str) -> Vec<u8> {
    let signature = sign(&SecretString::from(SECRET), body);
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-type: application/json\r\nx-github-event: pull_request\r\n\
         x-github-delivery: {}\r\nx-hub-signature-256: {signature}\r\n{length}\r\n\r\n",
        guid(1)
    )
    .into_bytes()
}

pub(super) fn guid(number: u32) -> String {
    format!("72d3162e-cc78-11e3-81ab-{number:012x}")
}

pub(super) fn opened() -> Vec<u8> {
    include_bytes!("../../fixtures/deliveries/pull_request.opened.json").to_vec()
}

/// A pull request event of exactly that size; the room is filled by a field that nobody reads.
pub(super) fn opened_of_size(size: usize) -> Vec<u8> {
    let mut body = opened();
    let end = body.iter().rposition(|byte| *byte == b'}').unwrap();
    body.truncate(end);
    body.extend_from_slice(b",\"filler\":\"");
    let missing = size - body.len() - 2;
    body.resize(body.len() + missing, b'x');
    body.extend_from_slice(b"\"}");
    assert_eq!(body.len(), size);
    body
}
