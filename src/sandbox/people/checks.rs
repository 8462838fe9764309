//! Checks: re-runs, buttons, and what others than our App report.

use super::super::accounts::{NewApp, Permissions, Role};
use super::super::git::Oid;
use super::super::hub::Hub;
use super::super::repository::{CheckRun, CommitStatus};
use super::super::state::Refused;
use super::pulls::actor;
use std::collections::BTreeSet;

impl Hub {
    /// Check runs on a commit, oldest first.
    pub fn check_runs(&self, repo: &str, head: &Oid) -> Vec<CheckRun> {
        self.look(|world| {
            let found = world.repo_id(repo).and_then(|id| world.repo(id));
            let on_head = |run: &&CheckRun| run.head == *head;
            found.map_or_else(
                |_| Vec::new(),
                |repo| repo.check_runs.iter().filter(on_head).cloned().collect(),
            )
        })
    }

    /// The newest run of our App under that name on a pull request's head.
    pub fn check_on_head(&self, repo: &str, number: u64, name: &str) -> Option<CheckRun> {
        let head = self.pull(repo, number).ok()?.head;
        let own = self.app_id;
        let runs = self.check_runs(repo, &head);
        runs.into_iter()
            .rfind(|run| run.app == own && run.name == name)
    }

    /// Presses "Re-run" on a check.
    pub fn rerequest_check(&self, login: &str, repo: &str, run: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.rerequest_check(id, run, by)
        })
    }

    /// Presses "Re-run all" on our App's suite of a commit.
    pub fn rerequest_suite(&self, login: &str, repo: &str, head: &Oid) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            let suite = world.suite_for(id, world.own_app, head)?;
            world.announce_suite(id, suite, by, "rerequested");
            Ok(())
        })
    }

    /// Presses a button of a check.
    pub fn press_button(
        &self,
        login: &str,
        repo: &str,
        run: u64,
        identifier: &str,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.press_button(id, run, identifier, by)
        })
    }

    /// Lets another App report a completed check; the App is made if need be.
    pub fn foreign_check(
        &self,
        repo: &str,
        app: u64,
        head: &Oid,
        name: &str,
        conclusion: &str,
    ) -> Result<u64, Refused> {
        self.act(|world| {
            if !world.apps.contains_key(&app) {
                world.add_app(NewApp {
                    id: app,
                    slug: format!("app-{app}"),
                    owner: "elsewhere".to_owned(),
                    permissions: Permissions::new(),
                    events: BTreeSet::new(),
                    public_key: None,
                });
            }
            let (id, now) = (world.repo_id(repo)?, world.now());
            world.add_check(
                id,
                CheckRun {
                    id: 0,
                    app,
                    suite: 0,
                    name: name.to_owned(),
                    head: head.clone(),
                    external_id: String::new(),
                    details_url: None,
                    status: "completed".to_owned(),
                    conclusion: Some(conclusion.to_owned()),
                    started_at: Some(now),
                    completed_at: Some(now),
                    title: None,
                    summary: None,
                    text: None,
                    annotations: Vec::new(),
                    actions: Vec::new(),
                    visible_from: now,
                },
            )
        })
    }

    /// Posts a commit status under any name, as everybody with write can.
    pub fn post_status(
        &self,
        login: &str,
        repo: &str,
        head: &Oid,
        context: &str,
        state: &str,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            if world.role(world.repo(id)?, by) < Some(Role::Write) {
                return Err(Refused(format!("{login} may not post statuses")));
            }
            let status = CommitStatus {
                context: context.to_owned(),
                state: state.to_owned(),
                head: head.clone(),
            };
            world.repo_mut(id)?.statuses.push(status);
            Ok(())
        })
    }
}
