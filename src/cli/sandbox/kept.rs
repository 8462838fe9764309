//! The folder of the App's data: a throw-away one, or one that is kept together with what the record in it is about.

use crate::cli::Failure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a kept record is about. With other people or another repository, its votes would be somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Folder that identifies the repository.
    pub repository: PathBuf,
    /// Login of the person at the terminal.
    pub author: String,
    /// Login of the second person.
    pub reviewer: String,
    /// Number of the newest pull request of each branch.
    pub numbers: BTreeMap<String, u64>,
}

/// The folder, and whether it goes with the sandbox.
pub struct Data {
    folder: PathBuf,
    is_kept: bool,
}

const FILE: &str = "sandbox.json";

impl Data {
    /// A folder that goes with the sandbox, or the one that is named; made if need be.
    pub fn in_folder(named: Option<&Path>) -> Result<Self, Failure> {
        let folder = match named {
            Some(named) => named.to_owned(),
            None => {
                let name = format!("discussions-{}", uuid::Uuid::now_v7().simple());
                std::env::temp_dir().join(name)
            }
        };
        let failed = |error: std::io::Error| {
            Failure::new("file", format!("cannot make the folder: {error}")).at(&folder, None)
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let folder = folder.canonicalize().map_err(failed)?;
        Ok(Self {
            folder,
            is_kept: named.is_some(),
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The numbers that pull requests had before. Refused if the record is about something else.
    pub fn numbers(&self, about: &About) -> Result<BTreeMap<String, u64>, Failure> {
        let file = self.folder.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(BTreeMap::new());
            }
            Err(error) => return Err(unreadable(&file, &error)),
        };
        let before: About =
            serde_json::from_str(&text).map_err(|error| unreadable(&file, &error))?;
        let same = About {
            numbers: before.numbers.clone(),
            ..about.clone()
        };
        if before == same {
            return Ok(before.numbers);
        }
        let About {
            repository,
            author,
            reviewer,
            ..
        } = before;
        let message = format!(
            "this folder keeps the record of {} with {author} and {reviewer}; votes would become somebody else's",
            repository.display()
        );
        Err(Failure::new("data-dir", message)
            .hint(format!("use another --data-dir, or --as {author}"))
            .at(&file, None))
    }

    /// Writes down what the record is about.
    pub fn keep(&self, about: &About) -> Result<(), Failure> {
        if !self.is_kept {
            return Ok(());
        }
        let file = self.folder.join(FILE);
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new("file", format!("cannot write it: {error}")).at(&file, None)
        };
        let text = serde_json::to_string_pretty(about).map_err(|error| failed(&error))?;
        // Renamed into place: a sandbox that dies here must not leave half of it.
        let half = self.folder.join(format!("{FILE}.new"));
        std::fs::write(&half, text).map_err(|error| failed(&error))?;
        std::fs::rename(&half, &file).map_err(|error| failed(&error))
    }

    /// Removes it, unless it is kept.
    pub fn end(self) -> Result<(), Failure> {
        if self.is_kept {
            return Ok(());
        }
        std::fs::remove_dir_all(&self.folder).map_err(|error| {
            Failure::new("file", format!("cannot remove it: {error}")).at(&self.folder, None)
        })
    }
}

fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("data-dir", format!("cannot be read: {error}"))
        .hint("use another --data-dir")
        .at(file, None)
}
