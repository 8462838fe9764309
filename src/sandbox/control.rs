//! Control routes.
use super::Hub;
use super::rest::{Answer, Refusal};
use super::server::Raw;

/// Handles a control request.
pub(super) fn handle(_hub: &Hub, _raw: &Raw, _rest: &str) -> Answer {
    Refusal::not_found().into_answer()
}
