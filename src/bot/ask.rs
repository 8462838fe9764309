//! The round of a job: from the personas that are wanted to their turns, all of them before anything is written.

use super::acts;
use super::answers::{StoredAnswers, anchor};
use super::apply::Runs;
use super::cancelling::{Stop, Watch};
use super::counting::{Counted, Telling};
use super::deps::JobError;
use super::evaluate::{BlockIdentity, Evaluated, Outcome, block_identity};
use super::on_ledger;
use super::purse::Account;
use super::recording::{self, KeptRound};
use super::respond::Want;
use super::whole::Whole;
use super::work::{Work, open};
use crate::engine::block::Block;
use crate::engine::persona::Persona;
use crate::engine::reply::{self, Anchor};
use crate::engine::statement::Statement;
use crate::ids::Alias;
use crate::llm::budget::OVER_BUDGET;
use crate::llm::meter::{Meter, Unmetered};
use crate::llm::purse::Purse;
use crate::llm::{ModelError, Usage};
use crate::round::{self, Ask, RoundInput, Turn, TurnOutcome};
use crate::store::{BlockRecord, BlockState, Change};
use std::collections::BTreeMap;

/// One discussion of the round.
struct Table<'a> {
    key: &'a str,
    evaluated: &'a Evaluated,
    /// What personas are asked about where a push dropped replies.
    whole: Option<Whole>,
    fence: String,
    /// Within what answers are shared.
    scope: String,
}

/// Leaves out of what commands want all that was answered already: same text, phase, persona, model and question, and
/// the block stands. Nothing is bought twice.
pub async fn without_standing(
    work: &Work<'_>,
    outcomes: &[Outcome],
    wants: Vec<Want>,
) -> Result<(Vec<Want>, Vec<Want>), JobError> {
    let mut to_ask: Vec<Want> = Vec::new();
    let mut standing = Vec::new();
    let tables: Vec<Table<'_>> = match wants.is_empty() {
        true => Vec::new(),
        false => tables(work, outcomes).collect(),
    };
    for want in wants {
        if to_ask.contains(&want) || standing.contains(&want) {
            continue;
        }
        let table = tables.iter().find(|table| table.key == want.key);
        let stands = match table {
            Some(table) => stands(work, table, &want).await?,
            None => false,
        };
        if stands {
            standing.push(want);
        } else {
            to_ask.push(want);
        }
    }
    Ok((to_ask, standing))
}

async fn stands(work: &Work<'_>, table: &Table<'_>, want: &Want) -> Result<bool, JobError> {
    let subject = table.evaluated.seen.subject.to_string();
    let blocks = work.blocks_of(table.key);
    let mut answers = blocks.iter().filter(|block| {
        block.alias == want.alias.as_str()
            && block.subject == subject
            && block.question == want.question
    });
    let Some(first) = answers.next() else {
        return Ok(false);
    };
    // An earlier try of this job: its answer may have moved the phase, and with it the key.
    if std::iter::once(first)
        .chain(answers)
        .any(|block| block.job == work.job.id)
    {
        return Ok(true);
    }
    was_given(work, table, want).await
}

/// Whether the answer that would be given was given out here already, so that nobody would be asked. One that is in the
/// store only (its round was cancelled, or the process died) is still to be said.
pub async fn is_answered(
    work: &Work<'_>,
    outcomes: &[Outcome],
    want: &Want,
) -> Result<bool, JobError> {
    let table = tables(work, outcomes).find(|table| table.key == want.key);
    match table {
        Some(table) => was_given(work, &table, want).await,
        None => Ok(false),
    }
}

async fn was_given(work: &Work<'_>, table: &Table<'_>, want: &Want) -> Result<bool, JobError> {
    let Ok(ask) = table.ask(work, want) else {
        return Ok(false);
    };
    let is_ours = |block: &Block| table.is_ours(block);
    let input = table.input(work, &is_ours, &Unmetered);
    let key = round::answer_key(&input, table.evaluated.seen.subject, &ask);
    let given = work.deps.store.effect(work.pr(), &given(&key)).await?;
    Ok(given.is_some())
}

/// Key of the effect row of an answer that was given out.
fn given(key: &str) -> String {
    format!("given:{key}")
}

/// Asks. Every persona sees its file as it was before the round; answers are in the store as soon as they are given.
/// With them comes who stopped the round meanwhile, if anybody did. In a round that takes its time the check counts along.
pub async fn ask(
    work: &mut Work<'_>,
    runs: &mut Runs,
    outcomes: &[Outcome],
    wants: &[Want],
) -> Result<(Vec<(String, Turn)>, Option<Stop>), JobError> {
    let book = StoredAnswers {
        store: work.deps.store.as_ref(),
        asking: &work.deps.asking,
    };
    let watch = Watch::new(work);
    let counted = Counted::of(wants);
    let mut telling = Telling::new(&*work, outcomes, runs, &counted);
    let mut turns = Vec::new();
    let mut kept = Vec::new();
    let mut given_out = Vec::new();
    for table in tables(&*work, outcomes) {
        let wanted: Vec<&Want> = wants.iter().filter(|want| want.key == table.key).collect();
        let mut asks = Vec::new();
        for want in wanted {
            match table.ask(work, want) {
                Ok(ask) => asks.push(ask),
                Err(turn) => turns.push((table.key.to_owned(), *turn)),
            }
        }
        if asks.is_empty() {
            continue;
        }
        let is_ours = |block: &Block| table.is_ours(block);
        let purse = Purse::new(table.account(work), work.deps.pace.timeout / 2);
        let meter = watch.over(&purse);
        let input = table.input(work, &is_ours, &meter);
        let progress = counted.at(table.key);
        let round = round::run(&input, &asks, &book, &progress);
        let answered = telling.during(round).await;
        let answered = answered.map_err(JobError::Internal)?;
        let answers = answered
            .iter()
            .filter(|turn| !matches!(turn.outcome, TurnOutcome::Unavailable(_)));
        let keys = answers.filter_map(|turn| turn.key.as_deref());
        given_out.extend(keys.map(|key| Change::EffectDone {
            key: given(key),
            result: String::new(),
        }));
        kept.push(kept_round(
            work,
            table.key,
            &KeptRound::of(&input, table.statements(), &asks, &answered),
        )?);
        turns.extend(
            answered
                .into_iter()
                .map(|turn| (table.key.to_owned(), turn)),
        );
    }
    for (key, turn) in &turns {
        log(work, key, turn);
    }
    let stop = match turns.is_empty() {
        true => None,
        false => watch.stopped().await,
    };
    work.memory.noted.extend(kept);
    work.memory.given = given_out;
    Ok((turns, stop))
}

/// The round of one discussion, to be gone through again one day.
fn kept_round(work: &Work<'_>, key: &str, round: &KeptRound) -> Result<Change, JobError> {
    Ok(Change::Round {
        job: work.job.id.clone(),
        path: key.to_owned(),
        attempt: work.job.attempt,
        round: recording::to_json(round).map_err(JobError::Internal)?,
    })
}

fn log(work: &Work<'_>, path: &str, turn: &Turn) {
    let outcome = match &turn.outcome {
        TurnOutcome::Block { stored: true, .. } => "answered from the store".to_owned(),
        TurnOutcome::Block { .. } => "answered".to_owned(),
        TurnOutcome::NothingNew => "nothing new".to_owned(),
        TurnOutcome::Silent => "silent".to_owned(),
        TurnOutcome::Unavailable(error) => error.to_string(),
    };
    tracing::info!(pr = %work.pr(), job = %work.job.id, path, persona = %turn.alias, model = %turn.model, outcome, "turn");
}

fn tables<'a>(work: &'a Work<'_>, outcomes: &'a [Outcome]) -> impl Iterator<Item = Table<'a>> {
    open(&work.paths, outcomes).map(|(key, evaluated)| Table {
        key,
        evaluated,
        whole: whole(work, key, evaluated),
        fence: fence(work, key),
        scope: work.pr().repo.id.to_string(),
    })
}

fn whole(work: &Work<'_>, key: &str, evaluated: &Evaluated) -> Option<Whole> {
    let none = BTreeMap::new();
    let record = work.memory.discussions.get(key);
    let chains = record.map_or(&none, |record| &record.chains);
    let said = on_ledger::counting(work.acts_of(key), chains);
    Whole::of(evaluated, &work.blocks_of(key), &said)
}

/// Delimiter of the text that personas are shown: one for each discussion, so that what is sent again is the same.
fn fence(work: &Work<'_>, key: &str) -> String {
    let (repo, number) = (work.pr().repo.id, work.pr().number);
    let signing = &work.deps.keyring.signing;
    signing.word(&format!("fence/{repo}/{number}/{key}"))
}

impl Table<'_> {
    /// The question to one persona; `Err`: its turn, which is over before it began.
    fn ask(&self, work: &Work<'_>, want: &Want) -> Result<Ask, Box<Turn>> {
        let persona = work.ground.personas.get(&want.alias);
        let persona =
            persona.ok_or_else(|| self.no_turn(want, None, "there is no such persona"))?;
        let chosen = work.deps.models.choose(persona, &work.ground.config);
        let chosen = chosen.map_err(|why| self.no_turn(want, Some(persona), &why))?;
        Ok(Ask {
            persona: persona.clone(),
            question: want.question.clone(),
            previous_vote: self.evaluated.fresh.get(&want.alias).copied(),
            answered_on: self.answered_on(work, &want.alias),
            raised: self.raised(work, &want.alias),
            again: self.again(work, want),
            model: chosen.model,
        })
    }

    /// The text a persona last answered on, as far as it is known: the record keeps that of the newest answers. Where
    /// remarks of that answer wait for their turn, what comes now was there before and is not late.
    fn answered_on(&self, work: &Work<'_>, alias: &Alias) -> Option<String> {
        let blocks = work.blocks_of(self.key);
        let newest = blocks.iter().rfind(|block| !block.is_persons())?;
        let last = blocks.iter().rfind(|block| block.alias == alias.as_str())?;
        if reply::has_waiting(&last.text) {
            return None;
        }
        if last.subject == self.evaluated.seen.subject.to_string() {
            return Some(self.evaluated.proposal.clone());
        }
        let record = work.memory.discussions.get(self.key)?;
        let is_recorded = last.subject == newest.subject && !record.proposal.is_empty();
        is_recorded.then(|| record.proposal.clone())
    }

    /// What the remarks of a persona's earlier replies are about.
    fn raised(&self, work: &Work<'_>, alias: &Alias) -> Vec<Anchor> {
        let blocks = work.blocks_of(self.key);
        let own = blocks.iter().filter(|block| block.alias == alias.as_str());
        own.flat_map(|block| block.anchors.iter().cloned().map(anchor))
            .collect()
    }

    /// How often somebody had it asked again on this text and in this phase. Questions are not counted: each has its
    /// own answer.
    fn again(&self, work: &Work<'_>, want: &Want) -> u32 {
        if want.question.is_some() {
            return 0;
        }
        let subject = self.evaluated.seen.subject.to_string();
        let acts = work.acts_of(self.key);
        let again = acts::asked_again(acts, want.alias.as_str(), &subject);
        let in_phase = again
            .iter()
            .filter(|act| act.text == self.evaluated.phase.name);
        u32::try_from(in_phase.count()).unwrap_or(u32::MAX)
    }

    fn no_turn(&self, want: &Want, persona: Option<&Persona>, why: &str) -> Box<Turn> {
        Box::new(Turn {
            alias: want.alias.clone(),
            persona_hash: persona.map_or(String::new(), |persona| persona.hash.clone()),
            model: String::new(),
            usage: Usage::default(),
            subject: self.evaluated.seen.subject,
            question: want.question.clone(),
            key: None,
            outcome: TurnOutcome::Unavailable(ModelError::NoModel(why.to_owned())),
        })
    }

    /// What people said about the ledger that personas see.
    fn statements(&self) -> &[Statement] {
        match &self.whole {
            Some(whole) => &whole.statements,
            None => &self.evaluated.statements,
        }
    }

    fn is_ours(&self, block: &Block) -> bool {
        match &self.whole {
            Some(whole) => whole.is_ours(self.evaluated, block),
            None => self.evaluated.seen.is_ours(block.number),
        }
    }

    fn input<'t>(
        &'t self,
        work: &Work<'_>,
        counts: &'t (dyn Fn(&Block) -> bool + Sync),
        meter: &'t dyn Meter,
    ) -> RoundInput<'t> {
        let (discussion, proposal_end, ledger) = match &self.whole {
            Some(whole) => (&whole.discussion, Some(whole.proposal_end), &whole.ledger),
            None => (
                &self.evaluated.discussion,
                self.evaluated.seen.proposal_end,
                &self.evaluated.view.ledger,
            ),
        };
        RoundInput {
            scope: &self.scope,
            discussion,
            proposal_end,
            ledger,
            counts,
            phase: &self.evaluated.phase,
            limits: work.deps.pace.limits,
            fence: &self.fence,
            timeout: work.deps.pace.timeout,
            // Whoever was away is not met by all of them at once.
            parallel: match work.memory.again.is_empty() {
                true => work.deps.pace.parallel,
                false => 1,
            },
            meter,
        }
    }

    /// Who pays for what this table is asked.
    fn account<'t>(&'t self, work: &'t Work<'_>) -> Account<'t> {
        Account {
            store: work.deps.store.as_ref(),
            lease: &work.job.lease,
            job: &work.job.id,
            pr: work.pr(),
            path: self.key,
            budget: work.ground.config.budget,
        }
    }
}

/// What a block is recorded under besides its turn.
#[derive(Clone, Copy)]
pub struct Recorded<'a> {
    /// Path of the discussion by the record.
    pub key: &'a str,
    /// Public id of the job.
    pub job: &'a str,
    /// Base branch.
    pub base: &'a str,
    /// Phase it was asked in.
    pub phase: &'a str,
    /// Chain of receipts.
    pub did: &'a str,
    /// How many published blocks by a persona about a subject there are.
    pub earlier: &'a dyn Fn(&Alias, &str) -> usize,
}

/// The block of a turn as it is recorded; `None` if it gave none.
pub fn block_of(turn: &Turn, under: Recorded<'_>) -> Option<BlockRecord> {
    let TurnOutcome::Block { rendered, .. } = &turn.outcome else {
        return None;
    };
    let subject = turn.subject.to_string();
    let text = rendered.block.trim_end().to_owned();
    Some(BlockRecord {
        path: under.key.to_owned(),
        seq: 0,
        alias: turn.alias.to_string(),
        vote: rendered.vote.map(|vote| vote.as_str().to_owned()),
        hash: block_identity(&BlockIdentity {
            did: under.did,
            subject: &subject,
            base: under.base,
            phase: under.phase,
            question: turn.question.as_deref(),
            persona: &turn.persona_hash,
            model: &turn.model,
            earlier: (under.earlier)(&turn.alias, &subject),
            text: &text,
        }),
        subject,
        text,
        question: turn.question.clone(),
        model: turn.model.clone(),
        persona: turn.persona_hash.clone(),
        job: under.job.to_owned(),
        base: under.base.to_owned(),
        anchors: rendered.anchors.iter().map(Anchor::pair).collect(),
        state: BlockState::Pending,
        review: None,
        did: under.did.to_owned(),
        receipt: None,
    })
}

/// The turns that failed, with the path of their discussion and why.
pub fn failed(turns: &[(String, Turn)]) -> impl Iterator<Item = (&str, &Turn, String)> {
    turns.iter().filter_map(|(key, turn)| match &turn.outcome {
        TurnOutcome::Unavailable(error) => Some((key.as_str(), turn, reason(error))),
        _ => None,
    })
}

/// Why no answer came, as it goes on from "could not answer:".
fn reason(error: &ModelError) -> String {
    match error {
        ModelError::NoModel(why) | ModelError::Refused(why) => why.clone(),
        ModelError::Unavailable { reason, .. } => reason.clone(),
        ModelError::OverBudget(why) => format!("{OVER_BUDGET}{why}"),
        ModelError::Invalid(why) => format!("its answer was not usable: {why}"),
    }
}
