//! What a persona is asked, in words: hidden text is marked, text that is not ours stays in its fence, and what was sent
//! once is sent again byte for byte.

mod carriers;
mod fence;
mod prefix;
mod shown;

use discussions::engine::persona::{Persona, Personas};
use discussions::engine::prompt::Prompt;
use discussions::engine::reply::Limits;
use discussions::ids::Alias;

const FENCE: &str = "k3v9w2q8r7t5";

fn persona(alias: &str) -> Persona {
    let alias = Alias::parse(alias).unwrap();
    Personas::built_in().get(&alias).unwrap().clone()
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
