//! Git as far as the API shows it: blobs, trees, commits and branches with true object ids.
//!
//! A commit carries its whole tree as a flat map from path to file, which makes reading a path, comparing two
//! commits and building the next one plain map work. Objects are immutable and shared by `Arc`, so a fork costs
//! a few pointers.

mod backing;
mod diff;
mod hunk;
mod merge;

pub use backing::{Backing, Kind, Landing, NotLanded};
pub use diff::{ChangeStatus, FileChange, changes_between};
pub use hunk::{follow, patch, shown_lines};
pub use merge::merged_text;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Mode of a regular file.
pub const FILE: u32 = 0o100_644;
/// Mode of an executable file.
pub const EXECUTABLE: u32 = 0o100_755;
/// Mode of a symbolic link; its blob is the target path.
pub const SYMLINK: u32 = 0o120_000;
/// Mode of a submodule; its id is a commit of another repository.
pub const SUBMODULE: u32 = 0o160_000;
/// Mode of a folder, only inside tree objects.
pub const FOLDER: u32 = 0o040_000;

/// Forty zeros: the "no commit" of push payloads.
pub const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// Id of a git object: 40 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(String);

impl Oid {
    /// Reads a full id in any case; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn bytes(&self) -> Vec<u8> {
        hex::decode(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Git's id of an object: SHA-1 over `<kind> <length>\0<content>`.
pub fn object_id(kind: &str, content: &[u8]) -> Oid {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(format!("{kind} {}\0", content.len()).as_bytes());
    context.update(content);
    Oid(hex::encode(context.finish()))
}

/// A path's entry at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// [`FILE`], [`EXECUTABLE`], [`SYMLINK`] or [`SUBMODULE`].
    pub mode: u32,
    /// Blob id, or the commit id of a submodule.
    pub oid: Oid,
}

/// Every file of a commit by its path. Maps made from one another share what they have in common.
pub type Snapshot = imbl::OrdMap<String, File>;

/// One line of a tree object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeItem {
    /// Name within the folder.
    pub name: String,
    /// Mode, [`FOLDER`] for folders.
    pub mode: u32,
    /// Blob, tree or submodule commit.
    pub oid: Oid,
}

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Account, if the address belongs to one.
    pub account: Option<u64>,
}

/// A commit with its whole tree.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its id.
    pub oid: Oid,
    /// Id of the root tree.
    pub tree: Oid,
    /// Parents, first parent first.
    pub parents: Vec<Oid>,
    /// Author.
    pub author: Ident,
    /// Committer.
    pub committer: Ident,
    /// Author and commit date.
    pub at: DateTime<Utc>,
    /// Whole message.
    pub message: String,
    /// Signed by GitHub (commits made through the API).
    pub verified: bool,
    /// Files.
    pub files: Arc<Snapshot>,
}

/// What a new commit is made of, besides its files.
#[derive(Debug, Clone)]
pub struct CommitMeta {
    /// Parents.
    pub parents: Vec<Oid>,
    /// Author.
    pub author: Ident,
    /// Committer.
    pub committer: Ident,
    /// Date.
    pub at: DateTime<Utc>,
    /// Message.
    pub message: String,
    /// Signed by GitHub.
    pub verified: bool,
}

/// An object that is here, or that the repository behind the store has and gives when it is asked for.
type Kept<T> = OnceLock<Arc<T>>;

/// The object store and branches of one repository.
#[derive(Debug, Clone, Default)]
pub struct GitStore {
    commits: HashMap<Oid, Arc<Commit>>,
    blobs: HashMap<Oid, Kept<Vec<u8>>>,
    trees: HashMap<Oid, Kept<Vec<TreeItem>>>,
    /// The repository on disk that this one shows, if there is one.
    pub backing: Option<Arc<dyn Backing>>,
    /// Branch name (without `refs/heads/`) to its tip.
    pub branches: BTreeMap<String, Oid>,
}

impl GitStore {
    /// Stores a blob and gives its id.
    pub fn write_blob(&mut self, content: &[u8]) -> Oid {
        let oid = object_id("blob", content);
        self.blobs
            .entry(oid.clone())
            .or_insert_with(|| Arc::new(content.to_vec()).into());
        oid
    }

    /// A blob's content.
    pub fn blob(&self, oid: &Oid) -> Option<&Arc<Vec<u8>>> {
        let kept = self.blobs.get(oid)?;
        self.given(kept, Kind::Blob, oid, Some)
    }

    /// A tree's items in git's order.
    pub fn tree(&self, oid: &Oid) -> Option<&Arc<Vec<TreeItem>>> {
        let kept = self.trees.get(oid)?;
        self.given(kept, Kind::Tree, oid, |content| {
            backing::tree_items(&content)
        })
    }

    /// A commit by its id.
    pub fn commit(&self, oid: &Oid) -> Option<&Arc<Commit>> {
        self.commits.get(oid)
    }

    /// A commit by branch name, full ref or full id.
    pub fn resolve(&self, reference: &str) -> Option<&Arc<Commit>> {
        let branch = reference
            .strip_prefix("refs/heads/")
            .or_else(|| reference.strip_prefix("heads/"));
        self.branches
            .get(branch.unwrap_or(reference))
            .cloned()
            .or_else(|| Oid::parse(reference))
            .and_then(|oid| self.commits.get(&oid))
    }

    /// Stores the commit, its trees included, and gives its id.
    pub fn write_commit(&mut self, files: Snapshot, meta: CommitMeta) -> Oid {
        let tree = self.write_tree(&files);
        let oid = object_id("commit", commit_text(&tree, &meta).as_bytes());
        let commit = Commit {
            oid: oid.clone(),
            tree,
            parents: meta.parents,
            author: meta.author,
            committer: meta.committer,
            at: meta.at,
            message: meta.message,
            verified: meta.verified,
            files: Arc::new(files),
        };
        self.commits.insert(oid.clone(), Arc::new(commit));
        oid
    }

    /// Builds the nested tree objects of a flat snapshot.
    fn write_tree(&mut self, files: &Snapshot) -> Oid {
        let mut items: Vec<TreeItem> = Vec::new();
        let mut folders: BTreeMap<&str, Snapshot> = BTreeMap::new();
        for (path, file) in files {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    folders
                        .entry(folder)
                        .or_default()
                        .insert(rest.to_owned(), file.clone());
                }
                None => items.push(TreeItem {
                    name: path.clone(),
                    mode: file.mode,
                    oid: file.oid.clone(),
                }),
            }
        }
        for (name, inner) in folders {
            let oid = self.write_tree(&inner);
            items.push(TreeItem {
                name: name.to_owned(),
                mode: FOLDER,
                oid,
            });
        }
        // Git sorts folders as if their name ended in a slash.
        items.sort_by_key(|item| {
            if item.mode == FOLDER {
                format!("{}/", item.name)
            } else {
                item.name.clone()
            }
        });
        let mut content = Vec::new();
        for item in &items {
            content.extend(format!("{:o} {}\0", item.mode, item.name).into_bytes());
            content.extend(item.oid.bytes());
        }
        let oid = object_id("tree", &content);
        self.trees.insert(oid.clone(), Arc::new(items).into());
        oid
    }

    /// The commit itself and everything it descends from, nearest first.
    pub fn ancestry(&self, tip: &Oid) -> Vec<Arc<Commit>> {
        let mut seen = BTreeSet::new();
        let mut queue = VecDeque::from([tip.clone()]);
        let mut found = Vec::new();
        while let Some(oid) = queue.pop_front() {
            if !seen.insert(oid.clone()) {
                continue;
            }
            if let Some(commit) = self.commits.get(&oid) {
                queue.extend(commit.parents.iter().cloned());
                found.push(commit.clone());
            }
        }
        found
    }

    /// Whether `old` is `new` or one of its ancestors.
    pub fn is_ancestor(&self, old: &Oid, new: &Oid) -> bool {
        self.ancestry(new).iter().any(|commit| commit.oid == *old)
    }

    /// The nearest commit both descend from.
    pub fn merge_base(&self, one: &Oid, other: &Oid) -> Option<Arc<Commit>> {
        let reachable: BTreeSet<Oid> = self
            .ancestry(one)
            .into_iter()
            .map(|commit| commit.oid.clone())
            .collect();
        self.ancestry(other)
            .into_iter()
            .find(|commit| reachable.contains(&commit.oid))
    }

    /// Commits of `head` that `base` lacks, oldest first.
    pub fn commits_ahead(&self, base: &Oid, head: &Oid) -> Vec<Arc<Commit>> {
        let known: BTreeSet<Oid> = self
            .ancestry(base)
            .into_iter()
            .map(|commit| commit.oid.clone())
            .collect();
        let mut ahead: Vec<_> = self
            .ancestry(head)
            .into_iter()
            .filter(|commit| !known.contains(&commit.oid))
            .collect();
        ahead.reverse();
        ahead
    }

    /// Brings a commit of another store here, with all it needs: what opening a pull request from a fork does.
    pub fn fetch(&mut self, from: &GitStore, tip: &Oid) {
        for commit in from.ancestry(tip) {
            if self.commits.contains_key(&commit.oid) {
                continue;
            }
            for file in commit.files.values() {
                if let Some(blob) = from.blob(&file.oid) {
                    self.blobs.insert(file.oid.clone(), blob.clone().into());
                }
            }
            self.write_tree(&commit.files);
            self.commits.insert(commit.oid.clone(), commit);
        }
    }
}

/// What a path of a commit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathKind {
    /// A file, link or submodule.
    File(File),
    /// A folder with its tree id.
    Folder(Oid),
}

impl GitStore {
    /// Looks up a path of a commit; the empty path is the root folder.
    pub fn at_path(&self, commit: &Commit, path: &str) -> Option<PathKind> {
        if let Some(file) = commit.files.get(path) {
            return Some(PathKind::File(file.clone()));
        }
        let mut tree = commit.tree.clone();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let items = self.tree(&tree)?;
            tree = items
                .iter()
                .find(|item| item.name == name && item.mode == FOLDER)?
                .oid
                .clone();
        }
        Some(PathKind::Folder(tree))
    }
}

fn commit_text(tree: &Oid, meta: &CommitMeta) -> String {
    let mut text = format!("tree {tree}\n");
    for parent in &meta.parents {
        text.push_str(&format!("parent {parent}\n"));
    }
    let time = meta.at.timestamp();
    for (role, who) in [("author", &meta.author), ("committer", &meta.committer)] {
        text.push_str(&format!(
            "{role} {} <{}> {time} +0000\n",
            who.name, who.email
        ));
    }
    text.push('\n');
    text.push_str(&meta.message);
    text
}
