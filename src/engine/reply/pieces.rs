//! Markdown read into a flat list of what may be kept: paragraphs, list items, code.

use super::inline::Run;
use super::neutral::{shown_target, visible};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Lists nested deeper are written at this depth.
const DEEPEST: usize = 2;

/// A part of a comment that may be kept. Headings are paragraphs in bold, tables and raw HTML are code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Lines of text.
    Paragraph { lines: Vec<Vec<Run>>, quoted: bool },
    /// An item of a list; `number` in a numbered one.
    Item {
        depth: usize,
        number: Option<u64>,
        lines: Vec<Vec<Run>>,
    },
    /// A block of code.
    Fence { language: String, text: String },
}

/// Reads Markdown. Never fails; what is unclosed ends with the text.
pub(super) fn pieces(markdown: &str) -> Vec<Piece> {
    let mut reader = Reader::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let markdown = &without_mock_definitions(markdown, options);
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        reader.read(event, &markdown[range]);
    }
    reader.end_lines();
    reader.pieces
}

/// `[auth]: missing` is a remark to its writer and the definition of a link to Markdown, which shows nothing of it.
fn without_mock_definitions(markdown: &str, options: Options) -> String {
    let parser = Parser::new_ext(markdown, options);
    let is_address = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    let definitions = parser.reference_definitions().iter();
    let mocks = definitions.filter(|(_, definition)| !is_address(&definition.dest));
    let mut starts: Vec<usize> = mocks.map(|(_, definition)| definition.span.start).collect();
    starts.sort_unstable();
    let mut text = markdown.to_owned();
    for start in starts.into_iter().rev() {
        text.insert(start, '\\');
    }
    text
}

#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    /// Finished lines of the paragraph or item being read.
    lines: Vec<Vec<Run>>,
    /// The line being read.
    line: Vec<Run>,
    /// Next number of each open list, `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Number of the item being read, until its lines are written.
    item: Option<Option<u64>>,
    quotes: usize,
    in_heading: bool,
    /// Language and text of the code block being read.
    code: Option<(String, String)>,
    /// Target and label of the link or image being read.
    target: Option<(String, Vec<Run>, bool)>,
    /// Open tables: their text is taken as written.
    tables: usize,
}

impl Reader {
    fn read(&mut self, event: Event<'_>, written: &str) {
        if self.tables > 0 {
            if matches!(event, Event::End(TagEnd::Table)) {
                self.tables -= 1;
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, written),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.add(Run::Code(text.into_string()));
            }
            Event::InlineHtml(html) => self.add(Run::Code(html.into_string())),
            Event::Html(html) => {
                if let Some((_, text)) = &mut self.code {
                    text.push_str(&html);
                }
            }
            Event::SoftBreak | Event::HardBreak => self.end_line(),
            Event::Rule | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, written: &str) {
        match tag {
            Tag::Paragraph => self.end_line(),
            Tag::Heading { .. } => {
                self.end_lines();
                self.in_heading = true;
            }
            Tag::BlockQuote(_) => {
                self.end_lines();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.end_lines();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => first_word(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::HtmlBlock => {
                self.end_lines();
                self.code = Some((String::new(), String::new()));
            }
            Tag::List(first) => {
                self.end_lines();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_lines();
                let number = self.lists.last_mut().and_then(|list| {
                    let number = *list;
                    *list = number.map(|number| number.saturating_add(1));
                    number
                });
                self.item = Some(number);
            }
            Tag::Table(_) => {
                self.end_lines();
                self.tables = 1;
                self.pieces.push(Piece::Fence {
                    language: "text".to_owned(),
                    text: written.trim_end().to_owned(),
                });
            }
            Tag::Strong => self.mark("**", true),
            Tag::Emphasis => self.mark("_", true),
            Tag::Link { dest_url, .. } => self.open_target(&dest_url, false),
            Tag::Image { dest_url, .. } => self.open_target(&dest_url, true),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_paragraph(),
            TagEnd::Heading(_) => {
                self.end_heading();
                self.in_heading = false;
            }
            TagEnd::BlockQuote(_) => {
                self.end_lines();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => {
                if let Some((language, text)) = self.code.take() {
                    let text = text.trim_end().to_owned();
                    self.pieces.push(Piece::Fence { language, text });
                }
            }
            TagEnd::List(_) => {
                self.end_lines();
                self.lists.pop();
            }
            TagEnd::Item => {
                self.end_lines();
                self.item = None;
            }
            TagEnd::Strong => self.mark("**", false),
            TagEnd::Emphasis => self.mark("_", false),
            TagEnd::Link | TagEnd::Image => self.close_target(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.code {
            Some((_, code)) => code.push_str(text),
            // Entities are characters by now, those among them that show nothing.
            None => self.add(Run::Text(visible(text))),
        }
    }

    fn mark(&mut self, mark: &'static str, opens: bool) {
        // Headings are bold as a whole.
        if !self.in_heading {
            self.add(Run::Mark { mark, opens });
        }
    }

    fn add(&mut self, run: Run) {
        match &mut self.target {
            Some((_, label, _)) => label.push(run),
            None => self.line.push(run),
        }
    }

    /// Links inside images and the like belong to the outermost.
    fn open_target(&mut self, target: &str, is_image: bool) {
        if self.target.is_none() {
            self.target = Some((visible(target), Vec::new(), is_image));
        } else if is_image {
            self.add(Run::Text("image: ".to_owned()));
        }
    }

    fn close_target(&mut self) {
        let Some((target, label, is_image)) = self.target.take() else {
            return;
        };
        let label = super::inline::plain_text(&label);
        let label = label.trim().to_owned();
        let shown = Run::Code(shown_target(&target));
        if is_image {
            self.line.push(Run::Text(format!("(image: {label} ")));
            self.line.push(shown);
            self.line.push(Run::Text(")".to_owned()));
        } else if label.is_empty() || label == target {
            self.line.push(shown);
        } else if is_plain_relative(&target) {
            self.line.push(Run::Link { label, target });
        } else {
            self.line.push(Run::Text(format!("{label} (")));
            self.line.push(shown);
            self.line.push(Run::Text(")".to_owned()));
        }
    }

    fn end_line(&mut self) {
        if let Some((_, label, _)) = &mut self.target {
            label.push(Run::Text(" ".to_owned()));
        } else if !self.line.is_empty() {
            self.lines.push(std::mem::take(&mut self.line));
        }
    }

    /// Paragraphs of one item become lines of it.
    fn end_paragraph(&mut self) {
        self.end_line();
        if self.item.is_none() {
            self.end_lines();
        }
    }

    fn end_heading(&mut self) {
        self.end_line();
        for line in &mut self.lines {
            line.insert(
                0,
                Run::Mark {
                    mark: "**",
                    opens: true,
                },
            );
            line.push(Run::Mark {
                mark: "**",
                opens: false,
            });
        }
        self.end_lines();
    }

    /// Writes the lines gathered so far, as an item's first text or as a paragraph.
    fn end_lines(&mut self) {
        self.end_line();
        if self.lines.is_empty() {
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        self.pieces.push(match self.item.take() {
            Some(number) => Piece::Item {
                depth: self.lists.len().saturating_sub(1).min(DEEPEST),
                number,
                lines,
            },
            None => Piece::Paragraph {
                lines,
                quoted: self.quotes > 0,
            },
        });
    }
}

fn first_word(info: &str) -> String {
    info.split(|c: char| c.is_whitespace() || c == ',' || c == '{')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A path or an anchor inside the repository: nothing that could lead elsewhere.
fn is_plain_relative(target: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '#' | '-');
    target.chars().all(is_plain)
        && target.chars().count() <= 200
        && !target.starts_with('/')
        && !target.contains("//")
        && !target.to_ascii_lowercase().contains("www.")
        && !target.is_empty()
}
