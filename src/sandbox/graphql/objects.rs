//! Fields of git objects: commits, trees, entries, blobs.

use super::super::git::{self, Commit, FOLDER, Oid, PathKind, TreeItem};
use super::super::repository::Repository;
use super::super::shape::{self, node_id};
use super::super::state::World;
use super::Problem;
use super::connection::Connection;
use super::node::{Node, ObjectPlace, Out};
use serde_json::{Map, Value, json};

/// `Blob.text` is cut after so many bytes.
const TEXT_LIMIT: usize = 512 * 1_024;
/// Git calls a file binary if a NUL is among its first bytes.
const BINARY_WINDOW: usize = 8_000;

/// `repository.object(oid:)` or `object(expression:)`: an id, a ref, or `<ref>:<path>`.
pub(super) fn object(repo: &Repository, args: &Map<String, Value>) -> Out {
    let place = |oid: Oid| ObjectPlace { repo: repo.id, oid };
    let by_id = |oid: &Oid| {
        if repo.git.commit(oid).is_some() {
            Some(Node::Commit(place(oid.clone())))
        } else if repo.git.tree(oid).is_some() {
            Some(Node::Tree(place(oid.clone())))
        } else {
            repo.git.blob(oid).map(|_| Node::Blob(place(oid.clone())))
        }
    };
    if let Some(text) = args.get("oid").and_then(Value::as_str) {
        return Out::maybe(Oid::parse(text).as_ref().and_then(by_id));
    }
    let Some(expression) = args.get("expression").and_then(Value::as_str) else {
        return Out::Null;
    };
    let commit_of = |text: &str| match text {
        "HEAD" => repo.git.resolve(&repo.default_branch),
        other => repo.git.resolve(other),
    };
    let Some((reference, path)) = expression.split_once(':') else {
        let commit = commit_of(expression).map(|commit| Node::Commit(place(commit.oid.clone())));
        return Out::maybe(commit.or_else(|| Oid::parse(expression).as_ref().and_then(by_id)));
    };
    let found = commit_of(reference).and_then(|commit| repo.git.at_path(commit, path));
    Out::maybe(match found {
        Some(PathKind::Folder(oid)) => Some(Node::Tree(place(oid))),
        Some(PathKind::File(file)) if file.mode != git::SUBMODULE => {
            Some(Node::Blob(place(file.oid)))
        }
        _ => None,
    })
}

/// A field of a git object.
pub(super) fn field(
    world: &World,
    node: &Node,
    name: &str,
    args: &Map<String, Value>,
) -> Result<Out, Problem> {
    match node {
        Node::Commit(place) => commit(world, place, name, args),
        Node::Tree(place) => Ok(tree(world, place, name)),
        Node::Blob(place) => Ok(blob(world, place, name)),
        Node::Entry { repo, path, item } => Ok(entry(world, *repo, path, item, name)),
        Node::Submodule { path, oid } => Ok(match name {
            "name" | "path" => path.clone().into(),
            "gitUrl" => "https://sandbox.invalid/other.git".into(),
            "subprojectCommitOid" => oid.as_str().into(),
            _ => Out::Null,
        }),
        Node::GitActor { place } => Ok(git_actor(world, place, name)),
        _ => Ok(Out::Null),
    }
}

fn shared(place: &ObjectPlace, name: &str) -> Option<Out> {
    Some(match name {
        "oid" => place.oid.as_str().into(),
        "abbreviatedOid" => place.oid.as_str().get(..7).unwrap_or_default().into(),
        "id" => node_id("OBJ", &place.oid).into(),
        "repository" => Out::Node(Node::Repository(place.repo)),
        _ => return None,
    })
}

fn find<'w>(world: &'w World, place: &ObjectPlace) -> Option<(&'w Repository, &'w Commit)> {
    let repo = world.repos.get(&place.repo)?;
    Some((repo, repo.git.commit(&place.oid)?))
}

fn commit(
    world: &World,
    place: &ObjectPlace,
    name: &str,
    args: &Map<String, Value>,
) -> Result<Out, Problem> {
    if let Some(out) = shared(place, name) {
        return Ok(out);
    }
    let Some((repo, commit)) = find(world, place) else {
        return Ok(Out::Null);
    };
    let here = |oid: &Oid| ObjectPlace {
        repo: place.repo,
        oid: oid.clone(),
    };
    Ok(match name {
        "message" => commit.message.clone().into(),
        "messageHeadline" => commit.message.lines().next().unwrap_or_default().into(),
        "committedDate" | "authoredDate" => shape::time(commit.at).into(),
        "url" => format!(
            "{}/{}/commit/{}",
            world.hosts.web,
            world.full_name(repo),
            commit.oid
        )
        .into(),
        "tree" => Out::Node(Node::Tree(here(&commit.tree))),
        "author" => Out::Node(Node::GitActor {
            place: place.clone(),
        }),
        "parents" => {
            let nodes = commit
                .parents
                .iter()
                .map(|oid| Node::Commit(here(oid)))
                .collect();
            return Connection::page("CommitConnection", "parents", nodes, args);
        }
        "file" => {
            let path = args
                .get("path")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .trim_matches('/');
            let item = repo.git.at_path(commit, path).map(|kind| {
                let (mode, oid) = match kind {
                    PathKind::File(file) => (file.mode, file.oid),
                    PathKind::Folder(oid) => (FOLDER, oid),
                };
                TreeItem {
                    name: path.rsplit('/').next().unwrap_or(path).to_owned(),
                    mode,
                    oid,
                }
            });
            Out::maybe(item.map(|item| Node::Entry {
                repo: place.repo,
                path: path.to_owned(),
                item,
            }))
        }
        _ => Out::Null,
    })
}

fn git_actor(world: &World, place: &ObjectPlace, name: &str) -> Out {
    let Some((_, commit)) = find(world, place) else {
        return Out::Null;
    };
    match name {
        "name" => commit.author.name.clone().into(),
        "email" => commit.author.email.clone().into(),
        "date" => shape::time(commit.at).into(),
        // Bots are no users: GitHub gives null for them.
        _ => {
            let id = commit
                .author
                .account
                .filter(|id| world.app_of_bot(*id).is_none());
            Out::maybe(id.map(Node::Account))
        }
    }
}

fn tree(world: &World, place: &ObjectPlace, name: &str) -> Out {
    if let Some(out) = shared(place, name) {
        return out;
    }
    let items = world
        .repos
        .get(&place.repo)
        .and_then(|repo| repo.git.tree(&place.oid));
    items.map_or(Out::Null, |items| {
        let node = |item: &TreeItem| Node::Entry {
            repo: place.repo,
            path: item.name.clone(),
            item: item.clone(),
        };
        Out::List(items.iter().map(node).collect())
    })
}

fn entry(world: &World, repo: u64, path: &str, item: &TreeItem, name: &str) -> Out {
    let place = || ObjectPlace {
        repo,
        oid: item.oid.clone(),
    };
    let blob = world
        .repos
        .get(&repo)
        .and_then(|repo| repo.git.blob(&item.oid));
    match name {
        "name" => item.name.clone().into(),
        "path" => path.into(),
        "mode" => item.mode.into(),
        "oid" => item.oid.as_str().into(),
        "size" => blob.map_or(0, |blob| blob.len()).into(),
        "extension" => item
            .name
            .rsplit_once('.')
            .map_or(String::new(), |(_, end)| format!(".{end}"))
            .into(),
        "repository" => Out::Node(Node::Repository(repo)),
        "type" => match item.mode {
            FOLDER => "tree",
            git::SUBMODULE => "commit",
            _ => "blob",
        }
        .into(),
        "submodule" => Out::maybe((item.mode == git::SUBMODULE).then(|| Node::Submodule {
            path: path.to_owned(),
            oid: item.oid.clone(),
        })),
        _ => match item.mode {
            FOLDER => Out::Node(Node::Tree(place())),
            // The commit of a submodule lies in another repository.
            git::SUBMODULE => Out::Null,
            _ => Out::Node(Node::Blob(place())),
        },
    }
}

fn blob(world: &World, place: &ObjectPlace, name: &str) -> Out {
    if let Some(out) = shared(place, name) {
        return out;
    }
    let Some(bytes) = world
        .repos
        .get(&place.repo)
        .and_then(|repo| repo.git.blob(&place.oid))
    else {
        return Out::Null;
    };
    let binary = bytes.iter().take(BINARY_WINDOW).any(|byte| *byte == 0);
    match name {
        "byteSize" => bytes.len().into(),
        "isBinary" => binary.into(),
        "isTruncated" => (!binary && bytes.len() > TEXT_LIMIT).into(),
        _ if binary => Out::Null,
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => json!(cut(text, TEXT_LIMIT)).into(),
            Err(_) => Out::Null,
        },
    }
}

fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}
