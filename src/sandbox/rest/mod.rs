//! The REST API: routes, what each needs, and the shape of answers and refusals.

mod app;
mod checks;
mod comments;
mod commits;
mod contents;
mod hooks;
mod pulls;
mod repos;
mod reviews;

use super::auth::{Caller, bad_credentials};
use super::ledger::{Effect, EffectKind};
use super::repository::{Pull, Repository};
use super::state::{Access, AccountId, Refused, Token, World};
use matchit::Router;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Body,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

/// An answer's body.
#[derive(Debug)]
pub enum Body {
    /// No body.
    Empty,
    /// JSON.
    Json(Value),
    /// Bytes of another media type.
    Raw(&'static str, Vec<u8>),
}

impl Answer {
    /// 200 with JSON.
    pub fn ok(value: Value) -> Self {
        Self::json(200, value)
    }

    /// JSON with a status.
    pub fn json(status: u16, value: Value) -> Self {
        Self {
            status,
            body: Body::Json(value),
            headers: Vec::new(),
        }
    }

    /// No content.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            body: Body::Empty,
            headers: Vec::new(),
        }
    }
}

/// A refusal in GitHub's JSON form.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `message`.
    pub message: String,
    /// `errors`, if any.
    pub errors: Option<Value>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A refusal with a message.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            errors: None,
            headers: Vec::new(),
        }
    }

    /// What GitHub says for everything that is not there or not to be seen.
    pub fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// 422 with one entry in `errors`.
    pub fn invalid(resource: &str, field: &str, problem: &str) -> Self {
        let mut refusal = Self::new(422, "Validation Failed");
        refusal.errors = Some(json!([
            {"resource": resource, "field": field, "code": "custom", "message": problem}
        ]));
        refusal
    }

    /// 422 for a body that does not fit the schema, with the text GitHub's request validation gives.
    pub fn unfit(problem: &str) -> Self {
        Self::new(422, format!("Invalid request.\n\n{problem}"))
    }

    /// As an answer.
    pub fn into_answer(self) -> Answer {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        Answer {
            status: self.status,
            body: Body::Json(body),
            headers: self.headers,
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::new(422, refused.0)
    }
}

/// One request on its way to its handler.
pub struct Call<'a> {
    /// The world.
    pub world: &'a mut World,
    /// Decoded path parameters.
    pub params: BTreeMap<String, String>,
    /// Decoded query.
    pub query: BTreeMap<String, String>,
    /// Body; null when empty.
    pub body: Value,
    /// `Accept` header.
    pub accept: String,
    /// Who calls.
    pub caller: Caller,
    /// Id of the request.
    pub request: String,
    /// Repository of the path, 0 where there is none.
    pub repo: u64,
    /// Path as sent, for `Link` headers.
    pub path: String,
}

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

/// Undoes percent-encoding.
pub fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// Checks what the route needs, finds the repository and runs the handler.
pub fn handle(call: &mut Call<'_>, route: Route) -> Result<Answer, Refusal> {
    if let Needs::Jwt = route.needs
        && !matches!(call.caller, Caller::App)
    {
        return Err(Refusal::new(401, "A JSON web token could not be decoded"));
    }
    if route.pattern.starts_with("/repos/{owner}/{repo}") {
        call.repo = call.find_repo(route)?;
    }
    if let Needs::Permission(name, access) = route.needs {
        call.check_permission(name, access, route.pattern)?;
    }
    (route.handler)(call)
}

impl Call<'_> {
    fn find_repo(&self, route: Route) -> Result<u64, Refusal> {
        let (owner, name) = (self.param("owner"), self.param("repo"));
        if let Some(repo) = self.world.repo_named(owner, name) {
            return Ok(repo.id);
        }
        let former = self.world.repo_formerly(&format!("{owner}/{name}"));
        let Some(repo) = former else {
            return Err(Refusal::not_found());
        };
        // GitHub redirects old names to the numeric address; writes keep their method.
        let rest = self
            .path
            .splitn(5, '/')
            .nth(4)
            .map(|rest| format!("/{rest}"))
            .unwrap_or_default();
        let target = format!("{}/repositories/{}{rest}", self.world.hosts.api, repo.id);
        let (status, message) = if route.method == "GET" {
            (301, "Moved Permanently")
        } else {
            (307, "Temporary Redirect")
        };
        let mut refusal = Refusal::new(status, message);
        refusal.headers.push(("location", target));
        Err(refusal)
    }

    fn check_permission(&self, name: &str, access: Access, pattern: &str) -> Result<(), Refusal> {
        let token = self.token()?;
        if self.repo != 0 && !token.reaches(self.world, self.repo) {
            return Err(Refusal::not_found());
        }
        // Conversation comments of pull requests are served to either permission.
        let either = pattern.contains("/issues/") && token.permits("pull_requests", access);
        if !token.permits(name, access) && !either {
            let mut refusal = Refusal::new(403, "Resource not accessible by integration");
            let header = format!("{name}={}", access.as_str());
            refusal
                .headers
                .push(("x-accepted-github-permissions", header));
            return Err(refusal);
        }
        let archived = self
            .world
            .repos
            .get(&self.repo)
            .is_some_and(|repo| repo.archived);
        if archived && access == Access::Write {
            return Err(Refusal::new(
                403,
                "Repository was archived so is read-only.",
            ));
        }
        Ok(())
    }

    /// The installation token of the request.
    pub fn token(&self) -> Result<&Token, Refusal> {
        match &self.caller {
            Caller::Installation(token) => Ok(token),
            Caller::App => Err(bad_credentials()),
            Caller::Nobody => Err(Refusal::new(401, "Requires authentication")),
        }
    }

    /// A path parameter; empty if the route has none of that name.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A numeric path parameter; anything else is not found.
    pub fn number(&self, name: &str) -> Result<u64, Refusal> {
        self.param(name).parse().map_err(|_| Refusal::not_found())
    }

    /// The repository of the path.
    pub fn repo(&self) -> Result<&Repository, Refusal> {
        self.world
            .repos
            .get(&self.repo)
            .ok_or_else(Refusal::not_found)
    }

    /// The pull request of the path.
    pub fn pull(&self, parameter: &str) -> Result<&Pull, Refusal> {
        let number = self.number(parameter)?;
        self.repo()?
            .pulls
            .get(&number)
            .ok_or_else(Refusal::not_found)
    }

    /// The account the App acts as.
    pub fn bot(&self) -> AccountId {
        self.world.own_bot()
    }

    /// Notes a write in the ledger.
    pub fn note(&mut self, kind: EffectKind, target: impl Into<String>, data: Value) {
        let repo = self
            .world
            .repos
            .get(&self.repo)
            .map(|repo| self.world.full_name(repo));
        let effect = Effect {
            at: self.world.precise_now(),
            request: self.request.clone(),
            kind,
            repo: repo.unwrap_or_default(),
            target: target.into(),
            data,
        };
        self.world.ledger.effects.push(effect);
    }

    /// A required text member of the body.
    pub fn text(&self, name: &str) -> Result<String, Refusal> {
        match &self.body[name] {
            Value::String(text) => Ok(text.clone()),
            Value::Null => Err(Refusal::unfit(&format!("\"{name}\" wasn't supplied."))),
            other => Err(Refusal::unfit(&format!(
                "For 'properties/{name}', {other} is not a string."
            ))),
        }
    }

    /// Cuts a listing to the asked page and adds the `Link` header.
    pub fn page(&self, items: Vec<Value>) -> Result<Answer, Refusal> {
        let (start, end, headers) = self.page_bounds(items.len())?;
        let page = items.into_iter().skip(start).take(end - start).collect();
        Ok(Answer {
            status: 200,
            body: Body::Json(Value::Array(page)),
            headers,
        })
    }

    /// Start and end of the asked page within `total` items, and its `Link` header.
    pub fn page_bounds(
        &self,
        total: usize,
    ) -> Result<(usize, usize, Vec<(&'static str, String)>), Refusal> {
        let number = |name: &str, default: usize| match self.query.get(name) {
            None => Ok(default),
            Some(text) => text
                .parse::<usize>()
                .map_err(|_| Refusal::unfit(&format!("{name} is not a number"))),
        };
        let per_page = number("per_page", 30)?.clamp(1, 100);
        let page = number("page", 1)?.max(1);
        let last = total.div_ceil(per_page).max(1);
        let start = ((page - 1) * per_page).min(total);
        let end = (start + per_page).min(total);
        let link = |page: usize, rel: &str| {
            let mut query: Vec<String> = self
                .query
                .iter()
                .filter(|(name, _)| name.as_str() != "page")
                .map(|(name, value)| format!("{name}={}", super::web_path(value)))
                .collect();
            query.push(format!("page={page}"));
            format!(
                "<{}{}?{}>; rel=\"{rel}\"",
                self.world.hosts.api,
                self.path,
                query.join("&")
            )
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link(page - 1, "prev"));
        }
        if page < last {
            links.push(link(page + 1, "next"));
            links.push(link(last, "last"));
        }
        if page > 1 {
            links.push(link(1, "first"));
        }
        let headers = if links.is_empty() {
            Vec::new()
        } else {
            vec![("link", links.join(", "))]
        };
        Ok((start, end, headers))
    }
}
