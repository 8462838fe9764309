//! Receipts: what is signed about a block, and how receipts hang together in a file.

pub(crate) mod book;
mod chain;
mod files;
