//! The one test binary. Each module is a room: engine, commands, scenarios, deliveries, ...
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod acts;
mod checklist;
mod cli;
mod commands;
mod config;
mod config_cli;
mod crash;
mod decide;
mod deliveries;
mod deploy;
mod doctor;
mod engine;
mod evaluate;
mod github;
mod hostile;
mod leaving;
mod llm;
mod own_repository;
mod pains;
mod personas;
mod prompt;
mod readme;
mod receipts;
mod sandbox;
mod scenarios;
mod status;
mod steering;
mod store;
mod stories;
mod support;
mod tidy;
mod validity;
