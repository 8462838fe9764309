//! Three rounds of a panel over the proposals in `tests/fixtures/proposals`: what each persona is asked, and how much of
//! it was asked before. No model is asked: the checklists answer.

use super::fixture;
use discussions::engine::discussion::Discussion;
use discussions::engine::edit;
use discussions::engine::ledger::Ledger;
use discussions::engine::persona::{Persona, Personas};
use discussions::engine::prompt::{Prompt, Rendered, render};
use discussions::engine::reply::{self, Limits};
use discussions::engine::template::Template;
use discussions::engine::vote::Vote;
use discussions::ids::Alias;
use discussions::llm::checklist::{self, Checklist};
use discussions::llm::meter::Unmetered;
use discussions::round::{Ask, RoundInput, prompts};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// A delimiter of text that is not ours.
pub(crate) const FENCE: &str = "k3v9w2q8r7t5";

pub(crate) const PANEL: [&str; 4] = ["architect", "security", "pragmatist", "moderator"];
pub(crate) const PROPOSALS: [&str; 6] = [
    "billing-events",
    "empty",
    "good",
    "hostile",
    "seed-like",
    "tenant-sso",
];
/// A built-in persona.
pub(crate) fn persona(alias: &str) -> Persona {
    static BUILT_IN: LazyLock<Personas> = LazyLock::new(Personas::built_in);
    let alias = Alias::parse(alias).unwrap();
    BUILT_IN.get(&alias).unwrap().clone()
}

/// The prompts of three rounds with the whole panel; after each, everybody's reply is appended to the file.
pub(crate) fn rounds(name: &str) -> Vec<BTreeMap<&'static str, Rendered>> {
    let mut text = fixture(&format!("proposals/{name}.md"));
    let typed = Discussion::parse(text.as_bytes()).blocks.len();
    let template = &Template::built_in()[0];
    let phase = template.phases.values().find(|phase| phase.voting).unwrap();
    let mut votes: BTreeMap<&str, Option<Vote>> = BTreeMap::new();
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let discussion = Discussion::parse(text.as_bytes());
        let end = discussion.blocks.get(typed).map(|block| block.span.start);
        let counts = |block: &discussions::engine::block::Block| block.number > typed;
        let ledger = Ledger::of(&discussion, &counts).0;
        let input = RoundInput {
            scope: "",
            discussion: &discussion,
            proposal_end: end,
            ledger: &ledger,
            counts: &counts,
            phase,
            limits: Limits::default(),
            fence: FENCE,
            timeout: Duration::from_secs(1),
            parallel: 1,
            meter: &Unmetered,
        };
        let asks = PANEL.map(|alias| Ask {
            persona: persona(alias),
            question: None,
            previous_vote: votes.get(alias).copied().flatten(),
            answered_on: None,
            raised: Vec::new(),
            again: 0,
            model: Arc::new(Checklist),
        });
        let mut blocks = Vec::new();
        let mut round = BTreeMap::new();
        for (alias, prompt) in PANEL.into_iter().zip(prompts(&input, &asks)) {
            round.insert(alias, render(&prompt));
            let said = block(&prompt, &ledger);
            votes.insert(alias, said.vote);
            blocks.push(said.block);
        }
        text = edit::append(&discussion, &blocks).unwrap();
        rounds.push(round);
    }
    rounds
}

fn block(prompt: &Prompt, ledger: &Ledger) -> reply::Rendered {
    let answer = checklist::answer(prompt).unwrap();
    reply::render(
        &prompt.persona,
        &answer,
        ledger,
        prompt.previous_vote,
        None,
        prompt.limits,
    )
}

/// How many bytes at the beginning of a prompt were sent in the round before. Fails if they are not the same.
pub(crate) fn kept(before: &Rendered, now: &Rendered, later: usize) -> usize {
    assert_eq!(before.system, now.system);
    let body = before.background.trim_end();
    let kept = match later {
        // The blind first round has no older replies, so all of it stays.
        1 => body,
        _ => body.strip_suffix(&format!("\n{FENCE}>>>")).unwrap(),
    };
    assert!(now.background.starts_with(kept), "{}", now.background);
    assert!(now.background.len() > before.background.len());
    now.system.len() + kept.len()
}

/// All that is sent, in bytes.
pub(crate) fn length(words: &Rendered) -> usize {
    words.system.len() + words.background.len() + words.task.len()
}
