//! Pull requests.

use super::super::accounts::Role;
use super::super::git::Oid;
use super::super::hub::Hub;
use super::super::merge::Mergeability;
use super::super::pulls::{NewPull, PullEdit};
use super::super::repository::Pull;
use super::super::state::{Refused, World};

/// The account and repository of an act on a pull request.
pub(super) fn actor(world: &World, login: &str, repo: &str) -> Result<(u64, u64), Refused> {
    let (by, id) = (world.person(login)?, world.repo_id(repo)?);
    let found = world.repo(id)?;
    if found.private && world.role(found, by).is_none() {
        return Err(Refused(format!("{login} does not see {repo}")));
    }
    Ok((by, id))
}

/// Like [`actor`], for what only the author or somebody with triage may do.
fn manager(world: &World, login: &str, repo: &str, number: u64) -> Result<(u64, u64), Refused> {
    let (by, id) = actor(world, login, repo)?;
    let found = world.repo(id)?;
    if found.pull(number)?.author != by && world.role(found, by) < Some(Role::Triage) {
        return Err(Refused(format!("{login} may not manage #{number}")));
    }
    Ok((by, id))
}

impl Hub {
    /// Opens a pull request; gives its number.
    pub fn open_pr(&self, login: &str, repo: &str, new: &NewPull) -> Result<u64, Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.open_pull(id, by, new)
        })
    }

    /// A pull request as it stands.
    pub fn pull(&self, repo: &str, number: u64) -> Result<Pull, Refused> {
        self.look(|world| world.repo(world.repo_id(repo)?)?.pull(number).cloned())
    }

    /// Numbers of the open pull requests; none if there is no such repository.
    pub fn open_pulls(&self, repo: &str) -> Vec<u64> {
        self.look(|world| {
            let found = world.repo_id(repo).and_then(|id| world.repo(id));
            let pulls = found.map(|repo| repo.pulls.values().filter(|pull| pull.open));
            pulls.map_or_else(
                |_| Vec::new(),
                |open| open.map(|pull| pull.number).collect(),
            )
        })
    }

    /// The merge box.
    pub fn mergeability(&self, repo: &str, number: u64) -> Result<Mergeability, Refused> {
        self.look(|world| world.mergeability(world.repo_id(repo)?, number))
    }

    /// Changes title, description or base.
    pub fn edit_pr(
        &self,
        login: &str,
        repo: &str,
        number: u64,
        edit: &PullEdit,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = manager(world, login, repo, number)?;
            world.edit_pull(id, number, by, edit)
        })
    }

    /// Takes the draft mark away.
    pub fn ready_for_review(&self, login: &str, repo: &str, number: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = manager(world, login, repo, number)?;
            world.set_draft(id, number, by, false)
        })
    }

    /// Marks as draft.
    pub fn convert_to_draft(&self, login: &str, repo: &str, number: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = manager(world, login, repo, number)?;
            world.set_draft(id, number, by, true)
        })
    }

    /// Locks or unlocks the conversation.
    pub fn set_locked(
        &self,
        login: &str,
        repo: &str,
        number: u64,
        locked: bool,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = manager(world, login, repo, number)?;
            world.repo_mut(id)?.pull_mut(number)?.locked = locked;
            let action = if locked { "locked" } else { "unlocked" };
            world.announce_pull(id, number, by, action, serde_json::json!({}));
            Ok(())
        })
    }

    /// Closes without merging.
    pub fn close(&self, login: &str, repo: &str, number: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = manager(world, login, repo, number)?;
            world.close_pull(id, number, by)
        })
    }

    /// Opens again.
    pub fn reopen(&self, login: &str, repo: &str, number: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = manager(world, login, repo, number)?;
            world.reopen_pull(id, number, by)
        })
    }

    /// Merges if the merge box allows it; gives the merge commit.
    pub fn merge(&self, login: &str, repo: &str, number: u64) -> Result<Oid, Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.merge_pull(id, number, by)
        })
    }
}
