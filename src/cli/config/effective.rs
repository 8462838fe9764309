//! `discussions config effective`: every key with its value and where that comes from.

use super::{Found, find};
use crate::bot::repo_config::{KEYS, Key, Origins, RepoConfig};
use crate::cli::output::Output;
use crate::cli::{Failure, Outcome};
use crate::engine::problem::Severity;
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// Arguments of `config effective`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration; by default .github/discussions.yml of the working tree around the current folder
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// One JSON document, schema discussions/config@1
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ConfigJson<'a> {
    schema: &'static str,
    path: Option<&'a str>,
    keys: Vec<Effective>,
}

/// One key as it applies.
#[derive(Serialize)]
struct Effective {
    key: &'static str,
    value: Value,
    origin: Origin,
    line: Option<usize>,
    /// Whether the program acts on it, or only reads it.
    used: bool,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Origin {
    Default,
    File,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let found = find(arguments.file.as_deref())?;
    let path = found.path.display().to_string();
    let config = read(&found, output)?;
    let origins = Origins::of(found.text.as_deref().unwrap_or_default());
    let keys: Vec<Effective> = KEYS
        .iter()
        .map(|key| effective(key, &config, &origins))
        .collect();
    let path = found.text.as_ref().map(|_| path.as_str());
    if arguments.json {
        output.json(&ConfigJson {
            schema: "discussions/config@1",
            path,
            keys,
        });
    } else {
        if path.is_none() {
            output.note("there is no .github/discussions.yml here, the defaults apply");
        }
        for line in lines(&keys, path.unwrap_or_default()) {
            output.result(line);
        }
    }
    Ok(Outcome::Fine)
}

fn read(found: &Found, output: &Output) -> Result<RepoConfig, Failure> {
    match RepoConfig::parse(found.text.as_deref().unwrap_or_default()) {
        Ok((config, notices)) => {
            let path = found.path.display();
            for notice in notices {
                let line = notice.line.unwrap_or(1);
                output.note(format!("{path}:{line}: notice: {}", notice.message));
            }
            Ok(config)
        }
        Err(problems) => {
            let first = problems
                .into_iter()
                .find(|problem| problem.severity == Severity::Error);
            let (message, line) = first.map_or(("it does not read".to_owned(), None), |problem| {
                (
                    format!("{}; {}", problem.message, problem.hint),
                    problem.line,
                )
            });
            Err(Failure::new("definition-invalid", message)
                .at(&found.path, line)
                .hint("`discussions config check` lists everything that is wrong with it."))
        }
    }
}

fn effective(key: &Key, config: &RepoConfig, origins: &Origins) -> Effective {
    let line = origins.line(key.path);
    let value = key
        .value(config)
        .or_else(|| origins.written(key.path))
        .unwrap_or_else(|| key.default());
    Effective {
        key: key.path,
        value,
        origin: line.map_or(Origin::Default, |_| Origin::File),
        line,
        used: key.is_used(),
    }
}

/// YAML that the program reads back as the same configuration, each line with its origin as a comment.
fn lines(keys: &[Effective], path: &str) -> Vec<String> {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for key in keys.iter().filter(|key| !key.value.is_null()) {
        let parts: Vec<&str> = key.key.split('.').collect();
        let (name, sections) = parts.split_last().unwrap_or((&key.key, &[]));
        let shared = open
            .iter()
            .zip(sections)
            .take_while(|(a, b)| a == b)
            .count();
        for (depth, section) in sections.iter().enumerate().skip(shared) {
            lines.push((format!("{}{section}:", "  ".repeat(depth)), String::new()));
        }
        open = sections.to_vec();
        let line = format!(
            "{}{name}: {}",
            "  ".repeat(sections.len()),
            yaml(&key.value)
        );
        lines.push((line, comment(key, path)));
    }
    // One very long value must not push every comment off the screen.
    let width = lines.iter().map(|(line, _)| line.chars().count());
    let width = width.filter(|width| *width <= 60).max().unwrap_or(0);
    let draw = |(line, comment): (String, String)| match comment.is_empty() {
        true => line,
        false => format!("{line:width$}  # {comment}"),
    };
    lines.into_iter().map(draw).collect()
}

fn comment(key: &Effective, path: &str) -> String {
    let origin = match key.line {
        Some(line) => format!("{path}:{line}"),
        None => "default".to_owned(),
    };
    match key.used {
        true => origin,
        false => format!("{origin}; not used yet"),
    }
}

/// A value in YAML's flow style.
fn yaml(value: &Value) -> String {
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
