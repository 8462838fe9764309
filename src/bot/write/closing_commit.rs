//! The closing commit: a READY verdict written into the files, with the votes of the people who decided and the new
//! Status. It is a copy for readers of the file; the gate goes by the record, with it or without.

use super::{Draft, commit, healing};
use crate::bot::channel::{self, Channel};
use crate::bot::deps::JobError;
use crate::bot::evaluate::{BlockIdentity, Evaluated, Outcome, block_identity};
use crate::bot::plan;
use crate::bot::post_review;
use crate::bot::receipts::{self, Signer, text_of};
use crate::bot::repo_config::RecordIt;
use crate::bot::work::{SeenPath, Work};
use crate::engine::consensus::State;
use crate::engine::person;
use crate::engine::persona::Personas;
use crate::engine::reply::remark;
use crate::engine::vote::Vote;
use crate::forge::ForgeError;
use crate::store::{BlockRecord, BlockState, Change, DiscussionRecord, HumanVote};
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

/// Writes a READY verdict into the files, once for each text that was decided on. Everything that READY needs was
/// looked at before.
pub async fn close(work: &mut Work<'_>, outcomes: &[Outcome]) -> Result<Closing, JobError> {
    let due: Vec<usize> = due(work, outcomes).collect();
    if due.is_empty() || work.ground.config.record == RecordIt::Never {
        return Ok(Closing::NotDue);
    }
    if let Channel::Review { .. } = work.channel().await? {
        return Ok(Closing::NotDue);
    }
    if work.ground.config.record == RecordIt::Auto && costs_an_approval(work).await? {
        let why = "a review approves this and a commit might dismiss it";
        return Ok(Closing::LeftOut(why.to_owned()));
    }
    healing::mint_chains(work, outcomes);
    let now = u64::try_from(work.deps.store.now().await? / 1000).unwrap_or(0);
    let mut drafts = Vec::new();
    for at in due {
        if let (Some(path), Some(Outcome::Open(evaluated))) = (work.paths.get(at), outcomes.get(at))
        {
            drafts.push(draft(work, at, path, evaluated, now)?);
        }
    }
    let mut changes = Vec::new();
    for draft in &drafts {
        changes.extend(draft.changes());
    }
    work.record(&changes).await?;
    for draft in &drafts {
        let record = draft.record.clone();
        work.memory.discussions.insert(record.path.clone(), record);
    }
    work.recall_blocks().await?;
    let closing = publish(work, &drafts, outcomes).await?;
    if closing != Closing::NotDue {
        return Ok(closing);
    }
    // A try that died behind its commit: everything stands there.
    remember_closed(work, &drafts, outcomes).await?;
    Ok(Closing::NotDue)
}

/// Positions of discussions that became READY since something was last written about that.
fn due<'a>(work: &'a Work<'_>, outcomes: &'a [Outcome]) -> impl Iterator<Item = usize> + use<'a> {
    let is_due = |path: &SeenPath, outcome: &Outcome| {
        let Outcome::Open(evaluated) = outcome else {
            return false;
        };
        let record = work.memory.discussions.get(&path.candidate.key);
        evaluated.view.verdict.state == State::Ready
            && record.is_none_or(|record| record.closed != evaluated.seen.ballot)
    };
    let all = work.paths.iter().zip(outcomes).enumerate();
    all.filter(move |(_, (path, outcome))| is_due(path, outcome))
        .map(|(at, _)| at)
}

async fn costs_an_approval(work: &mut Work<'_>) -> Result<bool, JobError> {
    let rules = work.branch_rules().await?;
    Ok(rules.approvals_may_fall && work.deps.read.is_approved(work.pr()).await?)
}

/// The file as it will be: the people's votes behind it, signed, and Phase and Status set.
fn draft(
    work: &Work<'_>,
    at: usize,
    path: &SeenPath,
    evaluated: &Evaluated,
    now: u64,
) -> Result<Draft, JobError> {
    let key = &path.candidate.key;
    let internal = |why: String| JobError::Internal(format!("{key}: {why}"));
    let known = work.blocks_of(key);
    let did = work.chain_of(key).unwrap_or_default();
    let signer = Signer {
        keyring: &work.deps.keyring,
        pr: work.pr(),
        did,
        path: &path.candidate.path,
        now,
    };
    let votes = evaluated.people.iter().map(|vote| {
        let text = vote_block(vote, &work.ground.personas);
        text.map(|text| vote_record(work, key, evaluated, did, vote, text))
    });
    let mut votes: Vec<BlockRecord> = votes.collect::<Result<_, _>>().map_err(internal)?;
    // Votes that an earlier closing commit of this text wrote, or a try that died behind its commit.
    let stands = |vote: &BlockRecord| {
        (0..known.len()).any(|index| {
            known[index].hash == vote.hash
                && (known[index].state == BlockState::Written
                    || evaluated.seen.place_of(index).is_some())
        })
    };
    votes.retain(|vote| !stands(vote));
    // A receipt that was signed for this place before may have been published.
    for vote in &mut votes {
        let before = known.iter().find(|block| block.hash == vote.hash);
        vote.receipt = before.and_then(|block| block.receipt.clone());
    }
    let signed = signer.sign(&mut votes, receipts::anchor(&known));
    signed.map_err(|error| internal(error.to_string()))?;
    let texts: Vec<String> = votes.iter().map(text_of).collect();
    let template = &evaluated.template;
    let (phase, status) = (&evaluated.phase.name, template.on_ready.as_str());
    let discussion = &evaluated.discussion;
    let text = plan::written(
        discussion,
        &texts,
        phase,
        &template.first_phase,
        Some(status),
    );
    let text = text.map_err(|error| internal(error.to_string()))?;
    let known_record = work.memory.discussions.get(key).cloned();
    Ok(Draft {
        at,
        record: DiscussionRecord {
            proposal: evaluated.proposal.clone(),
            ..known_record.unwrap_or_default()
        },
        new_blocks: votes.clone(),
        restored: Vec::new(),
        blocks: votes,
        known: Vec::new(),
        text: (text != discussion.source).then_some(text),
        title: evaluated.view.title.clone(),
        after: None,
    })
}

/// A person's vote as a block of the file: under the login, with the reason and a link to where it was given.
fn vote_block(vote: &HumanVote, personas: &Personas) -> Result<String, String> {
    let refused = |error: person::PersonError| error.to_string();
    // Nothing keeps people on GitHub from being called like a persona.
    let author = person::name(&vote.login, personas)
        .or_else(|_| person::name(&format!("github:{}", vote.login), personas))
        .or_else(|_| person::name(&BlockRecord::of_person(vote.account), personas))
        .map_err(refused)?;
    let reason = vote
        .reason
        .as_deref()
        .map(|reason| remark(reason, MAX_REASON).text);
    let place = (!vote.link.is_empty()).then(|| format!("Given in <{}>.", vote.link));
    let parts: Vec<String> = reason.into_iter().chain(place).collect();
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    person::block(&author, &parts.join("\n\n"), Vote::parse(&vote.vote)).map_err(refused)
}

fn vote_record(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    did: &str,
    vote: &HumanVote,
    text: String,
) -> BlockRecord {
    let subject = evaluated.seen.subject.to_string();
    let base = work.snapshot.base_branch.clone();
    BlockRecord {
        path: key.to_owned(),
        seq: 0,
        alias: BlockRecord::of_person(vote.account),
        vote: Some(vote.vote.clone()),
        hash: block_identity(&BlockIdentity {
            did,
            subject: &subject,
            base: &base,
            phase: &evaluated.phase.name,
            question: None,
            persona: "",
            model: "",
            earlier: 0,
            text: &text,
        }),
        subject,
        text,
        question: None,
        model: String::new(),
        persona: String::new(),
        job: work.job.id.clone(),
        base,
        anchors: Vec::new(),
        state: BlockState::Pending,
        review: None,
        did: did.to_owned(),
        receipt: None,
    }
}

/// Commits. [`Closing::NotDue`]: the files say all that already.
async fn publish(
    work: &mut Work<'_>,
    drafts: &[Draft],
    outcomes: &[Outcome],
) -> Result<Closing, JobError> {
    if drafts.iter().all(|draft| draft.text.is_none()) {
        return Ok(Closing::NotDue);
    }
    let headline = headline(drafts, outcomes);
    match commit(work, drafts, Some(headline)).await {
        Err(JobError::Forge(ForgeError::Forbidden(said) | ForgeError::Refused(said)))
            if !channel::lacks_permission(&said) =>
        {
            tracing::warn!(pr = %work.pr(), job = %work.job.id, said, "the closing commit was refused");
            let why = channel::refused(&said);
            work.record(&[post_review::remember(&why)]).await?;
            work.memory.replies = Some(why.clone());
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
    for draft in drafts {
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
            changes.push(Change::Discussion(record.clone()));
        }
    }
    work.record(&changes).await
}

/// The Status line of a file that is written anyway, once a closing commit set it: as decided while that holds, as on
/// the base once it does not; and whether the latter is so.
pub(super) fn status_now<'a>(
    work: &Work<'_>,
    path: &'a SeenPath,
    after: Option<&'a Evaluated>,
) -> (Option<&'a str>, bool) {
    let record = work.memory.discussions.get(&path.candidate.key);
    let (Some(after), Some(record)) = (after, record) else {
        return (None, false);
    };
    if record.closed.is_empty() {
        return (None, false);
    }
    let on_ready = after.template.on_ready.as_str();
    if after.view.verdict.state == State::Ready && record.closed == after.seen.ballot {
        return (Some(on_ready), false);
    }
    let of_base = path.base.discussion().map(|base| base.header.status());
    let is_ours = after.discussion.header.status() == on_ready;
    (is_ours.then_some(of_base.unwrap_or("OPEN")), true)
}
