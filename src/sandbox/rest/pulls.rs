//! Pull requests, their files and commits.

use super::super::pulls::pull_changes;
use super::super::repository::Pull;
use super::super::shape;
use super::{Answer, Call, Refusal};
use serde_json::Value;

/// GitHub lists at most so many commits of a pull request.
const COMMIT_LIMIT: usize = 250;

/// `GET /repos/{owner}/{repo}/pulls`
pub fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let repo = call.repo()?;
    let state = call.query.get("state").map_or("open", String::as_str);
    if !["open", "closed", "all"].contains(&state) {
        return Err(Refusal::invalid(
            "PullRequest",
            "state",
            "state must be open, closed or all",
        ));
    }
    let wanted = |pull: &&Pull| match state {
        "all" => true,
        other => pull.open == (other == "open"),
    };
    let label = |pull: &Pull| {
        let owner = pull
            .head_repo
            .and_then(|id| call.world.repos.get(&id))
            .map(|repo| repo.owner);
        let login = owner
            .and_then(|owner| call.world.login(owner))
            .unwrap_or_default();
        format!("{login}:{}", pull.head_branch)
    };
    let mut found: Vec<&Pull> = repo
        .pulls
        .values()
        .filter(wanted)
        .filter(|pull| {
            call.query
                .get("base")
                .is_none_or(|base| pull.base_branch == *base)
        })
        // Without an owner GitHub ignores the filter, which has surprised many.
        .filter(|pull| {
            call.query
                .get("head")
                .is_none_or(|head| !head.contains(':') || label(pull) == *head)
        })
        .collect();
    if call.query.get("direction").map(String::as_str) != Some("asc") {
        found.reverse();
    }
    let listed: Vec<Value> = found
        .into_iter()
        .map(|pull| shape::pull_simple(call.world, repo, pull))
        .collect();
    call.page(listed)
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}`
pub fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let pull = call.pull("pull_number")?;
    Ok(Answer::ok(shape::pull_full(call.world, call.repo()?, pull)))
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/files`
pub fn files(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let listed: Vec<Value> = pull_changes(repo, pull)
        .iter()
        .take(call.world.file_limit)
        .map(|change| shape::changed_file(call.world, repo, &pull.head, change))
        .collect();
    call.page(listed)
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/commits`
pub fn commits(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let listed: Vec<Value> = repo
        .git
        .commits_ahead(&pull.base, &pull.head)
        .iter()
        .take(COMMIT_LIMIT)
        .map(|commit| shape::commit(call.world, repo, commit))
        .collect();
    call.page(listed)
}
