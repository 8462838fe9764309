//! Personas: Markdown files with YAML front matter. Built-in ones are compiled in from `personas/`.

use super::template::DefinitionProblem;
use crate::ids::Alias;

/// Whether a persona's vote counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonaKind {
    /// Its vote counts and is owed.
    Voting,
    /// It comments; a vote would be shown, not counted.
    Advisory,
}

/// How much a checklist item weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemSeverity {
    /// Raised as a concern; the vote becomes CHANGES.
    Concern,
    /// Raised as `(minor)` concern; never changes the vote.
    Minor,
    /// Raised as a question; the vote becomes CHANGES.
    Question,
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
    /// `default`, `fast`, `quality`, `checklist` or `provider/model`.
    pub model: String,
    /// Whether its CHANGES or REJECT is a veto.
    pub veto: bool,
    /// Items of the built-in provider; may be empty.
    pub checklist: Vec<ChecklistItem>,
    /// Instructions: the Markdown below the front matter.
    pub instructions: String,
    /// SHA-256 of the file's text, hex: part of the answer key.
    pub hash: String,
}

impl Persona {
    /// Reads a persona file. `Err` holds at least one error; `Ok` may carry notices (ignored keys, foreign models).
    pub fn parse(text: &str) -> Result<(Self, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
        let _ = text;
        todo!()
    }
}

/// The personas that apply, by alias.
#[derive(Debug, Clone)]
pub struct Personas(pub std::collections::BTreeMap<Alias, Persona>);

impl Personas {
    /// The built-in ones.
    pub fn built_in() -> Self {
        todo!()
    }

    /// The persona of that alias.
    pub fn get(&self, alias: &Alias) -> Option<&Persona> {
        self.0.get(alias)
    }

    /// The alias nearest to a misspelt one, if any is near enough.
    pub fn nearest(&self, alias: &str) -> Option<&Alias> {
        let _ = alias;
        todo!()
    }
}
