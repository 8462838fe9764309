//! `discussions config check`: what the App would say about the configuration, before it is merged.

use super::find;
use crate::bot::check::ConfigProblem;
use crate::bot::definitions::{DefinitionFiles, Definitions};
use crate::bot::ground::{BuiltIn, PERSONA_FOLDER, folders};
use crate::bot::repo_config::RepoConfig;
use crate::cli::output::Output;
use crate::cli::snippet::{self, Finding};
use crate::cli::{Failure, Outcome};
use crate::engine::persona;
use crate::engine::problem::Severity;
use crate::engine::template;
use crate::workspace;
use std::path::{Path, PathBuf};

/// Arguments of `config check`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration; by default .github/discussions.yml of the working tree around the current folder
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let found = find(arguments.file.as_deref())?;
    let path = found.path.display().to_string();
    let built_in = BuiltIn::load()
        .ok_or_else(|| Failure::new("internal", "the built-in template is missing"))?;
    let config = found.text.as_deref().map(RepoConfig::parse);
    let folders = match config {
        Some(Ok((config, _))) => config.personas,
        Some(Err(_)) | None => RepoConfig::default().personas,
    };
    if found.text.is_none() {
        output.note(format!("{path}: there is no such file, the defaults apply"));
    }
    let mut files = match &found.root {
        Some(root) => files_of(root, &folders)?,
        None => DefinitionFiles::default(),
    };
    files.config = found.text.map(|text| (path.clone(), text));
    let read = Definitions::read(&files, &built_in);
    for (severity, problems) in [
        (Severity::Error, &read.errors),
        (Severity::Notice, &read.notices),
    ] {
        for problem in problems {
            output.result(render(problem, severity, &files));
        }
    }
    let (errors, notices) = (read.errors.len(), read.notices.len());
    if errors > 0 {
        output.note(format!("{errors} to correct, {notices} to know"));
        return Ok(Outcome::No);
    }
    let participants: Vec<&str> = read
        .config
        .participants
        .iter()
        .map(|a| a.as_str())
        .collect();
    output.result(format!(
        "{path}: fine ({}; {} personas, {} templates)",
        participants.join(", "),
        read.personas.0.len(),
        read.templates.0.len()
    ));
    Ok(Outcome::Fine)
}

/// Personas and templates of a working tree.
fn files_of(root: &Path, configured: &[String]) -> Result<DefinitionFiles, Failure> {
    let read = |folder: &str, endings: &[&str]| -> Result<Vec<(String, String)>, Failure> {
        let files = workspace::folder(&root.join(folder), endings)?;
        let placed = files
            .into_iter()
            .map(|(name, text)| (format!("{folder}/{name}"), text));
        Ok(placed.collect())
    };
    let mut personas = Vec::new();
    let mut unreadable = Vec::new();
    for folder in configured {
        if folder != PERSONA_FOLDER && !root.join(folder).is_dir() {
            unreadable.push(folders::missing(folder));
        }
        personas.extend(read(folder, &persona::ENDINGS)?);
    }
    Ok(DefinitionFiles {
        config: None,
        personas,
        templates: read(workspace::TEMPLATES_PATH, &template::ENDINGS)?,
        unreadable,
    })
}

fn render(problem: &ConfigProblem, severity: Severity, files: &DefinitionFiles) -> String {
    let mut all = files
        .config
        .iter()
        .chain(&files.personas)
        .chain(&files.templates);
    let source = all
        .find(|(path, _)| *path == problem.path)
        .map_or("", |(_, text)| text);
    let line = problem.line.unwrap_or(1);
    let text = source.lines().nth(line - 1).unwrap_or_default();
    snippet::finding(
        &problem.path,
        source,
        &Finding {
            severity,
            code: "definition",
            line,
            column: problem.line.map_or(1, |_| column(text, &problem.message)),
            message: &problem.message,
            hint: &problem.hint,
        },
    )
}

/// Column of what a message is about, from 1, in characters: of the last thing it quotes that stands in the line, else
/// of the line's first character that is not blank.
fn column(line: &str, message: &str) -> usize {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let at = quoted.iter().rev().find_map(|word| {
        let name = word.rsplit('.').next().unwrap_or(word);
        line.find(*word).or_else(|| line.find(name))
    });
    let at = at.unwrap_or(line.len() - line.trim_start().len());
    line[..at].chars().count() + 1
}

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn a_column_is_that_of_what_the_message_quotes_last() {
        for (line, message, expected) in [
            (
                "gate: {ready: 2 of 3}",
                "`gate.ready` is wrong: `2 of 3` is no fraction",
                15,
            ),
            ("  human: 1", "unknown key `gate.human`", 3),
            ("\tx", "this is not valid YAML", 2),
            ("é: ü", "`ü` is nothing", 4),
            ("", "`a` is nothing", 1),
        ] {
            assert_eq!(column(line, message), expected, "{line}");
        }
    }
}
