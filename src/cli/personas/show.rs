//! `discussions personas show NAME`.

use super::list::PersonaJson;
use super::{Here, SCHEMA, kind, visible};
use crate::cli::output::{BOLD, DIM, Output, styled};
use crate::cli::{Failure, Outcome};
use crate::engine::persona::{ChecklistItem, ItemSeverity, Persona};
use crate::ids::Alias;
use serde::Serialize;

#[derive(Serialize)]
struct ShowJson<'a> {
    schema: &'static str,
    persona: WholeJson<'a>,
}

#[derive(Serialize)]
struct WholeJson<'a> {
    #[serde(flatten)]
    persona: PersonaJson<'a>,
    expertise: &'a [String],
    concerns: &'a [String],
    checklist: Vec<ItemJson<'a>>,
    instructions: &'a str,
    /// SHA-256 of the file's text, hex: an answer is stored under it among others.
    hash: &'a str,
}

#[derive(Serialize)]
struct ItemJson<'a> {
    id: &'a str,
    text: &'a str,
    when: &'a [String],
    unless: &'a [String],
    severity: &'static str,
    advice: &'a str,
}

pub(super) fn run(
    here: &Here,
    name: &str,
    json: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let persona = find(here, name)?;
    if json {
        output.json(&ShowJson {
            schema: SCHEMA,
            persona: WholeJson {
                persona: PersonaJson::of(here, persona),
                expertise: &persona.expertise,
                concerns: &persona.concerns,
                checklist: persona.checklist.iter().map(ItemJson::of).collect(),
                instructions: &persona.instructions,
                hash: &persona.hash,
            },
        });
    } else {
        print(here, persona, output);
    }
    Ok(Outcome::Fine)
}

fn find<'a>(here: &'a Here, name: &str) -> Result<&'a Persona, Failure> {
    let personas = &here.around.personas;
    let bare = name.strip_prefix('@').unwrap_or(name);
    let known = Alias::parse(bare).and_then(|alias| personas.get(&alias));
    known.ok_or_else(|| {
        let all: Vec<&str> = personas.0.keys().map(Alias::as_str).collect();
        let all = all.join(", ");
        let hint = match personas.nearest(name) {
            Some(near) => format!("Did you mean {near}? There are: {all}."),
            None => format!("There are: {all}."),
        };
        Failure::new(
            "unknown-persona",
            format!("no persona is called {name} here"),
        )
        .hint(hint)
    })
}

impl<'a> ItemJson<'a> {
    fn of(item: &'a ChecklistItem) -> Self {
        Self {
            id: &item.id,
            text: &item.text,
            when: &item.when,
            unless: &item.unless,
            severity: severity(item),
            advice: &item.advice,
        }
    }
}

fn severity(item: &ChecklistItem) -> &'static str {
    match item.severity {
        ItemSeverity::Concern => "concern",
        ItemSeverity::Question => "question",
        ItemSeverity::Minor => "minor",
    }
}

fn print(here: &Here, persona: &Persona, output: &Output) {
    let origin = here.origin(&persona.alias);
    let from = match (origin.path, origin.overrides) {
        (None, _) => "built in".to_owned(),
        (Some(path), false) => path.to_owned(),
        (Some(path), true) => format!("{path}, in place of the built-in one"),
    };
    output.result(styled(BOLD, persona.alias.as_str()));
    let rows = [
        ("writes as", persona.display_name.clone()),
        ("kind", kind(persona).to_owned()),
        ("model", here.model(persona).to_owned()),
        ("veto", if persona.veto { "yes" } else { "no" }.to_owned()),
        ("from", from),
        ("looks at", persona.description.clone()),
        ("knows", persona.expertise.join(", ")),
        ("worries", persona.concerns.join(", ")),
    ];
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        output.result(format!("  {label:<9}  {}", visible(value)));
    }
    output.result(format!("\n{}\n", styled(BOLD, "Instructions")));
    output.result(visible(&persona.instructions));
    let items = persona.checklist.len();
    output.result(format!(
        "\n{}",
        styled(BOLD, format!("Checklist, {items} items"))
    ));
    if items == 0 {
        output.result("  none: it needs a model to answer");
    }
    for item in &persona.checklist {
        print_item(item, output);
    }
}

fn print_item(item: &ChecklistItem, output: &Output) {
    output.result(format!(
        "\n  {} ({})",
        styled(BOLD, &item.id),
        severity(item)
    ));
    output.result(format!("    {}", visible(&item.text)));
    for (label, words) in [("when", &item.when), ("unless", &item.unless)] {
        if !words.is_empty() {
            let line = format!("{label}: {}", visible(&words.join(", ")));
            output.result(format!("    {}", styled(DIM, line)));
        }
    }
    if !item.advice.is_empty() {
        output.result(format!(
            "    {}",
            styled(DIM, format!("advice: {}", visible(&item.advice)))
        ));
    }
}
