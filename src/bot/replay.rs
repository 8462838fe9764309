//! A round that was kept, gone through again: nobody is asked and nothing is written. The same answers have to give the
//! same replies to the byte, and the same votes the same verdict.

use super::answers::anchor;
use super::recording::{self, KeptOutcome, KeptRound, KeptTurn, KeptVerdict};
use crate::engine::block::Block;
use crate::engine::ledger::Ledger;
use crate::engine::vote::Vote;
use crate::ids::Alias;
use crate::llm::asked::{self, Form};
use crate::llm::contract;
use crate::llm::meter::{Meter, Request, Unmetered};
use crate::llm::{Answer, Model, ModelError, Prompt};
use crate::round::{self, AnswerBook, Ask, MemoryBook, Quiet, RULES_VERSION, RoundInput};
use crate::store::{CallRecord, RoundRecord};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One discussion of a job, gone through again.
#[derive(Debug)]
pub struct Replayed {
    /// Its path by the record.
    pub path: String,
    /// When its round was kept, ms.
    pub kept_at: i64,
    /// Version of rules and prompts, where it was another one: answers are stored under another key then.
    pub other_rules: Option<u32>,
    /// The turns, in the order asked.
    pub turns: Vec<ReplayedTurn>,
    /// `None`: the job gave none.
    pub verdict: Option<ReplayedVerdict>,
}

/// One turn.
#[derive(Debug)]
pub struct ReplayedTurn {
    /// Who spoke.
    pub alias: Alias,
    /// Name of the model that was to be asked.
    pub model: String,
    /// What came of it then.
    pub then: KeptOutcome,
    /// What comes of it now.
    pub now: KeptOutcome,
    /// Requests of that turn; none where the answer was stored already, or the model is not asked by requests.
    pub requests: usize,
    /// Whether one of them would be made now; `None`: there was none.
    pub same_request: Option<bool>,
    /// Whether words of the model, as they came, read as the stored answer; `None`: none are kept.
    pub same_reading: Option<bool>,
}

/// The verdict.
#[derive(Debug)]
pub struct ReplayedVerdict {
    /// The state then.
    pub then: String,
    /// The state now, with its reasons.
    pub now: String,
    /// Whether its reasons are the same, too, to the word.
    pub same: bool,
}

impl ReplayedTurn {
    /// Whether all that could be compared is the same.
    pub fn is_same(&self) -> bool {
        self.then == self.now
            && self.same_request != Some(false)
            && self.same_reading != Some(false)
    }
}

impl Replayed {
    /// Whether all that could be compared is the same.
    pub fn is_same(&self) -> bool {
        let verdict = self.verdict.as_ref().is_none_or(|verdict| verdict.same);
        verdict && self.turns.iter().all(ReplayedTurn::is_same)
    }
}

/// Goes through a round again with the answers of `book`; `calls` are the requests of the job.
///
/// # Errors
/// A record that does not read, or a book that fails.
pub async fn replay(
    record: &RoundRecord,
    calls: &[CallRecord],
    book: &dyn AnswerBook,
) -> Result<Replayed, String> {
    let kept: KeptRound = recording::from_json("round", &record.round)?;
    let discussion = kept.discussion();
    let counts = |block: &Block| kept.counted.contains(&block.number);
    let mut ledger = Ledger::of(&discussion, &counts).0;
    ledger.hear(&kept.statements());
    let input = RoundInput {
        scope: &kept.scope,
        discussion: &discussion,
        proposal_end: kept.proposal_end,
        ledger: &ledger,
        counts: &counts,
        phase: &kept.phase,
        limits: kept.limits,
        fence: &kept.fence,
        timeout: Duration::from_secs(60),
        parallel: 1,
        meter: &Unmetered,
    };
    let mut turns = Vec::new();
    for turn in &kept.turns {
        let of_turn = calls.iter().filter(|call| is_of(call, &record.path, turn));
        let calls: Vec<&CallRecord> = of_turn.collect();
        turns.push(again(&input, turn, &calls, book).await?);
    }
    let verdict = match &record.verdict {
        Some(json) => Some(decide_again(json, &turns)?),
        None => None,
    };
    Ok(Replayed {
        path: record.path.clone(),
        kept_at: record.kept_at,
        other_rules: (kept.rules_version != RULES_VERSION).then_some(kept.rules_version),
        turns,
        verdict,
    })
}

fn is_of(call: &CallRecord, path: &str, turn: &KeptTurn) -> bool {
    let call = &call.call;
    call.path == path
        && call.persona == turn.alias().as_str()
        && call.is_question == turn.question.is_some()
}

async fn again(
    input: &RoundInput<'_>,
    turn: &KeptTurn,
    calls: &[&CallRecord],
    book: &dyn AnswerBook,
) -> Result<ReplayedTurn, String> {
    let failed = match &turn.outcome {
        KeptOutcome::Unavailable { why } => Some(why.clone()),
        _ => None,
    };
    let ask = Ask {
        persona: turn.persona(),
        question: turn.question.clone(),
        previous_vote: turn.previous_vote,
        answered_on: turn.answered_on.clone(),
        raised: turn.raised.iter().cloned().map(anchor).collect(),
        again: turn.again,
        model: Arc::new(Nobody {
            name: turn.model.clone(),
            why: failed.clone(),
        }),
    };
    // What failed then may have been answered since, under the same key.
    let nothing = MemoryBook::default();
    let book: &dyn AnswerBook = match failed {
        Some(_) => &nothing,
        None => book,
    };
    let asks = [ask];
    let mut outcomes = round::run(input, &asks, book, &Quiet).await?;
    let outcome = outcomes.pop().ok_or("a turn without an outcome")?;
    let [ask] = &asks;
    let prompts = round::prompts(input, &asks);
    let prompt = prompts.first().ok_or("a turn without a prompt")?;
    let stored = match turn.outcome {
        KeptOutcome::Unavailable { .. } => None,
        _ => {
            book.get(&round::answer_key(input, outcome.subject, ask))
                .await?
        }
    };
    Ok(ReplayedTurn {
        alias: turn.alias().clone(),
        model: turn.model.clone(),
        then: turn.outcome.clone(),
        now: KeptOutcome::of(&outcome.outcome),
        requests: calls.len(),
        same_request: (!calls.is_empty())
            .then(|| calls.iter().any(|call| would_be_asked(prompt, call))),
        same_reading: stored.and_then(|stored| reads_as(prompt, calls, &stored)),
    })
}

/// Whether a request's words are those of the prompt, wherever the model is told the form of its answer.
fn would_be_asked(prompt: &Prompt, call: &CallRecord) -> bool {
    Form::ALL.into_iter().any(|form| {
        let request = Request {
            model: &call.call.model,
            persona: &prompt.persona.alias,
            words: &asked::words(prompt, form),
            max_output: 0,
            is_question: prompt.question.is_some(),
            price: None,
        };
        request.hash() == call.call.request
    })
}

/// Whether some of the words that came read as the answer that was stored; `None`: none are kept.
fn reads_as(prompt: &Prompt, calls: &[&CallRecord], stored: &Answer) -> Option<bool> {
    let said = calls
        .iter()
        .filter_map(|call| call.said.as_ref()?.as_ref().ok());
    let mut readings = said.map(|words| contract::read(words, prompt));
    let first = readings.next()?;
    let mut all = std::iter::once(first).chain(readings);
    Some(all.any(|reading| reading.as_ref() == Ok(&stored.reply)))
}

fn decide_again(json: &str, turns: &[ReplayedTurn]) -> Result<ReplayedVerdict, String> {
    let kept: KeptVerdict = recording::from_json("verdict", json)?;
    let mut given = BTreeMap::new();
    for turn in turns {
        if let KeptOutcome::Block {
            vote: Some(word), ..
        } = &turn.now
        {
            let vote = Vote::parse(word).ok_or(format!("`{word}` is a vote"))?;
            given.insert(turn.alias.clone(), vote);
        }
    }
    let verdict = kept.decide_again(&given)?;
    Ok(ReplayedVerdict {
        then: kept.state.clone(),
        now: verdict.state.as_str().to_owned(),
        same: kept.is(&verdict),
    })
}

/// A model that is never asked: it fails as it did then, or because the answer is gone.
struct Nobody {
    name: String,
    why: Option<String>,
}

#[async_trait]
impl Model for Nobody {
    fn name(&self) -> &str {
        &self.name
    }

    async fn answer(&self, _: &Prompt, _: &dyn Meter) -> Result<Answer, ModelError> {
        let gone = "its answer is not in the store under the key that it has now";
        let why = self.why.clone().unwrap_or(gone.to_owned());
        Err(ModelError::Invalid(why))
    }
}
