//! Changes to the gate itself: configuration, personas and templates in the pull request. They take effect once merged,
//! so somebody with maintain answers for them: as the author, or by a READY on exactly these files.

use super::check::{ConfigProblem, Demand, NextStep};
use super::ground::{BuiltIn, CONFIG_PATH, Ground, PERSONA_FOLDER, TEMPLATE_FOLDER};
use crate::forge::{ChangedFile, FileContent, PrSnapshot};
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

/// Paths of the changed files that make up the gate.
pub fn changed(files: &[ChangedFile]) -> Vec<String> {
    let paths = files
        .iter()
        .flat_map(|file| std::iter::once(&file.path).chain(&file.previous_path));
    let mut paths: Vec<String> = paths.filter(|path| is_gate_file(path)).cloned().collect();
    paths.sort();
    paths.dedup();
    paths
}

fn is_gate_file(path: &str) -> bool {
    let in_folder = path.strip_prefix(KEY);
    path == CONFIG_PATH || in_folder.is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
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
            Some(FileContent::TooLarge(size)) => {
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
        let text = match content {
            None => None,
            Some(FileContent::Blob(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Some(FileContent::NotAFile(what)) => {
                errors.push(unreadable(path, &format!("a {what} stands here")));
                None
            }
            Some(FileContent::TooLarge(size)) => {
                errors.push(unreadable(path, &format!("the file has {size} bytes")));
                None
            }
        };
        replace(&mut merged, path, text);
    }
    errors.extend(Ground::of(&merged, built_in).errors);
    errors
}

fn unreadable(path: &str, what: &str) -> ConfigProblem {
    ConfigProblem {
        path: path.to_owned(),
        line: None,
        message: format!("{what}, and only a text file of at most 1 MB is read"),
        hint: "Put such a file there or take the path out.".to_owned(),
    }
}

fn replace(snapshot: &mut PrSnapshot, path: &str, text: Option<String>) {
    if path == CONFIG_PATH {
        snapshot.config = text;
        return;
    }
    let folders = [
        (PERSONA_FOLDER, &mut snapshot.personas),
        (TEMPLATE_FOLDER, &mut snapshot.templates),
    ];
    for (folder, files) in folders {
        let name = path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'));
        if let Some(name) = name.filter(|name| !name.contains('/')) {
            files.retain(|(known, _)| known != name);
            files.extend(text.clone().map(|text| (name.to_owned(), text)));
        }
    }
}

/// What is owed while nobody with maintain answers for the change.
pub fn demand() -> Demand {
    Demand {
        text: "needs READY by someone with maintain, it changes the gate".to_owned(),
        step: NextStep {
            who: "someone with maintain".to_owned(),
            what: "reads the change to the gate and votes".to_owned(),
            line: Some("/discuss vote ready".to_owned()),
        },
    }
}
