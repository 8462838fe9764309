//! Commits: of the REST API, of push payloads, of check suites.

use super::super::git::{ChangeStatus, Commit, GitStore, Ident, Snapshot, changes_between};
use super::super::repository::Repository;
use super::super::state::World;
use super::{node_id, time, user};
use serde_json::{Value, json};

fn git_user(commit: &Commit, who: &Ident) -> Value {
    json!({"name": who.name, "email": who.email, "date": time(commit.at)})
}

/// A commit of the REST API.
pub fn commit(world: &World, repo: &Repository, commit: &Commit) -> Value {
    let full_name = world.full_name(repo);
    let api = format!("{}/repos/{full_name}", world.hosts.api);
    let web = format!("{}/{full_name}", world.hosts.web);
    let account = |who: &Ident| who.account.map_or(Value::Null, |id| user(world, id));
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|sha| {
            json!({
                "sha": sha.as_str(),
                "url": format!("{api}/commits/{sha}"),
                "html_url": format!("{web}/commit/{sha}"),
            })
        })
        .collect();
    json!({
        "sha": commit.oid.as_str(),
        "node_id": node_id("C", &commit.oid),
        "url": format!("{api}/commits/{}", commit.oid),
        "html_url": format!("{web}/commit/{}", commit.oid),
        "comments_url": format!("{api}/commits/{}/comments", commit.oid),
        "commit": {
            "url": format!("{api}/git/commits/{}", commit.oid),
            "author": git_user(commit, &commit.author),
            "committer": git_user(commit, &commit.committer),
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.tree.as_str(), "url": format!("{api}/git/trees/{}", commit.tree)},
            "verification": {
                "verified": commit.verified,
                "reason": if commit.verified { "valid" } else { "unsigned" },
                "signature": null,
                "payload": null,
                "verified_at": null,
            },
        },
        "author": account(&commit.author),
        "committer": account(&commit.committer),
        "parents": parents,
    })
}

/// A commit as listed in a push payload, with the paths it touches.
pub fn push_commit(world: &World, repo: &Repository, commit: &Commit) -> Value {
    let mut value = simple_commit(world, commit);
    let (mut added, mut removed, mut modified) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes_between(&repo.git, &parent_files(&repo.git, commit), &commit.files) {
        match change.status {
            ChangeStatus::Added => added.push(change.path),
            ChangeStatus::Removed => removed.push(change.path),
            ChangeStatus::Modified | ChangeStatus::Changed => modified.push(change.path),
            ChangeStatus::Renamed => {
                removed.extend(change.previous_path);
                added.push(change.path);
            }
        }
    }
    let url = format!(
        "{}/{}/commit/{}",
        world.hosts.web,
        world.full_name(repo),
        commit.oid
    );
    value["url"] = json!(url);
    value["distinct"] = json!(true);
    value["added"] = json!(added);
    value["removed"] = json!(removed);
    value["modified"] = json!(modified);
    value
}

fn parent_files(git: &GitStore, commit: &Commit) -> Snapshot {
    commit
        .parents
        .first()
        .and_then(|parent| git.commit(parent))
        .map(|parent| (*parent.files).clone())
        .unwrap_or_default()
}

/// A commit in short, as check suites and pushes carry it.
pub fn simple_commit(world: &World, commit: &Commit) -> Value {
    let ident = |who: &Ident| {
        let mut value = json!({"name": who.name, "email": who.email});
        if let Some(login) = who.account.and_then(|id| world.login(id)) {
            value["username"] = json!(login);
        }
        value
    };
    json!({
        "id": commit.oid.as_str(),
        "tree_id": commit.tree.as_str(),
        "message": commit.message,
        "timestamp": time(commit.at),
        "author": ident(&commit.author),
        "committer": ident(&commit.committer),
    })
}
