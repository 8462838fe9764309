//! What a pull request looked like when it was last evaluated, and whether it has to be looked at again. Pure.
//!
//! Everything that decides about it and that a list of open pull requests shows is hashed: its head, base, title and
//! draft mark, the definitions on its base, and the program with its model. A sweep compares the hash and asks GitHub
//! for nothing more where it is the same. What no list shows, such as a right that was taken away, comes to light by
//! age.

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
}

impl Default for SweepPace {
    /// Hourly; a green each time, everything else four times a day.
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60 * 60),
            green: Duration::from_secs(30 * 60),
            other: Duration::from_secs(6 * 60 * 60),
            between: Duration::from_secs(1),
        }
    }
}

/// Time within which the record is not told anew that nothing changed, ms.
const FRESH: i64 = 10 * 60 * 1_000;
/// Begins what a draft looks like.
const DRAFT: &str = "draft ";
/// Begins what anything else looks like.
const READY: &str = "ready ";

/// What is hashed of a pull request.
struct Sight<'a> {
    head: &'a Sha,
    base_branch: &'a str,
    draft: bool,
    title: &'a str,
    definitions: &'a str,
}

impl Sight<'_> {
    fn look(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.head.as_str(),
            self.base_branch,
            self.title,
            self.definitions,
        ] {
            put(&mut hash, part.as_bytes());
        }
        let state = if self.draft { DRAFT } else { READY };
        format!("{state}{}", hex::encode(&hash.finalize()[..16]))
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
        FileContent::TooLarge(size) => {
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
pub fn of_snapshot(snapshot: &PrSnapshot, model: Option<&str>) -> String {
    let definitions = definitions(
        snapshot.config.as_deref(),
        &snapshot.personas,
        &snapshot.templates,
        snapshot.default_config.as_deref(),
        model,
    );
    let sight = Sight {
        head: &snapshot.head,
        base_branch: &snapshot.base_branch,
        draft: snapshot.draft,
        title: &snapshot.title,
        definitions: &definitions,
    };
    sight.look()
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
pub fn of_listed(pull: &ListedPull, definitions: &str) -> String {
    let sight = Sight {
        head: &pull.head,
        base_branch: &pull.base_branch,
        draft: pull.draft,
        title: &pull.title,
        definitions,
    };
    sight.look()
}

/// Whether it was a draft when it looked like that.
pub fn was_draft(seen: &str) -> bool {
    seen.starts_with(DRAFT)
}

/// Whether a pull request that looks like this at `now` (ms) has to be evaluated again.
pub fn is_due(record: &PrRecord, look: &str, now: i64, pace: &SweepPace) -> bool {
    let bound = match record.conclusion.as_str() {
        "success" => pace.green,
        _ => pace.other,
    };
    let age = Duration::from_millis(u64::try_from(now - record.seen_at).unwrap_or(0));
    record.seen != look || age >= bound
}

/// The record with what was seen, if that is news.
pub fn noted(record: &PrRecord, look: String, base: &str, now: i64) -> Option<PrRecord> {
    let is_known = record.seen == look && record.base == base && now - record.seen_at < FRESH;
    (!is_known).then(|| PrRecord {
        seen: look,
        base: base.to_owned(),
        seen_at: now,
        ..record.clone()
    })
}
