//! Comments, reactions, and which pull requests a commit belongs to.

use super::super::{ForgeError, OwnComment, PrState, Reaction, ReactionTarget};
use super::limits::Lane;
use super::transport::Request;
use super::{GitHub, repo_route};
use crate::ids::{PullRequest, Sha};
use serde::Deserialize;
use serde_json::{Value, json};

const MINIMIZE: &str = include_str!("minimize.graphql");

/// Pages of comments that are searched for our own: it is among the first, as it is written when the App first looks.
const MAX_COMMENT_PAGES: usize = 30;
/// Pages of open pull requests that are searched for a head.
const MAX_PULL_PAGES: usize = 10;

#[derive(Deserialize)]
struct Created {
    id: u64,
    #[serde(default)]
    node_id: String,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    node_id: String,
    body: Option<String>,
    user: Option<Author>,
    performed_via_github_app: Option<Numbered>,
}

#[derive(Deserialize)]
pub(super) struct Author {
    login: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    state: String,
    head: Tip,
    base: Tip,
}

#[derive(Deserialize)]
struct StateNow {
    state: String,
    #[serde(default)]
    merged: bool,
}

#[derive(Deserialize)]
struct Tip {
    sha: String,
    repo: Option<Numbered>,
}

impl GitHub {
    pub(super) async fn write_comment(
        &self,
        pr: &PullRequest,
        body: &str,
    ) -> Result<OwnComment, ForgeError> {
        let route = repo_route(&pr.repo, &["issues", &pr.number.to_string(), "comments"]);
        let request = Request::post(route, json!({ "body": body }));
        let created: Created = self.json_as_granted(pr, &request).await?;
        Ok(OwnComment {
            id: created.id,
            node: created.node_id,
        })
    }

    pub(super) async fn rewrite_comment(
        &self,
        pr: &PullRequest,
        id: u64,
        body: &str,
    ) -> Result<(), ForgeError> {
        let route = repo_route(&pr.repo, &["issues", "comments", &id.to_string()]);
        let request = Request::patch(route, json!({ "body": body }));
        self.call_as_granted(pr, &request).await.map(|_| ())
    }

    /// GitHub lets an App fold away what it wrote itself, as far as its rights go.
    pub(super) async fn write_minimized(
        &self,
        pr: &PullRequest,
        comment: &str,
    ) -> Result<(), ForgeError> {
        let variables = json!({ "comment": comment });
        let _: Value = self.graphql(pr, MINIMIZE, variables, |_| false).await?;
        Ok(())
    }

    pub(super) async fn add_reaction(
        &self,
        pr: &PullRequest,
        target: ReactionTarget,
        reaction: Reaction,
    ) -> Result<(), ForgeError> {
        let (place, id) = match target {
            ReactionTarget::IssueComment(id) => ("issues", id),
            ReactionTarget::ReviewComment(id) => ("pulls", id),
            ReactionTarget::Review(node) => {
                return self.add_reaction_by_node(pr, &node, reaction).await;
            }
        };
        let id = id.to_string();
        let route = repo_route(&pr.repo, &[place, "comments", &id, "reactions"]);
        let body = json!({ "content": reaction.as_str() });
        let request = Request::post(route, body).into_lane(Lane::Courtesy);
        self.call(pr, &request).await.map(|_| ())
    }

    pub(super) async fn find_own_comment(
        &self,
        pr: &PullRequest,
        marker: &str,
    ) -> Result<Option<OwnComment>, ForgeError> {
        let route = repo_route(&pr.repo, &["issues", &pr.number.to_string(), "comments"]);
        let comments: Vec<Comment> = self.pages(pr, &route, MAX_COMMENT_PAGES).await?;
        for comment in comments {
            let marked = comment
                .body
                .as_deref()
                .is_some_and(|body| body.starts_with(marker));
            if marked && self.is_own(&comment).await? {
                return Ok(Some(OwnComment {
                    id: comment.id,
                    node: comment.node_id,
                }));
            }
        }
        Ok(None)
    }

    /// Anybody can type our marker, so the author decides: the App's id, or where GitHub does not tell it, the App's
    /// own machine account.
    async fn is_own(&self, comment: &Comment) -> Result<bool, ForgeError> {
        if let Some(app) = &comment.performed_via_github_app {
            return Ok(app.id == self.auth.app_id());
        }
        self.is_own_account(comment.user.as_ref()).await
    }

    /// Whether an author is the App's own machine account.
    pub(super) async fn is_own_account(&self, author: Option<&Author>) -> Result<bool, ForgeError> {
        let bot = author.filter(|user| user.kind.as_deref() == Some("Bot"));
        match bot.and_then(|user| user.login.strip_suffix("[bot]")) {
            Some(slug) => Ok(slug == self.auth.slug(&self.transport).await?),
            None => Ok(false),
        }
    }

    pub(super) async fn read_state(&self, pr: &PullRequest) -> Result<PrState, ForgeError> {
        let route = repo_route(&pr.repo, &["pulls", &pr.number.to_string()]);
        let now: StateNow = self.json(pr, &Request::get(route)).await?;
        Ok(match (now.state.as_str(), now.merged) {
            ("open", _) => PrState::Open,
            (_, true) => PrState::Merged,
            (_, false) => PrState::Closed,
        })
    }

    /// GitHub links commits to pull requests with some delay, and not at all for forks: where it knows none, the open
    /// ones are searched, most recently touched first.
    pub(super) async fn find_pulls_with_head(
        &self,
        pr: &PullRequest,
        head: &Sha,
    ) -> Result<Vec<u64>, ForgeError> {
        let linked = repo_route(&pr.repo, &["commits", head.as_str(), "pulls"]);
        let found = match self.pages(pr, &linked, 1).await {
            Ok(pulls) => headed_by(pulls, pr, head),
            Err(ForgeError::NotFound(_) | ForgeError::Refused(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        if !found.is_empty() {
            return Ok(found);
        }
        let open = repo_route(&pr.repo, &["pulls"]) + "?state=open&sort=updated&direction=desc";
        let pulls = self.pages(pr, &open, MAX_PULL_PAGES).await?;
        Ok(headed_by(pulls, pr, head))
    }
}

fn headed_by(pulls: Vec<Pull>, pr: &PullRequest, head: &Sha) -> Vec<u64> {
    let here = |pull: &Pull| {
        let base = pull.base.repo.as_ref();
        base.is_none_or(|repo| repo.id == pr.repo.id)
    };
    pulls
        .into_iter()
        .filter(|pull| pull.state == "open" && pull.head.sha == head.as_str() && here(pull))
        .map(|pull| pull.number)
        .collect()
}
