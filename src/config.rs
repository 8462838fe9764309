//! Settings of the server: environment variables, read once at the start into [`Settings`], and the operator's
//! `discussions.toml` about models.
//!
//! All problems are reported together, each with the name of the variable and what to write instead. An empty variable
//! is one that is not set. `deploy/.env.example` documents every name; a test compares it with [`NAMES`].

mod examined;
mod file;
mod finding;
pub mod models;
mod offer;
mod prices;
mod providers;
mod reading;

pub use examined::{Examined, examine};
pub use file::KEYS as FILE_KEYS;
pub use finding::{Kind as FindKind, ToFind};
pub use prices::Price;

use crate::telemetry::LogFormat;
use models::Models;
use reading::Reader;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// Every variable that is read.
pub const NAMES: &[&str] = &[
    "APP_ID",
    "PRIVATE_KEY",
    "PRIVATE_KEY_PATH",
    "WEBHOOK_SECRET",
    "DATA_DIR",
    "DATABASE_URL",
    "SIGNING_KEY_PATH",
    "HOST",
    "PORT",
    "WEBHOOK_PATH",
    "GITHUB_API_URL",
    "GITHUB_GRAPHQL_URL",
    "GITHUB_SERVER_URL",
    "RUST_LOG",
    "LOG_FORMAT",
    "DISCUSSIONS_MODEL",
    "DISCUSSIONS_CONFIG",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OLLAMA_HOST",
];

/// Path that answers while the process lives.
pub const HEALTH_PATH: &str = "/healthz";
/// Path that answers while the database does.
pub const READY_PATH: &str = "/readyz";
/// Path of the public keys that receipts are checked by (RFC 8615).
pub const KEYS_PATH: &str = "/.well-known/jwks.json";

/// Address that is listened on unless `HOST` says otherwise: all of the machine.
const EVERYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// Port unless `PORT` says otherwise.
const PORT: u16 = 3000;

/// Everything the server needs to know, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `APP_ID`: the App's numeric id.
    pub app_id: u64,
    /// `PRIVATE_KEY` or the file at `PRIVATE_KEY_PATH`: RSA key as PEM with plain line ends, PKCS#1 or PKCS#8.
    pub private_key: SecretString,
    /// `WEBHOOK_SECRET`: every secret that is valid now, at least one.
    pub webhook_secrets: Vec<SecretString>,
    /// `DATA_DIR`: folder for everything that must survive a restart.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`: may hold a password.
    pub database_url: SecretString,
    /// `SIGNING_KEY_PATH`: the key that receipts are signed with; made at the first start.
    pub signing_key_path: PathBuf,
    /// `HOST`: address to listen on.
    pub host: IpAddr,
    /// `PORT`.
    pub port: u16,
    /// `WEBHOOK_PATH`: begins with a slash.
    pub webhook_path: String,
    /// Where GitHub is.
    pub github: GitHubUrls,
    /// `RUST_LOG`: filter of the log.
    pub log_filter: String,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `DISCUSSIONS_MODEL`, the providers' variables and `discussions.toml`: who answers for the personas.
    pub models: Models,
}

/// Addresses of a GitHub, none with a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubUrls {
    /// REST: `https://api.github.com`, on Enterprise `https://HOST/api/v3`.
    pub api: String,
    /// GraphQL: `https://api.github.com/graphql`, on Enterprise `https://HOST/api/graphql`.
    pub graphql: String,
    /// Pages for people: `https://github.com`, on Enterprise `https://HOST`.
    pub server: String,
}

/// All that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// At least one, in the order of [`NAMES`], then those of `discussions.toml` in its order.
    pub problems: Vec<SettingProblem>,
}

/// One variable that is missing or not usable, or one place of `discussions.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Name of the variable, or `PATH:LINE:COLUMN`.
    pub name: String,
    /// What is wrong and what to write instead; never the value of a secret.
    pub message: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these settings are missing or wrong:")?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n  {}: {}", problem.name, problem.message))
    }
}

impl std::error::Error for SettingsError {}

/// The process's environment, as far as it is text.
fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text)
}

/// Where a server with this environment's `HOST` and `PORT` is reached from its own machine.
///
/// # Errors
/// When one of the two does not read.
pub fn local_address() -> Result<SocketAddr, SettingsError> {
    let mut reader = Reader::new(environment());
    let (host, port) = (reader.host(), reader.port());
    if !reader.problems.is_empty() {
        return Err(reader.into_error());
    }
    // A server on all addresses answers on loopback; one cannot connect to "all".
    let host = match host.unwrap_or(EVERYWHERE) {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    Ok(SocketAddr::from((host, port.unwrap_or(PORT))))
}

/// `APP_ID` of the environment alone, where nothing else is needed; `None`: not set.
///
/// # Errors
/// When it is set and no App id.
pub fn app_id() -> Result<Option<u64>, SettingsError> {
    let mut reader = Reader::new(environment());
    if reader.text("APP_ID").is_none() {
        return Ok(None);
    }
    let id = reader.app_id();
    match reader.problems.is_empty() {
        true => Ok(id),
        false => Err(reader.into_error()),
    }
}

/// Where a server with this environment has its signing key: `SIGNING_KEY_PATH`, else in `DATA_DIR`.
pub fn signing_key_path() -> PathBuf {
    let reader = Reader::new(environment());
    reader.signing_key_path(&reader.data_dir())
}

/// The database that a server with this environment has: `DATABASE_URL`, else in `DATA_DIR`. It is only used if it is
/// there.
///
/// # Errors
/// When `DATABASE_URL` is none that is built in.
pub fn database_to_read() -> Result<SecretString, SettingsError> {
    let mut reader = Reader::new(environment());
    let url = reader.database_url(&reader.data_dir());
    if !reader.problems.is_empty() {
        return Err(reader.into_error());
    }
    let url = url.expose_secret().replace("mode=rwc", "mode=rw");
    Ok(SecretString::from(url))
}

/// Models of the environment and `discussions.toml` alone, where nothing else is needed. `named`: in place of `DISCUSSIONS_MODEL`.
///
/// # Errors
/// When something about them does not read.
pub fn models(named: Option<&str>) -> Result<Models, SettingsError> {
    let named = named.map(|list| ("DISCUSSIONS_MODEL".to_owned(), list.to_owned()));
    let mut reader = Reader::new(environment().chain(named));
    let models = reader.models();
    match reader.problems.is_empty() {
        true => Ok(models),
        false => Err(reader.into_error()),
    }
}

/// The pull request that a GitHub workflow runs for, as far as its environment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workflow {
    /// `GITHUB_REPOSITORY_ID`.
    pub repository: Option<u64>,
    /// The number in `GITHUB_REF`, which is `refs/pull/N/merge` for events of a pull request.
    pub pr: Option<u64>,
}

/// What GitHub tells a workflow in its environment
/// (<https://docs.github.com/actions/reference/workflows-and-actions/variables>).
pub fn workflow() -> Workflow {
    let reader = Reader::new(environment());
    let number = |text: String| text.parse().ok();
    let of_ref = |text: String| {
        text.strip_prefix("refs/pull/")?
            .strip_suffix("/merge")?
            .parse()
            .ok()
    };
    Workflow {
        repository: reader.text("GITHUB_REPOSITORY_ID").and_then(number),
        pr: reader.text("GITHUB_REF").and_then(of_ref),
    }
}

impl Settings {
    /// The settings from the process's environment.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_vars(environment())
    }

    /// The settings from the given variables. Reads nothing else but the files they lead to: the private key, keys of
    /// providers, and `discussions.toml`.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        Examined::of(vars).settings()
    }
}
