//! What a model has to answer: one JSON object. Pure: its schema, and reading it.
//!
//! # The object
//! ```json
//! {
//!   "comment": "Free text, Markdown.",
//!   "vote": "READY",
//!   "questions": ["One line each."],
//!   "concerns": [{"text": "One line.", "severity": "major", "anchor": "words of the proposal"}],
//!   "resolved": ["C1"],
//!   "silence": false
//! }
//! ```
//! or, to say nothing at all, `{"silence": true}`.
//!
//! # How strictly it is read
//! * `vote` is exactly `"READY"`, `"CHANGES"`, `"REJECT"` or `null`: a vote is never guessed. It must be there.
//! * `comment` must be there. Lists that are left out are empty, `silence` left out is `false`.
//! * `severity` is exactly `"minor"` or `"major"`; `anchor` may be left out.
//! * Any other member, and a member given twice, is refused: what would be dropped may be what was meant.
//! * Silence is only silence: with a word, a vote or an item beside it the answer is refused. So is an answer that
//!   says nothing without saying that it is silent.
//! * One code fence around the object is tolerated; any other text around it is not.
//! * More than [`LIMIT`] bytes are refused.
//! * A vote that is owed is given: not silence, not `null` ([`read`]).
//! * An advisory persona has no vote: one that it gives is dropped, as the renderer would.
//! * Control characters and Markdown are left to the renderer (`engine::reply`).

use super::{Prompt, clip};
use crate::engine::persona::PersonaKind;
use crate::engine::reply::{Anchor, Limits, Reply, ReplyConcern};
use crate::engine::vote::Vote;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::fmt;
use std::marker::PhantomData;

/// Longest answer that is read, in bytes: many times what a reply may show.
pub const LIMIT: usize = 64 * 1024;

/// Own items that one answer may settle.
const RESOLVED: usize = 20;

/// Characters of a wrong value that an error repeats.
const SHOWN: usize = 60;

/// Name of the schema on the wire, and of the tool that takes it; letters, digits, `_` and `-`, as OpenAI asks.
pub const NAME: &str = "persona_reply";

/// What the tool is for, where the answer is asked for as the input of one that has to be called.
pub const PURPOSE: &str = "Hands in your answer. Call it once.";

/// The JSON Schema of the answer to a prompt, as the input of a tool. It says how many items a reply shows, so that a
/// model that is held to it comes to an end; not how long texts may be: servers that turn a schema into a grammar take
/// minutes over a text of a thousand counted characters.
pub fn tool_schema(prompt: &Prompt) -> Value {
    let Limits {
        concerns,
        questions,
        ..
    } = prompt.limits;
    let mut schema = schema(prompt.owes_vote());
    let members = &mut schema["properties"];
    for (list, most) in [
        ("questions", questions),
        ("concerns", concerns),
        ("resolved", RESOLVED),
    ] {
        members[list]["maxItems"] = json!(most);
    }
    schema
}

/// The JSON Schema of an answer; where a vote is owed, of one that has it. It keeps to what both OpenAI's strict mode and
/// Anthropic's `output_config.format` accept: no further members, all members required, no bounds.
pub fn schema(owes_vote: bool) -> Value {
    let votes = json!({"type": "string", "enum": ["READY", "CHANGES", "REJECT"]});
    let texts =
        |what: &str| json!({"type": "array", "description": what, "items": {"type": "string"}});
    let or_null = |schema: Value| json!([schema, {"type": "null"}]);
    let concern = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["text", "severity", "anchor"],
        "properties": {
            "text": {"type": "string", "description": "The concern in one line."},
            "severity": {
                "type": "string",
                "enum": ["minor", "major"],
                "description": "minor: a note that never blocks.",
            },
            "anchor": {
                "anyOf": or_null(json!({"type": "string"})),
                "description": "The words of the proposal it is about, exactly as they stand there on one line; null if there are none.",
            },
        },
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["comment", "vote", "questions", "concerns", "resolved", "silence"],
        "properties": {
            "comment": {"type": "string", "description": "What you have to say, Markdown."},
            "vote": match owes_vote {
                true => json!({
                    "type": "string",
                    "enum": votes["enum"],
                    "description": "READY: good to go. CHANGES: needs work first. REJECT: should not be done.",
                }),
                false => json!({
                    "anyOf": or_null(votes),
                    "description": "READY: good to go. CHANGES: needs work first. REJECT: should not be done. null: no vote.",
                }),
            },
            "questions": texts("Questions to the author, one line each."),
            "concerns": {"type": "array", "description": "New concerns.", "items": concern},
            "resolved": texts("Ids of your own open items that are settled now, such as C1 or Q2."),
            "silence": {
                "type": "boolean",
                "description": "true only if you have nothing to say and give no vote; all else is then empty or null.",
            },
        },
    })
}

/// What a model without structured output is told about the form of its answer.
pub fn instructions(prompt: &Prompt) -> String {
    format!(
        "Answer with one JSON object that fits this JSON Schema, and with nothing else:\n{}",
        schema(prompt.owes_vote())
    )
}

/// What a model is told whose answer could not be used: what was wrong, and the form once more.
pub fn repair_request(mistake: &str, prompt: &Prompt) -> String {
    format!(
        "Your last answer could not be used: {mistake}\n{}",
        instructions(prompt)
    )
}

/// Reads the answer to a prompt; `None` is silence. A vote that is owed has to be given: what was paid for would be kept
/// under its key, and asking for the vote again would get the same answer without one.
///
/// # Errors
/// As [`parse`]; or what is missing.
pub fn read(text: &str, prompt: &Prompt) -> Result<Option<Reply>, String> {
    let reply = parse(text, prompt.persona.kind)?;
    let vote = reply.as_ref().and_then(|reply| reply.vote);
    match prompt.owes_vote() && vote.is_none() {
        true => Err(
            "there is no vote and one is owed, expected \"READY\", \"CHANGES\" or \"REJECT\" for `vote`".to_owned(),
        ),
        false => Ok(reply),
    }
}

/// Reads an answer; `None` is silence. See the rules above.
///
/// # Errors
/// What was read and what belongs there, in one line.
pub fn parse(text: &str, kind: PersonaKind) -> Result<Option<Reply>, String> {
    if text.len() > LIMIT {
        return Err(format!(
            "the answer has {} bytes, expected at most {LIMIT}",
            text.len()
        ));
    }
    let inner = unfenced(text);
    if inner.is_empty() {
        return Err("the answer is empty, expected one JSON object".to_owned());
    }
    let Object(said) = serde_json::from_str::<Object<Said>>(inner).map_err(|error| {
        format!(
            "{} is not the JSON object asked for: {}",
            shown(inner),
            clip::fit(&error.to_string(), &[])
        )
    })?;
    if said.silence {
        return match said.is_empty() {
            true => Ok(None),
            false => Err(
                "`silence` is true but something is said, expected {\"silence\": true} alone"
                    .to_owned(),
            ),
        };
    }
    said.reply(kind).map(Some)
}

/// An answer as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    silence: bool,
    comment: Option<String>,
    #[serde(default, deserialize_with = "given")]
    vote: Option<Option<String>>,
    #[serde(default)]
    questions: Vec<String>,
    #[serde(default)]
    concerns: Vec<Object<SaidConcern>>,
    #[serde(default)]
    resolved: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidConcern {
    text: String,
    severity: String,
    anchor: Option<String>,
}

/// A JSON object and nothing else: serde would take a list of the members' values too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

/// Tells `null` from a member that is not there.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl Said {
    fn is_empty(&self) -> bool {
        let comment = self.comment.as_deref().unwrap_or_default();
        comment.trim().is_empty()
            && !matches!(self.vote, Some(Some(_)))
            && self.questions.is_empty()
            && self.concerns.is_empty()
            && self.resolved.is_empty()
    }

    fn reply(self, kind: PersonaKind) -> Result<Reply, String> {
        let vote = vote(self.vote.as_ref())?;
        if self.comment.is_none() {
            return Err("`comment` is missing, expected a string".to_owned());
        }
        if self.is_empty() {
            return Err(
                "nothing is said, expected a comment, a vote or an item, or {\"silence\": true}"
                    .to_owned(),
            );
        }
        let mut concerns = Vec::with_capacity(self.concerns.len());
        let mut anchors = Vec::new();
        for (at, Object(concern)) in self.concerns.into_iter().enumerate() {
            let minor = match concern.severity.as_str() {
                "minor" => true,
                "major" => false,
                other => {
                    return Err(format!(
                        "`concerns[{at}].severity` is {}, expected exactly \"minor\" or \"major\"",
                        shown(other)
                    ));
                }
            };
            let words = concern.anchor.unwrap_or_default();
            if !words.trim().is_empty() {
                anchors.push(Anchor {
                    remark: concern.text.clone(),
                    words: words.trim().to_owned(),
                });
            }
            concerns.push(ReplyConcern {
                text: concern.text,
                minor,
            });
        }
        Ok(Reply {
            comment: self.comment.unwrap_or_default(),
            vote: vote.filter(|_| kind == PersonaKind::Voting),
            questions: self.questions,
            concerns,
            resolved: self.resolved,
            anchors,
        })
    }
}

/// The vote, if it is exactly one.
fn vote(said: Option<&Option<String>>) -> Result<Option<Vote>, String> {
    const EXPECTED: &str = "expected exactly \"READY\", \"CHANGES\", \"REJECT\" or null";
    let Some(said) = said else {
        return Err(format!("`vote` is missing, {EXPECTED}"));
    };
    let Some(word) = said else {
        return Ok(None);
    };
    [Vote::Ready, Vote::Changes, Vote::Reject]
        .into_iter()
        .find(|vote| vote.as_str() == word)
        .map(Some)
        .ok_or_else(|| format!("`vote` is {}, {EXPECTED}", shown(word)))
}

/// The text without blanks around it and without one code fence.
fn unfenced(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim();
    let inside = text
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
        .and_then(|rest| rest.split_once('\n'))
        .filter(|(language, _)| matches!(language.trim(), "" | "json" | "JSON"));
    inside.map_or(text, |(_, inner)| inner.trim())
}

/// The beginning of what was read, in quotes, so that a blank at its end can be seen.
fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}
