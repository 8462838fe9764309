//! The world the sandbox keeps: accounts, the App and its installations, repositories and what hangs on them.
//!
//! Plain data and look-ups. What people and the App do to it is in `people`, `rest` and `graphql`.

use super::accounts::{Account, AccountKind, App, Installation, NewApp, Role, Token};
use super::exchanges::Exchanges;
use super::faults::Faults;
use super::git::GitStore;
use super::ledger::Ledger;
use super::repository::{Protection, Repository};
use super::webhook::Mailroom;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Numeric account id.
pub type AccountId = u64;
/// Moment in the sandbox's time.
pub type Time = DateTime<Utc>;

/// Why the sandbox refuses what a person wants to do, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    /// A refusal with that text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Where the three faces of the sandbox are reached.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// REST base, without a slash at the end.
    pub api: String,
    /// GraphQL endpoint.
    pub graphql: String,
    /// Web base, without a slash at the end.
    pub web: String,
    /// A GitHub Enterprise Server.
    pub enterprise: bool,
}

/// Everything.
#[derive(Debug)]
pub struct World {
    /// Base addresses.
    pub hosts: Hosts,
    /// Accounts by id.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Apps by id.
    pub apps: BTreeMap<u64, App>,
    /// Id of the App under test.
    pub own_app: u64,
    /// Installations of that App.
    pub installations: BTreeMap<u64, Installation>,
    /// Tokens handed out, by their text.
    pub tokens: HashMap<String, Token>,
    /// Repositories by id.
    pub repos: BTreeMap<u64, Repository>,
    /// Webhook target and deliveries.
    pub mail: Mailroom,
    /// Faults to inject.
    pub faults: Faults,
    /// Effects and requests so far.
    pub ledger: Ledger,
    pub(super) exchanges: Arc<Exchanges>,
    /// Requests an installation has per hour.
    pub hourly_limit: u64,
    /// Content writes an installation has per minute; `None`: not enforced.
    pub content_limit: Option<u64>,
    /// Files that are listed of a pull request: GitHub stops at 3,000.
    pub file_limit: usize,
    /// The hour being counted and the requests in it.
    pub(super) counted: (i64, u64),
    ids: Ids,
    offset: TimeDelta,
}

/// Two counters: ids that fit 32 bits on GitHub, and those that no longer do.
#[derive(Debug)]
struct Ids {
    small: u64,
    large: u64,
}

impl World {
    /// An empty world with our App in it.
    pub fn new(hosts: Hosts, app: NewApp) -> Self {
        let mut world = Self {
            hosts,
            accounts: BTreeMap::new(),
            apps: BTreeMap::new(),
            own_app: app.id,
            installations: BTreeMap::new(),
            tokens: HashMap::new(),
            repos: BTreeMap::new(),
            mail: Mailroom::default(),
            faults: Faults::default(),
            ledger: Ledger::default(),
            exchanges: Arc::default(),
            hourly_limit: 5_000,
            content_limit: None,
            file_limit: 3_000,
            counted: (0, 0),
            ids: Ids {
                small: 10_000,
                large: 4_300_000_000,
            },
            offset: TimeDelta::zero(),
        };
        world.add_app(app);
        world
    }

    /// The sandbox's time: the machine's, moved by [`World::advance`]; whole seconds, as GitHub shows it.
    pub fn now(&self) -> Time {
        let now = Utc::now() + self.offset;
        DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
    }

    /// The sandbox's time with fractions of a second.
    pub fn precise_now(&self) -> Time {
        Utc::now() + self.offset
    }

    /// Moves the clock forward.
    pub fn advance(&mut self, by: TimeDelta) {
        self.offset += by;
    }

    /// A fresh id for accounts, repositories, installations.
    pub fn small_id(&mut self) -> u64 {
        self.ids.small += 7;
        self.ids.small
    }

    /// A fresh id beyond 32 bits, for comments, reviews, check runs, deliveries.
    pub fn large_id(&mut self) -> u64 {
        self.ids.large += 13;
        self.ids.large
    }

    /// Starts ids of comments, reviews and check runs where no earlier run of the sandbox can have come: the App's record
    /// may know those.
    pub fn skip_used_ids(&mut self) {
        let milliseconds = Utc::now().timestamp_millis();
        self.ids.large += u64::try_from(milliseconds).unwrap_or(0);
    }

    /// Adds an App with its owner and bot accounts.
    pub fn add_app(&mut self, app: NewApp) {
        let owner = self.ensure_account(&app.owner, AccountKind::User);
        let bot = self.ensure_account(&format!("{}[bot]", app.slug), AccountKind::Bot);
        let created_at = self.now();
        self.apps.insert(
            app.id,
            App {
                id: app.id,
                name: app.slug.replace('-', " "),
                slug: app.slug,
                owner,
                bot,
                permissions: app.permissions,
                events: app.events,
                public_key: app.public_key,
                created_at,
            },
        );
    }

    /// The account of that login, made if it does not exist.
    pub fn ensure_account(&mut self, login: &str, kind: AccountKind) -> AccountId {
        if let Some(account) = self.account_by_login(login) {
            return account.id;
        }
        let id = self.small_id();
        self.accounts.insert(
            id,
            Account {
                id,
                login: login.to_owned(),
                kind,
            },
        );
        id
    }

    /// An account by login, any case.
    pub fn account_by_login(&self, login: &str) -> Option<&Account> {
        self.accounts
            .values()
            .find(|account| account.login.eq_ignore_ascii_case(login))
    }

    /// The id of a person's account, or a refusal.
    pub fn person(&self, login: &str) -> Result<AccountId, Refused> {
        self.account_by_login(login)
            .map(|account| account.id)
            .ok_or_else(|| Refused(format!("there is no account {login}")))
    }

    /// A repository by `owner` and `name`, present name only.
    pub fn repo_named(&self, owner: &str, name: &str) -> Option<&Repository> {
        self.repos.values().find(|repo| {
            repo.name.eq_ignore_ascii_case(name)
                && self
                    .login(repo.owner)
                    .is_some_and(|login| login.eq_ignore_ascii_case(owner))
        })
    }

    /// A repository that once had that full name.
    pub fn repo_formerly(&self, full_name: &str) -> Option<&Repository> {
        self.repos.values().find(|repo| {
            repo.former_names
                .iter()
                .any(|old| old.eq_ignore_ascii_case(full_name))
        })
    }

    /// The id of `owner/name`, or a refusal.
    pub fn repo_id(&self, full_name: &str) -> Result<u64, Refused> {
        full_name
            .split_once('/')
            .and_then(|(owner, name)| self.repo_named(owner, name))
            .map(|repo| repo.id)
            .ok_or_else(|| Refused(format!("there is no repository {full_name}")))
    }

    /// The repository with that id, or a refusal.
    pub fn repo(&self, id: u64) -> Result<&Repository, Refused> {
        self.repos
            .get(&id)
            .ok_or_else(|| Refused(format!("there is no repository {id}")))
    }

    /// The repository with that id for changing it, or a refusal.
    pub fn repo_mut(&mut self, id: u64) -> Result<&mut Repository, Refused> {
        self.repos
            .get_mut(&id)
            .ok_or_else(|| Refused(format!("there is no repository {id}")))
    }

    /// Login of an account; `None` once it is deleted.
    pub fn login(&self, id: AccountId) -> Option<&str> {
        self.accounts.get(&id).map(|account| account.login.as_str())
    }

    /// `owner/name`.
    pub fn full_name(&self, repo: &Repository) -> String {
        format!(
            "{}/{}",
            self.login(repo.owner).unwrap_or("ghost"),
            repo.name
        )
    }

    /// The installation that covers a repository.
    pub fn installation_of(&self, repo: &Repository) -> Option<&Installation> {
        self.installations.values().find(|installation| {
            installation.account == repo.owner
                && installation
                    .selected
                    .as_ref()
                    .is_none_or(|ids| ids.contains(&repo.id))
        })
    }

    /// The App whose bot that account is.
    pub fn app_of_bot(&self, account: AccountId) -> Option<&App> {
        self.apps.values().find(|app| app.bot == account)
    }

    /// The App under test.
    pub fn app(&self) -> Option<&App> {
        self.apps.get(&self.own_app)
    }

    /// Bot account of the App under test.
    pub fn own_bot(&self) -> AccountId {
        self.app().map_or(0, |app| app.bot)
    }

    /// Role of an account in a repository; `None` for strangers.
    pub fn role(&self, repo: &Repository, account: AccountId) -> Option<Role> {
        if repo.owner == account {
            return Some(Role::Admin);
        }
        repo.collaborators.get(&account).copied()
    }

    /// Puts an empty repository into the world and gives its id.
    pub fn add_repository(&mut self, owner: AccountId, name: &str) -> u64 {
        let id = self.small_id();
        let now = self.now();
        self.repos.insert(
            id,
            Repository {
                id,
                owner,
                name: name.to_owned(),
                former_names: Vec::new(),
                private: false,
                archived: false,
                default_branch: "main".to_owned(),
                git: GitStore::default(),
                protections: BTreeMap::<String, Protection>::new(),
                collaborators: BTreeMap::new(),
                pulls: BTreeMap::new(),
                queues: BTreeMap::new(),
                next_number: 1,
                fork_of: None,
                check_runs: Vec::new(),
                check_suites: Vec::new(),
                statuses: Vec::new(),
                reactions: Vec::new(),
                created_at: now,
                pushed_at: now,
            },
        );
        id
    }
}
