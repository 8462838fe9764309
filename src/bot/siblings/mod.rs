//! Open pull requests with one head commit. The check belongs to the commit, so they share it: what each comes to by
//! itself is recorded, and the check says what all of them come to ([`pooled`], pure).
//!
//! Nobody's last word is lost: each first records its own verdict, then reads those of the others, posts, and reads
//! them again. Whoever changes its own verdict, or leaves the head, has the others looked at again; whoever only says
//! the same once more does not, so that nothing goes to and fro.
//!
//! Which there are is told by the list of open pull requests in the snapshot, and by the record. GitHub's own list of
//! the pull requests of a commit (`associatedPullRequests`, `/commits/SHA/pulls`) would not do: it leaves out those
//! whose commit came from a fork.

mod ending;
pub mod pooled;

pub use ending::{give_up, step_out};

use super::check::{CheckInput, Findings, Overall, overall, title};
use super::deps::{BotDeps, JobError};
use super::ground;
use super::hear::Happened;
use super::job::JobEvent;
use super::repo_config::RepoConfig;
use super::work::Work;
use crate::engine::consensus::State;
use crate::forge::{ForgeError, PrState, Sibling};
use crate::ids::{Actor, PullRequest};
use crate::store::{Change, Claimed, Delivery, NewJob, OwnVerdict, PrRecord};
use pooled::{Pooled, Side, Unread};
use std::collections::{BTreeMap, BTreeSet};

/// How often one post is made anew because another one changed meanwhile; then the next job goes on.
pub const MAX_LOOKS: usize = 4;

/// The word for a state in the record.
fn word(overall: Overall) -> &'static str {
    match overall {
        Overall::Clear => "clear",
        Overall::Started => "started",
        Overall::Error | Overall::Superseded => "error",
        Overall::Of(state) => state.as_str(),
    }
}

/// The state of a word; one that does not read counts as a failure of ours.
fn state_of(word: &str) -> Overall {
    use State::{
        Changes, Degraded, Discussing, Held, Invalid, Overridden, Ready, Rejected, Stale, Tampered,
        Working,
    };
    let states = [
        Invalid, Tampered, Held, Overridden, Working, Rejected, Degraded, Stale, Changes,
        Discussing, Ready,
    ];
    match word {
        "clear" => Overall::Clear,
        "started" => Overall::Started,
        _ => {
            let known = states.into_iter().find(|state| state.as_str() == word);
            known.map_or(Overall::Error, Overall::Of)
        }
    }
}

/// What a try keeps about the others with its head.
#[derive(Debug, Default)]
pub struct Kin {
    /// The head at which GitHub was asked for them.
    pub read_at: String,
    /// What the check was made to say with them, as last posted.
    pub pooled: Option<Pooled>,
    /// Those that were not on GitHub's list: whether they are open.
    open: BTreeMap<u64, bool>,
    /// Those that were asked what they come to.
    asked: BTreeSet<u64>,
    /// Those that asked what this one comes to.
    asking: BTreeSet<u64>,
}

/// What the others with the head have to do with it.
#[derive(Debug, Default)]
pub struct Around {
    /// All that is recorded about them, and about this one.
    rows: BTreeMap<u64, OwnVerdict>,
    /// Those that share the check.
    sides: Vec<Side>,
    /// Those that were not evaluated at this head yet and may count.
    unread: Vec<Unread>,
    /// Those that were not evaluated at this head yet, whether they may count or not.
    to_ask: BTreeSet<u64>,
}

impl Around {
    /// Whether there is any other one.
    pub fn is_shared(&self) -> bool {
        !self.sides.is_empty() || !self.unread.is_empty()
    }

    /// Whether nothing that counts changed since.
    pub fn is_as(&self, before: &Self) -> bool {
        self.sides == before.sides && self.unread == before.unread
    }
}

/// What this pull request comes to by itself.
pub fn own(work: &Work<'_>, input: &CheckInput) -> OwnVerdict {
    let author = work.snapshot.author.as_ref();
    OwnVerdict {
        head: input.head.to_string(),
        base: work.snapshot.base_branch.clone(),
        check: input.name.clone(),
        state: word(overall(&input.findings)).to_owned(),
        title: title(&input.findings),
        said: is_anything_said(work, input),
        author: author.map_or(0, |author| author.id),
        login: author.map_or_else(String::new, |author| author.login.clone()),
        ..OwnVerdict::default()
    }
}

/// Whether somebody whose word counts said something here: a round, a vote by somebody who may vote, a hold. What people
/// without the right say is no reason to listen to a pull request that is opened only to get in the way of another one.
fn is_anything_said(work: &Work<'_>, input: &CheckInput) -> bool {
    let memory = &work.memory;
    let permissions = &work.ground.config.permissions;
    let may_vote = |account: &u64| permissions.may_vote(work.rights.get(account));
    let mut votes = memory.votes.iter().filter(|vote| vote.void.is_none());
    let mut records = memory.discussions.values();
    !memory.blocks.is_empty()
        || !memory.acts.is_empty()
        || !memory.drops.is_empty()
        || records.any(|record| record.rounds > 0)
        || votes.any(|vote| may_vote(&vote.account))
        || overall(&input.findings) == Overall::Of(State::Working)
}

/// The record's last word on whether anything was said, where the findings of now do not tell: it was not evaluated.
fn with_memory(mut own: OwnVerdict, known: Option<&OwnVerdict>, input: &CheckInput) -> OwnVerdict {
    let is_evaluated = matches!(input.findings, Findings::Evaluated(_));
    own.said |= !is_evaluated && known.is_some_and(|known| known.said);
    own
}

/// Reads what there is besides this one.
pub async fn look(work: &mut Work<'_>, own: &OwnVerdict) -> Result<Around, JobError> {
    let left = work.memory.pr.checked_head.clone();
    let heads = [own.head.as_str(), left.as_str()];
    let rows = work.deps.store.own_verdicts(&work.job.pr, &heads).await?;
    let mut around = Around {
        rows,
        ..Around::default()
    };
    let own_number = work.job.pr.number;
    let listed = work.snapshot.siblings.clone();
    for sibling in &listed {
        let is_here = sibling.same_branch || own.head == work.memory.siblings.read_at;
        let row = around.rows.get(&sibling.number).cloned();
        let is_read = |row: &&OwnVerdict| row.head == own.head && row.base == sibling.base_branch;
        match row.as_ref().filter(is_read) {
            // Under another name it does not share the check.
            Some(row) if row.check != own.check => {}
            Some(row) => add(work, &mut around, sibling.number, row).await?,
            None if is_here => unread(work, &mut around, own, sibling, row.as_ref()).await?,
            None => {}
        }
    }
    let is_new = |(number, row): &(&u64, &OwnVerdict)| {
        **number != own_number
            && row.head == own.head
            && row.check == own.check
            && !listed.iter().any(|sibling| sibling.number == **number)
    };
    let unlisted: Vec<(u64, OwnVerdict)> = around
        .rows
        .iter()
        .filter(is_new)
        .map(|(number, row)| (*number, row.clone()))
        .collect();
    for (number, row) in unlisted {
        // Opened since the list was read, too long unchanged to be on it, or closed without our being told.
        if is_open(work, number).await? {
            add(work, &mut around, number, &row).await?;
        }
    }
    Ok(around)
}

async fn add(
    work: &mut Work<'_>,
    around: &mut Around,
    number: u64,
    row: &OwnVerdict,
) -> Result<(), JobError> {
    let by_writer = is_writer(work, row.author, &row.login).await?;
    around.sides.push(side(number, row, by_writer));
    Ok(())
}

fn side(number: u64, row: &OwnVerdict, by_writer: bool) -> Side {
    Side {
        number,
        base: row.base.clone(),
        state: state_of(&row.state),
        title: row.title.clone(),
        said: row.said,
        by_writer,
    }
}

async fn is_writer(work: &mut Work<'_>, account: u64, login: &str) -> Result<bool, JobError> {
    match account {
        0 => Ok(false),
        account => match work.rights_of(account, login).await {
            Ok(rights) => Ok(rights.write),
            // Nobody may tell: then it counts.
            Err(JobError::Forge(ForgeError::Blocked(_) | ForgeError::Forbidden(_))) => Ok(true),
            Err(error) => Err(error),
        },
    }
}

/// One that was not evaluated at this head: it may count if its author writes, or if the record says that something was
/// said there.
async fn unread(
    work: &mut Work<'_>,
    around: &mut Around,
    own: &OwnVerdict,
    sibling: &Sibling,
    row: Option<&OwnVerdict>,
) -> Result<(), JobError> {
    if is_gated(work, &sibling.base_branch) != is_gated(work, &own.base) {
        return Ok(());
    }
    let number = sibling.number;
    around.to_ask.insert(number);
    let author: Option<&Actor> = sibling.author.as_ref();
    let by_writer = match author {
        Some(author) => is_writer(work, author.id, &author.login).await?,
        None => false,
    };
    let is_known = match row {
        Some(row) => row.said,
        None => {
            let pr = numbered(&work.job.pr, number);
            work.deps.store.pr(&pr).await? != PrRecord::default()
        }
    };
    if by_writer || is_known || sibling.base_branch != own.base {
        around.unread.push(Unread {
            number,
            base: sibling.base_branch.clone(),
        });
    }
    Ok(())
}

/// Whether a base is gated, by the default branch.
fn is_gated(work: &Work<'_>, base: &str) -> bool {
    let snapshot = &work.snapshot;
    let of_default = match snapshot.base_branch == snapshot.default_branch {
        true => snapshot.config.as_deref(),
        false => snapshot.default_config.as_deref(),
    };
    let config = RepoConfig::parse(of_default.unwrap_or_default());
    let config = config.map_or_else(|_| RepoConfig::default(), |read| read.0);
    ground::is_gated(base, &snapshot.default_branch, &config, of_default)
}

async fn is_open(work: &mut Work<'_>, number: u64) -> Result<bool, JobError> {
    if let Some(known) = work.memory.siblings.open.get(&number) {
        return Ok(*known);
    }
    let pr = numbered(work.pr(), number);
    let is_open = match work.deps.read.state(&pr).await {
        Ok(state) => state == PrState::Open,
        Err(crate::forge::ForgeError::NotFound(_)) => false,
        Err(error) => return Err(error.into()),
    };
    work.memory.siblings.open.insert(number, is_open);
    Ok(is_open)
}

fn numbered(pr: &PullRequest, number: u64) -> PullRequest {
    PullRequest {
        number,
        ..pr.clone()
    }
}

/// What the check says, and the own verdict as it is to be recorded with it. `None`: it is recorded so already.
pub async fn decide(
    work: &mut Work<'_>,
    own: &OwnVerdict,
    around: &Around,
    input: &CheckInput,
) -> Result<(Pooled, Option<OwnVerdict>), JobError> {
    let number = work.job.pr.number;
    let known = around.rows.get(&number);
    let mut own = with_memory(own.clone(), known, input);
    let by_writer = match around.is_shared() {
        true => is_writer(work, own.author, &own.login).await?,
        false => false,
    };
    let pooled = pooled::pool(
        &side(number, &own, by_writer),
        &around.sides,
        &around.unread,
    );
    own.waits_for.clone_from(&pooled.waits_for);
    own.owed = known.map_or_else(BTreeSet::new, |known| known.owed.clone());
    if !known.is_some_and(|known| is_same(known, &own)) {
        let heads = known.map(|known| known.head.clone()).into_iter();
        let heads = heads.chain([own.head.clone()]);
        let has_others = |head: &String| {
            let mut others = around.rows.iter().filter(|(other, _)| **other != number);
            others.any(|(_, row)| row.head == *head)
        };
        own.owed.extend(heads.filter(has_others));
    }
    let is_news = known != Some(&own);
    Ok((pooled, is_news.then_some(own)))
}

/// Whether one verdict means to others what the other one does. A time or an id of ours in a title is no news.
fn is_same(one: &OwnVerdict, other: &OwnVerdict) -> bool {
    let says_when = |row: &OwnVerdict| {
        matches!(
            state_of(&row.state),
            Overall::Of(State::Degraded) | Overall::Error
        )
    };
    one.head == other.head
        && one.base == other.base
        && one.check == other.check
        && one.state == other.state
        && one.said == other.said
        && (one.title == other.title || says_when(other))
}

/// Has the others looked at again whom a change concerns, and asks those that were never read here. `around`: as last
/// looked at.
pub async fn tell(work: &mut Work<'_>, around: &Around) -> Result<(), JobError> {
    let number = work.job.pr.number;
    for other in &around.to_ask {
        if work.memory.siblings.asked.insert(*other) {
            hand_on(work.deps, work.job, *other, true).await?;
        }
    }
    let Some(own) = around.rows.get(&number) else {
        return Ok(());
    };
    // In between nobody has to look: the run is in progress for all of them.
    let state = state_of(&own.state);
    if matches!(state, Overall::Started | Overall::Of(State::Working)) {
        return Ok(());
    }
    let mut concerned = std::mem::take(&mut work.memory.siblings.asking);
    for (other, row) in &around.rows {
        if row.waits_for.contains(&number) {
            concerned.insert(*other);
        }
    }
    if !own.owed.is_empty() {
        let heads: Vec<&str> = own.owed.iter().map(String::as_str).collect();
        let rows = work.deps.store.own_verdicts(&work.job.pr, &heads).await?;
        let there = rows
            .into_iter()
            .filter(|(_, row)| own.owed.contains(&row.head));
        concerned.extend(there.map(|(other, _)| other));
    }
    concerned.remove(&number);
    for other in concerned {
        hand_on(work.deps, work.job, other, false).await?;
    }
    if own.owed.is_empty() {
        return Ok(());
    }
    let told = OwnVerdict {
        owed: BTreeSet::new(),
        ..own.clone()
    };
    let told = Some(told).filter(|told| !told.head.is_empty());
    work.record(&[Change::OwnVerdict(told)]).await
}

/// Notes the own verdict as recorded.
pub fn recorded(around: &mut Around, work: &Work<'_>, own: Option<OwnVerdict>) {
    if let Some(own) = own {
        around.rows.insert(work.job.pr.number, own);
    }
}

/// Remembers who asked to be told what this one comes to.
pub fn note_asking(work: &mut Work<'_>, happened: &[Happened]) {
    let asking = happened.iter().filter_map(|one| match one.event {
        JobEvent::Sibling { number, asks: true } => Some(number),
        _ => None,
    });
    work.memory.siblings.asking.extend(asking);
}

/// Looks at this one again: too much changed while it was posted.
pub async fn look_again(work: &Work<'_>) -> Result<(), JobError> {
    hand_on(work.deps, work.job, work.job.pr.number, false).await
}

/// Enqueues a look at a pull request. Under a name that never was: it may have to be looked at again and again for one
/// job, and once too often does no harm.
async fn hand_on(deps: &BotDeps, job: &Claimed, number: u64, asks: bool) -> Result<(), JobError> {
    tracing::info!(pr = %job.pr, job = %job.id, number, asks, "has the same head and is looked at again");
    let event = JobEvent::Sibling {
        number: job.pr.number,
        asks,
    };
    let event =
        serde_json::to_string(&event).map_err(|error| JobError::Internal(error.to_string()))?;
    let delivery = Delivery {
        guid: format!("{}#{number}~{}", job.id, uuid::Uuid::new_v4().simple()),
        event: "handed_on".to_owned(),
        body: Vec::new(),
    };
    let new = NewJob {
        pr: numbered(&job.pr, number),
        event,
    };
    let enqueued = match asks {
        true => {
            deps.store
                .enqueue_paced(delivery, new, deps.pace.retry)
                .await
        }
        false => deps.store.enqueue(delivery, Some(new)).await,
    };
    enqueued?;
    Ok(())
}
