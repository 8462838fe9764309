//! The replies of a hostile model: each text of `tests/fixtures/hostile/replies.yaml` in each field of a reply.

use crate::support::fixture;
use discussions::engine::reply::{Anchor, Reply, ReplyConcern};
use discussions::engine::vote::Vote;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct Written {
    name: String,
    text: String,
    #[serde(default = "once")]
    times: usize,
}

fn once() -> usize {
    1
}

/// A reply and how it is called.
#[derive(Debug, Clone)]
pub(super) struct Hostile {
    pub(super) name: String,
    pub(super) reply: Reply,
}

/// The texts, each with its name.
pub(super) fn texts() -> &'static [(String, String)] {
    static TEXTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let written: Vec<Written> =
            serde_saphyr::from_str(&fixture("hostile/replies.yaml")).unwrap();
        let texts = written.into_iter();
        texts
            .map(|one| (one.name, one.text.repeat(one.times)))
            .collect()
    });
    &TEXTS
}

/// Makes a reply of a text.
type Made = fn(&str) -> Reply;

/// Every reply: three for each text.
pub(super) fn all() -> &'static [Hostile] {
    static ALL: LazyLock<Vec<Hostile>> = LazyLock::new(|| {
        let of_text = |(name, text): &(String, String)| {
            let made: [(&str, Made); 3] = [
                ("in the comment", in_the_comment),
                ("in the remarks", in_the_remarks),
                ("inside other marks", inside_marks),
            ];
            made.map(|(place, reply)| Hostile {
                name: format!("{name}, {place}"),
                reply: reply(text),
            })
        };
        texts().iter().flat_map(of_text).collect()
    });
    &ALL
}

fn concern(text: &str, minor: bool) -> ReplyConcern {
    ReplyConcern {
        text: text.to_owned(),
        minor,
    }
}

fn in_the_comment(text: &str) -> Reply {
    Reply {
        comment: text.to_owned(),
        vote: Some(Vote::Ready),
        ..Reply::default()
    }
}

/// Questions, concerns, what they are about, and what is settled by it.
fn in_the_remarks(text: &str) -> Reply {
    let first = format!("The keys: {text}");
    Reply {
        comment: "Not yet.".to_owned(),
        vote: Some(Vote::Changes),
        questions: vec![text.to_owned(), format!("(minor) {text} {text}")],
        concerns: vec![concern(&first, false), concern(text, true)],
        resolved: vec![text.to_owned(), "C2".to_owned(), format!("C1\n\n{text}")],
        anchors: vec![
            Anchor {
                remark: first,
                words: "Several tenants".to_owned(),
            },
            Anchor {
                remark: text.to_owned(),
                words: text.to_owned(),
            },
        ],
    }
}

/// Behind, between and within marks of Markdown, where seams are.
fn inside_marks(text: &str) -> Reply {
    let start: String = text.chars().take(60).collect();
    let line = start.replace('\n', " ");
    Reply {
        comment: format!(
            "Read.\n\n- **{line}** and _{line}_\n  > {line}\n\n[{line}](docs/a.md)!{line}`x`{line}\\{line}\n\n| {line} |\n|---|\n| {line} |\n\n{line}\n---\n{start}"
        ),
        vote: Some(Vote::Changes),
        questions: vec![format!("**{line}** [{line}](docs/a.md) {line}")],
        concerns: vec![
            concern(&format!("(minor) `a`{line}`b`"), false),
            concern(&format!("x\n\n{start}\n\n---\n\n{start}"), false),
            concern(&format!("> {line}"), true),
        ],
        ..Reply::default()
    }
}

#[test]
fn there_are_more_than_two_hundred_and_no_two_are_the_same() {
    let all = all();
    assert!(all.len() >= 200, "{}", all.len());
    let names: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), all.len());
    let replies: BTreeSet<String> = all.iter().map(|one| format!("{:?}", one.reply)).collect();
    assert_eq!(replies.len(), all.len());
}
