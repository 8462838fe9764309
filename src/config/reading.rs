//! Reads the variables one by one and collects what is wrong with them.

use super::{GitHubUrls, HEALTH_PATH, KEYS_PATH, NAMES, READY_PATH, SettingProblem, SettingsError};
use crate::telemetry::LogFormat;
use jsonwebtoken::EncodingKey;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::Url;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What is encoded in the path of a database's address.
const IN_PATHS: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'%').add(b'?');
/// Prefix of the names that are ours alone: an unknown one is a typing mistake.
const OWN_PREFIX: &str = "DISCUSSIONS_";
/// How alike (Jaro-Winkler, 0 to 1) a misspelt name and a known one must be: all of them share the prefix, which
/// alone makes them alike.
const NEAR_ENOUGH: f64 = 0.85;
/// Shortest webhook secret that is taken, in characters.
const SECRET_LENGTH: usize = 20;
/// Parts of secrets that stand in tutorials and defaults; such a secret is known to everybody.
const KNOWN_SECRETS: [&str; 8] = [
    "development",
    "secret",
    "changeme",
    "password",
    "example",
    "webhook",
    "123456789",
    "placeholder",
];
const MAKE_A_SECRET: &str = "make one with `openssl rand -hex 32`, and enter the same under App settings → General → Webhook → Secret on GitHub";

/// Takes variables out of a map and collects what is wrong with them.
pub(super) struct Reader {
    vars: BTreeMap<String, String>,
    pub(super) problems: Vec<SettingProblem>,
}

impl Reader {
    pub(super) fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let vars = vars
            .into_iter()
            .map(|(name, value)| (name, value.trim().to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self {
            vars,
            problems: Vec::new(),
        }
    }

    pub(super) fn into_error(mut self) -> SettingsError {
        let place = |name: &str| NAMES.iter().position(|known| *known == name);
        self.problems
            .sort_by_key(|problem| place(&problem.name).unwrap_or(NAMES.len()));
        SettingsError {
            problems: self.problems,
        }
    }

    pub(super) fn problem(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(SettingProblem {
            name: name.to_owned(),
            message: message.into(),
        });
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned()
    }

    /// Every variable that is set.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &String)> {
        self.vars.iter()
    }

    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.problem(name, format!("`{text}` is not {expected}"));
        }
        value
    }

    pub(super) fn host(&mut self) -> Option<IpAddr> {
        self.parsed(
            "HOST",
            "an IP address, for example `0.0.0.0` or `127.0.0.1`",
        )
    }

    pub(super) fn port(&mut self) -> Option<u16> {
        self.parsed("PORT", "a port number, for example `3000`")
    }

    pub(super) fn refuse_unknown(&mut self) {
        let unknown: Vec<String> = self
            .vars
            .keys()
            .filter(|name| name.starts_with(OWN_PREFIX) && !NAMES.contains(&name.as_str()))
            .cloned()
            .collect();
        for name in unknown {
            let near = NAMES
                .iter()
                .map(|known| (strsim::jaro_winkler(known, &name), known))
                .filter(|(similarity, _)| *similarity > NEAR_ENOUGH)
                .max_by(|(a, _), (b, _)| a.total_cmp(b));
            let hint = near.map_or(String::new(), |(_, known)| {
                format!("; did you mean {known}?")
            });
            self.problem(&name, format!("there is no such setting{hint}"));
        }
    }

    pub(super) fn app_id(&mut self) -> Option<u64> {
        let Some(text) = self.text("APP_ID") else {
            self.problem(
                "APP_ID",
                "is not set; take it from App settings → General → About → App ID on GitHub",
            );
            return None;
        };
        let id = text
            .parse()
            .ok()
            .filter(|id| (1..=i64::MAX as u64).contains(id));
        if id.is_none() {
            self.problem(
                "APP_ID",
                format!("`{text}` is not a number; take the App ID (not the client id) from App settings → General → About on GitHub"),
            );
        }
        id
    }

    pub(super) fn private_key(&mut self) -> Option<SecretString> {
        let (name, pem) = match (self.text("PRIVATE_KEY"), self.text("PRIVATE_KEY_PATH")) {
            (Some(_), Some(_)) => {
                self.problem(
                    "PRIVATE_KEY",
                    "is set, and PRIVATE_KEY_PATH too; keep one of them",
                );
                return None;
            }
            (Some(pem), None) => ("PRIVATE_KEY", pem),
            (None, Some(path)) => ("PRIVATE_KEY_PATH", self.key_file(Path::new(&path))?),
            (None, None) => {
                self.problem(
                    "PRIVATE_KEY",
                    "is not set, nor PRIVATE_KEY_PATH; make a key under App settings → General → Private keys → Generate a private key on GitHub, and give the downloaded .pem as text or as a path",
                );
                return None;
            }
        };
        let pem = plain_pem(&pem);
        match signs(&pem) {
            true => Some(SecretString::from(pem)),
            false => {
                self.problem(
                    name,
                    "is not an RSA private key in PEM form; give the whole .pem file from GitHub, from `-----BEGIN` to `-----END ... KEY-----`; line breaks may be written as \\n",
                );
                None
            }
        }
    }

    fn key_file(&mut self, path: &Path) -> Option<String> {
        match std::fs::read_to_string(path) {
            Ok(pem) => Some(pem),
            Err(error) => {
                self.problem(
                    "PRIVATE_KEY_PATH",
                    format!("the file `{}` cannot be read: {error}", path.display()),
                );
                None
            }
        }
    }

    pub(super) fn webhook_secrets(&mut self) -> Vec<SecretString> {
        let text = self.text("WEBHOOK_SECRET").unwrap_or_default();
        let secrets: Vec<&str> = text
            .split(',')
            .map(str::trim)
            .filter(|s| !s.is_empty())
            .collect();
        if secrets.is_empty() {
            let message =
                format!("is not set, and without it anybody could send events; {MAKE_A_SECRET}");
            self.problem("WEBHOOK_SECRET", message);
        }
        for secret in &secrets {
            if let Some(weakness) = weakness(secret) {
                self.problem("WEBHOOK_SECRET", format!("{weakness}; {MAKE_A_SECRET}"));
            }
        }
        secrets.into_iter().map(SecretString::from).collect()
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        PathBuf::from(self.text("DATA_DIR").unwrap_or("data".to_owned()))
    }

    pub(super) fn signing_key_path(&self, data_dir: &Path) -> PathBuf {
        self.text("SIGNING_KEY_PATH")
            .map_or_else(|| data_dir.join("signing-key.pem"), PathBuf::from)
    }

    pub(super) fn database_url(&mut self, data_dir: &Path) -> SecretString {
        let url = self
            .text("DATABASE_URL")
            .unwrap_or_else(|| sqlite_in(data_dir));
        if !url.starts_with("sqlite:") {
            self.problem(
                "DATABASE_URL",
                "only `sqlite://PATH?mode=rwc` is built in so far; leave it unset for a database in DATA_DIR",
            );
        }
        SecretString::from(url)
    }

    pub(super) fn webhook_path(&mut self) -> String {
        let path = self
            .text("WEBHOOK_PATH")
            .unwrap_or("/api/github/webhooks".to_owned());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        if !path.starts_with('/') || !path.bytes().all(plain) {
            let message = format!(
                "`{path}` is not a path; begin it with a slash and use letters, digits and `-_.~/` only"
            );
            self.problem("WEBHOOK_PATH", message);
        }
        if [HEALTH_PATH, READY_PATH, KEYS_PATH].contains(&path.as_str()) {
            self.problem(
                "WEBHOOK_PATH",
                format!("`{path}` is the server's own page; take another"),
            );
        }
        path
    }

    /// With only the REST address of an Enterprise server given, the other two follow from it.
    pub(super) fn github_urls(&mut self) -> GitHubUrls {
        let Some(api) = self.url("GITHUB_API_URL") else {
            return GitHubUrls {
                api: "https://api.github.com".to_owned(),
                graphql: self
                    .url("GITHUB_GRAPHQL_URL")
                    .unwrap_or("https://api.github.com/graphql".to_owned()),
                server: self
                    .url("GITHUB_SERVER_URL")
                    .unwrap_or("https://github.com".to_owned()),
            };
        };
        let (graphql, server) = match api.strip_suffix("/api/v3") {
            Some(host) => (format!("{host}/api/graphql"), host.to_owned()),
            None if api == "https://api.github.com" => {
                (format!("{api}/graphql"), "https://github.com".to_owned())
            }
            // With data residency: the pages of `https://api.NAME.ghe.com` are at `https://NAME.ghe.com`.
            None => match api.strip_prefix("https://api.") {
                Some(host) if host.ends_with(".ghe.com") => {
                    (format!("{api}/graphql"), format!("https://{host}"))
                }
                _ => (format!("{api}/graphql"), api.clone()),
            },
        };
        GitHubUrls {
            graphql: self.url("GITHUB_GRAPHQL_URL").unwrap_or(graphql),
            server: self.url("GITHUB_SERVER_URL").unwrap_or(server),
            api,
        }
    }

    fn url(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if let Err(why) = check_url(&text) {
            self.problem(name, format!("{}{why}", shown_address(&text)));
            return None;
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    pub(super) fn log_format(&mut self) -> LogFormat {
        match self.text("LOG_FORMAT").as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                let message = format!("`{other}` is neither `text` nor `json`");
                self.problem("LOG_FORMAT", message);
                LogFormat::Text
            }
        }
    }
}

/// Address of the database file in a folder, made if missing. A `?` or `%` in the path must not end it.
fn sqlite_in(folder: &Path) -> String {
    let path = folder.join("discussions.db");
    let path = utf8_percent_encode(&path.to_string_lossy(), IN_PATHS).to_string();
    format!("sqlite://{path}?mode=rwc")
}

/// Why a webhook secret would not keep anybody out.
fn weakness(secret: &str) -> Option<String> {
    let lower = secret.to_lowercase();
    let mut left = lower.clone();
    for known in KNOWN_SECRETS {
        left = left.replace(known, "");
    }
    let mut distinct: Vec<char> = left.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    match secret.chars().count() {
        _ if lower != left && left.chars().count() < SECRET_LENGTH => {
            Some("is a well-known word that anybody can guess".to_owned())
        }
        length if length < SECRET_LENGTH => Some(format!(
            "has a secret of {length} characters, at least {SECRET_LENGTH} are needed"
        )),
        _ if distinct.len() < 6 => Some("repeats a few characters only".to_owned()),
        _ => None,
    }
}

/// Tokens travel to these addresses: encrypted, except on the same machine.
pub(super) fn check_url(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| format!("is not a web address: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    let here = matches!(host, "localhost" | "[::1]")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        "http" => return Err("sends tokens unencrypted; write https://".to_owned()),
        _ => return Err("does not begin with https://".to_owned()),
    }
    if url.query().is_some() || url.fragment().is_some() || names_somebody(&url) {
        return Err("must be a plain address, without user name, password, `?` and `#`".to_owned());
    }
    Ok(())
}

/// An address as it is told of in front of what is wrong with it; empty where a part of it may be a secret.
pub(super) fn shown_address(text: &str) -> String {
    match text.contains(['@', '?', '#']) {
        true => String::new(),
        false => format!("`{text}` "),
    }
}

/// Whether an address holds a user name, or a password, which may stand there without one.
pub(super) fn names_somebody(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// A PEM as it comes out of .env files and secret stores: quoted, on one line with `\n`, or with CRLF.
fn plain_pem(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let lines = inner
        .replace("\\r", "")
        .replace("\\n", "\n")
        .replace('\r', "");
    format!("{}\n", lines.trim())
}

/// Whether GitHub could check a signature made with this key: the only proof is to make one.
fn signs(pem: &str) -> bool {
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    EncodingKey::from_rsa_pem(pem.as_bytes())
        .and_then(|key| jsonwebtoken::encode(&header, &serde_json::json!({}), &key))
        .is_ok()
}
