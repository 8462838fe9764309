//! The accept loop. `axum::serve` cannot bound how long a client takes, so hyper is driven here.

use super::{Intake, Limits, router};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Largest head of a request. GitHub's are below 2 KB.
const HEAD_BYTES: usize = 16 * 1024;
/// Pause after a failed accept: out of file descriptors, most likely, which only time heals.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`; then no connection is accepted, and open requests get [`Limits::drain`] to end.
pub async fn serve(listener: TcpListener, intake: Intake, limits: Limits, stop: CancellationToken) {
    let router = router(intake, limits);
    let free = Arc::new(Semaphore::new(limits.connections));
    let open = TaskTracker::new();
    while let Some(stream) = next(&listener, &free, &stop).await {
        let (stream, permit) = stream;
        let connection = drive(stream, router.clone(), limits, stop.clone());
        open.spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    open.close();
    if tokio::time::timeout(limits.drain, open.wait())
        .await
        .is_err()
    {
        tracing::warn!(open = open.len(), "requests were cut off by the stop");
    }
}

/// The next connection with its place among the allowed ones; `None` after the stop.
async fn next(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    loop {
        let accepted = async {
            let permit = free.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, permit))
        };
        let (accepted, permit) = stop.run_until_cancelled(accepted).await??;
        match accepted {
            Ok((stream, _)) => return Some((stream, permit)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it ends; after the stop, until its current request ends.
async fn drive(stream: TcpStream, router: Router, limits: Limits, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
