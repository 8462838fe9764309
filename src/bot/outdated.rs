//! Our own comments that no longer hold: they are folded away, so that a conversation does not fill with what was.
//!
//! GitHub lets an App fold its comments away only with the right to; where it refuses once, a pull request is let be.

use super::apply::{self, Posted};
use super::closing::Heard;
use super::deps::JobError;
use super::evaluate::Outcome;
use super::stale;
use super::status::changes_state;
use super::work::Work;
use crate::store::{Change, EffectRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Key of the effect row that keeps which comments may become outdated.
const KEY: &str = "outdated";
/// Comments folded away by one job: the others wait for the next one.
const MAX_AT_ONCE: usize = 5;
/// Comments remembered on one pull request; the oldest ones stay as they are.
const MAX_KEPT: usize = 100;

/// A comment of ours that may become outdated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Marker it was posted under.
    pub marker: String,
    /// Until when it holds.
    pub about: About,
}

/// What a comment is about, and so when it holds no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// Votes that the text has left behind, by path and source: until none of them is the newest of its voter on an
    /// earlier text.
    Stale(Vec<(String, String)>),
    /// Something that was refused to an account: until a later command of it is carried out.
    Refused(u64),
    /// The state: until it is another one.
    State(String),
    /// Holds no longer.
    Over,
}

/// What is known of such comments on one pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outdated {
    /// Comments that hold as far as we know, oldest first.
    notices: Vec<Notice>,
    /// GitHub refused to fold one away.
    refused: bool,
}

/// Remembers comments that were just posted.
pub async fn remember(work: &mut Work<'_>, posted: Vec<Notice>) -> Result<(), JobError> {
    let known = recall(work).await?;
    let mut now = known.clone();
    now.add(posted);
    match now == known {
        true => Ok(()),
        false => keep(work, now).await,
    }
}

/// Remembers what commands were answered with, and that refusals were followed by something that worked: whichever job
/// folds them away.
pub async fn heard(work: &mut Work<'_>, heard: &[Heard]) -> Result<(), JobError> {
    if heard.is_empty() {
        return Ok(());
    }
    let known = recall(work).await?;
    let mut now = known.clone();
    for heard in heard {
        let response = &heard.response;
        let account = heard.utterance.said.author.id;
        if !response.refused && !response.silent {
            now.obeyed(account);
        }
        // What somebody asked for, and got, stays.
        let is_told = !response.parts.is_empty() && !response.silent && response.wants.is_empty();
        let asks_for_state = response.status || !response.why.is_empty();
        let about = match (response.refused, asks_for_state) {
            _ if !is_told => None,
            (true, _) => Some(About::Refused(account)),
            (false, true) => work.memory.shown.clone().map(About::State),
            (false, false) => None,
        };
        let marker = heard.utterance.marker();
        now.add(about.map(|about| Notice { marker, about }));
    }
    match now == known {
        true => Ok(()),
        false => keep(work, now).await,
    }
}

impl Outdated {
    fn add(&mut self, posted: impl IntoIterator<Item = Notice>) {
        for notice in posted {
            let is_known = self.notices.iter().any(|one| one.marker == notice.marker);
            if !is_known && !self.refused {
                self.notices.push(notice);
            }
        }
        let too_many = self.notices.len().saturating_sub(MAX_KEPT);
        self.notices.drain(..too_many);
    }

    fn obeyed(&mut self, account: u64) {
        for notice in &mut self.notices {
            if notice.about == About::Refused(account) {
                notice.about = About::Over;
            }
        }
    }
}

/// Folds away what no longer holds.
pub async fn fold_away(work: &mut Work<'_>, outcomes: &[Outcome]) -> Result<(), JobError> {
    let mut known = recall(work).await?;
    if known.notices.is_empty() || known.refused {
        return Ok(());
    }
    let standing: BTreeSet<(String, String)> = stale::standing(work, outcomes);
    let shown = work.memory.shown.clone().unwrap_or_default();
    let holds = |notice: &Notice| match &notice.about {
        About::Stale(votes) => votes.iter().any(|vote| standing.contains(vote)),
        About::Refused(_) => true,
        About::Over => false,
        About::State(state) => !changes_state(state, &shown),
    };
    let mut outdated: Vec<Notice> = known.notices.clone();
    outdated.retain(|notice| !holds(notice));
    outdated.truncate(MAX_AT_ONCE);
    if outdated.is_empty() {
        return Ok(());
    }
    for notice in &outdated {
        let Some(comment) = node_of(work, &notice.marker).await? else {
            continue;
        };
        match apply::minimize(work.deps, &work.job.lease, work.pr(), &comment).await {
            Ok(Posted::Refused) => {
                known.refused = true;
                known.notices.clear();
                break;
            }
            Ok(Posted::Is(()) | Posted::Gone) => {}
            // It stays as it is: to fold a comment away is worth no second try.
            Err(JobError::Forge(error)) => {
                tracing::warn!(pr = %work.pr(), job = %work.job.id, %error, "not folded away");
            }
            Err(error) => return Err(error),
        }
    }
    known.notices.retain(|notice| !outdated.contains(notice));
    keep(work, known).await
}

/// GraphQL id of the comment that was posted under a marker.
async fn node_of(work: &Work<'_>, marker: &str) -> Result<Option<String>, JobError> {
    let key = apply::comment_key(marker);
    let posted = work.deps.store.effect(work.pr(), &key).await?;
    let Some(EffectRecord::Done(posted)) = posted else {
        return Ok(None);
    };
    let node = posted.split_once(' ').map(|(_, node)| node.to_owned());
    Ok(node)
}

async fn recall(work: &mut Work<'_>) -> Result<Outdated, JobError> {
    if let Some(known) = &work.memory.outdated {
        return Ok(known.clone());
    }
    let kept = work.deps.store.effect(work.pr(), KEY).await?;
    let known: Outdated = match kept {
        // What a newer version wrote: those comments stay as they are.
        Some(EffectRecord::Done(kept)) => serde_json::from_str(&kept).unwrap_or_default(),
        _ => Outdated::default(),
    };
    work.memory.outdated = Some(known.clone());
    Ok(known)
}

async fn keep(work: &mut Work<'_>, known: Outdated) -> Result<(), JobError> {
    let result = serde_json::to_string(&known)
        .map_err(|error| JobError::Internal(format!("outdated comments: {error}")))?;
    let key = KEY.to_owned();
    work.record(&[Change::EffectDone { key, result }]).await?;
    work.memory.outdated = Some(known);
    Ok(())
}
