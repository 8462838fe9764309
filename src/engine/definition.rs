//! Definition files (templates, configuration): YAML as a tree that knows its lines, and a collector that keeps every
//! finding instead of stopping at the first.
//!
//! Scalars stay as spelt in the file: a branch called `1.10` is not the number 1.1, and `0.67` is not a float.

use super::problem::Severity;
use super::template::DefinitionProblem;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Largest definition file that is read, in bytes. Far above any real one; the text may come from strangers.
const MAX_BYTES: usize = 256 * 1024;

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Line it stands in, from 1.
    pub line: usize,
}

/// What stands in one place of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Text, number or boolean, as spelt in the file.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in file order.
    Map(Vec<Entry>),
}

/// One `key: value` of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, always text (`on` is not a boolean).
    pub key: String,
    /// Line of the key, from 1.
    pub line: usize,
    /// The value.
    pub value: Node,
}

/// Why a value is refused: where, what was read, what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Line, from 1.
    pub line: usize,
    /// What was read and why it is refused; the key's path is put before it.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Refusal {
    /// A refusal of `node`.
    pub fn new(node: &Node, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line: node.line,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// Reads YAML into a tree. The one problem of `Err` names line and column.
pub fn read(yaml: &str) -> Result<Node, DefinitionProblem> {
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    if yaml.len() > MAX_BYTES {
        return Err(error(
            1,
            format!("the file has {} bytes, more than {MAX_BYTES}", yaml.len()),
            "keep definitions short; long texts belong into persona files",
        ));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 20_000,
            max_nodes: 10_000,
            max_depth: 16,
            max_aliases: 100,
            max_anchors: 100,
            max_documents: 1,
            max_total_scalar_bytes: MAX_BYTES,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(yaml, options) {
        Ok(raw) => place(raw, yaml),
        Err(broken) => Err(broken_yaml(&broken)),
    }
}

/// Turns the reader's error into ours, with line and column.
fn broken_yaml(broken: &serde_saphyr::Error) -> DefinitionProblem {
    let (line, column) = broken
        .location()
        .map_or((1, 1), |at| (to_usize(at.line()), to_usize(at.column())));
    let text = broken.without_snippet().to_string();
    let text = text.lines().next().unwrap_or_default();
    error(
        line.max(1),
        format!("this is not valid YAML (line {line}, column {column}): {text}"),
        "check indentation, colons and quotes around this place",
    )
}

fn error(line: usize, message: String, hint: &str) -> DefinitionProblem {
    DefinitionProblem {
        severity: Severity::Error,
        line: Some(line),
        message,
        hint: hint.to_owned(),
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The tree as serde sees it. Numbers and booleans are taken from the source afterwards.
enum Raw {
    Null,
    Text(String),
    Plain,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

/// Gives every value its line and every number its spelling.
fn place(raw: Spanned<Raw>, source: &str) -> Result<Node, DefinitionProblem> {
    let line = to_usize(raw.referenced.line()).max(1);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(text) => Value::Scalar(text),
        Raw::Plain => {
            let span = raw.defined.span();
            let spelling = span
                .byte_offset()
                .zip(span.byte_len())
                .and_then(|(at, len)| source.get(to_usize(at)..to_usize(at.saturating_add(len))));
            match spelling {
                Some(text) => Value::Scalar(text.trim().to_owned()),
                None => {
                    return Err(error(
                        line,
                        "a number or boolean whose spelling cannot be read".to_owned(),
                        "put it in quotes",
                    ));
                }
            }
        }
        Raw::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| place(item, source))
                .collect::<Result<_, _>>()?,
        ),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    Ok(Entry {
                        line: to_usize(key.referenced.line()).max(1),
                        key: key.value,
                        value: place(value, source)?,
                    })
                })
                .collect::<Result<_, DefinitionProblem>>()?,
        ),
    };
    Ok(Node { value, line })
}

impl Node {
    /// What stands here, in words for messages.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar(text) => format!("`{}`", cut(text, 60)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    /// A scalar as spelt.
    pub fn text(&self) -> Result<&str, Refusal> {
        match &self.value {
            Value::Scalar(text) => Ok(text),
            _ => Err(Refusal::new(
                self,
                format!("needs one value, not {}", self.describe()),
                "write one word or text",
            )),
        }
    }

    /// A text that is not blank.
    pub fn filled_text(&self) -> Result<String, Refusal> {
        let text = self.text()?.trim();
        if text.is_empty() {
            return Err(Refusal::new(
                self,
                "is empty",
                "write a value or leave the key out",
            ));
        }
        Ok(text.to_owned())
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Result<bool, Refusal> {
        match &self.value {
            Value::Scalar(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::Scalar(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(Refusal::new(
                self,
                format!("needs true or false, not {}", self.describe()),
                "write true or false",
            )),
        }
    }

    /// A whole number within the limits, both included.
    pub fn integer(&self, least: u64, most: u64) -> Result<u64, Refusal> {
        let number = match &self.value {
            Value::Scalar(text) => text.parse::<u64>().ok(),
            _ => None,
        };
        number
            .filter(|n| (least..=most).contains(n))
            .ok_or_else(|| {
                Refusal::new(
                    self,
                    format!(
                        "needs a whole number from {least} to {most}, not {}",
                        self.describe()
                    ),
                    format!("write a number from {least} to {most}"),
                )
            })
    }

    /// One of the listed words, which stand for values.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Refusal> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Err(Refusal::new(
            self,
            format!("does not know {}", self.describe()),
            choose(text, &known),
        ))
    }

    /// The items of a list.
    pub fn list(&self) -> Result<&[Node], Refusal> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(Refusal::new(
                self,
                format!("needs a list, not {}", self.describe()),
                "write [a, b] or one `- item` to a line",
            )),
        }
    }

    /// A list whose items are read one by one; the first refused item refuses the list.
    pub fn list_of<T>(
        &self,
        item: impl Fn(&Node) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        self.list()?.iter().map(item).collect()
    }
}

/// A mapping that is being read: knows its path for messages.
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    /// Path with a final dot (`gate.`), or empty at the top.
    path: &'a str,
    entries: &'a [Entry],
}

impl<'a> Section<'a> {
    /// The whole file as a section. An empty file is an empty section; anything but a mapping is refused.
    pub fn top(root: &'a Node, findings: &mut Findings) -> Self {
        Self {
            path: "",
            entries: entries_of(root, "the file", findings),
        }
    }

    /// A value as a section; anything but a mapping is refused. `path` is its path with a final dot.
    pub fn of(node: &'a Node, path: &'a str, findings: &mut Findings) -> Self {
        Self {
            path,
            entries: entries_of(node, &format!("`{}`", path.trim_end_matches('.')), findings),
        }
    }

    /// The section under `key`, empty if the key is absent. `path` is the key's path with a final dot.
    pub fn section(&self, key: &str, path: &'a str, findings: &mut Findings) -> Section<'a> {
        match self.get(key) {
            Some(node) => Section::of(node, path, findings),
            None => Section { path, entries: &[] },
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// All entries, in file order.
    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// Refuses every key that is not listed, with the nearest one that is.
    pub fn refuse_unknown(&self, known: &[&str], findings: &mut Findings) {
        for entry in self.unknown(known) {
            findings.error(
                entry.line,
                format!("unknown key `{}{}`", self.path, cut(&entry.key, 60)),
                choose(&entry.key, known),
            );
        }
    }

    /// Says of every key that is not listed that it is ignored.
    pub fn ignore_unknown(&self, known: &[&str], findings: &mut Findings) {
        for entry in self.unknown(known) {
            let hint = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "nothing to do; remove it if it is not for another tool".to_owned(),
            };
            findings.notice(
                entry.line,
                format!("the key `{}{}` is ignored", self.path, cut(&entry.key, 60)),
                hint,
            );
        }
    }

    fn unknown(&self, known: &[&str]) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
    }

    /// Reads a key into `place` if it is there; a refused value is a finding and leaves `place` alone.
    pub fn set<T>(
        &self,
        key: &str,
        place: &mut T,
        findings: &mut Findings,
        read: impl FnOnce(&Node) -> Result<T, Refusal>,
    ) {
        let Some(node) = self.get(key) else { return };
        match read(node) {
            Ok(value) => *place = value,
            Err(refusal) => findings.refused(&format!("{}{key}", self.path), refusal),
        }
    }

    /// Checks a key's value without using it.
    pub fn check<T>(
        &self,
        key: &str,
        findings: &mut Findings,
        read: impl FnOnce(&Node) -> Result<T, Refusal>,
    ) {
        let mut unused = None;
        self.set(key, &mut unused, findings, |node| read(node).map(Some));
    }
}

fn entries_of<'a>(node: &'a Node, what: &str, findings: &mut Findings) -> &'a [Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Null => &[],
        _ => {
            findings.error(
                node.line,
                format!("{what} needs `key: value` lines, not {}", node.describe()),
                "write one `key: value` to a line",
            );
            &[]
        }
    }
}

/// Everything found while a definition is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(Vec<DefinitionProblem>);

impl Findings {
    /// An error: the file is refused.
    pub fn error(&mut self, line: usize, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, line, message.into(), hint.into());
    }

    /// A notice: something is ignored.
    pub fn notice(&mut self, line: usize, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Notice, line, message.into(), hint.into());
    }

    /// A refused value of the key `path`.
    pub fn refused(&mut self, path: &str, refusal: Refusal) {
        let message = format!("`{path}` {}", refusal.message);
        self.error(refusal.line, message, refusal.hint);
    }

    fn add(&mut self, severity: Severity, line: usize, message: String, hint: String) {
        self.0.push(DefinitionProblem {
            severity,
            line: Some(line),
            message,
            hint,
        });
    }

    /// The value with its notices, or the findings if one is an error; in line order.
    pub fn finish<T>(
        mut self,
        value: T,
    ) -> Result<(T, Vec<DefinitionProblem>), Vec<DefinitionProblem>> {
        self.0.sort_by_key(|finding| finding.line);
        if self
            .0
            .iter()
            .any(|finding| finding.severity == Severity::Error)
        {
            Err(self.0)
        } else {
            Ok((value, self.0))
        }
    }
}

/// The candidate a misspelt word most likely stands for: at most a third of its letters wrong, and at most three.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// A hint: the near miss, else all that can be chosen.
pub fn choose(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("choose from: {}", known.join(", ")),
    }
}

/// The first `most` characters, with an ellipsis if more follow.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
