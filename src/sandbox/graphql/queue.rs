//! Fields of merge queues.

use super::super::merge::{Progress, progress};
use super::super::queue::{Group, QueueEntry};
use super::super::repository::Repository;
use super::super::shape::{self, node_id};
use super::super::state::World;
use super::connection::Connection;
use super::node::{BranchPlace, Node, ObjectPlace, Out, PullPlace};
use super::{Problem, resolve};
use serde_json::{Map, Value};

/// `repository.mergeQueue`; without a branch that of the default branch.
pub(super) fn of(repo: &Repository, args: &Map<String, Value>) -> Out {
    let asked = args.get("branch").and_then(Value::as_str);
    let branch = asked.unwrap_or(&repo.default_branch);
    let rules = repo.protections.get(branch);
    let has_queue = rules.is_some_and(|rules| rules.merge_queue.is_some());
    Out::maybe(has_queue.then(|| {
        Node::MergeQueue(BranchPlace {
            repo: repo.id,
            branch: branch.to_owned(),
        })
    }))
}

/// A field of `MergeQueue`.
pub(super) fn field(
    world: &World,
    place: &BranchPlace,
    name: &str,
    args: &Map<String, Value>,
) -> Result<Out, Problem> {
    let Some(repo) = world.repos.get(&place.repo) else {
        return Ok(Out::Null);
    };
    let path = format!("/{}/queue/{}", world.full_name(repo), place.branch);
    Ok(match name {
        "entries" => {
            let entries = repo.queue(&place.branch).iter();
            let nodes = entries.map(|entry| Node::QueueEntry(place.clone(), entry.id));
            return Connection::page(
                "MergeQueueEntryConnection",
                "entries",
                nodes.collect(),
                args,
            );
        }
        "id" => node_id("MQ", format!("{}{}", place.repo, place.branch)).into(),
        "repository" => Out::Node(Node::Repository(place.repo)),
        "resourcePath" => path.into(),
        _ => format!("{}{path}", world.hosts.web).into(),
    })
}

/// A field of `MergeQueueEntry`.
pub(super) fn entry_field(world: &World, place: &BranchPlace, id: u64, name: &str) -> Out {
    let Some(repo) = world.repos.get(&place.repo) else {
        return Out::Null;
    };
    let mut queue = repo.queue(&place.branch).iter().enumerate();
    let Some((index, entry)) = queue.find(|(_, entry)| entry.id == id) else {
        return Out::Null;
    };
    let commit = |of: fn(&Group) -> &super::super::git::Oid| {
        Out::maybe(entry.group.as_ref().map(|group| {
            Node::Commit(ObjectPlace {
                repo: repo.id,
                oid: of(group).clone(),
            })
        }))
    };
    match name {
        "baseCommit" => commit(|group| &group.base),
        "headCommit" => commit(|group| &group.head),
        "enqueuedAt" => shape::time(entry.at).into(),
        "enqueuer" => resolve::actor(world, entry.by),
        "id" => node_id("MQE", entry.id).into(),
        "mergeQueue" => Out::Node(Node::MergeQueue(place.clone())),
        "position" => (index + 1).into(),
        "pullRequest" => Out::Node(Node::Pull(PullPlace {
            repo: repo.id,
            number: entry.number,
        })),
        "state" => state(repo, &place.branch, entry).into(),
        _ => false.into(),
    }
}

fn state(repo: &Repository, branch: &str, entry: &QueueEntry) -> &'static str {
    let rules = repo.protections.get(branch);
    let Some((group, rules)) = entry.group.as_ref().zip(rules) else {
        return "QUEUED";
    };
    match progress(repo, &group.head, rules) {
        Progress::Passed => "MERGEABLE",
        Progress::Open => "AWAITING_CHECKS",
        Progress::Failed => "UNMERGEABLE",
    }
}
