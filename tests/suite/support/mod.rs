//! Shared rigs.
