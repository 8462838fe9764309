//! `drop`: somebody lets go of a discussion that left the pull request. The record keeps who, when and why; it counts
//! until a discussion stands there again.

use super::check::DiscussionView;
use super::command::{DropCommand, Parsed};
use super::deps::JobError;
use super::evaluate::Outcome;
use super::hear::Utterance;
use super::message::{self, NotDropped};
use super::respond::Response;
use super::work::Work;
use crate::engine::consensus::ReasonCode;
use crate::store::{Change, DropRecord};

/// The drop of a discussion (by its path in the record) that counts while the pull request goes into this base.
pub fn counting<'d>(drops: &'d [DropRecord], key: &str, base: &str) -> Option<&'d DropRecord> {
    let counts = |drop: &&DropRecord| drop.path == key && drop.base == base && drop.ended.is_none();
    drops.iter().rev().find(counts)
}

/// Carries out one `drop`, or says why it is none. Who may give it was decided before.
pub async fn carry_out(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    utterance: &Utterance,
    parsed: &Parsed,
    command: &DropCommand,
    response: &mut Response,
) -> Result<(), JobError> {
    let said = &utterance.said;
    let source = format!("{}:{}:{}", said.source, said.guid, parsed.line);
    let is_named = |path: &str, key: &str| path == command.path || key == command.path;
    let at = work.paths.iter().zip(outcomes).find(|(path, outcome)| {
        !matches!(outcome, Outcome::Unmarked | Outcome::Unrelated)
            && is_named(&path.candidate.path, &path.candidate.key)
    });
    let refusal = match at {
        None => NotDropped::Unknown(left(work, outcomes)),
        Some((_, Outcome::Blocked(view))) if !is_withdrawn(view) => NotDropped::Unreadable,
        Some((path, outcome @ (Outcome::Blocked(_) | Outcome::Dropped(_)))) => {
            let key = path.candidate.key.clone();
            let stood = match outcome {
                Outcome::Blocked(view) => view.withdrawn.clone().unwrap_or_default(),
                _ => String::new(),
            };
            let is_dropped = matches!(outcome, Outcome::Dropped(_));
            let counts = |drop: &&DropRecord| is_dropped || drop.source == source;
            match counting(&work.memory.drops, &key, &work.snapshot.base_branch).filter(counts) {
                Some(drop) if drop.source != source => NotDropped::Already {
                    by: drop.login.clone(),
                    reason: drop.reason.clone(),
                },
                Some(_) => return Ok(()),
                None => {
                    let drop = DropRecord {
                        path: key,
                        account: said.author.id,
                        login: said.author.login.clone(),
                        reason: command.reason.clone(),
                        base: work.snapshot.base_branch.clone(),
                        stood,
                        source,
                        link: said.url.clone(),
                        dropped_at: said.cast_at(),
                        ended: None,
                    };
                    work.record(&[Change::Drop(drop.clone())]).await?;
                    work.memory.drops.push(drop);
                    return Ok(());
                }
            }
        }
        Some(_) => NotDropped::StillHere,
    };
    let text = message::not_dropped(parsed, command, &refusal);
    response.refused |= !matches!(refusal, NotDropped::Already { .. });
    response.parts.push(text);
    Ok(())
}

/// Paths of the discussions that left and hold the pull request.
fn left(work: &Work<'_>, outcomes: &[Outcome]) -> Vec<String> {
    let paths = work.paths.iter().zip(outcomes);
    paths
        .filter(|(_, outcome)| matches!(outcome, Outcome::Blocked(view) if is_withdrawn(view)))
        .map(|(path, _)| path.candidate.path.clone())
        .collect()
}

fn is_withdrawn(view: &DiscussionView) -> bool {
    view.has_reason(ReasonCode::Withdrawn)
}

/// Ends the drops of what stands there again, readable or not: should it leave once more, somebody has to say so anew.
pub fn ended(work: &mut Work<'_>, outcomes: &[Outcome]) -> Vec<Change> {
    let why = format!("it came back at {}", work.snapshot.head.short());
    let is_back = |outcome: &Outcome| match outcome {
        Outcome::Open(_) | Outcome::Settled(_) => true,
        Outcome::Blocked(view) => !is_withdrawn(view),
        Outcome::Dropped(_) | Outcome::Unmarked | Outcome::Unrelated => false,
    };
    let back = work.paths.iter().zip(outcomes);
    let back = back.filter(|(_, outcome)| is_back(outcome));
    let mut changes = Vec::new();
    for (path, _) in back {
        let key = &path.candidate.key;
        let counts = |drop: &&mut DropRecord| drop.path == *key && drop.ended.is_none();
        let mut any = false;
        for drop in work.memory.drops.iter_mut().filter(counts) {
            drop.ended = Some(why.clone());
            any = true;
        }
        if any {
            changes.push(Change::EndDrops {
                path: key.clone(),
                why: why.clone(),
            });
        }
    }
    changes
}
