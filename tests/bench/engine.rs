//! The engine's part of a round, alone: what any program has to do that asks three personas.

use crate::server::{PANEL, PROPOSAL, REPLY};
use crate::support::rounds::{FENCE, persona};
use discussions::engine::discussion::Discussion;
use discussions::engine::edit;
use discussions::engine::ledger::Ledger;
use discussions::engine::prompt::{Rendered, render};
use discussions::engine::reply::{self, Limits};
use discussions::engine::template::Template;
use discussions::ids::Alias;
use discussions::llm::checklist::Checklist;
use discussions::llm::contract;
use discussions::llm::endpoint::MAX_OUTPUT_TOKENS;
use discussions::llm::meter::{Request, Unmetered};
use discussions::round::{Ask, RoundInput, prompts};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Rounds that are measured together: one alone is too short for the clock.
const ROUNDS: u32 = 200;

/// CPU time of one round, in milliseconds.
pub(crate) fn round() -> f64 {
    let template = &Template::built_in()[0];
    let phase = template.phases.values().find(|phase| phase.voting).unwrap();
    let asks = PANEL.map(|alias| Ask {
        persona: persona(alias),
        question: None,
        previous_vote: None,
        answered_on: None,
        raised: Vec::new(),
        again: 0,
        model: Arc::new(Checklist),
    });
    let begun = thread_cpu();
    for _ in 0..ROUNDS {
        let discussion = Discussion::parse(black_box(PROPOSAL.as_bytes()));
        let ledger = Ledger::of(&discussion, &|_| true).0;
        let input = RoundInput {
            scope: "",
            discussion: &discussion,
            proposal_end: None,
            ledger: &ledger,
            counts: &|_| true,
            phase,
            limits: Limits::default(),
            fence: FENCE,
            timeout: Duration::from_secs(1),
            parallel: 1,
            meter: &Unmetered,
        };
        let mut blocks = Vec::new();
        for prompt in prompts(&input, &asks) {
            let words = render(&prompt);
            black_box(request(&prompt.persona.alias, &words).hash());
            let said = contract::parse(REPLY, prompt.persona.kind)
                .unwrap()
                .unwrap();
            let limits = Limits::default();
            blocks.push(reply::render(&prompt.persona, &said, &ledger, None, None, limits).block);
        }
        let after = edit::append(&discussion, &blocks).unwrap();
        black_box(Discussion::parse(after.as_bytes()));
    }
    (thread_cpu() - begun).as_secs_f64() * 1_000.0 / f64::from(ROUNDS)
}

/// The most tokens that these words can take on their way in.
pub(crate) fn tokens(alias: &str, words: &Rendered) -> u64 {
    request(&Alias::parse(alias).unwrap(), words)
        .at_most()
        .input
}

fn request<'a>(persona: &'a Alias, words: &'a Rendered) -> Request<'a> {
    Request {
        model: "openai/bench",
        persona,
        words,
        max_output: MAX_OUTPUT_TOKENS,
        is_question: false,
        price: None,
    }
}

/// CPU time of this thread so far; the first figure of `schedstat` is in nanoseconds (Linux, Documentation/scheduler/
/// sched-stats.rst).
fn thread_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("needs Linux: /proc");
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
