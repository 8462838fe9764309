//! Data that nobody reads, lines that look like a delimiter of ours, and words that some models take for the end of a
//! message. These are shown to readers too, so they need no mark as hidden; they are left out or broken.

use super::Kind;
use super::places::Tally;
use std::ops::Range;

/// Longest run of encoded data that stays, in characters.
const LONGEST_RUN: usize = 200;
/// A line of such a run that goes on over line ends has at least this many characters.
const SHORTEST_LINE: usize = 40;
/// Fewer different characters are a rule or a border of a table.
const FEWEST_KINDS: usize = 10;

/// Words that chat templates of open models are made of, beside those like `<|im_end|>`.
const CHAT_TOKENS: [&str; 6] = [
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<start_of_turn>",
    "<end_of_turn>",
];

/// Longest media type of a data address, in bytes.
const LONGEST_MEDIA_TYPE: usize = 200;

/// Longest name between `<|` and `|>`, in bytes.
const LONGEST_TOKEN: usize = 40;

/// Replaces and breaks them.
pub(super) fn pass(text: &str, tally: &mut Tally) -> String {
    let text = without_data_urls(text, tally);
    let text = without_encoded_data(&text, tally);
    let text = without_look_alikes(&text, tally);
    without_chat_tokens(text, tally)
}

fn replaced(text: &str, ranges: &[Range<usize>], note: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pos = 0;
    for range in ranges {
        out.push_str(&text[pos..range.start]);
        out.push_str(&note(&text[range.clone()]));
        pos = range.end;
    }
    out.push_str(&text[pos..]);
    out
}

fn without_data_urls(text: &str, tally: &mut Tally) -> String {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, scheme) in lower.match_indices("data:") {
        let follows_word = lower[..at].ends_with(|c: char| c.is_alphanumeric());
        if follows_word || found.last().is_some_and(|last| at < last.end) {
            continue;
        }
        let body = &lower[at + scheme.len()..];
        let head = &body.as_bytes()[..body.len().min(LONGEST_MEDIA_TYPE)];
        let Some(comma) = head.iter().position(|b| *b == b',') else {
            continue;
        };
        let is_typed = head[..comma].iter().any(|b| matches!(b, b'/' | b';'));
        let is_kind = |b: &u8| b.is_ascii_alphanumeric() || b"/;=.+-".contains(b);
        if !is_typed || !head[..comma].iter().all(is_kind) {
            continue;
        }
        let ends =
            |c: char| c.is_whitespace() || matches!(c, ')' | '"' | '\'' | '<' | '>' | ']' | '`');
        let len = body.find(ends).unwrap_or(body.len());
        if len > comma + 1 {
            found.push(at..at + scheme.len() + len);
        }
    }
    tally.add_at(Kind::DataUrl, text, found.iter().map(|range| range.start));
    replaced(text, &found, |url| {
        format!(
            "[left out: a data address of {} characters]",
            url.chars().count()
        )
    })
}

fn without_encoded_data(text: &str, tally: &mut Tally) -> String {
    let mut found: Vec<Range<usize>> = Vec::new();
    // The run that may go on over the next line end, and the characters in it.
    let mut open: Option<(Range<usize>, usize)> = None;
    let mut runs = runs(text).peekable();
    while let Some(run) = runs.next() {
        let joined = match open.take() {
            Some((before, len))
                if goes_on(text, before.end, run.start) && run.len() >= SHORTEST_LINE =>
            {
                (before.start..run.end, len + run.len())
            }
            _ => (run.clone(), run.len()),
        };
        // The last line of a run may be short.
        let next = runs
            .peek()
            .filter(|next| goes_on(text, run.end, next.start));
        let ends_short =
            next.is_some_and(|next| next.len() < SHORTEST_LINE && ends_line(text, next.end));
        let joined = match next {
            Some(next) if ends_short && joined.1 > LONGEST_RUN => {
                (joined.0.start..next.end, joined.1)
            }
            _ => joined,
        };
        let goes_further =
            next.is_some_and(|next| next.len() >= SHORTEST_LINE) && run.len() >= SHORTEST_LINE;
        if goes_further {
            open = Some(joined);
        } else if joined.1 > LONGEST_RUN && is_data(&text[joined.0.clone()]) {
            found.push(joined.0);
        }
    }
    tally.add_at(
        Kind::EncodedData,
        text,
        found.iter().map(|range| range.start),
    );
    // Each becomes one line.
    tally.edited(text, found.iter().map(|range| (range.clone(), "")));
    replaced(text, &found, |run| {
        format!(
            "[left out: {} characters of encoded data]",
            run.chars().count()
        )
    })
}

/// Runs of characters that encodings are made of.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_encoded = |b: u8| b.is_ascii_alphanumeric() || b"+/=_-%".contains(&b);
    let bytes = text.as_bytes();
    let mut pos = 0;
    std::iter::from_fn(move || {
        let start = pos + bytes[pos..].iter().position(|b| is_encoded(*b))?;
        let len = bytes[start..]
            .iter()
            .take_while(|b| is_encoded(**b))
            .count();
        pos = start + len;
        Some(start..pos)
    })
}

/// Whether nothing but one line end and blanks stands between two runs.
fn goes_on(text: &str, end: usize, start: usize) -> bool {
    let between = &text[end..start];
    between.matches('\n').count() == 1 && between.trim().is_empty()
}

fn ends_line(text: &str, at: usize) -> bool {
    text[at..].is_empty() || text[at..].starts_with('\n')
}

fn is_data(run: &str) -> bool {
    let mut kinds: Vec<u8> = run.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.len() >= FEWEST_KINDS
}

/// A line like `<<<WORD name` or `WORD>>>`, whatever angle brackets it is drawn with. Seven of them are what git writes
/// into a conflict; that stays.
fn without_look_alikes(text: &str, tally: &mut Tally) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let plain: String = line.trim().chars().map(plain_angle).collect();
        match inside_look_alike(&plain) {
            Some(words) => {
                tally.add(Kind::LookAlikeDelimiter, number);
                out.push_str(&format!("(looks like a delimiter: {})", words.trim()));
                if line.ends_with('\n') {
                    out.push('\n');
                }
            }
            None => out.push_str(line),
        }
    }
    out
}

fn inside_look_alike(line: &str) -> Option<&str> {
    let is_ours = |len: usize| len >= 3 && len != 7;
    let opened = line.trim_start_matches('<');
    if is_ours(line.len() - opened.len()) && opened.trim_start().starts_with(char::is_alphanumeric)
    {
        return Some(opened);
    }
    let closed = line.trim_end_matches('>');
    let word = closed.trim_end();
    let is_word = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (is_ours(line.len() - closed.len()) && is_word).then_some(closed)
}

/// Angle brackets of other scripts and notations as the plain ones.
fn plain_angle(c: char) -> char {
    match c {
        '\u{ff1c}' | '‹' | '\u{2329}' | '\u{3008}' | '⟨' | '❮' | '❰' | '\u{2c2}' | '\u{1438}'
        | '⟪' | '《' | '«' | '\u{fe64}' | '≪' => '<',
        '\u{ff1e}' | '›' | '\u{232a}' | '\u{3009}' | '⟩' | '❯' | '❱' | '\u{2c3}' | '\u{1433}'
        | '⟫' | '》' | '»' | '\u{fe65}' | '≫' => '>',
        _ => c,
    }
}

fn without_chat_tokens(mut text: String, tally: &mut Tally) -> String {
    for token in CHAT_TOKENS {
        if text.contains(token) {
            let starts = text.match_indices(token).map(|(at, _)| at);
            tally.add_at(Kind::ChatToken, &text, starts);
            let (first, rest) = token.split_at(1);
            text = text.replace(token, &format!("{first} {rest}"));
        }
    }
    let piped: Vec<Range<usize>> = text
        .match_indices("<|")
        .filter_map(|(at, open)| {
            let inside = &text.as_bytes()[at + open.len()..];
            let near = &inside[..inside.len().min(LONGEST_TOKEN + 2)];
            let len = near.windows(2).position(|pair| pair == b"|>")?;
            let is_name = !near[..len]
                .iter()
                .any(|b| b.is_ascii_whitespace() || *b == b'<');
            is_name.then_some(at..at + open.len())
        })
        .collect();
    tally.add_at(
        Kind::ChatToken,
        &text,
        piped.iter().map(|range| range.start),
    );
    replaced(&text, &piped, |_| "< |".to_owned())
}
