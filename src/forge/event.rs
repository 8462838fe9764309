//! Webhook deliveries as typed events.
//!
//! GitHub's payloads are large, vary by age and edition, and gain fields and actions at any time. So only what the bot
//! reads is named here, all of it optional on the wire, and whatever cannot be used becomes [`Event::Ignored`] with the
//! reason. Reading never fails and never panics; the bytes must have passed [`super::signature::verify`] before.

mod likeness;
mod reading;
mod wire;

pub use likeness::likely_event;

use crate::ids::{Actor, PullRequest, Repo, Sha};

/// How GitHub decides whether the App gets an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// Listed under `default_events` in the App's manifest.
    Manifest,
    /// Sent to every App unasked; a manifest that lists it is refused.
    Automatic,
}

/// Every event that [`read`] understands, as named in `X-GitHub-Event`. A test compares it with `app.yml`.
pub const HANDLED_EVENTS: &[(&str, Subscription)] = &[
    ("check_run", Subscription::Manifest),
    ("check_suite", Subscription::Manifest),
    ("installation", Subscription::Automatic),
    ("installation_repositories", Subscription::Automatic),
    ("issue_comment", Subscription::Manifest),
    ("merge_group", Subscription::Manifest),
    ("ping", Subscription::Automatic),
    ("pull_request", Subscription::Manifest),
    ("pull_request_review", Subscription::Manifest),
    ("pull_request_review_comment", Subscription::Manifest),
    ("push", Subscription::Manifest),
    ("repository", Subscription::Manifest),
];

/// What a delivery says.
///
/// An account that GitHub leaves out (deleted, or not told) is given as [`ghost`], which has no rights anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The webhook was set up or tested.
    Ping,
    /// `pull_request`.
    PullRequest(PullRequestEvent),
    /// `issue_comment` on a pull request, or `pull_request_review_comment`.
    Comment(CommentEvent),
    /// `pull_request_review`.
    Review(ReviewEvent),
    /// `check_run`, when somebody pressed something.
    CheckRun(CheckRunEvent),
    /// `check_suite`, when somebody asked for all checks again.
    CheckSuite(CheckSuiteEvent),
    /// `push` to a branch.
    Push(PushEvent),
    /// `merge_group` that waits for checks.
    MergeGroup(MergeGroupEvent),
    /// `installation` or `installation_repositories`.
    Installation(InstallationEvent),
    /// `repository`.
    Repository(RepositoryEvent),
    /// Nothing for us; why, in words for the delivery log.
    Ignored {
        /// One line.
        reason: String,
    },
}

/// A repository as an installation of the App sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Installation whose token reaches the repository.
    pub installation: u64,
    /// The repository that sent the event: for pull requests, the base.
    pub repo: Repo,
}

impl Place {
    /// A pull request of this repository.
    pub fn pull_request(&self, number: u64) -> PullRequest {
        PullRequest {
            installation: self.installation,
            repo: self.repo.clone(),
            number,
        }
    }
}

/// What happened to a pull request. Labels, assignments and the like are ignored before this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullRequestAction {
    /// New.
    Opened,
    /// Open again.
    Reopened,
    /// The head moved.
    Synchronize {
        /// Head before.
        before: Option<Sha>,
    },
    /// Title, body or base changed.
    Edited {
        /// Title before.
        title_before: Option<String>,
        /// Base branch before.
        base_before: Option<String>,
    },
    /// No draft any more.
    ReadyForReview,
    /// Back to draft.
    ConvertedToDraft,
    /// Closed or merged.
    Closed {
        /// Whether it was merged.
        merged: bool,
    },
}

/// A `pull_request` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestEvent {
    /// The pull request.
    pub pr: PullRequest,
    /// What happened.
    pub action: PullRequestAction,
    /// Who caused it.
    pub sender: Actor,
    /// Who opened the pull request.
    pub author: Actor,
    /// Head commit now.
    pub head: Sha,
    /// Base branch now, without `refs/heads/`.
    pub base_branch: String,
    /// Draft.
    pub draft: bool,
}

/// Created, edited or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommentAction {
    /// Written.
    Created,
    /// Changed.
    Edited {
        /// Text before; `None` when GitHub does not say (then the text itself did not change).
        before: Option<String>,
    },
    /// Gone.
    Deleted,
}

/// Where a comment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentKind {
    /// In the conversation.
    Conversation,
    /// On a line or file of the diff.
    Diff,
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentEvent {
    /// The pull request.
    pub pr: PullRequest,
    /// What happened.
    pub action: CommentAction,
    /// Where it stands; ids are unique per kind only.
    pub kind: CommentKind,
    /// Who caused the event: for an edit or deletion perhaps not the author.
    pub sender: Actor,
    /// Numeric id.
    pub id: u64,
    /// Who wrote it.
    pub author: Actor,
    /// Text now.
    pub body: String,
    /// RFC 3339 time of creation; empty when not told.
    pub created_at: String,
    /// Link; empty when not told.
    pub url: String,
    /// Numeric id of the App that wrote it, if an App did.
    pub via_app: Option<u64>,
}

/// What happened to a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewAction {
    /// Given.
    Submitted,
    /// Its body was changed.
    Edited {
        /// Body before.
        before: Option<String>,
    },
    /// Dismissed.
    Dismissed,
}

/// A `pull_request_review` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewEvent {
    /// The pull request.
    pub pr: PullRequest,
    /// What happened.
    pub action: ReviewAction,
    /// Who caused the event: for a dismissal perhaps not the reviewer.
    pub sender: Actor,
    /// Numeric id.
    pub id: u64,
    /// GraphQL id, by which reactions reach the review; `None`: not told.
    pub node_id: Option<String>,
    /// Reviewer.
    pub author: Actor,
    /// `approved`, `changes_requested`, `commented`, `dismissed`; lower case.
    pub state: String,
    /// Commit the review is on.
    pub commit: Sha,
    /// Body; may be empty.
    pub body: String,
    /// RFC 3339 time; empty when not told.
    pub submitted_at: String,
    /// Link; empty when not told.
    pub url: String,
}

/// What somebody pressed on a check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckRunAction {
    /// "Re-run".
    Rerequested,
    /// One of our buttons, by identifier.
    Button(String),
}

/// A `check_run` event caused by a person. The run may belong to another App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRunEvent {
    /// Where.
    pub place: Place,
    /// What was pressed.
    pub action: CheckRunAction,
    /// By whom.
    pub sender: Actor,
    /// Name of the run.
    pub name: String,
    /// Commit it is bound to.
    pub head: Sha,
    /// App that owns the run.
    pub app: Option<u64>,
    /// Open pull requests with that head in this repository; empty for forks: look them up by head.
    pub pulls: Vec<u64>,
}

/// A `check_suite` event caused by a person ("Re-run all checks").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSuiteEvent {
    /// Where.
    pub place: Place,
    /// By whom.
    pub sender: Actor,
    /// Commit.
    pub head: Sha,
    /// App that owns the suite.
    pub app: Option<u64>,
    /// Open pull requests with that head in this repository; empty for forks: look them up by head.
    pub pulls: Vec<u64>,
}

/// A `push` to a branch; tags are ignored before this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushEvent {
    /// Where.
    pub place: Place,
    /// Branch, without `refs/heads/`.
    pub branch: String,
    /// The branch is gone now.
    pub deleted: bool,
    /// Tip before.
    pub before: Option<Sha>,
    /// Tip now; `None` when deleted.
    pub after: Option<Sha>,
    /// The branch is new.
    pub created: bool,
    /// Whether it is the repository's default branch.
    pub is_default: bool,
    /// Paths that its commits add, change or remove; `None` where the payload does not tell all of them: a forced
    /// push takes commits away too, and long lists are cut.
    pub paths: Option<Vec<String>>,
    /// Who pushed.
    pub sender: Actor,
}

/// A `merge_group` that asks for checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeGroupEvent {
    /// Where.
    pub place: Place,
    /// Commit of the group.
    pub head: Sha,
    /// `gh-readonly-queue/main/pr-7-...`, without `refs/heads/`.
    pub head_branch: String,
    /// Base branch, without `refs/heads/`.
    pub base_branch: String,
}

/// What happened to an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallationAction {
    /// Installed, active again, permissions accepted, or repositories added: open pull requests need a look.
    Gained,
    /// Suspended: it comes back as it was, or not at all.
    Suspended,
    /// Removed, or repositories taken away: work for them ends.
    Lost,
}

/// An `installation` or `installation_repositories` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationEvent {
    /// Numeric id of the installation.
    pub installation: u64,
    /// What happened.
    pub action: InstallationAction,
    /// Repositories concerned; `None`: all of the installation (GitHub did not list them).
    pub repos: Option<Vec<Repo>>,
}

/// What happened to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryAction {
    /// New name or owner; the numeric id stays.
    Moved,
    /// Read-only now.
    Archived,
    /// Writable again.
    Unarchived,
    /// Gone.
    Deleted,
    /// Settings changed, the default branch perhaps.
    Edited,
}

/// A `repository` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryEvent {
    /// Where; the name is the new one.
    pub place: Place,
    /// What happened.
    pub action: RepositoryAction,
}

/// Reads a delivery: `name` is the `X-GitHub-Event` header, `body` the verified bytes.
pub fn read(name: &str, body: &[u8]) -> Event {
    reading::read(name, body).unwrap_or_else(|unusable| Event::Ignored {
        reason: unusable.to_string(),
    })
}

/// Whether a delivery of that name and action can be of use: our own check runs alone would make most of a log.
pub fn is_worth_asking_for(name: &str, action: Option<&str>) -> bool {
    let is_handled = HANDLED_EVENTS.iter().any(|(handled, _)| *handled == name);
    let is_pressed = matches!(action, Some("rerequested" | "requested_action"));
    let is_of_checks = matches!(name, "check_run" | "check_suite");
    is_handled && name != "ping" && (is_pressed || !is_of_checks)
}

/// The account GitHub shows in place of a deleted one (`github.com/ghost`, id 10137). As a machine account it has no
/// say anywhere.
pub fn ghost() -> Actor {
    Actor {
        id: 10_137,
        login: "ghost".to_owned(),
        kind: crate::ids::ActorKind::Bot,
    }
}
