//! What the bot is built from, and how a job can fail.

use super::answers::Asking;
use super::apply::Writer;
use super::ground::BuiltIn;
use super::models::Models;
use super::seen::SweepPace;
use crate::engine::reply::Limits;
use crate::forge::{ForgeError, ForgeRead};
use crate::signing::Keyring;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Everything a job needs from outside. Cheap to share.
#[derive(Clone)]
pub struct BotDeps {
    /// Queue and record.
    pub store: Arc<dyn Store>,
    /// GitHub, reading.
    pub read: Arc<dyn ForgeRead>,
    /// GitHub, writing; handed to `apply` only.
    pub write: Writer,
    /// Signs what we write, and checks what stands in files.
    pub keyring: Arc<Keyring>,
    /// Models on offer.
    pub models: Models,
    /// Whom they are being asked for at the moment.
    pub asking: Arc<Asking>,
    /// Personas and templates of the program.
    pub built_in: BuiltIn,
    /// Limits of a round, and the pace of sweeps.
    pub pace: Pace,
}

/// Limits of a round, and the pace of sweeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long one answer may take.
    pub timeout: Duration,
    /// How many personas are asked at the same time.
    pub parallel: usize,
    /// How long the check is left alone at the least before it counts who has answered since.
    pub count: Duration,
    /// Limits of a reply.
    pub limits: Limits,
    /// How often is looked for what no event told.
    pub sweep: SweepPace,
    /// Delay after a job's first failed try; it doubles with each further one, up to a minute.
    pub retry: Duration,
    /// Tries before a job is parked for which GitHub is away.
    pub tries_away: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            parallel: 4,
            count: Duration::from_secs(10),
            limits: Limits::default(),
            sweep: SweepPace::default(),
            retry: Duration::from_secs(1),
            tries_away: MAX_ATTEMPTS_AWAY,
        }
    }
}

/// With their delays a quarter of an hour, about as long as GitHub's usual incidents. After longer ones sweeps find what
/// was left.
const MAX_ATTEMPTS_AWAY: u32 = 20;

/// How a try ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do.
    Done,
    /// To be looked at again after that time: a push has to be followed by quiet first.
    Postpone(Duration),
}

/// Why a try failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The store; with a lost lease nothing more may be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// GitHub.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The pull request is not what was read any more; it has to be read again.
    #[error("the pull request moved while it was worked on: {0}")]
    Moved(String),
    /// A fault of ours.
    #[error("internal: {0}")]
    Internal(String),
}

/// What the worker does about a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Somebody else has the job: stop, write nothing.
    Abandon,
    /// Back after that time, not counted as a try: its turn comes then.
    Wait(Duration),
    /// The same, and no job of its installation is begun before: GitHub said when.
    Hold(Duration),
    /// Back after the usual delay.
    Retry,
    /// Back after the usual delay, for longer: GitHub is away, which is no fault of the job.
    Outlast,
    /// Trying again does not help before somebody undoes on GitHub what keeps the App away.
    Block,
    /// Trying again does not help.
    Park,
}

impl JobError {
    /// What to do about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Store(StoreError::LeaseLost) => Remedy::Abandon,
            Self::Store(StoreError::Corrupt(_)) => Remedy::Park,
            Self::Store(StoreError::Database(_)) | Self::Moved(_) | Self::Internal(_) => {
                Remedy::Retry
            }
            Self::Forge(error) => match error {
                // A pull request that is gone is noticed where it is read first; any other 404 is a part of it that
                // GitHub does not show yet, or not at this moment.
                ForgeError::NotFound(_) => Remedy::Retry,
                ForgeError::RateLimited { retry_after, .. } => {
                    Remedy::Hold(Duration::from_secs((*retry_after).clamp(1, MAX_WAIT)))
                }
                ForgeError::OutOfTurn { wait, .. } => {
                    Remedy::Wait(Duration::from_secs((*wait).clamp(1, MAX_TURN)))
                }
                ForgeError::Unavailable(_) => Remedy::Outlast,
                ForgeError::StaleHead(_) => Remedy::Retry,
                ForgeError::Blocked(_) => Remedy::Block,
                ForgeError::Forbidden(_) | ForgeError::Refused(_) => Remedy::Park,
            },
        }
    }
}

/// Seconds after which a job asks again when its turn is: by then the pace may have come back, which a refusal slows down.
const MAX_TURN: u64 = 5 * 60;

/// Seconds that a job waits at most for a limit; the longest windows are an hour long.
const MAX_WAIT: u64 = 3_660;
