//! The store as the round's answer book: replies as JSON under their key, written under the job's lease.

use crate::engine::reply::{Anchor, Reply, ReplyConcern};
use crate::engine::vote::Vote;
use crate::round::AnswerBook;
use crate::store::{Lease, Store};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Answers kept in the store.
pub struct StoredAnswers<'a> {
    /// Where.
    pub store: &'a dyn Store,
    /// Of the job that asks.
    pub lease: &'a Lease,
}

/// An answer as stored. Fields are added with a default and never renamed: paid answers outlive versions.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Stored {
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
    async fn get(&self, key: &str) -> Result<Option<Option<Reply>>, String> {
        let stored = self.store.answer(key).await.map_err(|e| e.to_string())?;
        stored.map(|json| read(key, &json)).transpose()
    }

    async fn put(&self, key: &str, answer: &Option<Reply>) -> Result<(), String> {
        let json = serde_json::to_string(&Stored::of(answer)).map_err(|e| e.to_string())?;
        let put = self.store.put_answer(self.lease, key, &json).await;
        put.map_err(|e| e.to_string())
    }
}

fn read(key: &str, json: &str) -> Result<Option<Reply>, String> {
    let stored: Stored = serde_json::from_str(json)
        .map_err(|error| format!("the answer stored under {key} does not read: {error}"))?;
    stored.into_reply()
}

impl Stored {
    fn of(answer: &Option<Reply>) -> Self {
        let Some(reply) = answer else {
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

fn anchor((remark, words): (String, String)) -> Anchor {
    Anchor { remark, words }
}
