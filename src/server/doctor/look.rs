//! Reads the facts, one after the other, as far as one leads to the next, and has them judged.

use super::app::AppFacts;
use super::branches::Gated;
use super::settings::SigningKey;
use super::{Area, Finding, app, database, installation, models, settings};
use crate::config::models::Models;
use crate::config::{Examined, NAMES};
use crate::forge::ForgeError;
use crate::forge::github::GitHub;
use crate::forge::inspect::{AppSeen, Greeting, Inspect, InstallationSeen};
use crate::forge::overview::Overview as _;
use crate::ids::{PullRequest, Repo};
use crate::signing::files::KeyFiles;
use crate::store;
use secrecy::ExposeSecret as _;
use std::path::Path;

/// Installations that are looked at where no repository is named: one request each.
const INSTALLATIONS: usize = 100;
/// Where Linux tells what is mounted.
const MOUNTS: &str = "/proc/self/mounts";

/// What is to be looked at besides the App itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// Owner and name of a repository.
    pub repo: Option<(&'a str, &'a str)>,
    /// One branch of it, in place of all that are gated.
    pub branch: Option<&'a str>,
}

/// What could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotChecked {
    /// What would have been.
    pub area: Area,
    /// Why not.
    pub why: &'static str,
}

/// All findings.
#[derive(Debug, Default)]
pub struct CheckUp {
    /// In the order of their areas.
    pub findings: Vec<Finding>,
    /// What is missing among them.
    pub not_checked: Vec<NotChecked>,
    /// The models of the settings, with one that was found.
    pub models: Option<Models>,
}

/// Looks at everything. Needs a Tokio runtime. Makes and changes nothing, and asks no model for an answer.
pub async fn check_up(examined: &Examined, wish: Wish<'_>) -> CheckUp {
    let mut all = CheckUp::default();
    all.findings.extend(settings::judge(examined));
    all.findings.extend(disk(examined).await);
    all.github(examined, wish).await;
    all.choice_of_models(examined).await;
    all
}

/// What lies on the disk.
async fn disk(examined: &Examined) -> Vec<Finding> {
    let mut looked = store::look(examined.database_url.expose_secret()).await;
    if let Ok(looked) = &mut looked
        && let Ok(path) = std::path::absolute(&looked.path)
    {
        looked.path = path;
    }
    let is_wrong = |name: &str| examined.problems.iter().any(|one| one.name == name);
    let mut findings = Vec::new();
    if !is_wrong("DATABASE_URL") {
        let mounts = std::fs::read_to_string(MOUNTS).unwrap_or_default();
        findings.extend(database::judge(&looked, &mounts));
    }
    findings.push(settings::signing_key(&signing_key(
        &examined.signing_key_path,
    )));
    findings
}

fn signing_key(path: &Path) -> SigningKey {
    let files = KeyFiles::at(path);
    match files.key.exists() {
        false => SigningKey::Absent(files.key),
        true => match files.load() {
            Ok(_) => SigningKey::Fine(files.key),
            Err(error) => SigningKey::Broken(error.to_string()),
        },
    }
}

impl CheckUp {
    fn skip(&mut self, area: Area, why: &'static str) {
        self.not_checked.push(NotChecked { area, why });
    }

    async fn choice_of_models(&mut self, examined: &Examined) {
        let of_models = NAMES.iter().position(|name| *name == "DISCUSSIONS_MODEL");
        let is_core = |name: &str| NAMES.iter().position(|known| *known == name) < of_models;
        let is_known = |name: &str| NAMES.contains(&name);
        let mut problems = examined.problems.iter();
        if problems.any(|one| !is_known(&one.name) || !is_core(&one.name)) {
            self.skip(
                Area::Models,
                "something about them is wrong in the settings",
            );
            return;
        }
        match super::super::models::found(examined.models.clone()).await {
            Ok(found) => {
                let said = found.said.as_deref();
                self.findings
                    .push(models::judge(&found.settings, said, found.is_amiss));
                self.models = Some(found.settings);
            }
            Err(error) => self.findings.push(models::unusable(&error.to_string())),
        }
    }

    /// The App, its installations and the gate.
    async fn github(&mut self, examined: &Examined, wish: Wish<'_>) {
        let (Some(app_id), Some(key)) = (examined.app_id, &examined.private_key) else {
            let why = "APP_ID and the private key are needed for that";
            self.skip(Area::GitHub, why);
            self.skip(Area::Installation, why);
            self.skip_gate(wish, why);
            return;
        };
        let urls = &examined.github;
        let made = GitHub::new(app_id, key, &urls.api, &urls.graphql);
        let github = made.as_ref();
        let mut facts = AppFacts {
            app_id,
            api: urls.api.clone(),
            webhook_path: examined.webhook_path.clone(),
            greeting: match github {
                Ok(github) => github.greet().await,
                Err(error) => Greeting {
                    skew: None,
                    app: Err(error.clone()),
                },
            },
            hook: None,
            attempts: None,
        };
        let seen = facts.greeting.app.clone().ok();
        let (Ok(github), Some(seen)) = (github, seen) else {
            self.findings.extend(app::judge(&facts));
            let why = "GitHub does not let the App in";
            self.skip(Area::Installation, why);
            self.skip_gate(wish, why);
            return;
        };
        facts.hook = Some(github.hook().await);
        facts.attempts = Some(github.attempts().await);
        self.findings.extend(app::judge(&facts));
        let look = Look {
            github,
            app_id,
            app: &seen,
        };
        let done = match wish.repo {
            None => look.installations(&mut self.findings).await,
            Some((owner, name)) => look.repository(owner, name, wish.branch, self).await,
        };
        if let Err(error) = done {
            self.findings.push(unreadable(&error));
        }
    }

    fn skip_gate(&mut self, wish: Wish<'_>, why: &'static str) {
        if wish.repo.is_some() {
            self.skip(Area::Gate, why);
        }
    }
}

fn unreadable(error: &ForgeError) -> Finding {
    let finding = Finding::failed(Area::GitHub, "unreadable", "GitHub", &error.to_string());
    finding.because(
        "what comes after it could not be looked at",
        "Try again; GitHub's words say more.",
    )
}

/// GitHub, and the App as it is there.
struct Look<'a> {
    github: &'a GitHub,
    app_id: u64,
    app: &'a AppSeen,
}

impl Look<'_> {
    async fn installations(&self, findings: &mut Vec<Finding>) -> Result<(), ForgeError> {
        let all = self.github.installations().await?;
        if all.is_empty() {
            findings.push(installation::nowhere(self.app));
        }
        if all.len() > INSTALLATIONS {
            findings.push(installation::beyond(INSTALLATIONS, all.len()));
        }
        for one in all.iter().take(INSTALLATIONS) {
            let seen = self.github.installation(one.id).await?;
            let judged = seen.map(|seen| installation::judge(&seen, self.app));
            findings.extend(judged.unwrap_or_default());
        }
        Ok(())
    }

    /// The repository's installation and its gated branches, or the one that was asked for.
    async fn repository(
        &self,
        owner: &str,
        name: &str,
        branch: Option<&str>,
        all: &mut CheckUp,
    ) -> Result<(), ForgeError> {
        let mut pr = PullRequest {
            installation: 0,
            repo: Repo {
                id: 0,
                owner: owner.to_owned(),
                name: name.to_owned(),
            },
            number: 0,
        };
        let found = match self.github.installation_of(&pr).await? {
            Some(id) => self.github.installation(id).await?,
            None => None,
        };
        let Some(seen) = found else {
            let on = self.on_account(owner).await?;
            let full_name = pr.repo.to_string();
            all.findings.push(installation::out_of_reach(
                &full_name,
                self.app,
                on.as_ref(),
            ));
            all.skip(Area::Gate, "the App does not reach the repository");
            return Ok(());
        };
        all.findings.extend(installation::judge(&seen, self.app));
        if seen.is_suspended {
            all.skip(Area::Gate, "the installation is suspended");
            return Ok(());
        }
        let repo = self.github.repository(seen.id, owner, name).await?;
        pr.installation = seen.id;
        pr.repo = repo.repo.clone();
        if repo.is_archived {
            let full_name = pr.repo.to_string();
            let finding = Finding::warning(
                Area::Gate,
                "archived",
                &full_name,
                "the repository is archived",
            );
            all.findings.push(finding.because(
                "nothing can be written or merged there",
                "Unarchive it if that was not meant.",
            ));
        }
        let gated = Gated {
            github: self.github,
            app_id: self.app_id,
            app: self.app,
            pr: &pr,
            repo: &repo,
            installation: &seen,
        };
        gated.branches(branch, &mut all.findings).await
    }

    /// The installation on an account, by its login.
    async fn on_account(&self, login: &str) -> Result<Option<InstallationSeen>, ForgeError> {
        let all = self.github.installations().await?;
        for one in all.iter().take(INSTALLATIONS) {
            let seen = self.github.installation(one.id).await?;
            if let Some(seen) = seen.filter(|seen| seen.account.eq_ignore_ascii_case(login)) {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }
}
