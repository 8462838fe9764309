//! How the App is set up, as GitHub tells it.
//!
//! Facts: <https://docs.github.com/rest/apps/apps#get-the-authenticated-app>, <https://docs.github.com/rest/apps/webhooks>,
//! <https://docs.github.com/rest/repos/rules#get-rules-for-a-branch> (rulesets of the repository, its organization and its
//! enterprise, the active ones), <https://docs.github.com/rest/branches/branches#get-a-branch> (classic protection: whoever
//! reads the branch is shown its required checks, the rest of it administrators).

use super::super::ForgeError;
use super::super::inspect::{
    AppSeen, Attempt, BranchGate, Greeting, Hook, Inspect, InstallationSeen, RepositorySeen,
    RequiredCheck,
};
use super::auth::skew_by;
use super::installation::Installation;
use super::snapshot::Owner;
use super::transport::{Request, route};
use super::{GitHub, PER_PAGE, error, repo_route};
use crate::ids::{PullRequest, Repo};
use async_trait::async_trait;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Pages of rules that are read at most.
const MAX_PAGES: usize = 20;
/// Attempts that are read.
const ATTEMPTS: usize = 30;

#[derive(Deserialize)]
struct App {
    name: String,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    events: BTreeSet<String>,
}

#[derive(Deserialize)]
struct HookConfig {
    url: Option<String>,
    content_type: Option<String>,
    /// Asterisks; missing where none is set.
    secret: Option<String>,
    /// `"0"`, `"1"`, or these as numbers.
    #[serde(default)]
    insecure_ssl: serde_json::Value,
}

#[derive(Deserialize)]
struct Tried {
    event: String,
    status_code: u16,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    name: String,
    owner: Owner,
    default_branch: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    html_url: String,
}

#[derive(Deserialize)]
struct Rule {
    r#type: String,
    /// What it holds is another thing for each type.
    #[serde(default)]
    parameters: serde_json::Value,
}

#[derive(Deserialize)]
struct StatusChecks {
    required_status_checks: Vec<StatusCheck>,
}

#[derive(Deserialize)]
struct StatusCheck {
    context: String,
    /// GitHub's word in rulesets and in classic protection.
    #[serde(alias = "app_id")]
    integration_id: Option<i64>,
}

#[derive(Deserialize)]
struct Branch {
    protection: Option<Protection>,
}

#[derive(Deserialize)]
struct Protection {
    required_status_checks: Option<Required>,
}

#[derive(Deserialize)]
struct Required {
    #[serde(default)]
    contexts: Vec<String>,
    #[serde(default)]
    checks: Vec<StatusCheck>,
}

impl From<StatusCheck> for RequiredCheck {
    fn from(check: StatusCheck) -> Self {
        Self {
            name: check.context,
            // -1 stands for any App.
            app: check.integration_id.and_then(|id| u64::try_from(id).ok()),
        }
    }
}

impl Required {
    /// Old editions give names alone, which anybody may report.
    fn into_checks(self) -> Vec<RequiredCheck> {
        let named = |name: &String| self.checks.iter().any(|check| check.context == *name);
        let unnamed: Vec<String> = self
            .contexts
            .iter()
            .filter(|c| !named(c))
            .cloned()
            .collect();
        let checks = self.checks.into_iter().map(RequiredCheck::from);
        let bare = unnamed
            .into_iter()
            .map(|name| RequiredCheck { name, app: None });
        checks.chain(bare).collect()
    }
}

impl GitHub {
    /// The rules of rulesets that apply to a branch.
    async fn rules_of(&self, pr: &PullRequest, branch: &str) -> Result<Vec<Rule>, ForgeError> {
        let mut rules = Vec::new();
        for page in 1..=MAX_PAGES {
            let route = repo_route(&pr.repo, &["rules", "branches", branch]);
            let request = Request::get(format!("{route}?per_page={PER_PAGE}&page={page}"));
            let found: Vec<Rule> = self.json_as_granted(pr, &request).await?;
            let is_last = found.len() < PER_PAGE;
            rules.extend(found);
            if is_last {
                break;
            }
        }
        Ok(rules)
    }
}

#[async_trait]
impl Inspect for GitHub {
    async fn greet(&self) -> Greeting {
        let request = Request::get(route(&["app"]));
        let answer = match self.auth.as_app(&self.transport, &request).await {
            Ok(answer) => answer,
            Err(error) => {
                return Greeting {
                    skew: None,
                    app: Err(error),
                };
            }
        };
        let app = match answer.status.is_success() {
            true => error::json::<App>(&request, &answer),
            false => Err(error::refusal(&request, &answer)),
        };
        Greeting {
            skew: skew_by(&answer.headers),
            app: app.map(|app| AppSeen {
                name: app.name,
                page: app.html_url,
                permissions: app.permissions,
                events: app.events,
            }),
        }
    }

    async fn hook(&self) -> Result<Option<Hook>, ForgeError> {
        let request = Request::get(route(&["app", "hook", "config"]));
        let found: Option<HookConfig> = self.auth.found(&self.transport, request).await?;
        let text = |value: Option<String>| value.filter(|value| !value.is_empty());
        Ok(found.map(|found| Hook {
            url: text(found.url),
            content_type: text(found.content_type),
            has_secret: text(found.secret).is_some(),
            is_insecure: found.insecure_ssl == "1" || found.insecure_ssl == 1,
        }))
    }

    async fn attempts(&self) -> Result<Vec<Attempt>, ForgeError> {
        let request = Request::get(format!("/app/hook/deliveries?per_page={ATTEMPTS}"));
        let found: Option<Vec<Tried>> = self.auth.found(&self.transport, request).await?;
        let tried = found.unwrap_or_default().into_iter();
        Ok(tried
            .map(|one| Attempt {
                event: one.event,
                status_code: one.status_code,
            })
            .collect())
    }

    async fn installation(&self, id: u64) -> Result<Option<InstallationSeen>, ForgeError> {
        let found = self.auth.installation(&self.transport, id).await?;
        Ok(found.map(Installation::seen))
    }

    async fn repository(
        &self,
        installation: u64,
        owner: &str,
        name: &str,
    ) -> Result<RepositorySeen, ForgeError> {
        // Its id is not known yet, so the token is one for names.
        let whole = PullRequest::whole_installation(installation);
        let request = Request::get(route(&["repos", owner, name]));
        let found: Repository = self.json(&whole, &request).await?;
        Ok(RepositorySeen {
            repo: Repo {
                id: found.id,
                owner: found.owner.login,
                name: found.name,
            },
            default_branch: found.default_branch,
            is_archived: found.archived,
            page: found.html_url,
        })
    }

    async fn branch_gate(
        &self,
        pr: &PullRequest,
        branch: &str,
    ) -> Result<Option<BranchGate>, ForgeError> {
        let request = Request::get(repo_route(&pr.repo, &["branches", branch]));
        let branch_seen: Branch = match self.json_as_granted(pr, &request).await {
            Ok(found) => found,
            Err(ForgeError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let classic = branch_seen
            .protection
            .and_then(|protection| protection.required_status_checks);
        let mut gate = BranchGate {
            required: classic.map_or(Vec::new(), Required::into_checks),
            has_queue: false,
        };
        for rule in self.rules_of(pr, branch).await? {
            gate.has_queue |= rule.r#type == "merge_queue";
            if rule.r#type != "required_status_checks" {
                continue;
            }
            let checks: StatusChecks =
                serde_json::from_value(rule.parameters).map_err(|error| {
                    ForgeError::Unavailable(format!("a rule of {branch} does not read: {error}"))
                })?;
            let checks = checks.required_status_checks.into_iter();
            gate.required.extend(checks.map(RequiredCheck::from));
        }
        Ok(Some(gate))
    }
}
