//! Readers of single values: each says what it wants and what to write instead.

use crate::engine::consensus::RejectRule;
use crate::engine::definition::{Node, Refusal, Value};
use crate::engine::template::share;
use crate::ids::Alias;
use crate::llm::budget::DOLLAR;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest pause that pushes may ask for: the check waits meanwhile.
pub(super) const LONGEST_QUIET: Duration = Duration::from_secs(600);

/// Most votes, people or rounds that can be asked for.
pub(super) const MOST: u64 = 100;

pub(super) fn alias(node: &Node) -> Result<Alias, Refusal> {
    Alias::parse(node.text()?.trim()).ok_or_else(|| {
        Refusal::new(
            node,
            format!("needs the alias of a persona, not {}", node.describe()),
            "write a letter, then up to 30 letters, digits or hyphens, like `security`",
        )
    })
}

/// Aliases, each once, in order.
pub(super) fn aliases(node: &Node) -> Result<Vec<Alias>, Refusal> {
    let mut distinct = Vec::new();
    for alias in node.list_of(alias)? {
        if !distinct.contains(&alias) {
            distinct.push(alias);
        }
    }
    Ok(distinct)
}

/// Aliases, at least one.
pub(super) fn panel(node: &Node) -> Result<Vec<Alias>, Refusal> {
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
pub(super) fn word_or<T>(
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
pub(super) fn globs(node: &Node) -> Result<Vec<String>, Refusal> {
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

/// Most persona folders: each is read at every event.
pub(super) const MOST_FOLDERS: usize = 10;

/// Folders inside the repository, each once.
pub(super) fn folders(node: &Node) -> Result<Vec<String>, Refusal> {
    let mut distinct = Vec::new();
    for folder in node.list_of(folder)? {
        if !distinct.contains(&folder) {
            distinct.push(folder);
        }
    }
    if distinct.len() > MOST_FOLDERS {
        let message = format!("names {} folders", distinct.len());
        let hint = format!("name at most {MOST_FOLDERS}");
        return Err(Refusal::new(node, message, hint));
    }
    Ok(distinct)
}

/// A folder inside the repository, without `./` before it and a slash behind it.
fn folder(node: &Node) -> Result<String, Refusal> {
    let text = node.filled_text()?;
    let refuse = |why: &str| {
        Err(Refusal::new(
            node,
            format!(
                "needs a folder of this repository, not {}{why}",
                node.describe()
            ),
            "write a path from the top of the repository, like .github/discussions/personas",
        ))
    };
    if text.contains(|c: char| c == '\\' || c.is_control()) {
        return refuse("");
    }
    if text.contains("://") || text.starts_with('~') || text.contains(['*', '?']) {
        return refuse("");
    }
    let path = text.trim_start_matches("./").trim_end_matches('/');
    if path.is_empty() || path == "." {
        return refuse(", which is all of it");
    }
    match path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        true => refuse(""),
        false => Ok(path.to_owned()),
    }
}

pub(super) fn template_name(node: &Node) -> Result<String, Refusal> {
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

pub(super) fn rounds(node: &Node) -> Result<u32, Refusal> {
    let number = node.integer(1, MOST).map_err(|refusal| Refusal {
        hint: "write at least 1; to start no round by itself set on.opened and on.push to false"
            .to_owned(),
        ..refusal
    })?;
    u32::try_from(number).map_err(|_| Refusal::new(node, "is too large", "write a smaller number"))
}

pub(super) fn count(node: &Node, least: u64) -> Result<usize, Refusal> {
    let number = node.integer(least, MOST)?;
    usize::try_from(number)
        .map_err(|_| Refusal::new(node, "is too large", "write a smaller number"))
}

/// `any`, a number of votes, or a share.
pub(super) fn reject(node: &Node) -> Result<RejectRule, Refusal> {
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
pub(super) fn quiet(node: &Node) -> Result<Duration, Refusal> {
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
pub(super) fn check_name(node: &Node) -> Result<String, Refusal> {
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
pub(super) fn bases(node: &Node) -> Result<Vec<String>, Refusal> {
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
pub(super) fn models(node: &Node) -> Result<BTreeMap<String, String>, Refusal> {
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

/// An amount of money in nano-dollars: digits, at most two decimal places.
pub(super) fn amount(node: &Node) -> Result<u64, Refusal> {
    let text = node.text()?;
    let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole)
        && digits(cents)
        && whole.len() <= 9
        && cents.len() <= 2
        && let (Ok(whole), Ok(cents)) =
            (whole.parse::<u64>(), format!("{cents:0<2}").parse::<u64>())
    {
        return Ok(whole * DOLLAR + cents * (DOLLAR / 100));
    }
    Err(Refusal::new(
        node,
        format!("needs an amount of money, not {}", node.describe()),
        "write a number like 5 or 0.50",
    ))
}

/// One line, with no placeholder but `{personas}` and `{title}`.
pub(super) fn commit_message(node: &Node) -> Result<String, Refusal> {
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
