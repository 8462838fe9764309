//! What people steer a round with: `--again`, `retry`, `config`.

mod again;
mod config;
mod retry;
