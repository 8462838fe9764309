//! Identifiers that several layers share. Plain data, no I/O.

use std::fmt;

/// A persona's alias: `[a-z][a-z0-9-]{0,30}`. Always lower case; comparisons are by bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(String);

impl Alias {
    /// Reads an alias in any case, with or without a leading `@`. `None` if it does not fit the grammar.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
        let mut chars = lower.chars();
        let starts_well = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        let goes_on_well = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        (starts_well && goes_on_well && lower.len() <= 31).then_some(Self(lower))
    }

    /// The alias as text, lower case, without `@`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name a persona writes under: `AI-` and each hyphen part capitalised (`AI-Diagram-Editor`).
    pub fn display_name(&self) -> String {
        let mut name = String::from("AI");
        for part in self.0.split('-') {
            name.push('-');
            let mut chars = part.chars();
            name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
            name.push_str(chars.as_str());
        }
        name
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A git commit id as lower-case hex (40 or 64 digits).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha(String);

impl Sha {
    /// Reads a full commit id; `None` for anything that is not 40 or 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The full hex text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A repository: the numeric id is the identity and survives renames, owner and name address the API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repo {
    /// GitHub's numeric repository id.
    pub id: u64,
    /// Account that owns it.
    pub owner: String,
    /// Name without the owner.
    pub name: String,
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A pull request as one installation of the App sees it: the unit of work and of locking.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PullRequest {
    /// Installation whose token reaches the repository.
    pub installation: u64,
    /// The base repository.
    pub repo: Repo,
    /// Number within the repository.
    pub number: u64,
}

impl PullRequest {
    /// What stands in for a pull request where an installation as a whole is meant; 0: all of them.
    pub fn whole_installation(installation: u64) -> Self {
        Self {
            installation,
            repo: Repo {
                id: 0,
                owner: "app".to_owned(),
                name: "sweep".to_owned(),
            },
            number: 0,
        }
    }

    /// Whether it is one of [`PullRequest::whole_installation`]: GitHub counts repositories from 1.
    pub fn is_whole_installation(&self) -> bool {
        self.repo.id == 0
    }

    /// Key of the job lane: stable over renames, one running job for each.
    pub fn lane(&self) -> String {
        format!("{}#{}", self.repo.id, self.number)
    }
}

impl fmt::Display for PullRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            // Work about the repository as a whole, or about more than that.
            0 => write!(f, "{}", self.repo),
            number => write!(f, "{}#{number}", self.repo),
        }
    }
}

/// Kind of a GitHub account, as the API's `type` says. Only `User` can vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person's account.
    User,
    /// An App or another machine account, or a type we do not know.
    Bot,
}

/// The GitHub account behind an event: the numeric id is the identity, the login is for display.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// GitHub's numeric account id.
    pub id: u64,
    /// Current login; may change, never compared.
    pub login: String,
    /// Person or machine.
    pub kind: ActorKind,
}
