//! YAML into a tree, within limits that a hostile file cannot stretch.

use super::{Entry, Node, Value};
use crate::engine::problem::Severity;
use crate::engine::template::DefinitionProblem;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Largest definition file that is read, in bytes. Far above any real one; the text may come from strangers.
const MAX_BYTES: usize = 256 * 1024;

/// Values in a definition, aliases filled in.
const MAX_NODES: usize = 10_000;
/// Levels of a definition.
const MAX_DEPTH: usize = 16;

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
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
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
    // Inside aliases the reader passes its limits on as text.
    if text.contains("Documents {") {
        return error(
            line.max(1),
            "the file holds more than one YAML document".to_owned(),
            "keep one, and delete the `---` line in front of the others",
        );
    }
    if text.contains("budget breached") || text.contains("recursion limit") {
        return out_of_bounds(line.max(1));
    }
    // The reader ends most texts with the place, which stands before them here.
    let place = format!(" at line {line}, column {column}");
    let text = text.lines().next().unwrap_or_default().replace(&place, "");
    error(
        line.max(1),
        format!("this is not valid YAML (line {line}, column {column}): {text}"),
        "check indentation, colons and quotes around this place",
    )
}

/// More than any definition needs: a mistake, or an attempt to make readers run out of memory.
fn out_of_bounds(line: usize) -> DefinitionProblem {
    error(
        line,
        format!(
            "the YAML is nested more than {MAX_DEPTH} levels deep or grows beyond {MAX_NODES} values once its aliases (`*name`) are filled in"
        ),
        "write the values out, without anchors and aliases",
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
