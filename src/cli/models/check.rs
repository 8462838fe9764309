//! `discussions models --check`: one real answer of each model, through the adapter that turns use.

use super::in_order;
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::config::models::{ModelSettings, Models};
use crate::engine::persona::{Persona, Personas};
use crate::engine::reply::Limits;
use crate::llm::meter::Unmetered;
use crate::llm::{Answer, Prompt};
use crate::server::models;
use futures::future::join_all;
use std::time::{Duration, Instant};

/// Who is asked for.
const PERSONA: &str = "pragmatist";
/// Longest time one model may take, as in a turn.
const LIMIT: Duration = Duration::from_secs(120);

/// What came of asking one model.
pub(in crate::cli) struct Checked {
    /// Its name.
    pub(in crate::cli) name: String,
    /// Its answer, or why there is none.
    pub(in crate::cli) came: Result<Answer, String>,
    /// How long that took.
    pub(in crate::cli) took: Duration,
}

/// Asks all of them at the same time.
pub(super) async fn all(settings: &Models, output: &Output) -> Result<Vec<Checked>, Failure> {
    let personas = Personas::built_in();
    let persona = personas
        .0
        .values()
        .find(|persona| persona.alias.as_str() == PERSONA);
    let persona =
        persona.ok_or_else(|| Failure::new("internal", "a built-in persona is missing"))?;
    let asked = in_order(settings);
    if !asked.is_empty() {
        output.note(format!(
            "asking {} for one short answer each",
            names(&asked)
        ));
    }
    let checks = asked.into_iter().map(|one| check(one, settings, persona));
    Ok(join_all(checks).await)
}

fn names(models: &[&ModelSettings]) -> String {
    let names: Vec<&str> = models.iter().map(|one| one.name.as_str()).collect();
    names.join(", ")
}

async fn check(one: &ModelSettings, settings: &Models, persona: &Persona) -> Checked {
    let begun = Instant::now();
    let came = match models::alone(one, settings) {
        Err(error) => Err(error.to_string()),
        Ok(model) => {
            let prompt = prompt(persona);
            let answer = tokio::time::timeout(LIMIT, model.answer(&prompt, &Unmetered)).await;
            match answer {
                Ok(answer) => answer.map_err(|error| error.to_string()),
                Err(_) => Err(format!("no answer within {LIMIT:?}")),
            }
        }
    };
    Checked {
        name: one.name.clone(),
        came,
        took: begun.elapsed(),
    }
}

fn prompt(persona: &Persona) -> Prompt {
    Prompt {
        persona: persona.clone(),
        title: "Check of a model".to_owned(),
        proposal: "# Check of a model\n\nWe rename a button from \"OK\" to \"Save\".".to_owned(),
        transcript: String::new(),
        phase: "review: answer in one sentence and vote".to_owned(),
        own_open: Vec::new(),
        by_people: Vec::new(),
        previous_vote: None,
        question: None,
        limits: Limits::default(),
        fence: "1f0c7d2b9a".to_owned(),
    }
}
