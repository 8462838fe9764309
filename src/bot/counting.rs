//! While a round takes its time, the check counts who has answered: `WORKING: 1 of 3 answered`. Seldom, since writes to
//! GitHub are scarce, and never where others post to the same check.

use super::apply::{self, Runs};
use super::check;
use super::deps::JobError;
use super::evaluate::Outcome;
use super::plan::{self, Effect};
use super::report::{self, Going};
use super::respond::Want;
use super::work::Work;
use crate::ids::Alias;
use crate::round::{Progress, TurnOutcome};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Who was asked and who has answered, by the discussion's path in the record.
pub struct Counted {
    counts: Mutex<BTreeMap<String, (usize, usize)>>,
    changed: Notify,
}

impl Counted {
    /// Nobody has answered yet.
    pub fn of(wants: &[Want]) -> Self {
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for want in wants {
            counts.entry(want.key.clone()).or_default().1 += 1;
        }
        Self {
            counts: Mutex::new(counts),
            changed: Notify::new(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, (usize, usize)>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the check is to show: (answered, asked).
    pub fn working(&self) -> BTreeMap<String, (usize, usize)> {
        self.counts().clone()
    }

    /// Counts the turns of one discussion.
    pub fn at<'a>(&'a self, key: &'a str) -> impl Progress + 'a {
        At { counted: self, key }
    }
}

struct At<'a> {
    counted: &'a Counted,
    key: &'a str,
}

impl Progress for At<'_> {
    fn finished(&self, _: &Alias, outcome: &TurnOutcome) {
        if matches!(outcome, TurnOutcome::Unavailable(_)) {
            return;
        }
        if let Some((answered, _)) = self.counted.counts().get_mut(self.key) {
            *answered += 1;
        }
        self.counted.changed.notify_one();
    }
}

/// Keeps the run in progress up to date.
pub struct Telling<'a, 'w> {
    work: &'a Work<'w>,
    outcomes: &'a [Outcome],
    runs: &'a mut Runs,
    counted: &'a Counted,
    /// What the check shows, and since when.
    shown: BTreeMap<String, (usize, usize)>,
    since: Instant,
    /// Whether it may be written to at all.
    may_tell: bool,
}

impl<'a, 'w> Telling<'a, 'w> {
    /// The run in progress was just posted with nobody counted.
    pub fn new(
        work: &'a Work<'w>,
        outcomes: &'a [Outcome],
        runs: &'a mut Runs,
        counted: &'a Counted,
    ) -> Self {
        let pooled = work.memory.siblings.pooled.as_ref();
        Self {
            work,
            outcomes,
            runs,
            counted,
            shown: counted.working(),
            since: Instant::now(),
            may_tell: pooled.is_some_and(|pooled| pooled.section.is_empty()),
        }
    }

    /// Runs `round` to its end. A write that is on its way by then is waited for, or it might come in behind the result.
    pub async fn during<T>(&mut self, round: impl Future<Output = T>) -> T {
        let mut round = pin!(round);
        loop {
            tokio::select! {
                done = &mut round => return done,
                () = self.is_due() => {}
            }
            let mut told = pin!(self.tell());
            tokio::select! {
                done = &mut round => {
                    told.await;
                    return done;
                }
                () = &mut told => {}
            }
        }
    }

    /// Returns once the check was left alone for long enough and more have answered than it says.
    async fn is_due(&self) {
        if !self.may_tell {
            return std::future::pending().await;
        }
        tokio::time::sleep_until(self.since + self.work.deps.pace.count).await;
        while self.counted.working() == self.shown {
            self.counted.changed.notified().await;
        }
    }

    async fn tell(&mut self) {
        self.shown = self.counted.working();
        let written = self.write().await;
        self.since = Instant::now();
        if let Err(error) = written {
            // The result tells the same and more. Whoever writes next looks first what stands there.
            let head = &self.work.snapshot.head;
            tracing::warn!(pr = %self.work.pr(), job = %self.work.job.id, %error, "the check does not count who answered");
            self.runs
                .forget(head, self.work.ground.check.as_deref().unwrap_or_default());
            self.may_tell = false;
        }
    }

    async fn write(&mut self) -> Result<(), JobError> {
        let work = self.work;
        let going = Going {
            working: self.shown.clone(),
            ..Going::default()
        };
        let Some(input) = report::input(work, self.outcomes, &going) else {
            return Ok(());
        };
        let mut run = plan::with_digest(check::check_run(&input));
        run.details_url = work.status_address();
        if !self.runs.is_open(&input.head, &input.name) {
            self.may_tell = false;
            return Ok(());
        }
        let effect = Effect::Check {
            run,
            look_first: false,
            fresh: false,
        };
        apply::carry_out(work.deps, &work.job.lease, work.pr(), self.runs, &[effect]).await
    }
}
