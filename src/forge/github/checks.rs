//! Check runs. Octocrab's models lack buttons, external ids and the owning App, so the bodies are built here.

use super::super::{Annotation, CheckRun, ExistingCheck, ForgeError};
use super::limits::Lane;
use super::transport::{Request, query_value};
use super::{GitHub, PER_PAGE, repo_route};
use crate::ids::{PullRequest, Sha};
use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use serde_json::{Value, json};

/// GitHub takes this many annotations per request; later requests add to them.
const ANNOTATIONS_PER_REQUEST: usize = 50;
/// Pages of runs of one name on one commit; GitHub itself keeps 1,000.
const MAX_PAGES: usize = 10;

#[derive(Deserialize)]
struct Created {
    id: u64,
}

#[derive(Deserialize)]
struct List {
    check_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    name: String,
    external_id: Option<String>,
    conclusion: Option<String>,
    app: Option<Owner>,
}

#[derive(Deserialize)]
struct Owner {
    id: u64,
}

impl GitHub {
    /// With several pages of annotations the run is in progress until the last: a run that is cut short by an error is
    /// never green.
    pub(super) async fn write_new_check(
        &self,
        pr: &PullRequest,
        check: &CheckRun,
    ) -> Result<u64, ForgeError> {
        let mut pages = pages(&check.annotations);
        let first = pages.next().unwrap_or_default();
        let mut body = body(check, first, pages.len() == 0);
        body["head_sha"] = check.head.as_str().into();
        if let Some(now) = DateTime::from_timestamp(self.auth.now(), 0) {
            body["started_at"] = now.to_rfc3339_opts(SecondsFormat::Secs, true).into();
        }
        let request =
            Request::post(repo_route(&pr.repo, &["check-runs"]), body).into_lane(Lane::Checks);
        let created: Created = self.json_as_granted(pr, &request).await?;
        self.write_pages(pr, created.id, check, pages).await?;
        Ok(created.id)
    }

    pub(super) async fn write_check(
        &self,
        pr: &PullRequest,
        id: u64,
        check: &CheckRun,
    ) -> Result<(), ForgeError> {
        self.write_pages(pr, id, check, pages(&check.annotations))
            .await
    }

    async fn write_pages(
        &self,
        pr: &PullRequest,
        id: u64,
        check: &CheckRun,
        mut pages: impl ExactSizeIterator<Item = &[Annotation]>,
    ) -> Result<(), ForgeError> {
        let route = repo_route(&pr.repo, &["check-runs", &id.to_string()]);
        while let Some(page) = pages.next() {
            let request = Request::patch(route.clone(), body(check, page, pages.len() == 0))
                .into_lane(Lane::Checks);
            self.call_as_granted(pr, &request).await?;
        }
        Ok(())
    }

    pub(super) async fn read_own_checks(
        &self,
        pr: &PullRequest,
        head: &Sha,
        name: &str,
    ) -> Result<Vec<ExistingCheck>, ForgeError> {
        let app = self.auth.app_id();
        let route = repo_route(&pr.repo, &["commits", head.as_str(), "check-runs"]);
        let query = format!("check_name={}&app_id={app}&filter=all", query_value(name));
        let mut runs: Vec<Run> = Vec::new();
        for page in 1..=MAX_PAGES {
            let request = Request::get(format!("{route}?{query}&per_page={PER_PAGE}&page={page}"));
            let list: List = self.json_as_granted(pr, &request).await?;
            let full = list.check_runs.len() >= PER_PAGE;
            runs.extend(list.check_runs);
            if !full {
                break;
            }
        }
        runs.retain(|run| {
            run.name == name && run.app.as_ref().is_some_and(|owner| owner.id == app)
        });
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(runs.into_iter().map(ExistingCheck::from).collect())
    }
}

impl From<Run> for ExistingCheck {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            name: run.name,
            external_id: run.external_id.unwrap_or_default(),
            conclusion: run.conclusion,
        }
    }
}

/// Annotations in portions; one empty portion if there are none, since the rest of the run must be sent as well.
fn pages(annotations: &[Annotation]) -> std::vec::IntoIter<&[Annotation]> {
    let mut pages: Vec<_> = annotations.chunks(ANNOTATIONS_PER_REQUEST).collect();
    if pages.is_empty() {
        pages.push(&[]);
    }
    pages.into_iter()
}

/// A run as GitHub takes it. `last`: no more annotations follow, so that the conclusion may stand.
fn body(check: &CheckRun, annotations: &[Annotation], last: bool) -> Value {
    let buttons = check.buttons.iter().map(|button| {
        json!({
            "label": button.label,
            "description": button.description,
            "identifier": button.identifier,
        })
    });
    let mut body = json!({
        "name": check.name,
        "status": "in_progress",
        "external_id": check.external_id,
        "output": {
            "title": check.title,
            "summary": check.summary,
            "annotations": annotations.iter().map(annotation).collect::<Vec<_>>(),
        },
        "actions": buttons.collect::<Vec<_>>(),
    });
    if let Some(conclusion) = check.conclusion.filter(|_| last) {
        body["status"] = "completed".into();
        body["conclusion"] = conclusion.as_str().into();
    }
    if let Some(url) = &check.details_url {
        body["details_url"] = url.as_str().into();
    }
    body
}

fn annotation(annotation: &Annotation) -> Value {
    json!({
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": annotation.level.as_str(),
        "title": annotation.title,
        "message": annotation.message,
    })
}
