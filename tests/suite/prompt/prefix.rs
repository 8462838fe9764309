//! What was sent in one round is sent again in the next, byte for byte, so that providers can use it again.

use super::{FENCE, persona};
use crate::support::fixture;
use discussions::engine::discussion::Discussion;
use discussions::engine::edit;
use discussions::engine::ledger::Ledger;
use discussions::engine::prompt::{Prompt, Rendered, render};
use discussions::engine::reply::{self, Limits};
use discussions::engine::template::Template;
use discussions::engine::vote::Vote;
use discussions::llm::checklist::{self, Checklist};
use discussions::llm::meter::Unmetered;
use discussions::round::{Ask, RoundInput, prompts};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const PANEL: [&str; 4] = ["architect", "security", "pragmatist", "moderator"];
const PROPOSALS: [&str; 6] = [
    "billing-events",
    "empty",
    "good",
    "hostile",
    "seed-like",
    "tenant-sso",
];
/// Least share of rounds 2 and 3 that was sent before, in bytes.
const LEAST: f64 = 0.80;
/// The same for each of them alone. The second round is the first that holds any replies, so of it less was sent.
const LEAST_ALONE: [f64; 2] = [0.65, 0.85];

/// The prompts of three rounds with the whole panel; after each, everybody's reply is appended to the file.
fn rounds(name: &str) -> Vec<BTreeMap<&'static str, Rendered>> {
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

#[test]
fn a_later_prompt_begins_with_the_earlier_one() {
    let mut table = String::new();
    let mut failures = String::new();
    for name in PROPOSALS {
        let rounds = rounds(name);
        for alias in PANEL {
            let (mut sent, mut sent_before) = (0, 0);
            for later in 1..rounds.len() {
                let (before, now) = (&rounds[later - 1][alias], &rounds[later][alias]);
                let kept = kept(before, now, later);
                let whole = now.system.len() + now.background.len() + now.task.len();
                sent += whole;
                sent_before += kept;
                let share = kept as f64 / whole as f64;
                let line = format!(
                    "{name:<15} {alias:<11} round {} {whole:>6} bytes {share:.3}\n",
                    later + 1
                );
                table.push_str(&line);
                if share < LEAST_ALONE[later - 1] {
                    failures.push_str(&line);
                }
            }
            let share = sent_before as f64 / sent as f64;
            let line = format!("{name:<15} {alias:<11} both    {sent:>6} bytes {share:.3}\n");
            table.push_str(&line);
            if share < LEAST {
                failures.push_str(&line);
            }
        }
    }
    println!("{table}");
    assert_eq!(failures, "");
}

/// How many bytes at the beginning of a prompt were sent in the round before. Fails if they are not the same.
fn kept(before: &Rendered, now: &Rendered, later: usize) -> usize {
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

#[test]
fn what_is_the_same_for_everybody_comes_first() {
    let rounds = rounds("good");
    let systems: Vec<&str> = rounds[0]
        .values()
        .map(|rendered| rendered.system.as_str())
        .collect();
    let house = systems[0].split("# Who you are").next().unwrap();
    assert!(house.contains("at most 1200 characters"), "{house}");
    assert!(!house.contains(['{', '}']), "{house}");
    assert!(systems.iter().all(|system| system.starts_with(house)));
    for round in &rounds {
        let mut backgrounds = round.values().map(|rendered| &rendered.background);
        let first = backgrounds.next().unwrap();
        assert!(backgrounds.all(|background| background == first));
    }
}
