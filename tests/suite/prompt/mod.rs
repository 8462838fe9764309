//! What a persona is asked, in words: hidden text is marked, text that is not ours stays in its fence, and what was sent
//! once is sent again byte for byte.

pub(crate) mod carriers;
mod fence;
mod prefix;
mod shown;

use crate::support::rounds::{FENCE, persona};
use discussions::engine::prompt::Prompt;
use discussions::engine::reply::Limits;

fn prompt(proposal: &str) -> Prompt {
    Prompt {
        persona: persona("security"),
        title: "A title".to_owned(),
        proposal: proposal.to_owned(),
        transcript: String::new(),
        phase: "Review: find what is missing\nRead all of it.".to_owned(),
        own_open: Vec::new(),
        by_people: Vec::new(),
        previous_vote: None,
        question: None,
        limits: Limits::default(),
        fence: FENCE.to_owned(),
    }
}
