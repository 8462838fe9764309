//! The control routes below `/_sandbox`: acting as people, faults, deliveries and a view of everything, in JSON.
//!
//! For `discussions sandbox` and for poking by hand with curl. They change state only for `content-type:
//! application/json`, which a page in somebody's browser cannot send across origins.

mod fault;

use super::hub::Hub;
use super::pulls::{NewPull, PullEdit};
use super::pushes::FileEdit;
use super::queue::MergeQueueRules;
use super::repository::{Pull, Repository, ReviewState};
use super::rest::{Answer, Body, Refusal};
use super::seed::DEMO_REPO;
use super::server::Raw;
use super::shape;
use super::state::World;
use super::talk::LineComment;
use super::webhook::DeliveryPlan;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a person does; each route uses the members it needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Act {
    /// Login of the person.
    r#as: String,
    repo: String,
    number: u64,
    title: Option<String>,
    body: Option<String>,
    branch: String,
    base: Option<String>,
    draft: bool,
    message: Option<String>,
    /// Path to text; null deletes the file.
    files: BTreeMap<String, Option<String>>,
    /// `APPROVE`, `REQUEST_CHANGES` or `COMMENT`.
    event: String,
    /// A review with a path has `body` as its comment on that file, or on a line of it.
    path: Option<String>,
    line: Option<u64>,
    /// Check run, comment or review.
    id: u64,
    identifier: String,
}

impl Default for Act {
    fn default() -> Self {
        Self {
            r#as: "rob".to_owned(),
            repo: DEMO_REPO.to_owned(),
            number: 0,
            title: None,
            body: None,
            branch: "discussion".to_owned(),
            base: None,
            draft: false,
            message: None,
            files: BTreeMap::new(),
            event: "COMMENT".to_owned(),
            path: None,
            line: None,
            id: 0,
            identifier: String::new(),
        }
    }
}

/// Answers a control request; `rest` is the path after `/_sandbox`.
pub(super) fn handle(hub: &Hub, raw: &Raw, rest: &str) -> Answer {
    let outcome = match (raw.method.as_str(), rest) {
        ("GET", "/style.css") => {
            let css = include_bytes!("page/style.css").to_vec();
            return Answer {
                status: 200,
                body: Body::Raw("text/css", css),
                headers: Vec::new(),
            };
        }
        ("GET", "" | "/") => {
            return Answer {
                status: 200,
                body: Body::Raw("text/plain; charset=utf-8", routes().into_bytes()),
                headers: Vec::new(),
            };
        }
        ("GET", "/state") => Ok(hub.look(state)),
        ("GET", "/ledger") => Ok(hub.look(ledger)),
        ("GET", "/deliveries") => Ok(hub.look(deliveries)),
        ("POST", action) if raw.is_json() => change(hub, action, &raw.body),
        ("POST", _) => Err(Refusal::new(415, "Send content-type: application/json.")),
        _ => Err(no_route(rest)),
    };
    outcome.map_or_else(Refusal::into_answer, Answer::ok)
}

fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| Refusal::new(400, error.to_string()))
}

fn change(hub: &Hub, action: &str, bytes: &[u8]) -> Result<Value, Refusal> {
    match action {
        "/faults" => {
            hub.fault(read::<fault::FaultBody>(bytes)?.into_fault());
            Ok(json!({"armed": true}))
        }
        "/faults/clear" => {
            hub.clear_faults();
            Ok(json!({"armed": false}))
        }
        "/deliveries" => {
            let plan: PlanBody = read(bytes)?;
            hub.set_deliveries(plan.into_plan());
            Ok(json!({"set": true}))
        }
        "/webhook" => {
            let hook: HookBody = read(bytes)?;
            hub.set_webhook(&hook.url, &hook.secret);
            Ok(json!({"set": true}))
        }
        "/redeliver" => {
            let wanted: GuidBody = read(bytes)?;
            if hub.redeliver(&wanted.guid) {
                Ok(json!({"queued": true}))
            } else {
                Err(Refusal::not_found())
            }
        }
        _ => person(hub, action, &read::<Act>(bytes)?),
    }
}

fn person(hub: &Hub, action: &str, act: &Act) -> Result<Value, Refusal> {
    let (login, repo, number) = (act.r#as.as_str(), act.repo.as_str(), act.number);
    let body = act.body.as_deref().unwrap_or_default();
    let done = |()| json!({"done": true});
    Ok(match action {
        "/push" => json!({"head": push(hub, act)?}),
        "/pulls" => {
            if !act.files.is_empty() {
                push(hub, act)?;
            }
            let new = NewPull {
                title: act.title.clone().unwrap_or_else(|| act.branch.clone()),
                body: body.to_owned(),
                head: act.branch.clone(),
                base: act.base.clone().unwrap_or_default(),
                draft: act.draft,
            };
            let number = hub.open_pr(login, repo, &new)?;
            json!({"number": number, "url": format!("{}/{repo}/pull/{number}", hub.web_url())})
        }
        "/edit" => {
            let edit = PullEdit {
                title: act.title.clone(),
                body: act.body.clone(),
                base: act.base.clone(),
            };
            done(hub.edit_pr(login, repo, number, &edit)?)
        }
        "/comment" => json!({"id": hub.comment(login, repo, number, body)?}),
        "/comment/edit" => done(hub.edit_comment(login, repo, act.id, body)?),
        "/comment/delete" => done(hub.delete_comment(login, repo, act.id)?),
        "/review" => {
            let state = ReviewState::from_event(&act.event)
                .ok_or_else(|| Refusal::new(422, "event is APPROVE, REQUEST_CHANGES or COMMENT"))?;
            json!({"id": review(hub, act, state, body)?})
        }
        "/review/dismiss" => done(hub.dismiss_review(login, repo, number, act.id)?),
        "/reply" => json!({"id": hub.reply(login, repo, act.id, body)?}),
        "/resolve" => done(hub.resolve_conversation(login, repo, act.id)?),
        "/unresolve" => done(hub.unresolve_conversation(login, repo, act.id)?),
        "/ready" => done(hub.ready_for_review(login, repo, number)?),
        "/draft" => done(hub.convert_to_draft(login, repo, number)?),
        "/close" => done(hub.close(login, repo, number)?),
        "/reopen" => done(hub.reopen(login, repo, number)?),
        "/queue" => {
            let branch = act.base.as_deref().unwrap_or("main");
            let rules = Some(MergeQueueRules::default());
            done(hub.set_merge_queue(repo, branch, rules)?)
        }
        "/enqueue" => done(hub.enqueue(login, repo, number)?),
        "/dequeue" => done(hub.dequeue(login, repo, number)?),
        "/merge" => json!({"commit": hub.merge(login, repo, number)?.as_str()}),
        "/rerun" => done(hub.rerequest_check(login, repo, act.id)?),
        "/button" => done(hub.press_button(login, repo, act.id, &act.identifier)?),
        _ => return Err(no_route(action)),
    })
}

fn no_route(path: &str) -> Refusal {
    Refusal::new(
        404,
        format!("There is no /_sandbox{path}; GET /_sandbox lists what there is."),
    )
}

/// What GET gives.
const VIEWS: &[(&str, &str)] = &[
    ("/state", "repositories, pull requests, checks, comments"),
    ("/ledger", "what was changed through the API"),
    ("/deliveries", "webhooks sent"),
];
/// What POST does, with the members of its JSON body.
const ACTIONS: &[(&str, &str)] = &[
    ("/push", "branch, message, files {PATH: TEXT or null}"),
    (
        "/pulls",
        "branch, title, body, base, draft, files: pushes the files, opens the pull request",
    ),
    ("/edit", "number, title, body, base"),
    ("/comment", "number, body"),
    ("/comment/edit", "id, body"),
    ("/comment/delete", "id"),
    (
        "/review",
        "number, event (APPROVE, REQUEST_CHANGES, COMMENT), body; on a file: path, line",
    ),
    ("/review/dismiss", "number, id"),
    ("/reply", "id of a review comment, body"),
    ("/resolve", "id of a review comment"),
    ("/unresolve", "id of a review comment"),
    ("/ready", "number"),
    ("/draft", "number"),
    ("/close", "number"),
    ("/reopen", "number"),
    ("/merge", "number"),
    ("/queue", "base: gives that branch (main) a merge queue"),
    ("/enqueue", "number: puts it into the queue of its base"),
    ("/dequeue", "number"),
    ("/rerun", "id of a check run"),
    ("/button", "id of a check run, identifier"),
    ("/redeliver", "guid of a delivery"),
    (
        "/deliveries",
        "hold, extra_copies, shuffle, lose_per_mille, seed: how webhooks travel from now on",
    ),
    ("/webhook", "url, secret"),
    (
        "/faults",
        "match, kind, times or per_mille, ...: makes the API fail",
    ),
    ("/faults/clear", "nothing ({})"),
];

/// The routes as text for somebody with curl.
fn routes() -> String {
    let list = |rows: &[(&str, &str)]| -> String {
        rows.iter()
            .map(|(path, what)| format!("  {path:<17} {what}\n"))
            .collect()
    };
    format!(
        "GET /_sandbox/...\n{}\nPOST /_sandbox/... with content-type: application/json; `as` is who does it (rob), `repo` where (octo/demo)\n{}",
        list(VIEWS),
        list(ACTIONS)
    )
}

fn review(hub: &Hub, act: &Act, state: ReviewState, body: &str) -> Result<u64, Refusal> {
    let (login, repo) = (act.r#as.as_str(), act.repo.as_str());
    let on_file = act.path.clone().map(|path| LineComment {
        path,
        line: act.line,
        body: body.to_owned(),
    });
    let body = if on_file.is_some() { "" } else { body };
    let comments = on_file.as_slice();
    Ok(hub.review_with_comments(login, repo, act.number, state, body, comments)?)
}

fn push(hub: &Hub, act: &Act) -> Result<String, Refusal> {
    let edits: Vec<FileEdit> = act
        .files
        .iter()
        .map(|(path, text)| match text {
            Some(text) => FileEdit::write(path, text),
            None => FileEdit::delete(path),
        })
        .collect();
    let message = act.message.as_deref().unwrap_or("Work on the discussion");
    Ok(hub
        .push(&act.r#as, &act.repo, &act.branch, message, &edits)?
        .to_string())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HookBody {
    url: String,
    secret: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuidBody {
    guid: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PlanBody {
    hold: bool,
    extra_copies: usize,
    shuffle: Option<u64>,
    lose_per_mille: u16,
    seed: u64,
}

impl PlanBody {
    fn into_plan(self) -> DeliveryPlan {
        DeliveryPlan {
            hold: self.hold,
            extra_copies: self.extra_copies,
            shuffle: self.shuffle,
            lose: (self.lose_per_mille > 0).then_some((self.lose_per_mille, self.seed)),
        }
    }
}

fn state(world: &World) -> Value {
    let repos: Vec<Value> = world
        .repos
        .values()
        .map(|repo| {
            let pulls: Vec<Value> = repo
                .pulls
                .values()
                .map(|pull| pull_state(world, repo, pull))
                .collect();
            json!({"full_name": world.full_name(repo), "id": repo.id, "pulls": pulls})
        })
        .collect();
    let logins: Vec<&str> = world
        .accounts
        .values()
        .map(|account| account.login.as_str())
        .collect();
    json!({
        "api_url": world.hosts.api,
        "graphql_url": world.hosts.graphql,
        "web_url": world.hosts.web,
        "app_id": world.own_app,
        "installations": world.installations.keys().collect::<Vec<_>>(),
        "webhook_url": world.mail.url,
        "accounts": logins,
        "repositories": repos,
    })
}

fn pull_state(world: &World, repo: &Repository, pull: &Pull) -> Value {
    let reasons = world
        .mergeability(repo.id, pull.number)
        .map(|decision| decision.reasons);
    let runs = repo.check_runs.iter().filter(|run| run.head == pull.head);
    let checks: Vec<Value> = runs.map(|run| shape::check_run(world, repo, run)).collect();
    let comments: Vec<Value> = pull
        .comments
        .iter()
        .map(|comment| shape::comment(world, repo, pull, comment))
        .collect();
    let lines = pull.review_comments.iter();
    let lines = lines.map(|comment| shape::review_comment(world, repo, pull, comment));
    json!({
        "number": pull.number,
        "title": pull.title,
        "open": pull.open,
        "merged": pull.merged.is_some(),
        "head": pull.head.as_str(),
        "branch": pull.head_branch,
        "in_the_way": reasons.unwrap_or_default(),
        "checks": checks,
        "comments": comments,
        "review_comments": lines.collect::<Vec<_>>(),
    })
}

fn ledger(world: &World) -> Value {
    let effects: Vec<Value> = world
        .ledger
        .effects
        .iter()
        .map(|effect| {
            json!({
                "at": shape::time(effect.at),
                "request": effect.request,
                "kind": effect.kind.as_str(),
                "repo": effect.repo,
                "target": effect.target,
                "data": effect.data,
            })
        })
        .collect();
    json!({"effects": effects, "requests": world.ledger.counts()})
}

fn deliveries(world: &World) -> Value {
    let one = |delivery: &super::webhook::Delivery| {
        json!({
            "guid": delivery.guid,
            "event": delivery.event,
            "action": delivery.action,
            "redelivery": delivery.redelivery,
            "status": delivery.status,
            "status_code": delivery.status_code,
        })
    };
    world.mail.log.iter().map(one).collect()
}
