//! Reviews and the conversations their line comments open.

use super::super::{ForgeError, OwnThread, PostedReview, Reaction, ReviewRequest};
use super::conversation::Author;
use super::people::GraphActor;
use super::snapshot::Viewer;
use super::transport::Request;
use super::{GitHub, repo_route};
use crate::ids::PullRequest;
use serde::Deserialize;
use serde_json::{Value, json};

const THREADS: &str = include_str!("threads.graphql");
const RESOLVE: &str = include_str!("resolve.graphql");
const REACT: &str = include_str!("react.graphql");
/// Pages of reviews, and of conversations, that are searched for our own.
const MAX_PAGES: usize = 30;

#[derive(Deserialize)]
struct Posted {
    id: u64,
    html_url: String,
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    html_url: Option<String>,
    body: Option<String>,
    state: Option<String>,
    user: Option<Author>,
}

#[derive(Deserialize)]
struct Data {
    viewer: Option<Viewer>,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    pull_request: Option<Pull>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    review_threads: Threads,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Threads {
    page_info: PageInfo,
    nodes: Option<Vec<Option<Thread>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: String,
    is_resolved: bool,
    comments: Comments,
}

#[derive(Deserialize)]
struct Comments {
    nodes: Option<Vec<Option<Comment>>>,
}

#[derive(Deserialize)]
struct Comment {
    body: String,
    author: Option<GraphActor>,
}

impl GitHub {
    /// GitHub takes a review as a whole: with one line outside the diff it refuses all of it.
    pub(super) async fn write_review(
        &self,
        pr: &PullRequest,
        request: &ReviewRequest,
    ) -> Result<PostedReview, ForgeError> {
        let comments = request.comments.iter().map(|comment| {
            json!({
                "path": comment.path,
                "line": comment.line,
                "side": "RIGHT",
                "body": comment.body,
            })
        });
        let body = json!({
            "commit_id": request.commit.as_str(),
            "event": "COMMENT",
            "body": request.body,
            "comments": comments.collect::<Vec<_>>(),
        });
        let route = repo_route(&pr.repo, &["pulls", &pr.number.to_string(), "reviews"]);
        let posted: Posted = self.json(pr, &Request::post(route, body)).await?;
        Ok(PostedReview {
            id: posted.id,
            url: posted.html_url,
        })
    }

    /// Anybody can type our marker, so the author decides. A pending review is not posted yet.
    pub(super) async fn find_own_review(
        &self,
        pr: &PullRequest,
        marker: &str,
    ) -> Result<Option<PostedReview>, ForgeError> {
        let route = repo_route(&pr.repo, &["pulls", &pr.number.to_string(), "reviews"]);
        let reviews: Vec<Listed> = self.pages(pr, &route, MAX_PAGES).await?;
        for review in reviews {
            let marked = review
                .body
                .as_deref()
                .is_some_and(|body| is_marked(body, marker));
            let is_posted = review.state.as_deref() != Some("PENDING");
            if marked && is_posted && self.is_own_account(review.user.as_ref()).await? {
                return Ok(Some(PostedReview {
                    id: review.id,
                    url: review.html_url.unwrap_or_default(),
                }));
            }
        }
        Ok(None)
    }

    pub(super) async fn read_own_threads(
        &self,
        pr: &PullRequest,
    ) -> Result<Vec<OwnThread>, ForgeError> {
        let mut own = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let data = self.thread_page(pr, cursor.as_deref()).await?;
            let us = data.viewer.and_then(|viewer| viewer.database_id);
            let pull = data.repository.and_then(|found| found.pull_request);
            let page = pull
                .ok_or_else(|| ForgeError::NotFound(format!("{pr} is gone or not visible")))?
                .review_threads;
            for thread in page.nodes.into_iter().flatten().flatten() {
                if let Some(thread) = self.opened_by_us(thread, us).await? {
                    own.push(thread);
                }
            }
            cursor = page.page_info.end_cursor;
            if !page.page_info.has_next_page || cursor.is_none() {
                break;
            }
        }
        Ok(own)
    }

    async fn thread_page(&self, pr: &PullRequest, after: Option<&str>) -> Result<Data, ForgeError> {
        let variables = json!({
            "owner": pr.repo.owner,
            "name": pr.repo.name,
            "number": pr.number,
            "after": after,
        });
        self.graphql(pr, THREADS, variables, |_| false).await
    }

    /// The conversation if its first comment is by our own account: by its id, or where GitHub does not tell ours, by
    /// the App's name.
    async fn opened_by_us(
        &self,
        thread: Thread,
        us: Option<u64>,
    ) -> Result<Option<OwnThread>, ForgeError> {
        let first = thread.comments.nodes.into_iter().flatten().flatten().next();
        let Some(Comment {
            body,
            author: Some(author),
        }) = first
        else {
            return Ok(None);
        };
        let is_ours = match us {
            Some(us) => author.is_bot_with_id(us),
            None => author.is_bot_named(self.auth.slug(&self.transport).await?),
        };
        Ok(is_ours.then_some(OwnThread {
            id: thread.id,
            body,
            is_resolved: thread.is_resolved,
        }))
    }

    pub(super) async fn write_resolved(
        &self,
        pr: &PullRequest,
        thread: &str,
    ) -> Result<(), ForgeError> {
        let variables = json!({ "thread": thread });
        let _: Value = self.graphql(pr, RESOLVE, variables, |_| false).await?;
        Ok(())
    }

    /// A reaction by GraphQL id: the only way to react on a review's body.
    pub(super) async fn add_reaction_by_node(
        &self,
        pr: &PullRequest,
        subject: &str,
        reaction: Reaction,
    ) -> Result<(), ForgeError> {
        let content = reaction.as_str().to_ascii_uppercase();
        let variables = json!({ "subject": subject, "content": content });
        let _: Value = self.graphql(pr, REACT, variables, |_| false).await?;
        Ok(())
    }
}

/// Whether a text of ours begins with the marker, among others. Further down it may stand in what somebody else wrote.
fn is_marked(body: &str, marker: &str) -> bool {
    let leading = body.lines().map(str::trim_end);
    let mut leading = leading.take_while(|line| line.starts_with("<!--") && line.ends_with("-->"));
    leading.any(|line| line == marker)
}
