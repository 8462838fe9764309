//! Which deliveries become work. Decides from the event alone; nothing is asked and nothing is written.

use super::check::BUTTONS;
use super::command::command_lines;
use super::gate_files;
use super::job::{CommentPlace, JobEvent, Opening, StoredActor};
use super::lookup::UNNUMBERED;
use crate::forge::event::{
    CheckRunAction, CheckRunEvent, CheckSuiteEvent, CommentAction, CommentEvent, CommentKind,
    Event, InstallationAction, InstallationEvent, MergeGroupEvent, Place, PullRequestAction,
    PullRequestEvent, PushEvent, RepositoryAction, RepositoryEvent, ReviewAction, ReviewEvent,
};
use crate::ids::{Actor, ActorKind, PullRequest, Sha};
use crate::store::NewJob;

/// Who we are, so that we never answer ourselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnApp {
    /// Numeric id of the App.
    pub id: u64,
}

/// What a delivery becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Work for one pull request.
    Job {
        /// The pull request.
        pr: PullRequest,
        /// What happened to it.
        event: JobEvent,
    },
    /// Nothing; why, in words for the delivery log.
    Ignored(String),
}

impl Trigger {
    /// The job as the store takes it; `Ok(None)`: ignored. The error is one of writing JSON.
    pub fn into_job(self) -> Result<Option<NewJob>, serde_json::Error> {
        match self {
            Self::Ignored(_) => Ok(None),
            Self::Job { pr, event } => Ok(Some(NewJob {
                pr,
                event: serde_json::to_string(&event)?,
            })),
        }
    }
}

/// Decides what a delivery becomes.
pub fn trigger(event: &Event, own: &OwnApp) -> Trigger {
    let decided = match event {
        Event::PullRequest(event) => pull_request(event),
        Event::Comment(event) => comment(event, own),
        Event::Review(event) => review(event),
        Event::CheckRun(event) => check_run(event, own),
        Event::CheckSuite(event) => check_suite(event, own),
        Event::Ping => Err("ping".to_owned()),
        Event::Push(event) => push(event),
        Event::MergeGroup(event) => Ok(merge_group(event)),
        Event::Installation(event) => installation(event),
        Event::Repository(event) => repository(event),
        Event::Ignored { reason } => Err(reason.clone()),
    };
    match decided {
        Ok((pr, event)) => Trigger::Job { pr, event },
        Err(reason) => Trigger::Ignored(reason),
    }
}

type Decided = Result<(PullRequest, JobEvent), String>;

fn pull_request(event: &PullRequestEvent) -> Decided {
    let actor = stored(&event.sender);
    let opened = |opening| JobEvent::Opened {
        opening,
        actor: stored(&event.sender),
    };
    let job = match &event.action {
        PullRequestAction::Opened => opened(Opening::Opened),
        PullRequestAction::Reopened => opened(Opening::Reopened),
        PullRequestAction::ReadyForReview => opened(Opening::ReadyForReview),
        PullRequestAction::Synchronize { before } => JobEvent::Pushed {
            head: event.head.to_string(),
            before: before.as_ref().map(ToString::to_string),
            actor,
        },
        PullRequestAction::Edited {
            title_before: None,
            base_before: None,
        } => return Err("neither title nor base changed".to_owned()),
        PullRequestAction::Edited { .. } | PullRequestAction::ConvertedToDraft => JobEvent::Edited,
        PullRequestAction::Closed { .. } => JobEvent::Closed,
    };
    Ok((event.pr.clone(), job))
}

fn comment(event: &CommentEvent, own: &OwnApp) -> Decided {
    if event.via_app == Some(own.id) {
        return Err("our own comment".to_owned());
    }
    if event.author.kind == ActorKind::Bot {
        return Err("a bot's comment: bots neither command nor vote".to_owned());
    }
    let job = match &event.action {
        CommentAction::Created => written(event, None)?,
        CommentAction::Edited { before: None } => return Err("the text did not change".to_owned()),
        CommentAction::Edited {
            before: Some(before),
        } => written(event, Some(before))?,
        CommentAction::Deleted => JobEvent::CommentDeleted {
            id: event.id,
            place: place(event.kind),
            author: stored(&event.author),
            sender: stored(&event.sender),
        },
    };
    Ok((event.pr.clone(), job))
}

/// A comment that holds a command now or held one before.
fn written(event: &CommentEvent, before: Option<&String>) -> Result<JobEvent, String> {
    if !has_commands(&event.body) && !before.is_some_and(|text| has_commands(text)) {
        return Err("a comment without a /discuss line".to_owned());
    }
    Ok(JobEvent::Comment {
        id: event.id,
        place: place(event.kind),
        body: event.body.clone(),
        before: before.cloned(),
        author: stored(&event.author),
        sender: stored(&event.sender),
        created_at: event.created_at.clone(),
        url: event.url.clone(),
    })
}

fn review(event: &ReviewEvent) -> Decided {
    if event.author.kind == ActorKind::Bot {
        return Err("a bot's review: bots neither command nor vote".to_owned());
    }
    let (body, before) = match &event.action {
        ReviewAction::Submitted => (event.body.clone(), None),
        ReviewAction::Edited { before: None } => return Err("the text did not change".to_owned()),
        ReviewAction::Edited { before } => (event.body.clone(), before.clone()),
        ReviewAction::Dismissed => (String::new(), None),
    };
    let by_another = event.sender.id != event.author.id;
    let is_vote = (before.is_none() || by_another)
        && matches!(
            event.state.as_str(),
            "approved" | "changes_requested" | "dismissed"
        );
    let commands = has_commands(&body) || before.as_deref().is_some_and(has_commands);
    if !is_vote && !commands {
        return Err("a review without a vote or a /discuss line".to_owned());
    }
    let job = JobEvent::Review {
        id: event.id,
        state: event.state.clone(),
        author: stored(&event.author),
        sender: stored(&event.sender),
        commit: event.commit.to_string(),
        submitted_at: event.submitted_at.clone(),
        url: event.url.clone(),
        body,
        before,
        node: event.node_id.clone(),
    };
    Ok((event.pr.clone(), job))
}

fn check_run(event: &CheckRunEvent, own: &OwnApp) -> Decided {
    let button = match &event.action {
        CheckRunAction::Rerequested => None,
        CheckRunAction::Button(identifier) if is_ours(identifier) => Some(identifier.clone()),
        CheckRunAction::Button(identifier) => {
            return Err(format!("`{identifier}` is no button of ours"));
        }
    };
    let pressed = Pressed {
        place: &event.place,
        head: &event.head,
        app: event.app,
        pulls: &event.pulls,
        actor: stored(&event.sender),
        button,
    };
    rerequested(pressed, own)
}

fn is_ours(button: &str) -> bool {
    BUTTONS.iter().any(|(identifier, ..)| *identifier == button)
}

fn check_suite(event: &CheckSuiteEvent, own: &OwnApp) -> Decided {
    let pressed = Pressed {
        place: &event.place,
        head: &event.head,
        app: event.app,
        pulls: &event.pulls,
        actor: stored(&event.sender),
        button: None,
    };
    rerequested(pressed, own)
}

/// What somebody pressed on a commit.
struct Pressed<'a> {
    place: &'a Place,
    head: &'a Sha,
    app: Option<u64>,
    pulls: &'a [u64],
    actor: StoredActor,
    button: Option<String>,
}

/// The pull request a re-run is about. Where the event names none (its head is in a fork) or several, they are looked
/// up by the head: not here, since nobody is asked before the delivery is acknowledged.
fn rerequested(pressed: Pressed<'_>, own: &OwnApp) -> Decided {
    let Pressed { actor, button, .. } = pressed;
    if pressed.app != Some(own.id) {
        return Err("another App's check".to_owned());
    }
    if let [number] = pressed.pulls {
        let job = JobEvent::Rerequested { actor, button };
        return Ok((pressed.place.pull_request(*number), job));
    }
    let job = JobEvent::RerequestedOn {
        head: pressed.head.to_string(),
        actor,
        button,
    };
    Ok((pressed.place.pull_request(UNNUMBERED), job))
}

/// A push that may change what a base branch says: which folders hold personas is told only there. Everything into
/// other branches goes through the default branch's configuration too, since it says which of them are gated.
fn push(event: &PushEvent) -> Decided {
    if event.deleted || event.created {
        return Err("no open pull request goes into a branch that is new or gone".to_owned());
    }
    let mut paths = event.paths.iter().flatten();
    if event.paths.is_some() && !paths.any(|path| gate_files::may_define(path)) {
        return Err("a push that touches no configuration, persona or template".to_owned());
    }
    let base = (!event.is_default).then(|| event.branch.clone());
    let pr = event.place.pull_request(UNNUMBERED);
    let event = JobEvent::Survey {
        base,
        // What changes a verdict reaches the groups it is in when it is recorded.
        queues: false,
        // A push grants nothing: what waits for a permission goes on waiting.
        lacking: true,
    };
    Ok((pr, event))
}

/// Which pull requests are in the group is looked up: the event does not tell.
fn merge_group(event: &MergeGroupEvent) -> (PullRequest, JobEvent) {
    let job = JobEvent::MergeGroup {
        head: event.head.to_string(),
        head_branch: Some(event.head_branch.clone()),
        base_branch: event.base_branch.clone(),
        looked: 0,
        since: None,
    };
    (event.place.pull_request(UNNUMBERED), job)
}

/// Repositories that came to us may have open pull requests already, and those that are gone may have work in line.
fn installation(event: &InstallationEvent) -> Decided {
    let repos = event.repos.clone();
    let repos = repos.map(|repos| repos.into_iter().map(Into::into).collect());
    let installation = event.installation;
    let job = match event.action {
        InstallationAction::Gained => JobEvent::Sweep {
            installation: Some(installation),
            repos,
        },
        InstallationAction::Suspended => return Err("its work waits by itself".to_owned()),
        InstallationAction::Lost => JobEvent::Left {
            installation,
            repos,
        },
    };
    Ok((PullRequest::whole_installation(installation), job))
}

/// A repository that has another name or installation, or may be written to again: what waits for it learns that.
fn repository(event: &RepositoryEvent) -> Decided {
    match event.action {
        RepositoryAction::Moved | RepositoryAction::Unarchived => {}
        RepositoryAction::Archived => return Err("its work waits by itself".to_owned()),
        RepositoryAction::Deleted => return Err("its work ends by itself".to_owned()),
        RepositoryAction::Edited => return Err("repository settings start no work".to_owned()),
    }
    let job = JobEvent::Survey {
        base: None,
        queues: true,
        lacking: false,
    };
    Ok((event.place.pull_request(UNNUMBERED), job))
}

fn has_commands(body: &str) -> bool {
    !command_lines(body).is_empty()
}

fn place(kind: CommentKind) -> CommentPlace {
    match kind {
        CommentKind::Conversation => CommentPlace::Conversation,
        CommentKind::Diff => CommentPlace::ReviewComment,
    }
}

fn stored(actor: &Actor) -> StoredActor {
    StoredActor {
        id: actor.id,
        login: actor.login.clone(),
        person: actor.kind == ActorKind::User,
    }
}
