//! What can be counted about a panel's answers. Pure.

use super::turn::Turn;
use std::collections::BTreeSet;

/// Share of words that two remarks have to have in common to count as alike: beyond it they read as the same remark
/// with other words around it.
const ALIKE: f64 = 0.5;
/// Shorter words say little about what a remark is about.
const LETTERS: usize = 4;

/// One persona's answers over all proposals.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) persona: String,
    pub(crate) asked: usize,
    /// Answered with a block.
    pub(crate) answered: usize,
    /// Said that there is nothing to say.
    pub(crate) silent: usize,
    /// Remarks for each answer.
    pub(crate) remarks: f64,
    /// Words for each answer, without the name line.
    pub(crate) words: f64,
    /// Share of remarks that another persona makes about the same proposal as well.
    pub(crate) shared: f64,
    /// Share of remarks that the persona makes about another proposal as well.
    pub(crate) repeated: f64,
    /// READY, CHANGES, REJECT.
    pub(crate) votes: [usize; 3],
    /// Answers whose block reads as what was announced.
    pub(crate) valid: usize,
    /// Tokens sent and written for each answer; `None`: nobody counts.
    pub(crate) tokens: Option<[f64; 2]>,
    /// Seconds for each turn, those without answer included.
    pub(crate) seconds: f64,
}

/// The words by which votes are counted.
pub(crate) const VOTES: [&str; 3] = ["READY", "CHANGES", "REJECT"];

/// Figures of each persona, in the order asked.
pub(crate) fn of(turns: &[Turn]) -> Vec<Figures> {
    let mut personas: Vec<&str> = Vec::new();
    for turn in turns {
        if !personas.contains(&turn.persona.as_str()) {
            personas.push(&turn.persona);
        }
    }
    personas.iter().map(|name| one(name, turns)).collect()
}

/// How many voted so.
pub(crate) fn votes<'a>(turns: impl Iterator<Item = &'a Turn> + Clone) -> [usize; 3] {
    VOTES.map(|vote| {
        let given = turns
            .clone()
            .filter(|turn| turn.vote.as_deref() == Some(vote));
        given.count()
    })
}

fn one(persona: &str, turns: &[Turn]) -> Figures {
    let own: Vec<&Turn> = turns
        .iter()
        .filter(|turn| turn.persona == persona)
        .collect();
    let answers: Vec<&&Turn> = own.iter().filter(|turn| turn.block.is_some()).collect();
    let remarks: Vec<(&Turn, BTreeSet<String>)> = own
        .iter()
        .flat_map(|turn| turn.remarks.iter().map(|text| (*turn, words(text))))
        .collect();
    let share_of = |is_other: &dyn Fn(&Turn, &Turn) -> bool| {
        let found = remarks.iter().filter(|(at, remark)| {
            let others = turns.iter().filter(|other| is_other(at, other));
            let mut texts = others.flat_map(|other| &other.remarks);
            texts.any(|text| alike(remark, &words(text)))
        });
        share(found.count() as f64, remarks.len())
    };
    let said = |turn: &&&Turn| {
        let block = turn.block.as_deref().unwrap_or_default();
        block
            .lines()
            .skip(1)
            .flat_map(str::split_whitespace)
            .count()
    };
    let counted: Vec<[u64; 3]> = answers.iter().filter_map(|turn| turn.tokens).collect();
    let mean = |at: usize| {
        let sum: u64 = counted.iter().map(|tokens| tokens[at]).sum();
        share(sum as f64, counted.len())
    };
    Figures {
        persona: persona.to_owned(),
        asked: own.len(),
        answered: answers.len(),
        silent: own.iter().filter(|turn| turn.outcome == "silent").count(),
        remarks: share(remarks.len() as f64, answers.len()),
        words: share(
            answers.iter().map(said).sum::<usize>() as f64,
            answers.len(),
        ),
        shared: share_of(&|at, other| other.persona != persona && other.proposal == at.proposal),
        repeated: share_of(&|at, other| other.persona == persona && other.proposal != at.proposal),
        votes: votes(own.iter().copied()),
        valid: answers.iter().filter(|turn| turn.faults.is_empty()).count(),
        tokens: (!counted.is_empty()).then(|| [mean(0), mean(2)]),
        seconds: share(
            own.iter().map(|turn| turn.time.as_secs_f64()).sum(),
            own.len(),
        ),
    }
}

fn share(part: f64, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        whole => part / whole as f64,
    }
}

/// The words that a text is about.
fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| word.chars().count() >= LETTERS)
        .map(str::to_owned)
        .collect()
}

fn alike(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let both = one.intersection(other).count();
    let all = one.union(other).count();
    all > 0 && both as f64 / all as f64 >= ALIKE
}
