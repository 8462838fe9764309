//! `discussions serve`: runs the App until it is told to stop.

use super::output::Output;
use super::{Failure, Outcome};
use crate::config::Settings;
use crate::server::app::App;
use crate::telemetry::{self, LogFormat};

/// Arguments of `serve`: none, the settings come from the environment (see deploy/.env.example).
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Settings are environment variables: APP_ID, PRIVATE_KEY or PRIVATE_KEY_PATH, WEBHOOK_SECRET \
                        and others; deploy/.env.example lists all with where to find them."
)]
pub struct Arguments {}

pub(super) async fn run(_: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let settings = Settings::from_env().map_err(|error| {
        Failure::new("settings", error.to_string())
            .hint("deploy/.env.example explains every variable.")
    })?;
    telemetry::init(&settings.log_filter, settings.log_format)
        .map_err(|error| Failure::new("settings", error.to_string()))?;
    let stop = StopSignal::catch()?;
    let app = App::start(&settings)
        .await
        .map_err(|error| Failure::new("start", error.to_string()))?;
    let say = |line: &str| match settings.log_format {
        LogFormat::Text => output.note(line),
        // Whoever reads JSON reads every line as JSON.
        LogFormat::Json => tracing::info!("{line}"),
    };
    if settings.model.is_none() {
        say(
            "DISCUSSIONS_MODEL is not set: unless a repository configures a model, its personas answer from their \
             checklists and do not vote; DISCUSSIONS_MODEL=checklist lets them vote",
        );
    }
    say(&format!(
        "listening on http://{}{}",
        app.address(),
        settings.webhook_path
    ));
    stop.told().await;
    say("stopping: finishing what runs, giving the rest back to the queue");
    app.stop()
        .await
        .map_err(|error| Failure::new("store", error.to_string()))?;
    Ok(Outcome::Fine)
}

/// SIGTERM and Ctrl-C, caught. Until it exists, both end the process at once: it comes before anything that must not
/// be cut off.
pub(super) struct StopSignal {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    /// Catches them from now on.
    pub(super) fn catch() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let caught = |kind| {
            signal(kind).map_err(|error| {
                let message = format!("SIGTERM and Ctrl-C cannot be caught: {error}");
                Failure::new("start", message)
            })
        };
        Ok(Self {
            terminate: caught(SignalKind::terminate())?,
            interrupt: caught(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them; at once if it came already.
    pub(super) async fn told(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignal {
    /// Nothing to do here: there is Ctrl-C only, which is caught once it is waited for.
    pub(super) fn catch() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits for Ctrl-C.
    pub(super) async fn told(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
