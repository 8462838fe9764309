//! `discussions personas list`.

use super::{Here, SCHEMA, kind, visible};
use crate::cli::output::{BOLD, DIM, Output, styled};
use crate::cli::{Failure, Outcome};
use crate::engine::persona::Persona;
use serde::Serialize;

/// Longest description in the list, in characters; `show` has all of it.
const DESCRIPTION_CHARS: usize = 110;

#[derive(Serialize)]
struct ListJson<'a> {
    schema: &'static str,
    personas: Vec<PersonaJson<'a>>,
}

/// What `list` and `show` say of a persona. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
pub(super) struct PersonaJson<'a> {
    name: &'a str,
    display_name: &'a str,
    description: &'a str,
    kind: &'static str,
    model: &'a str,
    veto: bool,
    /// Whether the configuration puts it on every panel.
    participant: bool,
    /// `built-in` or `file`.
    source: &'static str,
    path: Option<&'a str>,
    /// Whether it stands in place of a built-in one.
    overrides: bool,
    checklist_items: usize,
}

impl<'a> PersonaJson<'a> {
    pub(super) fn of(here: &'a Here, persona: &'a Persona) -> Self {
        let origin = here.origin(&persona.alias);
        Self {
            name: persona.alias.as_str(),
            display_name: &persona.display_name,
            description: &persona.description,
            kind: kind(persona),
            model: here.model(persona),
            veto: persona.veto,
            participant: here.participates(&persona.alias),
            source: if origin.path.is_some() {
                "file"
            } else {
                "built-in"
            },
            path: origin.path,
            overrides: origin.overrides,
            checklist_items: persona.checklist.len(),
        }
    }
}

pub(super) fn run(here: &Here, json: bool, output: &Output) -> Result<Outcome, Failure> {
    if json {
        output.json(&ListJson {
            schema: SCHEMA,
            personas: here.personas().map(|p| PersonaJson::of(here, p)).collect(),
        });
        return Ok(Outcome::Fine);
    }
    let width = |text: fn(&Persona) -> &str| {
        let lengths = here.personas().map(|persona| text(persona).chars().count());
        lengths.max().unwrap_or(0)
    };
    let (alias, display) = (width(|p| p.alias.as_str()), width(|p| &p.display_name));
    let model = here.personas().map(|p| here.model(p).chars().count()).max();
    let model = model.unwrap_or(0);
    for persona in here.personas() {
        let row = format!(
            "{}  {:<display$}  {:<8}  {:<model$}  {}",
            styled(BOLD, format!("{:<alias$}", persona.alias.as_str())),
            visible(&persona.display_name),
            kind(persona),
            visible(here.model(persona)),
            source(here, persona),
        );
        output.result(row.trim_end());
        let description = shortened(&visible(&persona.description));
        output.result(format!("    {}", styled(DIM, description)));
    }
    let count = here.personas().count();
    output.note(format!(
        "{count} personas; `discussions personas show NAME` has one in full"
    ));
    Ok(Outcome::Fine)
}

fn source(here: &Here, persona: &Persona) -> String {
    let origin = here.origin(&persona.alias);
    let mut words = match origin.path {
        Some(path) => visible(path),
        None => "built-in".to_owned(),
    };
    if origin.overrides {
        words.push_str(" (in place of the built-in one)");
    }
    if here.participates(&persona.alias) {
        words.push_str(", on every panel");
    }
    words
}

/// At most so many characters, cut between words.
fn shortened(text: &str) -> String {
    if text.chars().count() <= DESCRIPTION_CHARS {
        return text.to_owned();
    }
    let cut: String = text.chars().take(DESCRIPTION_CHARS).collect();
    let whole = cut
        .rsplit_once(' ')
        .map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole} ...")
}
