//! Verdicts that do not stand any more: under a name or on a head that was left, or of a pull request that was closed.

use super::apply;
use super::check::{self, CheckInput, Findings};
use super::deps::JobError;
use super::plan::{self, Effect, IN_PROGRESS};
use super::report::announce;
use super::siblings;
use super::work::Work;
use crate::forge::{CheckRun, Conclusion, PrState};
use crate::ids::Sha;
use crate::store::{Change, PrRecord};

/// Takes back what stands under another name than the one this pull request is judged under now: it went into another
/// base, or its base's configuration names another check or none. Nobody keeps the verdict under the old name up to
/// date.
pub async fn other_name(work: &mut Work<'_>, runs: &mut apply::Runs) -> Result<(), JobError> {
    let left = work.memory.pr.clone();
    let snapshot = &work.snapshot;
    let name = work.ground.check.clone();
    if left.check.is_empty() || name.as_ref() == Some(&left.check) {
        return Ok(());
    }
    let base = snapshot.base_branch.clone();
    let findings = match left.base == base {
        true => Findings::Renamed { base, name },
        false => Findings::Elsewhere { base },
    };
    let now = PrRecord {
        check: String::new(),
        ..left
    };
    take_back(work, runs, findings, now).await
}

/// The pull request is not open any more. A green is taken back unless it was merged: until somebody has looked at what
/// was said meanwhile, it must not be there for whoever opens it again. A run in progress is ended in any case, since
/// nobody goes on with it. Others with the same head are judged without this one.
pub async fn closed(work: &mut Work<'_>, runs: &mut apply::Runs) -> Result<(), JobError> {
    let left = work.memory.pr.clone();
    let is_green = left.conclusion == Conclusion::Success.as_str();
    let is_to_end = match work.snapshot.state {
        PrState::Open => false,
        PrState::Closed => is_green || left.conclusion == IN_PROGRESS,
        PrState::Merged => left.conclusion == IN_PROGRESS,
    };
    if is_to_end && !left.check.is_empty() {
        let now = PrRecord {
            conclusion: Conclusion::ActionRequired.as_str().to_owned(),
            ..left
        };
        take_back(work, runs, Findings::Closed, now).await?;
    }
    siblings::step_out(work, false).await
}

/// A closed pull request that is open again is new: should that event be missed, a sweep takes it for opened.
pub async fn forget_seen(work: &mut Work<'_>) -> Result<(), JobError> {
    if work.memory.pr.base.is_empty() {
        return Ok(());
    }
    work.memory.pr.seen = String::new();
    work.memory.pr.base = String::new();
    let forgotten = Change::Pr(work.memory.pr.clone());
    work.record(&[forgotten]).await
}

/// Closes the run that was posted last, and records what is left of it.
async fn take_back(
    work: &mut Work<'_>,
    runs: &mut apply::Runs,
    findings: Findings,
    now: PrRecord,
) -> Result<(), JobError> {
    let left = &work.memory.pr;
    let effect = closing_run(&left.checked_head, &left.check, findings);
    let effects: Vec<Effect> = effect.into_iter().collect();
    let pr = work.pr().clone();
    apply::carry_out(work.deps, &work.job.lease, &pr, runs, &effects).await?;
    announce(work, now, Vec::new()).await
}

/// The run that takes a head's verdict back once the branch points elsewhere.
pub(super) fn superseded(left: &str, input: &CheckInput) -> Option<Effect> {
    let by = input.head.clone();
    closing_run(left, &input.name, Findings::Superseded { by })
}

/// The last run of a name on a head that is not judged any more. `None`: there is no such head.
pub(super) fn closing_run(head: &str, name: &str, findings: Findings) -> Option<Effect> {
    let run: CheckRun = check::check_run(&CheckInput {
        name: name.to_owned(),
        head: Sha::parse(head)?,
        external_id: String::new(),
        details_url: None,
        findings,
        notes: Vec::new(),
    });
    Some(Effect::Check {
        run: plan::with_digest(run),
        look_first: true,
        fresh: false,
    })
}
