//! The text read as GitHub reads it: what of it a page does not show is marked.
//!
//! Known hiding places are looked at one by one. What is left over, letters of the source that no event of the reader
//! covers (definitions nobody uses, words behind a code fence, cells beyond the last column), is never shown either,
//! whatever it is called, and is marked as well.

use super::drawn::{self, Drawn};
use super::elements::{Elements, is_sentence, square};
use super::html::words_in;
use super::places::{Lines, Tally};
use super::{Kind, encoded, has_words, hidden, marked, shaped};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

/// Most words in the first word behind a code fence, which names the language: `rust,no_run`.
const LANGUAGE_WORDS: usize = 4;

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    range: Range<usize>,
    /// `None`: not counted.
    kind: Option<Kind>,
    text: String,
    is_folded: bool,
}

impl Edit {
    pub(super) fn new(range: Range<usize>, kind: Option<Kind>, text: String) -> Self {
        Self {
            range,
            kind,
            text,
            is_folded: false,
        }
    }

    /// An element that a reader can open.
    pub(super) fn folded(range: Range<usize>, text: String) -> Self {
        Self {
            is_folded: true,
            ..Self::new(range, Some(Kind::HiddenElement), text)
        }
    }
}

/// Marks what a page does not show.
pub(super) fn pass(source: &str, tally: &mut Tally) -> String {
    let mut reader = Reader::of(source);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(source, options);
    let definitions: Vec<Definition> = parser
        .reference_definitions()
        .iter()
        .map(|(label, definition)| Definition {
            label: normal(label),
            span: definition.span.clone(),
            target: definition.dest.to_string(),
            title: definition.title.as_deref().unwrap_or_default().to_owned(),
        })
        .collect();
    for (event, range) in parser.into_offset_iter() {
        reader.event(event, range);
    }
    for definition in definitions {
        reader.definition(&definition);
    }
    reader.footnotes_nobody_refers_to();
    reader.left_over();
    let mut edits = reader.edits;
    edits.extend(encoded::edits(source, &reader.entities));
    edits.extend(reader.elements.finish());
    edits.extend(drawn::phantoms(source));
    edits.extend(drawn::displayed(source));
    applied(source, edits, tally)
}

/// What stands in for a target that is not an address, in words; `None` for ordinary ones.
pub(super) fn target(target: &str) -> Option<String> {
    let plain = target.trim().to_ascii_lowercase();
    let is_script = ["javascript:", "vbscript:"]
        .iter()
        .any(|scheme| plain.starts_with(scheme));
    let blanks = target.matches(|c: char| c.is_whitespace()).count()
        + plain.matches("%20").count()
        + plain.matches('+').count();
    let has_controls = target.contains(char::is_control);
    (is_script || has_controls || blanks >= 3)
        .then(|| hidden(&target.replace("%20", " ").replace('+', " ")))
}

struct Definition {
    label: String,
    span: Range<usize>,
    target: String,
    title: String,
}

/// A link or image whose end was not met yet.
struct Open {
    range: Range<usize>,
    /// Where the last thing in its text ends.
    inner_end: usize,
    is_image: bool,
    link_type: LinkType,
    target: String,
    title: String,
    label: String,
    /// Text of an image.
    words: String,
}

struct Reader<'a> {
    source: &'a str,
    edits: Vec<Edit>,
    /// Ranges whose letters are shown, or dealt with already.
    covered: Vec<Range<usize>>,
    entities: Vec<(Range<usize>, String)>,
    elements: Elements<'a>,
    open: Vec<Open>,
    /// Where the outermost image stands among the open ones: all text within is its text.
    image: Option<usize>,
    used_labels: BTreeSet<String>,
    footnotes: Vec<(String, Range<usize>)>,
    used_footnotes: BTreeSet<String>,
    /// Lines of the block of raw HTML that is open.
    html: Option<(Range<usize>, String)>,
    /// The code that is open.
    code: Option<Code>,
}

/// Code, and the ranges of its lines without what stands before them in lists and quotes.
struct Code {
    drawn: Drawn,
    lines: Vec<Range<usize>>,
}

impl<'a> Reader<'a> {
    fn of(source: &'a str) -> Self {
        Self {
            source,
            edits: Vec::new(),
            covered: Vec::new(),
            entities: Vec::new(),
            elements: Elements::of(source),
            open: Vec::new(),
            image: None,
            used_labels: BTreeSet::new(),
            footnotes: Vec::new(),
            used_footnotes: BTreeSet::new(),
            html: None,
            code: None,
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        if let Some(open) = self.open.last_mut()
            && !matches!(event, Event::End(_))
        {
            open.inner_end = open.inner_end.max(range.end);
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(TagEnd::Link | TagEnd::Image) => self.close(),
            Event::End(TagEnd::CodeBlock) => {
                if let Some(code) = self.code.take() {
                    self.edits
                        .extend(drawn::edits(self.source, code.drawn, &code.lines));
                }
            }
            Event::End(TagEnd::HtmlBlock) => {
                if let Some((range, text)) = self.html.take() {
                    self.elements.take(range, &text);
                }
            }
            Event::End(_) => {}
            Event::Text(text) => self.text(&text, range),
            Event::Code(text) => {
                self.image_words(&text);
                self.covered.push(range);
            }
            Event::Html(text) => {
                self.covered.push(range.clone());
                match &mut self.html {
                    Some((whole, lines)) => {
                        whole.end = range.end;
                        lines.push_str(&text);
                    }
                    None => self.html = Some((range, text.to_string())),
                }
            }
            Event::InlineHtml(text) => {
                self.covered.push(range.clone());
                self.elements.take(range, &text);
            }
            Event::FootnoteReference(label) => {
                if is_sentence(&label) {
                    self.edit(range.clone(), Kind::NeverShown, hidden(&label));
                }
                self.used_footnotes.insert(normal(&label));
                self.covered.push(range);
            }
            Event::SoftBreak | Event::HardBreak => self.image_words(" "),
            Event::Rule
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => self.covered.push(range),
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            } => self.opened(false, link_type, [dest_url, title, id], range),
            Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            } => self.opened(true, link_type, [dest_url, title, id], range),
            Tag::CodeBlock(kind) => {
                let drawn = match kind {
                    CodeBlockKind::Fenced(info) => self.fence(&info, &range),
                    CodeBlockKind::Indented => Drawn::AsItStands,
                };
                let lines = Vec::new();
                self.code = Some(Code { drawn, lines });
            }
            Tag::FootnoteDefinition(label) => {
                let text = &self.source[range.clone()];
                if let Some(colon) = text.find("]:").filter(|_| !is_sentence(&label)) {
                    self.covered.push(range.start..range.start + colon);
                }
                self.footnotes.push((normal(&label), range));
            }
            _ => {}
        }
    }

    fn opened(
        &mut self,
        is_image: bool,
        link_type: LinkType,
        [target, title, label]: [CowStr<'_>; 3],
        range: Range<usize>,
    ) {
        if is_image {
            self.image.get_or_insert(self.open.len());
        }
        self.open.push(Open {
            inner_end: range.start + if is_image { 2 } else { 1 },
            range,
            is_image,
            link_type,
            target: target.to_string(),
            title: title.to_string(),
            label: normal(&label),
            words: String::new(),
        });
    }

    /// The end of a link or image: its text is shown, target and title are not.
    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.image = self.image.filter(|at| *at < self.open.len());
        let is_inline = match open.link_type {
            LinkType::Inline => true,
            LinkType::Autolink | LinkType::Email => return,
            _ => {
                self.used_labels.insert(open.label.clone());
                false
            }
        };
        let title = if is_inline { open.title.as_str() } else { "" };
        let bad = target(&open.target).filter(|_| is_inline);
        let tail = open.inner_end.min(open.range.end)..open.range.end;
        let says_label = open.link_type == LinkType::Reference && is_sentence(&open.label);
        self.covered.push(tail.clone());
        let kind = if bad.is_some() {
            Kind::LinkTarget
        } else if says_label {
            Kind::NeverShown
        } else if !title.is_empty() {
            Kind::Title
        } else {
            Kind::ImageText
        };
        let behind = match (&bad, says_label) {
            (Some(bad), _) => format!(" {bad}"),
            (None, true) => format!(" {}", hidden(&open.label)),
            (None, false) if is_inline => format!("({})", shaped(&open.target)),
            (None, false) => self.source[tail.clone()].trim_start_matches(']').to_owned(),
        };
        let title = match title {
            "" => String::new(),
            title => format!(" {}", hidden(title)),
        };
        if open.is_image {
            if has_words(&open.words) || kind != Kind::ImageText {
                let image = marked("[image text: ", &square(&open.words), "]");
                self.edit(open.range.clone(), kind, format!("{image}{behind}{title}"));
            }
            self.covered.push(open.range);
        } else if kind != Kind::ImageText {
            self.edit(tail, kind, format!("]{behind}{title}"));
        }
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        self.image_words(text);
        let source = &self.source[range.clone()];
        match &mut self.code {
            Some(code) => code.lines.push(range.clone()),
            None if source.starts_with('&') && source != text => {
                self.entities.push((range.clone(), text.to_owned()));
            }
            None => {}
        }
        self.covered.push(range);
    }

    fn image_words(&mut self, words: &str) {
        if let Some(image) = self.image.and_then(|at| self.open.get_mut(at)) {
            image.words.push_str(words);
        }
    }

    /// The line that opens code: pages show nothing of it, and the language is all that a reader of the source expects.
    fn fence(&mut self, info: &str, range: &Range<usize>) -> Drawn {
        let language = info.split_whitespace().next().unwrap_or_default();
        let opener = self.source[range.clone()]
            .lines()
            .next()
            .unwrap_or_default();
        if words_in(language) <= LANGUAGE_WORDS
            && let Some(at) = opener.find(language)
        {
            self.covered
                .push(range.start..range.start + at + language.len());
        }
        Drawn::of(language)
    }

    /// A definition that is used and says nothing but an address stays; an unused one is left over.
    fn definition(&mut self, definition: &Definition) {
        if !self.used_labels.contains(&definition.label) {
            return;
        }
        let kind = if is_sentence(&definition.label) {
            Some(Kind::NeverShown)
        } else if target(&definition.target).is_some() {
            Some(Kind::LinkTarget)
        } else {
            Some(Kind::Title).filter(|_| !definition.title.is_empty())
        };
        if let Some(kind) = kind {
            let text = hidden(&self.source[definition.span.clone()]);
            self.edit(definition.span.clone(), kind, text);
        }
        self.covered.push(definition.span.clone());
    }

    fn footnotes_nobody_refers_to(&mut self) {
        for (label, range) in std::mem::take(&mut self.footnotes) {
            if !self.used_footnotes.contains(&label) {
                let text = self.source[range.clone()].trim_end();
                let range = range.start..range.start + text.len();
                self.edit(range, Kind::NeverShown, hidden(text));
            }
        }
    }

    /// Letters that nothing covers.
    fn left_over(&mut self) {
        let source = self.source;
        self.covered.sort_by_key(|range| (range.start, range.end));
        let mut pos = 0;
        let end = source.len()..source.len();
        let covered = std::mem::take(&mut self.covered);
        for range in covered.iter().chain([&end]) {
            if range.start > pos {
                self.gap(pos..range.start);
            }
            pos = pos.max(range.end);
        }
    }

    fn gap(&mut self, range: Range<usize>) {
        let mut start = range.start;
        for line in self.source[range].split_inclusive('\n') {
            let text = line.trim();
            if has_words(text) {
                let from = start + line.len() - line.trim_start().len();
                self.edit(from..from + text.len(), Kind::NeverShown, hidden(text));
            }
            start += line.len();
        }
    }

    fn edit(&mut self, range: Range<usize>, kind: Kind, text: String) {
        self.edits.push(Edit::new(range, Some(kind), text));
    }
}

/// A label for comparing: Unicode case and blanks do not count.
fn normal(label: &str) -> String {
    let words = label.split_whitespace().map(str::to_lowercase);
    words.collect::<Vec<_>>().join(" ")
}

/// Applies the edits. One within another is part of it; those that cross are marked as one.
fn applied(source: &str, mut edits: Vec<Edit>, tally: &mut Tally) -> String {
    edits.sort_by_key(|edit| (edit.range.start, Reverse(edit.range.end)));
    // With each edit, whether others cross it.
    let mut kept: Vec<(Edit, bool)> = Vec::new();
    let mut lines = Lines::of(source);
    for edit in edits {
        if let Some(kind) = edit.kind {
            // Comments and elements stand apart from each other; the words of others are short, or taken once.
            let words = match kind {
                Kind::HtmlComment | Kind::HiddenElement => &source[edit.range.clone()],
                _ => edit.text.as_str(),
            };
            let line = lines.line_of(edit.range.start);
            tally.add_words(kind, line, words, edit.is_folded);
        }
        match kept.last_mut() {
            Some((last, _)) if edit.range.end <= last.range.end => {}
            Some((last, is_crossed)) if edit.range.start < last.range.end => {
                last.range.end = edit.range.end;
                *is_crossed = true;
            }
            _ => kept.push((edit, false)),
        }
    }
    for (edit, is_crossed) in &mut kept {
        if *is_crossed {
            edit.text = hidden(&source[edit.range.clone()]);
        }
    }
    let edits = kept
        .iter()
        .map(|(edit, _)| (edit.range.clone(), edit.text.as_str()));
    tally.edited(source, edits);
    let mut out = String::with_capacity(source.len());
    let mut pos = 0;
    for (edit, _) in kept {
        out.push_str(&source[pos..edit.range.start]);
        out.push_str(&edit.text);
        pos = edit.range.end;
    }
    out.push_str(&source[pos..]);
    out
}
