//! What people said, from a job's events: commands in comments and reviews. Pure.

use super::access;
use super::check;
use super::command::{self, Parsed};
use super::job::{CommentPlace, JobEvent, StoredActor};
use super::votes::{self, Said};
use crate::forge::{Reaction, ReactionTarget};
use crate::store::{Claimed, ClaimedEvent};

/// One event of the job, read.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Delivery.
    pub guid: String,
    /// When we got it, ms by the store's clock.
    pub received_at: i64,
    /// What happened.
    pub event: JobEvent,
}

/// The job's events in order. One that does not read (written by a newer version) is logged and left out: the
/// evaluation looks at the pull request as it is anyway.
pub fn events(job: &Claimed) -> Vec<Happened> {
    read(&job.events, &job.id)
}

/// The same of events that a job has or waits for; `job`: its public id.
pub fn read(events: &[ClaimedEvent], job: &str) -> Vec<Happened> {
    let read = |event: &ClaimedEvent| match serde_json::from_str(&event.event) {
        Ok(read) => Some(Happened {
            guid: event.guid.clone(),
            received_at: event.received_at,
            event: read,
        }),
        Err(error) => {
            tracing::error!(%job, delivery = %event.guid, %error, "event does not read");
            None
        }
    };
    events.iter().filter_map(read).collect()
}

/// Commands of one comment or review body, given by its author.
#[derive(Debug, Clone)]
pub struct Utterance {
    /// Who, when, where.
    pub said: Said,
    /// Where reactions go; `None` on review bodies, where none can be posted.
    pub target: Option<ReactionTarget>,
    /// The commands: of an edit only the added ones.
    pub commands: Vec<Parsed>,
}

impl Utterance {
    /// Hidden text by which our reply to it is found again.
    pub fn marker(&self) -> String {
        format!("<!-- discussions:reply:{} -->", self.said.guid)
    }

    /// Reacts, where that is possible.
    pub fn reaction(&self, reaction: Reaction) -> Option<super::plan::Effect> {
        let target = self.target.clone()?;
        Some(super::plan::Effect::React { target, reaction })
    }
}

/// Everything people said in the job that holds a command. `is_persona` is asked for aliases in lower case.
pub fn utterances(happened: &[Happened], is_persona: &dyn Fn(&str) -> bool) -> Vec<Utterance> {
    happened
        .iter()
        .filter_map(|happened| explained(happened).or_else(|| utterance(happened, is_persona)))
        .filter(|utterance| !utterance.commands.is_empty())
        .collect()
}

/// The parts of an event that a text with commands has.
struct Text<'a> {
    id: u64,
    place: CommentPlace,
    node: Option<&'a String>,
    body: &'a str,
    before: Option<&'a String>,
    author: &'a StoredActor,
    sender: &'a StoredActor,
    created_at: &'a str,
    url: &'a str,
}

/// The button "Explain" says what the command it stands for says.
fn explained(happened: &Happened) -> Option<Utterance> {
    let JobEvent::Rerequested { actor, button } = &happened.event else {
        return None;
    };
    if button.as_deref() != Some(check::EXPLAIN) || !actor.person {
        return None;
    }
    Some(Utterance {
        said: Said {
            source: format!("button:{}", happened.guid),
            guid: happened.guid.clone(),
            author: actor.clone(),
            created_at: String::new(),
            received_at: happened.received_at,
            is_edit: false,
            url: String::new(),
        },
        target: None,
        commands: command::parse("/discuss why", &|_| false),
    })
}

fn utterance(happened: &Happened, is_persona: &dyn Fn(&str) -> bool) -> Option<Utterance> {
    let text = text_of(&happened.event)?;
    if !access::speaks_for_itself(text.author, text.sender) {
        return None;
    }
    let commands = match text.before {
        Some(before) => command::added(before, text.body, is_persona).added,
        None => command::parse(text.body, is_persona),
    };
    let target = match text.place {
        CommentPlace::Conversation => Some(ReactionTarget::IssueComment(text.id)),
        CommentPlace::ReviewComment => Some(ReactionTarget::ReviewComment(text.id)),
        CommentPlace::ReviewBody => text.node.cloned().map(ReactionTarget::Review),
    };
    Some(Utterance {
        said: said(happened, &text),
        target,
        commands,
    })
}

fn said(happened: &Happened, text: &Text<'_>) -> Said {
    Said {
        source: votes::source(text.place, text.id),
        guid: happened.guid.clone(),
        author: text.author.clone(),
        created_at: text.created_at.to_owned(),
        received_at: happened.received_at,
        is_edit: text.before.is_some(),
        url: text.url.to_owned(),
    }
}

fn text_of(event: &JobEvent) -> Option<Text<'_>> {
    match event {
        JobEvent::Comment {
            id,
            place,
            body,
            before,
            author,
            sender,
            created_at,
            url,
        } => Some(Text {
            id: *id,
            place: *place,
            node: None,
            body,
            before: before.as_ref(),
            author,
            sender,
            created_at,
            url,
        }),
        JobEvent::Review {
            id,
            author,
            sender,
            submitted_at,
            url,
            body,
            before,
            node,
            ..
        } => Some(Text {
            id: *id,
            place: CommentPlace::ReviewBody,
            node: node.as_ref(),
            body,
            before: before.as_ref(),
            author,
            sender,
            created_at: submitted_at,
            url,
        }),
        _ => None,
    }
}
