//! Characters without a shape: dropped; where they spell words, the words are shown as hidden text.

use super::places::Tally;
use super::{Kind, hidden};
use crate::engine::reply::is_invisible;
use std::iter::Peekable;
use std::str::Chars;

/// Flags that are spelt with tag characters and are drawn: England, Scotland, Wales.
const DRAWN_FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];

/// The text without what has no shape, with LF line ends.
pub(super) fn pass(text: &str, tally: &mut Tally) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = None;
    // The line being read, and for each line written the one that it comes from.
    let mut line = 0;
    let mut from = vec![0];
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                let ends_line = c == '\n' || (c == '\r' && chars.next_if_eq(&'\n').is_some());
                line += usize::from(ends_line);
                from.push(line);
                out.push('\n');
            }
            '\u{e0000}'..='\u{e007f}' => {
                let found = tags(c, before, &mut chars, &mut out);
                found.into_iter().for_each(|kind| tally.add(kind, line));
            }
            _ if selector(c).is_some() => {
                let found = selectors(c, before, &mut chars, &mut out);
                found.into_iter().for_each(|kind| tally.add(kind, line));
            }
            '\u{200c}' | '\u{200d}' if joins(before, c, chars.peek().copied()) => out.push(c),
            _ => match shapeless(c) {
                Some(kind) => tally.add(kind, line),
                None => out.push(c),
            },
        }
        if shapeless(c).is_none() {
            before = Some(c);
        }
    }
    tally.moved(&from);
    out
}

/// What a character is that shows nothing; `None` if it shows something.
pub(super) fn shapeless(c: char) -> Option<Kind> {
    match c {
        '\n' | '\t' => None,
        '\u{ad}' => Some(Kind::SoftHyphen),
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => Some(Kind::ZeroWidth),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(Kind::Bidirectional)
        }
        '\u{e0000}'..='\u{e007f}' => Some(Kind::TagCharacters),
        _ if selector(c).is_some() => Some(Kind::VariationSelectors),
        _ if c.is_control() || is_invisible(c) => Some(Kind::Invisible),
        _ => None,
    }
}

/// A run of tag characters: a flag that is drawn stays, words are shown, the rest goes. Gives what was found.
fn tags(
    first: char,
    before: Option<char>,
    chars: &mut Peekable<Chars<'_>>,
    out: &mut String,
) -> Option<Kind> {
    let mut run = String::from(first);
    while let Some(next) = chars.next_if(|c| matches!(c, '\u{e0000}'..='\u{e007f}')) {
        run.push(next);
    }
    let words: String = run
        .chars()
        .filter_map(|c| char::from_u32(u32::from(c) - 0xe0000))
        .filter(|c| matches!(c, ' '..='~'))
        .collect();
    let is_flag = before == Some('\u{1f3f4}') && run.ends_with('\u{e007f}');
    if is_flag && DRAWN_FLAGS.contains(&words.as_str()) {
        out.push_str(&run);
        return None;
    }
    out.push_str(&hidden(&words));
    Some(Kind::TagCharacters)
}

/// The byte that a variation selector can stand for.
fn selector(c: char) -> Option<u8> {
    let at = u32::from(c);
    let byte = match c {
        '\u{fe00}'..='\u{fe0f}' => at - 0xfe00,
        '\u{e0100}'..='\u{e01ef}' => at - 0xe0100 + 16,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

/// A run of variation selectors: one behind an emoji stays, words spelt in bytes are shown, the rest goes. Gives what
/// was found.
fn selectors(
    first: char,
    before: Option<char>,
    chars: &mut Peekable<Chars<'_>>,
    out: &mut String,
) -> Option<Kind> {
    let mut bytes: Vec<u8> = selector(first).into_iter().collect();
    while let Some(next) = chars.next_if(|c| selector(*c).is_some()) {
        bytes.extend(selector(next));
    }
    let varies = matches!(first, '\u{fe0e}' | '\u{fe0f}') && before.is_some_and(has_emoji_form);
    if bytes.len() == 1 && varies {
        out.push(first);
        return None;
    }
    if let Ok(words) = String::from_utf8(bytes)
        && words.chars().all(|c| shapeless(c).is_none())
    {
        out.push_str(&hidden(&words));
    }
    Some(Kind::VariationSelectors)
}

/// Characters that a selector makes an emoji or plain text (Unicode `emoji-variation-sequences.txt`, by blocks).
fn has_emoji_form(c: char) -> bool {
    matches!(c,
        '#' | '*' | '0'..='9' | '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Whether a joiner stands between characters that it joins or keeps apart: emoji, or letters of scripts that need it.
fn joins(before: Option<char>, joiner: char, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    // Arabic, Syriac, N'Ko and Mandaic; then the scripts of India and its neighbours.
    let needs_joiners = |c: char| matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}');
    let is_emoji = |c: char| has_emoji_form(c) && !c.is_ascii();
    (needs_joiners(before) && needs_joiners(after))
        || (joiner == '\u{200d}' && is_emoji(before) && is_emoji(after))
}
