//! Logs: structured events on standard error, as text for people or JSON for machines.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Form of the log lines (`LOG_FORMAT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One readable line per event.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` does not read.
    #[error(
        "RUST_LOG `{filter}` is not a log filter ({problem}); write for example `info` or `info,discussions=debug`"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong.
        problem: String,
    },
    /// Somebody set up logging before.
    #[error("logging is set up already")]
    Twice,
}

/// Sends all events that pass `filter` (`RUST_LOG` syntax) to standard error. Call once, at the start.
pub fn init(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(|problem| TelemetryError::Filter {
        filter: filter.to_owned(),
        problem: problem.to_string(),
    })?;
    let mut builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Colour codes in a log file are noise; on a terminal the default, which heeds NO_COLOR, stands.
    if !std::io::stderr().is_terminal() {
        builder = builder.with_ansi(false);
    }
    let done = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    done.map_err(|_| TelemetryError::Twice)
}

/// Prefixes of GitHub's tokens: installation, personal, OAuth, user-to-server, refresh, fine-grained.
const TOKEN_PREFIXES: [&str; 6] = ["ghs_", "ghp_", "gho_", "ghu_", "ghr_", "github_pat_"];

/// Characters a token has after its prefix, at the least. Newer installation tokens are a JWT of some 520 characters,
/// dots included.
const TOKEN_LENGTH: usize = 36;

/// Replaces everything that looks like a GitHub token by its prefix and `[redacted]`. For text that came from outside
/// and goes into errors or logs.
pub fn redact(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, prefix)) = next_prefix(rest) {
        let (before, token) = rest.split_at(at + prefix.len());
        let length = token
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
            .count();
        clean.push_str(before);
        if length >= TOKEN_LENGTH {
            clean.push_str("[redacted]");
            rest = &token[length..];
        } else {
            rest = token;
        }
    }
    clean.push_str(rest);
    clean
}

fn next_prefix(text: &str) -> Option<(usize, &'static str)> {
    let found = TOKEN_PREFIXES
        .iter()
        .filter_map(|prefix| Some((text.find(prefix)?, *prefix)));
    found.min_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_every_form_are_cut_out() {
        let old = format!("ghs_{}", "a1B2".repeat(9));
        let new = format!(
            "ghs_1234_{}.{}.{}",
            "e-J".repeat(60),
            "_x".repeat(90),
            "sig"
        );
        let text = format!(
            "bad {{\"token\":\"{old}\"}}, {new}; github_pat_{} é",
            "x".repeat(36)
        );
        assert_eq!(
            redact(&text),
            "bad {\"token\":\"ghs_[redacted]\"}, ghs_[redacted]; github_pat_[redacted] é"
        );
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let short = format!("ghs_{}", "a".repeat(35));
        for text in ["", "ghs_", "ghs_ghs_x", "über ghs_ and ghp_é", &short] {
            assert_eq!(redact(text), text);
        }
    }
}
