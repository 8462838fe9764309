//! Check runs and suites as state: the REST routes, foreign Apps and re-run buttons share it.

use super::git::Oid;
use super::repository::{CheckRun, CheckSuite};
use super::state::{AccountId, Refused, World};
use serde_json::json;

impl World {
    /// The suite of an App on a commit, made if need be.
    pub(super) fn suite_for(&mut self, repo: u64, app: u64, head: &Oid) -> Result<u64, Refused> {
        let (id, created_at) = (self.large_id(), self.now());
        let repository = self.repo_mut(repo)?;
        let existing = repository
            .check_suites
            .iter()
            .find(|suite| suite.app == app && suite.head == *head);
        if let Some(suite) = existing {
            return Ok(suite.id);
        }
        let branch = repository.git.branches.iter().find(|(_, tip)| *tip == head);
        let branch = branch.map(|(name, _)| name.clone());
        repository.check_suites.push(CheckSuite {
            id,
            app,
            head: head.clone(),
            branch,
            before: None,
            created_at,
        });
        Ok(id)
    }

    /// After a push GitHub opens a suite for every App that may write checks and tells it so.
    pub(super) fn request_suite(
        &mut self,
        repo: u64,
        branch: &str,
        before: Option<&Oid>,
        head: &Oid,
        by: AccountId,
    ) {
        let app = self.own_app;
        let known = |world: &Self| {
            world.repos.get(&repo).is_some_and(|repository| {
                repository
                    .check_suites
                    .iter()
                    .any(|s| s.app == app && s.head == *head)
            })
        };
        if known(self) {
            return;
        }
        let Ok(suite) = self.suite_for(repo, app, head) else {
            return;
        };
        let found = self
            .repos
            .get_mut(&repo)
            .and_then(|repository| repository.check_suites.iter_mut().find(|s| s.id == suite));
        if let Some(found) = found {
            found.branch = Some(branch.to_owned());
            found.before = before.cloned();
        }
        self.announce_suite(repo, suite, by, "requested");
    }

    /// Stores a new run and announces it; the run's ids and times are set here.
    pub(super) fn add_check(&mut self, repo: u64, mut run: CheckRun) -> Result<u64, Refused> {
        run.id = self.large_id();
        run.suite = self.suite_for(repo, run.app, &run.head)?;
        run.visible_from = self.now();
        let (id, completed) = (run.id, run.status == "completed");
        let bot = self.apps.get(&run.app).map_or(0, |app| app.bot);
        self.repo_mut(repo)?.check_runs.push(run);
        self.announce_check(repo, id, bot, "created", json!({}));
        if completed {
            self.announce_check(repo, id, bot, "completed", json!({}));
        }
        Ok(id)
    }

    /// A run for changing it.
    pub(super) fn check_mut(&mut self, repo: u64, id: u64) -> Option<&mut CheckRun> {
        self.repos
            .get_mut(&repo)?
            .check_runs
            .iter_mut()
            .find(|run| run.id == id)
    }

    /// A person presses "Re-run" on one check: GitHub puts the run back to `queued` without a conclusion, so that
    /// nothing is green until the App answers.
    pub(super) fn rerequest_check(
        &mut self,
        repo: u64,
        id: u64,
        by: AccountId,
    ) -> Result<(), Refused> {
        let run = self.check_mut(repo, id);
        let run = run.ok_or_else(|| Refused(format!("there is no check run {id}")))?;
        run.status = "queued".to_owned();
        run.conclusion = None;
        run.completed_at = None;
        self.announce_check(repo, id, by, "rerequested", json!({}));
        Ok(())
    }

    /// A person presses one of the run's buttons.
    pub(super) fn press_button(
        &mut self,
        repo: u64,
        id: u64,
        identifier: &str,
        by: AccountId,
    ) -> Result<(), Refused> {
        let run = self.check_mut(repo, id);
        let run = run.ok_or_else(|| Refused(format!("there is no check run {id}")))?;
        if !run
            .actions
            .iter()
            .any(|action| action["identifier"] == identifier)
        {
            return Err(Refused(format!("the check has no button {identifier}")));
        }
        let more = json!({"requested_action": {"identifier": identifier}});
        self.announce_check(repo, id, by, "requested_action", more);
        Ok(())
    }
}
