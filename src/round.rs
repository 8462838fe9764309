//! The one loop shared by the command line and the bot: prompt, ask in parallel, render. No disk, no GitHub.
//!
//! Every persona of a round sees the file as it was before the round. Answers are kept in an [`AnswerBook`] at once,
//! under a key made of everything that may change them, so that nothing is asked (and paid) twice.

mod answer_key;

pub use answer_key::answer_key;

use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use crate::engine::late;
use crate::engine::ledger::{ItemKind, ItemState, Ledger};
use crate::engine::persona::Persona;
use crate::engine::prompt::ByPeople;
use crate::engine::reply::{self, Anchor, Limits, Rendered, Reply};
use crate::engine::subject::{self, Subject};
use crate::engine::template::Phase;
use crate::engine::vote::Vote;
use crate::ids::Alias;
use crate::llm::meter::Meter;
use crate::llm::{Answer, Model, ModelError, Prompt, Usage};
use async_trait::async_trait;
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Version of rules and prompts; part of every answer key.
pub const RULES_VERSION: u32 = 4;

/// One persona to ask.
#[derive(Clone)]
pub struct Ask {
    /// Who.
    pub persona: Persona,
    /// The question put to it, if any.
    pub question: Option<String>,
    /// Its vote in its last block that counts **on the current subject**; a vote on an older text is none here, so
    /// that the same answer given again is news and gets its block.
    pub previous_vote: Option<Vote>,
    /// The proposal (from `engine::subject`) its last answer was about; `None`: there was none, or its text is not known.
    pub answered_on: Option<String>,
    /// What the concerns of its earlier replies are about, oldest first; those whose words were not told are left out.
    pub raised: Vec<Anchor>,
    /// How often somebody had it asked again although its answer stood: each time is a question of its own.
    pub again: u32,
    /// The model that answers for it.
    pub model: Arc<dyn Model>,
}

/// What all personas of a round see.
pub struct RoundInput<'a> {
    /// Within what answers are shared: the repository by its number. Empty on the command line, which keeps none.
    pub scope: &'a str,
    /// The file before the round.
    pub discussion: &'a Discussion,
    /// Where the proposal ends (see `engine::subject`).
    pub proposal_end: Option<usize>,
    /// Ledger of the blocks that count.
    pub ledger: &'a Ledger,
    /// Which blocks count: the others are shown to the personas as unverified.
    pub counts: &'a (dyn Fn(&Block) -> bool + Sync),
    /// Current phase.
    pub phase: &'a Phase,
    /// Limits of a reply.
    pub limits: Limits,
    /// Delimiter of text that is not ours; see [`Prompt::fence`].
    pub fence: &'a str,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How many personas are asked at the same time.
    pub parallel: usize,
    /// Is told of every request to a model.
    pub meter: &'a dyn Meter,
}

/// What came of one turn.
#[derive(Debug, Clone)]
pub enum TurnOutcome {
    /// A block to append.
    Block {
        /// The rendered reply.
        rendered: Rendered,
        /// The reply as answered, with late concerns made into notes.
        reply: Reply,
        /// Whether it came from the answer book.
        stored: bool,
    },
    /// Answered, but nothing new against its last block: not appended.
    NothingNew,
    /// Silence.
    Silent,
    /// No answer; an owed vote stays owed.
    Unavailable(ModelError),
}

/// One turn with its outcome.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Who was asked.
    pub alias: Alias,
    /// Persona file hash.
    pub persona_hash: String,
    /// Name of the model that answered or was asked.
    pub model: String,
    /// What the answer took; zero where it was stored already.
    pub usage: Usage,
    /// Subject it was asked about.
    pub subject: Subject,
    /// The question, if any.
    pub question: Option<String>,
    /// Under which key its answer is stored; `None`: nobody could be asked.
    pub key: Option<String>,
    /// What came of it.
    pub outcome: TurnOutcome,
}

/// Told while personas work. All methods have empty defaults.
pub trait Progress: Send + Sync {
    /// A persona is being asked.
    fn started(&self, alias: &Alias) {
        let _ = alias;
    }
    /// Its turn is over.
    fn finished(&self, alias: &Alias, outcome: &TurnOutcome) {
        let _ = (alias, outcome);
    }
}

/// Progress that says nothing.
pub struct Quiet;

impl Progress for Quiet {}

/// Where answers are kept between tries and rounds. Errors are the caller's type turned to text: the round stops.
#[async_trait]
pub trait AnswerBook: Send + Sync {
    /// The stored answer of a key, if there is one.
    async fn get(&self, key: &str) -> Result<Option<Answer>, String>;
    /// Stores an answer; gives back the one that is kept: another's where that was first.
    async fn put(&self, key: &str, answer: &Answer) -> Result<Answer, String>;
    /// Waits until nobody else is being asked under the key, and keeps others waiting as long as it is held. `None`:
    /// there are no others.
    async fn alone(&self, key: &str) -> Option<Alone> {
        let _ = key;
        None
    }
}

/// Held while a model is asked under one key; see [`AnswerBook::alone`].
pub type Alone = tokio::sync::OwnedMutexGuard<()>;

/// An answer book in memory, for the command line: it forgets everything when the process ends.
#[derive(Default)]
pub struct MemoryBook(Mutex<BTreeMap<String, Answer>>);

#[async_trait]
impl AnswerBook for MemoryBook {
    async fn get(&self, key: &str) -> Result<Option<Answer>, String> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(answers.get(key).cloned())
    }

    async fn put(&self, key: &str, answer: &Answer) -> Result<Answer, String> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = answers
            .entry(key.to_owned())
            .or_insert_with(|| answer.clone());
        Ok(kept.clone())
    }
}

/// Runs the turns and gives them back in the order asked. `Err` only when the answer book fails, once all of them are
/// over: the others' answers are being paid.
///
/// Dropping the future in the middle loses nothing that was already put into the book.
pub async fn run(
    input: &RoundInput<'_>,
    asks: &[Ask],
    book: &dyn AnswerBook,
    progress: &dyn Progress,
) -> Result<Vec<Turn>, String> {
    let round = Round {
        input,
        subject: Subject::of(input.discussion, input.proposal_end),
        texts: Texts::of(input),
        book,
        progress,
    };
    let turns: Vec<_> = asks.iter().map(|ask| round.turn(ask)).collect();
    let turns = stream::iter(turns).buffered(input.parallel.max(1));
    turns.collect::<Vec<_>>().await.into_iter().collect()
}

/// What each of these would be asked, in the order of `asks`. Asks nobody.
pub fn prompts(input: &RoundInput<'_>, asks: &[Ask]) -> Vec<Prompt> {
    let texts = Texts::of(input);
    asks.iter().map(|ask| texts.prompt(input, ask)).collect()
}

/// The blocks behind the proposal, oldest first, as background. Empty in a first round: everybody answers blind.
fn transcript(input: &RoundInput<'_>) -> String {
    let Some(end) = input.proposal_end else {
        return String::new();
    };
    let blocks = &input.discussion.blocks;
    let later = blocks.iter().filter(|block| block.span.start >= end);
    later
        .map(|block| {
            let text = block.canonical(&input.discussion.source);
            if (input.counts)(block) {
                text
            } else {
                format!("(unverified: typed into the file)\n{text}")
            }
        })
        .collect::<Vec<_>>()
        .join("\n\n---\n\n")
}

/// What all prompts of one round have in common.
struct Texts {
    proposal: String,
    transcript: String,
}

impl Texts {
    fn of(input: &RoundInput<'_>) -> Self {
        Self {
            proposal: subject::proposal(input.discussion, input.proposal_end),
            transcript: transcript(input),
        }
    }

    fn prompt(&self, input: &RoundInput<'_>, ask: &Ask) -> Prompt {
        let phase = input.phase;
        Prompt {
            persona: ask.persona.clone(),
            title: input
                .discussion
                .header
                .title()
                .unwrap_or("(untitled)")
                .to_owned(),
            proposal: self.proposal.clone(),
            transcript: self.transcript.clone(),
            phase: format!("{}: {}\n{}", phase.name, phase.goal, phase.instructions),
            own_open: own_open(input.ledger, &ask.persona.alias),
            by_people: by_people(input.ledger, &ask.persona.alias),
            previous_vote: ask.previous_vote,
            question: ask.question.clone(),
            limits: input.limits,
            fence: input.fence.to_owned(),
        }
    }
}

/// What the turns of one round share.
struct Round<'a> {
    input: &'a RoundInput<'a>,
    subject: Subject,
    texts: Texts,
    book: &'a dyn AnswerBook,
    progress: &'a dyn Progress,
}

/// An answer and whether it was already in the book; or why there is none.
type Answered = Result<(Answer, bool), ModelError>;

impl Round<'_> {
    /// One turn, from the book or from the model.
    async fn turn(&self, ask: &Ask) -> Result<Turn, String> {
        let alias = &ask.persona.alias;
        self.progress.started(alias);
        let mut model = ask.model.name().to_owned();
        let mut usage = Usage::default();
        let key = answer_key(self.input, self.subject, ask);
        let outcome = match self.answer(ask, &key).await? {
            Err(error) => TurnOutcome::Unavailable(error),
            Ok((answer, stored)) => {
                if !answer.model.is_empty() {
                    model = answer.model;
                }
                if !stored {
                    usage = answer.usage;
                }
                match answer.reply {
                    None => TurnOutcome::Silent,
                    Some(reply) => self.outcome(ask, reply, stored),
                }
            }
        };
        self.progress.finished(alias, &outcome);
        Ok(Turn {
            alias: alias.clone(),
            persona_hash: ask.persona.hash.clone(),
            model,
            usage,
            subject: self.subject,
            question: ask.question.clone(),
            key: Some(key),
            outcome,
        })
    }

    async fn answer(&self, ask: &Ask, key: &str) -> Result<Answered, String> {
        let _alone = self.book.alone(key).await;
        if let Some(known) = self.book.get(key).await? {
            return Ok(Ok((known, true)));
        }
        match self.ask_model(ask).await {
            Ok(answer) => Ok(Ok((self.book.put(key, &answer).await?, false))),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The model's answer within the time it has. A provider that panics is one that does not answer: the others are
    /// being paid at the same time.
    async fn ask_model(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let prompt = self.texts.prompt(self.input, ask);
        let answer = AssertUnwindSafe(ask.model.answer(&prompt, self.input.meter)).catch_unwind();
        let seconds = self.input.timeout.as_secs();
        match tokio::time::timeout(self.input.timeout, answer).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_)) => Err(unavailable("its provider failed inside".to_owned())),
            Err(_) => Err(unavailable(format!("no answer within {seconds} s"))),
        }
    }

    fn outcome(&self, ask: &Ask, mut reply: Reply, stored: bool) -> TurnOutcome {
        if ask.question.is_some() {
            reply.vote = never_raised(ask.previous_vote, reply.vote);
        }
        let restates = reply::as_known(
            &ask.persona,
            &mut reply,
            self.input.ledger,
            &ask.raised,
            &self.texts.proposal,
        );
        let answered = late::Answered {
            before: ask.answered_on.as_deref(),
            now: &self.texts.proposal,
        };
        let is_late = |words: Option<&str>| late::is_late(self.input.phase, answered, words);
        reply::notes_of_late(&ask.persona, &mut reply, self.input.ledger, &is_late);
        // An open concern in other words is for people to judge: these are news, also beside the vote that stands.
        let is_news = restates && ask.question.is_none();
        let rendered = reply::render(
            &ask.persona,
            &reply,
            self.input.ledger,
            ask.previous_vote.filter(|_| !is_news),
            ask.question.as_deref(),
            self.input.limits,
        );
        if rendered.has_news {
            TurnOutcome::Block {
                rendered,
                reply,
                stored,
            }
        } else {
            TurnOutcome::NothingNew
        }
    }
}

fn unavailable(reason: String) -> ModelError {
    ModelError::Unavailable {
        reason,
        retry_after: None,
    }
}

/// A turn with a question may lower a vote, never raise it: nobody gets to READY by asking until the answer pleases.
/// Without a standing vote a READY said in passing is no vote at all; the vote stays owed.
fn never_raised(previous: Option<Vote>, said: Option<Vote>) -> Option<Vote> {
    match (previous, said) {
        (Some(previous), Some(said)) => Some(previous.max(said)),
        (Some(previous), None) => Some(previous),
        (None, said) => said.filter(|vote| *vote != Vote::Ready),
    }
}

/// A persona's own items that are open, with their ids.
fn own_open(ledger: &Ledger, alias: &Alias) -> Vec<(String, String)> {
    ledger
        .all()
        .filter(|item| item.by_persona && item.author == alias.as_str())
        .filter(|item| item.state == ItemState::Open)
        .filter_map(|item| Some((item.id.clone()?, item.text.clone())))
        .collect()
}

/// What people closed of a persona's own items, outside of the file.
fn by_people(ledger: &Ledger, alias: &Alias) -> Vec<ByPeople> {
    let own = ledger
        .all()
        .filter(|item| item.by_persona && item.author == alias.as_str());
    own.filter_map(|item| {
        let closing = item.closing.as_ref()?;
        Some(ByPeople {
            id: item.id.clone()?,
            text: item.text.clone(),
            done: match item.kind {
                ItemKind::Question => "answered",
                ItemKind::Concern | ItemKind::Todo | ItemKind::Decision => "resolved",
            },
            by: closing.by.clone(),
            words: closing.text.clone(),
        })
    })
    .collect()
}
