//! Pull requests: opening, editing, ending.

use super::accounts::Role;
use super::git::{CommitMeta, FileChange, Oid, Snapshot, changes_between, merged_text, object_id};
use super::repository::{Merge, Pull, Repository};
use super::state::{AccountId, Refused, World};
use serde_json::json;

/// Files a pull request changes: its head against the merge base with the base branch.
pub(super) fn pull_changes(repo: &Repository, pull: &Pull) -> Vec<FileChange> {
    changes_at(repo, pull, &pull.head)
}

/// Files a pull request changed when a commit was its head.
pub(super) fn changes_at(repo: &Repository, pull: &Pull, head: &Oid) -> Vec<FileChange> {
    let base_files = repo
        .git
        .merge_base(&pull.base, head)
        .map(|commit| commit.files.clone())
        .unwrap_or_default();
    let head_files = repo
        .git
        .commit(head)
        .map(|commit| commit.files.clone())
        .unwrap_or_default();
    changes_between(&repo.git, &base_files, &head_files)
}

/// What a person fills in to open a pull request.
#[derive(Debug, Clone, Default)]
pub struct NewPull {
    /// Title.
    pub title: String,
    /// Description.
    pub body: String,
    /// Head branch: `branch`, or `owner:branch` for a fork.
    pub head: String,
    /// Base branch; empty: the default branch.
    pub base: String,
    /// Open as a draft.
    pub draft: bool,
}

impl World {
    /// Opens a pull request by that account.
    pub(super) fn open_pull(
        &mut self,
        repo: u64,
        by: AccountId,
        new: &NewPull,
    ) -> Result<u64, Refused> {
        let (head_repo, head_branch) = self.head_of(repo, &new.head)?;
        let head = self.repo(head_repo)?.tip(&head_branch)?;
        self.bring(head_repo, repo, &head);
        let (id, now) = (self.large_id(), self.now());
        let repository = self.repo_mut(repo)?;
        if repository.archived {
            return Err(Refused::new("the repository is archived"));
        }
        let base_branch = match new.base.as_str() {
            "" => repository.default_branch.clone(),
            named => named.to_owned(),
        };
        let base = repository.tip(&base_branch)?;
        if repository.git.commits_ahead(&base, &head).is_empty() {
            return Err(Refused(format!(
                "No commits between {base_branch} and {head_branch}"
            )));
        }
        let twin = repository.pulls.values().find(|pull| {
            pull.open
                && pull.head_repo == Some(head_repo)
                && pull.head_branch == head_branch
                && pull.base_branch == base_branch
        });
        if let Some(twin) = twin {
            return Err(Refused(format!(
                "#{} is already open for {head_branch}",
                twin.number
            )));
        }
        let number = repository.next_number;
        repository.next_number += 1;
        repository.pulls.insert(
            number,
            Pull {
                id,
                number,
                title: new.title.clone(),
                body: (!new.body.is_empty()).then(|| new.body.clone()),
                author: by,
                open: true,
                draft: new.draft,
                locked: false,
                base_branch,
                base,
                head_repo: Some(head_repo),
                head_branch,
                head,
                pushed_by: by,
                merged: None,
                comments: Vec::new(),
                reviews: Vec::new(),
                review_comments: Vec::new(),
                created_at: now,
                updated_at: now,
                closed_at: None,
            },
        );
        self.announce_pull(repo, number, by, "opened", json!({}));
        Ok(number)
    }

    /// Resolves `branch` or `owner:branch` to a repository of the same network and a branch.
    fn head_of(&self, repo: u64, head: &str) -> Result<(u64, String), Refused> {
        let base = self.repo(repo)?;
        let Some((owner, branch)) = head.split_once(':') else {
            return Ok((repo, head.to_owned()));
        };
        let owner = self.person(owner)?;
        if owner == base.owner {
            return Ok((repo, branch.to_owned()));
        }
        self.repos
            .values()
            .find(|fork| fork.owner == owner && fork.fork_of == Some(repo))
            .map(|fork| (fork.id, branch.to_owned()))
            .ok_or_else(|| Refused(format!("{head}: that account has no fork of {}", base.name)))
    }

    /// Changes title, description or base branch.
    pub(super) fn edit_pull(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
        edit: &PullEdit,
    ) -> Result<(), Refused> {
        let now = self.now();
        let repository = self.repo_mut(repo)?;
        let new_base = match &edit.base {
            Some(branch) => Some((branch.clone(), repository.tip(branch)?)),
            None => None,
        };
        let pull = repository.pull_mut(number)?;
        let mut changes = json!({});
        if let Some(title) = &edit.title {
            changes["title"] = json!({"from": std::mem::replace(&mut pull.title, title.clone())});
        }
        if let Some(body) = &edit.body {
            changes["body"] = json!({"from": pull.body.replace(body.clone()).unwrap_or_default()});
        }
        if let Some((branch, tip)) = new_base {
            let old_branch = std::mem::replace(&mut pull.base_branch, branch);
            let old_base = std::mem::replace(&mut pull.base, tip);
            changes["base"] =
                json!({"ref": {"from": old_branch}, "sha": {"from": old_base.as_str()}});
        }
        pull.updated_at = now;
        self.announce_pull(repo, number, by, "edited", json!({"changes": changes}));
        Ok(())
    }

    /// Sets or clears the draft mark.
    pub(super) fn set_draft(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
        draft: bool,
    ) -> Result<(), Refused> {
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        if pull.draft == draft {
            return Ok(());
        }
        pull.draft = draft;
        let action = if draft {
            "converted_to_draft"
        } else {
            "ready_for_review"
        };
        self.announce_pull(repo, number, by, action, json!({}));
        Ok(())
    }

    /// Closes without merging.
    pub(super) fn close_pull(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
    ) -> Result<(), Refused> {
        let now = self.now();
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        if !pull.open {
            return Err(Refused(format!("#{number} is closed already")));
        }
        pull.open = false;
        pull.closed_at = Some(now);
        pull.updated_at = now;
        self.announce_pull(repo, number, by, "closed", json!({}));
        Ok(())
    }

    /// Opens a closed pull request again, at its branch's present tip.
    pub(super) fn reopen_pull(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
    ) -> Result<(), Refused> {
        let now = self.now();
        let pull = self.repo(repo)?.pull(number)?;
        if pull.open || pull.merged.is_some() {
            return Err(Refused(format!("#{number} cannot be reopened")));
        }
        let source = pull.head_repo.and_then(|id| self.repos.get(&id));
        let source = source.ok_or_else(|| Refused::new("the head repository was deleted"))?;
        let (from, tip) = (source.id, source.tip(&pull.head_branch)?);
        self.bring(from, repo, &tip);
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        pull.open = true;
        pull.head = tip;
        pull.pushed_by = by;
        pull.closed_at = None;
        pull.updated_at = now;
        self.announce_pull(repo, number, by, "reopened", json!({}));
        Ok(())
    }

    /// Merges if the rules allow it: a merge commit on the base branch, then `push` and `closed`.
    pub(super) fn merge_pull(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
    ) -> Result<Oid, Refused> {
        let repository = self.repo(repo)?;
        if self.role(repository, by) < Some(Role::Write) {
            return Err(Refused::new("merging needs write access"));
        }
        let decision = self.mergeability(repo, number)?;
        if !decision.allowed() {
            return Err(Refused(decision.reasons.join("; ")));
        }
        let pull = repository.pull(number)?.clone();
        if self.queue_rules(repo, &pull.base_branch).is_some() {
            return Err(Refused::new("Changes must be made through the merge queue"));
        }
        let tip = repository.tip(&pull.base_branch)?;
        let commit = self.merge_commit(repo, number, &tip, by)?;
        self.move_branch(repo, &pull.base_branch, &commit, by)?;
        self.end_merged(repo, number, &commit, by)?;
        Ok(commit)
    }

    /// Stores the commit that merges a pull request into another commit; no branch moves.
    pub(super) fn merge_commit(
        &mut self,
        repo: u64,
        number: u64,
        onto: &Oid,
        by: AccountId,
    ) -> Result<Oid, Refused> {
        let repository = self.repo(repo)?;
        let pull = repository.pull(number)?.clone();
        let merged = merged_files(repository, onto, &pull.head)?;
        let (ident, now) = (self.ident(by), self.now());
        let message = format!(
            "Merge pull request #{number} from {}\n\n{}",
            pull.head_branch, pull.title
        );
        let meta = CommitMeta {
            parents: vec![onto.clone(), pull.head.clone()],
            author: ident.clone(),
            committer: ident,
            at: now,
            message,
            verified: true,
        };
        let git = &mut self.repo_mut(repo)?.git;
        for text in &merged.texts {
            git.write_blob(text);
        }
        Ok(git.write_commit(merged.files, meta))
    }

    /// A pull request whose changes are on its base branch now.
    pub(super) fn end_merged(
        &mut self,
        repo: u64,
        number: u64,
        commit: &Oid,
        by: AccountId,
    ) -> Result<(), Refused> {
        let now = self.now();
        let merged = self.repo_mut(repo)?.pull_mut(number)?;
        merged.open = false;
        merged.closed_at = Some(now);
        merged.updated_at = now;
        merged.merged = Some(Merge {
            by,
            commit: commit.clone(),
        });
        self.announce_pull(repo, number, by, "closed", json!({}));
        Ok(())
    }
}

/// Fields of a pull request a person changes.
#[derive(Debug, Clone, Default)]
pub struct PullEdit {
    /// New title.
    pub title: Option<String>,
    /// New description.
    pub body: Option<String>,
    /// New base branch.
    pub base: Option<String>,
}

/// What a merge of two commits gives.
pub(super) struct Merged {
    /// All files.
    pub files: Snapshot,
    /// Contents that neither side has.
    pub texts: Vec<Vec<u8>>,
}

/// Three-way merge as git does it: by files, and by lines in a text that both sides changed.
pub(super) fn merged_files(repo: &Repository, base: &Oid, head: &Oid) -> Result<Merged, Refused> {
    let common = repo
        .git
        .merge_base(base, head)
        .map(|c| c.files.clone())
        .unwrap_or_default();
    let (ours, theirs) = (repo.files_at(base), repo.files_at(head));
    let mut merged = ours.clone();
    let mut texts = Vec::new();
    for path in common.keys().chain(theirs.keys()) {
        let (before, mine, other) = (common.get(path), ours.get(path), theirs.get(path));
        if other == before || other == mine {
            continue;
        }
        if mine != before {
            let text = merged_text(&repo.git, before, mine, other);
            let text = text.ok_or_else(|| Refused(format!("merge conflict in {path}")))?;
            let oid = object_id("blob", &text);
            if let Some(file) = merged.get_mut(path) {
                file.oid = oid;
            }
            texts.push(text);
            continue;
        }
        match other {
            Some(file) => merged.insert(path.clone(), file.clone()),
            None => merged.remove(path),
        };
    }
    Ok(Merged {
        files: merged,
        texts,
    })
}
