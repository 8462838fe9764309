//! What is kept of a round so that it can be gone through again: what everybody was shown, what came of it, and what
//! the verdict was made of. JSON of our own; [`super::replay`] reads it.
//!
//! The answers themselves are not repeated here: they stand in the store under their keys, which follow from this.

mod round;
mod shapes;
mod statements;
mod verdict;

pub use round::{KeptOutcome, KeptRound, KeptTurn};
pub use verdict::KeptVerdict;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// As it is stored.
pub(super) fn to_json<T: Serialize>(kept: &T) -> Result<String, String> {
    serde_json::to_string(kept).map_err(|error| format!("a round cannot be kept: {error}"))
}

/// As it was stored.
///
/// # Errors
/// What does not read: a record of another version, or a damaged one.
pub(super) fn from_json<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| {
        format!("the {what} that was kept does not read by this version of the program: {error}")
    })
}
