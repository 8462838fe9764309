//! Configuration, personas and templates read together: each file by itself, then the names that one file uses and
//! another defines. The gate reads the base branch this way, the command line the working tree.

use super::check::ConfigProblem;
use super::ground::{BuiltIn, CONFIG_PATH, FileGlobs, PERSONA_FOLDER, TEMPLATE_FOLDER};
use super::models::KINDS;
use super::repo_config::{Origins, RepoConfig};
use crate::engine::definition::nearest;
use crate::engine::persona::{PersonaKind, Personas};
use crate::engine::problem::Severity;
use crate::engine::template::{DefinitionProblem, Template, Templates};
use crate::ids::Alias;

/// The files, as (path, text), each kind in the order in which later ones win.
#[derive(Debug, Clone, Default)]
pub struct DefinitionFiles {
    /// The configuration.
    pub config: Option<(String, String)>,
    /// Persona files.
    pub personas: Vec<(String, String)>,
    /// Template files.
    pub templates: Vec<(String, String)>,
    /// Files and folders that are there and cannot be read, or are named and not there: errors.
    pub unreadable: Vec<ConfigProblem>,
}

/// What the files say. What does not read is listed, and its default stands in.
#[derive(Debug, Clone)]
pub struct Definitions {
    /// The configuration; the defaults where there is no file or a broken one.
    pub config: RepoConfig,
    /// Built-in personas, overridden and added to.
    pub personas: Personas,
    /// Built-in templates, overridden and added to.
    pub templates: Templates,
    /// `files`, compiled.
    pub globs: FileGlobs,
    /// `gate.require_discussion`, compiled.
    pub require_discussion: FileGlobs,
    /// Errors: nothing can be decided under these definitions.
    pub errors: Vec<ConfigProblem>,
    /// What is worth knowing.
    pub notices: Vec<ConfigProblem>,
}

impl Definitions {
    /// Reads the files over what ships with the program.
    pub fn read(files: &DefinitionFiles, built_in: &BuiltIn) -> Self {
        let (path, yaml) = match &files.config {
            Some((path, yaml)) => (path.as_str(), yaml.as_str()),
            None => (CONFIG_PATH, ""),
        };
        let mut found = Findings::new(path, yaml);
        let config = found
            .take(path, RepoConfig::parse(yaml))
            .unwrap_or_default();
        found.errors.extend(files.unreadable.iter().cloned());
        let (personas, problems) = built_in.personas.clone().with_overrides(&files.personas);
        for (path, problem) in problems {
            found.note(&path, problem);
        }
        let mut templates = built_in.templates.clone();
        for (path, text) in &files.templates {
            if let Some(template) = found.take(path, Template::parse(text)) {
                templates.0.insert(template.name.clone(), template);
            }
        }
        let globs = found.globs("files", &config.files);
        let patterns = &config.gate.require_discussion;
        let require_discussion = found.globs("gate.require_discussion", patterns);
        found.personas(&config, &personas);
        found.required_votes(&config, &personas);
        found.templates(&config, &templates);
        found.models(&config, &personas);
        Self {
            config,
            personas,
            templates,
            globs,
            require_discussion,
            errors: found.errors,
            notices: found.notices,
        }
    }
}

/// What a definition file gave.
type Read<T> = Result<(T, Vec<DefinitionProblem>), Vec<DefinitionProblem>>;

/// Errors and notices while reading.
struct Findings<'a> {
    config_path: &'a str,
    origins: Origins,
    errors: Vec<ConfigProblem>,
    notices: Vec<ConfigProblem>,
}

impl<'a> Findings<'a> {
    fn new(config_path: &'a str, yaml: &str) -> Self {
        Self {
            config_path,
            origins: Origins::of(yaml),
            errors: Vec::new(),
            notices: Vec::new(),
        }
    }

    fn take<T>(&mut self, path: &str, read: Read<T>) -> Option<T> {
        let (value, problems) = match read {
            Ok((value, problems)) => (Some(value), problems),
            Err(problems) => (None, problems),
        };
        for problem in problems {
            self.note(path, problem);
        }
        value
    }

    fn note(&mut self, path: &str, problem: DefinitionProblem) {
        let list = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning | Severity::Notice => &mut self.notices,
        };
        list.push(ConfigProblem {
            path: path.to_owned(),
            line: problem.line,
            message: problem.message,
            hint: problem.hint,
        });
    }

    /// A problem with a word behind a key of the configuration.
    fn about(&self, key: &str, word: &str, message: String, hint: String) -> ConfigProblem {
        ConfigProblem {
            path: self.config_path.to_owned(),
            line: self.origins.line_of(key, word),
            message,
            hint,
        }
    }

    fn globs(&mut self, key: &str, patterns: &[String]) -> FileGlobs {
        FileGlobs::of(patterns).unwrap_or_else(|message| {
            let message = format!("`{key}` holds {message}");
            let hint = "Write globs such as `docs/**/*.md`.".to_owned();
            self.errors.push(self.about(key, "", message, hint));
            FileGlobs::default()
        })
    }

    /// Names in the configuration must be personas: a typo must not drop a reviewer.
    fn personas(&mut self, config: &RepoConfig, personas: &Personas) {
        let gate = &config.gate;
        let lists: [(&str, &[Alias]); 4] = [
            ("participants", &config.participants),
            ("gate.require", gate.require.as_deref().unwrap_or_default()),
            ("gate.optional", &gate.optional),
            ("gate.veto", &gate.rules.veto),
        ];
        for (key, aliases) in lists {
            for alias in aliases.iter().filter(|alias| personas.get(alias).is_none()) {
                let hint = match personas.nearest(alias.as_str()) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => {
                        let last = config.personas.last();
                        let folder = last.map_or(PERSONA_FOLDER, String::as_str);
                        format!("Add {folder}/{alias}.md or take the name out.")
                    }
                };
                let message = format!("`{key}` names `{alias}`, and there is no such persona");
                let problem = self.about(key, alias.as_str(), message, hint);
                self.errors.push(problem);
            }
        }
    }

    /// Whom the gate requires must vote: an adviser on that list would be waited for in vain, or forgotten.
    fn required_votes(&mut self, config: &RepoConfig, personas: &Personas) {
        let lists: [(&str, &[Alias]); 2] = [
            (
                "gate.require",
                config.gate.require.as_deref().unwrap_or_default(),
            ),
            ("gate.veto", &config.gate.rules.veto),
        ];
        let advises = |alias: &&Alias| {
            let persona = personas.get(alias);
            persona.is_some_and(|persona| persona.kind == PersonaKind::Advisory)
        };
        for (key, aliases) in lists {
            for alias in aliases.iter().filter(advises) {
                let message = format!("`{key}` names `{alias}`, who only advises and never votes");
                let hint = "Name a persona of kind voting, or take the name out.".to_owned();
                let problem = self.about(key, alias.as_str(), message, hint);
                self.errors.push(problem);
            }
        }
    }

    /// The template that applies where a header names none must exist; one that is merely allowed need not.
    fn templates(&mut self, config: &RepoConfig, templates: &Templates) {
        let allowed = config.gate.templates.iter().flatten();
        let named = std::iter::once(("template", &config.template))
            .chain(allowed.map(|name| ("gate.templates", name)));
        for (key, name) in named.filter(|(_, name)| templates.get(name).is_none()) {
            let hint = match templates.nearest(name) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Add {TEMPLATE_FOLDER}/{name}.yml or take the name out."),
            };
            let message = format!("`{key}` names `{name}`, and there is no such template");
            let problem = self.about(key, name, message, hint);
            match key {
                "template" => self.errors.push(problem),
                _ => self.notices.push(problem),
            }
        }
    }

    /// A model assigned to a name that nobody answers to is never asked. The name may be the operator's, so it is no
    /// error.
    fn models(&mut self, config: &RepoConfig, personas: &Personas) {
        let is_known = |name: &str| {
            let mut all = personas.0.values();
            KINDS.contains(&name) || all.any(|p| p.alias.as_str() == name || p.model == name)
        };
        for name in config.models.keys().filter(|name| !is_known(name)) {
            let aliases = personas.0.keys().map(Alias::as_str);
            let hint = match nearest(name, aliases.chain(KINDS)) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => "Write a persona's alias, or one of: default, fast, quality.".to_owned(),
            };
            let message = format!("`models` names `{name}`, and no persona asks for it");
            let problem = self.about("models", name, message, hint);
            self.notices.push(problem);
        }
    }
}
