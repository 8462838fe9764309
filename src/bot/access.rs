//! Who may do what. The rights are asked live by the caller; here they are only compared.

use super::command::Command;
use super::command::table::{self, Row};
use super::job::StoredActor;
use crate::forge::Rights;
use crate::ids::PullRequest;
use std::collections::BTreeMap;

/// Right on the repository that a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Read.
    Read,
    /// Triage.
    Triage,
    /// Write.
    Write,
    /// Maintain.
    Maintain,
    /// Admin.
    Admin,
}

/// The right that each command needs in a repository: the table's, unless the configuration names another one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeMap<&'static str, Need>);

impl Permissions {
    /// Names the right that a command needs.
    pub fn set(&mut self, row: &Row, need: Need) {
        self.0.insert(row.key, need);
    }

    /// The right that a command needs.
    pub fn need(&self, row: &Row) -> Need {
        self.0.get(row.key).copied().unwrap_or(row.need)
    }

    /// The right that its further reach needs, never less than the command itself.
    pub fn further(&self, row: &Row) -> Need {
        let need = self.need(row);
        row.further.map_or(need, |(further, _)| need.max(further))
    }

    /// The right without which no person's vote counts, however it was cast: the one of `vote`, so that a review is no
    /// way round it. What was voted before the right was raised is judged by it too.
    pub fn of_votes(&self) -> Need {
        self.need(&table::VOTE)
    }

    /// Whether the vote of somebody with these rights counts. Nobody whose rights are unknown has any.
    pub fn may_vote(&self, rights: Option<&Rights>) -> bool {
        rights.is_some_and(|rights| self.of_votes().is_met(rights))
    }

    /// What the configuration names: keys of the table with their rights, by key.
    pub fn configured(&self) -> impl Iterator<Item = (&'static str, Need)> {
        self.0.iter().map(|(key, need)| (*key, *need))
    }
}

impl Caller {
    /// Whether this is the author, who does not decide about what stands in the author's own way.
    pub fn is_bound(&self) -> bool {
        self.is_author && !self.author_may_vote
    }
}

impl Need {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// Whether the rights include it. A higher right does not stand in for a missing one: GitHub lists them all.
    pub fn is_met(self, rights: &Rights) -> bool {
        match self {
            Self::Read => rights.read,
            Self::Triage => rights.triage,
            Self::Write => rights.write,
            Self::Maintain => rights.maintain,
            Self::Admin => rights.admin,
        }
    }
}

/// Whether the pull request's author may use a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorRule {
    /// Like everybody else.
    May,
    /// Recorded and shown; counted only with `gate.author_may_vote`.
    ShownNotCounted,
    /// Not once the automatic rounds are used up, unless `gate.author_may_vote`.
    NotPastTheBound,
    /// Only for what the author did: never against somebody else's, unless `gate.author_may_vote`. Whose it is shows
    /// when the command is carried out ([`super::acts`]).
    OwnOnly,
    /// Whatever right the author has on the repository: it is the author who knows.
    InAnyCase,
    /// Not where it leaves out a vote, which needs maintain of everybody else too. What it leaves out shows when the
    /// command is carried out.
    NotPastAVote,
    /// Never, unless `gate.author_may_vote`: it takes away what stands in the author's own way.
    Never,
}

/// What is known about somebody who gives a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Rights, asked live.
    pub rights: Rights,
    /// Whether the account is the pull request's author (by id).
    pub is_author: bool,
    /// `gate.author_may_vote` of the base branch.
    pub author_may_vote: bool,
    /// Whether the automatic rounds of a discussion the command is about are used up.
    pub past_bound: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Runs.
    Granted,
    /// A vote that is recorded and shown, and not counted because its voter is the author.
    ShownNotCounted,
    /// Does not run.
    Refused(Refusal),
}

/// Why a command does not run for this account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A right is missing.
    Right {
        /// Usage of the command.
        usage: &'static str,
        /// The right.
        need: Need,
        /// The highest right the account has.
        has: Option<Need>,
    },
    /// The author may not do this in his own pull request.
    Author {
        /// Usage of the command.
        usage: &'static str,
        /// The right somebody else needs for it.
        need: Need,
        /// When the author may not.
        rule: AuthorRule,
    },
}

/// Whether a command runs for this account. `permissions`: of the base branch.
pub fn decide(command: &Command, permissions: &Permissions, caller: &Caller) -> Access {
    let row = table::row(command);
    let need = permissions.need(row);
    if caller.is_author && row.author == AuthorRule::InAnyCase {
        return Access::Granted;
    }
    if !need.is_met(&caller.rights) {
        return Access::Refused(Refusal::Right {
            usage: row.usage,
            need,
            has: highest(&caller.rights),
        });
    }
    if !caller.is_author || caller.author_may_vote {
        return Access::Granted;
    }
    match row.author {
        AuthorRule::May
        | AuthorRule::OwnOnly
        | AuthorRule::InAnyCase
        | AuthorRule::NotPastAVote => Access::Granted,
        AuthorRule::ShownNotCounted => Access::ShownNotCounted,
        AuthorRule::NotPastTheBound if !caller.past_bound => Access::Granted,
        rule @ (AuthorRule::NotPastTheBound | AuthorRule::Never) => {
            Access::Refused(Refusal::Author {
                usage: row.usage,
                need,
                rule,
            })
        }
    }
}

/// The highest right that somebody has who lacks one: nobody lacks any with admin.
pub fn highest(rights: &Rights) -> Option<Need> {
    [Need::Maintain, Need::Write, Need::Triage, Need::Read]
        .into_iter()
        .find(|need| need.is_met(rights))
}

/// Whether the commands of a comment are the words of the account that caused the event: people only, and nobody
/// speaks by editing somebody else's comment.
pub fn speaks_for_itself(author: &StoredActor, sender: &StoredActor) -> bool {
    author.person && sender.person && author.id == sender.id
}

/// Key under which one refusal per account, pull request and hour is counted. `now` in ms since the Unix epoch.
pub fn refusal_key(pr: &PullRequest, account: u64, now: i64) -> String {
    format!(
        "refusal:{}:{account}:{}",
        pr.lane(),
        now.div_euclid(3_600_000)
    )
}

/// Key under which one reply per reading command (`status`, `why`, `help`), pull request and minute is counted. `now` in ms
/// since the Unix epoch.
pub fn reply_key(pr: &PullRequest, command: &Command, now: i64) -> String {
    let key = table::row(command).key;
    format!("reply:{}:{key}:{}", pr.lane(), now.div_euclid(60_000))
}
