//! `discussions replay`: goes through the round of a job again with the answers of then. Nobody is asked, nothing is
//! written: the same answers have to give the same replies, to the byte, and the same verdict.

use super::output::{DIM, GREEN, Output, RED, styled};
use super::{Failure, Outcome, kept};
use crate::bot::answers::ReadAnswers;
use crate::bot::recording::KeptOutcome;
use crate::bot::replay::{Replayed, ReplayedTurn, replay};
use crate::store::{RoundRecord, SqlStore, Store};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use similar::TextDiff;

/// Rounds that are listed where no job is named.
const LISTED: u32 = 20;

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions replay\n  \
    discussions replay 0195b3c0-7d1e-7cc0-8f9e-0d1f2a3b4c5d\n\n\
    JOB stands in the log and in the trailer `Discussions-Job` of each commit. Without one, the newest rounds are \
    listed. Rounds are kept for thirty days. The database is that of `serve`: DATABASE_URL, else in DATA_DIR; it works \
    beside a running server.\n\n\
    Exit codes: 0 all the same, 1 something differs, 2 refused.")]
pub struct Arguments {
    /// Id of the job
    #[arg(value_name = "JOB")]
    job: Option<String>,
    /// Print JSON (discussions/replay@1)
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let store = kept::open().await?;
    let outcome = match &arguments.job {
        Some(job) => go_through(&store, job, arguments.json, output).await,
        None => list(&store, arguments.json, output).await,
    };
    let closed = store.close().await;
    let outcome = outcome?;
    closed.map_err(kept::unreadable)?;
    Ok(outcome)
}

#[derive(Serialize)]
struct ListJson<'a> {
    schema: &'static str,
    rounds: Vec<ListedJson<'a>>,
}

#[derive(Serialize)]
struct ListedJson<'a> {
    job: &'a str,
    at: String,
    repository: String,
    number: u64,
    path: &'a str,
}

async fn list(store: &SqlStore, json: bool, output: &Output) -> Result<Outcome, Failure> {
    let rounds = store.newest_rounds(LISTED).await;
    let rounds = rounds.map_err(kept::unreadable)?;
    if json {
        output.json(&ListJson {
            schema: "discussions/replay-list@1",
            rounds: rounds.iter().map(listed).collect(),
        });
        return Ok(Outcome::Fine);
    }
    if rounds.is_empty() {
        output
            .note("no round was kept yet; each is, for thirty days, once personas have been asked");
    }
    for round in &rounds {
        let ListedJson {
            job,
            at,
            repository,
            number,
            path,
        } = listed(round);
        output.result(format!("{job}  {at}  {repository}#{number}  {path}"));
    }
    Ok(Outcome::Fine)
}

fn listed(round: &RoundRecord) -> ListedJson<'_> {
    ListedJson {
        job: &round.job,
        at: moment(round.kept_at),
        repository: format!("{}/{}", round.repo.owner, round.repo.name),
        number: round.number,
        path: &round.path,
    }
}

async fn go_through(
    store: &SqlStore,
    job: &str,
    json: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let rounds = store.rounds_of(job).await.map_err(kept::unreadable)?;
    if rounds.is_empty() {
        return Err(Failure::new(
            "unknown-job",
            format!("no round of a job `{job}` is kept here: it asked nobody, or that is more than thirty days ago"),
        )
        .hint("`discussions replay` lists the newest; check DATABASE_URL or DATA_DIR."));
    }
    let calls = store.calls_of(job).await.map_err(kept::unreadable)?;
    let mut all = Vec::new();
    for round in &rounds {
        let replayed = replay(round, &calls, &ReadAnswers(store)).await;
        all.push(
            replayed.map_err(|why| Failure::new("unreadable", format!("{}: {why}", round.path)))?,
        );
    }
    if json {
        output.json(&ReplayJson {
            schema: "discussions/replay@1",
            job,
            same: all.iter().all(Replayed::is_same),
            discussions: all.iter().map(DiscussionJson::of).collect(),
        });
    } else {
        all.iter().for_each(|replayed| print(replayed, output));
    }
    Ok(match all.iter().all(Replayed::is_same) {
        true => Outcome::Fine,
        false => Outcome::No,
    })
}

fn print(replayed: &Replayed, output: &Output) {
    output.result(format!(
        "{}, round of {}",
        replayed.path,
        moment(replayed.kept_at)
    ));
    if let Some(version) = replayed.other_rules {
        output.result(format!(
            "  it was asked by version {version} of the rules; this program has others, under which no answer is stored"
        ));
    }
    for turn in &replayed.turns {
        let (style, word) = match turn.is_same() {
            true => (GREEN, "same"),
            false => (RED, "differs"),
        };
        output.result(format!("  {}: {}", turn.alias, styled(style, word)));
        output.result(styled(DIM, format!("    {}", told(turn))));
        if turn.then != turn.now {
            difference(turn)
                .lines()
                .for_each(|line| output.result(format!("    {line}")));
        }
    }
    match &replayed.verdict {
        None => output.result("  no verdict was kept: the job ended before it"),
        Some(verdict) if verdict.same => output.result(format!(
            "  verdict: {}, {}",
            verdict.then,
            styled(GREEN, "same, with the same reasons")
        )),
        Some(verdict) => output.result(format!(
            "  verdict: {} then, {} now; {}",
            verdict.then,
            verdict.now,
            styled(RED, "state or reasons differ")
        )),
    }
}

/// What could be compared, in words.
fn told(turn: &ReplayedTurn) -> String {
    let what = match &turn.then {
        KeptOutcome::Block { text, vote } => {
            let vote = vote.as_deref().unwrap_or("no vote");
            format!("{} bytes, {vote}", text.len())
        }
        KeptOutcome::NothingNew => "nothing new".to_owned(),
        KeptOutcome::Silent => "silent".to_owned(),
        KeptOutcome::Unavailable { why } => format!("no answer: {why}"),
    };
    let requests = match turn.requests {
        0 => "no request of this job".to_owned(),
        1 => "1 request".to_owned(),
        more => format!("{more} requests"),
    };
    let request = match turn.same_request {
        None => "",
        Some(true) => ", the same now",
        Some(false) => ", another one now: rules, persona or delimiter changed",
    };
    let reading = match turn.same_reading {
        None => "",
        Some(true) => ", read alike",
        Some(false) => ", read differently now",
    };
    format!("{what}; {}: {requests}{request}{reading}", turn.model)
}

/// Then and now, line by line.
fn difference(turn: &ReplayedTurn) -> String {
    let (then, now) = (in_words(&turn.then), in_words(&turn.now));
    let diff = TextDiff::from_lines(&then, &now);
    diff.unified_diff().header("then", "now").to_string()
}

fn in_words(outcome: &KeptOutcome) -> String {
    match outcome {
        KeptOutcome::Block { text, .. } => text.clone(),
        KeptOutcome::NothingNew => "(nothing new)\n".to_owned(),
        KeptOutcome::Silent => "(silent)\n".to_owned(),
        KeptOutcome::Unavailable { why } => format!("(no answer: {why})\n"),
    }
}

fn moment(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or(String::new(), |at| {
        at.to_rfc3339_opts(SecondsFormat::Secs, true)
    })
}

#[derive(Serialize)]
struct ReplayJson<'a> {
    schema: &'static str,
    job: &'a str,
    same: bool,
    discussions: Vec<DiscussionJson<'a>>,
}

#[derive(Serialize)]
struct DiscussionJson<'a> {
    path: &'a str,
    at: String,
    same: bool,
    other_rules_version: Option<u32>,
    turns: Vec<TurnJson<'a>>,
    verdict: Option<VerdictJson<'a>>,
}

#[derive(Serialize)]
struct TurnJson<'a> {
    persona: &'a str,
    model: &'a str,
    same: bool,
    then: &'a KeptOutcome,
    now: &'a KeptOutcome,
    requests: usize,
    same_request: Option<bool>,
    same_reading: Option<bool>,
}

#[derive(Serialize)]
struct VerdictJson<'a> {
    then: &'a str,
    now: &'a str,
    same: bool,
}

impl<'a> DiscussionJson<'a> {
    fn of(replayed: &'a Replayed) -> Self {
        let turn = |turn: &'a ReplayedTurn| TurnJson {
            persona: turn.alias.as_str(),
            model: &turn.model,
            same: turn.is_same(),
            then: &turn.then,
            now: &turn.now,
            requests: turn.requests,
            same_request: turn.same_request,
            same_reading: turn.same_reading,
        };
        Self {
            path: &replayed.path,
            at: moment(replayed.kept_at),
            same: replayed.is_same(),
            other_rules_version: replayed.other_rules,
            turns: replayed.turns.iter().map(turn).collect(),
            verdict: replayed.verdict.as_ref().map(|verdict| VerdictJson {
                then: &verdict.then,
                now: &verdict.now,
                same: verdict.same,
            }),
        }
    }
}
