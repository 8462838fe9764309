//! Pages.
use super::Hub;
use super::rest::Answer;
/// Headers of every page.
pub(super) const HEADERS: [(&str, &str); 1] = [("x-content-type-options", "nosniff")];
/// Finds a page.
pub(super) fn find(_hub: &Hub, _path: &str) -> Option<Answer> {
    None
}
