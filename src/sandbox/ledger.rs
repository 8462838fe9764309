//! What the App asked and what it changed, for assertions: effects one by one, requests counted by route.

use super::state::Time;
use serde_json::Value;
use std::collections::BTreeMap;

/// Kind of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectKind {
    /// A commit on a branch.
    Commit,
    /// A new check run.
    CheckCreated,
    /// A changed check run.
    CheckUpdated,
    /// A new conversation comment.
    CommentCreated,
    /// An edited conversation comment.
    CommentUpdated,
    /// A deleted conversation comment.
    CommentDeleted,
    /// A conversation comment folded away; one that was so already is no effect.
    CommentMinimized,
    /// A new review.
    ReviewCreated,
    /// A new reaction; repeating one is no effect.
    ReactionAdded,
    /// A review conversation resolved; one that was so already is no effect.
    ThreadResolved,
    /// A review conversation opened again.
    ThreadUnresolved,
}

impl EffectKind {
    /// Stable word for logs and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::CheckCreated => "check_created",
            Self::CheckUpdated => "check_updated",
            Self::CommentCreated => "comment_created",
            Self::CommentUpdated => "comment_updated",
            Self::CommentDeleted => "comment_deleted",
            Self::CommentMinimized => "comment_minimized",
            Self::ReviewCreated => "review_created",
            Self::ReactionAdded => "reaction_added",
            Self::ThreadResolved => "thread_resolved",
            Self::ThreadUnresolved => "thread_unresolved",
        }
    }
}

/// One write the App made.
#[derive(Debug, Clone)]
pub struct Effect {
    /// When.
    pub at: Time,
    /// `x-github-request-id` of the request that made it.
    pub request: String,
    /// What kind.
    pub kind: EffectKind,
    /// `owner/name`.
    pub repo: String,
    /// What was written to: a branch, a SHA, `#7`, a comment id.
    pub target: String,
    /// The data that matters: message, conclusion, body, content.
    pub data: Value,
}

/// One request the App made.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// `x-github-request-id` of the answer.
    pub id: String,
    /// When.
    pub at: Time,
    /// HTTP method.
    pub method: String,
    /// Route pattern as in GitHub's documentation, or the path where no route fits.
    pub route: String,
    /// Path and query as sent.
    pub path: String,
    /// Name of the GraphQL operation.
    pub operation: Option<String>,
    /// Status of the answer; 0 when the connection was cut instead.
    pub status: u16,
    /// Whether it came inside a rate-limit window that had been announced to its installation.
    pub inside_limit: bool,
    /// Installation whose token it came with; `None`: it came from the App itself, or from nobody known.
    pub installation: Option<u64>,
}

/// Effects and requests, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Writes of the App.
    pub effects: Vec<Effect>,
    /// Requests of the App.
    pub requests: Vec<RequestRecord>,
}

impl Ledger {
    /// Effects of one kind.
    pub fn of(&self, kind: EffectKind) -> Vec<&Effect> {
        self.effects
            .iter()
            .filter(|effect| effect.kind == kind)
            .collect()
    }

    /// Requests by `METHOD route`, GraphQL by `GRAPHQL operation`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in &self.requests {
            let key = match &request.operation {
                Some(operation) => format!("GRAPHQL {operation}"),
                None => format!("{} {}", request.method, request.route),
            };
            *counts.entry(key).or_insert(0) += 1;
        }
        counts
    }

    /// Requests sent although a rate limit had said to wait.
    pub fn inside_limits(&self) -> usize {
        self.requests
            .iter()
            .filter(|request| request.inside_limit)
            .count()
    }
}
