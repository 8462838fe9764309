//! Which model answers for a persona, and whether its votes count.

use super::repo_config::RepoConfig;
use crate::engine::persona::Persona;
use crate::llm::Model;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::llm::checklist::NAME as CHECKLIST;

/// What the operator offers.
#[derive(Clone, Default)]
pub struct Models {
    /// Every model on offer, by the name it gives itself; the checklist is one of them.
    pub offered: BTreeMap<String, Arc<dyn Model>>,
    /// The one the operator's settings name for `default`, `fast` and `quality`; `None`: no model is configured.
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

    /// The model of a persona: the base configuration's choice, else the persona file's, else the operator's. `Err`
    /// says in plain words why there is none.
    pub fn choose(&self, persona: &Persona, config: &RepoConfig) -> Result<Chosen, String> {
        let by_team = config
            .models
            .get(persona.alias.as_str())
            .or_else(|| config.models.get(&persona.model));
        let by_persona = is_model_name(&persona.model).then_some(&persona.model);
        let name = by_team.or(by_persona).or(self.operator.as_ref());
        let name = name.map_or(CHECKLIST, String::as_str);
        let is_named = by_team.is_some_and(|team| team == name)
            || self
                .operator
                .as_deref()
                .is_some_and(|operator| operator == name);
        let model = self
            .offered
            .get(name)
            .ok_or_else(|| format!("the model {name} is not offered here"))?;
        if name == CHECKLIST && persona.checklist.is_empty() {
            return Err("no model is configured, and it has no checklist".to_owned());
        }
        Ok(Chosen {
            model: Arc::clone(model),
            counts: name != CHECKLIST || is_named,
        })
    }
}

/// Whether a persona file names one model and not a kind of model.
fn is_model_name(name: &str) -> bool {
    name == CHECKLIST || name.contains('/')
}
