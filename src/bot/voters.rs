//! Who could vote at all: asked only where people are missing, to name the ways out.

use super::deps::JobError;
use super::evaluate::Outcome;
use super::work::{Work, open};
use crate::engine::consensus::{ReasonCode, State};
use crate::store::{Change, EffectRecord};

impl Work<'_> {
    /// Asks whether anybody but the author could vote, once in this try and only where people are missing and their
    /// votes are what comes next. `true`: nobody could, which the outcomes do not say yet. It only makes texts better,
    /// so a request that fails is no failure. That somebody else is there is remembered with the pull request and costs
    /// no second request; that nobody is, which the texts claim, is asked each time.
    pub async fn learn_who_could_vote(&mut self, outcomes: &[Outcome]) -> Result<bool, JobError> {
        let Some(author) = self.snapshot.author.clone() else {
            return Ok(false);
        };
        let author_may_vote = self.ground.config.gate.author_may_vote;
        let permissions = self.ground.config.permissions.clone();
        let mut others = self.rights.iter().filter(|(id, _)| **id != author.id);
        let somebody_does = others.any(|(_, rights)| permissions.may_vote(Some(rights)));
        let lacks_people = open(&self.paths, outcomes).any(|(_, evaluated)| {
            let verdict = &evaluated.view.verdict;
            let is_next = matches!(verdict.state, State::Discussing | State::Changes);
            is_next && evaluated.view.has_reason(ReasonCode::Humans)
        });
        if author_may_vote || somebody_does || !lacks_people || self.nobody_else_votes.is_some() {
            return Ok(false);
        }
        let key = format!(
            "another-voter:{}:{}",
            permissions.of_votes().as_str(),
            author.id
        );
        let known = self.deps.store.effect(&self.job.pr, &key).await?;
        if matches!(known, Some(EffectRecord::Done(_))) {
            return Ok(false);
        }
        let read = &self.deps.read;
        // Nobody votes with less than write, so the list of those who push holds everybody who may.
        match read.other_writers(self.pr(), author.id).await {
            Ok(Some(others)) if !others.iter().any(|one| permissions.may_vote(Some(one))) => {
                self.nobody_else_votes = Some(true);
            }
            Ok(_) => {
                let result = String::new();
                self.memory.noted.push(Change::EffectDone { key, result });
                self.nobody_else_votes = Some(false);
            }
            Err(error) => {
                tracing::warn!(pr = %self.pr(), job = %self.job.id, %error, "who else could vote is unknown");
            }
        }
        Ok(self.nobody_else_votes == Some(true))
    }
}
