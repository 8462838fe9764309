//! Text from outside, made harmless for GitHub's Markdown, and the one place where texts are cut.
//!
//! Titles, paths, logins, remarks and reasons are written by anybody. In our texts they mention nobody, link nowhere,
//! refer to no issue, start no command and break neither tables nor lists.

/// Goes between two characters that GitHub would read as one thing (`@ann`, `#7`); shows nothing.
const BREAK: char = '\u{200b}';
/// Stands for what was left out.
const ELLIPSIS: &str = "…";
/// Said where a text was too long for GitHub.
const CUT_NOTE: &str = "\n\n_Cut here: GitHub takes no more._\n";

/// Plain text on one line: control, invisible and direction characters gone, blanks run together.
pub fn plain(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if is_blank(c) { ' ' } else { c })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as text, for the middle of a line or a table cell.
pub fn inline(text: &str) -> String {
    let text = plain(text);
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
    quoted(&shorten(markdown.trim(), max_chars), defused)
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
    c.is_whitespace() || c.is_control()
}

/// Characters that show nothing and can hide, reorder or imitate text. Joiners of emoji and scripts stay.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
