//! What applies to a file on disk: configuration, personas and templates of the working tree around it.

use super::Failure;
use super::output::Output;
use crate::bot::ground::{BuiltIn, PERSONA_FOLDER};
use crate::bot::repo_config::RepoConfig;
use crate::engine::discussion::{Discussion, Kind};
use crate::engine::panel;
use crate::engine::persona::{self, Personas};
use crate::engine::problem::{Problem, Severity};
use crate::engine::template::{self, DefinitionProblem, Phase, Template, Templates};
use crate::ids::Alias;
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
    /// Stands in for a template that does not exist.
    fallback: Template,
}

impl Surroundings {
    /// What applies where no working tree says anything.
    pub fn built_in() -> Result<Self, Failure> {
        let built_in = BuiltIn::load()
            .ok_or_else(|| Failure::new("internal", "the built-in template is missing"))?;
        Ok(Self {
            config: RepoConfig::default(),
            personas: built_in.personas,
            templates: built_in.templates,
            fallback: built_in.fallback,
        })
    }

    /// Looks around a file. Notices go to stderr; anything broken is a refusal that names file and line.
    pub fn of(file: &Path, output: &Output) -> Result<Self, Failure> {
        let mut around = Self::built_in()?;
        let Some(root) = workspace::root_above(file) else {
            return Ok(around);
        };
        around.config = config(&root, output)?;
        let folder = root.join(workspace::TEMPLATES_PATH);
        for (name, text) in workspace::folder(&folder, &template::ENDINGS)? {
            let template = accept(Template::parse(&text), &folder.join(name), output)?;
            around.templates.0.insert(template.name.clone(), template);
        }
        let files = persona_files(&root, &around.config)?;
        let (personas, problems) = around.personas.with_overrides(&files);
        let (errors, notices): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|(_, problem)| problem.severity == Severity::Error);
        for (file, error) in errors {
            report(error, &root.join(file), output)?;
        }
        // Agent files of other tools have keys without a meaning here, which nobody wants to read about each time.
        if !notices.is_empty() {
            output.note(format!(
                "notices on persona files: {}; `discussions personas check` shows them",
                notices.len()
            ));
        }
        around.personas = personas;
        Ok(around)
    }

    /// The panel of a discussion under this configuration. On the command line the header says the phase.
    pub fn panel(&self, discussion: &Discussion) -> Panel {
        let registry = self
            .config
            .registry(&self.personas, &self.templates, &self.fallback);
        let mut members = registry.members(discussion, &|_| false);
        let (template, template_problem) = registry.template(discussion);
        let name = discussion.header.phase().unwrap_or(&template.first_phase);
        let (phase, phase_problem) = panel::phase(discussion, &template, name);
        // Under a template that stands in for another, the phase is bound to be unknown.
        members.problems.extend(template_problem.or(phase_problem));
        Panel {
            participants: members.participants,
            voting: members.voting,
            owing: members.owing,
            template,
            phase,
            problems: members.problems,
        }
    }
}

/// A discussion's panel, template and phase.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Participants that have a persona, in order, without doubles.
    pub participants: Vec<Alias>,
    /// Those of them whose vote counts.
    pub voting: Vec<Alias>,
    /// Who owes a vote where receipts are asked for.
    pub owing: Vec<Alias>,
    /// The template.
    pub template: Template,
    /// The phase by the header, else the template's first.
    pub phase: Phase,
    /// Names that nobody answers to.
    pub problems: Vec<Problem>,
}

/// The configuration of a working tree.
pub fn config(root: &Path, output: &Output) -> Result<RepoConfig, Failure> {
    let path = root.join(workspace::CONFIG_PATH);
    match workspace::optional_text(&path)? {
        Some(text) => accept(RepoConfig::parse(&text), &path, output),
        None => Ok(RepoConfig::default()),
    }
}

/// The persona files of the configured folders as (path from the root, text), in that order. A configured folder that
/// is not there would drop reviewers without a word, so it is refused; nobody has to have the default one.
pub fn persona_files(root: &Path, config: &RepoConfig) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    for folder in &config.personas {
        let path = root.join(folder);
        let is_absent = !path.exists() && folder == PERSONA_FOLDER;
        if !path.is_dir() && !is_absent {
            let message = format!("`personas` names `{folder}`, and there is no such folder");
            return Err(Failure::new("definition-invalid", message)
                .hint("Create it with a persona file in it, correct the path, or take it out of `personas`.")
                .at(&root.join(workspace::CONFIG_PATH), None));
        }
        let texts = workspace::folder(&path, &persona::ENDINGS)?;
        files.extend(
            texts
                .into_iter()
                .map(|(name, text)| (format!("{folder}/{name}"), text)),
        );
    }
    Ok(files)
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

/// The personas somebody named, in order, without doubles.
pub fn named_personas(names: &[String], personas: &Personas) -> Result<Vec<Alias>, Failure> {
    let mut aliases: Vec<Alias> = Vec::new();
    for name in names {
        let known = Alias::parse(name).filter(|alias| personas.get(alias).is_some());
        let alias = known.ok_or_else(|| {
            let all = personas
                .0
                .keys()
                .map(Alias::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            let hint = match personas.nearest(name) {
                Some(near) => format!("Did you mean {near}? There are: {all}."),
                None => format!("There are: {all}."),
            };
            Failure::new("unknown-persona", format!("no persona is called {name}")).hint(hint)
        })?;
        if !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    Ok(aliases)
}

/// Refuses to change a file in which something is broken: nobody could tell what the change would come to.
pub fn refuse_errors(discussion: &Discussion, path: &Path) -> Result<(), Failure> {
    let mut problems = discussion.problems.iter();
    match problems.find(|problem| problem.severity() == Severity::Error) {
        None => Ok(()),
        Some(problem) => Err(problem_failure(problem).at(path, Some(problem.line))),
    }
}

/// A problem as the reason of a refusal, without its place.
pub fn problem_failure(problem: &Problem) -> Failure {
    Failure::new(problem.code.row().name, problem.message.as_str()).hint(problem.hint.as_str())
}

/// Parses what has to be a discussion.
pub fn discussion_in(bytes: &[u8], path: &Path) -> Result<Discussion, Failure> {
    let discussion = Discussion::parse(bytes);
    match discussion.kind {
        Kind::Discussion => Ok(discussion),
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

/// Reads and parses a file that has to be a discussion; gives its bytes as well.
pub fn read_discussion(path: &Path) -> Result<(Vec<u8>, Discussion), Failure> {
    let bytes = workspace::read(path)?;
    let discussion = discussion_in(&bytes, path)?;
    Ok((bytes, discussion))
}
