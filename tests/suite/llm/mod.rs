//! Language models on the panel: services that fail in every way, programs, and models that stand in for others.

mod at_home;
mod budget;
mod chosen;
mod command;
mod contract;
mod double;
mod fallback;
mod faults;
mod file;
mod llmock;
mod local_model;
mod metering;
mod operator;
mod panel;
mod replay;
mod requests;
mod spending;

use discussions::engine::persona::{Persona, Personas};
use discussions::engine::reply::Limits;
use discussions::ids::Alias;
use discussions::llm::anthropic::Anthropic;
use discussions::llm::endpoint::{Endpoint, Patience};
use discussions::llm::openai::{OpenAi, TokenLimit};
use discussions::llm::wire::HttpClient;
use discussions::llm::{Model, Prompt};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

/// A key that would stand out anywhere.
const KEY: &str = "correct-horse-battery-staple";

/// A good answer, as a model writes it.
const GOOD: &str = r#"{"comment":"Fine.","vote":"READY","questions":[],"concerns":[],"resolved":[],"silence":false}"#;

/// The two protocols, so that every fault meets both.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Protocol {
    Anthropic,
    OpenAi,
}

const PROTOCOLS: [Protocol; 2] = [Protocol::Anthropic, Protocol::OpenAi];

impl Protocol {
    /// The body of a success: the text, why it stopped (`None`: at its end), and 100 tokens in, 40 of them cached, 7
    /// out.
    fn said(self, text: &str, stopped: Option<&str>) -> Value {
        match self {
            Self::Anthropic => json!({
                "type": "message",
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": text}],
                "stop_reason": stopped.unwrap_or("end_turn"),
                "usage": {
                    "input_tokens": 50,
                    "cache_read_input_tokens": 40,
                    "cache_creation_input_tokens": 10,
                    "output_tokens": 7,
                },
            }),
            Self::OpenAi => json!({
                "object": "chat.completion",
                "choices": [{
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": null},
                    "finish_reason": stopped.unwrap_or("stop"),
                }],
                "usage": {
                    "prompt_tokens": 100,
                    "completion_tokens": 7,
                    "prompt_tokens_details": {"cached_tokens": 40},
                },
            }),
        }
    }

    /// The body of an error.
    fn complaint(self, words: &str) -> String {
        let error = json!({"type": "some_error", "message": words});
        match self {
            Self::Anthropic => json!({"type": "error", "error": error}),
            Self::OpenAi => json!({"error": error}),
        }
        .to_string()
    }

    fn endpoint(self, url: &str) -> Endpoint {
        let (name, base) = match self {
            Self::Anthropic => ("anthropic/test", url.to_owned()),
            Self::OpenAi => ("openai/test", format!("{url}/v1")),
        };
        Endpoint {
            patience: patient(),
            ..Endpoint::new(name, "test-1", &base, Some(KEY.into()))
        }
    }

    fn model_at(self, endpoint: Endpoint) -> Box<dyn Model> {
        // One for all: reading the machine's certificates takes its time.
        static CLIENT: LazyLock<HttpClient> = LazyLock::new(|| HttpClient::new().unwrap());
        match self {
            Self::Anthropic => Box::new(Anthropic::new(&CLIENT, endpoint).unwrap()),
            Self::OpenAi => {
                let limit = TokenLimit::default();
                Box::new(OpenAi::new(&CLIENT, endpoint, limit).unwrap())
            }
        }
    }

    fn model(self, url: &str) -> Box<dyn Model> {
        self.model_at(self.endpoint(url))
    }
}

/// Long enough for a slow machine, and next to no pause between tries.
fn patient() -> Patience {
    Patience {
        request: Duration::from_secs(60),
        backoff: Duration::from_millis(1),
    }
}

/// A persona that votes.
static PERSONA: LazyLock<Persona> = LazyLock::new(|| {
    let alias = Alias::parse("security").unwrap();
    Personas::built_in().get(&alias).unwrap().clone()
});

fn prompt() -> Prompt {
    Prompt {
        persona: PERSONA.clone(),
        title: "Sign in with a link".to_owned(),
        proposal: "We send a link that signs people in.".to_owned(),
        transcript: String::new(),
        phase: "Draft: a first look".to_owned(),
        own_open: Vec::new(),
        by_people: Vec::new(),
        previous_vote: None,
        question: None,
        limits: Limits::default(),
        fence: "f00dcafe".to_owned(),
    }
}
