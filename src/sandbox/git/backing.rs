//! A repository on disk behind a [`GitStore`]: objects come from it when they are asked for, and what the App
//! commits lands in it.

use super::{Commit, File, GitStore, Kept, Oid, TreeItem};
use std::fmt::Debug;
use std::sync::Arc;

/// Kind of a git object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Content of a file.
    Blob,
    /// A folder.
    Tree,
    /// A commit.
    Commit,
}

impl Kind {
    /// Git's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
        }
    }
}

/// Why a commit did not land.
#[derive(Debug)]
pub enum NotLanded {
    /// The branch points elsewhere, in the words of GitHub's API.
    Moved(String),
    /// It cannot be written at present: somebody is at work in a checkout, or git failed. Later it may do.
    Waits(String),
}

/// A commit that is to land on a branch of the repository on disk.
#[derive(Debug)]
pub struct Landing<'a> {
    /// Branch, without `refs/heads/`.
    pub branch: &'a str,
    /// Its tip as the App knows it; nothing happens if it is another one.
    pub parent: &'a Oid,
    /// New content by path; `None` removes the file.
    pub files: Vec<(&'a str, Option<&'a [u8]>)>,
    /// Whole message.
    pub message: &'a str,
}

/// The repository on disk. It answers while the world is locked, so it must not wait for the sandbox.
pub trait Backing: Debug + Send + Sync {
    /// Bytes of an object. `None` if they cannot be read, which [`Backing::take_failure`] then tells.
    fn read(&self, kind: Kind, oid: &Oid) -> Option<Vec<u8>>;

    /// Why an object could not be read since the last call, if one could not.
    fn take_failure(&self) -> Option<String>;

    /// Commits and moves the branch, working trees included; the new commit is then in `store` too.
    ///
    /// # Errors
    /// Nothing moved then.
    fn land(&self, store: &mut GitStore, landing: &Landing<'_>) -> Result<Oid, NotLanded>;

    /// Why the App's commits on that branch are refused at present, and what to do about it.
    fn blocked(&self, branch: &str) -> Option<String>;
}

impl GitStore {
    /// An object that is here already, or is read now.
    pub(super) fn given<'s, T>(
        &self,
        kept: &'s Kept<T>,
        kind: Kind,
        oid: &Oid,
        parse: impl FnOnce(Vec<u8>) -> Option<T>,
    ) -> Option<&'s Arc<T>> {
        if kept.get().is_none() {
            let content = self.backing.as_ref()?.read(kind, oid)?;
            let object = Arc::new(parse(content)?);
            return Some(kept.get_or_init(|| object));
        }
        kept.get()
    }

    /// Takes in a commit of the repository on disk, under its own id.
    pub fn adopt(&mut self, commit: Commit) {
        self.commits.insert(commit.oid.clone(), Arc::new(commit));
    }

    /// Lets a file's content be read when it is asked for.
    pub fn adopt_file(&mut self, file: &File) {
        if file.mode != super::SUBMODULE {
            self.blobs.entry(file.oid.clone()).or_default();
        }
    }

    /// Lets a folder be read when it is asked for.
    pub fn adopt_tree(&mut self, oid: Oid) {
        self.trees.entry(oid).or_default();
    }
}

/// The lines of a raw tree object; names that are not UTF-8 are left out, since the API cannot show them.
pub(super) fn tree_items(mut content: &[u8]) -> Option<Vec<TreeItem>> {
    let mut items = Vec::new();
    while !content.is_empty() {
        let space = content.iter().position(|byte| *byte == b' ')?;
        let end = content.iter().position(|byte| *byte == 0)?;
        let mode = std::str::from_utf8(content.get(..space)?).ok()?;
        let name = content.get(space + 1..end)?;
        let oid = content.get(end + 1..end + 21)?;
        if let Ok(name) = std::str::from_utf8(name) {
            items.push(TreeItem {
                name: name.to_owned(),
                mode: u32::from_str_radix(mode, 8).ok()?,
                oid: Oid(hex::encode(oid)),
            });
        }
        content = content.get(end + 21..)?;
    }
    Some(items)
}
