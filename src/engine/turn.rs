//! Who speaks next, from the file alone.

use super::discussion::Discussion;
use super::persona::Personas;
use crate::ids::Alias;

/// Personas mentioned after their last block (a mention in their own block does not count), in order of mention;
/// if none, all voting participants. Used by `turn` without names.
pub fn speakers(
    discussion: &Discussion,
    participants: &[Alias],
    personas: &Personas,
) -> Vec<Alias> {
    let _ = (discussion, participants, personas);
    todo!()
}
