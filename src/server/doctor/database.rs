//! Judges the database by a look at it, and the place where it lies: what is lost with a restart is no record.

use super::finding::halves;
use super::{Area, Finding};
use crate::store::{Looked, LookedAt, StoreError};
use std::path::Path;

/// File systems that do not outlive the machine's next start, or the container, with what happens to them.
const VOLATILE: &[(&str, &str)] = &[
    (
        "tmpfs",
        "in memory, and is lost at the next start of the machine",
    ),
    (
        "ramfs",
        "in memory, and is lost at the next start of the machine",
    ),
    (
        "overlay",
        "in the container itself, and is lost when that is replaced",
    ),
];

/// Findings about a database. `mounts`: the file systems of this machine as Linux lists them in `/proc/self/mounts`; empty
/// where that is not told.
pub fn judge(looked: &Result<Looked, StoreError>, mounts: &str) -> Vec<Finding> {
    let looked = match looked {
        Ok(looked) => looked,
        Err(error) => {
            let message = error.to_string();
            let (found, remedy) = halves(&message);
            let why = "everything the App knows is in it, and the server does not start without it";
            let failed = Finding::failed(Area::Settings, "database", "database", found);
            return vec![failed.because(why, remedy)];
        }
    };
    let mut findings = vec![state(looked)];
    findings.extend(place(&looked.path, mounts));
    findings
}

fn state(looked: &Looked) -> Finding {
    let path = looked.path.display();
    let ok = |found: String| Finding::ok(Area::Settings, "database", "database", &found);
    match looked.found {
        None => ok(format!("{path} is made at the first start")),
        Some(LookedAt {
            steps_behind: 0,
            is_in_use,
        }) => {
            let used = if is_in_use { ", a server uses it" } else { "" };
            ok(format!("{path} has the present schema{used}"))
        }
        Some(LookedAt {
            steps_behind,
            is_in_use: false,
        }) => ok(format!(
            "{path} is brought up to date at the next start ({steps_behind} steps of its schema); copy it before"
        )),
        Some(LookedAt { steps_behind, .. }) => {
            let found = format!(
                "{path} is used by a server of an older version, {steps_behind} steps behind"
            );
            Finding::warning(Area::Settings, "database", "database", &found).because(
                "what this program says and what that server does may differ",
                "Restart the server with this version, after a copy of the database.",
            )
        }
    }
}

fn place(path: &Path, mounts: &str) -> Option<Finding> {
    let kind = kind_at(path, mounts)?;
    let (_, fate) = VOLATILE.iter().find(|(name, _)| *name == kind)?;
    let found = format!("{} lies {fate} ({kind})", path.display());
    let finding = Finding::warning(Area::Settings, "database-place", "database", &found);
    Some(finding.because(
        "votes, holds and paid answers are in it and nowhere else",
        "Set DATA_DIR to a folder on a disk, or mount a volume there.",
    ))
}

/// Kind of the file system that an absolute path lies on; the last one mounted at a place hides what was there.
fn kind_at<'m>(path: &Path, mounts: &'m str) -> Option<&'m str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        // Blanks stand as octal numbers there.
        let place = place.replace("\\040", " ");
        let depth = Path::new(&place).components().count();
        if path.starts_with(&place) && best.is_none_or(|(known, _)| depth >= known) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind)
}
