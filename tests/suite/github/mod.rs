//! The GitHub adapter against a scripted double: what it asks, what it makes of answers, whom it gives its tokens.

mod double;
mod errors;
mod finding;
mod inspecting;
pub(crate) mod keys;
mod limits;
mod reading;
mod reviews;
mod rules;
mod tokens;
mod writing;
