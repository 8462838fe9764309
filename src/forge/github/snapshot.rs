//! Everything about a pull request at one head: one GraphQL query, and REST for the files, because only REST tells the
//! path before a rename.

use super::super::{Blocked, ChangedFile, ForgeError, PrSnapshot, PrState, Review, Sibling};
use super::contents::Entry;
use super::patch;
use super::people::GraphActor;
use super::transport::Request;
use super::{GitHub, PER_PAGE, repo_route};
use crate::ids::{PullRequest, Repo, Sha};
use serde::Deserialize;

const QUERY: &str = include_str!("snapshot.graphql");
/// The folders that the query asks for by name.
pub(super) const PERSONAS: &str = ".github/discussions/personas";
pub(super) const TEMPLATES: &str = ".github/discussions/templates";
/// GitHub lists 3,000 files of a pull request and no more.
const MAX_FILE_PAGES: usize = 30;

#[derive(Deserialize)]
struct Data {
    viewer: Option<Viewer>,
    repository: Option<Repository>,
}

/// Who asks: with an installation token, the App's bot account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Viewer {
    pub(super) database_id: Option<u64>,
    login: Option<String>,
}

impl Viewer {
    /// The login as REST and commits have it. GraphQL gives `SLUG[bot]` here, and `SLUG` where the account is an actor.
    fn into_login(self) -> Option<String> {
        let login = self.login?;
        let slug = login.strip_suffix("[bot]").unwrap_or(&login);
        Some(format!("{slug}[bot]"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    database_id: Option<u64>,
    name: String,
    owner: Owner,
    #[serde(default)]
    is_archived: bool,
    default_branch_ref: Option<Branch>,
    pull_requests: Option<Nodes<OpenPull>>,
    pull_request: Option<Pull>,
}

/// One of the open pull requests that were changed last.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenPull {
    number: u64,
    head_ref_name: String,
    head_ref_oid: String,
    is_cross_repository: bool,
    base_ref_name: String,
    author: Option<GraphActor>,
}

#[derive(Deserialize)]
pub(super) struct Owner {
    pub(super) login: String,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    target: Option<Tip>,
}

/// Tip of the default branch.
#[derive(Deserialize)]
struct Tip {
    config: Option<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    number: u64,
    state: String,
    is_draft: bool,
    locked: bool,
    comments: Option<Total>,
    title: String,
    url: String,
    author: Option<GraphActor>,
    head_ref_name: String,
    head_ref_oid: String,
    is_cross_repository: bool,
    changed_files: Option<u64>,
    base_ref_name: String,
    base_ref: Option<BaseRef>,
    reviews: Option<Nodes<ReviewNode>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Total {
    total_count: u64,
}

#[derive(Deserialize)]
pub(super) struct BaseRef {
    pub(super) target: Option<Base>,
}

#[derive(Deserialize)]
pub(super) struct Base {
    pub(super) oid: Option<String>,
    pub(super) config: Option<Entry>,
    pub(super) personas: Option<Entry>,
    pub(super) templates: Option<Entry>,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Option<Vec<Option<T>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewNode {
    full_database_id: Option<BigInt>,
    state: String,
    author: Option<GraphActor>,
}

/// GraphQL's `BigInt` is text, because JavaScript numbers end at 2^53.
#[derive(Deserialize)]
#[serde(untagged)]
enum BigInt {
    Text(String),
    Number(u64),
}

impl BigInt {
    fn value(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }
}

#[derive(Deserialize)]
struct FileNode {
    filename: String,
    previous_filename: Option<String>,
    status: String,
    contents_url: Option<String>,
    /// Missing for binary files and large diffs.
    patch: Option<String>,
}

/// Files of a list and whether GitHub keeps some back.
struct FileList {
    files: Vec<ChangedFile>,
    complete: bool,
}

impl GitHub {
    pub(super) async fn read_snapshot(&self, pr: &PullRequest) -> Result<PrSnapshot, ForgeError> {
        let variables = serde_json::json!({
            "owner": pr.repo.owner, "name": pr.repo.name, "number": pr.number,
        });
        let optional =
            |field: &str| matches!(field, "config" | "personas" | "templates" | "viewer");
        let asked = self.graphql_as_granted::<Data>(pr, QUERY, variables, optional);
        let (data, lacks) = asked.await?;
        let viewer = data.viewer;
        let own_account = viewer.as_ref().and_then(|viewer| viewer.database_id);
        let own_login = viewer.and_then(Viewer::into_login);
        let repository = data
            .repository
            .ok_or_else(|| missing(&pr.repo.to_string()))?;
        let pull = repository
            .pull_request
            .ok_or_else(|| missing(&pr.to_string()))?;
        let repo = same_repository(
            pr,
            repository.database_id,
            repository.owner.login,
            repository.name,
        )?;
        let pr = PullRequest {
            repo,
            number: pull.number,
            ..pr.clone()
        };
        let head = sha(&pull.head_ref_oid)?;
        let siblings = siblings(&pull, repository.pull_requests);
        let base = pull.base_ref.and_then(|base| base.target);
        let base = base.ok_or_else(|| missing(&format!("base branch {}", pull.base_ref_name)))?;
        let default = repository.default_branch_ref;
        let default_branch = default.as_ref().map_or(String::new(), |b| b.name.clone());
        let default_tip = default.and_then(|branch| branch.target);
        let is_archived = repository.is_archived.then_some(Blocked::Archived);
        let blocked = lacks.or(is_archived);
        let default_config = match default_branch == pull.base_ref_name || blocked.is_some() {
            true => None,
            false => {
                let config = default_tip.and_then(|tip| tip.config);
                self.text_of(&pr, config).await?
            }
        };
        let list = match &blocked {
            None => self.changed_files(&pr, &head, pull.changed_files).await?,
            Some(_) => FileList {
                files: Vec::new(),
                complete: false,
            },
        };
        Ok(PrSnapshot {
            siblings,
            own_account,
            own_login,
            state: state(&pull.state)?,
            draft: pull.is_draft,
            locked: pull.locked,
            comments: pull.comments.map(|comments| comments.total_count),
            title: pull.title,
            author: pull.author.and_then(GraphActor::into_actor),
            head,
            head_branch: pull.head_ref_name,
            from_fork: pull.is_cross_repository,
            base_branch: pull.base_ref_name,
            base: sha(base.oid.as_deref().unwrap_or_default())?,
            default_branch,
            default_config,
            reviews: reviews(pull.reviews),
            config: self.text_of(&pr, base.config).await?,
            personas: vec![self.folder(&pr, PERSONAS, base.personas).await?],
            templates: self.folder(&pr, TEMPLATES, base.templates).await?,
            files: list.files,
            files_truncated: !list.complete,
            blocked,
            url: pull.url,
            pr,
        })
    }

    async fn changed_files(
        &self,
        pr: &PullRequest,
        head: &Sha,
        expected: Option<u64>,
    ) -> Result<FileList, ForgeError> {
        let number = pr.number.to_string();
        let route = repo_route(&pr.repo, &["pulls", &number, "files"]);
        let nodes: Vec<FileNode> = self.pages(pr, &route, MAX_FILE_PAGES).await?;
        if let Some(other) = nodes.iter().find_map(|node| node.other_head(head)) {
            return Err(ForgeError::StaleHead(format!(
                "{pr} moved from {} to {other} while its files were read",
                head.as_str()
            )));
        }
        let files: Vec<ChangedFile> = nodes.into_iter().map(ChangedFile::from).collect();
        let complete = match expected {
            Some(expected) => files.len() as u64 >= expected,
            None => files.len() < MAX_FILE_PAGES * PER_PAGE,
        };
        Ok(FileList { files, complete })
    }

    /// All items of a paged list, at most `limit` pages. Pages are asked for by number: an address in a `Link` header
    /// is never followed, so it can neither lead elsewhere nor round in circles.
    pub(super) async fn pages<T: serde::de::DeserializeOwned>(
        &self,
        pr: &PullRequest,
        route: &str,
        limit: usize,
    ) -> Result<Vec<T>, ForgeError> {
        let separator = if route.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=limit {
            let request =
                Request::get(format!("{route}{separator}per_page={PER_PAGE}&page={page}"));
            let items: Vec<T> = self.json(pr, &request).await?;
            let full = items.len() >= PER_PAGE;
            all.extend(items);
            if !full {
                break;
            }
        }
        Ok(all)
    }

    /// The text of a regular file. Bytes that are not UTF-8 are replaced by U+FFFD, which no configuration survives.
    pub(super) async fn text_of(
        &self,
        pr: &PullRequest,
        entry: Option<Entry>,
    ) -> Result<Option<String>, ForgeError> {
        let Some(blob) = entry.and_then(Entry::into_blob) else {
            return Ok(None);
        };
        let bytes = self.blob_bytes(pr, blob).await?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

impl FileNode {
    /// The commit the list was made for, if it is not `head`: GitHub writes it into the link to the contents.
    fn other_head(&self, head: &Sha) -> Option<Sha> {
        let (_, reference) = self.contents_url.as_deref()?.rsplit_once("?ref=")?;
        Sha::parse(reference).filter(|listed| listed != head)
    }
}

impl From<FileNode> for ChangedFile {
    fn from(node: FileNode) -> Self {
        Self {
            removed: node.status == "removed",
            added: node.status == "added",
            previous_path: node.previous_filename,
            diff_lines: node.patch.as_deref().map_or(Vec::new(), patch::new_side),
            path: node.filename,
        }
    }
}

/// Names may change and be taken over by another repository; the id tells.
pub(super) fn same_repository(
    pr: &PullRequest,
    id: Option<u64>,
    owner: String,
    name: String,
) -> Result<Repo, ForgeError> {
    match id {
        Some(id) if id == pr.repo.id => Ok(Repo { id, owner, name }),
        _ => Err(ForgeError::NotFound(format!(
            "{} is another repository now than the one with id {}",
            pr.repo, pr.repo.id
        ))),
    }
}

/// Of the open pull requests those with the same head commit, or the same branch.
fn siblings(pull: &Pull, open: Option<Nodes<OpenPull>>) -> Vec<Sibling> {
    let nodes = open.and_then(|list| list.nodes).unwrap_or_default();
    let read = |node: OpenPull| {
        let is_here = !node.is_cross_repository && !pull.is_cross_repository;
        let same_branch = is_here && node.head_ref_name == pull.head_ref_name;
        let is_one =
            node.number != pull.number && (same_branch || node.head_ref_oid == pull.head_ref_oid);
        is_one.then(|| Sibling {
            number: node.number,
            same_branch,
            base_branch: node.base_ref_name,
            author: node.author.and_then(GraphActor::into_actor),
        })
    };
    nodes.into_iter().flatten().filter_map(read).collect()
}

fn reviews(list: Option<Nodes<ReviewNode>>) -> Vec<Review> {
    let nodes = list.and_then(|list| list.nodes).unwrap_or_default();
    let read = |node: ReviewNode| {
        Some(Review {
            id: node.full_database_id?.value()?,
            author: node.author.and_then(GraphActor::into_actor),
            state: node.state,
        })
    };
    nodes.into_iter().flatten().filter_map(read).collect()
}

fn state(word: &str) -> Result<PrState, ForgeError> {
    match word {
        "OPEN" => Ok(PrState::Open),
        "CLOSED" => Ok(PrState::Closed),
        "MERGED" => Ok(PrState::Merged),
        other => Err(ForgeError::Unavailable(format!(
            "GraphQL: unknown pull request state {}",
            super::error::clipped(other)
        ))),
    }
}

pub(super) fn sha(text: &str) -> Result<Sha, ForgeError> {
    Sha::parse(text).ok_or_else(|| {
        let text = super::error::clipped(text);
        ForgeError::Unavailable(format!("GitHub gave `{text}` where a commit id belongs"))
    })
}

pub(super) fn missing(what: &str) -> ForgeError {
    ForgeError::NotFound(format!("{what} is gone or not visible to the App"))
}
