//! A round's replies as one review: every block in its body, and comments on lines for what is open. Pure.

use super::evaluate::Evaluated;
use super::markdown::{cap, code, defused_markdown, inline};
use super::message::MAX_COMMENT;
use crate::engine::discussion::Discussion;
use crate::engine::ledger::{Item, ItemKind, ItemState};
use crate::forge::{ChangedFile, LineComment, ReviewRequest};
use crate::ids::Sha;
use crate::store::BlockRecord;
use std::fmt::Write;

/// One discussion with the blocks that go into the review.
pub struct Posting<'a> {
    /// Path at the head.
    pub path: &'a str,
    /// Title of the discussion.
    pub title: &'a str,
    /// The file at the head, without replies that stand in reviews.
    pub file: &'a Discussion,
    /// What the pull request changes about the file; `None`: nothing.
    pub changed: Option<&'a ChangedFile>,
    /// The discussion as it stands with the new blocks; `None` if it cannot be evaluated with them.
    pub after: Option<&'a Evaluated>,
    /// The recorded blocks that `after` was evaluated with, and behind them the new ones.
    pub known: &'a [&'a BlockRecord],
    /// The blocks to post.
    pub blocks: &'a [BlockRecord],
}

/// A review ready to post.
#[derive(Debug, Clone)]
pub struct PlannedReview {
    /// What to post.
    pub request: ReviewRequest,
    /// Blocks in it: (path by the record, hash).
    pub blocks: Vec<(String, String)>,
    /// Keys of the conversations that its comments open.
    pub threads: Vec<String>,
}

/// Hidden text by which a block is found in a review.
pub fn block_marker(hash: &str) -> String {
    format!("<!-- discussions:block {hash} -->")
}

/// Key of the conversation about one item of a block: the item's number within the block, from 1.
pub fn thread_key(hash: &str, number: usize) -> String {
    format!("thread:{hash}:{number}")
}

/// Hidden text by which a conversation is found.
pub fn thread_marker(key: &str) -> String {
    format!("<!-- discussions:{key} -->")
}

/// Plans the review on `commit`. `with_threads`: open questions and concerns get a conversation where their line is
/// part of the diff.
pub fn plan(
    commit: &Sha,
    why: &str,
    postings: &[Posting<'_>],
    with_threads: bool,
) -> PlannedReview {
    let mut threads = Vec::new();
    let mut comments = Vec::new();
    if with_threads {
        for (key, comment) in postings.iter().flat_map(line_comments) {
            threads.push(key);
            comments.push(comment);
        }
    }
    let blocks = postings.iter().flat_map(|posting| posting.blocks);
    PlannedReview {
        request: ReviewRequest {
            commit: commit.clone(),
            body: body(why, postings),
            comments,
        },
        blocks: blocks
            .map(|block| (block.path.clone(), block.hash.clone()))
            .collect(),
        threads,
    }
}

/// The markers come first, so that a cut never loses them.
fn body(why: &str, postings: &[Posting<'_>]) -> String {
    let mut text = String::new();
    for block in postings.iter().flat_map(|posting| posting.blocks) {
        let _ = writeln!(text, "{}", block_marker(&block.hash));
    }
    for posting in postings {
        let (path, title) = (code(posting.path), inline(posting.title));
        let _ = writeln!(text, "\n### {title}\n\n{path}");
        for block in posting.blocks {
            let _ = writeln!(text, "\n{}", shown(block));
        }
    }
    let why = inline(why);
    let _ = writeln!(
        text,
        "\n---\n\n<sub>Replies stand in reviews here because {why}. They count like replies in the file.</sub>"
    );
    cap(text, MAX_COMMENT)
}

/// A block under its author's name.
fn shown(block: &BlockRecord) -> String {
    let said: Vec<&str> = block.text.lines().skip(1).collect();
    let said = said.join("\n");
    format!(
        "#### {}\n\n{}",
        inline(&block.alias),
        defused_markdown(said.trim())
    )
}

/// The comments on lines of one discussion, with the key of the conversation each opens.
fn line_comments<'a>(posting: &'a Posting<'_>) -> Vec<(String, LineComment)> {
    let comment = |(block, number, item): (&'a BlockRecord, usize, &'a Item)| {
        let line = line_of(posting, block, item)?;
        let key = thread_key(&block.hash, number);
        let comment = LineComment {
            path: posting.path.to_owned(),
            line,
            body: comment_body(item, &key),
        };
        Some((key, comment))
    };
    open_items(posting)
        .into_iter()
        .filter_map(comment)
        .collect()
}

/// Open questions and concerns of the blocks to post, with their number within the block. Minor ones block nothing and
/// are no reason for a conversation.
fn open_items<'a>(posting: &'a Posting<'_>) -> Vec<(&'a BlockRecord, usize, &'a Item)> {
    let Some(after) = posting.after else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for block in posting.blocks {
        let numbered = items_of(after, posting.known, &block.hash);
        found.extend(
            numbered
                .into_iter()
                .filter(|(_, item)| item.state == ItemState::Open && !item.minor)
                .map(|(number, item)| (block, number, item)),
        );
    }
    found
}

/// Questions and concerns of one recorded block as the ledger has them, numbered within the block from 1.
pub fn items_of<'a>(
    evaluated: &'a Evaluated,
    known: &[&BlockRecord],
    hash: &str,
) -> Vec<(usize, &'a Item)> {
    let index = known.iter().position(|block| block.hash == hash);
    let Some(place) = index.and_then(|index| evaluated.seen.place_of(index)) else {
        return Vec::new();
    };
    let ledger = &evaluated.view.ledger;
    let mut items: Vec<&Item> = ledger.questions.iter().chain(&ledger.concerns).collect();
    items.retain(|item| item.block == place);
    items.sort_by_key(|item| item.line);
    (1..).zip(items).collect()
}

/// Line of the file that an item is about, if the diff shows it.
fn line_of(posting: &Posting<'_>, block: &BlockRecord, item: &Item) -> Option<u32> {
    let mut anchors = block.anchors.iter();
    let (_, words) = anchors.find(|(remark, _)| remark.trim() == item.text.trim())?;
    let line = find_words(posting.file, words)?;
    let line = u32::try_from(line).ok()?;
    posting.changed?.shows(line).then_some(line)
}

/// First line behind the header that holds the words, whatever their case and the blanks between them.
fn find_words(file: &Discussion, words: &str) -> Option<usize> {
    let wanted = folded(words);
    if wanted.is_empty() {
        return None;
    }
    let first = file.line_of(file.header.end);
    let mut lines = file.source.lines().enumerate().skip(first - 1);
    let (index, _) = lines.find(|(_, line)| folded(line).contains(&wanted))?;
    Some(index + 1)
}

fn folded(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

fn comment_body(item: &Item, key: &str) -> String {
    let does = match item.kind {
        ItemKind::Question => "asks",
        _ => "has a concern",
    };
    let id = item.id.as_deref().unwrap_or_default();
    let mut text = format!(
        "{}\n**{}** {} {does}: {}\n",
        thread_marker(key),
        inline(id),
        inline(&item.author),
        defused_markdown(&item.text)
    );
    for point in &item.items {
        let _ = writeln!(text, "- {}", defused_markdown(point));
    }
    cap(text, MAX_COMMENT)
}
