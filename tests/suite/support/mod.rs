//! Rigs that several rooms of the suite share.

pub(crate) mod github;
pub(crate) mod rig;
pub(crate) mod rounds;
pub(crate) mod scripted;
pub(crate) mod stand;

use discussions::store::{QueuedJob, Store};
use std::path::PathBuf;

/// Jobs that are out of the line, given up or put aside, newest first.
pub(crate) async fn parked(store: &dyn Store) -> Vec<QueuedJob> {
    let mut jobs = store.jobs().await.unwrap();
    jobs.retain(|job| job.state.is_parked());
    jobs
}

/// Text of a fixture below `tests/fixtures/`.
pub fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
