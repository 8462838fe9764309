//! A commit of the App on a branch of the repository: objects first, then the branch and every working tree that has it
//! checked out, or neither.

use super::super::git::{Landing, NotLanded, Oid};
use super::git::{Git, finish, judged};
use super::{Block, LocalError, LocalRepository, checkout, locked};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// Where a new tree is put together; removed with this value.
struct ScratchIndex(PathBuf);

impl Drop for ScratchIndex {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl LocalRepository {
    /// Commits and moves the branch.
    ///
    /// # Errors
    /// Nothing moved then.
    pub(super) fn commit(&self, landing: &Landing<'_>) -> Result<Oid, NotLanded> {
        let waits = |error: LocalError| NotLanded::Waits(error.to_string());
        let paths: Vec<&str> = landing.files.iter().map(|(path, _)| *path).collect();
        let found = checkout::of_branch(&self.git, landing.branch, &paths).map_err(waits)?;
        let checkouts = match found {
            Ok(checkouts) => checkouts,
            Err(why) => return Err(self.block(landing.branch, &paths, why)),
        };
        let oid = self.write(landing).map_err(waits)?;
        let held = Held::begin(&self.git, landing, &oid)?;
        let mut brought = Vec::new();
        for checkout in &checkouts {
            if let Err(why) = checkout.bring(landing.branch, landing.parent, &oid) {
                put_back(&brought, landing, &oid);
                held.abort();
                return Err(self.block(landing.branch, &paths, why));
            }
            brought.push(checkout);
        }
        if let Err(why) = held.commit() {
            put_back(&brought, landing, &oid);
            return Err(NotLanded::Waits(why));
        }
        locked(&self.blocked).remove(landing.branch);
        Ok(oid)
    }

    /// Remembers that commits to the branch wait.
    fn block(&self, branch: &str, paths: &[&str], why: String) -> NotLanded {
        let block = Block {
            reason: why.clone(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        };
        locked(&self.blocked).insert(branch.to_owned(), block);
        NotLanded::Waits(why)
    }

    /// Branches whose commits waited and need not wait any more.
    pub(super) fn unblocked(&self) -> Result<Vec<String>, LocalError> {
        let blocked = locked(&self.blocked).clone();
        let mut free = Vec::new();
        for (branch, block) in blocked {
            let paths: Vec<&str> = block.paths.iter().map(String::as_str).collect();
            if checkout::of_branch(&self.git, &branch, &paths)?.is_ok() {
                locked(&self.blocked).remove(&branch);
                free.push(branch);
            }
        }
        Ok(free)
    }

    /// Writes blobs, trees and the commit. Git builds the tree from the parent's own, so nothing that we cannot show
    /// gets lost.
    fn write(&self, landing: &Landing<'_>) -> Result<Oid, LocalError> {
        let name = format!("discussions-index-{}", uuid::Uuid::new_v4().simple());
        let scratch = ScratchIndex(std::env::temp_dir().join(name));
        let parent = landing.parent.as_str();
        self.with_index(&scratch, &["read-tree", parent], b"")?;
        let mut lines = Vec::new();
        for (path, content) in &landing.files {
            let line = match content {
                Some(content) => {
                    let call = ["hash-object", "-w", "--stdin", "-t", "blob"];
                    let blob = self.git.fed(&call, content)?;
                    let blob = String::from_utf8_lossy(&blob).trim_end().to_owned();
                    format!("{} {blob}\t", self.mode_of(parent, path)?)
                }
                None => format!("0 {}\t", super::super::git::NO_COMMIT),
            };
            lines.extend(line.into_bytes());
            lines.extend(path.as_bytes());
            lines.push(0);
        }
        let call = ["update-index", "-z", "--index-info"];
        self.with_index(&scratch, &call, &lines)?;
        let tree = self.with_index(&scratch, &["write-tree"], b"")?;
        let call = ["commit-tree", &tree, "-p", parent, "-F", "-"];
        let commit = self.git.fed(&call, landing.message.as_bytes())?;
        let commit = String::from_utf8_lossy(&commit).trim_end().to_owned();
        Oid::parse(&commit).ok_or_else(|| LocalError::unreadable(&commit, "not a commit id"))
    }

    fn with_index(
        &self,
        scratch: &ScratchIndex,
        arguments: &[&str],
        input: &[u8],
    ) -> Result<String, LocalError> {
        let mut command = self.git.command(arguments);
        command.env("GIT_INDEX_FILE", &scratch.0);
        let output = finish(command, input)?;
        judged(&output, || arguments.join(" "))?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }

    /// Mode of a file as it is: a changed file keeps it, a new one is a regular file.
    fn mode_of(&self, parent: &str, path: &str) -> Result<String, LocalError> {
        let line = self
            .git
            .text(&["ls-tree", "-z", "--full-tree", parent, "--", path])?;
        let mode = line.split(' ').next().filter(|mode| *mode == "100755");
        Ok(mode.unwrap_or("100644").to_owned())
    }
}

/// Takes working trees back to the parent. They were clean there a moment ago, so what fails here is said by the
/// refusal that led here.
fn put_back(brought: &[&checkout::Checkout], landing: &Landing<'_>, oid: &Oid) {
    for checkout in brought {
        let _ = checkout.bring(landing.branch, oid, landing.parent);
    }
}

/// A branch that git holds for us: it is at the parent, nobody else can move it, and it moves with [`Held::commit`].
struct Held {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Drop for Held {
    fn drop(&mut self) {
        // The end of its input makes git let go, and end.
        self.to = None;
        let _ = self.child.wait();
    }
}

impl Held {
    fn begin(git: &Git, landing: &Landing<'_>, oid: &Oid) -> Result<Self, NotLanded> {
        let reason = "discussions: replies of the panel";
        let mut command = git.command(&["update-ref", "-m", reason, "--stdin"]);
        command.stdin(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn();
        let mut child = child.map_err(|error| NotLanded::Waits(error.to_string()))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            let why = "git update-ref has no pipes".to_owned();
            return Err(NotLanded::Waits(why));
        };
        let from = BufReader::new(from);
        let mut held = Self {
            child,
            to: Some(to),
            from,
        };
        let Landing { branch, parent, .. } = landing;
        let update = format!("start\nupdate refs/heads/{branch} {oid} {parent}\nprepare\n");
        let ready = held.say(&update) && held.hears("start: ok") && held.hears("prepare: ok");
        match ready {
            true => Ok(held),
            false => {
                held.abort();
                // GitHub's words, by which the App knows that it has to read again.
                Err(NotLanded::Moved(format!(
                    "Expected branch to point to \"{parent}\" but it did not. Pull and try again."
                )))
            }
        }
    }

    fn say(&mut self, text: &str) -> bool {
        let Some(to) = &mut self.to else {
            return false;
        };
        to.write_all(text.as_bytes()).is_ok() && to.flush().is_ok()
    }

    fn hears(&mut self, expected: &str) -> bool {
        let mut line = String::new();
        self.from.read_line(&mut line).is_ok() && line.trim_end() == expected
    }

    fn abort(mut self) {
        let _ = self.say("abort\n");
    }

    fn commit(mut self) -> Result<(), String> {
        let done = self.say("commit\n") && self.hears("commit: ok");
        match done {
            true => Ok(()),
            false => Err("git could not move the branch".to_owned()),
        }
    }
}
