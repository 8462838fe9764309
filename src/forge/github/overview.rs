//! Lists: installations and their repositories, open pull requests, definitions on a branch, failed deliveries.
//!
//! Facts: <https://docs.github.com/rest/apps/webhooks>, <https://docs.github.com/rest/apps/installations>.

use super::super::overview::{BaseFiles, FailedDelivery, ListedPull, OpenPulls, Overview};
use super::super::{ForgeError, Installed};
use super::auth::Purpose;
use super::installation::Installation;
use super::limits::Lane;
use super::snapshot::{BaseRef, Owner, PERSONAS, TEMPLATES, missing, same_repository, sha};
use super::transport::{Answer, Request, query_value, route};
use super::{GitHub, PER_PAGE, error, repo_route};
use crate::ids::{PullRequest, Repo};
use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;

const OPEN_PULLS: &str = include_str!("open_pulls.graphql");
const BASE_FILES: &str = include_str!("base_files.graphql");
/// Pages of one list that are read at most: 10,000 items.
const MAX_PAGES: usize = 100;
/// Pages of failed deliveries that are read at most.
const MAX_DELIVERY_PAGES: usize = 20;

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

#[derive(Deserialize)]
struct Repositories {
    repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    name: String,
    owner: Owner,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct DeliveryItem {
    id: u64,
    guid: String,
    event: String,
    action: Option<String>,
    status_code: u16,
}

#[derive(Deserialize)]
struct PullsData {
    repository: Option<PullsOf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullsOf {
    database_id: Option<u64>,
    name: String,
    owner: Owner,
    default_branch_ref: Option<Named>,
    pull_requests: Page,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_info: PageInfo,
    nodes: Option<Vec<Option<Listed>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    number: u64,
    is_draft: bool,
    title: String,
    head_ref_oid: String,
    base_ref_name: String,
}

#[derive(Deserialize)]
struct BaseData {
    repository: Option<BaseOf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaseOf {
    database_id: Option<u64>,
    #[serde(rename = "ref")]
    reference: Option<BaseRef>,
}

impl GitHub {
    /// Sends a request as the App itself; an error for every status but success.
    async fn as_app(&self, request: &Request) -> Result<Answer, ForgeError> {
        let answer = self.auth.as_app(&self.transport, request).await?;
        match answer.status.is_success() {
            true => Ok(answer),
            false => Err(error::refusal(request, &answer)),
        }
    }

    async fn as_app_json<T: DeserializeOwned>(&self, route: String) -> Result<T, ForgeError> {
        let request = Request::get(route);
        error::json(&request, &self.as_app(&request).await?)
    }

    /// Asks GitHub to deliver an event again; the number is that of an attempt.
    pub(super) async fn write_redelivery(&self, attempt: u64) -> Result<(), ForgeError> {
        let attempt = attempt.to_string();
        let route = route(&["app", "hook", "deliveries", &attempt, "attempts"]);
        let request = Request::post_nothing(route).into_lane(Lane::Checks);
        self.as_app(&request).await.map(drop)
    }
}

#[async_trait]
impl Overview for GitHub {
    async fn installations(&self) -> Result<Vec<Installed>, ForgeError> {
        let mut all = Vec::new();
        for page in 1..=MAX_PAGES {
            let route = format!("/app/installations?per_page={PER_PAGE}&page={page}");
            let found: Vec<Installation> = self.as_app_json(route).await?;
            let is_last = found.len() < PER_PAGE;
            for installed in found.iter().map(Installation::installed) {
                if installed.blocked.is_some() {
                    self.auth.forget_all(installed.id).await;
                }
                all.push(installed);
            }
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    async fn is_installed(&self, installation: u64) -> Result<bool, ForgeError> {
        let found = self.auth.installation(&self.transport, installation).await;
        Ok(found?.is_some())
    }

    async fn installation_of(&self, pr: &PullRequest) -> Result<Option<u64>, ForgeError> {
        let request = Request::get(repo_route(&pr.repo, &["installation"]));
        let found: Option<Numbered> = self.auth.found(&self.transport, request).await?;
        Ok(found.map(|found| found.id))
    }

    async fn repositories(&self, installation: u64) -> Result<Vec<Repo>, ForgeError> {
        let whole = PullRequest::whole_installation(installation);
        let mut repos = Vec::new();
        for page in 1..=MAX_PAGES {
            let route = format!("/installation/repositories?per_page={PER_PAGE}&page={page}");
            let found: Repositories = self.json(&whole, &Request::get(route)).await?;
            let is_last = found.repositories.len() < PER_PAGE;
            let active = found.repositories.into_iter().filter(|one| !one.archived);
            repos.extend(active.map(|one| Repo {
                id: one.id,
                owner: one.owner.login,
                name: one.name,
            }));
            if is_last {
                break;
            }
        }
        Ok(repos)
    }

    async fn open_pulls(
        &self,
        pr: &PullRequest,
        base: Option<&str>,
    ) -> Result<OpenPulls, ForgeError> {
        let mut pulls = Vec::new();
        let mut after: Option<String> = None;
        for page in 1..=MAX_PAGES {
            let variables = serde_json::json!({
                "owner": pr.repo.owner, "name": pr.repo.name, "base": base, "after": after,
            });
            let asked = self.graphql_for(Purpose::AsGranted, pr, OPEN_PULLS, variables, |_| false);
            let data: PullsData = asked.await?;
            let found = data
                .repository
                .ok_or_else(|| missing(&pr.repo.to_string()))?;
            let repo = same_repository(pr, found.database_id, found.owner.login, found.name)?;
            for one in found
                .pull_requests
                .nodes
                .unwrap_or_default()
                .into_iter()
                .flatten()
            {
                pulls.push(ListedPull {
                    number: one.number,
                    head: sha(&one.head_ref_oid)?,
                    base_branch: one.base_ref_name,
                    draft: one.is_draft,
                    title: one.title,
                });
            }
            let info = found.pull_requests.page_info;
            after = info.end_cursor.filter(|_| info.has_next_page);
            if after.is_some() && page == MAX_PAGES {
                tracing::warn!(%repo, read = pulls.len(), "more open pull requests than are read at once");
            }
            if after.is_none() || page == MAX_PAGES {
                return Ok(OpenPulls {
                    repo,
                    default_branch: found.default_branch_ref.map_or(String::new(), |b| b.name),
                    pulls,
                });
            }
        }
        Err(missing(&pr.repo.to_string()))
    }

    async fn base_files(
        &self,
        pr: &PullRequest,
        branch: &str,
    ) -> Result<Option<BaseFiles>, ForgeError> {
        let variables = serde_json::json!({
            "owner": pr.repo.owner, "name": pr.repo.name, "ref": format!("refs/heads/{branch}"),
        });
        let optional = |field: &str| matches!(field, "config" | "personas" | "templates" | "ref");
        let asked = self.graphql_for(Purpose::AsGranted, pr, BASE_FILES, variables, optional);
        let data: BaseData = asked.await?;
        let found = data
            .repository
            .ok_or_else(|| missing(&pr.repo.to_string()))?;
        let names = (pr.repo.owner.clone(), pr.repo.name.clone());
        same_repository(pr, found.database_id, names.0, names.1)?;
        let Some(base) = found.reference.and_then(|reference| reference.target) else {
            return Ok(None);
        };
        Ok(Some(BaseFiles {
            tip: sha(base.oid.as_deref().unwrap_or_default())?,
            config: self.text_of(pr, base.config).await?,
            personas: vec![self.folder(pr, PERSONAS, base.personas).await?],
            templates: self.folder(pr, TEMPLATES, base.templates).await?,
        }))
    }

    async fn failed_deliveries(&self) -> Result<Vec<FailedDelivery>, ForgeError> {
        let mut failed = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_DELIVERY_PAGES {
            let mut route = format!("/app/hook/deliveries?status=failure&per_page={PER_PAGE}");
            if let Some(cursor) = &cursor {
                route = format!("{route}&cursor={}", query_value(cursor));
            }
            let request = Request::get(route);
            let answer = self.as_app(&request).await?;
            let items: Vec<DeliveryItem> = error::json(&request, &answer)?;
            // An edition that does not know the filter gives everything.
            let items = items
                .into_iter()
                .filter(|item| !(200..300).contains(&item.status_code));
            failed.extend(items.map(|item| FailedDelivery {
                id: item.id,
                guid: item.guid,
                event: item.event,
                action: item.action,
            }));
            cursor = next_cursor(&answer);
            if cursor.is_none() {
                return Ok(failed);
            }
        }
        tracing::warn!(
            read = failed.len(),
            "more failed deliveries than are read at once"
        );
        Ok(failed)
    }
}

/// The cursor of the next page. Only it is taken from the `Link` header: the address itself is not followed.
fn next_cursor(answer: &Answer) -> Option<String> {
    let links = answer.headers.get(http::header::LINK)?.to_str().ok()?;
    let next = links
        .split(',')
        .find(|link| link.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let (_, query) = address.split_once('?')?;
    let cursor = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("cursor="))?;
    let decoded = percent_encoding::percent_decode_str(cursor).decode_utf8();
    Some(decoded.ok()?.into_owned())
}
