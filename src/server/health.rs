//! Whether the process lives, and whether it can take deliveries.

use super::State;
use axum::Json;
use axum::extract;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A database that takes longer cannot keep up with GitHub's ten seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The database answers as well; 503 otherwise, so that no deliveries are sent here.
pub(super) async fn ready(state: extract::State<Arc<State>>) -> (StatusCode, Json<Value>) {
    let ping = state.intake.store.ping();
    let problem = match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => return (StatusCode::OK, Json(json!({ "status": "ok" }))),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(problem, "the database is not ready");
    let status = json!({ "status": "the database does not answer; see the log" });
    (StatusCode::SERVICE_UNAVAILABLE, Json(status))
}
