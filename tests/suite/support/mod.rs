//! Shared rigs.

pub(crate) mod rig;
pub(crate) mod scripted;
