//! Pull requests, their files, reviews and line comments.

use super::super::accounts::Role;
use super::super::git::{self, FileChange, Oid};
use super::super::pulls::pull_changes;
use super::super::repository::{Pull, Repository, Review, ReviewComment};
use super::super::state::{AccountId, World};
use super::super::threads::present_line;
use super::{add_urls, node_id, object, repository, time, user};
use serde_json::{Map, Value, json};

/// How an account relates to a repository.
pub fn association(world: &World, repo: &Repository, account: AccountId) -> &'static str {
    if repo.owner == account {
        return "OWNER";
    }
    match world.role(repo, account) {
        Some(Role::Read | Role::Triage | Role::Write | Role::Maintain | Role::Admin) => {
            "COLLABORATOR"
        }
        None if repo
            .pulls
            .values()
            .any(|p| p.author == account && p.merged.is_some()) =>
        {
            "CONTRIBUTOR"
        }
        None => "NONE",
    }
}

/// One side (`head` or `base`) of a pull request.
fn side(
    world: &World,
    repo: Option<&Repository>,
    fallback_owner: AccountId,
    branch: &str,
    sha: &Oid,
) -> Value {
    let owner = repo.map_or(fallback_owner, |repo| repo.owner);
    json!({
        "label": format!("{}:{branch}", world.login(owner).unwrap_or("unknown")),
        "ref": branch,
        "sha": sha.as_str(),
        "user": user(world, owner),
        "repo": repo.map_or(Value::Null, |repo| repository(world, repo)),
    })
}

/// Where a pull request is found: in the API, and on the web.
fn addresses(world: &World, repo: &Repository, pull: &Pull) -> (String, String) {
    let (hosts, full_name, number) = (&world.hosts, world.full_name(repo), pull.number);
    (
        format!("{}/repos/{full_name}/pulls/{number}", hosts.api),
        format!("{}/{full_name}/pull/{number}", hosts.web),
    )
}

/// A pull request as listings show it.
pub fn pull_simple(world: &World, repo: &Repository, pull: &Pull) -> Value {
    let full_name = world.full_name(repo);
    let api = format!("{}/repos/{full_name}", world.hosts.api);
    let number = pull.number;
    let (url, html) = addresses(world, repo, pull);
    let issue = format!("{api}/issues/{number}");
    let merged_at = pull.merged.as_ref().and(pull.closed_at);
    let head_repo = pull.head_repo.and_then(|id| world.repos.get(&id));
    let mut value = object(json!({
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": number,
        "state": if pull.open { "open" } else { "closed" },
        "locked": pull.locked,
        "active_lock_reason": null,
        "title": pull.title,
        "user": user(world, pull.author),
        "body": pull.body,
        "labels": [],
        "milestone": null,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "created_at": time(pull.created_at),
        "updated_at": time(pull.updated_at),
        "closed_at": pull.closed_at.map_or(Value::Null, time),
        "merged_at": merged_at.map_or(Value::Null, time),
        "merge_commit_sha": pull.merged.as_ref().map(|merge| merge.commit.as_str()),
        "draft": pull.draft,
        "head": side(world, head_repo, pull.author, &pull.head_branch, &pull.head),
        "base": side(world, Some(repo), repo.owner, &pull.base_branch, &pull.base),
        "author_association": association(world, repo, pull.author),
        "auto_merge": null,
    }));
    let mut links = Map::new();
    for (name, member, href) in [
        ("self", "url", url.clone()),
        ("html", "html_url", html.clone()),
        ("issue", "issue_url", issue.clone()),
        ("comments", "comments_url", format!("{issue}/comments")),
        (
            "review_comments",
            "review_comments_url",
            format!("{url}/comments"),
        ),
        (
            "review_comment",
            "review_comment_url",
            format!("{api}/pulls/comments{{/number}}"),
        ),
        ("commits", "commits_url", format!("{url}/commits")),
        (
            "statuses",
            "statuses_url",
            format!("{api}/statuses/{}", pull.head),
        ),
    ] {
        links.insert(name.to_owned(), json!({"href": href}));
        value.insert(member.to_owned(), json!(href));
    }
    value.insert("_links".to_owned(), Value::Object(links));
    add_urls(
        &mut value,
        &html,
        &[("diff_url", ".diff"), ("patch_url", ".patch")],
    );
    Value::Object(value)
}

/// A pull request in full, as its own address and webhooks show it.
pub fn pull_full(world: &World, repo: &Repository, pull: &Pull) -> Value {
    let mut value = pull_simple(world, repo, pull);
    let changes = pull_changes(repo, pull);
    let commits = repo.git.commits_ahead(&pull.base, &pull.head).len();
    let sum = |count: fn(&FileChange) -> usize| changes.iter().map(count).sum::<usize>();
    let merged_by = pull
        .merged
        .as_ref()
        .map_or(Value::Null, |merge| user(world, merge.by));
    let extra = json!({
        "merged": pull.merged.is_some(),
        "mergeable": if pull.open { json!(true) } else { Value::Null },
        "rebaseable": null,
        "mergeable_state": if pull.draft { "draft" } else { "unknown" },
        "merged_by": merged_by,
        "comments": pull.comments.len(),
        "review_comments": pull.review_comments.len(),
        "maintainer_can_modify": false,
        "commits": commits,
        "additions": sum(|change| change.additions),
        "deletions": sum(|change| change.deletions),
        "changed_files": changes.len(),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut value, extra) {
        all.extend(more);
    }
    value
}

/// One entry of a pull request's file listing.
pub fn changed_file(world: &World, repo: &Repository, head: &Oid, change: &FileChange) -> Value {
    let full_name = world.full_name(repo);
    let web = format!("{}/{full_name}", world.hosts.web);
    let path = super::super::web_path(&change.path);
    let mut value = json!({
        "sha": change.file.oid.as_str(),
        "filename": change.path,
        "status": change.status.as_str(),
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": format!("{web}/blob/{head}/{path}"),
        "raw_url": format!("{web}/raw/{head}/{path}"),
        "contents_url": format!("{}/repos/{full_name}/contents/{path}?ref={head}", world.hosts.api),
    });
    if let Some(previous) = &change.previous_path {
        value["previous_filename"] = json!(previous);
    }
    if let Some(patch) = git::patch(&repo.git, change) {
        value["patch"] = json!(patch);
    }
    value
}

/// A review as REST answers have it.
pub fn review(world: &World, repo: &Repository, pull: &Pull, review: &Review) -> Value {
    let (pull_url, pull_html) = addresses(world, repo, pull);
    let html = format!("{pull_html}#pullrequestreview-{}", review.id);
    json!({
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user(world, review.author),
        "body": review.body,
        "state": review.state.as_str(),
        "html_url": html,
        "pull_request_url": pull_url,
        "_links": {"html": {"href": html}, "pull_request": {"href": pull_url}},
        "submitted_at": time(review.submitted_at),
        "commit_id": review.commit.as_str(),
        "author_association": association(world, repo, review.author),
    })
}

/// A comment on a line of the diff.
pub fn review_comment(
    world: &World,
    repo: &Repository,
    pull: &Pull,
    comment: &ReviewComment,
) -> Value {
    let (pull_url, pull_html) = addresses(world, repo, pull);
    let url = format!(
        "{}/repos/{}/pulls/comments/{}",
        world.hosts.api,
        world.full_name(repo),
        comment.id
    );
    let html = format!("{pull_html}#discussion_r{}", comment.id);
    let line = present_line(repo, pull, comment);
    let mut value = json!({
        "id": comment.id,
        "node_id": node_id("PRRC", comment.id),
        "pull_request_review_id": comment.review,
        "url": url,
        "html_url": html,
        "pull_request_url": pull_url,
        "_links": {"self": {"href": url}, "html": {"href": html}, "pull_request": {"href": pull_url}},
        "diff_hunk": "",
        "path": comment.path,
        "position": line,
        "original_position": comment.line,
        "line": line,
        "original_line": comment.line,
        "start_line": null,
        "original_start_line": null,
        "start_side": null,
        "side": "RIGHT",
        "subject_type": if comment.line.is_some() { "line" } else { "file" },
        "commit_id": comment.commit.as_str(),
        "original_commit_id": comment.commit.as_str(),
        "user": user(world, comment.author),
        "body": comment.body,
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "author_association": association(world, repo, comment.author),
        "reactions": super::conversation::rollup(
            repo,
            super::super::repository::ReactionTarget::ReviewComment(comment.id),
            &url,
        ),
    });
    if let Some(opening) = comment.in_reply_to {
        value["in_reply_to_id"] = json!(opening);
    }
    value
}
