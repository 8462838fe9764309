//! Reads one persona file: checks every value of the front matter and puts the persona together.

use super::front_matter::{self, Findings, Item, ModelNames, line_of};
use super::{ChecklistItem, ItemSeverity, Persona, PersonaKind, name};
use crate::engine::template::DefinitionProblem;
use crate::ids::Alias;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Model words with a meaning of their own; anything else needs the form `provider/model`.
const MODEL_WORDS: [&str; 4] = ["default", "fast", "quality", "checklist"];

/// Longest name a name line can hold, in characters.
const LONGEST_DISPLAY_NAME: usize = 64;

/// See [`Persona::parse`].
pub(super) fn persona(
    text: &str,
    file_name: Option<&str>,
) -> Result<(Persona, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
    let mut found = Findings::default();
    let persona = read(text, file_name, &mut found);
    found.0.sort_by_key(|problem| problem.line);
    match persona {
        Some(persona) if !found.has_errors() => Ok((persona, found.0)),
        _ => Err(found.0),
    }
}

fn read(text: &str, file_name: Option<&str>, found: &mut Findings) -> Option<Persona> {
    let (yaml, body_line, body) = front_matter::split(text, found)?;
    let front = front_matter::read(&yaml, found)?;
    let instructions = body.trim().to_owned();
    if instructions.is_empty() {
        found.error(
            Some(body_line),
            "the instructions are empty",
            "Write below the closing `---` what this persona looks for and how it votes.",
        );
    }
    let alias = name::alias(front.name.as_ref(), file_name, found);
    let description = description(front.description.as_ref(), found);
    let display_name = display_name(front.display_name.as_ref(), alias.as_ref(), found);
    let kind = kind(front.kind.as_ref(), found);
    let model = model(front.model.as_ref(), found);
    let checklist = checklist(front.checklist.unwrap_or_default(), found);
    Some(Persona {
        alias: alias?,
        display_name: display_name?,
        description: description?,
        kind: kind?,
        expertise: front.expertise.unwrap_or_default(),
        concerns: front.concerns.unwrap_or_default(),
        model: model?,
        veto: front.veto.unwrap_or(false),
        checklist,
        instructions,
        hash: hex::encode(Sha256::digest(text.as_bytes())),
    })
}

fn description(written: Option<&Spanned<String>>, found: &mut Findings) -> Option<String> {
    // Agent files often hold their examples on one line, with `\n` as two characters.
    let one_line = written.map(|text| on_one_line(&text.value.replace("\\n", " ")));
    match one_line {
        Some(text) if !text.is_empty() => Some(text),
        _ => {
            found.error(
                written.and_then(line_of).or(Some(1)),
                "`description` is missing or empty",
                "Add `description:` with this persona's point of view in one line.",
            );
            None
        }
    }
}

fn display_name(
    written: Option<&Spanned<String>>,
    alias: Option<&Alias>,
    found: &mut Findings,
) -> Option<String> {
    let Some(written) = written else {
        return alias.map(Alias::display_name);
    };
    let name = written.value.trim();
    let length = name.chars().count();
    if length == 0 || length > LONGEST_DISPLAY_NAME || name.chars().any(char::is_control) {
        found.error(
            line_of(written),
            "`display_name` does not fit on a name line",
            format!(
                "Use 1 to {LONGEST_DISPLAY_NAME} characters on one line, or leave the key out."
            ),
        );
        return None;
    }
    Some(name.to_owned())
}

fn kind(written: Option<&Spanned<String>>, found: &mut Findings) -> Option<PersonaKind> {
    let Some(written) = written else {
        return Some(PersonaKind::Voting);
    };
    match written.value.trim() {
        "voting" => Some(PersonaKind::Voting),
        "advisory" => Some(PersonaKind::Advisory),
        other => {
            found.error(
                line_of(written),
                format!("`kind: {other}` is unknown"),
                "Use `voting` (its vote counts and is owed) or `advisory` (it only comments).",
            );
            None
        }
    }
}

fn model(written: Option<&Spanned<ModelNames>>, found: &mut Findings) -> Option<String> {
    let Some(written) = written else {
        return Some("default".to_owned());
    };
    let name = match &written.value {
        ModelNames::One(name) => name.trim(),
        ModelNames::Several(names) => {
            found.notice(
                line_of(written),
                format!("`model` lists {} models; the default one is asked here", names.len()),
                "Use `provider/model` for a certain one, or one of default, fast, quality, checklist.",
            );
            return Some("default".to_owned());
        }
    };
    if MODEL_WORDS.contains(&name) {
        return Some(name.to_owned());
    }
    if let Some((provider, model)) = name.split_once('/') {
        let is_complete = !provider.is_empty() && !model.is_empty();
        if is_complete && !name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Some(name.to_owned());
        }
        found.error(
            line_of(written),
            format!("`model: {name}` names no model"),
            "Use `provider/model` without blanks, or one of default, fast, quality, checklist.",
        );
        return None;
    }
    found.notice(
        line_of(written),
        format!("`model: {name}` means the default model here, unless the operator has an alias of that name"),
        "Use `provider/model` for a certain one, or one of default, fast, quality, checklist.",
    );
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let can_be_alias =
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_word);
    Some(if can_be_alias { name } else { "default" }.to_owned())
}

fn checklist(items: Vec<Spanned<Item>>, found: &mut Findings) -> Vec<ChecklistItem> {
    let mut ids = BTreeSet::new();
    let mut read = Vec::new();
    for item in items {
        let line = line_of(&item);
        let Some(item) = checklist_item(item.value, line, found) else {
            continue;
        };
        if !ids.insert(item.id.clone()) {
            found.error(
                line,
                format!("the checklist has two items with the id `{}`", item.id),
                "Give each item an id of its own: open remarks are told apart by it.",
            );
        }
        read.push(item);
    }
    read
}

fn checklist_item(item: Item, line: Option<usize>, found: &mut Findings) -> Option<ChecklistItem> {
    let mut refuse = |message: String, hint: &str| {
        found.error(line, message, hint);
        None
    };
    let id = item.id.as_deref().unwrap_or_default().trim();
    if Alias::parse(id).is_none_or(|alias| alias.as_str() != id) {
        return refuse(
            format!("`{id}` cannot be the id of a checklist item"),
            "Use small letters, digits and hyphens, at most 31: `tenant-isolation`.",
        );
    }
    let text = on_one_line(item.text.as_deref().unwrap_or_default());
    if text.is_empty() {
        return refuse(
            format!("the checklist item `{id}` has no text"),
            "Write the remark as it shall stand in the discussion.",
        );
    }
    if item.when.is_empty() && item.unless.is_empty() {
        return refuse(
            format!("the checklist item `{id}` would be raised on every proposal"),
            "Give it `when` (words that make it apply) or `unless` (words that satisfy it).",
        );
    }
    let wordless = |phrase: &&String| !phrase.contains(char::is_alphanumeric);
    if let Some(phrase) = item.when.iter().chain(&item.unless).find(wordless) {
        return refuse(
            format!("`{phrase}` in the checklist item `{id}` holds no word"),
            "Use words or phrases; punctuation alone never matches.",
        );
    }
    let severity = match item.severity.as_deref().unwrap_or_default().trim() {
        "concern" => ItemSeverity::Concern,
        "minor" => ItemSeverity::Minor,
        "question" => ItemSeverity::Question,
        other => {
            return refuse(
                format!("`severity: {other}` of the checklist item `{id}` is unknown"),
                "Use `concern`, `question` or `minor`.",
            );
        }
    };
    Some(ChecklistItem {
        id: id.to_owned(),
        text,
        when: item.when,
        unless: item.unless,
        severity,
        advice: on_one_line(&item.advice),
    })
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
