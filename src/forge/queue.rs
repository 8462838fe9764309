//! Merge queues: what waits on a branch to be merged.
//!
//! Facts: <https://docs.github.com/graphql/reference/objects#mergequeueentry>.

use super::ForgeError;
use crate::ids::{PullRequest, Repo, Sha};
use async_trait::async_trait;

/// A pull request as its entry in a queue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedPull {
    /// Number within the repository.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Head commit now.
    pub head: Sha,
    /// Base branch name.
    pub base_branch: String,
    /// Neither closed nor merged.
    pub is_open: bool,
}

/// An entry of a merge queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueEntry {
    /// The pull request; `None`: not shown.
    pub pull: Option<QueuedPull>,
    /// Commit that merges it and everything ahead of it; `None`: not built yet.
    pub head: Option<Sha>,
    /// What that commit is built on: the one of the entry ahead, or the tip of the branch.
    pub base: Option<Sha>,
}

/// A merge queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeQueue {
    /// The repository with its current names.
    pub repo: Repo,
    /// Its default branch.
    pub default_branch: String,
    /// What waits, next first; none where the branch has no queue.
    pub entries: Vec<QueueEntry>,
}

/// Reading merge queues. It takes a token of its own, since it needs a permission that nothing else does.
#[async_trait]
pub trait MergeQueues: Send + Sync {
    /// The merge queue of a branch of the pull request's repository. One request for each hundred entries.
    async fn merge_queue(&self, pr: &PullRequest, branch: &str) -> Result<MergeQueue, ForgeError>;
}
