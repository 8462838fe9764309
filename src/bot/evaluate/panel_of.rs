//! Who is on a discussion's panel, which template applies, and which phase it is in.

use super::Case;
use crate::bot::ground::Ground;
use crate::engine::discussion::Discussion;
use crate::engine::panel::{self, Registry};
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

/// Where the header's names are looked up: on the base branch.
pub(super) fn registry(ground: &Ground) -> Registry<'_> {
    Registry {
        personas: &ground.personas,
        templates: &ground.templates,
        participants: &ground.config.participants,
        template: &ground.config.template,
        allowed_templates: ground.config.gate.templates.as_deref(),
        fallback: &ground.fallback,
    }
}

/// Reads the header's participants, else the configuration's, and adds those that the gate requires.
pub(super) fn of(ground: &Ground, discussion: &Discussion, records: &[&BlockRecord]) -> Members {
    let registry = registry(ground);
    let answered_before = |name: &str| records.iter().any(|record| record.alias == name);
    let (mut listed, mut problems) = registry.participants(discussion, &answered_before);
    let required = ground.config.gate.require.as_ref();
    for alias in required.unwrap_or(&ground.config.participants) {
        if ground.personas.get(alias).is_none() {
            problems.push(registry.unknown_participant(discussion, alias.as_str()));
        } else if !listed.contains(alias) {
            listed.push(alias.clone());
        }
    }
    problems.dedup();
    let (panel, nobody) = registry.voting(discussion, &listed);
    problems.extend(nobody);
    problems.extend(absent_vetoes(ground, discussion, &panel));
    let mut owing = panel.clone();
    owing.retain(|alias| !ground.config.gate.optional.contains(alias));
    Members {
        panel,
        owing,
        problems,
    }
}

/// Every veto role of the configuration must sit on the panel.
fn absent_vetoes(ground: &Ground, discussion: &Discussion, panel: &[Alias]) -> Vec<Problem> {
    let field = discussion.header.field("Participants");
    let line = field.map_or(1, |field| field.line);
    let veto = &ground.config.gate.rules.veto;
    let absent = veto.iter().filter(|alias| !panel.contains(alias));
    absent
        .map(|alias| {
            let message = format!("`gate.veto` names `{alias}`, who is not on this panel");
            Problem::new(Code::VetoNotOnPanel, line, 1, message)
        })
        .collect()
}

/// The phase by the record. Before there is one: that of the merge base's copy, else the template's first. The header
/// at the head only displays it.
pub(super) fn phase(case: &Case<'_>, discussion: &Discussion, template: &Template) -> Phase {
    let recorded = case.record.map(|record| record.phase.as_str());
    let of_base = case.base.discussion().and_then(|base| base.header.phase());
    let start = of_base.unwrap_or(&template.first_phase);
    let named = recorded.filter(|phase| !phase.is_empty()).unwrap_or(start);
    match template.phase(named) {
        Some(phase) => phase.clone(),
        None => panel::phase(discussion, template, &template.first_phase).0,
    }
}
