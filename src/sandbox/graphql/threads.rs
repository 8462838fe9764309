//! Review conversations and reactions: their fields, and the mutations on them.

use super::super::accounts::{Access, AccountKind};
use super::super::ledger::{Effect, EffectKind};
use super::super::repository::{Pull, ReactionTarget, Repository, ReviewComment};
use super::super::shape::{self, node_id};
use super::super::state::{AccountId, World};
use super::super::threads::{is_outdated, present_line};
use super::connection::Connection;
use super::node::{Node, Out, PullPlace};
use super::resolve::{actor, short_id};
use super::{Context, Problem};
use serde_json::{Map, Value, json};

/// Reactions as GraphQL and REST name them.
const CONTENTS: [(&str, &str); 8] = [
    ("THUMBS_UP", "+1"),
    ("THUMBS_DOWN", "-1"),
    ("LAUGH", "laugh"),
    ("HOORAY", "hooray"),
    ("CONFUSED", "confused"),
    ("HEART", "heart"),
    ("ROCKET", "rocket"),
    ("EYES", "eyes"),
];

fn find(world: &World, place: PullPlace, id: u64) -> Option<(&Repository, &Pull, &ReviewComment)> {
    let repo = world.repos.get(&place.repo)?;
    let pull = repo.pulls.get(&place.number)?;
    let mut comments = pull.review_comments.iter();
    Some((repo, pull, comments.find(|comment| comment.id == id)?))
}

fn person(world: &World, account: AccountId) -> Out {
    let kind = world.accounts.get(&account).map(|found| found.kind);
    Out::maybe((kind == Some(AccountKind::User)).then_some(Node::Account(account)))
}

/// A field of a conversation.
pub(super) fn thread(
    world: &World,
    place: PullPlace,
    id: u64,
    name: &str,
    args: &Map<String, Value>,
) -> Result<Out, Problem> {
    let Some((repo, pull, opening)) = find(world, place, id) else {
        return Ok(Out::Null);
    };
    let may_resolve = world.may_resolve(repo, pull, world.own_bot());
    Ok(match name {
        "comments" => {
            let here =
                |comment: &&ReviewComment| comment.id == id || comment.in_reply_to == Some(id);
            let comments = pull.seen_comments(world.now()).filter(here);
            let nodes = comments.map(|comment| Node::ReviewComment(place, comment.id));
            let kind = "PullRequestReviewCommentConnection";
            return Connection::page(kind, "comments", nodes.collect(), args);
        }
        "diffSide" => "RIGHT".into(),
        "id" => node_id("PRRT", id).into(),
        "isCollapsed" | "isResolved" => opening.resolved.into(),
        "isOutdated" => is_outdated(repo, pull, opening).into(),
        "line" => json!(present_line(repo, pull, opening)).into(),
        "originalLine" => json!(opening.line).into(),
        "path" => opening.path.clone().into(),
        "pullRequest" => Out::Node(Node::Pull(place)),
        "repository" => Out::Node(Node::Repository(place.repo)),
        "resolvedBy" => opening
            .resolved_by
            .map_or(Out::Null, |by| person(world, by)),
        "subjectType" => match opening.line {
            Some(_) => "LINE",
            None => "FILE",
        }
        .into(),
        "viewerCanResolve" => (may_resolve && !opening.resolved).into(),
        "viewerCanUnresolve" => (may_resolve && opening.resolved).into(),
        _ => (!repo.archived).into(),
    })
}

/// A field of a review comment.
pub(super) fn comment(world: &World, place: PullPlace, id: u64, name: &str) -> Out {
    let Some((repo, pull, comment)) = find(world, place, id) else {
        return Out::Null;
    };
    let rest = shape::review_comment(world, repo, pull, comment);
    match name {
        "author" => actor(world, comment.author),
        "authorAssociation" => rest["author_association"].clone().into(),
        "body" => comment.body.clone().into(),
        "createdAt" => shape::time(comment.created_at).into(),
        "updatedAt" => shape::time(comment.updated_at).into(),
        "databaseId" => short_id(comment.id),
        "fullDatabaseId" => comment.id.to_string().into(),
        "id" => rest["node_id"].clone().into(),
        "line" => rest["line"].clone().into(),
        "originalLine" => rest["original_line"].clone().into(),
        "outdated" => is_outdated(repo, pull, comment).into(),
        "path" => comment.path.clone().into(),
        "pullRequest" => Out::Node(Node::Pull(place)),
        "pullRequestReview" => Out::Node(Node::Review(place, comment.review)),
        "replyTo" => Out::maybe(
            comment
                .in_reply_to
                .map(|opening| Node::ReviewComment(place, opening)),
        ),
        "repository" => Out::Node(Node::Repository(place.repo)),
        "viewerDidAuthor" => (comment.author == world.own_bot()).into(),
        _ => rest["html_url"].clone().into(),
    }
}

/// A field of a reaction.
pub(super) fn reaction(world: &World, repo: u64, id: u64, name: &str) -> Out {
    let repository = world.repos.get(&repo);
    let reaction = repository.and_then(|repo| repo.reactions.iter().find(|r| r.id == id));
    let Some(reaction) = reaction else {
        return Out::Null;
    };
    match name {
        "content" => {
            let word = CONTENTS.iter().find(|(_, rest)| *rest == reaction.content);
            word.map_or(Out::Null, |(word, _)| (*word).into())
        }
        "createdAt" => shape::time(reaction.created_at).into(),
        "databaseId" => short_id(id),
        "id" => node_id("REA", id).into(),
        "user" => person(world, reaction.author),
        _ => Out::maybe(subject(world, repo, reaction.target)),
    }
}

/// What a reaction is on.
fn subject(world: &World, repo: u64, target: ReactionTarget) -> Option<Node> {
    let found = world.repos.get(&repo)?;
    let place = |pull: &Pull| PullPlace {
        repo,
        number: pull.number,
    };
    Some(match target {
        ReactionTarget::IssueComment(id) => Node::Comment(place(found.find_comment(id)?.0), id),
        ReactionTarget::ReviewComment(id) => {
            Node::ReviewComment(place(found.find_review_comment(id)?.0), id)
        }
        ReactionTarget::Review(id) => Node::Review(place(found.find_review(id)?.0), id),
    })
}

/// A field of the answer to `addReaction`.
pub(super) fn reaction_payload(world: &World, repo: u64, id: u64, name: &str) -> Out {
    match name {
        "reaction" => Out::Node(Node::Reaction { repo, id }),
        _ => reaction(world, repo, id, "reactable"),
    }
}

/// Every pull request that the caller's token reaches, with the id of its repository.
pub(super) fn pulls_in_reach<'w>(
    context: &'w Context<'_>,
) -> impl Iterator<Item = (u64, &'w Pull)> {
    let world = &*context.world;
    let reached = move |id| context.token.reaches(world, id);
    let repos = world.repos.values().filter(move |repo| reached(repo.id));
    repos.flat_map(|repo| repo.pulls.values().map(move |pull| (repo.id, pull)))
}

/// `resolveReviewThread` and `unresolveReviewThread`. Besides `pull_requests` Apps need `contents`.
pub(super) fn set_resolved(
    context: &mut Context<'_>,
    input: &Value,
    resolved: bool,
) -> Result<Out, Problem> {
    let wanted = input["threadId"].as_str().unwrap_or_default();
    let world = &*context.world;
    let found = pulls_in_reach(context).flat_map(|(repo, pull)| {
        let threads = pull.threads();
        threads.map(move |thread| (repo, pull.number, thread.id))
    });
    let found = found
        .into_iter()
        .find(|(_, _, id)| node_id("PRRT", id) == wanted);
    let (repo, number, id) = found.ok_or_else(|| unknown(wanted))?;
    let permitted = ["pull_requests", "contents"];
    if !permitted
        .iter()
        .all(|name| context.token.permits(name, Access::Write))
    {
        return Err(Problem::forbidden());
    }
    let bot = world.own_bot();
    let changed = context.world.set_resolved(repo, id, bot, resolved);
    let changed = changed.map_err(|refused| Problem::new("UNPROCESSABLE", refused.0))?;
    let (kind, type_name) = match resolved {
        true => (EffectKind::ThreadResolved, "ResolveReviewThreadPayload"),
        false => (EffectKind::ThreadUnresolved, "UnresolveReviewThreadPayload"),
    };
    if changed {
        note(
            context,
            repo,
            kind,
            format!("#{number}"),
            json!({"id": wanted}),
        );
    }
    let place = PullPlace { repo, number };
    Ok(Out::Node(Node::ThreadPayload {
        type_name,
        thread: Box::new(Node::Thread(place, id)),
        mutation_id: input["clientMutationId"].clone(),
    }))
}

/// `addReaction` on comments, review comments and reviews; adding one again is no effect.
pub(super) fn add_reaction(context: &mut Context<'_>, input: &Value) -> Result<Out, Problem> {
    let wanted = input["subjectId"].as_str().unwrap_or_default();
    let world = &*context.world;
    let reached = world
        .repos
        .values()
        .filter(|repo| context.token.reaches(world, repo.id));
    let (repo, target) = reached
        .into_iter()
        .find_map(|repo| Some((repo.id, reactable(repo, wanted)?)))
        .ok_or_else(|| unknown(wanted))?;
    if !context.token.permits("pull_requests", Access::Write) {
        return Err(Problem::forbidden());
    }
    let content = input["content"].as_str().unwrap_or_default();
    let word = CONTENTS.iter().find(|(word, _)| *word == content);
    let rest = word.map_or(content, |(_, rest)| *rest);
    let bot = world.own_bot();
    let made = context.world.add_reaction(repo, target, bot, rest);
    let (reaction, new) = made.map_err(|refused| Problem::new("UNPROCESSABLE", refused.0))?;
    if new {
        let kind = EffectKind::ReactionAdded;
        note(
            context,
            repo,
            kind,
            wanted.to_owned(),
            json!({"content": rest}),
        );
    }
    Ok(Out::Node(Node::ReactionPayload {
        repo,
        id: reaction.id,
        mutation_id: input["clientMutationId"].clone(),
    }))
}

/// What a node id names among the things that can be reacted on.
fn reactable(repo: &Repository, wanted: &str) -> Option<ReactionTarget> {
    repo.pulls.values().find_map(|pull| {
        let is = |kind: &str, id: u64| node_id(kind, id) == wanted;
        let comment = pull.comments.iter().find(|found| is("IC", found.id));
        let line = pull
            .review_comments
            .iter()
            .find(|found| is("PRRC", found.id));
        let review = pull.reviews.iter().find(|found| is("PRR", found.id));
        let comment = comment.map(|found| ReactionTarget::IssueComment(found.id));
        let line = line.map(|found| ReactionTarget::ReviewComment(found.id));
        let review = review.map(|found| ReactionTarget::Review(found.id));
        comment.or(line).or(review)
    })
}

pub(super) fn unknown(id: &str) -> Problem {
    let message = format!("Could not resolve to a node with the global id of '{id}'");
    Problem::new("NOT_FOUND", message)
}

pub(super) fn note(
    context: &mut Context<'_>,
    repo: u64,
    kind: EffectKind,
    target: String,
    data: Value,
) {
    let world = &mut *context.world;
    let full_name = world.repos.get(&repo).map(|repo| world.full_name(repo));
    let effect = Effect {
        at: world.precise_now(),
        request: context.request.clone(),
        kind,
        repo: full_name.unwrap_or_default(),
        target,
        data,
    };
    world.ledger.effects.push(effect);
}
