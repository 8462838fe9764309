//! Tells people, once for each vote, that the text they voted on is not the one that is there now.

use super::apply::{self, Runs};
use super::deps::JobError;
use super::evaluate::{self, Outcome};
use super::message;
use super::plan::Effect;
use super::respond;
use super::work::{Work, open};
use crate::store::{Change, EffectRecord, HumanVote};
use sha2::{Digest, Sha256};

/// Posts one comment about all votes that became stale and whose voters were not told yet. Votes of this job are left
/// out: commands are answered by themselves.
pub async fn tell(
    work: &mut Work<'_>,
    runs: &mut Runs,
    outcomes: &[Outcome],
) -> Result<(), JobError> {
    let mut keys: Vec<String> = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    for (vote, text) in outdated(work, outcomes) {
        let key = told_key(&vote.path, &vote.source);
        if let Some(EffectRecord::Done(_)) = work.deps.store.effect(&work.job.pr, &key).await? {
            continue;
        }
        // Whoever may not vote does not make us talk.
        if work.rights_of(vote.account, &vote.login).await?.write {
            keys.push(key);
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
    let reply = Effect::Reply { marker, body };
    apply::carry_out(work.deps, &work.job.lease, work.pr(), runs, &[reply]).await?;
    let done = keys.into_iter().map(|key| Change::EffectDone {
        key,
        result: String::new(),
    });
    work.record(&done.collect::<Vec<_>>()).await
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
            if let Some(told) = respond::told(vote, evaluated, false).filter(|_| is_outdated) {
                found.push((vote.clone(), told));
            }
        }
    }
    found
}
