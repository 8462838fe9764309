//! Which model answers for a persona, and whether its votes count.

use super::repo_config::RepoConfig;
use crate::engine::persona::Persona;
use crate::llm::Model;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::llm::checklist::NAME as CHECKLIST;

/// Words that personas use for a kind of model. Where the operator has no alias of that name they mean its choice.
pub const KINDS: [&str; 3] = ["default", "fast", "quality"];
/// Names that are listed where one is not offered.
const LISTED: usize = 12;

/// What the operator offers.
#[derive(Clone, Default)]
pub struct Models {
    /// Every model on offer, by the name it gives itself; the checklist is one of them.
    pub offered: BTreeMap<String, Arc<dyn Model>>,
    /// The operator's aliases, each with the name of what is offered under it.
    pub aliases: BTreeMap<String, String>,
    /// The one the operator's settings name where nothing else is said; `None`: no model is configured.
    pub operator: Option<String>,
}

/// The model of one persona.
#[derive(Clone)]
pub struct Chosen {
    /// It.
    pub model: Arc<dyn Model>,
    /// Whether the votes it gives count. The checklist's count only where somebody in charge asked for it by name, so
    /// that a missing key never turns a panel into a word search.
    pub counts: bool,
}

impl Models {
    /// Offers one model under its own name.
    pub fn offer(mut self, model: Arc<dyn Model>) -> Self {
        self.offered.insert(model.name().to_owned(), model);
        self
    }

    /// The model of a persona: the base configuration's choice, else the persona file's, else the operator's. Each may
    /// name a model or an alias of the operator's. `Err` says in plain words why there is none.
    pub fn choose(&self, persona: &Persona, config: &RepoConfig) -> Result<Chosen, String> {
        let is_alias = self.aliases.contains_key(&persona.model);
        let by_team = by_team(persona, config).filter(|(_, by)| *by != By::Default || !is_alias);
        let by_team = by_team.map(|(name, _)| name);
        let by_operator = self.operator.as_deref();
        let named = by_team.map_or(persona.model.as_str(), String::as_str);
        let meant = match self.aliases.get(named) {
            Some(meant) => Some(meant.as_str()),
            None if by_team.is_some() && !KINDS.contains(&named) => Some(named),
            None if is_model_name(named) => Some(named),
            // A kind of model, or a word of another tool's in a persona file.
            None => by_operator,
        };
        let name = meant.unwrap_or(CHECKLIST);
        let model = self
            .offered
            .get(name)
            .ok_or_else(|| self.not_offered(name))?;
        if name == CHECKLIST && persona.checklist.is_empty() {
            return Err("no model is configured, and it has no checklist".to_owned());
        }
        let by_alias = self
            .aliases
            .get(named)
            .is_some_and(|meant| meant == CHECKLIST);
        let is_named = by_team.is_some_and(|team| team == CHECKLIST)
            || by_operator == Some(CHECKLIST)
            || by_alias;
        Ok(Chosen {
            model: Arc::clone(model),
            counts: name != CHECKLIST || is_named,
        })
    }

    fn not_offered(&self, name: &str) -> String {
        // Lists have commas in their names; their models stand there one by one.
        let models = self.offered.keys().filter(|known| !known.contains(", "));
        let all: Vec<&str> = self
            .aliases
            .keys()
            .chain(models)
            .map(String::as_str)
            .collect();
        let more = match all.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let all: Vec<&str> = all.into_iter().take(LISTED).collect();
        format!(
            "the model {name} is not offered here; on offer: {}{more}",
            all.join(", ")
        )
    }
}

/// Which line of `models:` speaks of a persona.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The persona's own.
    Alias,
    /// That of the word in the persona's file.
    Word,
    /// `default`, since the word in the file is another tool's.
    Default,
}

/// What the base configuration says of a persona's model.
pub fn by_team<'a>(persona: &Persona, config: &'a RepoConfig) -> Option<(&'a String, By)> {
    let said = |name: &str, by| config.models.get(name).map(|model| (model, by));
    let is_foreign = !KINDS.contains(&persona.model.as_str()) && !is_model_name(&persona.model);
    said(persona.alias.as_str(), By::Alias)
        .or_else(|| said(&persona.model, By::Word))
        .or_else(|| said(KINDS[0], By::Default).filter(|_| is_foreign))
}

/// Whether a persona file names one model and not a kind of model.
fn is_model_name(name: &str) -> bool {
    name == CHECKLIST || name.contains('/')
}
