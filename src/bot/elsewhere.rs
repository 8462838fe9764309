//! One proposal in several pull requests: objections follow it, and whoever changes a vote on it in one of them has the
//! others looked at again.
//!
//! A proposal is the same while a file begins with it and only comment blocks come behind. So an objection is not left
//! behind by opening the proposal anew, with the replies it got or without, or with another comment below.

use super::command::{self, Command};
use super::deps::JobError;
use super::evaluate::{self, Discussed};
use super::hear::Happened;
use super::job::{JobEvent, StoredActor};
use super::votes::removal_key;
use super::work::{SeenPath, Work};
use crate::engine::subject;
use crate::forge::PrState;
use crate::ids::PullRequest;
use crate::store::{Change, Delivery, EffectRecord, NewJob, VoteElsewhere};
use std::collections::{BTreeMap, BTreeSet};

/// What the store has about other pull requests that concerns this one. By path of the record.
#[derive(Debug, Clone, Default)]
pub struct Elsewhere {
    /// Votes elsewhere on the same proposals, oldest first.
    votes: BTreeMap<String, Vec<VoteElsewhere>>,
    /// Blocks of the base's copy that were written in other pull requests: their text and the number.
    blocks: BTreeMap<String, BTreeMap<String, u64>>,
    /// What each file begins with, as it is recorded or about to be.
    pub recorded: BTreeMap<String, BTreeSet<String>>,
    /// Whether that changed in this try, so that a vote given meanwhile may not have found this pull request.
    is_new: bool,
}

impl Elsewhere {
    /// Votes elsewhere on the proposal of a discussion.
    pub fn votes_on(&self, key: &str) -> &[VoteElsewhere] {
        self.votes.get(key).map_or(&[], Vec::as_slice)
    }

    /// Blocks that were written in other pull requests under the path of a discussion.
    pub fn blocks_of(&self, key: &str) -> &BTreeMap<String, u64> {
        static NONE: BTreeMap<String, u64> = BTreeMap::new();
        self.blocks.get(key).unwrap_or(&NONE)
    }
}

/// Reads what other pull requests have to do with the files as they are now. What these begin with is recorded with
/// the next head that is posted to.
pub async fn recall(work: &mut Work<'_>) -> Result<(), JobError> {
    let changes = note(work);
    let mut found = Elsewhere {
        recorded: std::mem::take(&mut work.memory.elsewhere.recorded),
        is_new: work.memory.elsewhere.is_new || !changes.is_empty(),
        ..Elsewhere::default()
    };
    work.memory.noted.extend(changes);
    let (store, pr) = (&work.deps.store, &work.job.pr);
    for path in &work.paths {
        let key = &path.candidate.key;
        let beginnings: Vec<String> = beginnings(work, path).into_iter().collect();
        if beginnings.is_empty() {
            continue;
        }
        let mut votes = store.votes_on(pr, &beginnings).await?;
        votes.retain(|found| found.number != pr.number || found.vote.path != *key);
        name_removers(work, &mut votes).await?;
        let has_history = path.base.discussion().is_some_and(|d| !d.blocks.is_empty());
        if has_history {
            let base_path = path.candidate.base_path.as_ref().unwrap_or(key);
            let blocks = store.blocks_elsewhere(pr, base_path).await?;
            found.blocks.insert(key.clone(), blocks);
        }
        found.votes.insert(key.clone(), votes);
    }
    work.memory.elsewhere = found;
    Ok(())
}

/// What the files begin with now, where that is not what is recorded. Where nothing is posted nothing is recorded.
fn note(work: &mut Work<'_>) -> Vec<Change> {
    if work.snapshot.state != PrState::Open || work.ground.check.is_none() {
        return Vec::new();
    }
    let keys = work.paths.iter().map(|path| path.candidate.key.clone());
    let mut now: BTreeMap<String, BTreeSet<String>> = keys
        .zip(work.paths.iter().map(|path| beginnings(work, path)))
        .filter(|(_, found)| !found.is_empty())
        .collect();
    let recorded = &mut work.memory.elsewhere.recorded;
    for path in recorded.keys() {
        now.entry(path.clone()).or_default();
    }
    let changed = now
        .iter()
        .filter(|(path, found)| recorded.get(*path) != Some(*found));
    let changes = changed.map(|(path, found)| Change::Beginnings {
        path: path.clone(),
        proposals: found.iter().cloned().collect(),
    });
    let changes = changes.collect();
    now.retain(|_, found| !found.is_empty());
    *recorded = now;
    changes
}

/// Whoever votes elsewhere looks for the pull requests concerned once the vote is recorded, and may look before this
/// one is there to be found. So once it is, the votes are read again; where they differ, it is looked at again.
pub async fn look_twice(work: &Work<'_>) -> Result<(), JobError> {
    let (store, pr, elsewhere) = (&work.deps.store, &work.job.pr, &work.memory.elsewhere);
    if !elsewhere.is_new {
        return Ok(());
    }
    for (key, proposals) in &elsewhere.recorded {
        let wanted: Vec<String> = proposals.iter().cloned().collect();
        let mut now = store.votes_on(pr, &wanted).await?;
        now.retain(|found| found.number != pr.number || found.vote.path != *key);
        let known = elsewhere.votes_on(key).iter().map(|found| &found.vote);
        if !now.iter().map(|found| &found.vote).eq(known) {
            let guid = format!("{}#{}", work.job.id, pr.number);
            return hand_on(work, guid, pr.number).await;
        }
    }
    Ok(())
}

/// Subjects of the proposals that a file begins with, as hex; none: it is no discussion.
fn beginnings(work: &Work<'_>, path: &SeenPath) -> BTreeSet<String> {
    let Some(discussion) = path.head.discussion() else {
        return BTreeSet::new();
    };
    let key = &path.candidate.key;
    let record = work.memory.discussions.get(key);
    let proposal = record.map_or("", |record| record.proposal.as_str());
    let discussed = Discussed::of(discussion, &work.blocks_of(key), proposal, work.commits());
    let mut subjects = subject::beginnings(discussion);
    subjects.insert(discussed.seen.subject);
    subjects.iter().map(ToString::to_string).collect()
}

/// Looks up who removed objections that stand all the same.
async fn name_removers(work: &Work<'_>, votes: &mut [VoteElsewhere]) -> Result<(), JobError> {
    let standing = evaluate::objections(votes);
    let standing = standing
        .into_iter()
        .map(|found| (found.number, found.vote.source.clone()));
    let standing: Vec<(u64, String)> = standing.collect();
    for (number, source) in standing {
        let pr = PullRequest {
            number,
            ..work.job.pr.clone()
        };
        let key = removal_key(&source);
        if let Some(EffectRecord::Done(who)) = work.deps.store.effect(&pr, &key).await? {
            let same = votes
                .iter_mut()
                .filter(|found| found.number == number && found.vote.source == source);
            same.for_each(|found| found.removed = Some(who.clone()));
        }
    }
    Ok(())
}

/// A pull request that is not open holds no proposal: nothing that is said elsewhere concerns it. What was said in it
/// still follows.
pub async fn forget(work: &Work<'_>) -> Result<(), JobError> {
    let recorded = work.memory.elsewhere.recorded.keys();
    let changes = recorded.map(|path| Change::Beginnings {
        path: path.clone(),
        proposals: Vec::new(),
    });
    work.record(&changes.collect::<Vec<_>>()).await
}

/// Has other pull requests looked at again in which a vote counts that was given or taken back here. Votes are recorded
/// before; each delivery hands on once, however often its job is tried.
pub async fn wake(work: &Work<'_>, happened: &[Happened]) -> Result<(), JobError> {
    let (store, pr) = (&work.deps.store, &work.job.pr);
    for happened in happened {
        let Some(voter) = voter(&happened.event) else {
            continue;
        };
        for number in store.concerned_by_votes(pr, voter.id).await? {
            tracing::info!(%pr, job = %work.job.id, delivery = %happened.guid, number, "a vote concerns it too");
            hand_on(work, format!("{}#{number}", happened.guid), number).await?;
        }
    }
    Ok(())
}

/// Enqueues a look at a pull request, once for each `guid`.
async fn hand_on(work: &Work<'_>, guid: String, number: u64) -> Result<(), JobError> {
    let voted = JobEvent::VotedElsewhere {
        number: work.job.pr.number,
    };
    let event =
        serde_json::to_string(&voted).map_err(|error| JobError::Internal(error.to_string()))?;
    let delivery = Delivery {
        guid,
        event: "handed_on".to_owned(),
        body: Vec::new(),
    };
    let pr = PullRequest {
        number,
        ..work.job.pr.clone()
    };
    let job = NewJob { pr, event };
    work.deps.store.enqueue(delivery, Some(job)).await?;
    Ok(())
}

/// Whose votes an event may change.
fn voter(event: &JobEvent) -> Option<&StoredActor> {
    match event {
        JobEvent::Comment {
            body,
            before,
            author,
            ..
        } => {
            let mut texts = std::iter::once(body).chain(before);
            texts.any(|text| holds_vote(text)).then_some(author)
        }
        JobEvent::CommentDeleted { author, .. } | JobEvent::Review { author, .. } => Some(author),
        _ => None,
    }
}

fn holds_vote(text: &str) -> bool {
    let commands = command::parse(text, &|_| false);
    let mut commands = commands.iter();
    commands.any(|parsed| matches!(parsed.command, Ok(Command::Vote(_))))
}
