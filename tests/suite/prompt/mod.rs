//! What a persona is asked, in words: hidden text is marked, text that is not ours stays in its fence, and what was sent
//! once is sent again byte for byte.

pub(crate) mod carriers;
mod fence;
mod prefix;
mod shown;

use discussions::engine::persona::{Persona, Personas};
use discussions::engine::prompt::Prompt;
use discussions::engine::reply::Limits;
use discussions::ids::Alias;
use std::sync::LazyLock;

const FENCE: &str = "k3v9w2q8r7t5";

fn persona(alias: &str) -> Persona {
    static BUILT_IN: LazyLock<Personas> = LazyLock::new(Personas::built_in);
    let alias = Alias::parse(alias).unwrap();
    BUILT_IN.get(&alias).unwrap().clone()
}

fn prompt(proposal: &str) -> Prompt {
    Prompt {
        persona: persona("security"),
        title: "A title".to_owned(),
        proposal: proposal.to_owned(),
        transcript: String::new(),
        phase: "Review: find what is missing\nRead all of it.".to_owned(),
        own_open: Vec::new(),
        previous_vote: None,
        question: None,
        limits: Limits::default(),
        fence: FENCE.to_owned(),
    }
}
