//! The inside of one paragraph, heading or HTML block: comments and code spans that reach over lines, and mentions.

use super::html::{self, TagMemory};
use super::link;
use std::ops::Range;

/// How a stretch of text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Markdown text.
    Markdown,
    /// An HTML block that ends at a blank line: no code spans, no links, no escapes; what is left open is an error.
    Html,
}

/// What stands in a stretch of text.
#[derive(Debug, Default)]
pub(super) struct Inside {
    /// Comments, other hidden HTML, raw elements; and what reaches over a line end without being text: code spans,
    /// tags, targets and titles of links.
    pub opaque: Vec<Range<usize>>,
    /// Offsets of the `@` of mentions.
    pub mentions: Vec<usize>,
    /// Where something was opened in an HTML block that does not close within it.
    pub unclosed: Option<usize>,
}

/// Reads `range` of the file. `bytes` is the whole file, all offsets count in it.
pub(super) fn read(bytes: &[u8], range: Range<usize>, mode: Mode) -> Inside {
    let text = &bytes[..range.end];
    let mut reader = Reader {
        text,
        start: range.start,
        mode,
        inside: Inside::default(),
        tags: TagMemory::default(),
        code: None,
        brackets: Vec::new(),
        dead_links: 0,
        no_more: Vec::new(),
        word_seen: range.start,
        url_end: range.start,
    };
    let mut pos = match mode {
        Mode::Markdown => reader.skip_definitions(),
        Mode::Html => range.start,
    };
    while pos < range.end {
        pos = reader.step(pos);
    }
    reader.inside
}

/// The token of a mention whose `@` stands at `at`.
pub(in crate::engine) fn mention_token(source: &str, at: usize) -> &str {
    let behind = &source[at + 1..];
    let end = behind
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        .unwrap_or(behind.len());
    &behind[..end]
}

struct Bracket {
    is_image: bool,
    /// How many mentions there were before it: those behind stand in the link's text.
    mentions: usize,
}

struct Reader<'a> {
    /// The file up to the end of the stretch.
    text: &'a [u8],
    start: usize,
    mode: Mode,
    inside: Inside,
    tags: TagMemory,
    /// Runs of backticks by length and place, once one was met.
    code: Option<Vec<(usize, usize)>>,
    brackets: Vec<Bracket>,
    /// Brackets below this index cannot become links: a link stands in them.
    dead_links: usize,
    /// Terminators that do not occur any more.
    no_more: Vec<&'static str>,
    /// Words up to here are known not to be addresses.
    word_seen: usize,
    /// End of the bare web address that was met last.
    url_end: usize,
}

impl Reader<'_> {
    /// Link definitions at the start of a paragraph show nothing, so nothing in them counts.
    fn skip_definitions(&mut self) -> usize {
        let end = link::definitions_end(self.text, self.start);
        if end > self.start {
            self.inside.opaque.push(self.start..end);
        }
        end
    }

    /// Reads what stands at `pos` and gives the place to go on from.
    fn step(&mut self, pos: usize) -> usize {
        let is_markdown = self.mode == Mode::Markdown;
        match self.text[pos] {
            b'\\' if is_markdown => pos + 1 + usize::from(link::is_escape(self.text, pos)),
            b'`' if is_markdown => self.code_span(pos),
            b'!' if is_markdown && self.text.get(pos + 1) == Some(&b'[') => {
                self.open_bracket(pos + 1, true)
            }
            b'[' if is_markdown => self.open_bracket(pos, false),
            b']' if is_markdown => self.close_bracket(pos),
            b'<' => self.angle(pos),
            b'@' => self.mention(pos),
            _ => pos + 1,
        }
    }

    fn code_span(&mut self, pos: usize) -> usize {
        let len = self.text[pos..].iter().take_while(|b| **b == b'`').count();
        let text = self.text;
        let runs = self.code.get_or_insert_with(|| backtick_runs(text, pos));
        let next = runs.partition_point(|run| *run < (len, pos + len));
        match runs.get(next) {
            Some(&(same_len, close)) if same_len == len => {
                self.hide_if_over_lines(pos..close + len);
                close + len
            }
            _ => pos + len,
        }
    }

    fn hide_if_over_lines(&mut self, range: Range<usize>) {
        if memchr::memchr(b'\n', &self.text[range.clone()]).is_some() {
            self.inside.opaque.push(range);
        }
    }

    fn open_bracket(&mut self, pos: usize, is_image: bool) -> usize {
        self.brackets.push(Bracket {
            is_image,
            mentions: self.inside.mentions.len(),
        });
        pos + 1
    }

    fn close_bracket(&mut self, pos: usize) -> usize {
        let Some(bracket) = self.brackets.pop() else {
            return pos + 1;
        };
        let is_dead = !bracket.is_image && self.brackets.len() < self.dead_links;
        self.dead_links = self.dead_links.min(self.brackets.len());
        if is_dead {
            return pos + 1;
        }
        let tail = link::inline_tail_end(self.text, pos + 1);
        let names_a_definition = self.text.get(pos + 1) == Some(&b'[');
        if tail.is_some() || names_a_definition {
            self.inside.mentions.truncate(bracket.mentions);
        }
        match tail {
            Some(end) => {
                if !bracket.is_image {
                    self.dead_links = self.brackets.len();
                }
                self.hide_if_over_lines(pos..end);
                end
            }
            None => pos + 1,
        }
    }

    fn angle(&mut self, pos: usize) -> usize {
        let end = self.text.len();
        if let Some(terminator) = html::hidden_start(&self.text[pos..]) {
            return self.hidden(pos, terminator);
        }
        if self.mode == Mode::Markdown
            && let Some(end) = html::autolink_end(self.text, pos, end)
        {
            return end;
        }
        let Some(tag_end) = self.tags.tag_end(self.text, pos, end) else {
            return pos + 1;
        };
        match html::raw_element_end(&self.text[pos..]) {
            Some(end_tag) if self.mode == Mode::Html => {
                let close = html::terminator_end(self.text, tag_end, end, end_tag).unwrap_or(end);
                self.inside.opaque.push(pos..close);
                if let Some(open) = html::open_comment(&self.text[pos..close], end_tag) {
                    self.inside.unclosed.get_or_insert(pos + open);
                }
                close
            }
            _ => {
                self.hide_if_over_lines(pos..tag_end);
                tag_end
            }
        }
    }

    /// Comments and the other HTML that browsers do not show. In Markdown text an unclosed one is literal.
    fn hidden(&mut self, pos: usize, terminator: &'static str) -> usize {
        // `<!-->` and `<!--->` are whole comments: the search starts behind `<!`.
        let close = if self.no_more.contains(&terminator) {
            None
        } else {
            html::terminator_end(self.text, pos + 2, self.text.len(), terminator)
        };
        match close {
            Some(end) => {
                self.inside.opaque.push(pos..end);
                end
            }
            None if self.mode == Mode::Html => {
                self.inside.unclosed.get_or_insert(pos);
                self.inside.opaque.push(pos..self.text.len());
                self.text.len()
            }
            None => {
                self.no_more.push(terminator);
                pos + 1
            }
        }
    }

    fn mention(&mut self, pos: usize) -> usize {
        let follows_word = pos > self.start && {
            let before = self.text[pos - 1];
            // A byte of a longer character counts as part of a word: most such characters are letters.
            before.is_ascii_alphanumeric()
                || matches!(before, b'_' | b'.' | b'/')
                || !before.is_ascii()
        };
        let starts_token = self
            .text
            .get(pos + 1)
            .is_some_and(u8::is_ascii_alphanumeric);
        if starts_token && !follows_word && !self.is_in_url(pos) {
            self.inside.mentions.push(pos);
        }
        pos + 1
    }

    /// Whether `pos` stands in a bare web address, which GitHub makes a link.
    fn is_in_url(&mut self, pos: usize) -> bool {
        if pos >= self.url_end {
            let from = self.word_seen.max(self.url_end);
            let unseen = &self.text[from..pos];
            let word = unseen
                .iter()
                .rposition(u8::is_ascii_whitespace)
                .map_or(unseen, |at| &unseen[at + 1..]);
            let is_url = memchr::memmem::find(word, b"://").is_some() || word.starts_with(b"www.");
            self.word_seen = pos;
            if is_url {
                let rest = &self.text[pos..];
                self.url_end = pos + rest.iter().take_while(|b| !b.is_ascii_whitespace()).count();
            }
        }
        pos < self.url_end
    }
}

/// All runs of backticks from `from` on, as (length, place), sorted.
fn backtick_runs(text: &[u8], from: usize) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut pos = from;
    while let Some(ahead) = memchr::memchr(b'`', &text[pos..]) {
        let at = pos + ahead;
        let len = text[at..].iter().take_while(|b| **b == b'`').count();
        runs.push((len, at));
        pos = at + len;
    }
    runs.sort_unstable();
    runs
}
