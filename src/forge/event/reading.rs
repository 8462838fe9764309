//! From the JSON of a delivery to its [`Event`].

use super::wire::{Account, Change, NumberedPull, Payload, PushedCommit, Repository};
use super::*;
use crate::ids::ActorKind;

/// Why a delivery is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the event `{0}` is not one this App handles")]
    Event(String),
    #[error("`{event}` with action `{action}` changes nothing here")]
    Action { event: String, action: String },
    #[error("the payload lacks `{0}`, or it is out of range")]
    Missing(&'static str),
    #[error("the payload is not JSON of the expected shape: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Irrelevant(&'static str),
}

/// GitHub's GraphQL takes pull request numbers as 32-bit integers.
const MAX_NUMBER: u64 = i32::MAX as u64;
/// Databases keep ids as signed 64-bit integers.
const MAX_ID: u64 = i64::MAX as u64;

pub(super) fn read(name: &str, body: &[u8]) -> Result<Event, Unusable> {
    if !HANDLED_EVENTS.iter().any(|(handled, _)| *handled == name) {
        return Err(Unusable::Event(shortened(name)));
    }
    if name == "ping" {
        return Ok(Event::Ping);
    }
    let payload: Payload = serde_json::from_slice(body)?;
    match name {
        "pull_request" => payload.pull_request(),
        "issue_comment" => payload.conversation_comment(),
        "pull_request_review_comment" => payload.diff_comment(),
        "pull_request_review" => payload.review(),
        "check_run" => payload.check_run(),
        "check_suite" => payload.check_suite(),
        "push" => payload.push(),
        "merge_group" => payload.merge_group(),
        "installation" => payload.installation(),
        "installation_repositories" => payload.installation_repositories(),
        "repository" => payload.repository(),
        _ => Err(Unusable::Event(shortened(name))),
    }
}

impl Payload {
    fn pull_request(self) -> Result<Event, Unusable> {
        let place = self.place()?;
        let action = self.pull_request_action()?;
        let sender = actor(self.sender);
        let pull = self.pull_request.ok_or(Unusable::Missing("pull_request"))?;
        let base_branch = pull.base.and_then(|base| base.reference);
        Ok(Event::PullRequest(PullRequestEvent {
            pr: place.pull_request(number(pull.number, "pull_request.number")?),
            action,
            sender,
            author: actor(pull.user),
            head: sha(pull.head.and_then(|head| head.sha), "pull_request.head.sha")?,
            base_branch: base_branch.ok_or(Unusable::Missing("pull_request.base.ref"))?,
            draft: pull.draft.unwrap_or(false),
        }))
    }

    fn pull_request_action(&self) -> Result<PullRequestAction, Unusable> {
        let changes = self.changes.as_ref();
        let from = |change: &Option<Change>| change.as_ref().and_then(|c| c.from.clone());
        Ok(match self.action("pull_request")? {
            "opened" => PullRequestAction::Opened,
            "reopened" => PullRequestAction::Reopened,
            "synchronize" => PullRequestAction::Synchronize {
                before: self.before.as_deref().and_then(existing),
            },
            "edited" => PullRequestAction::Edited {
                title_before: changes.and_then(|c| from(&c.title)),
                base_before: changes
                    .and_then(|c| c.base.as_ref())
                    .and_then(|base| from(&base.reference)),
            },
            "ready_for_review" => PullRequestAction::ReadyForReview,
            "converted_to_draft" => PullRequestAction::ConvertedToDraft,
            "closed" => PullRequestAction::Closed {
                merged: self
                    .pull_request
                    .as_ref()
                    .and_then(|pull| pull.merged)
                    .unwrap_or(false),
            },
            other => return Err(no_effect("pull_request", other)),
        })
    }

    fn conversation_comment(self) -> Result<Event, Unusable> {
        let issue = self.issue.as_ref().ok_or(Unusable::Missing("issue"))?;
        if issue.pull_request.is_none() {
            return Err(Unusable::Irrelevant(
                "a comment on an issue that is no pull request",
            ));
        }
        let number = number(issue.number, "issue.number")?;
        self.comment_on("issue_comment", number, CommentKind::Conversation)
    }

    fn diff_comment(self) -> Result<Event, Unusable> {
        let event = "pull_request_review_comment";
        let number = self.pull_number()?;
        self.comment_on(event, number, CommentKind::Diff)
    }

    fn comment_on(self, event: &str, number: u64, kind: CommentKind) -> Result<Event, Unusable> {
        let place = self.place()?;
        let action = match self.action(event)? {
            "created" => CommentAction::Created,
            "edited" => CommentAction::Edited {
                before: self.body_before(),
            },
            "deleted" => CommentAction::Deleted,
            other => return Err(no_effect(event, other)),
        };
        let comment = self.comment.ok_or(Unusable::Missing("comment"))?;
        Ok(Event::Comment(CommentEvent {
            pr: place.pull_request(number),
            action,
            kind,
            sender: actor(self.sender),
            id: id(comment.id, "comment.id")?,
            author: actor(comment.user),
            body: comment.body.unwrap_or_default(),
            created_at: comment.created_at.unwrap_or_default(),
            url: comment.html_url.unwrap_or_default(),
            via_app: comment.performed_via_github_app.and_then(|app| app.id),
        }))
    }

    fn review(self) -> Result<Event, Unusable> {
        let place = self.place()?;
        let number = self.pull_number()?;
        let action = match self.action("pull_request_review")? {
            "submitted" => ReviewAction::Submitted,
            "edited" => ReviewAction::Edited {
                before: self.body_before(),
            },
            "dismissed" => ReviewAction::Dismissed,
            other => return Err(no_effect("pull_request_review", other)),
        };
        let review = self.review.ok_or(Unusable::Missing("review"))?;
        Ok(Event::Review(ReviewEvent {
            pr: place.pull_request(number),
            action,
            sender: actor(self.sender),
            id: id(review.id, "review.id")?,
            node_id: review.node_id.filter(|node| !node.is_empty()),
            author: actor(review.user),
            state: review
                .state
                .ok_or(Unusable::Missing("review.state"))?
                .to_ascii_lowercase(),
            commit: sha(review.commit_id, "review.commit_id")?,
            body: review.body.unwrap_or_default(),
            submitted_at: review.submitted_at.unwrap_or_default(),
            url: review.html_url.unwrap_or_default(),
        }))
    }

    fn check_run(self) -> Result<Event, Unusable> {
        let place = self.place()?;
        let action = match self.action("check_run")? {
            "rerequested" => CheckRunAction::Rerequested,
            "requested_action" => CheckRunAction::Button(
                self.requested_action
                    .as_ref()
                    .and_then(|action| action.identifier.clone())
                    .ok_or(Unusable::Missing("requested_action.identifier"))?,
            ),
            other => return Err(no_effect("check_run", other)),
        };
        let run = self.check_run.ok_or(Unusable::Missing("check_run"))?;
        Ok(Event::CheckRun(CheckRunEvent {
            action,
            sender: actor(self.sender),
            name: run.name.ok_or(Unusable::Missing("check_run.name"))?,
            head: sha(run.head_sha, "check_run.head_sha")?,
            app: run.app.and_then(|app| app.id),
            pulls: pulls_of(&place, run.pull_requests),
            place,
        }))
    }

    fn check_suite(self) -> Result<Event, Unusable> {
        let place = self.place()?;
        match self.action("check_suite")? {
            "rerequested" => {}
            other => return Err(no_effect("check_suite", other)),
        }
        let suite = self.check_suite.ok_or(Unusable::Missing("check_suite"))?;
        Ok(Event::CheckSuite(CheckSuiteEvent {
            sender: actor(self.sender),
            head: sha(suite.head_sha, "check_suite.head_sha")?,
            app: suite.app.and_then(|app| app.id),
            pulls: pulls_of(&place, suite.pull_requests),
            place,
        }))
    }

    fn push(self) -> Result<Event, Unusable> {
        let place = self.place()?;
        let reference = self.reference.as_deref().ok_or(Unusable::Missing("ref"))?;
        let Some(branch) = reference.strip_prefix("refs/heads/") else {
            return Err(Unusable::Irrelevant("a push to a tag, not to a branch"));
        };
        let deleted = self.deleted.unwrap_or(false);
        let default = self.repository.as_ref();
        let default = default.and_then(|repository| repository.default_branch.as_deref());
        Ok(Event::Push(PushEvent {
            place,
            branch: branch.to_owned(),
            deleted,
            created: self.created.unwrap_or(false),
            is_default: default == Some(branch),
            paths: match self.forced {
                Some(false) => self.commits.as_deref().and_then(pushed_paths),
                _ => None,
            },
            before: self.before.as_deref().and_then(existing),
            after: match deleted {
                true => None,
                false => Some(sha(self.after, "after")?),
            },
            sender: actor(self.sender),
        }))
    }

    fn merge_group(self) -> Result<Event, Unusable> {
        let place = self.place()?;
        match self.action("merge_group")? {
            "checks_requested" => {}
            other => return Err(no_effect("merge_group", other)),
        }
        let group = self.merge_group.ok_or(Unusable::Missing("merge_group"))?;
        Ok(Event::MergeGroup(MergeGroupEvent {
            place,
            head: sha(group.head_sha, "merge_group.head_sha")?,
            head_branch: branch(group.head_ref, "merge_group.head_ref")?,
            base_branch: branch(group.base_ref, "merge_group.base_ref")?,
        }))
    }

    fn installation(self) -> Result<Event, Unusable> {
        let action = match self.action("installation")? {
            "created" | "unsuspend" | "new_permissions_accepted" => InstallationAction::Gained,
            "suspend" => InstallationAction::Suspended,
            "deleted" => InstallationAction::Lost,
            other => return Err(no_effect("installation", other)),
        };
        let is_gained = action == InstallationAction::Gained;
        Ok(Event::Installation(InstallationEvent {
            installation: self.installation_id()?,
            action,
            // When it is gone, it is all of them, whatever GitHub lists.
            repos: self.repositories.filter(|_| is_gained).map(repos),
        }))
    }

    fn installation_repositories(self) -> Result<Event, Unusable> {
        let installation = self.installation_id()?;
        let event = "installation_repositories";
        let (action, list) = match self.action(event)? {
            "added" => (InstallationAction::Gained, self.repositories_added),
            "removed" => (InstallationAction::Lost, self.repositories_removed),
            other => return Err(no_effect(event, other)),
        };
        Ok(Event::Installation(InstallationEvent {
            installation,
            action,
            repos: Some(repos(list.unwrap_or_default())),
        }))
    }

    fn repository(self) -> Result<Event, Unusable> {
        let action = match self.action("repository")? {
            "renamed" | "transferred" => RepositoryAction::Moved,
            "archived" => RepositoryAction::Archived,
            "unarchived" => RepositoryAction::Unarchived,
            "deleted" => RepositoryAction::Deleted,
            "edited" => RepositoryAction::Edited,
            other => return Err(no_effect("repository", other)),
        };
        Ok(Event::Repository(RepositoryEvent {
            place: self.place()?,
            action,
        }))
    }

    fn action(&self, event: &str) -> Result<&str, Unusable> {
        let action = self.action.as_deref().ok_or(Unusable::Missing("action"))?;
        match action.len() {
            1..=64 => Ok(action),
            _ => Err(no_effect(event, action)),
        }
    }

    fn installation_id(&self) -> Result<u64, Unusable> {
        let installation = self.installation.as_ref().and_then(|i| i.id);
        id(installation, "installation.id")
    }

    fn place(&self) -> Result<Place, Unusable> {
        let repository = self.repository.as_ref();
        Ok(Place {
            installation: self.installation_id()?,
            repo: repository
                .and_then(Repository::read)
                .ok_or(Unusable::Missing("repository.id or .full_name"))?,
        })
    }

    fn pull_number(&self) -> Result<u64, Unusable> {
        let pull = self.pull_request.as_ref();
        number(pull.and_then(|pull| pull.number), "pull_request.number")
    }

    fn body_before(&self) -> Option<String> {
        self.changes.as_ref()?.body.as_ref()?.from.clone()
    }
}

impl Repository {
    /// Owner and name come from `full_name`, the only field with both that every event's repository carries.
    fn read(&self) -> Option<Repo> {
        let (owner, name) = self.full_name.as_deref()?.split_once('/')?;
        let name = self.name.as_deref().unwrap_or(name);
        let sound = |part: &str| !part.is_empty() && part.len() <= 128 && !part.contains('/');
        (sound(owner) && sound(name)).then_some(())?;
        Some(Repo {
            id: id(self.id, "repository.id").ok()?,
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// GitHub lists at most so many commits of a push.
const MAX_PUSHED_COMMITS: usize = 2_048;
/// Files of one commit from which on its lists are taken to be cut: GitHub lists 3,000.
const MAX_PUSHED_FILES: usize = 3_000;

/// Paths that the commits of a push touch; `None` unless the lists are complete. A commit without any tells nothing: it
/// may be a merge that resolved a conflict in its own way.
fn pushed_paths(commits: &[PushedCommit]) -> Option<Vec<String>> {
    if commits.is_empty() || commits.len() >= MAX_PUSHED_COMMITS {
        return None;
    }
    let mut paths = Vec::new();
    for commit in commits {
        let lists = [&commit.added, &commit.removed, &commit.modified];
        let before = paths.len();
        for list in lists {
            paths.extend(list.as_ref()?.iter().cloned());
        }
        if !(1..MAX_PUSHED_FILES).contains(&(paths.len() - before)) {
            return None;
        }
    }
    paths.sort();
    paths.dedup();
    Some(paths)
}

/// Repositories of a list; entries that cannot be addressed are left out.
fn repos(list: Vec<Repository>) -> Vec<Repo> {
    list.iter().filter_map(Repository::read).collect()
}

/// Numbers of the listed pull requests that belong to this repository: a commit may also head one in a parent.
fn pulls_of(place: &Place, list: Option<Vec<NumberedPull>>) -> Vec<u64> {
    let ours = |pull: &NumberedPull| {
        let repo = pull.base.as_ref().and_then(|base| base.repo.as_ref());
        repo.and_then(|repo| repo.id)
            .is_none_or(|id| id == place.repo.id)
    };
    let list = list.unwrap_or_default();
    list.iter()
        .filter(|pull| ours(pull))
        .filter_map(|pull| number(pull.number, "pull_requests[].number").ok())
        .collect()
}

fn actor(account: Option<Account>) -> Actor {
    let known = account.and_then(|account| {
        let id = account.id.filter(|id| (1..=MAX_ID).contains(id))?;
        let kind = match account.kind.as_deref() {
            Some("User") => ActorKind::User,
            _ => ActorKind::Bot,
        };
        let login = account.login?;
        Some(Actor { id, login, kind })
    });
    known.unwrap_or_else(ghost)
}

fn id(value: Option<u64>, field: &'static str) -> Result<u64, Unusable> {
    value
        .filter(|id| (1..=MAX_ID).contains(id))
        .ok_or(Unusable::Missing(field))
}

fn number(value: Option<u64>, field: &'static str) -> Result<u64, Unusable> {
    value
        .filter(|number| (1..=MAX_NUMBER).contains(number))
        .ok_or(Unusable::Missing(field))
}

fn sha(value: Option<String>, field: &'static str) -> Result<Sha, Unusable> {
    value
        .as_deref()
        .and_then(Sha::parse)
        .ok_or(Unusable::Missing(field))
}

/// GitHub writes "no commit" (a new branch) as zeros.
fn existing(before: &str) -> Option<Sha> {
    Sha::parse(before).filter(|sha| sha.as_str().bytes().any(|digit| digit != b'0'))
}

fn branch(value: Option<String>, field: &'static str) -> Result<String, Unusable> {
    let reference = value.ok_or(Unusable::Missing(field))?;
    let short = reference.strip_prefix("refs/heads/");
    Ok(short.unwrap_or(&reference).to_owned())
}

fn no_effect(event: &str, action: &str) -> Unusable {
    Unusable::Action {
        event: event.to_owned(),
        action: shortened(action),
    }
}

/// Names come from outside and end up in answers and logs: at most 64 characters, none of them a control character.
fn shortened(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(64).collect()
}
