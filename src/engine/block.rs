//! Comment blocks: one participant's entry in the file.

use super::marker::{BlockVote, Marker, MarkerLine, Mention, leading_ids, read_vote};
use super::name::{Author, Roster};
use super::problem::{Code, Problem, excerpt};
use super::scan::{FoundKind, Lines, Places, Scan, mention_token};
use std::ops::Range;

/// One participant's entry, from its name line to before the next separator.
#[derive(Debug, Clone)]
pub struct Block {
    /// Position among the blocks, from 1.
    pub number: usize,
    /// Who wrote it, by the name line.
    pub author: Author,
    /// Line of the name line, from 1.
    pub line: usize,
    /// Bytes of the separator line above it, if there is one.
    pub separator: Option<Range<usize>>,
    /// Bytes from the start of the name line to the end of the last non-blank line, without its line end. A receipt
    /// line is not part of it.
    pub span: Range<usize>,
    /// Bytes of the receipt line that ends it, if there is one.
    pub receipt: Option<Range<usize>>,
    /// Markers in file order, VOTE lines excluded.
    pub markers: Vec<Marker>,
    /// `@alias` mentions, in file order.
    pub mentions: Vec<Mention>,
    /// What its VOTE lines come to.
    pub vote: Option<BlockVote>,
}

impl Block {
    /// Where the block ends, its receipt included.
    pub fn end(&self) -> usize {
        self.receipt.as_ref().map_or(self.span.end, |line| line.end)
    }

    /// Canonical bytes for hashing and comparing: the span with LF line ends and no trailing blanks on the last line.
    pub fn canonical(&self, source: &str) -> String {
        source[self.span.clone()]
            .replace("\r\n", "\n")
            .trim_end_matches([' ', '\t'])
            .to_owned()
    }
}

/// Puts what the scanner found together to blocks, in file order, with the problems of names, votes and markers.
pub(super) fn assemble(
    source: &str,
    lines: &Lines,
    scan: &Scan,
    participants: &[String],
) -> (Vec<Block>, Vec<Problem>) {
    let mut assembly = Assembly {
        source,
        lines,
        scan,
        mentions: &scan.mentions,
        places: Places::new(source, lines),
        roster: Roster::new(participants),
        separator: None,
        open: None,
        blocks: Vec::new(),
        problems: Vec::new(),
    };
    for found in &scan.found {
        assembly.take(found.line, &found.kind);
    }
    assembly.close(lines.count());
    (assembly.blocks, assembly.problems)
}

struct Assembly<'a> {
    source: &'a str,
    lines: &'a Lines,
    scan: &'a Scan,
    /// Mentions that belong to no block yet.
    mentions: &'a [usize],
    places: Places<'a>,
    roster: Roster<'a>,
    /// Bytes of the separator above, if there is one.
    separator: Option<Range<usize>>,
    open: Option<Block>,
    blocks: Vec<Block>,
    problems: Vec<Problem>,
}

impl Assembly<'_> {
    /// Takes the next line that means something.
    fn take(&mut self, line: usize, kind: &FoundKind) {
        match kind {
            FoundKind::Separator {
                spaced,
                named,
                under_text,
            } => {
                if !(*spaced || *named) {
                    return;
                }
                if *under_text {
                    self.report(
                        Code::SetextSeparator,
                        line,
                        "the separator stands directly under text",
                    );
                }
                self.close(line);
                self.separator = Some(self.text(line));
            }
            FoundKind::Name { opens: true, name } => self.open_block(line, name),
            FoundKind::Name { opens: false, name } => {
                self.stray_name(line, &self.source[name.clone()])
            }
            FoundKind::BadName(code) => {
                let message = match code {
                    Code::EmptyName => "the name line names nobody",
                    _ => "the name line is too long, so it is not read as one",
                };
                self.report(*code, line, message);
            }
            FoundKind::Marker(marker) => self.marker(line, marker),
            FoundKind::Receipt => self.receipt(line),
        }
    }

    fn text(&self, line: usize) -> Range<usize> {
        self.lines.text(line, self.source.as_bytes())
    }

    fn report(&mut self, code: Code, line: usize, message: impl Into<String>) {
        self.problems.push(Problem::new(code, line + 1, 1, message));
    }

    fn open_block(&mut self, line: usize, name: &Range<usize>) {
        self.close(line);
        let author = Author::parse(&self.source[name.clone()]);
        let column = self.places.column(line, name.start);
        self.problems
            .extend(self.roster.check(&author, line + 1, column));
        self.open = Some(Block {
            number: self.blocks.len() + 1,
            author,
            line: line + 1,
            separator: self.separator.take(),
            span: self.text(line),
            receipt: None,
            markers: Vec::new(),
            mentions: Vec::new(),
            vote: None,
        });
    }

    /// A receipt ends the open block. One that follows no block is nobody's: `receipt::chain` looks at all of them.
    fn receipt(&mut self, line: usize) {
        if self.open.is_none() {
            return;
        }
        let receipt = self.text(line);
        self.close(line);
        if let Some(block) = self.blocks.last_mut() {
            block.receipt = Some(receipt);
        }
    }

    fn stray_name(&mut self, line: usize, name: &str) {
        if Author::parse(name).persona.is_some() {
            self.report(
                Code::StrayName,
                line,
                format!("`Name: {}` has no separator above it", excerpt(name)),
            );
        }
    }

    /// Ends the open block before line `end` (from 0).
    fn close(&mut self, end: usize) {
        let Some(mut block) = self.open.take() else {
            return;
        };
        let name_line = block.line - 1;
        let is_blank = |line: &usize| {
            let text = &self.source.as_bytes()[self.text(*line)];
            text.iter().all(|b| matches!(b, b' ' | b'\t'))
        };
        let last = (name_line + 1..end).rev().find(|line| !is_blank(line));
        let name_end = block.span.end;
        match last {
            Some(last) => block.span.end = self.text(last).end,
            None => self.report(
                Code::EmptyBlock,
                name_line,
                format!("{} says nothing", excerpt(&block.author.name)),
            ),
        }
        block.mentions = self.mentions_between(name_end, block.span.end);
        self.blocks.push(block);
    }

    fn mentions_between(&mut self, start: usize, end: usize) -> Vec<Mention> {
        let before = self.mentions.partition_point(|at| *at < start);
        let upto = self.mentions.partition_point(|at| *at < end);
        let (inside, rest) = (&self.mentions[before..upto], &self.mentions[upto..]);
        self.mentions = rest;
        let mut mentions = Vec::with_capacity(inside.len());
        for at in inside {
            let (line, column) = self.places.of(*at);
            mentions.push(Mention {
                token: mention_token(self.source, *at).to_ascii_lowercase(),
                line,
                column,
            });
        }
        mentions
    }

    fn marker(&mut self, line: usize, marker: &MarkerLine) {
        let start = self.text(line).start;
        let text = &self.source[start + marker.text.start..start + marker.text.end];
        let column = self.places.column(line, start + marker.word_at);
        let Some(block) = &mut self.open else {
            self.marker_outside(line, column, marker, text);
            return;
        };
        match marker.word {
            None => {
                let before = block.vote.take();
                let vote = self.vote(before, line, column, text);
                if let Some(block) = &mut self.open {
                    block.vote = Some(vote);
                }
            }
            Some(word) => block.markers.push(Marker {
                word,
                line: line + 1,
                column,
                text: text.to_owned(),
                items: list_below(self.source, self.lines, &self.scan.opaque, line),
                checked: marker.checked,
            }),
        }
    }

    fn marker_outside(&mut self, line: usize, column: usize, marker: &MarkerLine, text: &str) {
        let is_meant = marker
            .word
            .is_none_or(|word| word.stands_alone() || !leading_ids(text).0.is_empty());
        if is_meant {
            let message =
                "the marker belongs to no block: a separator or a receipt ended the one above";
            self.problems.push(Problem::new(
                Code::MarkerOutsideBlock,
                line + 1,
                column,
                message,
            ));
        }
    }

    /// What the block's vote becomes by one more VOTE line.
    fn vote(
        &mut self,
        before: Option<BlockVote>,
        line: usize,
        column: usize,
        text: &str,
    ) -> BlockVote {
        let line = line + 1;
        let unclear = BlockVote::Unclear {
            line,
            text: text.to_owned(),
        };
        let (outcome, message) = match (before, read_vote(text)) {
            (None, Some(vote)) => return BlockVote::Clear { vote, line },
            (Some(BlockVote::Clear { vote: first, .. }), Some(vote)) if first == vote => {
                return BlockVote::Clear { vote, line };
            }
            (Some(unclear @ BlockVote::Unclear { .. }), Some(_)) => return unclear,
            (Some(BlockVote::Clear { vote: first, .. }), Some(vote)) => (
                unclear,
                format!(
                    "the block votes {} and then {}",
                    first.as_str(),
                    vote.as_str()
                ),
            ),
            (_, None) => (
                unclear,
                format!("`{}` is not exactly one vote", excerpt(text)),
            ),
        };
        self.problems
            .push(Problem::new(Code::UnclearVote, line, column, message));
        outcome
    }
}

/// Items of a list that stands directly below a line: bullets or numbers, each with its continuation lines.
fn list_below(source: &str, lines: &Lines, opaque: &[Range<usize>], line: usize) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for below in line + 1..lines.count() {
        let place = lines.text(below, source.as_bytes());
        let text = &source[place.clone()];
        let trimmed = text.trim_matches([' ', '\t']);
        let is_indented = text.starts_with([' ', '\t']);
        if trimmed.is_empty() || MarkerLine::recognise(text.as_bytes()).is_some() {
            break;
        }
        match list_item(trimmed) {
            Some(item) if is_indented || !is_hidden(opaque, place.start) => {
                items.push(item.to_owned())
            }
            None if is_indented && !is_fence(trimmed) => match items.last_mut() {
                Some(item) => {
                    item.push(' ');
                    item.push_str(trimmed);
                }
                None => break,
            },
            _ => break,
        }
    }
    items
}

fn is_hidden(opaque: &[Range<usize>], offset: usize) -> bool {
    let next = opaque.partition_point(|range| range.end <= offset);
    opaque.get(next).is_some_and(|range| range.start <= offset)
}

/// The text of a list item, without its bullet and box.
fn list_item(trimmed: &str) -> Option<&str> {
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let text = match digits {
        0 => trimmed.strip_prefix(['-', '+', '*'])?,
        _ => trimmed[digits..].strip_prefix(['.', ')'])?,
    };
    let item = text
        .strip_prefix([' ', '\t'])?
        .trim_start_matches([' ', '\t']);
    let is_rule = item
        .bytes()
        .all(|b| matches!(b, b'-' | b'*' | b'_' | b' ' | b'\t'));
    let unboxed = ["[ ] ", "[x] ", "[X] "]
        .iter()
        .find_map(|boxed| item.strip_prefix(boxed));
    (!is_rule).then(|| unboxed.unwrap_or(item).trim_start())
}

fn is_fence(trimmed: &str) -> bool {
    trimmed.starts_with("```") || trimmed.starts_with("~~~")
}
