//! The objects a query walks over: references into the world, resolved field by field.

use super::super::accounts::AccountKind;
use super::super::git::{Oid, TreeItem};
use super::super::state::{AccountId, World};
use super::connection::Connection;
use super::rules;
use serde_json::Value;

/// A pull request's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PullPlace {
    /// Repository.
    pub repo: u64,
    /// Number.
    pub number: u64,
}

/// A branch's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BranchPlace {
    /// Repository.
    pub repo: u64,
    /// Branch.
    pub branch: String,
}

/// A git object's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectPlace {
    /// Repository.
    pub repo: u64,
    /// Id.
    pub oid: Oid,
}

/// An object of the graph.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Query,
    Mutation,
    RateLimit,
    Account(AccountId),
    /// Who asks: the schema has a `User` there, for an App's bot too.
    Viewer,
    Repository(u64),
    Ref {
        repo: u64,
        branch: String,
    },
    Pull(PullPlace),
    Review(PullPlace, u64),
    Comment(PullPlace, u64),
    /// By the comment that opened it.
    Thread(PullPlace, u64),
    ReviewComment(PullPlace, u64),
    Reaction {
        repo: u64,
        id: u64,
    },
    /// Classic protection of a branch.
    RefUpdateRule(BranchPlace),
    /// A rule of a branch's ruleset, by its place in the list.
    Rule(BranchPlace, usize),
    RuleParameters(BranchPlace, usize),
    Ruleset(BranchPlace),
    MergeQueue(BranchPlace),
    /// An entry of a branch's merge queue, by its id.
    QueueEntry(BranchPlace, u64),
    PullCommit(PullPlace, Oid),
    ChangedFile {
        path: String,
        change: &'static str,
        additions: usize,
        deletions: usize,
    },
    Commit(ObjectPlace),
    Tree(ObjectPlace),
    Blob(ObjectPlace),
    Entry {
        repo: u64,
        path: String,
        item: TreeItem,
    },
    Submodule {
        path: String,
        oid: Oid,
    },
    GitActor {
        place: ObjectPlace,
    },
    Connection(Connection),
    PageInfo(Connection),
    CommitPayload {
        place: ObjectPlace,
        branch: String,
        mutation_id: Value,
    },
    ThreadPayload {
        type_name: &'static str,
        thread: Box<Node>,
        mutation_id: Value,
    },
    MinimizePayload {
        place: PullPlace,
        id: u64,
        mutation_id: Value,
    },
    ReactionPayload {
        repo: u64,
        id: u64,
        mutation_id: Value,
    },
}

/// What a field gives.
pub(super) enum Out {
    Null,
    Scalar(Value),
    Node(Node),
    List(Vec<Node>),
}

impl Out {
    /// A node, or null.
    pub fn maybe(node: Option<Node>) -> Self {
        node.map_or(Self::Null, Self::Node)
    }
}

impl<T: Into<Value>> From<T> for Out {
    fn from(value: T) -> Self {
        match value.into() {
            Value::Null => Self::Null,
            value => Self::Scalar(value),
        }
    }
}

impl Node {
    /// GraphQL type.
    pub fn type_name(&self, world: &World) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::RateLimit => "RateLimit",
            Self::Account(id) => match world.accounts.get(id).map(|account| account.kind) {
                Some(AccountKind::Organization) => "Organization",
                Some(AccountKind::Bot) => "Bot",
                _ => "User",
            },
            Self::Viewer => "User",
            Self::Repository(_) => "Repository",
            Self::Ref { .. } => "Ref",
            Self::Pull(_) => "PullRequest",
            Self::Review(..) => "PullRequestReview",
            Self::Comment(..) => "IssueComment",
            Self::Thread(..) => "PullRequestReviewThread",
            Self::ReviewComment(..) => "PullRequestReviewComment",
            Self::Reaction { .. } => "Reaction",
            Self::RefUpdateRule(_) => "RefUpdateRule",
            Self::Rule(..) => "RepositoryRule",
            Self::RuleParameters(place, index) => rules::parameters_type(world, place, *index),
            Self::Ruleset(_) => "RepositoryRuleset",
            Self::MergeQueue(_) => "MergeQueue",
            Self::QueueEntry(..) => "MergeQueueEntry",
            Self::PullCommit(..) => "PullRequestCommit",
            Self::ChangedFile { .. } => "PullRequestChangedFile",
            Self::Commit(_) => "Commit",
            Self::Tree(_) => "Tree",
            Self::Blob(_) => "Blob",
            Self::Entry { .. } => "TreeEntry",
            Self::Submodule { .. } => "Submodule",
            Self::GitActor { .. } => "GitActor",
            Self::Connection(connection) => connection.type_name,
            Self::PageInfo(_) => "PageInfo",
            Self::CommitPayload { .. } => "CreateCommitOnBranchPayload",
            Self::ThreadPayload { type_name, .. } => type_name,
            Self::MinimizePayload { .. } => "MinimizeCommentPayload",
            Self::ReactionPayload { .. } => "AddReactionPayload",
        }
    }
}
