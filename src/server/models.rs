//! The models on offer, made from the operator's settings.

use crate::bot::models::{CHECKLIST, Models};
use crate::config::models::{ModelSettings, Models as Settings, Protocol};
use crate::llm::Model;
use crate::llm::anthropic::Anthropic;
use crate::llm::breaker::Breaker;
use crate::llm::checklist::Checklist;
use crate::llm::endpoint::{BadEndpoint, Endpoint};
use crate::llm::fallback::Fallback;
use crate::llm::openai::{OpenAi, TokenLimit};
use crate::llm::wire::HttpClient;
use std::sync::Arc;

/// Everything that may answer: the checklist, each model of the settings, and the list of them as one where several
/// stand in for each other. The operator's choice is that list, or the only model, or the checklist where it is asked
/// for by name.
///
/// # Errors
/// A setting that cannot be worked with.
pub fn offered(settings: &Settings) -> Result<Models, BadEndpoint> {
    let mut models = Models::default().offer(Arc::new(Checklist));
    if settings.chain.is_empty() {
        models.operator = settings.checklist.then(|| CHECKLIST.to_owned());
        return Ok(models);
    }
    let client = HttpClient::new()?;
    let mut chain: Vec<Arc<dyn Model>> = Vec::new();
    for one in &settings.chain {
        let model: Arc<dyn Model> = Arc::new(Breaker::new(made(&client, one)?));
        models = models.offer(model.clone());
        chain.push(model);
    }
    let names: Vec<&str> = chain.iter().map(|model| model.name()).collect();
    let name = names.join(", ");
    if chain.len() > 1 {
        models = models.offer(Arc::new(Fallback::new(&name, chain)));
    }
    models.operator = Some(name);
    Ok(models)
}

fn made(client: &HttpClient, one: &ModelSettings) -> Result<Arc<dyn Model>, BadEndpoint> {
    let endpoint = Endpoint::new(&one.name, &one.id, &one.base_url, one.key.clone());
    Ok(match one.protocol {
        Protocol::Anthropic => Arc::new(Anthropic::new(client, endpoint)?),
        Protocol::OpenAi => {
            let limit = match one.is_original {
                true => TokenLimit::MaxCompletionTokens,
                false => TokenLimit::MaxTokens,
            };
            Arc::new(OpenAi::new(client, endpoint, limit)?)
        }
    })
}
