//! Commits through `createCommitOnBranch`: one mutation that writes only if the branch still points where we think.
//! GitHub signs the commit as the App's; naming an author would lose that.

use super::super::{CommitRequest, ForgeError};
use super::GitHub;
use super::snapshot::sha;
use crate::ids::{PullRequest, Sha};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

const MUTATION: &str = include_str!("commit.graphql");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    create_commit_on_branch: Option<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    oid: String,
}

impl GitHub {
    pub(super) async fn write_commit(
        &self,
        pr: &PullRequest,
        request: &CommitRequest,
    ) -> Result<Sha, ForgeError> {
        let additions: Vec<_> = request
            .files
            .iter()
            .map(|(path, content)| {
                serde_json::json!({ "path": path, "contents": STANDARD.encode(content) })
            })
            .collect();
        let input = serde_json::json!({
            "branch": {
                "repositoryNameWithOwner": pr.repo.to_string(),
                "branchName": request.branch,
            },
            "message": { "headline": request.headline, "body": request.body },
            "expectedHeadOid": request.expected_head.as_str(),
            "fileChanges": { "additions": additions },
        });
        let variables = serde_json::json!({ "input": input });
        let data: Data = self.graphql(pr, MUTATION, variables, |_| false).await?;
        let commit = data
            .create_commit_on_branch
            .and_then(|payload| payload.commit);
        let commit = commit.ok_or_else(|| {
            ForgeError::Unavailable("GraphQL: the commit's id is not in the answer".to_owned())
        })?;
        sha(&commit.oid)
    }
}
