//! The store as the round's answer book: replies as JSON under their key, and who is being asked at the moment.

use crate::engine::reply::{Anchor, Reply, ReplyConcern};
use crate::engine::vote::Vote;
use crate::llm::{Answer, Usage};
use crate::round::{Alone, AnswerBook};
use crate::store::Store;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Answers kept in the store. Whoever paid for one keeps it, also when its job is somebody else's by then.
pub struct StoredAnswers<'a> {
    /// Where.
    pub store: &'a dyn Store,
    /// Whom the process is asking.
    pub asking: &'a Asking,
}

/// Under which keys models are being asked at the moment. Two pull requests with one text ask once: the second waits
/// for the answer of the first.
#[derive(Debug, Default)]
pub struct Asking(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Asking {
    async fn alone(&self, key: &str) -> Alone {
        let lock = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, lock| lock.strong_count() > 0);
            let known = all.get(key).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let lock = Arc::default();
                all.insert(key.to_owned(), Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}

/// An answer as stored. Fields are added with a default and never renamed: paid answers outlive versions.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    said: Said,
    /// Empty in answers from before it was kept.
    #[serde(default)]
    model: String,
    /// Tokens: sent, of these cached, written.
    #[serde(default)]
    usage: (u64, u64, u64),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Said {
    Silence,
    Reply {
        comment: String,
        vote: Option<String>,
        questions: Vec<String>,
        concerns: Vec<StoredConcern>,
        resolved: Vec<String>,
        #[serde(default)]
        anchors: Vec<(String, String)>,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredConcern {
    text: String,
    minor: bool,
}

#[async_trait]
impl AnswerBook for StoredAnswers<'_> {
    async fn get(&self, key: &str) -> Result<Option<Answer>, String> {
        let stored = self.store.answer(key).await.map_err(|e| e.to_string())?;
        stored.map(|json| read(key, &json)).transpose()
    }

    async fn put(&self, key: &str, answer: &Answer) -> Result<Answer, String> {
        let json = serde_json::to_string(&Stored::of(answer)).map_err(|e| e.to_string())?;
        let kept = self.store.put_answer(key, &json).await;
        read(key, &kept.map_err(|e| e.to_string())?)
    }

    async fn alone(&self, key: &str) -> Option<Alone> {
        Some(self.asking.alone(key).await)
    }
}

/// Answers as they are kept in the store, to be read only.
pub struct ReadAnswers<'a>(pub &'a dyn Store);

#[async_trait]
impl AnswerBook for ReadAnswers<'_> {
    async fn get(&self, key: &str) -> Result<Option<Answer>, String> {
        let stored = self.0.answer(key).await.map_err(|e| e.to_string())?;
        stored.map(|json| read(key, &json)).transpose()
    }

    async fn put(&self, _: &str, _: &Answer) -> Result<Answer, String> {
        Err("answers are only read here".to_owned())
    }
}

fn read(key: &str, json: &str) -> Result<Answer, String> {
    let stored: Stored = serde_json::from_str(json)
        .map_err(|error| format!("the answer stored under {key} does not read: {error}"))?;
    stored.into_answer()
}

impl Stored {
    fn of(answer: &Answer) -> Self {
        let Usage {
            input,
            cached,
            output,
            ..
        } = answer.usage;
        Self {
            said: Said::of(answer.reply.as_ref()),
            model: answer.model.clone(),
            usage: (input, cached, output),
        }
    }

    fn into_answer(self) -> Result<Answer, String> {
        let (input, cached, output) = self.usage;
        Ok(Answer {
            reply: self.said.into_reply()?,
            model: self.model,
            usage: Usage {
                input,
                cached,
                output,
                ..Usage::default()
            },
        })
    }
}

impl Said {
    fn of(reply: Option<&Reply>) -> Self {
        let Some(reply) = reply else {
            return Self::Silence;
        };
        let concern = |concern: &ReplyConcern| StoredConcern {
            text: concern.text.clone(),
            minor: concern.minor,
        };
        Self::Reply {
            comment: reply.comment.clone(),
            vote: reply.vote.map(|vote| vote.as_str().to_owned()),
            questions: reply.questions.clone(),
            concerns: reply.concerns.iter().map(concern).collect(),
            resolved: reply.resolved.clone(),
            anchors: reply.anchors.iter().map(Anchor::pair).collect(),
        }
    }

    fn into_reply(self) -> Result<Option<Reply>, String> {
        let Self::Reply {
            comment,
            vote,
            questions,
            concerns,
            resolved,
            anchors,
        } = self
        else {
            return Ok(None);
        };
        let vote = vote
            .map(|word| Vote::parse(&word).ok_or(format!("`{word}` is stored as a vote")))
            .transpose()?;
        let concern = |concern: StoredConcern| ReplyConcern {
            text: concern.text,
            minor: concern.minor,
        };
        Ok(Some(Reply {
            comment,
            vote,
            questions,
            concerns: concerns.into_iter().map(concern).collect(),
            resolved,
            anchors: anchors.into_iter().map(anchor).collect(),
        }))
    }
}

/// A remark and the words of the proposal it is about, as they are stored.
pub(super) fn anchor((remark, words): (String, String)) -> Anchor {
    Anchor { remark, words }
}
