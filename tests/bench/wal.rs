//! Commits in SQLite's write-ahead log, counted from outside. Its format: <https://www.sqlite.org/fileformat2.html>,
//! section 4.1.

use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What the log holds at a moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wal {
    /// Changes when the log is begun anew.
    salt: [u8; 8],
    /// Commits since then.
    commits: usize,
}

impl Wal {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        let Some(header) = bytes.get(..HEADER) else {
            return Self {
                salt: [0; 8],
                commits: 0,
            };
        };
        let salt: [u8; 8] = header[16..24].try_into().unwrap();
        let page = u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize;
        let frames = bytes[HEADER..].chunks_exact(FRAME_HEADER + page);
        // Frames of an earlier log may still lie behind; they have another salt.
        let current = frames.take_while(|frame| frame[8..16] == salt);
        // The last frame of a transaction holds the size of the database after it; the others hold 0.
        let commits = current.filter(|frame| frame[4..8] != [0; 4]).count();
        Self { salt, commits }
    }

    /// Commits between two looks; `None` if the log was begun anew in between.
    pub(crate) fn commits_since(&self, before: &Self) -> Option<usize> {
        (self.salt == before.salt).then(|| self.commits.saturating_sub(before.commits))
    }
}
