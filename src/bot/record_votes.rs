//! People's votes from the job's events into the record: reviews as votes, and what edits and deletions take back.
//! Votes by command are recorded where commands are carried out.

use super::channel;
use super::deps::JobError;
use super::evaluate::Discussed;
use super::gate_files;
use super::hear::Happened;
use super::job::{JobEvent, StoredActor};
use super::post_review;
use super::repo_config::Replies;
use super::touched::Content;
use super::votes::{self, Hashes, Said};
use super::work::Work;
use crate::forge::{FileContent, ForgeError};
use crate::ids::Sha;
use crate::store::{Change, EffectRecord, HumanVote};
use std::collections::BTreeMap;

/// Records the reviews that are votes, in their order.
pub async fn reviews(work: &mut Work<'_>, happened: &[Happened]) -> Result<(), JobError> {
    for happened in happened {
        let changes = of_review(work, happened).await?;
        if !changes.is_empty() {
            work.record(&changes).await?;
            work.recall_votes().await?;
        }
    }
    Ok(())
}

/// Takes back what edits, deletions and dismissals take back, as far as it is recorded. Done before anything is
/// decided, whatever the pull request's state, and again once this job's own votes are recorded.
pub async fn take_back(work: &mut Work<'_>, happened: &[Happened]) -> Result<(), JobError> {
    let own_account = work.snapshot.own_account;
    for (at, event) in happened.iter().enumerate() {
        if is_our_doing(&event.event, own_account) {
            spare_approvals(work).await?;
            continue;
        }
        let edits: Vec<&str> = happened[at..]
            .iter()
            .filter(|later| is_edit(&later.event))
            .map(|later| later.guid.as_str())
            .collect();
        let changes = votes::taken_back(&event.event, &edits, &work.memory.votes);
        if !changes.is_empty() {
            work.record(&changes).await?;
            work.recall_votes().await?;
        }
    }
    Ok(())
}

/// A commit of ours cost somebody's approval: from now on replies go into reviews, unless the configuration insists.
async fn spare_approvals(work: &mut Work<'_>) -> Result<(), JobError> {
    if work.memory.replies.is_some() || work.ground.config.replies != Replies::Auto {
        return Ok(());
    }
    work.record(&[post_review::remember(channel::DISMISSED)])
        .await?;
    work.memory.replies = Some(channel::DISMISSED.to_owned());
    Ok(())
}

/// Remembers what was taken back, for votes whose delivery is late. Only once this job's own votes are recorded: they
/// are told in time.
pub async fn remember(work: &Work<'_>, happened: &[Happened]) -> Result<(), JobError> {
    let changes: Vec<Change> = happened
        .iter()
        .filter(|one| !is_our_doing(&one.event, work.snapshot.own_account))
        .flat_map(|happened| votes::unsaid(&happened.event))
        .collect();
    work.record(&changes).await
}

fn is_edit(event: &JobEvent) -> bool {
    matches!(
        event,
        JobEvent::Comment {
            before: Some(_),
            ..
        } | JobEvent::Review {
            before: Some(_),
            ..
        }
    )
}

/// A vote as it is recorded: void at once if its comment is known to have lost it.
pub async fn as_told(
    work: &Work<'_>,
    said: &Said,
    vote: HumanVote,
) -> Result<Vec<Change>, JobError> {
    if said.is_edit {
        return Ok(vec![Change::HumanVote(vote)]);
    }
    let key = votes::unsaid_key(&said.source);
    Ok(match work.deps.store.effect(&work.job.pr, &key).await? {
        Some(EffectRecord::Done(unsaid)) => votes::told_late(vote, &unsaid),
        _ => vec![Change::HumanVote(vote)],
    })
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
    let mut changes = Vec::new();
    for (key, ballot) in ballots {
        let vote = votes::of_review(&said, vote, &key, ballot.as_ref());
        changes.extend(as_told(work, &said, vote).await?);
    }
    Ok(changes)
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

/// What people's votes bind to at a commit, for every discussion of the head or of that commit; `None` where the file
/// was no discussion then. A discussion that was hidden since keeps the objections to it.
async fn ballots_at(
    work: &Work<'_>,
    commit: &str,
) -> Result<BTreeMap<String, Option<Hashes>>, JobError> {
    let then = contents_at(work, commit).await?;
    let mut ballots = BTreeMap::new();
    for (path, content) in work.paths.iter().zip(&then) {
        let key = &path.candidate.key;
        let ballot = ballot(work, key, content);
        if ballot.is_some() || path.head.discussion().is_some() {
            ballots.insert(key.clone(), ballot);
        }
    }
    if let Some(gate) = &work.gate {
        let contents = read_then(work, commit, &gate.paths).await?;
        let ballot = contents.map(|contents| gate_files::ballot(&gate.paths, &contents));
        let ballot = ballot.map(|ballot| Hashes {
            proposal: ballot.clone(),
            ballot,
        });
        ballots.insert(gate_files::KEY.to_owned(), ballot);
    }
    Ok(ballots)
}

/// What stood at the paths of this pull request at a commit. One that GitHub does not have any more had nothing.
async fn contents_at(work: &Work<'_>, commit: &str) -> Result<Vec<Content>, JobError> {
    if commit == work.snapshot.head.as_str() {
        return Ok(work.paths.iter().map(|path| path.head.clone()).collect());
    }
    let paths = work.paths.iter().map(|path| path.candidate.path.clone());
    let paths: Vec<String> = paths.collect();
    let read = read_then(work, commit, &paths).await?;
    let read = read.unwrap_or_else(|| vec![None; paths.len()]);
    let content =
        |(path, file): (&String, &Option<_>)| Content::of(path, file.as_ref(), &work.ground.globs);
    Ok(paths.iter().zip(&read).map(content).collect())
}

/// Files at the commit of a review; `None`: GitHub does not have it any more.
async fn read_then(
    work: &Work<'_>,
    commit: &str,
    paths: &[String],
) -> Result<Option<Vec<Option<FileContent>>>, JobError> {
    let Some(commit) = Sha::parse(commit) else {
        return Ok(None);
    };
    if paths.is_empty() {
        return Ok(Some(Vec::new()));
    }
    match work.read_at(&commit, paths).await {
        Err(JobError::Forge(ForgeError::NotFound(_))) => Ok(None),
        read => read.map(Some),
    }
}

fn ballot(work: &Work<'_>, key: &str, content: &Content) -> Option<Hashes> {
    let record = work.memory.discussions.get(key);
    let proposal = record.map_or("", |record| record.proposal.as_str());
    let discussed = Discussed::of(
        content.discussion()?,
        &work.blocks_of(key),
        proposal,
        work.commits(),
    );
    Some(discussed.seen.hashes())
}
