//! Reviews and comments on lines.

use super::super::git::Oid;
use super::super::ledger::EffectKind;
use super::super::pulls::pull_changes;
use super::super::repository::ReviewState;
use super::super::shape;
use super::super::talk::{LineComment, NewReview};
use super::{Answer, Call, Refusal};
use serde_json::{Value, json};

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews`
pub fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let listed: Vec<Value> = pull
        .reviews
        .iter()
        .map(|review| shape::review(call.world, repo, pull, review))
        .collect();
    call.page(listed)
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/comments`
pub fn comments(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let shown = |comment| shape::review_comment(call.world, repo, pull, comment);
    let listed: Vec<Value> = pull.review_comments.iter().map(shown).collect();
    call.page(listed)
}

/// `POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews`
pub fn create(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let number = pull.number;
    let event = call.text("event")?;
    let state = ReviewState::from_event(&event).ok_or_else(|| {
        Refusal::unfit(&format!(
            "{event} is not a member of [\"APPROVE\", \"REQUEST_CHANGES\", \"COMMENT\"]."
        ))
    })?;
    let body = call.body["body"].as_str().unwrap_or_default().to_owned();
    let lines = line_comments(&call.body["comments"])?;
    if body.is_empty() && lines.is_empty() && state != ReviewState::Approved {
        return Err(Refusal::new(422, "Unprocessable Entity"));
    }
    let changed = pull_changes(repo, pull);
    if lines
        .iter()
        .any(|line| !changed.iter().any(|change| change.path == line.path))
    {
        let mut refusal = Refusal::new(422, "Unprocessable Entity");
        refusal.errors = Some(json!(["Path could not be resolved"]));
        return Err(refusal);
    }
    let commit = match call.body["commit_id"].as_str() {
        None => None,
        Some(text) => {
            let oid = Oid::parse(text).filter(|oid| repo.git.commit(oid).is_some());
            Some(oid.ok_or_else(|| {
                Refusal::new(422, "The commit_id is not part of the pull request")
            })?)
        }
    };
    let (repo, bot) = (call.repo, call.bot());
    let new = NewReview {
        state,
        body: &body,
        lines: &lines,
        commit,
    };
    let id = call.world.add_review(repo, number, bot, new)?;
    let data = json!({"id": id, "event": event, "body": body, "comments": lines.len()});
    call.note(EffectKind::ReviewCreated, format!("#{number}"), data);
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let review = pull
        .reviews
        .iter()
        .find(|review| review.id == id)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(shape::review(call.world, repo, pull, review)))
}

fn line_comments(value: &Value) -> Result<Vec<LineComment>, Refusal> {
    let Some(items) = value.as_array() else {
        return Ok(Vec::new());
    };
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().map(str::to_owned);
            match (text("path"), text("body")) {
                (Some(path), Some(body)) => Ok(LineComment {
                    path,
                    body,
                    line: item["line"].as_u64(),
                }),
                _ => Err(Refusal::unfit("comments need a path and a body.")),
            }
        })
        .collect()
}
