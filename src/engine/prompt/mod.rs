//! What a persona is asked, as data and as the words a model is given. Pure: the delimiter is handed in.

mod render;
mod untrusted;

pub use render::{Rendered, render};
pub use untrusted::{Disarmed, Kind, Mark, Place, TITLE_SHOWN, disarm, marks, summary};

use super::persona::{Persona, PersonaKind};
use super::reply::Limits;
use super::vote::Vote;

/// Everything a model may know for one turn. Stable parts first, volatile last.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Who speaks.
    pub persona: Persona,
    /// Title of the discussion.
    pub title: String,
    /// The proposal, normalised (`engine::subject::proposal`).
    pub proposal: String,
    /// Older blocks as background, oldest first; empty in a blind first round.
    pub transcript: String,
    /// Phase name, goal and instructions.
    pub phase: String,
    /// The persona's own items that are open: (id, text).
    pub own_open: Vec<(String, String)>,
    /// The persona's own items that people closed, in ledger order.
    pub by_people: Vec<ByPeople>,
    /// The persona's last vote, if it has one.
    pub previous_vote: Option<Vote>,
    /// The question asked, if any.
    pub question: Option<String>,
    /// Limits of a reply.
    pub limits: Limits,
    /// Delimiter of text that is not ours: letters and digits that nobody who writes that text can guess, the same for
    /// every turn about one discussion, so that what is sent again is the same.
    pub fence: String,
}

impl Prompt {
    /// Whether a vote is to be given: by a persona that votes and has none on this text. A question is answered with or
    /// without one.
    pub fn owes_vote(&self) -> bool {
        self.persona.kind == PersonaKind::Voting
            && self.question.is_none()
            && self.previous_vote.is_none()
    }
}

/// An item that a person closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByPeople {
    /// Its id.
    pub id: String,
    /// What it says.
    pub text: String,
    /// What was done: `answered`, `resolved`.
    pub done: &'static str,
    /// Who did it.
    pub by: String,
    /// The answer, or the reason.
    pub words: String,
}
