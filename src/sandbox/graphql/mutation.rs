//! `createCommitOnBranch`: one commit by the App with compare-and-swap on the branch's tip.

use super::super::accounts::Access;
use super::super::git::Oid;
use super::super::ledger::{Effect, EffectKind};
use super::super::local::NotCommitted;
use super::super::pushes::FileEdit;
use super::super::repository::RuleForm;
use super::node::{Node, ObjectPlace, Out};
use super::{Context, Problem};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Runs the mutation.
pub(super) fn create_commit_on_branch(
    context: &mut Context<'_>,
    input: &Value,
) -> Result<Out, Problem> {
    let full_name = input["branch"]["repositoryNameWithOwner"]
        .as_str()
        .unwrap_or_default();
    let branch = input["branch"]["branchName"].as_str().unwrap_or_default();
    let branch = branch
        .strip_prefix("refs/heads/")
        .unwrap_or(branch)
        .to_owned();
    let repo = full_name
        .split_once('/')
        .and_then(|(owner, name)| context.world.repo_named(owner, name))
        .map(|repo| repo.id)
        .filter(|id| context.token.reaches(context.world, *id))
        .ok_or_else(|| {
            Problem::new(
                "NOT_FOUND",
                format!("Could not resolve to a Repository with the name '{full_name}'."),
            )
        })?;
    if !context.token.permits("contents", Access::Write) {
        return Err(Problem::forbidden());
    }
    let edits = file_edits(&input["fileChanges"])?;
    forbid_workflows(context, &edits)?;
    let bot = context.world.own_bot();
    let tip = context
        .world
        .repos
        .get(&repo)
        .and_then(|found| found.git.branches.get(&branch))
        .cloned();
    let tip = tip
        .ok_or_else(|| Problem::new("NOT_FOUND", format!("No branch named '{branch}' exists.")))?;
    let expected = input["expectedHeadOid"].as_str().unwrap_or_default();
    if Oid::parse(expected).as_ref() != Some(&tip) {
        let message = format!(
            "Expected branch to point to \"{expected}\" but it did not. Pull and try again."
        );
        return Err(Problem::new("STALE_DATA", message));
    }
    let form = context.world.repo(repo).ok();
    let form = form.and_then(|found| Some(found.protections.get(&branch)?.form));
    context.world.may_push(repo, &branch, bot).map_err(|why| {
        let kind = match form {
            Some(RuleForm::Classic | RuleForm::Hidden) => "BRANCH_PROTECTION_RULE_VIOLATION",
            Some(RuleForm::Ruleset) | None => "UNPROCESSABLE",
        };
        Problem::new(kind, why.0)
    })?;
    let message = message(&input["message"]);
    let world = &mut *context.world;
    let committed = world.commit_to_branch(repo, &branch, &tip, &edits, &message, bot);
    let oid = committed.map_err(|why| match why {
        NotCommitted::Refused(why) => Problem::new("UNPROCESSABLE", why.0),
        NotCommitted::Waits(why) => Problem::new("SERVICE_UNAVAILABLE", why),
    })?;
    let effect = Effect {
        at: world.precise_now(),
        request: context.request.clone(),
        kind: EffectKind::Commit,
        repo: full_name.to_owned(),
        target: branch.clone(),
        data: json!({
            "oid": oid.as_str(),
            "parent": tip.as_str(),
            "message": message,
            "paths": edits.iter().map(edited_path).collect::<Vec<_>>(),
        }),
    };
    world.ledger.effects.push(effect);
    Ok(Out::Node(Node::CommitPayload {
        place: ObjectPlace { repo, oid },
        branch,
        mutation_id: input["clientMutationId"].clone(),
    }))
}

fn message(value: &Value) -> String {
    let headline = value["headline"].as_str().unwrap_or_default();
    match value["body"].as_str() {
        Some(body) if !body.is_empty() => format!("{headline}\n\n{body}"),
        _ => headline.to_owned(),
    }
}

fn edited_path(edit: &FileEdit) -> &str {
    match edit {
        FileEdit::Write { path, .. }
        | FileEdit::Submodule { path, .. }
        | FileEdit::Delete(path) => path,
        FileEdit::Rename { to, .. } => to,
    }
}

fn file_edits(changes: &Value) -> Result<Vec<FileEdit>, Problem> {
    let list = |name: &str| changes[name].as_array().cloned().unwrap_or_default();
    let mut edits = Vec::new();
    for deletion in list("deletions") {
        edits.push(FileEdit::delete(
            deletion["path"].as_str().unwrap_or_default(),
        ));
    }
    for addition in list("additions") {
        let path = addition["path"].as_str().unwrap_or_default();
        let content = STANDARD
            .decode(addition["contents"].as_str().unwrap_or_default())
            .map_err(|_| {
                Problem::new(
                    "UNPROCESSABLE",
                    format!("The contents of {path} are not valid base64."),
                )
            })?;
        edits.push(FileEdit::write(path, content));
    }
    Ok(edits)
}

/// Workflow files need a permission of their own.
fn forbid_workflows(context: &Context<'_>, edits: &[FileEdit]) -> Result<(), Problem> {
    let workflow = edits
        .iter()
        .map(edited_path)
        .find(|path| path.starts_with(".github/workflows/"));
    match workflow {
        Some(path) if !context.token.permits("workflows", Access::Write) => Err(Problem::new(
            "FORBIDDEN",
            format!(
                "refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission"
            ),
        )),
        _ => Ok(()),
    }
}
