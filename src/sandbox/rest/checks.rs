//! Check runs, with the limits GitHub enforces.

use super::super::git::Oid;
use super::super::ledger::EffectKind;
use super::super::repository::CheckRun;
use super::super::shape;
use super::super::state::Time;
use super::{Answer, Call, Page, Refusal};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Longest summary and text, in bytes; GitHub's documentation says characters.
const OUTPUT_BYTES: usize = 65_535;
/// Annotations in one request.
const ANNOTATIONS: usize = 50;
/// Buttons of a run.
const ACTIONS: usize = 3;
/// Conclusions an App may set; `stale` is GitHub's own.
const CONCLUSIONS: [&str; 7] = [
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
];

/// What a create or update request may set, already judged.
struct Fields {
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    annotations: Vec<Value>,
}

fn judge(body: &Value) -> Result<Fields, Refusal> {
    let status = one_of(body, "status", &["queued", "in_progress", "completed"])?;
    let conclusion = one_of(body, "conclusion", &CONCLUSIONS)?;
    if status.as_deref() == Some("completed") && conclusion.is_none() {
        return Err(Refusal::unfit("\"conclusion\" wasn't supplied."));
    }
    if !body["completed_at"].is_null() && conclusion.is_none() {
        return Err(Refusal::unfit("\"conclusion\" wasn't supplied."));
    }
    judge_actions(&body["actions"])?;
    Ok(Fields {
        // A conclusion alone completes the run.
        status: if conclusion.is_some() {
            Some("completed".to_owned())
        } else {
            status
        },
        conclusion,
        started_at: moment(body, "started_at")?,
        completed_at: moment(body, "completed_at")?,
        annotations: judge_output(&body["output"])?,
    })
}

fn one_of(body: &Value, name: &str, allowed: &[&str]) -> Result<Option<String>, Refusal> {
    match &body[name] {
        Value::Null => Ok(None),
        Value::String(word) if allowed.contains(&word.as_str()) => Ok(Some(word.clone())),
        other => Err(Refusal::unfit(&format!(
            "{other} is not a member of {allowed:?}."
        ))),
    }
}

fn moment(body: &Value, name: &str) -> Result<Option<Time>, Refusal> {
    match &body[name] {
        Value::Null => Ok(None),
        value => value
            .as_str()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .map(|at| Some(at.with_timezone(&Utc)))
            .ok_or_else(|| Refusal::unfit(&format!("{value} is not a date-time."))),
    }
}

fn judge_output(output: &Value) -> Result<Vec<Value>, Refusal> {
    if output.is_null() {
        return Ok(Vec::new());
    }
    for name in ["title", "summary"] {
        if !output[name].is_string() {
            return Err(Refusal::unfit(&format!("\"{name}\" wasn't supplied.")));
        }
    }
    for name in ["summary", "text"] {
        if output[name]
            .as_str()
            .is_some_and(|text| text.len() > OUTPUT_BYTES)
        {
            let problem = format!("Only {OUTPUT_BYTES} characters are allowed; {name} is longer.");
            return Err(Refusal::unfit(&problem));
        }
    }
    let annotations = output["annotations"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if annotations.len() > ANNOTATIONS {
        return Err(Refusal::unfit(&format!(
            "No more than {ANNOTATIONS} items are allowed; {} were supplied.",
            annotations.len()
        )));
    }
    annotations.iter().try_for_each(judge_annotation)?;
    Ok(annotations)
}

fn judge_annotation(annotation: &Value) -> Result<(), Refusal> {
    let text = |name: &str| annotation[name].as_str();
    let line = |name: &str| annotation[name].as_u64().filter(|line| *line > 0);
    let fits = text("path").is_some_and(|path| !path.is_empty())
        && matches!((line("start_line"), line("end_line")), (Some(start), Some(end)) if start <= end)
        && text("annotation_level")
            .is_some_and(|level| ["notice", "warning", "failure"].contains(&level))
        && text("message").is_some_and(|message| !message.is_empty() && message.len() <= 64 * 1024)
        && text("title").is_none_or(|title| title.chars().count() <= 255);
    if fits {
        Ok(())
    } else {
        Err(Refusal::unfit(&format!(
            "{annotation} is not a valid annotation."
        )))
    }
}

fn judge_actions(actions: &Value) -> Result<(), Refusal> {
    let Some(actions) = actions.as_array() else {
        return Ok(());
    };
    if actions.len() > ACTIONS {
        return Err(Refusal::unfit(&format!(
            "No more than {ACTIONS} items are allowed in actions."
        )));
    }
    for action in actions {
        for (name, limit) in [("label", 20), ("description", 40), ("identifier", 20)] {
            let text = action[name].as_str();
            let text =
                text.ok_or_else(|| Refusal::unfit(&format!("\"{name}\" wasn't supplied.")))?;
            if text.chars().count() > limit {
                return Err(Refusal::unfit(&format!(
                    "Only {limit} characters are allowed in {name}."
                )));
            }
        }
    }
    Ok(())
}

/// `POST /repos/{owner}/{repo}/check-runs`
pub fn create(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let name = call.text("name")?;
    let sha = call.text("head_sha")?;
    let fields = judge(&call.body)?;
    let head =
        Oid::parse(&sha).filter(|oid| call.repo().is_ok_and(|repo| repo.git.commit(oid).is_some()));
    let head = head.ok_or_else(|| Refusal::new(422, format!("No commit found for SHA: {sha}")))?;
    let now = call.world.now();
    let mut run = CheckRun {
        id: 0,
        app: call.world.own_app,
        suite: 0,
        name,
        head,
        external_id: String::new(),
        details_url: None,
        status: "queued".to_owned(),
        conclusion: None,
        started_at: Some(now),
        completed_at: None,
        title: None,
        summary: None,
        text: None,
        annotations: Vec::new(),
        actions: Vec::new(),
        visible_from: now,
    };
    let body = call.body.clone();
    set(&mut run, &body, fields, now);
    let repo = call.repo;
    let id = call.world.add_check(repo, run)?;
    let answer = shown(call, id)?;
    note(call, EffectKind::CheckCreated, id);
    Ok(Answer {
        status: 201,
        ..answer
    })
}

/// `PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}`
pub fn update(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("check_run_id")?;
    let (repo, own_app, now) = (call.repo, call.world.own_app, call.world.now());
    let fields = judge(&call.body)?;
    let body = call.body.clone();
    let run = call
        .world
        .check_mut(repo, id)
        .ok_or_else(Refusal::not_found)?;
    if run.app != own_app {
        return Err(Refusal::new(
            403,
            "Invalid app_id `".to_owned()
                + &own_app.to_string()
                + "` - check run can only be modified by the GitHub App that created it.",
        ));
    }
    let was_completed = run.status == "completed";
    if let Some(name) = body["name"].as_str() {
        run.name = name.to_owned();
    }
    set(run, &body, fields, now);
    let completes = !was_completed && run.status == "completed";
    if completes {
        let bot = call.bot();
        call.world
            .announce_check(repo, id, bot, "completed", json!({}));
    }
    note(call, EffectKind::CheckUpdated, id);
    shown(call, id)
}

/// Takes over what the request sets; annotations add up over requests.
fn set(run: &mut CheckRun, body: &Value, fields: Fields, now: Time) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(status) = fields.status {
        run.status = status;
        // Going back to an unfinished state takes the conclusion away.
        run.conclusion = fields.conclusion;
        run.completed_at =
            (run.status == "completed").then_some(fields.completed_at.unwrap_or(now));
    }
    run.started_at = fields.started_at.or(run.started_at);
    run.external_id = text(&body["external_id"]).unwrap_or_else(|| run.external_id.clone());
    run.details_url = text(&body["details_url"]).or_else(|| run.details_url.take());
    if body["output"].is_object() {
        run.title = text(&body["output"]["title"]);
        run.summary = text(&body["output"]["summary"]);
        run.text = text(&body["output"]["text"]);
        run.annotations.extend(fields.annotations);
    }
    if let Some(actions) = body["actions"].as_array() {
        run.actions = actions.clone();
    }
}

fn note(call: &mut Call<'_>, kind: EffectKind, id: u64) {
    let Some(run) = call.world.check_mut(call.repo, id).cloned() else {
        return;
    };
    let data = json!({
        "id": id,
        "name": run.name,
        "status": run.status,
        "conclusion": run.conclusion,
        "title": run.title,
        "summary": run.summary,
        "external_id": run.external_id,
    });
    call.note(kind, run.head.as_str(), data);
}

fn shown(call: &Call<'_>, id: u64) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let run = repo
        .check_runs
        .iter()
        .find(|run| run.id == id)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(shape::check_run(call.world, repo, run)))
}

/// `GET /repos/{owner}/{repo}/check-runs/{check_run_id}`
pub fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    shown(call, call.number("check_run_id")?)
}

/// `GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations`
pub fn annotations(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("check_run_id")?;
    let repo = call.repo()?;
    let mut runs = repo.check_runs.iter();
    let run = runs.find(|run| run.id == id);
    let run = run.ok_or_else(Refusal::not_found)?;
    let shown = |posted| shape::annotation(call.world, repo, run, posted);
    call.page(run.annotations.iter().map(shown).collect())
}

/// `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`
pub fn list_for_ref(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let commit = super::commits::resolve(call, call.param("ref"))?;
    let now = call.world.now();
    let asked = |name: &str| call.query.get(name);
    let mut found: Vec<&CheckRun> = repo
        .check_runs
        .iter()
        .filter(|run| run.head == commit.oid && run.visible_from <= now)
        .filter(|run| asked("check_name").is_none_or(|name| run.name == *name))
        .filter(|run| asked("app_id").is_none_or(|id| run.app.to_string() == *id))
        .filter(|run| asked("status").is_none_or(|status| run.status == *status))
        .collect();
    found.reverse();
    if asked("filter").map_or("latest", String::as_str) != "all" {
        let mut seen = std::collections::HashSet::new();
        found.retain(|run| seen.insert((run.app, run.name.clone())));
    }
    let total = found.len();
    let Page {
        start,
        end,
        headers,
    } = call.page_bounds(total)?;
    let page = found.get(start..end).unwrap_or_default();
    let runs: Vec<Value> = page
        .iter()
        .map(|run| shape::check_run(call.world, repo, run))
        .collect();
    let mut answer = Answer::ok(json!({"total_count": total, "check_runs": runs}));
    answer.headers = headers;
    Ok(answer)
}
