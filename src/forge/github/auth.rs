//! Who we are: the App's own token (a JWT of minutes), and installation tokens (an hour) made with it.
//!
//! Facts: <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app>.

use super::super::{Blocked, ForgeError};
use super::error;
use super::installation::Installation;
use super::limits::Lane;
use super::pace::Party;
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
    /// What the installation would have to grant for a token that permits all it is for.
    lacks: Option<Blocked>,
}

impl Token {
    /// The `Authorization` value; it prints as "Sensitive".
    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// Why it does not permit all it is for, if so.
    pub(super) fn lacks(&self) -> Option<&Blocked> {
        self.lacks.as_ref()
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
    /// The same as far as the installation grants it: to say on the pull request what it does not.
    AsGranted,
    /// Reading merge queues.
    MergeQueue,
}

impl Purpose {
    fn permissions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::PullRequests | Self::AsGranted => TOKEN_PERMISSIONS,
            Self::MergeQueue => QUEUE_PERMISSIONS,
        }
    }

    /// Whose token it takes.
    fn of_token(self) -> Self {
        match self {
            Self::AsGranted => Self::PullRequests,
            other => other,
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
            // One that lacks something is not kept: the missing permission may be granted any moment.
            Some(token) if token.lacks.is_none() && token.expires_at - self.now() > SPARE_LIFE => {
                Ok(token.clone())
            }
            _ => {
                let token = self.mint(transport, pr, purpose.of_token()).await?;
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

    /// Forgets the token for that.
    pub(super) async fn forget(&self, pr: &PullRequest, purpose: Purpose) {
        *self.slot(pr, purpose).lock().await = None;
    }

    /// Forgets all tokens of an installation that lacks something: they were made when it did not.
    pub(super) async fn forget_all(&self, installation: u64) {
        let slots: Vec<Slot> = {
            let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let of_it = slots.iter().filter(|(key, _)| key.0 == installation);
            of_it.map(|(_, slot)| Arc::clone(slot)).collect()
        };
        for slot in slots {
            *slot.lock().await = None;
        }
    }

    /// The App's login name without `[bot]`; asked once.
    pub(super) async fn slug(&self, transport: &Transport) -> Result<&str, ForgeError> {
        let ask = async || {
            let request = Request::get(route(&["app"]));
            let answer = self.as_app(transport, &request).await?;
            match answer.status.is_success() {
                true => Ok(error::json::<App>(&request, &answer)?.slug),
                false => Err(error::refusal(&request, &answer)),
            }
        };
        self.slug.get_or_try_init(ask).await.map(String::as_str)
    }

    fn slot(&self, pr: &PullRequest, purpose: Purpose) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots
            .entry((pr.installation, pr.repo.id, purpose.of_token()))
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
        let is_whole = pr.is_whole_installation();
        let wanted = match is_whole {
            true => &[("metadata", "read")],
            false => purpose.permissions(),
        };
        match self.mint_with(transport, pr, wanted).await {
            Err(ForgeError::Refused(said)) if !is_whole => {
                self.mint_less(transport, pr, purpose, &said).await
            }
            Err(refusal) => Err(explained(refusal, &pr.repo.to_string())),
            minted => minted,
        }
    }

    /// After a refusal: a token with as much of what is wanted as the installation grants.
    async fn mint_less(
        &self,
        transport: &Transport,
        pr: &PullRequest,
        purpose: Purpose,
        said: &str,
    ) -> Result<Token, ForgeError> {
        let repo = pr.repo.to_string();
        let installation = match self.installation(transport, pr.installation).await {
            Ok(Some(installation)) => installation,
            Ok(None) => return Err(explained(ForgeError::NotFound(said.to_owned()), &repo)),
            Err(ForgeError::Forbidden(_) | ForgeError::Refused(_)) => {
                return Err(explained(ForgeError::Refused(said.to_owned()), &repo));
            }
            Err(error) => return Err(error),
        };
        if installation.suspended_at.is_some() {
            return Err(ForgeError::Blocked(Blocked::Suspended));
        }
        let wanted = purpose.permissions();
        let missing = installation.missing(wanted);
        if missing.is_empty() {
            // All is granted, so it is the repository that is not there.
            let said = ForgeError::NotFound(said.to_owned());
            return Err(explained(said, &repo));
        }
        if purpose == Purpose::MergeQueue {
            let said = ForgeError::Refused(said.to_owned());
            return Err(explained(said, &repo));
        }
        let granted: Vec<_> = wanted
            .iter()
            .copied()
            .filter(|one| !missing.contains(one))
            .collect();
        let minted = self.mint_with(transport, pr, &granted).await;
        let minted = minted.map_err(|error| match error {
            ForgeError::Refused(said) => explained(ForgeError::NotFound(said), &repo),
            other => explained(other, &repo),
        });
        Ok(Token {
            lacks: Some(installation.lacks(&missing)),
            ..minted?
        })
    }

    async fn mint_with(
        &self,
        transport: &Transport,
        pr: &PullRequest,
        permissions: &[(&str, &str)],
    ) -> Result<Token, ForgeError> {
        let installation = pr.installation.to_string();
        let permissions: HashMap<_, _> = permissions.iter().copied().collect();
        let mut body = serde_json::json!({ "permissions": permissions });
        if !pr.is_whole_installation() {
            body["repository_ids"] = serde_json::json!([pr.repo.id]);
        }
        let request = Request::post(
            route(&["app", "installations", &installation, "access_tokens"]),
            body,
        )
        .into_lane(Lane::Free);
        // A token is of no use to a request that may not be sent.
        let party = Party::Installation(pr.installation);
        transport.pass(party, &request).await?;
        let answer = self.as_app(transport, &request).await?;
        if !answer.status.is_success() {
            return Err(error::refusal(&request, &answer));
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
            lacks: None,
        })
    }

    /// An installation as GitHub has it now; `None`: it is gone.
    pub(super) async fn installation(
        &self,
        transport: &Transport,
        id: u64,
    ) -> Result<Option<Installation>, ForgeError> {
        let route = route(&["app", "installations", &id.to_string()]);
        self.found(transport, Request::get(route)).await
    }

    /// What a request as the App gives; `None`: there is none.
    pub(super) async fn found<T: serde::de::DeserializeOwned>(
        &self,
        transport: &Transport,
        request: Request,
    ) -> Result<Option<T>, ForgeError> {
        let answer = self.as_app(transport, &request).await?;
        if answer.status.is_success() {
            return Ok(Some(error::json(&request, &answer)?));
        }
        match error::refusal(&request, &answer) {
            ForgeError::NotFound(_) => Ok(None),
            refusal => Err(refusal),
        }
    }

    /// Sends a request as the App itself. A 401 with a `Date` that shows our clock to be wrong is tried once more with
    /// the clock put right.
    pub(super) async fn as_app(
        &self,
        transport: &Transport,
        request: &Request,
    ) -> Result<Answer, ForgeError> {
        let answer = transport.send(request, &self.jwt()?, Party::App).await?;
        if answer.status == StatusCode::UNAUTHORIZED && self.learn_skew(&answer.headers) {
            return transport.send(request, &self.jwt()?, Party::App).await;
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
        let Some(theirs) = told_time(headers) else {
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

/// GitHub's clock minus this machine's, seconds, by the date of an answer that came just now.
pub(super) fn skew_by(headers: &HeaderMap) -> Option<i64> {
    Some(told_time(headers)?.saturating_sub(unix_now()))
}

/// The time of an answer by its `Date`, Unix seconds.
fn told_time(headers: &HeaderMap) -> Option<i64> {
    let date = headers.get(http::header::DATE)?;
    error::date(date.to_str().ok()?)
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
        ForgeError::Forbidden(said) if said.contains("suspended") => {
            ForgeError::Blocked(Blocked::Suspended)
        }
        ForgeError::Forbidden(said) => ForgeError::Forbidden(format!(
            "no token for {repo}; do APP_ID and PRIVATE_KEY belong together? {said}"
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
