//! What a pull request looked like when it was last evaluated, and whether it has to be looked at again. Pure.
//!
//! Everything that decides about it and that a list of open pull requests shows is hashed: its head, base, title and
//! draft mark, the definitions on its base, and the program with its model. A sweep compares the hash and asks GitHub
//! for nothing more where it is the same. What no list shows, such as a right that was taken away, comes to light by
//! age.

use super::plan::IN_PROGRESS;
use crate::forge::overview::{BaseFiles, ListedPull};
use crate::forge::{FileContent, Folder, FolderContent, PrSnapshot};
use crate::ids::Sha;
use crate::store::PrRecord;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How often is looked, and how old an evaluation may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepPace {
    /// From one sweep to the next.
    pub every: Duration,
    /// Age from which a green with a discussion is looked at again: it may hang on a right that is gone.
    pub green: Duration,
    /// Age from which everything else is looked at again.
    pub other: Duration,
    /// Time between two jobs of one sweep, so that they do not come all at once.
    pub between: Duration,
    /// Until a list that could not be read is asked for again.
    pub again: Duration,
}

impl Default for SweepPace {
    /// Hourly; a green each time, everything else four times a day.
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60 * 60),
            green: Duration::from_secs(30 * 60),
            other: Duration::from_secs(6 * 60 * 60),
            between: Duration::from_secs(1),
            again: Duration::from_secs(60),
        }
    }
}

/// Time within which the record is not told anew that nothing changed, ms.
const FRESH: i64 = 10 * 60 * 1_000;
/// Begins the record of a draft.
const DRAFT: &str = "draft";
/// Begins the record of one that is ready for review.
const READY: &str = "ready";
/// Begins the record of one that nothing was started for: the gate is off, or we failed.
const UNHEARD: &str = "unheard";

/// What a pull request looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    draft: bool,
    head: Sha,
    /// Of all there is.
    hash: String,
}

/// What a record says was seen.
struct Kept<'a> {
    kind: &'a str,
    /// The head up to which pushes were heard of, `-` where nothing counts as heard.
    head: &'a str,
    hash: &'a str,
}

/// Which event was missed, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// That it was opened, or opened again.
    Opening,
    /// That it is no draft any more.
    Readiness,
    /// That the head moved.
    Push,
    /// None that asks anybody.
    Nothing,
}

impl Look {
    fn of(head: &Sha, base_branch: &str, draft: bool, title: &str, definitions: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update([u8::from(draft)]);
        for part in [head.as_str(), base_branch, title, definitions] {
            put(&mut hash, part.as_bytes());
        }
        Self {
            draft,
            head: head.clone(),
            hash: hex::encode(&hash.finalize()[..16]),
        }
    }

    fn kind(&self) -> &'static str {
        if self.draft { DRAFT } else { READY }
    }
}

impl<'a> Kept<'a> {
    fn read(seen: &'a str) -> Option<Self> {
        let mut words = seen.split(' ');
        Some(Self {
            kind: words.next().filter(|kind| !kind.is_empty())?,
            head: words.next()?,
            hash: words.next()?,
        })
    }
}

fn put(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

fn put_maybe(hash: &mut Sha256, text: Option<&str>) {
    hash.update([u8::from(text.is_some())]);
    put(hash, text.unwrap_or_default().as_bytes());
}

/// Hash of everything that decides besides the pull request itself. `default_config`: the default branch's
/// configuration where that is another one than the base; `model`: the operator's choice.
fn definitions(
    config: Option<&str>,
    personas: &[Folder],
    templates: &Folder,
    default_config: Option<&str>,
    model: Option<&str>,
) -> String {
    let mut hash = Sha256::new();
    put(&mut hash, env!("CARGO_PKG_VERSION").as_bytes());
    for text in [model, config, default_config] {
        put_maybe(&mut hash, text);
    }
    for folder in personas.iter().chain([templates]) {
        put(&mut hash, folder.path.as_bytes());
        match &folder.content {
            FolderContent::Missing => hash.update([0]),
            FolderContent::NotAFolder(what) => {
                hash.update([1]);
                put(&mut hash, what.as_bytes());
            }
            FolderContent::Files(files) => {
                hash.update([2]);
                hash.update((files.len() as u64).to_be_bytes());
                for (name, content) in files {
                    put(&mut hash, name.as_bytes());
                    put_content(&mut hash, content);
                }
            }
        }
    }
    hex::encode(hash.finalize())
}

fn put_content(hash: &mut Sha256, content: &FileContent) {
    match content {
        FileContent::Blob(bytes) => {
            hash.update([0]);
            put(hash, bytes);
        }
        FileContent::TooLarge(size, _) => {
            hash.update([1]);
            hash.update(size.to_be_bytes());
        }
        FileContent::NotAFile(what) => {
            hash.update([2]);
            put(hash, what.as_bytes());
        }
    }
}

/// What a pull request looks like that was read completely, folders and all.
pub fn of_snapshot(snapshot: &PrSnapshot, model: Option<&str>) -> Look {
    let definitions = definitions(
        snapshot.config.as_deref(),
        &snapshot.personas,
        &snapshot.templates,
        snapshot.default_config.as_deref(),
        model,
    );
    Look::of(
        &snapshot.head,
        &snapshot.base_branch,
        snapshot.draft,
        &snapshot.title,
        &definitions,
    )
}

/// What the definitions on a base come to, for [`of_listed`]; its folders have been read. See [`of_snapshot`].
pub fn of_base(base: &BaseFiles, default_config: Option<&str>, model: Option<&str>) -> String {
    definitions(
        base.config.as_deref(),
        &base.personas,
        &base.templates,
        default_config,
        model,
    )
}

/// What a pull request of a list looks like, given what its base comes to.
pub fn of_listed(pull: &ListedPull, definitions: &str) -> Look {
    Look::of(
        &pull.head,
        &pull.base_branch,
        pull.draft,
        &pull.title,
        definitions,
    )
}

/// Whether the record says green on a discussion: such a check must not outlive what it rests on.
pub fn is_green(record: &PrRecord) -> bool {
    record.conclusion == "success"
}

/// Which event must have been missed if the pull request looks like this now.
pub fn missed(seen: &str, look: &Look) -> Missed {
    match Kept::read(seen) {
        None => Missed::Opening,
        Some(kept) if kept.kind == UNHEARD => Missed::Opening,
        Some(kept) if kept.kind == DRAFT && !look.draft => Missed::Readiness,
        Some(kept) if kept.head != look.head.as_str() => Missed::Push,
        Some(_) => Missed::Nothing,
    }
}

/// Whether a pull request that looks like this at `now` (ms) has to be evaluated again.
pub fn is_due(record: &PrRecord, look: &Look, now: i64, pace: &SweepPace) -> bool {
    let Some(kept) = Kept::read(&record.seen) else {
        return true;
    };
    // A run that was begun has to be ended, by whoever comes next.
    if record.conclusion == IN_PROGRESS {
        return true;
    }
    let is_heard = kept.kind == UNHEARD || missed(&record.seen, look) == Missed::Nothing;
    let bound = match is_green(record) {
        true => pace.green,
        false => pace.other,
    };
    let age = Duration::from_millis(u64::try_from(now - record.seen_at).unwrap_or(0));
    !is_heard || kept.hash != look.hash || age >= bound
}

/// Whether the verdict of the record was made of exactly that: the same head, title and definitions.
pub fn is_of(record: &PrRecord, look: &Look) -> bool {
    Kept::read(&record.seen).is_some_and(|kept| kept.hash == look.hash)
}

/// What an evaluation amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluated {
    /// Whoever is to be asked about what is there was asked.
    Heard,
    /// By the way: the event was none that asks anybody. One that does may still come, or be missed.
    Passing,
    /// Nothing could be started.
    Unheard,
}

/// The record with what was seen, if that is news.
pub fn noted(
    record: &PrRecord,
    look: &Look,
    base: &str,
    now: i64,
    how: Evaluated,
) -> Option<PrRecord> {
    let hash = &look.hash;
    let seen = match (how, Kept::read(&record.seen)) {
        (Evaluated::Heard, _) => format!("{} {} {hash}", look.kind(), look.head),
        (Evaluated::Unheard, _) => format!("{UNHEARD} - {hash}"),
        (Evaluated::Passing, None) => String::new(),
        (Evaluated::Passing, Some(kept)) if look.draft && kept.kind != UNHEARD => {
            format!("{DRAFT} {} {hash}", kept.head)
        }
        (Evaluated::Passing, Some(kept)) => format!("{} {} {hash}", kept.kind, kept.head),
    };
    let is_known = record.seen == seen && record.base == base && now - record.seen_at < FRESH;
    (!is_known).then(|| PrRecord {
        seen,
        base: base.to_owned(),
        seen_at: now,
        ..record.clone()
    })
}
