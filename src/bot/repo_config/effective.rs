//! The configuration as it applies: every key with its value, its default, and the line it comes from.

use super::{KEYS, Key, Origins, RepoConfig};
use serde_json::Value;

/// One key as it applies.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// Path with dots: `gate.ready`.
    pub key: &'static str,
    /// Its value; null where there is none.
    pub value: Value,
    /// Its value where no file sets it.
    pub default: Value,
    /// Line of the file that sets it, from 1; `None`: the default applies.
    pub line: Option<usize>,
}

impl Effective {
    /// Every key in the order of the documentation. `origins`: of the file that the configuration was read from.
    pub fn all(config: &RepoConfig, origins: &Origins) -> Vec<Self> {
        KEYS.iter()
            .map(|key| Self::of(key, config, origins))
            .collect()
    }

    fn of(key: &Key, config: &RepoConfig, origins: &Origins) -> Self {
        Self {
            key: key.path,
            value: key.value(config),
            default: key.default(),
            line: origins.line(key.path),
        }
    }

    /// Whether it is as it would be without a file.
    pub fn is_default(&self) -> bool {
        self.value == self.default
    }
}

/// A value in YAML's flow style.
pub fn yaml(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(yaml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", yaml(&Value::String(key.clone())), yaml(value))
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        // JSON's strings, numbers and words are YAML's too.
        other => other.to_string(),
    }
}

/// Whether YAML reads a text without quotes as that text: words and paths, no numbers, no `null`.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.' || c == '_');
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "._/-%".contains(c);
    let is_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | ".nan" | ".inf"
    );
    let is_share = text.split_once('/').is_some_and(|(part, whole)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(part) && digits(whole)
    });
    let is_time = text.len() > 1
        && text.ends_with(['s', 'm', '%'])
        && text[..text.len() - 1].bytes().all(|b| b.is_ascii_digit());
    is_share || is_time || (begins && text.chars().all(goes_on) && !is_word)
}
