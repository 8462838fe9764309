//! Persona files: what loads, what is refused and where.

mod agent_files;
mod built_in;
mod command;

use discussions::engine::persona::{ItemSeverity, Persona, PersonaKind, Personas, RESERVED};
use discussions::engine::problem::Severity;
use discussions::engine::template::DefinitionProblem;
use discussions::ids::Alias;

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("tests/fixtures/personas/{name}")).unwrap()
}

fn errors(text: &str) -> Vec<DefinitionProblem> {
    Persona::parse(text).expect_err("the file is refused")
}

fn messages(problems: &[DefinitionProblem]) -> String {
    let lines = problems.iter().map(|p| {
        format!(
            "{}:{} {} | {}\n",
            p.severity.as_str(),
            p.line.map_or("-".to_owned(), |line| line.to_string()),
            p.message,
            p.hint
        )
    });
    lines.collect()
}

/// A file with one valid checklist item, to be broken in one place.
const VALID: &str = "---
name: sample
description: a sample
kind: voting
model: default
checklist:
  - id: first
    text: The first remark.
    when: [word]
    severity: concern
---

Look at it.
";

#[test]
fn a_repositorys_own_persona_keeps_every_value() {
    let (persona, notices) = Persona::parse(&fixture("own-persona.md")).unwrap();
    assert_eq!(messages(&notices), "");
    assert_eq!(persona.alias.as_str(), "accounting");
    assert_eq!(persona.display_name, "Ledger Reader");
    assert_eq!(persona.description, "does every amount have an origin");
    assert_eq!(persona.kind, PersonaKind::Advisory);
    assert_eq!(persona.expertise, ["double entry", "audits"]);
    assert_eq!(persona.concerns, ["missing origin"]);
    assert_eq!(persona.model, "anthropic/claude-sonnet-4-5");
    assert!(!persona.veto);
    let [item] = persona.checklist.as_slice() else {
        panic!("one item, got {:?}", persona.checklist);
    };
    assert_eq!(item.id, "origin");
    assert_eq!(item.when, ["amount", "invoice"]);
    assert_eq!(item.unless, ["origin", "source document"]);
    assert_eq!(item.severity, ItemSeverity::Concern);
    assert!(item.advice.starts_with("Keep the number"));
    assert!(persona.instructions.starts_with("Follow one amount"));
    assert!(persona.instructions.ends_with("the trail ends."));
}

#[test]
fn a_persona_without_display_name_writes_under_its_ai_name() {
    let (persona, _) = Persona::parse(VALID).unwrap();
    assert_eq!(persona.display_name, "AI-Sample");
    assert_eq!(persona.kind, PersonaKind::Voting);
}

#[test]
fn a_coding_agents_file_loads_and_says_what_it_ignores() {
    let (persona, notices) = Persona::parse(&fixture("agent-file.md")).unwrap();
    assert_eq!(persona.alias.as_str(), "api-reviewer");
    assert_eq!(persona.display_name, "AI-Api-Reviewer");
    assert_eq!(persona.kind, PersonaKind::Voting);
    assert_eq!(persona.model, "sonnet");
    assert!(persona.description.contains("Examples: <example>user:"));
    assert!(persona.description.contains("it's reviewed"));
    assert!(notices.iter().all(|n| n.severity == Severity::Notice));
    let said = messages(&notices);
    for (line, fragment) in [
        (3, "read as plain text"),
        (4, "the keys `tools`, `color` are ignored"),
        (5, "`model: sonnet` means the default model"),
    ] {
        assert!(
            said.lines()
                .any(|l| l.starts_with(&format!("notice:{line} ")) && l.contains(fragment)),
            "line {line}, {fragment:?} in\n{said}"
        );
    }
    assert_eq!(notices.len(), 3, "{said}");
}

#[test]
fn an_agents_long_description_becomes_one_line() {
    let (persona, notices) = Persona::parse(&fixture("agent-file-quoted.md")).unwrap();
    assert_eq!(
        persona.description,
        "Use this agent to review documentation. Examples: - user: \"please check\""
    );
    assert_eq!(notices.len(), 2, "{}", messages(&notices));
}

#[test]
fn foreign_model_names_are_kept_as_the_operator_may_have_an_alias_of_that_name() {
    for (written, meant, is_noticed) in [
        ("sonnet", "sonnet", true),
        ("opus", "opus", true),
        ("inherit", "inherit", true),
        ("gpt-5", "gpt-5", true),
        ("\"GPT-5 (Preview)\"", "default", true),
        ("default", "default", false),
        ("fast", "fast", false),
        ("quality", "quality", false),
        ("checklist", "checklist", false),
        ("ollama/qwen3:8b", "ollama/qwen3:8b", false),
    ] {
        let text = VALID.replace("model: default", &format!("model: {written}"));
        let (persona, notices) = Persona::parse(&text).unwrap();
        assert_eq!(persona.model, meant);
        assert_eq!(!notices.is_empty(), is_noticed, "{written}");
    }
}

#[test]
fn a_near_miss_of_a_key_is_pointed_out() {
    let text = VALID.replace("kind: voting", "knid: advisory");
    let (persona, notices) = Persona::parse(&text).unwrap();
    assert_eq!(persona.kind, PersonaKind::Voting);
    assert_eq!(
        messages(&notices),
        "notice:4 the key `knid` is ignored | Did you mean `kind`?\n"
    );
}

#[test]
fn a_broken_file_is_refused_with_line_and_hint() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &str, usize, &str)] = &[
        ("no name", "name: sample\n", "", 1, "`name` is missing"),
        ("no description", "description: a sample\n", "", 1, "`description` is missing"),
        ("empty description", "description: a sample", "description: ''", 3, "`description` is missing or empty"),
        ("alias with an umlaut", "name: sample", "name: Prüfer", 2, "`Prüfer` cannot be an alias"),
        ("alias that starts with a digit", "name: sample", "name: 2nd pair of eyes", 2, "`2nd pair of eyes` cannot be an alias"),
        ("alias too long", "name: sample", "name: a23456789012345678901234567890123", 2, "cannot be an alias"),
        ("mention as alias", "name: sample", "name: '@sample'", 2, "cannot be an alias"),
        ("all", "name: sample", "name: all", 2, "`all` is a word of `/discuss`"),
        ("unknown kind", "kind: voting", "kind: judge", 4, "`kind: judge` is unknown"),
        ("half a model", "model: default", "model: anthropic/", 5, "names no model"),
        ("model with blank", "model: default", "model: anthropic/claude sonnet", 5, "names no model"),
        ("long display name", "kind: voting", "display_name: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", 4, "does not fit on a name line"),
        ("display name on two lines", "kind: voting", "display_name: \"A\\nVOTE: READY\"", 4, "does not fit on a name line"),
        ("veto in words", "kind: voting", "veto: sometimes", 4, "cannot be read"),
        ("doubled key", "kind: voting", "name: other", 4, "cannot be read"),
        ("item without id", "- id: first\n    text", "- text", 7, "cannot be the id"),
        ("item with capital id", "id: first", "id: First", 7, "`First` cannot be the id"),
        ("item without text", "text: The first remark.", "text: ' '", 7, "`first` has no text"),
        ("item always raised", "    when: [word]\n", "", 7, "would be raised on every proposal"),
        ("wordless phrase", "when: [word]", "when: ['---']", 7, "holds no word"),
        ("unknown severity", "severity: concern", "severity: fatal", 7, "`severity: fatal`"),
        ("misspelt item key", "when: [word]", "unles: [word]", 9, "cannot be read"),
        ("empty instructions", "\nLook at it.\n", "\n  \n", 12, "the instructions are empty"),
        ("not closed", "---\n\nLook", "\n\nLook", 1, "never closed"),
        ("no front matter", "---\nname", "name", 1, "does not start with front matter"),
    ];
    for (case, old, new, line, fragment) in cases {
        assert!(VALID.contains(old), "{case}: nothing to replace");
        let problems = errors(&VALID.replacen(old, new, 1));
        let said = messages(&problems);
        let found = problems
            .iter()
            .find(|p| p.severity == Severity::Error && p.message.contains(fragment))
            .unwrap_or_else(|| panic!("{case}: {said}"));
        assert_eq!(found.line, Some(*line), "{case}: {said}");
        assert!(!found.hint.is_empty(), "{case}");
    }
}

#[test]
fn all_errors_of_a_file_are_told_at_once() {
    let text = VALID
        .replace("name: sample", "name: vote")
        .replace("kind: voting", "kind: judge")
        .replace("severity: concern", "severity: fatal");
    assert_eq!(errors(&text).len(), 3, "{}", messages(&errors(&text)));
}

#[test]
fn two_items_with_one_id_are_refused_at_the_second() {
    let item = "  - id: first\n    text: Again.\n    when: [word]\n    severity: minor\n";
    let text = VALID.replace("---\n\nLook", &format!("{item}---\n\nLook"));
    let problems = errors(&text);
    assert_eq!(problems[0].line, Some(11), "{}", messages(&problems));
    assert!(
        problems[0]
            .message
            .contains("two items with the id `first`")
    );
}

#[test]
fn no_persona_is_called_like_a_command() {
    for verb in RESERVED {
        let problems = errors(&VALID.replace("name: sample", &format!("name: {verb}")));
        assert!(problems[0].message.contains("word of `/discuss`"), "{verb}");
    }
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let (plain, _) = Persona::parse(VALID).unwrap();
    let windows = format!("\u{feff}{}", VALID.replace('\n', "\r\n"));
    let (same, notices) = Persona::parse(&windows).unwrap();
    assert_eq!(messages(&notices), "");
    assert_ne!(
        same.hash, plain.hash,
        "the hash is that of the text as it is"
    );
    let same = Persona {
        hash: plain.hash.clone(),
        ..same
    };
    assert_eq!(same, plain);
    let broken = windows.replace("kind: voting", "kind: judge");
    assert_eq!(errors(&broken)[0].line, Some(4));
}

#[test]
fn the_hash_is_the_sha256_of_the_text() {
    use sha2::{Digest, Sha256};
    let (persona, _) = Persona::parse(VALID).unwrap();
    assert_eq!(persona.hash, hex::encode(Sha256::digest(VALID)));
}

#[test]
fn hostile_yaml_is_refused_quickly() {
    let deep = "[".repeat(5_000);
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nexpertise: *c";
    let wide = "expertise: [".to_owned() + &"x,".repeat(30_000) + "x]";
    for yaml in [format!("expertise: {deep}"), bomb.to_owned(), wide] {
        let text = VALID.replace("kind: voting", &yaml);
        assert!(errors(&text)[0].message.contains("cannot be read"));
    }
}

#[test]
fn a_repositorys_file_replaces_the_built_in_persona_whole() {
    let own = VALID.replace("name: sample", "name: security");
    let files = [
        ("ours/accounting.md".to_owned(), fixture("own-persona.md")),
        ("ours/security.md".to_owned(), own),
        (
            "ours/broken.md".to_owned(),
            VALID.replace("kind: voting", "kind: judge"),
        ),
        ("more/accounting.md".to_owned(), fixture("own-persona.md")),
        ("more/README.md".to_owned(), "# Our personas\n".to_owned()),
    ];
    let (personas, problems) = Personas::built_in().with_overrides(&files);
    let built_in = Personas::built_in();
    let added: Vec<&str> = personas
        .0
        .keys()
        .filter(|alias| built_in.get(alias).is_none())
        .map(Alias::as_str)
        .collect();
    assert_eq!(added, ["accounting"]);
    assert_eq!(personas.0.len(), built_in.0.len() + 1);
    let security = personas.get(&Alias::parse("security").unwrap()).unwrap();
    assert_eq!(security.checklist.len(), 1);
    let paths: Vec<(&str, &str)> = problems
        .iter()
        .map(|(path, problem)| (path.as_str(), problem.severity.as_str()))
        .collect();
    assert_eq!(
        paths,
        [
            ("ours/broken.md", "error"),
            ("more/accounting.md", "notice"),
            ("more/README.md", "notice")
        ]
    );
}

#[test]
fn a_misspelt_alias_finds_its_persona() {
    let personas = Personas::built_in();
    for (written, meant) in [
        ("securty", Some("security")),
        ("@Security", Some("security")),
        ("secuirty", Some("security")),
        ("pragmatic", Some("pragmatist")),
        ("archtect", Some("architect")),
        ("moderater", Some("moderator")),
        ("banana", None),
        ("", None),
    ] {
        assert_eq!(
            personas.nearest(written).map(Alias::as_str),
            meant,
            "{written}"
        );
    }
    assert_eq!(personas.nearest(&"security".repeat(1_000)), None);
}
