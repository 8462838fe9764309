//! Files that teams keep for their coding agents: they sit on a panel as they are.

use super::messages;
use crate::scenarios::{CACHE, PATH};
use crate::support::fixture;
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::engine::persona::{Persona, PersonaKind, Personas};
use discussions::engine::problem::Severity;
use discussions::sandbox::{DEMO_REPO, FileEdit};
use std::sync::Arc;

/// File, alias, and what is said about it.
const AGENTS: &[(&str, &str, &[&str])] = &[
    (
        "contract-guardian.md",
        "contract-guardian",
        &[
            "the keys `tools`, `disallowedTools`, `permissionMode`, `maxTurns`, `memory`, `color`, `hooks`, `skills` are ignored",
            "`model: sonnet` means the default",
        ],
    ),
    (
        "incident-commander.md",
        "incident-commander",
        &[
            "`Incident Commander` goes by the alias `incident-commander`",
            "`model: opus` means the default",
        ],
    ),
    (
        "release-captain.agent.md",
        "release-captain",
        &[
            "`Release Captain` goes by the alias",
            "`handoffs`, `mcp-servers` are ignored",
            "`model` lists 2 models",
        ],
    ),
    (
        "data_steward.agent.md",
        "data-steward",
        &[
            "`name` is missing; the file's name stands in",
            "the keys `tools`, `metadata` are ignored",
        ],
    ),
    (
        "docs-editor.chatmode.md",
        "docs-editor",
        &[
            "the file's name stands in",
            "`model: GPT-4.1 (Preview)` means the default",
        ],
    ),
    (
        "query-review.mdc",
        "query-review",
        &[
            "the file's name stands in",
            "the keys `globs`, `alwaysApply` are ignored",
            "read as plain text",
        ],
    ),
];

/// The files as they lie in a folder.
fn files_in(folder: &str) -> Vec<(String, String)> {
    let place = |name: &str| {
        (
            format!("{folder}/{name}"),
            fixture(&format!("agents/{name}")),
        )
    };
    AGENTS.iter().map(|(name, ..)| place(name)).collect()
}

fn aliases() -> String {
    let aliases: Vec<&str> = AGENTS.iter().map(|(_, alias, _)| *alias).collect();
    aliases.join(", ")
}

#[test]
fn agent_files_load_as_voting_personas_with_notices_only() {
    for (name, alias, says) in AGENTS {
        let text = fixture(&format!("agents/{name}"));
        let read = Persona::parse_file(&format!(".claude/agents/{name}"), &text);
        let (persona, notices) = read.unwrap_or_else(|e| panic!("{name}: {}", messages(&e)));
        let said = messages(&notices);
        assert_eq!(persona.alias.as_str(), *alias);
        assert_eq!(persona.display_name, persona.alias.display_name());
        assert_eq!(persona.kind, PersonaKind::Voting, "{name}");
        assert!(
            ["default", "sonnet", "opus"].contains(&persona.model.as_str()),
            "{name}"
        );
        assert!(
            notices.iter().all(|n| n.severity == Severity::Notice),
            "{said}"
        );
        assert!(notices.iter().all(|n| !n.hint.is_empty()), "{said}");
        assert!(notices.len() <= 4, "{name}: {said}");
        for words in *says {
            assert!(said.contains(words), "{name}: {words} in\n{said}");
        }
        for odd in ["\\n", "\n", "\r", "\u{feff}"] {
            assert!(
                !persona.description.contains(odd),
                "{name}: {}",
                persona.description
            );
        }
        assert!(!persona.instructions.contains('\r'), "{name}");
        assert!(persona.instructions.len() > 100, "{name}");
    }
    let (personas, problems) = Personas::built_in().with_overrides(&files_in(".claude/agents"));
    assert_eq!(
        personas.0.len(),
        Personas::built_in().0.len() + AGENTS.len()
    );
    assert!(problems.iter().all(|(_, p)| p.severity == Severity::Notice));
}

#[test]
fn a_description_with_examples_keeps_its_words() {
    let text = fixture("agents/contract-guardian.md");
    let (persona, _) = Persona::parse(&text).unwrap();
    assert!(
        persona.description.contains(
            "who calls what. Examples: - <example> Context: A field was renamed. user: \"I renamed"
        ),
        "{}",
        persona.description
    );
}

#[test]
fn two_names_that_become_one_alias_are_told() {
    let with = |name: &str| format!("---\nname: {name}\ndescription: d\n---\nLook.\n");
    let files = [
        ("a/one.md".to_owned(), with("Data Steward")),
        ("a/two.md".to_owned(), with("data_steward")),
    ];
    let (_, problems) = Personas::built_in().with_overrides(&files);
    let said: Vec<&str> = problems.iter().map(|(_, p)| p.message.as_str()).collect();
    assert!(
        said.contains(&"`data-steward` is defined by an earlier file too; this one is used"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teams_agent_files_sit_on_the_panel_of_a_pull_request() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::with(Setup {
        config: None,
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    let config = format!(
        "{AT_ONCE}personas: [.claude/agents]\nparticipants: [{}]\n",
        aliases()
    );
    let mut edits = vec![FileEdit::write(".github/discussions.yml", config)];
    let agents = files_in(".claude/agents");
    edits.extend(
        agents
            .iter()
            .map(|(path, text)| FileEdit::write(path, text)),
    );
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "configure", &edits)
        .unwrap();
    let text = CACHE.replace(
        "<!-- Participants: architect, security, pragmatist -->\n",
        "",
    );
    let number = rig.open("rob", PATH, &text).await;
    let mut asked: Vec<String> = model.calls().into_iter().map(|(alias, _)| alias).collect();
    asked.sort();
    let mut expected: Vec<&str> = AGENTS.iter().map(|(_, alias, _)| *alias).collect();
    expected.sort_unstable();
    assert_eq!(asked, expected);
    let file = rig.file(number, PATH);
    assert!(file.contains("Name: AI-Incident-Commander\n"), "{file}");
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), "READY: 7 of 7 ready, 1 by a person");
    rig.say("ann", number, "/discuss data-steward who may see it?")
        .await;
    assert!(rig.file(number, PATH).contains("Asked: who may see it?"));
}
