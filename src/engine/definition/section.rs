//! Reading a mapping key by key, with everything found on the way.

use super::{Entry, Node, Refusal, SHOWN_CHARS, Value, choose, cut, nearest};
use crate::engine::problem::Severity;
use crate::engine::template::DefinitionProblem;

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
                format!(
                    "unknown key `{}{}`",
                    self.path,
                    cut(&entry.key, SHOWN_CHARS)
                ),
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
                format!(
                    "the key `{}{}` is ignored",
                    self.path,
                    cut(&entry.key, SHOWN_CHARS)
                ),
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
