//! The control routes below `/_sandbox`: acting as people, faults, deliveries and a view of everything, in JSON.
//!
//! For `discussions sandbox` and for poking by hand with curl. They change state only for `content-type:
//! application/json`, which a page in somebody's browser cannot send across origins.

use super::faults::{Fault, FaultKind, Matcher, Times};
use super::hub::Hub;
use super::pulls::{NewPull, PullEdit};
use super::pushes::FileEdit;
use super::repository::{Pull, Repository, ReviewState};
use super::rest::{Answer, Body, Refusal};
use super::seed::DEMO_REPO;
use super::server::Raw;
use super::shape;
use super::state::World;
use super::webhook::DeliveryPlan;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

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
        ("POST", action) if raw.json => change(hub, action, &raw.body),
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
            hub.fault(read::<FaultBody>(bytes)?.into_fault());
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
            json!({"id": hub.review(login, repo, number, state, body)?})
        }
        "/review/dismiss" => done(hub.dismiss_review(login, repo, number, act.id)?),
        "/ready" => done(hub.ready_for_review(login, repo, number)?),
        "/draft" => done(hub.convert_to_draft(login, repo, number)?),
        "/close" => done(hub.close(login, repo, number)?),
        "/reopen" => done(hub.reopen(login, repo, number)?),
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
        "number, event (APPROVE, REQUEST_CHANGES, COMMENT), body",
    ),
    ("/review/dismiss", "number, id"),
    ("/ready", "number"),
    ("/draft", "number"),
    ("/close", "number"),
    ("/reopen", "number"),
    ("/merge", "number"),
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

/// A fault in JSON: `{"match": "writes", "kind": "status", "status": 502, "times": 3}`.
#[derive(Debug, Deserialize)]
struct FaultBody {
    /// `any`, `writes`, `METHOD /route/{pattern}`, or `graphql Operation`.
    r#match: String,
    /// Next so many requests; 1 unless given.
    times: Option<u32>,
    /// Instead of `times`: a share of all requests in thousandths.
    per_mille: Option<u16>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    after: u32,
    #[serde(flatten)]
    kind: KindBody,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum KindBody {
    ApplyThenDrop,
    DropBefore,
    Delay {
        ms: u64,
    },
    Status {
        status: u16,
    },
    ApplyThenStatus {
        status: u16,
    },
    PrimaryLimit {
        reset_in: i64,
    },
    SecondaryLimit {
        status: u16,
        retry_after: Option<String>,
    },
    Html {
        status: u16,
    },
    Garbage,
    TruncatedJson,
    GraphqlErrors {
        errors: Value,
    },
    HideFor {
        seconds: u64,
    },
    Redirect {
        to: String,
    },
}

impl FaultBody {
    fn into_fault(self) -> Fault {
        let matcher = match self.r#match.split_once(' ') {
            Some(("graphql", operation)) => Matcher::Graphql(operation.to_owned()),
            Some((method, route)) => Matcher::Rest(method.to_owned(), route.to_owned()),
            None if self.r#match == "writes" => Matcher::Writes,
            None => Matcher::Any,
        };
        let times = match self.per_mille {
            Some(per_mille) => Times::Chance {
                per_mille,
                seed: self.seed,
            },
            None => Times::Next(self.times.unwrap_or(1)),
        };
        Fault {
            matcher,
            times,
            after: self.after,
            kind: self.kind.into_kind(),
        }
    }
}

impl KindBody {
    fn into_kind(self) -> FaultKind {
        match self {
            Self::ApplyThenDrop => FaultKind::ApplyThenDrop,
            Self::DropBefore => FaultKind::DropBefore,
            Self::Delay { ms } => FaultKind::Delay(Duration::from_millis(ms)),
            Self::Status { status } => FaultKind::Status(status),
            Self::ApplyThenStatus { status } => FaultKind::ApplyThenStatus(status),
            Self::PrimaryLimit { reset_in } => FaultKind::PrimaryLimit { reset_in },
            Self::SecondaryLimit {
                status,
                retry_after,
            } => FaultKind::SecondaryLimit {
                status,
                retry_after,
            },
            Self::Html { status } => FaultKind::Html(status),
            Self::Garbage => FaultKind::Garbage,
            Self::TruncatedJson => FaultKind::TruncatedJson,
            Self::GraphqlErrors { errors } => FaultKind::GraphqlErrors(errors),
            Self::HideFor { seconds } => FaultKind::HideFor(Duration::from_secs(seconds)),
            Self::Redirect { to } => FaultKind::Redirect(to),
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
