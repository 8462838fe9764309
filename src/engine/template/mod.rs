//! Templates: the phases a kind of discussion goes through. Built-in ones are YAML files compiled in.

mod fraction;
mod parse;

pub use fraction::Fraction;
pub use parse::share;

use super::definition::nearest;
use super::problem::Severity;
use std::collections::BTreeMap;

/// Endings of template files.
pub const ENDINGS: [&str; 2] = [".yml", ".yaml"];

/// YAML of the built-in templates.
const BUILT_IN: [&str; 3] = [
    include_str!("../templates/feature.yaml"),
    include_str!("../templates/brainstorm.yaml"),
    include_str!("../templates/review.yaml"),
];

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
    /// Status on rejection, set with the replies; `None`: unchanged.
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
    ///
    /// The older tool's files are accepted: `next_phase` is read as `next`, a missing `first_phase` means the first
    /// phase in the file, a missing `on_ready` means READY_FOR_DESIGN, and keys of theirs (`turn_pipeline`) are
    /// ignored with a notice.
    pub fn parse(yaml: &str) -> Result<(Self, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
        parse::template(yaml)
    }

    /// The three built-in templates: feature, brainstorm, review.
    pub fn built_in() -> Vec<Self> {
        // A test reads each of them, so none is left out here.
        BUILT_IN
            .iter()
            .filter_map(|yaml| Self::parse(yaml).ok())
            .map(|(template, _)| template)
            .collect()
    }

    /// Phase of that name; an unknown name gives `None` and the caller says so.
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.get(name)
    }
}

/// The templates that apply, by name.
#[derive(Debug, Clone)]
pub struct Templates(pub BTreeMap<String, Template>);

impl Templates {
    /// The built-in ones.
    pub fn built_in() -> Self {
        let mut templates = Self(BTreeMap::new());
        for template in Template::built_in() {
            templates.add(template);
        }
        templates
    }

    /// Adds one, in place of one of the same name.
    pub fn add(&mut self, template: Template) {
        self.0.insert(template.name.clone(), template);
    }

    /// The template of that name. Names are compared exactly; for a miss ask [`Templates::nearest`].
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.0.get(name)
    }

    /// The name nearest to a misspelt one, if any is near enough.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.0.keys().map(String::as_str))
    }
}

/// Name of the template that applies where neither header nor configuration names one.
pub const DEFAULT_TEMPLATE: &str = "review";
