//! The model port: something that answers a persona's prompt. Adapters never touch GitHub, the store or the disk.

pub mod checklist;

use crate::engine::persona::Persona;
use crate::engine::reply::Reply;
use crate::engine::vote::Vote;
use async_trait::async_trait;

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
    /// The persona's last vote, if it has one.
    pub previous_vote: Option<Vote>,
    /// The question asked, if any.
    pub question: Option<String>,
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The persona has nothing this provider can work with (no checklist): it gives no vote here.
    #[error("no model: {0}")]
    NoModel(String),
    /// Worth trying again after that many seconds, if known.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
        /// Seconds to wait.
        retry_after: Option<u64>,
    },
    /// Answered, but not usably.
    #[error("invalid answer: {0}")]
    Invalid(String),
}

/// A model or the built-in checklist.
#[async_trait]
pub trait Model: Send + Sync {
    /// Name shown in blocks and used in answer keys: `checklist`, `anthropic/...`.
    fn name(&self) -> &str;

    /// One answer. `Ok(None)` is silence: nothing to say, no block.
    async fn answer(&self, prompt: &Prompt) -> Result<Option<Reply>, ModelError>;
}
