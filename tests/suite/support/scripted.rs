//! A model that says what a test tells it to, counts its calls, and waits where a test wants it to wait.

use async_trait::async_trait;
use discussions::engine::prompt::render;
use discussions::engine::reply::{Anchor, Reply, ReplyConcern};
use discussions::engine::vote::Vote;
use discussions::llm::meter::{CallId, Meter, Price, Request, Settled};
use discussions::llm::{Answer, Model, ModelError, Prompt, Usage};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// What a persona answers.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// A vote and nothing else to say.
    Votes(Vote),
    /// A vote with a concern.
    Objects(Vote, &'static str),
    /// A concern about some words of the proposal, with CHANGES.
    Points(&'static str, &'static str),
    /// A concern about some words of the proposal, with READY.
    Mentions(&'static str, &'static str),
    /// A vote with a question to the author.
    Wonders(Vote, &'static str),
    /// READY, and everything of its own is settled.
    Settles,
    /// No answer.
    Fails,
    /// A limit for so many seconds, once; then it votes READY.
    Limited(u64),
    /// A key that is refused.
    Refused,
    /// An answer that cannot be used.
    Nonsense,
    /// No vote and no word.
    Silent,
    /// A bug.
    Panics,
}

pub(crate) struct Scripted {
    lines: Mutex<BTreeMap<String, Line>>,
    calls: Mutex<Vec<(String, Option<String>)>>,
    transcripts: Mutex<Vec<String>>,
    tasks: Mutex<Vec<String>>,
    gate: Semaphore,
    /// Whether who passes the gate closes it.
    one_by_one: AtomicBool,
    bug: AtomicBool,
    bill: Option<Bill>,
}

/// What an answer takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bill {
    /// Nano-dollars for a token that is written; what is sent costs nothing. `None`: not known.
    pub(crate) price: Option<u64>,
    /// Most tokens that can be written.
    pub(crate) most: u32,
    /// Tokens that are written.
    pub(crate) written: u64,
}

impl Scripted {
    /// Everybody votes READY at once.
    pub(crate) fn ready() -> Self {
        Self {
            lines: Mutex::default(),
            calls: Mutex::default(),
            transcripts: Mutex::default(),
            tasks: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            one_by_one: AtomicBool::new(false),
            bug: AtomicBool::new(false),
            bill: None,
        }
    }

    /// Everybody votes READY at once, and that takes something.
    pub(crate) fn paid(bill: Bill) -> Self {
        Self {
            bill: Some(bill),
            ..Self::ready()
        }
    }

    /// Answers are held back until [`Scripted::let_go`].
    pub(crate) fn gated() -> Self {
        Self {
            gate: Semaphore::new(0),
            ..Self::ready()
        }
    }

    pub(crate) fn let_go(&self) {
        self.gate.add_permits(1_000);
    }

    /// One of those that are held back is given.
    pub(crate) fn let_one_go(&self) {
        self.one_by_one.store(true, Ordering::SeqCst);
        self.gate.add_permits(1);
    }

    /// From now on answers are held back again.
    pub(crate) fn hold_back(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// The next use of the model, outside its answers, is a panic.
    pub(crate) fn arm_bug(&self) {
        self.bug.store(true, Ordering::SeqCst);
    }

    pub(crate) fn set(&self, alias: &str, line: Line) {
        self.lines.lock().unwrap().insert(alias.to_owned(), line);
    }

    /// Who was asked what, in order.
    pub(crate) fn calls(&self) -> Vec<(String, Option<String>)> {
        self.calls.lock().unwrap().clone()
    }

    /// What everybody was shown of the earlier replies, in order.
    pub(crate) fn transcripts(&self) -> Vec<String> {
        self.transcripts.lock().unwrap().clone()
    }

    /// What everybody was told of the turn itself, in order: the last part of each prompt in words.
    pub(crate) fn tasks(&self) -> Vec<String> {
        self.tasks.lock().unwrap().clone()
    }

    async fn announce(
        &self,
        prompt: &Prompt,
        meter: &dyn Meter,
    ) -> Result<Option<(CallId, Bill)>, ModelError> {
        let Some(bill) = self.bill else {
            return Ok(None);
        };
        let request = Request {
            model: "test/scripted",
            persona: &prompt.persona.alias,
            is_question: prompt.question.is_some(),
            words: &render(prompt),
            max_output: bill.most,
            price: bill.price.map(|output| Price {
                output,
                ..Price::default()
            }),
        };
        let call = meter.announce(&request).await?;
        Ok(Some((call, bill)))
    }

    fn line(&self, alias: &str) -> Line {
        let lines = self.lines.lock().unwrap();
        lines
            .get(alias)
            .cloned()
            .unwrap_or(Line::Votes(Vote::Ready))
    }
}

#[async_trait]
impl Model for Scripted {
    fn name(&self) -> &str {
        assert!(
            !self.bug.swap(false, Ordering::SeqCst),
            "a bug outside the answers"
        );
        "test/scripted"
    }

    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError> {
        let alias = prompt.persona.alias.to_string();
        let announced = self.announce(prompt, meter).await?;
        self.calls
            .lock()
            .unwrap()
            .push((alias.clone(), prompt.question.clone()));
        self.transcripts
            .lock()
            .unwrap()
            .push(prompt.transcript.clone());
        self.tasks.lock().unwrap().push(render(prompt).task);
        let passed = self.gate.acquire().await.unwrap();
        if self.one_by_one.load(Ordering::SeqCst) {
            passed.forget();
        }
        if let Some((call, bill)) = announced {
            let usage = Usage {
                output: bill.written,
                ..Usage::default()
            };
            let said = Ok("As the script says.");
            meter
                .settle(
                    call,
                    &Settled {
                        said,
                        usage,
                        lost: 0,
                    },
                )
                .await;
        }
        let mut anchors = Vec::new();
        let mut resolved = Vec::new();
        let mut questions = Vec::new();
        let (vote, concerns) = match self.line(&alias) {
            Line::Votes(vote) => (vote, Vec::new()),
            Line::Objects(vote, text) => (
                vote,
                vec![ReplyConcern {
                    text: text.to_owned(),
                    minor: false,
                }],
            ),
            line @ (Line::Points(text, words) | Line::Mentions(text, words)) => {
                anchors.push(Anchor {
                    remark: text.to_owned(),
                    words: words.to_owned(),
                });
                let concern = ReplyConcern {
                    text: text.to_owned(),
                    minor: false,
                };
                let vote = match line {
                    Line::Mentions(..) => Vote::Ready,
                    _ => Vote::Changes,
                };
                (vote, vec![concern])
            }
            Line::Wonders(vote, question) => {
                questions.push(question.to_owned());
                (vote, Vec::new())
            }
            Line::Settles => {
                resolved = prompt.own_open.iter().map(|(id, _)| id.clone()).collect();
                (Vote::Ready, Vec::new())
            }
            Line::Fails => {
                let reason = "the provider is away".to_owned();
                return Err(ModelError::Unavailable {
                    reason,
                    retry_after: None,
                });
            }
            Line::Limited(seconds) => {
                self.set(&alias, Line::Votes(Vote::Ready));
                return Err(ModelError::Unavailable {
                    reason: "slow down".to_owned(),
                    retry_after: Some(seconds),
                });
            }
            Line::Refused => return Err(ModelError::Refused("the key was refused".to_owned())),
            Line::Nonsense => return Err(ModelError::Invalid("it is no JSON".to_owned())),
            Line::Silent => return Ok(Answer::free("test/scripted", None)),
            Line::Panics => panic!("a bug in the provider"),
        };
        let comment = match &prompt.question {
            Some(question) => format!("To the question \"{question}\": it is covered."),
            None => format!("Seen by {alias}."),
        };
        let reply = Reply {
            comment,
            vote: Some(vote),
            questions,
            concerns,
            resolved,
            anchors,
        };
        Ok(Answer::free("test/scripted", Some(reply)))
    }
}
