//! The folder of the App's data, kept together with what the record in it is about.

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

/// The folder of the App's data.
pub struct Data {
    folder: PathBuf,
}

const FILE: &str = "sandbox.json";

impl Data {
    /// The folder that is named, or one among the machine's temporary files that is the same for the same repository and
    /// person: a sandbox that is started again goes on where the last one was. Made if need be.
    pub fn in_folder(named: Option<&Path>, about: &About) -> Result<Self, Failure> {
        let folder = match named {
            Some(named) => named.to_owned(),
            None => {
                let who = format!("{}\0{}", about.repository.display(), about.author);
                let id = crate::sandbox::git::object_id("blob", who.as_bytes());
                let id: String = id.as_str().chars().take(16).collect();
                std::env::temp_dir().join(format!("discussions-sandbox-{id}"))
            }
        };
        let failed = |error: std::io::Error| {
            Failure::new("file", format!("cannot make the folder: {error}")).at(&folder, None)
        };
        make_private(&folder).map_err(failed)?;
        if named.is_none() && !is_ours(&folder).map_err(failed)? {
            return Err(Failure::new(
                "file",
                "this folder belongs to somebody else, or others may write in it",
            )
            .hint("name a folder of your own with --data-dir")
            .at(&folder, None));
        }
        let folder = folder.canonicalize().map_err(failed)?;
        Ok(Self { folder })
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
}

/// Makes a folder that only its owner may enter; an existing one stays as it is.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether a folder with a name that anybody can guess is one that we made: otherwise somebody else could have laid a
/// record there for us to believe.
#[cfg(unix)]
fn is_ours(folder: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::symlink_metadata(folder)?;
    // Whose a new file becomes is who we are.
    let probe = std::env::temp_dir().join(format!("discussions-{}", uuid::Uuid::new_v4().simple()));
    std::fs::File::create_new(&probe)?;
    let own = std::fs::metadata(&probe).map(|file| file.uid());
    std::fs::remove_file(&probe)?;
    Ok(found.is_dir() && found.uid() == own? && found.mode() & 0o022 == 0)
}

/// Elsewhere the temporary folder is the person's own.
#[cfg(not(unix))]
fn is_ours(_: &Path) -> std::io::Result<bool> {
    Ok(true)
}

fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("data-dir", format!("cannot be read: {error}"))
        .hint("use another --data-dir")
        .at(file, None)
}
