//! Rigs that several rooms of the suite share.

pub(crate) mod github;
pub(crate) mod rig;
pub(crate) mod rounds;
pub(crate) mod scripted;
pub(crate) mod stand;

use std::path::PathBuf;

/// Text of a fixture below `tests/fixtures/`.
pub fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
