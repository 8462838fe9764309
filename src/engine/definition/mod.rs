//! Definition files (templates, configuration): YAML as a tree that knows its lines, and a collector that keeps every
//! finding instead of stopping at the first.
//!
//! Scalars stay as spelt in the file: a branch called `1.10` is not the number 1.1, and `0.67` is not a float.

mod section;
mod yaml;

pub use section::{Findings, Section};
pub use yaml::read;

/// How much of a key or value a message shows, in characters.
const SHOWN_CHARS: usize = 60;

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

impl Node {
    /// What stands here, in words for messages.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar(text) => format!("`{}`", cut(text, SHOWN_CHARS)),
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

/// Longest word that is compared with the known ones, in characters: comparing costs the product of both lengths, and
/// the words come from repositories.
const LONGEST_MISSPELLING: usize = 64;

/// The candidate a misspelt word most likely stands for: at most a third of its letters wrong (two swapped ones count
/// as one), at least one and at most three. Of equally near ones the first in alphabetical order.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length > LONGEST_MISSPELLING {
        return None;
    }
    let allowed = (length / 3).clamp(1, 3);
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
