//! Tells people, once for each text they voted on, that it is not the one that is there now.

use super::apply::{self, Runs};
use super::deps::JobError;
use super::evaluate::{self, Outcome};
use super::message::{self, VoteTold};
use super::outdated::{self, About, Notice};
use super::plan::Effect;
use super::repo_config::Notify;
use super::work::{Work, open};
use crate::engine::vote::Vote;
use crate::store::{Change, EffectRecord, HumanVote};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Posts one comment about all votes that became stale and whose voters were not told yet. Votes of this job are left
/// out: commands are answered by themselves.
pub async fn tell(
    work: &mut Work<'_>,
    runs: &mut Runs,
    outcomes: &[Outcome],
) -> Result<(), JobError> {
    if work.ground.config.notify == Notify::Never {
        return Ok(());
    }
    let mut keys: Vec<String> = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    let mut votes: Vec<(String, String)> = Vec::new();
    for (vote, text) in outdated(work, outcomes) {
        let key = told_key(&vote.path, &vote.source);
        // Who votes on a text twice, by a comment and a review say, is told once that it is gone.
        let of_text = text_key(&vote);
        if is_told(work, &key).await? || is_told(work, &of_text).await? {
            continue;
        }
        // Whoever may not vote does not make us talk.
        let rights = work.rights_of(vote.account, &vote.login).await?;
        if work.ground.config.permissions.may_vote(Some(&rights)) {
            votes.push((vote.path.clone(), vote.source.clone()));
            keys.extend([key, of_text]);
            parts.push(text);
        }
    }
    if parts.is_empty() {
        return Ok(());
    }
    // The same votes give the same marker, so that a try that died between the two writes says nothing twice.
    let digest = hex::encode(Sha256::digest(keys.join("\n")));
    let marker = format!("<!-- discussions:stale:{} -->", &digest[..16]);
    let body = message::reply(&marker, &parts);
    let reply = Effect::Reply {
        marker: marker.clone(),
        body,
    };
    apply::carry_out(work.deps, &work.job.lease, work.pr(), runs, &[reply]).await?;
    let done = keys.into_iter().map(|key| Change::EffectDone {
        key,
        result: String::new(),
    });
    work.record(&done.collect::<Vec<_>>()).await?;
    let about = About::Stale(votes);
    outdated::remember(work, vec![Notice { marker, about }]).await
}

async fn is_told(work: &Work<'_>, key: &str) -> Result<bool, JobError> {
    let known = work.deps.store.effect(&work.job.pr, key).await?;
    Ok(matches!(known, Some(EffectRecord::Done(_))))
}

/// Key of the effect row that keeps that a voter was told that a text is gone.
fn text_key(vote: &HumanVote) -> String {
    let HumanVote {
        path,
        account,
        subject,
        ..
    } = vote;
    format!("stale:{path}:{account}:{subject}")
}

/// Votes that stand and are on other texts, by path and source.
pub fn standing(work: &Work<'_>, outcomes: &[Outcome]) -> BTreeSet<(String, String)> {
    let votes = outdated(work, outcomes).into_iter();
    votes.map(|(vote, _)| (vote.path, vote.source)).collect()
}

/// Key of the effect row that keeps that a voter was told about a vote.
pub fn told_key(path: &str, source: &str) -> String {
    format!("stale:{path}:{source}")
}

/// Standing votes on other texts, each with what its voter is told.
fn outdated(work: &Work<'_>, outcomes: &[Outcome]) -> Vec<(HumanVote, String)> {
    let by_this_job = |vote: &HumanVote| {
        let mut events = work.job.events.iter();
        events.any(|event| vote.source.contains(&event.guid))
    };
    let author_may_vote = work.ground.config.gate.author_may_vote;
    let author = work.snapshot.author.as_ref().filter(|_| !author_may_vote);
    let is_author = |vote: &HumanVote| author.is_some_and(|author| author.id == vote.account);
    let mut found = Vec::new();
    for (key, evaluated) in open(&work.paths, outcomes) {
        let text = evaluated.seen.hashes();
        for vote in evaluate::newest(&work.votes_of(key), &evaluated.seen.hashes()) {
            let is_outdated = vote.void.is_none()
                && !vote.subject.is_empty()
                && !evaluate::is_about(vote, &text)
                && !is_author(vote)
                && !by_this_job(vote);
            if is_outdated && Vote::parse(&vote.vote).is_some() {
                let told = VoteTold {
                    voter: &vote.login,
                    vote: &vote.vote,
                    path: &evaluated.view.path,
                    current: &evaluated.view.subject,
                    need: evaluated.view.permissions.of_votes(),
                };
                let given_on: String = vote.subject.chars().take(8).collect();
                let sections = &evaluated.view.changed_sections;
                let text = message::vote_became_stale(&told, &given_on, sections);
                found.push((vote.clone(), text));
            }
        }
    }
    found
}
