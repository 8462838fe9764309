//! Accounts, Apps and installations.

use super::super::accounts::{AccountKind, App, Installation, Permissions};
use super::super::state::{AccountId, World};
use super::{add_urls, node_id, object, time};
use serde_json::{Map, Value, json};

/// An account as `simple-user`; null for a deleted one.
pub fn user(world: &World, id: AccountId) -> Value {
    let Some(account) = world.accounts.get(&id) else {
        return Value::Null;
    };
    let web_path = match account.kind {
        AccountKind::Bot => format!("apps/{}", account.login.trim_end_matches("[bot]")),
        _ => account.login.clone(),
    };
    let kind = match account.kind {
        AccountKind::User => "U",
        AccountKind::Organization => "O",
        AccountKind::Bot => "BOT",
    };
    let encoded = account.login.replace('[', "%5B").replace(']', "%5D");
    let base = format!("{}/users/{encoded}", world.hosts.api);
    let mut user = object(json!({
        "login": account.login,
        "id": account.id,
        "node_id": node_id(kind, account.id),
        "avatar_url": format!("{}/avatars/{}", world.hosts.web, account.id),
        "gravatar_id": "",
        "url": base,
        "html_url": format!("{}/{web_path}", world.hosts.web),
        "type": account.kind.as_str(),
        "user_view_type": "public",
        "site_admin": false,
    }));
    add_urls(
        &mut user,
        &base,
        &[
            ("followers_url", "/followers"),
            ("following_url", "/following{/other_user}"),
            ("gists_url", "/gists{/gist_id}"),
            ("starred_url", "/starred{/owner}{/repo}"),
            ("subscriptions_url", "/subscriptions"),
            ("organizations_url", "/orgs"),
            ("repos_url", "/repos"),
            ("events_url", "/events{/privacy}"),
            ("received_events_url", "/received_events"),
        ],
    );
    Value::Object(user)
}

/// An organization as webhooks name it.
pub fn organization(world: &World, id: u64) -> Value {
    let login = world.login(id).unwrap_or("ghost");
    let url = format!("{}/orgs/{login}", world.hosts.api);
    json!({
        "login": login,
        "id": id,
        "node_id": node_id("O", id),
        "url": url,
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("{}/avatars/{id}", world.hosts.web),
        "description": "",
    })
}

/// An installation as the API lists it: less of it is described than webhooks carry.
pub fn listed_installation(world: &World, found: &Installation) -> Value {
    let mut listed = installation(world, found);
    let parts = [
        ("", "client_id"),
        ("/account", "user_view_type"),
        ("/suspended_by", "user_view_type"),
        ("/permissions", "merge_queues"),
    ];
    for (place, member) in parts {
        if let Some(Value::Object(part)) = listed.pointer_mut(place) {
            part.remove(member);
        }
    }
    listed
}

/// Permissions by name.
pub fn permissions_json(permissions: &Permissions) -> Value {
    let words: Map<String, Value> = permissions
        .iter()
        .map(|(name, access)| (name.clone(), Value::String(access.as_str().to_owned())))
        .collect();
    Value::Object(words)
}

/// An App as `integration`.
pub fn app(world: &World, app: &App) -> Value {
    json!({
        "id": app.id,
        "slug": app.slug,
        "client_id": format!("Iv23li{:014}", app.id),
        "node_id": node_id("A", app.id),
        "owner": user(world, app.owner),
        "name": app.name,
        "description": "",
        "external_url": format!("{}/{}", world.hosts.web, app.slug),
        "html_url": format!("{}/apps/{}", world.hosts.web, app.slug),
        "created_at": time(app.created_at),
        "updated_at": time(app.created_at),
        "permissions": permissions_json(&app.permissions),
        "events": app.events,
    })
}

/// An installation of our App.
pub fn installation(world: &World, installation: &Installation) -> Value {
    let slug = world.app().map_or("", |app| app.slug.as_str());
    let events = world
        .app()
        .map(|app| app.events.clone())
        .unwrap_or_default();
    let kind = world
        .accounts
        .get(&installation.account)
        .map_or("User", |a| a.kind.as_str());
    let id = installation.id;
    let of_whom = match (kind, world.login(installation.account)) {
        ("Organization", Some(login)) => format!("/organizations/{login}"),
        _ => String::new(),
    };
    json!({
        "id": id,
        "client_id": format!("Iv23li{:014}", world.own_app),
        "account": user(world, installation.account),
        "repository_selection": if installation.selected.is_some() { "selected" } else { "all" },
        "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", world.hosts.api),
        "repositories_url": format!("{}/installation/repositories", world.hosts.api),
        "html_url": format!("{}{of_whom}/settings/installations/{id}", world.hosts.web),
        "app_id": world.own_app,
        "app_slug": slug,
        "target_id": installation.account,
        "target_type": kind,
        "permissions": permissions_json(&installation.permissions),
        "events": events,
        "created_at": time(installation.created_at),
        "updated_at": time(installation.suspended_at.unwrap_or(installation.created_at)),
        "single_file_name": null,
        "has_multiple_single_files": false,
        "single_file_paths": [],
        "suspended_by": if installation.suspended_at.is_some() { user(world, installation.account) } else { Value::Null },
        "suspended_at": installation.suspended_at.map_or(Value::Null, time),
    })
}
