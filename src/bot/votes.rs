//! People's votes, from events to the record: what a vote binds to, and who may take it back. Pure.

use super::command::{self, Command, VoteCommand};
use super::evaluate::EDITED;
use super::job::{CommentPlace, JobEvent, StoredActor};
use crate::engine::vote::Vote;
use crate::store::{Change, HumanVote};
use chrono::{DateTime, Timelike};
use std::collections::{BTreeMap, BTreeSet};

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
    /// When it was said, ms: when its votes were cast. An edit comes after what it edits, whatever the clocks say.
    pub fn cast_at(&self) -> i64 {
        let created = DateTime::parse_from_rfc3339(&self.created_at);
        match created.map(|created| created.timestamp_millis()) {
            Ok(created) if self.is_edit => created.max(self.received_at),
            Ok(created) => created,
            Err(_) => self.received_at,
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
    /// The part of it that is the proposal.
    pub proposal: &'a str,
    /// Of published texts with more than the proposal: the proposal's own subject.
    pub subject_of: &'a BTreeMap<String, String>,
    /// What was published so far with the time (ms), oldest first.
    pub published: &'a [(String, i64)],
}

impl Votable<'_> {
    /// The text last published before something was said. GitHub's times have no fraction: of two texts published
    /// around that second the older is taken, since nobody can have read the newer one for sure. GitHub's clock may be
    /// ahead of ours, but nothing was said after we heard it.
    fn published_before(&self, said: &Said) -> Option<&str> {
        let moment = DateTime::parse_from_rfc3339(&said.created_at).ok()?;
        let fraction = if moment.nanosecond() == 0 { 999 } else { 0 };
        let from = moment.timestamp_millis().min(said.received_at);
        let to = from + fraction;
        let sure = self.published_until(from);
        let possible = || self.published.iter().find(|(_, at)| *at <= to);
        sure.or_else(|| possible().map(|(subject, _)| subject.as_str()))
    }

    fn published_until(&self, ms: i64) -> Option<&str> {
        let mut newest_first = self.published.iter().rev();
        let found = newest_first.find(|(_, at)| *at <= ms);
        found.map(|(subject, _)| subject.as_str())
    }

    /// What a vote without a hash is about. GitHub does not tell when a comment was edited, only when it was created,
    /// and we know when we heard of the edit: if another text was published in between, nobody knows.
    fn meant(&self, said: &Said) -> Option<&str> {
        let at_creation = self.published_before(said);
        if !said.is_edit {
            return at_creation;
        }
        at_creation.filter(|subject| self.published_until(said.received_at) == Some(subject))
    }

    /// The texts whose hash starts with these digits: the current one, and those that were published.
    fn named(&self, digits: &str) -> BTreeSet<&str> {
        let published = self.published.iter().map(|(subject, _)| subject.as_str());
        std::iter::once(self.ballot)
            .chain(published)
            .filter(|subject| subject.starts_with(digits))
            .collect()
    }

    /// The proposal of a text that was published or is there now.
    fn proposal_of<'s>(&'s self, ballot: &'s str) -> &'s str {
        if ballot == self.ballot {
            return self.proposal;
        }
        self.subject_of.get(ballot).map_or(ballot, String::as_str)
    }

    /// Whether any text is called so.
    pub fn has(&self, digits: &str) -> bool {
        !self.named(digits).is_empty()
    }

    /// The text that the digits name. Two texts with the same first digits are quickly made, so where several fit, it
    /// must be the one that was there to be read.
    fn the_one_named(&self, digits: &str, said: &Said) -> Option<&str> {
        let named = self.named(digits);
        match named.len() {
            0 | 1 => named.first().copied(),
            _ => self.meant(said).filter(|meant| named.contains(meant)),
        }
    }
}

/// The vote a command gives on one discussion. Its subject is empty where nobody can say which text was meant.
pub fn cast(said: &Said, line: usize, command: &VoteCommand, on: Votable<'_>) -> HumanVote {
    let subject = match (&command.hash, command.vote) {
        (_, None) => Some(on.ballot),
        (Some(digits), _) => on.the_one_named(digits, said),
        (None, _) => on.meant(said),
    };
    HumanVote {
        path: on.key.to_owned(),
        account: said.author.id,
        login: said.author.login.clone(),
        vote: command.vote.map_or(WITHDRAW, Vote::as_str).to_owned(),
        subject: subject.unwrap_or_default().to_owned(),
        proposal: subject
            .map_or("", |ballot| on.proposal_of(ballot))
            .to_owned(),
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

/// Hashes of a text that votes are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes {
    /// Of all that people vote on.
    pub ballot: String,
    /// Of the proposal alone.
    pub proposal: String,
}

/// The vote of a review on one discussion; `text`: what stood there at the commit it was given on.
pub fn of_review(said: &Said, vote: Vote, key: &str, text: Option<&Hashes>) -> HumanVote {
    HumanVote {
        path: key.to_owned(),
        account: said.author.id,
        login: said.author.login.clone(),
        vote: vote.as_str().to_owned(),
        subject: text.map_or(String::new(), |text| text.ballot.clone()),
        proposal: text.map_or(String::new(), |text| text.proposal.clone()),
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

/// An edit, deletion or dismissal: what it does to the votes of a comment or review.
struct TakeBack<'a> {
    /// Starts of their sources.
    prefixes: Vec<String>,
    author: &'a StoredActor,
    sender: &'a StoredActor,
    how: &'static str,
    /// Vote lines that an edit took away; `None`: everything is gone.
    removed: Option<Vec<command::Parsed>>,
}

impl TakeBack<'_> {
    fn reason(&self) -> String {
        format!("{} {}", self.how, self.sender.login)
    }
}

fn take_back(event: &JobEvent) -> Option<TakeBack<'_>> {
    let (prefixes, author, sender, how, removed) = match event {
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
            let prefixes = vec![source(*place, *id)];
            (prefixes, author, sender, EDITED, Some(removed))
        }
        JobEvent::CommentDeleted {
            id,
            place,
            author,
            sender,
        } => {
            let prefixes = vec![source(*place, *id)];
            (prefixes, author, sender, "deleted by", None)
        }
        // What stands in its body was said with the review, and goes with it.
        JobEvent::Review {
            id,
            state,
            author,
            sender,
            ..
        } if state == "dismissed" => {
            let body = source(CommentPlace::ReviewBody, *id);
            let prefixes = vec![review_source(*id), body];
            (prefixes, author, sender, "dismissed by", None)
        }
        JobEvent::Review {
            id,
            body,
            before: Some(before),
            author,
            sender,
            ..
        } => {
            let removed = command::added(before, body, &|_| false).removed_votes;
            let mut prefixes = vec![source(CommentPlace::ReviewBody, *id)];
            if author.id != sender.id {
                // Nobody else puts words into a review and leaves its vote as it was.
                prefixes.push(review_source(*id));
            }
            (prefixes, author, sender, EDITED, Some(removed))
        }
        _ => return None,
    };
    Some(TakeBack {
        prefixes,
        author,
        sender,
        how,
        removed,
    })
}

/// What an edit, deletion or dismissal does to recorded votes. Only the voter takes back a CHANGES or REJECT; a READY
/// falls by anybody's hand. `edits`: deliveries of this and later edits in the same job, whose votes came after it;
/// `known`: all recorded votes of the pull request.
pub fn taken_back(event: &JobEvent, edits: &[&str], known: &[HumanVote]) -> Vec<Change> {
    let Some(act) = take_back(event) else {
        return Vec::new();
    };
    let by_voter = act.author.id == act.sender.id;
    let of_comment: Vec<&HumanVote> = known
        .iter()
        .filter(|vote| {
            let not_by = if act.removed.is_some() { edits } else { &[] };
            let mut prefixes = act.prefixes.iter();
            prefixes.any(|prefix| is_of(&vote.source, prefix, not_by))
        })
        .collect();
    of_comment
        .iter()
        .filter(|vote| vote.void.is_none())
        .filter(|vote| match &act.removed {
            Some(removed) if by_voter => removed
                .iter()
                .any(|parsed| is_line_of(parsed, vote, &of_comment)),
            _ => true,
        })
        .map(|vote| {
            if falls(vote, by_voter) {
                Change::VoidVotes {
                    source: vote.source.clone(),
                    reason: act.reason(),
                }
            } else {
                Change::EffectDone {
                    key: removal_key(&vote.source),
                    result: act.reason(),
                }
            }
        })
        .collect()
}

/// Whether a vote falls when its comment goes.
fn falls(vote: &HumanVote, by_voter: bool) -> bool {
    by_voter || Vote::parse(&vote.vote) == Some(Vote::Ready)
}

/// Key of the effect row that keeps that a comment or review lost votes, for votes that are told late.
pub fn unsaid_key(source: &str) -> String {
    format!("unsaid:{source}")
}

/// Remembers that a comment or review lost votes: deliveries may come in any order, and what it said at first may
/// still be under way.
pub fn unsaid(event: &JobEvent) -> Vec<Change> {
    let Some(act) = take_back(event) else {
        return Vec::new();
    };
    let by_voter = act.author.id == act.sender.id;
    if by_voter && act.removed.as_ref().is_some_and(Vec::is_empty) {
        return Vec::new();
    }
    let result = format!("{} {}", act.sender.id, act.reason());
    let done = |prefix: &String| Change::EffectDone {
        key: unsaid_key(prefix),
        result: result.clone(),
    };
    act.prefixes.iter().map(done).collect()
}

/// A vote that is told after its comment lost it, by what [`unsaid`] remembered: void, or standing although removed.
pub fn told_late(mut vote: HumanVote, unsaid: &str) -> Vec<Change> {
    let (sender, reason) = unsaid.split_once(' ').unwrap_or(("", unsaid));
    if falls(&vote, sender == vote.account.to_string()) {
        vote.void = Some(reason.to_owned());
        return vec![Change::HumanVote(vote)];
    }
    let (key, result) = (removal_key(&vote.source), reason.to_owned());
    vec![Change::HumanVote(vote), Change::EffectDone { key, result }]
}

/// Whether a vote came from that comment, and not by one of these deliveries.
fn is_of(source: &str, prefix: &str, not_by: &[&str]) -> bool {
    let Some(rest) = source.strip_prefix(prefix) else {
        return false;
    };
    match rest.strip_prefix(':') {
        Some(rest) => !not_by.iter().any(|guid| rest.starts_with(guid)),
        None => rest.is_empty(),
    }
}

/// Whether a vote line that an edit took away is the one behind a recorded vote. A path that none of the comment's
/// votes is recorded under is a newer name of one of them.
fn is_line_of(parsed: &command::Parsed, vote: &HumanVote, of_comment: &[&HumanVote]) -> bool {
    let Ok(Command::Vote(command)) = &parsed.command else {
        return false;
    };
    let word = command.vote.map_or(WITHDRAW, Vote::as_str);
    let path_fits = parsed.path.as_ref().is_none_or(|path| {
        *path == vote.path || !of_comment.iter().any(|other| other.path == *path)
    });
    word == vote.vote && path_fits
}
