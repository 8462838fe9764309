//! Which event a body without its head most likely belongs to.

use serde_json::Value;

/// Events by the members that only their bodies have at the top, the more particular ones first.
const MEMBERS: &[(&str, &[&str])] = &[
    ("ping", &["zen"]),
    ("check_run", &["check_run"]),
    ("check_suite", &["check_suite"]),
    ("merge_group", &["merge_group"]),
    ("pull_request_review_comment", &["pull_request", "comment"]),
    ("pull_request_review", &["pull_request", "review"]),
    ("pull_request", &["pull_request"]),
    ("issue_comment", &["issue", "comment"]),
    ("push", &["ref", "pusher"]),
    ("installation_repositories", &["repositories_added"]),
    ("installation", &["installation", "repositories"]),
];

/// The event whose members a body has; `None` where that decides nothing.
pub fn likely_event(body: &Value) -> Option<&'static str> {
    let has = |member: &&str| body.get(member).is_some_and(|value| !value.is_null());
    MEMBERS
        .iter()
        .find(|(_, members)| members.iter().all(has))
        .map(|(event, _)| *event)
}
