//! Reviews and comments on lines.

use super::super::git::Oid;
use super::super::ledger::EffectKind;
use super::super::repository::ReviewState;
use super::super::shape;
use super::super::talk::{COMMENT_LIMIT, LineComment, NewReview};
use super::{Answer, Call, Refusal};
use serde_json::{Value, json};

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews`
pub fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let now = call.world.now();
    let listed: Vec<Value> = pull
        .reviews
        .iter()
        .filter(|review| review.visible_from <= now)
        .map(|review| shape::review(call.world, repo, pull, review))
        .collect();
    call.page(listed)
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/comments`
pub fn comments(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("pull_number")?);
    let shown = |comment| shape::review_comment(call.world, repo, pull, comment);
    let now = call.world.now();
    let listed: Vec<Value> = pull.seen_comments(now).map(shown).collect();
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
        return Err(unprocessable("Review Can not be blank"));
    }
    let too_long = |text: &str| text.chars().count() > COMMENT_LIMIT;
    if too_long(&body) || lines.iter().any(|line| too_long(&line.body)) {
        return Err(unprocessable(&format!(
            "Body is too long (maximum is {COMMENT_LIMIT} characters)"
        )));
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
    let made = call.world.add_review(repo, number, bot, new);
    let id = made.map_err(|refused| unprocessable(&refused.0))?;
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

/// A review is refused as a whole, with the reasons as plain texts.
fn unprocessable(reason: &str) -> Refusal {
    let mut refusal = Refusal::new(422, "Unprocessable Entity");
    refusal.errors = Some(json!([reason]));
    refusal
}

/// Comments on lines of the new side; the sandbox knows no others.
fn line_comments(value: &Value) -> Result<Vec<LineComment>, Refusal> {
    let Some(items) = value.as_array() else {
        return Ok(Vec::new());
    };
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().map(str::to_owned);
            let (Some(path), Some(body)) = (text("path"), text("body")) else {
                return Err(Refusal::unfit("comments need a path and a body."));
            };
            if body.trim().is_empty() {
                return Err(unprocessable(
                    "Pull request review thread comments body can't be blank",
                ));
            }
            if !matches!(item["side"].as_str(), None | Some("RIGHT")) {
                return Err(Refusal::unfit("the sandbox knows only the side RIGHT."));
            }
            let line = item["line"].as_u64().filter(|line| *line > 0);
            let line = line.ok_or_else(|| unprocessable("Line could not be resolved"))?;
            Ok(LineComment {
                path,
                body,
                line: Some(line),
            })
        })
        .collect()
}
