//! Merge groups: reads what is known of a group's pull requests and posts the check that its queue waits for. `group`
//! finds the pull requests and `verdict` decides, both pure. No model is ever asked.
//!
//! Facts: <https://docs.github.com/webhooks/webhook-events-and-payloads#merge_group>,
//! <https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue>.

pub mod group;
mod reading;
pub mod verdict;

use super::apply::{self, Runs};
use super::deps::{BotDeps, JobError, Remedy};
use super::hear;
use super::job::JobEvent;
use super::lookup::UNNUMBERED;
use super::plan::{self, CLEAR, Effect};
use crate::forge::{Conclusion, ForgeError};
use crate::ids::{PullRequest, Sha};
use crate::store::{Change, Claimed, Delivery, EffectRecord, NewJob, PrRecord};
use group::{Asked, Gap};
use reading::{Queue, Reader};
use std::collections::BTreeMap;
use std::time::Duration;
use verdict::Verdict;

/// For so many times the delay of a first retry a gap is waited for: about four minutes. A queue waits for an hour by
/// itself, unless it is told otherwise.
const PATIENCE: u32 = 256;
/// Longest time between two looks.
const LONGEST: Duration = Duration::from_secs(60);

/// What is asked about a group.
struct Question {
    /// Delivery it came with, without the looks since.
    guid: String,
    head_branch: Option<String>,
    looked: u32,
    /// First heard of, ms.
    since: i64,
    /// A new run in any case.
    fresh: bool,
}

/// Questions by base branch and commit: each group is looked at once, however often it is asked about.
type Questions = BTreeMap<String, BTreeMap<Sha, Question>>;

/// Works on all events of the job about merge groups. What keeps one of them from being answered is told at the end.
pub async fn work(deps: &BotDeps, job: &Claimed) -> Result<(), JobError> {
    let mut questions = Questions::new();
    let mut left: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for happened in hear::events(job) {
        let (received_at, guid) = (happened.received_at, happened.guid);
        match happened.event {
            JobEvent::MergeGroup {
                head,
                head_branch,
                base_branch,
                looked,
                since,
            } => {
                let guid = guid.split('~').next().unwrap_or_default().to_owned();
                let question = Question {
                    guid,
                    head_branch,
                    looked,
                    since: since.unwrap_or(received_at),
                    fresh: false,
                };
                ask(&mut questions, &base_branch, &head, question);
            }
            JobEvent::RerequestedOn {
                head, button: None, ..
            } => {
                let key = group_key(&head);
                if let Some(EffectRecord::Done(base)) = deps.store.effect(&job.pr, &key).await? {
                    let question = Question {
                        guid,
                        head_branch: None,
                        looked: 0,
                        since: received_at,
                        fresh: true,
                    };
                    ask(&mut questions, &base, &head, question);
                }
            }
            JobEvent::LeftGreen {
                number,
                base_branch,
            } => left.entry(base_branch).or_default().push(number),
            _ => {}
        }
    }
    let mut failed = None;
    let bases: Vec<String> = questions.keys().chain(left.keys()).cloned().collect();
    for base in bases {
        let asked = questions.remove(&base).unwrap_or_default();
        let left = left.remove(&base).unwrap_or_default();
        if asked.is_empty() && left.is_empty() {
            continue;
        }
        if let Err(error) = answer(deps, job, &base, asked, &left).await {
            tracing::warn!(repository = %job.pr.repo, job = %job.id, base, %error, "a merge queue is not answered");
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

fn ask(questions: &mut Questions, base: &str, head: &str, question: Question) {
    let Some(head) = Sha::parse(head) else {
        return;
    };
    let of_base = questions.entry(base.to_owned()).or_default();
    match of_base.get_mut(&head) {
        None => {
            of_base.insert(head, question);
        }
        Some(known) => {
            known.fresh |= question.fresh;
            known.since = known.since.min(question.since);
            if question.looked >= known.looked {
                known.looked = question.looked;
                known.guid = question.guid;
            }
            known.head_branch = known.head_branch.take().or(question.head_branch);
        }
    }
}

/// Answers about the groups of one queue.
async fn answer(
    deps: &BotDeps,
    job: &Claimed,
    base: &str,
    mut asked: BTreeMap<Sha, Question>,
    left: &[u64],
) -> Result<(), JobError> {
    let Some(queue) = Queue::read(deps, &job.pr, base).await? else {
        return Ok(());
    };
    let Some(check) = queue.check.clone() else {
        tracing::debug!(repository = %job.pr.repo, base, "the gate is off");
        return Ok(());
    };
    for head in queue.with_any_of(left) {
        asked.entry(head).or_insert_with(|| Question {
            guid: format!("{}!", job.id),
            head_branch: None,
            looked: 0,
            since: i64::MAX,
            fresh: false,
        });
    }
    let known = [Change::EffectDone {
        key: queue_key(base),
        result: String::new(),
    }];
    deps.store.record(&job.lease, &job.pr, &known).await?;
    let mut reader = Reader::of(deps, &queue, &check);
    let mut asked: Vec<(Sha, Question)> = asked.into_iter().collect();
    // Who is merged first is answered first.
    asked.sort_by_key(|(head, _)| queue.place_of(head));
    for (head, question) in asked {
        let now = deps.store.now().await?;
        let waited = Duration::from_millis(u64::try_from(now - question.since).unwrap_or(0));
        let is_last = waited >= deps.pace.retry.saturating_mul(PATIENCE);
        let about = Asked {
            head: &head,
            head_branch: question.head_branch.as_deref(),
            base_branch: base,
        };
        let found = reader.members(about).await?;
        let mut verdict = match &found {
            Ok(members) => verdict::of_members(members, base, is_last),
            Err(gap) => verdict::of_gap(gap, is_last),
        };
        if verdict.conclusion == Some(Conclusion::Success) && !reader.is_still_so(about).await? {
            let why = "the queue, or a pull request in it, changed while it was read";
            verdict = verdict::of_gap(&Gap::Unclear(why.to_owned()), is_last);
        }
        tracing::info!(repository = %job.pr.repo, job = %job.id, %head, title = verdict.title, "merge group looked at");
        if is_to_be_said(&reader, &found, &head, &verdict).await? {
            say(deps, job, &queue, &check, &head, &verdict, question.fresh).await?;
        }
        if verdict.again {
            let delay = waited.clamp(deps.pace.retry, LONGEST.max(deps.pace.retry));
            let since = question.since.min(now);
            look_again(deps, &queue.place, base, &head, question, since, delay).await?;
        }
    }
    Ok(())
}

/// A commit that no entry of the queue has may be merged by now, or not be listed yet: nothing is said before the last
/// look, and nothing at all on what became the base branch.
async fn is_to_be_said(
    reader: &Reader<'_>,
    found: &Result<Vec<verdict::Member>, Gap>,
    head: &Sha,
    verdict: &Verdict,
) -> Result<bool, JobError> {
    match found {
        Err(Gap::NoEntry) if verdict.again => Ok(false),
        Err(Gap::NoEntry) => Ok(!reader.is_merged(head).await?),
        _ => Ok(true),
    }
}

/// Posts the verdict, and keeps where the commit belongs, for "Re-run".
async fn say(
    deps: &BotDeps,
    job: &Claimed,
    queue: &Queue,
    check: &str,
    head: &Sha,
    verdict: &Verdict,
    fresh: bool,
) -> Result<(), JobError> {
    let group = [Change::EffectDone {
        key: group_key(head.as_str()),
        result: queue.base.clone(),
    }];
    deps.store.record(&job.lease, &job.pr, &group).await?;
    let effect = Effect::Check {
        run: plan::with_digest(verdict.run(check, head)),
        look_first: true,
        fresh,
    };
    let mut runs = Runs::default();
    apply::carry_out(deps, &job.lease, &queue.place, &mut runs, &[effect]).await
}

/// Puts another look in line. Its delivery is named by how often there was one, so that a second try of the job puts
/// nothing in line twice.
async fn look_again(
    deps: &BotDeps,
    place: &PullRequest,
    base: &str,
    head: &Sha,
    question: Question,
    since: i64,
    delay: Duration,
) -> Result<(), JobError> {
    let looked = question.looked + 1;
    let guid = format!("{}~{}~{looked}", question.guid, head.short());
    let event = JobEvent::MergeGroup {
        head: head.to_string(),
        head_branch: question.head_branch,
        base_branch: base.to_owned(),
        looked,
        since: Some(since),
    };
    hand_on(deps, guid, place.clone(), &event, delay).await
}

async fn hand_on(
    deps: &BotDeps,
    guid: String,
    place: PullRequest,
    event: &JobEvent,
    delay: Duration,
) -> Result<(), JobError> {
    let event =
        serde_json::to_string(event).map_err(|error| JobError::Internal(error.to_string()))?;
    let delivery = Delivery {
        guid,
        event: "handed_on".to_owned(),
        body: Vec::new(),
    };
    let job = NewJob {
        pr: PullRequest {
            number: UNNUMBERED,
            ..place
        },
        event,
    };
    deps.store.enqueue_paced(delivery, job, delay).await?;
    Ok(())
}

/// Puts every group of a queue in line that is built, as its event would have. What is said already is not said again.
pub async fn sweep(
    deps: &BotDeps,
    job: &Claimed,
    guid: &str,
    place: &PullRequest,
    base: &str,
) -> Result<(), JobError> {
    let queue = match deps.read.merge_queue(place, base).await {
        Ok(queue) => queue,
        Err(
            error @ (ForgeError::Forbidden(_) | ForgeError::Refused(_) | ForgeError::NotFound(_)),
        ) => {
            tracing::warn!(repository = %place.repo, job = %job.id, base, %error, "a merge queue cannot be read");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let heads = queue.entries.iter().filter_map(|entry| entry.head.as_ref());
    for head in heads {
        let event = JobEvent::MergeGroup {
            head: head.to_string(),
            head_branch: None,
            base_branch: base.to_owned(),
            looked: 0,
            since: None,
        };
        let guid = format!("{guid}!{head}");
        hand_on(deps, guid, place.clone(), &event, Duration::ZERO).await?;
    }
    Ok(())
}

/// Before the record of a pull request changes: if it was green and is not to be any more, the groups it is in are looked
/// at again. Put in line before that is recorded, so that no end of this process comes in between; until this job is
/// done, a look finds the pull request being worked on.
pub async fn left_green(
    deps: &BotDeps,
    job: &Claimed,
    before: &PrRecord,
    now: &PrRecord,
) -> Result<(), JobError> {
    let stays = is_green(now) && now.check == before.check;
    if !is_green(before) || stays || before.base.is_empty() {
        return Ok(());
    }
    let place = PullRequest {
        number: UNNUMBERED,
        ..job.pr.clone()
    };
    if deps
        .store
        .effect(&place, &queue_key(&before.base))
        .await?
        .is_none()
    {
        return Ok(());
    }
    let event = JobEvent::LeftGreen {
        number: job.pr.number,
        base_branch: before.base.clone(),
    };
    let guid = format!("{}!{}!{}", job.id, job.attempt, now.conclusion);
    hand_on(deps, guid, place, &event, Duration::ZERO).await
}

/// Whether the record says that a pull request's own check is green.
fn is_green(record: &PrRecord) -> bool {
    matches!(record.conclusion.as_str(), "success" | CLEAR)
}

/// Key of the effect row that keeps that a base branch has a queue.
fn queue_key(base: &str) -> String {
    format!("queue:{base}")
}

/// Key of the effect row that keeps to which base branch a group's commit belongs.
fn group_key(head: &str) -> String {
    format!("group:{head}")
}

/// Whether an error is one that time alone may mend, and that does not say when.
fn may_pass(error: &ForgeError) -> bool {
    let remedy = JobError::Forge(error.clone()).remedy();
    matches!(remedy, Remedy::Retry | Remedy::Outlast | Remedy::Park)
}
