//! The configuration as a JSON Schema, for editors. What a schema cannot say (3/2 is more than all, a pattern that does
//! not compile) is left to `discussions config check`.

use super::keys::{KEYS, Key, SECTIONS, Shape, names_below};
use super::parse::rights;
use super::values::{LONGEST_QUIET, MOST, MOST_FOLDERS};
use crate::bot::command::table::{AGAIN, AGAIN_FLAG, TABLE};
use serde_json::{Map, Value, json};

/// Control characters inside a character class.
const CONTROL: &str = r"\x00-\x1f\x7f-\x9f";

/// JSON Schema (draft 2020-12) of `.github/discussions.yml`, made from [`KEYS`].
pub fn schema() -> Value {
    let mut root = section("");
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Orchestrated Discussions: .github/discussions.yml");
    root["description"] = json!(
        "How discussions on this repository are held and gated. Read from the base branch only. Every key may be left out."
    );
    root
}

/// The object below a path (`gate.`; empty: the file).
fn section(path: &str) -> Value {
    let mut properties = Map::new();
    for name in names_below(path) {
        let child = format!("{path}{name}");
        let schema = match KEYS.iter().find(|key| key.path == child) {
            Some(key) => leaf(key),
            None => {
                let mut schema = section(&format!("{child}."));
                let row = SECTIONS.iter().find(|(path, _)| *path == child);
                schema["description"] = json!(row.map(|(_, about)| about));
                schema
            }
        };
        properties.insert(name.to_owned(), schema);
    }
    json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false})
}

fn leaf(key: &Key) -> Value {
    let mut schema = of_shape(key.shape);
    schema["description"] = json!(key.about);
    let default = key.default();
    if !default.is_null() {
        schema["default"] = default;
    }
    schema
}

fn of_shape(shape: Shape) -> Value {
    match shape {
        Shape::Globs => list(text(r"^\s*([^!\s]|!\s*\S)")),
        Shape::Aliases => list(alias()),
        Shape::Panel => {
            let mut schema = list(alias());
            schema["minItems"] = json!(1);
            schema
        }
        Shape::Folders => {
            let part = format!(r"(?!\.{{1,2}}\s*(/|$))[^/\\*?{CONTROL}]+");
            let mut schema = list(text(&format!(
                r"^\s*(?!~)(?!.*://)(\./)*(?=\S){part}(/{part})*/*\s*$"
            )));
            schema["maxItems"] = json!(MOST_FOLDERS);
            schema
        }
        Shape::TemplateName => {
            let mut schema = template_name();
            schema["examples"] = json!(["review", "feature", "brainstorm"]);
            schema
        }
        Shape::Words(words) => json!({"type": "string", "enum": words()}),
        Shape::Whole { least, most } => whole(least, most),
        Shape::Boolean => json!({
            "type": ["boolean", "string"],
            "pattern": "^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$"
        }),
        Shape::Quiet => quiet(),
        Shape::CheckName => json!({
            "type": "string",
            "maxLength": 60,
            "pattern": format!(r"^(?!.*\((preview|shadow)\)\s*$)[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$")
        }),
        Shape::Bases => {
            let mut schema = list(json!({
                "type": ["string", "number"],
                "minimum": 0,
                "pattern": format!(r"^\s*(?![/-])(?!.*\.\.)(?!.*[/.]\s*$)[^\s{CONTROL}~^:?*\[\\]+\s*$")
            }));
            schema["minItems"] = json!(1);
            schema
        }
        Shape::Share => json!({
            "type": ["string", "number"],
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
            "pattern": format!(r"^\s*({})\s*$", share()),
            "examples": ["2/3", "67%", 0.67, "all"]
        }),
        Shape::Reject => json!({"anyOf": [
            {
                "type": "string",
                "pattern": format!(r"^(any|\+?0*({})|\s*({})\s*)$", up_to(MOST), share())
            },
            {"type": "integer", "minimum": 1, "maximum": MOST},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
        ], "examples": ["any", 2, "1/3"]}),
        Shape::ParticipantsOrAliases => word_or("participants", list(alias())),
        Shape::AllOrTemplates => word_or("all", list(template_name())),
        Shape::Amount => json!({
            "type": ["number", "string"],
            "minimum": 0,
            "maximum": 999_999_999.99,
            "pattern": r"^[0-9]{1,9}(\.[0-9]{1,2})?$"
        }),
        Shape::Rights => {
            let rows = TABLE.iter().map(|row| (row.key, row));
            let by_word = rows.chain([(AGAIN_FLAG, &AGAIN)]);
            let verbs: Map<String, Value> = by_word
                .map(|(word, row)| {
                    let schema = json!({"enum": rights(row), "description": row.effect});
                    (word.to_owned(), schema)
                })
                .collect();
            let twice = json!({"type": "object", "required": [AGAIN.key, AGAIN_FLAG]});
            json!({
                "type": ["object", "null"],
                "properties": verbs,
                "additionalProperties": false,
                "not": twice
            })
        }
        Shape::Models => {
            json!({"type": ["object", "null"], "additionalProperties": text(r"\S")})
        }
        Shape::CommitMessage => json!({
            "type": "string",
            "maxLength": 200,
            "pattern": format!(r"^(?=.*\S)([^{{}}{CONTROL}]|\{{personas\}}|\{{title\}})*$")
        }),
    }
}

fn text(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn word_or(word: &str, list: Value) -> Value {
    json!({"anyOf": [{"const": word}, list]})
}

fn alias() -> Value {
    text(r"^\s*@?[A-Za-z][A-Za-z0-9-]{0,30}\s*$")
}

fn template_name() -> Value {
    text(r"^\s*[A-Za-z0-9_-]+\s*$")
}

/// A whole number, in quotes too: the program reads it as spelt.
fn whole(least: u64, most: u64) -> Value {
    let zero = if least == 0 { "0+|" } else { "" };
    json!({
        "type": ["integer", "string"],
        "minimum": least,
        "maximum": most,
        "pattern": format!(r"^\+?({zero}0*({}))$", up_to(most))
    })
}

fn quiet() -> Value {
    let seconds = LONGEST_QUIET.as_secs();
    let (by_second, by_minute) = (up_to(seconds), up_to(seconds / 60));
    json!({
        "type": "string",
        "pattern": format!(r"^\s*(0+[smh]|0*({by_second})s|0*({by_minute})m)\s*$"),
        "examples": ["0s", "20s", "2m"]
    })
}

/// `2/3`, `67%`, `0.67` or `all`. Whether a fraction is more than all cannot be said by a pattern.
fn share() -> String {
    let parts = r"0*[1-9][0-9]{0,8}\s*/\s*0*[1-9][0-9]{0,8}";
    let percent = r"(?=[^%]*[1-9])0*(100(\.0{1,9})?|[0-9]{1,2}(\.[0-9]{1,9})?)\s*%";
    let decimal = r"(?=.*[1-9])(0+\.[0-9]{1,9}|0*1\.0{1,9})";
    format!("[aA][lL][lL]|{parts}|{percent}|{decimal}")
}

/// Pattern of the whole numbers from 1 to `most`, without leading zeros.
fn up_to(most: u64) -> String {
    let text = most.to_string();
    let mut choices = vec![text.clone()];
    if text.len() > 1 {
        choices.push(format!("[1-9][0-9]{{0,{}}}", text.len() - 2));
    }
    for (at, digit) in text.bytes().enumerate() {
        let least = if at == 0 { b'1' } else { b'0' };
        if digit > least {
            let (prefix, below) = (&text[..at], char::from(digit - 1));
            let rest = text.len() - at - 1;
            choices.push(format!(
                "{prefix}[{}-{below}][0-9]{{{rest}}}",
                char::from(least)
            ));
        }
    }
    choices.join("|")
}
