//! `discussions jobs`: what the server has in line, works on and has put aside, read from its database.

use super::output::{BOLD, DIM, Output, RED, styled};
use super::{Failure, Outcome, kept};
use crate::store::{JobState, QueuedJob, Store};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

/// Delivery ids that a line names.
const NAMED_DELIVERIES: usize = 3;

/// Arguments of `jobs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions jobs\n  \
    discussions jobs --json | jq '.jobs[] | select(.state == \"parked\")'\n\n\
    Reads the database of `serve`, by DATABASE_URL or DATA_DIR, also while the server runs. Parked: given up, until somebody \
    comments `/discuss retry` or presses Re-run. Blocked: GitHub keeps the App away, and it goes on by itself once that is \
    over.")]
pub struct Arguments {
    /// Print JSON, schema discussions/jobs@1
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct JobsJson<'a> {
    schema: &'static str,
    jobs: Vec<JobJson<'a>>,
}

#[derive(Serialize)]
struct JobJson<'a> {
    id: &'a str,
    /// parked, blocked, running or waiting.
    state: &'static str,
    repo: String,
    /// null: the job is about a repository or an installation as a whole.
    pr: Option<u64>,
    /// Parked or blocked since, else told of first.
    since: String,
    /// From when on a waiting one may be worked on.
    ready_at: Option<String>,
    attempts: u32,
    /// Why the last try failed, or what keeps the App away.
    cause: Option<&'a str>,
    deliveries: &'a [String],
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let store = kept::open().await?;
    let jobs = store.jobs().await;
    store.close().await.map_err(kept::unreadable)?;
    let jobs = jobs.map_err(kept::unreadable)?;
    if arguments.json {
        output.json(&JobsJson {
            schema: "discussions/jobs@1",
            jobs: jobs.iter().map(JobJson::of).collect(),
        });
    } else if jobs.is_empty() {
        output.result("no job waits, runs or is parked");
    } else {
        jobs.iter().for_each(|job| print(job, output));
    }
    Ok(Outcome::Fine)
}

fn print(job: &QueuedJob, output: &Output) {
    let style = if job.state.is_parked() { RED } else { BOLD };
    let tries = match job.attempts {
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    };
    let ready = match job.state {
        JobState::Waiting { ready_at } if job.error.is_some() => {
            format!(", tried again at {}", minute(ready_at))
        }
        _ => String::new(),
    };
    output.result(format!(
        "{}  {}  since {}, {tries}{ready}",
        styled(style, format!("{:<7}", job.state.as_str())),
        styled(BOLD, &job.pr),
        minute(job.since),
    ));
    if let Some(error) = &job.error {
        output.result(format!("         {}", one_line(error)));
    }
    let named = job.deliveries.iter().take(NAMED_DELIVERIES);
    let named = named.map(String::as_str).collect::<Vec<_>>().join(", ");
    let told = match job.deliveries.len() {
        0 => String::new(),
        1 => format!(", delivery {named}"),
        all if all <= NAMED_DELIVERIES => format!(", deliveries {named}"),
        all => format!(", deliveries {named} and {} more", all - NAMED_DELIVERIES),
    };
    output.result(styled(DIM, format!("         job {}{told}", job.id)));
}

/// Text from outside on one line, without what a terminal would obey.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// A time of the store for people.
fn minute(at: i64) -> String {
    DateTime::from_timestamp_millis(at).map_or_else(String::new, |time| {
        time.format("%Y-%m-%d %H:%M UTC").to_string()
    })
}

/// The same for programs, RFC 3339.
fn stamp(at: i64) -> String {
    DateTime::from_timestamp_millis(at).map_or_else(String::new, |time| {
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
    })
}

impl<'a> JobJson<'a> {
    fn of(job: &'a QueuedJob) -> Self {
        Self {
            id: &job.id,
            state: job.state.as_str(),
            repo: job.pr.repo.to_string(),
            pr: Some(job.pr.number).filter(|number| *number > 0),
            since: stamp(job.since),
            ready_at: match job.state {
                JobState::Waiting { ready_at } => Some(stamp(ready_at)),
                _ => None,
            },
            attempts: job.attempts,
            cause: job.error.as_deref(),
            deliveries: &job.deliveries,
        }
    }
}
