//! Repositories.

use super::super::repository::Repository;
use super::super::state::World;
use super::{add_urls, node_id, object, time, user};
use serde_json::{Value, json};

/// A repository as its own address shows it.
pub fn full_repository(world: &World, repo: &Repository) -> Value {
    let mut value = repository(world, repo);
    value["subscribers_count"] = json!(0);
    value["network_count"] = json!(0);
    value
}

/// A repository inside other answers and in deliveries.
pub fn repository(world: &World, repo: &Repository) -> Value {
    let full_name = world.full_name(repo);
    let api = format!("{}/repos/{full_name}", world.hosts.api);
    let web = format!("{}/{full_name}", world.hosts.web);
    let open_pulls = repo.pulls.values().filter(|pull| pull.open).count();
    let mut value = object(json!({
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": full_name,
        "private": repo.private,
        "visibility": if repo.private { "private" } else { "public" },
        "owner": user(world, repo.owner),
        "description": null,
        "fork": repo.fork_of.is_some(),
        "homepage": null,
        "language": null,
        "license": null,
        "mirror_url": null,
        "size": 1,
        "default_branch": repo.default_branch,
        "archived": repo.archived,
        "disabled": false,
        "is_template": false,
        "topics": [],
        "created_at": time(repo.created_at),
        "updated_at": time(repo.pushed_at),
        "pushed_at": time(repo.pushed_at),
        "url": api,
        "html_url": web,
        "git_url": format!("git://sandbox.invalid/{full_name}.git"),
        "ssh_url": format!("git@sandbox.invalid:{full_name}.git"),
        "clone_url": format!("{web}.git"),
        "svn_url": web,
        "open_issues": open_pulls,
        "open_issues_count": open_pulls,
        "allow_forking": true,
        "web_commit_signoff_required": false,
    }));
    for name in [
        "forks",
        "forks_count",
        "stargazers_count",
        "watchers",
        "watchers_count",
    ] {
        value.insert(name.to_owned(), json!(0));
    }
    for name in [
        "has_issues",
        "has_projects",
        "has_wiki",
        "has_downloads",
        "has_pages",
    ] {
        value.insert(name.to_owned(), json!(name != "has_pages"));
    }
    value.insert("has_discussions".to_owned(), json!(false));
    add_urls(&mut value, &api, REPOSITORY_URLS);
    Value::Object(value)
}

const REPOSITORY_URLS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];
