//! Accounts and what they may do.

use super::super::{ForgeError, Rights};
use super::transport::{Request, route};
use super::{GitHub, repo_route};
use crate::ids::{Actor, ActorKind, PullRequest};
use serde::Deserialize;

/// An account in GraphQL: `author { __typename login ... on User { databaseId } ... on Bot { databaseId } }`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphActor {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
    database_id: Option<u64>,
}

impl GraphActor {
    /// Whether it is the machine account with that id.
    pub(super) fn is_bot_with_id(&self, id: u64) -> bool {
        self.kind == "Bot" && self.database_id == Some(id)
    }

    /// Whether it is the machine account of the App with that name; GraphQL leaves `[bot]` out of the login.
    pub(super) fn is_bot_named(&self, slug: &str) -> bool {
        let login = self.login.strip_suffix("[bot]").unwrap_or(&self.login);
        self.kind == "Bot" && login == slug
    }

    /// `None` for kinds of accounts that have no numeric id.
    pub(super) fn into_actor(self) -> Option<Actor> {
        Some(Actor {
            id: self.database_id?,
            login: self.login,
            kind: match self.kind.as_str() {
                "User" => ActorKind::User,
                _ => ActorKind::Bot,
            },
        })
    }
}

#[derive(Deserialize)]
struct Collaborator {
    user: Option<User>,
}

/// `GET /user/{account_id}`
#[derive(Deserialize)]
struct Named {
    login: String,
}

#[derive(Deserialize)]
struct User {
    id: Option<u64>,
    permissions: Option<Permissions>,
}

/// Enterprise editions leave `triage` and `maintain` out.
#[derive(Debug, Default, Deserialize)]
struct Permissions {
    #[serde(default)]
    pull: bool,
    triage: Option<bool>,
    #[serde(default)]
    push: bool,
    maintain: Option<bool>,
    #[serde(default)]
    admin: bool,
}

impl From<Permissions> for Rights {
    /// A boolean that is missing needs the next higher right.
    fn from(permissions: Permissions) -> Self {
        Self {
            read: permissions.pull,
            triage: permissions.triage.unwrap_or(permissions.push),
            write: permissions.push,
            maintain: permissions.maintain.unwrap_or(permissions.admin),
            admin: permissions.admin,
        }
    }
}

/// An entry of the list of collaborators.
#[derive(Deserialize)]
struct Listed {
    id: u64,
    #[serde(rename = "type")]
    kind: String,
    permissions: Option<Permissions>,
}

/// Entries of a list that GitHub gives in one answer.
const PER_PAGE: usize = 100;

impl GitHub {
    /// The list holds everybody who has the right, through a team or the organization too. One that fills the first
    /// page may go on, and is not read further. <https://docs.github.com/rest/collaborators/collaborators#list-repository-collaborators>
    pub(super) async fn read_other_writers(
        &self,
        pr: &PullRequest,
        account: u64,
    ) -> Result<Option<Vec<Rights>>, ForgeError> {
        let route = repo_route(&pr.repo, &["collaborators"]);
        let request = Request::get(format!("{route}?permission=push&per_page={PER_PAGE}"));
        let listed: Vec<Listed> = self.json(pr, &request).await?;
        if listed.len() >= PER_PAGE {
            return Ok(None);
        }
        let others = listed
            .into_iter()
            .filter(|one| one.id != account && one.kind == "User");
        let rights = others.map(|one| Rights::from(one.permissions.unwrap_or_default()));
        Ok(Some(rights.filter(|rights| rights.write).collect()))
    }

    /// Only the booleans count: `.permission` folds maintain into write, and a role may have any name. Somebody whom
    /// GitHub does not know here has no rights; any other failure is an error, for the caller to deny and to say so.
    /// A login that was freed can be taken over, so the answer must be about the same account id; an account that was
    /// renamed meanwhile is asked for by its new login.
    pub(super) async fn read_rights(
        &self,
        pr: &PullRequest,
        account: u64,
        login: &str,
    ) -> Result<Rights, ForgeError> {
        if let Some(rights) = self.rights_by_login(pr, account, login).await? {
            return Ok(rights);
        }
        let rights = match self.login_of(pr, account).await? {
            Some(now) if now != login => self.rights_by_login(pr, account, &now).await?,
            _ => None,
        };
        Ok(rights.unwrap_or_default())
    }

    /// `None`: nobody has that login here, or another account has it.
    async fn rights_by_login(
        &self,
        pr: &PullRequest,
        account: u64,
        login: &str,
    ) -> Result<Option<Rights>, ForgeError> {
        let segments = ["collaborators", login, "permission"];
        let request = Request::get(repo_route(&pr.repo, &segments));
        match self.json::<Collaborator>(pr, &request).await {
            Ok(answer) => {
                let user = answer.user.filter(|user| user.id == Some(account));
                let rights = |user: User| user.permissions.unwrap_or_default().into();
                Ok(user.map(rights))
            }
            Err(ForgeError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What an account is called now; `None`: it is gone.
    async fn login_of(&self, pr: &PullRequest, account: u64) -> Result<Option<String>, ForgeError> {
        let request = Request::get(route(&["user", &account.to_string()]));
        match self.json::<Named>(pr, &request).await {
            Ok(user) => Ok(Some(user.login)),
            Err(ForgeError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
