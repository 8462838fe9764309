//! Working trees that have a branch checked out: whether a commit may change their files, and changing them.
//!
//! What the person has not committed is theirs. A commit that would touch it is refused and waits.

use super::super::git::Oid;
use super::LocalError;
use super::git::Git;
use std::path::{Path, PathBuf};

/// Files in a working tree's git folder that stand for something unfinished, and what that is.
const UNFINISHED: [(&str, &str); 6] = [
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("MERGE_HEAD", "a merge"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("BISECT_LOG", "a bisect"),
];

/// A working tree with the branch checked out.
#[derive(Debug)]
pub(super) struct Checkout {
    folder: PathBuf,
}

/// Working trees that a move of the branch concerns. `Err` in the inner result: why the branch cannot move now.
pub(super) fn of_branch(
    git: &Git,
    branch: &str,
    paths: &[&str],
) -> Result<Result<Vec<Checkout>, String>, LocalError> {
    let listed = git.text(&["worktree", "list", "--porcelain"])?;
    let full = format!("refs/heads/{branch}");
    let mut found = Vec::new();
    for entry in listed.split("\n\n") {
        let value = |key: &str| {
            let mut lines = entry.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        };
        let Some(folder) = value("worktree").map(PathBuf::from) else {
            continue;
        };
        let is_here = value("branch") == Some(&full);
        if !folder.is_dir() {
            if is_here {
                return Ok(Err(format!(
                    "{branch} is checked out in {}, which is not there; `git worktree prune` forgets it",
                    folder.display()
                )));
            }
            continue;
        }
        if entry.lines().any(|line| line == "bare") {
            continue;
        }
        let checkout = Checkout { folder };
        if let Some(why) = checkout.in_the_way(branch, is_here, paths)? {
            return Ok(Err(why));
        }
        if is_here {
            found.push(checkout);
        }
    }
    Ok(Ok(found))
}

impl Checkout {
    fn git(&self) -> Git {
        Git::within(&self.folder)
    }

    /// Why a commit that touches these paths must wait.
    fn in_the_way(
        &self,
        branch: &str,
        is_here: bool,
        paths: &[&str],
    ) -> Result<Option<String>, LocalError> {
        let own = PathBuf::from(self.git().text(&["rev-parse", "--absolute-git-dir"])?);
        let shown = self.folder.display();
        if !is_here {
            // During a rebase nothing is checked out by name, yet the branch is in use.
            return Ok(rebases(&own, branch).then(|| {
                format!("{branch} is being rebased in {shown}; finish or abort the rebase")
            }));
        }
        for (file, what) in UNFINISHED {
            if own.join(file).exists() {
                return Ok(Some(format!(
                    "{what} is under way in {shown}; finish or abort it"
                )));
            }
        }
        if own.join("index.lock").exists() {
            return Ok(Some(format!(
                "another git command is at work in {shown} (index.lock)"
            )));
        }
        self.uncommitted(paths)
    }

    /// Changes of the person in files that the commit touches.
    fn uncommitted(&self, paths: &[&str]) -> Result<Option<String>, LocalError> {
        let mut call = vec![
            "status",
            "--porcelain",
            "-z",
            "--untracked-files=all",
            "--ignored",
            "--",
        ];
        call.extend(paths);
        let status = self.git().bytes(&call)?;
        let mut call = vec!["ls-files", "-v", "-z", "--"];
        call.extend(paths);
        let flagged = self.git().bytes(&call)?;
        // A lower-case letter: git was told not to look whether the file changed.
        let hidden = flagged
            .split(|byte| *byte == 0)
            .any(|line| line.first().is_some_and(u8::is_ascii_lowercase));
        if status.is_empty() && !hidden {
            return Ok(None);
        }
        let shown = self.folder.display();
        let paths = paths.join(", ");
        Ok(Some(match hidden {
            true => format!(
                "{paths} in {shown} is marked as unchanged; `git update-index --no-assume-unchanged` takes the mark away"
            ),
            false => format!(
                "{paths} has changes in {shown} that are not committed; commit or stash them"
            ),
        }))
    }

    /// Brings index and files from one commit to the other, as a fast-forward does; changes of the person stay.
    pub(super) fn bring(&self, branch: &str, from: &Oid, to: &Oid) -> Result<(), String> {
        let git = self.git();
        let words = |error: LocalError| error.to_string();
        let head = git
            .answer(&["symbolic-ref", "--quiet", "HEAD"])
            .map_err(words)?;
        if head != Some(format!("refs/heads/{branch}")) {
            return Err(format!("{} has just left {branch}", self.folder.display()));
        }
        // Only what git knows of times and sizes is renewed; files that differ stay as they are.
        git.output(&["update-index", "-q", "--refresh"])
            .map_err(words)?;
        let call = ["read-tree", "-m", "-u", from.as_str(), to.as_str()];
        git.bytes(&call).map(drop).map_err(words)
    }
}

/// Whether the working tree with that git folder is rebasing the branch.
fn rebases(own: &Path, branch: &str) -> bool {
    let full = format!("refs/heads/{branch}");
    ["rebase-merge", "rebase-apply"].iter().any(|folder| {
        let name = std::fs::read_to_string(own.join(folder).join("head-name"));
        name.is_ok_and(|name| name.trim_end() == full)
    })
}
