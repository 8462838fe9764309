//! Orchestrated Discussions (code map to be written).

pub mod bot;
pub mod cli;
pub mod config;
pub mod engine;
pub mod forge;
pub mod ids;
pub mod llm;
pub mod round;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod workspace;
