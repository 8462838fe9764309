//! Models behind OpenAI's chat completions, which most other services and local servers speak too.
//!
//! The stable parts of a prompt stand first: services that cache do so by prefix, unasked. Wire facts:
//! <https://platform.openai.com/docs/api-reference/chat>.

use super::endpoint::{BadEndpoint, Endpoint, Structure};
use super::meter::Meter;
use super::repair::{self, Said, Speaker};
use super::wire::{HttpClient, Tried, Wire};
use super::{Answer, Model, ModelError, Prompt, Rendered, Usage, contract};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The member that bounds what a model writes. Newer OpenAI models refuse the old one; Ollama ignores the new one
/// without a word (<https://github.com/ollama/ollama/issues/7125>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenLimit {
    /// `max_completion_tokens`.
    #[default]
    MaxCompletionTokens,
    /// `max_tokens`.
    MaxTokens,
}

/// A model of OpenAI or of a service that speaks its protocol.
#[derive(Debug)]
pub struct OpenAi {
    endpoint: Endpoint,
    limit: TokenLimit,
    wire: Wire,
}

impl OpenAi {
    /// A model at `endpoint`; its base URL ends where `/chat/completions` begins.
    ///
    /// # Errors
    /// A setting that cannot be worked with.
    pub fn new(
        client: &HttpClient,
        endpoint: Endpoint,
        limit: TokenLimit,
    ) -> Result<Self, BadEndpoint> {
        let route = ["chat", "completions"];
        let wire = Wire::new(client, &endpoint, &route, ("authorization", "Bearer "))?;
        Ok(Self {
            endpoint,
            limit,
            wire,
        })
    }

    fn body(&self, prompt: &Prompt, words: &Rendered) -> Value {
        let user = format!("{}\n\n{}", words.background, words.task);
        let mut body = json!({
            "model": self.endpoint.model,
            "messages": [
                {"role": "system", "content": words.system},
                {"role": "user", "content": user.trim_start()},
            ],
        });
        let limit = match self.limit {
            TokenLimit::MaxCompletionTokens => "max_completion_tokens",
            TokenLimit::MaxTokens => "max_tokens",
        };
        body[limit] = json!(self.endpoint.max_output_tokens);
        match self.endpoint.structure {
            Structure::Schema => {
                let schema = contract::schema(prompt.owes_vote());
                body["response_format"] = json!({
                    "type": "json_schema",
                    "json_schema": {"name": contract::NAME, "strict": true, "schema": schema},
                });
            }
            Structure::Tool => {
                body["tools"] = json!([{
                    "type": "function",
                    "function": {
                        "name": contract::NAME,
                        "description": contract::PURPOSE,
                        "parameters": contract::tool_schema(prompt),
                    },
                }]);
                // By its name would be the same, and is understood by fewer services.
                body["tool_choice"] = json!("required");
            }
            Structure::Object => body["response_format"] = json!({"type": "json_object"}),
            Structure::Words => {}
        }
        body
    }
}

#[async_trait]
impl Model for OpenAi {
    fn name(&self) -> &str {
        &self.endpoint.name
    }

    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError> {
        repair::answer(self, &self.endpoint, prompt, meter).await
    }
}

#[async_trait]
impl Speaker for OpenAi {
    async fn say(&self, prompt: &Prompt, words: &Rendered, tries: u32) -> Tried<Said> {
        let tried: Tried<Completion> = self.wire.post(&self.body(prompt, words), tries).await;
        tried.and_then(|completion| completion.said(&self.endpoint))
    }
}

impl Completion {
    fn said(self, endpoint: &Endpoint) -> Result<Said, ModelError> {
        let usage = self.usage.unwrap_or_default().total();
        let Some(choice) = self.choices.into_iter().next() else {
            return Ok(Said {
                usage,
                unusable: Some("the service's answer holds no choice".to_owned()),
                text: String::new(),
            });
        };
        let handed_in = match endpoint.structure {
            Structure::Tool => choice.message.handed_in(),
            _ => None,
        };
        Ok(Said {
            usage,
            unusable: choice.unusable(endpoint, usage, handed_in.is_some()),
            // A service that takes no tools has the model write it down.
            text: handed_in.unwrap_or_else(|| choice.message.text()),
        })
    }
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Content>,
    refusal: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    /// JSON in a string; some services give the object itself.
    arguments: Option<Box<RawValue>>,
}

/// Some services give the text in parts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

impl Choice {
    /// Why the answer is of no use, if so. Reasons that are not known pass: a text that was cut does not read.
    fn unusable(&self, endpoint: &Endpoint, usage: Usage, is_handed_in: bool) -> Option<String> {
        let refusal = self.message.refusal.as_deref();
        if let Some(words) = refusal.filter(|words| !words.trim().is_empty()) {
            let words = super::clip::fit(words, &[]);
            return Some(format!("the model refused to answer: {words}"));
        }
        match self.finish_reason.as_deref()? {
            word @ "length" => Some(endpoint.cut_off(usage, word)),
            "content_filter" => {
                Some("the service's content filter stopped it (content_filter)".to_owned())
            }
            "tool_calls" if is_handed_in => None,
            "tool_calls" | "function_call" => {
                Some("the model called a tool that it does not have (tool_calls)".to_owned())
            }
            _ => None,
        }
    }
}

impl Function {
    fn arguments(&self) -> String {
        let written = self.arguments.as_ref().map_or("", |json| json.get());
        serde_json::from_str(written).unwrap_or_else(|_| written.to_owned())
    }
}

impl Message {
    /// What the model handed in as an answer's tool; of several, all, which then do not read as one.
    fn handed_in(&self) -> Option<String> {
        let calls = self.tool_calls.iter().flatten();
        let functions = calls.filter_map(|call| call.function.as_ref());
        let ours = functions.filter(|function| function.name.as_deref() == Some(contract::NAME));
        ours.map(Function::arguments).reduce(|all, one| all + &one)
    }

    fn text(self) -> String {
        match self.content {
            None => String::new(),
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

#[derive(Deserialize, Default)]
struct Tokens {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

impl Tokens {
    /// `prompt_tokens` hold what was cached.
    fn total(&self) -> Usage {
        let details = self.prompt_tokens_details.as_ref();
        Usage {
            input: self.prompt_tokens.unwrap_or(0),
            cached: details.and_then(|d| d.cached_tokens).unwrap_or(0),
            output: self.completion_tokens.unwrap_or(0),
            ..Usage::default()
        }
    }
}
