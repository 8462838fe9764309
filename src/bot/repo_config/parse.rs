//! Reading the configuration from YAML. One function for each section; which keys there are, `keys` says.

use super::keys::names_below;
use super::values::{
    alias, aliases, amount, bases, check_name, commit_message, count, folders, globs, models,
    panel, quiet, reject, rounds, template_name, word_or,
};
use super::{GateConfig, GateMode, Notify, RecordIt, Replies, RepoConfig, Triggers};
use crate::bot::access::{Need, Permissions};
use crate::bot::command::table::{self, AGAIN_FLAG, Group, Row, TABLE};
use crate::engine::consensus::ConcernRule;
use crate::engine::definition::{self, Findings, Node, Refusal, Section};
use crate::engine::template::{DefinitionProblem, share};
use crate::llm::budget::Budget;

pub(super) const REPLIES: &[(&str, Replies)] = &[
    ("auto", Replies::Auto),
    ("commit", Replies::Commit),
    ("review", Replies::Review),
];
pub(super) const MODES: &[(&str, GateMode)] = &[
    ("enforce", GateMode::Enforce),
    ("shadow", GateMode::Shadow),
    ("off", GateMode::Off),
];
pub(super) const CONCERNS: &[(&str, ConcernRule)] = &[
    ("people", ConcernRule::People),
    ("all", ConcernRule::All),
    ("none", ConcernRule::None),
];
pub(super) const RECORDS: &[(&str, RecordIt)] = &[
    ("auto", RecordIt::Auto),
    ("always", RecordIt::Always),
    ("never", RecordIt::Never),
];
pub(super) const NOTIFICATIONS: &[(&str, Notify)] = &[
    ("on-change", Notify::OnChange),
    ("always", Notify::Always),
    ("never", Notify::Never),
];
pub(super) const RIGHTS: &[(&str, Need)] = &[
    ("read", Need::Read),
    ("triage", Need::Triage),
    ("write", Need::Write),
    ("maintain", Need::Maintain),
    ("admin", Need::Admin),
];

/// Most tokens that a budget can allow.
pub(super) const MOST_TOKENS: u64 = 1_000_000_000;

/// Reads the whole file; see [`RepoConfig::parse`].
pub(super) fn config(
    yaml: &str,
) -> Result<(RepoConfig, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
    let root = definition::read(yaml).map_err(|problem| vec![problem])?;
    let mut findings = Findings::default();
    let top = Section::top(&root, &mut findings);
    let mut config = RepoConfig::default();
    read_top(&top, &mut config, &mut findings);
    let on = top.section("on", "on.", &mut findings);
    read_triggers(&on, &mut config.on, &mut findings);
    let gate = top.section("gate", "gate.", &mut findings);
    read_gate(&gate, &mut config.gate, &mut findings);
    read_commit(&top, &mut config, &mut findings);
    read_budget(&top, &mut config.budget, &mut findings);
    read_permissions(&top, &mut config.permissions, &mut findings);
    findings.finish(config)
}

fn read_top(top: &Section<'_>, config: &mut RepoConfig, findings: &mut Findings) {
    top.refuse_unknown(&names_below(""), findings);
    top.set("files", &mut config.files, findings, globs);
    top.set("participants", &mut config.participants, findings, panel);
    note_doubles(top, "participants", findings);
    top.set("personas", &mut config.personas, findings, folders);
    top.set("template", &mut config.template, findings, template_name);
    top.set("replies", &mut config.replies, findings, |node| {
        node.one_of(REPLIES)
    });
    top.set("record", &mut config.record, findings, |node| {
        node.one_of(RECORDS)
    });
    top.set("rounds", &mut config.rounds, findings, rounds);
    top.set("models", &mut config.models, findings, models);
    top.set("notify", &mut config.notify, findings, |node| {
        node.one_of(NOTIFICATIONS)
    });
}

fn read_triggers(on: &Section<'_>, triggers: &mut Triggers, findings: &mut Findings) {
    on.refuse_unknown(&names_below("on."), findings);
    on.set("opened", &mut triggers.opened, findings, Node::boolean);
    on.set("push", &mut triggers.push, findings, Node::boolean);
    on.set(
        "ready_for_review",
        &mut triggers.ready_for_review,
        findings,
        Node::boolean,
    );
    on.set("drafts", &mut triggers.drafts, findings, Node::boolean);
    on.set("quiet", &mut triggers.quiet, findings, quiet);
}

fn read_gate(gate: &Section<'_>, config: &mut GateConfig, findings: &mut Findings) {
    gate.refuse_unknown(&names_below("gate."), findings);
    gate.set("mode", &mut config.mode, findings, |node| {
        node.one_of(MODES)
    });
    gate.set("check", &mut config.check, findings, check_name);
    gate.set("bases", &mut config.bases, findings, bases);
    let rules = &mut config.rules;
    gate.set("ready", &mut rules.ready, findings, share);
    gate.set("reject", &mut rules.reject, findings, reject);
    gate.set("humans", &mut rules.humans, findings, |node| count(node, 0));
    gate.set(
        "minimum_votes",
        &mut rules.minimum_votes,
        findings,
        |node| count(node, 0),
    );
    gate.set("veto", &mut rules.veto, findings, aliases);
    gate.set("concerns", &mut rules.concerns, findings, |node| {
        node.one_of(CONCERNS)
    });
    gate.set("require", &mut config.require, findings, |node| {
        word_or("participants", node, aliases)
    });
    gate.set("optional", &mut config.optional, findings, aliases);
    gate.set("templates", &mut config.templates, findings, |node| {
        word_or("all", node, |node| node.list_of(template_name))
    });
    gate.set(
        "author_may_vote",
        &mut config.author_may_vote,
        findings,
        Node::boolean,
    );
    gate.set("reviews", &mut config.reviews, findings, Node::boolean);
    gate.set(
        "require_discussion",
        &mut config.require_discussion,
        findings,
        globs,
    );
}

fn read_commit(top: &Section<'_>, config: &mut RepoConfig, findings: &mut Findings) {
    let commit = top.section("commit", "commit.", findings);
    commit.refuse_unknown(&names_below("commit."), findings);
    commit.set(
        "message",
        &mut config.commit_message,
        findings,
        commit_message,
    );
    commit.set("signoff", &mut config.signoff, findings, Node::boolean);
}

fn read_budget(top: &Section<'_>, limits: &mut Budget, findings: &mut Findings) {
    let budget = top.section("budget", "budget.", findings);
    budget.refuse_unknown(&names_below("budget."), findings);
    for (key, path, limit) in [
        ("per_round", "budget.per_round.", &mut limits.per_round),
        ("per_pr", "budget.per_pr.", &mut limits.per_pr),
        ("per_day", "budget.per_day.", &mut limits.per_day),
    ] {
        let section = budget.section(key, path, findings);
        section.refuse_unknown(&names_below(path), findings);
        section.set("usd", &mut limit.cost, findings, |node| {
            amount(node).map(Some)
        });
        section.set("tokens", &mut limit.tokens, findings, |node| {
            node.integer(0, MOST_TOKENS).map(Some)
        });
    }
}

/// Reads which right which command needs, by the keys of the table of commands.
fn read_permissions(top: &Section<'_>, permissions: &mut Permissions, findings: &mut Findings) {
    let section = top.section("permissions", "permissions.", findings);
    let mut known: Vec<&str> = TABLE.iter().map(|row| row.key).collect();
    known.push(AGAIN_FLAG);
    section.refuse_unknown(&known, findings);
    let mut seen = Vec::new();
    for entry in section.entries() {
        let Some(row) = table::called(&entry.key) else {
            continue;
        };
        let path = format!("permissions.{}", entry.key);
        if seen.contains(&row.key) {
            let twice = Refusal {
                line: entry.line,
                message: format!("names the right of `{}` once more", row.key),
                hint: "keep one of them".to_owned(),
            };
            findings.refused(&path, twice);
            continue;
        }
        seen.push(row.key);
        match right(&entry.value, row) {
            Ok(need) => {
                permissions.set(row, need);
                note_open_to_all(row, need, entry.line, findings);
            }
            Err(refusal) => findings.refused(&path, refusal),
        }
    }
}

/// The rights that a command may be made to need: any, and for one that decides none below its own.
pub(super) fn rights(row: &Row) -> Vec<&'static str> {
    let may_need = |need: Need| !row.decides || need >= row.need;
    let rights = RIGHTS.iter().filter(|(_, need)| may_need(*need));
    rights.map(|(word, _)| *word).collect()
}

fn right(node: &Node, row: &Row) -> Result<Need, Refusal> {
    let need = node.one_of(RIGHTS)?;
    let allowed = rights(row);
    if allowed.contains(&need.as_str()) {
        return Ok(need);
    }
    let message = format!(
        "needs at least `{}`, not {}: this command moves the gate, so its right can only be raised",
        row.need.as_str(),
        node.describe()
    );
    let hint = format!("choose from: {}", allowed.join(", "));
    Err(Refusal::new(node, message, hint))
}

/// Says that everybody may spend money, where that may be so.
fn note_open_to_all(row: &Row, need: Need, line: usize, findings: &mut Findings) {
    if row.group == Group::Ask && need == Need::Read {
        findings.notice(
            line,
            format!(
                "`permissions.{}: read` lets everybody ask the models: in a public repository everybody has read, and \
                 each answer costs",
                row.key
            ),
            "`triage` leaves it to people you chose; `budget` bounds what it may cost",
        );
    }
}

/// Says which names of a list stand there twice.
fn note_doubles(section: &Section<'_>, key: &str, findings: &mut Findings) {
    let Some(Ok(items)) = section.get(key).map(Node::list) else {
        return;
    };
    let mut seen = Vec::new();
    for item in items {
        let Ok(alias) = alias(item) else { continue };
        if seen.contains(&alias) {
            findings.notice(
                item.line,
                format!("`{alias}` is named twice"),
                "name it once",
            );
        }
        seen.push(alias);
    }
}
