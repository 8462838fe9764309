//! GitHub behind the forge port: REST and GraphQL as an installation of the App.
//!
//! Octocrab carries the requests, over one shared reqwest client; tokens, errors and shapes are our own, because
//! octocrab's reject answers that GitHub documents. Nothing here repeats a request, except for the two cases of
//! [`auth`] where GitHub says that it did nothing: the queue decides about everything else. Every request goes through
//! [`pace`], which sends it at its turn and not within a window that GitHub named.

mod auth;
mod checks;
mod commit;
mod contents;
mod conversation;
mod error;
mod folders;
mod graphql;
mod inspect;
mod installation;
mod limits;
mod overview;
mod pace;
mod patch;
mod people;
mod queue;
mod reviews;
mod rules;
mod snapshot;
mod transport;

use super::{
    BranchRules, CheckRun, CommitRequest, ExistingCheck, FileContent, Folder, ForgeError,
    ForgeRead, ForgeWrite, OwnComment, OwnThread, PostedReview, PrSnapshot, PrState, Reaction,
    ReactionTarget, ReviewRequest, Rights,
};
use crate::ids::{PullRequest, Repo, Sha};
use async_trait::async_trait;
use auth::{AppAuth, Purpose};
use http::StatusCode;
pub use limits::{LaneRates, Rates};
use pace::Party;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use transport::{Answer, Request, Transport};

/// Permissions the App asks for, as `app.yml` lists them; a test compares the two.
pub const PERMISSIONS: &[(&str, &str)] = &[
    ("checks", "write"),
    ("contents", "write"),
    ("issues", "read"),
    ("merge_queues", "read"),
    ("metadata", "read"),
    ("pull_requests", "write"),
    ("statuses", "write"),
];

/// The part of [`PERMISSIONS`] that requests need. `statuses` is only there to be choosable in rulesets; a token without
/// it does less harm when it leaks. `merge_queues` is asked for by [`QUEUE_PERMISSIONS`] alone, so that an installation
/// that does not grant it yet does without queues and nothing else.
const TOKEN_PERMISSIONS: &[(&str, &str)] = &[
    ("checks", "write"),
    ("contents", "write"),
    ("issues", "read"),
    ("metadata", "read"),
    ("pull_requests", "write"),
];

/// What reading a merge queue needs.
const QUEUE_PERMISSIONS: &[(&str, &str)] = &[
    ("contents", "read"),
    ("merge_queues", "read"),
    ("metadata", "read"),
    ("pull_requests", "read"),
];

/// Most items GitHub puts on a page.
const PER_PAGE: usize = 100;

/// GitHub as the App sees it. Cheap to share behind an `Arc`.
pub struct GitHub {
    transport: Transport,
    auth: AppAuth,
}

impl GitHub {
    /// An adapter for the App with that id and key (PEM, PKCS#1 or PKCS#8). `api` and `graphql` are the addresses of
    /// REST and GraphQL without a slash at the end. No request is made. Must be called inside a Tokio runtime.
    pub fn new(
        app_id: u64,
        private_key: &SecretString,
        api: &str,
        graphql: &str,
    ) -> Result<Self, ForgeError> {
        Ok(Self {
            transport: Transport::new(api, graphql)?,
            auth: AppAuth::new(app_id, private_key)?,
        })
    }

    /// The same at other rates than the default ones. To be said before anything is asked.
    pub fn at(self, rates: Rates) -> Self {
        Self {
            transport: self.transport.at(rates),
            ..self
        }
    }

    /// Sends a request with a token for the pull request's repository; an error for every status but success.
    async fn call(&self, pr: &PullRequest, request: &Request) -> Result<Answer, ForgeError> {
        self.call_for(Purpose::PullRequests, pr, request).await
    }

    /// The same as far as the installation grants it.
    async fn call_as_granted(
        &self,
        pr: &PullRequest,
        request: &Request,
    ) -> Result<Answer, ForgeError> {
        self.call_for(Purpose::AsGranted, pr, request).await
    }

    /// The same with a token for that purpose.
    async fn call_for(
        &self,
        purpose: Purpose,
        pr: &PullRequest,
        request: &Request,
    ) -> Result<Answer, ForgeError> {
        let party = Party::Installation(pr.installation);
        let mut reminted = false;
        loop {
            let token = self.auth.token(&self.transport, pr, purpose).await?;
            let lacks = token.lacks().cloned();
            if let Some(blocked) = &lacks
                && purpose != Purpose::AsGranted
            {
                return Err(ForgeError::Blocked(blocked.clone()));
            }
            let mut answer = self.transport.send(request, token.header(), party).await?;
            answer.lacks = lacks;
            if answer.status.is_success() {
                return Ok(answer);
            }
            if answer.status != StatusCode::UNAUTHORIZED {
                let refusal = error::refusal(request, &answer);
                let refusal = error::for_want_of(answer.lacks, refusal);
                return Err(self.understood(pr, purpose, refusal).await);
            }
            if let Some(pause) = token.settling() {
                tokio::time::sleep(pause).await;
            } else if reminted {
                return Err(error::refusal(request, &answer));
            } else {
                self.auth.discard(pr, purpose, &token).await;
                reminted = true;
            }
        }
    }

    /// A refusal for want of a permission may be one that the installation granted when the token was made: a new token
    /// tells. The request itself is not repeated.
    async fn understood(
        &self,
        pr: &PullRequest,
        purpose: Purpose,
        refusal: ForgeError,
    ) -> ForgeError {
        if !error::is_for_want_of_permission(&refusal) {
            return refusal;
        }
        self.auth.forget(pr, purpose).await;
        match self.auth.token(&self.transport, pr, purpose).await {
            Ok(token) => match token.lacks() {
                Some(blocked) => ForgeError::Blocked(blocked.clone()),
                None => refusal,
            },
            Err(_) => refusal,
        }
    }

    /// [`GitHub::call`] and the answer's JSON.
    async fn json<T: DeserializeOwned>(
        &self,
        pr: &PullRequest,
        request: &Request,
    ) -> Result<T, ForgeError> {
        let answer = self.call(pr, request).await?;
        error::json(request, &answer)
    }

    /// The same as far as the installation grants it.
    async fn json_as_granted<T: DeserializeOwned>(
        &self,
        pr: &PullRequest,
        request: &Request,
    ) -> Result<T, ForgeError> {
        let answer = self.call_as_granted(pr, request).await?;
        error::json(request, &answer)
    }
}

/// The route of a repository's resource; every segment is percent-encoded.
fn repo_route(repo: &Repo, segments: &[&str]) -> String {
    let mut all = vec!["repos", &repo.owner, &repo.name];
    all.extend_from_slice(segments);
    transport::route(&all)
}

#[async_trait]
impl ForgeRead for GitHub {
    async fn snapshot(&self, pr: &PullRequest) -> Result<PrSnapshot, ForgeError> {
        self.read_snapshot(pr).await
    }

    async fn state(&self, pr: &PullRequest) -> Result<PrState, ForgeError> {
        self.read_state(pr).await
    }

    async fn files(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ForgeError> {
        self.read_files(pr, at, paths).await
    }

    async fn folders(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Folder>, ForgeError> {
        self.read_folders(pr, at, paths).await
    }

    async fn merge_base(
        &self,
        pr: &PullRequest,
        base: &Sha,
        head: &Sha,
    ) -> Result<Sha, ForgeError> {
        self.read_merge_base(pr, base, head).await
    }

    async fn rights(
        &self,
        pr: &PullRequest,
        account: u64,
        login: &str,
    ) -> Result<Rights, ForgeError> {
        self.read_rights(pr, account, login).await
    }

    async fn other_writers(
        &self,
        pr: &PullRequest,
        account: u64,
    ) -> Result<Option<Vec<Rights>>, ForgeError> {
        self.read_other_writers(pr, account).await
    }

    async fn own_checks(
        &self,
        pr: &PullRequest,
        head: &Sha,
        name: &str,
    ) -> Result<Vec<ExistingCheck>, ForgeError> {
        self.read_own_checks(pr, head, name).await
    }

    async fn own_comment(
        &self,
        pr: &PullRequest,
        marker: &str,
    ) -> Result<Option<OwnComment>, ForgeError> {
        self.find_own_comment(pr, marker).await
    }

    async fn pulls_with_head(&self, pr: &PullRequest, head: &Sha) -> Result<Vec<u64>, ForgeError> {
        self.find_pulls_with_head(pr, head).await
    }

    async fn branch_rules(
        &self,
        pr: &PullRequest,
        head: Option<&str>,
        base: &str,
    ) -> Result<BranchRules, ForgeError> {
        self.read_branch_rules(pr, head, base).await
    }

    async fn is_approved(&self, pr: &PullRequest) -> Result<bool, ForgeError> {
        self.has_approval(pr).await
    }

    async fn own_review(
        &self,
        pr: &PullRequest,
        marker: &str,
    ) -> Result<Option<PostedReview>, ForgeError> {
        self.find_own_review(pr, marker).await
    }

    async fn own_threads(&self, pr: &PullRequest) -> Result<Vec<OwnThread>, ForgeError> {
        self.read_own_threads(pr).await
    }
}

#[async_trait]
impl ForgeWrite for GitHub {
    async fn commit(&self, pr: &PullRequest, request: &CommitRequest) -> Result<Sha, ForgeError> {
        self.write_commit(pr, request).await
    }

    async fn create_check(&self, pr: &PullRequest, check: &CheckRun) -> Result<u64, ForgeError> {
        self.write_new_check(pr, check).await
    }

    async fn update_check(
        &self,
        pr: &PullRequest,
        id: u64,
        check: &CheckRun,
    ) -> Result<(), ForgeError> {
        self.write_check(pr, id, check).await
    }

    async fn comment(&self, pr: &PullRequest, body: &str) -> Result<OwnComment, ForgeError> {
        self.write_comment(pr, body).await
    }

    async fn edit_comment(&self, pr: &PullRequest, id: u64, body: &str) -> Result<(), ForgeError> {
        self.rewrite_comment(pr, id, body).await
    }

    async fn minimize(&self, pr: &PullRequest, comment: &str) -> Result<(), ForgeError> {
        self.write_minimized(pr, comment).await
    }

    async fn review(
        &self,
        pr: &PullRequest,
        request: &ReviewRequest,
    ) -> Result<PostedReview, ForgeError> {
        self.write_review(pr, request).await
    }

    async fn resolve_thread(&self, pr: &PullRequest, thread: &str) -> Result<(), ForgeError> {
        self.write_resolved(pr, thread).await
    }

    async fn react(
        &self,
        pr: &PullRequest,
        target: ReactionTarget,
        reaction: Reaction,
    ) -> Result<(), ForgeError> {
        self.add_reaction(pr, target, reaction).await
    }

    async fn redeliver(&self, attempt: u64) -> Result<(), ForgeError> {
        self.write_redelivery(attempt).await
    }
}
