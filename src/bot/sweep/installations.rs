//! Installations that came, came back, or went.

use super::survey_all;
use crate::bot::deps::{BotDeps, JobError};
use crate::bot::job::StoredRepo;
use crate::forge::ForgeError;
use crate::ids::Repo;
use crate::store::Claimed;
use std::collections::BTreeSet;

/// Repositories that an installation has now, or has again.
pub(super) async fn gained(
    deps: &BotDeps,
    guid: &str,
    id: u64,
    repos: Option<Vec<StoredRepo>>,
) -> Result<(), JobError> {
    let repos = match repos {
        Some(repos) => repos.into_iter().map(Repo::from).collect(),
        None => {
            let found = deps.read.repositories(id).await;
            found.or_else(|error| passed_over(id, error))?
        }
    };
    survey_all(deps, guid, id, repos, false, 0).await.map(drop)
}

/// Drops what waits for an installation that is gone, or for repositories of it. GitHub is asked first: events come in
/// any order, and this one may be overtaken by one that the repository is back.
pub(super) async fn left(
    deps: &BotDeps,
    job: &Claimed,
    id: u64,
    repos: Option<Vec<StoredRepo>>,
) -> Result<(), JobError> {
    let gone: Option<BTreeSet<u64>> = match repos {
        None if deps.read.is_installed(id).await? => return Ok(()),
        None => None,
        Some(repos) => {
            // Only what GitHub does not list is gone; whoever may not ask drops nothing.
            let there = match deps.read.repositories(id).await {
                Err(
                    error @ (ForgeError::Forbidden(_)
                    | ForgeError::Refused(_)
                    | ForgeError::Blocked(_)),
                ) => {
                    tracing::warn!(installation = id, job = %job.id, %error, "nothing is dropped");
                    return Ok(());
                }
                found => found.or_else(|error| passed_over(id, error))?,
            };
            let is_there = |one: &StoredRepo| there.iter().any(|repo| repo.id == one.id);
            let gone = repos.iter().filter(|one| !is_there(one));
            Some(gone.map(|one| one.id).collect())
        }
    };
    let dropped = deps.store.drop_jobs(id, gone.as_ref()).await?;
    tracing::info!(installation = id, job = %job.id, repositories = ?gone, dropped, "left");
    Ok(())
}

/// An installation that is gone or blocked has no repositories for us.
pub(super) fn passed_over(installation: u64, error: ForgeError) -> Result<Vec<Repo>, JobError> {
    match error {
        ForgeError::NotFound(_)
        | ForgeError::Forbidden(_)
        | ForgeError::Refused(_)
        | ForgeError::Blocked(_) => {
            tracing::warn!(installation, %error, "not swept");
            Ok(Vec::new())
        }
        error => Err(error.into()),
    }
}
