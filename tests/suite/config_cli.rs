//! `discussions config`: the schema agrees with the program, and `check` and `effective` say what applies.

use crate::cli::Folder;
use crate::support::fixture;
use discussions::bot::repo_config::{KEYS, RepoConfig, schema};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// YAML as editors read it; `None`: it is no YAML at all.
fn as_editors_read_it(yaml: &str) -> Option<Value> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(yaml, options).ok()
}

/// Files of the fixtures, good and bad.
fn fixtures() -> Vec<String> {
    let errors = fixture("config/errors.txt");
    let cases = errors.split("\n=====\n");
    let bad = cases.map(|case| case.split_once("\n-----\n").unwrap().1.to_owned());
    let good = ["config/full.yml", "config/defaults.yml"].map(fixture);
    good.into_iter().chain(bad).collect()
}

/// What only the program can tell, with the reason. Each is in the fixtures or below.
const PROGRAM_ONLY: &[(&str, &str)] = &[
    ("gate: {ready: 3/2}", "a pattern cannot compare two numbers"),
    ("files: [\"docs/[\"]", "a pattern cannot compile a pattern"),
    (
        "budget: {per_pr: {usd: 0.125}}",
        "steps of 0.01 are not exact in floating point",
    ),
    (
        "gate: {ready: 1e-1}",
        "a schema sees a number, not its spelling",
    ),
];

/// What the schema refuses and the program takes: it reads scalars as they are spelt, while a schema sees types. Editors
/// are to show these, they are likely mistakes.
const SCHEMA_ONLY: &[(&str, &str)] = &[
    ("template: 2024", "a number as a name"),
    ("models: {security: 4}", "a number as a name"),
    ("gate: {check: true}", "a boolean as a name"),
    ("gate: {ready: 1.0}", "all, written as a number"),
];

#[test]
fn schema_and_program_agree_on_every_file_that_a_schema_can_judge() {
    let validator = validator();
    let (mut good, mut bad) = (0, 0);
    for yaml in fixtures() {
        let Some(value) = as_editors_read_it(&yaml) else {
            assert!(RepoConfig::parse(&yaml).is_err(), "{yaml}");
            continue;
        };
        if PROGRAM_ONLY.iter().any(|(only, _)| *only == yaml.trim()) {
            continue;
        }
        let taken = RepoConfig::parse(&yaml).is_ok();
        assert_eq!(validator.is_valid(&value), taken, "{yaml}\n{value:#}");
        if taken {
            good += 1;
        } else {
            bad += 1;
        }
    }
    assert!(good >= 2 && bad >= 30, "{good} good, {bad} bad");
}

#[test]
fn schema_and_program_agree_on_spellings() {
    let validator = validator();
    let good = [
        "",
        "{}",
        "gate:\non:\nbudget:\n",
        "rounds: 100",
        "rounds: \"7\"",
        "rounds: '+007'",
        "on: {quiet: 600s}",
        "on: {quiet: 010m}",
        "on: {quiet: 0h}",
        "gate: {ready: all}",
        "gate: {ready: 100%}",
        "gate: {ready: 66.7%}",
        "gate: {ready: '0.5'}",
        "gate: {ready: 2 / 3}",
        "gate: {reject: any}",
        "gate: {reject: '1'}",
        "gate: {reject: 0.5}",
        "gate: {bases: [main, release/1.x, 1.10]}",
        "on: {push: TRUE}",
        "on: {push: 'False'}",
        "personas: [a/b..c, ' x ']",
        "files: ['!a', '! b', '!!c']",
        "gate: {require: participants}",
        "gate: {require: []}",
        "gate: {templates: all}",
        "permissions: {vote: maintain}",
        "permissions: {missing: read, personas: triage, --again: admin}",
        "permissions:",
        "models:",
        "commit: {message: '{title} by {personas}'}",
        "budget: {per_day: {tokens: 0, usd: '0.5'}}",
    ];
    let bad = [
        "rounds: 101",
        "rounds: 0",
        "rounds: 1.5",
        "rounds: '101'",
        "rounds: []",
        "on: {quiet: 601s}",
        "on: {quiet: 1h}",
        "on: {quiet: +5s}",
        "gate: {ready: 101%}",
        "gate: {ready: 0/3}",
        "gate: {ready: 2/0}",
        "gate: {ready: 0.0}",
        "gate: {ready: ''}",
        "gate: {reject: 101}",
        "gate: {reject: Any}",
        "gate: {bases: [-x]}",
        "gate: {bases: ['a b']}",
        "gate: {bases: [a/]}",
        "gate: {bases: [a..b]}",
        "on: {push: 1}",
        "on: {push: on}",
        "personas: [/etc]",
        "personas: [a/../b]",
        "personas: ['a\\b']",
        "personas: ['']",
        "files: ['']",
        "files: docs",
        "participants: [all-of-us-and-everybody-else-too]",
        "template: a b",
        "template: []",
        "gate: {check: ''}",
        "gate: {check: x (shadow)}",
        "gate: {require: all}",
        "gate: {templates: participants}",
        "permissions: {vote: Admin}",
        "permissions: {vote: triage}",
        "permissions: {voet: maintain}",
        "permissions: []",
        "models: {a: ''}",
        "commit: {message: '{name}'}",
        "commit: {message: ''}",
        "budget: {per_pr: {usd: 1.234}}",
        "budget: {per_pr: {usd: '1.234'}}",
        "notify: always-on",
        "on: []",
    ];
    let mut wrong = Vec::new();
    for (files, taken) in [(&good[..], true), (&bad[..], false)] {
        for yaml in files {
            if *yaml == "budget: {per_pr: {usd: 1.234}}" {
                continue; // steps of 0.01: see PROGRAM_ONLY
            }
            let value = as_editors_read_it(yaml).unwrap_or(Value::Null);
            let (schema, program) = (validator.is_valid(&value), RepoConfig::parse(yaml).is_ok());
            if (schema, program) != (taken, taken) {
                wrong.push(format!(
                    "{yaml}: schema {schema}, program {program}, expected {taken}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn where_schema_and_program_differ_is_known() {
    let validator = validator();
    for (only, program_takes, schema_takes) in
        [(PROGRAM_ONLY, false, true), (SCHEMA_ONLY, true, false)]
    {
        for (yaml, why) in only {
            let value = as_editors_read_it(yaml).unwrap();
            assert_eq!(
                RepoConfig::parse(yaml).is_ok(),
                program_takes,
                "{yaml}: {why}"
            );
            assert_eq!(validator.is_valid(&value), schema_takes, "{yaml}: {why}");
        }
    }
}

/// Every path of the schema that is no section: sections have no default.
fn leaves(schema: &Value, path: &str, found: &mut Vec<String>) {
    let is_section = schema.get("default").is_none();
    let properties = schema.get("properties").filter(|_| is_section);
    match properties.and_then(Value::as_object) {
        Some(properties) => {
            for (name, child) in properties {
                leaves(child, &format!("{path}.{name}"), found);
            }
        }
        None => found.push(path.trim_start_matches('.').to_owned()),
    }
}

/// A file that sets one key.
fn set(path: &str, value: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    let open = parts[1..]
        .iter()
        .map(|part| format!("{{{part}: "))
        .collect::<String>();
    format!("{}: {open}{value}{}", parts[0], "}".repeat(parts.len() - 1))
}

#[test]
fn every_key_is_in_the_schema_with_its_meaning_and_default_and_is_really_read() {
    let schema = schema();
    let mut in_schema = Vec::new();
    leaves(&schema, "", &mut in_schema);
    let mut in_table: Vec<&str> = KEYS.iter().map(|key| key.path).collect();
    in_schema.sort();
    in_table.sort_unstable();
    assert_eq!(in_schema, in_table);
    let documented = as_editors_read_it(&fixture("config/defaults.yml")).unwrap();
    for key in KEYS {
        let pointer = format!("/properties/{}", key.path.replace('.', "/properties/"));
        let leaf = schema.pointer(&pointer).unwrap();
        assert!(
            leaf["description"]
                .as_str()
                .is_some_and(|text| text.ends_with('.')),
            "{}",
            key.path
        );
        let documented = documented.pointer(&format!("/{}", key.path.replace('.', "/")));
        assert_eq!(documented, leaf.get("default"), "{}", key.path);
        // A key that nothing reads would take anything.
        let nonsense = set(key.path, "[[{a: 1}]]");
        assert!(RepoConfig::parse(&nonsense).is_err(), "{nonsense}");
    }
    for (path, section) in [("/", &schema), ("/gate", &schema["properties"]["gate"])] {
        assert_eq!(section["additionalProperties"], json!(false), "{path}");
        assert!(section["description"].is_string(), "{path}");
    }
}

#[test]
fn the_schema_on_stdout_is_the_schema() {
    let ran = Folder::with(&[]).run(&["config", "schema"]).exits(0);
    assert_eq!(ran.json(), schema());
    assert_eq!(
        ran.json()["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(ran.stderr(), "");
}

const CONFIG: &str = ".github/discussions.yml";

#[test]
fn a_sound_configuration_is_fine() {
    let folder = Folder::with(&[
        (
            CONFIG,
            b"participants: [security, legal]\nmodels: {legal: checklist}\n",
        ),
        (
            ".github/discussions/personas/legal.md",
            b"---\nname: legal\ndescription: Reads licences.\n---\n\nYou read licences.\n",
        ),
    ]);
    folder
        .run(&["config", "check"])
        .exits(0)
        .says(&[".github/discussions.yml: fine (security, legal; 13 personas, 3 templates)"]);
    fs::create_dir(folder.path("design")).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_discussions"))
        .args(["config", "check"])
        .current_dir(folder.path("design"))
        .output()
        .unwrap();
    assert!(ran.status.success());
    assert!(
        String::from_utf8(ran.stdout)
            .unwrap()
            .contains("fine (security, legal")
    );
}

#[test]
fn no_configuration_is_fine_and_said() {
    let folder = Folder::with(&[]);
    folder
        .run(&["config", "check"])
        .exits(0)
        .says(&["no such file", "fine"]);
    folder
        .run(&["config", "check", "missing.yml"])
        .exits(2)
        .says(&["missing.yml"]);
}

#[test]
fn mistakes_are_shown_with_line_column_and_way_out() {
    let folder = Folder::with(&[(CONFIG, b"rounds: 3\ngate:\n  human: 1\n  ready: 2 of 3\n")]);
    folder.run(&["config", "check"]).exits(1).says(&[
        ".github/discussions.yml:3:3: error[definition]: unknown key `gate.human`",
        "did you mean `humans`?",
        ".github/discussions.yml:4:10: error[definition]: `gate.ready` is wrong: `2 of 3`",
        "4 |   ready: 2 of 3",
        "2 to correct, 0 to know",
    ]);
}

#[test]
fn names_that_nobody_answers_to_are_shown_where_they_stand() {
    let yaml = "participants:\n  - architect\n  - securty\ntemplate: featur\n\
                gate:\n  veto: [legal]\n  templates: [rfc]\nmodels:\n  pragmatst: quality\n";
    let folder = Folder::with(&[("a/b.yml", yaml.as_bytes())]);
    folder.run(&["config", "check", "a/b.yml"]).exits(1).says(&[
        "a/b.yml:3:5: error[definition]: `participants` names `securty`",
        "Did you mean `security`?",
        "a/b.yml:4:11: error[definition]: `template` names `featur`",
        "a/b.yml:6:10: error[definition]: `gate.veto` names `legal`",
        "Add .github/discussions/personas/legal.md",
        "a/b.yml:7:15: notice[definition]: `gate.templates` names `rfc`",
        "a/b.yml:9:3: notice[definition]: `models` names `pragmatst`",
        "Did you mean `pragmatist`?",
        "3 to correct, 2 to know",
    ]);
}

#[test]
fn a_broken_persona_or_template_beside_it_is_found_too() {
    let folder = Folder::with(&[
        (CONFIG, b""),
        (".github/discussions/personas/ops.md", b"You run things.\n"),
        (
            ".github/discussions/templates/talk.yml",
            b"name: talk\nphases: {talk: {goal: Talk., voting: false}}\n",
        ),
    ]);
    folder.run(&["config", "check"]).exits(1).says(&[
        ".github/discussions/personas/ops.md:1:1: error",
        ".github/discussions/templates/talk.yml:",
        "2 to correct",
    ]);
}

#[test]
fn effective_says_each_value_and_where_it_comes_from() {
    let yaml = "participants: [\"@Security\"]\ngate:\n  ready: 50%\nbudget: {per_pr: {usd: 2.50}}\n\
         permissions: {vote: maintain, --again: admin}\n";
    let folder = Folder::with(&[(CONFIG, yaml.as_bytes())]);
    let ran = folder.run(&["config", "effective", "--json"]).exits(0);
    let json = ran.json();
    assert_eq!(
        (&json["schema"], &json["path"]),
        (&json!("discussions/config@1"), &json!(CONFIG))
    );
    let keys = json["keys"].as_array().unwrap();
    assert_eq!(keys.len(), KEYS.len());
    let row = |key: &str| keys.iter().find(|row| row["key"] == key).unwrap().clone();
    for expected in [
        json!({"key": "participants", "value": ["security"], "origin": "file", "line": 1}),
        json!({"key": "gate.ready", "value": "1/2", "origin": "file", "line": 3}),
        json!({"key": "gate.humans", "value": 1, "origin": "default", "line": null}),
        json!({"key": "budget.per_pr.usd", "value": 2.5, "origin": "file", "line": 4}),
        json!({"key": "permissions", "value": {"again": "admin", "vote": "maintain"}, "origin": "file", "line": 5}),
        json!({"key": "budget.per_pr.tokens", "value": null, "origin": "default", "line": null}),
    ] {
        assert_eq!(row(expected["key"].as_str().unwrap()), expected);
    }
    folder.run(&["config", "effective"]).exits(0).says(&[
        "participants: [security]",
        "# .github/discussions.yml:1\n",
        "  ready: 1/2 ",
        "# .github/discussions.yml:3\n",
        "rounds: 3 ",
        "# default\n",
        "    usd: 2.5",
        "permissions: {again: admin, vote: maintain}",
        "# .github/discussions.yml:5\n",
    ]);
}

#[test]
fn effective_reads_back_as_the_same_configuration() {
    let odd = "gate:\n  check: 'yes'\n  bases: ['null', '1.10', 'on', x#y]\nmodels: {'a b': '[x', c: 'd: e'}\n\
               files: ['!x', '*.md', '- y', 'a, b']\ncommit: {message: '# {title}: \"x\"'}\non: {quiet: 90s}\n";
    for yaml in [
        "",
        &fixture("config/full.yml"),
        &fixture("config/defaults.yml"),
        odd,
    ] {
        let (before, _) = RepoConfig::parse(yaml).unwrap();
        let folder = Folder::with(&[("c.yml", yaml.as_bytes())]);
        let shown = folder
            .run(&["config", "effective", "c.yml"])
            .exits(0)
            .stdout();
        let (after, _) = RepoConfig::parse(&shown).unwrap_or_else(|e| panic!("{e:#?}\n{shown}"));
        assert_eq!(before, after, "{shown}");
    }
}

#[test]
fn effective_refuses_a_broken_file_in_both_forms() {
    let folder = Folder::with(&[(CONFIG, b"\nround: 3\n")]);
    let said = [
        "unknown key `round`",
        "did you mean `rounds`",
        "config check",
    ];
    folder.run(&["config", "effective"]).exits(2).says(&said);
    let json = folder
        .run(&["config", "effective", "--json"])
        .exits(2)
        .json();
    assert_eq!(json["schema"], "discussions/error@1");
    assert_eq!((&json["path"], &json["line"]), (&json!(CONFIG), &json!(2)));
}
