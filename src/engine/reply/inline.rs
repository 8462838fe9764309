//! One line of text, made inert: what could be read as structure, mention, link, command or reference is set in code
//! marks, everything else is escaped so that it shows as it was meant.

/// A run of a line, as CommonMark reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Run {
    /// Plain text, not yet escaped.
    Text(String),
    /// Inline code.
    Code(String),
    /// Start or end of emphasis; the mark is `**` or `_`.
    Mark { mark: &'static str, opens: bool },
    /// A link whose target is safe to keep.
    Link { label: String, target: String },
}

/// Words that begin a structured line of a block; see the line grammar of the discussion file.
const MARKER_WORDS: [&str; 15] = [
    "VOTE", "Q", "QUESTION", "A", "ANSWERED", "CONCERN", "RESOLVED", "TODO", "ACTION", "ASSIGNED",
    "DONE", "DECISION", "DIAGRAM", "NAME", "RECEIPT",
];

/// Renders a line. Empty if nothing visible is in it.
pub(super) fn line(runs: &[Run]) -> String {
    // Each kind of blank is written as one space below, so that is what has to be judged.
    let plain = spaced(&plain_text(runs));
    if plain.is_empty() {
        return String::new();
    }
    if plain.chars().all(|c| "-=_*~:|#+. ".contains(c)) {
        return code(&plain);
    }
    if let Some(end) = marker_end(&plain) {
        let rest = text(plain[end..].trim_start(), false);
        return format!("{} {rest}", code(&plain[..end]))
            .trim_end()
            .to_owned();
    }
    let mut out = String::new();
    for run in merged(lone_marks_dropped(runs)) {
        match run {
            Run::Text(words) => push(&mut out, &text(&words, false)),
            Run::Code(words) => push(&mut out, &code(&words)),
            Run::Mark { mark, .. } => out.push_str(mark),
            Run::Link { label, target } => {
                // An exclamation mark before a bracket would make an image of it.
                if out.ends_with('!') {
                    out.insert(out.len() - 1, '\\');
                }
                out.push_str(&format!("[{}]({target})", text(&label, true)));
            }
        }
    }
    escape_start(out.trim())
}

/// All words of the runs, without marks.
pub(super) fn plain_text(runs: &[Run]) -> String {
    let mut plain = String::new();
    for run in runs {
        match run {
            Run::Text(words) | Run::Code(words) => plain.push_str(words),
            Run::Link { label, .. } => plain.push_str(label),
            Run::Mark { .. } => {}
        }
    }
    plain
}

/// Text in code marks, on one line. The marks differ from every run of them inside; a text that would need three is
/// changed instead, since three begin a block of code.
pub(super) fn code(text: &str) -> String {
    let text = broken_comments(&spaced(text));
    if text.is_empty() {
        return String::new();
    }
    let holds = |length| runs_of_backticks(&text).any(|run| run == length);
    let (text, marks) = match (holds(1), holds(2)) {
        (false, _) => (text, "`"),
        (true, false) => (text, "``"),
        (true, true) => (text.replace('`', "'"), "`"),
    };
    let gap = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{marks}{gap}{text}{gap}{marks}")
}

/// Words with one space between them, whatever blanks were there.
pub(super) fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text without comment openers: tools that search files for header lines do not look for code marks.
pub(super) fn broken_comments(text: &str) -> String {
    text.replace("<!--", "<! --")
}

/// Longest run of backticks in `text`, for fences.
pub(super) fn longest_run_of_backticks(text: &str) -> usize {
    runs_of_backticks(text).max().unwrap_or(0)
}

fn runs_of_backticks(text: &str) -> impl Iterator<Item = usize> {
    text.split(|c| c != '`')
        .map(str::len)
        .filter(|run| *run > 0)
}

/// Adds a piece. Blanks stay single, and code marks never touch: they would be read as longer ones.
fn push(out: &mut String, piece: &str) {
    let piece = if out.is_empty() || out.ends_with(' ') {
        piece.trim_start()
    } else {
        piece
    };
    if out.ends_with('`') && piece.starts_with('`') {
        out.push(' ');
    }
    out.push_str(piece);
}

/// Where a structured word with its colon ends, if the line begins with one. Whatever could stand before it (bullets,
/// boxes, hashes, emphasis, quotes) is passed over generously.
fn marker_end(plain: &str) -> Option<usize> {
    let lower = plain.to_ascii_lowercase();
    let mut at = 0;
    loop {
        let rest = &lower[at..];
        if let Some(box_length) = ["[x]", "[ ]"]
            .iter()
            .find_map(|b| rest.starts_with(b).then_some(3))
        {
            at += box_length;
        } else {
            let next = rest.chars().next()?;
            if next.is_alphabetic() || next == '/' || next == '@' {
                break;
            }
            at += next.len_utf8();
        }
    }
    let word_length = plain[at..]
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(plain.len() - at);
    let word = &plain[at..at + word_length];
    let behind =
        plain[at + word_length..].trim_start_matches([' ', '\t', '*', '_', '~', '`', '\\']);
    let is_marker = MARKER_WORDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word));
    (is_marker && behind.starts_with(':')).then(|| plain.len() - behind.len() + 1)
}

/// Drops marks that do not stand free on their outer side, or that enclose nothing: only those are sure to be read
/// as emphasis again.
fn lone_marks_dropped(runs: &[Run]) -> Vec<Run> {
    let mut open: Vec<usize> = Vec::new();
    let mut keep = vec![true; runs.len()];
    for (at, run) in runs.iter().enumerate() {
        let Run::Mark { mark, opens } = run else {
            continue;
        };
        if *opens {
            open.push(at);
            continue;
        }
        let Some(start) = open.pop() else {
            keep[at] = false;
            continue;
        };
        let inside = plain_text(&runs[start..at]);
        let is_tight = !inside.is_empty() && inside.trim() == inside;
        let is_nested = open.iter().any(|outer| is_mark(&runs[*outer], mark));
        if !is_tight || is_nested || !is_free_before(runs, start) || !is_free_after(runs, at) {
            keep[start] = false;
            keep[at] = false;
        }
    }
    for start in open {
        keep[start] = false;
    }
    runs.iter()
        .zip(keep)
        .filter(|(_, keep)| *keep)
        .map(|(run, _)| run.clone())
        .collect()
}

fn is_mark(run: &Run, wanted: &str) -> bool {
    matches!(run, Run::Mark { mark, .. } if *mark == wanted)
}

fn is_free_before(runs: &[Run], at: usize) -> bool {
    let before = plain_text(&runs[..at]);
    before.chars().next_back().is_none_or(char::is_whitespace)
}

fn is_free_after(runs: &[Run], at: usize) -> bool {
    let after = plain_text(&runs[at + 1..]);
    let next = after.chars().next();
    next.is_none_or(|c| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '?' | ')'))
}

/// Joins neighbouring text, so that nothing hides in the seam.
fn merged(runs: Vec<Run>) -> Vec<Run> {
    let mut merged: Vec<Run> = Vec::new();
    for run in runs {
        match (merged.last_mut(), run) {
            (Some(Run::Text(before)), Run::Text(words)) => before.push_str(&words),
            (_, run) => merged.push(run),
        }
    }
    merged
}

/// Escapes text word by word; words that would act are set in code marks. Blanks become single.
fn text(words: &str, in_label: bool) -> String {
    let mut out = String::new();
    for word in broken_comments(words).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        push(&mut out, &self::word(word, in_label));
    }
    if words.ends_with(char::is_whitespace) && !out.is_empty() {
        out.push(' ');
    }
    if words.starts_with(char::is_whitespace) {
        out.insert(0, ' ');
    }
    out
}

fn word(word: &str, in_label: bool) -> String {
    if !acts(word) {
        return escaped(word, in_label);
    }
    let core = word.trim_start_matches(['(', '[', '{', '"', '\'', '<', '*', '_', '~']);
    let lead = &word[..word.len() - core.len()];
    // A bracket that is opened inside an address belongs to it.
    let is_outside = |c: char| match c {
        ')' => !core.contains('('),
        c => ".,;:!?]}\"'>*_~".contains(c),
    };
    let acting = core.trim_end_matches(is_outside);
    let trail = &core[acting.len()..];
    if acting.is_empty() {
        return code(word);
    }
    format!(
        "{}{}{}",
        escaped(lead, in_label),
        code(acting),
        escaped(trail, in_label)
    )
}

/// Whether GitHub or a bot could do something with a word: mentions and addresses, links, references to issues and
/// commits, commands.
fn acts(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let has_reference = |sign: &str| {
        lower
            .match_indices(sign)
            .any(|(at, _)| lower[at + sign.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    let command = lower.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '/');
    lower.contains('@')
        || lower.contains("://")
        || lower.contains("www.")
        || has_reference("#")
        || has_reference("gh-")
        || lower
            .split(|c: char| !c.is_alphanumeric())
            .any(names_commit)
        || (command.starts_with('/') && command[1..].starts_with(|c: char| c.is_alphabetic()))
}

/// Whether GitHub could link a word to a commit: 7 to 40 hexadecimal digits
/// (<https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls>).
/// Only those with both digits and letters: numbers and words are left alone.
pub(super) fn names_commit(word: &str) -> bool {
    let holds = |of_kind: fn(char) -> bool| word.contains(of_kind);
    (7..=40).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && holds(|c| c.is_ascii_digit())
        && holds(|c| c.is_ascii_alphabetic())
}

/// Escapes what CommonMark or GitHub would read as more than text. Underscores inside words stay, as formatters
/// leave them.
fn escaped(word: &str, in_label: bool) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut out = String::with_capacity(word.len());
    for (at, &c) in chars.iter().enumerate() {
        let next = chars.get(at + 1).copied();
        let needs_escape = match c {
            '*' | '`' | '[' | '~' | '|' => true,
            ']' => in_label,
            '_' => !is_inside_word(&chars, at),
            '<' => next.is_some_and(|c| c.is_alphabetic() || matches!(c, '/' | '!' | '?')),
            '&' => next.is_some_and(|c| c.is_alphanumeric() || c == '#'),
            '\\' => next.is_none_or(|c| c.is_ascii_punctuation()),
            // Two of them would make a formula; before a digit it is money.
            '$' => next.is_none_or(|c| !c.is_ascii_digit()),
            '!' => next == Some('['),
            _ => false,
        };
        if needs_escape {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Whether the run of underscores around `at` has letters or digits on both sides.
fn is_inside_word(chars: &[char], at: usize) -> bool {
    let before = chars[..at].iter().rev().find(|c| **c != '_');
    let after = chars[at..].iter().find(|c| **c != '_');
    [before, after]
        .into_iter()
        .all(|side| side.is_some_and(|c| c.is_alphanumeric()))
}

/// Escapes what would begin a list, a heading, a quote or a rule at the start of a line.
fn escape_start(line: &str) -> String {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let behind = |at: usize| line[at..].chars().next();
    let ends_word = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let sign = match behind(0) {
        Some('#') => Some(0),
        Some('>') => Some(0),
        Some('-' | '+') if ends_word(behind(1)) || line.starts_with("--") => Some(0),
        Some(c)
            if c.is_ascii_digit()
                && matches!(behind(digits), Some('.' | ')'))
                && ends_word(behind(digits + 1)) =>
        {
            Some(digits)
        }
        _ => None,
    };
    match sign {
        Some(at) => format!("{}\\{}", &line[..at], &line[at..]),
        None => line.to_owned(),
    }
}
