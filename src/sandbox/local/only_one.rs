//! One sandbox for each repository: two would both answer the same push.

use super::{LocalError, LocalRepository};
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

/// The right to work on a repository; it ends with this value, or with the process.
///
/// The lock lies among the machine's temporary files, because nothing is written into the repository.
#[derive(Debug)]
pub struct OnlyOne(File);

impl OnlyOne {
    /// Takes the right.
    ///
    /// # Errors
    /// If another sandbox has it.
    pub fn of(repository: &LocalRepository, temporary: &Path) -> Result<Self, LocalError> {
        let folder = repository.common_folder();
        let id = super::super::git::object_id("blob", folder.as_os_str().as_encoded_bytes());
        let path = temporary.join(format!("discussions-sandbox-{id}.lock"));
        let cannot = |error: std::io::Error| {
            LocalError::refused(
                format!("the lock {} cannot be made: {error}", path.display()),
                "set TMPDIR to a folder that you can write to",
            )
        };
        let mut options = File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                let mut said = String::new();
                // Without a word of the other one, the refusal still holds.
                let _ = file.read_to_string(&mut said);
                Err(LocalError::refused(
                    format!("another sandbox works on this repository already {said}"),
                    "use that one, or end it first",
                ))
            }
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }

    /// Leaves word for whoever comes second.
    pub fn tell(&mut self, address: &str) {
        let word = format!("({address}, process {})", std::process::id());
        // A courtesy only.
        let _ = self.0.rewind();
        let _ = self.0.set_len(0);
        let _ = self.0.write_all(word.as_bytes());
    }
}
