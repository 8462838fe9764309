//! Finds the command lines of a comment: what GitHub would show as plain text at the start of a line.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// GitHub's comments end far below this; longer texts are read up to here.
const MAX_BODY: usize = 1 << 18;
/// What a command line starts with, in any case.
const PREFIX: &str = "/discuss";

/// One line of a comment that is addressed to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Line in the comment, from 1.
    pub line: usize,
    /// From `/discuss` to the end of the line, HTML left out, trimmed.
    pub text: String,
}

impl CommandLine {
    /// What the line says however it is spaced.
    pub(super) fn key(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The part behind `/discuss`.
    pub(super) fn arguments(&self) -> &str {
        self.text.get(PREFIX.len()..).unwrap_or_default().trim()
    }
}

/// The lines that start with `/discuss` (up to three spaces before it) and stand in plain text: never inside code,
/// quotes, HTML or links.
pub fn command_lines(body: &str) -> Vec<CommandLine> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    let body = &body[..body.floor_char_boundary(MAX_BODY)];
    let candidates: Vec<Candidate> = candidates(body);
    if candidates.is_empty() {
        return Vec::new();
    }
    let layout = Layout::of(body);
    candidates
        .into_iter()
        .filter(|candidate| layout.is_plain(candidate.span.start))
        .map(|candidate| CommandLine {
            line: candidate.line,
            text: layout.without_html(body, candidate.span),
        })
        .collect()
}

/// A line that begins like a command, wherever it stands.
struct Candidate {
    line: usize,
    /// From the slash to the end of the line.
    span: Range<usize>,
}

fn candidates(body: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut number = 1;
    while start < body.len() {
        let rest = &body[start..];
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let line = &rest[..length];
        let indent = line.len() - line.trim_start_matches(' ').len();
        if indent <= 3 && is_command(&line[indent..]) {
            found.push(Candidate {
                line: number,
                span: start + indent..start + length,
            });
        }
        let line_end = if rest[length..].starts_with("\r\n") {
            2
        } else {
            1
        };
        start += length + line_end;
        number += 1;
    }
    found
}

fn is_command(line: &str) -> bool {
    line.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
        && line[PREFIX.len()..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
}

/// Where plain text stands, and where inline HTML does.
#[derive(Default)]
struct Layout {
    /// In order of the text.
    plain: Vec<Range<usize>>,
    /// In order of the text.
    html: Vec<Range<usize>>,
}

impl Layout {
    fn of(body: &str) -> Self {
        let mut layout = Self::default();
        let mut foreign: usize = 0;
        let mut open_tags: usize = 0;
        for (event, span) in Parser::new_ext(body, Options::empty()).into_offset_iter() {
            match event {
                Event::Start(tag) if is_foreign(&tag) => foreign += 1,
                Event::End(end) if ends_foreign(end) => foreign = foreign.saturating_sub(1),
                Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) => open_tags = 0,
                Event::Text(_) if foreign == 0 && open_tags == 0 => layout.plain.push(span),
                Event::InlineHtml(tag) => {
                    open_tags = tags_open_after(open_tags, &tag);
                    layout.html.push(span);
                }
                _ => {}
            }
        }
        layout
    }

    fn is_plain(&self, offset: usize) -> bool {
        let after = self.plain.partition_point(|span| span.start <= offset);
        after
            .checked_sub(1)
            .is_some_and(|at| self.plain[at].contains(&offset))
    }

    fn without_html(&self, body: &str, line: Range<usize>) -> String {
        let mut text = String::new();
        let mut from = line.start;
        let first = self.html.partition_point(|span| span.end <= line.start);
        for span in self.html[first..].iter().take_while(|s| s.start < line.end) {
            text.push_str(&body[from..span.start.max(from)]);
            from = span.end.min(line.end);
        }
        text.push_str(&body[from..line.end]);
        text.trim_end().to_owned()
    }
}

fn is_foreign(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::HtmlBlock
            | Tag::Link { .. }
            | Tag::Image { .. }
    )
}

fn ends_foreign(end: TagEnd) -> bool {
    matches!(
        end,
        TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::Link
            | TagEnd::Image
    )
}

/// Text between an opening and its closing tag may be shown as code or not at all, so it is not plain.
fn tags_open_after(open: usize, tag: &str) -> usize {
    const WITHOUT_CONTENT: [&str; 5] = ["br", "hr", "img", "input", "wbr"];
    let name = tag.trim_start_matches('<');
    if name.starts_with(['!', '?']) || tag.ends_with("/>") {
        return open;
    }
    if name.starts_with('/') {
        return open.saturating_sub(1);
    }
    let name: String = name
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let has_content = !WITHOUT_CONTENT.contains(&name.to_ascii_lowercase().as_str());
    open + usize::from(has_content)
}
