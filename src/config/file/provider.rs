//! `[providers.NAME]` and `[models."PROVIDER/MODEL"]`: which keys there are and what they take.

use super::tree::{Findings, Located, Section, Value};
use crate::config::models::{Protocol, Structure, TokenLimit, check_model_url};
use crate::config::prices::{self, Price};
use crate::config::reading::shown_address;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) use super::tree::Refusal as Refused;

/// Every key below `providers.NAME` and `models."PROVIDER/MODEL"`.
pub const KEYS: &[&str] = &[
    "protocol",
    "url",
    "key_variable",
    "key_file",
    "structure",
    "token_limit",
    "max_output_tokens",
    "timeout",
    "program",
    "arguments",
    "pass",
    "free",
    "price",
];
/// Those of one model.
const OF_MODELS: &[&str] = &[
    "structure",
    "token_limit",
    "max_output_tokens",
    "timeout",
    "free",
    "price",
];
/// Those of a provider; a price belongs to a model.
const OF_PROVIDERS: &[&str] = &[
    "protocol",
    "url",
    "key_variable",
    "key_file",
    "structure",
    "token_limit",
    "max_output_tokens",
    "timeout",
    "program",
    "arguments",
    "pass",
    "free",
];
/// Those that only a service understands.
const OF_SERVICES: &[&str] = &[
    "url",
    "key_variable",
    "key_file",
    "structure",
    "token_limit",
    "max_output_tokens",
];
/// Those that only a program understands.
const OF_PROGRAMS: &[&str] = &["program", "arguments", "pass"];
const OF_PRICES: &[&str] = &["input", "output", "cached_input", "cache_write"];

const PROTOCOLS: &[(&str, Protocol)] = &[
    ("anthropic", Protocol::Anthropic),
    ("openai", Protocol::OpenAi),
    ("command", Protocol::Command),
];
const STRUCTURES: &[(&str, Structure)] = &[
    ("schema", Structure::Schema),
    ("tool", Structure::Tool),
    ("object", Structure::Object),
    ("words", Structure::Words),
];
const TOKEN_LIMITS: &[(&str, TokenLimit)] = &[
    ("max_completion_tokens", TokenLimit::MaxCompletionTokens),
    ("max_tokens", TokenLimit::MaxTokens),
];

/// Variables that hold the App's own secrets: no model and no program gets them.
const OWN_SECRETS: [&str; 3] = ["PRIVATE_KEY", "WEBHOOK_SECRET", "DATABASE_URL"];
/// Fewest tokens an answer fits into.
const LEAST_OUTPUT: u32 = 200;
/// More than any model writes.
const MOST_OUTPUT: u32 = 200_000;
/// The turn of a persona ends then.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In a variable.
    Variable(String),
    /// In a file.
    File(PathBuf),
}

/// What can be said of a provider and of each of its models.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    /// How JSON is asked for.
    pub structure: Option<Located<Structure>>,
    /// What the limit of tokens is called.
    pub token_limit: Option<Located<TokenLimit>>,
    /// Most tokens of one answer.
    pub max_output_tokens: Option<Located<u32>>,
    /// How long one request may take.
    pub timeout: Option<Located<Duration>>,
    /// What tokens cost; of models only, except for [`Price::FREE`].
    pub price: Option<Located<Price>>,
}

/// `[providers.NAME]`.
#[derive(Debug, Clone)]
pub struct ProviderEntry {
    /// How it is spoken to; `None`: as the built-in provider of that name is.
    pub protocol: Option<Located<Protocol>>,
    /// Address of its API.
    pub url: Option<Located<String>>,
    /// Its key.
    pub key: Option<Located<KeySource>>,
    /// The program to run.
    pub program: Option<Located<String>>,
    /// Its arguments.
    pub arguments: Option<Located<Vec<String>>>,
    /// Variables it sees.
    pub pass: Option<Located<Vec<String>>>,
    /// The rest.
    pub quirks: Quirks,
}

/// Reads entries.
pub(super) struct EntryReader<'h> {
    /// What `~` stands for.
    pub(super) home: Option<&'h Path>,
}

/// Something is wrong, and it is noted.
pub(super) struct Noted;

impl EntryReader<'_> {
    pub(super) fn provider(
        &self,
        name: &str,
        table: &Section<'_>,
        at: usize,
        findings: &mut Findings<'_>,
    ) -> Result<ProviderEntry, Noted> {
        table.refuse_unknown(OF_PROVIDERS, hint, findings);
        let written = table.read("protocol", findings, |value| value.one_of(PROTOCOLS));
        let built_in = Protocol::built_in(name);
        let protocol = match (&written, built_in) {
            (Some(written), Some(own)) if written.value != own => {
                let own = own.as_str();
                findings.add(
                    table.get("protocol").map_or(0, |value| value.at()),
                    format!("the provider `{name}` speaks the protocol {own}; give one that speaks another a name of its own"),
                );
                return Err(Noted);
            }
            (Some(written), _) => written.value,
            (None, Some(own)) => own,
            (None, None) => {
                // One that is written and does not read is told already.
                if table.get("protocol").is_none() {
                    let message = format!(
                        "`providers.{name}` does not say how it is spoken to; write protocol = \"openai\", \
                         \"anthropic\" or \"command\""
                    );
                    findings.add(at, message);
                }
                return Err(Noted);
            }
        };
        refuse_foreign(table, OF_PROVIDERS, protocol, findings);
        let with_key = table.get("key_variable").is_some() || table.get("key_file").is_some();
        let entry = ProviderEntry {
            protocol: written,
            url: table.read("url", findings, |value| url(value, with_key)),
            key: self.key(table, findings),
            program: table.read("program", findings, |value| self.program(value)),
            arguments: table.read("arguments", findings, arguments),
            pass: table.read("pass", findings, pass),
            quirks: quirks(table, findings),
        };
        let needed = match protocol {
            Protocol::Command => ("program", "the program to run"),
            Protocol::Anthropic | Protocol::OpenAi => ("url", "the address of its API"),
        };
        if built_in.is_none() && table.get(needed.0).is_none() {
            let (key, what) = needed;
            let message = format!("`providers.{name}` has no `{key}`: {what}");
            findings.add(at, message);
            return Err(Noted);
        }
        Ok(entry)
    }

    /// `protocol`: of its provider, where that is known.
    pub(super) fn model(
        &self,
        table: &Section<'_>,
        protocol: Option<Protocol>,
        findings: &mut Findings<'_>,
    ) -> Quirks {
        table.refuse_unknown(OF_MODELS, hint, findings);
        if let Some(protocol) = protocol {
            refuse_foreign(table, OF_MODELS, protocol, findings);
        }
        quirks(table, findings)
    }

    fn key(&self, table: &Section<'_>, findings: &mut Findings<'_>) -> Option<Located<KeySource>> {
        let variable = table.read("key_variable", findings, key_variable);
        let file = table.read("key_file", findings, |value| {
            const INSTEAD: &str = "write the whole path of a file that holds the key, or begin it with ~/; the key itself does \
                                   not stand in this file";
            // What is no path is not repeated: it may be the key.
            let path = self.whole_path(value.text(INSTEAD)?);
            let path = path.map_err(|_| Refused::new("is no whole path", INSTEAD))?;
            Ok(KeySource::File(path))
        });
        if let (Some(_), Some(_)) = (&variable, table.get("key_file")) {
            let at = table.get("key_file").map_or(0, |value| value.at());
            findings.add(
                at,
                "`key_variable` says where the key is, too; keep one of them",
            );
        }
        variable.or(file)
    }

    fn program(&self, value: &Value<'_>) -> Result<String, Refused> {
        let text = value.text("write the path of a program, or its name where PATH leads to it")?;
        match text.contains('/') {
            true => Ok(self.whole_path(text)?.display().to_string()),
            false => Ok(text.to_owned()),
        }
    }

    /// A path that leads to the same file wherever the program is started: a working directory may be a repository of
    /// somebody else's.
    fn whole_path(&self, text: &str) -> Result<PathBuf, Refused> {
        let path = match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        };
        match path.is_absolute() {
            true => Ok(path),
            false => Err(Refused::new(
                format!("is `{text}`, which leads to another file from every folder"),
                "write the whole path, or begin it with ~/",
            )),
        }
    }
}

/// What to write in place of keys that people try.
fn hint(key: &str) -> Option<&'static str> {
    match key {
        "key" | "api_key" | "apikey" | "token" | "secret" => Some(
            "keys do not stand in this file: name the variable (key_variable) or the file (key_file) that holds it",
        ),
        "base_url" | "endpoint" | "host" | "address" => Some("write `url`"),
        "args" => Some("write `arguments`"),
        "env" => Some("write `pass`: the names of variables that the program sees"),
        "max_tokens" => Some("write `max_output_tokens`"),
        "price" => Some("a price belongs to a model: [models.\"PROVIDER/MODEL\"]"),
        "model" => Some("models are named in [aliases] and DISCUSSIONS_MODEL, as PROVIDER/MODEL"),
        _ => None,
    }
}

/// Notes those of the `known` keys that mean nothing to the provider's protocol.
fn refuse_foreign(
    table: &Section<'_>,
    known: &[&str],
    protocol: Protocol,
    findings: &mut Findings<'_>,
) {
    let (foreign, owner) = match protocol {
        Protocol::Command => (OF_SERVICES, "for services, and this is a program"),
        Protocol::Anthropic | Protocol::OpenAi => (
            OF_PROGRAMS,
            "for programs (protocol = \"command\"), and this is a service",
        ),
    };
    for key in foreign.iter().filter(|key| known.contains(key)) {
        if let Some(value) = table.get(key) {
            findings.add(
                value.at(),
                format!("`{}` is {owner}; take it out", value.name),
            );
        }
    }
    if protocol == Protocol::Anthropic
        && let Some(value) = table.get("token_limit")
    {
        let message = format!("`{}` is for the protocol openai; take it out", value.name);
        findings.add(value.at(), message);
    }
}

fn quirks(table: &Section<'_>, findings: &mut Findings<'_>) -> Quirks {
    let free = table.read("free", findings, Value::boolean);
    let price = table.get("price").and_then(|_| price(table, findings));
    if let (Some(free), Some(value)) = (&free, table.get("price"))
        && free.value
    {
        let message = format!("`{}` and `free` are both there; keep one", value.name);
        findings.add(value.at(), message);
    }
    let free = free.filter(|free| free.value).map(|free| Located {
        value: Price::FREE,
        place: free.place,
    });
    Quirks {
        structure: table.read("structure", findings, |value| value.one_of(STRUCTURES)),
        token_limit: table.read("token_limit", findings, |value| value.one_of(TOKEN_LIMITS)),
        max_output_tokens: table.read("max_output_tokens", findings, |value| {
            value.integer(
                LEAST_OUTPUT,
                MOST_OUTPUT,
                "write the most tokens of one answer",
            )
        }),
        timeout: table.read("timeout", findings, timeout),
        price: free.or(price),
    }
}

/// `{input = 3.0, output = 15.0, cached_input = 0.3, cache_write = 3.75}`, in dollars for a million tokens.
fn price(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<Located<Price>> {
    let value = table.get("price")?;
    let place = findings.place(value.at());
    let section = value.section(findings)?;
    section.refuse_unknown(OF_PRICES, |_| None, findings);
    let mut amount = |key: &str| section.read(key, findings, amount).map(|found| found.value);
    let (input, output) = (amount("input"), amount("output"));
    let (cached_input, cache_write) = (amount("cached_input"), amount("cache_write"));
    for key in ["input", "output"] {
        if section.get(key).is_none() {
            let message = format!(
                "`{}` does not say `{key}`; write dollars for a million tokens",
                value.name
            );
            findings.add(value.at(), message);
        }
    }
    let input = input?;
    Some(Located {
        value: Price {
            input,
            output: output?,
            cached_input: cached_input.unwrap_or(input),
            // As Anthropic asks; nobody else counts what is written to a cache.
            cache_write: cache_write.unwrap_or((input * 5).div_ceil(4)),
        },
        place,
    })
}

fn amount(value: &Value<'_>) -> Result<u64, Refused> {
    const INSTEAD: &str = "write dollars for a million tokens, like 3.0 or 0.25";
    let Some(written) = value.number() else {
        let why = format!("needs an amount of dollars, not {}", value.describe());
        return Err(Refused::new(why, INSTEAD));
    };
    prices::amount(&written).map_err(|why| Refused::new(why, INSTEAD))
}

fn url(value: &Value<'_>, with_key: bool) -> Result<String, Refused> {
    const INSTEAD: &str = "write an address like https://llm.example.com/v1";
    let text = value.text(INSTEAD)?;
    check_model_url(text, with_key).map_err(|why| {
        let shown = shown_address(text);
        Refused::new(format!("is no address for a model: {shown}{why}"), INSTEAD)
    })?;
    Ok(text.trim_end_matches('/').to_owned())
}

/// The name of a variable. What stands there is not repeated: it may be a key.
fn key_variable(value: &Value<'_>) -> Result<KeySource, Refused> {
    const INSTEAD: &str =
        "write a name in capitals, like GROQ_API_KEY; the key itself does not stand in this file";
    let name = value.text(INSTEAD)?;
    if !is_variable(name) {
        return Err(Refused::new("names no variable", INSTEAD));
    }
    if OWN_SECRETS.contains(&name) {
        let why = format!("is {name}, which is the App's own secret and no key of a provider");
        return Err(Refused::new(why, INSTEAD));
    }
    Ok(KeySource::Variable(name.to_owned()))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn arguments(value: &Value<'_>) -> Result<Vec<String>, Refused> {
    const INSTEAD: &str = "write a list of texts, like [\"--model\", \"{model}\"]";
    let items = value.items(false, INSTEAD)?;
    items.iter().map(|item| item.any_text(INSTEAD)).collect()
}

fn pass(value: &Value<'_>) -> Result<Vec<String>, Refused> {
    const INSTEAD: &str = "write a list of names, like [\"GEMINI_API_KEY\"]";
    let items = value.items(false, INSTEAD)?;
    let name = |item: &Value<'_>| {
        let name = item.text(INSTEAD)?;
        if OWN_SECRETS.contains(&name) {
            let why = format!("names {name}, which is the App's own secret");
            return Err(Refused::new(why, INSTEAD));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match name.chars().all(is_name) {
            true => Ok(name.to_owned()),
            false => Err(Refused::new(
                "holds something that is no name of a variable",
                INSTEAD,
            )),
        }
    };
    items.iter().map(name).collect()
}

/// Seconds or minutes: `45s`, `2m`.
fn timeout(value: &Value<'_>) -> Result<Duration, Refused> {
    const INSTEAD: &str = "write seconds or minutes from 1s to 2m, like 45s";
    let text = value.text(INSTEAD)?;
    let unit = match text.chars().next_back() {
        Some('s') => Some(1),
        Some('m') => Some(60),
        _ => None,
    };
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let seconds = unit
        .filter(|_| is_number)
        .and_then(|unit| digits.parse::<u64>().ok()?.checked_mul(unit));
    let Some(seconds) = seconds else {
        let why = format!("needs a duration, not {}", value.describe());
        return Err(Refused::new(why, INSTEAD));
    };
    let duration = Duration::from_secs(seconds);
    if duration > LONGEST_TIMEOUT {
        let why = format!("is {text}, and a persona's turn ends after 2m");
        return Err(Refused::new(why, INSTEAD));
    }
    if duration.is_zero() {
        return Err(Refused::new(
            format!("is {text}, which is no time at all"),
            INSTEAD,
        ));
    }
    Ok(duration)
}
