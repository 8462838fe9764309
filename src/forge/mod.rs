//! The forge port: what we read from and write to GitHub, in our own words.
//!
//! Reading and writing are two traits, so only `bot::apply` is handed the second; `overview`, `queue`, `inspect` read.

mod access;
mod check;
mod comment;
pub mod event;
pub mod github;
pub mod inspect;
pub mod overview;
pub mod queue;
pub mod signature;

use crate::ids::{Actor, PullRequest, Sha};
pub use access::{Blocked, Installed};
use async_trait::async_trait;
pub use check::{Annotation, AnnotationLevel, CheckButton, CheckRun, Conclusion, ExistingCheck};
pub use comment::{OwnComment, Reaction, ReactionTarget};
pub use overview::Overview;

/// Errors of the forge, classified by what the queue must do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ForgeError {
    /// The branch moved since it was read: nothing was written.
    #[error("the branch moved: {0}")]
    StaleHead(String),
    /// Gone or not visible to the App.
    #[error("not found: {0}")]
    NotFound(String),
    /// A permission, rule or suspension forbids it; retrying does not help.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// Somebody has to undo on GitHub what keeps the App away; then the same request works.
    #[error("{0}")]
    Blocked(Blocked),
    /// GitHub refuses the request as invalid; a bug of ours or a rule of theirs.
    #[error("refused: {0}")]
    Refused(String),
    /// Rate limited: for that many seconds nothing of the installation may be sent.
    #[error("rate limited, again in {retry_after} s: {message}")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
        /// What GitHub said.
        message: String,
    },
    /// Not sent, because much was written lately and its turn does not come soon. Nothing else has to wait for it.
    #[error("out of turn, again in {wait} s: {message}")]
    OutOfTurn {
        /// Seconds to wait.
        wait: u64,
        /// What was not sent.
        message: String,
    },
    /// Network, 5xx, unreadable answer: the effect of a write is unknown.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// A file as git has it at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileContent {
    /// Text or bytes, complete.
    Blob(Vec<u8>),
    /// Larger than 1 MB: not read but for its beginning, where GitHub shows it. Bytes of the whole.
    TooLarge(u64, Option<String>),
    /// A symlink, submodule or folder.
    NotAFile(&'static str),
}

/// A folder at a commit, with the files in it that can be definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Path from the top of the repository, without a slash at either end.
    pub path: String,
    /// What stands there.
    pub content: FolderContent,
}

/// What stands where a folder is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderContent {
    /// Nothing.
    Missing,
    /// A file, symlink or submodule.
    NotAFolder(&'static str),
    /// A folder: what lies directly in it under a name that ends with one of [`DEFINITION_ENDINGS`], by name.
    Files(Vec<(String, FileContent)>),
}

/// Endings of files that can hold a persona or a template; nothing else in a folder is read.
pub const DEFINITION_ENDINGS: [&str; 4] = [".md", ".mdc", ".yml", ".yaml"];

/// One path a pull request touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path at the head (or the removed path).
    pub path: String,
    /// Path before a rename.
    pub previous_path: Option<String>,
    /// Removed by this pull request.
    pub removed: bool,
    /// Added by this pull request.
    pub added: bool,
    /// Lines of the new side that the diff shows (first, last), ascending: only there can a review comment stand.
    /// Empty for binary files and for diffs that GitHub leaves out as too large.
    pub diff_lines: Vec<(u32, u32)>,
}

impl ChangedFile {
    /// Whether a line of the new side is part of the diff.
    pub fn shows(&self, line: u32) -> bool {
        let mut ranges = self.diff_lines.iter();
        ranges.any(|(first, last)| (*first..=*last).contains(&line))
    }
}

/// What the rules of a pull request's branches mean for writing to it, as far as the App may read them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BranchRules {
    /// Why the App cannot push to the head branch: "its branch may only be changed through pull requests".
    pub push_refused: Option<String>,
    /// What a push to the head branch undoes: "a push to it dismisses approvals".
    pub push_punished: Option<String>,
    /// Merging needs every review conversation to be resolved.
    pub conversations_must_be_resolved: bool,
    /// A push may cost approvals: rules say so, or protection does not show whether it does.
    pub approvals_may_fall: bool,
}

/// One comment of a review on a line of the diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineComment {
    /// Path at the head.
    pub path: String,
    /// Line of the new side, from 1; GitHub refuses lines outside the diff.
    pub line: u32,
    /// Markdown, at most 65,536 bytes (cut by the caller).
    pub body: String,
}

/// One review that neither approves nor requests changes (event COMMENT).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRequest {
    /// Commit it is about.
    pub commit: Sha,
    /// Markdown, at most 65,536 bytes (cut by the caller).
    pub body: String,
    /// Comments on lines; each opens a conversation.
    pub comments: Vec<LineComment>,
}

/// A review of ours as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedReview {
    /// Numeric id.
    pub id: u64,
    /// Web address.
    pub url: String,
}

/// A review conversation that our own comment opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnThread {
    /// GraphQL id, for resolving it.
    pub id: String,
    /// Text of the comment that opened it, with its hidden marker.
    pub body: String,
    /// Resolved by somebody.
    pub is_resolved: bool,
}

/// Open, closed or merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrState {
    /// Can be worked on.
    Open,
    /// Closed without merge.
    Closed,
    /// Merged.
    Merged,
}

/// A review as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Numeric id.
    pub id: u64,
    /// Reviewer; `None`: account deleted.
    pub author: Option<Actor>,
    /// APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING.
    pub state: String,
}

/// Another open pull request with the same head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// Number.
    pub number: u64,
    /// It has the same branch, so that it goes along with every commit to it; else only the same commit.
    pub same_branch: bool,
    /// Base branch name.
    pub base_branch: String,
    /// Author; `None`: account deleted.
    pub author: Option<Actor>,
}

/// Everything read about a pull request at one head, in as few requests as GitHub allows.
#[derive(Debug, Clone)]
pub struct PrSnapshot {
    /// Numeric id of the App's own account, by which it shows up as the sender of events; `None`: not told.
    pub own_account: Option<u64>,
    /// Login of that account, `SLUG[bot]`; `None`: not told.
    pub own_login: Option<String>,
    /// The pull request; names are current (renames followed).
    pub pr: PullRequest,
    /// Open, closed, merged.
    pub state: PrState,
    /// Draft.
    pub draft: bool,
    /// Conversation locked.
    pub locked: bool,
    /// Comments in the conversation; `None`: not told.
    pub comments: Option<u64>,
    /// Title.
    pub title: String,
    /// Author; `None`: account deleted.
    pub author: Option<Actor>,
    /// Head commit.
    pub head: Sha,
    /// Head branch name, without `refs/heads/`.
    pub head_branch: String,
    /// Whether the head is in another repository (or that is gone).
    pub from_fork: bool,
    /// Base branch name.
    pub base_branch: String,
    /// Tip of the base branch: configuration, personas and templates come from here.
    pub base: Sha,
    /// The repository's default branch.
    pub default_branch: String,
    /// Other open pull requests with the same head, of the 100 that were changed last.
    pub siblings: Vec<Sibling>,
    /// Reviews, oldest first, the last 100.
    pub reviews: Vec<Review>,
    /// `.github/discussions.yml` on the base, if there.
    pub config: Option<String>,
    /// The same on the default branch, where that is another one than the base.
    pub default_config: Option<String>,
    /// Persona folders of the base that were read: `.github/discussions/personas`, and what [`ForgeRead::folders`] gave
    /// for others that the configuration names.
    pub personas: Vec<Folder>,
    /// The base's template folder `.github/discussions/templates`.
    pub templates: Folder,
    /// Touched files, complete unless `files_truncated`.
    pub files: Vec<ChangedFile>,
    /// GitHub lists at most 3,000 files.
    pub files_truncated: bool,
    /// Why nothing can be judged or written here for now. What else is told may then be incomplete, the files above all.
    pub blocked: Option<Blocked>,
    /// Web address of the pull request.
    pub url: String,
}

/// Rights of an account on the repository, asked live. All false on any error or missing field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// Read.
    pub read: bool,
    /// Triage.
    pub triage: bool,
    /// Write (push).
    pub write: bool,
    /// Maintain.
    pub maintain: bool,
    /// Admin.
    pub admin: bool,
}

/// One commit that changes whole files on a branch.
#[derive(Debug, Clone)]
pub struct CommitRequest {
    /// Branch without `refs/heads/`.
    pub branch: String,
    /// The commit the branch must point to, else [`ForgeError::StaleHead`].
    pub expected_head: Sha,
    /// First line.
    pub headline: String,
    /// Rest of the message, trailers included.
    pub body: String,
    /// Path and whole new content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Reading. Nothing here changes anything on the forge.
#[async_trait]
pub trait ForgeRead: Overview + queue::MergeQueues {
    /// Everything about the pull request, files included. Two requests while it touches at most 100 files.
    async fn snapshot(&self, pr: &PullRequest) -> Result<PrSnapshot, ForgeError>;
    /// Whether it is open, closed or merged right now. One request.
    async fn state(&self, pr: &PullRequest) -> Result<PrState, ForgeError>;
    /// Several files at one commit in one request (or a few); same order, `None`: no such path.
    async fn files(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ForgeError>;
    /// Several folders at one commit in one request; same order.
    async fn folders(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Folder>, ForgeError>;
    /// Merge base of two commits.
    async fn merge_base(&self, pr: &PullRequest, base: &Sha, head: &Sha)
    -> Result<Sha, ForgeError>;
    /// Live rights of an account, asked by its login. None if the login belongs to another account by now.
    async fn rights(
        &self,
        pr: &PullRequest,
        account: u64,
        login: &str,
    ) -> Result<Rights, ForgeError>;
    /// Rights of all people but that account who may push. One request. `None`: the list is too long to tell.
    async fn other_writers(
        &self,
        pr: &PullRequest,
        account: u64,
    ) -> Result<Option<Vec<Rights>>, ForgeError>;
    /// Our own check runs of that name on a commit, newest first.
    async fn own_checks(
        &self,
        pr: &PullRequest,
        head: &Sha,
        name: &str,
    ) -> Result<Vec<ExistingCheck>, ForgeError>;
    /// Our own comment that contains the marker, the oldest one, if there is one.
    async fn own_comment(
        &self,
        pr: &PullRequest,
        marker: &str,
    ) -> Result<Option<OwnComment>, ForgeError>;
    /// Open pull requests whose head is that commit (for events that do not name one): numbers.
    async fn pulls_with_head(&self, pr: &PullRequest, head: &Sha) -> Result<Vec<u64>, ForgeError>;
    /// What the rules of both branches mean for a push. `head`: the head branch if it is in this repository. One
    /// request, and one more for each ruleset in the way, which the App may be allowed to bypass; what the App may not
    /// read counts as no rule.
    async fn branch_rules(
        &self,
        pr: &PullRequest,
        head: Option<&str>,
        base: &str,
    ) -> Result<BranchRules, ForgeError>;
    /// Whether somebody's approving review stands. One request.
    async fn is_approved(&self, pr: &PullRequest) -> Result<bool, ForgeError>;
    /// Our own review whose body begins with the marker, other such lines before it allowed, if there is one.
    async fn own_review(
        &self,
        pr: &PullRequest,
        marker: &str,
    ) -> Result<Option<PostedReview>, ForgeError>;
    /// Conversations that our own review comments opened.
    async fn own_threads(&self, pr: &PullRequest) -> Result<Vec<OwnThread>, ForgeError>;
}

/// Writing. Only `bot::apply` uses it, under a lease.
#[async_trait]
pub trait ForgeWrite: Send + Sync {
    /// One commit with compare-and-swap; gives the new head.
    async fn commit(&self, pr: &PullRequest, request: &CommitRequest) -> Result<Sha, ForgeError>;
    /// Creates a check run; gives its id. Annotations over 50 follow by update.
    async fn create_check(&self, pr: &PullRequest, check: &CheckRun) -> Result<u64, ForgeError>;
    /// Updates a run that is not completed.
    async fn update_check(
        &self,
        pr: &PullRequest,
        id: u64,
        check: &CheckRun,
    ) -> Result<(), ForgeError>;
    /// Posts a comment in the conversation.
    async fn comment(&self, pr: &PullRequest, body: &str) -> Result<OwnComment, ForgeError>;
    /// Replaces a comment's text.
    async fn edit_comment(&self, pr: &PullRequest, id: u64, body: &str) -> Result<(), ForgeError>;
    /// Folds a comment away as outdated, by its GraphQL id; one that is so already stays so.
    async fn minimize(&self, pr: &PullRequest, comment: &str) -> Result<(), ForgeError>;
    /// Posts one review with its line comments; all of it or nothing.
    async fn review(
        &self,
        pr: &PullRequest,
        request: &ReviewRequest,
    ) -> Result<PostedReview, ForgeError>;
    /// Resolves a review conversation, by its GraphQL id; one already resolved stays so.
    async fn resolve_thread(&self, pr: &PullRequest, thread: &str) -> Result<(), ForgeError>;
    /// Adds a reaction; adding it twice is the same as once.
    async fn react(
        &self,
        pr: &PullRequest,
        target: ReactionTarget,
        reaction: Reaction,
    ) -> Result<(), ForgeError>;
    /// Has an event delivered again; `attempt` is the id of an earlier attempt.
    async fn redeliver(&self, attempt: u64) -> Result<(), ForgeError>;
}
