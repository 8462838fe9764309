//! Words, phrases and where they stand. The rules are documented in the parent module.

use std::collections::BTreeSet;

/// Words that deny up to three words behind them.
const DENY_BEFORE: [&str; 24] = [
    "no", "not", "without", "missing", "lacks", "lack", "lacking", "never", "nor", "neither",
    "cannot", "cant", "dont", "doesnt", "didnt", "isnt", "arent", "wont", "hasnt", "havent",
    "skip", "skips", "skipping", "defer",
];

/// Words that deny up to three words before them.
const DENY_AFTER: [&str; 19] = [
    "not",
    "none",
    "never",
    "no",
    "missing",
    "absent",
    "unclear",
    "undecided",
    "unknown",
    "later",
    "skipped",
    "deferred",
    "isnt",
    "arent",
    "wont",
    "hasnt",
    "havent",
    "cannot",
    "unplanned",
];

/// Conjunctions that end a clause as a comma does.
const CONJUNCTIONS: [&str; 9] = [
    "and", "but", "so", "because", "which", "that", "while", "or", "although",
];

/// How far a denial reaches in either direction, in words.
const DENY_REACH: usize = 3;

/// One word of a text, or the end of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// The word in lower case, and its stem for comparing.
    Word { plain: String, stem: String },
    /// Comma, semicolon, bracket, conjunction, end of a sentence.
    ClauseEnd,
    /// A colon ends what is before it only for a denial that stands before: `Rollback: none` is denied.
    Colon,
}

/// A sentence or a heading as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    tokens: Vec<Token>,
}

/// A phrase of a checklist item, ready to be searched.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    stems: Vec<String>,
    /// The phrase written as one word, if it has several.
    joined: Option<String>,
}

impl Phrase {
    /// Reads a `when` or `unless` entry.
    pub(super) fn new(text: &str) -> Self {
        let plain: Vec<String> = words(text).collect();
        let joined = (plain.len() > 1).then(|| stem(&plain.concat()));
        Self {
            stems: plain.iter().map(|word| stem(word)).collect(),
            joined,
        }
    }
}

/// All words of a text, to skip phrases that cannot stand in it.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(BTreeSet<String>);

impl Vocabulary {
    /// Adds the words of a sentence.
    pub(super) fn add(&mut self, sentence: &Sentence) {
        for stem in sentence.stems() {
            if !self.0.contains(stem) {
                self.0.insert(stem.to_owned());
            }
        }
    }

    /// Whether all words of the phrase are there, or the phrase as one word.
    pub(super) fn may_hold(&self, phrase: &Phrase) -> bool {
        phrase.stems.iter().all(|stem| self.0.contains(stem))
            || phrase
                .joined
                .as_ref()
                .is_some_and(|joined| self.0.contains(joined))
    }
}

impl Sentence {
    /// Splits a text without sentence ends into words and clause ends.
    pub(super) fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut word = String::new();
        for c in text.chars() {
            match c {
                c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
                // "don't" is one word, "dont".
                '\'' | '\u{2019}' if !word.is_empty() => {}
                other => {
                    push_word(&mut tokens, &mut word);
                    match other {
                        '%' => tokens.push(Token::word("percent".to_owned())),
                        ':' => tokens.push(Token::Colon),
                        ',' | ';' | '.' | '(' | ')' | '[' | ']' | '|' | '\u{2013}' | '\u{2014}' => {
                            tokens.push(Token::ClauseEnd);
                        }
                        _ => {}
                    }
                }
            }
        }
        push_word(&mut tokens, &mut word);
        Self { tokens }
    }

    /// Whether it has no word at all.
    pub(super) fn is_empty(&self) -> bool {
        self.stems().next().is_none()
    }

    /// Whether the phrase stands in it.
    pub(super) fn mentions(&self, phrase: &Phrase) -> bool {
        self.find(phrase).next().is_some()
    }

    /// Whether the phrase stands in it and is not denied there.
    pub(super) fn states(&self, phrase: &Phrase) -> bool {
        self.find(phrase)
            .any(|(start, end)| !self.denied_before(start) && !self.denied_after(end))
    }

    /// Whether it holds a word that denies.
    pub(super) fn denies(&self) -> bool {
        self.tokens.iter().any(|token| match token {
            Token::Word { plain, .. } => {
                DENY_BEFORE.contains(&plain.as_str()) || DENY_AFTER.contains(&plain.as_str())
            }
            Token::ClauseEnd | Token::Colon => false,
        })
    }

    /// Stems of its words, in order.
    pub(super) fn stems(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Word { stem, .. } => Some(stem.as_str()),
            Token::ClauseEnd | Token::Colon => None,
        })
    }

    /// Where the phrase stands: first token and the one behind the last.
    fn find<'a>(&'a self, phrase: &'a Phrase) -> impl Iterator<Item = (usize, usize)> + 'a {
        (0..self.tokens.len()).filter_map(|start| {
            if self.stem_at(start) == phrase.joined.as_deref() && phrase.joined.is_some() {
                return Some((start, start + 1));
            }
            let end = start + phrase.stems.len();
            let fits = (start..end)
                .zip(&phrase.stems)
                .all(|(at, stem)| self.stem_at(at) == Some(stem));
            (fits && !phrase.stems.is_empty()).then_some((start, end))
        })
    }

    fn stem_at(&self, index: usize) -> Option<&str> {
        match self.tokens.get(index) {
            Some(Token::Word { stem, .. }) => Some(stem),
            _ => None,
        }
    }

    fn denied_before(&self, start: usize) -> bool {
        self.tokens[..start]
            .iter()
            .rev()
            .map_while(|token| match token {
                Token::Word { plain, .. } => Some(plain.as_str()),
                Token::ClauseEnd | Token::Colon => None,
            })
            .take(DENY_REACH)
            .take_while(|word| !CONJUNCTIONS.contains(word))
            .any(|word| DENY_BEFORE.contains(&word))
    }

    fn denied_after(&self, end: usize) -> bool {
        self.tokens[end..]
            .iter()
            .filter(|token| **token != Token::Colon)
            .map_while(|token| match token {
                Token::Word { plain, .. } => Some(plain.as_str()),
                Token::ClauseEnd | Token::Colon => None,
            })
            .take(DENY_REACH)
            .take_while(|word| !CONJUNCTIONS.contains(word))
            .any(|word| DENY_AFTER.contains(&word))
    }
}

impl Token {
    fn word(plain: String) -> Self {
        Self::Word {
            stem: stem(&plain),
            plain,
        }
    }
}

fn push_word(tokens: &mut Vec<Token>, word: &mut String) {
    if !word.is_empty() {
        tokens.push(Token::word(std::mem::take(word)));
    }
}

/// The words of a text in lower case, without any structure.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    Sentence::new(text)
        .tokens
        .into_iter()
        .filter_map(|token| match token {
            Token::Word { plain, .. } => Some(plain),
            Token::ClauseEnd | Token::Colon => None,
        })
}

/// The stem by which words are compared: without a plural ending, and so that `policy` meets `policies` and `cache`
/// meets `caches` and `match` meets `matches`. Used on both sides, so that what it makes of other words does no harm.
pub(super) fn stem(word: &str) -> String {
    let mut stem = word;
    if stem.chars().count() > 3 && stem.ends_with('s') && !stem.ends_with("ss") {
        stem = &stem[..stem.len() - 1];
    }
    if stem.chars().count() > 4 && stem.ends_with('e') {
        stem = &stem[..stem.len() - 1];
    }
    match stem.strip_suffix('y') {
        Some(front) if front.chars().count() > 1 => format!("{front}i"),
        _ => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(text: &str, phrase: &str) -> bool {
        Sentence::new(text).states(&Phrase::new(phrase))
    }

    #[test]
    fn plurals_and_spellings_meet() {
        for (text, phrase) in [
            ("two tenants share it", "tenant"),
            ("One Tenant only", "tenants"),
            ("policies apply", "policy"),
            ("three caches", "cache"),
            ("it matches", "match"),
            ("a read-through layer", "read through"),
            ("a roll-back by flag", "roll back"),
            ("rollback by flag", "roll back"),
            ("5 % of the traffic", "percent of the traffic"),
            ("per_tenant keys", "per tenant"),
        ] {
            assert!(states(text, phrase), "{phrase:?} in {text:?}");
        }
    }

    #[test]
    fn parts_of_words_and_torn_phrases_do_not_match() {
        for (text, phrase) in [
            ("we notate it", "note"),
            ("cached values", "cache"),
            ("roll, back", "roll back"),
            ("it is not here", "note"),
        ] {
            assert!(!states(text, phrase), "{phrase:?} in {text:?}");
        }
    }

    #[test]
    fn denied_words_state_nothing() {
        for (text, phrase) in [
            ("there is no rollback plan", "rollback"),
            ("no tested rollback", "rollback"),
            ("we ship without a rollback", "rollback"),
            ("we don't have rollback", "rollback"),
            ("Rollback: none", "rollback"),
            ("rollback is not planned", "rollback"),
            ("the rollback plan is missing", "rollback"),
        ] {
            assert!(!states(text, phrase), "{text:?}");
            assert!(
                Sentence::new(text).mentions(&Phrase::new(phrase)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_denial_ends_with_its_clause() {
        for (text, phrase) in [
            ("not slow, rollback by flag", "rollback"),
            ("keys are tenant-scoped and never shared", "tenant scoped"),
            ("there is no personal data in it", "no personal data"),
            ("Without downtime: rollback by flag", "rollback"),
        ] {
            assert!(states(text, phrase), "{text:?}");
        }
    }
}
