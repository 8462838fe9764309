//! `new`: begins a discussion on the pull request's branch, in a commit of its own. Nobody is asked about headings that
//! nobody has filled in: the record takes the text as seen.

use super::apply;
use super::channel::{self, Channel};
use super::command::{NewCommand, Parsed, path_word};
use super::deps::JobError;
use super::evaluate::SeenText;
use super::gate_files;
use super::hear::Utterance;
use super::message::{self, NotBegun};
use super::plan::PlannedCommit;
use super::respond::Response;
use super::work::Work;
use crate::engine::discussion::Discussion;
use crate::engine::scaffold::{ENDING, NewDiscussion};
use crate::forge::{CommitRequest, FileContent, ForgeError};
use crate::store::{Change, EffectRecord};
use chrono::{DateTime, SecondsFormat};

/// First line of the commit.
const HEADLINE: &str = "discuss: begin {title}";

/// Commits the new file, or says why not and what it would hold. Who may give the command was decided before.
///
/// # Errors
/// [`JobError::Moved`] once it is committed: everything has to be read again.
pub async fn carry_out(
    work: &mut Work<'_>,
    utterance: &Utterance,
    parsed: &Parsed,
    command: &NewCommand,
    response: &mut Response,
) -> Result<(), JobError> {
    if work.ground.check.is_none() {
        return Ok(());
    }
    let said = &utterance.said;
    let key = format!("new:{}:{}:{}", said.source, said.guid, parsed.line);
    let before = work.deps.store.effect(work.pr(), &key).await?;
    if let Some(EffectRecord::Done(path)) = &before {
        response.parts.push(message::begun(path));
        return Ok(());
    }
    let path = &command.path;
    let text = match scaffold(work, utterance, command) {
        Ok(text) => text,
        Err(why) => {
            refuse(response, message::not_begun(parsed, path, &why));
            return Ok(());
        }
    };
    let head = work.snapshot.head.clone();
    let there = work.read_at(&head, std::slice::from_ref(path)).await?;
    match there.into_iter().next().flatten() {
        // An earlier try committed it, and died before it could write that down.
        Some(FileContent::Blob(bytes)) if before.is_some() && bytes == text.as_bytes() => {}
        Some(_) => {
            let line = another(command);
            refuse(
                response,
                message::not_begun(parsed, path, &NotBegun::Exists(line)),
            );
            return Ok(());
        }
        None => {
            if let Some(why) = commit(work, &key, command, &text).await? {
                let text = text.as_str();
                let why = NotBegun::NoCommit { why, text };
                refuse(response, message::not_begun(parsed, path, &why));
                return Ok(());
            }
        }
    }
    let seen = SeenText::of(&Discussion::parse(text.as_bytes()), &[], "");
    let mut record = work.discussion(path);
    record.subject = seen.subject.to_string();
    let done = Change::EffectDone {
        key,
        result: path.clone(),
    };
    work.record(&[Change::Discussion(record), done]).await?;
    Err(JobError::Moved(format!("{path} was begun")))
}

fn refuse(response: &mut Response, text: String) {
    response.parts.push(text);
    response.refused = true;
}

/// The whole file; the same for every try at one comment.
fn scaffold<'w>(
    work: &'w Work<'_>,
    utterance: &Utterance,
    command: &'w NewCommand,
) -> Result<String, NotBegun<'w>> {
    let ground = &work.ground;
    ground.can_ask(&work.snapshot).map_err(NotBegun::Broken)?;
    let allowed = ground.config.gate.templates.as_ref();
    let may = |name: &&str| allowed.is_none_or(|list| list.iter().any(|known| known == name));
    let known: Vec<&str> = ground
        .templates
        .0
        .keys()
        .map(String::as_str)
        .filter(may)
        .collect();
    let name = command
        .template
        .as_deref()
        .unwrap_or(&ground.config.template);
    let template = ground.templates.get(name).filter(|_| known.contains(&name));
    let template = template.ok_or(NotBegun::Template { name, known })?;
    if ground.globs.excludes(&command.path)
        || gate_files::lies_among(&command.path, &ground.config.personas)
    {
        return Err(NotBegun::Place);
    }
    let created = DateTime::from_timestamp_millis(utterance.said.cast_at()).unwrap_or_default();
    let text = NewDiscussion {
        title: &command.title,
        template,
        participants: &ground.config.participants,
        created: &created.to_rfc3339_opts(SecondsFormat::Secs, true),
        closing: "Write above what is to be decided. The panel answers below, on the push that brings it.",
    };
    Ok(text.render())
}

/// The same command with a path that is free as far as its name goes.
fn another(command: &NewCommand) -> String {
    let path = &command.path;
    let ending = match path.ends_with(ENDING) {
        true => ENDING,
        false => ".md",
    };
    let stem = path.strip_suffix(ending).unwrap_or(path);
    let template = command
        .template
        .as_ref()
        .map_or(String::new(), |name| format!(" {name}"));
    let path = format!("{stem}-2{ending}");
    let title = command.title.as_str();
    format!("/discuss new \"{title}\"{template} {}", path_word(&path))
}

/// Commits the file to the branch; `Some`: why that is not done here.
async fn commit(
    work: &mut Work<'_>,
    key: &str,
    command: &NewCommand,
    text: &str,
) -> Result<Option<String>, JobError> {
    if let Channel::Review { why } = work.channel().await? {
        return Ok(Some(why));
    }
    let title = command.title.as_str();
    let (headline, body) = work.commit_message(HEADLINE, &[], title)?;
    let planned = PlannedCommit {
        request: CommitRequest {
            branch: work.snapshot.head_branch.clone(),
            expected_head: work.snapshot.head.clone(),
            headline,
            body,
            files: vec![(command.path.clone(), text.as_bytes().to_vec())],
        },
        blocks: Vec::new(),
    };
    work.record(&[Change::Intend(key.to_owned())]).await?;
    match apply::commit(work.deps, &work.job.lease, work.pr(), &planned).await {
        Err(JobError::Forge(ForgeError::Forbidden(said) | ForgeError::Refused(said)))
            if !channel::lacks_permission(&said) =>
        {
            Ok(Some(channel::refused(&said)))
        }
        Err(error) => Err(error),
        Ok(_) => Ok(None),
    }
}
