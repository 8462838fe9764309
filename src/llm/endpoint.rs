//! Where a model of a service is and how it is asked, as the operator sets it up.

use super::meter::Price;
use super::{Rendered, Usage};
use reqwest::Url;
use secrecy::SecretString;
use std::net::IpAddr;
use std::time::Duration;

/// Most tokens that a model may write, unless the operator says otherwise.
///
/// A reply takes about 1,000; the rest is for thinking, which counts in both protocols
/// (<https://platform.openai.com/docs/guides/reasoning>, <https://platform.claude.com/docs/en/build-with-claude/thinking>)
/// and is on by default in many models: a small limit is used up before the first word of the answer. OpenAI advises
/// 25,000 to begin with. Three things speak for less: it is what a service can write in the minute that a request has;
/// some servers refuse a request whose prompt and limit together do not fit into the model's context
/// (<https://github.com/vllm-project/vllm/issues/20409>); and a budget has to set aside the whole limit beforehand.
pub const MAX_OUTPUT_TOKENS: u32 = 8_000;

/// A setting that cannot be worked with, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadEndpoint(pub String);

/// How long one request may take and how soon it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte sent to the last byte read. Default 60 s: half of what a turn has, so that another model
    /// can still be asked.
    pub request: Duration,
    /// Pause before the second try; doubled before the third. Default 500 ms.
    pub backoff: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(60),
            backoff: Duration::from_millis(500),
        }
    }
}

/// How a model is asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Structure {
    /// By its schema; the service holds the model to it.
    #[default]
    Schema,
    /// As the input of the one tool it has and must call, which takes the schema; nothing is run. For services that
    /// hold a model to the form of its tools and to no other: llama.cpp over Anthropic's protocol, many gateways.
    Tool,
    /// As "some JSON object" (OpenAI's `json_object`); the schema stands in the words. Where the protocol has no such
    /// thing, the same as `Words`.
    Object,
    /// In words only.
    Words,
}

/// A model of a service, as the operator names it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Full name, `provider/model`: shown in blocks, part of answer keys.
    pub name: String,
    /// The model's id on the wire.
    pub model: String,
    /// Address of the API, with its version where it has one: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key, if one is needed.
    pub key: Option<SecretString>,
    /// Most tokens the model may write, its thinking included. Default [`MAX_OUTPUT_TOKENS`].
    pub max_output_tokens: u32,
    /// Times.
    pub patience: Patience,
    /// How it is asked for JSON.
    pub structure: Structure,
    /// Whether the service cuts prompts that do not fit and says nothing, as Ollama does
    /// (<https://github.com/ollama/ollama/issues/3839>): what its counts give away is looked at.
    pub cuts_prompts: bool,
    /// What it costs; `None`: not known.
    pub price: Option<Price>,
}

impl Endpoint {
    /// A model with the defaults for all else.
    pub fn new(name: &str, model: &str, base_url: &str, key: Option<SecretString>) -> Self {
        Self {
            name: name.to_owned(),
            model: model.to_owned(),
            base_url: base_url.to_owned(),
            key,
            max_output_tokens: MAX_OUTPUT_TOKENS,
            patience: Patience::default(),
            structure: Structure::default(),
            cuts_prompts: false,
            price: None,
        }
    }
}

impl Endpoint {
    /// Why an answer is of no use whose prompt cannot have been read whole: a token holds no more than one word. `None`:
    /// it may have been, or nothing was counted.
    pub(super) fn unread(&self, words: &Rendered, usage: Usage) -> Option<String> {
        let texts = [&words.system, &words.background, &words.task];
        let least: usize = texts
            .iter()
            .map(|text| text.split_whitespace().count())
            .sum();
        let is_cut = self.cuts_prompts && (1..least as u64).contains(&usage.input);
        is_cut.then(|| {
            format!(
                "the model was shown {} tokens of a prompt of {least} words, the rest was cut off; give it a larger \
                 context where it is run (for Ollama: OLLAMA_CONTEXT_LENGTH)",
                usage.input
            )
        })
    }

    /// Why an answer that ended for want of room is of no use, and what to set. `word`: the service's own.
    ///
    /// Where fewer tokens than allowed were counted, it was not the limit that ended it but the model's context.
    pub(super) fn cut_off(&self, usage: Usage, word: &str) -> String {
        let most = self.max_output_tokens;
        match usage.output {
            written if (1..u64::from(most)).contains(&written) => format!(
                "it was cut off after {written} of {most} tokens ({word}): with the prompt's {} they fill the model's \
                 context; give the model a larger one where it is run",
                usage.input
            ),
            _ => format!(
                "it was cut off at the most tokens it may write, {most} with its thinking ({word}); \
                 `max_output_tokens` in discussions.toml allows it more"
            ),
        }
    }
}

/// The base address with segments behind it. Errors are for the operator.
pub(super) fn address(base: &str, route: &[&str]) -> Result<Url, String> {
    let mut url = Url::parse(base).map_err(|error| {
        format!("the base URL is not an address ({error}); it begins with https://")
    })?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!(
            "the base URL begins with {}:, not with https:// or http://",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(
            "the base URL holds a user, a password or a query; the key has a setting of its own"
                .to_owned(),
        );
    }
    if is_link_local(&url) {
        return Err(
            "the base URL is a link-local address; cloud machines give out their own credentials there"
                .to_owned(),
        );
    }
    url.path_segments_mut()
        .map_err(|()| "the base URL takes no path".to_owned())?
        .pop_if_empty()
        .extend(route);
    Ok(url)
}

fn is_link_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_unicast_link_local()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_link_local())
        }
        Err(_) => false,
    }
}

/// Whether an address leads to this machine itself: `localhost`, names below it (RFC 6761, section 6.3), 127.0.0.0/8, ::1.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        for (base, wanted) in [
            ("http://127.0.0.1:11434/v1", true),
            ("http://127.8.8.8", true),
            ("http://0x7f000001/", true),
            ("http://[::1]:8080", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://LOCALHOST:1", true),
            ("http://localhost./", true),
            ("http://models.localhost", true),
            ("http://localhost.example.com", false),
            ("http://notlocalhost", false),
            ("http://192.168.0.7", false),
            ("https://api.example.com", false),
        ] {
            let found = Url::parse(base).map(|url| is_loopback(&url));
            assert_eq!(found, Ok(wanted), "{base}");
        }
    }

    #[test]
    fn addresses_keep_their_path_and_lead_nowhere_strange() {
        for (base, wanted) in [
            (
                "https://api.example.com/v1",
                "https://api.example.com/v1/chat/completions",
            ),
            (
                "https://api.example.com/v1/",
                "https://api.example.com/v1/chat/completions",
            ),
            (
                "http://127.0.0.1:11434",
                "http://127.0.0.1:11434/chat/completions",
            ),
        ] {
            let url = address(base, &["chat", "completions"]).map(String::from);
            assert_eq!(url.as_deref(), Ok(wanted));
        }
        for base in [
            "",
            "api.example.com",
            "ftp://api.example.com",
            "data:text/plain,x",
            "https://me:secret@api.example.com",
            "https://api.example.com/v1?key=secret",
            "http://169.254.169.254/v1",
            "http://0xa9fea9fe/v1",
            "http://[fe80::1]/v1",
            "http://[::ffff:169.254.169.254]/v1",
        ] {
            let refused = address(base, &["messages"]);
            let is_discreet = |why: &String| !why.contains("secret");
            assert!(refused.as_ref().is_err_and(is_discreet), "{refused:?}");
        }
    }
}
