//! The proposal as sentences with their headings. What counts as a statement is documented in the parent module.

use super::cues::{Cues, Role};
use super::words::{Sentence, Vocabulary};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Longest sentence that is taken for a mere denial (`There is none.`), in words.
const DENIAL_WORDS: usize = 4;

/// Longest sentence that is taken for a mere placeholder (`Still TBD.`), in words.
const PLACEHOLDER_WORDS: usize = 4;

/// A heading with what stands below it.
#[derive(Debug)]
pub(super) struct Section {
    /// The heading's words as written, or nothing for the text above the first heading.
    pub(super) heading: String,
    level: usize,
    role: Role,
    /// Whether something other than placeholders stands below the heading, sub-sections included.
    has_words: bool,
    /// Whether some of that is a statement: more than questions and denials.
    has_statement: bool,
}

/// One sentence of the proposal.
#[derive(Debug)]
pub(super) struct Line {
    /// Its words.
    pub(super) sentence: Sentence,
    /// Index of its section.
    pub(super) section: usize,
    /// Whether it can make an item apply: not about a way that was not taken.
    pub(super) is_proposed: bool,
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
    /// The words of all lines.
    pub(super) vocabulary: Vocabulary,
}

impl Proposal {
    /// Whether it states nothing at all: a scaffold.
    pub(super) fn is_empty(&self) -> bool {
        !self.sections.iter().any(|section| section.has_words)
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
    cues: Cues,
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
            role: Role::Proposed,
            has_words: false,
            has_statement: false,
        };
        Self {
            proposal: Proposal {
                sections: vec![top],
                lines: Vec::new(),
                vocabulary: Vocabulary::default(),
            },
            place: Place::default(),
            text: String::new(),
            open_sections: vec![0],
            cues: Cues::new(),
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
        let sections = &self.proposal.sections;
        self.open_sections
            .retain(|open| sections[*open].level < level);
        let inherited = self
            .open_sections
            .iter()
            .map(|open| sections[*open].role)
            .find(|role| *role != Role::Proposed);
        let role = inherited.unwrap_or_else(|| self.cues.role_of(&Sentence::new(text)));
        self.open_sections.push(sections.len());
        self.proposal.sections.push(Section {
            heading: text.to_owned(),
            level,
            role,
            has_words: false,
            has_statement: false,
        });
    }

    fn add_paragraph(&mut self, text: &str) {
        let in_prose = !self.place.in_code && self.place.quoted == 0;
        let sentences: Vec<(Sentence, bool)> = sentences(text)
            .into_iter()
            .map(|(text, is_question)| (Sentence::new(text), is_question))
            .filter(|(sentence, _)| !sentence.is_empty())
            .collect();
        // "Rollback. TBD." promises no more than "Rollback: TBD."
        let all_placeholder = sentences.iter().any(|(sentence, _)| {
            sentence.stems().count() <= PLACEHOLDER_WORDS && self.cues.is_placeholder(sentence)
        });
        for (sentence, is_question) in sentences {
            let is_placeholder = all_placeholder || self.cues.is_placeholder(&sentence);
            let states = in_prose && !is_placeholder && !is_question;
            if in_prose && !is_placeholder {
                let is_denial = sentence.stems().count() <= DENIAL_WORDS && sentence.denies();
                self.fill_sections(states && !is_denial);
            }
            self.add_line(sentence, states);
        }
    }

    /// Notes words below the open headings.
    fn fill_sections(&mut self, is_statement: bool) {
        for open in &self.open_sections {
            let section = &mut self.proposal.sections[*open];
            section.has_words = true;
            section.has_statement |= is_statement;
        }
    }

    fn add_line(&mut self, sentence: Sentence, is_statement: bool) {
        let section = self.proposal.sections.len() - 1;
        let role = self.proposal.sections[section].role;
        if role == Role::RuledOut {
            return;
        }
        self.proposal.lines.push(Line {
            // Only that something is ruled out is stated, not what.
            sentence: self.cues.ruling_out(&sentence).unwrap_or(sentence),
            section,
            is_proposed: role == Role::Proposed,
            is_statement,
        });
    }

    /// Adds the headings of sections with content as lines.
    fn finish(mut self) -> Proposal {
        let sections = self.proposal.sections.iter().enumerate().skip(1);
        let headings: Vec<Line> = sections
            .filter(|(_, section)| section.has_words)
            .map(|(index, section)| Line {
                sentence: Sentence::new(&section.heading),
                section: index,
                is_proposed: section.role == Role::Proposed,
                is_statement: section.has_statement && !section.heading.trim_end().ends_with('?'),
            })
            .collect();
        self.proposal.lines.extend(headings);
        for line in &self.proposal.lines {
            self.proposal.vocabulary.add(&line.sentence);
        }
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
