//! The proposal and its hash, the subject, to which votes are bound.

use super::body::{Body, is_name_line};
use super::discussion::Discussion;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// Names the hashed fields and their order. A change of either needs a new number: old votes then are stale.
const DOMAIN: &str = "discussions/subject@1";

/// Header fields that belong to the proposal. Phase, Status and Id are ours to change and are not among them.
const HEADER_FIELDS: [&str; 3] = ["Title", "Template", "Participants"];

/// How a change above the first heading is called.
const INTRODUCTION: &str = "the introduction";

/// SHA-256 of the proposal with `Title`, `Template`, `Participants`; see [`Subject::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(pub [u8; 32]);

impl fmt::Display for Subject {
    /// 64 hex digits; the JSON puts `sha256:` before them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Subject {
    /// Hash of the proposal: everything after the header up to `end` (byte offset where the proposal ends: the first
    /// block recorded for this pull request, its name line or the separator above it), or, with `None`, to the end of
    /// the file, in both cases less trailing separators, so that our first append changes nothing. LF line ends, no
    /// byte order mark, no blanks at the end of a line or of the whole, plus the header's Title, Template,
    /// Participants. Length-prefixed fields under a versioned domain tag.
    pub fn of(discussion: &Discussion, end: Option<usize>) -> Self {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        field(DOMAIN);
        for key in HEADER_FIELDS {
            field(discussion.header.value(key).unwrap_or_default());
        }
        field(&body(discussion, end));
        Self(hash.finalize().into())
    }

    /// Reads 64 hex digits, in any case.
    pub fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The first eight hex digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

/// Text behind the proposal that stands in none of the covered spans: (line from 1, text), blank lines and separators
/// left out. `end`: where the proposal ends; `None`: at the end of the file.
pub fn uncovered(
    discussion: &Discussion,
    end: Option<usize>,
    covered: &[Range<usize>],
) -> Vec<(usize, String)> {
    let Some(end) = end else {
        return Vec::new();
    };
    let mut offset = end;
    let mut found = Vec::new();
    for line in discussion
        .source
        .get(end..)
        .unwrap_or_default()
        .split_inclusive('\n')
    {
        let text = line.trim_end();
        let is_covered = covered.iter().any(|span| span.contains(&offset));
        if !is_covered && !text.is_empty() && text.trim() != "---" {
            found.push((discussion.line_of(offset), text.to_owned()));
        }
        offset += line.len();
    }
    found
}

/// What people's votes bind to, 64 hex digits: the subject, and all later text that no signed block is. The subject
/// itself while there is none.
pub fn ballot(subject: Subject, uncovered: &[(usize, String)]) -> String {
    if uncovered.is_empty() {
        return subject.to_string();
    }
    let mut hash = Sha256::new_with_prefix(b"discussions/ballot@1");
    hash.update(subject.0);
    for (_, text) in uncovered {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// Subjects of everything that this text may have been as a proposal: up to each of its comment blocks, and whole.
/// Whoever objected to one of them objects to this text, which adds comments to it and takes nothing away.
pub fn beginnings(discussion: &Discussion) -> BTreeSet<Subject> {
    let starts = discussion.blocks.iter().map(|block| {
        let separator = block.separator.as_ref();
        separator.map_or(block.span.start, |separator| separator.start)
    });
    let ends = starts.map(Some).chain([None]);
    ends.map(|end| Subject::of(discussion, end)).collect()
}

/// Text of the proposal as hashed (normalised), for prompts and for naming changed sections: one line each for Title,
/// Template and Participants, a blank line, and the body.
pub fn proposal(discussion: &Discussion, end: Option<usize>) -> String {
    let mut text = String::new();
    for key in HEADER_FIELDS {
        let value = discussion.header.value(key).unwrap_or_default();
        text.push_str(format!("{key}: {value}").trim_end());
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&body(discussion, end));
    text
}

/// The body of the proposal, normalised.
fn body(discussion: &Discussion, end: Option<usize>) -> String {
    let source = &discussion.source;
    let end = end
        .filter(|end| source.is_char_boundary(*end))
        .unwrap_or(source.len());
    let name_follows = source[end..]
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(is_name_line);
    let kept = Body::of(discussion, end).without_separators(name_follows);
    let lines = kept
        .split('\n')
        .map(|line| line.trim_end_matches([' ', '\t', '\r']));
    let text = lines.collect::<Vec<_>>().join("\n");
    text.trim_end_matches('\n').to_owned()
}

/// Headings of the sections that differ between two proposals, in order of the newer one, then removed sections; a
/// change above the first heading is called `the introduction`, header fields by their key. Both texts come from
/// [`proposal`]. The headings are the author's words: show them neutralised.
pub fn changed_sections(older: &str, newer: &str) -> Vec<String> {
    let (older_fields, older_body) = split_fields(older);
    let (newer_fields, newer_body) = split_fields(newer);
    let mut changed: Vec<String> = HEADER_FIELDS
        .iter()
        .filter(|key| field_of(older_fields, key) != field_of(newer_fields, key))
        .map(|key| (*key).to_owned())
        .collect();

    let mut removed = sections(older_body);
    for section in sections(newer_body) {
        let same_heading = |old: &Section<'_>| old.heading == section.heading;
        match removed.iter().position(same_heading) {
            Some(at) => {
                if removed.remove(at).text != section.text {
                    changed.push(section.heading);
                }
            }
            None => changed.push(section.heading),
        }
    }
    changed.extend(removed.into_iter().map(|section| section.heading));
    if changed.is_empty() && older_body != newer_body {
        changed.push("the order of the sections".to_owned());
    }
    let mut seen = BTreeSet::new();
    changed.retain(|name| seen.insert(name.clone()));
    changed
}

/// Headings of the sections of a proposal (from [`proposal`]) that hold these words, named as in [`changed_sections`].
pub fn sections_with(proposal: &str, words: &str) -> Vec<String> {
    let (_, body) = split_fields(proposal);
    let holding = sections(body)
        .into_iter()
        .filter(|section| section.text.contains(words));
    holding.map(|section| section.heading).collect()
}

/// The three header lines, and the body behind the blank line.
fn split_fields(proposal: &str) -> (&str, &str) {
    proposal.split_once("\n\n").unwrap_or((proposal, ""))
}

fn field_of<'a>(fields: &'a str, key: &str) -> &'a str {
    fields
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .unwrap_or_default()
}

struct Section<'a> {
    heading: String,
    text: &'a str,
}

/// The body cut at its headings. Subsections are sections of their own, so that the smallest changed one is named.
fn sections(body: &str) -> Vec<Section<'_>> {
    let mut starts = vec![(0, INTRODUCTION.to_owned())];
    let mut heading: Option<(usize, String)> = None;
    for (event, range) in Parser::new(body).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some((range.start, String::new())),
            Event::End(TagEnd::Heading(_)) => starts.extend(heading.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, words)) = &mut heading {
                    words.push_str(&text);
                }
            }
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start);
    let ends: Vec<usize> = ends.chain([body.len()]).collect();
    starts
        .into_iter()
        .zip(ends)
        .map(|((start, heading), end)| Section {
            heading: shown(&heading),
            text: body[start..end].trim(),
        })
        .filter(|section| section.heading != INTRODUCTION || !section.text.is_empty())
        .collect()
}

/// A heading short enough for a title.
fn shown(heading: &str) -> String {
    let words = heading.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", words[..at].trim_end()),
        None if words.is_empty() => "a section without a name".to_owned(),
        None => words,
    }
}
