//! Whether a pull request may be merged, decided as GitHub decides it.

use super::accounts::Role;
use super::git::Oid;
use super::pulls::merged_files;
use super::repository::{
    CheckRun, Protection, Pull, Repository, RequiredCheck, Review, ReviewState,
};
use super::state::{AccountId, Refused, World};
use std::collections::BTreeMap;

/// Conclusions that satisfy a required check.
const PASSING: [&str; 3] = ["success", "neutral", "skipped"];

/// May it be merged, and if not, why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mergeability {
    /// Everything in the way, in plain words; empty: nothing.
    pub reasons: Vec<String>,
}

impl Mergeability {
    /// Nothing is in the way.
    pub fn allowed(&self) -> bool {
        self.reasons.is_empty()
    }
}

impl World {
    /// The merge box of a pull request.
    pub(super) fn mergeability(&self, repo: u64, number: u64) -> Result<Mergeability, Refused> {
        let repository = self.repo(repo)?;
        let pull = repository.pull(number)?;
        let mut reasons = Vec::new();
        if pull.merged.is_some() {
            reasons.push("the pull request is merged already".to_owned());
        } else if !pull.open {
            reasons.push("the pull request is closed".to_owned());
        }
        if pull.draft {
            reasons.push("the pull request is a draft".to_owned());
        }
        if repository.archived {
            reasons.push("the repository is archived".to_owned());
        }
        match repository.tip(&pull.base_branch) {
            Ok(tip) => {
                if let Err(conflict) = merged_files(repository, &tip, &pull.head) {
                    reasons.push(conflict.0);
                }
            }
            Err(missing) => reasons.push(missing.0),
        }
        if let Some(rules) = repository.protections.get(&pull.base_branch) {
            for required in &rules.required_checks {
                reasons.extend(check_in_the_way(repository, &pull.head, required));
            }
            reasons.extend(self.reviews_in_the_way(repository, pull, rules));
        }
        Ok(Mergeability { reasons })
    }

    fn reviews_in_the_way(
        &self,
        repo: &Repository,
        pull: &Pull,
        rules: &Protection,
    ) -> Vec<String> {
        let mut reasons = Vec::new();
        let latest = latest_opinions(pull);
        let counting = |wanted: ReviewState| {
            let matches = |(account, state): &(&AccountId, &ReviewState)| {
                **state == wanted && self.role(repo, **account) >= Some(Role::Write)
            };
            latest.iter().filter(matches).count()
        };
        let approvals = counting(ReviewState::Approved);
        if approvals < rules.approvals {
            reasons.push(format!(
                "{} approving reviews needed, {approvals} given",
                rules.approvals
            ));
        }
        let approves_last_push = |review: &Review| {
            review.state == ReviewState::Approved
                && review.commit == pull.head
                && review.author != pull.pushed_by
                && self.role(repo, review.author) >= Some(Role::Write)
        };
        if rules.last_push_approval && !pull.reviews.iter().any(approves_last_push) {
            reasons.push("the last push is not approved by somebody else".to_owned());
        }
        if rules.approvals > 0 && counting(ReviewState::ChangesRequested) > 0 {
            reasons.push("changes are requested".to_owned());
        }
        if rules.resolved_conversations && pull.threads().any(|c| !c.resolved) {
            reasons.push("a review conversation is not resolved".to_owned());
        }
        reasons
    }
}

/// The last approving or rejecting review of each account; a dismissed one counts as none.
fn latest_opinions(pull: &Pull) -> BTreeMap<AccountId, ReviewState> {
    let mut latest = BTreeMap::new();
    for review in &pull.reviews {
        if review.state != ReviewState::Commented {
            latest.insert(review.author, review.state);
        }
    }
    latest
}

/// How far a required check is on a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It passes.
    Passed,
    /// Nobody reported it, or its newest report has no end yet.
    Open,
    /// It ended otherwise.
    Failed,
}

/// How far all the checks that a branch requires are on a commit, the worst of them.
pub(super) fn progress(repo: &Repository, head: &Oid, rules: &Protection) -> Progress {
    let one = |required: &RequiredCheck| {
        if check_in_the_way(repo, head, required).is_none() {
            return Progress::Passed;
        }
        let on_head = |run: &&CheckRun| run.name == required.name && run.head == *head;
        let counts = |run: &&CheckRun| required.app.is_none_or(|app| run.app == app);
        let runs = repo.check_runs.iter().filter(on_head).filter(counts);
        match runs.max_by_key(|run| run.id) {
            Some(run) if run.conclusion.is_some() => Progress::Failed,
            _ => Progress::Open,
        }
    };
    let all: Vec<Progress> = rules.required_checks.iter().map(one).collect();
    match () {
        () if all.contains(&Progress::Failed) => Progress::Failed,
        () if all.contains(&Progress::Open) => Progress::Open,
        () => Progress::Passed,
    }
}

/// What one required check has against the head, if anything.
fn check_in_the_way(repo: &Repository, head: &Oid, required: &RequiredCheck) -> Option<String> {
    let name = &required.name;
    let on_head = |run: &&CheckRun| run.name == *name && run.head == *head;
    let newest = repo
        .check_runs
        .iter()
        .filter(on_head)
        .filter(|run| required.app.is_none_or(|app| run.app == app))
        .max_by_key(|run| run.id);
    if let Some(run) = newest {
        return match run.conclusion.as_deref() {
            Some(conclusion) if PASSING.contains(&conclusion) => None,
            Some(conclusion) => Some(format!("the required check {name} is {conclusion}")),
            None => Some(format!("the required check {name} is {}", run.status)),
        };
    }
    if required.app.is_none()
        && let Some(status) = repo
            .statuses
            .iter()
            .rev()
            .find(|status| status.context == *name && status.head == *head)
    {
        let passes = status.state == "success";
        return (!passes).then(|| format!("the required status {name} is {}", status.state));
    }
    let elsewhere = repo.check_runs.iter().any(|run| on_head(&run))
        || repo
            .statuses
            .iter()
            .any(|status| status.context == *name && status.head == *head);
    Some(match required.app {
        Some(app) if elsewhere => {
            format!("the required check {name} is expected from App {app}, not from others")
        }
        _ => {
            format!("the required check {name} is expected, but nobody reported it on this commit")
        }
    })
}
