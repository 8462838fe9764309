//! People's votes from the job's events into the record: reviews as votes, and what edits and deletions take back.
//! Votes by command are recorded where commands are carried out.

use super::deps::JobError;
use super::evaluate::SeenText;
use super::hear::Happened;
use super::job::{JobEvent, StoredActor};
use super::touched::Content;
use super::votes::{self, Said};
use super::work::Work;
use crate::ids::Sha;
use crate::store::Change;
use std::collections::BTreeMap;

/// Records what the events say about votes, in their order.
pub async fn from_events(work: &mut Work<'_>, happened: &[Happened]) -> Result<(), JobError> {
    let own_account = work.snapshot.own_account;
    for happened in happened
        .iter()
        .filter(|one| !is_our_doing(&one.event, own_account))
    {
        let mut changes = votes::taken_back(&happened.event, &happened.guid, &work.memory.votes);
        changes.extend(of_review(work, happened).await?);
        if changes.is_empty() {
            continue;
        }
        work.record(&changes).await?;
        work.recall_votes().await?;
    }
    Ok(())
}

/// Whether a dismissal only followed from our own commit, under a rule that dismisses approvals on every push: nobody
/// took anything back.
fn is_our_doing(event: &JobEvent, own_account: Option<u64>) -> bool {
    match event {
        JobEvent::Review { state, sender, .. } => {
            state == "dismissed" && own_account == Some(sender.id)
        }
        _ => false,
    }
}

/// A review as a vote on every discussion, bound to the text at the commit it was given on.
async fn of_review(work: &Work<'_>, happened: &Happened) -> Result<Vec<Change>, JobError> {
    let JobEvent::Review {
        id,
        state,
        author,
        commit,
        submitted_at,
        url,
        before: None,
        ..
    } = &happened.event
    else {
        return Ok(Vec::new());
    };
    let is_counted = work.ground.config.gate.reviews && author.person;
    let Some(vote) = votes::of_review_state(state).filter(|_| is_counted) else {
        return Ok(Vec::new());
    };
    let said = said(*id, happened, author, submitted_at, url);
    let ballots = ballots_at(work, commit).await?;
    let vote = |(key, ballot): (String, Option<String>)| {
        Change::HumanVote(votes::of_review(&said, vote, &key, ballot.as_deref()))
    };
    Ok(ballots.into_iter().map(vote).collect())
}

fn said(id: u64, happened: &Happened, author: &StoredActor, at: &str, url: &str) -> Said {
    Said {
        source: votes::review_source(id),
        guid: happened.guid.clone(),
        author: author.clone(),
        created_at: at.to_owned(),
        received_at: happened.received_at,
        is_edit: false,
        url: url.to_owned(),
    }
}

/// What people's votes bind to at a commit, for every discussion of the head; `None` where the file was no discussion.
async fn ballots_at(
    work: &Work<'_>,
    commit: &str,
) -> Result<BTreeMap<String, Option<String>>, JobError> {
    let here: Vec<_> = work
        .paths
        .iter()
        .filter(|path| path.head.discussion().is_some())
        .collect();
    if here.is_empty() {
        return Ok(BTreeMap::new());
    }
    let is_head = commit == work.snapshot.head.as_str();
    let read = match Sha::parse(commit) {
        _ if is_head => Vec::new(),
        Some(commit) => {
            let paths: Vec<String> = here
                .iter()
                .map(|path| path.candidate.path.clone())
                .collect();
            work.read_at(&commit, &paths).await?
        }
        None => Vec::new(),
    };
    let mut ballots = BTreeMap::new();
    for (at, path) in here.into_iter().enumerate() {
        let key = &path.candidate.key;
        let ballot = if is_head {
            ballot(work, key, &path.head)
        } else {
            let file = read.get(at).and_then(Option::as_ref);
            let content = Content::of(&path.candidate.path, file, &work.ground.globs);
            ballot(work, key, &content)
        };
        ballots.insert(key.clone(), ballot);
    }
    Ok(ballots)
}

fn ballot(work: &Work<'_>, key: &str, content: &Content) -> Option<String> {
    let record = work.memory.discussions.get(key);
    let proposal = record.map_or("", |record| record.proposal.as_str());
    let seen = SeenText::of(content.discussion()?, &work.blocks_of(key), proposal);
    Some(seen.ballot)
}
