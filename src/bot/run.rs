//! One claimed job from beginning to end: read, record, evaluate, ask, write, publish.
//!
//! Every stage can be done again: a try that dies anywhere is followed by one that reads everything anew and finds
//! what is there already. Answers are in the store under their key, blocks are recorded as pending before they are
//! committed, heads before they are posted to, and people's votes once for each delivery.

use super::apply::{self, Runs};
use super::ask;
use super::burst;
use super::cancelling;
use super::check::Findings;
use super::closing::{self, Heard};
use super::command::table;
use super::conclude::{conclude, landed};
use super::counting::Counted;
use super::deps::{BotDeps, Ended, JobError};
use super::elsewhere;
use super::evaluate::Outcome;
use super::hear::{self, Happened, Utterance};
use super::job::JobEvent;
use super::leave;
use super::lookup;
use super::outdated;
use super::overdue;
use super::panel::{self, Automatic, Conditions, Occasion, Seat};
use super::plan::Effect;
use super::post_review;
use super::queue;
use super::record_votes;
use super::renew;
use super::report::{self, Going};
use super::respond::{self, Want};
use super::retrying;
use super::seen;
use super::show_status;
use super::siblings;
use super::stale;
use super::sweep;
use super::wants::{self, asks_for_a_new_run};
use super::work::{Work, open};
use super::write::{self, Asking};
use crate::forge::{ForgeError, PrState, Reaction};
use crate::ids::Alias;
use crate::store::Claimed;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often one try starts anew because the branch moved under it.
const MAX_MOVES: usize = 3;

/// Works on a job until it is done, has to wait, or fails.
pub async fn run(deps: &BotDeps, job: &Claimed) -> Result<Ended, JobError> {
    if job.pr.is_whole_installation() {
        return sweep::or_later(deps, job, sweep::sweep(deps, job).await);
    }
    if job.pr.number == lookup::UNNUMBERED {
        // A queue waits for these; what else goes wrong here does not keep it waiting, nor the other way round.
        let answered = queue::work(deps, job).await;
        match lookup::hand_on(deps, job).await {
            Err(JobError::Forge(ForgeError::NotFound(what))) => {
                tracing::info!(pr = %job.pr, job = %job.id, %what, "gone, nothing to do");
                return answered.map(|()| Ended::Done);
            }
            handed_on => handed_on?,
        };
        let surveyed = sweep::or_later(deps, job, sweep::survey(deps, job).await)?;
        return answered.map(|()| surveyed);
    }
    run_numbered(deps, job).await
}

/// The same for a job about one pull request.
async fn run_numbered(deps: &BotDeps, job: &Claimed) -> Result<Ended, JobError> {
    let mut job = job.clone();
    if hear::events(&job).iter().any(asks_for_a_new_run) {
        job.events = deps.store.adopt_parked(&job.lease, &job.pr).await?;
    } else if let Some(events) = retrying::take_up(deps, &job).await? {
        job.events = events;
    } else if let Some(events) = deps.store.adopt_blocked(&job.lease, &job.pr).await? {
        job.events = events;
    }
    if !overdue::keeps_its_time(deps, &mut job).await? {
        return Ok(Ended::Done);
    }
    let job = &job;
    let mut moved = String::new();
    let mut moved_at = None;
    for _ in 0..MAX_MOVES {
        match attempt(deps, job, moved_at).await {
            Err(JobError::Moved(why)) => {
                tracing::info!(pr = %job.pr, job = %job.id, %why, "moved meanwhile, reading again");
                moved = why;
                moved_at = Some(deps.store.now().await?);
            }
            ended => return ended,
        }
    }
    Err(JobError::Moved(moved))
}

/// `moved_at`: when an earlier attempt of this try found that the branch had moved under it, ms by the store's clock.
async fn attempt(deps: &BotDeps, job: &Claimed, moved_at: Option<i64>) -> Result<Ended, JobError> {
    let happened = hear::events(job);
    let snapshot = match deps.read.snapshot(&job.pr).await {
        Ok(snapshot) => snapshot,
        Err(ForgeError::NotFound(what)) => return lookup::after_a_move(deps, job, &what).await,
        Err(error) => return Err(error.into()),
    };
    if let Some(blocked) = snapshot.blocked {
        return Err(ForgeError::Blocked(blocked).into());
    }
    let mut work = Work::begin(deps, job, snapshot).await?;
    if is_as_seen(&work, &happened).await? {
        return Ok(Ended::Done);
    }
    if moved_at.is_none()
        && let Some(pause) = burst::pause(&mut work, &happened).await?
    {
        return Ok(Ended::Postpone(pause));
    }
    let utterances = {
        let personas = &work.ground.personas;
        let is_persona =
            |name: &str| Alias::parse(name).is_some_and(|a| personas.get(&a).is_some());
        hear::utterances(&happened, &is_persona)
    };
    siblings::note_asking(&mut work, &happened);
    record_votes::take_back(&mut work, &happened).await?;
    let mut runs = Runs::default();
    if work.snapshot.state == PrState::Open {
        leave::other_name(&mut work, &mut runs).await?;
    }
    if work.ground.check.is_none() {
        tracing::debug!(pr = %job.pr, job = %job.id, "the gate is off");
        take_votes(&mut work, &happened, utterances).await?;
        if work.snapshot.state == PrState::Open {
            work.note_unheard().await?;
        }
        elsewhere::wake(&work, &happened).await?;
        siblings::step_out(&mut work, true).await?;
        show_status::where_the_gate_is_off(&mut work, &mut runs).await?;
        return Ok(Ended::Done);
    }
    if work.snapshot.state != PrState::Open {
        leave::closed(&mut work, &mut runs).await?;
        take_votes(&mut work, &happened, Vec::new()).await?;
        leave::forget_seen(&mut work).await?;
        elsewhere::wake(&work, &happened).await?;
        elsewhere::forget(&work).await?;
        closing::after_the_end(&mut work, &utterances).await?;
        show_status::after_the_end(&mut work, &mut runs).await?;
        return Ok(Ended::Done);
    }
    see(&work, &mut runs, &utterances).await?;
    work.read_files().await?;
    let mut heard = record(&mut work, &happened, utterances).await?;
    elsewhere::wake(&work, &happened).await?;
    let outcomes = work.evaluate_fully().await?;
    let events = happened.iter().map(|h| (h.received_at, &h.event));
    let mut occasion = Occasion::of(events, &work.ground.config.on);
    let looked = happened
        .iter()
        .rfind(|one| matches!(one.event, JobEvent::LookAgain));
    if let Some(looked) = looked {
        let missed = seen::missed(&work.memory.pr.seen, &work.look());
        occasion.looked_again(missed, looked.received_at, &work.ground.config.on);
    }
    if let Some(at) = moved_at {
        occasion.moved(at);
    }
    let told = Told {
        happened: &happened,
        occasion,
    };
    discuss(&mut work, &mut runs, &told, outcomes, &mut heard).await
}

/// Whether a sweep alone wants the pull request looked at and somebody has done so meanwhile.
async fn is_as_seen(work: &Work<'_>, happened: &[Happened]) -> Result<bool, JobError> {
    let is_look = |one: &Happened| matches!(one.event, JobEvent::LookAgain);
    if !happened.iter().all(is_look) {
        return Ok(false);
    }
    let now = work.deps.store.now().await?;
    let pace = &work.deps.pace.sweep;
    Ok(!seen::is_due(&work.memory.pr, &work.look(), now, pace))
}

/// What the job is about, for the round.
struct Told<'a> {
    happened: &'a [Happened],
    occasion: Occasion,
}

/// Puts what people said into the record, in the order that makes late deliveries harmless.
async fn record(
    work: &mut Work<'_>,
    happened: &[Happened],
    utterances: Vec<Utterance>,
) -> Result<Vec<Heard>, JobError> {
    record_votes::reviews(work, happened).await?;
    let outcomes = work.evaluate_fully().await?;
    confirm_landed(work, &outcomes).await?;
    let renewed = renew::after_a_backup(work, &outcomes).await?;
    post_review::confirm_posted(work).await?;
    let outcomes = match renewed.is_empty() {
        true => outcomes,
        false => work.evaluate_fully().await?,
    };
    work.memory.renewed = renewed;
    let heard = listen(work, &outcomes, utterances).await?;
    for heard in &heard {
        work.memory
            .renewed
            .extend(heard.response.renewed.iter().cloned());
    }
    record_votes::take_back(work, happened).await?;
    record_votes::remember(work, happened).await?;
    Ok(heard)
}

/// Records votes where nothing is posted, because the gate is off here or the pull request is closed: it may come back.
async fn take_votes(
    work: &mut Work<'_>,
    happened: &[Happened],
    utterances: Vec<Utterance>,
) -> Result<(), JobError> {
    let is_review = |happened: &Happened| matches!(happened.event, JobEvent::Review { .. });
    if utterances.is_empty() && !happened.iter().any(is_review) {
        return record_votes::remember(work, happened).await;
    }
    work.read_files().await?;
    record(work, happened, utterances).await.map(|_| ())
}

/// Eyes: the command is stored and will be looked at.
async fn see(work: &Work<'_>, runs: &mut Runs, utterances: &[Utterance]) -> Result<(), JobError> {
    let eyes = utterances
        .iter()
        .filter_map(|said| said.reaction(Reaction::Eyes));
    let eyes: Vec<Effect> = eyes.collect();
    apply::carry_out(work.deps, &work.job.lease, work.pr(), runs, &eyes).await
}

/// A commit whose answer was lost: its blocks stand in the file, and the record learns that before anything else.
async fn confirm_landed(work: &mut Work<'_>, outcomes: &[Outcome]) -> Result<(), JobError> {
    let landed = landed(work, outcomes);
    if landed.is_empty() {
        return Ok(());
    }
    work.record(&landed).await?;
    work.recall_blocks().await
}

/// Answers commands as far as that is possible before the round.
async fn listen(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    utterances: Vec<Utterance>,
) -> Result<Vec<Heard>, JobError> {
    let mut heard = Vec::new();
    for utterance in utterances {
        let response = respond::respond(work, outcomes, &utterance).await?;
        heard.push(Heard {
            utterance,
            response,
            standing: Vec::new(),
        });
    }
    Ok(heard)
}

/// The round with everything around it: who is asked, the run in progress, the answers, the commit, the result.
async fn discuss(
    work: &mut Work<'_>,
    runs: &mut Runs,
    told: &Told<'_>,
    outcomes: Vec<Outcome>,
    heard: &mut [Heard],
) -> Result<Ended, JobError> {
    let Told { happened, occasion } = *told;
    let mut automatic = start_by_itself(work, &outcomes, occasion).await?;
    let cut = cancelling::cut(happened, heard, &work.ground.config.on);
    let mut dropped = match &cut {
        Some(cut) => {
            let again = overdue::cancel(work, &|_| true);
            cancelling::drop_before(cut, &mut automatic, heard) || again
        }
        None => false,
    };
    let quiet = quiet_needed(work, &automatic, occasion).await?;
    let (wants, mentioned) = {
        let since = cut.as_ref();
        wants::wants(
            work,
            happened,
            &outcomes,
            &automatic,
            heard,
            (since, &mut dropped),
        )
        .await?
    };
    cancelling::answer(work, &outcomes, heard, dropped).await?;
    let is_rerun = happened.iter().any(asks_for_a_new_run);
    let restore: BTreeSet<String> = heard
        .iter()
        .flat_map(|heard| heard.response.restore.iter().cloned())
        .collect();
    let has_pending = write::has_pending(work, &outcomes, &restore);
    if !wants.is_empty() || has_pending || is_rerun {
        start(work, runs, &outcomes, &wants, is_rerun).await?;
    }
    if let Some(quiet) = quiet {
        return Ok(Ended::Postpone(quiet));
    }
    stale::tell(work, runs, &outcomes).await?;
    let (mut turns, stop) = ask::ask(work, runs, &outcomes, &wants).await?;
    if !turns.is_empty() {
        work.recall_spending().await?;
    }
    let state = match turns.is_empty() {
        true => PrState::Open,
        false => work.deps.read.state(work.pr()).await?,
    };
    if state != PrState::Open {
        // The answers are in the store: should it be opened again, they are written without another call.
        tracing::info!(pr = %work.pr(), job = %work.job.id, "closed during the round, nothing is published");
        let kept = std::mem::take(&mut work.memory.noted);
        work.record(&kept).await?;
        work.snapshot.state = state;
        leave::closed(work, runs).await?;
        return Ok(Ended::Done);
    }
    let took_time = !turns.is_empty();
    if let Some(stop) = &stop {
        cancelling::stopped(work, &outcomes, stop, &wants, &turns, heard).await?;
        overdue::cancel(work, &|key| wants.iter().any(|want| want.key == key));
        turns.clear();
        work.memory.given.clear();
    }
    let has_failed =
        |key: &str| ask::failed(&turns).any(|(of, turn, _)| of == key && turn.question.is_none());
    let automatic_rounds = automatic.asked.iter().map(|(key, _)| key.clone());
    let complete = overdue::completed(work, &outcomes, &turns);
    let asking = Asking {
        automatic: automatic_rounds
            .filter(|key| stop.is_none() && !has_failed(key))
            .chain(complete)
            .collect(),
        is_occasion: occasion.is_one(),
        restore,
    };
    let asked = (&automatic, occasion);
    overdue::note(work, happened, &outcomes, &turns, asked).await?;
    let committed = write::write(work, &outcomes, &turns, &asking).await?;
    // What somebody started waits for nobody any more.
    automatic
        .waiting
        .retain(|key, _| !wants.iter().any(|want| want.key == *key));
    let going = Going {
        working: BTreeMap::new(),
        waiting: automatic.waiting,
    };
    let took_time = committed || took_time;
    let result = conclude(work, runs, &going, took_time, asking.is_occasion).await?;
    closing::answer(work, runs, heard, &turns, result.as_ref()).await?;
    mentioned.finish(work, runs, &turns).await?;
    outdated::heard(work, heard).await?;
    if let Some(input) = &result {
        show_status::after_a_try(work, runs, input).await?;
    }
    Ok(Ended::Done)
}

/// Whom the panel rules let start without a command. The author's right to write is asked only if it matters.
async fn start_by_itself(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    occasion: Occasion,
) -> Result<Automatic, JobError> {
    let no_way_to_reply = work.ground.can_ask(&work.snapshot).err();
    let mut automatic = {
        let blocks: Vec<_> = open(&work.paths, outcomes)
            .map(|(key, evaluated)| (key, evaluated, work.blocks_of(key)))
            .collect();
        let seats: Vec<Seat<'_>> = blocks
            .iter()
            .map(|(key, evaluated, blocks)| Seat {
                key,
                evaluated,
                record: work.memory.discussions.get(*key),
                blocks,
            })
            .collect();
        let conditions = Conditions {
            occasion,
            on: &work.ground.config.on,
            draft: work.snapshot.draft,
            no_way_to_reply,
        };
        panel::automatic(&seats, &conditions)
    };
    if automatic.asked.is_empty() && automatic.unstarted.is_empty() {
        return Ok(automatic);
    }
    let writes = match work.snapshot.author.clone() {
        Some(author) => work.rights_of(author.id, &author.login).await?.write,
        None => false,
    };
    if !writes {
        automatic.waits_for(work.ground.config.permissions.need(&table::MISSING));
    }
    Ok(automatic)
}

/// How long pushes must still be quiet before an automatic round starts.
async fn quiet_needed(
    work: &Work<'_>,
    automatic: &Automatic,
    occasion: Occasion,
) -> Result<Option<Duration>, JobError> {
    if !automatic.wait_for_quiet {
        return Ok(None);
    }
    let quiet = work.ground.config.on.quiet;
    let now = work.deps.store.now().await?;
    let since = Duration::from_millis(u64::try_from(now - occasion.last_push_at).unwrap_or(0));
    Ok(quiet.checked_sub(since).filter(|left| !left.is_zero()))
}

/// Posts the run in progress; `fresh`: a new one, since somebody pressed "Re-run".
async fn start(
    work: &mut Work<'_>,
    runs: &mut Runs,
    outcomes: &[Outcome],
    wants: &[Want],
    fresh: bool,
) -> Result<(), JobError> {
    let going = Going {
        working: Counted::of(wants).working(),
        ..Going::default()
    };
    let Some(mut input) = report::input(work, outcomes, &going) else {
        return Ok(());
    };
    if going.working.is_empty() {
        input.findings = Findings::Started;
    }
    report::post(work, runs, &input, Vec::new(), fresh).await
}
