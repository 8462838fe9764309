//! Workers: claim a job, keep its lease, run it, and put it where it belongs. All state is in the store, so that a
//! worker may die at any moment.

use super::deps::{BotDeps, Ended, JobError, Remedy};
use super::{parking, run};
use crate::store::{AfterFailure, Claimed, StoreError};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// How long a claim is good for.
pub const LEASE: Duration = Duration::from_secs(60);
/// How often it is renewed meanwhile.
pub const RENEW_EVERY: Duration = Duration::from_secs(20);
/// Tries before a job is parked.
pub const MAX_ATTEMPTS: u32 = 5;
/// What running jobs get to finish when the process is asked to end.
pub const DRAIN: Duration = Duration::from_secs(20);
/// Longest sleep without a look at the queue: a job may come in through another process.
const MAX_SLEEP: Duration = Duration::from_secs(5);
/// Delivery ids on each line of the log.
const NAMED_DELIVERIES: usize = 3;
/// Sleep after the store failed.
const STORE_AWAY: Duration = Duration::from_secs(1);

/// Runs `count` workers until `stop` is cancelled; then no job is claimed any more, running ones get [`DRAIN`] to
/// finish, and what is still running after that is given back. `wake` is notified when a job was enqueued.
pub async fn run_workers(deps: BotDeps, count: usize, wake: Arc<Notify>, stop: CancellationToken) {
    let mut workers = JoinSet::new();
    for number in 1..=count {
        let worker = Worker {
            name: format!("{}-{number}", std::process::id()),
            deps: deps.clone(),
            wake: Arc::clone(&wake),
            stop: stop.clone(),
            claimed: None,
        };
        workers.spawn(worker.run());
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a worker ended badly");
        }
    }
}

/// Runs one worker until `stop`, as [`run_workers`] does. The delivery ids of each job that it claims are sent to
/// `claimed`: beside another process, a job may as well go there.
pub async fn run_one_worker(
    deps: BotDeps,
    wake: Arc<Notify>,
    stop: CancellationToken,
    claimed: UnboundedSender<Vec<String>>,
) {
    let worker = Worker {
        name: format!("{}-by-hand", std::process::id()),
        deps,
        wake,
        stop,
        claimed: Some(claimed),
    };
    worker.run().await;
}

/// One worker: one job at a time.
struct Worker {
    name: String,
    deps: BotDeps,
    wake: Arc<Notify>,
    stop: CancellationToken,
    claimed: Option<UnboundedSender<Vec<String>>>,
}

/// How a claimed job was left.
enum Left {
    /// The try ended by itself.
    Ended(Result<Ended, JobError>),
    /// The lease is somebody else's now.
    Lost,
    /// The process is about to end.
    Drained,
}

impl Worker {
    async fn run(self) {
        while !self.stop.is_cancelled() {
            match self.deps.store.claim(&self.name, LEASE).await {
                Ok(Some(job)) => {
                    // Whatever is logged about a job, down to GitHub's requests, carries its public id and what
                    // caused it.
                    let deliveries = first_deliveries(&job);
                    let named = tracing::info_span!("job", id = %job.id, deliveries);
                    self.work(job).instrument(named).await;
                }
                Ok(None) => self.rest().await,
                Err(error) => {
                    tracing::error!(worker = %self.name, %error, "no job can be claimed");
                    self.sleep(STORE_AWAY).await;
                }
            }
        }
    }

    /// Waits until there may be work.
    async fn rest(&self) {
        let next = self.deps.store.next_ready_in().await;
        let sleep = next.ok().flatten().unwrap_or(MAX_SLEEP).min(MAX_SLEEP);
        // A job that is ready and was not claimed belongs to a pull request that another worker is at.
        self.sleep(sleep.max(Duration::from_millis(20))).await;
    }

    async fn sleep(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.wake.notified() => {}
            () = self.stop.cancelled() => {}
        }
    }

    async fn work(&self, job: Claimed) {
        tracing::info!(worker = %self.name, pr = %job.pr, job = %job.id, attempt = job.attempt, deliveries = %deliveries(&job), "job claimed");
        if let Some(claimed) = &self.claimed {
            let guids = job.events.iter().map(|event| event.guid.clone());
            // Whoever does not listen any more does not need to know.
            claimed.send(guids.collect()).ok();
        }
        let left = self.hold_and_run(&job).await;
        let settled = match left {
            Left::Lost => {
                tracing::warn!(pr = %job.pr, job = %job.id, "lease lost, job abandoned");
                return;
            }
            Left::Drained => self.deps.store.release(&job.lease).await,
            Left::Ended(Ok(Ended::Done)) => self.deps.store.complete(&job.lease).await,
            Left::Ended(Ok(Ended::Postpone(delay))) => {
                self.deps.store.postpone(&job.lease, delay).await
            }
            Left::Ended(Err(error)) => self.failed(&job, &error).await,
        };
        match settled {
            Ok(()) => tracing::info!(pr = %job.pr, job = %job.id, "job left"),
            Err(error) => tracing::warn!(pr = %job.pr, job = %job.id, %error, "job not settled"),
        }
        // What came in for this pull request meanwhile may be claimed now.
        self.wake.notify_one();
    }

    /// Runs the job while its lease is renewed. A panic is an error of this try and of nothing else.
    async fn hold_and_run(&self, job: &Claimed) -> Left {
        let run = AssertUnwindSafe(run::run(&self.deps, job)).catch_unwind();
        tokio::pin!(run);
        // Goes on beside the job: it may have to wait for a connection that the job has in hand.
        let lost = async {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                match self.deps.store.renew(&job.lease, LEASE).await {
                    Ok(()) => {}
                    Err(StoreError::LeaseLost) => return,
                    Err(error) => {
                        tracing::warn!(job = %job.id, %error, "lease not renewed");
                    }
                }
            }
        };
        tokio::pin!(lost);
        let drained = async {
            self.stop.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::pin!(drained);
        tokio::select! {
            ended = &mut run => Left::Ended(ended.unwrap_or_else(|panic| Err(panicked(&panic)))),
            () = &mut drained => Left::Drained,
            () = &mut lost => Left::Lost,
        }
    }

    async fn failed(&self, job: &Claimed, error: &JobError) -> Result<(), StoreError> {
        let store = &self.deps.store;
        let remedy = error.remedy();
        let attempts = match remedy {
            Remedy::Outlast => self.deps.pace.tries_away,
            _ => MAX_ATTEMPTS,
        };
        match remedy {
            Remedy::Abandon => {
                tracing::warn!(pr = %job.pr, job = %job.id, "lease lost, job abandoned");
                Ok(())
            }
            Remedy::Wait(delay) => {
                tracing::warn!(pr = %job.pr, job = %job.id, %error, "job waits");
                store.step_aside(&job.lease, delay).await
            }
            Remedy::Hold(delay) => {
                tracing::warn!(pr = %job.pr, job = %job.id, installation = job.pr.installation, %error, "the jobs of the installation wait");
                store.hold(&job.lease, delay).await
            }
            Remedy::Retry | Remedy::Outlast if job.attempt < attempts => {
                let delay = backoff(self.deps.pace.retry, job.attempt);
                tracing::warn!(pr = %job.pr, job = %job.id, %error, ?delay, "job failed, tried again later");
                let error = error.to_string();
                let failed = store.fail(&job.lease, delay, attempts, &error);
                failed.await.map(|_| ())
            }
            Remedy::Block => self.block(job, error).await,
            Remedy::Retry | Remedy::Outlast | Remedy::Park => self.park(job, error).await,
        }
    }

    /// Puts a job aside until GitHub lets the App in again.
    async fn block(&self, job: &Claimed, error: &JobError) -> Result<(), StoreError> {
        tracing::warn!(pr = %job.pr, job = %job.id, deliveries = %deliveries(job), %error, "job waits until that has changed");
        tell(job, parking::tell_blocked(&self.deps, job, error)).await;
        self.deps.store.block(&job.lease, &error.to_string()).await
    }

    /// Parks a job and says so on the pull request while the lease still holds.
    async fn park(&self, job: &Claimed, error: &JobError) -> Result<(), StoreError> {
        tracing::error!(pr = %job.pr, job = %job.id, deliveries = %deliveries(job), %error, "job parked");
        tell(job, parking::tell_parked(&self.deps, job)).await;
        let error = error.to_string();
        let failed = self
            .deps
            .store
            .fail(&job.lease, Duration::ZERO, job.attempt, &error);
        match failed.await? {
            AfterFailure::Parked => {}
            AfterFailure::Again => tracing::warn!(job = %job.id, "the store tries it again"),
        }
        Ok(())
    }
}

/// Lets something be told on the pull request, for as long as the lease surely holds.
async fn tell(job: &Claimed, telling: impl Future<Output = Result<(), JobError>>) {
    let told = AssertUnwindSafe(telling).catch_unwind();
    let told = tokio::time::timeout(RENEW_EVERY, told).await;
    if let Ok(Err(error)) = told.unwrap_or(Ok(Ok(()))) {
        tracing::error!(pr = %job.pr, job = %job.id, %error, "and could not be told on the pull request");
    }
}

/// Delay before the next try: the first one doubled with each try, at most a minute.
fn backoff(first: Duration, attempt: u32) -> Duration {
    let doubled = 1_u32 << attempt.saturating_sub(1).min(16);
    first.saturating_mul(doubled).min(Duration::from_secs(60))
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> JobError {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned());
    JobError::Internal(format!("panicked: {text}"))
}

/// The first delivery ids of a job, and how many more there are: on every line of the log they have to be few.
fn first_deliveries(job: &Claimed) -> String {
    let guids = job.events.iter().map(|event| event.guid.as_str());
    let mut text = guids.take(NAMED_DELIVERIES).collect::<Vec<_>>().join(",");
    if let Some(more @ 1..) = job.events.len().checked_sub(NAMED_DELIVERIES) {
        text.push_str(&format!(",+{more}"));
    }
    text
}

/// Delivery ids of a job, all of them, for the lines that begin and end it.
fn deliveries(job: &Claimed) -> String {
    let guids: Vec<&str> = job.events.iter().map(|event| event.guid.as_str()).collect();
    guids.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PullRequest;
    use crate::store::{ClaimedEvent, Lease};

    #[test]
    fn however_much_happened_a_line_of_the_log_names_three_deliveries() {
        let job = |events: usize| Claimed {
            lease: Lease { job: 1, token: 1 },
            id: "0198".to_owned(),
            pr: PullRequest::whole_installation(1),
            events: (0..events)
                .map(|number| ClaimedEvent {
                    guid: format!("guid-{number}"),
                    received_at: 0,
                    event: String::new(),
                })
                .collect(),
            attempt: 1,
        };
        let named = [0, 1, 3, 4, 500].map(|events| first_deliveries(&job(events)));
        let three = "guid-0,guid-1,guid-2";
        let more = |count: usize| format!("{three},+{count}");
        assert_eq!(
            named,
            [
                String::new(),
                "guid-0".to_owned(),
                three.to_owned(),
                more(1),
                more(497)
            ]
        );
    }
}
