//! Receipts: what is signed about a block, and how receipts hang together in a file.

pub(crate) mod book;
mod bytes;
mod chain;
mod files;
mod hostile;
mod mutate;
mod oracle;
