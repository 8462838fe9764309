//! The front matter of a persona file: split off, read as YAML, every value with its line in the file.

use crate::engine::definition::nearest;
use crate::engine::problem::Severity;
use crate::engine::template::DefinitionProblem;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Keys of the front matter that mean something here.
const KEYS: [&str; 9] = [
    "name",
    "description",
    "display_name",
    "kind",
    "expertise",
    "concerns",
    "model",
    "veto",
    "checklist",
];

/// The front matter as written. Unknown keys are collected apart, see [`TopLevelKeys`].
#[derive(Deserialize)]
pub(super) struct FrontMatter {
    pub(super) name: Option<Spanned<String>>,
    pub(super) description: Option<Spanned<String>>,
    pub(super) display_name: Option<Spanned<String>>,
    pub(super) kind: Option<Spanned<String>>,
    pub(super) expertise: Option<Vec<String>>,
    pub(super) concerns: Option<Vec<String>>,
    pub(super) model: Option<Spanned<ModelNames>>,
    pub(super) veto: Option<bool>,
    pub(super) checklist: Option<Vec<Spanned<Item>>>,
}

/// A model, or several in order of preference, as some tools have it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ModelNames {
    One(String),
    Several(Vec<String>),
}

/// A checklist item as written. A misspelt key would silently change a rule, so unknown ones are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    pub(super) id: Option<String>,
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) when: Vec<String>,
    #[serde(default)]
    pub(super) unless: Vec<String>,
    pub(super) severity: Option<String>,
    #[serde(default)]
    pub(super) advice: String,
}

/// The keys of the front matter with their lines.
struct TopLevelKeys(Vec<(String, usize)>);

impl<'de> Deserialize<'de> for TopLevelKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = TopLevelKeys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`key: value` lines")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<Spanned<String>, IgnoredAny>()? {
                    keys.push((key.value.clone(), line_of(&key).unwrap_or(0)));
                }
                Ok(TopLevelKeys(keys))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// Problems found so far; a file with an error is refused, whatever else was found.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<DefinitionProblem>);

impl Findings {
    pub(super) fn error(
        &mut self,
        line: Option<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Severity::Error, line, message.into(), hint.into());
    }

    pub(super) fn notice(
        &mut self,
        line: Option<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Severity::Notice, line, message.into(), hint.into());
    }

    fn push(&mut self, severity: Severity, line: Option<usize>, message: String, hint: String) {
        self.0.push(DefinitionProblem {
            severity,
            line,
            message,
            hint,
        });
    }

    pub(super) fn has_errors(&self) -> bool {
        self.0.iter().any(|p| p.severity == Severity::Error)
    }
}

/// Splits a file into front matter, the line the instructions start on, and instructions, all with LF line ends.
/// The front matter keeps an empty first line in place of the opening `---`, so that YAML lines are file lines.
pub(super) fn split(text: &str, found: &mut Findings) -> Option<(String, usize, String)> {
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n");
    let mut lines = text.split('\n');
    if lines.next().map(str::trim_end) != Some("---") {
        found.error(
            Some(1),
            "the file does not start with front matter",
            "Start it with a line `---`, then `name:` and `description:`, then a line `---`.",
        );
        return None;
    }
    let mut yaml = String::from("\n");
    let mut line_number = 1;
    for line in lines.by_ref() {
        line_number += 1;
        if line.trim_end() == "---" {
            let body = lines.collect::<Vec<_>>().join("\n");
            return Some((yaml, line_number + 1, body));
        }
        yaml.push_str(line);
        yaml.push('\n');
    }
    found.error(
        Some(1),
        "the front matter opened here is never closed",
        "Put a line `---` below the last key.",
    );
    None
}

/// Reads the YAML. Agent files often hold a description with a colon and no quotes, which YAML forbids: such single
/// lines are read as plain text, with a notice, when the file cannot be read otherwise.
pub(super) fn read(yaml: &str, found: &mut Findings) -> Option<FrontMatter> {
    match parse_yaml(yaml) {
        Ok((front, keys)) => {
            report_ignored(&keys, found);
            Some(front)
        }
        Err(error) => {
            let (quoted, lines) = quote_plain_values(yaml);
            if let Ok((front, keys)) = parse_yaml(&quoted) {
                for line in lines {
                    found.notice(
                        Some(line),
                        "this value is no YAML as it stands and is read as plain text",
                        "Put the value in quotes, or write it below the key with `>-`.",
                    );
                }
                report_ignored(&keys, found);
                return Some(front);
            }
            found.error(
                error.location().and_then(|place| line_number(place.line())),
                format!("the front matter cannot be read: {}", plain_message(&error)),
                "Write `key: value` lines; put a value that holds `: ` or ` #` in quotes.",
            );
            None
        }
    }
}

fn parse_yaml(yaml: &str) -> Result<(FrontMatter, TopLevelKeys), serde_saphyr::Error> {
    // Far above what a persona needs, far below what costs anything: the file comes from a repository.
    let options = || {
        serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_nodes: 20_000,
                max_events: 40_000,
                max_depth: 16,
                max_aliases: 100,
                max_anchors: 100,
                max_documents: 1,
            },
            with_snippet: false,
        }
    };
    let front = serde_saphyr::from_str_with_options(yaml, options())?;
    let keys = serde_saphyr::from_str_with_options(yaml, options())?;
    Ok((front, keys))
}

/// The YAML error without the place, which is reported apart.
fn plain_message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().render();
    let first = text.lines().next().unwrap_or_default();
    let first = first.split(" at line ").next().unwrap_or(first);
    first.trim_start_matches("error: ").to_owned()
}

/// Puts single quotes around top-level values on one line that YAML would not take as text: with `: ` or ` #` in them,
/// or, of keys that mean nothing here, with a first character that is no text (`globs: **/*.ts`, `hint: [a] [b]`).
/// Gives the text and the lines changed.
fn quote_plain_values(yaml: &str) -> (String, Vec<usize>) {
    let mut changed = Vec::new();
    let lines = yaml.lines().enumerate().map(|(index, line)| {
        let Some((key, value)) = line.split_once(": ") else {
            return line.to_owned();
        };
        let value = value.trim();
        if is_key(key) && needs_quotes(key, value) {
            changed.push(index + 1);
            format!("{key}: '{}'", value.replace('\'', "''"))
        } else {
            line.to_owned()
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    (text, changed)
}

fn is_key(key: &str) -> bool {
    let is_of_key = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    !key.is_empty() && key.bytes().all(is_of_key)
}

fn needs_quotes(key: &str, value: &str) -> bool {
    if value.starts_with(|c: char| c.is_alphanumeric() || c == '<' || c == '(') {
        return value.contains(": ") || value.contains(" #");
    }
    if KEYS.contains(&key) {
        return false;
    }
    let count = |c: char| value.matches(c).count();
    match value.chars().next() {
        Some('*' | '@' | '%' | '`' | '&' | '!') => true,
        Some('[') => count('[') == count(']') && !(count('[') == 1 && value.ends_with(']')),
        _ => false,
    }
}

/// One notice for all keys that mean nothing here, since agent files have many of them, and one for each that looks
/// like a slip.
fn report_ignored(keys: &TopLevelKeys, found: &mut Findings) {
    let mut foreign: Vec<&str> = Vec::new();
    let mut first_line = None;
    for (key, line) in &keys.0 {
        if KEYS.contains(&key.as_str()) {
            continue;
        }
        let line = (*line > 0).then_some(*line);
        match nearest(key, KEYS) {
            Some(near) => found.notice(
                line,
                format!("the key `{key}` is ignored"),
                format!("Did you mean `{near}`?"),
            ),
            None => {
                first_line = first_line.or(line);
                foreign.push(key);
            }
        }
    }
    let message = match foreign.as_slice() {
        [] => return,
        [one] => format!("the key `{one}` is ignored"),
        several => format!("the keys {} are ignored", list(several)),
    };
    let hint = match foreign.as_slice() {
        ["tools"] => "Nothing to do: a persona never gets tools.".to_owned(),
        _ => format!(
            "Nothing to do; the keys with a meaning are {}.",
            list(&KEYS)
        ),
    };
    found.notice(first_line, message, hint);
}

pub(super) fn line_of<T>(value: &Spanned<T>) -> Option<usize> {
    line_number(value.referenced.line())
}

/// The YAML reader gives line 0 where it does not know.
fn line_number(line: u64) -> Option<usize> {
    usize::try_from(line).ok().filter(|line| *line > 0)
}

fn list(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
