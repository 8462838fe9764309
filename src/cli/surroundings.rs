//! What applies to a file on disk: configuration, personas and templates of the working tree around it.

use super::Failure;
use super::output::Output;
use crate::bot::repo_config::RepoConfig;
use crate::engine::discussion::{Discussion, Kind};
use crate::engine::panel::{Defaults, Panel};
use crate::engine::persona::Personas;
use crate::engine::problem::Severity;
use crate::engine::template::{DefinitionProblem, Template, Templates};
use crate::workspace;
use std::path::Path;

/// Configuration, personas and templates that apply to one file.
pub struct Surroundings {
    /// The configuration; defaults where the tree has none.
    pub config: RepoConfig,
    /// Built-in personas with the tree's own laid over them.
    pub personas: Personas,
    /// Built-in templates with the tree's own laid over them.
    pub templates: Templates,
}

impl Surroundings {
    /// Looks around a file. Notices go to stderr; anything broken is a refusal that names file and line.
    pub fn of(file: &Path, output: &Output) -> Result<Self, Failure> {
        let mut templates = Templates(
            Template::built_in()
                .into_iter()
                .map(|t| (t.name.clone(), t))
                .collect(),
        );
        let Some(root) = workspace::root_above(file) else {
            return Ok(Self {
                config: RepoConfig::default(),
                personas: Personas::built_in(),
                templates,
            });
        };
        let config_path = root.join(workspace::CONFIG_PATH);
        let config = match workspace::optional_text(&config_path)? {
            Some(text) => accept(RepoConfig::parse(&text), &config_path, output)?,
            None => RepoConfig::default(),
        };
        let templates_folder = root.join(workspace::TEMPLATES_PATH);
        for (name, text) in workspace::folder(&templates_folder, &[".yml", ".yaml"])? {
            let template = accept(Template::parse(&text), &templates_folder.join(name), output)?;
            templates.0.insert(template.name.clone(), template);
        }
        let personas = personas(&root, &config, output)?;
        Ok(Self {
            config,
            personas,
            templates,
        })
    }

    /// The panel of a discussion under this configuration.
    pub fn panel(&self, discussion: &Discussion) -> Panel {
        let defaults = Defaults {
            participants: &self.config.participants,
            template: &self.config.template,
            allowed_templates: self.config.gate.templates.as_deref(),
        };
        Panel::of(discussion, None, defaults, &self.personas, &self.templates)
    }
}

fn personas(root: &Path, config: &RepoConfig, output: &Output) -> Result<Personas, Failure> {
    let mut files = Vec::new();
    for folder in &config.personas {
        files.extend(
            workspace::folder(&root.join(folder), &[".md"])?
                .into_iter()
                .map(|(name, text)| (format!("{folder}/{name}"), text)),
        );
    }
    let (personas, problems) = Personas::with_overrides(&files);
    for (file, problem) in problems {
        report(problem, &root.join(file), output)?;
    }
    Ok(personas)
}

fn accept<T>(
    parsed: Result<(T, Vec<DefinitionProblem>), Vec<DefinitionProblem>>,
    path: &Path,
    output: &Output,
) -> Result<T, Failure> {
    match parsed {
        Ok((value, notices)) => {
            notices
                .into_iter()
                .try_for_each(|notice| report(notice, path, output))?;
            Ok(value)
        }
        Err(problems) => {
            problems
                .into_iter()
                .try_for_each(|problem| report(problem, path, output))?;
            Err(Failure::new("definition-invalid", "this file is refused").at(path, None))
        }
    }
}

/// A notice is said and work goes on; an error ends it.
fn report(problem: DefinitionProblem, path: &Path, output: &Output) -> Result<(), Failure> {
    if problem.severity == Severity::Error {
        let failure = Failure::new("definition-invalid", problem.message).at(path, problem.line);
        return Err(if problem.hint.is_empty() {
            failure
        } else {
            failure.hint(problem.hint)
        });
    }
    let line = problem
        .line
        .map(|line| format!(":{line}"))
        .unwrap_or_default();
    output.note(format!(
        "{}{line}: {}: {}",
        path.display(),
        problem.severity.as_str(),
        problem.message
    ));
    Ok(())
}

/// Reads and parses a file that has to be a discussion; gives its bytes as well.
pub fn read_discussion(path: &Path) -> Result<(Vec<u8>, Discussion), Failure> {
    let bytes = workspace::read(path)?;
    let discussion = Discussion::parse(&bytes);
    match discussion.kind {
        Kind::Discussion => Ok((bytes, discussion)),
        Kind::Other => Err(
            Failure::new("not-a-discussion", "this file is not a discussion")
                .hint("Start it with the line <!-- DISCUSSION -->.")
                .at(path, Some(1)),
        ),
        Kind::Unreadable => {
            let problem = discussion.problems.first();
            let message = problem.map_or("the file is not UTF-8 text", |p| p.message.as_str());
            Err(Failure::new("not-utf8", message)
                .hint("Save the file as UTF-8.")
                .at(path, problem.map(|p| p.line)))
        }
    }
}
