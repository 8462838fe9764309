//! Carries out intended writes. The only user of [`ForgeWrite`]; every function takes the job's [`Lease`].
//!
//! GitHub's writes have no idempotency key. So each write is announced in the store before it is sent, under the
//! lease, and whatever may have been sent by an earlier try is looked up first: comments by their hidden marker,
//! check runs by the digest in their external id, commits by our pending blocks in the file. An announcement that
//! the store refuses stops the job before it writes anything.

use super::deps::{BotDeps, JobError};
use super::plan::{Effect, PlannedCommit};
use crate::forge::overview::FailedDelivery;
use crate::forge::{
    CheckRun, ExistingCheck, ForgeError, ForgeWrite, OwnComment, PostedReview, Reaction,
    ReactionTarget, ReviewRequest,
};
use crate::ids::{PullRequest, Sha};
use crate::store::{EffectRecord, Lease};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The writing half of GitHub, closed: everybody may pass it on, only this file can open it.
#[derive(Clone)]
pub struct Writer(Arc<dyn ForgeWrite>, Option<Watcher>);

/// Is told in words of each write that GitHub took.
pub type Watcher = Arc<dyn Fn(&PullRequest, &str) + Send + Sync>;

impl<W: ForgeWrite + 'static> From<Arc<W>> for Writer {
    fn from(adapter: Arc<W>) -> Self {
        Self(adapter, None)
    }
}

impl Writer {
    /// The same, with somebody who is told of each write.
    pub fn watched(self, watcher: Watcher) -> Self {
        Self(self.0, Some(watcher))
    }

    fn tell(&self, pr: &PullRequest, what: &impl std::fmt::Display) {
        if let Some(watcher) = &self.1 {
            watcher(pr, &what.to_string());
        }
    }
}

/// The newest runs this job knows of, by head and name: what it posted itself needs no looking up.
#[derive(Debug, Default)]
pub struct Runs(BTreeMap<(Sha, String), ExistingCheck>);

impl Runs {
    /// Whether the newest run of a name on a head is known and has no conclusion.
    pub fn is_open(&self, head: &Sha, name: &str) -> bool {
        let known = self.0.get(&(head.clone(), name.to_owned()));
        known.is_some_and(|run| run.conclusion.is_none())
    }

    /// Forgets the newest run of a name on a head: somebody else may post there too.
    pub fn forget(&mut self, head: &Sha, name: &str) {
        self.0.remove(&(head.clone(), name.to_owned()));
    }
}

/// Carries out the effects in order.
pub async fn carry_out(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    runs: &mut Runs,
    effects: &[Effect],
) -> Result<(), JobError> {
    for effect in effects {
        tracing::debug!(%pr, %effect, "carrying out");
        match effect {
            Effect::React { target, reaction } => {
                react(deps, lease, pr, target, *reaction).await?;
            }
            Effect::Check { .. } => show(deps, lease, pr, runs, effect).await?,
            Effect::Reply { marker, body } => reply(deps, lease, pr, marker, body).await?,
        }
    }
    Ok(())
}

/// Makes the one commit of a round; gives the new head. The blocks in it are recorded as pending before: a next try
/// that finds them in the file knows that this one was carried out.
pub async fn commit(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    planned: &PlannedCommit,
) -> Result<Sha, JobError> {
    tracing::info!(%pr, row = lease.job, commit = %planned, "committing");
    match deps.write.0.commit(pr, &planned.request).await {
        Ok(head) => {
            deps.write.tell(pr, planned);
            Ok(head)
        }
        Err(ForgeError::StaleHead(why)) => Err(JobError::Moved(why)),
        Err(error) => Err(error.into()),
    }
}

/// Posts the one review of a round. Its blocks are recorded as pending before: a next try that finds one of them in a
/// review of ours knows that this one was carried out.
pub async fn review(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    request: &ReviewRequest,
) -> Result<PostedReview, JobError> {
    let comments = request.comments.len();
    tracing::info!(%pr, row = lease.job, head = %request.commit, comments, "posting a review");
    Ok(deps.write.0.review(pr, request).await?)
}

/// Has a lost delivery sent again. Noted only after GitHub took it: asked for twice it comes in once, by its guid.
pub async fn redeliver(
    deps: &BotDeps,
    lease: &Lease,
    lost: &FailedDelivery,
) -> Result<(), JobError> {
    tracing::info!(row = lease.job, delivery = %lost.guid, event = lost.event, "asking for a delivery again");
    match deps.write.0.redeliver(lost.id).await {
        // GitHub has forgotten it meanwhile, or does not want to: neither changes by asking.
        Err(
            error @ (ForgeError::NotFound(_) | ForgeError::Forbidden(_) | ForgeError::Refused(_)),
        ) => {
            tracing::warn!(delivery = %lost.guid, %error, "not delivered again");
        }
        asked => asked?,
    }
    Ok(deps.store.asked_again(lease, &lost.guid).await?)
}

/// Resolves a conversation of ours.
pub async fn resolve_thread(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    thread: &str,
) -> Result<(), JobError> {
    tracing::debug!(%pr, row = lease.job, thread, "resolving a conversation");
    match deps.write.0.resolve_thread(pr, thread).await {
        Ok(()) => Ok(()),
        Err(error) => tolerate(pr, "resolving a conversation", error),
    }
}

/// How a write ended that is only a courtesy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted<T> {
    /// Done.
    Is(T),
    /// What was to be written to is not there any more.
    Gone,
    /// GitHub does not want it, and will not by asking again.
    Refused,
}

impl<T> Posted<T> {
    fn of(pr: &PullRequest, what: &str, answer: Result<T, ForgeError>) -> Result<Self, JobError> {
        match answer {
            Ok(done) => Ok(Self::Is(done)),
            Err(error @ ForgeError::NotFound(_)) => {
                tracing::info!(%pr, what, %error, "not there any more");
                Ok(Self::Gone)
            }
            Err(error @ (ForgeError::Forbidden(_) | ForgeError::Refused(_))) => {
                tracing::warn!(%pr, what, %error, "not written");
                Ok(Self::Refused)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Posts the status comment. That it may be there is recorded before.
pub async fn comment(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    body: &str,
) -> Result<Posted<OwnComment>, JobError> {
    tracing::debug!(%pr, row = lease.job, bytes = body.len(), "posting the status comment");
    let posted = Posted::of(
        pr,
        "the status comment",
        deps.write.0.comment(pr, body).await,
    )?;
    if matches!(posted, Posted::Is(_)) {
        deps.write.tell(pr, &"the status comment");
    }
    Ok(posted)
}

/// Replaces the status comment's text; the same again changes nothing.
pub async fn edit_comment(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    id: u64,
    body: &str,
) -> Result<Posted<()>, JobError> {
    tracing::debug!(%pr, row = lease.job, id, bytes = body.len(), "editing the status comment");
    let edited = deps.write.0.edit_comment(pr, id, body).await;
    let edited = Posted::of(pr, "the status comment", edited)?;
    if edited == Posted::Is(()) {
        deps.write.tell(pr, &"the status comment, edited");
    }
    Ok(edited)
}

/// Folds a comment of ours away as outdated.
pub async fn minimize(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    comment: &str,
) -> Result<Posted<()>, JobError> {
    tracing::debug!(%pr, row = lease.job, comment, "folding an outdated comment away");
    let folded = deps.write.0.minimize(pr, comment).await;
    Posted::of(pr, "folding a comment away", folded)
}

/// Makes a run the newest one on its head. One in progress is continued, a completed one is never opened again, and
/// one that says the same is left alone.
async fn show(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    runs: &mut Runs,
    effect: &Effect,
) -> Result<(), JobError> {
    let Effect::Check {
        run,
        look_first,
        fresh,
    } = effect
    else {
        return Ok(());
    };
    let place = (run.head.clone(), run.name.clone());
    let newest = match runs.0.get(&place) {
        Some(known) => Some(known.clone()),
        None if *look_first => {
            let known = deps.read.own_checks(pr, &run.head, &run.name).await?;
            known.into_iter().next()
        }
        None => None,
    };
    let id = match newest {
        Some(known) if says_the_same(&known, run) => {
            tracing::debug!(%pr, row = lease.job, head = %run.head, "the check says so already");
            known.id
        }
        Some(known) if known.conclusion.is_none() && !fresh => {
            deps.write.0.update_check(pr, known.id, run).await?;
            deps.write.tell(pr, effect);
            known.id
        }
        _ => {
            let id = deps.write.0.create_check(pr, run).await?;
            deps.write.tell(pr, effect);
            id
        }
    };
    let posted = ExistingCheck {
        id,
        name: run.name.clone(),
        external_id: run.external_id.clone(),
        conclusion: run
            .conclusion
            .map(|conclusion| conclusion.as_str().to_owned()),
    };
    runs.0.insert(place, posted);
    Ok(())
}

/// Whether a run on GitHub is the one to post. The id alone does not tell: "Re-run" takes the conclusion away, and a run
/// with many annotations that was cut short never got one.
fn says_the_same(known: &ExistingCheck, run: &CheckRun) -> bool {
    let conclusion = run.conclusion.map(|conclusion| conclusion.as_str());
    known.external_id == run.external_id && known.conclusion.as_deref() == conclusion
}

/// Key of the effect row of a comment; its result is the comment's id and its GraphQL id.
pub fn comment_key(marker: &str) -> String {
    format!("comment:{marker}")
}

/// Posts a comment once. A locked conversation or a missing right does not stop the job: the check says it all.
async fn reply(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    marker: &str,
    body: &str,
) -> Result<(), JobError> {
    let key = comment_key(marker);
    let known = match deps.store.effect(pr, &key).await? {
        Some(EffectRecord::Done(_)) => return Ok(()),
        Some(EffectRecord::Intended) => deps.read.own_comment(pr, marker).await?,
        None => {
            deps.store.intend(lease, pr, &key).await?;
            None
        }
    };
    let posted = match known {
        Some(comment) => comment,
        None => match deps.write.0.comment(pr, body).await {
            Ok(comment) => {
                deps.write
                    .tell(pr, &format_args!("comment of {} bytes", body.len()));
                comment
            }
            Err(error) => return tolerate(pr, "comment", error),
        },
    };
    let posted = format!("{} {}", posted.id, posted.node);
    deps.store.effect_done(lease, pr, &key, &posted).await?;
    Ok(())
}

/// Reacts; the same reaction twice is one. A comment that is gone meanwhile is no fault.
async fn react(
    deps: &BotDeps,
    lease: &Lease,
    pr: &PullRequest,
    target: &ReactionTarget,
    reaction: Reaction,
) -> Result<(), JobError> {
    tracing::trace!(row = lease.job, ?target, ?reaction);
    match deps.write.0.react(pr, target.clone(), reaction).await {
        Ok(()) => {
            deps.write
                .tell(pr, &format_args!("reaction {}", reaction.as_str()));
            Ok(())
        }
        // What everything else of the job would wait behind is left out.
        Err(error @ ForgeError::OutOfTurn { .. }) => {
            tracing::warn!(%pr, %error, "no reaction");
            Ok(())
        }
        Err(error) => tolerate(pr, "reaction", error),
    }
}

/// Courtesies must not keep a check from being posted: what GitHub refuses for good is logged and let go.
fn tolerate(pr: &PullRequest, what: &str, error: ForgeError) -> Result<(), JobError> {
    match error {
        ForgeError::NotFound(_) | ForgeError::Forbidden(_) | ForgeError::Refused(_) => {
            tracing::warn!(%pr, what, %error, "not posted");
            Ok(())
        }
        error => Err(error.into()),
    }
}
