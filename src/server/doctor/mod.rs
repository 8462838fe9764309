//! The check-up: what is missing for the App to work, and for its check to gate anything, in plain words.
//!
//! `look` and `branches` read facts from the settings, the disk and GitHub; the others judge them and do nothing else: facts in,
//! findings out. Nothing is made or changed anywhere.

pub mod app;
mod branches;
pub mod database;
mod finding;
pub mod gate;
pub mod installation;
mod look;
pub mod models;
pub mod settings;

pub use finding::{Area, Finding, Level};
pub use look::{CheckUp, NotChecked, Wish, check_up};
