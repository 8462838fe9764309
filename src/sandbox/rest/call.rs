//! One request on its way to its handler: what it asks, for whom, and helpers for answering it.

use super::super::accounts::{Access, Token};
use super::super::auth::{Caller, bad_credentials};
use super::super::ledger::{Effect, EffectKind};
use super::super::repository::{Pull, Repository};
use super::super::state::{AccountId, World};
use super::super::web_path;
use super::answer::{Answer, Body, Refusal};
use serde_json::Value;
use std::collections::BTreeMap;

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

/// The part of a listing that was asked for.
pub struct Page {
    /// First item.
    pub start: usize,
    /// Behind the last item.
    pub end: usize,
    /// The `Link` header, if there are other pages.
    pub headers: Vec<(&'static str, String)>,
}

impl Call<'_> {
    pub(super) fn find_repo(&self, method: &str) -> Result<u64, Refusal> {
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
        let (status, message) = if method == "GET" {
            (301, "Moved Permanently")
        } else {
            (307, "Temporary Redirect")
        };
        let mut refusal = Refusal::new(status, message);
        refusal.headers.push(("location", target));
        Err(refusal)
    }

    pub(super) fn check_permission(
        &self,
        name: &str,
        access: Access,
        pattern: &str,
    ) -> Result<(), Refusal> {
        let token = self.token()?;
        if self.repo != 0 && !token.reaches(self.world, self.repo) {
            return Err(Refusal::not_found());
        }
        // Comments in a pull request's conversation are served to either permission. GitHub's table names only
        // `issues` for reactions to them, but Apps that hold `pull_requests` alone react there all the same.
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
        let Page {
            start,
            end,
            headers,
        } = self.page_bounds(items.len())?;
        let page = items.into_iter().skip(start).take(end - start).collect();
        Ok(Answer {
            status: 200,
            body: Body::Json(Value::Array(page)),
            headers,
        })
    }

    /// Start and end of the asked page within `total` items, and its `Link` header.
    pub fn page_bounds(&self, total: usize) -> Result<Page, Refusal> {
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
                .map(|(name, value)| format!("{name}={}", web_path(value)))
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
        Ok(Page {
            start,
            end,
            headers,
        })
    }
}
