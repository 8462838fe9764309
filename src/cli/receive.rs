//! `discussions receive`: puts a saved delivery through the App once more, as if GitHub had sent it again.

mod delivery;
mod follow;

use super::output::{GREEN, Output, RED, YELLOW, styled};
use super::{Failure, Outcome};
use crate::bot::trigger::OwnApp;
use crate::config;
use crate::forge::event::Event;
use crate::server::Decision;
use crate::server::app::{Assembly, decide};
use crate::store::{Enqueued, NewJob};
use delivery::Saved;
use follow::{End, follow};
use std::path::PathBuf;
use uuid::Uuid;

/// Arguments of `receive`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions receive delivery.json --event pull_request --dry-run\n  \
    discussions receive delivery.json --event issue_comment\n\n\
    FILE is the payload that GitHub shows under App settings, Advanced, Recent deliveries; the event is X-GitHub-Event \
    among its headers. Settings are those of `serve`, from the environment; --dry-run needs none. It works beside a \
    running `serve` on the same machine and database, as the same user.\n\n\
    Exit codes: 0 done, or nothing to do; 1 the job failed; 2 refused.")]
pub struct Arguments {
    /// The delivery's body, JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its event, as in X-GitHub-Event: pull_request, issue_comment, ...
    #[arg(long, value_name = "EVENT")]
    event: String,
    /// Its id, as in X-GitHub-Delivery; one that was handled before changes nothing. By default a new one
    #[arg(long, value_name = "GUID")]
    delivery: Option<Uuid>,
    /// Only say what it would become
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let saved = Saved::read(&arguments.file, &arguments.event)?;
    if arguments.dry_run {
        return dry_run(&saved, output);
    }
    let settings = super::serve::settings(
        "deploy/.env.example explains every variable; --dry-run needs none.",
    )?;
    if let Event::Ignored { reason } = &saved.event {
        return Ok(nothing(&saved, reason, output));
    }
    let stop = super::serve::stop_signal();
    let (settings, said) = super::serve::with_model(settings).await?;
    if let Some(said) = said {
        output.note(said);
    }
    let app = Assembly::beside(&settings)
        .await
        .map_err(|error| Failure::new("start", error.to_string()))?;
    if app.store.is_beside() {
        output.note("a server uses this database; whoever is free first does the work");
    }
    let result = put_through(arguments, saved, &app, stop, output).await;
    let closed = app.store.close().await;
    let outcome = result?;
    closed.map_err(|error| Failure::new("store", error.to_string()))?;
    Ok(outcome)
}

fn dry_run(saved: &Saved, output: &Output) -> Result<Outcome, Failure> {
    if let Event::Ignored { reason } = &saved.event {
        return Ok(nothing(saved, reason, output));
    }
    let known = config::app_id().map_err(|error| Failure::new("settings", error.to_string()))?;
    match &saved.event {
        Event::CheckRun(_) | Event::CheckSuite(_) if known.is_none() => {
            output.note("APP_ID is not set: the check is taken for the App's own");
        }
        Event::Comment(_) if known.is_none() => {
            output.note("APP_ID is not set: the comment is taken for somebody else's");
        }
        _ => {}
    }
    let own = OwnApp {
        id: known.or(saved.app_of_check()).unwrap_or(0),
    };
    match decide(&saved.event, &own) {
        Decision::Job(job) => output.result(format!("{}: {}", saved.name, becomes(&job))),
        Decision::Nothing(why) => return Ok(nothing(saved, &why, output)),
    }
    Ok(Outcome::Fine)
}

fn nothing(saved: &Saved, why: &str, output: &Output) -> Outcome {
    output.result(format!("{}: nothing to do: {why}", saved.name));
    Outcome::Fine
}

/// What a job is about, in words.
fn becomes(job: &NewJob) -> String {
    let event: Option<serde_json::Value> = serde_json::from_str(&job.event).ok();
    let kind = event
        .as_ref()
        .and_then(|event| event.get("kind")?.as_str())
        .unwrap_or("event");
    format!("a job for {} ({})", job.pr, kind.replace('_', " "))
}

async fn put_through(
    arguments: &Arguments,
    saved: Saved,
    app: &Assembly,
    stop: impl Future<Output = ()>,
    output: &Output,
) -> Result<Outcome, Failure> {
    let failed = |error: crate::store::StoreError| Failure::new("store", error.to_string());
    let guid = arguments.delivery.unwrap_or_else(Uuid::new_v4).to_string();
    let name = saved.name.clone();
    let (job, told) = match (app.decide)(&saved.event) {
        Decision::Job(job) => {
            let told = becomes(&job);
            (Some(job), told)
        }
        Decision::Nothing(why) => (None, format!("nothing to do: {why}")),
    };
    let pr = job.as_ref().map(|job| job.pr.clone());
    let enqueued = app.deps.store.enqueue(saved.into_delivery(&guid), job);
    let enqueued = enqueued.await.map_err(failed)?;
    output.result(format!("{name}: {told}, delivery {guid}"));
    match enqueued {
        Enqueued::Duplicate => {
            output.result("this delivery was taken in before; nothing is stored a second time")
        }
        Enqueued::Absorbed => {
            output.result("a job of this pull request waits already and takes it in")
        }
        Enqueued::New | Enqueued::NoJob => {}
    }
    let Some(pr) = pr else {
        return Ok(Outcome::Fine);
    };
    match follow(app, &guid, &pr, stop, output)
        .await
        .map_err(failed)?
    {
        End::Done { here: true } => output.result(styled(GREEN, "done")),
        End::Done { here: false } if enqueued == Enqueued::Duplicate => {
            output.result("its work was done before; leave --delivery out to do it again");
        }
        End::Done { here: false } => output.result(styled(
            GREEN,
            "done by the server that uses this database; its log says how",
        )),
        End::Parked { id, error } => {
            output.result(format!("{} job {id}: {error}", styled(RED, "parked:")));
            return Ok(Outcome::No);
        }
        End::Stopped => {
            let line = "stopped: what is not done stays in the queue";
            output.result(styled(YELLOW, line));
            return Ok(Outcome::Interrupted);
        }
    }
    Ok(Outcome::Fine)
}
