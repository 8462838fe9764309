//! Merge queues.

use super::super::hub::Hub;
use super::super::queue::{MergeQueueRules, QueueEntry};
use super::super::state::Refused;
use super::pulls::actor;

impl Hub {
    /// Gives a branch a merge queue, beside the rules it has, or takes it away.
    pub fn set_merge_queue(
        &self,
        repo: &str,
        branch: &str,
        rules: Option<MergeQueueRules>,
    ) -> Result<(), Refused> {
        let known = self.look(|world| {
            let found = world.repo(world.repo_id(repo)?)?;
            Ok(found.protections.get(branch).cloned())
        })?;
        let mut protection = known.unwrap_or_default();
        protection.merge_queue = rules;
        self.protect(repo, branch, protection)
    }

    /// Presses "Merge when ready" on a pull request that is.
    pub fn enqueue(&self, login: &str, repo: &str, number: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.enqueue_pull(id, number, by)
        })
    }

    /// Presses "Remove from queue".
    pub fn dequeue(&self, login: &str, repo: &str, number: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (_, id) = actor(world, login, repo)?;
            world.dequeue_pull(id, number)
        })
    }

    /// Entries of a branch's queue, next first; none if there is no such branch.
    pub fn merge_queue(&self, repo: &str, branch: &str) -> Vec<QueueEntry> {
        self.look(|world| {
            let found = world.repo_id(repo).and_then(|id| world.repo(id));
            found.map_or_else(|_| Vec::new(), |repo| repo.queue(branch).to_vec())
        })
    }
}
