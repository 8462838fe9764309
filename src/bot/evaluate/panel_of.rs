//! Who is on a discussion's panel, which template applies, and which phase it is in.

use super::Case;
use crate::bot::ground::{Ground, PERSONA_FOLDER};
use crate::engine::definition;
use crate::engine::discussion::Discussion;
use crate::engine::persona::PersonaKind;
use crate::engine::problem::{Code, Problem};
use crate::engine::template::{Phase, Template};
use crate::ids::Alias;
use crate::store::BlockRecord;

/// The personas a discussion is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    /// Voting participants: of header (or configuration) and `gate.require`.
    pub panel: Vec<Alias>,
    /// Those of them that owe a vote.
    pub owing: Vec<Alias>,
    /// What is wrong with the list.
    pub problems: Vec<Problem>,
}

/// Reads the header's participants, else the configuration's, and adds those that the gate requires.
pub(super) fn of(ground: &Ground, discussion: &Discussion, records: &[&BlockRecord]) -> Members {
    let mut members = Members::default();
    let line = line_of(discussion, "Participants");
    let named = discussion.header.participants();
    let mut listed = Vec::new();
    for name in &named {
        match Alias::parse(name).filter(|alias| ground.personas.get(alias).is_some()) {
            Some(alias) => listed.push(alias),
            None => members.problems.push(unknown(ground, records, name, line)),
        }
    }
    if named.is_empty() {
        listed.extend(ground.config.participants.iter().cloned());
    }
    let required = ground.config.gate.require.as_ref();
    listed.extend(
        required
            .unwrap_or(&ground.config.participants)
            .iter()
            .cloned(),
    );
    for alias in listed {
        let persona = ground.personas.get(&alias);
        let votes = persona.is_some_and(|persona| persona.kind == PersonaKind::Voting);
        if votes && !members.panel.contains(&alias) {
            members.panel.push(alias);
        }
    }
    members.owing = members.panel.clone();
    members
        .owing
        .retain(|alias| !ground.config.gate.optional.contains(alias));
    members.problems.extend(gaps(ground, &members.panel, line));
    members
}

/// A name without a persona. One that answered here before was taken out of the base since: worth a notice only.
fn unknown(ground: &Ground, records: &[&BlockRecord], name: &str, line: usize) -> Problem {
    if records.iter().any(|record| record.alias == name) {
        let message = format!(
            "`{name}` answered here and is no persona on the base any more: its vote is not owed"
        );
        return Problem::new(Code::ParticipantRemoved, line, 1, message);
    }
    let mut problem = Problem::new(
        Code::UnknownParticipant,
        line,
        1,
        format!("the participant `{name}` is no persona here"),
    );
    problem.hint = match ground.personas.nearest(name) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("Add {PERSONA_FOLDER}/{name}.md on the base branch, or take the name out."),
    };
    problem
}

/// What a panel must have: somebody who votes, and every veto role.
fn gaps(ground: &Ground, panel: &[Alias], line: usize) -> Vec<Problem> {
    if panel.is_empty() {
        let message = "nobody on the panel votes: there are no participants, or all are advisory";
        let problem = Problem::new(Code::NoParticipants, line, 1, message);
        let hint = "Add a voting persona to Participants, as in <!-- Participants: architect, security -->.";
        return vec![problem.with_hint(hint)];
    }
    let veto = &ground.config.gate.rules.veto;
    let absent = veto.iter().filter(|alias| !panel.contains(alias));
    absent
        .map(|alias| {
            let message = format!("`gate.veto` names `{alias}`, who is not on this panel");
            Problem::new(Code::VetoNotOnPanel, line, 1, message)
        })
        .collect()
}

/// The template that applies; with an unknown one also the problem, and the default stands in.
pub(super) fn template(ground: &Ground, discussion: &Discussion) -> (Template, Option<Problem>) {
    let named = discussion.header.template();
    let name = named.unwrap_or(&ground.config.template);
    let is_listed = match (&ground.config.gate.templates, named) {
        (Some(listed), Some(_)) => listed.iter().any(|template| template == name),
        _ => true,
    };
    let line = line_of(discussion, "Template");
    let unknown = |message: String| {
        let mut names: Vec<&str> = ground.templates.0.keys().map(String::as_str).collect();
        if let Some(listed) = &ground.config.gate.templates {
            names = listed.iter().map(String::as_str).collect();
        }
        let mut problem = Problem::new(Code::UnknownTemplate, line, 1, message);
        let near = definition::nearest(name, names.iter().copied());
        problem.hint = match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Write one of: {}.", names.join(", ")),
        };
        problem
    };
    match ground.templates.0.get(name) {
        None => {
            let problem = unknown(format!("there is no template `{name}`"));
            (ground.fallback.clone(), Some(problem))
        }
        Some(template) if is_listed => (template.clone(), None),
        Some(template) => {
            let problem = unknown(format!(
                "`gate.templates` does not allow the template `{name}`"
            ));
            (template.clone(), Some(problem))
        }
    }
}

/// The phase by the record. Before there is one: that of the merge base's copy, else the template's first. The header
/// at the head only displays it.
pub(super) fn phase(case: &Case<'_>, discussion: &Discussion, template: &Template) -> Phase {
    let recorded = case.record.map(|record| record.phase.as_str());
    let of_base = case.base.discussion().and_then(|base| base.header.phase());
    let start = of_base.unwrap_or(&template.first_phase);
    let named = recorded.filter(|phase| !phase.is_empty()).unwrap_or(start);
    let first = || template.phase(&template.first_phase);
    match template.phase(named).or_else(first) {
        Some(phase) => phase.clone(),
        None => stuck(discussion, template),
    }
}

/// A phase in which nothing is ever ready, for a template that has none under its own first name.
fn stuck(discussion: &Discussion, template: &Template) -> Phase {
    let name = discussion.header.phase().unwrap_or(&template.first_phase);
    Phase {
        name: name.to_owned(),
        goal: String::new(),
        instructions: String::new(),
        voting: false,
        ready: crate::engine::template::Fraction {
            numerator: 1,
            denominator: 1,
        },
        next: None,
        max_rounds: None,
        advance: crate::engine::template::Advance::Manual,
    }
}

/// Line of a header key, or of the marker where it is absent.
fn line_of(discussion: &Discussion, key: &str) -> usize {
    discussion.header.field(key).map_or(1, |field| field.line)
}
