//! The database of a server, to be read beside it. Nothing is created by looking.

use super::Failure;
use crate::config;
use crate::store::{SqlStore, StoreError};
use secrecy::ExposeSecret as _;

/// The database of this environment's server.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(super) async fn open() -> Result<SqlStore, Failure> {
    let url =
        config::database_to_read().map_err(|error| Failure::new("settings", error.to_string()))?;
    SqlStore::open_beside(url.expose_secret())
        .await
        .map_err(unreadable)
}

/// A database that cannot be read.
pub(super) fn unreadable(error: StoreError) -> Failure {
    Failure::new("store", error.to_string())
        .hint("Set DATA_DIR or DATABASE_URL as the server has them.")
}
