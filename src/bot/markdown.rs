//! Text from outside, made harmless for GitHub's Markdown, and the one place where texts are cut.
//!
//! Titles, paths, logins, remarks and reasons are written by anybody. In our texts they mention nobody, link nowhere,
//! refer to no issue, start no command and break neither tables nor lists.

use crate::engine::reply::{is_invisible, names_commit};

/// Goes between two characters that GitHub would read as one thing (`@ann`, `#7`); shows nothing.
const BREAK: char = '\u{200b}';
/// Stands for what was left out.
const ELLIPSIS: &str = "…";
/// Said where a text was too long for GitHub.
const CUT_NOTE: &str = "\n\n_Cut here: GitHub takes no more._\n";

/// Plain text on one line: control, invisible and direction characters gone, blanks run together. What joins emoji or
/// letters of scripts that need it stays.
pub fn plain(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = |c: &char| !c.is_ascii() && !is_invisible(*c) && !is_selector(*c);
        let before = visible.chars().next_back();
        let shows = match c {
            '\u{200c}' | '\u{200d}' => {
                before.as_ref().is_some_and(|c| joins(c) || is_selector(*c))
                    && chars.peek().is_some_and(joins)
            }
            _ if is_selector(c) => before.is_some_and(|c| joins(&c) && !c.is_alphabetic()),
            _ => !is_invisible(c),
        };
        if shows {
            visible.push(if is_blank(c) { ' ' } else { c });
        }
    }
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The selectors between emoji and text: behind a sign they choose how it is drawn, in a run they spell words.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// Text as text, for the middle of a line or a table cell.
pub fn inline(text: &str) -> String {
    let text = parted(&plain(text));
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => safe.extend(['\\', c]),
            '-' | '+' | '=' if safe.is_empty() => safe.extend(['\\', c]),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '@' => safe.extend([c, BREAK]),
            '#' => safe.extend(['\\', c, BREAK]),
            '/' if before == ':' || before == '/' => safe.extend([BREAK, c]),
            '.' if ends_with_www(&safe) => safe.extend([BREAK, c]),
            '-' if ends_with_gh(&safe) => safe.extend([BREAK, c]),
            _ => safe.push(c),
        }
        before = c;
    }
    safe
}

/// A login with its `@`, for somebody who must act now: GitHub notifies them. What cannot be a login is text.
pub fn mention(login: &str) -> String {
    let is_login = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !login.is_empty() && login.len() <= MAX_LOGIN && login.chars().all(is_login) {
        true => format!("@{login}"),
        false => inline(login),
    }
}

/// Characters of a login, a company's suffix included.
const MAX_LOGIN: usize = 48;

/// Longest part of a word that GitHub links to no commit, in characters.
const NO_COMMIT: usize = 6;

/// Words that GitHub could link to a commit, in parts that are too short for it.
fn parted(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric());
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let is_commit = names_commit(word);
        for (at, c) in word.chars().enumerate() {
            if is_commit && at > 0 && at % NO_COMMIT == 0 {
                safe.push(BREAK);
            }
            safe.push(c);
        }
        let gap = behind.find(char::is_alphanumeric).unwrap_or(behind.len());
        safe.push_str(&behind[..gap]);
        rest = &behind[gap..];
    }
    safe
}

fn ends_with_www(text: &str) -> bool {
    ends_with_ascii(text, "www")
}

/// `GH-7` refers to an issue like `#7`.
fn ends_with_gh(text: &str) -> bool {
    ends_with_ascii(text, "gh")
}

fn ends_with_ascii(text: &str, ending: &str) -> bool {
    text.len()
        .checked_sub(ending.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(ending))
}

/// Text in code marks, as written: for paths, lines to post, names of keys.
pub fn code(text: &str) -> String {
    let text = plain(text);
    if text.is_empty() {
        return "` `".to_owned();
    }
    let fence = "`".repeat(longest_run_of_backticks(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// [`code`] for a table cell. A bar would end the cell even inside code, so a text with one is shown as text.
pub fn code_cell(text: &str) -> String {
    if text.contains('|') {
        inline(text)
    } else {
        code(text)
    }
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A text as a block to copy, as written. It may hold fences of its own.
pub fn code_block(text: &str, language: &str) -> String {
    let fence = "`".repeat(longest_run_of_backticks(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}

/// A link with neutralised text. An address that could end the link early is left out, the text stays.
pub fn link(text: &str, address: Option<&str>) -> String {
    let safe = |address: &&str| {
        let scheme = address.starts_with("https://") || address.starts_with("http://");
        scheme
            && address
                .chars()
                .all(|c| c.is_ascii_graphic() && !"()<>[]\\`|\"".contains(c))
    };
    match address.filter(safe) {
        Some(address) => format!("[{}]({address})", inline(text)),
        None => inline(text),
    }
}

/// Several lines as a quote, each neutralised, cut to `max_chars`.
pub fn quote_text(text: &str, max_chars: usize) -> String {
    quoted(&shorten(text, max_chars), inline)
}

/// Markdown that was rendered by us from a persona's answer, as a quote: fences and tags that it leaves open end with
/// the quote. It keeps its form; mentions, references, images and tags are defused.
pub fn quote_markdown(markdown: &str, max_chars: usize) -> String {
    quoted(&shorten_markdown(markdown.trim(), max_chars), defused)
}

/// Markdown of at most that many characters. A cut through code marks goes before them: what was inert inside would
/// act without the second one.
fn shorten_markdown(markdown: &str, max_chars: usize) -> String {
    let at = |chars: usize| markdown.char_indices().nth(chars).map(|(at, _)| at);
    let (Some(_), Some(end)) = (at(max_chars), at(max_chars.saturating_sub(1))) else {
        return markdown.to_owned();
    };
    let kept = &markdown[..end];
    let (above, line) = kept
        .rsplit_once('\n')
        .map_or(("", kept), |(above, line)| (above, line));
    let line_start = kept.len() - line.len();
    let open = open_code(line).filter(|_| !is_inside_fence(above));
    let kept = open.map_or(kept, |at| &kept[..line_start + at]);
    format!("{}{ELLIPSIS}", kept.trim_end())
}

/// Where code marks begin in a line that do not end in it.
fn open_code(line: &str) -> Option<usize> {
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    while let Some(ahead) = line[at..].find('`') {
        let start = at + ahead;
        // Every second backslash is one that is shown; in code all of them are.
        let before = line[at..start].bytes().rev();
        let backslashes = before.take_while(|b| *b == b'\\').count();
        if open.is_none() && backslashes % 2 == 1 {
            at = start + 1;
            continue;
        }
        let length = line[start..].bytes().take_while(|b| *b == b'`').count();
        match open {
            Some((_, marks)) if marks == length => open = None,
            None => open = Some((start, length)),
            Some(_) => {}
        }
        at = start + length;
    }
    open.map(|(start, _)| start)
}

/// Whether the lines end inside of a fence, as [`crate::engine::reply`] writes them.
fn is_inside_fence(lines: &str) -> bool {
    let mut open: Option<usize> = None;
    for line in lines.lines() {
        let marks = line.bytes().take_while(|b| *b == b'`').count();
        match open {
            None if marks >= 3 => open = Some(marks),
            Some(opened) if marks >= opened && line.len() == marks => open = None,
            _ => {}
        }
    }
    open.is_some()
}

/// Markdown that was rendered by us from a persona's answer, as it is; mentions, references, images and tags are
/// defused once more.
pub fn defused_markdown(markdown: &str) -> String {
    markdown.lines().map(defused).collect::<Vec<_>>().join("\n")
}

fn quoted(text: &str, line: fn(&str) -> String) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|text| format!("> {}", line(text)).trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn defused(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut chars = line.chars().filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = chars.next() {
        safe.push(if is_blank(c) { ' ' } else { c });
        let next = chars.peek().copied().unwrap_or(' ');
        let joins = match c {
            '@' | '<' => !next.is_whitespace(),
            '#' => next.is_ascii_digit(),
            '!' => next == '[',
            _ => false,
        };
        if joins {
            safe.push(BREAK);
        }
    }
    safe
}

/// At most that many characters, the last an ellipsis if something was cut.
pub fn shorten(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
            format!("{}{ELLIPSIS}", kept.trim_end())
        }
    }
}

/// A Markdown text of at most `limit` bytes. A longer one ends at a line end where one is near, else between two
/// characters, and says so.
pub fn cap(text: String, limit: usize) -> String {
    if text.len() <= limit {
        return text;
    }
    let room = text.floor_char_boundary(limit.saturating_sub(CUT_NOTE.len()));
    let near = text.floor_char_boundary(room.saturating_sub(1_000));
    let end = text[near..room].rfind('\n').map_or(room, |at| near + at);
    let mut cut = text[..end].to_owned();
    cut.push_str(CUT_NOTE);
    cut.truncate(cut.floor_char_boundary(limit));
    cut
}

fn is_blank(c: char) -> bool {
    // The blank of Braille is no white space to Unicode.
    c.is_whitespace() || c.is_control() || c == '\u{2800}'
}

/// What is wrong and what to write instead, as two sentences.
pub fn sentences(message: &str, hint: &str) -> String {
    let message = message.trim_end();
    let stop = match message.ends_with(['.', '!', '?', '…']) {
        true => "",
        false => ".",
    };
    let mut letters = hint.trim().chars();
    let Some(first) = letters.next() else {
        return format!("{message}{stop}");
    };
    let first = first.to_uppercase();
    format!("{message}{stop} {first}{}", letters.as_str())
}
