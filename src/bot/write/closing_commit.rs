//! The closing commit: a READY verdict written into the files, with what people did, the votes of those who decided and the
//! new Status. It is a copy for readers of the file: the gate goes by the record, so nothing hangs on it.

use super::{Draft, commit, healing, intend, notes, signer};
use crate::bot::channel::Channel;
use crate::bot::conclude::still_as_read;
use crate::bot::deps::JobError;
use crate::bot::evaluate::{Evaluated, Outcome};
use crate::bot::plan;
use crate::bot::receipts::{MAX_RESTORED, text_of};
use crate::bot::repo_config::RecordIt;
use crate::bot::work::{SeenPath, Work};
use crate::engine::consensus::State;
use crate::engine::person;
use crate::engine::persona::Personas;
use crate::engine::reply::remark;
use crate::engine::vote::Vote;
use crate::forge::{Conclusion, ForgeError};
use crate::store::{BlockRecord, BlockState, Change, EffectRecord, HumanVote};
use std::collections::BTreeSet;

/// Characters of a reason that are written down.
const MAX_REASON: usize = 400;

/// What became of the closing commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// There is nothing to write, or it is not to be written here.
    NotDue,
    /// It is the head now.
    Committed,
    /// The files stay as they are; why, as it goes on from "because".
    LeftOut(String),
}

/// Writes a READY verdict into the files as soon as it is one. Everything that READY needs was looked at before.
pub async fn close(work: &mut Work<'_>, outcomes: &[Outcome]) -> Result<Closing, JobError> {
    let due = due(work, outcomes);
    if due.is_empty() || work.ground.config.record == RecordIt::Never {
        return Ok(Closing::NotDue);
    }
    if let Channel::Review { .. } = work.channel().await? {
        return Ok(Closing::NotDue);
    }
    healing::mint_chains(work, outcomes);
    let now = u64::try_from(work.deps.store.now().await? / 1000).unwrap_or(0);
    let mut drafts = Vec::new();
    let became_ready = due.iter().any(|(_, is_new)| *is_new);
    for (at, _) in due {
        if let (Some(path), Some(Outcome::Open(evaluated))) = (work.paths.get(at), outcomes.get(at))
        {
            drafts.extend(written_down(work, at, path, evaluated, now)?);
        }
    }
    if drafts.iter().all(|draft| draft.text.is_none()) {
        // A try that died behind its commit: everything stands there.
        remember_closed(work, &drafts, outcomes).await?;
        return Ok(Closing::NotDue);
    }
    if let Some(why) = obstacle(work).await? {
        return Ok(Closing::LeftOut(why));
    }
    if !became_ready {
        return Ok(Closing::NotDue);
    }
    still_as_read(work).await?;
    if work.deps.store.unheard(&work.job.pr).await?.is_some() {
        return Ok(Closing::NotDue);
    }
    intend(work, &drafts, Vec::new()).await?;
    publish(work, &drafts, outcomes).await
}

/// Forgets that a verdict was written down once it does not hold any more: the next one is another.
pub fn reopened(work: &mut Work<'_>, outcomes: &[Outcome]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (path, outcome) in work.paths.iter().zip(outcomes) {
        let is_ready =
            matches!(outcome, Outcome::Open(open) if open.view.verdict.state == State::Ready);
        let known = work.memory.discussions.get_mut(&path.candidate.key);
        if let Some(record) = known.filter(|record| !is_ready && !record.closed.is_empty()) {
            record.closed = String::new();
            changes.push(Change::Discussion(record.clone()));
        }
    }
    changes
}

/// Positions of discussions whose verdict is not in the file, and whether that is new: it became READY since people last
/// read about it, or somebody changed the Status that was written. Replies in reviews have no place in the file that
/// votes could follow.
fn due(work: &Work<'_>, outcomes: &[Outcome]) -> Vec<(usize, bool)> {
    let was_green = work.memory.pr.conclusion == Conclusion::Success.as_str();
    let news = |path: &SeenPath, evaluated: &Evaluated| {
        let key = &path.candidate.key;
        let ballot = &evaluated.seen.ballot;
        let is_posted = |block: &&BlockRecord| block.state == BlockState::Posted;
        if evaluated.view.verdict.state != State::Ready || work.blocks_of(key).iter().any(is_posted)
        {
            return None;
        }
        let Some(record) = work.memory.discussions.get(key) else {
            return Some(true);
        };
        if record.closed == *ballot {
            let is_changed = evaluated.discussion.header.status() != evaluated.template.on_ready;
            return (is_changed && record.restored < MAX_RESTORED).then_some(true);
        }
        let last = record.published.last().map(|(ballot, _)| ballot);
        Some(!was_green || last != Some(ballot))
    };
    let all = work.paths.iter().zip(outcomes).enumerate();
    let due = all.filter_map(|(at, (path, outcome))| match outcome {
        Outcome::Open(evaluated) => Some((at, news(path, evaluated)?)),
        _ => None,
    });
    due.collect()
}

/// Why no commit is made on this head, as it goes on from "because".
async fn obstacle(work: &mut Work<'_>) -> Result<Option<String>, JobError> {
    // What one writes into the file is new text to the voters of the other one: neither would ever be done.
    let mut siblings = work.snapshot.siblings.iter();
    if let Some(other) = siblings.find(|other| other.same_branch) {
        let number = other.number;
        return Ok(Some(format!(
            "#{number} has the same branch, and its votes would become stale"
        )));
    }
    let refused = work
        .deps
        .store
        .effect(&work.job.pr, &refusal_key(work))
        .await?;
    if let Some(EffectRecord::Done(why)) = refused {
        return Ok(Some(why));
    }
    if work.ground.config.record == RecordIt::Always
        || !work.branch_rules().await?.approvals_may_fall
    {
        return Ok(None);
    }
    let is_approved = match work.deps.read.is_approved(work.pr()).await {
        Err(ForgeError::Forbidden(_) | ForgeError::Refused(_)) => true,
        asked => asked?,
    };
    Ok(is_approved.then(|| "a review approves this and a commit might dismiss it".to_owned()))
}

/// Key of the effect row that keeps why GitHub refused a closing commit on this head.
fn refusal_key(work: &Work<'_>) -> String {
    format!("closing-refused:{}", work.snapshot.head)
}

/// The file as it will be: what people did and their votes behind it, signed, and Phase and Status set.
fn written_down(
    work: &Work<'_>,
    at: usize,
    path: &SeenPath,
    evaluated: &Evaluated,
    now: u64,
) -> Result<Option<Draft>, JobError> {
    let Some(discussion) = path.head.discussion() else {
        return Ok(None);
    };
    let key = &path.candidate.key;
    let internal = |why: String| JobError::Internal(format!("{key}: {why}"));
    let known = work.blocks_of(key);
    let mut said = notes::blocks(work, key, evaluated);
    for vote in &evaluated.people {
        let text = vote_block(vote, &work.ground.personas).map_err(internal)?;
        said.push(vote_record(work, key, evaluated, vote, text));
    }
    let mut blocks = Vec::new();
    for block in said {
        let before = known.iter().position(|known| known.hash == block.hash);
        match before {
            Some(index) if known[index].state == BlockState::Written => {}
            Some(index) if evaluated.seen.place_of(index).is_some() => {}
            // As it was recorded by an earlier try, which may have published it.
            Some(index) => blocks.push(known[index].clone()),
            None => blocks.push(block),
        }
    }
    let end = evaluated.end_of_chain(&known);
    let signed = signer(work, path, now).sign(&mut blocks, end);
    signed.map_err(|error| internal(error.to_string()))?;
    let texts: Vec<String> = blocks.iter().map(text_of).collect();
    let template = &evaluated.template;
    let text = plan::written(
        discussion,
        &texts,
        &evaluated.phase.name,
        &template.first_phase,
        Some(&template.on_ready),
    );
    let text = text.map_err(|error| internal(error.to_string()))?;
    let mut record = work.discussion(key);
    if record.proposal.is_empty() {
        record.proposal = evaluated.proposal.clone();
    }
    if record.closed == evaluated.seen.ballot {
        record.restored += 1;
    }
    let is_new = |block: &&BlockRecord| !known.iter().any(|known| known.hash == block.hash);
    Ok(Some(Draft {
        at,
        record,
        new_blocks: blocks.iter().filter(is_new).cloned().collect(),
        restored: Vec::new(),
        blocks,
        known: Vec::new(),
        text: (text != discussion.source).then_some(text),
        title: evaluated.view.title.clone(),
        after: None,
    }))
}

/// A person's vote as a block of the file: under the login, with the reason and a link to where it was given.
fn vote_block(vote: &HumanVote, personas: &Personas) -> Result<String, String> {
    let refused = |error: person::PersonError| error.to_string();
    let author = notes::author(&vote.login, vote.account, personas)?;
    let reason = vote.reason.as_deref();
    let reason = reason.map(|reason| remark(reason, MAX_REASON).text);
    let place = (!vote.link.is_empty()).then(|| format!("Given in <{}>.", vote.link));
    let parts = reason.into_iter().chain(place);
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    person::block(&author, &parts.join("\n\n"), Vote::parse(&vote.vote)).map_err(refused)
}

fn vote_record(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    vote: &HumanVote,
    text: String,
) -> BlockRecord {
    let given = (vote.account, Some(vote.vote.clone()));
    let phase = evaluated.phase.name.as_str();
    let identity = (evaluated.seen.ballot.as_str(), phase, text.as_str());
    notes::by_person(work, key, evaluated, given, identity, text.clone())
}

async fn publish(
    work: &mut Work<'_>,
    drafts: &[Draft],
    outcomes: &[Outcome],
) -> Result<Closing, JobError> {
    let refusal = refusal_key(work);
    match commit(work, drafts, Some(headline(drafts, outcomes))).await {
        Err(JobError::Forge(ForgeError::Forbidden(said) | ForgeError::Refused(said))) => {
            tracing::warn!(pr = %work.pr(), job = %work.job.id, said, "the closing commit was refused");
            let why = format!("GitHub refused the commit ({said})");
            let done = Change::EffectDone {
                key: refusal,
                result: why.clone(),
            };
            work.record(&[done]).await?;
            Ok(Closing::LeftOut(why))
        }
        Err(error) => Err(error),
        Ok(()) => {
            remember_closed(work, drafts, outcomes).await?;
            Ok(Closing::Committed)
        }
    }
}

fn headline(drafts: &[Draft], outcomes: &[Outcome]) -> String {
    let mut statuses = BTreeSet::new();
    let mut people = BTreeSet::new();
    for draft in drafts.iter().filter(|draft| draft.text.is_some()) {
        if let Some(Outcome::Open(evaluated)) = outcomes.get(draft.at) {
            statuses.insert(evaluated.template.on_ready.as_str());
            people.extend(evaluated.people.iter().map(|vote| vote.login.as_str()));
        }
    }
    plan::deciding(&statuses, &people)
}

async fn remember_closed(
    work: &mut Work<'_>,
    drafts: &[Draft],
    outcomes: &[Outcome],
) -> Result<(), JobError> {
    let mut changes = Vec::new();
    for draft in drafts {
        let known = work.memory.discussions.get_mut(&draft.record.path);
        if let (Some(record), Some(Outcome::Open(evaluated))) = (known, outcomes.get(draft.at)) {
            record.closed = evaluated.seen.ballot.clone();
            record.status = evaluated.template.on_ready.clone();
            changes.push(Change::Discussion(record.clone()));
        }
    }
    work.record(&changes).await
}

/// The Status of a file that is written anyway.
pub(super) struct StatusNow<'a> {
    /// What it says from now on.
    pub(super) status: &'a str,
    /// Whether that is what a verdict made of it, and not what was there before one.
    pub(super) is_decided: bool,
}

/// Which Status a file gets that is written anyway: what the template makes of a rejection; the decided one that a
/// closing commit set, while that verdict holds; and where what we set does not hold any more, the one on the base.
/// `None`: it stays.
pub(super) fn status_now<'a>(
    work: &'a Work<'_>,
    path: &'a SeenPath,
    after: Option<&'a Evaluated>,
) -> Option<StatusNow<'a>> {
    let after = after?;
    let known = work.memory.discussions.get(&path.candidate.key);
    let ours = known.map_or("", |record| record.status.as_str());
    let on_ready = after.template.on_ready.as_str();
    let decided = match after.view.verdict.state {
        // A closing commit that was left out leaves the line to whoever merges.
        State::Ready => Some(on_ready).filter(|status| *status == ours),
        State::Rejected if work.ground.config.record != RecordIt::Never => {
            after.template.on_reject.as_deref()
        }
        _ => None,
    };
    if let Some(status) = decided {
        return Some(StatusNow {
            status,
            is_decided: true,
        });
    }
    let of_base = path.base.discussion().map(|base| base.header.status());
    let before = of_base.filter(|status| *status != ours);
    let is_ours = !ours.is_empty() && after.discussion.header.status() == ours;
    is_ours.then_some(StatusNow {
        status: before.unwrap_or("OPEN"),
        is_decided: false,
    })
}
