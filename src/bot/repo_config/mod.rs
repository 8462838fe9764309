//! `.github/discussions.yml`: the team's configuration, read from the base branch only (command line: working tree).

mod effective;
mod keys;
mod origins;
mod parse;
mod schema;
mod values;

pub use effective::{Effective, yaml};
pub use keys::{KEYS, Key};
pub use origins::Origins;
pub use schema::schema;

use super::access::Permissions;
use crate::engine::consensus::Rules;
use crate::engine::panel::Registry;
use crate::engine::persona::Personas;
use crate::engine::template::{DEFAULT_TEMPLATE, DefinitionProblem, Template, Templates};
use crate::ids::Alias;
use crate::llm::budget::Budget;
use std::time::Duration;

/// Where the gate is enforced and by which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateConfig {
    /// `enforce`, `shadow` or `off`.
    pub mode: GateMode,
    /// Name of the check run.
    pub check: String,
    /// Base branches that are gated; `default` stands for the default branch.
    pub bases: Vec<String>,
    /// The rules of the verdict.
    pub rules: Rules,
    /// Personas that sit on every panel and owe a vote; `None`: the configuration's participants.
    pub require: Option<Vec<Alias>>,
    /// Exceptions from `require`.
    pub optional: Vec<Alias>,
    /// Templates a header may name; `None`: all that exist.
    pub templates: Option<Vec<String>>,
    /// Whether the pull request's author may vote.
    pub author_may_vote: bool,
    /// Whether reviews count as votes.
    pub reviews: bool,
    /// Globs of paths that need a discussion.
    pub require_discussion: Vec<String>,
}

/// Mode of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateMode {
    /// Posts the check.
    Enforce,
    /// Posts `discussions (shadow)`.
    Shadow,
    /// Posts nothing.
    Off,
}

/// When personas are asked by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triggers {
    /// When a pull request is opened or reopened.
    pub opened: bool,
    /// When a push changed a proposal.
    pub push: bool,
    /// When a draft becomes ready.
    pub ready_for_review: bool,
    /// On drafts.
    pub drafts: bool,
    /// How long pushes must have been quiet.
    pub quiet: Duration,
}

/// Where replies go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replies {
    /// Commit where that is possible.
    Auto,
    /// Always commit.
    Commit,
    /// Always a review.
    Review,
}

/// What the App writes in the conversation unasked. Commands are answered in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// The status comment, edited when it changes, which notifies nobody; and a notice to people whose vote the text has
    /// left behind.
    OnChange,
    /// Besides, a comment of one line for each change of state, for whoever wants to be notified of it.
    Always,
    /// Nothing.
    Never,
}

/// Whether a verdict is written into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordIt {
    /// Where no approval can fall by it.
    Auto,
    /// Wherever replies are committed.
    Always,
    /// Nowhere.
    Never,
}

/// The whole file with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoConfig {
    /// Globs of discussion files besides changed `.md` files with the marker; `!glob` excludes.
    pub files: Vec<String>,
    /// The panel; a header adds to it, unless `gate.require` says who has to be there.
    pub participants: Vec<Alias>,
    /// Folders of personas, later ones win.
    pub personas: Vec<String>,
    /// Template where a header names none.
    pub template: String,
    /// Where replies go.
    pub replies: Replies,
    /// Whether a closing commit writes a READY verdict into the file.
    pub record: RecordIt,
    /// Bound on automatic rounds for each phase.
    pub rounds: u32,
    /// When personas are asked.
    pub on: Triggers,
    /// The gate.
    pub gate: GateConfig,
    /// What may be spent on models.
    pub budget: Budget,
    /// Persona or alias to model.
    pub models: std::collections::BTreeMap<String, String>,
    /// What is written in the conversation unasked.
    pub notify: Notify,
    /// The right that each command needs.
    pub permissions: Permissions,
    /// Commit message template: `{personas}`, `{title}`.
    pub commit_message: String,
    /// Whether commits end with a `Signed-off-by` trailer.
    pub signoff: bool,
}

impl Default for RepoConfig {
    /// What applies where there is no file: three personas, two thirds, one person, only the default branch gated.
    fn default() -> Self {
        Self {
            files: vec!["**/*.discussion.md".to_owned()],
            participants: ["architect", "security", "pragmatist"]
                .into_iter()
                .filter_map(Alias::parse)
                .collect(),
            personas: vec![".github/discussions/personas".to_owned()],
            template: DEFAULT_TEMPLATE.to_owned(),
            replies: Replies::Auto,
            record: RecordIt::Auto,
            rounds: 3,
            on: Triggers::default(),
            gate: GateConfig::default(),
            budget: Budget::default(),
            models: std::collections::BTreeMap::new(),
            notify: Notify::OnChange,
            permissions: Permissions::default(),
            commit_message: "discuss: {personas} on {title}".to_owned(),
            signoff: false,
        }
    }
}

impl Default for Triggers {
    fn default() -> Self {
        Self {
            opened: true,
            push: true,
            ready_for_review: true,
            drafts: false,
            quiet: Duration::from_secs(20),
        }
    }
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            mode: GateMode::Enforce,
            check: "discussions".to_owned(),
            bases: vec!["default".to_owned()],
            rules: Rules::default(),
            require: None,
            optional: Vec::new(),
            templates: None,
            author_may_vote: false,
            reviews: true,
            require_discussion: Vec::new(),
        }
    }
}

impl RepoConfig {
    /// Reads the file; an empty one means the defaults. Unknown keys are errors with line and near-miss hint, and all
    /// errors come at once. `Ok` may carry notices: names given twice, and commands that everybody may give where that
    /// costs.
    pub fn parse(yaml: &str) -> Result<(Self, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
        parse::config(yaml)
    }

    /// Where the names in a discussion's header are looked up under this configuration.
    pub fn registry<'a>(
        &'a self,
        personas: &'a Personas,
        templates: &'a Templates,
        fallback: &'a Template,
    ) -> Registry<'a> {
        Registry {
            personas,
            templates,
            participants: &self.participants,
            required: self.gate.require.as_ref().unwrap_or(&self.participants),
            optional: &self.gate.optional,
            veto: &self.gate.rules.veto,
            template: &self.template,
            allowed_templates: self.gate.templates.as_deref(),
            fallback,
        }
    }
}
