//! Lists of pull requests.

use super::super::repository::{Pull, Repository};
use super::Problem;
use super::connection::Connection;
use super::node::{Node, Out, PullPlace};
use serde_json::{Map, Value};

/// The pull requests of a repository that the arguments ask for, in their order: by number if they name none.
pub(super) fn list(repo: &Repository, args: &Map<String, Value>) -> Result<Out, Problem> {
    let text = |name: &str| args.get(name).and_then(Value::as_str);
    let states = args.get("states").and_then(Value::as_array);
    let wanted = |pull: &&Pull| {
        states.is_none_or(|states| states.iter().any(|state| state == state_word(pull)))
            && text("headRefName").is_none_or(|name| pull.head_branch == name)
            && text("baseRefName").is_none_or(|name| pull.base_branch == name)
    };
    let mut found: Vec<&Pull> = repo.pulls.values().filter(wanted).collect();
    if let Some(order) = args.get("orderBy").filter(|order| !order.is_null()) {
        match order["field"].as_str() {
            Some("UPDATED_AT") => found.sort_by_key(|pull| pull.updated_at),
            Some("COMMENTS") => found.sort_by_key(|pull| pull.comments.len()),
            _ => found.sort_by_key(|pull| pull.created_at),
        }
        if order["direction"] == "DESC" {
            found.reverse();
        }
    }
    let place = |pull: &Pull| {
        Node::Pull(PullPlace {
            repo: repo.id,
            number: pull.number,
        })
    };
    let nodes = found.into_iter().map(place).collect();
    Connection::page("PullRequestConnection", "pullRequests", nodes, args)
}

/// GraphQL's word for the state of a pull request.
pub(super) fn state_word(pull: &Pull) -> &'static str {
    match (pull.open, pull.merged.is_some()) {
        (true, _) => "OPEN",
        (false, true) => "MERGED",
        (false, false) => "CLOSED",
    }
}
