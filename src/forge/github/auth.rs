//! Who we are: the App's own token (a JWT of minutes), and installation tokens (an hour) made with it.
//!
//! Facts: <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app>.

use super::super::ForgeError;
use super::error;
use super::transport::{Answer, Request, Transport, route};
use super::{QUEUE_PERMISSIONS, TOKEN_PERMISSIONS};
use crate::ids::PullRequest;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, HeaderValue, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::OnceCell;

/// The JWT begins a minute back, for clocks that differ, and ends before GitHub's limit of ten.
const JWT_BACK: i64 = 60;
const JWT_AHEAD: i64 = 9 * 60;
/// A clock that is off by less than this needs no correction.
const SKEW_WORTH_CORRECTING: i64 = 30;
/// A token with less than this left is replaced before use.
const SPARE_LIFE: i64 = 5 * 60;
/// A token younger than this may be refused by servers that have not heard of it yet.
const SETTLING: Duration = Duration::from_secs(5);
const SETTLING_PAUSE: Duration = Duration::from_millis(500);

#[derive(Serialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: i64,
}

/// An installation token, narrowed to one repository, or to names.
#[derive(Debug, Clone)]
pub(super) struct Token {
    header: HeaderValue,
    /// GitHub's clock, Unix seconds.
    expires_at: i64,
    minted: Instant,
}

impl Token {
    /// The `Authorization` value; it prints as "Sensitive".
    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// How long to wait before trying the same token again after a 401; `None` when it is not new any more.
    pub(super) fn settling(&self) -> Option<Duration> {
        (self.minted.elapsed() < SETTLING).then_some(SETTLING_PAUSE)
    }
}

#[derive(Deserialize)]
struct Minted {
    token: String,
    expires_at: chrono::DateTime<chrono::Utc>,
}

#[derive(Deserialize)]
struct App {
    slug: String,
}

/// What a token is for: it permits that and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// Everything about pull requests.
    PullRequests,
    /// Reading merge queues.
    MergeQueue,
}

impl Purpose {
    fn permissions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::PullRequests => TOKEN_PERMISSIONS,
            Self::MergeQueue => QUEUE_PERMISSIONS,
        }
    }
}

/// One cell per (installation, repository, purpose); whoever holds its lock mints, the others wait for that token.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

pub(super) struct AppAuth {
    app_id: u64,
    key: EncodingKey,
    /// GitHub's clock minus ours, seconds.
    skew: AtomicI64,
    slots: Mutex<HashMap<(u64, u64, Purpose), Slot>>,
    slug: OnceCell<String>,
}

impl AppAuth {
    pub(super) fn new(app_id: u64, private_key: &SecretString) -> Result<Self, ForgeError> {
        let key = EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes());
        Ok(Self {
            app_id,
            key: key.map_err(|error| {
                ForgeError::Forbidden(format!("the App's private key does not read: {error}"))
            })?,
            skew: AtomicI64::new(0),
            slots: Mutex::default(),
            slug: OnceCell::new(),
        })
    }

    pub(super) fn app_id(&self) -> u64 {
        self.app_id
    }

    /// GitHub's clock as far as we know it, Unix seconds.
    pub(super) fn now(&self) -> i64 {
        unix_now().saturating_add(self.skew.load(Ordering::Relaxed))
    }

    /// A token for the pull request's repository with at least five minutes left. Concurrent callers share one.
    pub(super) async fn token(
        &self,
        transport: &Transport,
        pr: &PullRequest,
        purpose: Purpose,
    ) -> Result<Token, ForgeError> {
        let slot = self.slot(pr, purpose);
        let mut held = slot.lock().await;
        match held.as_ref() {
            Some(token) if token.expires_at - self.now() > SPARE_LIFE => Ok(token.clone()),
            _ => {
                let token = self.mint(transport, pr, purpose).await?;
                *held = Some(token.clone());
                Ok(token)
            }
        }
    }

    /// Forgets a token that GitHub does not take any more, unless somebody has replaced it already.
    pub(super) async fn discard(&self, pr: &PullRequest, purpose: Purpose, token: &Token) {
        let slot = self.slot(pr, purpose);
        let mut held = slot.lock().await;
        if held
            .as_ref()
            .is_some_and(|held| held.header == token.header)
        {
            *held = None;
        }
    }

    /// The App's login name without `[bot]`; asked once.
    pub(super) async fn slug(&self, transport: &Transport) -> Result<&str, ForgeError> {
        let ask = async || {
            let request = Request::get(route(&["app"]));
            let answer = self.as_app(transport, &request).await?;
            match answer.status.is_success() {
                true => Ok(error::json::<App>(&request, &answer)?.slug),
                false => Err(error::refusal(&request, &answer, self.now())),
            }
        };
        self.slug.get_or_try_init(ask).await.map(String::as_str)
    }

    fn slot(&self, pr: &PullRequest, purpose: Purpose) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots
            .entry((pr.installation, pr.repo.id, purpose))
            .or_default()
            .clone()
    }

    /// A token for one repository; for a whole installation one that may read nothing but names.
    async fn mint(
        &self,
        transport: &Transport,
        pr: &PullRequest,
        purpose: Purpose,
    ) -> Result<Token, ForgeError> {
        let installation = pr.installation.to_string();
        let body = match pr.is_whole_installation() {
            true => serde_json::json!({ "permissions": { "metadata": "read" } }),
            false => {
                let permissions: HashMap<_, _> = purpose.permissions().iter().copied().collect();
                serde_json::json!({ "repository_ids": [pr.repo.id], "permissions": permissions })
            }
        };
        let request = Request::post(
            route(&["app", "installations", &installation, "access_tokens"]),
            body,
        );
        let answer = self.as_app(transport, &request).await?;
        if !answer.status.is_success() {
            let refusal = error::refusal(&request, &answer, self.now());
            return Err(explained(refusal, &pr.repo.to_string()));
        }
        let minted: Minted = error::json(&request, &answer)?;
        let header = bearer(minted.token.trim()).map_err(|_| {
            ForgeError::Unavailable(format!(
                "{request}: the token has characters no header can carry"
            ))
        })?;
        Ok(Token {
            header,
            expires_at: minted.expires_at.timestamp(),
            minted: Instant::now(),
        })
    }

    /// Sends a request as the App itself. A 401 with a `Date` that shows our clock to be wrong is tried once more with
    /// the clock put right.
    pub(super) async fn as_app(
        &self,
        transport: &Transport,
        request: &Request,
    ) -> Result<Answer, ForgeError> {
        let answer = transport.send(request, &self.jwt()?).await?;
        if answer.status == StatusCode::UNAUTHORIZED && self.learn_skew(&answer.headers) {
            return transport.send(request, &self.jwt()?).await;
        }
        Ok(answer)
    }

    fn jwt(&self) -> Result<HeaderValue, ForgeError> {
        let now = self.now();
        let claims = Claims {
            iss: self.app_id.to_string(),
            iat: now - JWT_BACK,
            exp: now + JWT_AHEAD,
        };
        let unsigned =
            |why: String| ForgeError::Forbidden(format!("the App's key does not sign: {why}"));
        let jwt = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map_err(|error| unsigned(error.to_string()))?;
        bearer(&jwt).map_err(|error| unsigned(error.to_string()))
    }

    /// Takes GitHub's clock over if it differs from what we believed it to be.
    fn learn_skew(&self, headers: &HeaderMap) -> bool {
        let date = headers
            .get(http::header::DATE)
            .and_then(|date| date.to_str().ok());
        let Some(theirs) = date.and_then(error::date) else {
            return false;
        };
        let wrong_by = theirs.saturating_sub(self.now());
        if wrong_by.saturating_abs() < SKEW_WORTH_CORRECTING {
            return false;
        }
        let skew = theirs.saturating_sub(unix_now());
        self.skew.store(skew, Ordering::Relaxed);
        tracing::warn!(
            skew_seconds = skew,
            "this machine's clock differs from GitHub's; correcting"
        );
        true
    }
}

/// The `Authorization` value of a token; marked so that it is not printed.
fn bearer(token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {token}"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Says what an operator can do about a token that GitHub does not give.
fn explained(refusal: ForgeError, repo: &str) -> ForgeError {
    match refusal {
        ForgeError::NotFound(said) => ForgeError::NotFound(format!(
            "the App is not installed on {repo} any more: {said}"
        )),
        ForgeError::Refused(said) => ForgeError::Forbidden(format!(
            "the installation on {repo} does not grant what the App needs; accept its permissions on GitHub: {said}"
        )),
        ForgeError::Forbidden(said) => ForgeError::Forbidden(format!(
            "no token for {repo}; is the installation suspended, or do APP_ID and PRIVATE_KEY not belong together? {said}"
        )),
        other => other,
    }
}

fn unix_now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
