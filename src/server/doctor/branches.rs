//! Reads the gated branches of a repository: what each defines, and what its rules require.

use super::gate::GateFacts;
use super::{Finding, gate};
use crate::bot::definitions::Definitions;
use crate::bot::ground::{self, BuiltIn, folders};
use crate::bot::repo_config::RepoConfig;
use crate::forge::github::GitHub;
use crate::forge::inspect::{AppSeen, Inspect as _, InstallationSeen, RepositorySeen};
use crate::forge::overview::{BaseFiles, Overview as _};
use crate::forge::{ForgeError, ForgeRead as _};
use crate::ids::PullRequest;
use std::collections::BTreeMap;

/// The gated branches of a repository.
pub(super) struct Gated<'a> {
    pub(super) github: &'a GitHub,
    pub(super) app_id: u64,
    pub(super) app: &'a AppSeen,
    /// Names the repository and the installation.
    pub(super) pr: &'a PullRequest,
    pub(super) repo: &'a RepositorySeen,
    pub(super) installation: &'a InstallationSeen,
}

impl Gated<'_> {
    /// Findings about each, or about the one that was asked for.
    pub(super) async fn branches(
        &self,
        asked: Option<&str>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ForgeError> {
        let default_branch = self.repo.default_branch.as_str();
        let Some(built_in) = BuiltIn::load() else {
            findings.push(gate::incomplete(&self.pr.repo.to_string()));
            return Ok(());
        };
        let mut bases: BTreeMap<String, Option<BaseFiles>> = BTreeMap::new();
        let github = self.github;
        let of_default = github.base_files(self.pr, default_branch).await?;
        let text = of_default.as_ref().and_then(|files| files.config.clone());
        bases.insert(default_branch.to_owned(), of_default);
        let names = match asked {
            Some(branch) => vec![branch.to_owned()],
            None => gated_names(text.as_deref(), default_branch),
        };
        let mut is_any_there = false;
        for name in &names {
            let files = match bases.remove(name) {
                Some(known) => known,
                None => github.base_files(self.pr, name).await?,
            };
            let rules = github.branch_gate(self.pr, name).await?;
            let (Some(files), Some(rules)) = (files, rules) else {
                findings.push(gate::absent(name, asked.is_some()));
                continue;
            };
            is_any_there = true;
            let read = self.definitions(&files, &built_in).await?;
            let default_config = text.as_deref().filter(|_| name != default_branch);
            findings.extend(gate::judge(&GateFacts {
                app: (self.app_id, self.app.name.clone()),
                page: self.repo.page.clone(),
                branch: name.clone(),
                is_gated: ground::is_gated(name, default_branch, &read.config, default_config),
                config: read.config.gate,
                is_configured: files.config.is_some(),
                errors: read.errors,
                notices: read.notices,
                rules,
                answers_queues: self.answers_queues(),
            }));
        }
        if !is_any_there && asked.is_none() {
            findings.push(gate::ungated(&self.pr.repo.to_string(), default_branch));
        }
        Ok(())
    }

    /// What a branch defines.
    async fn definitions(
        &self,
        files: &BaseFiles,
        built_in: &BuiltIn,
    ) -> Result<Definitions, ForgeError> {
        let mut personas = files.personas.clone();
        let config = files.config.as_deref();
        let unread = folders::unread(config, &personas);
        if !unread.is_empty() {
            let github = self.github;
            personas.extend(github.folders(self.pr, &files.tip, &unread).await?);
        }
        let files = ground::definition_files(config, &personas, &files.templates);
        Ok(Definitions::read(&files, built_in))
    }

    fn answers_queues(&self) -> bool {
        let is_heard = self.app.events.contains("merge_group");
        is_heard && self.installation.permissions.contains_key("merge_queues")
    }
}

/// The branches that the default branch's configuration gates, without doubles; its defaults where it does not read.
fn gated_names(config: Option<&str>, default_branch: &str) -> Vec<String> {
    let read = config.and_then(|text| RepoConfig::parse(text).ok());
    let config = read.map_or_else(RepoConfig::default, |(config, _)| config);
    let mut names: Vec<String> = Vec::new();
    for base in &config.gate.bases {
        let name = if base == "default" {
            default_branch
        } else {
            base.as_str()
        };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
