//! What GitHub makes of a text: CommonMark with its extensions by pulldown-cmark, and by this file what neither knows:
//! mentions, references, closing words, bare addresses, commands of bots, formulas, diagrams, and what cannot be seen.
//!
//! Written apart from the code that makes texts harmless, and stricter than GitHub where GitHub's own rules are not
//! published: a finding is whatever might act.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;

/// What may act in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Somebody is told, or an address of mail is made a link.
    Mention,
    /// An issue, a pull request or a commit is linked.
    Reference,
    /// A word that closes an issue, before a reference.
    Closing,
    Image,
    /// A link to anywhere but the repository, or an address that becomes one.
    Link,
    Html,
    /// A line that a bot would take for a command.
    Command,
    /// Something drawn that is no text: a formula, a map, an alert, a box to tick, a change to accept, a footnote.
    Drawn,
    /// A part of a diagram that acts.
    Diagram,
    /// A character that shows nothing.
    Hidden,
}

/// Findings, by kind and with the words they are in.
pub(super) type Findings = Vec<(Kind, String)>;

/// How many findings there are of each kind.
fn counted(findings: &Findings) -> BTreeMap<Kind, usize> {
    let mut counts = BTreeMap::new();
    for (kind, _) in findings {
        *counts.entry(*kind).or_default() += 1;
    }
    counts
}

/// Tells what was found in so many texts, by their names, and fails if anything was.
pub(super) fn verdict(sink: &str, texts: usize, found: &[(String, Findings)]) {
    verdicts(&[(sink, texts, found)]);
}

/// A place, how many texts stood there, and what was found in them by their names.
pub(super) type Told<'a> = (&'a str, usize, &'a [(String, Findings)]);

/// The same of several places; all are told before it fails.
pub(super) fn verdicts(places: &[Told<'_>]) {
    let wrong: Vec<String> = places
        .iter()
        .filter_map(|(sink, texts, found)| told(sink, *texts, found))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn told(sink: &str, texts: usize, found: &[(String, Findings)]) -> Option<String> {
    let all: Findings = found.iter().flat_map(|(_, found)| found.clone()).collect();
    println!(
        "{texts} texts in {sink}: {} findings {:?}",
        all.len(),
        counted(&all)
    );
    let first: Vec<String> = found
        .iter()
        .filter(|(_, found)| !found.is_empty())
        .take(20)
        .map(|(name, found)| format!("{name}: {:?}", &found[..found.len().min(6)]))
        .collect();
    (!first.is_empty()).then(|| format!("{sink}\n{}", first.join("\n")))
}

/// What a place may hold besides text, since we write it ourselves.
#[derive(Default)]
pub(super) struct Place<'a> {
    /// Raw HTML, piece by piece as it stands.
    pub(super) html: &'a [String],
    /// How addresses of links begin.
    pub(super) links: &'a [String],
}

/// Everything in a Markdown text that may act.
pub(super) fn findings(markdown: &str, place: &Place<'_>) -> Findings {
    let mut page = Page {
        place,
        found: hidden(markdown),
        node: String::new(),
        block: String::new(),
        code: None,
        in_link: 0,
        apart: 0,
    };
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    for event in Parser::new_ext(markdown, options) {
        page.event(event);
    }
    page.end_block();
    let commands = discussions::bot::command::command_lines(markdown).into_iter();
    page.found
        .extend(commands.map(|line| (Kind::Command, line.text)));
    page.found
}

/// Characters that show nothing. Ours stand only where they part two signs that GitHub would read as one thing.
pub(super) fn hidden(text: &str) -> Findings {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map_or(' ', |at| chars[at]);
        let after = chars.get(at + 1).copied().unwrap_or(' ');
        let parts = c == '\u{200b}'
            && (matches!(before, '@' | '#' | '!' | '<')
                || matches!(after, '/' | '.' | '-')
                || (before.is_ascii_hexdigit() && after.is_ascii_hexdigit()));
        let is_emoji = |c: char| matches!(c, '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}');
        let joins = match c {
            '\u{200d}' => is_emoji(before) && is_emoji(after),
            '\u{fe0f}' => is_emoji(before),
            _ => false,
        };
        if shows_nothing(c) && !parts && !joins {
            found.push((Kind::Hidden, format!("{c:?} behind {before:?}")));
        }
    }
    found
}

/// Control and format characters, fillers, selectors, characters that are none (Unicode 16, by hand).
fn shows_nothing(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

struct Page<'a> {
    place: &'a Place<'a>,
    found: Findings,
    /// Text without anything between: what GitHub looks at.
    node: String,
    /// Text of the block across emphasis; code is a sign of its own.
    block: String,
    /// Language and text of the code being read.
    code: Option<(String, String)>,
    in_link: usize,
    /// Quotes, headings, items and cells around it: no line begins there, so nobody hears a command.
    apart: usize,
}

impl Page<'_> {
    fn find(&mut self, kind: Kind, what: impl ToString) {
        self.found.push((kind, what.to_string()));
    }

    fn event(&mut self, event: Event<'_>) {
        if let (Event::Text(text), None) = (&event, &self.code) {
            self.node.push_str(text);
            self.block.push_str(text);
            return;
        }
        self.end_node();
        match event {
            Event::Text(text) => {
                if let Some((_, code)) = &mut self.code {
                    code.push_str(&text);
                }
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Event::End(TagEnd::CodeBlock) => self.end_code(),
            Event::Start(Tag::Image { dest_url, .. }) => self.find(Kind::Image, dest_url),
            Event::Start(Tag::Link {
                dest_url, title, ..
            }) => {
                self.link(&dest_url);
                if !title.is_empty() {
                    self.find(Kind::Hidden, format!("the title {title}"));
                }
                self.in_link += 1;
                self.block.push('\u{fffc}');
            }
            Event::End(TagEnd::Link) => {
                self.in_link -= 1;
                self.block.push('\u{fffc}');
            }
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::Code(_) => self.block.push('\u{fffc}'),
            Event::SoftBreak | Event::HardBreak => self.block.push('\n'),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.find(Kind::Drawn, text),
            Event::FootnoteReference(label) => self.find(Kind::Drawn, label),
            Event::Start(Tag::FootnoteDefinition(label)) => self.find(Kind::Drawn, label),
            Event::TaskListMarker(_) => self.find(Kind::Drawn, "a box to tick"),
            Event::Start(Tag::BlockQuote(kind)) => {
                self.end_block();
                self.apart += 1;
                if let Some(kind) = kind {
                    self.find(Kind::Drawn, format!("{kind:?}"));
                }
            }
            Event::Start(Tag::Heading { .. } | Tag::Item | Tag::TableCell) => {
                self.end_block();
                self.apart += 1;
            }
            Event::End(
                TagEnd::BlockQuote(_) | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell,
            ) => {
                self.end_block();
                self.apart -= 1;
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {}
            Event::Start(_) | Event::End(_) | Event::Rule => self.end_block(),
        }
    }

    fn end_node(&mut self) {
        let text = std::mem::take(&mut self.node);
        self.acting(&text);
    }

    fn end_block(&mut self) {
        self.end_node();
        let text = std::mem::take(&mut self.block);
        self.acting(&text);
        if self.apart == 0 {
            for line in text.lines() {
                let mut letters = line.trim_start().chars();
                if letters.next() == Some('/') && letters.next().is_some_and(char::is_alphabetic) {
                    self.find(Kind::Command, line);
                }
            }
        }
    }

    fn html(&mut self, html: &str) {
        let html = html.trim();
        if !html.is_empty() && !self.place.html.iter().any(|ours| ours == html) {
            self.find(Kind::Html, html);
        }
    }

    fn link(&mut self, address: &str) {
        let is_ours = self
            .place
            .links
            .iter()
            .any(|ours| address.starts_with(ours));
        let is_inside = !address.contains([':', '@', '\\', ' ', '?', '%'])
            && !address.contains("//")
            && !address.starts_with('/')
            && !address.is_empty();
        if !is_ours && !is_inside {
            self.find(Kind::Link, address);
        }
    }

    /// Words of shown text that GitHub turns into something.
    fn acting(&mut self, text: &str) {
        let chars: Vec<char> = text.chars().collect();
        let around = |at: usize| -> String {
            let from = at.saturating_sub(12);
            chars[from..(at + 24).min(chars.len())].iter().collect()
        };
        let lower: Vec<char> = chars.iter().map(char::to_ascii_lowercase).collect();
        for at in 0..chars.len() {
            let next = chars.get(at + 1).copied().unwrap_or(' ');
            let rest = &lower[at..];
            let begins = |words: &str| {
                words.chars().count() <= rest.len() && words.chars().zip(rest).all(|(a, b)| a == *b)
            };
            if chars[at] == '@' && next.is_ascii_alphanumeric() {
                self.find(Kind::Mention, around(at));
            }
            let is_issue = (chars[at] == '#' && next.is_ascii_digit())
                || (begins("gh-") && rest.get(3).is_some_and(char::is_ascii_digit));
            if is_issue {
                self.find(Kind::Reference, around(at));
                if closes(&lower[..at]) {
                    self.find(Kind::Closing, around(at));
                }
            }
            if self.in_link == 0 && (begins("://") || begins("www.")) {
                self.find(Kind::Link, around(at));
                if closes(&lower[..at]) {
                    self.find(Kind::Closing, around(at));
                }
            }
        }
        let is_hash = |word: &&str| {
            (7..=40).contains(&word.len())
                && word.chars().all(|c| c.is_ascii_hexdigit())
                && word.contains(|c: char| c.is_ascii_digit())
                && word.contains(|c: char| c.is_ascii_alphabetic())
        };
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        for word in words.into_iter().filter(is_hash) {
            self.find(Kind::Reference, word);
        }
    }

    fn end_code(&mut self) {
        let Some((info, code)) = self.code.take() else {
            return;
        };
        let language = info.split(|c: char| !c.is_alphanumeric()).next();
        let language = language.unwrap_or_default().to_ascii_lowercase();
        if ["math", "geojson", "topojson", "stl", "suggestion"].contains(&language.as_str()) {
            self.find(Kind::Drawn, info);
        } else if language == "mermaid" {
            self.diagram(&code);
        }
    }

    /// Lines of a diagram that lead somewhere, load something, or change how it is drawn.
    fn diagram(&mut self, code: &str) {
        for line in code.lines() {
            let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
            let line = words.join(" ");
            let first = words.first().map(String::as_str).unwrap_or_default();
            let acts = [
                "click",
                "href",
                "//",
                "%%{",
                "http:",
                "https:",
                "javascript:",
                "img",
                "url",
                "@{",
                "$link",
            ];
            let adds = |statement: &str| {
                let starts = ["link", "properties", "end link"];
                starts
                    .iter()
                    .any(|start| statement.trim().starts_with(start))
            };
            let says = acts.iter().any(|sign| line.contains(sign))
                || first == "---"
                || line.split(';').any(adds);
            if says {
                self.find(Kind::Diagram, line);
            }
        }
    }
}

/// Whether the text ends with a word that closes what follows.
fn closes(before: &[char]) -> bool {
    let text: String = before.iter().collect();
    // A reference may name a repository first.
    let text = text.trim_end_matches(|c: char| !c.is_whitespace() && c != ':');
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c == ':');
    let word = text.rsplit(|c: char| !c.is_alphabetic()).next();
    let words = [
        "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved",
    ];
    words.contains(&word.unwrap_or_default())
}

/// What a text would do where GitHub shows it as it is and still acts on it: the message of a commit.
pub(super) fn of_plain_text(text: &str) -> Findings {
    let mut page = Page {
        place: &Place::default(),
        found: hidden(text),
        node: String::new(),
        block: String::new(),
        code: None,
        in_link: 0,
        apart: 0,
    };
    page.acting(text);
    page.found
}

/// Each kind of thing is found where it is: a judge that finds nothing is no judge.
#[test]
fn the_judge_finds_what_acts() {
    let cases = [
        (Kind::Mention, "see @ann"),
        (Kind::Mention, "&#64;ann"),
        (Kind::Mention, "a `x`@ann"),
        (Kind::Mention, "@**ann**"),
        (Kind::Mention, "ann@example.com"),
        (Kind::Reference, "see #1"),
        (Kind::Reference, "octo/demo#1"),
        (Kind::Reference, "gh-12"),
        (Kind::Reference, "as of 3fa9c1d2"),
        (Kind::Closing, "Fixes: octo/demo#1"),
        (
            Kind::Closing,
            "closes https://github.com/octo/demo/issues/1",
        ),
        (Kind::Image, "![x](docs/p.png)"),
        (Kind::Link, "[x](https://evil.example)"),
        (Kind::Link, "[x](//evil.example)"),
        (Kind::Link, "<https://evil.example>"),
        (Kind::Link, "see https://evil.example"),
        (Kind::Link, "www.evil.example"),
        (Kind::Html, "a <b>c</b>"),
        (Kind::Html, "<!-- x -->"),
        (Kind::Command, "/discuss all"),
        (Kind::Command, "x\n/lgtm"),
        (Kind::Drawn, "$x$"),
        (Kind::Drawn, "- [ ] x"),
        (Kind::Drawn, "> [!NOTE]\n> x"),
        (Kind::Drawn, "x[^1]\n\n[^1]: y"),
        (Kind::Drawn, "```suggestion\nx\n```"),
        (Kind::Diagram, "```mermaid\nclick A \"x\"\n```"),
        (Kind::Diagram, "```mermaid\nclick\nA \"x\"\n```"),
        (Kind::Diagram, "```mermaid\nA->>B: x; links A: {}\n```"),
        (Kind::Diagram, "```mermaid\nA@{ shape: x }\n```"),
        (Kind::Diagram, "```mermaid\nstyle A fill:url(x)\n```"),
        (Kind::Hidden, "x\u{200b}y"),
        (Kind::Hidden, "a\u{e0041}"),
        (Kind::Hidden, "a\u{1b}[0m"),
        (Kind::Hidden, "[x](docs/a.md 'title')"),
    ];
    for (kind, text) in cases {
        let found = findings(text, &Place::default());
        let kinds: Vec<Kind> = found.iter().map(|(kind, _)| *kind).collect();
        assert!(kinds.contains(&kind), "{kind:?} in {text:?}: {found:?}");
    }
    let harmless = "# Title\n\n**Bold** _em_ `@ann #1 https://x` [a](docs/a.md#b), 5 $ and 10 %, C# 7, a/b.\n\n\
                    - one\n- two\n\n> quote\n\n```rust\n@ann #1\n```\n\n```mermaid\nflowchart LR\n  A --> B\n```\n";
    assert_eq!(findings(harmless, &Place::default()), []);
}
