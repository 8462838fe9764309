//! What the rules of a pull request's branches mean for a push to it: repository rulesets, and the part of classic branch
//! protection that GitHub shows to those who do not administrate.
//!
//! Facts: <https://docs.github.com/graphql/reference/objects#refupdaterule>, `Ref.rules` and `RepositoryRule`. What
//! classic protection does not show (dismissing approvals, for one) is learned from what GitHub does after a push.

use super::super::{BranchRules, ForgeError};
use super::GitHub;
use crate::ids::PullRequest;
use serde::Deserialize;
use serde_json::json;

const QUERY: &str = include_str!("rules.graphql");

#[derive(Default, Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    head: Option<Branch>,
    base: Option<Branch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Branch {
    ref_update_rule: Option<Protection>,
    rules: Option<Nodes<Rule>>,
}

/// Classic branch protection, as far as it is enforced on the App.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Protection {
    viewer_can_push: Option<bool>,
    required_approving_review_count: Option<u64>,
    required_status_check_contexts: Option<Vec<Option<String>>>,
    requires_conversation_resolution: Option<bool>,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Option<Vec<Option<T>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    parameters: Option<Parameters>,
    repository_ruleset: Option<Ruleset>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    dismiss_stale_reviews_on_push: bool,
    require_last_push_approval: bool,
    required_review_thread_resolution: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ruleset {
    /// `None` for readers who may not change the ruleset.
    bypass_actors: Option<Nodes<Bypass>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bypass {
    bypass_mode: Option<String>,
    actor: Option<BypassActor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BypassActor {
    #[serde(rename = "__typename")]
    kind: String,
    database_id: Option<u64>,
}

impl GitHub {
    pub(super) async fn read_branch_rules(
        &self,
        pr: &PullRequest,
        head: Option<&str>,
        base: &str,
    ) -> Result<BranchRules, ForgeError> {
        let qualified = |branch: &str| format!("refs/heads/{branch}");
        let variables = json!({
            "owner": pr.repo.owner,
            "name": pr.repo.name,
            "head": qualified(head.unwrap_or_default()),
            "base": qualified(base),
            "readHead": head.is_some(),
        });
        let data: Data = self.graphql_readable(pr, QUERY, variables).await?;
        let repository = data.repository;
        let (head, base) = repository.map_or((None, None), |found| (found.head, found.base));
        let app = self.auth.app_id();
        Ok(BranchRules {
            push_refused: head.and_then(|branch| branch.refuses_push(app)),
            push_punished: base.as_ref().and_then(Branch::punishes_push),
            conversations_must_be_resolved: base.is_some_and(|base| base.wants_resolution()),
        })
    }
}

impl Branch {
    fn rules(&self) -> impl Iterator<Item = &Rule> {
        let list = self.rules.as_ref().and_then(|rules| rules.nodes.as_ref());
        list.into_iter().flatten().flatten()
    }

    fn refuses_push(&self, app: u64) -> Option<String> {
        let by_protection = self.ref_update_rule.as_ref().and_then(Protection::refuses);
        let by_ruleset = || {
            let mut rules = self.rules().filter(|rule| !rule.is_bypassed_by(app));
            rules.find_map(|rule| refusal(&rule.kind))
        };
        by_protection.or_else(by_ruleset).map(str::to_owned)
    }

    /// Approvals are judged by the base branch's rules. Being on a bypass list does not help: it spares the pusher from
    /// the rule, not the approvals.
    fn punishes_push(&self) -> Option<String> {
        let parameters = || self.rules().filter_map(|rule| rule.parameters.as_ref());
        if parameters().any(|rule| rule.dismiss_stale_reviews_on_push) {
            return Some("a push to it dismisses approvals".to_owned());
        }
        let last_push = parameters().any(|rule| rule.require_last_push_approval);
        last_push.then(|| "the last push to it must be approved by somebody else".to_owned())
    }

    fn wants_resolution(&self) -> bool {
        let protection = self.ref_update_rule.as_ref();
        protection.is_some_and(|rule| rule.requires_conversation_resolution == Some(true))
            || self.rules().any(|rule| {
                let parameters = rule.parameters.as_ref();
                rule.kind == "REQUIRED_REVIEW_THREAD_RESOLUTION"
                    || parameters.is_some_and(|p| p.required_review_thread_resolution)
            })
    }
}

impl Protection {
    fn refuses(&self) -> Option<&'static str> {
        let contexts = self.required_status_check_contexts.as_ref();
        if self.viewer_can_push == Some(false) {
            Some("the App may not push to its branch, which is protected")
        } else if self.required_approving_review_count.is_some() {
            refusal("PULL_REQUEST")
        } else if contexts.is_some_and(|contexts| !contexts.is_empty()) {
            refusal("REQUIRED_STATUS_CHECKS")
        } else {
            None
        }
    }
}

impl Rule {
    /// Only who may always bypass can push; the other mode is for merging pull requests.
    fn is_bypassed_by(&self, app: u64) -> bool {
        let ruleset = self.repository_ruleset.as_ref();
        let actors = ruleset.and_then(|set| set.bypass_actors.as_ref()?.nodes.as_ref());
        let is_ours = |bypass: &Bypass| {
            let actor = bypass.actor.as_ref();
            bypass.bypass_mode.as_deref() == Some("ALWAYS")
                && actor.is_some_and(|actor| actor.kind == "App" && actor.database_id == Some(app))
        };
        actors.is_some_and(|list| list.iter().flatten().any(is_ours))
    }
}

/// Why a rule of that kind lets nobody push a plain commit; `None` for rules that our commits keep.
fn refusal(kind: &str) -> Option<&'static str> {
    match kind {
        "PULL_REQUEST" => Some("its branch may only be changed through pull requests"),
        "UPDATE" => Some("the rules of its branch restrict who may push to it"),
        "MERGE_QUEUE" => Some("its branch may only be changed through the merge queue"),
        "LOCK_BRANCH" | "MERGE_QUEUE_LOCKED_REF" => Some("its branch is locked"),
        "REQUIRED_STATUS_CHECKS"
        | "REQUIRED_WORKFLOW_STATUS_CHECKS"
        | "WORKFLOWS"
        | "CODE_SCANNING"
        | "REQUIRED_DEPLOYMENTS" => {
            Some("its branch takes only commits that have passed its required checks")
        }
        _ => None,
    }
}
