//! Webhook payloads: what each event carries, and whether the App may see it.

use super::accounts::{Access, AccountKind};
use super::repository::{Comment, Pull, Review, ReviewComment};
use super::shape;
use super::state::{AccountId, World};
use serde_json::{Value, json};

/// Permission without which GitHub sends no such event.
fn permission_for(event: &str) -> Option<&'static str> {
    match event {
        "pull_request" | "pull_request_review" | "pull_request_review_comment" => {
            Some("pull_requests")
        }
        "issue_comment" => Some("issues"),
        "push" => Some("contents"),
        "check_run" | "check_suite" => Some("checks"),
        "merge_group" => Some("merge_queues"),
        _ => None,
    }
}

impl World {
    /// Announces an event of a repository to the App, if it is installed there, subscribed and permitted.
    pub(super) fn announce(&mut self, repo: u64, sender: AccountId, event: &str, details: Value) {
        let Some(repository) = self.repos.get(&repo) else {
            return;
        };
        let Some(installation) = self.installation_of(repository) else {
            return;
        };
        let subscribed = self.app().is_some_and(|app| app.events.contains(event));
        let permitted = permission_for(event)
            .is_none_or(|name| installation.permissions.get(name) >= Some(&Access::Read));
        if !subscribed || !permitted || installation.suspended_at.is_some() {
            return;
        }
        let mut body = details;
        body["repository"] = shape::repository(self, repository);
        body["sender"] = shape::user(self, sender);
        body["installation"] = json!({
            "id": installation.id,
            "node_id": shape::node_id("I", installation.id),
        });
        if let Some(owner) = self.accounts.get(&repository.owner)
            && owner.kind == AccountKind::Organization
        {
            body["organization"] = shape::organization(self, owner.id);
        }
        self.post(event, &body);
    }

    /// Announces an event of the installation itself; GitHub sends these to every App.
    pub(super) fn announce_installation(&mut self, id: u64, event: &str, details: Value) {
        let Some(installation) = self.installations.get(&id) else {
            return;
        };
        let mut body = details;
        body["installation"] = shape::installation(self, installation);
        body["sender"] = shape::user(self, installation.account);
        self.post(event, &body);
    }

    /// `pull_request` with that action; `more` adds members such as `changes`.
    pub(super) fn announce_pull(
        &mut self,
        repo: u64,
        number: u64,
        sender: AccountId,
        action: &str,
        more: Value,
    ) {
        let Some((repository, pull)) = self.pull_in(repo, number) else {
            return;
        };
        let mut body = json!({
            "action": action,
            "number": number,
            "pull_request": shape::pull_full(self, repository, pull),
        });
        add_members(&mut body, more);
        self.announce(repo, sender, "pull_request", body);
    }

    /// `issue_comment` with that action.
    pub(super) fn announce_comment(
        &mut self,
        repo: u64,
        number: u64,
        comment: &Comment,
        sender: AccountId,
        action: &str,
        old_body: Option<&str>,
    ) {
        let Some((repository, pull)) = self.pull_in(repo, number) else {
            return;
        };
        let mut body = json!({
            "action": action,
            "issue": shape::issue(self, repository, pull),
            "comment": shape::comment(self, repository, pull, comment),
        });
        note_old_body(&mut body, old_body);
        self.announce(repo, sender, "issue_comment", body);
    }

    /// `pull_request_review` with that action. Unlike in REST answers the state is in lower case, and a moment stands
    /// by it.
    pub(super) fn announce_review(
        &mut self,
        repo: u64,
        number: u64,
        review: &Review,
        sender: AccountId,
        action: &str,
        old_body: Option<&str>,
    ) {
        let Some((repository, pull)) = self.pull_in(repo, number) else {
            return;
        };
        let mut value = shape::review(self, repository, pull, review);
        value["state"] = json!(review.state.as_str().to_ascii_lowercase());
        value["updated_at"] = shape::time(review.submitted_at);
        let mut body = json!({
            "action": action,
            "pull_request": shape::pull_simple(self, repository, pull),
            "review": value,
        });
        note_old_body(&mut body, old_body);
        self.announce(repo, sender, "pull_request_review", body);
    }

    /// `pull_request_review_comment` with that action.
    pub(super) fn announce_review_comment(
        &mut self,
        repo: u64,
        number: u64,
        comment: &ReviewComment,
        sender: AccountId,
        action: &str,
        old_body: Option<&str>,
    ) {
        let Some((repository, pull)) = self.pull_in(repo, number) else {
            return;
        };
        let mut body = json!({
            "action": action,
            "pull_request": shape::pull_simple(self, repository, pull),
            "comment": shape::review_comment(self, repository, pull, comment),
        });
        note_old_body(&mut body, old_body);
        self.announce(repo, sender, "pull_request_review_comment", body);
    }

    /// `check_run` with that action. The suite is embedded, unlike in REST answers.
    pub(super) fn announce_check(
        &mut self,
        repo: u64,
        run: u64,
        sender: AccountId,
        action: &str,
        more: Value,
    ) {
        let Some(repository) = self.repos.get(&repo) else {
            return;
        };
        let Some(check) = repository.check_runs.iter().find(|check| check.id == run) else {
            return;
        };
        let mut value = shape::check_run(self, repository, check);
        if let Some(suite) = repository
            .check_suites
            .iter()
            .find(|suite| suite.id == check.suite)
        {
            value["check_suite"] = shape::check_suite_of_run(self, repository, suite);
        }
        let mut body = json!({"action": action, "check_run": value});
        add_members(&mut body, more);
        self.announce(repo, sender, "check_run", body);
    }

    /// `check_suite` with that action.
    pub(super) fn announce_suite(
        &mut self,
        repo: u64,
        suite: u64,
        sender: AccountId,
        action: &str,
    ) {
        let Some(repository) = self.repos.get(&repo) else {
            return;
        };
        let Some(found) = repository
            .check_suites
            .iter()
            .find(|found| found.id == suite)
        else {
            return;
        };
        let body =
            json!({"action": action, "check_suite": shape::check_suite(self, repository, found)});
        self.announce(repo, sender, "check_suite", body);
    }

    fn pull_in(&self, repo: u64, number: u64) -> Option<(&super::repository::Repository, &Pull)> {
        let repository = self.repos.get(&repo)?;
        Some((repository, repository.pulls.get(&number)?))
    }
}

/// What an `edited` event says about the text before.
fn note_old_body(body: &mut Value, old: Option<&str>) {
    if let Some(old) = old {
        body["changes"] = json!({"body": {"from": old}});
    }
}

/// Lays the members of one object over another.
fn add_members(body: &mut Value, more: Value) {
    if let (Value::Object(all), Value::Object(extra)) = (body, more) {
        all.extend(extra);
    }
}
