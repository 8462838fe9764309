//! Personas: Markdown files with YAML front matter. Built-in ones are compiled in from `personas/`.
//!
//! The shape is the one teams already use for coding-agent files, so such a file loads as it is: keys that mean
//! nothing here (`tools`, `color`) are ignored with a notice, because a persona never gets tools.

mod front_matter;
mod name;
mod read;

use super::definition;
use super::problem::Severity;
use super::template::DefinitionProblem;
use crate::ids::Alias;
use std::collections::{BTreeMap, BTreeSet};

/// Words no persona may be called, because `/discuss WORD` means something else.
pub const RESERVED: [&str; 21] = [
    "advance", "all", "answer", "cancel", "concern", "config", "drop", "help", "hold", "new",
    "override", "pause", "release", "reset", "resolve", "restore", "resume", "retry", "status",
    "vote", "why",
];

/// The files of the built-in personas: path in this repository, text.
const BUILT_IN: [(&str, &str); 12] = [
    (
        "personas/architect.md",
        include_str!("../../personas/architect.md"),
    ),
    (
        "personas/backend.md",
        include_str!("../../personas/backend.md"),
    ),
    (
        "personas/designer.md",
        include_str!("../../personas/designer.md"),
    ),
    (
        "personas/diagram-editor.md",
        include_str!("../../personas/diagram-editor.md"),
    ),
    (
        "personas/moderator.md",
        include_str!("../../personas/moderator.md"),
    ),
    (
        "personas/operator.md",
        include_str!("../../personas/operator.md"),
    ),
    (
        "personas/perfectionist.md",
        include_str!("../../personas/perfectionist.md"),
    ),
    (
        "personas/pragmatist.md",
        include_str!("../../personas/pragmatist.md"),
    ),
    (
        "personas/researcher.md",
        include_str!("../../personas/researcher.md"),
    ),
    (
        "personas/security.md",
        include_str!("../../personas/security.md"),
    ),
    (
        "personas/tester.md",
        include_str!("../../personas/tester.md"),
    ),
    (
        "personas/visualizer.md",
        include_str!("../../personas/visualizer.md"),
    ),
];

/// Whether a persona's vote counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonaKind {
    /// Its vote counts and is owed.
    Voting,
    /// It comments: a vote of its own would be shown, not counted, and its concerns never stand in the way.
    Advisory,
}

/// How much a checklist item weighs. The order is the order in which remarks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemSeverity {
    /// Raised as a concern; the vote becomes CHANGES.
    Concern,
    /// Raised as a question; the vote becomes CHANGES.
    Question,
    /// Raised as `(minor)` concern; never changes the vote.
    Minor,
}

/// One item of a persona's checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecklistItem {
    /// Stable id within the persona, kebab-case: `tenant-isolation`.
    pub id: String,
    /// The remark, one or two sentences, as it will stand in the reply.
    pub text: String,
    /// Words or phrases that make the item apply, any case, whole words; empty: always applies.
    pub when: Vec<String>,
    /// Words or phrases that satisfy it.
    pub unless: Vec<String>,
    /// Weight.
    pub severity: ItemSeverity,
    /// What to do about it, one or two sentences; used to answer a question that touches the item.
    pub advice: String,
}

/// A persona as read from its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// `name` in the front matter.
    pub alias: Alias,
    /// Name it writes under; `AI-...` unless `display_name` says otherwise.
    pub display_name: String,
    /// One line: point of view.
    pub description: String,
    /// Voting or advisory.
    pub kind: PersonaKind,
    /// What it knows.
    pub expertise: Vec<String>,
    /// What it worries about.
    pub concerns: Vec<String>,
    /// `default`, `fast`, `quality`, `checklist`, `provider/model`, or another word, which may be an alias of the
    /// operator's.
    pub model: String,
    /// Whether its CHANGES or REJECT is a veto.
    pub veto: bool,
    /// Items of the built-in provider; may be empty.
    pub checklist: Vec<ChecklistItem>,
    /// Instructions: the Markdown below the front matter, LF, no blanks at either end.
    pub instructions: String,
    /// SHA-256 of the file's text, hex: part of the answer key.
    pub hash: String,
}

impl Persona {
    /// Reads a persona file's text. `Err` holds at least one error; `Ok` may carry notices (ignored keys, foreign
    /// models, a name that had to be respelt).
    pub fn parse(text: &str) -> Result<(Self, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
        read::persona(text, None)
    }

    /// Like [`Persona::parse`]; where the text has no `name`, the file's name stands in, without `.md`, `.agent.md` and
    /// the like.
    pub fn parse_file(
        path: &str,
        text: &str,
    ) -> Result<(Self, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
        read::persona(text, Some(file_name(path)))
    }
}

/// The personas that apply, by alias.
#[derive(Debug, Clone)]
pub struct Personas(pub BTreeMap<Alias, Persona>);

impl Personas {
    /// The built-in ones, one for each file in `personas/`. A test reads each of them.
    pub fn built_in() -> Self {
        let personas = BUILT_IN
            .iter()
            .filter_map(|(_, text)| Persona::parse(text).ok())
            .map(|(persona, _)| (persona.alias.clone(), persona))
            .collect();
        Self(personas)
    }

    /// Path (in this repository) and text of each built-in persona's file.
    pub fn built_in_files() -> &'static [(&'static str, &'static str)] {
        &BUILT_IN
    }

    /// These personas (the built-in ones) with a repository's own laid over them: a file whose `name` is that of one
    /// of these replaces it whole, any other adds one. `files` are (path, text) pairs in the order of the configured
    /// folders; of two files with one name the later wins, with a notice. A README is skipped, with a notice.
    ///
    /// The problems come with the path of their file. A file with an error changes nothing here, so a caller that
    /// goes on in spite of an error would ask the built-in persona instead: the gate treats it as a broken config.
    pub fn with_overrides(
        self,
        files: &[(String, String)],
    ) -> (Self, Vec<(String, DefinitionProblem)>) {
        let mut personas = self;
        let mut problems = Vec::new();
        let mut overridden = BTreeSet::new();
        for (path, text) in files {
            let (read, found) = match Persona::parse_file(path, text) {
                Ok((persona, notices)) => (Some(persona), notices),
                Err(_) if is_readme(path) => (None, vec![skipped_readme()]),
                Err(errors) => (None, errors),
            };
            problems.extend(found.into_iter().map(|problem| (path.clone(), problem)));
            let Some(persona) = read else { continue };
            if !overridden.insert(persona.alias.clone()) {
                problems.push((path.clone(), replaces_an_earlier_file(&persona.alias)));
            }
            personas.0.insert(persona.alias.clone(), persona);
        }
        (personas, problems)
    }

    /// The persona of that alias.
    pub fn get(&self, alias: &Alias) -> Option<&Persona> {
        self.0.get(alias)
    }

    /// The alias nearest to a misspelt one, with or without `@`, if any is near enough; see [`definition::nearest`].
    pub fn nearest(&self, alias: &str) -> Option<&Alias> {
        let misspelt = alias.strip_prefix('@').unwrap_or(alias);
        let near = definition::nearest(misspelt, self.0.keys().map(Alias::as_str))?;
        self.0.keys().find(|known| known.as_str() == near)
    }
}

/// Folders of personas often hold a README, which must not break the configuration.
pub fn is_readme(path: &str) -> bool {
    file_name(path).eq_ignore_ascii_case("README.md")
}

/// Endings of files that are read as personas; `.mdc` is how some editors call their rules.
pub const ENDINGS: [&str; 2] = [".md", ".mdc"];

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn skipped_readme() -> DefinitionProblem {
    DefinitionProblem {
        severity: Severity::Notice,
        line: None,
        message: "this README is no persona file and is skipped".to_owned(),
        hint: "Nothing to do.".to_owned(),
    }
}

/// Two files of the repository define one persona.
fn replaces_an_earlier_file(alias: &Alias) -> DefinitionProblem {
    DefinitionProblem {
        severity: Severity::Notice,
        line: None,
        message: format!("`{alias}` is defined by an earlier file too; this one is used"),
        hint: "Keep one file for each persona, or give this one another `name`.".to_owned(),
    }
}
