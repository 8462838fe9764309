//! The level sweep: what no event told us. One durable job asks for lost deliveries and finds the repositories, one for
//! each of those compares its open pull requests with the record, and only those that differ get a job of their own.
//!
//! Every step hands on under names made of its own, so that a second try, a second server or a restart hands nothing
//! on twice. Nobody is asked by a sweep who would not have been asked by the event that was missed: see
//! [`super::panel::Occasion::looked_again`].

mod installations;

use super::apply;
use super::deps::{BotDeps, Ended, JobError, Remedy};
use super::ground::{self, folders};
use super::hear::{self, Happened};
use super::job::JobEvent;
use super::lookup::UNNUMBERED;
use super::queue;
use super::repo_config::RepoConfig;
use super::seen;
use crate::forge::event::is_worth_asking_for;
use crate::forge::overview::{BaseFiles, FailedDelivery, ListedPull};
use crate::forge::{Blocked, ForgeError, Installed};
use crate::ids::{PullRequest, Repo};
use crate::store::{Claimed, Delivery, Enqueued, NewJob, PrRecord, StoreError};
use installations::{gained, left, passed_over};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often one lost delivery is asked for at most, over the days that GitHub keeps it.
const MOST_ASKED: u32 = 5;
/// Two starts within this time are one: a server that is restarted again and again, or two that start together.
const START_SLOT: Duration = Duration::from_secs(60);
/// Until the next try after the store failed.
const STORE_AWAY: Duration = Duration::from_secs(60);

/// Begins a sweep now and then one every [`seen::SweepPace::every`], until `stop`. Servers that share a store share
/// their sweeps.
pub async fn keep_sweeping(deps: BotDeps, wake: Arc<Notify>, stop: CancellationToken) {
    let every = deps.pace.sweep.every;
    let (mut kind, mut slot) = ("start", START_SLOT);
    loop {
        let pause = match begin(&deps, kind, slot).await {
            Ok(begun) => {
                (kind, slot) = ("regular", every);
                if begun {
                    wake.notify_one();
                }
                every
            }
            Err(error) => {
                tracing::error!(%error, "no sweep can be begun");
                STORE_AWAY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Puts a sweep in line, one of its kind within each slot of time. `false`: somebody else did.
pub async fn begin(deps: &BotDeps, kind: &str, slot: Duration) -> Result<bool, StoreError> {
    let length = i64::try_from(slot.as_millis()).unwrap_or(i64::MAX).max(1);
    let number = deps.store.now().await? / length;
    let sweep = JobEvent::Sweep {
        installation: None,
        repos: None,
    };
    let everywhere = PullRequest::whole_installation(0);
    let guid = format!("sweep:{kind}:{number}");
    let enqueued = hand_on(deps, guid, everywhere, &sweep, Duration::ZERO).await;
    Ok(enqueued? != Enqueued::Duplicate)
}

/// How a job of this file ends. Lists that cannot be read now are read later, however often that takes: a rule that was
/// tightened must not be forgotten because GitHub was away. What GitHub refuses is left to the next sweep.
pub fn or_later(
    deps: &BotDeps,
    job: &Claimed,
    outcome: Result<(), JobError>,
) -> Result<Ended, JobError> {
    let Err(error) = outcome else {
        return Ok(Ended::Done);
    };
    match (&error, error.remedy()) {
        // Where it is now, a sweep finds it.
        (JobError::Forge(ForgeError::NotFound(_)), _) => {
            tracing::info!(pr = %job.pr, job = %job.id, %error, "not surveyed, it is not there");
            Ok(Ended::Done)
        }
        (JobError::Forge(_), Remedy::Retry | Remedy::Outlast) => {
            tracing::warn!(pr = %job.pr, job = %job.id, %error, "not surveyed, again later");
            Ok(Ended::Postpone(deps.pace.sweep.again))
        }
        (JobError::Forge(_), Remedy::Park | Remedy::Block) => {
            tracing::error!(pr = %job.pr, job = %job.id, %error, "not surveyed before the next sweep");
            Ok(Ended::Done)
        }
        _ => Err(error),
    }
}

/// Stores one job of many.
async fn hand_on(
    deps: &BotDeps,
    guid: String,
    pr: PullRequest,
    event: &JobEvent,
    delay: Duration,
) -> Result<Enqueued, StoreError> {
    let event =
        serde_json::to_string(event).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let delivery = Delivery {
        guid,
        event: "handed_on".to_owned(),
        body: Vec::new(),
    };
    let job = NewJob { pr, event };
    deps.store.enqueue_paced(delivery, job, delay).await
}

/// Works on a job about installations as a whole. What one of them refuses does not keep the others waiting.
pub async fn sweep(deps: &BotDeps, job: &Claimed) -> Result<(), JobError> {
    let mut failed = None;
    for happened in hear::events(job) {
        let guid = happened.guid.as_str();
        let swept = match happened.event {
            JobEvent::Sweep {
                installation: None, ..
            } => everywhere(deps, job, guid).await,
            JobEvent::Sweep {
                installation: Some(id),
                repos,
            } => gained(deps, guid, id, repos).await,
            JobEvent::Left {
                installation,
                repos,
            } => left(deps, job, installation, repos).await,
            _ => continue,
        };
        if let Err(error) = swept {
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn everywhere(deps: &BotDeps, job: &Claimed, guid: &str) -> Result<(), JobError> {
    let pruned = deps.store.prune().await?;
    let mut failed = ask_again(deps, job).await.err();
    let installations = deps.read.installations().await?;
    let mut count = 0;
    for Installed { id, blocked } in &installations {
        if let Some(blocked) = blocked {
            tracing::warn!(installation = id, %blocked, "what waits there goes on waiting");
        }
        if let Some(Blocked::Suspended | Blocked::Archived) = blocked {
            continue;
        }
        let lacking = blocked.is_some();
        let found = deps.read.repositories(*id).await;
        match found.or_else(|error| passed_over(*id, error)) {
            Ok(repos) => count = survey_all(deps, guid, *id, repos, lacking, count).await?,
            Err(error) => failed = Some(error),
        }
    }
    tracing::info!(job = %job.id, installations = installations.len(), repositories = count, pruned, "sweep begun");
    failed.map_or(Ok(()), Err)
}

/// Puts a survey of each repository in line; gives how many there are by now.
async fn survey_all(
    deps: &BotDeps,
    guid: &str,
    installation: u64,
    repos: Vec<Repo>,
    lacking: bool,
    mut count: usize,
) -> Result<usize, JobError> {
    for repo in repos {
        let guid = format!("{guid}@{}", repo.id);
        let pr = PullRequest {
            installation,
            repo,
            number: UNNUMBERED,
        };
        let survey = JobEvent::Survey {
            base: None,
            queues: true,
            lacking,
        };
        hand_on(deps, guid, pr, &survey, delay(deps, count)).await?;
        count += 1;
    }
    Ok(count)
}

fn delay(deps: &BotDeps, count: usize) -> Duration {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    deps.pace.sweep.between.saturating_mul(count)
}

/// Asks for the deliveries again that GitHub could not hand over, oldest first. GitHub repeats nothing by itself.
async fn ask_again(deps: &BotDeps, job: &Claimed) -> Result<(), JobError> {
    let failed = deps.read.failed_deliveries().await?;
    let mut newest: BTreeMap<&str, &FailedDelivery> = BTreeMap::new();
    for one in failed
        .iter()
        .rev()
        .filter(|one| is_worth_asking_for(&one.event, one.action.as_deref()))
    {
        newest.insert(&one.guid, one);
    }
    let mut wanted: Vec<&FailedDelivery> = newest.into_values().collect();
    wanted.sort_by_key(|one| one.id);
    let guids: Vec<String> = wanted.iter().map(|one| one.guid.clone()).collect();
    let wait = deps.pace.sweep.every;
    let missing = deps.store.never_came(&guids, wait, MOST_ASKED).await?;
    let missing: BTreeSet<&String> = missing.iter().collect();
    for one in wanted.iter().filter(|one| missing.contains(&one.guid)) {
        apply::redeliver(deps, &job.lease, one).await?;
    }
    if !missing.is_empty() {
        tracing::info!(job = %job.id, count = missing.len(), "lost deliveries asked for again");
    }
    Ok(())
}

/// Compares a repository's open pull requests with the record and hands on those that have to be looked at again.
pub async fn survey(deps: &BotDeps, job: &Claimed) -> Result<(), JobError> {
    let happened = hear::events(job);
    let is_survey = |one: &&Happened| matches!(one.event, JobEvent::Survey { .. });
    // Events that came in since an earlier try make it a new one, which may hand the same pull requests on.
    let Some(guid) = happened
        .iter()
        .rfind(is_survey)
        .map(|one| one.guid.as_str())
    else {
        return Ok(());
    };
    let known = deps.store.pulls(job.pr.repo.id).await?;
    let with_queues = |one: &Happened| matches!(one.event, JobEvent::Survey { queues: true, .. });
    let known = Known {
        pulls: known.into_iter().collect(),
        is_lacking: is_lacking(&happened),
        queues: happened.iter().any(with_queues),
    };
    for base in bases(&happened, &known.pulls) {
        survey_one(deps, job, guid, base.as_deref(), &known).await?;
    }
    Ok(())
}

/// What is known before anything is listed.
struct Known {
    pulls: BTreeMap<u64, PrRecord>,
    /// The installation grants too little by all that was told.
    is_lacking: bool,
    /// Whether merge queues are looked at too.
    queues: bool,
}

fn is_lacking(happened: &[Happened]) -> bool {
    let grants = |one: &Happened| matches!(one.event, JobEvent::Survey { lacking: false, .. });
    !happened.iter().any(grants)
}

/// What the events ask about: one list of everything, or one for each base that pull requests go into by the record.
fn bases(happened: &[Happened], known: &BTreeMap<u64, PrRecord>) -> BTreeSet<Option<String>> {
    let asked = happened.iter().filter_map(|one| match &one.event {
        JobEvent::Survey { base, .. } => Some(base.clone()),
        _ => None,
    });
    let asked: BTreeSet<Option<String>> = asked.collect();
    if asked.contains(&None) {
        return BTreeSet::from([None]);
    }
    let is_base = |base: &String| known.values().any(|record| record.base == *base);
    asked
        .into_iter()
        .filter(|base| base.as_ref().is_some_and(is_base))
        .collect()
}

async fn survey_one(
    deps: &BotDeps,
    job: &Claimed,
    guid: &str,
    base: Option<&str>,
    known: &Known,
) -> Result<(), JobError> {
    let open = match deps.read.open_pulls(&job.pr, base).await {
        Err(ForgeError::Blocked(blocked)) => {
            tracing::warn!(pr = %job.pr, job = %job.id, %blocked, "no list of pull requests");
            return look_at_greens(deps, job, guid, &known.pulls).await;
        }
        open => open?,
    };
    let place = PullRequest {
        repo: open.repo.clone(),
        ..job.pr.clone()
    };
    let waiting = match known.is_lacking {
        true => deps.store.blocked(place.repo.id).await?,
        false => {
            let taken_up = deps.store.take_up(&place).await?;
            if taken_up > 0 {
                tracing::info!(repository = %place.repo, job = %job.id, taken_up, "jobs that waited for the repository");
            }
            BTreeSet::new()
        }
    };
    let mut grounds = Grounds {
        deps,
        place: &place,
        default_branch: &open.default_branch,
        default_config: None,
        known: BTreeMap::new(),
    };
    let now = deps.store.now().await?;
    let pace = &deps.pace.sweep;
    let mut due = Vec::new();
    for pull in &open.pulls {
        if waiting.contains(&pull.number) {
            continue;
        }
        let record = known.pulls.get(&pull.number);
        let is_due = match grounds.of(&pull.base_branch).await {
            // A base that is gone leaves nothing to judge by.
            Ok(None) => continue,
            Ok(Some(definitions)) => {
                let look = seen::of_listed(pull, &definitions);
                record.is_none_or(|record| seen::is_due(record, &look, now, pace))
            }
            // What its pull requests come to is theirs to tell; the others are not kept waiting for it.
            Err(JobError::Forge(
                error @ (ForgeError::Forbidden(_)
                | ForgeError::Refused(_)
                | ForgeError::Blocked(_)
                | ForgeError::NotFound(_)),
            )) => {
                tracing::warn!(repository = %place.repo, base = pull.base_branch, %error, "a base cannot be read");
                true
            }
            Err(error) => return Err(error),
        };
        if is_due {
            due.push((!record.is_some_and(seen::is_green), pull.number));
        }
    }
    // What is green may be merged any moment, so it comes first.
    due.sort_unstable();
    for (at, (_, number)) in due.iter().enumerate() {
        let pr = PullRequest {
            number: *number,
            ..place.clone()
        };
        let guid = format!("{guid}#{number}");
        hand_on(deps, guid, pr, &JobEvent::LookAgain, delay(deps, at)).await?;
    }
    if known.queues {
        for base in grounds.queued(&open.pulls).await? {
            queue::sweep(deps, job, guid, &place, &base).await?;
        }
    }
    tracing::info!(repository = %place.repo, job = %job.id, base, open = open.pulls.len(), due = due.len(), "surveyed");
    Ok(())
}

/// Where nothing can be listed, what is green by the record must not stay so unseen.
async fn look_at_greens(
    deps: &BotDeps,
    job: &Claimed,
    guid: &str,
    known: &BTreeMap<u64, PrRecord>,
) -> Result<(), JobError> {
    let waiting = deps.store.blocked(job.pr.repo.id).await?;
    // Of those that are closed no base is kept.
    let is_due = |number: &u64, record: &PrRecord| {
        seen::is_green(record) && !record.base.is_empty() && !waiting.contains(number)
    };
    let due = known
        .iter()
        .filter(|(number, record)| is_due(number, record));
    for (at, (number, _)) in due.enumerate() {
        let pr = PullRequest {
            number: *number,
            ..job.pr.clone()
        };
        let guid = format!("{guid}#{number}");
        hand_on(deps, guid, pr, &JobEvent::LookAgain, delay(deps, at)).await?;
    }
    Ok(())
}

/// What bases come to, each read once.
struct Grounds<'a> {
    deps: &'a BotDeps,
    place: &'a PullRequest,
    default_branch: &'a str,
    /// The default branch's configuration, once it was read.
    default_config: Option<Option<String>>,
    known: BTreeMap<String, Option<String>>,
}

impl Grounds<'_> {
    /// What [`seen::of_base`] makes of a branch; `None`: there is no such branch.
    async fn of(&mut self, branch: &str) -> Result<Option<String>, JobError> {
        if let Some(known) = self.known.get(branch) {
            return Ok(known.clone());
        }
        let found = self.read(branch).await?;
        self.known.insert(branch.to_owned(), found.clone());
        Ok(found)
    }

    async fn read(&mut self, branch: &str) -> Result<Option<String>, JobError> {
        let read = &self.deps.read;
        let Some(mut base) = read.base_files(self.place, branch).await? else {
            return Ok(None);
        };
        let unread = folders::unread(base.config.as_deref(), &base.personas);
        if !unread.is_empty() {
            let more = read.folders(self.place, &base.tip, &unread).await?;
            base.personas.extend(more);
        }
        let default_config = match branch == self.default_branch {
            true => None,
            false => self.default_config().await?,
        };
        let model = self.deps.models.operator.as_deref();
        Ok(Some(seen::of_base(&base, default_config.as_deref(), model)))
    }

    /// Gated bases that open pull requests go into, which may have a merge queue.
    async fn queued(&mut self, pulls: &[ListedPull]) -> Result<BTreeSet<String>, JobError> {
        let bases: BTreeSet<&String> = pulls.iter().map(|pull| &pull.base_branch).collect();
        let mut queued = BTreeSet::new();
        for base in bases {
            let is_default = base == self.default_branch;
            if is_default || self.lists(base).await? {
                queued.insert(base.clone());
            }
        }
        Ok(queued)
    }

    /// Whether the default branch's configuration says that another base is gated.
    async fn lists(&mut self, base: &str) -> Result<bool, JobError> {
        let default_branch = self.default_branch;
        let config = self.default_config().await?;
        let own = RepoConfig::default();
        let gated = ground::is_gated(base, default_branch, &own, config.as_deref());
        Ok(gated)
    }

    async fn default_config(&mut self) -> Result<Option<String>, JobError> {
        if let Some(known) = &self.default_config {
            return Ok(known.clone());
        }
        let read = &self.deps.read;
        let base: Option<BaseFiles> = read.base_files(self.place, self.default_branch).await?;
        let config = base.and_then(|base| base.config);
        self.default_config = Some(config.clone());
        Ok(config)
    }
}
