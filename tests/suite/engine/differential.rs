//! Our scanner against pulldown-cmark, one way: nothing that we count stands in what a renderer shows as code,
//! comment, raw block or quote.
//!
//! Differences by design:
//! * HTML blocks that end at a blank line (`<details>`, `<div>`, any lone tag) show the text between their tags, so
//!   markers in them count. Comments inside them do not.
//! * From an opener on that nothing closes the file is read as if it were closed before the next block; the oracle
//!   hides everything to the end. Such a file has an error, and only what stands above the opener is compared.
//! * We hide more: lines four columns in even where a list makes them text, link definitions, mentions in links.
//! * `</PRE>` closes `<pre>` here and in CommonMark, blanks behind a closing fence may be tabs, and a carriage return
//!   alone ends no line (it is an error). pulldown-cmark differs, as it does where it reads `>` behind a tab as the mark
//!   of an open quote. The generator writes none of these.

use discussions::engine::discussion::Discussion;
use discussions::engine::marker::BlockVote;
use discussions::engine::problem::Code;
use pulldown_cmark::{Event, Options, Parser, Tag};
use std::ops::Range;

const FILES: u64 = 100_000;

/// A small generator of our own, so that a seed gives the same files for ever (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    pub fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len())]
    }
}

const PREFIXES: [&str; 28] = [
    "", "", "", "", "", "", "", "", " ", "  ", "   ", "    ", "\t", "> ", ">", "- ", "* ", "1. ",
    "  - ", "   > ", "-   ", "10) ", " \t", "- > ", "-\t", "- - ", "[^n]: ", "- [ ] ",
];

const LINES: [&str; 84] = [
    "VOTE: READY",
    "VOTE: REJECT",
    "Q: why?",
    "CONCERN: slow @ann",
    "TODO: x @bob",
    "hello @carl",
    "- VOTE: READY",
    "-     VOTE: READY",
    "- [x] TODO: y",
    "# CONCERN: z",
    "**VOTE:** READY",
    "VOTE: CHANGES",
    "",
    "",
    "",
    "",
    "",
    "text",
    "```",
    "```",
    "```",
    "~~~",
    "````",
    "```rust",
    "``` a`b",
    "<!-- a",
    "-->",
    "<!-- a -->",
    "x <!-- y",
    "z --> w",
    "`a",
    "b`",
    "``c",
    "d``",
    "say `@eve` to @fay",
    "<pre>",
    "</pre>",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<details>",
    "</details>",
    "<div>",
    "</div>",
    "<span a='",
    "'>",
    "<? a",
    "?>",
    "<!X",
    ">",
    "<![CDATA[",
    "]]>",
    "[a](b `c) d` @gil",
    "[x](`) ` @hal `",
    "[@ian](u)",
    "[l]: /u \"",
    "t\"",
    "[^1]: note",
    "<https://x/`> `",
    "\\`",
    "[m]:",
    "/u `",
    "(c",
    "[x][l] ` @jan",
    "![i](u \"",
    "[`]: /v",
    "\\[a](`)",
    "`` ` @kim",
    "<textarea>",
    "</textarea>",
    "<!--> @lee",
    "<!---> <!--",
    "<a@b.io> `",
    "www.x.y/`@mia",
    "===",
    "***",
    "- - -",
    "Name: Bob",
    "| a | b |",
    "|---|---|",
    "-",
    "<br>`",
    "<a b=\"`\"> <!-- `",
];

/// A file of one to three blocks whose lines are picked from the tricky ones, some inside an element that is closed.
pub fn file(dice: &mut Dice) -> String {
    let mut text = String::from("<!-- DISCUSSION -->\n<!-- Title: t -->\n");
    for author in 0..1 + dice.roll(3) {
        text.push_str(dice.pick(&["\n---\n\n", "\n---\n", "---\n"]));
        text.push_str(dice.pick(&["Name: AI-Security\n", "Name: Ann\n", "name:Bob\n"]));
        let (open, close) = [
            ("", ""),
            ("", ""),
            ("```\n", "```\n"),
            ("<!--\n", "-->\n"),
            ("<pre>\n", "</pre>\n"),
        ][dice.roll(5)];
        text.push_str(open);
        for _ in 0..1 + dice.roll(8) {
            let mut line = dice.pick(&PREFIXES).to_owned();
            if dice.roll(4) == 0 {
                line.push_str(dice.pick(&PREFIXES));
            }
            if dice.roll(6) == 0 {
                line.push_str(dice.pick(&LINES));
                line.push(' ');
            }
            line.push_str(dice.pick(&LINES));
            if line.trim_start().starts_with('>') {
                line = line.replace('\t', " ");
            }
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str(close);
        if dice.roll(3) > 0 {
            text.push_str(dice.pick(&[
                "```\n",
                "-->\n",
                "\n```\n",
                "</pre>\n",
                "</script>\n",
                "?>\n",
                "",
            ]));
        }
        if author > 0 && dice.roll(8) == 0 {
            text.push_str("<!-- receipt: a.b.c -->\nbelow\n");
        }
    }
    if dice.roll(8) == 0 {
        text.replace('\n', "\r\n")
    } else {
        text
    }
}

/// Ranges the oracle calls code, comment, raw block or quote.
fn hidden_by_oracle(source: &str) -> Vec<(&'static str, Range<usize>)> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut hidden = Vec::new();
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        let html = &source[range.clone()];
        let what = match event {
            Event::Start(Tag::CodeBlock(_)) => "code block",
            Event::Start(Tag::BlockQuote(_)) => "quote",
            Event::Code(_) => "code span",
            Event::InlineHtml(_) if html.starts_with("<!") || html.starts_with("<?") => {
                "inline comment"
            }
            Event::InlineHtml(_) if html.contains('\n') => "tag over lines",
            Event::Start(Tag::HtmlBlock) if is_raw(html) => "raw block",
            Event::Start(Tag::HtmlBlock) => {
                hidden.extend(comments_in(html).map(|c| {
                    (
                        "comment in html",
                        range.start + c.start..range.start + c.end,
                    )
                }));
                continue;
            }
            _ => continue,
        };
        hidden.push((what, range));
    }
    hidden
}

fn is_raw(html: &str) -> bool {
    let lower = html.trim_start().to_ascii_lowercase();
    let raw_tag = ["<pre", "<script", "<style", "<textarea"]
        .iter()
        .any(|tag| {
            lower.strip_prefix(tag).is_some_and(|rest| {
                rest.starts_with([' ', '\t', '\r', '\n', '>']) || rest.is_empty()
            })
        });
    raw_tag || lower.starts_with("<!") || lower.starts_with("<?")
}

/// Comments inside an HTML block, which the oracle gives as one piece. Behind an open attribute, declaration or CDATA
/// section and in a script `<!--` starts none.
fn comments_in(html: &str) -> impl Iterator<Item = Range<usize>> {
    let is_plain = |before: &str| {
        ![
            "='",
            "<!X",
            "<![CDATA[",
            "<?",
            "<script",
            "<style",
            "<textarea",
        ]
        .iter()
        .any(|opener| before.contains(opener))
    };
    let comments = html
        .match_indices("<!--")
        .filter(move |(at, _)| is_plain(&html[..*at]));
    comments.map(|(at, _)| {
        let end = html[at..]
            .find("-->")
            .map_or(html.len(), |len| at + len + 3);
        at..end
    })
}

/// Everything we count, with its place in the file.
fn counted(discussion: &Discussion) -> Vec<(String, usize)> {
    let starts: Vec<usize> = std::iter::once(0)
        .chain(discussion.source.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let at = |line: usize, column: usize| {
        let line = &discussion.source[starts[line - 1]..];
        starts_at(line, column) + discussion.source.len() - line.len()
    };
    let mut places = Vec::new();
    for block in &discussion.blocks {
        places.push((format!("name line {}", block.line), block.span.start));
        places.extend(
            block
                .separator
                .iter()
                .map(|range| ("separator".to_owned(), range.start)),
        );
        places.extend(
            block
                .markers
                .iter()
                .map(|m| (format!("{:?}", m.word), at(m.line, m.column))),
        );
        if let Some(BlockVote::Clear { line, .. } | BlockVote::Unclear { line, .. }) = &block.vote {
            places.push((format!("vote, line {line}"), at(*line, 1)));
        }
        places.extend(
            block
                .mentions
                .iter()
                .map(|m| (format!("@{}", m.token), at(m.line, m.column))),
        );
    }
    places
}

fn starts_at(line: &str, column: usize) -> usize {
    line.char_indices().nth(column - 1).map_or(0, |(at, _)| at)
}

fn first_unclosed(discussion: &Discussion) -> Option<usize> {
    let is_unclosed = |code| {
        matches!(
            code,
            Code::UnclosedFence | Code::UnclosedComment | Code::UnclosedHtml
        )
    };
    discussion
        .problems
        .iter()
        .find(|problem| is_unclosed(problem.code))
        .map(|problem| problem.line)
}

/// What we count and the oracle hides; `None` if there is nothing.
fn mismatch(discussion: &Discussion, counted: &[(String, usize)]) -> Option<String> {
    let source = &discussion.source;
    let hidden = hidden_by_oracle(source);
    let limit = first_unclosed(discussion).unwrap_or(usize::MAX);
    counted.iter().find_map(|(what, at)| {
        let line = discussion.line_of(*at);
        let (by, range) = hidden.iter().find(|(_, range)| range.contains(at))?;
        (line < limit)
            .then(|| format!("{what} on line {line} stands in a {by} at {range:?} of\n{source}"))
    })
}

fn mismatch_in(source: &str) -> Option<String> {
    let discussion = Discussion::parse(source.as_bytes());
    mismatch(&discussion, &counted(&discussion))
}

/// The file with every line left out that the mismatch does not need.
fn shrink(source: &str) -> String {
    let mut lines: Vec<&str> = source.split_inclusive('\n').collect();
    let mut at = 0;
    while at < lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(at);
        if mismatch_in(&fewer.concat()).is_some() {
            lines = fewer;
        } else {
            at += 1;
        }
    }
    lines.concat()
}

#[test]
fn nothing_counts_that_a_renderer_hides() {
    const THREADS: u64 = 2;
    let workers: Vec<_> = (0..THREADS)
        .map(|worker| {
            std::thread::spawn(move || compare((worker..FILES).step_by(THREADS as usize)))
        })
        .collect();
    let (mut whole, mut marks, mut wrong) = (0, 0, Vec::new());
    for worker in workers {
        let outcome = worker.join().unwrap();
        whole += outcome.whole;
        marks += outcome.marks;
        wrong.extend(outcome.wrong);
    }
    println!(
        "{FILES} files, {whole} of them compared to the end, {marks} separators, names, markers and mentions"
    );
    let mut shrunk: Vec<String> = wrong.iter().take(40).map(|source| shrink(source)).collect();
    shrunk.sort_by_key(String::len);
    let shown: Vec<_> = shrunk
        .iter()
        .take(5)
        .filter_map(|source| mismatch_in(source))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} files differ, among them:\n{}",
        wrong.len(),
        shown.join("\n\n")
    );
    assert!(
        whole as u64 > FILES / 3,
        "too many generated files are cut short: {whole}"
    );
    assert!(
        marks as u64 > FILES,
        "the generator no longer makes things that count: {marks}"
    );
}

#[derive(Default)]
struct Outcome {
    /// Files without an opener that nothing closes.
    whole: usize,
    /// Things that counted.
    marks: usize,
    /// Files in which something counts that the oracle hides.
    wrong: Vec<String>,
}

fn compare(seeds: impl Iterator<Item = u64>) -> Outcome {
    let mut outcome = Outcome::default();
    for seed in seeds {
        let source = file(&mut Dice::new(seed));
        let discussion = Discussion::parse(source.as_bytes());
        let counted = counted(&discussion);
        outcome.whole += usize::from(first_unclosed(&discussion).is_none());
        outcome.marks += counted.len();
        if mismatch(&discussion, &counted).is_some() {
            outcome.wrong.push(source);
        }
    }
    outcome
}
