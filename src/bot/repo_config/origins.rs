//! Where in the file each value stands.

use crate::engine::definition::{self, Entry, Node, Value};
use crate::ids::Alias;

/// A configuration file as it is written: which keys it sets, and in which line.
#[derive(Debug, Clone, Default)]
pub struct Origins(Option<Node>);

impl Origins {
    /// Of a file's text. One that does not read sets nothing.
    pub fn of(yaml: &str) -> Self {
        Self(definition::read(yaml).ok())
    }

    /// Line of a key (`gate.ready`), from 1; `None`: the file does not set it.
    pub fn line(&self, path: &str) -> Option<usize> {
        self.entry(path).map(|entry| entry.line)
    }

    /// Line of a list's item, of a mapping's key or of the value itself, whichever reads as that word; else the key's
    /// own line.
    pub fn line_of(&self, path: &str, word: &str) -> Option<usize> {
        let entry = self.entry(path)?;
        let inside = match &entry.value.value {
            Value::List(items) => items.iter().find(|item| reads_as(item, word)),
            Value::Map(entries) => {
                let found = entries.iter().find(|entry| entry.key == word);
                return Some(found.map_or(entry.line, |found| found.line));
            }
            Value::Scalar(_) | Value::Null => Some(&entry.value),
        };
        Some(inside.map_or(entry.line, |node| node.line))
    }

    fn entry(&self, path: &str) -> Option<&Entry> {
        let mut node = self.0.as_ref()?;
        let mut found = None;
        for name in path.split('.') {
            let Value::Map(entries) = &node.value else {
                return None;
            };
            let entry = entries.iter().find(|entry| entry.key == name)?;
            node = &entry.value;
            found = Some(entry);
        }
        found
    }
}

fn reads_as(node: &Node, word: &str) -> bool {
    let Value::Scalar(text) = &node.value else {
        return false;
    };
    let text = text.trim();
    text == word || Alias::parse(text).is_some_and(|alias| alias.as_str() == word)
}
