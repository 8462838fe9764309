//! What the rules of a pull request's branches mean for a push to it: repository rulesets, and the part of classic branch
//! protection that GitHub shows to those who do not administrate.
//!
//! Facts: <https://docs.github.com/graphql/reference/objects#refupdaterule>, `Ref.rules` and `RepositoryRule`. What
//! classic protection does not show (dismissing approvals, for one) is learned from what GitHub does after a push.

use super::super::{BranchRules, ForgeError};
use super::transport::Request;
use super::{GitHub, repo_route};
use crate::ids::PullRequest;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

const QUERY: &str = include_str!("rules.graphql");
const APPROVALS: &str = include_str!("approvals.graphql");

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
    database_id: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Approvals {
    repository: Option<Approved>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Approved {
    pull_request: Option<Reviewed>,
}

#[derive(Deserialize)]
struct Reviewed {
    reviews: Option<Counted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    total_count: u64,
}

/// A ruleset as REST tells it: only there it says what the asking App may do.
#[derive(Deserialize)]
struct Bypass {
    current_user_can_bypass: Option<String>,
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
        let (data, is_whole) = self.graphql_readable::<Data>(pr, QUERY, variables).await?;
        let repository = data.repository;
        let (head, base) = repository.map_or((None, None), |found| (found.head, found.base));
        let push_refused = match head {
            Some(branch) => self.refusal_of_push(pr, &branch).await?,
            None => None,
        };
        let push_punished = base.as_ref().and_then(Branch::punishes_push);
        let hides_it = base.as_ref().is_none_or(Branch::hides_dismissal);
        Ok(BranchRules {
            push_refused,
            approvals_may_fall: !is_whole || hides_it || push_punished.is_some(),
            push_punished,
            conversations_must_be_resolved: base.is_some_and(|base| base.wants_resolution()),
        })
    }
}

impl GitHub {
    /// A review that was dismissed is no approval any more; whoever approves and then requests changes keeps the one
    /// beside the other, so this errs on the side of there being one.
    pub(super) async fn has_approval(&self, pr: &PullRequest) -> Result<bool, ForgeError> {
        let variables = json!({
            "owner": pr.repo.owner,
            "name": pr.repo.name,
            "number": pr.number,
        });
        let data: Approvals = self.graphql(pr, APPROVALS, variables, |_| false).await?;
        let pull = data.repository.and_then(|found| found.pull_request);
        let reviews = pull.and_then(|pull| pull.reviews);
        let count = reviews.map(|reviews| reviews.total_count);
        count
            .map(|count| count > 0)
            .ok_or_else(|| ForgeError::NotFound(format!("{pr} is gone or not visible")))
    }

    /// Why the App cannot push to a branch. Each ruleset with a rule in the way is asked whether the App may bypass it.
    async fn refusal_of_push(
        &self,
        pr: &PullRequest,
        branch: &Branch,
    ) -> Result<Option<String>, ForgeError> {
        let protection = branch.ref_update_rule.as_ref();
        if let Some(reason) = protection.and_then(Protection::refuses) {
            return Ok(Some(reason.to_owned()));
        }
        let mut bypassed = BTreeMap::new();
        for rule in branch.rules() {
            let Some(reason) = refusal(&rule.kind) else {
                continue;
            };
            let ruleset = rule.repository_ruleset.as_ref();
            let Some(id) = ruleset.and_then(|set| set.database_id) else {
                return Ok(Some(reason.to_owned()));
            };
            let may = match bypassed.get(&id) {
                Some(known) => *known,
                None => self.bypasses(pr, id).await?,
            };
            if !may {
                return Ok(Some(reason.to_owned()));
            }
            bypassed.insert(id, may);
        }
        Ok(None)
    }

    /// Whether the App may push in spite of a ruleset. One that it may not read applies.
    async fn bypasses(&self, pr: &PullRequest, ruleset: u64) -> Result<bool, ForgeError> {
        let route = repo_route(&pr.repo, &["rulesets", &ruleset.to_string()]);
        match self.json::<Bypass>(pr, &Request::get(route)).await {
            // The third word, `pull_requests_only`, is about merging.
            Ok(answer) => Ok(matches!(
                answer.current_user_can_bypass.as_deref(),
                Some("always" | "exempt")
            )),
            Err(ForgeError::NotFound(_) | ForgeError::Forbidden(_) | ForgeError::Refused(_)) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl Branch {
    fn rules(&self) -> impl Iterator<Item = &Rule> {
        let list = self.rules.as_ref().and_then(|rules| rules.nodes.as_ref());
        list.into_iter().flatten().flatten()
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

    /// Classic protection that asks for approvals may dismiss them, and shows that to administrators only. A rule
    /// about approvals without its parameters hides it as well.
    fn hides_dismissal(&self) -> bool {
        let protection = self.ref_update_rule.as_ref();
        protection.is_some_and(|rule| rule.required_approving_review_count.is_some())
            || self
                .rules()
                .any(|rule| rule.kind == "PULL_REQUEST" && rule.parameters.is_none())
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
