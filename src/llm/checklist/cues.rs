//! Words that tell what a sentence or a section is for: placeholders, ways not taken, things ruled out.

use super::words::{Phrase, Sentence};

/// Sentences with one of these are placeholders.
const PLACEHOLDERS: [&str; 14] = [
    "tbd",
    "tbc",
    "todo",
    "fixme",
    "to be decided",
    "to be determined",
    "to be defined",
    "to be clarified",
    "to be written",
    "to be done",
    "fill in",
    "fill this in",
    "coming soon",
    // The line below the scaffold of a new file.
    "discussion begins below",
];

/// Headings and sentences with one of these rule something out.
const RULED_OUT: [&str; 7] = [
    "out of scope",
    "non goal",
    "not in scope",
    "not a goal",
    "not included",
    "not part of this",
    "outside the scope",
];

/// Headings with one of these hold ways that were not taken.
const ALTERNATIVES: [&str; 5] = [
    "alternative",
    "option considered",
    "rejected",
    "considered and rejected",
    "not chosen",
];

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// What is proposed.
    Proposed,
    /// Ways that were not taken: they make no item apply.
    Alternatives,
    /// What is ruled out: it is not read.
    RuledOut,
}

/// The cues, ready to be searched.
pub(super) struct Cues {
    ruled_out: Vec<Phrase>,
    alternatives: Vec<Phrase>,
    placeholders: Vec<Phrase>,
}

impl Cues {
    /// All of them.
    pub(super) fn new() -> Self {
        Self {
            ruled_out: RULED_OUT.map(Phrase::new).to_vec(),
            alternatives: ALTERNATIVES.map(Phrase::new).to_vec(),
            placeholders: PLACEHOLDERS.map(Phrase::new).to_vec(),
        }
    }

    /// What the section below a heading is about.
    pub(super) fn role_of(&self, heading: &Sentence) -> Role {
        let names = |phrases: &[Phrase]| phrases.iter().any(|phrase| heading.mentions(phrase));
        if names(&self.ruled_out) {
            Role::RuledOut
        } else if names(&self.alternatives) {
            Role::Alternatives
        } else {
            Role::Proposed
        }
    }

    /// Whether a sentence stands for one that is still to be written.
    pub(super) fn is_placeholder(&self, sentence: &Sentence) -> bool {
        let mut cues = self.placeholders.iter();
        cues.any(|phrase| sentence.mentions(phrase))
    }

    /// The words by which a sentence rules something out, without what it rules out.
    pub(super) fn ruling_out(&self, sentence: &Sentence) -> Option<Sentence> {
        RULED_OUT
            .iter()
            .zip(&self.ruled_out)
            .find(|(_, phrase)| sentence.mentions(phrase))
            .map(|(words, _)| Sentence::new(words))
    }
}
