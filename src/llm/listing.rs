//! Which models a service has: OpenAI's list, which most others have too, and Ollama's own, which says more.
//!
//! Wire facts: <https://platform.openai.com/docs/api-reference/models/list> and
//! <https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models>.

use super::ModelError;
use super::endpoint::address;
use super::refusal::unavailable;
use super::wire::HttpClient;
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;

/// The ids of a server that speaks OpenAI's protocol, in its order.
///
/// # Errors
/// Why it gave no list, in words for the operator.
pub async fn openai(
    client: &HttpClient,
    base_url: &str,
    key: Option<&SecretString>,
    limit: Duration,
) -> Result<Vec<String>, ModelError> {
    let url = address(base_url, &["models"]).map_err(unavailable)?;
    let list: OpenAiList = client.get(url, key, limit).await?;
    Ok(list.data.into_iter().map(|model| model.id).collect())
}

/// The models of an Ollama that can answer, in its order, which is that of their age, the newest first. Left out are
/// models for embeddings, and those that run on somebody else's machine: who did not ask for them does not expect that.
/// `base_url` is that of its OpenAI protocol.
///
/// # Errors
/// Why it gave no list, in words for the operator.
pub async fn ollama(
    client: &HttpClient,
    base_url: &str,
    limit: Duration,
) -> Result<Vec<String>, ModelError> {
    let root = base_url.trim_end_matches('/').trim_end_matches("/v1");
    let url = address(root, &["api", "tags"]).map_err(unavailable)?;
    let list: OllamaList = client.get(url, None, limit).await?;
    let answers = list.models.into_iter().filter(OllamaModel::answers);
    Ok(answers.map(|model| model.name).collect())
}

#[derive(Deserialize)]
struct OpenAiList {
    data: Vec<OpenAiModel>,
}

#[derive(Deserialize)]
struct OpenAiModel {
    id: String,
}

#[derive(Deserialize)]
struct OllamaList {
    models: Vec<OllamaModel>,
}

#[derive(Deserialize)]
struct OllamaModel {
    name: String,
    /// Where it runs, if not here.
    remote_host: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    family: Option<String>,
}

impl OllamaModel {
    fn answers(&self) -> bool {
        let name = self.name.to_lowercase();
        let family = self.details.as_ref().and_then(|it| it.family.as_deref());
        let family = family.unwrap_or_default().to_lowercase();
        // The families of BERT have nothing but embeddings; others say so in their names.
        let embeds = name.contains("embed") || family.contains("bert") || name.starts_with("bge-");
        let is_remote = self
            .remote_host
            .as_ref()
            .is_some_and(|host| !host.is_empty());
        !embeds && !is_remote && !name.ends_with("cloud")
    }
}
