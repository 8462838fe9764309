//! The pure core: reads and writes discussion files, counts votes, decides. No I/O, no clock, no randomness.

pub mod block;
mod body;
pub mod consensus;
pub mod definition;
pub mod discussion;
pub mod edit;
pub mod header;
pub mod late;
pub mod ledger;
pub mod marker;
pub mod name;
pub mod panel;
pub mod person;
pub mod persona;
pub mod phase;
pub mod problem;
pub mod prompt;
pub mod receipt;
pub mod reply;
pub mod scaffold;
pub mod scan;
pub mod statement;
pub mod subject;
pub mod template;
pub mod turn;
pub mod vote;
