//! Looking over many things at once: installations, their repositories, open pull requests, a base branch, and the
//! deliveries that GitHub could not hand over. What a sweep asks.

use super::{Folder, ForgeError, Installed};
use crate::ids::{PullRequest, Repo, Sha};
use async_trait::async_trait;

/// An open pull request as a list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPull {
    /// Number within the repository.
    pub number: u64,
    /// Head commit.
    pub head: Sha,
    /// Base branch name.
    pub base_branch: String,
    /// Draft.
    pub draft: bool,
    /// Title.
    pub title: String,
}

/// The open pull requests of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPulls {
    /// The repository with its current names.
    pub repo: Repo,
    /// Its default branch.
    pub default_branch: String,
    /// All of them, or those into one base.
    pub pulls: Vec<ListedPull>,
}

/// The definitions on a branch, as [`super::PrSnapshot`] has them of a pull request's base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseFiles {
    /// Tip of the branch.
    pub tip: Sha,
    /// `.github/discussions.yml`, if there.
    pub config: Option<String>,
    /// The persona folder `.github/discussions/personas`; others are read by [`super::ForgeRead::folders`].
    pub personas: Vec<Folder>,
    /// The template folder `.github/discussions/templates`.
    pub templates: Folder,
}

/// A delivery that nobody took in, by GitHub's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedDelivery {
    /// Id of the attempt, by which it is asked for again.
    pub id: u64,
    /// `X-GitHub-Delivery`: the same for all attempts.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// `action` of its body, if it has one.
    pub action: Option<String>,
}

/// Reading what is not about one pull request. Where a pull request is asked for, only its repository counts.
#[async_trait]
pub trait Overview: Send + Sync {
    /// Installations of the App. One request for each hundred.
    async fn installations(&self) -> Result<Vec<Installed>, ForgeError>;
    /// Whether an installation is there. One request, for which no token is needed.
    async fn is_installed(&self, installation: u64) -> Result<bool, ForgeError>;
    /// The installation through which the App reaches the repository now; `None`: none. Former names will do. One
    /// request, for which no token is needed.
    async fn installation_of(&self, pr: &PullRequest) -> Result<Option<u64>, ForgeError>;
    /// Repositories of an installation that are not archived. One request for each hundred, and one for a token that
    /// may read nothing but names.
    async fn repositories(&self, installation: u64) -> Result<Vec<Repo>, ForgeError>;
    /// Open pull requests, into one base or all. One request for each hundred.
    async fn open_pulls(
        &self,
        pr: &PullRequest,
        base: Option<&str>,
    ) -> Result<OpenPulls, ForgeError>;
    /// The definitions on a branch; `None`: there is no such branch. One request.
    async fn base_files(
        &self,
        pr: &PullRequest,
        branch: &str,
    ) -> Result<Option<BaseFiles>, ForgeError>;
    /// Attempts that failed, of those GitHub still has (three days; Enterprise Server seven), newest first, at most
    /// 2,000. One request for each hundred.
    async fn failed_deliveries(&self) -> Result<Vec<FailedDelivery>, ForgeError>;
}
