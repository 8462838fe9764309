//! HTML as Markdown sees it: what starts a block of it, what ends it, and how far a tag reaches.

use memchr::memmem;
use std::collections::HashSet;
use std::ops::Range;

/// How an HTML block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockEnd {
    /// On the line that holds this terminator, in any case.
    At(&'static str),
    /// At a blank line. Tags of this kind (`<details>`, `<div>`, ...) leave the text between them visible.
    Blank,
}

/// Elements whose content is raw; the block ends with their own end tag.
const RAW_ELEMENTS: [(&str, &str); 4] = [
    ("pre", "</pre>"),
    ("script", "</script>"),
    ("style", "</style>"),
    ("textarea", "</textarea>"),
];

/// Elements that start a block which ends at a blank line (CommonMark 0.31, HTML blocks, condition 6), sorted.
const BLOCK_ELEMENTS: [&str; 62] = [
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];

/// What kind of HTML block the text, which starts with `<`, begins. `may_be_any_tag` is false where text of a
/// paragraph would have to be interrupted, which a lone tag of another name cannot.
pub(super) fn block_start(line: &[u8], may_be_any_tag: bool) -> Option<BlockEnd> {
    if let Some(terminator) = hidden_start(line).or_else(|| raw_element_end(line)) {
        return Some(BlockEnd::At(terminator));
    }
    let name = tag_name(line)?;
    let is_block_element = {
        let lower = line[name.clone()].to_ascii_lowercase();
        BLOCK_ELEMENTS
            .binary_search_by(|element| element.as_bytes().cmp(&lower))
            .is_ok()
    };
    let ends_well = match line.get(name.end) {
        None | Some(b' ' | b'\t' | b'>') => true,
        Some(b'/') => line.get(name.end + 1) == Some(&b'>'),
        Some(_) => false,
    };
    if is_block_element && ends_well {
        return Some(BlockEnd::Blank);
    }
    let end = may_be_any_tag.then(|| TagMemory::default().tag_end(line, 0, line.len()))??;
    let only_tag = line[end..].iter().all(|b| matches!(b, b' ' | b'\t'));
    only_tag.then_some(BlockEnd::Blank)
}

/// The terminator of the comment, CDATA section, declaration or instruction that starts here.
pub(super) fn hidden_start(text: &[u8]) -> Option<&'static str> {
    match text.get(1)? {
        b'!' if text.starts_with(b"<!--") => Some("-->"),
        b'!' if text.starts_with(b"<![CDATA[") => Some("]]>"),
        b'!' if text.get(2).is_some_and(u8::is_ascii_alphabetic) => Some(">"),
        b'?' => Some("?>"),
        _ => None,
    }
}

/// The end tag of the raw element that starts here, if one does.
pub(super) fn raw_element_end(tag: &[u8]) -> Option<&'static str> {
    RAW_ELEMENTS.iter().find_map(|(name, end)| {
        let behind = tag.get(1..)?.split_at_checked(name.len())?;
        let delimited = behind
            .1
            .first()
            .is_none_or(|b| b.is_ascii_whitespace() || *b == b'>');
        (behind.0.eq_ignore_ascii_case(name.as_bytes()) && delimited).then_some(*end)
    })
}

/// Where the name of an open or end tag stands.
fn tag_name(tag: &[u8]) -> Option<Range<usize>> {
    let start = 1 + usize::from(tag.get(1) == Some(&b'/'));
    let name = tag.get(start..)?;
    let len = name
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    (len > 0).then_some(start..start + len)
}

/// Where `terminator` ends, searched from `from`; letters match in any case.
pub(super) fn terminator_end(
    bytes: &[u8],
    from: usize,
    to: usize,
    terminator: &str,
) -> Option<usize> {
    let hay = bytes.get(from..to)?;
    let needle = terminator.as_bytes();
    if !needle.starts_with(b"</") {
        return memmem::find(hay, needle).map(|at| from + at + needle.len());
    }
    memmem::find_iter(hay, b"</").find_map(|at| {
        let candidate = hay.get(at..at + needle.len())?;
        candidate
            .eq_ignore_ascii_case(needle)
            .then_some(from + at + needle.len())
    })
}

/// Where a comment opens in a raw element that its end tag does not end: `<pre>` holds HTML, the others only text.
pub(super) fn open_comment(element: &[u8], end_tag: &str) -> Option<usize> {
    if end_tag != "</pre>" {
        return None;
    }
    let mut pos = 0;
    loop {
        let open = pos + memmem::find(&element[pos..], b"<!--")?;
        match terminator_end(element, open + 2, element.len(), "-->") {
            Some(end) => pos = end,
            None => return Some(open),
        }
    }
}

/// Where the last `terminator` of the file ends.
pub(super) fn last_terminator_end(bytes: &[u8], terminator: &str) -> Option<usize> {
    let needle = terminator.as_bytes();
    bytes
        .windows(needle.len())
        .rposition(|window| window.eq_ignore_ascii_case(needle))
        .map(|at| at + needle.len())
}

/// Reads tags within one stretch of text and remembers which attribute values led nowhere, so that many unfinished
/// tags stay linear.
#[derive(Debug, Default)]
pub(super) struct TagMemory {
    dead_values: HashSet<usize>,
}

impl TagMemory {
    /// Where the open or end tag that starts at `at` ends.
    pub(super) fn tag_end(&mut self, bytes: &[u8], at: usize, end: usize) -> Option<usize> {
        let mut values = Vec::new();
        let found = self.read_tag(&bytes[..end], at, &mut values);
        if found.is_none() {
            self.dead_values.extend(values);
        }
        found
    }

    fn read_tag(&self, text: &[u8], at: usize, values: &mut Vec<usize>) -> Option<usize> {
        let is_end_tag = text.get(at + 1) == Some(&b'/');
        let name = at + 1 + usize::from(is_end_tag);
        if !text.get(name)?.is_ascii_alphabetic() {
            return None;
        }
        let mut pos = skip(text, name, |b| b.is_ascii_alphanumeric() || b == b'-');
        loop {
            let after_blanks = skip(text, pos, is_white);
            match text.get(after_blanks)? {
                b'>' => return Some(after_blanks + 1),
                b'/' if !is_end_tag && text.get(after_blanks + 1) == Some(&b'>') => {
                    return Some(after_blanks + 2);
                }
                _ if is_end_tag || after_blanks == pos => return None,
                _ => pos = self.read_attribute(text, after_blanks, values)?,
            }
        }
    }

    fn read_attribute(&self, text: &[u8], at: usize, values: &mut Vec<usize>) -> Option<usize> {
        let first = text.get(at)?;
        if !(first.is_ascii_alphabetic() || matches!(first, b'_' | b':')) {
            return None;
        }
        let name_end = skip(text, at, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.' | b'-')
        });
        let equals = skip(text, name_end, is_white);
        if text.get(equals) != Some(&b'=') {
            return Some(name_end);
        }
        let value = skip(text, equals + 1, is_white);
        match *text.get(value)? {
            quote @ (b'"' | b'\'') => {
                if self.dead_values.contains(&value) {
                    return None;
                }
                values.push(value);
                memchr::memchr(quote, &text[value + 1..]).map(|len| value + len + 2)
            }
            _ => {
                let is_plain =
                    |b: u8| !is_white(b) && !matches!(b, b'"' | b'\'' | b'=' | b'<' | b'>' | b'`');
                let value_end = skip(text, value, is_plain);
                (value_end > value).then_some(value_end)
            }
        }
    }
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn skip(text: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    from + text[from..].iter().take_while(|b| wanted(**b)).count()
}

/// Where the autolink (`<https://...>`, `<a@b.example>`) that starts at `at` ends.
pub(super) fn autolink_end(bytes: &[u8], at: usize, end: usize) -> Option<usize> {
    let text = &bytes[..end];
    let stop = skip(text, at + 1, |b| !matches!(b, b'<' | b'>') && b > b' ');
    let inside = text.get(at + 1..stop)?;
    (text.get(stop) == Some(&b'>') && (is_uri(inside) || is_email(inside))).then_some(stop + 1)
}

fn is_uri(text: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', text) else {
        return false;
    };
    (2..=32).contains(&colon)
        && text[0].is_ascii_alphabetic()
        && text[..colon]
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
}

fn is_email(text: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', text) else {
        return false;
    };
    let local = &text[..at];
    let is_local = |b: &u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(b);
    let is_label = |label: &[u8]| {
        let fits = (1..=63).contains(&label.len());
        fits && label
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && label.first() != Some(&b'-')
            && label.last() != Some(&b'-')
    };
    !local.is_empty()
        && local.iter().all(is_local)
        && text[at + 1..].split(|b| *b == b'.').all(is_label)
}
