//! Acting as people: what a test, the demo or the control routes do in somebody's name.
//!
//! Accounts are named by login, repositories by `owner/name`. Everything sends the webhooks GitHub would send.

mod app;
mod checks;
mod pulls;
mod queue;
mod repos;
mod talk;
