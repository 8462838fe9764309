//! Participant names: who a name line claims to be, and names that only look like somebody else.

use super::problem::{Code, Problem, excerpt};
use crate::ids::Alias;
use std::collections::{HashMap, HashSet};
use unicode_normalization::UnicodeNormalization;
use unicode_security::GeneralSecurityProfile;
use unicode_security::confusable_detection::skeleton;
use unicode_security::general_security_profile::IdentifierType;

/// Start of every persona's key.
const PERSONA_PREFIX: &str = "ai-";

/// Who a name line names. Nothing here is proof of identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name as written.
    pub name: String,
    /// Key for comparing: NFKC, case-folded; `AI_X` and `AI-X` share one.
    pub key: String,
    /// The alias, if the name has the form of a persona (`AI-Security`).
    pub persona: Option<Alias>,
}

impl Author {
    /// Reads a name as written on a name line.
    pub fn parse(name: &str) -> Self {
        let mut key = comparison_key(name);
        if (key.starts_with("ai-") || key.starts_with("ai_")) && key.contains('_') {
            key = key.replace('_', "-");
        }
        let persona = key.strip_prefix(PERSONA_PREFIX).and_then(Alias::parse);
        Self {
            name: name.to_owned(),
            key,
            persona,
        }
    }

    /// What the JSON and the tables call this participant: the alias for a persona, else the name.
    pub fn label(&self) -> &str {
        self.persona
            .as_ref()
            .map_or(&self.name, |alias| alias.as_str())
    }

    /// Whether the name presents itself as an AI: it starts with `AI-` or `AI_`, or with characters that look like
    /// that. Such an author is never counted as a person, even if no alias can be read from the name.
    pub fn claims_to_be_ai(&self) -> bool {
        self.key.starts_with(PERSONA_PREFIX)
            || (!self.name.is_ascii() && looks(&self.name).starts_with(&looks(PERSONA_PREFIX)))
    }

    /// Whether the name holds invisible or direction-changing characters, or blanks other than a plain space.
    pub fn has_hidden_characters(&self) -> bool {
        !self.name.is_ascii() && self.name.chars().any(is_hidden)
            || self.name.bytes().any(|b| b.is_ascii_control())
    }
}

/// Looks over the names of a file: each name once, against the header's participants and the names before it.
pub(super) struct Roster<'a> {
    participants: &'a [String],
    /// What names look like, with the key of the first one that looks so.
    looks: HashMap<String, String>,
    seen: HashSet<String>,
}

impl<'a> Roster<'a> {
    pub(super) fn new(participants: &'a [String]) -> Self {
        let mut roster = Self {
            participants,
            looks: HashMap::new(),
            seen: HashSet::new(),
        };
        for alias in participants.iter().filter_map(|alias| Alias::parse(alias)) {
            roster.resembles(&Author::parse(&alias.display_name()));
        }
        roster
    }

    /// What is to be said about an author who was not met before; the name stands at `line` and `column`.
    pub(super) fn check(&mut self, author: &Author, line: usize, column: usize) -> Vec<Problem> {
        if self.seen.contains(&author.name) {
            return Vec::new();
        }
        self.seen.insert(author.name.clone());
        let shown = excerpt(&author.name);
        let mut codes = Vec::new();
        if author.has_hidden_characters() {
            codes.push((
                Code::HiddenCharactersInName,
                format!("the name {shown:?} holds characters that are not seen"),
            ));
        }
        if let Some(other) = self.resembles(author) {
            codes.push((
                Code::LookalikeName,
                format!("the name `{shown}` can be taken for {other}"),
            ));
        } else if author.claims_to_be_ai() && !author.name.is_ascii() {
            codes.push((
                Code::LookalikeName,
                format!("the name `{shown}` can be taken for a persona's"),
            ));
        } else if let Some((code, message)) = self.misplaced(author, &shown) {
            codes.push((code, message));
        }
        let at = |(code, message)| Problem::new(code, line, column, message);
        codes.into_iter().map(at).collect()
    }

    fn misplaced(&self, author: &Author, shown: &str) -> Option<(Code, String)> {
        let lists = |alias: &str| self.participants.iter().any(|listed| listed == alias);
        match &author.persona {
            None if author.claims_to_be_ai() => Some((
                Code::MalformedPersonaName,
                format!("`{shown}` starts like a persona's name, but no alias can be read from it"),
            )),
            None => lists(&author.key).then(|| {
                let message = format!(
                    "`{shown}` is read as a person, and {} is a participant",
                    author.key
                );
                (Code::PersonNamedLikePersona, message)
            }),
            Some(alias) => (!self.participants.is_empty() && !lists(alias.as_str())).then(|| {
                let message = format!("`{shown}` is not among the participants of the header");
                (Code::UnlistedPersona, message)
            }),
        }
    }

    /// Somebody else whom the author's name looks like; remembers the name.
    fn resembles(&mut self, author: &Author) -> Option<String> {
        let mut other = None;
        for look in [looks(&author.name), look(&author.name)] {
            let first = self.looks.entry(look).or_insert_with(|| author.key.clone());
            if *first != author.key {
                other.get_or_insert_with(|| first.clone());
            }
        }
        other
    }
}

/// NFKC and case folding. Upper case first: it maps the letters that fold together (ß, ſ, final sigma) to one.
fn comparison_key(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let folded: String = name
        .nfkc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkc()
        .collect();
    folded.trim().to_owned()
}

/// Whether two names look alike once case is gone.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    looks(one) == looks(other)
}

/// What a name looks like once case is gone: the confusables skeleton of its comparison key.
fn looks(name: &str) -> String {
    look(&comparison_key(name))
}

/// The confusables skeleton (Unicode TS 39) of a text: two texts that look alike share it.
fn look(text: &str) -> String {
    if !text.is_ascii() {
        return skeleton(text).collect();
    }
    // The library's answer for ASCII without its table look-ups; a test holds the two together.
    let mut look = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0' => look.push('O'),
            '1' | 'I' | '|' => look.push('l'),
            'm' => look.push_str("rn"),
            '%' => look.push_str("\u{B0}/\u{2080}"),
            '"' => look.push_str("\'\'"),
            '`' => look.push('\''),
            _ => look.push(c),
        }
    }
    look
}

fn is_hidden(c: char) -> bool {
    let is_bidi = matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    is_bidi
        || c.is_control()
        || (c.is_whitespace() && c != ' ')
        || c.identifier_type() == Some(IdentifierType::Default_Ignorable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_after_nfkc_and_case_folding() {
        for (one, other) in [
            ("AI-Security", "ai_security"),
            ("AI_Diagram_Editor", "AI-Diagram-Editor"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("José", "Jose\u{301}"),
            ("ＡＩ－Security", "AI-Security"),
        ] {
            assert_eq!(
                Author::parse(one).key,
                Author::parse(other).key,
                "{one} and {other}"
            );
        }
        assert_ne!(Author::parse("Ann_Lee").key, Author::parse("Ann-Lee").key);
    }

    #[test]
    fn look_alikes_are_told_apart_from_the_real_name() {
        let participants = ["security".to_owned()];
        for name in [
            "\u{410}I-Security",
            "Al-Security",
            "AI\u{2011}Security",
            "AI-\u{200D}Security",
        ] {
            assert!(
                Roster::new(&participants)
                    .resembles(&Author::parse(name))
                    .is_some(),
                "{name:?}"
            );
        }
        for name in ["AI-Security", "ai_security", "Alice"] {
            assert_eq!(
                Roster::new(&participants).resembles(&Author::parse(name)),
                None,
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_name_that_only_looks_like_an_ai_is_not_a_person() {
        for name in [
            "AI-Foo Bar",
            "\u{410}\u{406}-Security",
            "AI\u{2011}Security",
            "AI_",
            "AI-",
        ] {
            assert!(Author::parse(name).claims_to_be_ai(), "{name:?}");
        }
        for name in ["Ailsa", "Al-Amin", "Zoë", "AI"] {
            assert!(!Author::parse(name).claims_to_be_ai(), "{name:?}");
        }
    }

    #[test]
    fn ascii_looks_are_those_of_the_library() {
        for c in (0_u8..128).map(char::from) {
            let text = c.to_string();
            assert_eq!(look(&text), skeleton(&text).collect::<String>(), "{c:?}");
        }
    }

    #[test]
    fn hidden_characters_are_seen() {
        for name in [
            "Ann\u{202E}",
            "A\u{200B}nn",
            "Ann\u{A0}",
            "A\u{AD}nn",
            "\u{E0041}nn",
            "A\u{7}nn",
        ] {
            assert!(Author::parse(name).has_hidden_characters(), "{name:?}");
        }
        for name in ["Ann Lee", "Zoë", "李"] {
            assert!(!Author::parse(name).has_hidden_characters(), "{name:?}");
        }
    }
}
