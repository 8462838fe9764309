//! `cancel`: a round stops. While one runs, the job with the command waits behind it; so the round looks for it before
//! every request to a model, and asks for the rights itself. A round that has not begun is left out by the job that has
//! the command.

use super::access::Need;
use super::acting;
use super::closing::Heard;
use super::command::{Command, Parsed, table};
use super::deps::JobError;
use super::evaluate::Outcome;
use super::hear::{self, Happened, Utterance};
use super::job::JobEvent;
use super::message;
use super::panel::{Automatic, Occasion};
use super::repo_config::Triggers;
use super::respond::{Response, Want};
use super::votes::Said;
use super::work::{Work, open};
use crate::forge::ForgeRead;
use crate::ids::PullRequest;
use crate::llm::ModelError;
use crate::llm::meter::{CallId, Meter, Request, Settled};
use crate::round::{Turn, TurnOutcome};
use crate::store::{ActRecord, ActVerb, Change, Store};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Somebody who may do so stopped a round.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Who said so, and where.
    pub said: Said,
    /// In which line.
    pub line: usize,
}

/// Looks for a `cancel` that came in while the round runs.
pub struct Watch {
    store: Arc<dyn Store>,
    read: Arc<dyn ForgeRead>,
    pr: PullRequest,
    job: String,
    /// The right that `cancel` needs.
    need: Need,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// Deliveries whose sender has not the right.
    refused: BTreeSet<String>,
    stop: Option<Stop>,
}

impl Watch {
    /// For the round of a job.
    pub fn new(work: &Work<'_>) -> Self {
        Self {
            store: work.deps.store.clone(),
            read: work.deps.read.clone(),
            pr: work.pr().clone(),
            job: work.job.id.clone(),
            need: work.ground.config.permissions.need(&table::CANCEL),
            found: Mutex::default(),
        }
    }

    /// Who stopped the round; `None`: nobody so far, or nobody who is known to have the right.
    pub async fn stopped(&self) -> Option<Stop> {
        let mut found = self.found.lock().await;
        if found.stop.is_some() {
            return found.stop.clone();
        }
        let waiting = match self.store.waiting_events(&self.pr).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::warn!(pr = %self.pr, job = %self.job, %error, "nobody can tell whether the round was cancelled");
                return None;
            }
        };
        for (said, line) in cancels(&hear::read(&waiting, &self.job)) {
            if found.refused.contains(&said.guid) {
                continue;
            }
            let author = &said.author;
            match self.read.rights(&self.pr, author.id, &author.login).await {
                Ok(rights) if self.need.is_met(&rights) => {
                    tracing::info!(pr = %self.pr, job = %self.job, by = author.login, "the round is cancelled");
                    found.stop = Some(Stop { said, line });
                    return found.stop.clone();
                }
                Ok(_) => {
                    found.refused.insert(said.guid);
                }
                Err(error) => {
                    tracing::warn!(pr = %self.pr, job = %self.job, %error, "a `cancel` is not carried out now");
                }
            }
        }
        None
    }

    /// A meter that lets no request pass any more once the round is stopped.
    pub fn over<'a>(&'a self, meter: &'a dyn Meter) -> Stopping<'a> {
        Stopping { watch: self, meter }
    }
}

/// The `cancel` lines of what happened: who, in which line.
fn cancels(happened: &[Happened]) -> Vec<(Said, usize)> {
    let utterances = hear::utterances(happened, &|_| false).into_iter();
    let line = |utterance: Utterance| {
        let mut commands = utterance.commands.iter();
        let found = commands.find(|parsed| parsed.command == Ok(Command::Cancel))?;
        Some((utterance.said, found.line))
    };
    utterances.filter_map(line).collect()
}

/// See [`Watch::over`].
pub struct Stopping<'a> {
    watch: &'a Watch,
    meter: &'a dyn Meter,
}

#[async_trait]
impl Meter for Stopping<'_> {
    async fn announce(&self, request: &Request<'_>) -> Result<CallId, ModelError> {
        match self.watch.stopped().await {
            // Like an empty purse: no service is to blame, and none is asked in its stead.
            Some(_) => Err(ModelError::OverBudget("the round is cancelled".to_owned())),
            None => self.meter.announce(request).await,
        }
    }

    async fn settle(&self, call: CallId, settled: &Settled<'_>) {
        self.meter.settle(call, settled).await;
    }
}

/// The part of a job that a `cancel` in it puts an end to.
#[derive(Debug, Clone)]
pub struct Cut {
    /// Events from here on came after it.
    pub from: usize,
    /// Among them is an occasion for an automatic round.
    pub goes_on: bool,
    guid: String,
    by: String,
}

/// Where the last `cancel` that was granted stands among the events of the job, if there is one.
pub fn cut(happened: &[Happened], heard: &[Heard], on: &Triggers) -> Option<Cut> {
    let last = heard.iter().rfind(|one| one.response.cancel.is_some())?;
    let said = &last.utterance.said;
    let at = happened.iter().rposition(|one| one.guid == said.guid)?;
    let later = happened[at + 1..].iter();
    let later: Vec<(i64, &JobEvent)> = later.map(|one| (one.received_at, &one.event)).collect();
    Some(Cut {
        from: at + 1,
        goes_on: Occasion::of(later.into_iter(), on).is_one(),
        guid: said.guid.clone(),
        by: said.author.login.clone(),
    })
}

/// Leaves out what was to be asked before the cut; whether there was anything.
pub fn drop_before(cut: &Cut, automatic: &mut Automatic, heard: &mut [Heard]) -> bool {
    let mut dropped = false;
    if !cut.goes_on {
        dropped |= !automatic.asked.is_empty();
        automatic.asked.clear();
        automatic.wait_for_quiet = false;
    }
    let last = heard
        .iter()
        .position(|one| one.utterance.said.guid == cut.guid);
    for one in heard.iter_mut().take(last.unwrap_or(0)) {
        dropped |= leave_unasked(one, &cut.by);
    }
    dropped |= heard.iter().any(|one| !one.response.unasked.is_empty());
    dropped
}

/// Tells whoever asked that nothing comes of it; whether anything was asked.
fn leave_unasked(heard: &mut Heard, by: &str) -> bool {
    let wanted = !heard.response.wants.is_empty();
    if wanted {
        heard.response.wants.clear();
        heard.standing.clear();
        heard.response.parts.push(message::cancelled_before(by));
        heard.response.refused = true;
    }
    wanted
}

/// The command itself. A round that ran has stopped by now and left its trace; what waits is looked at later. Who may give
/// it was decided before.
pub fn carry_out(work: &Work<'_>, utterance: &Utterance, parsed: &Parsed, response: &mut Response) {
    let source = source(&utterance.said, parsed.line);
    response.cancel = Some(parsed.line);
    response.unasked.append(&mut response.wants);
    let mut acts = work.memory.acts.iter();
    if let Some(act) = acts.find(|act| act.verb == ActVerb::Cancel && act.source == source) {
        response.parts.push(message::cancelled(&act.text));
    }
}

/// Answers the `cancel` lines that stopped no running round; `dropped`: something waited.
pub async fn answer(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    heard: &mut [Heard],
    dropped: bool,
) -> Result<(), JobError> {
    for one in heard.iter_mut() {
        let Some(line) = one.response.cancel else {
            continue;
        };
        let stop = Stop {
            said: one.utterance.said.clone(),
            line,
        };
        let source = source(&stop.said, line);
        if work.memory.acts.iter().any(|act| act.source == source) {
            continue;
        }
        if dropped {
            let how_far = "before anybody was asked";
            record(work, outcomes, &stop, how_far, &|_| true).await?;
            one.response.parts.push(message::cancelled(how_far));
        } else {
            one.response.parts.push(message::nothing_to_cancel());
        }
    }
    Ok(())
}

/// A running round was stopped: the record keeps who and how far it had come, and whoever had asked is told. What was
/// answered is in the store, and nothing of it is published.
pub async fn stopped(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    stop: &Stop,
    wants: &[Want],
    turns: &[(String, Turn)],
    heard: &mut [Heard],
) -> Result<(), JobError> {
    let is_kept = |turn: &Turn| !matches!(turn.outcome, TurnOutcome::Unavailable(_));
    let kept = turns.iter().filter(|(_, turn)| is_kept(turn)).count();
    let how_far = format!("{kept} of {} answers had come and are kept", wants.len());
    let in_round = |key: &str| wants.iter().any(|want| want.key == key);
    record(work, outcomes, stop, &how_far, &in_round).await?;
    for one in heard {
        leave_unasked(one, &stop.said.author.login);
    }
    Ok(())
}

async fn record(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    stop: &Stop,
    how_far: &str,
    is_meant: &(dyn Fn(&str) -> bool + Sync),
) -> Result<(), JobError> {
    let said = &stop.said;
    let meant = open(&work.paths, outcomes).filter(|(key, _)| is_meant(key));
    let acts: Vec<ActRecord> = meant
        .map(|(key, evaluated)| {
            let done = (ActVerb::Cancel, String::new());
            ActRecord {
                text: how_far.to_owned(),
                ..acting::act_by(work, key, evaluated, said, done, source(said, stop.line))
            }
        })
        .collect();
    let changes: Vec<Change> = acts.iter().cloned().map(Change::Act).collect();
    work.record(&changes).await?;
    work.memory.acts.extend(acts);
    Ok(())
}

fn source(said: &Said, line: usize) -> String {
    format!("{}:{}:{line}", said.source, said.guid)
}
