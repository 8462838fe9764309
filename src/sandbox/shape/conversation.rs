//! The conversation of a pull request: its issue side, comments, reactions.

use super::super::repository::{Comment, Pull, Reaction, ReactionTarget, Repository};
use super::super::state::World;
use super::{app, association, node_id, time, user};
use serde_json::{Value, json};

/// Reaction words of the API.
pub const REACTIONS: [&str; 8] = [
    "+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes",
];

/// The issue that every pull request also is, as `issue_comment` payloads carry it.
pub fn issue(world: &World, repo: &Repository, pull: &Pull) -> Value {
    let full_name = world.full_name(repo);
    let url = format!(
        "{}/repos/{full_name}/issues/{}",
        world.hosts.api, pull.number
    );
    let html = format!("{}/{full_name}/pull/{}", world.hosts.web, pull.number);
    let merged_at = pull
        .merged
        .as_ref()
        .and(pull.closed_at)
        .map_or(Value::Null, time);
    json!({
        "id": pull.id + 1,
        "node_id": node_id("PR", pull.id),
        "number": pull.number,
        "url": url,
        "repository_url": format!("{}/repos/{full_name}", world.hosts.api),
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "html_url": html,
        "title": pull.title,
        "body": pull.body,
        "state": if pull.open { "open" } else { "closed" },
        "state_reason": null,
        "locked": pull.locked,
        "active_lock_reason": null,
        "draft": pull.draft,
        "user": user(world, pull.author),
        "labels": [],
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "comments": pull.comments.len(),
        "created_at": time(pull.created_at),
        "updated_at": time(pull.updated_at),
        "closed_at": pull.closed_at.map_or(Value::Null, time),
        "author_association": association(world, repo, pull.author),
        "performed_via_github_app": null,
        "reactions": {"url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0,
            "confused": 0, "heart": 0, "hooray": 0, "rocket": 0, "eyes": 0},
        "timeline_url": format!("{url}/timeline"),
        "pull_request": {
            "url": format!("{}/repos/{full_name}/pulls/{}", world.hosts.api, pull.number),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "merged_at": merged_at,
        },
    })
}

/// A conversation comment.
pub fn comment(world: &World, repo: &Repository, pull: &Pull, comment: &Comment) -> Value {
    let full_name = world.full_name(repo);
    let api = format!("{}/repos/{full_name}/issues", world.hosts.api);
    let url = format!("{api}/comments/{}", comment.id);
    let html = format!(
        "{}/{full_name}/pull/{}#issuecomment-{}",
        world.hosts.web, pull.number, comment.id
    );
    let through = comment.app.and_then(|id| world.apps.get(&id));
    json!({
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": url,
        "html_url": html,
        "issue_url": format!("{api}/{}", pull.number),
        "user": user(world, comment.author),
        "body": comment.body,
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "author_association": association(world, repo, comment.author),
        "performed_via_github_app": through.map_or(Value::Null, |found| app(world, found)),
        "reactions": rollup(repo, ReactionTarget::IssueComment(comment.id), &url),
    })
}

/// How often each reaction was given.
pub(in crate::sandbox) fn rollup(repo: &Repository, target: ReactionTarget, url: &str) -> Value {
    let given: Vec<&Reaction> = repo
        .reactions
        .iter()
        .filter(|r| r.target == target)
        .collect();
    let mut value = json!({"url": format!("{url}/reactions"), "total_count": given.len()});
    for word in REACTIONS {
        value[word] = json!(
            given
                .iter()
                .filter(|reaction| reaction.content == word)
                .count()
        );
    }
    value
}

/// A reaction.
pub fn reaction(world: &World, reaction: &Reaction) -> Value {
    json!({
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": user(world, reaction.author),
        "content": reaction.content,
        "created_at": time(reaction.created_at),
    })
}
