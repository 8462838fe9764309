//! The list of models, as text and as JSON. A key is told by where it is, never by what it is.

use super::check::Checked;
use super::in_order;
use crate::cli::output::{BOLD, DIM, GREEN, Output, RED, styled};
use crate::config::Price;
use crate::config::models::{
    Access, Alias, CHECKLIST, ModelSettings, Models, Structure, TokenLimit,
};
use serde::Serialize;

/// A setting of a model in words, and where it is from.
struct Row {
    key: &'static str,
    value: String,
    from: Option<String>,
}

pub(super) fn text(settings: &Models, checked: &[Checked], output: &Output) {
    for one in in_order(settings) {
        let price = one
            .price
            .map_or("price not known".to_owned(), |price| price.to_string());
        output.result(format!("{}  {price}", styled(BOLD, &one.name)));
        for row in rows(one) {
            let from = row.from.unwrap_or_else(|| "built in".to_owned());
            let from = styled(DIM, format!("({from})"));
            output.result(format!("    {:<18} {}  {from}", row.key, row.value));
        }
        if let Some(checked) = checked.iter().find(|checked| checked.name == one.name) {
            output.result(format!("    {:<18} {}", "check", told(checked)));
        }
    }
    let by = settings.chosen_by.as_deref().unwrap_or_default();
    if settings.is_configured() {
        output.result(format!(
            "{}  {}  {}",
            styled(BOLD, "who answers"),
            order(
                &settings
                    .chain
                    .iter()
                    .map(|one| one.name.as_str())
                    .collect::<Vec<_>>()
            ),
            styled(DIM, format!("({by})"))
        ));
    }
    for alias in &settings.aliases {
        let names: Vec<&str> = alias.models.iter().map(String::as_str).collect();
        let from = styled(DIM, format!("({})", alias.from));
        let name = styled(BOLD, format!("alias {}", alias.name));
        output.result(format!("{name}  {}  {from}", order(&names)));
    }
    if let Some(path) = &settings.file {
        output.note(format!("{}: read", path.display()));
    }
}

/// Names in the order in which they stand in for each other.
fn order(names: &[&str]) -> String {
    match names {
        [] => CHECKLIST.to_owned(),
        names => names.join(", then "),
    }
}

fn told(checked: &Checked) -> String {
    let seconds = checked.took.as_secs_f64();
    match &checked.came {
        Ok(answer) => {
            let usage = answer.usage;
            let words = format!(
                "ok in {seconds:.1} s, {} tokens in, {} out",
                usage.input, usage.output
            );
            styled(GREEN, words)
        }
        Err(why) => styled(RED, format!("failed after {seconds:.1} s: {why}")),
    }
}

/// What is worth telling of a model: how it is reached, and what the operator set.
fn rows(one: &ModelSettings) -> Vec<Row> {
    let from = |key: &str| one.origins.get(key).cloned();
    let mut rows = vec![Row {
        key: "protocol",
        value: one.protocol().as_str().to_owned(),
        from: from("protocol"),
    }];
    let mut add = |key, value: Option<String>| {
        rows.extend(value.map(|value| Row {
            key,
            value,
            from: from(key),
        }));
    };
    match &one.access {
        Access::Service(service) => {
            add("url", Some(service.base_url.clone()));
            add("key", service.key.as_ref().map(|_| "set".to_owned()));
            let structure = service.structure.map(|structure| match structure {
                Structure::Schema => "schema",
                Structure::Tool => "tool",
                Structure::Object => "object",
                Structure::Words => "words",
            });
            add("structure", structure.map(str::to_owned));
            let limit = match service.token_limit {
                TokenLimit::MaxCompletionTokens => "max_completion_tokens",
                TokenLimit::MaxTokens => "max_tokens",
            };
            let is_set = one.origins.contains_key("token_limit");
            add("token_limit", is_set.then(|| limit.to_owned()));
            let most = service.max_output_tokens;
            add("max_output_tokens", most.map(|most| most.to_string()));
        }
        Access::Program(program) => {
            let words = std::iter::once(&program.program).chain(&program.arguments);
            let words: Vec<&str> = words.map(String::as_str).collect();
            add("program", Some(words.join(" ")));
            let pass = (!program.pass.is_empty()).then(|| program.pass.join(", "));
            add("pass", pass);
        }
    }
    add(
        "timeout",
        one.timeout.map(|limit| format!("{}s", limit.as_secs())),
    );
    add(
        "price",
        one.price
            .filter(|_| one.origins.contains_key("price"))
            .map(|price| price.to_string()),
    );
    rows
}

/// `discussions/models@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct ModelsJson<'a> {
    schema: &'static str,
    /// The `discussions.toml` that was read.
    file: Option<String>,
    /// Whether anything is configured.
    configured: bool,
    /// Who answers where nothing else is said: names in their order, or `checklist`.
    default: Vec<&'a str>,
    default_from: Option<&'a str>,
    models: Vec<ModelJson<'a>>,
    aliases: Vec<AliasJson<'a>>,
}

#[derive(Serialize)]
struct ModelJson<'a> {
    name: &'a str,
    provider: &'a str,
    settings: Vec<SettingJson>,
    /// Nano-dollars for a token, which are thousandths of a dollar for a million.
    price: Option<PriceJson>,
    price_from: Option<&'a str>,
    check: Option<CheckJson<'a>>,
}

#[derive(Serialize)]
struct SettingJson {
    key: &'static str,
    value: String,
    /// A variable, or file and line; null: built in.
    from: Option<String>,
}

#[derive(Serialize)]
struct PriceJson {
    input: u64,
    cached_input: u64,
    cache_write: u64,
    output: u64,
}

impl From<Price> for PriceJson {
    fn from(price: Price) -> Self {
        Self {
            input: price.input,
            cached_input: price.cached_input,
            cache_write: price.cache_write,
            output: price.output,
        }
    }
}

#[derive(Serialize)]
struct CheckJson<'a> {
    ok: bool,
    milliseconds: u128,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct AliasJson<'a> {
    name: &'a str,
    models: Vec<&'a str>,
    from: &'a str,
}

pub(super) fn json(settings: &Models, checked: &[Checked], output: &Output) {
    let models = in_order(settings).into_iter().map(|one| ModelJson {
        name: &one.name,
        provider: one.provider(),
        settings: rows(one)
            .into_iter()
            .filter(|row| row.key != "price")
            .map(|row| SettingJson {
                key: row.key,
                value: row.value,
                from: row.from,
            })
            .collect(),
        price: one.price.map(PriceJson::from),
        price_from: one.origins.get("price").map(String::as_str),
        check: checked
            .iter()
            .find(|checked| checked.name == one.name)
            .map(check),
    });
    output.json(&ModelsJson {
        schema: "discussions/models@1",
        file: settings
            .file
            .as_ref()
            .map(|path| path.display().to_string()),
        configured: settings.is_configured(),
        default: match settings.checklist {
            true => vec![CHECKLIST],
            false => settings.chain.iter().map(|one| one.name.as_str()).collect(),
        },
        default_from: settings.chosen_by.as_deref(),
        models: models.collect(),
        aliases: settings.aliases.iter().map(alias).collect(),
    });
}

fn check(checked: &Checked) -> CheckJson<'_> {
    let usage = checked.came.as_ref().ok().map(|answer| answer.usage);
    CheckJson {
        ok: checked.came.is_ok(),
        milliseconds: checked.took.as_millis(),
        input_tokens: usage.map(|usage| usage.input),
        output_tokens: usage.map(|usage| usage.output),
        error: checked.came.as_ref().err().map(String::as_str),
    }
}

fn alias(alias: &Alias) -> AliasJson<'_> {
    AliasJson {
        name: &alias.name,
        models: match alias.models.as_slice() {
            [] => vec![CHECKLIST],
            models => models.iter().map(String::as_str).collect(),
        },
        from: &alias.from,
    }
}
