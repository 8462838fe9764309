//! Who answers on the command line.

use crate::bot::models::{KINDS, Models};
use crate::bot::repo_config::RepoConfig;
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::cli::turn::Arguments;
use crate::config;
use crate::engine::persona::Persona;
use crate::llm::Model;
use crate::llm::checklist::{self, Checklist};
use crate::llm::command::Readers;
use crate::server::models;
use std::sync::Arc;

/// Which model answers for which persona.
pub(super) struct Asked<'a> {
    /// For whom nothing else is said.
    model: Arc<dyn Model>,
    /// The rest, where no model was named for all.
    offered: Option<(Models, &'a RepoConfig)>,
}

impl<'a> Asked<'a> {
    /// The models named with `--model`, which answer for everybody; else those that the settings offer and the
    /// repository and the personas choose from; else the checklists.
    pub(super) async fn of(
        arguments: &Arguments,
        config: &'a RepoConfig,
        output: &Output,
    ) -> Result<Self, Failure> {
        let named = arguments.model.as_deref();
        if arguments.show_prompt || named == Some(checklist::NAME) {
            return Ok(Self {
                model: Arc::new(Checklist),
                offered: None,
            });
        }
        let unusable = |message: String| {
            Failure::new("unknown-model", message).hint(
                "Write --model anthropic/MODEL, openai/MODEL or ollama/MODEL, several with commas between them, or \
                 --model checklist: the built-in rules of each persona, no key needed.",
            )
        };
        let named = named.filter(|name| *name != KINDS[0]);
        let settings = config::models(named).map_err(|error| unusable(error.to_string()))?;
        let found = models::found(settings).await;
        let found = found.map_err(|error| unusable(error.to_string()))?;
        match found.said {
            // Whoever names a service does not expect the checklists to answer in its place.
            Some(said) if found.is_amiss => return Err(unusable(said)),
            Some(said) => output.note(said),
            None => {}
        }
        let offered = models::offered(&found.settings, Readers::Operator);
        let offered = offered.map_err(|error| unusable(error.to_string()))?;
        let name = offered.operator.as_deref().unwrap_or(checklist::NAME);
        let model = offered.offered.get(name).cloned();
        let model = model.ok_or_else(|| unusable(format!("{name} is not offered")))?;
        Ok(Self {
            model,
            offered: named.is_none().then_some((offered, config)),
        })
    }

    /// Who answers for a persona. A model that a repository names and nobody offers on this machine is no reason to
    /// answer nothing; it is said where something else was meant.
    pub(super) fn model(&self, persona: &Persona, output: &Output) -> Arc<dyn Model> {
        let Some((offered, config)) = &self.offered else {
            return self.model.clone();
        };
        match offered.choose(persona, config) {
            Ok(chosen) => chosen.model,
            Err(why) => {
                if offered.operator.is_some() {
                    let name = self.model.name();
                    output.note(format!("{}: {why}; asking {name}", persona.alias));
                }
                self.model.clone()
            }
        }
    }
}
