//! Reading the configuration from YAML. One function for each section; the value readers stand below.

use super::{GateConfig, GateMode, Replies, RepoConfig, Triggers};
use crate::engine::consensus::{ConcernRule, RejectRule};
use crate::engine::definition::{self, Findings, Node, Refusal, Section, Value};
use crate::engine::template::{DefinitionProblem, share};
use crate::ids::Alias;
use std::collections::BTreeMap;
use std::time::Duration;

const TOP_KEYS: &[&str] = &[
    "files",
    "participants",
    "personas",
    "template",
    "replies",
    "record",
    "rounds",
    "on",
    "gate",
    "budget",
    "permissions",
    "models",
    "notify",
    "commit",
];
const ON_KEYS: &[&str] = &["opened", "push", "ready_for_review", "drafts", "quiet"];
const GATE_KEYS: &[&str] = &[
    "mode",
    "check",
    "bases",
    "ready",
    "reject",
    "humans",
    "minimum_votes",
    "require",
    "optional",
    "veto",
    "templates",
    "author_may_vote",
    "reviews",
    "concerns",
    "require_discussion",
];

const REPLIES: &[(&str, Replies)] = &[
    ("auto", Replies::Auto),
    ("commit", Replies::Commit),
    ("review", Replies::Review),
];
const MODES: &[(&str, GateMode)] = &[
    ("enforce", GateMode::Enforce),
    ("shadow", GateMode::Shadow),
    ("off", GateMode::Off),
];
const CONCERNS: &[(&str, ConcernRule)] = &[
    ("people", ConcernRule::People),
    ("all", ConcernRule::All),
    ("none", ConcernRule::None),
];
const RECORDS: &[(&str, ())] = &[("auto", ()), ("always", ()), ("never", ())];
const NOTIFICATIONS: &[(&str, ())] = &[("on-change", ()), ("always", ()), ("never", ())];
const RIGHTS: &[(&str, ())] = &[
    ("read", ()),
    ("triage", ()),
    ("write", ()),
    ("maintain", ()),
    ("admin", ()),
];

/// Longest pause that pushes may ask for: the check waits meanwhile.
const LONGEST_QUIET: Duration = Duration::from_secs(600);

/// Most votes, people or rounds that can be asked for.
const MOST: u64 = 100;

/// Most tokens that a budget can allow.
const MOST_TOKENS: u64 = 1_000_000_000;

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
    check_budget(&top, &mut findings);
    check_permissions(&top, &mut findings);
    findings.finish(config)
}

fn read_top(top: &Section<'_>, config: &mut RepoConfig, findings: &mut Findings) {
    top.refuse_unknown(TOP_KEYS, findings);
    top.set("files", &mut config.files, findings, globs);
    top.set("participants", &mut config.participants, findings, panel);
    note_doubles(top, "participants", findings);
    top.set("personas", &mut config.personas, findings, |node| {
        node.list_of(folder)
    });
    top.set("template", &mut config.template, findings, template_name);
    top.set("replies", &mut config.replies, findings, |node| {
        node.one_of(REPLIES)
    });
    top.check("record", findings, |node| node.one_of(RECORDS));
    top.set("rounds", &mut config.rounds, findings, rounds);
    top.set("models", &mut config.models, findings, models);
    top.check("notify", findings, |node| node.one_of(NOTIFICATIONS));
}

fn read_triggers(on: &Section<'_>, triggers: &mut Triggers, findings: &mut Findings) {
    on.refuse_unknown(ON_KEYS, findings);
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
    gate.refuse_unknown(GATE_KEYS, findings);
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
    commit.refuse_unknown(&["message", "signoff"], findings);
    commit.set(
        "message",
        &mut config.commit_message,
        findings,
        commit_message,
    );
    commit.check("signoff", findings, Node::boolean);
}

fn check_budget(top: &Section<'_>, findings: &mut Findings) {
    let budget = top.section("budget", "budget.", findings);
    budget.refuse_unknown(&["per_round", "per_pr", "per_day"], findings);
    for (key, path) in [
        ("per_round", "budget.per_round."),
        ("per_pr", "budget.per_pr."),
        ("per_day", "budget.per_day."),
    ] {
        let limit = budget.section(key, path, findings);
        limit.refuse_unknown(&["usd", "tokens"], findings);
        limit.check("usd", findings, amount);
        limit.check("tokens", findings, |node| node.integer(0, MOST_TOKENS));
    }
}

fn check_permissions(top: &Section<'_>, findings: &mut Findings) {
    let permissions = top.section("permissions", "permissions.", findings);
    for entry in permissions.entries() {
        permissions.check(&entry.key, findings, |node| node.one_of(RIGHTS));
        // Said, because whoever tightens a right relies on it.
        findings.notice(
            entry.line,
            format!(
                "`permissions.{}` is not enforced yet; the default right applies",
                entry.key
            ),
            "see the list of commands for the default rights",
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

fn alias(node: &Node) -> Result<Alias, Refusal> {
    Alias::parse(node.text()?.trim()).ok_or_else(|| {
        Refusal::new(
            node,
            format!("needs the alias of a persona, not {}", node.describe()),
            "write a letter, then up to 30 letters, digits or hyphens, like `security`",
        )
    })
}

/// Aliases, each once, in order.
fn aliases(node: &Node) -> Result<Vec<Alias>, Refusal> {
    let mut distinct = Vec::new();
    for alias in node.list_of(alias)? {
        if !distinct.contains(&alias) {
            distinct.push(alias);
        }
    }
    Ok(distinct)
}

/// Aliases, at least one.
fn panel(node: &Node) -> Result<Vec<Alias>, Refusal> {
    let aliases = aliases(node)?;
    if aliases.is_empty() {
        return Err(Refusal::new(
            node,
            "names nobody, so nothing could be discussed",
            "name at least one persona, like [architect, security, pragmatist]",
        ));
    }
    Ok(aliases)
}

/// A word that stands for "no list", or the list.
fn word_or<T>(
    word: &str,
    node: &Node,
    list: impl FnOnce(&Node) -> Result<T, Refusal>,
) -> Result<Option<T>, Refusal> {
    match &node.value {
        Value::Scalar(text) if text == word => Ok(None),
        Value::List(_) => list(node).map(Some),
        _ => Err(Refusal::new(
            node,
            format!("needs `{word}` or a list, not {}", node.describe()),
            format!("write {word}, or a list like [a, b]"),
        )),
    }
}

/// File patterns; a leading `!` excludes.
fn globs(node: &Node) -> Result<Vec<String>, Refusal> {
    node.list_of(|item| {
        let text = item.filled_text()?;
        let pattern = text.strip_prefix('!').unwrap_or(&text);
        match globset::Glob::new(pattern) {
            Ok(_) if !pattern.is_empty() => Ok(text),
            Ok(_) => Err(Refusal::new(
                item,
                "excludes nothing",
                "write a pattern behind the `!`",
            )),
            Err(broken) => Err(Refusal::new(
                item,
                format!(
                    "holds {}, which is no file pattern: {}",
                    item.describe(),
                    broken.kind()
                ),
                "write a pattern like \"docs/**/*.md\"",
            )),
        }
    })
}

/// A folder inside the repository.
fn folder(node: &Node) -> Result<String, Refusal> {
    let text = node.filled_text()?;
    let leaves = text.starts_with('/') || text.split('/').any(|part| part == "..");
    if leaves || text.contains(['\\', '\0']) {
        return Err(Refusal::new(
            node,
            format!("needs a folder of this repository, not {}", node.describe()),
            "write a path from the top of the repository, like .github/discussions/personas",
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn template_name(node: &Node) -> Result<String, Refusal> {
    let text = node.filled_text()?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if text.chars().all(is_word) {
        return Ok(text);
    }
    Err(Refusal::new(
        node,
        format!("needs the name of a template, not {}", node.describe()),
        "write feature, brainstorm, review, or the name of a template of your own",
    ))
}

fn rounds(node: &Node) -> Result<u32, Refusal> {
    let number = node.integer(1, MOST).map_err(|refusal| Refusal {
        hint: "write at least 1; to start no round by itself set on.opened and on.push to false"
            .to_owned(),
        ..refusal
    })?;
    u32::try_from(number).map_err(|_| Refusal::new(node, "is too large", "write a smaller number"))
}

fn count(node: &Node, least: u64) -> Result<usize, Refusal> {
    let number = node.integer(least, MOST)?;
    usize::try_from(number)
        .map_err(|_| Refusal::new(node, "is too large", "write a smaller number"))
}

/// `any`, a number of votes, or a share.
fn reject(node: &Node) -> Result<RejectRule, Refusal> {
    let text = node.text()?;
    if text == "any" {
        return Ok(RejectRule::Any);
    }
    if text.parse::<i64>().is_ok() {
        return count(node, 1).map(RejectRule::Votes);
    }
    share(node)
        .map(RejectRule::Share)
        .map_err(|refusal| Refusal {
            hint: "write any, a number of votes, or a share like 1/3".to_owned(),
            ..refusal
        })
}

/// Seconds, minutes or hours: `20s`, `2m`.
fn quiet(node: &Node) -> Result<Duration, Refusal> {
    let hint = "write seconds or minutes up to 10m, like 20s, 2m or 0s";
    let text = node.text()?.trim();
    let unit_seconds = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        _ => 0,
    };
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let seconds = digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(unit_seconds));
    match seconds {
        Some(seconds) if unit_seconds > 0 && !digits.starts_with('+') => {
            let duration = Duration::from_secs(seconds);
            if duration > LONGEST_QUIET {
                let message = format!("is {text}, longer than 10m");
                return Err(Refusal::new(node, message, hint));
            }
            Ok(duration)
        }
        _ => Err(Refusal::new(
            node,
            format!("needs a duration, not {}", node.describe()),
            hint,
        )),
    }
}

/// Name of the check run. The two suffixes are ours: they mark runs that gate nothing.
fn check_name(node: &Node) -> Result<String, Refusal> {
    let text = node.filled_text()?;
    let is_reserved = text.ends_with("(preview)") || text.ends_with("(shadow)");
    if is_reserved || text.chars().count() > 60 || text.chars().any(char::is_control) {
        return Err(Refusal::new(
            node,
            format!("needs a short name for the check, not {}", node.describe()),
            "write up to 60 characters on one line, without (preview) or (shadow) at the end",
        ));
    }
    Ok(text)
}

/// Branch names, at least one. Patterns are refused: one that matches nothing would gate nothing.
fn bases(node: &Node) -> Result<Vec<String>, Refusal> {
    let bases = node.list_of(|item| {
        let text = item.filled_text()?;
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
        let is_branch = !text.contains(is_odd)
            && !text.contains("..")
            && !text.starts_with(['/', '-'])
            && !text.ends_with(['/', '.']);
        if is_branch {
            return Ok(text);
        }
        Err(Refusal::new(
            item,
            format!("needs the name of a branch, not {}", item.describe()),
            "write each branch in full (no patterns); `default` stands for the default branch",
        ))
    })?;
    if bases.is_empty() {
        return Err(Refusal::new(
            node,
            "names no branch, so nothing would be gated",
            "write [default]; to post no check set gate.mode to off",
        ));
    }
    Ok(bases)
}

/// Persona or model alias to a model that the operator offers.
fn models(node: &Node) -> Result<BTreeMap<String, String>, Refusal> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| Ok((entry.key.clone(), entry.value.filled_text()?)))
            .collect(),
        Value::Null => Ok(BTreeMap::new()),
        _ => Err(Refusal::new(
            node,
            format!("needs `persona: model` lines, not {}", node.describe()),
            "write one `security: quality` to a line",
        )),
    }
}

/// An amount of money: digits, at most two decimal places.
fn amount(node: &Node) -> Result<(), Refusal> {
    let text = node.text()?;
    let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && digits(cents) && whole.len() <= 9 && cents.len() <= 2 {
        return Ok(());
    }
    Err(Refusal::new(
        node,
        format!("needs an amount of money, not {}", node.describe()),
        "write a number like 5 or 0.50",
    ))
}

/// One line, with no placeholder but `{personas}` and `{title}`.
fn commit_message(node: &Node) -> Result<String, Refusal> {
    let text = node.filled_text()?;
    let rest = text.replace("{personas}", "").replace("{title}", "");
    if rest.contains(['{', '}']) {
        return Err(Refusal::new(
            node,
            format!("holds an unknown placeholder: {}", node.describe()),
            "use {personas} and {title} only",
        ));
    }
    if text.chars().any(char::is_control) || text.chars().count() > 200 {
        return Err(Refusal::new(
            node,
            "needs one line of at most 200 characters",
            "shorten the message",
        ));
    }
    Ok(text)
}
