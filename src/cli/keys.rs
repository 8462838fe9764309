//! `discussions keys`: the key that replies are signed with: a new one, all of them, one that proves nothing any more.

use super::output::{DIM, Output, styled};
use super::{Failure, Outcome};
use crate::config;
use crate::signing::files::{KeyFileError, KeyFiles, NotRevoked};
use crate::signing::{Keyring, PublicKey};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use std::path::PathBuf;

/// What a change of the files does not do by itself.
const RESTART: &str = "A running server reads its keys at the start: restart it now.";

/// Arguments of `keys`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions keys list\n  \
    discussions keys new\n  \
    discussions keys revoke 5Kd8sPq2 --from 2026-05-01T00:00:00Z")]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// The private key's file; the set of public keys lies beside it [default: as the server has it, by
    /// SIGNING_KEY_PATH or DATA_DIR]
    #[arg(long, global = true, value_name = "FILE")]
    path: Option<PathBuf>,
    /// Print JSON, schema discussions/keys@1
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a new key to sign with; receipts by the old one stay valid
    New,
    /// List the keys: the one that signs, old ones, revoked ones
    List,
    /// Believe no receipt that an old key signed from some time on
    Revoke {
        /// The key's id, or how it begins
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// From when, RFC 3339, as in 2026-05-01T00:00:00Z [default: now]
        #[arg(long, value_name = "TIME", value_parser = DateTime::parse_from_rfc3339)]
        from: Option<DateTime<chrono::FixedOffset>>,
    },
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let files = KeyFiles::at(
        &arguments
            .path
            .clone()
            .unwrap_or_else(config::signing_key_path),
    );
    let show = |keyring: &Keyring| show(keyring, &files, arguments.json, output);
    match &arguments.verb {
        Verb::New => {
            let keyring = files.renew().map_err(unusable)?;
            show(&keyring);
            output.note(RESTART);
        }
        Verb::List => show(&files.load().map_err(unusable)?),
        Verb::Revoke { kid, from } => {
            let from = from.map_or_else(Utc::now, |from| from.to_utc());
            let from = u64::try_from(from.timestamp()).map_err(|_| {
                Failure::new("usage", "--from is before 1970, when nothing was signed")
                    .hint("Give the time from which receipts are not to be believed.")
            })?;
            files
                .revoke(kid, from)
                .map_err(|error| not_revoked(error, &files))?;
            show(&files.load().map_err(unusable)?);
            output.note(RESTART);
        }
    }
    Ok(Outcome::Fine)
}

fn unusable(error: KeyFileError) -> Failure {
    let mut hint = error.remedy;
    if let Some(first) = hint.get(..1).map(str::to_uppercase) {
        hint.replace_range(..1, &first);
    }
    Failure::new("signing-key", error.why)
        .hint(hint + ".")
        .at(&error.path, None)
}

fn not_revoked(error: NotRevoked, files: &KeyFiles) -> Failure {
    let message = error.to_string();
    let refused = |hint: String| {
        Failure::new("not-revoked", message)
            .hint(hint)
            .at(&files.set, None)
    };
    match error {
        NotRevoked::File(error) => unusable(error),
        NotRevoked::NoSuchKey(_) => refused("`discussions keys list` shows the ids.".to_owned()),
        NotRevoked::Ambiguous(_) => {
            refused("Give more of the id; `discussions keys list` shows it.".to_owned())
        }
        NotRevoked::Present(kid) => refused(format!(
            "Run `discussions keys new` first, restart the server, then `discussions keys revoke {kid}`."
        )),
        NotRevoked::Earlier { since, .. } => refused(format!(
            "It is revoked since {}; a later time would make receipts valid again. Give an earlier one, or leave it.",
            time(since)
        )),
    }
}

/// A time of a key file, RFC 3339.
fn time(seconds: u64) -> String {
    let at = i64::try_from(seconds)
        .ok()
        .and_then(|at| DateTime::from_timestamp(at, 0));
    at.map_or_else(
        || seconds.to_string(),
        |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

fn show(keyring: &Keyring, files: &KeyFiles, json: bool, output: &Output) {
    let signing = keyring.signing.public().kid.as_str();
    let mut keys: Vec<&PublicKey> = keyring.keys.0.values().collect();
    // The one that signs first, then the newest; those of unknown age last.
    keys.sort_by_key(|key| (key.kid != signing, std::cmp::Reverse(key.created_at)));
    if json {
        output.json(&KeysJson {
            schema: "discussions/keys@1",
            key_file: files.key.display().to_string(),
            set_file: files.set.display().to_string(),
            keys: keys
                .into_iter()
                .map(|key| KeyJson::of(key, signing))
                .collect(),
        });
        return;
    }
    for key in keys {
        let created = key.created_at.map_or("unknown".to_owned(), time);
        let state = match (key.revoked_at, state(key, signing)) {
            (Some(at), word) => format!("{word} since {}", time(at)),
            (None, word) => word.to_owned(),
        };
        output.result(format!("{}  {state:<8}  created {created}", key.kid));
    }
    output.note(styled(
        DIM,
        format!("{}, {}", files.key.display(), files.set.display()),
    ));
}

fn state(key: &PublicKey, signing: &str) -> &'static str {
    match key.revoked_at {
        Some(_) => "revoked",
        None if key.kid == signing => "signing",
        None => "old",
    }
}

/// `discussions/keys@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct KeysJson<'a> {
    schema: &'static str,
    key_file: String,
    set_file: String,
    keys: Vec<KeyJson<'a>>,
}

#[derive(Serialize)]
struct KeyJson<'a> {
    kid: &'a str,
    /// `signing`, `old` or `revoked`.
    state: &'static str,
    created: Option<String>,
    revoked_since: Option<String>,
}

impl<'a> KeyJson<'a> {
    fn of(key: &'a PublicKey, signing: &str) -> Self {
        Self {
            kid: &key.kid,
            state: state(key, signing),
            created: key.created_at.map(time),
            revoked_since: key.revoked_at.map(time),
        }
    }
}
