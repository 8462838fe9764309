//! Rules of branches and rulesets.

use super::super::repository::{Protection, Repository, RuleForm};
use super::super::state::{AccountId, World};
use super::{node_id, time};
use serde_json::{Map, Value, json};

/// The rules of a branch's ruleset as (type, parameters); none for classic protection.
pub fn rules(protection: &Protection) -> Vec<(&'static str, Value)> {
    if protection.form != RuleForm::Ruleset {
        return Vec::new();
    }
    let mut rules = Vec::new();
    let is_about_pulls = protection.pull_requests_only
        || protection.approvals > 0
        || protection.dismiss_stale
        || protection.last_push_approval
        || protection.resolved_conversations;
    if is_about_pulls {
        let parameters = json!({
            "allowed_merge_methods": ["merge", "squash", "rebase"],
            "dismiss_stale_reviews_on_push": protection.dismiss_stale,
            "require_code_owner_review": false,
            "require_last_push_approval": protection.last_push_approval,
            "required_approving_review_count": protection.approvals,
            "required_review_thread_resolution": protection.resolved_conversations,
        });
        rules.push(("pull_request", parameters));
    }
    if !protection.required_checks.is_empty() {
        let checks = protection.required_checks.iter().map(|check| {
            let mut value = Map::new();
            value.insert("context".to_owned(), json!(check.name));
            if let Some(app) = check.app {
                value.insert("integration_id".to_owned(), json!(app));
            }
            Value::Object(value)
        });
        let parameters = json!({
            "required_status_checks": checks.collect::<Vec<_>>(),
            "strict_required_status_checks_policy": false,
        });
        rules.push(("required_status_checks", parameters));
    }
    if let Some(queue) = &protection.merge_queue {
        let parameters = json!({
            "check_response_timeout_minutes": 60,
            "grouping_strategy": "ALLGREEN",
            "max_entries_to_build": queue.build,
            "max_entries_to_merge": 100,
            "merge_method": "MERGE",
            "min_entries_to_merge": queue.together,
            "min_entries_to_merge_wait_minutes": queue.wait_minutes,
        });
        rules.push(("merge_queue", parameters));
    }
    if protection.pushers.is_some() {
        rules.push(("update", json!({"update_allows_fetch_and_merge": false})));
    }
    rules
}

/// The rules that apply to a branch, as `GET .../rules/branches/{branch}` lists them.
pub fn branch_rules(world: &World, repo: &Repository, protection: &Protection) -> Vec<Value> {
    let one = |(kind, parameters)| {
        json!({
            "type": kind,
            "parameters": parameters,
            "ruleset_source_type": "Repository",
            "ruleset_source": world.full_name(repo),
            "ruleset_id": protection.id,
        })
    };
    rules(protection).into_iter().map(one).collect()
}

/// A ruleset. Who may bypass it is shown to administrators only; whether the reader may, to every reader.
pub fn ruleset(
    world: &World,
    repo: &Repository,
    branch: &str,
    protection: &Protection,
    reader: AccountId,
) -> Value {
    let full_name = world.full_name(repo);
    let app = world.app_of_bot(reader).map(|app| app.id);
    let bypasses = app.is_some_and(|app| protection.bypass.contains(&app));
    let rules = rules(protection);
    let one = |(kind, parameters)| json!({"type": kind, "parameters": parameters});
    json!({
        "id": protection.id,
        "name": branch,
        "target": "branch",
        "source_type": "Repository",
        "source": full_name,
        "enforcement": "active",
        "current_user_can_bypass": if bypasses { "always" } else { "never" },
        "node_id": node_id("RRS", protection.id),
        "_links": {
            "self": {"href": format!("{}/repos/{full_name}/rulesets/{}", world.hosts.api, protection.id)},
            "html": {"href": format!("{}/{full_name}/rules/{}", world.hosts.web, protection.id)},
        },
        "conditions": {"ref_name": {"include": [format!("refs/heads/{branch}")], "exclude": []}},
        "rules": rules.into_iter().map(one).collect::<Vec<_>>(),
        "created_at": time(repo.created_at),
        "updated_at": time(repo.created_at),
    })
}
