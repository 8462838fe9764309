//! `discussions models`: who may answer, what it costs, where each setting is from, and whether it works.

mod check;
mod list;

use super::output::Output;
use super::{Failure, Outcome};
use crate::config;
use crate::config::models::Models;
use crate::server::models;
pub(super) use check::Checked;

/// What to do where nothing answers.
const NOTHING: &str = "no model is configured, so the personas answer from their checklists.\n\
    Set one of these:\n  \
    ANTHROPIC_API_KEY or OPENAI_API_KEY   a model of that provider answers\n  \
    OPENAI_BASE_URL                       a server that speaks OpenAI's protocol\n  \
    DISCUSSIONS_MODEL                     names models: anthropic/MODEL, openai/MODEL, ollama/MODEL\n  \
    ollama serve                          an Ollama on this machine is found by itself\n\
    or write discussions.toml; deploy/discussions.toml.example shows every key.";

/// What to do where there are models, and none of them was chosen.
const UNCHOSEN: &str = "nothing says which of these answers, so the personas answer from their checklists; name one in \
                        DISCUSSIONS_MODEL, or in discussions.toml as the alias `default`";

/// Arguments of `models`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions models\n  \
    discussions models --check\n\n\
    Settings are environment variables (deploy/.env.example) and discussions.toml, which is looked for at \
    DISCUSSIONS_CONFIG, else in the folder discussions below XDG_CONFIG_HOME or ~/.config. Keys are never shown.\n\n\
    --check asks each model for one short answer, which may cost a fraction of a cent; exit code 1 if one gives none.")]
pub struct Arguments {
    /// Ask each model for one short answer
    #[arg(long)]
    check: bool,
    /// Print JSON, schema discussions/models@1
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let failed = |message: String| {
        let hint = "deploy/.env.example explains every variable, deploy/discussions.toml.example every key of the file.";
        Failure::new("settings", message).hint(hint)
    };
    let settings = config::models(None).map_err(|error| failed(error.to_string()))?;
    let found = models::found(settings).await;
    let found = found.map_err(|error| failed(error.to_string()))?;
    if let Some(said) = &found.said {
        output.note(said);
    }
    let settings = found.settings;
    let checked = match arguments.check {
        true => check::all(&settings, output).await?,
        false => Vec::new(),
    };
    match arguments.json {
        true => list::json(&settings, &checked, output),
        false => list::text(&settings, &checked, output),
    }
    if !settings.is_configured() && !arguments.json {
        output.note(match settings.declared.is_empty() {
            true => NOTHING,
            false => UNCHOSEN,
        });
    }
    let is_dead = arguments.check && !settings.is_configured() && settings.declared.is_empty();
    let fails = |checked: &Checked| checked.came.is_err();
    Ok(
        match checked.iter().any(fails) || is_dead || found.is_amiss {
            true => Outcome::No,
            false => Outcome::Fine,
        },
    )
}

/// What comes of asking each model for one short answer.
pub(super) async fn checked(settings: &Models, output: &Output) -> Result<Vec<Checked>, Failure> {
    check::all(settings, output).await
}

/// The models of the operator's choice in their order, then the others by name.
fn in_order(settings: &Models) -> Vec<&config::models::ModelSettings> {
    let chosen = |name: &str| settings.chain.iter().any(|one| one.name == name);
    let others = settings.declared.iter().filter(|one| !chosen(&one.name));
    settings.chain.iter().chain(others).collect()
}
