//! The JSON of deliveries: as little of it as is read, every field optional, because old, new and Enterprise editions
//! differ and deleted accounts leave nulls behind.

use serde::Deserialize;

/// The union of what the handled events carry.
#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) action: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) deleted: Option<bool>,
    pub(super) created: Option<bool>,
    pub(super) forced: Option<bool>,
    pub(super) commits: Option<Vec<PushedCommit>>,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) changes: Option<Changes>,
    pub(super) installation: Option<Numbered>,
    pub(super) repository: Option<Repository>,
    pub(super) repositories: Option<Vec<Repository>>,
    pub(super) repositories_added: Option<Vec<Repository>>,
    pub(super) repositories_removed: Option<Vec<Repository>>,
    pub(super) sender: Option<Account>,
    pub(super) pull_request: Option<Pull>,
    pub(super) issue: Option<Issue>,
    pub(super) comment: Option<Comment>,
    pub(super) review: Option<Review>,
    pub(super) check_run: Option<Check>,
    pub(super) check_suite: Option<Check>,
    pub(super) requested_action: Option<RequestedAction>,
    pub(super) merge_group: Option<MergeGroup>,
}

#[derive(Deserialize)]
pub(super) struct Numbered {
    pub(super) id: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) id: Option<u64>,
    pub(super) login: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Repository {
    pub(super) id: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) full_name: Option<String>,
    pub(super) default_branch: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PushedCommit {
    pub(super) added: Option<Vec<String>>,
    pub(super) removed: Option<Vec<String>>,
    pub(super) modified: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Change {
    pub(super) from: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Changes {
    pub(super) title: Option<Change>,
    pub(super) body: Option<Change>,
    pub(super) base: Option<BaseChange>,
}

#[derive(Deserialize)]
pub(super) struct BaseChange {
    #[serde(rename = "ref")]
    pub(super) reference: Option<Change>,
}

#[derive(Deserialize)]
pub(super) struct Tip {
    pub(super) sha: Option<String>,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Pull {
    pub(super) number: Option<u64>,
    pub(super) user: Option<Account>,
    pub(super) head: Option<Tip>,
    pub(super) base: Option<Tip>,
    pub(super) draft: Option<bool>,
    pub(super) merged: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Issue {
    pub(super) number: Option<u64>,
    /// Present (an object with links) only when the issue is a pull request.
    pub(super) pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Comment {
    pub(super) id: Option<u64>,
    pub(super) user: Option<Account>,
    pub(super) body: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) performed_via_github_app: Option<Numbered>,
}

#[derive(Deserialize)]
pub(super) struct Review {
    pub(super) id: Option<u64>,
    pub(super) node_id: Option<String>,
    pub(super) user: Option<Account>,
    pub(super) state: Option<String>,
    pub(super) commit_id: Option<String>,
    pub(super) body: Option<String>,
    pub(super) submitted_at: Option<String>,
    pub(super) html_url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Check {
    pub(super) name: Option<String>,
    pub(super) head_sha: Option<String>,
    pub(super) app: Option<Numbered>,
    pub(super) pull_requests: Option<Vec<NumberedPull>>,
}

#[derive(Deserialize)]
pub(super) struct NumberedPull {
    pub(super) number: Option<u64>,
    pub(super) base: Option<BaseOfPull>,
}

#[derive(Deserialize)]
pub(super) struct BaseOfPull {
    pub(super) repo: Option<Numbered>,
}

#[derive(Deserialize)]
pub(super) struct RequestedAction {
    pub(super) identifier: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct MergeGroup {
    pub(super) head_sha: Option<String>,
    pub(super) head_ref: Option<String>,
    pub(super) base_ref: Option<String>,
}
