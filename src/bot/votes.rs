//! People's votes, from events to the record: what a vote binds to, and who may take it back. Pure.

use super::command::{self, Command, VoteCommand};
use super::evaluate::EDITED;
use super::job::{CommentPlace, JobEvent, StoredActor};
use crate::engine::vote::Vote;
use crate::store::{Change, HumanVote};
use chrono::{DateTime, Timelike};

/// Word of a vote that was taken back by a new command.
pub const WITHDRAW: &str = "WITHDRAW";

/// Where a person said something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Start of the source of every vote in it: `comment:17`.
    pub source: String,
    /// Delivery that told it.
    pub guid: String,
    /// Who.
    pub author: StoredActor,
    /// RFC 3339 time by GitHub's clock.
    pub created_at: String,
    /// When we got it, ms by the store's clock.
    pub received_at: i64,
    /// Whether it is an edit: its time is then that of the delivery.
    pub is_edit: bool,
    /// Link.
    pub url: String,
}

impl Said {
    /// When its votes were cast, ms.
    fn cast_at(&self) -> i64 {
        let created = DateTime::parse_from_rfc3339(&self.created_at);
        match created {
            Ok(created) if !self.is_edit => created.timestamp_millis(),
            _ => self.received_at,
        }
    }
}

/// Source prefix of the votes in a comment or review body.
pub fn source(place: CommentPlace, id: u64) -> String {
    match place {
        CommentPlace::Conversation => format!("comment:{id}"),
        CommentPlace::ReviewComment => format!("review-comment:{id}"),
        CommentPlace::ReviewBody => format!("review-body:{id}"),
    }
}

/// Source of the vote that a review itself is.
pub fn review_source(id: u64) -> String {
    format!("review:{id}")
}

/// The text of a discussion that a vote may be about.
#[derive(Debug, Clone, Copy)]
pub struct Votable<'a> {
    /// Path by the record.
    pub key: &'a str,
    /// What people's votes bind to now.
    pub ballot: &'a str,
    /// What was published so far with the time (ms), oldest first.
    pub published: &'a [(String, i64)],
}

impl Votable<'_> {
    /// The text last published before a moment given in RFC 3339. GitHub's times have no fraction: of two texts
    /// published around that second the older is taken, since nobody can have read the newer one for sure.
    fn published_before(&self, moment: &str) -> Option<&str> {
        let moment = DateTime::parse_from_rfc3339(moment).ok()?;
        let from = moment.timestamp_millis();
        let to = if moment.nanosecond() == 0 {
            from + 999
        } else {
            from
        };
        let sure = self.published.iter().rev().find(|(_, at)| *at <= from);
        let possible = || self.published.iter().find(|(_, at)| *at <= to);
        sure.or_else(possible).map(|(subject, _)| subject.as_str())
    }

    /// The text whose hash starts with these digits: the current one, or one that was published.
    pub fn named(&self, digits: &str) -> Option<&str> {
        let published = self
            .published
            .iter()
            .rev()
            .map(|(subject, _)| subject.as_str());
        std::iter::once(self.ballot)
            .chain(published)
            .find(|subject| subject.starts_with(digits))
    }
}

/// The vote a command gives on one discussion. Its subject is empty where nobody can say which text was meant.
pub fn cast(said: &Said, line: usize, command: &VoteCommand, on: Votable<'_>) -> HumanVote {
    let subject = match (&command.hash, command.vote) {
        (_, None) => Some(on.ballot),
        (Some(digits), _) => on.named(digits),
        (None, _) => on.published_before(&said.created_at),
    };
    HumanVote {
        path: on.key.to_owned(),
        account: said.author.id,
        login: said.author.login.clone(),
        vote: command.vote.map_or(WITHDRAW, Vote::as_str).to_owned(),
        subject: subject.unwrap_or_default().to_owned(),
        reason: command.reason.clone(),
        source: format!("{}:{}:{line}", said.source, said.guid),
        link: said.url.clone(),
        cast_at: said.cast_at(),
        void: None,
    }
}

/// The vote a review is, if its state is one.
pub fn of_review_state(state: &str) -> Option<Vote> {
    match state {
        "approved" => Some(Vote::Ready),
        "changes_requested" => Some(Vote::Changes),
        _ => None,
    }
}

/// The vote of a review on one discussion; `ballot`: hash of the text at the commit it was given on.
pub fn of_review(said: &Said, vote: Vote, key: &str, ballot: Option<&str>) -> HumanVote {
    HumanVote {
        path: key.to_owned(),
        account: said.author.id,
        login: said.author.login.clone(),
        vote: vote.as_str().to_owned(),
        subject: ballot.unwrap_or_default().to_owned(),
        reason: None,
        source: said.source.clone(),
        link: said.url.clone(),
        cast_at: said.cast_at(),
        void: None,
    }
}

/// Key of the effect row that keeps who removed a vote that stands.
pub fn removal_key(source: &str) -> String {
    format!("removed:{source}")
}

/// What an edit, deletion or dismissal does to recorded votes. Only the voter takes back a CHANGES or REJECT; a READY
/// falls by anybody's hand. `known`: all recorded votes of the pull request.
pub fn taken_back(event: &JobEvent, guid: &str, known: &[HumanVote]) -> Vec<Change> {
    let (prefix, author, sender, how, removed) = match event {
        JobEvent::Comment {
            id,
            place,
            body,
            before: Some(before),
            author,
            sender,
            ..
        } => {
            let removed = command::added(before, body, &|_| false).removed_votes;
            (source(*place, *id), author, sender, EDITED, Some(removed))
        }
        JobEvent::CommentDeleted {
            id,
            place,
            author,
            sender,
        } => (source(*place, *id), author, sender, "deleted by", None),
        JobEvent::Review {
            id,
            state,
            author,
            sender,
            ..
        } if state == "dismissed" => (review_source(*id), author, sender, "dismissed by", None),
        JobEvent::Review {
            id,
            body,
            before: Some(before),
            author,
            sender,
            ..
        } => {
            let removed = command::added(before, body, &|_| false).removed_votes;
            let source = source(CommentPlace::ReviewBody, *id);
            (source, author, sender, EDITED, Some(removed))
        }
        _ => return Vec::new(),
    };
    let by_voter = author.id == sender.id;
    let reason = format!("{how} {}", sender.login);
    known
        .iter()
        .filter(|vote| vote.void.is_none() && is_of(&vote.source, &prefix, guid))
        .filter(|vote| match &removed {
            Some(removed) if by_voter => removed.iter().any(|parsed| is_line_of(parsed, vote)),
            _ => true,
        })
        .map(|vote| {
            if by_voter || Vote::parse(&vote.vote) == Some(Vote::Ready) {
                Change::VoidVotes {
                    source: vote.source.clone(),
                    reason: reason.clone(),
                }
            } else {
                Change::EffectDone {
                    key: removal_key(&vote.source),
                    result: reason.clone(),
                }
            }
        })
        .collect()
}

/// Whether a vote came from that comment, and not by the very delivery that tells of the edit.
fn is_of(source: &str, prefix: &str, guid: &str) -> bool {
    let Some(rest) = source.strip_prefix(prefix) else {
        return false;
    };
    match rest.strip_prefix(':') {
        Some(rest) => !rest.starts_with(guid),
        None => rest.is_empty(),
    }
}

/// Whether a vote line that an edit took away is the one behind a recorded vote.
fn is_line_of(parsed: &command::Parsed, vote: &HumanVote) -> bool {
    let Ok(Command::Vote(command)) = &parsed.command else {
        return false;
    };
    let word = command.vote.map_or(WITHDRAW, Vote::as_str);
    let path_fits = parsed.path.as_ref().is_none_or(|path| *path == vote.path);
    word == vote.vote && path_fits
}
