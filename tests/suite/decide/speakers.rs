//! Who speaks next when nobody is named.

use super::values::{alias, block, discussion, persona};
use discussions::engine::discussion::Discussion;
use discussions::engine::marker::Mention;
use discussions::engine::persona::{PersonaKind, Personas};
use discussions::engine::turn::speakers;

fn panel() -> Personas {
    let personas = [
        ("architect", PersonaKind::Voting),
        ("security", PersonaKind::Voting),
        ("researcher", PersonaKind::Advisory),
    ];
    Personas(
        personas
            .into_iter()
            .map(|(name, kind)| (alias(name), persona(name, kind)))
            .collect(),
    )
}

/// A file whose blocks are (author, mentions).
fn file(blocks: &[(&str, &[&str])]) -> Discussion {
    let mut file = discussion("<!-- DISCUSSION -->\n");
    for (author, mentions) in blocks {
        let mut block = block(file.blocks.len() + 1, author, 0..0);
        block.mentions = mentions
            .iter()
            .map(|token| Mention {
                token: (*token).to_owned(),
                line: 1,
                column: 1,
            })
            .collect();
        file.blocks.push(block);
    }
    file
}

fn who(blocks: &[(&str, &[&str])]) -> Vec<String> {
    let participants = ["researcher", "security", "nobody", "architect", "security"].map(alias);
    speakers(&file(blocks), &participants, &panel())
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn nobody_mentioned_asks_all_voting_participants() {
    assert_eq!(who(&[]), ["security", "architect"]);
}

#[test]
fn mentioned_personas_are_asked_in_order_of_mention() {
    let blocks: &[(&str, &[&str])] = &[
        ("rob", &["researcher", "architect"]),
        ("ann", &["researcher"]),
    ];
    assert_eq!(who(blocks), ["researcher", "architect"]);
}

#[test]
fn a_mention_is_used_up_by_an_answer() {
    assert_eq!(
        who(&[("rob", &["architect", "security"]), ("architect", &[])]),
        ["security"]
    );
    assert_eq!(
        who(&[("rob", &["security"]), ("security", &[])]),
        ["security", "architect"]
    );
}

#[test]
fn a_mention_in_ones_own_block_does_not_count() {
    let blocks: &[(&str, &[&str])] = &[("security", &["security", "architect"])];
    assert_eq!(who(blocks), ["architect"]);
}

#[test]
fn an_unknown_name_is_nobody() {
    assert_eq!(
        who(&[("rob", &["stranger", "all"])]),
        ["security", "architect"]
    );
}

#[test]
fn a_participant_that_answered_and_was_removed_since_is_a_notice_and_a_stranger_an_error() {
    use discussions::engine::panel::Registry;
    use discussions::engine::persona::Personas;
    use discussions::engine::problem::Code;
    use discussions::engine::template::{Template, Templates};
    let (personas, templates) = (Personas::built_in(), Templates::built_in());
    let fallback: Template = templates.0["review"].clone();
    let registry = Registry {
        personas: &personas,
        templates: &templates,
        participants: &[],
        required: &[],
        optional: &[],
        veto: &[],
        template: "review",
        allowed_templates: None,
        fallback: &fallback,
    };
    let discussion =
        discussion("<!-- DISCUSSION -->\n<!-- Participants: security, dba, securty -->\n\ntext\n");
    let members = registry.members(&discussion, &|name| name == "dba");
    assert_eq!(members.participants, [alias("security")]);
    let problems = members.problems;
    let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::ParticipantRemoved, Code::UnknownParticipant]);
    assert!(
        problems[1].hint.contains("Did you mean `security`?"),
        "{}",
        problems[1].hint
    );
}
