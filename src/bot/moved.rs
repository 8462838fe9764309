//! Discussions that were moved inside a pull request. GitHub tells of a rename only where the base has the file, and
//! only while the two texts are much alike, which our own replies may end; a file that the pull request itself adds just
//! turns up under another name. It is the same discussion where GitHub once said so, where our replies stand in it, or
//! where it is word for word a text that was published. Once seen, a move is remembered.

use super::deps::JobError;
use super::evaluate::SeenText;
use super::touched::Content;
use super::work::{SeenPath, Work};
use crate::store::{Change, EffectRecord};

/// Gives moved discussions the place in the record that they had under their old name, and what the base has of them.
pub async fn follow(work: &mut Work<'_>) -> Result<(), JobError> {
    remember_told(work).await?;
    let gone = work.paths.iter().filter(|path| is_gone(path));
    let keys = gone.map(|path| path.candidate.key.clone());
    let is_recorded = |key: &String| work.memory.discussions.contains_key(key);
    let (recorded, of_base): (Vec<String>, Vec<String>) = keys.partition(is_recorded);
    for key in recorded {
        let remembered = remembered(work, &key).await?;
        let Some(to) = destination(work, &key, remembered.as_deref()) else {
            continue;
        };
        if remembered.as_ref() != Some(&to) {
            remember(work, &key, &to);
        }
        take_place(work, &key, &to, true);
    }
    for key in of_base {
        if let Some(to) = remembered(work, &key).await? {
            take_place(work, &key, &to, false);
        }
    }
    Ok(())
}

fn is_gone(path: &SeenPath) -> bool {
    matches!(path.head, Content::Missing)
}

fn memory_key(key: &str) -> String {
    format!("moved:{key}")
}

/// Where something was seen to go before: a path, or one by the record.
async fn remembered(work: &Work<'_>, key: &str) -> Result<Option<String>, JobError> {
    let store = &work.deps.store;
    let known = store.effect(&work.job.pr, &memory_key(key)).await?;
    Ok(match known {
        Some(EffectRecord::Done(path)) => Some(path),
        _ => None,
    })
}

fn remember(work: &mut Work<'_>, from: &str, to: &str) {
    work.memory.noted.push(Change::EffectDone {
        key: memory_key(from),
        result: to.to_owned(),
    });
}

/// Remembers the renames that GitHub tells of now: it may not see them any more once our replies are in the file.
async fn remember_told(work: &mut Work<'_>) -> Result<(), JobError> {
    let told = |path: &SeenPath| {
        let candidate = &path.candidate;
        let base_path = candidate.base_path.clone()?;
        let both = path.head.discussion().is_some() && path.base.discussion().is_some();
        let is_move = both && base_path != candidate.path && base_path != candidate.key;
        is_move.then(|| (base_path, candidate.key.clone()))
    };
    let told: Vec<(String, String)> = work.paths.iter().filter_map(told).collect();
    for (from, to) in told {
        if remembered(work, &from).await?.as_ref() != Some(&to) {
            remember(work, &from, &to);
        }
    }
    Ok(())
}

/// Where a recorded discussion went: to where it was seen before, else to the new file that holds most of our replies
/// to it, else to the first that says what it said.
fn destination(work: &Work<'_>, key: &str, remembered: Option<&str>) -> Option<String> {
    let record = work.memory.discussions.get(key)?;
    let blocks = work.blocks_of(key);
    let mut found: Vec<(usize, &String)> = Vec::new();
    for path in &work.paths {
        let candidate = &path.candidate;
        // What the base has under that very name is another discussion, whatever was put into it.
        let is_other = path.base.discussion().is_some()
            && candidate.base_path.as_ref() == Some(&candidate.path);
        let is_new = !is_other && !work.memory.discussions.contains_key(&candidate.key);
        let Some(discussion) = path.head.discussion().filter(|_| is_new) else {
            continue;
        };
        if remembered == Some(candidate.path.as_str()) {
            return Some(candidate.path.clone());
        }
        let seen = SeenText::of(discussion, &blocks, &record.proposal);
        let ours = seen.ours.iter().flatten().count();
        let mut published = record.published.iter();
        if ours > 0 || published.any(|(ballot, _)| *ballot == seen.ballot) {
            found.push((ours, &candidate.path));
        }
    }
    let most = found.iter().map(|(ours, _)| *ours).max()?;
    let best = found.into_iter().find(|(ours, _)| *ours == most)?;
    Some(best.1.clone())
}

/// The file at `to` goes on as the discussion of `key`; what stands for the old name is taken out. `with_key`: in the
/// record too.
fn take_place(work: &mut Work<'_>, key: &str, to: &str, with_key: bool) {
    let paths = &mut work.paths;
    let old = paths
        .iter()
        .position(|path| path.candidate.key == key && is_gone(path));
    let is_there = |path: &SeenPath| {
        (path.candidate.path == to || path.candidate.key == to) && path.head.discussion().is_some()
    };
    let (Some(old), true) = (old, paths.iter().any(is_there)) else {
        return;
    };
    let old = paths.remove(old);
    if let Some(new) = paths.iter_mut().find(|path| is_there(path)) {
        if with_key {
            new.candidate.key = old.candidate.key;
        }
        if new.base.discussion().is_none() {
            new.candidate.base_path = old.candidate.base_path;
            new.base = old.base;
        }
    }
}
