//! Which models may answer for personas, and where they are reached: `DISCUSSIONS_MODEL` and the variables of the
//! providers, under the names that people know from other tools.

use super::reading::{Reader, check_url};
use reqwest::Url;
use secrecy::SecretString;
use std::net::IpAddr;

/// The name of the built-in rules; see `llm::checklist`.
pub const CHECKLIST: &str = "checklist";

/// Model that is taken where only a key of Anthropic's is given.
const ANTHROPIC_MODEL: &str = "claude-sonnet-4-5";
/// Model that is taken where only a key of OpenAI's is given.
const OPENAI_MODEL: &str = "gpt-5-mini";

/// A provider that is reached with a key.
struct Service {
    /// Before the slash of a model's name.
    word: &'static str,
    protocol: Protocol,
    /// Variable of the key.
    key: &'static str,
    /// Variable of another address.
    url: &'static str,
    /// Its own address.
    at: &'static str,
}

const ANTHROPIC: Service = Service {
    word: "anthropic",
    protocol: Protocol::Anthropic,
    key: "ANTHROPIC_API_KEY",
    url: "ANTHROPIC_BASE_URL",
    at: "https://api.anthropic.com",
};
const OPENAI: Service = Service {
    word: "openai",
    protocol: Protocol::OpenAi,
    key: "OPENAI_API_KEY",
    url: "OPENAI_BASE_URL",
    at: "https://api.openai.com/v1",
};

/// Where Ollama listens unless told otherwise (<https://github.com/ollama/ollama/blob/main/docs/faq.mdx>).
const OLLAMA_HOST: &str = "http://127.0.0.1:11434";

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's chat completions, which many others offer as well.
    OpenAi,
}

/// Who offers models, as it stands before the slash of a model's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `anthropic`: `ANTHROPIC_API_KEY`.
    Anthropic,
    /// `openai`: `OPENAI_API_KEY`, `OPENAI_BASE_URL` for others that speak its protocol.
    OpenAi,
    /// `ollama`: `OLLAMA_HOST`, no key.
    Ollama,
}

const PROVIDERS: [(&str, Provider); 3] = [
    ("anthropic", Provider::Anthropic),
    ("openai", Provider::OpenAi),
    ("ollama", Provider::Ollama),
];

/// One model with all that is needed to ask it.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// Full name: `anthropic/claude-sonnet-4-5`.
    pub name: String,
    /// What the provider calls it.
    pub id: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Address of the API, without a slash at its end.
    pub base_url: String,
    /// Key; `None` where none is needed.
    pub key: Option<SecretString>,
    /// Whether it is the provider's own API, and not another one that speaks its protocol: others know less of it.
    pub is_original: bool,
}

/// What the operator's settings say about models.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// Those that stand in for each other, the first one first. Empty with `checklist`, or where nothing is configured.
    pub chain: Vec<ModelSettings>,
    /// Whether the built-in checklists answer, and their votes count: `DISCUSSIONS_MODEL=checklist`.
    pub checklist: bool,
}

impl Models {
    /// Whether anything is configured.
    pub fn is_configured(&self) -> bool {
        self.checklist || !self.chain.is_empty()
    }
}

impl Reader {
    /// `DISCUSSIONS_MODEL` if it is set; else the first of Anthropic's key, OpenAI's key or address, and Ollama's.
    pub(super) fn models(&mut self) -> Models {
        let Some(list) = self.text("DISCUSSIONS_MODEL") else {
            return self.models_by_key();
        };
        let names: Vec<&str> = list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        if names == [CHECKLIST] {
            return Models {
                checklist: true,
                ..Models::default()
            };
        }
        let chain = names.iter().filter_map(|name| self.model_named(name));
        Models {
            chain: chain.collect(),
            checklist: false,
        }
    }

    fn models_by_key(&mut self) -> Models {
        let has = |name: &str| self.text(name).is_some();
        let (provider, id) = if has("ANTHROPIC_API_KEY") {
            (Provider::Anthropic, ANTHROPIC_MODEL)
        } else if has("OPENAI_API_KEY") && !has("OPENAI_BASE_URL") {
            (Provider::OpenAi, OPENAI_MODEL)
        } else {
            if let Some(name) = ["OPENAI_BASE_URL", "OLLAMA_HOST"]
                .into_iter()
                .find(|n| has(n))
            {
                let message = "is set, and DISCUSSIONS_MODEL does not say which of its models to ask; write \
                               DISCUSSIONS_MODEL=openai/MODEL or ollama/MODEL";
                self.problem(name, message);
            }
            return Models::default();
        };
        let model = self.model_of(provider, id);
        Models {
            chain: model.into_iter().collect(),
            checklist: false,
        }
    }

    fn model_named(&mut self, name: &str) -> Option<ModelSettings> {
        let found = name.split_once('/').and_then(|(provider, id)| {
            let row = PROVIDERS.iter().find(|(known, _)| *known == provider);
            row.map(|(_, provider)| (*provider, id))
        });
        let is_plain = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_graphic());
        match found.filter(|(_, id)| is_plain(id)) {
            Some((provider, id)) => self.model_of(provider, id),
            None => {
                let message = format!(
                    "`{name}` is no model that is known here; write `checklist` alone, or a list of \
                     anthropic/MODEL, openai/MODEL and ollama/MODEL with commas between them: where one is away, the \
                     next one stands in"
                );
                self.problem("DISCUSSIONS_MODEL", message);
                None
            }
        }
    }

    fn model_of(&mut self, provider: Provider, id: &str) -> Option<ModelSettings> {
        match provider {
            Provider::Anthropic => self.hosted(&ANTHROPIC, id),
            Provider::OpenAi => self.hosted(&OPENAI, id),
            Provider::Ollama => Some(ModelSettings {
                name: format!("ollama/{id}"),
                id: id.to_owned(),
                protocol: Protocol::OpenAi,
                base_url: format!("{}/v1", self.ollama_host()?),
                key: None,
                is_original: false,
            }),
        }
    }

    /// A model of a service with a key and an address of its own, or of another one that speaks its protocol.
    fn hosted(&mut self, service: &Service, id: &str) -> Option<ModelSettings> {
        let key = self.text(service.key).map(SecretString::from);
        let url = self.model_url(service.url, key.is_some());
        let name = format!("{}/{id}", service.word);
        if url.is_none() && key.is_none() {
            let message = format!("is not set, and {name} is to be asked with it");
            self.problem(service.key, message);
            return None;
        }
        Some(ModelSettings {
            name,
            id: id.to_owned(),
            protocol: service.protocol,
            is_original: url.is_none(),
            base_url: url.unwrap_or(service.at.to_owned()),
            key,
        })
    }

    /// `OLLAMA_HOST` as Ollama reads it: a host, a host with a port, or an address.
    fn ollama_host(&mut self) -> Option<String> {
        let Some(text) = self.text("OLLAMA_HOST") else {
            return Some(OLLAMA_HOST.to_owned());
        };
        // "All addresses" is where a server listens; one cannot connect to it.
        let text = text.replace("0.0.0.0", "127.0.0.1");
        let address = match text.contains("://") {
            true => text,
            false if text.contains(':') => format!("http://{text}"),
            false => format!("http://{text}:11434"),
        };
        self.checked_url("OLLAMA_HOST", &address, false)
    }

    fn model_url(&mut self, name: &str, with_key: bool) -> Option<String> {
        let text = self.text(name)?;
        self.checked_url(name, &text, with_key)
    }

    /// An address that prompts may be sent to. Without a key it may be unencrypted: models often run in the same
    /// network. Link-local addresses are where clouds keep their machines' secrets, and no model.
    fn checked_url(&mut self, name: &str, text: &str, with_key: bool) -> Option<String> {
        match check_model_url(text, with_key) {
            Ok(()) => Some(text.trim_end_matches('/').to_owned()),
            Err(why) => {
                self.problem(name, format!("`{text}` {why}"));
                None
            }
        }
    }
}

fn check_model_url(text: &str, with_key: bool) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| format!("is not a web address: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    let is_link_local = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            let mapped = address.to_ipv4_mapped();
            address.is_unicast_link_local() || mapped.is_some_and(|v4| v4.is_link_local())
        }
        Err(_) => false,
    };
    if is_link_local {
        return Err("is a link-local address, where no model is".to_owned());
    }
    if url.scheme() == "http" && !with_key && url.query().is_none() && url.fragment().is_none() {
        return Ok(());
    }
    check_url(text)
}
