//! Where nothing names a model: which service may be asked what it has. Who asks is the server and the command line.

use super::file::{Located, Quirks};
use super::models::{Access, ModelSettings, Service};
use super::providers::Provider;
use std::collections::BTreeMap;

/// A service that may be asked which models it has.
#[derive(Debug, Clone)]
pub struct ToFind {
    kind: Kind,
    provider: Provider,
    told: Option<String>,
    quirks: BTreeMap<String, Located<Quirks>>,
}

/// Which model is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The only one of a server that speaks OpenAI's protocol: `OPENAI_BASE_URL` and no model.
    OnlyModel,
    /// The first of Ollama's that answers.
    Ollama,
}

impl ToFind {
    pub(super) fn only_model(
        provider: Provider,
        told: String,
        quirks: &BTreeMap<String, Located<Quirks>>,
    ) -> Self {
        Self {
            kind: Kind::OnlyModel,
            provider,
            told: Some(told),
            quirks: quirks.clone(),
        }
    }

    pub(super) fn ollama(
        provider: Provider,
        told: Option<String>,
        quirks: &BTreeMap<String, Located<Quirks>>,
    ) -> Self {
        Self {
            kind: Kind::Ollama,
            provider,
            told,
            quirks: quirks.clone(),
        }
    }

    /// Which model is taken.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The variable, or file and line, that says where the service is; `None`: nobody says that there is one.
    pub fn told(&self) -> Option<&str> {
        self.told.as_deref()
    }

    /// How the service is reached; `None`: not over HTTP.
    pub fn service(&self) -> Option<&Service> {
        match self.provider.access() {
            Access::Service(service) => Some(service),
            Access::Program(_) => None,
        }
    }

    /// What a model that is found is chosen by.
    pub(super) fn chosen_by(&self) -> &str {
        self.told
            .as_deref()
            .unwrap_or("Ollama runs on this machine")
    }

    /// One of its models.
    pub(super) fn model(&self, id: &str) -> ModelSettings {
        let name = format!("{}/{id}", self.provider.name());
        let quirks = self.quirks.get(&name).map(|entry| &entry.value);
        self.provider.model(id, quirks)
    }
}
