//! The model port: something that answers a persona's prompt. Adapters never touch GitHub, the store or the disk.
//!
//! `anthropic` and `openai` speak to services: `endpoint` sets them up, `wire` carries requests, `refusal` says what a
//! failure means, `repair` asks once more. `command` runs a program, `checklist` is built in. `contract` is what a model
//! has to answer. `breaker` leaves a model alone that is down, `fallback` lets another one answer. `clip` makes words
//! from outside fit to be shown. `asked` is what is sent, `meter` is told before it is and what it took; `budget` says
//! whether that may be spent. `listing` asks a service which models it has.

pub mod anthropic;
pub mod asked;
pub mod breaker;
pub mod budget;
pub mod checklist;
mod clip;
pub mod command;
pub mod contract;
pub mod endpoint;
pub mod fallback;
pub mod listing;
pub mod meter;
pub mod openai;
pub mod purse;
mod refusal;
mod repair;
pub mod wire;

pub use crate::engine::prompt::Prompt;

use crate::engine::prompt::{Rendered, render};
use crate::engine::reply::Reply;
use async_trait::async_trait;
use meter::Meter;

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
    /// The service is there and says no, as it will again until somebody changes something: the key, the credit, the
    /// model's name or its address.
    #[error("refused: {0}")]
    Refused(String),
    /// Not asked: it would take more than may be spent.
    #[error("over budget: {0}")]
    OverBudget(String),
    /// Answered, but not usably.
    #[error("invalid answer: {0}")]
    Invalid(String),
}

/// What was consumed for one answer, in tokens as the provider counts them. All zero where nothing is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Sent, what was cached included.
    pub input: u64,
    /// Of these, read from the provider's cache.
    pub cached: u64,
    /// Of these, written into the provider's cache, where it says so.
    pub cache_writes: u64,
    /// Written by the model.
    pub output: u64,
}

impl Usage {
    /// Both together. Saturating: the numbers are a service's word.
    pub fn and(self, more: Self) -> Self {
        Self {
            input: self.input.saturating_add(more.input),
            cached: self.cached.saturating_add(more.cached),
            cache_writes: self.cache_writes.saturating_add(more.cache_writes),
            output: self.output.saturating_add(more.output),
        }
    }
}

/// One answer and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was said; `None` is silence: nothing to say, no block, an owed vote stays owed.
    pub reply: Option<Reply>,
    /// Name of the model that answered: where others stand in for one that is away, theirs.
    pub model: String,
    /// What it took.
    pub usage: Usage,
}

impl Answer {
    /// An answer that costs nothing.
    pub fn free(model: &str, reply: Option<Reply>) -> Self {
        Self {
            reply,
            model: model.to_owned(),
            usage: Usage::default(),
        }
    }
}

/// A model or the built-in checklist.
#[async_trait]
pub trait Model: Send + Sync {
    /// Name shown in blocks and used in answer keys: `checklist`, `anthropic/...`.
    fn name(&self) -> &str;

    /// One answer. Every request it takes is announced to `meter` before it is made.
    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError>;
}
