//! The rules that every rendered block keeps, whatever the reply was. Written apart from the code that keeps them.

use discussions::engine::discussion::Discussion;
use discussions::engine::edit::append;
use pulldown_cmark::{Event, Options, Parser, Tag};

/// A file with one typed block, to which a rendered one is appended.
const FILE: &str =
    "<!-- DISCUSSION -->\n<!-- Title: Cache -->\n\n# Cache\n\n---\n\nName: rob\n\nHello.\n";

/// Every rule that a rendered block keeps, whatever the reply was. `ours` is the number of marker lines we wrote
/// besides the name line.
pub(super) fn check(block: &str, ours: usize) {
    let wrong = violations(block, ours);
    assert!(wrong.is_empty(), "{wrong:#?}\n{block}");
}

pub(super) fn violations(block: &str, ours: usize) -> Vec<String> {
    let mut wrong = structure(block, ours);
    wrong.extend(rendering(block));
    wrong.extend(form(block));
    wrong.extend(read_back(block, ours));
    wrong
}

/// What the reader makes of a file with the block at its end: one block more, ours, with our markers and no others.
fn read_back(block: &str, ours: usize) -> Vec<String> {
    let before = Discussion::parse(FILE.as_bytes());
    let text = match append(&before, &[block.to_owned()]) {
        Ok(text) => text,
        Err(error) => return vec![format!("not appended: {error}")],
    };
    let after = Discussion::parse(text.as_bytes());
    let mut wrong: Vec<String> = after
        .problems
        .iter()
        .map(|problem| format!("a problem: {problem:?}"))
        .collect();
    if after.header != before.header {
        wrong.push("another header".to_owned());
    }
    let [_, ours_read] = &after.blocks[..] else {
        wrong.push(format!("{} blocks", after.blocks.len()));
        return wrong;
    };
    let votes = usize::from(ours_read.vote.is_some());
    if ours_read.markers.len() + votes != ours {
        wrong.push(format!(
            "read back as {:?} {:?}",
            ours_read.markers, ours_read.vote
        ));
    }
    if !ours_read.mentions.is_empty() {
        wrong.push(format!("mentions: {:?}", ours_read.mentions));
    }
    if ours_read.canonical(&text) != block {
        wrong.push("other bytes".to_owned());
    }
    wrong
}

/// The lines of the block; code blocks, as CommonMark sees them, are the word `code` on each line.
fn open_lines(block: &str) -> Vec<&str> {
    let mut code = Vec::new();
    for (event, range) in Parser::new(block).into_offset_iter() {
        if let Event::Start(Tag::CodeBlock(_)) = event {
            code.push(range);
        }
    }
    let mut at = 0;
    let mut lines = Vec::new();
    for line in block.split_inclusive('\n') {
        let is_code = code.iter().any(|range| range.contains(&at));
        lines.push(if is_code {
            "code"
        } else {
            line.trim_end_matches('\n')
        });
        at += line.len();
    }
    lines
}

/// Separators, names, markers, header and receipt lines, by the line grammar of the discussion file.
fn structure(block: &str, ours: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut names = 0;
    let mut markers = 0;
    for line in open_lines(block) {
        let text = line.trim_start_matches(' ');
        if text.trim_end() == "---" {
            wrong.push("a separator".to_owned());
        }
        if text
            .get(..5)
            .is_some_and(|key| key.eq_ignore_ascii_case("name:"))
        {
            names += 1;
        }
        if is_marker(line) {
            markers += 1;
        }
    }
    if names != 1 {
        wrong.push(format!("{names} name lines"));
    }
    if markers != ours {
        wrong.push(format!("{markers} markers, {ours} of ours"));
    }
    if !block.starts_with("Name: AI-Security\n") {
        wrong.push("another name line first".to_owned());
    }
    if block.contains("<!--") {
        wrong.push("a comment".to_owned());
    }
    wrong
}

/// The marker grammar, without the limit on the indent.
fn is_marker(line: &str) -> bool {
    const WORDS: [&str; 14] = [
        "VOTE", "Q", "QUESTION", "A", "ANSWERED", "CONCERN", "RESOLVED", "TODO", "ACTION",
        "ASSIGNED", "DONE", "DECISION", "DIAGRAM", "RECEIPT",
    ];
    let mut rest = line.trim_start_matches([' ', '>']);
    let bullet = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if let Some(item) = bullet.strip_prefix(['-', '*', '+', '.', ')']) {
        rest = item.trim_start();
    }
    for task_box in ["[ ]", "[x]", "[X]"] {
        rest = rest.strip_prefix(task_box).unwrap_or(rest).trim_start();
    }
    let rest = rest
        .trim_start_matches('#')
        .trim_start()
        .trim_start_matches(['*', '_']);
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let behind = rest[end..]
        .trim_start_matches(['*', '_'])
        .trim_start_matches([' ', '\t']);
    WORDS
        .iter()
        .any(|word| word.eq_ignore_ascii_case(&rest[..end]))
        && behind.starts_with(':')
}

/// What GitHub would make of the block: nothing but text, emphasis, lists, quotes, code and links into the repository.
fn rendering(block: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut in_code = false;
    let mut text_run = String::new();
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    for event in Parser::new_ext(block, options) {
        if let Event::Text(text) = &event {
            if !in_code {
                text_run.push_str(text);
            }
            continue;
        }
        if !matches!(
            event,
            Event::Start(Tag::Emphasis | Tag::Strong) | Event::End(_)
        ) || in_code
        {
            wrong.extend(acting(&std::mem::take(&mut text_run)));
        }
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Link { dest_url, .. }) => {
                if dest_url.contains([':', '@'])
                    || dest_url.starts_with('/')
                    || dest_url.contains("//")
                {
                    wrong.push(format!("a link to {dest_url}"));
                }
            }
            Event::Start(
                Tag::Paragraph
                | Tag::List(_)
                | Tag::Item
                | Tag::BlockQuote(_)
                | Tag::Emphasis
                | Tag::Strong,
            )
            | Event::End(_)
            | Event::Code(_)
            | Event::SoftBreak => {}
            other => wrong.push(format!("{other:?}")),
        }
    }
    wrong.extend(acting(&text_run));
    wrong
}

/// Words in visible text that GitHub would turn into something.
fn acting(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let mut wrong = Vec::new();
    for sign in ["@", "://", "www."] {
        if lower.contains(sign) {
            wrong.push(format!("{sign} in the text {text:?}"));
        }
    }
    for sign in ["#", "gh-"] {
        let is_reference =
            |at: usize| lower[at + sign.len()..].starts_with(|c: char| c.is_ascii_digit());
        if lower.match_indices(sign).any(|(at, _)| is_reference(at)) {
            wrong.push(format!("a reference in the text {text:?}"));
        }
    }
    if lower
        .lines()
        .any(|line| line.trim_start().starts_with("/discuss"))
    {
        wrong.push("a command".to_owned());
    }
    wrong
}

/// As formatters leave it, and without characters that show nothing.
fn form(block: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = open_lines(block);
    if lines.iter().any(|line| line.ends_with([' ', '\t'])) {
        wrong.push("blanks at the end of a line".to_owned());
    }
    if lines
        .windows(2)
        .any(|pair| pair[0].is_empty() && pair[1].is_empty())
    {
        wrong.push("two blank lines".to_owned());
    }
    let is_bullet = |line: &&str| {
        ["* ", "+ "]
            .iter()
            .any(|b| line.trim_start().starts_with(b))
    };
    if lines.iter().any(is_bullet) {
        wrong.push("a bullet that is no hyphen".to_owned());
    }
    let is_odd = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    if block.contains(is_odd) {
        wrong.push("an invisible character".to_owned());
    }
    let fences = block.lines().filter(|line| line.starts_with("```")).count();
    if fences % 2 != 0 && !block.contains("````") {
        wrong.push("an unclosed fence".to_owned());
    }
    if block.ends_with('\n') {
        wrong.push("a line end at the end".to_owned());
    }
    wrong
}
