//! Check runs and check suites.

use super::super::git::Oid;
use super::super::repository::{CheckRun, CheckSuite, Repository};
use super::super::state::World;
use super::super::web_path;
use super::{app, node_id, simple_commit, time};
use serde_json::{Value, json};

/// Open pull requests of this repository's own branches with that head. GitHub leaves forks out.
fn pull_requests(world: &World, repo: &Repository, head: &Oid) -> Vec<Value> {
    let url = format!("{}/repos/{}", world.hosts.api, world.full_name(repo));
    let place = json!({"id": repo.id, "url": url, "name": repo.name});
    repo.open_with_head(head)
        .filter(|pull| pull.head_repo == Some(repo.id))
        .map(|pull| {
            json!({
                "id": pull.id,
                "number": pull.number,
                "url": format!("{url}/pulls/{}", pull.number),
                "head": {"ref": pull.head_branch, "sha": pull.head.as_str(), "repo": place},
                "base": {"ref": pull.base_branch, "sha": pull.base.as_str(), "repo": place},
            })
        })
        .collect()
}

/// A check run.
pub fn check_run(world: &World, repo: &Repository, run: &CheckRun) -> Value {
    let full_name = world.full_name(repo);
    let url = format!(
        "{}/repos/{full_name}/check-runs/{}",
        world.hosts.api, run.id
    );
    // Without a page of its own a run links to the App's.
    let home = world
        .apps
        .get(&run.app)
        .map(|app| format!("{}/{}", world.hosts.web, app.slug));
    json!({
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "name": run.name,
        "head_sha": run.head.as_str(),
        "external_id": run.external_id,
        "url": url,
        "html_url": format!("{}/{full_name}/runs/{}", world.hosts.web, run.id),
        "details_url": run.details_url.clone().or(home),
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at.map_or(Value::Null, time),
        "completed_at": run.completed_at.map_or(Value::Null, time),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": run.annotations.len(),
            "annotations_url": format!("{url}/annotations"),
        },
        "check_suite": {"id": run.suite},
        "app": world.apps.get(&run.app).map_or(Value::Null, |found| app(world, found)),
        "pull_requests": pull_requests(world, repo, &run.head),
    })
}

/// A check suite as deliveries about it carry it.
pub fn check_suite(world: &World, repo: &Repository, suite: &CheckSuite) -> Value {
    let mut value = check_suite_of_run(world, repo, suite);
    let runs = repo.check_runs.iter().filter(|run| run.suite == suite.id);
    let head_commit = repo
        .git
        .commit(&suite.head)
        .map(|commit| simple_commit(world, commit));
    let url = value["url"].as_str().unwrap_or_default().to_owned();
    value["rerequestable"] = json!(true);
    value["runs_rerequestable"] = json!(true);
    value["latest_check_runs_count"] = json!(runs.count());
    value["check_runs_url"] = json!(format!("{url}/check-runs"));
    value["head_commit"] = json!(head_commit);
    value
}

/// A check suite inside a delivery about one of its runs.
pub fn check_suite_of_run(world: &World, repo: &Repository, suite: &CheckSuite) -> Value {
    let url = format!(
        "{}/repos/{}/check-suites/{}",
        world.hosts.api,
        world.full_name(repo),
        suite.id
    );
    let mut runs = repo.check_runs.iter().rev();
    let newest = runs.find(|run| run.suite == suite.id);
    json!({
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.branch,
        "head_sha": suite.head.as_str(),
        "status": newest.map_or("queued", |run| run.status.as_str()),
        "conclusion": newest.and_then(|run| run.conclusion.as_deref()),
        "url": url,
        "before": suite.before.as_ref().map(Oid::as_str),
        "after": suite.head.as_str(),
        "pull_requests": pull_requests(world, repo, &suite.head),
        "app": world.apps.get(&suite.app).map_or(Value::Null, |found| app(world, found)),
        "created_at": time(suite.created_at),
        "updated_at": time(suite.created_at),
    })
}

/// An annotation: as posted, with what GitHub adds.
pub fn annotation(world: &World, repo: &Repository, run: &CheckRun, posted: &Value) -> Value {
    let path = posted["path"].as_str().unwrap_or_default();
    let place = format!("{}/blob/{}", world.full_name(repo), run.head);
    let mut value = json!({
        "blob_href": format!("{}/{place}/{}", world.hosts.web, web_path(path)),
    });
    for name in [
        "path",
        "start_line",
        "end_line",
        "start_column",
        "end_column",
        "annotation_level",
        "title",
        "message",
        "raw_details",
    ] {
        value[name] = posted[name].clone();
    }
    value
}
