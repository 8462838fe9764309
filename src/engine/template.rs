//! Templates: the phases a kind of discussion goes through. Built-in ones are YAML files compiled in.

use super::problem::Severity;
use std::collections::BTreeMap;

/// An exact fraction, `2/3`, `67%`, `0.67` or `all` (1/1). Always in 0..=1, denominator above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// Numerator.
    pub numerator: u64,
    /// Denominator, never 0.
    pub denominator: u64,
}

impl Fraction {
    /// Reads one of the four spellings.
    pub fn parse(text: &str) -> Result<Self, String> {
        let _ = text;
        todo!()
    }

    /// Whether `part` of `whole` reaches it, compared exactly: 2 of 3 reaches 2/3. False if `whole` is 0.
    pub fn is_reached(self, part: usize, whole: usize) -> bool {
        let _ = (part, whole);
        todo!()
    }

    /// The larger of two.
    pub fn stricter(self, other: Self) -> Self {
        let _ = other;
        todo!()
    }
}

/// How a phase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// By the rules.
    Auto,
    /// Only by a person.
    Manual,
}

/// One phase of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its name, as in the header.
    pub name: String,
    /// One line: what this phase is for.
    pub goal: String,
    /// What personas are told in it.
    pub instructions: String,
    /// Whether votes decide in it.
    pub voting: bool,
    /// READY fraction it needs.
    pub ready: Fraction,
    /// The phase after it; `None`: final.
    pub next: Option<String>,
    /// Bound on automatic rounds; `None`: the configuration's.
    pub max_rounds: Option<u32>,
    /// How it ends.
    pub advance: Advance,
}

impl Phase {
    /// Votes and has no next phase: a READY verdict here is consensus.
    pub fn is_final(&self) -> bool {
        self.voting && self.next.is_none()
    }
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Name, as in the header.
    pub name: String,
    /// One line.
    pub description: String,
    /// Headings of a new file, in order.
    pub sections: Vec<String>,
    /// Phase a new discussion starts in.
    pub first_phase: String,
    /// Phases by name.
    pub phases: BTreeMap<String, Phase>,
    /// Status on consensus.
    pub on_ready: String,
    /// Status on rejection; `None`: unchanged.
    pub on_reject: Option<String>,
}

/// Something wrong with a YAML or Markdown definition file (template, persona, config), with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionProblem {
    /// Error: the file is refused. Notice: a key was ignored.
    pub severity: Severity,
    /// Line in that file, from 1, if known.
    pub line: Option<usize>,
    /// What was read and why it is refused.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Template {
    /// Reads a template. `Err` holds at least one error; `Ok` may carry notices.
    pub fn parse(yaml: &str) -> Result<(Self, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
        let _ = yaml;
        todo!()
    }

    /// The three built-in templates: feature, brainstorm, review.
    pub fn built_in() -> Vec<Self> {
        todo!()
    }

    /// Phase of that name; an unknown name gives `None` and the caller says so.
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.get(name)
    }
}

/// The templates that apply, by name.
#[derive(Debug, Clone)]
pub struct Templates(pub BTreeMap<String, Template>);

/// Name of the template that applies where neither header nor configuration names one.
pub const DEFAULT_TEMPLATE: &str = "review";
