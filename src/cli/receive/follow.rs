//! Follows a delivery through the queue until its work is done, parked, or somebody says stop.

use crate::bot::worker::run_one_worker;
use crate::cli::output::Output;
use crate::ids::PullRequest;
use crate::server::app::Assembly;
use crate::store::{Fate, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// A wait that is worth a line.
const LONG: Duration = Duration::from_secs(1);

/// How it ended.
pub(super) enum End {
    /// Nothing is left to do.
    Done {
        /// Whether this process had the job.
        here: bool,
    },
    /// The job is given up until somebody asks for it.
    Parked {
        /// Its id.
        id: String,
        /// Why.
        error: String,
    },
    /// Told to stop before.
    Stopped,
}

/// What is heard while it goes on.
struct Heard {
    claimed: UnboundedReceiver<Vec<String>>,
    written: UnboundedReceiver<String>,
    /// Whether our delivery was among the claimed.
    here: bool,
}

/// Works on the queue with one worker until the delivery's job has left it; prints what is written to its pull request.
pub(super) async fn follow(
    app: &Assembly,
    guid: &str,
    pr: &PullRequest,
    stop: impl Future<Output = ()>,
    output: &Output,
) -> Result<End, StoreError> {
    let (claims, claimed) = unbounded_channel();
    let (writes, written) = unbounded_channel();
    let mut deps = app.deps.clone();
    deps.write = deps.write.watched(watcher(pr, writes));
    let end = CancellationToken::new();
    let worker = run_one_worker(deps, Arc::new(Notify::new()), end.clone(), claims);
    let worker = tokio::spawn(worker);
    let mut heard = Heard {
        claimed,
        written,
        here: false,
    };
    let result = watch(app, guid, &mut heard, stop, output).await;
    end.cancel();
    if let Err(error) = worker.await {
        tracing::error!(%error, "the worker ended badly");
    }
    heard.print(guid, output);
    Ok(match result? {
        // What was let finish after the stop is done all the same.
        End::Stopped if app.store.fate(guid).await? == Fate::Done => End::Done { here: heard.here },
        End::Done { .. } => End::Done { here: heard.here },
        other => other,
    })
}

/// Sends what is written to one pull request.
fn watcher(pr: &PullRequest, writes: UnboundedSender<String>) -> crate::bot::apply::Watcher {
    let pr = pr.clone();
    Arc::new(move |written: &PullRequest, what: &str| {
        if written.lane() == pr.lane() {
            // Whoever does not listen any more does not need to know.
            writes.send(what.to_owned()).ok();
        }
    })
}

async fn watch(
    app: &Assembly,
    guid: &str,
    heard: &mut Heard,
    stop: impl Future<Output = ()>,
    output: &Output,
) -> Result<End, StoreError> {
    tokio::pin!(stop);
    let mut last_error = None;
    let mut is_told = false;
    loop {
        heard.print(guid, output);
        match app.store.fate(guid).await? {
            Fate::Done => return Ok(End::Done { here: false }),
            Fate::Parked { id, error } => return Ok(End::Parked { id, error }),
            Fate::Running => is_told = false,
            Fate::Waiting { ready_in, error } => {
                if error.is_some() && error != last_error {
                    output.note(format!("failed: {}", error.as_deref().unwrap_or_default()));
                }
                last_error = error;
                if ready_in > LONG && !is_told {
                    let seconds = ready_in.as_secs() + 1;
                    output.note(format!(
                        "waits {seconds} s (a quiet time, a limit, or a failed try)"
                    ));
                    is_told = true;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = &mut stop => {
                output.note("stopping: finishing what runs, leaving the rest in the queue");
                return Ok(End::Stopped);
            }
        }
    }
}

impl Heard {
    fn print(&mut self, guid: &str, output: &Output) {
        while let Ok(guids) = self.claimed.try_recv() {
            self.here |= guids.iter().any(|claimed| claimed == guid);
        }
        while let Ok(what) = self.written.try_recv() {
            output.result(format!("  {what}"));
        }
    }
}
