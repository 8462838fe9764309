//! What a job is made of: events as data, stored as JSON with the delivery.

use crate::ids::Repo;
use serde::{Deserialize, Serialize};

/// A GitHub account as stored with an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredActor {
    /// Numeric id.
    pub id: u64,
    /// Login at the time.
    pub login: String,
    /// Whether it is a person (`type: User`).
    pub person: bool,
}

/// Where a text with commands stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentPlace {
    /// The pull request's conversation.
    Conversation,
    /// A review comment on a line.
    ReviewComment,
    /// The body of a review.
    ReviewBody,
}

/// How a pull request came into view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// New.
    Opened,
    /// Open again.
    Reopened,
    /// No draft any more.
    ReadyForReview,
}

/// A repository as stored with an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRepo {
    /// Numeric id.
    pub id: u64,
    /// Owner at the time.
    pub owner: String,
    /// Name at the time.
    pub name: String,
}

impl From<Repo> for StoredRepo {
    fn from(repo: Repo) -> Self {
        Self {
            id: repo.id,
            owner: repo.owner,
            name: repo.name,
        }
    }
}

impl From<StoredRepo> for Repo {
    fn from(stored: StoredRepo) -> Self {
        Self {
            id: stored.id,
            owner: stored.owner,
            name: stored.name,
        }
    }
}

/// One thing that happened to a pull request, or has to be looked up first. Serialised into the store: add variants, never rename.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobEvent {
    /// Opened, reopened or ready for review: look at everything.
    Opened {
        /// Which of the three: each has its own switch in the configuration.
        opening: Opening,
        /// Who did it.
        actor: StoredActor,
    },
    /// The head moved.
    Pushed {
        /// New head.
        head: String,
        /// Head before, if told.
        before: Option<String>,
        /// Who pushed.
        actor: StoredActor,
    },
    /// Title or base changed, or the pull request became a draft.
    Edited,
    /// Closed or merged.
    Closed,
    /// A comment (or review body) was written or edited.
    Comment {
        /// Numeric id.
        id: u64,
        /// Where it stands.
        place: CommentPlace,
        /// Text now.
        body: String,
        /// Text before an edit; `None`: new.
        before: Option<String>,
        /// Its author.
        author: StoredActor,
        /// Who caused the event: for an edit perhaps somebody else.
        sender: StoredActor,
        /// RFC 3339 time it was created.
        created_at: String,
        /// Link.
        url: String,
    },
    /// A comment was deleted.
    CommentDeleted {
        /// Numeric id; unique for its place only.
        id: u64,
        /// Where it stood.
        place: CommentPlace,
        /// Its author.
        author: StoredActor,
        /// Who deleted it.
        sender: StoredActor,
    },
    /// A review was submitted, edited or dismissed.
    Review {
        /// Numeric id.
        id: u64,
        /// `approved`, `changes_requested`, `commented`, `dismissed`, lower case.
        state: String,
        /// Reviewer.
        author: StoredActor,
        /// Who caused the event.
        sender: StoredActor,
        /// Commit it was given on.
        commit: String,
        /// RFC 3339 time.
        submitted_at: String,
        /// Link.
        url: String,
        /// Its text, where it may hold commands; empty when it was dismissed.
        body: String,
        /// Text before an edit; `None`: not an edit.
        before: Option<String>,
        /// GraphQL id, for reactions.
        #[serde(default)]
        node: Option<String>,
    },
    /// Somebody voted, or took a vote back, in another pull request on a proposal that this one has too.
    VotedElsewhere {
        /// Number of that pull request.
        number: u64,
    },
    /// Another open pull request has or had the same head, and comes to something else now, or asks.
    Sibling {
        /// Number of that pull request.
        number: u64,
        /// It waits for what this one comes to.
        asks: bool,
    },
    /// Somebody pressed "Re-run" or a button.
    Rerequested {
        /// Who.
        actor: StoredActor,
        /// Button identifier, if it was one.
        button: Option<String>,
    },
    /// Somebody pressed "Re-run" or a button on a commit, and GitHub did not say of which one pull request: the head
    /// is in a fork, or in several of them.
    RerequestedOn {
        /// The commit.
        head: String,
        /// Who.
        actor: StoredActor,
        /// Button identifier, if it was one.
        button: Option<String>,
    },
    /// Nothing that anybody told us: a sweep found that the pull request is not as it was when it was last evaluated,
    /// or that this is long ago.
    LookAgain,
    /// Nothing that anybody told us: answers that are owed, and failed for a reason that passes, are asked for again.
    TryAgain,
    /// A merge queue waits for a check on a group. Stands under [`super::lookup::UNNUMBERED`].
    MergeGroup {
        /// Commit of the group.
        head: String,
        /// Its branch, which names the pull request it was made for; `None`: not told.
        #[serde(default)]
        head_branch: Option<String>,
        /// The branch it would be merged into.
        base_branch: String,
        /// How often it was looked at without finding out.
        #[serde(default)]
        looked: u32,
        /// Since when it is looked at, ms; `None`: since this event.
        #[serde(default)]
        since: Option<i64>,
    },
    /// A pull request into a branch with a merge queue is not green any more. Stands under
    /// [`super::lookup::UNNUMBERED`].
    LeftGreen {
        /// Its number.
        number: u64,
        /// Its base branch.
        base_branch: String,
    },
    /// Compare the open pull requests of the repository with the record. Stands under [`super::lookup::UNNUMBERED`].
    Survey {
        /// Only those into this base branch, and only if there are any by the record; `None`: all.
        base: Option<String>,
        /// Whether merge queues are looked at too, for groups that no event told of.
        #[serde(default)]
        queues: bool,
        /// The installation does not grant what the App needs: what waits for that goes on waiting.
        #[serde(default)]
        lacking: bool,
    },
    /// An installation is gone, or repositories of it: so is what waits for them. Stands under no repository at all.
    Left {
        /// Which.
        installation: u64,
        /// Only these of its repositories; `None`: all.
        repos: Option<Vec<StoredRepo>>,
    },
    /// Ask for the deliveries that were lost, and survey repositories. Stands under no repository at all.
    Sweep {
        /// Only this installation, and no deliveries; `None`: all.
        installation: Option<u64>,
        /// Only these of its repositories; `None`: all.
        repos: Option<Vec<StoredRepo>>,
    },
}
