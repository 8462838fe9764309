//! The public keys that receipts are checked by, for everybody.

use super::State;
use axum::extract;
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use std::sync::Arc;

/// Five minutes: a revoked key is to be known soon, and a CI that checks many files is not to ask for each.
const CACHE: &str = "public, max-age=300";

/// The key set as it was when the server started.
pub(super) async fn show(
    state: extract::State<Arc<State>>,
) -> ([(HeaderName, &'static str); 2], String) {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)];
    (headers, state.intake.key_set.clone())
}
