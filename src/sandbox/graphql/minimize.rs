//! `minimizeComment`: folds a comment of the conversation away.

use super::super::accounts::Access;
use super::super::ledger::EffectKind;
use super::super::shape::node_id;
use super::node::{Node, Out, PullPlace};
use super::threads::{note, pulls_in_reach, unknown};
use super::{Context, Problem};
use serde_json::{Value, json};

/// Runs the mutation. An App may fold away what it wrote itself, with `pull_requests`.
pub(super) fn minimize(context: &mut Context<'_>, input: &Value) -> Result<Out, Problem> {
    let wanted = input["subjectId"].as_str().unwrap_or_default();
    let world = &*context.world;
    let found = pulls_in_reach(context).flat_map(|(repo, pull)| {
        let comments = pull.comments.iter();
        comments.map(move |comment| (repo, pull.number, comment.id, comment.author))
    });
    let found = found
        .into_iter()
        .find(|(_, _, id, _)| node_id("IC", id) == wanted);
    let (repo, number, id, author) = found.ok_or_else(|| unknown(wanted))?;
    if !context.token.permits("pull_requests", Access::Write) || author != world.own_bot() {
        return Err(Problem::forbidden());
    }
    // GitHub gives the reason back in other letters than it takes it: `off-topic` for `OFF_TOPIC`.
    let reason = input["classifier"].as_str().unwrap_or_default();
    let reason = reason.to_ascii_lowercase().replace('_', "-");
    let folded = context.world.minimize_comment(repo, id, &reason);
    if folded.map_err(|refused| Problem::new("UNPROCESSABLE", refused.0))? {
        note(
            context,
            repo,
            EffectKind::CommentMinimized,
            format!("#{number}"),
            json!({"id": id, "reason": reason}),
        );
    }
    Ok(Out::Node(Node::MinimizePayload {
        place: PullPlace { repo, number },
        id,
        mutation_id: input["clientMutationId"].clone(),
    }))
}
