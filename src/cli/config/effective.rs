//! `discussions config effective`: every key with its value and where that comes from.

use super::{Found, find};
use crate::bot::repo_config::{self, Origins, RepoConfig, yaml};
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
    let keys: Vec<Effective> = repo_config::Effective::all(&config, &origins)
        .into_iter()
        .map(effective)
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

fn effective(key: repo_config::Effective) -> Effective {
    Effective {
        key: key.key,
        value: key.value,
        origin: key.line.map_or(Origin::Default, |_| Origin::File),
        line: key.line,
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
    match key.line {
        Some(line) => format!("{path}:{line}"),
        None => "default".to_owned(),
    }
}
