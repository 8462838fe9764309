//! The models on offer, made from the operator's settings.

use crate::bot::models::{CHECKLIST, Models};
use crate::config::models::{
    Access, ModelSettings, Models as Settings, Program, Protocol, Service, Structure as Asked,
    TokenLimit as Limit,
};
use crate::config::{FindKind, Price as ListPrice, ToFind};
use crate::llm::Model;
use crate::llm::anthropic::Anthropic;
use crate::llm::breaker::Breaker;
use crate::llm::checklist::Checklist;
use crate::llm::command::{Command, CommandSettings, Readers};
use crate::llm::endpoint::{BadEndpoint, Endpoint, Patience, Structure};
use crate::llm::fallback::Fallback;
use crate::llm::listing;
use crate::llm::meter::Price;
use crate::llm::openai::{OpenAi, TokenLimit};
use crate::llm::wire::HttpClient;
use secrecy::ExposeSecret as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a service may take to say which models it has. It is asked at a start, with somebody waiting.
const FIND_TIMEOUT: Duration = Duration::from_secs(1);
/// Models that are named where one has to be chosen.
const NAMED: usize = 8;

/// Everything that may answer: the checklist, each model of the settings, and every list of them as one model. Each
/// model is made once, so that what is learnt about one that is down holds for all lists. The operator's choice is its
/// list, or the only model, or the checklist where it is asked for by name. `readers`: of what goes wrong.
///
/// # Errors
/// A setting that cannot be worked with.
pub fn offered(settings: &Settings, readers: Readers) -> Result<Models, BadEndpoint> {
    let mut models = Models::default().offer(Arc::new(Checklist));
    let mut made: BTreeMap<&str, Arc<dyn Model>> = BTreeMap::new();
    let all: Vec<&ModelSettings> = settings.declared.iter().chain(&settings.chain).collect();
    // Made where it is needed only: it reads the machine's certificates.
    let client = match all.is_empty() {
        true => None,
        false => Some(HttpClient::new()?),
    };
    for (client, one) in client
        .iter()
        .flat_map(|client| all.iter().map(move |one| (client, *one)))
    {
        if !made.contains_key(one.name.as_str()) {
            let model: Arc<dyn Model> =
                Arc::new(Breaker::new(build(client, one, settings, readers)?));
            models = models.offer(model.clone());
            made.insert(&one.name, model);
        }
    }
    for alias in &settings.aliases {
        let name = list(&mut models, &made, alias.models.iter().map(String::as_str));
        let name = name.unwrap_or_else(|| CHECKLIST.to_owned());
        models.aliases.insert(alias.name.clone(), name);
    }
    let chain = settings.chain.iter().map(|one| one.name.as_str());
    models.operator = match settings.checklist {
        true => Some(CHECKLIST.to_owned()),
        false => list(&mut models, &made, chain),
    };
    Ok(models)
}

/// Offers models that stand in for each other; gives the name of the list, `None` for an empty one.
fn list<'a>(
    models: &mut Models,
    made: &BTreeMap<&str, Arc<dyn Model>>,
    names: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let listed: Vec<Arc<dyn Model>> = names.filter_map(|name| made.get(name).cloned()).collect();
    let names: Vec<&str> = listed.iter().map(|model| model.name()).collect();
    let name = names.join(", ");
    if listed.len() > 1 {
        let fallback = Fallback::new(&name, listed);
        models.offered.insert(name.clone(), Arc::new(fallback));
    }
    (!name.is_empty()).then_some(name)
}

/// One model without a breaker around it, and without others that stand in for it.
///
/// # Errors
/// A setting that cannot be worked with.
pub fn alone(one: &ModelSettings, settings: &Settings) -> Result<Arc<dyn Model>, BadEndpoint> {
    build(&HttpClient::new()?, one, settings, Readers::Operator)
}

fn build(
    client: &HttpClient,
    one: &ModelSettings,
    settings: &Settings,
    readers: Readers,
) -> Result<Arc<dyn Model>, BadEndpoint> {
    match &one.access {
        Access::Service(service) => over_http(client, one, service),
        Access::Program(program) => Ok(run(one, program, settings, readers)),
    }
}

fn over_http(
    client: &HttpClient,
    one: &ModelSettings,
    service: &Service,
) -> Result<Arc<dyn Model>, BadEndpoint> {
    let key = service.key.clone();
    let mut endpoint = Endpoint::new(&one.name, &one.id, &service.base_url, key);
    if let Some(most) = service.max_output_tokens {
        endpoint.max_output_tokens = most;
    }
    if let Some(limit) = one.timeout {
        endpoint.patience.request = limit;
    }
    endpoint.structure = match service.structure {
        None => Structure::default(),
        Some(Asked::Schema) => Structure::Schema,
        Some(Asked::Tool) => Structure::Tool,
        Some(Asked::Object) => Structure::Object,
        Some(Asked::Words) => Structure::Words,
    };
    endpoint.cuts_prompts = service.cuts_prompts;
    endpoint.price = one.price.map(price);
    let limit = match service.token_limit {
        Limit::MaxCompletionTokens => TokenLimit::MaxCompletionTokens,
        Limit::MaxTokens => TokenLimit::MaxTokens,
    };
    Ok(match service.protocol {
        Protocol::Anthropic => Arc::new(Anthropic::new(client, endpoint)?),
        Protocol::OpenAi => Arc::new(OpenAi::new(client, endpoint, limit)?),
        Protocol::Command => {
            let why = format!("{} is a program and has no address", one.name);
            return Err(BadEndpoint(why));
        }
    })
}

fn run(
    one: &ModelSettings,
    program: &Program,
    settings: &Settings,
    readers: Readers,
) -> Arc<dyn Model> {
    let command = CommandSettings {
        name: one.name.clone(),
        program: program.program.clone(),
        arguments: program.arguments.clone(),
        pass: program.pass.clone(),
        timeout: one.timeout.unwrap_or(Patience::default().request),
        price: one.price.map(price),
        readers,
    };
    let variable = |name: &str| {
        let value = settings.environment.get(name)?;
        Some(value.expose_secret().to_owned())
    };
    Arc::new(Command::new(command, variable))
}

fn price(list: ListPrice) -> Price {
    Price {
        input: list.input,
        cached: list.cached_input,
        cache_write: list.cache_write,
        output: list.output,
    }
}

/// What came of asking for a model that nobody named.
#[derive(Debug, Clone)]
pub struct Found {
    /// The settings, with the model if one was found.
    pub settings: Settings,
    /// What to tell the operator, if anything.
    pub said: Option<String>,
    /// Whether a service that the operator named has no model to give: nothing answers, and that is not what was meant.
    pub is_amiss: bool,
}

/// Asks for a model where nothing names one: the only model of `OPENAI_BASE_URL`, or an Ollama that is there. Of Ollama's
/// models that can answer, the first of its list is taken, which is the newest one.
///
/// # Errors
/// When `OPENAI_BASE_URL` leads to several models, or to none: one has to be named.
pub async fn found(settings: Settings) -> Result<Found, BadEndpoint> {
    let Some(to_find) = settings.to_find.clone() else {
        return Ok(Found {
            settings,
            said: None,
            is_amiss: false,
        });
    };
    let Some(service) = to_find.service() else {
        return Err(BadEndpoint("a program has no list of models".to_owned()));
    };
    let client = HttpClient::new()?;
    match to_find.kind() {
        FindKind::OnlyModel => only_model(&client, settings, &to_find, service).await,
        FindKind::Ollama => Ok(ollama(&client, settings, &to_find, service).await),
    }
}

async fn only_model(
    client: &HttpClient,
    settings: Settings,
    to_find: &ToFind,
    service: &Service,
) -> Result<Found, BadEndpoint> {
    let told = to_find.told().unwrap_or_default();
    let url = &service.base_url;
    let listed = listing::openai(client, url, service.key.as_ref(), FIND_TIMEOUT).await;
    let why = match listed {
        Ok(ids) if ids.len() == 1 && is_id(&ids[0]) => {
            let said = format!("{told}: asking openai/{}, the only model at {url}", ids[0]);
            return Ok(Found {
                settings: settings.with_found(&ids[0]),
                said: Some(said),
                is_amiss: false,
            });
        }
        Ok(ids) if ids.is_empty() => "it lists none".to_owned(),
        Ok(ids) => {
            let more = match ids.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let ids: Vec<String> = ids.iter().take(NAMED).map(|id| shown(id)).collect();
            format!("it lists {}{more}", ids.join(", "))
        }
        Err(error) => error.to_string(),
    };
    Err(BadEndpoint(format!(
        "{told}: is set, and DISCUSSIONS_MODEL does not say which of its models to ask ({url}: {why}); write \
         DISCUSSIONS_MODEL=openai/MODEL"
    )))
}

async fn ollama(
    client: &HttpClient,
    settings: Settings,
    to_find: &ToFind,
    service: &Service,
) -> Found {
    let url = service.base_url.trim_end_matches("/v1");
    let listed = listing::ollama(client, &service.base_url, FIND_TIMEOUT).await;
    let why = match listed {
        Ok(names) => match names.iter().find(|name| is_id(name)) {
            Some(name) => {
                let said = format!(
                    "no model is named: asking ollama/{name}, the newest that the Ollama at {url} has; \
                     DISCUSSIONS_MODEL names another"
                );
                return Found {
                    settings: settings.with_found(name),
                    said: Some(said),
                    is_amiss: false,
                };
            }
            None => {
                "it has no model that can answer; get one with `ollama pull llama3.2`".to_owned()
            }
        },
        Err(error) => format!("{error}; start it with `ollama serve`"),
    };
    let told = to_find.told();
    Found {
        said: told.map(|told| format!("{told}: the Ollama at {url} gives no model: {why}")),
        is_amiss: told.is_some(),
        settings,
    }
}

/// Whether a service's word can be the id of a model.
fn is_id(word: &str) -> bool {
    (1..=200).contains(&word.len()) && word.chars().all(|c| c.is_ascii_graphic() && c != ',')
}

/// A service's word as it can be printed.
fn shown(word: &str) -> String {
    let plain = word.chars().filter(|c| !c.is_control());
    plain.take(80).collect()
}
