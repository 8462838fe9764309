//! A repository's records: pull requests, comments, reviews, checks, branch rules.

use super::accounts::Role;
use super::git::{GitStore, Oid};
use super::queue::{MergeQueueRules, QueueEntry};
use super::state::{AccountId, Refused, Time};
use serde_json::Value;
use std::collections::BTreeMap;

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Identity, survives renames.
    pub id: u64,
    /// Account that owns it.
    pub owner: AccountId,
    /// Present name.
    pub name: String,
    /// Full names it had before.
    pub former_names: Vec<String>,
    /// Hidden from strangers.
    pub private: bool,
    /// Read-only.
    pub archived: bool,
    /// Default branch.
    pub default_branch: String,
    /// Objects and branches.
    pub git: GitStore,
    /// Rules by branch.
    pub protections: BTreeMap<String, Protection>,
    /// Roles, the owner apart.
    pub collaborators: BTreeMap<AccountId, Role>,
    /// Pull requests by number.
    pub pulls: BTreeMap<u64, Pull>,
    /// Merge queues by base branch, next first.
    pub queues: BTreeMap<String, Vec<QueueEntry>>,
    /// Number the next pull request gets.
    pub next_number: u64,
    /// Repository it was forked from.
    pub fork_of: Option<u64>,
    /// Check runs, oldest first.
    pub check_runs: Vec<CheckRun>,
    /// Check suites, oldest first.
    pub check_suites: Vec<CheckSuite>,
    /// Commit statuses, oldest first.
    pub statuses: Vec<CommitStatus>,
    /// Reactions, oldest first.
    pub reactions: Vec<Reaction>,
    /// Creation.
    pub created_at: Time,
    /// Last push.
    pub pushed_at: Time,
}

/// How a branch's rules were set up, which decides what an App may read of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuleForm {
    /// A ruleset: everybody who sees the repository may read it.
    #[default]
    Ruleset,
    /// Classic branch protection: without `administration` only the parts of GraphQL's `refUpdateRule` are shown.
    Classic,
    /// Classic branch protection of which nothing at all is shown.
    Hidden,
}

/// Rules of one branch.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// Ruleset or classic protection.
    pub form: RuleForm,
    /// Id of the ruleset; given by the sandbox.
    pub id: u64,
    /// Checks that must pass on the head.
    pub required_checks: Vec<RequiredCheck>,
    /// Approving reviews needed from people who can write.
    pub approvals: usize,
    /// A push that changes the head dismisses approvals.
    pub dismiss_stale: bool,
    /// Every review conversation must be resolved.
    pub resolved_conversations: bool,
    /// The last push must be approved by somebody else than the pusher.
    pub last_push_approval: bool,
    /// If set, only these accounts may push.
    pub pushers: Option<Vec<AccountId>>,
    /// Changes come through pull requests only: nobody pushes directly.
    pub pull_requests_only: bool,
    /// Apps that may push whatever a ruleset says.
    pub bypass: Vec<u64>,
    /// Pull requests are merged by a queue only.
    pub merge_queue: Option<MergeQueueRules>,
}

/// A required check, perhaps pinned to one App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredCheck {
    /// Name of the check run or status context.
    pub name: String,
    /// Only this App's check runs count; `None`: any source.
    pub app: Option<u64>,
}

/// How a pull request ended.
#[derive(Debug, Clone)]
pub struct Merge {
    /// Who merged.
    pub by: AccountId,
    /// Merge commit on the base branch.
    pub commit: Oid,
}

/// A pull request.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Global id.
    pub id: u64,
    /// Number within the repository.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Description.
    pub body: Option<String>,
    /// Author.
    pub author: AccountId,
    /// Open or closed.
    pub open: bool,
    /// Draft.
    pub draft: bool,
    /// Conversation locked.
    pub locked: bool,
    /// Branch it merges into.
    pub base_branch: String,
    /// Tip of the base when the head was last moved: `base.sha`.
    pub base: Oid,
    /// Repository of the head branch; `None` once that is deleted.
    pub head_repo: Option<u64>,
    /// Head branch.
    pub head_branch: String,
    /// Head commit.
    pub head: Oid,
    /// Who moved the head last.
    pub pushed_by: AccountId,
    /// Set once merged.
    pub merged: Option<Merge>,
    /// Conversation comments.
    pub comments: Vec<Comment>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Comments on lines.
    pub review_comments: Vec<ReviewComment>,
    /// Creation.
    pub created_at: Time,
    /// Last change.
    pub updated_at: Time,
    /// Closing.
    pub closed_at: Option<Time>,
}

/// A conversation comment.
#[derive(Debug, Clone)]
pub struct Comment {
    /// Global id.
    pub id: u64,
    /// Author.
    pub author: AccountId,
    /// App it was written through.
    pub app: Option<u64>,
    /// Text.
    pub body: String,
    /// Creation.
    pub created_at: Time,
    /// Last edit.
    pub updated_at: Time,
    /// Reads show it only from then on (delayed visibility).
    pub visible_from: Time,
    /// Folded away, with the reason in GitHub's word: `outdated`.
    pub minimized: Option<String>,
}

/// State of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// Approves.
    Approved,
    /// Requests changes.
    ChangesRequested,
    /// Comments only.
    Commented,
    /// Dismissed by a person or a push.
    Dismissed,
}

impl ReviewState {
    /// GitHub's word in REST answers and GraphQL; webhooks use lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::ChangesRequested => "CHANGES_REQUESTED",
            Self::Commented => "COMMENTED",
            Self::Dismissed => "DISMISSED",
        }
    }

    /// From the `event` of a new review.
    pub fn from_event(event: &str) -> Option<Self> {
        match event {
            "APPROVE" => Some(Self::Approved),
            "REQUEST_CHANGES" => Some(Self::ChangesRequested),
            "COMMENT" => Some(Self::Commented),
            _ => None,
        }
    }
}

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// Global id.
    pub id: u64,
    /// Reviewer.
    pub author: AccountId,
    /// Text.
    pub body: String,
    /// State now.
    pub state: ReviewState,
    /// Head it was given on.
    pub commit: Oid,
    /// Submission.
    pub submitted_at: Time,
    /// Reads show it and its comments only from then on.
    pub visible_from: Time,
}

/// A comment on a line of the diff.
#[derive(Debug, Clone)]
pub struct ReviewComment {
    /// Global id.
    pub id: u64,
    /// Review it belongs to.
    pub review: u64,
    /// Author.
    pub author: AccountId,
    /// Text.
    pub body: String,
    /// File.
    pub path: String,
    /// Line of the new side at that commit; `None`: on the whole file.
    pub line: Option<u64>,
    /// Head it was given on.
    pub commit: Oid,
    /// The comment that opened the conversation, if this one answers in it.
    pub in_reply_to: Option<u64>,
    /// Conversation resolved; kept at the comment that opened it.
    pub resolved: bool,
    /// Who resolved it.
    pub resolved_by: Option<AccountId>,
    /// Creation.
    pub created_at: Time,
    /// Last edit.
    pub updated_at: Time,
}

impl Pull {
    /// Comments on lines that reads show by now.
    pub fn seen_comments(&self, now: Time) -> impl Iterator<Item = &ReviewComment> {
        let hidden = move |id: u64| {
            let mut reviews = self.reviews.iter();
            reviews.any(|review| review.id == id && review.visible_from > now)
        };
        let comments = self.review_comments.iter();
        comments.filter(move |comment| !hidden(comment.review))
    }

    /// Comments that opened a conversation, oldest first.
    pub fn threads(&self) -> impl Iterator<Item = &ReviewComment> {
        let comments = self.review_comments.iter();
        comments.filter(|comment| comment.in_reply_to.is_none())
    }
}

/// What a reaction is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReactionTarget {
    /// Conversation comment.
    IssueComment(u64),
    /// Comment on a line.
    ReviewComment(u64),
    /// Body of a review.
    Review(u64),
}

/// A reaction.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// Global id.
    pub id: u64,
    /// On what.
    pub target: ReactionTarget,
    /// By whom.
    pub author: AccountId,
    /// `eyes`, `rocket`, ...
    pub content: String,
    /// When.
    pub created_at: Time,
}

/// A check run.
#[derive(Debug, Clone)]
pub struct CheckRun {
    /// Global id.
    pub id: u64,
    /// App that made it.
    pub app: u64,
    /// Suite it is in.
    pub suite: u64,
    /// Name.
    pub name: String,
    /// Commit.
    pub head: Oid,
    /// The App's own id for it.
    pub external_id: String,
    /// Page with more.
    pub details_url: Option<String>,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// Conclusion once completed.
    pub conclusion: Option<String>,
    /// Start.
    pub started_at: Option<Time>,
    /// End.
    pub completed_at: Option<Time>,
    /// Title line.
    pub title: Option<String>,
    /// Markdown.
    pub summary: Option<String>,
    /// More Markdown.
    pub text: Option<String>,
    /// Annotations as posted, over all requests.
    pub annotations: Vec<Value>,
    /// Buttons as last posted.
    pub actions: Vec<Value>,
    /// Reads show it only from then on.
    pub visible_from: Time,
}

/// The runs of one App on one commit.
#[derive(Debug, Clone)]
pub struct CheckSuite {
    /// Global id.
    pub id: u64,
    /// App.
    pub app: u64,
    /// Commit.
    pub head: Oid,
    /// Branch that had it as tip.
    pub branch: Option<String>,
    /// Tip before the push.
    pub before: Option<Oid>,
    /// Creation.
    pub created_at: Time,
}

/// A commit status: what anybody with write can post under any name.
#[derive(Debug, Clone)]
pub struct CommitStatus {
    /// Context, compared with names of required checks.
    pub context: String,
    /// `success`, `failure`, `pending`, `error`.
    pub state: String,
    /// Commit.
    pub head: Oid,
}

impl Repository {
    /// A pull request, or a refusal.
    pub fn pull(&self, number: u64) -> Result<&Pull, Refused> {
        self.pulls
            .get(&number)
            .ok_or_else(|| Refused(format!("there is no pull request #{number}")))
    }

    /// A pull request for changing it, or a refusal.
    pub fn pull_mut(&mut self, number: u64) -> Result<&mut Pull, Refused> {
        self.pulls
            .get_mut(&number)
            .ok_or_else(|| Refused(format!("there is no pull request #{number}")))
    }

    /// Tip of a branch, or a refusal.
    pub fn tip(&self, branch: &str) -> Result<Oid, Refused> {
        self.git
            .branches
            .get(branch)
            .cloned()
            .ok_or_else(|| Refused(format!("there is no branch {branch}")))
    }

    /// The pull request and place of a conversation comment.
    pub fn find_comment(&self, id: u64) -> Option<(&Pull, &Comment)> {
        self.pulls.values().find_map(|pull| {
            pull.comments
                .iter()
                .find(|comment| comment.id == id)
                .map(|comment| (pull, comment))
        })
    }

    /// The pull request and place of a review comment.
    pub fn find_review_comment(&self, id: u64) -> Option<(&Pull, &ReviewComment)> {
        self.pulls.values().find_map(|pull| {
            pull.review_comments
                .iter()
                .find(|comment| comment.id == id)
                .map(|comment| (pull, comment))
        })
    }

    /// The pull request of a review, and it.
    pub fn find_review(&self, id: u64) -> Option<(&Pull, &Review)> {
        self.pulls.values().find_map(|pull| {
            let mut reviews = pull.reviews.iter();
            Some((pull, reviews.find(|review| review.id == id)?))
        })
    }

    /// Open pull requests with that head commit.
    pub fn open_with_head(&self, head: &Oid) -> impl Iterator<Item = &Pull> {
        self.pulls
            .values()
            .filter(move |pull| pull.open && pull.head == *head)
    }
}
