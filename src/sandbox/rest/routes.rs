//! The table of routes.

use super::super::accounts::Access;
use super::super::auth::Caller;
use super::answer::{Answer, Refusal};
use super::call::Call;
use super::{app, checks, comments, commits, contents, decode, hooks, pulls, repos, reviews};
use matchit::Router;
use std::collections::BTreeMap;

type Handler = fn(&mut Call<'_>) -> Result<Answer, Refusal>;

/// What a route needs of its caller.
#[derive(Debug, Clone, Copy)]
enum Needs {
    Nothing,
    Jwt,
    Permission(&'static str, Access),
}

/// A route.
#[derive(Clone, Copy)]
pub struct Route {
    method: &'static str,
    /// Pattern with `{parameters}`, as GitHub documents it.
    pub pattern: &'static str,
    needs: Needs,
    handler: Handler,
}

const R: Access = Access::Read;
const W: Access = Access::Write;

fn route(method: &'static str, pattern: &'static str, needs: Needs, handler: Handler) -> Route {
    Route {
        method,
        pattern,
        needs,
        handler,
    }
}

fn routes() -> Vec<Route> {
    use Needs::{Jwt, Nothing, Permission as P};
    vec![
        route("GET", "/rate_limit", Nothing, app::rate_limit),
        route("GET", "/user/{account_id}", P("metadata", R), app::user),
        route("GET", "/app", Jwt, app::app),
        route("GET", "/app/installations", Jwt, app::installations),
        route(
            "GET",
            "/app/installations/{installation_id}",
            Jwt,
            app::installation,
        ),
        route(
            "POST",
            "/app/installations/{installation_id}/access_tokens",
            Jwt,
            app::access_token,
        ),
        route("GET", "/app/hook/config", Jwt, hooks::config),
        route("GET", "/app/hook/deliveries", Jwt, hooks::list),
        route("GET", "/app/hook/deliveries/{delivery_id}", Jwt, hooks::get),
        route(
            "POST",
            "/app/hook/deliveries/{delivery_id}/attempts",
            Jwt,
            hooks::redeliver,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/installation",
            Jwt,
            app::repo_installation,
        ),
        route(
            "GET",
            "/installation/repositories",
            P("metadata", R),
            app::repositories,
        ),
        route("GET", "/repos/{owner}/{repo}", P("metadata", R), repos::get),
        route(
            "GET",
            "/repos/{owner}/{repo}/branches/{branch}",
            P("contents", R),
            repos::branch,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/rules/branches/{branch}",
            P("metadata", R),
            repos::rules,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/rulesets/{ruleset_id}",
            P("metadata", R),
            repos::ruleset,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/collaborators",
            P("metadata", R),
            repos::collaborators,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/collaborators/{username}/permission",
            P("metadata", R),
            repos::permission,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/pulls",
            P("pull_requests", R),
            pulls::list,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/pulls/{pull_number}",
            P("pull_requests", R),
            pulls::get,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/pulls/{pull_number}/files",
            P("pull_requests", R),
            pulls::files,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
            P("pull_requests", R),
            pulls::commits,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
            P("pull_requests", R),
            reviews::list,
        ),
        route(
            "POST",
            "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
            P("pull_requests", W),
            reviews::create,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/pulls/{pull_number}/comments",
            P("pull_requests", R),
            reviews::comments,
        ),
        route(
            "POST",
            "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions",
            P("pull_requests", W),
            comments::react_to_review_comment,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/issues/{issue_number}/comments",
            P("issues", R),
            comments::list,
        ),
        route(
            "POST",
            "/repos/{owner}/{repo}/issues/{issue_number}/comments",
            P("issues", W),
            comments::create,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/issues/comments/{comment_id}",
            P("issues", R),
            comments::get,
        ),
        route(
            "PATCH",
            "/repos/{owner}/{repo}/issues/comments/{comment_id}",
            P("issues", W),
            comments::update,
        ),
        route(
            "DELETE",
            "/repos/{owner}/{repo}/issues/comments/{comment_id}",
            P("issues", W),
            comments::delete,
        ),
        route(
            "POST",
            "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
            P("issues", W),
            comments::react_to_comment,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/commits/{ref}",
            P("contents", R),
            commits::get,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/commits/{ref}/pulls",
            P("pull_requests", R),
            commits::pulls,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/commits/{ref}/check-runs",
            P("checks", R),
            checks::list_for_ref,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/compare/{*basehead}",
            P("contents", R),
            commits::compare,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/contents",
            P("contents", R),
            contents::get,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/contents/{*path}",
            P("contents", R),
            contents::get,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/git/blobs/{file_sha}",
            P("contents", R),
            contents::blob,
        ),
        route(
            "POST",
            "/repos/{owner}/{repo}/check-runs",
            P("checks", W),
            checks::create,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/check-runs/{check_run_id}",
            P("checks", R),
            checks::get,
        ),
        route(
            "PATCH",
            "/repos/{owner}/{repo}/check-runs/{check_run_id}",
            P("checks", W),
            checks::update,
        ),
        route(
            "GET",
            "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
            P("checks", R),
            checks::annotations,
        ),
    ]
}

/// All routes by pattern.
pub struct Routes(Router<Vec<Route>>);

impl Routes {
    /// Builds the table.
    pub fn new() -> Self {
        let mut by_pattern: BTreeMap<&str, Vec<Route>> = BTreeMap::new();
        for route in routes() {
            by_pattern.entry(route.pattern).or_default().push(route);
        }
        let mut router = Router::new();
        for (pattern, routes) in by_pattern {
            // A pattern that clashes would be missing here; the tests of the routes show it.
            let _clash = router.insert(pattern, routes);
        }
        Self(router)
    }

    /// The route of a request and its decoded parameters.
    pub fn find(&self, method: &str, path: &str) -> Option<(Route, BTreeMap<String, String>)> {
        let found = self.0.at(path).ok()?;
        let route = *found.value.iter().find(|route| route.method == method)?;
        let params = found
            .params
            .iter()
            .map(|(name, value)| (name.to_owned(), decode(value)))
            .collect();
        Some((route, params))
    }
}

/// Checks what the route needs, finds the repository and runs the handler.
pub fn handle(call: &mut Call<'_>, route: Route) -> Result<Answer, Refusal> {
    if let Needs::Jwt = route.needs
        && !matches!(call.caller, Caller::App)
    {
        return Err(Refusal::new(401, "A JSON web token could not be decoded"));
    }
    if route.pattern.starts_with("/repos/{owner}/{repo}") {
        call.repo = call.find_repo(route.method)?;
    }
    if let Needs::Permission(name, access) = route.needs {
        call.check_permission(name, access, route.pattern)?;
    }
    (route.handler)(call)
}
