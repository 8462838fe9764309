//! The REST API: routes, what each needs, and the shape of answers and refusals.

mod answer;
mod app;
mod call;
mod checks;
mod comments;
mod commits;
mod contents;
mod hooks;
mod pulls;
mod repos;
mod reviews;
mod routes;

pub use answer::{Answer, Body, Refusal};
pub use call::{Call, Page};
pub use routes::{Route, Routes, handle};

/// Undoes percent-encoding.
pub fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
