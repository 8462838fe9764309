//! Reading a template from YAML.

use super::{Advance, DefinitionProblem, Fraction, Phase, Template};
use crate::engine::definition::{self, Entry, Findings, Node, Refusal, Section, Value, choose};
use std::collections::{BTreeMap, BTreeSet};

const TEMPLATE_KEYS: &[&str] = &[
    "name",
    "description",
    "sections",
    "first_phase",
    "phases",
    "on_ready",
    "on_reject",
];

/// `next_phase` is the older tool's word for `next`.
const PHASE_KEYS: &[&str] = &[
    "goal",
    "instructions",
    "voting",
    "ready",
    "next",
    "next_phase",
    "max_rounds",
    "advance",
];

const ADVANCES: &[(&str, Advance)] = &[("auto", Advance::Auto), ("manual", Advance::Manual)];

/// Statuses that a decision can lead to. OPEN is where a discussion starts, never where it ends.
const FINAL_STATUSES: &[(&str, &str)] = &[
    ("READY_FOR_DESIGN", "READY_FOR_DESIGN"),
    ("READY_FOR_IMPLEMENTATION", "READY_FOR_IMPLEMENTATION"),
    ("CLOSED", "CLOSED"),
];

/// Status on consensus where a template names none (the older tool's templates never do).
const DEFAULT_ON_READY: &str = "READY_FOR_DESIGN";

/// Reads and checks a template; see [`Template::parse`].
pub(super) fn template(
    yaml: &str,
) -> Result<(Template, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
    let root = definition::read(yaml).map_err(|problem| vec![problem])?;
    let mut findings = Findings::default();
    let top = Section::top(&root, &mut findings);
    top.ignore_unknown(TEMPLATE_KEYS, &mut findings);

    let phases_section = top.section("phases", "phases.", &mut findings);
    let phases: Vec<Phase> = phases_section
        .entries()
        .iter()
        .map(|entry| phase(entry, &mut findings))
        .collect();
    let mut template = Template {
        name: String::new(),
        description: String::new(),
        sections: Vec::new(),
        // Where none is named, the first in the file: the older tool's templates name none.
        first_phase: phases.first().map_or_else(String::new, |p| p.name.clone()),
        phases: BTreeMap::new(),
        on_ready: DEFAULT_ON_READY.to_owned(),
        on_reject: None,
    };
    top.set("name", &mut template.name, &mut findings, name);
    top.set(
        "description",
        &mut template.description,
        &mut findings,
        one_line,
    );
    top.set("sections", &mut template.sections, &mut findings, |node| {
        node.list_of(heading)
    });
    top.set(
        "first_phase",
        &mut template.first_phase,
        &mut findings,
        name,
    );
    top.set("on_ready", &mut template.on_ready, &mut findings, status);
    top.set(
        "on_reject",
        &mut template.on_reject,
        &mut findings,
        |node| status(node).map(Some),
    );
    if top.get("name").is_none() {
        findings.error(
            1,
            "the template has no `name`",
            "add `name: ` with the word that a header's Template line uses",
        );
    }
    template.phases = phases
        .into_iter()
        .map(|phase| (phase.name.clone(), phase))
        .collect();
    check_route(&template, &top, &phases_section, &mut findings);
    findings.finish(template)
}

/// Reads one phase. Refused values leave their default, the finding refuses the file anyway.
fn phase(entry: &Entry, findings: &mut Findings) -> Phase {
    let mut phase = Phase {
        name: entry.key.clone(),
        goal: String::new(),
        instructions: String::new(),
        voting: false,
        ready: Fraction::TWO_THIRDS,
        next: None,
        max_rounds: None,
        advance: Advance::Auto,
    };
    if !is_name(&entry.key) {
        findings.error(
            entry.line,
            format!("`{}` is not a phase name", entry.key),
            NAME_HINT,
        );
    }
    let path = format!("phases.{}.", entry.key);
    let section = Section::of(&entry.value, &path, findings);
    section.ignore_unknown(PHASE_KEYS, findings);
    section.set("goal", &mut phase.goal, findings, one_line);
    section.set(
        "instructions",
        &mut phase.instructions,
        findings,
        Node::filled_text,
    );
    section.set("voting", &mut phase.voting, findings, Node::boolean);
    section.set("ready", &mut phase.ready, findings, share);
    section.set("next_phase", &mut phase.next, findings, optional_name);
    section.set("next", &mut phase.next, findings, optional_name);
    section.set("max_rounds", &mut phase.max_rounds, findings, |node| {
        let number = node.integer(1, 50)?;
        Ok(u32::try_from(number).ok())
    });
    section.set("advance", &mut phase.advance, findings, |node| {
        node.one_of(ADVANCES)
    });
    if phase.goal.is_empty() && phase.instructions.is_empty() {
        findings.notice(
            entry.line,
            format!("personas are told nothing in the phase `{}`", entry.key),
            "add `goal` and `instructions`",
        );
    }
    phase
}

/// Every `next` exists, and from the first phase one comes to a last one that votes, through none twice.
fn check_route(
    template: &Template,
    top: &Section<'_>,
    phases: &Section<'_>,
    findings: &mut Findings,
) {
    let names: Vec<&str> = template.phases.keys().map(String::as_str).collect();
    let top_line = |key| top.get(key).map_or(1, |node| node.line);
    if names.is_empty() {
        findings.error(
            top_line("phases"),
            "the template has no phases",
            "add at least one under `phases:`",
        );
        return;
    }
    let line_of = |name: &str| {
        let entry = phases.entries().iter().find(|entry| entry.key == name);
        entry.map_or(1, |entry| entry.line)
    };
    check_targets(template, &names, &line_of, findings);
    let Some(first) = template.phase(&template.first_phase) else {
        findings.error(
            top_line("first_phase"),
            format!(
                "`first_phase` names `{}`, which does not exist",
                template.first_phase
            ),
            choose(&template.first_phase, &names),
        );
        return;
    };
    if template.phases.values().all(|phase| !phase.voting) {
        findings.error(
            line_of(&first.name),
            "no phase votes, so nothing could ever be decided",
            "set `voting: true` on the last phase",
        );
        return;
    }
    let Some(reached) = follow(template, first, &line_of, findings) else {
        return;
    };
    for name in names.into_iter().filter(|name| !reached.contains(name)) {
        findings.notice(
            line_of(name),
            format!("no phase leads to `{name}`"),
            "name it as the `next` of a phase, or remove it",
        );
    }
}

/// Every `next` names a phase.
fn check_targets(
    template: &Template,
    names: &[&str],
    line_of: &dyn Fn(&str) -> usize,
    findings: &mut Findings,
) {
    for phase in template.phases.values() {
        if let Some(next) = &phase.next
            && !template.phases.contains_key(next)
        {
            findings.error(
                line_of(&phase.name),
                format!(
                    "the phase `{}` goes on to `{next}`, which does not exist",
                    phase.name
                ),
                choose(next, names),
            );
        }
    }
}

/// The phases on the way from the first to the last, which has to vote. `None` if the way has no end.
fn follow<'t>(
    template: &'t Template,
    first: &'t Phase,
    line_of: &dyn Fn(&str) -> usize,
    findings: &mut Findings,
) -> Option<BTreeSet<&'t str>> {
    let mut current = first;
    let mut reached = BTreeSet::from([current.name.as_str()]);
    while let Some(next) = &current.next {
        if !reached.insert(next) {
            findings.error(
                line_of(&current.name),
                format!(
                    "the phases go in a circle: `{}` goes back to `{next}`",
                    current.name
                ),
                "leave `next` out of the last phase",
            );
            return None;
        }
        // A `next` that does not exist is reported by `check_targets`.
        current = template.phase(next)?;
    }
    if !current.voting {
        findings.error(
            line_of(&current.name),
            format!(
                "the last phase `{}` does not vote, so nothing could ever be decided",
                current.name
            ),
            "set `voting: true` on it, or name a voting phase as its `next`",
        );
    }
    Some(reached)
}

const NAME_HINT: &str =
    "use a lower-case letter, then up to 39 lower-case letters, digits, `_` or `-`";

/// Names stand in header lines and commands, so they are plain words.
fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

fn name(node: &Node) -> Result<String, Refusal> {
    let text = node.filled_text()?;
    if is_name(&text) {
        Ok(text)
    } else {
        Err(Refusal::new(
            node,
            format!("needs a plain name, not {}", node.describe()),
            NAME_HINT,
        ))
    }
}

/// A name, or nothing: the phase is the last.
fn optional_name(node: &Node) -> Result<Option<String>, Refusal> {
    match node.value {
        Value::Null => Ok(None),
        _ => name(node).map(Some),
    }
}

fn one_line(node: &Node) -> Result<String, Refusal> {
    let text = node.filled_text()?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A heading of a new file; must not be able to break out of its line.
fn heading(node: &Node) -> Result<String, Refusal> {
    let text = one_line(node)?;
    Ok(text.trim_start_matches('#').trim_start().to_owned())
}

fn status(node: &Node) -> Result<String, Refusal> {
    node.one_of(FINAL_STATUSES).map(str::to_owned)
}

/// A fraction above zero.
pub fn share(node: &Node) -> Result<Fraction, Refusal> {
    let fraction = Fraction::parse(node.text()?).map_err(|message| {
        // The hint has no colon; what was read may.
        let (what, hint) = message.rsplit_once(": ").unwrap_or((&message, ""));
        Refusal::new(node, format!("is wrong: {what}"), hint)
    })?;
    if fraction.is_zero() {
        return Err(Refusal::new(
            node,
            "is 0, which would ask for nothing",
            "write a fraction above 0, like 2/3",
        ));
    }
    Ok(fraction)
}
