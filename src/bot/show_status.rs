//! Keeps the status comment of a pull request in step with the check, after everything else of a try: the check is
//! complete without it, so nothing that goes wrong here takes anything from it.

use super::apply::{self, Posted, Runs};
use super::check::{CheckInput, Findings};
use super::deps::JobError;
use super::evaluate::Outcome;
use super::plan::Effect;
use super::repo_config::Notify;
use super::siblings::pooled::Pooled;
use super::status::{self, Beside, Course, Kept, MARKER, PAUSE, Status, Step, changes_state};
use super::work::{Work, open};
use super::{message, outdated};
use crate::engine::template::Template;
use crate::forge::{Conclusion, ForgeError, PrState};
use crate::store::{Change, EffectRecord};

/// Key of the effect row that keeps what was written.
pub const KEY: &str = "status";
/// Phases of a template that are followed.
const MAX_PHASES: usize = 20;

/// To be recorded with what was concluded, where a first comment follows: a next try then looks whether it was posted.
pub fn announced(work: &mut Work<'_>, input: &CheckInput) -> Option<Change> {
    let follows = work.memory.status.is_none()
        && status::has_discussion(&input.findings)
        && work.ground.config.notify != Notify::Never
        && !work.snapshot.locked;
    work.memory.announced = follows;
    follows.then(|| Change::Intend(KEY.to_owned()))
}

/// Brings the comment up to what was concluded, and folds away what of our own no longer holds.
pub async fn after_a_try(
    work: &mut Work<'_>,
    runs: &mut Runs,
    input: &CheckInput,
) -> Result<(), JobError> {
    // Another job is waiting and comes to its own end.
    if matches!(input.findings, Findings::Started) {
        return Ok(());
    }
    let outcomes = work.evaluate();
    let written = match work.ground.config.notify {
        Notify::Never => write(work, runs, &Status::ended(&input.name), false).await,
        Notify::OnChange | Notify::Always => {
            let mut status = Status::of(input, &beside(work, &outcomes));
            if let Some(pooled) = shared(work) {
                let is_green = pooled.conclusion() == Some(Conclusion::Success);
                status = status.shared(&pooled.title, &pooled.section, is_green);
            }
            let may_begin = status::has_discussion(&input.findings);
            write(work, runs, &status, may_begin).await
        }
    };
    tolerate(work, written).await?;
    outdated::fold_away(work, &outcomes).await
}

/// What the check was made to say with other pull requests that share it.
fn shared<'w>(work: &'w Work<'_>) -> Option<&'w Pooled> {
    let pooled = work.memory.siblings.pooled.as_ref()?;
    (!pooled.section.is_empty()).then_some(pooled)
}

/// The comment after the pull request was closed or merged: the last verdict stays.
pub async fn after_the_end(work: &mut Work<'_>, runs: &mut Runs) -> Result<(), JobError> {
    let verdict = work.memory.status.as_ref();
    let Some(kept) = verdict.filter(|kept| !kept.verdict.is_empty() && !is_left_alone(work)) else {
        return Ok(());
    };
    let status = Status::after_the_end(kept, work.snapshot.state);
    let written = write(work, runs, &status, false).await;
    tolerate(work, written).await
}

/// The comment where the configuration on the base turned the gate off.
pub async fn where_the_gate_is_off(work: &mut Work<'_>, runs: &mut Runs) -> Result<(), JobError> {
    if work.snapshot.state != PrState::Open {
        return after_the_end(work, runs).await;
    }
    let findings = Findings::Renamed {
        base: work.snapshot.base_branch.clone(),
        name: None,
    };
    let input = CheckInput {
        name: String::new(),
        head: work.snapshot.head.clone(),
        external_id: String::new(),
        details_url: None,
        findings,
        notes: Vec::new(),
    };
    instead(work, runs, &input).await
}

/// The comment where nothing is judged any more, or where we failed: it must not show an old state.
pub async fn instead(
    work: &mut Work<'_>,
    runs: &mut Runs,
    input: &CheckInput,
) -> Result<(), JobError> {
    if work.snapshot.state != PrState::Open || is_left_alone(work) {
        return Ok(());
    }
    let status = Status::of(input, &Beside::default());
    let written = write(work, runs, &status, false).await;
    tolerate(work, written).await
}

/// Whether the configuration wants no comment: one from before has said so once.
fn is_left_alone(work: &Work<'_>) -> bool {
    work.ground.config.notify == Notify::Never
}

/// The job ends whatever GitHub has against the comment: another try would read, ask and post everything again, and hold
/// back what is told meanwhile. What is unfinished is recorded: the next event goes on with it, or the next sweep, for
/// which the pull request is due at once.
async fn tolerate(work: &mut Work<'_>, written: Result<(), JobError>) -> Result<(), JobError> {
    match written {
        // It comes back soon, and finds all else done.
        Err(error @ JobError::Forge(ForgeError::OutOfTurn { .. })) => Err(error),
        Err(JobError::Forge(error)) => {
            tracing::warn!(pr = %work.pr(), job = %work.job.id, %error, "the status comment waits for the next look");
            work.age_look().await
        }
        written => written,
    }
}

/// Makes the comment say that, if it does not.
async fn write(
    work: &mut Work<'_>,
    runs: &mut Runs,
    status: &Status,
    may_begin: bool,
) -> Result<(), JobError> {
    let digest = status.digest(&work.snapshot.head);
    let may_begin = may_begin && !work.snapshot.locked;
    let kept = work.memory.status.clone();
    let has_none = kept.as_ref().is_some_and(|kept| kept.comment.is_none());
    let now = match has_none {
        true => work.deps.store.now().await?,
        false => 0,
    };
    let comments = work.snapshot.comments;
    let step = status::step(kept.as_ref(), status, &digest, may_begin, comments, now);
    let kept = kept.unwrap_or_default();
    match step {
        Step::Nothing => Ok(()),
        Step::Edit(id) => edit(work, runs, kept, id, status, digest).await,
        Step::Create { look_first } => {
            let body = status.markdown();
            let found = match look_first {
                true => work.deps.read.own_comment(work.pr(), MARKER).await?,
                false => None,
            };
            match found {
                Some(comment) => edit(work, runs, kept, comment.id, status, digest).await,
                None if may_begin => begin(work, kept, status, digest, &body).await,
                None => Ok(()),
            }
        }
    }
}

/// Posts the comment. What is known is recorded before: a next try looks whether it was posted.
async fn begin(
    work: &mut Work<'_>,
    kept: Kept,
    status: &Status,
    digest: String,
    body: &str,
) -> Result<(), JobError> {
    let before = Kept {
        comment: None,
        pending: true,
        digest: String::new(),
        begun_at: work.deps.store.now().await?,
        ..kept
    };
    if !std::mem::take(&mut work.memory.announced) {
        keep(work, before.clone()).await?;
    }
    let posted = apply::comment(work.deps, &work.job.lease, work.pr(), body).await?;
    let comment = match posted {
        Posted::Is(comment) => Some(comment.id),
        // Not tried again before there is another state to tell.
        Posted::Gone | Posted::Refused => None,
    };
    keep(work, shows(before, comment, status, digest)).await
}

async fn edit(
    work: &mut Work<'_>,
    runs: &mut Runs,
    kept: Kept,
    id: u64,
    status: &Status,
    digest: String,
) -> Result<(), JobError> {
    let before = Kept {
        comment: Some(id),
        pending: false,
        digest: String::new(),
        ..kept.clone()
    };
    keep(work, before.clone()).await?;
    let body = status.markdown();
    let edited = apply::edit_comment(work.deps, &work.job.lease, work.pr(), id, &body).await?;
    let turns = changes_state(&kept.state, &status.state) && !kept.state.is_empty();
    match edited {
        Posted::Gone => {
            // Somebody deleted it.
            let gone = Kept {
                comment: None,
                digest: digest.clone(),
                ..kept
            };
            let now = work.deps.store.now().await?;
            match turns && now - gone.begun_at >= PAUSE && !work.snapshot.locked {
                true => begin(work, gone, status, digest, &body).await,
                false => keep(work, gone).await,
            }
        }
        // A text that GitHub refuses is not sent again; what it shows is the one from before.
        Posted::Refused => keep(work, Kept { digest, ..before }).await,
        Posted::Is(()) => {
            let mut after = before;
            if turns && work.ground.config.notify == Notify::Always {
                after.turns += 1;
                tell(work, runs, id, after.turns, status).await?;
            }
            keep(work, shows(after, Some(id), status, digest)).await
        }
    }
}

fn shows(kept: Kept, comment: Option<u64>, status: &Status, digest: String) -> Kept {
    let (verdict, rest) = match status.is_verdict {
        true => (status.state.clone(), status.rest()),
        false => (kept.verdict.clone(), kept.rest.clone()),
    };
    Kept {
        comment,
        pending: false,
        digest,
        verdict,
        rest,
        state: status.state.clone(),
        ..kept
    }
}

/// Tells a change of state in a comment of its own, for those who want to be notified of each.
async fn tell(
    work: &mut Work<'_>,
    runs: &mut Runs,
    comment: u64,
    turn: u64,
    status: &Status,
) -> Result<(), JobError> {
    let marker = format!("<!-- discussions:turn:{turn} -->");
    let line = status::turned(&status.state, &address(work, comment));
    let body = message::reply(&marker, &[line]);
    let reply = Effect::Reply {
        marker: marker.clone(),
        body,
    };
    apply::carry_out(work.deps, &work.job.lease, work.pr(), runs, &[reply]).await?;
    outdated::remember(
        work,
        vec![outdated::Notice {
            marker,
            about: outdated::About::State(status.state.clone()),
        }],
    )
    .await
}

/// What is recorded of the comment; what does not read is as good as none, and looked up.
pub async fn recalled(work: &Work<'_>) -> Result<Option<Kept>, JobError> {
    let kept = work.deps.store.effect(&work.job.pr, KEY).await?;
    let unknown = || Kept {
        pending: true,
        ..Kept::default()
    };
    Ok(kept.map(|kept| match kept {
        EffectRecord::Done(kept) => serde_json::from_str(&kept).unwrap_or_else(|_| unknown()),
        EffectRecord::Intended => unknown(),
    }))
}

async fn keep(work: &mut Work<'_>, kept: Kept) -> Result<(), JobError> {
    let result = serde_json::to_string(&kept)
        .map_err(|error| JobError::Internal(format!("the status comment: {error}")))?;
    let key = KEY.to_owned();
    work.record(&[Change::EffectDone { key, result }]).await?;
    work.memory.status = Some(kept);
    Ok(())
}

/// Web address of a comment of the pull request.
fn address(work: &Work<'_>, comment: u64) -> String {
    format!("{}#issuecomment-{comment}", work.snapshot.url)
}

impl Work<'_> {
    /// Web address of the status comment, once there is one.
    pub fn status_address(&self) -> Option<String> {
        let comment = self.memory.status.as_ref()?.comment?;
        Some(address(self, comment))
    }
}

/// What the comment shows besides what the check says.
fn beside(work: &Work<'_>, outcomes: &[Outcome]) -> Beside {
    let discussions = open(&work.paths, outcomes).map(|(key, evaluated)| {
        let blocks = work.blocks_of(key);
        let anchor = evaluated.end_of_chain(&blocks);
        let course = Course {
            phases: phases(&evaluated.template),
            replies: anchor.as_ref().map_or(0, |anchor| {
                usize::try_from(anchor.seq).unwrap_or(usize::MAX)
            }),
            anchor: anchor.map(|anchor| anchor.to_string()),
        };
        (evaluated.view.path.clone(), course)
    });
    Beside {
        pr: Some(work.pr().clone()),
        discussions: discussions.collect(),
    }
}

/// Names of a template's phases, from the first on.
fn phases(template: &Template) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut next = Some(&template.first_phase);
    while let Some(name) = next.filter(|name| !names.contains(name) && names.len() < MAX_PHASES) {
        names.push(name.clone());
        next = template
            .phases
            .get(name)
            .and_then(|phase| phase.next.as_ref());
    }
    names
}
