//! What the base branch says: configuration, personas and templates, with the built-in ones below them.
//!
//! Only the base counts. What a pull request changes about these files takes effect once it is merged.

pub mod folders;

use super::check::{self, ConfigProblem};
use super::repo_config::RepoConfig;
use crate::engine::persona::Personas;
use crate::engine::problem::Severity;
use crate::engine::template::{DEFAULT_TEMPLATE, DefinitionProblem, Template, Templates};
use crate::forge::PrSnapshot;
use crate::ids::Alias;
use globset::{Glob, GlobSet, GlobSetBuilder};

pub use crate::workspace::{CONFIG_PATH, TEMPLATES_PATH as TEMPLATE_FOLDER};

/// Folder of the repository's personas unless its configuration names others.
pub const PERSONA_FOLDER: &str = ".github/discussions/personas";

/// What ships with the program.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    /// Personas.
    pub personas: Personas,
    /// Templates.
    pub templates: Templates,
    /// The template that stands in where a file names one that does not exist (the file is invalid then).
    pub fallback: Template,
}

impl BuiltIn {
    /// The compiled-in ones; `None` only if the build left the default template out.
    pub fn load() -> Option<Self> {
        let by_name = |template: Template| (template.name.clone(), template);
        let templates = Templates(Template::built_in().into_iter().map(by_name).collect());
        let fallback = templates.0.get(DEFAULT_TEMPLATE)?.clone();
        Some(Self {
            personas: Personas::built_in(),
            templates,
            fallback,
        })
    }
}

/// Everything the base branch decides about one pull request.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The configuration; the defaults where there is no file or a broken one.
    pub config: RepoConfig,
    /// Whether there is a configuration file.
    pub configured: bool,
    /// Built-in personas, overridden and added to by the repository's.
    pub personas: Personas,
    /// Built-in templates, overridden and added to by the repository's.
    pub templates: Templates,
    /// See [`BuiltIn::fallback`].
    pub fallback: Template,
    /// Errors: pull requests with a discussion are invalid.
    pub errors: Vec<ConfigProblem>,
    /// Notices.
    pub notices: Vec<ConfigProblem>,
    /// `files`, compiled.
    pub globs: FileGlobs,
    /// `gate.require_discussion`, compiled.
    pub require_discussion: FileGlobs,
    /// Name of the check run; `None`: nothing is posted.
    pub check: Option<String>,
}

impl Ground {
    /// Reads the definitions of a snapshot's base. What does not read is listed and its default stands in.
    pub fn of(snapshot: &PrSnapshot, built_in: &BuiltIn) -> Self {
        let mut found = Findings::default();
        let config = snapshot
            .config
            .as_deref()
            .and_then(|text| found.take(CONFIG_PATH, RepoConfig::parse(text)))
            .unwrap_or_default();
        let sources = folders::personas(&config.personas, &snapshot.personas);
        found.errors.extend(sources.errors);
        let (personas, problems) = built_in.personas.clone().with_overrides(&sources.files);
        for (path, problem) in problems {
            found.note(&path, problem);
        }
        let sources = folders::templates(&snapshot.templates);
        found.errors.extend(sources.errors);
        let mut templates = built_in.templates.clone();
        for (path, text) in sources.files {
            if let Some(template) = found.take(&path, Template::parse(&text)) {
                templates.0.insert(template.name.clone(), template);
            }
        }
        let globs = found.globs("files", &config.files);
        let require_discussion =
            found.globs("gate.require_discussion", &config.gate.require_discussion);
        found.names(&config, &personas);
        let gated = is_gated(snapshot, &config);
        Self {
            check: check::check_name(config.gate.mode, &config.gate.check, gated),
            configured: snapshot.config.is_some(),
            fallback: built_in.fallback.clone(),
            errors: found.errors,
            notices: found.notices,
            config,
            personas,
            templates,
            globs,
            require_discussion,
        }
    }

    /// Personas whose CHANGES or REJECT is a veto: by their own file or by `gate.veto`.
    pub fn veto(&self) -> Vec<Alias> {
        let of_personas = self.personas.0.values().filter(|persona| persona.veto);
        let mut veto: Vec<Alias> = of_personas.map(|persona| persona.alias.clone()).collect();
        veto.extend(self.config.gate.rules.veto.iter().cloned());
        veto.sort();
        veto.dedup();
        veto
    }

    /// Whether personas can be asked at all; the error says why not. With a broken configuration nobody knows who is
    /// to be asked, or how.
    pub fn can_ask(&self, snapshot: &PrSnapshot) -> Result<(), String> {
        if let Some(first) = self.errors.first() {
            let (place, base) = (first.place(), &snapshot.base_branch);
            return Err(format!("{place} is broken on {base}"));
        }
        Ok(())
    }
}

/// Whether the pull request goes into a gated base. The list is the default branch's to keep: another base that lists
/// itself in its own copy of the configuration does not become a gate that way.
fn is_gated(snapshot: &PrSnapshot, config: &RepoConfig) -> bool {
    let is_default = snapshot.base_branch == snapshot.default_branch;
    let lists_it = |base: &String| base == "default" || *base == snapshot.base_branch;
    is_default && config.gate.bases.iter().any(lists_it)
}

/// What a definition file gave.
type Read<T> = Result<(T, Vec<DefinitionProblem>), Vec<DefinitionProblem>>;

/// Errors and notices while reading.
#[derive(Default)]
struct Findings {
    errors: Vec<ConfigProblem>,
    notices: Vec<ConfigProblem>,
}

impl Findings {
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

    fn globs(&mut self, key: &str, patterns: &[String]) -> FileGlobs {
        FileGlobs::of(patterns).unwrap_or_else(|message| {
            self.config_error(
                format!("`{key}` holds {message}"),
                "Write globs such as `docs/**/*.md`.".to_owned(),
            );
            FileGlobs::default()
        })
    }

    /// Names in the configuration must be personas: a typo must not drop a reviewer.
    fn names(&mut self, config: &RepoConfig, personas: &Personas) {
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
                        let folder = config
                            .personas
                            .last()
                            .map_or(PERSONA_FOLDER, String::as_str);
                        format!("Add {folder}/{alias}.md or take the name out.")
                    }
                };
                self.config_error(
                    format!("`{key}` names `{alias}`, and there is no such persona"),
                    hint,
                );
            }
        }
    }

    fn config_error(&mut self, message: String, hint: String) {
        self.errors.push(ConfigProblem {
            path: CONFIG_PATH.to_owned(),
            line: None,
            message,
            hint,
        });
    }
}

/// The `files` patterns, compiled: `!glob` excludes.
#[derive(Debug, Clone, Default)]
pub struct FileGlobs {
    include: GlobSet,
    exclude: GlobSet,
}

impl FileGlobs {
    /// Compiles the patterns; the error names the one that does not read.
    pub fn of(patterns: &[String]) -> Result<Self, String> {
        let mut include = GlobSetBuilder::new();
        let mut exclude = GlobSetBuilder::new();
        for pattern in patterns {
            let (set, glob) = match pattern.strip_prefix('!') {
                Some(glob) => (&mut exclude, glob),
                None => (&mut include, pattern.as_str()),
            };
            let read = Glob::new(glob);
            set.add(read.map_err(|error| format!("`{pattern}`: {}", error.kind()))?);
        }
        let build = |set: GlobSetBuilder| set.build().map_err(|error| error.to_string());
        Ok(Self {
            include: build(include)?,
            exclude: build(exclude)?,
        })
    }

    /// Whether the pattern list takes the path in.
    pub fn takes_in(&self, path: &str) -> bool {
        self.include.is_match(path) && !self.excludes(path)
    }

    /// Whether the pattern list leaves the path out, marker or not.
    pub fn excludes(&self, path: &str) -> bool {
        self.exclude.is_match(path)
    }
}
