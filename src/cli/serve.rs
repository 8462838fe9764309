//! `discussions serve`: runs the App until it is told to stop.

use super::output::Output;
use super::{Failure, Outcome};
use crate::config::Settings;
use crate::forge::github::Rates;
use crate::server::app::App;
use crate::server::models;
use crate::telemetry::{self, LogFormat};

/// Arguments of `serve`: none, the settings come from the environment (see deploy/.env.example).
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Settings are environment variables: APP_ID, PRIVATE_KEY or PRIVATE_KEY_PATH, WEBHOOK_SECRET \
                        and others; deploy/.env.example lists all with where to find them. What there is to say of \
                        models stands in discussions.toml; `discussions models` shows what comes of it."
)]
pub struct Arguments {}

pub(super) async fn run(_: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let settings = settings("deploy/.env.example explains every variable.")?;
    let stop = stop_signal();
    let (settings, said) = with_model(settings).await?;
    let app = App::start(&settings, Rates::default())
        .await
        .map_err(|error| Failure::new("start", error.to_string()))?;
    let say = |line: &str| match settings.log_format {
        LogFormat::Text => output.note(line),
        // Whoever reads JSON reads every line as JSON.
        LogFormat::Json => tracing::info!("{line}"),
    };
    if let Some(said) = &said {
        say(said);
    }
    if !settings.models.is_configured() {
        say(
            "no model is configured (neither DISCUSSIONS_MODEL, nor a provider's key, nor an alias `default` in \
             discussions.toml, and no Ollama runs here): unless a repository configures one, its personas answer from \
             their checklists and do not vote; DISCUSSIONS_MODEL=checklist lets them vote",
        );
    }
    say(&format!(
        "listening on http://{}{}",
        app.address(),
        settings.webhook_path
    ));
    stop.await;
    say("stopping: finishing what runs, giving the rest back to the queue");
    app.stop()
        .await
        .map_err(|error| Failure::new("store", error.to_string()))?;
    Ok(Outcome::Fine)
}

/// Listens for SIGTERM and Ctrl-C from now on; the future ends with the first. Call it before saying that anything is
/// up: who reads that may stop it at once.
#[cfg(unix)]
pub(super) fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let handlers = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    async move {
        if let (Ok(mut terminated), Ok(mut interrupted)) = handlers {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted.recv() => {}
            }
        } else {
            // Where no handler can be set, the error says so at once and nothing is left to wait for.
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Waits for Ctrl-C, which is what there is without SIGTERM.
#[cfg(not(unix))]
pub(super) async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}

/// The settings with the model that is found where none is named, and what to tell about that.
pub(super) async fn with_model(
    mut settings: Settings,
) -> Result<(Settings, Option<String>), Failure> {
    let found = models::found(settings.models)
        .await
        .map_err(|error| Failure::new("settings", error.to_string()))?;
    settings.models = found.settings;
    Ok((settings, found.said))
}

/// The settings from the environment; the log is set up by them. `hint`: what to do about wrong ones.
pub(super) fn settings(hint: &str) -> Result<Settings, Failure> {
    let settings = Settings::from_env()
        .map_err(|error| Failure::new("settings", error.to_string()).hint(hint))?;
    telemetry::init(&settings.log_filter, settings.log_format)
        .map_err(|error| Failure::new("settings", error.to_string()))?;
    Ok(settings)
}
