//! What is told on a pull request whose job is parked: nobody keeps its verdict up to date now.

use super::apply::{self, Runs};
use super::check::{self, CheckInput, Findings};
use super::deps::{BotDeps, JobError};
use super::leave;
use super::lookup::UNNUMBERED;
use super::queue;
use super::report;
use super::show_status;
use super::siblings;
use super::work::Work;
use crate::forge::{Blocked, Conclusion, ForgeError};
use crate::store::{Claimed, PrRecord};

/// Tells that we failed.
pub async fn tell_parked(deps: &BotDeps, job: &Claimed) -> Result<(), JobError> {
    tell(deps, job, Findings::Failed { id: job.id.clone() }).await
}

/// Tells what keeps the App away, where that lets it say so.
pub async fn tell_blocked(deps: &BotDeps, job: &Claimed, error: &JobError) -> Result<(), JobError> {
    match error {
        JobError::Forge(ForgeError::Blocked(Blocked::Ungranted { missing, settings })) => {
            let findings = Findings::Ungranted {
                missing: missing.clone(),
                settings: settings.clone(),
            };
            tell(deps, job, findings).await
        }
        _ => Ok(()),
    }
}

/// Posts that to the head, as well as that is possible. Where the pull request or the record cannot be read, the verdict
/// that was posted last is taken back.
async fn tell(deps: &BotDeps, job: &Claimed, findings: Findings) -> Result<(), JobError> {
    if job.pr.number == UNNUMBERED {
        return Ok(());
    }
    let Err(error) = tell_at_head(deps, job, &findings).await else {
        return Ok(());
    };
    let last = deps.store.pr(&job.pr).await?;
    let effect = leave::closing_run(&last.checked_head, &last.check, findings.clone());
    let Some(effect) = effect.filter(|_| !last.check.is_empty()) else {
        return Err(error);
    };
    tracing::warn!(pr = %job.pr, job = %job.id, %error, "told at the last head known");
    let now = PrRecord {
        conclusion: Conclusion::ActionRequired.as_str().to_owned(),
        seen: String::new(),
        ..last.clone()
    };
    siblings::give_up(deps, job, &check::title(&findings)).await?;
    queue::left_green(deps, job, &last, &now).await?;
    apply::carry_out(deps, &job.lease, &job.pr, &mut Runs::default(), &[effect]).await?;
    Ok(deps.store.put_pr(&job.lease, &job.pr, &now).await?)
}

async fn tell_at_head(deps: &BotDeps, job: &Claimed, findings: &Findings) -> Result<(), JobError> {
    let snapshot = deps.read.snapshot(&job.pr).await?;
    let mut work = Work::begin(deps, job, snapshot).await?;
    let Some(name) = work.ground.check.clone() else {
        return Ok(());
    };
    let input = CheckInput {
        name,
        head: work.snapshot.head.clone(),
        external_id: String::new(),
        details_url: None,
        findings: findings.clone(),
        notes: Vec::new(),
    };
    let runs = &mut Runs::default();
    report::post(&mut work, runs, &input, Vec::new(), false).await?;
    match findings {
        // As soon as somebody has granted it, this is due.
        Findings::Ungranted { .. } => work.forget_look().await?,
        // A sweep tries it again once that is long ago, or something changed.
        _ => work.note_unheard().await?,
    }
    show_status::instead(&mut work, runs, &input).await
}
