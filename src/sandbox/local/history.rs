//! From the repository on disk into the store: the commits that pull requests are about, with every path of each.
//!
//! Only what lies above the oldest point where a branch left the base is read. The files of the first commit are
//! listed in full; each other commit costs what it changed.

use super::super::git::{Commit, FOLDER, File, GitStore, Ident, Oid, Snapshot};
use super::super::state::AccountId;
use super::LocalError;
use super::git::Git;
use super::objects::{RawCommit, Reader};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// More commits than these above the oldest fork point are refused: nobody waits for them to be read.
const MOST_COMMITS: usize = 50_000;
/// More files than these are refused.
const MOST_FILES: usize = 1_000_000;

/// What was taken in.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Paths that are not UTF-8, which no API can show; they stay in the repository and in every commit.
    pub(super) unshown: BTreeSet<String>,
}

/// Takes in whatever `store` lacks to have `base` and `tips` with all their history down to the oldest fork point.
pub(super) fn take_in(
    git: &Git,
    reader: &mut Reader,
    store: &mut GitStore,
    base: &Oid,
    tips: &[Oid],
    accounts: &HashMap<String, AccountId>,
) -> Result<Taken, LocalError> {
    let mut taken = Taken::default();
    let missing: Vec<Oid> = commits(git, base, tips)?
        .into_iter()
        .filter(|oid| store.commit(oid).is_none())
        .collect();
    let mut raw: Vec<(Oid, RawCommit)> = Vec::with_capacity(missing.len());
    for oid in missing {
        let commit = reader.commit(&oid)?;
        raw.push((oid, commit));
    }
    let mut trees: HashMap<Oid, Arc<Snapshot>> = HashMap::new();
    let start = match store.commit(base) {
        Some(known) => Some((known.tree.clone(), known.files.clone())),
        None => match raw.first() {
            Some((_, first)) => {
                let files = listed(git, store, &first.tree, &mut taken)?;
                Some((first.tree.clone(), Arc::new(files)))
            }
            None => None,
        },
    };
    let Some((start, files)) = start else {
        return Ok(taken);
    };
    trees.insert(start.clone(), files);
    let from = parents_trees(store, &raw, &start, &mut trees);
    differences(git, store, &raw, &from, &mut trees, &mut taken)?;
    for (oid, raw) in raw {
        let files = trees.get(&raw.tree).cloned().unwrap_or_default();
        store.adopt_tree(raw.tree.clone());
        let known = |mut who: Ident| {
            who.account = accounts.get(&who.email).copied();
            who
        };
        store.adopt(Commit {
            oid,
            tree: raw.tree,
            parents: raw.parents,
            author: known(raw.author),
            committer: known(raw.committer),
            at: raw.at,
            message: raw.message,
            verified: false,
            files,
        });
    }
    Ok(taken)
}

/// Ids of the commits that matter, parents before children.
fn commits(git: &Git, base: &Oid, tips: &[Oid]) -> Result<Vec<Oid>, LocalError> {
    let mut ahead = String::new();
    for tip in tips {
        ahead.push_str(&format!("{tip}\n"));
    }
    let list = ["rev-list", "--boundary", "--stdin"];
    let found = git.fed(&list, format!("{ahead}^{base}\n").as_bytes())?;
    let found = String::from_utf8_lossy(&found).into_owned();
    let boundary: Vec<&str> = found
        .lines()
        .filter_map(|line| line.strip_prefix('-'))
        .collect();
    let mut arguments = vec!["merge-base", "--octopus", base.as_str()];
    arguments.extend(&boundary);
    // No common ancestor: histories that have nothing to do with each other are read whole.
    let oldest = git.answer(&arguments)?;
    let mut wanted = format!("{ahead}{base}\n");
    if let Some(oldest) = oldest {
        let parents = git.text(&["rev-parse", &format!("{oldest}^@")])?;
        for parent in parents.lines().filter(|line| !line.is_empty()) {
            wanted.push_str(&format!("^{parent}\n"));
        }
    }
    let found = git.fed(
        &["rev-list", "--topo-order", "--reverse", "--stdin"],
        wanted.as_bytes(),
    )?;
    let found = String::from_utf8_lossy(&found).into_owned();
    let ids: Vec<Oid> = found.lines().filter_map(Oid::parse).collect();
    if ids.len() > MOST_COMMITS {
        return Err(LocalError::Refused {
            why: format!(
                "the oldest branch left {base} {} commits ago, and more than {MOST_COMMITS} are not read",
                ids.len()
            ),
            instead: "delete or rebase the branches that are that old, or try it in a clone with the branches you need".to_owned(),
        });
    }
    Ok(ids)
}

/// For each commit, the tree from which its files are derived: the first parent's, if that is known. Files of parents
/// that are in the store already are put into `trees`.
fn parents_trees(
    store: &GitStore,
    raw: &[(Oid, RawCommit)],
    start: &Oid,
    trees: &mut HashMap<Oid, Arc<Snapshot>>,
) -> Vec<Oid> {
    let mut new: HashMap<&Oid, &Oid> = HashMap::new();
    let mut from = Vec::with_capacity(raw.len());
    for (oid, commit) in raw {
        let parent = commit.parents.first();
        let known = parent.and_then(|parent| store.commit(parent));
        if let Some(known) = known {
            trees.insert(known.tree.clone(), known.files.clone());
        }
        let tree = known.map(|known| &known.tree);
        let tree = tree.or_else(|| new.get(parent?).copied());
        from.push(tree.unwrap_or(start).clone());
        new.insert(oid, &commit.tree);
    }
    from
}

/// Every file of a tree.
fn listed(
    git: &Git,
    store: &mut GitStore,
    tree: &Oid,
    taken: &mut Taken,
) -> Result<Snapshot, LocalError> {
    let lines = git.bytes(&["ls-tree", "-r", "-t", "-z", "--full-tree", tree.as_str()])?;
    let mut files = Snapshot::new();
    for line in lines
        .split(|byte| *byte == 0)
        .filter(|line| !line.is_empty())
    {
        let Some((fields, path)) = split_at_tab(line) else {
            continue;
        };
        let mut words = fields.split(' ');
        let (mode, oid) = (words.next(), words.nth(1).and_then(Oid::parse));
        let mode = mode.and_then(|mode| u32::from_str_radix(mode, 8).ok());
        if let (Some(mode), Some(oid)) = (mode, oid) {
            put(store, &mut files, path, mode, oid, taken);
        }
    }
    if files.len() > MOST_FILES {
        return Err(LocalError::Refused {
            why: format!("the repository has {} files", files.len()),
            instead: format!("the sandbox is for repositories of up to {MOST_FILES}"),
        });
    }
    Ok(files)
}

fn split_at_tab(line: &[u8]) -> Option<(&str, &[u8])> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let fields = std::str::from_utf8(line.get(..tab)?).ok()?;
    Some((fields, line.get(tab + 1..)?))
}

/// Puts one entry where it belongs.
fn put(
    store: &mut GitStore,
    files: &mut Snapshot,
    path: &[u8],
    mode: u32,
    oid: Oid,
    taken: &mut Taken,
) {
    let Ok(path) = std::str::from_utf8(path) else {
        let shown = String::from_utf8_lossy(path).into_owned();
        taken.unshown.insert(shown);
        return;
    };
    if mode == FOLDER {
        store.adopt_tree(oid);
        return;
    }
    let file = File { mode, oid };
    store.adopt_file(&file);
    files.insert(path.to_owned(), file);
}

/// Derives the files of every tree from the tree named beside it, in one call of git.
fn differences(
    git: &Git,
    store: &mut GitStore,
    raw: &[(Oid, RawCommit)],
    from: &[Oid],
    trees: &mut HashMap<Oid, Arc<Snapshot>>,
    taken: &mut Taken,
) -> Result<(), LocalError> {
    let mut asked: HashSet<&Oid> = HashSet::new();
    let mut input = String::new();
    for ((_, commit), from) in raw.iter().zip(from) {
        let is_new = !trees.contains_key(&commit.tree) && !asked.contains(&commit.tree);
        if is_new && commit.tree != *from {
            asked.insert(&commit.tree);
            input.push_str(&format!("{from} {}\n", commit.tree));
        }
    }
    if input.is_empty() {
        return Ok(());
    }
    let call = ["diff-tree", "--stdin", "-z", "-r", "-t", "--no-renames"];
    let output = git.fed(&call, input.as_bytes())?;
    let mut rest = output.as_slice();
    while let Some((from, to, after)) = pair(rest) {
        rest = after;
        let known = trees.get(&from).cloned().unwrap_or_default();
        let mut files = (*known).clone();
        while rest.first() == Some(&b':') {
            let (entry, after) = entry(rest).ok_or_else(garbled)?;
            rest = after;
            match std::str::from_utf8(entry.path) {
                // What was a folder may be a file by now, and is named twice then.
                Ok(path) if entry.removed && !entry.was_folder => drop(files.remove(path)),
                _ if entry.removed => {}
                _ => put(store, &mut files, entry.path, entry.mode, entry.oid, taken),
            }
        }
        trees.insert(to, Arc::new(files));
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(garbled())
    }
}

fn garbled() -> LocalError {
    LocalError::Git {
        called: "diff-tree".to_owned(),
        said: "an answer that is not understood".to_owned(),
    }
}

/// The line before the differences of two trees: both ids.
fn pair(rest: &[u8]) -> Option<(Oid, Oid, &[u8])> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(rest.get(..end)?).ok()?;
    let (from, to) = line.split_once(' ')?;
    Some((Oid::parse(from)?, Oid::parse(to)?, rest.get(end + 1..)?))
}

struct Entry<'a> {
    removed: bool,
    was_folder: bool,
    mode: u32,
    oid: Oid,
    path: &'a [u8],
}

/// `:oldmode newmode oldid newid LETTER\0path\0`
fn entry(rest: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let mut parts = rest.splitn(3, |byte| *byte == 0);
    let head = std::str::from_utf8(parts.next()?.get(1..)?).ok()?;
    let path = parts.next()?;
    let after = parts.next()?;
    let words: Vec<&str> = head.split(' ').collect();
    let [before, mode, _, oid, letter] = words.as_slice() else {
        return None;
    };
    let was_folder = u32::from_str_radix(before, 8).ok()? == FOLDER;
    let entry = Entry {
        removed: *letter == "D",
        was_folder,
        mode: u32::from_str_radix(mode, 8).ok()?,
        oid: Oid::parse(oid)?,
        path,
    };
    Some((entry, after))
}
