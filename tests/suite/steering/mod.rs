//! What people steer a round with: `--again`, `retry`, `advance`, `new`, `cancel`, `config`.

mod advance;
mod again;
mod cancel;
mod config;
mod new;
mod retry;
