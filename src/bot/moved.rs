//! Discussions that were moved inside a pull request. GitHub tells of a rename only where the base has the file, and
//! compares the two texts then; a file that the pull request itself adds just turns up under another name. It is the
//! same discussion where our replies stand in it, or where it is word for word a text that was published. Once seen,
//! a move is remembered.

use super::deps::JobError;
use super::evaluate::SeenText;
use super::touched::Content;
use super::work::Work;
use crate::store::{Change, EffectRecord};

/// Gives moved discussions the place in the record that they had under their old name.
pub async fn follow(work: &mut Work<'_>) -> Result<(), JobError> {
    let gone: Vec<String> = work
        .paths
        .iter()
        .filter(|path| matches!(path.head, Content::Missing))
        .map(|path| path.candidate.key.clone())
        .filter(|key| work.memory.discussions.contains_key(key))
        .collect();
    for key in gone {
        let remembered = match work
            .deps
            .store
            .effect(&work.job.pr, &memory_key(&key))
            .await?
        {
            Some(EffectRecord::Done(path)) => Some(path),
            _ => None,
        };
        let Some(to) = destination(work, &key, remembered.as_deref()) else {
            continue;
        };
        let to = work.paths[to].candidate.path.clone();
        if remembered.as_ref() != Some(&to) {
            work.memory.noted.push(Change::EffectDone {
                key: memory_key(&key),
                result: to.clone(),
            });
        }
        take_place(work, &key, &to);
    }
    Ok(())
}

fn memory_key(key: &str) -> String {
    format!("moved:{key}")
}

/// Where a discussion went, as an index into the paths: to where it was seen before, else to the new file that holds
/// most of our replies to it, else to the first that says what it said.
fn destination(work: &Work<'_>, key: &str, remembered: Option<&str>) -> Option<usize> {
    let record = work.memory.discussions.get(key)?;
    let blocks = work.blocks_of(key);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, path) in work.paths.iter().enumerate() {
        let is_new = !work.memory.discussions.contains_key(&path.candidate.key)
            && path.base.discussion().is_none();
        let Some(discussion) = path.head.discussion().filter(|_| is_new) else {
            continue;
        };
        if remembered == Some(path.candidate.path.as_str()) {
            return Some(at);
        }
        let seen = SeenText::of(discussion, &blocks, &record.proposal);
        let ours = seen.ours.iter().flatten().count();
        let was_published = record
            .published
            .iter()
            .any(|(ballot, _)| *ballot == seen.ballot);
        if ours > 0 || was_published {
            found.push((ours, at));
        }
    }
    let most = found.iter().map(|(ours, _)| *ours).max()?;
    let best = found.iter().find(|(ours, _)| *ours == most)?;
    Some(best.1)
}

/// The file at `to` goes on as the discussion of `key`; what stands for the old name is taken out.
fn take_place(work: &mut Work<'_>, key: &str, to: &str) {
    let is_old = |path: &super::work::SeenPath| {
        path.candidate.key == key && matches!(path.head, Content::Missing)
    };
    let Some(old) = work.paths.iter().position(is_old) else {
        return;
    };
    let old = work.paths.remove(old);
    if let Some(new) = work.paths.iter_mut().find(|p| p.candidate.path == to) {
        new.candidate.key = old.candidate.key;
        new.candidate.base_path = old.candidate.base_path;
        new.base = old.base;
    }
}
