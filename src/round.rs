//! The one loop shared by the command line and the bot: prompt, ask in parallel, render. No disk, no GitHub.
//!
//! Every persona of a round sees the file as it was before the round. Answers are kept in an [`AnswerBook`] at once,
//! under a key made of everything that may change them, so that nothing is asked (and paid) twice.

use crate::engine::discussion::Discussion;
use crate::engine::ledger::Ledger;
use crate::engine::persona::Persona;
use crate::engine::reply::{Limits, Rendered, Reply};
use crate::engine::subject::Subject;
use crate::engine::template::Phase;
use crate::engine::vote::Vote;
use crate::ids::Alias;
use crate::llm::{Model, ModelError};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Version of rules and prompts; part of every answer key.
pub const RULES_VERSION: u32 = 1;

/// One persona to ask.
#[derive(Clone)]
pub struct Ask {
    /// Who.
    pub persona: Persona,
    /// The question put to it, if any.
    pub question: Option<String>,
    /// Its vote in its last block that counts.
    pub previous_vote: Option<Vote>,
    /// The model that answers for it.
    pub model: Arc<dyn Model>,
}

/// What all personas of a round see.
pub struct RoundInput<'a> {
    /// The file before the round.
    pub discussion: &'a Discussion,
    /// Where the proposal ends (see `engine::subject`).
    pub proposal_end: Option<usize>,
    /// Ledger of the blocks that count.
    pub ledger: &'a Ledger,
    /// Current phase.
    pub phase: &'a Phase,
    /// Limits of a reply.
    pub limits: Limits,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How many personas are asked at the same time.
    pub parallel: usize,
}

/// What came of one turn.
#[derive(Debug, Clone)]
pub enum TurnOutcome {
    /// A block to append.
    Block {
        /// The rendered reply.
        rendered: Rendered,
        /// The reply as answered.
        reply: Reply,
        /// Whether it came from the answer book.
        stored: bool,
    },
    /// Answered, but nothing new against its last block: not appended.
    NothingNew,
    /// Silence.
    Silent,
    /// No answer; an owed vote stays owed.
    Unavailable(ModelError),
}

/// One turn with its outcome.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Who was asked.
    pub alias: Alias,
    /// Persona file hash.
    pub persona_hash: String,
    /// Name of the model that answered or was asked.
    pub model: String,
    /// Subject it was asked about.
    pub subject: Subject,
    /// The question, if any.
    pub question: Option<String>,
    /// What came of it.
    pub outcome: TurnOutcome,
}

/// Told while personas work. All methods have empty defaults.
pub trait Progress: Send + Sync {
    /// A persona is being asked.
    fn started(&self, alias: &Alias) {
        let _ = alias;
    }
    /// Its turn is over.
    fn finished(&self, alias: &Alias, outcome: &TurnOutcome) {
        let _ = (alias, outcome);
    }
}

/// Progress that says nothing.
pub struct Quiet;

impl Progress for Quiet {}

/// Where answers are kept between tries and rounds. Errors are the caller's type turned to text: the round stops.
#[async_trait]
pub trait AnswerBook: Send + Sync {
    /// The stored answer of a key, if there is one.
    async fn get(&self, key: &str) -> Result<Option<Option<Reply>>, String>;
    /// Stores an answer (`None`: silence).
    async fn put(&self, key: &str, answer: &Option<Reply>) -> Result<(), String>;
}

/// Runs the turns and gives them back in the order asked. `Err` only when the answer book fails.
pub async fn run(
    input: &RoundInput<'_>,
    asks: &[Ask],
    book: &dyn AnswerBook,
    progress: &dyn Progress,
) -> Result<Vec<Turn>, String> {
    let _ = (input, asks, book, progress);
    todo!()
}
