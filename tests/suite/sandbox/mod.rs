//! The sandbox GitHub, judged over HTTP: it must refuse what GitHub refuses.

mod access;
mod checks;
mod control;
mod deliveries;
mod faults;
mod git;
mod merging;
mod queries;
mod queue;
mod reading;
mod reviews;
pub(crate) mod rig;
mod talking;
