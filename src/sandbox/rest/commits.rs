//! Commits, comparisons, and which pull requests a commit belongs to.

use super::super::git::{Commit, changes_between};
use super::super::shape;
use super::{Answer, Call, Page, Refusal};
use serde_json::{Value, json};
use std::sync::Arc;

/// A comparison lists at most so many files.
const COMPARE_FILES: usize = 300;

/// The commit a branch name or id means.
pub(super) fn resolve(call: &Call<'_>, reference: &str) -> Result<Arc<Commit>, Refusal> {
    let found = call.repo()?.git.resolve(reference).cloned();
    found.ok_or_else(|| Refusal::new(422, format!("No commit found for SHA: {reference}")))
}

/// `GET /repos/{owner}/{repo}/commits/{ref}`
pub fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let commit = resolve(call, call.param("ref"))?;
    let before = commit
        .parents
        .first()
        .map(|parent| repo.files_at(parent))
        .unwrap_or_default();
    let changes = changes_between(&repo.git, &before, &commit.files);
    let (additions, deletions) = changes.iter().fold((0, 0), |(added, deleted), change| {
        (added + change.additions, deleted + change.deletions)
    });
    let files: Vec<Value> = changes
        .iter()
        .take(COMPARE_FILES)
        .map(|change| shape::changed_file(call.world, repo, &commit.oid, change))
        .collect();
    let mut value = shape::commit(call.world, repo, &commit);
    value["stats"] =
        json!({"additions": additions, "deletions": deletions, "total": additions + deletions});
    value["files"] = json!(files);
    Ok(Answer::ok(value))
}

/// `GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls`: also those of forks, open ones and the one that merged it.
pub fn pulls(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let commit = resolve(call, call.param("ref"))?;
    let listed: Vec<Value> = repo
        .pulls
        .values()
        .filter(|pull| {
            pull.head == commit.oid
                || repo
                    .git
                    .commits_ahead(&pull.base, &pull.head)
                    .iter()
                    .any(|c| c.oid == commit.oid)
        })
        .map(|pull| shape::pull_simple(call.world, repo, pull))
        .collect();
    call.page(listed)
}

/// `GET /repos/{owner}/{repo}/compare/{base}...{head}`
pub fn compare(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let spec = call.param("basehead");
    let (base, head) = spec.split_once("...").ok_or_else(Refusal::not_found)?;
    let missing = |_| Refusal::not_found();
    let base = resolve(call, base).map_err(missing)?;
    let head = resolve(call, head).map_err(missing)?;
    let common = repo.git.merge_base(&base.oid, &head.oid);
    let common = common.ok_or_else(|| {
        Refusal::new(
            404,
            format!("No common ancestor between {} and {}.", base.oid, head.oid),
        )
    })?;
    let ahead = repo.git.commits_ahead(&base.oid, &head.oid);
    let behind = repo.git.commits_ahead(&head.oid, &base.oid).len();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let Page {
        start,
        end,
        headers,
    } = call.page_bounds(ahead.len())?;
    let page = ahead.get(start..end).unwrap_or_default();
    let commits: Vec<Value> = page
        .iter()
        .map(|c| shape::commit(call.world, repo, c))
        .collect();
    let files: Vec<Value> = changes_between(&repo.git, &common.files, &head.files)
        .iter()
        .take(COMPARE_FILES)
        .map(|change| shape::changed_file(call.world, repo, &head.oid, change))
        .collect();
    let full_name = call.world.full_name(repo);
    let web = format!("{}/{full_name}/compare/{spec}", call.world.hosts.web);
    let mut answer = Answer::ok(json!({
        "url": format!("{}/repos/{full_name}/compare/{spec}", call.world.hosts.api),
        "html_url": web,
        "permalink_url": web,
        "diff_url": format!("{web}.diff"),
        "patch_url": format!("{web}.patch"),
        "base_commit": shape::commit(call.world, repo, &base),
        "merge_base_commit": shape::commit(call.world, repo, &common),
        "status": status,
        "ahead_by": ahead.len(),
        "behind_by": behind,
        "total_commits": ahead.len(),
        "commits": commits,
        "files": files,
    }));
    answer.headers = headers;
    Ok(answer)
}
