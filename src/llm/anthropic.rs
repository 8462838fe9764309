//! Models behind Anthropic's Messages API.
//!
//! Rules and persona, and the discussion so far, are marked as cacheable: within a few minutes they cost a tenth. What
//! changes from turn to turn stands behind them. Wire facts: <https://docs.claude.com/en/api/messages>.

use super::endpoint::{BadEndpoint, Endpoint, Structure};
use super::meter::Meter;
use super::repair::{self, Said, Speaker};
use super::wire::{HttpClient, Tried, Wire};
use super::{Answer, Model, ModelError, Prompt, Rendered, Usage, contract};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The API's version; it has been this one since 2023.
const VERSION: &str = "2023-06-01";

/// A model of Anthropic or of a service that speaks its protocol.
#[derive(Debug)]
pub struct Anthropic {
    endpoint: Endpoint,
    wire: Wire,
}

impl Anthropic {
    /// A model at `endpoint`. A base URL may end in `/v1` or not.
    ///
    /// # Errors
    /// A setting that cannot be worked with.
    pub fn new(client: &HttpClient, endpoint: Endpoint) -> Result<Self, BadEndpoint> {
        let has_version = endpoint.base_url.trim_end_matches('/').ends_with("/v1");
        let route: &[&str] = match has_version {
            true => &["messages"],
            false => &["v1", "messages"],
        };
        let wire = Wire::new(client, &endpoint, route, ("x-api-key", ""))?
            .with_header("anthropic-version", VERSION);
        Ok(Self { endpoint, wire })
    }

    fn body(&self, prompt: &Prompt, words: &Rendered) -> Value {
        let mut content = Vec::new();
        // Empty parts are refused.
        if !words.background.trim().is_empty() {
            content.push(cached(&words.background));
        }
        content.push(json!({"type": "text", "text": words.task}));
        let mut body = json!({
            "model": self.endpoint.model,
            "max_tokens": self.endpoint.max_output_tokens,
            "system": [cached(&words.system)],
            "messages": [{"role": "user", "content": content}],
        });
        match self.endpoint.structure {
            Structure::Schema => {
                body["output_config"] = json!({"format": {"type": "json_schema", "schema": contract::schema(prompt.owes_vote())}});
            }
            Structure::Tool => {
                body["tools"] = json!([{
                    "name": contract::NAME,
                    "description": contract::PURPOSE,
                    "input_schema": contract::tool_schema(prompt),
                }]);
                body["tool_choice"] = json!({
                    "type": "tool",
                    "name": contract::NAME,
                    "disable_parallel_tool_use": true,
                });
            }
            Structure::Object | Structure::Words => {}
        }
        body
    }
}

/// A part of the prompt up to which the service may keep what it read.
fn cached(text: &str) -> Value {
    json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}})
}

#[async_trait]
impl Model for Anthropic {
    fn name(&self) -> &str {
        &self.endpoint.name
    }

    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError> {
        repair::answer(self, &self.endpoint, prompt, meter).await
    }
}

#[async_trait]
impl Speaker for Anthropic {
    async fn say(&self, prompt: &Prompt, words: &Rendered, tries: u32) -> Tried<Said> {
        let tried: Tried<Message> = self.wire.post(&self.body(prompt, words), tries).await;
        tried.and_then(|message| {
            let usage = message.usage.total();
            let handed_in = match self.endpoint.structure {
                Structure::Tool => message.handed_in(),
                _ => None,
            };
            let stopped = message.stop_reason.as_deref();
            Ok(Said {
                usage,
                unusable: self.unusable(stopped, usage, handed_in.is_some()),
                // A service that takes no tools has the model write it down.
                text: handed_in.unwrap_or_else(|| message.text()),
            })
        })
    }
}

impl Anthropic {
    /// Why an answer that stopped for this reason is of no use.
    fn unusable(
        &self,
        stop_reason: Option<&str>,
        usage: Usage,
        is_handed_in: bool,
    ) -> Option<String> {
        match stop_reason {
            None | Some("end_turn" | "stop_sequence") => None,
            Some(word @ ("max_tokens" | "model_context_window_exceeded")) => {
                Some(self.endpoint.cut_off(usage, word))
            }
            Some("tool_use") if is_handed_in => None,
            Some("tool_use") => {
                Some("the model called a tool that it does not have (tool_use)".to_owned())
            }
            Some("refusal") => Some("the model refused to answer (refusal)".to_owned()),
            Some(other) => {
                let other = super::clip::fit(other, &[]);
                Some(format!("it stopped before its end ({other})"))
            }
        }
    }
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Part>,
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Tokens,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    /// Of a call.
    name: Option<String>,
    /// As it was written, so that a member given twice can be seen.
    input: Option<Box<RawValue>>,
}

impl Message {
    /// What the model handed in as an answer's tool; of several, all, which then do not read as one.
    fn handed_in(&self) -> Option<String> {
        let parts = self.content.iter();
        let calls = parts
            .filter(|part| part.kind == "tool_use" && part.name.as_deref() == Some(contract::NAME));
        let inputs = calls.map(|part| part.input.as_ref().map_or("", |input| input.get()));
        inputs.map(str::to_owned).reduce(|all, one| all + &one)
    }

    /// The text; thinking and the like are no part of the answer.
    fn text(self) -> String {
        let texts = self.content.into_iter().filter(|part| part.kind == "text");
        texts.filter_map(|part| part.text).collect()
    }
}

#[derive(Deserialize, Default)]
struct Tokens {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Tokens {
    /// `input_tokens` are only those behind the last mark of the cache.
    fn total(&self) -> Usage {
        let cached = self.cache_read_input_tokens.unwrap_or(0);
        let written = self.cache_creation_input_tokens.unwrap_or(0);
        let fresh = self.input_tokens.unwrap_or(0);
        Usage {
            input: fresh.saturating_add(cached).saturating_add(written),
            cached,
            cache_writes: written,
            output: self.output_tokens.unwrap_or(0),
        }
    }
}
