//! Changes to the gate itself: configuration, personas and templates in the pull request. They take effect once merged,
//! so somebody with maintain answers for them: as the author, or by a READY on exactly these files.

use super::access::{Need, Permissions};
use super::check::{ConfigProblem, Demand, NextStep};
use super::ground::folders::unreadable;
use super::ground::{BuiltIn, CONFIG_PATH, Ground};
use super::votes::Hashes;
use crate::forge::{
    ChangedFile, DEFINITION_ENDINGS, FileContent, Folder, FolderContent, PrSnapshot,
};
use sha2::{Digest, Sha256};

/// Key under which the record keeps votes on these files: the folder, which no discussion can be.
pub const KEY: &str = ".github/discussions";

/// The files of the gate that a pull request changes, as they stand at its head.
#[derive(Debug, Clone)]
pub struct GateFiles {
    /// Their paths, of renamed ones the old ones too.
    pub paths: Vec<String>,
    /// What votes on them bind to, 64 hex digits.
    pub ballot: String,
    /// What would be wrong with the gate once this is merged.
    pub errors: Vec<ConfigProblem>,
}

/// Paths of the changed files that make up the gate: configuration, templates, and personas in the given folders.
pub fn changed(files: &[ChangedFile], persona_folders: &[String]) -> Vec<String> {
    let paths = files
        .iter()
        .flat_map(|file| std::iter::once(&file.path).chain(&file.previous_path));
    let is_gate_file = |path: &str| {
        path == CONFIG_PATH
            || lies_in(path, KEY)
            || persona_folders.iter().any(|folder| lies_in(path, folder))
    };
    let mut paths: Vec<String> = paths.filter(|path| is_gate_file(path)).cloned().collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Whether a file could be one that decides, whichever folders are named for personas: by its place or its ending.
pub fn may_define(path: &str) -> bool {
    let mut endings = DEFINITION_ENDINGS.iter();
    lies_in(path, KEY) || endings.any(|ending| path.ends_with(ending))
}

/// Whether a file lies where configuration, templates or personas (in these folders) do.
pub fn lies_among(path: &str, persona_folders: &[String]) -> bool {
    let mut folders = persona_folders.iter();
    lies_in(path, KEY) || folders.any(|folder| lies_in(path, folder.trim_end_matches('/')))
}

/// Whether a path is a folder or lies below it.
fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
}

impl GateFiles {
    /// Looks at what stands at the head; as many contents as paths.
    pub fn of(
        paths: Vec<String>,
        contents: &[Option<FileContent>],
        snapshot: &PrSnapshot,
        built_in: &BuiltIn,
    ) -> Self {
        let ballot = ballot(&paths, contents);
        let errors = errors(&paths, contents, snapshot, built_in);
        Self {
            paths,
            ballot,
            errors,
        }
    }
}

impl GateFiles {
    /// What votes on these files bind to.
    pub fn hashes(&self) -> Hashes {
        Hashes {
            ballot: self.ballot.clone(),
            proposal: self.ballot.clone(),
        }
    }
}

/// Hash of the files with their paths, each part with its length before it.
pub fn ballot(paths: &[String], contents: &[Option<FileContent>]) -> String {
    let mut hash = Sha256::new_with_prefix(b"discussions/gate@1");
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (path, content) in paths.iter().zip(contents) {
        part(path.as_bytes());
        match content {
            None => part(b"absent"),
            Some(FileContent::Blob(bytes)) => {
                part(b"file");
                part(bytes);
            }
            Some(FileContent::NotAFile(what)) => part(what.as_bytes()),
            Some(FileContent::TooLarge(size, _)) => {
                part(b"too large");
                part(&size.to_be_bytes());
            }
        }
    }
    hex::encode(hash.finalize())
}

/// The gate's errors with the head's files in place of the base's.
fn errors(
    paths: &[String],
    contents: &[Option<FileContent>],
    snapshot: &PrSnapshot,
    built_in: &BuiltIn,
) -> Vec<ConfigProblem> {
    let mut merged = snapshot.clone();
    let mut errors = Vec::new();
    for (path, content) in paths.iter().zip(contents) {
        if path == CONFIG_PATH {
            merged.config = config_text(content.as_ref(), &mut errors);
        }
        let folders = merged.personas.iter_mut();
        for folder in folders.chain(std::iter::once(&mut merged.templates)) {
            replace(folder, path, content.as_ref());
        }
    }
    errors.extend(Ground::of(&merged, built_in).errors);
    errors
}

/// The text of the configuration at the head.
pub fn config_text(
    content: Option<&FileContent>,
    errors: &mut Vec<ConfigProblem>,
) -> Option<String> {
    match content? {
        FileContent::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        FileContent::NotAFile(what) => {
            errors.push(unreadable(CONFIG_PATH, &format!("a {what} stands here")));
            None
        }
        FileContent::TooLarge(size, _) => {
            errors.push(unreadable(
                CONFIG_PATH,
                &format!("the file has {size} bytes"),
            ));
            None
        }
    }
}

/// Puts what stands at a path at the head into a folder of the base. Git knows no empty folders.
fn replace(folder: &mut Folder, path: &str, content: Option<&FileContent>) {
    if path == folder.path {
        match content {
            Some(FileContent::NotAFile("folder")) => {}
            Some(FileContent::NotAFile(what)) => folder.content = FolderContent::NotAFolder(what),
            Some(_) => folder.content = FolderContent::NotAFolder("file"),
            None => {
                if let FolderContent::NotAFolder(_) = folder.content {
                    folder.content = FolderContent::Missing;
                }
            }
        }
        return;
    }
    let name = path
        .strip_prefix(&folder.path)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|name| !name.contains('/'));
    let Some(name) = name else { return };
    let mut files = match (&folder.content, content) {
        (FolderContent::Files(files), _) => files.clone(),
        (FolderContent::Missing | FolderContent::NotAFolder(_), Some(_)) => Vec::new(),
        // A file that goes together with its folder.
        (FolderContent::Missing | FolderContent::NotAFolder(_), None) => return,
    };
    files.retain(|(known, _)| known != name);
    files.extend(content.map(|content| (name.to_owned(), content.clone())));
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    folder.content = match files.is_empty() {
        true => FolderContent::Missing,
        false => FolderContent::Files(files),
    };
}

/// What is owed while somebody objects to the change.
pub fn objection(login: &str) -> Demand {
    Demand {
        text: format!("{login} objects to the change to the gate"),
        step: NextStep {
            who: login.to_owned(),
            what: "votes again once the point is settled".to_owned(),
            line: Some("/discuss vote ready".to_owned()),
        },
    }
}

/// What is owed while nobody answers for the change, who has maintain and whose vote counts.
pub fn demand(permissions: &Permissions) -> Demand {
    let need = permissions.of_votes().max(Need::Maintain);
    let who = format!("someone with {}", need.as_str());
    Demand {
        text: format!("needs READY by {who}, it changes the gate"),
        step: NextStep {
            who,
            what: "reads the change to the gate and votes".to_owned(),
            line: Some("/discuss vote ready".to_owned()),
        },
    }
}
