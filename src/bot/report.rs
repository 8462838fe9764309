//! The check run of a head, from the outcomes of its discussions, and what the record keeps of it.

use super::apply;
use super::channel::Channel;
use super::check::{
    self, CheckInput, ConfigProblem, Demand, DiscussionView, Evaluation, Findings, NextStep,
};
use super::command::path_word;
use super::deps::JobError;
use super::evaluate::{Evaluated, Outcome};
use super::gate_files;
use super::ground::CONFIG_PATH;
use super::leave;
use super::markdown::sentences;
use super::mentions;
use super::plan::{self, Effect};
use super::queue;
use super::receipts::{Known, MAX_RESTORED};
use super::siblings;
use super::votes::Hashes;
use super::work::Work;
use crate::engine::consensus::{State, Verdict};
use crate::store::{Change, DiscussionRecord, PrRecord};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

/// What a round or its absence adds to what was evaluated, by path of the record.
#[derive(Debug, Clone, Default)]
pub struct Going {
    /// (answered, asked) where a round is running.
    pub working: BTreeMap<String, (usize, usize)>,
    /// What a panel waits for.
    pub waiting: BTreeMap<String, String>,
}

/// Everything the check of the current head is made of; `None`: nothing is posted here.
pub fn input(work: &Work<'_>, outcomes: &[Outcome], going: &Going) -> Option<CheckInput> {
    let name = work.ground.check.clone()?;
    Some(CheckInput {
        name,
        head: work.snapshot.head.clone(),
        external_id: known(work, outcomes).to_string(),
        details_url: None,
        findings: Findings::Evaluated(evaluation(work, outcomes, going)),
        notes: notes(work, outcomes),
    })
}

/// What the record knows, or will know once it has taken in what stands in the files.
fn known(work: &Work<'_>, outcomes: &[Outcome]) -> Known {
    let discussions = super::work::open(&work.paths, outcomes);
    let anchor =
        |(key, evaluated): (&str, &Evaluated)| evaluated.end_of_chain(&work.blocks_of(key));
    Known {
        pr: Some(work.job.pr.number),
        votes: work.memory.votes.len() + work.memory.acts.len(),
        anchors: discussions.filter_map(anchor).collect(),
    }
}

fn evaluation(work: &Work<'_>, outcomes: &[Outcome], going: &Going) -> Evaluation {
    let mut discussions = Vec::new();
    let mut dropped = Vec::new();
    for (path, outcome) in work.paths.iter().zip(outcomes) {
        let key = &path.candidate.key;
        let mut view = match outcome {
            Outcome::Open(evaluated) => evaluated.view.clone(),
            Outcome::Blocked(view) => view.as_ref().clone(),
            Outcome::Dropped(view) => {
                dropped.push(view.clone());
                continue;
            }
            Outcome::Settled(_) | Outcome::Unmarked | Outcome::Unrelated => continue,
        };
        view.url = Some(file_url(work, &view.path));
        view.waiting = going.waiting.get(key).cloned().or(view.waiting);
        if let Some(working) = going.working.get(key) {
            set_working(&mut view, *working);
        }
        discussions.push(view);
    }
    let is_concerned = !discussions.is_empty();
    Evaluation {
        discussions,
        dropped,
        config_errors: config_errors(work, is_concerned),
        config_notices: work.ground.notices.clone(),
        demands: demands(work, outcomes),
        changes_gate: work.gate.is_some(),
        left_as_is: false,
    }
}

/// Errors of the base for those who depend on it, and those that this pull request would bring in.
fn config_errors(work: &Work<'_>, is_concerned: bool) -> Vec<ConfigProblem> {
    let of_base = work.ground.errors.iter().filter(|_| is_concerned);
    let mut errors: Vec<ConfigProblem> = of_base.cloned().collect();
    for error in work.gate.iter().flat_map(|gate| &gate.errors) {
        if !errors.contains(error) {
            errors.push(error.clone());
        }
    }
    errors
}

/// Says on a green that the verdict is not written into the files, and why (as it goes on from "because").
pub fn leaves_files(input: &mut CheckInput, why: &str) {
    if let Findings::Evaluated(evaluation) = &mut input.findings {
        evaluation.left_as_is = true;
        input.notes.push(format!(
            "The Status line is left as it was, and people's votes are not written into the file, because {why}"
        ));
    }
}

fn set_working(view: &mut DiscussionView, working: (usize, usize)) {
    view.working = Some(working);
    view.verdict = Verdict::without_count(State::Working, Vec::new());
}

/// What the pull request as a whole owes, besides its discussions.
fn demands(work: &Work<'_>, outcomes: &[Outcome]) -> Vec<Demand> {
    let mut demands = Vec::new();
    if work.gate_is_unanswered() {
        demands.push(gate_files::demand(&work.ground.config.permissions));
    }
    demands.extend(work.gate_objectors().into_iter().map(gate_files::objection));
    if work.snapshot.files_truncated {
        // A list of files that GitHub cut cannot be taken as complete.
        demands.push(demand(
            "has more files than GitHub lists (3,000), so a discussion may be missed",
            "splits this pull request",
        ));
    }
    let is_discussion = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Open(_) | Outcome::Blocked(_) | Outcome::Settled(_)
        )
    };
    let required = &work.ground.require_discussion;
    let mut files = work.snapshot.files.iter();
    if files.any(|file| required.takes_in(&file.path)) && !outcomes.iter().any(is_discussion) {
        demands.push(demand(
            "touches files that need a discussion and has none",
            "adds a discussion to this pull request",
        ));
    }
    demands
}

fn demand(text: &str, what: &str) -> Demand {
    Demand {
        text: text.to_owned(),
        step: NextStep {
            who: "the author".to_owned(),
            what: what.to_owned(),
            line: None,
        },
    }
}

/// Things worth knowing that change nothing.
fn notes(work: &Work<'_>, outcomes: &[Outcome]) -> Vec<String> {
    let mut notes = Vec::new();
    let base = &work.snapshot.base_branch;
    let is_concerned = outcomes
        .iter()
        .any(|outcome| matches!(outcome, Outcome::Open(_) | Outcome::Blocked(_)));
    if is_concerned && !work.ground.configured {
        notes.push(format!("No {CONFIG_PATH} on {base}: the defaults apply"));
    }
    if !is_concerned && let Some(first) = work.ground.errors.first() {
        let place = first.place();
        let said = sentences(&first.message, &first.hint);
        notes.push(format!(
            "{place} is broken on {base}, so pull requests with a discussion are invalid until it is mended: {said}"
        ));
    }
    let is_open = outcomes
        .iter()
        .any(|outcome| matches!(outcome, Outcome::Open(_)));
    if is_open && let Some(Channel::Review { why }) = work.known_channel() {
        notes.push(format!(
            "Replies go into reviews because {why}; the file and its Phase line stay as they are"
        ));
    }
    if is_concerned {
        let budget = &work.ground.config.budget;
        notes.extend(check::costs(&work.memory.spending, budget));
    }
    if work.snapshot.locked {
        notes.push("The conversation is locked: commands get no reply".to_owned());
    }
    for (at, outcome) in work.paths.iter().zip(outcomes) {
        let path = &at.candidate.path;
        match outcome {
            Outcome::Open(evaluated) => {
                notes.extend(of_replies(work, &at.candidate.key, evaluated));
                if at.candidate.key != *path {
                    let before = &at.candidate.key;
                    notes.push(format!("{path} was {before} before, and keeps its votes"));
                }
                if let Some(discussion) = at.head.discussion() {
                    let base = at.base.discussion();
                    let lines = mentions::lines_with_all(discussion, base, &evaluated.seen);
                    let note = |line| {
                        format!("{path}:{line}: `@all` in a file asks nobody; `/discuss {} all` in a comment does", path_word(path))
                    };
                    notes.extend(lines.first().map(note));
                }
            }
            Outcome::Settled(status) => notes.push(format!(
                "{path} is settled: it stands on the base with status {status}, and its proposal is unchanged"
            )),
            Outcome::Unmarked => notes.push(format!(
                "{path} matches `files` and does not start with <!-- DISCUSSION -->, so it is no discussion"
            )),
            _ => {}
        }
    }
    notes
}

/// What became of the replies in a file, besides what they say.
fn of_replies(work: &Work<'_>, key: &str, evaluated: &Evaluated) -> Vec<String> {
    let path = &evaluated.view.path;
    let record = work.memory.discussions.get(key);
    let mut notes = Vec::new();
    if let Some(by) = record.and_then(|record| record.reset_by.as_ref()) {
        notes.push(format!("{path} was begun anew by {by}"));
    }
    let status = evaluated.discussion.header.status();
    let holds = match evaluated.view.verdict.state {
        State::Ready => true,
        State::Rejected => evaluated.template.on_reject.as_deref() == Some(status),
        _ => false,
    };
    if !holds && record.is_some_and(|record| record.status == status) {
        notes.push(format!(
            "{path}: Status {status} is from a decision that does not hold any more; the next replies set it back"
        ));
    }
    let noun = |count: usize| if count == 1 { "reply" } else { "replies" };
    match (evaluated.view.lost_replies, record.map_or(0, |record| record.restored)) {
        (0, 0) => {}
        (0, times) => notes.push(format!(
            "{path}: replies that a push dropped were put back, {times} of {MAX_RESTORED} times that this is done by itself"
        )),
        (lost, _) => notes.push(format!(
            "{path}: {lost} {} that a push dropped no longer stand in the file; they count all the same",
            noun(lost)
        )),
    }
    notes
}

/// Characters that may stand in a path of a web address.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// Address of a file at the current head.
pub fn file_url(work: &Work<'_>, path: &str) -> String {
    let repository = work.snapshot.url.split("/pull/").next().unwrap_or_default();
    let path = utf8_percent_encode(path, PATH);
    format!("{repository}/blob/{}/{path}", work.snapshot.head)
}

/// Makes a head's run say what was found out: the head that is left first, the record before the write. `fresh`: by a
/// new run in any case. Other open pull requests with that head have their part in what it says.
pub async fn post(
    work: &mut Work<'_>,
    runs: &mut apply::Runs,
    input: &CheckInput,
    mut changes: Vec<Change>,
    mut fresh: bool,
) -> Result<(), JobError> {
    let own = siblings::own(work, input);
    let alone = check::check_run(input);
    let mut around = siblings::look(work, &own).await?;
    let mut looks = 0;
    loop {
        let (pooled, verdict) = siblings::decide(work, &own, &around, input).await?;
        let mut run = plan::with_digest(pooled.onto(alone.clone()));
        // Behind the digest: a comment that came later is no reason to say the same once more.
        run.details_url = work.status_address();
        work.memory.shown = Some(run.title.clone());
        let left = work.memory.pr.clone();
        let mut look_first = left.checked_head == input.head.as_str() || around.is_shared();
        if plan::must_revoke(
            &left.checked_head,
            &left.conclusion,
            &input.head,
            pooled.overall,
        ) && let Some(effect) = leave::superseded(&left.checked_head, input)
        {
            let pr = work.pr().clone();
            apply::carry_out(work.deps, &work.job.lease, &pr, runs, &[effect]).await?;
            look_first = around.is_shared();
        }
        let now = PrRecord {
            checked_head: input.head.to_string(),
            conclusion: plan::recorded_conclusion(pooled.overall, &run),
            check: input.name.clone(),
            ..left
        };
        changes.extend(verdict.clone().map(|own| Change::OwnVerdict(Some(own))));
        announce(work, now, std::mem::take(&mut changes)).await?;
        siblings::recorded(&mut around, work, verdict);
        looks += 1;
        let recorded = siblings::look(work, &own).await?;
        if !recorded.is_as(&around) && looks < siblings::MAX_LOOKS {
            around = recorded;
            continue;
        }
        if around.is_shared() {
            // Another one may have posted since.
            runs.forget(&input.head, &input.name);
        }
        let effect = Effect::Check {
            run,
            look_first,
            fresh,
        };
        let pr = work.pr().clone();
        apply::carry_out(work.deps, &work.job.lease, &pr, runs, &[effect]).await?;
        fresh = false;
        work.memory.siblings.pooled = Some(pooled);
        let posted = siblings::look(work, &own).await?;
        let is_settled = posted.is_as(&around);
        around = posted;
        if is_settled {
            break;
        }
        if looks >= siblings::MAX_LOOKS {
            siblings::look_again(work).await?;
            break;
        }
    }
    siblings::tell(work, &around).await
}

/// Records which head is about to be posted to, together with other changes. Nothing to record: no transaction.
pub(super) async fn announce(
    work: &mut Work<'_>,
    now: PrRecord,
    mut changes: Vec<Change>,
) -> Result<(), JobError> {
    changes.append(&mut work.memory.noted);
    queue::left_green(work.deps, work.job, &work.memory.pr, &now).await?;
    if now != work.memory.pr {
        changes.push(Change::Pr(now.clone()));
    }
    work.record(&changes).await?;
    work.memory.pr = now;
    Ok(())
}

/// Records to write once the check is posted: what people could read from then on. `now` in ms by the store's clock.
pub fn published(
    work: &Work<'_>,
    outcomes: &[Outcome],
    is_occasion: bool,
    now: i64,
) -> Vec<DiscussionRecord> {
    let open = super::work::open(&work.paths, outcomes);
    let mut records: Vec<DiscussionRecord> = open
        .filter_map(|(key, evaluated)| {
            let known = work.memory.discussions.get(key);
            let record = published_one(known, key, evaluated, is_occasion, now);
            (known != Some(&record)).then_some(record)
        })
        .collect();
    if let Some(gate) = &work.gate {
        let mut record = work.memory.gate.clone().unwrap_or_default();
        record.path = gate_files::KEY.to_owned();
        if publish(&mut record, &gate.ballot, now) {
            records.push(record);
        }
    }
    records
}

/// Notes that people can read this text from now on. `false`: they could before.
fn publish(record: &mut DiscussionRecord, ballot: &str, now: i64) -> bool {
    let is_known = record
        .published
        .last()
        .is_some_and(|(last, _)| last == ballot);
    if !is_known {
        record.published.push((ballot.to_owned(), now));
    }
    !is_known
}

fn published_one(
    known: Option<&DiscussionRecord>,
    key: &str,
    evaluated: &Evaluated,
    is_occasion: bool,
    now: i64,
) -> DiscussionRecord {
    let mut record = known.cloned().unwrap_or_default();
    record.path = key.to_owned();
    if record.phase.is_empty() {
        record.phase = evaluated.phase.name.clone();
    }
    if is_occasion {
        record.subject = evaluated.seen.subject.to_string();
    }
    let Hashes { ballot, proposal } = evaluated.seen.hashes();
    if publish(&mut record, &ballot, now) && ballot != proposal {
        record.subject_of.insert(ballot, proposal);
    }
    record
}
