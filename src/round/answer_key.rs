//! The key of an answer: what makes two questions the same one.

use super::{Ask, RULES_VERSION, RoundInput};
use crate::engine::ledger::Item;
use crate::engine::marker::Word;
use crate::engine::subject::Subject;
use crate::ids::Alias;
use sha2::{Digest, Sha256};

/// Key under which an answer is stored, each part with its length before it: the text, the instructions, the question,
/// who answers, and for whom. What others said is not among them, or talk alone would buy a new answer.
pub fn answer_key(input: &RoundInput<'_>, subject: Subject, ask: &Ask) -> String {
    let mut hash = KeyHash::new();
    hash.part(&RULES_VERSION.to_string());
    // An answer from elsewhere was asked for under definitions that other people keep.
    hash.part(input.scope);
    hash.part(&subject.to_string());
    let phase = input.phase;
    for part in [&phase.name, &phase.goal, &phase.instructions] {
        hash.part(part);
    }
    let events = people_on_own_items(input, &ask.persona.alias);
    hash.part(&events.len().to_string());
    events.iter().for_each(|event| hash.part(event));
    match &ask.question {
        Some(question) => {
            hash.part("question");
            hash.part(question);
        }
        None => hash.part("no question"),
    }
    if ask.again > 0 {
        hash.part("again");
        hash.part(&ask.again.to_string());
    }
    hash.part(&ask.persona.hash);
    hash.part(ask.model.name());
    hash.finish()
}

/// SHA-256 over length-prefixed parts, so that no two lists of parts give the same bytes.
struct KeyHash(Sha256);

impl KeyHash {
    fn new() -> Self {
        Self(Sha256::new_with_prefix(b"discussions/answer@2"))
    }

    fn part(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// What people did to a persona's own items, in counted blocks and outside of the file, one text each: only that may
/// buy a new answer about the same proposal. The persona's own markers never do, or every answer would be the reason for the next one.
fn people_on_own_items(input: &RoundInput<'_>, alias: &Alias) -> Vec<String> {
    let own: Vec<&Item> = input
        .ledger
        .all()
        .filter(|item| item.by_persona && item.author == alias.as_str())
        .collect();
    let people = input
        .discussion
        .blocks
        .iter()
        .filter(|block| block.author.persona.is_none() && (input.counts)(block));
    let in_blocks = people
        .flat_map(|block| &block.markers)
        .filter(|marker| {
            matches!(
                marker.word,
                Word::Answer | Word::Resolved | Word::Done | Word::Assigned
            )
        })
        .filter(|marker| names_one_of(&marker.text, &own))
        .map(|marker| format!("{} {}", marker.word.as_str(), marker.text));
    let outside = own.iter().filter_map(|item| {
        let closing = item.closing.as_ref()?;
        let id = item.id.as_deref()?;
        Some(format!("CLOSED {id} by {}: {}", closing.by, closing.text))
    });
    in_blocks.chain(outside).collect()
}

/// Whether a marker's text names one of the items by its id.
fn names_one_of(text: &str, items: &[&Item]) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .any(|word| {
            items
                .iter()
                .filter_map(|item| item.id.as_deref())
                .any(|id| id.eq_ignore_ascii_case(word))
        })
}
