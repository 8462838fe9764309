//! The reply in words. Nothing of the proposal is copied into it but, when a question is answered, the words of a
//! heading, stripped of everything that could be markup.

use super::prose::Proposal;
use super::verdict::{Judged, Standing};
use super::words::{Phrase, Sentence, stem, words};
use crate::engine::persona::{ChecklistItem, ItemSeverity, Persona, PersonaKind};
use crate::engine::reply::{Anchor, Reply, ReplyConcern};
use crate::engine::vote::Vote;
use crate::llm::Prompt;
use std::collections::BTreeSet;

/// Items a question is answered from, at most.
const ITEMS_IN_AN_ANSWER: usize = 2;
/// Covered items that are named, at most.
const COVERED_NAMED: usize = 6;
/// Longest heading that is quoted, in characters.
const HEADING_CHARS: usize = 60;
/// Words of a remark that a question has to share with it, if it holds none of its `when` and `unless` words.
const SHARED_WORDS: usize = 2;

/// Words that say nothing about what a question is about.
const FILLER: [&str; 46] = [
    "the", "and", "are", "for", "what", "about", "how", "does", "did", "you", "your", "this",
    "that", "with", "from", "have", "has", "was", "were", "will", "would", "should", "could",
    "can", "who", "why", "when", "where", "which", "there", "here", "they", "them", "not", "any",
    "all", "our", "into", "than", "then", "think", "text", "proposal", "say", "one", "need",
];

/// Puts the reply together.
pub(super) fn compose(prompt: &Prompt, proposal: &Proposal, judged: &[Judged<'_>]) -> Reply {
    let persona = &prompt.persona;
    let mut raised: Vec<&ChecklistItem> = judged
        .iter()
        .filter(|judged| judged.is_raised())
        .map(|judged| judged.item)
        .collect();
    raised.sort_by_key(|item| item.severity);
    let own = OwnItems::sort(prompt, &raised);
    let advises = persona.kind == PersonaKind::Advisory;
    Reply {
        comment: comment(prompt, proposal, judged, &raised, &own),
        vote: vote(persona, &raised),
        questions: raised
            .iter()
            .filter(|item| item.severity == ItemSeverity::Question)
            .map(|item| item.text.clone())
            .collect(),
        concerns: raised
            .iter()
            .filter(|item| item.severity != ItemSeverity::Question)
            .map(|item| ReplyConcern {
                text: item.text.clone(),
                // What advises is never in the way.
                minor: advises || item.severity == ItemSeverity::Minor,
            })
            .collect(),
        resolved: own.settled.into_iter().map(|(id, _)| id).collect(),
        anchors: judged.iter().filter_map(anchor).collect(),
    }
}

/// A raised item is about the words that call for it.
fn anchor(judged: &Judged<'_>) -> Option<Anchor> {
    let Standing::Raised { by: Some(words) } = judged.standing else {
        return None;
    };
    Some(Anchor {
        remark: judged.item.text.clone(),
        words: words.to_owned(),
    })
}

fn vote(persona: &Persona, raised: &[&ChecklistItem]) -> Option<Vote> {
    let stands_in_the_way = raised
        .iter()
        .any(|item| item.severity != ItemSeverity::Minor);
    match (persona.kind, stands_in_the_way) {
        (PersonaKind::Advisory, _) => None,
        (PersonaKind::Voting, true) => Some(Vote::Changes),
        (PersonaKind::Voting, false) => Some(Vote::Ready),
    }
}

/// The persona's open items of earlier replies.
struct OwnItems<'a> {
    /// Of this checklist and no longer raised: (ledger id, item).
    settled: Vec<(String, &'a ChecklistItem)>,
    /// Texts (as comparing keys) of those that are raised again.
    standing: BTreeSet<String>,
    /// How many are not from this checklist (a model's, or an older wording): nothing can be said about them.
    foreign: usize,
}

impl<'a> OwnItems<'a> {
    fn sort(prompt: &'a Prompt, raised: &[&ChecklistItem]) -> Self {
        let mut own = Self {
            settled: Vec::new(),
            standing: BTreeSet::new(),
            foreign: 0,
        };
        for (id, text) in &prompt.own_open {
            let key = key(text);
            let items = &prompt.persona.checklist;
            match items.iter().find(|item| self::key(&item.text) == key) {
                None => own.foreign += 1,
                Some(item) if raised.iter().any(|raised| raised.id == item.id) => {
                    own.standing.insert(key);
                }
                Some(item) => own.settled.push((id.clone(), item)),
            }
        }
        own
    }
}

/// What a remark is compared by: its words, so that `(minor)` and whatever rendering did to punctuation do not matter.
fn key(text: &str) -> String {
    let text = text.strip_prefix("(minor)").unwrap_or(text);
    words(text).collect::<Vec<_>>().join(" ")
}

fn comment(
    prompt: &Prompt,
    proposal: &Proposal,
    judged: &[Judged<'_>],
    raised: &[&ChecklistItem],
    own: &OwnItems<'_>,
) -> String {
    let mut parts = vec![format!(
        "From the built-in checklist, not a model. Point of view: {}.",
        prompt.persona.description.trim_end_matches('.')
    )];
    if let Some(question) = &prompt.question {
        parts.extend(answer(question, proposal, judged));
    }
    parts.push(summary(prompt, proposal, judged, raised, own));
    parts.join("\n\n")
}

/// What was found, without repeating the remarks: they stand below as markers.
fn summary(
    prompt: &Prompt,
    proposal: &Proposal,
    judged: &[Judged<'_>],
    raised: &[&ChecklistItem],
    own: &OwnItems<'_>,
) -> String {
    let mut sentences = Vec::new();
    if proposal.is_empty() {
        sentences
            .push("The sections are still empty, so there is little to review yet.".to_owned());
    }
    let applying = judged
        .iter()
        .filter(|judged| judged.standing != Standing::DoesNotApply)
        .count();
    let covered_count = match applying - raised.len() {
        0 => "none".to_owned(),
        count => count.to_string(),
    };
    sentences.push(format!(
        "{applying} of {} points apply here: {covered_count} covered, {}.",
        judged.len(),
        tally(prompt.persona.kind, raised)
    ));
    sentences.extend(covered(judged));
    sentences.extend(history(own));
    sentences.join(" ")
}

/// `3 concerns, 1 question, 1 minor remark raised` or `nothing raised`. What advises has notes instead of concerns.
fn tally(kind: PersonaKind, raised: &[&ChecklistItem]) -> String {
    use ItemSeverity::{Concern, Minor, Question};
    let words: &[(&[ItemSeverity], &str)] = match kind {
        PersonaKind::Voting => &[
            (&[Concern], "concern"),
            (&[Question], "question"),
            (&[Minor], "minor remark"),
        ],
        PersonaKind::Advisory => &[(&[Concern, Minor], "note"), (&[Question], "question")],
    };
    let counts: Vec<String> = words
        .iter()
        .map(|(kinds, word)| {
            let of_kind = |item: &&&ChecklistItem| kinds.contains(&item.severity);
            (raised.iter().filter(of_kind).count(), *word)
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| counted(count, word))
        .collect();
    if counts.is_empty() {
        "nothing raised".to_owned()
    } else {
        format!("{} raised", counts.join(", "))
    }
}

fn covered(judged: &[Judged<'_>]) -> Option<String> {
    let labels: Vec<String> = judged
        .iter()
        .filter(|judged| judged.is_covered())
        .map(|judged| label(judged.item))
        .collect();
    if labels.is_empty() {
        return None;
    }
    let named = labels.len().min(COVERED_NAMED);
    let rest = match labels.len() - named {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("Covered: {}{rest}.", labels[..named].join(", ")))
}

/// What became of earlier remarks.
fn history(own: &OwnItems<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    if !own.settled.is_empty() {
        let labels: Vec<String> = own.settled.iter().map(|(_, item)| label(item)).collect();
        sentences.push(format!("Settled since: {}.", labels.join(", ")));
    }
    match own.standing.len() {
        0 => {}
        1 => sentences.push("1 earlier remark still stands.".to_owned()),
        more => sentences.push(format!("{more} earlier remarks still stand.")),
    }
    if own.foreign > 0 {
        sentences.push(format!(
            "{} not from this checklist, so nothing is said about {} here.",
            if own.foreign == 1 {
                "1 earlier remark is".to_owned()
            } else {
                format!("{} earlier remarks are", own.foreign)
            },
            if own.foreign == 1 { "it" } else { "them" }
        ));
    }
    sentences
}

/// The paragraphs that answer a question.
fn answer(question: &str, proposal: &Proposal, judged: &[Judged<'_>]) -> Vec<String> {
    let touched = touched(question, judged);
    if touched.is_empty() {
        let labels: Vec<String> = judged.iter().map(|judged| label(judged.item)).collect();
        return vec![format!(
            "The checklist has nothing on this question. It can speak about: {}.",
            labels.join(", ")
        )];
    }
    touched
        .iter()
        .map(|judged| answer_from(judged, proposal))
        .collect()
}

/// The items a question is about, best first.
fn touched<'a>(question: &str, judged: &'a [Judged<'a>]) -> Vec<&'a Judged<'a>> {
    let asked = Sentence::new(question);
    let asked_words: BTreeSet<&str> = asked
        .stems()
        .filter(|word| {
            word.chars().count() > 2 && !FILLER.iter().any(|filler| stem(filler) == *word)
        })
        .collect();
    let mut scored: Vec<(usize, &Judged<'_>)> = judged
        .iter()
        .map(|judged| (relevance(&asked, &asked_words, judged.item), judged))
        .filter(|(score, _)| *score > 0)
        .collect();
    scored.sort_by_key(|(score, judged)| (usize::MAX - score, judged.item.severity));
    scored
        .into_iter()
        .take(ITEMS_IN_AN_ANSWER)
        .map(|(_, judged)| judged)
        .collect()
}

/// How much a question is about an item: words of its name weigh most, then its phrases, then the remark's words.
fn relevance(asked: &Sentence, asked_words: &BTreeSet<&str>, item: &ChecklistItem) -> usize {
    let shared = |text: &str| {
        let sentence = Sentence::new(text);
        let stems: BTreeSet<&str> = sentence.stems().collect();
        stems.intersection(asked_words).count()
    };
    let in_name = shared(&item.id);
    let phrases = item
        .when
        .iter()
        .chain(&item.unless)
        .filter(|phrase| asked.mentions(&Phrase::new(phrase)))
        .count();
    let in_text = shared(&item.text) + shared(&item.advice);
    if in_name == 0 && phrases == 0 && in_text < SHARED_WORDS {
        return 0;
    }
    10 * in_name + 4 * phrases + in_text
}

fn answer_from(judged: &Judged<'_>, proposal: &Proposal) -> String {
    let item = judged.item;
    let advice = if item.advice.is_empty() {
        &item.text
    } else {
        &item.advice
    };
    let standing = match judged.standing {
        Standing::Covered { by, section } => format!(
            "the proposal speaks of it, \u{201c}{by}\u{201d} {}. Hold it against this:",
            place(&proposal.sections[section].heading)
        ),
        Standing::Raised { .. } => "the proposal does not settle it yet.".to_owned(),
        Standing::DoesNotApply => {
            "going by its words, nothing in the proposal calls for it. Where it does:".to_owned()
        }
    };
    format!("On {}, {standing} {advice}", label(item))
}

/// Where a statement stands, in words: only letters, digits and harmless punctuation of the heading are kept.
fn place(heading: &str) -> String {
    let kept: String = heading
        .chars()
        .map(|c| match c {
            c if c.is_alphanumeric() => c,
            '-' | ',' | '\'' | '(' | ')' => c,
            _ => ' ',
        })
        .take(HEADING_CHARS)
        .collect();
    let kept = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    if kept.is_empty() {
        "above the first heading".to_owned()
    } else {
        format!("under \u{201c}{kept}\u{201d}")
    }
}

/// The id as words: `tenant isolation`.
fn label(item: &ChecklistItem) -> String {
    item.id.replace('-', " ")
}

fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}
