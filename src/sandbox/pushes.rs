//! Commits and pushes, and what a push sets off in pull requests.

use super::git::{self, ChangeStatus, CommitMeta, File, Ident, NO_COMMIT, Oid, Snapshot};
use super::pulls::pull_changes;
use super::repository::{Repository, Review, ReviewState, RuleForm};
use super::shape;
use super::state::{AccountId, Refused, World};
use serde_json::{Value, json};

/// A push payload lists at most so many commits.
const LISTED_COMMITS: usize = 2_048;

/// One change of a file in a commit.
#[derive(Debug, Clone)]
pub enum FileEdit {
    /// Writes the whole file.
    Write {
        /// Path from the root.
        path: String,
        /// Content; for a symbolic link, its target.
        content: Vec<u8>,
        /// Mode, see [`git::FILE`] and its siblings.
        mode: u32,
    },
    /// Puts a submodule at a path.
    Submodule {
        /// Path from the root.
        path: String,
        /// Commit of the other repository.
        commit: Oid,
    },
    /// Removes a file.
    Delete(String),
    /// Moves a file.
    Rename {
        /// Old path.
        from: String,
        /// New path.
        to: String,
    },
}

impl FileEdit {
    /// Writes a regular file.
    pub fn write(path: &str, content: impl AsRef<[u8]>) -> Self {
        Self::Write {
            path: path.to_owned(),
            content: content.as_ref().to_vec(),
            mode: git::FILE,
        }
    }

    /// Writes a symbolic link.
    pub fn symlink(path: &str, target: &str) -> Self {
        Self::Write {
            path: path.to_owned(),
            content: target.as_bytes().to_vec(),
            mode: git::SYMLINK,
        }
    }

    /// Removes a file.
    pub fn delete(path: &str) -> Self {
        Self::Delete(path.to_owned())
    }

    /// Moves a file.
    pub fn rename(from: &str, to: &str) -> Self {
        Self::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }
}

/// Whether git could hold that path.
pub(super) fn path_is_sane(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && path.split('/').all(|part| {
            !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git")
        })
}

impl Repository {
    /// Applies edits to a snapshot.
    pub(super) fn edit_files(
        &mut self,
        files: &mut Snapshot,
        edits: &[FileEdit],
    ) -> Result<(), Refused> {
        for edit in edits {
            let (path, file) = match edit {
                FileEdit::Write {
                    path,
                    content,
                    mode,
                } => (
                    path,
                    File {
                        mode: *mode,
                        oid: self.git.write_blob(content),
                    },
                ),
                FileEdit::Submodule { path, commit } => (
                    path,
                    File {
                        mode: git::SUBMODULE,
                        oid: commit.clone(),
                    },
                ),
                FileEdit::Delete(path) => {
                    remove(files, path)?;
                    continue;
                }
                FileEdit::Rename { from, to } => (to, remove(files, from)?),
            };
            if !path_is_sane(path) {
                return Err(Refused(format!("git cannot hold the path {path:?}")));
            }
            let folder = format!("{path}/");
            let below_a_file = files
                .keys()
                .any(|other| path.starts_with(&format!("{other}/")));
            if below_a_file || files.keys().any(|other| other.starts_with(&folder)) {
                return Err(Refused(format!(
                    "{path} would be a file and a folder at once"
                )));
            }
            files.insert(path.clone(), file);
        }
        Ok(())
    }

    /// Files of a branch's tip.
    pub(super) fn files_at(&self, commit: &Oid) -> Snapshot {
        self.git
            .commit(commit)
            .map(|commit| (*commit.files).clone())
            .unwrap_or_default()
    }
}

fn remove(files: &mut Snapshot, path: &str) -> Result<File, Refused> {
    files
        .remove(path)
        .ok_or_else(|| Refused(format!("there is no file {path}")))
}

impl World {
    /// Author line of an account.
    pub(super) fn ident(&self, account: AccountId) -> Ident {
        let login = self.login(account).unwrap_or("ghost");
        Ident {
            name: login.to_owned(),
            email: format!("{account}+{login}@users.noreply.github.com"),
            account: Some(account),
        }
    }

    /// Stores a commit on top of `parent` without moving any branch.
    pub(super) fn build_commit(
        &mut self,
        repo: u64,
        parent: Option<&Oid>,
        edits: &[FileEdit],
        message: &str,
        author: AccountId,
    ) -> Result<Oid, Refused> {
        let ident = self.ident(author);
        let at = self.now();
        let verified = self.app_of_bot(author).is_some();
        // Commits made through the API are committed by GitHub itself, which also signs them.
        let committer = if verified {
            Ident {
                name: "GitHub".to_owned(),
                email: "noreply@github.com".to_owned(),
                account: None,
            }
        } else {
            ident.clone()
        };
        let repository = self.repo_mut(repo)?;
        let mut files = parent
            .map(|parent| repository.files_at(parent))
            .unwrap_or_default();
        repository.edit_files(&mut files, edits)?;
        let meta = CommitMeta {
            parents: parent.cloned().into_iter().collect(),
            author: ident,
            committer,
            at,
            message: message.to_owned(),
            verified,
        };
        Ok(repository.git.write_commit(files, meta))
    }

    /// Whether the branch's rules let that account push to it.
    pub(super) fn may_push(
        &self,
        repo: u64,
        branch: &str,
        account: AccountId,
    ) -> Result<(), Refused> {
        let repository = self.repo(repo)?;
        if repository.archived {
            return Err(Refused::new("Repository was archived so is read-only."));
        }
        let Some(rules) = repository.protections.get(branch) else {
            return Ok(());
        };
        let app = self.app_of_bot(account).map(|app| app.id);
        if app.is_some_and(|app| rules.bypass.contains(&app)) {
            return Ok(());
        }
        let is_outsider = |pushers: &Vec<AccountId>| !pushers.contains(&account);
        let broken = if rules.pull_requests_only {
            Some(("Changes must be made through a pull request.", true))
        } else if rules.merge_queue.is_some() {
            Some(("Changes must be made through the merge queue", true))
        } else if rules.pushers.as_ref().is_some_and(is_outsider) {
            Some(("Cannot update this protected ref.", false))
        } else {
            None
        };
        match (broken, rules.form) {
            (None, _) => Ok(()),
            (Some((rule, _)), RuleForm::Ruleset) => Err(Refused(format!(
                "Repository rule violations found\n\n{rule}\n\n"
            ))),
            (Some((rule, true)), _) => Err(Refused(rule.to_owned())),
            (Some((_, false)), _) => Err(Refused::new(
                "You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information.",
            )),
        }
    }

    /// Moves (or creates) a branch as a push by that account, with all that follows from it.
    pub(super) fn move_branch(
        &mut self,
        repo: u64,
        branch: &str,
        to: &Oid,
        by: AccountId,
    ) -> Result<(), Refused> {
        let now = self.now();
        let repository = self.repo_mut(repo)?;
        if repository.git.commit(to).is_none() {
            return Err(Refused(format!("there is no commit {to}")));
        }
        let before = repository
            .git
            .branches
            .insert(branch.to_owned(), to.clone());
        if before.as_ref() == Some(to) {
            return Ok(());
        }
        repository.pushed_at = now;
        self.announce_push(repo, branch, before.as_ref(), Some(to), by);
        self.request_suite(repo, branch, before.as_ref(), to, by);
        self.move_heads(repo, branch, to, by);
        Ok(())
    }

    /// Deletes a branch; pull requests from it close.
    pub(super) fn remove_branch(
        &mut self,
        repo: u64,
        branch: &str,
        by: AccountId,
    ) -> Result<(), Refused> {
        let before = self.repo(repo)?.tip(branch)?;
        self.repo_mut(repo)?.git.branches.remove(branch);
        self.announce_push(repo, branch, Some(&before), None, by);
        for (owner, number) in self.pulls_from(repo, branch) {
            self.close_pull(owner, number, by)?;
        }
        Ok(())
    }

    /// Open pull requests whose head is that branch, as (base repository, number).
    fn pulls_from(&self, repo: u64, branch: &str) -> Vec<(u64, u64)> {
        let is_from = |pull: &&super::repository::Pull| {
            pull.open && pull.head_repo == Some(repo) && pull.head_branch == branch
        };
        self.repos
            .values()
            .flat_map(|base| {
                base.pulls
                    .values()
                    .filter(is_from)
                    .map(|pull| (base.id, pull.number))
            })
            .collect()
    }

    fn move_heads(&mut self, repo: u64, branch: &str, to: &Oid, by: AccountId) {
        for (base_repo, number) in self.pulls_from(repo, branch) {
            self.bring(repo, base_repo, to);
            let now = self.now();
            let base = self.repos.get_mut(&base_repo);
            let Some((before, dismissed)) =
                base.and_then(|base| synchronize(base, number, to, by, now))
            else {
                continue;
            };
            let more = json!({"before": before.as_str(), "after": to.as_str()});
            self.announce_pull(base_repo, number, by, "synchronize", more);
            for review in dismissed {
                self.announce_review(base_repo, number, &review, by, "dismissed", None);
            }
        }
    }

    /// Brings a fork's commit into the base repository, as GitHub does for pull requests.
    pub(super) fn bring(&mut self, from: u64, into: u64, commit: &Oid) {
        if from == into {
            return;
        }
        let Some(source) = self.repos.get(&from).map(|repo| repo.git.clone()) else {
            return;
        };
        if let Some(target) = self.repos.get_mut(&into) {
            target.git.fetch(&source, commit);
        }
    }

    fn announce_push(
        &mut self,
        repo: u64,
        branch: &str,
        before: Option<&Oid>,
        after: Option<&Oid>,
        by: AccountId,
    ) {
        let Some(repository) = self.repos.get(&repo) else {
            return;
        };
        let known = before
            .cloned()
            .or_else(|| repository.tip(&repository.default_branch).ok());
        let mut commits = match (&known, after) {
            (Some(known), Some(after)) => repository.git.commits_ahead(known, after),
            (None, Some(after)) => repository.git.ancestry(after),
            (_, None) => Vec::new(),
        };
        commits.truncate(LISTED_COMMITS);
        let listed: Vec<Value> = commits
            .iter()
            .map(|commit| shape::push_commit(self, repository, commit))
            .collect();
        let head = after
            .and_then(|after| repository.git.commit(after))
            .map_or(Value::Null, |commit| {
                shape::push_commit(self, repository, commit)
            });
        let forced = match (before, after) {
            (Some(before), Some(after)) => !repository.git.is_ancestor(before, after),
            _ => false,
        };
        let text = |oid: Option<&Oid>| oid.map_or(NO_COMMIT, Oid::as_str).to_owned();
        let web = format!("{}/{}", self.hosts.web, self.full_name(repository));
        let body = json!({
            "ref": format!("refs/heads/{branch}"),
            "before": text(before),
            "after": text(after),
            "created": before.is_none(),
            "deleted": after.is_none(),
            "forced": forced,
            "base_ref": null,
            "compare": format!("{web}/compare/{}...{}", text(before), text(after)),
            "commits": listed,
            "head_commit": head,
            "pusher": {
                "name": self.login(by).unwrap_or("ghost"),
                "email": format!("{by}@users.noreply.github.com"),
            },
        });
        self.announce(repo, by, "push", body);
    }
}

/// Moves a pull request to its branch's new tip; gives the old head and the approvals this dismissed.
fn synchronize(
    repo: &mut Repository,
    number: u64,
    to: &Oid,
    by: AccountId,
    now: super::state::Time,
) -> Option<(Oid, Vec<Review>)> {
    let old_diff = fingerprint(repo, number)?;
    let base_branch = repo.pulls.get(&number)?.base_branch.clone();
    let base_tip = repo.git.branches.get(&base_branch).cloned();
    let pull = repo.pulls.get_mut(&number)?;
    let before = std::mem::replace(&mut pull.head, to.clone());
    pull.base = base_tip.unwrap_or_else(|| pull.base.clone());
    pull.pushed_by = by;
    pull.updated_at = now;
    let dismisses = repo
        .protections
        .get(&base_branch)
        .is_some_and(|rules| rules.dismiss_stale);
    let mut dismissed = Vec::new();
    if dismisses && fingerprint(repo, number)? != old_diff {
        let pull = repo.pulls.get_mut(&number)?;
        for review in &mut pull.reviews {
            if review.state == ReviewState::Approved {
                review.state = ReviewState::Dismissed;
                dismissed.push(review.clone());
            }
        }
    }
    Some((before, dismissed))
}

/// What a pull request changes, independent of the commits that do it.
fn fingerprint(repo: &Repository, number: u64) -> Option<Vec<(String, bool, String)>> {
    let pull = repo.pulls.get(&number)?;
    let entry = |change: git::FileChange| {
        (
            change.path,
            change.status == ChangeStatus::Removed,
            change.file.oid.to_string(),
        )
    };
    Some(pull_changes(repo, pull).into_iter().map(entry).collect())
}
