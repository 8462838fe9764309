//! A TOML text as tables whose every key and value knows its line and column.

use crate::config::SettingProblem;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// How alike (Jaro-Winkler, 0 to 1) a misspelt word and a known one must be to be asked about.
const NEAR_ENOUGH: f64 = 0.8;

/// Where something stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: Arc<str>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// It.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// Why a value is refused, and what to write instead.
pub(super) struct Refusal {
    why: String,
    instead: Cow<'static, str>,
}

impl Refusal {
    /// `why` follows the key: "needs a duration, not ...".
    pub(super) fn new(why: impl Into<String>, instead: impl Into<Cow<'static, str>>) -> Self {
        Self {
            why: why.into(),
            instead: instead.into(),
        }
    }
}

/// What is wrong with the file, by place.
pub(super) struct Findings<'a> {
    path: Arc<str>,
    text: &'a str,
    found: Vec<(usize, String)>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(path: &str, text: &'a str) -> Self {
        Self {
            path: path.into(),
            text,
            found: Vec::new(),
        }
    }

    /// The place of a byte.
    pub(super) fn place(&self, at: usize) -> Place {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Place {
            path: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(super) fn add(&mut self, at: usize, message: impl Into<String>) {
        self.found.push((at, message.into()));
    }

    /// All of them, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<SettingProblem> {
        self.found.sort();
        let found = std::mem::take(&mut self.found);
        let problem = |(at, message)| SettingProblem {
            name: self.place(at).to_string(),
            message,
        };
        found.into_iter().map(problem).collect()
    }
}

/// A table and what it is called in messages.
pub(super) struct Section<'t> {
    /// `providers.groq`; empty at the top.
    name: String,
    table: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    pub(super) fn top(table: &'t DeTable<'t>) -> Self {
        Self {
            name: String::new(),
            table,
        }
    }

    /// Keys with their places and values, in the order of their names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t Spanned<DeString<'t>>, Value<'t>)> {
        let name = |key: &str| self.full_name(key);
        self.table.iter().map(move |(key, value)| {
            let name = name(key.get_ref());
            (key, Value { name, value })
        })
    }

    fn full_name(&self, key: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let key = match !key.is_empty() && key.chars().all(is_plain) {
            true => key.to_owned(),
            false => format!("\"{key}\""),
        };
        match self.name.as_str() {
            "" => key,
            name => format!("{name}.{key}"),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Value<'t>> {
        let found = self.entries().find(|(name, _)| name.get_ref() == key);
        found.map(|(_, value)| value)
    }

    /// Reads one value if it is there; what is wrong with it is noted.
    pub(super) fn read<T>(
        &self,
        key: &str,
        findings: &mut Findings<'_>,
        read: impl FnOnce(&Value<'t>) -> Result<T, Refusal>,
    ) -> Option<Located<T>> {
        let value = self.get(key)?;
        match read(&value) {
            Ok(read) => Some(Located {
                value: read,
                place: findings.place(value.at()),
            }),
            Err(refusal) => {
                value.refuse(refusal, findings);
                None
            }
        }
    }

    /// A table below this one; an empty one is as good as none.
    pub(super) fn section(&self, key: &str, findings: &mut Findings<'_>) -> Option<Section<'t>> {
        let value = self.get(key)?;
        value.section(findings)
    }

    /// Notes every key that is not among `known`. `hint` may know better what to say of one.
    pub(super) fn refuse_unknown(
        &self,
        known: &[&str],
        hint: impl Fn(&str) -> Option<&'static str>,
        findings: &mut Findings<'_>,
    ) {
        for (key, value) in self.entries() {
            let word: &str = key.get_ref();
            if known.contains(&word) {
                continue;
            }
            let hint = hint(word).map_or_else(|| choose(word, known), str::to_owned);
            let message = format!("unknown key `{}`; {hint}", value.name);
            findings.add(key.span().start, message);
        }
    }
}

/// The known word that an unknown one is most like, if it is like any.
pub(in crate::config) fn near<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let alike = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, word), known))
        .filter(|(similarity, _)| *similarity > NEAR_ENOUGH)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    alike.map(|(_, near)| *near)
}

/// What to write in place of an unknown word.
pub(in crate::config) fn choose(word: &str, known: &[&str]) -> String {
    match near(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("choose from: {}", known.join(", ")),
    }
}

/// A value and what it is called in messages.
pub(super) struct Value<'t> {
    /// `providers.groq.url`.
    pub(super) name: String,
    value: &'t Spanned<DeValue<'t>>,
}

impl<'t> Value<'t> {
    /// Its first byte.
    pub(super) fn at(&self) -> usize {
        self.value.span().start
    }

    /// Notes that it is refused.
    pub(super) fn refuse(&self, refusal: Refusal, findings: &mut Findings<'_>) {
        let message = format!("`{}` {}; {}", self.name, refusal.why, refusal.instead);
        findings.add(self.at(), message);
    }

    pub(super) fn section(&self, findings: &mut Findings<'_>) -> Option<Section<'t>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Some(Section {
                name: self.name.clone(),
                table,
            }),
            _ => {
                let why = format!("needs a table, not {}", self.describe());
                self.refuse(Refusal::new(why, "see the example file"), findings);
                None
            }
        }
    }

    /// What stands there, in words.
    pub(super) fn describe(&self) -> String {
        match self.value.get_ref() {
            DeValue::String(text) => format!("`\"{}\"`", shortened(text)),
            DeValue::Integer(number) => format!("`{}`", shortened(&number.to_string())),
            DeValue::Float(number) => format!("`{}`", shortened(number.as_str())),
            DeValue::Boolean(value) => format!("`{value}`"),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    pub(super) fn text(&self, instead: &'static str) -> Result<&'t str, Refusal> {
        match self.value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Ok(text.trim()),
            DeValue::String(_) => Err(Refusal::new("is empty", instead)),
            _ => {
                let why = format!("needs text in quotes, not {}", self.describe());
                Err(Refusal::new(why, instead))
            }
        }
    }

    /// A text where `""` is as good as any.
    pub(super) fn any_text(&self, instead: &'static str) -> Result<String, Refusal> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text.clone().into_owned()),
            _ => {
                let why = format!("needs text in quotes, not {}", self.describe());
                Err(Refusal::new(why, instead))
            }
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, Refusal> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Ok(*value),
            _ => {
                let why = format!("needs true or false, not {}", self.describe());
                Err(Refusal::new(why, "write it without quotes"))
            }
        }
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, known: &[(&str, T)]) -> Result<T, Refusal> {
        let word = self.text("write it in quotes")?;
        let found = known.iter().find(|(name, _)| *name == word);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Refusal::new(format!("is `{}`", shortened(word)), choose(word, &names))
        })
    }

    /// A whole number.
    pub(super) fn integer(
        &self,
        least: u32,
        most: u32,
        instead: &'static str,
    ) -> Result<u32, Refusal> {
        let number = match self.value.get_ref() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| {
                let found = self.describe();
                let why = format!("needs a whole number from {least} to {most}, not {found}");
                Refusal::new(why, instead)
            })
    }

    /// A number as it is written, without the `_` between digits; `None`: no number.
    pub(super) fn number(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            _ => None,
        }
    }

    /// The items of a list; a single text is a list of one where `or_one`.
    pub(super) fn items(
        &self,
        or_one: bool,
        instead: &'static str,
    ) -> Result<Vec<Value<'t>>, Refusal> {
        match self.value.get_ref() {
            DeValue::Array(items) => Ok(items
                .iter()
                .map(|value| Value {
                    name: self.name.clone(),
                    value,
                })
                .collect()),
            DeValue::String(_) if or_one => Ok(vec![Value {
                name: self.name.clone(),
                value: self.value,
            }]),
            _ => {
                let why = format!("needs a list, not {}", self.describe());
                Err(Refusal::new(why, instead))
            }
        }
    }
}

/// At most a line's worth of a text.
fn shortened(text: &str) -> String {
    let mut line: String = text.chars().map(visible).take(60).collect();
    if text.chars().count() > 60 {
        line.push_str("...");
    }
    line
}

fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
