//! Who there is: accounts and their roles, Apps, installations and their tokens.

use super::state::{AccountId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Kind of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// A person.
    User,
    /// An organization.
    Organization,
    /// The machine account of an App.
    Bot,
}

impl AccountKind {
    /// GitHub's `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Organization => "Organization",
            Self::Bot => "Bot",
        }
    }
}

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// Login, `slug[bot]` for bots.
    pub login: String,
    /// Kind.
    pub kind: AccountKind,
}

/// Level of one App permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

impl Access {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads GitHub's word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// App permissions by GitHub's names (`pull_requests`, `checks`, ...).
pub type Permissions = BTreeMap<String, Access>;

/// A GitHub App: ours, or a foreign one that posts checks.
#[derive(Debug, Clone)]
pub struct App {
    /// Numeric id.
    pub id: u64,
    /// Name in URLs; its bot is `slug[bot]`.
    pub slug: String,
    /// Display name.
    pub name: String,
    /// Account that owns the App.
    pub owner: AccountId,
    /// Its machine account.
    pub bot: AccountId,
    /// Permissions it asks for.
    pub permissions: Permissions,
    /// Events it subscribes to.
    pub events: BTreeSet<String>,
    /// Public half of its key, PEM; `None` for foreign Apps, which never call us.
    pub public_key: Option<String>,
    /// Creation.
    pub created_at: Time,
}

/// Our App on one account.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Numeric id.
    pub id: u64,
    /// Account it is installed on.
    pub account: AccountId,
    /// Permissions granted, perhaps fewer than the App asks for.
    pub permissions: Permissions,
    /// `None`: all repositories of the account.
    pub selected: Option<BTreeSet<u64>>,
    /// Since when it is suspended.
    pub suspended_at: Option<Time>,
    /// Creation.
    pub created_at: Time,
}

/// An installation token.
#[derive(Debug, Clone)]
pub struct Token {
    /// Installation it was made for.
    pub installation: u64,
    /// Repositories it is narrowed to.
    pub repositories: Option<BTreeSet<u64>>,
    /// Permissions it carries.
    pub permissions: Permissions,
    /// End of its hour.
    pub expires_at: Time,
}

/// What a new App is made of.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// Numeric id.
    pub id: u64,
    /// Name in URLs.
    pub slug: String,
    /// Login of the owner.
    pub owner: String,
    /// Permissions it asks for.
    pub permissions: Permissions,
    /// Events it subscribes to.
    pub events: BTreeSet<String>,
    /// Public key, PEM.
    pub public_key: Option<String>,
}

/// Role of a collaborator, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See and comment.
    Read,
    /// Manage issues and pull requests.
    Triage,
    /// Push.
    Write,
    /// Manage the repository short of its dangerous settings.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    /// GitHub's `role_name`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// Reads GitHub's word.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Read,
            Self::Triage,
            Self::Write,
            Self::Maintain,
            Self::Admin,
        ]
        .into_iter()
        .find(|role| role.as_str() == text)
    }

    /// The older `permission` word, into which GitHub folds triage and maintain.
    pub fn folded(self) -> &'static str {
        match self {
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
        }
    }
}
