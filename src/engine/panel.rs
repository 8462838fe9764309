//! Who sits on the panel of a discussion, and by which template and phase it goes: header names looked up.

use super::discussion::Discussion;
use super::persona::{PersonaKind, Personas};
use super::problem::{Code, Problem};
use super::template::{Advance, Phase, Template, Templates};
use crate::ids::Alias;

/// What applies where the header is silent.
#[derive(Debug, Clone, Copy)]
pub struct Defaults<'a> {
    /// Participants by the configuration.
    pub participants: &'a [Alias],
    /// Template by the configuration.
    pub template: &'a str,
    /// Templates a header may name; `None`: all that exist.
    pub allowed_templates: Option<&'a [String]>,
}

/// A discussion's panel, template and phase.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Participants that have a persona, in order, without doubles.
    pub participants: Vec<Alias>,
    /// The template.
    pub template: Template,
    /// The phase. Named as asked even if the template does not know it; it then does not vote.
    pub phase: Phase,
    /// Names that nobody answers to. All but the unknown phase are errors: a typo must not drop a reviewer.
    pub problems: Vec<Problem>,
}

impl Panel {
    /// Looks up the header's names. `phase` is the phase by the record; `None`: the header's, else the first one.
    pub fn of(
        discussion: &Discussion,
        phase: Option<&str>,
        defaults: Defaults<'_>,
        personas: &Personas,
        templates: &Templates,
    ) -> Self {
        let mut problems = Vec::new();
        let participants = participants(discussion, defaults, personas, &mut problems);
        let template = template(discussion, defaults, templates, &mut problems);
        let name = phase
            .or(discussion.header.phase())
            .unwrap_or(&template.first_phase)
            .to_owned();
        let phase = template.phase(&name).cloned().unwrap_or_else(|| {
            let (line, column) = place_of(discussion, "Phase");
            let known = template.phases.keys().cloned().collect::<Vec<_>>();
            let message = format!(
                "template {} has no phase {name}, so votes decide nothing here",
                template.name
            );
            let hint = format!("Write one of: {}.", known.join(", "));
            problems.push(Problem {
                hint,
                ..Problem::new(Code::UnknownPhase, line, column, message)
            });
            undefined_phase(&name, &template)
        });
        Self {
            participants,
            template,
            phase,
            problems,
        }
    }

    /// The participants whose vote counts.
    pub fn voting<'a>(&'a self, personas: &'a Personas) -> impl Iterator<Item = &'a Alias> {
        self.participants.iter().filter(|alias| {
            personas
                .get(alias)
                .is_some_and(|p| p.kind == PersonaKind::Voting)
        })
    }
}

fn participants(
    discussion: &Discussion,
    defaults: Defaults<'_>,
    personas: &Personas,
    problems: &mut Vec<Problem>,
) -> Vec<Alias> {
    let named = discussion.header.participants();
    if named.is_empty() {
        return known(
            defaults.participants.iter().map(Alias::as_str),
            discussion,
            personas,
            problems,
        );
    }
    known(
        named.iter().map(String::as_str),
        discussion,
        personas,
        problems,
    )
}

fn known<'a>(
    names: impl Iterator<Item = &'a str>,
    discussion: &Discussion,
    personas: &Personas,
    problems: &mut Vec<Problem>,
) -> Vec<Alias> {
    let (line, column) = place_of(discussion, "Participants");
    let mut found: Vec<Alias> = Vec::new();
    for name in names {
        match Alias::parse(name).filter(|alias| personas.get(alias).is_some()) {
            Some(alias) if found.contains(&alias) => {}
            Some(alias) => found.push(alias),
            None => {
                let all = personas
                    .0
                    .keys()
                    .map(Alias::as_str)
                    .collect::<Vec<_>>()
                    .join(", ");
                let hint = match personas.nearest(name) {
                    Some(near) => format!("Did you mean {near}? There are: {all}."),
                    None => format!("Write one of: {all}."),
                };
                let message =
                    format!("no persona is called {name}, so its vote could never be given");
                problems.push(Problem {
                    hint,
                    ..Problem::new(Code::UnknownParticipant, line, column, message)
                });
            }
        }
    }
    if found.is_empty() && problems.is_empty() {
        let message = "no participants are named here or in the configuration";
        problems.push(Problem::new(Code::NoParticipants, line, column, message));
    }
    found
}

fn template(
    discussion: &Discussion,
    defaults: Defaults<'_>,
    templates: &Templates,
    problems: &mut Vec<Problem>,
) -> Template {
    let name = discussion.header.template().unwrap_or(defaults.template);
    let allowed = |name: &str| {
        defaults
            .allowed_templates
            .is_none_or(|list| list.iter().any(|t| t == name))
    };
    if let Some(template) = templates.0.get(name).filter(|_| allowed(name)) {
        return template.clone();
    }
    let (line, column) = place_of(discussion, "Template");
    let usable: Vec<&str> = templates
        .0
        .keys()
        .map(String::as_str)
        .filter(|name| allowed(name))
        .collect();
    let near = usable
        .iter()
        .find(|known| strsim::damerau_levenshtein(known, name) <= 2);
    let hint = match near {
        Some(near) => format!("Did you mean {near}? There are: {}.", usable.join(", ")),
        None => format!("Write one of: {}.", usable.join(", ")),
    };
    let message = format!("no template is called {name}, so its rules are unknown");
    problems.push(Problem {
        hint,
        ..Problem::new(Code::UnknownTemplate, line, column, message)
    });
    Template {
        name: name.to_owned(),
        description: String::new(),
        sections: Vec::new(),
        first_phase: discussion.header.phase().unwrap_or("unknown").to_owned(),
        phases: std::collections::BTreeMap::new(),
        on_ready: discussion.header.status().to_owned(),
        on_reject: None,
    }
}

/// A phase nobody defined: it has a name and decides nothing.
fn undefined_phase(name: &str, template: &Template) -> Phase {
    Phase {
        name: name.to_owned(),
        goal: String::new(),
        instructions: String::new(),
        voting: false,
        ready: super::template::Fraction {
            numerator: 1,
            denominator: 1,
        },
        next: Some(template.first_phase.clone()),
        max_rounds: None,
        advance: Advance::Manual,
    }
}

fn place_of(discussion: &Discussion, key: &str) -> (usize, usize) {
    discussion
        .header
        .field(key)
        .map_or((1, 1), |field| (field.line, 1))
}
