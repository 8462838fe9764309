//! The form of an answer: what is read, what is refused and in which words, and the schema that services are given.

use super::*;
use discussions::engine::persona::PersonaKind;
use discussions::engine::reply::{Anchor, Reply, ReplyConcern};
use discussions::engine::vote::Vote;
use discussions::llm::contract::{LIMIT, parse, schema, tool_schema};

fn read(text: &str) -> Result<Option<Reply>, String> {
    parse(text, PersonaKind::Voting)
}

#[test]
fn a_full_answer_is_read_whole() {
    let full = json!({
        "comment": "Two things.",
        "vote": "CHANGES",
        "questions": ["Who may revoke?"],
        "concerns": [
            {"text": "Links live too long.", "severity": "major", "anchor": " a link that signs "},
            {"text": "A typo.", "severity": "minor", "anchor": null},
            {"text": "Another.", "severity": "minor", "anchor": " "},
        ],
        "resolved": ["C1"],
        "silence": false,
    });
    let concern = |text: &str, minor| ReplyConcern {
        text: text.to_owned(),
        minor,
    };
    let wanted = Reply {
        comment: "Two things.".to_owned(),
        vote: Some(Vote::Changes),
        questions: vec!["Who may revoke?".to_owned()],
        concerns: vec![
            concern("Links live too long.", false),
            concern("A typo.", true),
            concern("Another.", true),
        ],
        resolved: vec!["C1".to_owned()],
        anchors: vec![Anchor {
            remark: "Links live too long.".to_owned(),
            words: "a link that signs".to_owned(),
        }],
    };
    assert_eq!(read(&full.to_string()), Ok(Some(wanted)));
}

#[test]
fn votes_are_exact_and_never_guessed() {
    let votes = [
        ("\"READY\"", Some(Vote::Ready)),
        ("\"CHANGES\"", Some(Vote::Changes)),
        ("\"REJECT\"", Some(Vote::Reject)),
        ("null", None),
    ];
    for (word, wanted) in votes {
        let reply = read(&GOOD.replace("\"READY\"", word)).unwrap().unwrap();
        assert_eq!(reply.vote, wanted);
    }
    for word in [
        "READY ",
        " READY",
        "ready",
        "Ready",
        "READY.",
        "APPROVE",
        "",
        "null",
        "READY|CHANGES",
        "RE\\u0410DY",
        "READY\\u200b",
    ] {
        let error = read(&GOOD.replace("READY", word)).unwrap_err();
        assert!(error.starts_with("`vote` is \""), "{error}");
        let expected = "expected exactly \"READY\", \"CHANGES\", \"REJECT\" or null";
        assert!(error.ends_with(expected), "{error}");
    }
    for word in ["true", "1", "[\"READY\"]", "{\"READY\":null}"] {
        let error = read(&GOOD.replace("\"READY\"", word)).unwrap_err();
        assert!(error.contains("invalid type"), "{error}");
    }
}

#[test]
fn an_advisory_persona_has_no_vote() {
    let reply = parse(GOOD, PersonaKind::Advisory).unwrap().unwrap();
    assert_eq!(reply.vote, None);
    assert_eq!(reply.comment, "Fine.");
}

#[test]
fn silence_is_silence_alone() {
    let empty =
        r#"{"silence":true,"comment":" ","vote":null,"questions":[],"concerns":[],"resolved":[]}"#;
    for text in [
        r#"{"silence": true}"#,
        "```\n{\"silence\": true}\n```",
        empty,
    ] {
        assert_eq!(read(text), Ok(None));
    }
    for said in [
        r#""vote":"READY""#,
        r#""comment":"But.""#,
        r#""questions":["Why?"]"#,
        r#""resolved":["C1"]"#,
        r#""concerns":[{"text":"x","severity":"major","anchor":null}]"#,
    ] {
        let error = read(&format!(r#"{{"silence":true,{said}}}"#)).unwrap_err();
        assert!(error.contains("something is said"), "{error}");
    }
    let nothing = r#"{"comment":"","vote":null}"#;
    let error = read(nothing).unwrap_err();
    assert!(error.starts_with("nothing is said"), "{error}");
}

#[test]
fn what_is_refused_is_named() {
    let cases = [
        ("", "the answer is empty"),
        ("  \n", "the answer is empty"),
        ("READY", "\"READY\" is not the JSON object asked for"),
        ("null", "invalid type: null, expected an object"),
        ("[]", "\"[]\" is not the JSON object asked for"),
        (
            r#"[false,"x","READY",[],[],[]]"#,
            "invalid type: sequence, expected an object",
        ),
        (
            r#"{"comment":"x","vote":null,"concerns":[["a","minor",null]]}"#,
            "invalid type: sequence, expected an object",
        ),
        ("{}", "`vote` is missing"),
        (r#"{"silence":false}"#, "`vote` is missing"),
        (r#"{"comment":"x"}"#, "`vote` is missing"),
        (r#"{"vote":"READY"}"#, "`comment` is missing"),
        (r#"{"comment":null,"vote":"READY"}"#, "`comment` is missing"),
        (
            r#"{"comment":"x","vote":null,"mood":1}"#,
            "unknown field `mood`",
        ),
        (
            r#"{"comment":"x","vote":"REJECT","vote":"READY"}"#,
            "duplicate field `vote`",
        ),
        (
            r#"{"comment":"x","vote":null,"questions":null}"#,
            "invalid type: null",
        ),
        (
            r#"{"comment":"x","vote":null,"questions":"Why?"}"#,
            "invalid type: string \"Why?\"",
        ),
        (
            r#"{"comment":"x","vote":null,"concerns":[{"text":"a","severity":"minor"},{"text":"b","severity":"high"}]}"#,
            "`concerns[1].severity` is \"high\", expected exactly \"minor\" or \"major\"",
        ),
        (
            r#"{"comment":"x","vote":null,"concerns":["a"]}"#,
            "invalid type: string \"a\"",
        ),
        (
            r#"{"comment":"x","vote":null,"concerns":[{"text":"a","severity":"minor","line":3}]}"#,
            "unknown field `line`",
        ),
        (
            r#"{"comment":"x","vote":"READY"} I hope this helps."#,
            "trailing characters",
        ),
        (
            r#"Here: {"comment":"x","vote":"READY"}"#,
            "is not the JSON object asked for",
        ),
        (r#"{"comment":"x","vote":"READY""#, "EOF"),
        (
            "```json\n```json\n{}\n```\n```",
            "is not the JSON object asked for",
        ),
        (
            "```json\n{\"comment\":\"x\",\"vote\":null}",
            "is not the JSON object asked for",
        ),
    ];
    for (text, wanted) in cases {
        let error = read(text).unwrap_err();
        assert!(error.contains(wanted), "{text}: {error}");
        assert!(
            error.chars().count() < 500 && !error.contains('\n'),
            "{error}"
        );
    }
}

#[test]
fn long_and_deep_answers_are_refused_in_few_words() {
    let long = GOOD.replace("Fine.", &"x".repeat(LIMIT));
    let error = read(&long).unwrap_err();
    assert!(error.contains("expected at most 65536"), "{error}");
    let just_fits = GOOD.replace("Fine.", &"x".repeat(LIMIT - GOOD.len() + 5));
    assert_eq!(just_fits.len(), LIMIT);
    assert!(read(&just_fits).is_ok());
    let deep = "[".repeat(60_000);
    let long_key = format!(r#"{{"{}":1}}"#, "k".repeat(60_000));
    for text in [deep, long_key, "é".repeat(30_000)] {
        let error = read(&text).unwrap_err();
        assert!(error.chars().count() < 500, "{error}");
    }
}

#[test]
fn fences_and_blanks_around_are_tolerated() {
    for text in [
        format!("\n  {GOOD}\n"),
        format!("```json\n{GOOD}\n```"),
        format!("```\r\n{GOOD}\r\n```\r\n"),
        format!("\u{feff}{GOOD}"),
    ] {
        assert!(read(&text).is_ok(), "{text}");
    }
}

/// The rules of OpenAI's strict mode, which are also those of Anthropic's structured output.
#[test]
fn the_schema_keeps_to_what_services_accept() {
    fn walk(schema: &Value, at: &str) {
        let known = [
            "type",
            "additionalProperties",
            "required",
            "properties",
            "items",
            "enum",
            "anyOf",
            "description",
        ];
        for (key, value) in schema.as_object().unwrap() {
            assert!(known.contains(&key.as_str()), "{at}: {key}");
            if key == "properties" {
                for (name, schema) in value.as_object().unwrap() {
                    walk(schema, &format!("{at}.{name}"));
                }
            }
        }
        if schema["type"] == "object" {
            assert_eq!(schema["additionalProperties"], false, "{at}");
            let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let mut required: Vec<&str> = schema["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r.as_str().unwrap())
                .collect();
            required.sort_unstable();
            let mut names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(required, names, "{at}");
        }
        if let Some(items) = schema.get("items") {
            walk(items, &format!("{at}[]"));
        }
        for choice in schema["anyOf"].as_array().into_iter().flatten() {
            walk(choice, at);
        }
    }
    for owes_vote in [false, true] {
        walk(&schema(owes_vote), "$");
    }
}

#[test]
fn what_fits_the_schema_is_read() {
    let judge = jsonschema::validator_for(&schema(false)).unwrap();
    let silent = json!({"silence": true, "comment": "", "vote": null, "questions": [], "concerns": [], "resolved": []});
    let good: Value = serde_json::from_str(GOOD).unwrap();
    for answer in [&good, &silent] {
        assert!(judge.is_valid(answer), "{answer}");
        assert!(read(&answer.to_string()).is_ok(), "{answer}");
    }
    for wrong in ["READY ", "ready", "MAYBE"] {
        let mut answer = good.clone();
        answer["vote"] = json!(wrong);
        assert!(!judge.is_valid(&answer), "{answer}");
    }
    let mut more = good.clone();
    more["mood"] = json!("sunny");
    assert!(!judge.is_valid(&more));
}

#[test]
fn where_a_vote_is_owed_the_schema_has_no_room_for_none() {
    let good: Value = serde_json::from_str(GOOD).unwrap();
    let mut none = good.clone();
    none["vote"] = Value::Null;
    for schema in [schema(true), tool_schema(&prompt())] {
        let judge = jsonschema::validator_for(&schema).unwrap();
        assert!(judge.is_valid(&good));
        assert!(!judge.is_valid(&none));
    }
    let asked = Prompt {
        question: Some("Why?".to_owned()),
        ..prompt()
    };
    let judge = jsonschema::validator_for(&tool_schema(&asked)).unwrap();
    assert!(judge.is_valid(&none));
    let mut endless = good;
    endless["questions"] = json!(vec!["And?"; 3]);
    assert!(!judge.is_valid(&endless), "a tool's input comes to an end");
}
