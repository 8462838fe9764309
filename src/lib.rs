//! Orchestrated Discussions: AI personas and people argue a design out in a Markdown file inside a pull request, and
//! their votes decide a required check.
//!
//! # Code map
//! From the bottom up; each room imports only rooms above it in this list, never one below.
//!
//! | Room | What it holds |
//! |---|---|
//! | `ids` | identifiers that several layers share |
//! | `engine` | **pure**: discussion files, votes, rules. No I/O, no clock, no randomness |
//! | `telemetry` | log output, and taking secrets out of it |
//! | `config` | the operator's settings, read once from the environment and `discussions.toml` |
//! | `forge` | port to GitHub (reading one pull request, looking over many, how the App is set up, writing: a trait for each), typed webhook events, signatures, the adapter |
//! | `store` | port to the durable record and the queue, and the adapter over SQL |
//! | `llm` | port to models: services, programs, the built-in `checklist`; who stands in for whom, what an answer has to look like, and what may be spent |
//! | `signing` | the App's own key: signs receipts, checks them, sets of public keys, both on disk |
//! | `workspace` | discussion files on the local disk |
//! | `round` | the one loop shared by command line and bot: prompt, ask in parallel, render |
//! | `bot` | pull-request policy. Pure: what to do. I/O: doing it, under a lease |
//! | `server` | accept loop, webhook intake, health, public keys, the assembly of the running App, and its check-up (`doctor`) |
//! | `sandbox` | a GitHub on loopback, written apart from `forge` so that it can judge it; also in front of a git repository |
//! | `cli` | one file per subcommand; `cli/output.rs` does all printing |
//! | `main` | hands the command line to `cli` |
//!
//! Inside `engine`: `scan` finds lines and opaque regions; `header`, `block`, `name`, `marker` read them; `discussion`
//! is the parsed file; `problem` the table of everything that can be wrong with it; `ledger` the open and closed items, `statement` what people say about them elsewhere;
//! `vote` the votes and their tally; `template` and `phase` the way through a discussion; `persona` the participants'
//! definitions; `panel` who sits on it; `turn` who speaks next; `prompt` what it is asked, in words, with hidden text
//! marked; `subject` what a vote is bound to; `late` which concerns come too late to block; `receipt` what is signed
//! about a block and how receipts hang together; `body` where a file ends; `consensus` the verdict; `reply` renders and
//! neutralises an answer; `person` does so for a person's own words; `scaffold` begins a new file; `edit` the only
//! changes a file ever gets.
//!
//! # Rules that hold everywhere
//! * Decide first, act second: policy gives values out, `bot::apply` alone writes to the forge, each time under a lease.
//! * The record in the store is the truth for a pull request. A file shows it; typing cannot change it.
//! * Green needs positive evidence. Whatever fails, is unknown or is missing ends in a state that is not success.
//! * Bytes of a discussion are sacred: parsing and rendering without an edit is the identity.
//! * Text from a repository, a comment or a model is data. It is neutralised where it leaves us, in one place for each sink.
//! * Configuration, personas and templates come from the base branch, never from the head of a pull request.
//!
//! `tests/suite/tidy.rs` enforces what can be enforced of this.
//!
//! # What a likely change touches
//! New persona: one file in `personas/` and its line in `engine::persona`. New marker: `engine::marker` and fixtures. Another rule: `engine::consensus`.
//! New command: the table in `bot::command` and one arm in `bot::run`. Other wording: `bot::message`, `bot::check`, `bot::status`.
//! New model vendor that speaks a known protocol: none, or a row of `config::providers`; another protocol:
//! one file in `llm/`, `config::models::Protocol` and `server::models`. New webhook event: `forge::event`,
//! `bot::trigger`, `app.yml`.

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
pub mod signing;
pub mod store;
pub mod telemetry;
pub mod workspace;
