//! Which models may answer for personas, and where they are reached: `DISCUSSIONS_MODEL`, the variables of the
//! providers under the names that people know from other tools, and `discussions.toml` (see `file`).

use super::file::{self, Whereabouts};
use super::finding::ToFind;
use super::offer::Catalog;
use super::prices::Price;
use super::reading::{Reader, check_url, names_somebody};
use reqwest::Url;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The name of the built-in rules; see `llm::checklist`.
pub const CHECKLIST: &str = "checklist";
/// The alias that answers where nothing else is said.
pub const DEFAULT: &str = "default";

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's chat completions, which many others offer as well.
    OpenAi,
    /// A program that reads the prompt and writes the answer.
    Command,
}

impl Protocol {
    /// As it is written in `discussions.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Command => "command",
        }
    }
}

/// How JSON is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// By its schema.
    Schema,
    /// As the input of a tool that has to be called.
    Tool,
    /// As some JSON object.
    Object,
    /// In words only.
    Words,
}

/// What the limit of tokens is called in OpenAI's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_completion_tokens`.
    MaxCompletionTokens,
    /// `max_tokens`.
    MaxTokens,
}

/// A model behind an API.
#[derive(Debug, Clone)]
pub struct Service {
    /// How it is spoken to; never [`Protocol::Command`].
    pub protocol: Protocol,
    /// Address of the API, without a slash at its end.
    pub base_url: String,
    /// Key; `None` where none is needed.
    pub key: Option<SecretString>,
    /// `None`: by its schema.
    pub structure: Option<Structure>,
    /// Of OpenAI's protocol.
    pub token_limit: TokenLimit,
    /// Whether it cuts prompts that do not fit, without a word.
    pub cuts_prompts: bool,
    /// Most tokens of one answer; `None`: as `llm::endpoint` says.
    pub max_output_tokens: Option<u32>,
}

/// A program that answers.
#[derive(Debug, Clone)]
pub struct Program {
    /// A whole path, or a name that `PATH` leads to.
    pub program: String,
    /// Its arguments; `{model}` is filled in already.
    pub arguments: Vec<String>,
    /// Names of variables that it sees.
    pub pass: Vec<String>,
}

/// How a model is reached.
#[derive(Debug, Clone)]
pub enum Access {
    /// Over HTTP.
    Service(Service),
    /// By running it.
    Program(Program),
}

/// One model with all that is needed to ask it.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// Full name: `anthropic/claude-sonnet-4-5`.
    pub name: String,
    /// What the provider calls it.
    pub id: String,
    /// How it is reached.
    pub access: Access,
    /// How long one request may take; `None`: as `llm` says.
    pub timeout: Option<Duration>,
    /// What its tokens cost; `None`: not known.
    pub price: Option<Price>,
    /// Where a setting is from, by its key in `discussions.toml`: a variable, or file and line. What is built in has no
    /// entry.
    pub origins: BTreeMap<&'static str, String>,
}

impl ModelSettings {
    /// The provider's name.
    pub fn provider(&self) -> &str {
        let (provider, _) = self.name.split_once('/').unwrap_or((&self.name, ""));
        provider
    }

    /// How it is spoken to.
    pub fn protocol(&self) -> Protocol {
        match &self.access {
            Access::Service(service) => service.protocol,
            Access::Program(_) => Protocol::Command,
        }
    }
}

/// A name of the operator's for models that stand in for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// `fast`.
    pub name: String,
    /// Names of the models, the first one first; empty: the built-in checklists.
    pub models: Vec<String>,
    /// File and line; for `default` also the variable that comes before them.
    pub from: String,
}

/// What the operator's settings say about models.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// Those that stand in for each other where nothing else is named, the first one first. Empty with `checklist`, or
    /// where nothing is configured.
    pub chain: Vec<ModelSettings>,
    /// Whether the built-in checklists answer, and their votes count: `DISCUSSIONS_MODEL=checklist`.
    pub checklist: bool,
    /// All that repositories may name, `chain` included, each once.
    pub declared: Vec<ModelSettings>,
    /// Names for lists of them.
    pub aliases: Vec<Alias>,
    /// What chose `chain`: a variable, or file and line.
    pub chosen_by: Option<String>,
    /// Nothing names a model, and a service may be asked which it has; see [`Models::with_found`].
    pub to_find: Option<ToFind>,
    /// The `discussions.toml` that was read.
    pub file: Option<PathBuf>,
    /// Variables that programs may see, if a program is among the models.
    pub environment: BTreeMap<String, SecretString>,
}

impl Models {
    /// Whether anything is configured.
    pub fn is_configured(&self) -> bool {
        self.checklist || !self.chain.is_empty()
    }

    /// Lets `models` answer for the alias `default`, too. Personas name it where they mean the operator's choice, so a
    /// variable that makes another choice than the file is meant by it.
    pub(super) fn answer_by_default(&mut self, models: Vec<String>, by: &str) {
        let alias = self.aliases.iter_mut().find(|alias| alias.name == DEFAULT);
        if let Some(alias) = alias.filter(|alias| alias.from != by) {
            alias.models = models;
            alias.from = format!("{by}, which comes before {}", alias.from);
        }
    }

    /// The same with a model that was found, which answers from now on.
    pub fn with_found(mut self, id: &str) -> Self {
        if let Some(to_find) = self.to_find.take() {
            let model = to_find.model(id);
            self.chosen_by = Some(to_find.chosen_by().to_owned());
            self.declared.retain(|other| other.name != model.name);
            self.declared.push(model.clone());
            self.chain = vec![model];
        }
        self
    }
}

impl Reader {
    /// `DISCUSSIONS_MODEL` if it is set; else the alias `default`; else the first of Anthropic's key, OpenAI's key or
    /// address, and Ollama.
    pub(super) fn models(&mut self) -> Models {
        let whereabouts = Whereabouts {
            named: self.text("DISCUSSIONS_CONFIG"),
            config_home: self.text("XDG_CONFIG_HOME"),
            home: self.text("HOME"),
        };
        match file::read(&whereabouts) {
            Ok(file) => Catalog::new(self, &file).models(),
            Err(problems) => {
                self.problems.extend(problems);
                Models::default()
            }
        }
    }
}

/// An address that prompts may be sent to. Without a key it may be unencrypted: models often run in the same network.
/// Link-local addresses are where clouds keep their machines' secrets, and no model.
pub(super) fn check_model_url(text: &str, with_key: bool) -> Result<(), String> {
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
    let is_plain = url.query().is_none() && url.fragment().is_none();
    if url.scheme() == "http" && !with_key && is_plain && !names_somebody(&url) {
        return Ok(());
    }
    check_url(text)
}

/// Whether an address is this machine.
pub(super) fn is_loopback(text: &str) -> bool {
    let url = Url::parse(text).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
