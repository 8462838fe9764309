//! Branches that moved, came and went, told as GitHub would tell it: push, opened, synchronize, closed.

use super::super::accounts::{AccountKind, Role};
use super::super::git::{Landing, NotLanded, Oid};
use super::super::hub::Hub;
use super::super::pulls::NewPull;
use super::super::pushes::FileEdit;
use super::super::repository::{Merge, Protection, Pull, RequiredCheck};
use super::super::state::{AccountId, Refused, World};
use super::git::BOT_EMAIL;
use super::{LocalError, LocalRepository, OWNER, locked};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who there is besides the owner.
#[derive(Debug, Clone)]
pub struct People {
    /// The person at the terminal: makes every push and opens every pull request; has the right to write.
    pub author: String,
    /// A second person with the right to maintain, whose vote counts.
    pub reviewer: String,
}

impl LocalRepository {
    /// Shows the repository on the sandbox's GitHub, with the App installed and its check required on the base branch.
    /// No pull request is opened yet: that is for [`LocalRepository::look`], once somebody listens.
    ///
    /// # Errors
    /// If it cannot be read. Gives paths that cannot be shown, since they are not UTF-8.
    pub fn move_in(
        self: &Arc<Self>,
        hub: &Hub,
        people: &People,
        check: &str,
    ) -> Result<Vec<String>, LocalError> {
        let branches = self.branches()?;
        let email = self.person_email()?;
        let unshown = hub.act(|world| -> Result<_, LocalError> {
            world.skip_used_ids();
            let owner = world.ensure_account(OWNER, AccountKind::User);
            let author = world.ensure_account(&people.author, AccountKind::User);
            let reviewer = world.ensure_account(&people.reviewer, AccountKind::User);
            let (bot, app) = (world.own_bot(), world.own_app);
            let mut accounts = locked(&self.accounts);
            accounts.insert(BOT_EMAIL.to_owned(), bot);
            accounts.extend(email.map(|email| (email, author)));
            drop(accounts);
            let id = world.add_repository(owner, &self.name);
            let repo = world.repo_mut(id)?;
            repo.default_branch = self.base.clone();
            repo.collaborators.insert(author, Role::Write);
            repo.collaborators.insert(reviewer, Role::Maintain);
            repo.git.backing = Some(self.clone());
            let required = RequiredCheck {
                name: check.to_owned(),
                app: Some(app),
            };
            let rules = Protection {
                required_checks: vec![required],
                ..Protection::default()
            };
            repo.protections.insert(self.base.clone(), rules);
            let base = base_of(&branches, &self.base)?;
            let tips: Vec<Oid> = branches.values().cloned().collect();
            let unshown = self.take_in(&mut repo.git, base, &tips)?;
            repo.git.branches.insert(self.base.clone(), base.clone());
            Ok(unshown)
        })?;
        hub.install(OWNER)?;
        Ok(unshown)
    }

    /// Looks once at the branches and tells what changed; also whether commits that waited may be tried again.
    ///
    /// # Errors
    /// If the repository cannot be read at present.
    pub fn look(&self, hub: &Hub, people: &People) -> Result<(), LocalError> {
        if self.branches()? != *locked(&self.seen) {
            // The world is locked from reading the branches to telling of them, so that a commit of the App cannot
            // come between and be taken for a push.
            hub.act(|world| self.tell(world, &people.author))?;
        }
        for branch in self.unblocked()? {
            hub.act(|world| self.try_again(world, &branch, &people.author))?;
        }
        Ok(())
    }

    fn tell(&self, world: &mut World, author: &str) -> Result<(), LocalError> {
        let now = self.branches()?;
        let by = world.person(author)?;
        let id = world.repo_id(&self.full_name())?;
        let base = base_of(&now, &self.base)?.clone();
        let before = world.repo(id)?.git.branches.clone();
        let tips: Vec<Oid> = now.values().cloned().collect();
        self.take_in(&mut world.repo_mut(id)?.git, &base, &tips)?;
        for (branch, tip) in now.iter().filter(|(branch, _)| **branch != self.base) {
            world.move_branch(id, branch, tip, by)?;
        }
        world.move_branch(id, &self.base, &base, by)?;
        for branch in before.keys().filter(|branch| !now.contains_key(*branch)) {
            world.remove_branch(id, branch, by)?;
        }
        self.end_what_is_merged(world, id, before.get(&self.base), &base, by)?;
        for (branch, tip) in &now {
            self.open_if_ahead(world, id, branch, tip, &base, by)?;
        }
        *locked(&self.seen) = now;
        Ok(())
    }

    /// A pull request whose head the base now contains was merged; one whose branch was set back to what the base had
    /// anyway has nothing left to merge, and GitHub closes it.
    fn end_what_is_merged(
        &self,
        world: &mut World,
        id: u64,
        base_before: Option<&Oid>,
        base: &Oid,
        by: AccountId,
    ) -> Result<(), LocalError> {
        let repo = world.repo(id)?;
        let ended = |pull: &&Pull| pull.open && repo.git.is_ancestor(&pull.head, base);
        let ended: Vec<(u64, bool)> = repo
            .pulls
            .values()
            .filter(ended)
            .map(|pull| {
                let before = base_before.is_some_and(|old| repo.git.is_ancestor(&pull.head, old));
                (pull.number, !before)
            })
            .collect();
        for (number, merged) in ended {
            if merged {
                world.repo_mut(id)?.pull_mut(number)?.merged = Some(Merge {
                    by,
                    commit: base.clone(),
                });
            }
            world.close_pull(id, number, by)?;
        }
        Ok(())
    }

    fn open_if_ahead(
        &self,
        world: &mut World,
        id: u64,
        branch: &str,
        tip: &Oid,
        base: &Oid,
        by: AccountId,
    ) -> Result<(), LocalError> {
        let repo = world.repo(id)?;
        let known = repo.pulls.values().any(|pull| {
            let same = pull.head_branch == branch;
            same && (pull.open || pull.head == *tip)
        });
        // Histories without a common commit cannot be compared, and GitHub refuses such a pull request.
        let related = || repo.git.merge_base(base, tip).is_some();
        if branch == self.base || known || repo.git.is_ancestor(tip, base) || !related() {
            return Ok(());
        }
        let bot = world.own_bot();
        let ahead = repo.git.commits_ahead(base, tip);
        let newest = ahead
            .iter()
            .rev()
            .find(|commit| commit.author.account != Some(bot));
        let subject = newest.and_then(|commit| commit.message.lines().next());
        let title = subject
            .filter(|line| !line.trim().is_empty())
            .unwrap_or(branch);
        let new = NewPull {
            title: title.to_owned(),
            head: branch.to_owned(),
            ..NewPull::default()
        };
        let mut numbers = locked(&self.numbers);
        let first_free = numbers.values().max().map_or(1, |number| number + 1);
        let repo = world.repo_mut(id)?;
        let next = repo.next_number.max(first_free);
        // A number that another pull request has by now is not given twice.
        let before = numbers.get(branch);
        let before = before.filter(|number| !repo.pulls.contains_key(number));
        repo.next_number = before.copied().unwrap_or(next);
        let number = world.open_pull(id, by, &new)?;
        world.repo_mut(id)?.next_number = next.max(number + 1);
        numbers.insert(branch.to_owned(), number);
        Ok(())
    }

    /// Presses "Re-run" on the check of a branch whose commits waited.
    fn try_again(&self, world: &mut World, branch: &str, author: &str) -> Result<(), LocalError> {
        let by = world.person(author)?;
        let id = world.repo_id(&self.full_name())?;
        let (repo, own) = (world.repo(id)?, world.own_app);
        let heads = repo.pulls.values();
        let heads = heads.filter(|pull| pull.open && pull.head_branch == branch);
        let runs: Vec<u64> = heads
            .filter_map(|pull| {
                let runs = repo.check_runs.iter();
                let own = |run: &&super::super::CheckRun| run.app == own && run.head == pull.head;
                runs.filter(own).map(|run| run.id).next_back()
            })
            .collect();
        for run in runs {
            world.rerequest_check(id, run, by)?;
        }
        Ok(())
    }
}

fn base_of<'b>(branches: &'b BTreeMap<String, Oid>, base: &str) -> Result<&'b Oid, LocalError> {
    branches.get(base).ok_or_else(|| {
        LocalError::refused(
            format!("the base branch {base} is gone"),
            "bring it back, or start anew with --base BRANCH",
        )
    })
}

impl World {
    /// One commit of an account on a branch's tip, and the branch moved to it. In a repository that shows one on disk,
    /// both happen there.
    pub(in crate::sandbox) fn commit_to_branch(
        &mut self,
        repo: u64,
        branch: &str,
        tip: &Oid,
        edits: &[FileEdit],
        message: &str,
        by: AccountId,
    ) -> Result<Oid, NotCommitted> {
        let Some(backing) = self.repo(repo)?.git.backing.clone() else {
            let oid = self.build_commit(repo, Some(tip), edits, message, by)?;
            self.move_branch(repo, branch, &oid, by)?;
            return Ok(oid);
        };
        let mut files = Vec::new();
        for edit in edits {
            match edit {
                FileEdit::Write { path, content, .. } => {
                    files.push((path.as_str(), Some(content.as_slice())));
                }
                FileEdit::Delete(path) => files.push((path.as_str(), None)),
                FileEdit::Submodule { path, .. } | FileEdit::Rename { to: path, .. } => {
                    let why = format!("{path} is not written or removed as a file");
                    return Err(Refused(why).into());
                }
            }
        }
        if let Some((path, _)) = files
            .iter()
            .find(|(path, _)| !super::super::pushes::path_is_sane(path))
        {
            return Err(Refused(format!("git cannot hold the path {path:?}")).into());
        }
        let landing = Landing {
            branch,
            parent: tip,
            files,
            message,
        };
        let store = &mut self.repo_mut(repo)?.git;
        let oid = backing.land(store, &landing)?;
        self.move_branch(repo, branch, &oid, by)?;
        Ok(oid)
    }

    /// What could not be read of a repository on disk since the last call: an answer made of less than everything
    /// would be a lie.
    pub(in crate::sandbox) fn unreadable(&self) -> Option<String> {
        let backings = self.repos.values();
        let mut backings = backings.filter_map(|repo| repo.git.backing.as_ref());
        backings.find_map(|backing| backing.take_failure())
    }
}

/// Why the App's commit was not made.
pub(in crate::sandbox) enum NotCommitted {
    /// GitHub would refuse it.
    Refused(Refused),
    /// No rule of GitHub's: it cannot be written to the repository on disk at present.
    Waits(String),
}

impl From<Refused> for NotCommitted {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<NotLanded> for NotCommitted {
    fn from(why: NotLanded) -> Self {
        match why {
            NotLanded::Moved(words) => Self::Refused(Refused(words)),
            NotLanded::Waits(why) => Self::Waits(why),
        }
    }
}
