//! Providers: the built-in ones, what the environment and `discussions.toml` say of each, and the models they have.

use super::file::{KeySource, ProviderEntry, Quirks};
use super::models::{
    Access, ModelSettings, Program, Protocol, Service, TokenLimit, check_model_url, is_loopback,
};
use super::prices::{self, Price};
use super::reading::{Reader, shown_address};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// A provider that need not be written anywhere.
pub(super) struct BuiltIn {
    /// Before the slash of a model's name.
    pub(super) word: &'static str,
    protocol: Protocol,
    /// Variable of the key; empty: it takes none.
    key: &'static str,
    /// Variable of another address.
    url: &'static str,
    /// Its own address.
    at: &'static str,
}

pub(super) const ANTHROPIC: BuiltIn = BuiltIn {
    word: "anthropic",
    protocol: Protocol::Anthropic,
    key: "ANTHROPIC_API_KEY",
    url: "ANTHROPIC_BASE_URL",
    at: "https://api.anthropic.com",
};
pub(super) const OPENAI: BuiltIn = BuiltIn {
    word: "openai",
    protocol: Protocol::OpenAi,
    key: "OPENAI_API_KEY",
    url: "OPENAI_BASE_URL",
    at: "https://api.openai.com/v1",
};
/// At the address where Ollama listens unless told otherwise (<https://github.com/ollama/ollama/blob/main/docs/faq.mdx>).
pub(super) const OLLAMA: BuiltIn = BuiltIn {
    word: "ollama",
    protocol: Protocol::OpenAi,
    key: "",
    url: "OLLAMA_HOST",
    at: "http://127.0.0.1:11434/v1",
};

pub(super) const BUILT_IN: [&BuiltIn; 3] = [&ANTHROPIC, &OPENAI, &OLLAMA];

impl Protocol {
    /// How the built-in provider of that name is spoken to, if there is one.
    pub(super) fn built_in(name: &str) -> Option<Self> {
        let found = BUILT_IN.iter().find(|known| known.word == name);
        found.map(|known| known.protocol)
    }
}

/// A provider with all its settings.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    name: String,
    access: Access,
    /// Whether it is the company's own API, and not another one that speaks its protocol: others know less of it.
    is_original: bool,
    quirks: Quirks,
    origins: BTreeMap<&'static str, String>,
}

impl Provider {
    /// What variables and the file say, the variable first; `None`: something is wrong, and told. `wanted`: the model it
    /// is needed for.
    pub(super) fn read(
        reader: &mut Reader,
        name: &str,
        entry: Option<&ProviderEntry>,
        wanted: &str,
    ) -> Option<Self> {
        let built_in = BUILT_IN.into_iter().find(|known| known.word == name);
        let written = entry.and_then(|entry| entry.protocol.as_ref());
        let protocol = match (written, built_in) {
            (Some(written), _) => written.value,
            (None, Some(known)) => known.protocol,
            (None, None) => return None,
        };
        let mut origins = BTreeMap::new();
        if let Some(written) = written {
            origins.insert("protocol", written.place.line());
        }
        let access = match (protocol, entry) {
            (Protocol::Command, Some(entry)) => program(entry, &mut origins)?,
            (Protocol::Command, None) => return None,
            _ => service(reader, protocol, built_in, entry, wanted, &mut origins)?,
        };
        let is_original = built_in.is_some_and(|known| !known.key.is_empty())
            && matches!(&access, Access::Service(service) if is_own(built_in, &service.base_url));
        Some(Self {
            name: name.to_owned(),
            access,
            is_original,
            quirks: entry.map(|entry| entry.quirks.clone()).unwrap_or_default(),
            origins,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Whether it is the company's own API.
    pub(super) fn is_original(&self) -> bool {
        self.is_original
    }

    /// Where a setting is from.
    pub(super) fn origin(&self, key: &str) -> Option<&str> {
        self.origins.get(key).map(String::as_str)
    }

    /// One of its models. `own`: what is said of that model alone.
    pub(super) fn model(&self, id: &str, own: Option<&Quirks>) -> ModelSettings {
        let none = Quirks::default();
        let (own, general) = (own.unwrap_or(&none), &self.quirks);
        let mut origins = self.origins.clone();
        let mut from = |key, place: &super::file::Place| {
            origins.insert(key, place.line());
        };
        let structure = own.structure.as_ref().or(general.structure.as_ref());
        let token_limit = own.token_limit.as_ref().or(general.token_limit.as_ref());
        let own_max = own.max_output_tokens.as_ref();
        let max_output_tokens = own_max.or(general.max_output_tokens.as_ref());
        let timeout = own.timeout.as_ref().or(general.timeout.as_ref());
        let price = own.price.as_ref().or(general.price.as_ref());
        if let Some(set) = structure {
            from("structure", &set.place);
        }
        if let Some(set) = token_limit {
            from("token_limit", &set.place);
        }
        if let Some(set) = max_output_tokens {
            from("max_output_tokens", &set.place);
        }
        if let Some(set) = timeout {
            from("timeout", &set.place);
        }
        if let Some(set) = price {
            from("price", &set.place);
        }
        let access = match &self.access {
            Access::Service(service) => Access::Service(Service {
                structure: structure.map(|set| set.value),
                token_limit: token_limit.map_or(service.token_limit, |set| set.value),
                max_output_tokens: max_output_tokens.map(|set| set.value),
                ..service.clone()
            }),
            Access::Program(program) => Access::Program(Program {
                arguments: program
                    .arguments
                    .iter()
                    .map(|argument| argument.replace("{model}", id))
                    .collect(),
                ..program.clone()
            }),
        };
        ModelSettings {
            name: format!("{}/{id}", self.name),
            id: id.to_owned(),
            access,
            timeout: timeout.map(|set| set.value),
            price: price.map(|set| set.value).or_else(|| self.price_of(id)),
            origins,
        }
    }

    /// What a model costs that nobody gave a price. Nobody is paid for the tokens of an Ollama, or of a server on this
    /// machine that asks for no key; one that does may be the door to a service that is paid.
    fn price_of(&self, id: &str) -> Option<Price> {
        match &self.access {
            Access::Service(_) if self.is_original => prices::known(&self.name, id),
            Access::Service(service)
                if self.name == OLLAMA.word
                    || (service.key.is_none() && is_loopback(&service.base_url)) =>
            {
                Some(Price::FREE)
            }
            _ => None,
        }
    }
}

fn program(entry: &ProviderEntry, origins: &mut BTreeMap<&'static str, String>) -> Option<Access> {
    // A program that is missing or does not read is told where the file is read.
    let program = entry.program.as_ref()?;
    origins.insert("program", program.place.line());
    let list = |found: &Option<super::file::Located<Vec<String>>>| {
        found
            .as_ref()
            .map(|found| found.value.clone())
            .unwrap_or_default()
    };
    Some(Access::Program(Program {
        program: program.value.clone(),
        arguments: list(&entry.arguments),
        pass: list(&entry.pass),
    }))
}

fn service(
    reader: &mut Reader,
    protocol: Protocol,
    built_in: Option<&BuiltIn>,
    entry: Option<&ProviderEntry>,
    wanted: &str,
    origins: &mut BTreeMap<&'static str, String>,
) -> Option<Access> {
    let source = entry.and_then(|entry| entry.key.as_ref());
    let by_default = built_in
        .map(|known| known.key)
        .filter(|name| !name.is_empty());
    let key = match source {
        Some(source) => {
            let key = key(reader, &source.value, &source.place.to_string(), wanted)?;
            let from = match &source.value {
                KeySource::Variable(name) => name.clone(),
                KeySource::File(path) => path.display().to_string(),
            };
            origins.insert("key", from);
            Some(key)
        }
        None => by_default.and_then(|name| {
            let key = reader.text(name).map(SecretString::from)?;
            origins.insert("key", name.to_owned());
            Some(key)
        }),
    };
    let written = entry.and_then(|entry| entry.url.as_ref());
    let variable = built_in.and_then(|known| Some((known.url, reader.text(known.url)?)));
    let base_url = match (variable, written, built_in) {
        (Some((name, text)), _, _) => {
            origins.insert("url", name.to_owned());
            let text = match name == OLLAMA.url {
                true => ollama_address(&text),
                false => text,
            };
            checked(reader, name, &text, key.is_some())?
        }
        (None, Some(written), _) => {
            origins.insert("url", written.place.line());
            checked(
                reader,
                &written.place.to_string(),
                &written.value,
                key.is_some(),
            )?
        }
        (None, None, Some(known)) => known.at.to_owned(),
        (None, None, None) => return None,
    };
    let is_ollama = built_in.is_some_and(|known| known.word == OLLAMA.word);
    let base_url = match is_ollama && !base_url.ends_with("/v1") {
        true => format!("{base_url}/v1"),
        false => base_url,
    };
    if let (None, Some(name), false) = (&key, by_default, origins.contains_key("url")) {
        reader.problem(
            name,
            format!("is not set, and {wanted} is to be asked with it"),
        );
        return None;
    }
    let is_openai = built_in.is_some_and(|known| known.word == OPENAI.word);
    let token_limit = match is_openai && is_own(built_in, &base_url) {
        true => TokenLimit::MaxCompletionTokens,
        false => TokenLimit::MaxTokens,
    };
    Some(Access::Service(Service {
        protocol,
        base_url,
        key,
        structure: None,
        token_limit,
        cuts_prompts: is_ollama,
        max_output_tokens: None,
    }))
}

/// Whether an address is the company's own, which may be written out as well.
fn is_own(built_in: Option<&BuiltIn>, base_url: &str) -> bool {
    let bare = |url: &str| {
        let url = url.trim_end_matches('/').to_ascii_lowercase();
        url.strip_suffix("/v1").unwrap_or(&url).to_owned()
    };
    built_in.is_some_and(|known| bare(known.at) == bare(base_url))
}

/// The key that the file says where to find.
fn key(reader: &mut Reader, source: &KeySource, at: &str, wanted: &str) -> Option<SecretString> {
    match source {
        KeySource::Variable(name) => {
            let key = reader.text(name);
            if key.is_none() {
                let message =
                    format!("the variable {name} is not set, and {wanted} is to be asked with it");
                reader.problem(at, message);
            }
            key.map(SecretString::from)
        }
        KeySource::File(path) => {
            let shown = path.display();
            let why = match std::fs::read_to_string(path) {
                Ok(text) if text.trim().is_empty() => {
                    format!("`{shown}` is empty; put the key into it")
                }
                Ok(text) => return Some(SecretString::from(text.trim())),
                Err(error) => format!("`{shown}` cannot be read: {error}"),
            };
            reader.problem(at, why);
            None
        }
    }
}

/// `OLLAMA_HOST` as Ollama reads it: a host, a port, both, or an address
/// (<https://github.com/ollama/ollama/blob/main/envconfig/config.go>).
fn ollama_address(text: &str) -> String {
    // "All addresses" is where a server listens; one cannot connect to it.
    let text = text
        .replace("0.0.0.0", "127.0.0.1")
        .replace("[::]", "[::1]");
    if text.contains("://") {
        return text;
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text.as_str(), ""),
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    let port = if port.is_empty() { "11434" } else { port };
    format!("http://{host}:{port}")
}

fn checked(reader: &mut Reader, name: &str, text: &str, with_key: bool) -> Option<String> {
    match check_model_url(text, with_key) {
        Ok(()) => Some(text.trim_end_matches('/').to_owned()),
        Err(why) => {
            reader.problem(name, format!("{}{why}", shown_address(text)));
            None
        }
    }
}
