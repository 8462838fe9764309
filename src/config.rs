//! Settings of the server: environment variables, read once at the start into [`Settings`].
//!
//! All problems are reported together, each with the name of the variable and what to write instead. An empty variable
//! is one that is not set. `deploy/.env.example` documents every name; a test compares it with [`NAMES`].

mod reading;

use crate::telemetry::LogFormat;
use reading::Reader;
use secrecy::SecretString;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// Every variable that is read.
pub const NAMES: &[&str] = &[
    "APP_ID",
    "PRIVATE_KEY",
    "PRIVATE_KEY_PATH",
    "WEBHOOK_SECRET",
    "DATA_DIR",
    "DATABASE_URL",
    "HOST",
    "PORT",
    "WEBHOOK_PATH",
    "GITHUB_API_URL",
    "GITHUB_GRAPHQL_URL",
    "GITHUB_SERVER_URL",
    "RUST_LOG",
    "LOG_FORMAT",
    "DISCUSSIONS_MODEL",
];

/// Path that answers while the process lives.
pub const HEALTH_PATH: &str = "/healthz";
/// Path that answers while the database does.
pub const READY_PATH: &str = "/readyz";

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
    /// `DISCUSSIONS_MODEL`: who answers for the personas; `None` leaves it to the base branch's configuration.
    pub model: Option<String>,
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
    /// At least one, in the order of [`NAMES`].
    pub problems: Vec<SettingProblem>,
}

/// One variable that is missing or not usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Name of the variable.
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

impl Settings {
    /// The settings from the process's environment.
    pub fn from_env() -> Result<Self, SettingsError> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::from_vars(std::env::vars_os().filter_map(text))
    }

    /// The settings from the given variables. Reads nothing else, except the file that `PRIVATE_KEY_PATH` names.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(vars);
        reader.refuse_unknown();
        let app_id = reader.app_id();
        let private_key = reader.private_key();
        let webhook_secrets = reader.webhook_secrets();
        let data_dir = PathBuf::from(reader.text("DATA_DIR").unwrap_or("data".to_owned()));
        let database_url = reader.database_url(&data_dir);
        let host = reader.parsed(
            "HOST",
            "an IP address, for example `0.0.0.0` or `127.0.0.1`",
        );
        let port = reader.parsed("PORT", "a port number, for example `3000`");
        let webhook_path = reader.webhook_path();
        let github = reader.github_urls();
        let log_filter = reader.text("RUST_LOG").unwrap_or("info".to_owned());
        let log_format = reader.log_format();
        let model = reader.model();
        match (app_id, private_key, reader.problems.is_empty()) {
            (Some(app_id), Some(private_key), true) => Ok(Self {
                app_id,
                private_key,
                webhook_secrets,
                data_dir,
                database_url,
                host: host.unwrap_or(IpAddr::from([0, 0, 0, 0])),
                port: port.unwrap_or(3000),
                webhook_path,
                github,
                log_filter,
                log_format,
                model,
            }),
            _ => Err(reader.into_error()),
        }
    }
}
