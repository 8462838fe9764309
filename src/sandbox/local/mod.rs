//! A real git repository behind the sandbox's GitHub: its branches are the pull requests, what the App commits lands
//! on them, and nothing else in it is ever changed.
//!
//! | File | What |
//! |---|---|
//! | `git`, `objects` | the `git` program, and objects read through it |
//! | `place` | which repository, which base branch, who works there |
//! | `history` | commits and files from the repository into the store |
//! | `follow` | branches that moved, came and went, as the webhooks of GitHub |
//! | `landing`, `checkout` | a commit of the App on a branch, and the working trees that have it checked out |
//! | `news` | what happened, for the terminal |
//! | `only_one` | one sandbox for each repository |

mod checkout;
mod follow;
mod git;
mod history;
mod landing;
mod news;
mod objects;
mod only_one;
mod place;

use super::git::{Backing, GitStore, Kind, Landing, NotLanded, Oid};
use super::state::AccountId;
use git::Git;
use objects::Reader;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(in crate::sandbox) use follow::NotCommitted;
pub use follow::People;
pub use news::{News, Newsreader};
pub use only_one::OnlyOne;

/// Why a repository cannot be used, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// It is not one the sandbox can work with.
    #[error("{why}")]
    Refused {
        /// What was found.
        why: String,
        /// What to do instead.
        instead: String,
    },
    /// A call of git failed.
    #[error("`git {called}` failed: {said}")]
    Git {
        /// Its first words.
        called: String,
        /// What git said.
        said: String,
    },
    /// An object cannot be read.
    #[error("git object {oid} cannot be read: {why}")]
    Unreadable {
        /// Its id.
        oid: String,
        /// Why.
        why: String,
    },
    /// There is no git.
    #[error("the program `git` does not run: {0}")]
    NoGit(std::io::Error),
    /// The sandbox's GitHub refuses what the repository asks for.
    #[error(transparent)]
    World(#[from] super::state::Refused),
}

impl LocalError {
    fn no_git(error: std::io::Error) -> Self {
        Self::NoGit(error)
    }

    fn unreadable(oid: &impl fmt::Display, why: &str) -> Self {
        Self::Unreadable {
            oid: oid.to_string(),
            why: why.to_owned(),
        }
    }

    fn refused(why: impl Into<String>, instead: impl Into<String>) -> Self {
        Self::Refused {
            why: why.into(),
            instead: instead.into(),
        }
    }

    /// What to do instead, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { instead, .. } => Some(instead.clone()),
            Self::NoGit(_) => Some("install git and try again".to_owned()),
            _ => None,
        }
    }
}

/// A commit that was refused because of a working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// Why, and what to do.
    reason: String,
    /// Paths the commit touches.
    paths: Vec<String>,
}

/// A repository on disk. Cheap to share in an `Arc`.
#[derive(Debug)]
pub struct LocalRepository {
    git: Git,
    /// What all its working trees share: usually `.git`.
    common: PathBuf,
    /// The working tree it was named by; `None` for a bare repository.
    top: Option<PathBuf>,
    /// Folder name, as the repository's name.
    name: String,
    /// Branch that everything merges into.
    base: String,
    reader: Mutex<Reader>,
    failure: Mutex<Option<String>>,
    blocked: Mutex<BTreeMap<String, Block>>,
    /// Branches as they were at the last look.
    seen: Mutex<BTreeMap<String, Oid>>,
    /// Number of the newest pull request of each branch, this time and before.
    numbers: Mutex<BTreeMap<String, u64>>,
    /// Accounts by e-mail address.
    accounts: Mutex<HashMap<String, AccountId>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LocalRepository {
    /// The branch that everything merges into.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What identifies it on this machine: the folder that its working trees share.
    pub fn common_folder(&self) -> &Path {
        &self.common
    }

    /// `local/NAME`, its full name on the sandbox's GitHub.
    pub fn full_name(&self) -> String {
        format!("{OWNER}/{}", self.name)
    }

    /// Text of a file at the base branch's tip, if it is there.
    ///
    /// # Errors
    /// If git fails.
    pub fn base_text(&self, path: &str) -> Result<Option<String>, LocalError> {
        let place = format!("refs/heads/{}:{path}", self.base);
        self.git.answer(&["cat-file", "blob", &place])
    }

    /// Why commits to branches are refused at present, by branch.
    pub fn blocks(&self) -> BTreeMap<String, String> {
        let blocked = locked(&self.blocked);
        let pairs = blocked.iter();
        pairs
            .map(|(branch, block)| (branch.clone(), block.reason.clone()))
            .collect()
    }
}

impl LocalRepository {
    /// Number of the newest pull request of each branch: who keeps the App's record keeps these with it.
    pub fn numbers(&self) -> BTreeMap<String, u64> {
        locked(&self.numbers).clone()
    }

    /// Gives pull requests of these branches the numbers they had before.
    pub fn keep_numbers(&self, numbers: BTreeMap<String, u64>) {
        *locked(&self.numbers) = numbers;
    }
}

/// Account that owns the repository on the sandbox's GitHub.
const OWNER: &str = "local";

impl Backing for LocalRepository {
    fn read(&self, kind: Kind, oid: &Oid) -> Option<Vec<u8>> {
        match locked(&self.reader).read(kind, oid) {
            Ok(content) => Some(content),
            Err(error) => {
                *locked(&self.failure) = Some(error.to_string());
                None
            }
        }
    }

    fn take_failure(&self) -> Option<String> {
        locked(&self.failure).take()
    }

    fn land(&self, store: &mut GitStore, landing: &Landing<'_>) -> Result<Oid, NotLanded> {
        let oid = self.commit(landing)?;
        self.take_in(store, landing.parent, std::slice::from_ref(&oid))
            .map_err(|error| NotLanded::Waits(error.to_string()))?;
        Ok(oid)
    }

    fn blocked(&self, branch: &str) -> Option<String> {
        let blocked = locked(&self.blocked);
        blocked.get(branch).map(|block| block.reason.clone())
    }
}

impl LocalRepository {
    /// Takes in what the store lacks; gives paths that cannot be shown.
    fn take_in(
        &self,
        store: &mut GitStore,
        base: &Oid,
        tips: &[Oid],
    ) -> Result<Vec<String>, LocalError> {
        let accounts = locked(&self.accounts).clone();
        let mut reader = locked(&self.reader);
        let taken = history::take_in(&self.git, &mut reader, store, base, tips, &accounts)?;
        Ok(taken.unshown.into_iter().collect())
    }
}
