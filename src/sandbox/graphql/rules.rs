//! Fields of branch rules: what everybody may read of classic protection, and rulesets.

use super::super::repository::{Protection, RuleForm};
use super::super::shape::{node_id, rules};
use super::super::state::World;
use super::Problem;
use super::connection::Connection;
use super::node::{BranchPlace, Node, Out};
use serde_json::{Map, Value};

fn protection<'w>(world: &'w World, place: &BranchPlace) -> Option<&'w Protection> {
    world.repos.get(&place.repo)?.protections.get(&place.branch)
}

fn rule(world: &World, place: &BranchPlace, index: usize) -> Option<(&'static str, Value)> {
    rules(protection(world, place)?).into_iter().nth(index)
}

/// `ref.refUpdateRule`: classic protection only, as far as it is shown.
pub(super) fn ref_update_rule(world: &World, place: BranchPlace) -> Result<Out, Problem> {
    match protection(world, &place).map(|rules| rules.form) {
        Some(RuleForm::Classic) => Ok(Out::Node(Node::RefUpdateRule(place))),
        Some(RuleForm::Hidden) => Err(Problem::forbidden()),
        Some(RuleForm::Ruleset) | None => Ok(Out::Null),
    }
}

/// `ref.rules`
pub(super) fn list(
    world: &World,
    place: BranchPlace,
    args: &Map<String, Value>,
) -> Result<Out, Problem> {
    let count = protection(world, &place).map_or(0, |found| rules(found).len());
    let nodes = (0..count).map(|index| Node::Rule(place.clone(), index));
    Connection::page("RepositoryRuleConnection", "rules", nodes.collect(), args)
}

/// A field of `RefUpdateRule`.
pub(super) fn protection_field(world: &World, place: &BranchPlace, name: &str) -> Out {
    let Some(found) = protection(world, place) else {
        return Out::Null;
    };
    let needs_pull = found.pull_requests_only || found.approvals > 0;
    let contexts = found
        .required_checks
        .iter()
        .map(|check| check.name.as_str());
    let bot = world.own_bot();
    match name {
        "pattern" => place.branch.clone().into(),
        "requiredApprovingReviewCount" if needs_pull => found.approvals.into(),
        "requiredApprovingReviewCount" => Out::Null,
        "requiredStatusCheckContexts" => Value::from_iter(contexts).into(),
        "requiresConversationResolution" => found.resolved_conversations.into(),
        "viewerCanPush" => found
            .pushers
            .as_ref()
            .is_none_or(|pushers| pushers.contains(&bot))
            .into(),
        _ => false.into(),
    }
}

/// A field of a rule.
pub(super) fn rule_field(world: &World, place: &BranchPlace, index: usize, name: &str) -> Out {
    let (Some((kind, _)), Some(found)) = (rule(world, place, index), protection(world, place))
    else {
        return Out::Null;
    };
    match name {
        "type" => kind.to_ascii_uppercase().into(),
        "id" => node_id("RPR", format!("{}x{index}", found.id)).into(),
        "parameters" => Out::Node(Node::RuleParameters(place.clone(), index)),
        _ => Out::Node(Node::Ruleset(place.clone())),
    }
}

/// Type of a rule's parameters.
pub(super) fn parameters_type(world: &World, place: &BranchPlace, index: usize) -> &'static str {
    match rule(world, place, index) {
        Some(("pull_request", _)) => "PullRequestParameters",
        Some(("required_status_checks", _)) => "RequiredStatusChecksParameters",
        Some(("merge_queue", _)) => "MergeQueueParameters",
        _ => "UpdateParameters",
    }
}

/// A field of a rule's parameters: REST's, in GraphQL's spelling.
pub(super) fn parameter(world: &World, place: &BranchPlace, index: usize, name: &str) -> Out {
    let Some((_, parameters)) = rule(world, place, index) else {
        return Out::Null;
    };
    let spelled = name.chars().fold(String::new(), |mut word, letter| {
        if letter.is_ascii_uppercase() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
        word
    });
    parameters[spelled].clone().into()
}

/// A field of a ruleset.
pub(super) fn ruleset_field(world: &World, place: &BranchPlace, name: &str) -> Out {
    let Some(found) = protection(world, place) else {
        return Out::Null;
    };
    match name {
        "databaseId" => found.id.into(),
        "enforcement" => "ACTIVE".into(),
        "id" => node_id("RRS", found.id).into(),
        _ => place.branch.clone().into(),
    }
}
