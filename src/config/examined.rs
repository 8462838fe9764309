//! The settings as far as they read, beside all that is wrong with them: for a start, which takes all or nothing, and
//! for a check-up, which goes on with what there is.

use super::models::Models;
use super::reading::Reader;
use super::{EVERYWHERE, GitHubUrls, PORT, SettingProblem, Settings, SettingsError};
use crate::telemetry::LogFormat;
use secrecy::SecretString;
use std::net::IpAddr;
use std::path::PathBuf;

/// See [`Settings`] for what each is; `None`: missing or not usable, and then it is among the problems, or a default
/// stands in.
#[derive(Debug)]
pub struct Examined {
    /// `APP_ID`.
    pub app_id: Option<u64>,
    /// `PRIVATE_KEY` or the file at `PRIVATE_KEY_PATH`.
    pub private_key: Option<SecretString>,
    /// `WEBHOOK_SECRET`, weak ones too.
    pub webhook_secrets: Vec<SecretString>,
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`.
    pub database_url: SecretString,
    /// `SIGNING_KEY_PATH`.
    pub signing_key_path: PathBuf,
    /// `WEBHOOK_PATH`.
    pub webhook_path: String,
    /// Where GitHub is.
    pub github: GitHubUrls,
    /// Who answers for the personas.
    pub models: Models,
    /// All that is wrong, in the order of [`SettingsError::problems`].
    pub problems: Vec<SettingProblem>,
    host: Option<IpAddr>,
    port: Option<u16>,
    log_filter: String,
    log_format: LogFormat,
}

/// The settings of the process's environment, as far as they read.
pub fn examine() -> Examined {
    Examined::of(super::environment())
}

impl Examined {
    /// The same of the given variables. Reads the files they lead to, as [`Settings::from_vars`] does.
    pub fn of(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut reader = Reader::new(vars);
        reader.refuse_unknown();
        let app_id = reader.app_id();
        let private_key = reader.private_key();
        let webhook_secrets = reader.webhook_secrets();
        let data_dir = reader.data_dir();
        let signing_key_path = reader.signing_key_path(&data_dir);
        let database_url = reader.database_url(&data_dir);
        let (host, port) = (reader.host(), reader.port());
        let webhook_path = reader.webhook_path();
        let github = reader.github_urls();
        let log_filter = reader.text("RUST_LOG").unwrap_or("info".to_owned());
        let log_format = reader.log_format();
        let models = reader.models();
        Self {
            app_id,
            private_key,
            webhook_secrets,
            data_dir,
            database_url,
            signing_key_path,
            webhook_path,
            github,
            models,
            problems: reader.into_error().problems,
            host,
            port,
            log_filter,
            log_format,
        }
    }

    /// The settings, if nothing is wrong with them.
    ///
    /// # Errors
    /// All that is.
    pub fn settings(self) -> Result<Settings, SettingsError> {
        match (self.app_id, self.private_key, self.problems.is_empty()) {
            (Some(app_id), Some(private_key), true) => Ok(Settings {
                app_id,
                private_key,
                webhook_secrets: self.webhook_secrets,
                data_dir: self.data_dir,
                database_url: self.database_url,
                signing_key_path: self.signing_key_path,
                host: self.host.unwrap_or(EVERYWHERE),
                port: self.port.unwrap_or(PORT),
                webhook_path: self.webhook_path,
                github: self.github,
                log_filter: self.log_filter,
                log_format: self.log_format,
                models: self.models,
            }),
            _ => Err(SettingsError {
                problems: self.problems,
            }),
        }
    }
}
