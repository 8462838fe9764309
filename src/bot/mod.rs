//! The bot: orchestration and pull-request policy. Pure: trigger, command, access, plan, check, message, repo_config.
//! I/O: run, apply, worker. Data: job.

pub mod access;
pub mod apply;
pub mod check;
pub mod command;
pub mod job;
pub mod markdown;
pub mod message;
pub mod plan;
pub mod repo_config;
pub mod run;
pub mod trigger;
pub mod worker;
