//! Conversation comments and reactions.

use super::super::ledger::EffectKind;
use super::super::repository::ReactionTarget;
use super::super::shape::{self, REACTIONS};
use super::super::talk::COMMENT_LIMIT;
use super::{Answer, Call, Refusal};
use serde_json::{Value, json};

/// `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`
pub fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let (repo, pull) = (call.repo()?, call.pull("issue_number")?);
    let now = call.world.now();
    let listed: Vec<Value> = pull
        .comments
        .iter()
        .filter(|comment| comment.visible_from <= now)
        .map(|comment| shape::comment(call.world, repo, pull, comment))
        .collect();
    call.page(listed)
}

/// `GET /repos/{owner}/{repo}/issues/comments/{comment_id}`
pub fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("comment_id")?;
    let (pull, comment) = call
        .repo()?
        .find_comment(id)
        .ok_or_else(Refusal::not_found)?;
    if comment.visible_from > call.world.now() {
        return Err(Refusal::not_found());
    }
    Ok(Answer::ok(shape::comment(
        call.world,
        call.repo()?,
        pull,
        comment,
    )))
}

fn body_text(call: &Call<'_>) -> Result<String, Refusal> {
    let body = call.text("body")?;
    if body.trim().is_empty() {
        return Err(Refusal::invalid(
            "IssueComment",
            "body",
            "Body can't be blank",
        ));
    }
    if body.chars().count() > COMMENT_LIMIT {
        let problem = format!("body is too long (maximum is {COMMENT_LIMIT} characters)");
        return Err(Refusal::invalid("IssueComment", "data", &problem));
    }
    Ok(body)
}

/// `POST /repos/{owner}/{repo}/issues/{issue_number}/comments`
pub fn create(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let number = call.pull("issue_number")?.number;
    let body = body_text(call)?;
    let (repo, bot) = (call.repo, call.bot());
    let id = call.world.add_comment(repo, number, bot, &body)?;
    call.note(
        EffectKind::CommentCreated,
        format!("#{number}"),
        json!({"id": id, "body": body}),
    );
    let mut answer = shown(call, id)?;
    answer.status = 201;
    Ok(answer)
}

/// `PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}`
pub fn update(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("comment_id")?;
    call.repo()?
        .find_comment(id)
        .ok_or_else(Refusal::not_found)?;
    let body = body_text(call)?;
    let (repo, bot) = (call.repo, call.bot());
    call.world.edit_comment(repo, id, bot, &body)?;
    call.note(
        EffectKind::CommentUpdated,
        id.to_string(),
        json!({"id": id, "body": body}),
    );
    shown(call, id)
}

/// `DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}`
pub fn delete(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("comment_id")?;
    call.repo()?
        .find_comment(id)
        .ok_or_else(Refusal::not_found)?;
    let (repo, bot) = (call.repo, call.bot());
    call.world.delete_comment(repo, id, bot)?;
    call.note(
        EffectKind::CommentDeleted,
        id.to_string(),
        json!({"id": id}),
    );
    Ok(Answer::empty(204))
}

fn shown(call: &Call<'_>, id: u64) -> Result<Answer, Refusal> {
    let (pull, comment) = call
        .repo()?
        .find_comment(id)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(shape::comment(
        call.world,
        call.repo()?,
        pull,
        comment,
    )))
}

/// `POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions`
pub fn react_to_comment(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("comment_id")?;
    call.repo()?
        .find_comment(id)
        .ok_or_else(Refusal::not_found)?;
    react(call, ReactionTarget::IssueComment(id), id)
}

/// `POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions`
pub fn react_to_review_comment(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number("comment_id")?;
    call.repo()?
        .find_review_comment(id)
        .ok_or_else(Refusal::not_found)?;
    react(call, ReactionTarget::ReviewComment(id), id)
}

fn react(call: &mut Call<'_>, target: ReactionTarget, id: u64) -> Result<Answer, Refusal> {
    let content = call.text("content")?;
    if !REACTIONS.contains(&content.as_str()) {
        return Err(Refusal::unfit(&format!(
            "{content} is not a member of {REACTIONS:?}."
        )));
    }
    let (repo, bot) = (call.repo, call.bot());
    let (reaction, new) = call.world.add_reaction(repo, target, bot, &content)?;
    if new {
        call.note(
            EffectKind::ReactionAdded,
            id.to_string(),
            json!({"content": content}),
        );
    }
    let status = if new { 201 } else { 200 };
    Ok(Answer::json(status, shape::reaction(call.world, &reaction)))
}
