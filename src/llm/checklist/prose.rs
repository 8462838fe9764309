//! The proposal as sentences with their headings. What counts as a statement is documented in the parent module.

use super::words::{Phrase, Sentence};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Lines with one of these are placeholders.
const PLACEHOLDERS: [&str; 13] = [
    "tbd",
    "tbc",
    "todo",
    "fixme",
    "to be decided",
    "to be determined",
    "to be defined",
    "to be clarified",
    "to be written",
    "to be done",
    "fill in",
    "fill this in",
    "coming soon",
];

/// Headings and sentences with one of these rule something out.
const RULED_OUT: [&str; 7] = [
    "out of scope",
    "non goal",
    "not in scope",
    "not a goal",
    "not included",
    "not part of this",
    "outside the scope",
];

/// A heading with what stands below it.
#[derive(Debug)]
pub(super) struct Section {
    /// The heading's words as written, or nothing for the text above the first heading.
    pub(super) heading: String,
    level: usize,
    rules_out: bool,
    /// Whether something other than placeholders stands below the heading, sub-sections included.
    has_content: bool,
}

/// One sentence of the proposal.
#[derive(Debug)]
pub(super) struct Line {
    /// Its words.
    pub(super) sentence: Sentence,
    /// Index of its section.
    pub(super) section: usize,
    /// Whether it can cover an item: a statement in prose.
    pub(super) is_statement: bool,
}

/// A proposal, taken apart.
#[derive(Debug)]
pub(super) struct Proposal {
    /// Its sections, the first one being the text above the first heading.
    pub(super) sections: Vec<Section>,
    /// Its sentences, headings of sections with content included.
    pub(super) lines: Vec<Line>,
}

impl Proposal {
    /// Whether it states nothing at all: a scaffold.
    pub(super) fn is_empty(&self) -> bool {
        !self.sections.iter().any(|section| section.has_content)
    }
}

/// Where the text being collected stands.
#[derive(Default)]
struct Place {
    /// Depth of struck text; nothing inside is read.
    struck: usize,
    /// Depth of block quotes.
    quoted: usize,
    in_code: bool,
    in_html: bool,
    heading: Option<usize>,
    after_separator: bool,
    /// Inside a comment block that somebody typed.
    in_block: bool,
}

struct Reader {
    proposal: Proposal,
    place: Place,
    text: String,
    /// Indices of the section being read and of those it stands in, outermost first.
    open_sections: Vec<usize>,
    ruled_out: Vec<Phrase>,
    placeholders: Vec<Phrase>,
}

/// Reads a proposal. Linear in its length.
pub(super) fn read(markdown: &str) -> Proposal {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader::new();
    for event in Parser::new_ext(markdown, options) {
        reader.take(event);
    }
    reader.flush();
    reader.finish()
}

impl Reader {
    fn new() -> Self {
        let top = Section {
            heading: String::new(),
            level: 0,
            rules_out: false,
            has_content: false,
        };
        Self {
            proposal: Proposal {
                sections: vec![top],
                lines: Vec::new(),
            },
            place: Place::default(),
            text: String::new(),
            open_sections: vec![0],
            ruled_out: RULED_OUT.map(Phrase::new).to_vec(),
            placeholders: PLACEHOLDERS.map(Phrase::new).to_vec(),
        }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(&tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) | Event::Code(text) => self.add(&text),
            Event::SoftBreak | Event::HardBreak => self.add(" "),
            Event::Rule => {
                self.flush();
                self.place.in_block = false;
                self.place.after_separator = true;
            }
            // A person sees no HTML in the rendered file; footnotes, math and task boxes hold no words of ours.
            _ => {}
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strikethrough => self.place.struck += 1,
            Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. } => {}
            Tag::TableCell => {}
            block => {
                self.flush();
                match block {
                    Tag::BlockQuote(_) => self.place.quoted += 1,
                    Tag::CodeBlock(_) => self.place.in_code = true,
                    Tag::HtmlBlock => self.place.in_html = true,
                    Tag::Heading { level, .. } => self.place.heading = Some(*level as usize),
                    _ => {}
                }
            }
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strikethrough => self.place.struck = self.place.struck.saturating_sub(1),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image => {}
            TagEnd::TableCell => self.add(" | "),
            block => {
                self.flush();
                match block {
                    TagEnd::BlockQuote(_) => {
                        self.place.quoted = self.place.quoted.saturating_sub(1);
                    }
                    TagEnd::CodeBlock => self.place.in_code = false,
                    TagEnd::HtmlBlock => self.place.in_html = false,
                    TagEnd::Heading(_) => self.place.heading = None,
                    _ => {}
                }
            }
        }
    }

    fn add(&mut self, text: &str) {
        if self.place.struck == 0 && !self.place.in_html {
            self.text.push_str(text);
        }
    }

    /// Ends the paragraph, item, row or heading collected so far.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let opens_block = text
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("name:"));
        if self.place.after_separator && opens_block {
            self.place.in_block = true;
        }
        self.place.after_separator = false;
        if self.place.in_block {
            return;
        }
        match self.place.heading {
            Some(level) => self.open_section(text, level),
            None => self.add_paragraph(text),
        }
    }

    fn open_section(&mut self, text: &str, level: usize) {
        let sentence = Sentence::new(text);
        let sections = &self.proposal.sections;
        self.open_sections
            .retain(|open| sections[*open].level < level);
        let inherited = self
            .open_sections
            .iter()
            .any(|open| sections[*open].rules_out);
        let rules_out = inherited
            || self
                .ruled_out
                .iter()
                .any(|phrase| sentence.mentions(phrase));
        self.open_sections.push(sections.len());
        self.proposal.sections.push(Section {
            heading: text.to_owned(),
            level,
            rules_out,
            has_content: false,
        });
    }

    fn add_paragraph(&mut self, text: &str) {
        let section = self.proposal.sections.len() - 1;
        let in_prose = !self.place.in_code && self.place.quoted == 0;
        let whole = Sentence::new(text);
        let is_placeholder = whole.is_empty()
            || self
                .placeholders
                .iter()
                .any(|phrase| whole.mentions(phrase));
        if !is_placeholder && in_prose {
            for open in &self.open_sections {
                self.proposal.sections[*open].has_content = true;
            }
        }
        if self.proposal.sections[section].rules_out {
            return;
        }
        for (sentence, is_question) in sentences(text) {
            let parsed = Sentence::new(sentence);
            let line = match self
                .ruled_out
                .iter()
                .zip(RULED_OUT)
                .find(|(p, _)| parsed.mentions(p))
            {
                // Only that something is ruled out is stated, not what.
                Some((_, marker)) => Sentence::new(marker),
                None => parsed,
            };
            self.proposal.lines.push(Line {
                sentence: line,
                section,
                is_statement: in_prose && !is_placeholder && !is_question,
            });
        }
    }

    /// Adds the headings of sections with content as lines.
    fn finish(mut self) -> Proposal {
        let headings = self.proposal.sections.iter().enumerate().skip(1);
        let headings =
            headings
                .filter(|(_, section)| section.has_content)
                .map(|(index, section)| Line {
                    sentence: Sentence::new(&section.heading),
                    section: index,
                    is_statement: !section.heading.trim_end().ends_with('?'),
                });
        let headings: Vec<Line> = headings.collect();
        self.proposal.lines.extend(headings);
        self.proposal
    }
}

/// The sentences of a paragraph, and whether each is a question. A full stop inside a number or a name ends nothing.
fn sentences(text: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = matches!(c, '.' | '!' | '?')
            && chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends {
            let end = at + c.len_utf8();
            found.push((&text[start..end], c == '?'));
            start = end;
        }
    }
    if !text[start..].trim().is_empty() {
        found.push((&text[start..], false));
    }
    found
}
