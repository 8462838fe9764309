//! Looking at how the App is set up on GitHub: the App itself, its webhook, its installations, and which checks the rules
//! of a branch require. What `discussions doctor` asks.

use super::ForgeError;
use crate::ids::{PullRequest, Repo};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};

/// What GitHub says to the App's own token.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// GitHub's clock minus this machine's, seconds, by the `Date` of its answer; `None`: no answer, or none with a date.
    pub skew: Option<i64>,
    /// The App. [`ForgeError::NotFound`]: no App has that id; [`ForgeError::Forbidden`]: the signature is not taken.
    pub app: Result<AppSeen, ForgeError>,
}

/// The App as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppSeen {
    /// Name for people.
    pub name: String,
    /// Web address of its page.
    pub page: String,
    /// Permissions that it asks for: name to `read`, `write` or `admin`.
    pub permissions: BTreeMap<String, String>,
    /// Events that it subscribes to; those that are sent to every App are not among them.
    pub events: BTreeSet<String>,
}

/// Where GitHub sends the App's events. Whether the webhook is active is not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hook {
    /// Address; `None`: not set.
    pub url: Option<String>,
    /// `json` or `form`.
    pub content_type: Option<String>,
    /// A secret is set; which one is not told.
    pub has_secret: bool,
    /// Certificates are not checked.
    pub is_insecure: bool,
}

/// A try to hand an event over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// `X-GitHub-Event`.
    pub event: String,
    /// HTTP status that came back; 0: none did.
    pub status_code: u16,
}

/// An installation of the App.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstallationSeen {
    /// Numeric id.
    pub id: u64,
    /// Login of the account it is on.
    pub account: String,
    /// Web address of its settings, where an owner of the account accepts permissions.
    pub settings: String,
    /// It is suspended.
    pub is_suspended: bool,
    /// Permissions that it grants: name to `read`, `write` or `admin`.
    pub permissions: BTreeMap<String, String>,
    /// It is for all repositories of the account, not for selected ones.
    pub is_for_all: bool,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositorySeen {
    /// Its id and current names.
    pub repo: Repo,
    /// Default branch.
    pub default_branch: String,
    /// Read-only.
    pub is_archived: bool,
    /// Web address.
    pub page: String,
}

/// A check that a branch's rules require.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredCheck {
    /// Name of the check run or status.
    pub name: String,
    /// The only App whose check counts; `None`: whoever posts one of that name.
    pub app: Option<u64>,
}

/// What the rules of a branch ask for before a merge: rulesets and classic protection together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BranchGate {
    /// Checks that are required; one that several rules name is here several times.
    pub required: Vec<RequiredCheck>,
    /// It is merged into through a queue only.
    pub has_queue: bool,
}

/// Reading what `doctor` looks at. Each is one request, but where it says otherwise, and one for a token.
#[async_trait]
pub trait Inspect: Send + Sync {
    /// Whether GitHub takes the App for what it says it is. Two requests where this machine's clock is wrong.
    async fn greet(&self) -> Greeting;
    /// The App's webhook; `None`: it has none.
    async fn hook(&self) -> Result<Option<Hook>, ForgeError>;
    /// The newest tries to hand an event over, newest first, at most 30.
    async fn attempts(&self) -> Result<Vec<Attempt>, ForgeError>;
    /// An installation with everything it grants; `None`: it is gone.
    async fn installation(&self, id: u64) -> Result<Option<InstallationSeen>, ForgeError>;
    /// A repository by its names, through an installation that reaches it.
    async fn repository(
        &self,
        installation: u64,
        owner: &str,
        name: &str,
    ) -> Result<RepositorySeen, ForgeError>;
    /// What is required of a branch, as far as the App may read it; `None`: there is no such branch. Only the repository
    /// of `pr` counts. Two requests, and one more for each further hundred rules.
    async fn branch_gate(
        &self,
        pr: &PullRequest,
        branch: &str,
    ) -> Result<Option<BranchGate>, ForgeError>;
}
