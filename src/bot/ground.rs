//! What the base branch says: configuration, personas and templates, with the built-in ones below them.
//!
//! Only the base counts. What a pull request changes about these files takes effect once it is merged.

pub mod folders;

use super::check::{self, ConfigProblem};
use super::definitions::{DefinitionFiles, Definitions};
use super::repo_config::RepoConfig;
use crate::engine::persona::Personas;
use crate::engine::template::{DEFAULT_TEMPLATE, Template, Templates};
use crate::forge::{Folder, PrSnapshot};
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
        let files = definition_files(
            snapshot.config.as_deref(),
            &snapshot.personas,
            &snapshot.templates,
        );
        let read = Definitions::read(&files, built_in);
        let mut config = read.config;
        if snapshot.base_branch != snapshot.default_branch {
            // Whoever may push a branch may write this file on it, and it is the same purse.
            let of_default = config_of(snapshot.default_config.as_deref());
            config.budget = config.budget.smaller(of_default.unwrap_or_default().budget);
        }
        let gated = is_gated(
            &snapshot.base_branch,
            &snapshot.default_branch,
            &config,
            snapshot.default_config.as_deref(),
        );
        Self {
            check: check::check_name(config.gate.mode, &config.gate.check, gated),
            configured: snapshot.config.is_some(),
            fallback: built_in.fallback.clone(),
            errors: read.errors,
            notices: read.notices,
            config,
            personas: read.personas,
            templates: read.templates,
            globs: read.globs,
            require_discussion: read.require_discussion,
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

/// Whether a base is gated. The list is the default branch's to keep: another base that lists
/// itself in its own copy of the configuration does not become a gate that way. Where that list does not read, the
/// default branch alone is gated. `default_config`: the default branch's copy, where that is another one than the base.
pub fn is_gated(
    base: &str,
    default_branch: &str,
    config: &RepoConfig,
    default_config: Option<&str>,
) -> bool {
    if base == default_branch {
        let bases = &config.gate.bases;
        return bases.iter().any(|name| name == "default" || name == base);
    }
    let of_default = config_of(default_config);
    of_default.is_some_and(|config| config.gate.bases.iter().any(|name| name == base))
}

/// A configuration that reads.
fn config_of(text: Option<&str>) -> Option<RepoConfig> {
    text.and_then(|text| RepoConfig::parse(text).ok())
        .map(|(config, _)| config)
}

/// The definition files of a base with their paths: its configuration, the persona folders that were read, and the
/// template folder.
pub fn definition_files(
    config: Option<&str>,
    personas: &[Folder],
    templates: &Folder,
) -> DefinitionFiles {
    let configured = folders::named_by(config);
    let personas = folders::personas(&configured, personas);
    let templates = folders::templates(templates);
    let mut unreadable = personas.errors;
    unreadable.extend(templates.errors);
    DefinitionFiles {
        config: config.map(|text| (CONFIG_PATH.to_owned(), text.to_owned())),
        personas: personas.files,
        templates: templates.files,
        unreadable,
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
