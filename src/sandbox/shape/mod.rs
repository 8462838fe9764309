//! The JSON of GitHub's REST answers and webhook payloads, with every field its published schema requires.

mod account;
mod check;
mod commit;
mod conversation;
mod pull;
mod repository;
mod rules;

pub use account::{app, installation, listed_installation, organization, permissions_json, user};
pub use check::{annotation, check_run, check_suite, check_suite_of_run};
pub use commit::{commit, push_commit, simple_commit};
pub use conversation::{REACTIONS, comment, issue, reaction};
pub use pull::{association, changed_file, pull_full, pull_simple, review, review_comment};
pub use repository::{full_repository, repository};
pub use rules::{branch_rules, rules, ruleset};

use super::state::Time;
use serde_json::{Map, Value};

/// A moment as GitHub writes it: RFC 3339, UTC, whole seconds.
pub fn time(at: Time) -> Value {
    Value::String(at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A global node id: opaque, unique per kind and id.
pub fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    format!("{kind}_kwDO{id}")
}

/// Adds `<name>_url` members whose value is `base` + suffix.
fn add_urls(object: &mut Map<String, Value>, base: &str, urls: &[(&str, &str)]) {
    for (name, suffix) in urls {
        object.insert((*name).to_owned(), Value::String(format!("{base}{suffix}")));
    }
}

/// An object literal as a map, for adding to it.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
