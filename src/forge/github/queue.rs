//! Merge queues, which only GraphQL shows.

use super::super::ForgeError;
use super::super::queue::{MergeQueue, MergeQueues, QueueEntry, QueuedPull};
use super::GitHub;
use super::auth::Purpose;
use super::overview::PageInfo;
use super::snapshot::{Owner, missing, same_repository, sha};
use crate::ids::PullRequest;
use async_trait::async_trait;
use serde::Deserialize;

const QUERY: &str = include_str!("merge_queue.graphql");
/// Pages that are read at most: 1,000 entries.
const MAX_PAGES: usize = 10;

#[derive(Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    database_id: Option<u64>,
    name: String,
    owner: Owner,
    default_branch_ref: Option<Named>,
    merge_queue: Option<Queue>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Queue {
    entries: Option<Page>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_info: PageInfo,
    nodes: Option<Vec<Option<Entry>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    head_commit: Option<Commit>,
    base_commit: Option<Commit>,
    pull_request: Option<Pull>,
}

#[derive(Deserialize)]
struct Commit {
    oid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    number: u64,
    title: String,
    state: String,
    head_ref_oid: String,
    base_ref_name: String,
}

impl Entry {
    fn read(self) -> Result<QueueEntry, ForgeError> {
        let commit = |found: Option<Commit>| found.map(|commit| sha(&commit.oid)).transpose();
        let pull = |pull: Pull| {
            Ok(QueuedPull {
                number: pull.number,
                title: pull.title,
                head: sha(&pull.head_ref_oid)?,
                base_branch: pull.base_ref_name,
                is_open: pull.state == "OPEN",
            })
        };
        Ok(QueueEntry {
            pull: self.pull_request.map(pull).transpose()?,
            head: commit(self.head_commit)?,
            base: commit(self.base_commit)?,
        })
    }
}

#[async_trait]
impl MergeQueues for GitHub {
    async fn merge_queue(&self, pr: &PullRequest, branch: &str) -> Result<MergeQueue, ForgeError> {
        let mut entries = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let variables = serde_json::json!({
                "owner": pr.repo.owner, "name": pr.repo.name, "branch": branch, "after": after,
            });
            let optional = |field: &str| field == "mergeQueue";
            let asked = self.graphql_for(Purpose::MergeQueue, pr, QUERY, variables, optional);
            let data: Data = asked.await?;
            let found = data
                .repository
                .ok_or_else(|| missing(&pr.repo.to_string()))?;
            let repo = same_repository(pr, found.database_id, found.owner.login, found.name)?;
            let page = found.merge_queue.and_then(|queue| queue.entries);
            after = None;
            if let Some(page) = page {
                let nodes = page.nodes.unwrap_or_default().into_iter().flatten();
                for entry in nodes {
                    entries.push(entry.read()?);
                }
                let info = page.page_info;
                after = info.end_cursor.filter(|_| info.has_next_page);
            }
            if after.is_none() {
                let default = found.default_branch_ref;
                return Ok(MergeQueue {
                    repo,
                    default_branch: default.map_or(String::new(), |branch| branch.name),
                    entries,
                });
            }
        }
        Err(ForgeError::Refused(format!(
            "the merge queue of {branch} has more entries than are read, {}",
            entries.len()
        )))
    }
}
