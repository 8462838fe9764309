//! What the built-in personas promise: complete files, distinct points of view, remarks that can stand as they are.

use super::messages;
use discussions::engine::persona::{ItemSeverity, Persona, PersonaKind, Personas};
use discussions::ids::Alias;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_built_in_file_loads_without_a_remark() {
    for (path, text) in Personas::built_in_files() {
        match Persona::parse(text) {
            Ok((persona, notices)) => {
                assert_eq!(messages(&notices), "", "{path}");
                assert_eq!(*path, format!("personas/{}.md", persona.alias));
                assert_eq!(persona.display_name, persona.alias.display_name());
            }
            Err(problems) => panic!("{path}\n{}", messages(&problems)),
        }
    }
    assert_eq!(
        Personas::built_in().0.len(),
        Personas::built_in_files().len()
    );
}

#[test]
fn nine_built_in_personas_vote_and_three_advise() {
    let advisory: Vec<String> = Personas::built_in()
        .0
        .values()
        .filter(|persona| persona.kind == PersonaKind::Advisory)
        .map(|persona| persona.alias.to_string())
        .collect();
    assert_eq!(advisory, ["diagram-editor", "researcher", "visualizer"]);
    assert_eq!(Personas::built_in().0.len(), 12);
    assert!(Personas::built_in().0.values().all(|p| !p.veto));
}

#[test]
fn every_built_in_persona_says_what_a_reviewer_needs_to_know() {
    let personas = Personas::built_in();
    for persona in personas.0.values() {
        let text = &persona.instructions;
        let alias = &persona.alias;
        let (remarks, words): ([&str; 2], &[&str]) = match persona.kind {
            PersonaKind::Voting => (
                ["### Good remarks", "### Bad remarks"],
                &["**READY**", "**CHANGES**", "**REJECT**", "**minor**"],
            ),
            PersonaKind::Advisory => (
                ["### Good notes", "### Bad notes"],
                &[
                    "never vote",
                    "no VOTE line",
                    "**question**",
                    "**concern**",
                    "**minor**",
                ],
            ),
        };
        for heading in [
            "## What you look for",
            "## What you leave to others",
            "## How you vote",
            "## How you write",
        ] {
            assert!(text.contains(heading), "{alias}: {heading}");
        }
        let vote = section(text, "## How you vote");
        for word in words {
            assert!(vote.contains(word), "{alias}: {word}");
        }
        let others = section(text, "## What you leave to others");
        for other in personas.0.keys().filter(|other| *other != alias) {
            assert!(
                others.contains(&format!("**{other}**")),
                "{alias} leaves nothing to {other}"
            );
        }
        for heading in remarks {
            let remarks = section(text, heading)
                .lines()
                .filter(|l| l.starts_with("* "))
                .count();
            assert!(remarks >= 3, "{alias}: {remarks} under {heading}");
        }
        assert!(!text.contains('!'), "{alias}: exclamation mark");
        assert!(!text.contains('\u{2014}'), "{alias}: em dash");
    }
}

/// Fences of the instructions are of the kind that GitHub draws, and closed.
#[test]
fn diagrams_in_the_instructions_are_mermaid() {
    for alias in ["visualizer", "diagram-editor"] {
        let persona = Personas::built_in().0[&Alias::parse(alias).unwrap()].clone();
        let fences: Vec<&str> = persona
            .instructions
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("```"))
            .collect();
        assert_eq!(fences, ["```mermaid", "```"], "{alias}");
    }
}

/// The text below a heading, up to the next one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let below = text.split_once(heading).map_or("", |(_, below)| below);
    below.split("\n#").next().unwrap_or_default()
}

#[test]
fn built_in_checklists_are_long_enough_and_every_id_is_used_once() {
    let mut owners = BTreeMap::new();
    for persona in Personas::built_in().0.values() {
        let count = persona.checklist.len();
        assert!((12..=20).contains(&count), "{}: {count}", persona.alias);
        for item in &persona.checklist {
            let other = owners.insert(item.id.clone(), persona.alias.clone());
            assert_eq!(other, None, "{} of {}", item.id, persona.alias);
        }
    }
}

/// How much two word lists have in common, as a share of the shorter one.
fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let common = one.intersection(other).count() as f64;
    common / one.len().min(other.len()).max(1) as f64
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 3)
        .map(str::to_lowercase)
        .collect()
}

/// Two items say the same if their remarks use the same words, or if the same answers would satisfy both.
#[test]
fn no_built_in_item_says_what_one_of_another_persona_says() {
    let personas: Vec<Persona> = Personas::built_in().0.into_values().collect();
    let items = personas
        .iter()
        .flat_map(|persona| persona.checklist.iter().map(move |item| (persona, item)));
    let items: Vec<_> = items
        .map(|(persona, item)| {
            let answers: BTreeSet<String> = item.unless.iter().cloned().collect();
            let name = format!("{}/{}", persona.alias, item.id);
            (persona, name, words(&item.text), answers)
        })
        .collect();
    let mut alike = Vec::new();
    for (index, (persona, name, remark, answers)) in items.iter().enumerate() {
        for (other, its_name, its_remark, its_answers) in &items[index + 1..] {
            if persona.alias == other.alias {
                continue;
            }
            let (said, settled) = (shared(remark, its_remark), shared(answers, its_answers));
            if said > 0.5 || settled > 0.5 || (said > 0.3 && settled > 0.3) {
                alike.push(format!("{name} and {its_name}: {said:.2} {settled:.2}"));
            }
        }
    }
    assert_eq!(alike, Vec::<String>::new());
}

#[test]
fn built_in_remarks_stand_in_the_file_as_they_are() {
    for persona in Personas::built_in().0.values() {
        for item in &persona.checklist {
            let place = format!("{}/{}", persona.alias, item.id);
            assert!(item.text.chars().count() <= 200, "{place}: too long");
            assert!(
                item.advice.chars().count() <= 200,
                "{place}: advice too long"
            );
            assert!(!item.advice.is_empty(), "{place}: no advice");
            let is_question = item.severity == ItemSeverity::Question;
            assert_eq!(
                item.text.contains('?'),
                is_question,
                "{place}: a question asks"
            );
            // Nothing that rendering would have to neutralise.
            for c in ['!', '@', '`', '<', '>', '|', '*', '_', '#', '[', ']'] {
                assert!(
                    !item.text.contains(c) && !item.advice.contains(c),
                    "{place}: {c}"
                );
            }
        }
    }
}
