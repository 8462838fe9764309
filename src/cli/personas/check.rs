//! `discussions personas check [FILE ...]`: problems of persona files, as `lint` prints those of discussions.

use super::{SCHEMA, current_folder};
use crate::cli::lint::plural;
use crate::cli::output::Output;
use crate::cli::problem_json::ProblemJson;
use crate::cli::snippet::{self, Finding};
use crate::cli::{Failure, Outcome, surroundings};
use crate::engine::persona::{self, Personas};
use crate::engine::problem::Severity;
use crate::engine::template::DefinitionProblem;
use crate::workspace;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Persona files with their texts, paths as they are shown.
type Files = Vec<(String, String)>;

#[derive(Serialize)]
struct CheckJson<'a> {
    schema: &'static str,
    files: usize,
    problems: Vec<PersonaProblem<'a>>,
}

#[derive(Serialize)]
struct PersonaProblem<'a> {
    path: &'a str,
    #[serde(flatten)]
    problem: ProblemJson<'a>,
}

pub(super) fn run(named: &[PathBuf], json: bool, output: &Output) -> Result<Outcome, Failure> {
    let files = match named {
        [] => configured(output)?,
        named => read(named, output)?,
    };
    let (_, problems) = Personas::built_in().with_overrides(&files);
    if json {
        output.json(&CheckJson {
            schema: SCHEMA,
            files: files.len(),
            problems: problems
                .iter()
                .map(|(path, p)| PersonaProblem {
                    path,
                    problem: ProblemJson::of_finding(&finding(p)),
                })
                .collect(),
        });
    } else {
        print(&files, &problems, output);
    }
    let failed = problems
        .iter()
        .any(|(_, problem)| problem.severity == Severity::Error);
    Ok(if failed { Outcome::No } else { Outcome::Fine })
}

/// The files of the folders that the configuration names.
fn configured(output: &Output) -> Result<Files, Failure> {
    let inside = current_folder()?.join("discussion.md");
    let Some(root) = workspace::root_above(&inside) else {
        output.note("no repository around this folder, so only the built-in personas apply");
        return Ok(Files::new());
    };
    let config = surroundings::config(&root, output)?;
    let files = surroundings::persona_files(&root, &config)?;
    if files.is_empty() {
        output.note(format!(
            "no persona file in {}; the built-in ones apply as they are",
            config.personas.join(", ")
        ));
    }
    let below = current_folder()?;
    let shown = |path: &str| shown(&root.join(path), &below);
    Ok(files
        .into_iter()
        .map(|(path, text)| (shown(&path), text))
        .collect())
}

/// A path as somebody in this folder would type it, if the file lies below it.
fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Named files; in named folders those with an ending of persona files.
fn read(named: &[PathBuf], output: &Output) -> Result<Files, Failure> {
    let mut files = Files::new();
    for path in named {
        if path.is_dir() {
            let inside = workspace::folder(path, &persona::ENDINGS)?;
            if inside.is_empty() {
                output.note(format!("{}: no persona file in it", path.display()));
            }
            let place = |name: &str| path.join(name).display().to_string();
            files.extend(inside.into_iter().map(|(name, text)| (place(&name), text)));
            continue;
        }
        // A file that is not there is an error here: it was named.
        workspace::read(path)?;
        let text = workspace::optional_text(path)?;
        files.extend(text.map(|text| (path.display().to_string(), text)));
    }
    Ok(files)
}

fn code(problem: &DefinitionProblem) -> &'static str {
    match problem.severity {
        Severity::Error => "definition-invalid",
        Severity::Warning | Severity::Notice => "definition-notice",
    }
}

/// As it is shown. Persona files tell lines, no columns.
fn finding(problem: &DefinitionProblem) -> Finding<'_> {
    Finding {
        severity: problem.severity,
        code: code(problem),
        line: problem.line.unwrap_or(1),
        column: 1,
        message: &problem.message,
        hint: &problem.hint,
    }
}

fn print(files: &Files, problems: &[(String, DefinitionProblem)], output: &Output) {
    for (path, problem) in problems {
        let text = files.iter().find(|(known, _)| known == path);
        let source = text.map_or("", |(_, text)| text.as_str());
        output.result(snippet::finding(path, source, &finding(problem)));
    }
    let count = |severity| {
        problems
            .iter()
            .filter(|(_, p)| p.severity == severity)
            .count()
    };
    output.note(format!(
        "{} checked: {}, {}",
        plural(files.len(), "file"),
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Notice), "notice"),
    ));
}
