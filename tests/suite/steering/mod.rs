//! What people steer a round with: `--again`, `retry`, `advance`, `new`, `config`.

mod advance;
mod again;
mod config;
mod new;
mod retry;
