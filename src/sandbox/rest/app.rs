//! The App's own affairs: itself, its installations, tokens, limits.

use super::super::auth::{self, Caller};
use super::super::shape;
use super::super::shape::permissions_json;
use super::{Answer, Call, Page, Refusal};
use serde_json::{Value, json};

/// `GET /app`
pub fn app(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let app = call.world.app().ok_or_else(Refusal::not_found)?;
    let mut value = shape::app(call.world, app);
    value["installations_count"] = json!(call.world.installations.len());
    Ok(Answer::ok(value))
}

/// `GET /app/installations`
pub fn installations(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let all = call.world.installations.values();
    let listed: Vec<Value> = all
        .map(|found| shape::listed_installation(call.world, found))
        .collect();
    call.page(listed)
}

/// `GET /app/installations/{installation_id}`
pub fn installation(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("installation_id")?;
    let found = call
        .world
        .installations
        .get(&id)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(shape::installation(call.world, found)))
}

/// `GET /repos/{owner}/{repo}/installation`
pub fn repo_installation(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let found = call
        .world
        .installation_of(call.repo()?)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(shape::installation(call.world, found)))
}

/// `POST /app/installations/{installation_id}/access_tokens`
pub fn access_token(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("installation_id")?;
    let body = call.body.clone();
    let (text, token) = auth::mint(call.world, id, &body)?;
    let mut value = json!({
        "token": text,
        "expires_at": shape::time(token.expires_at),
        "permissions": permissions_json(&token.permissions),
        "repository_selection": if token.repositories.is_some() { "selected" } else { "all" },
    });
    if let Some(ids) = &token.repositories {
        let named = ids.iter().filter_map(|id| call.world.repos.get(id));
        let listed: Vec<Value> = named
            .map(|repo| shape::repository(call.world, repo))
            .collect();
        value["repositories"] = json!(listed);
    }
    Ok(Answer::json(201, value))
}

/// `GET /installation/repositories`
pub fn repositories(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let token = call.token()?;
    let reached = call
        .world
        .repos
        .values()
        .filter(|repo| token.reaches(call.world, repo.id));
    let all: Vec<Value> = reached
        .map(|repo| shape::repository(call.world, repo))
        .collect();
    let total = all.len();
    let Page {
        start,
        end,
        headers,
    } = call.page_bounds(total)?;
    let page: Vec<Value> = all.into_iter().skip(start).take(end - start).collect();
    let mut answer = Answer::ok(json!({
        "total_count": total,
        "repository_selection": if token.repositories.is_some() { "selected" } else { "all" },
        "repositories": page,
    }));
    answer.headers = headers;
    Ok(answer)
}

/// `GET /rate_limit`
pub fn rate_limit(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    if call.world.hosts.enterprise {
        return Err(Refusal::new(404, "Rate limiting is not enabled."));
    }
    let limit = call.world.hourly_limit;
    let used = match &call.caller {
        Caller::Installation(_) => call.world.used_this_hour().min(limit),
        _ => 0,
    };
    let reset = call.world.next_reset();
    let core = json!({"limit": limit, "used": used, "remaining": limit - used, "reset": reset});
    let search = json!({"limit": 30, "used": 0, "remaining": 30, "reset": reset});
    Ok(Answer::ok(json!({
        "resources": {"core": core, "graphql": core, "search": search},
        "rate": core,
    })))
}

/// `GET /user/{account_id}`
pub fn user(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("account_id")?;
    if !call.world.accounts.contains_key(&id) {
        return Err(Refusal::not_found());
    }
    let mut user = shape::user(call.world, id);
    let made_at = shape::time(call.world.now());
    for name in ["name", "company", "location", "email", "hireable", "bio"] {
        user[name] = json!(null);
    }
    for name in ["public_repos", "public_gists", "followers", "following"] {
        user[name] = json!(0);
    }
    user["blog"] = json!("");
    user["created_at"] = made_at.clone();
    user["updated_at"] = made_at;
    Ok(Answer::ok(user))
}
