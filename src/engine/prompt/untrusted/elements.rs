//! What raw HTML does to a text: comments, tags with words in them, and elements that a page does not show.

use super::html::{self, Piece, Tag, words_in};
use super::markdown::{Edit, target};
use super::{Kind, has_words, hidden, marked};
use crate::engine::scan::is_receipt;
use std::ops::Range;

/// Collects the raw HTML of one text, in order.
#[derive(Debug)]
pub(super) struct Elements<'a> {
    source: &'a str,
    /// Tags with their places, for finding the ends of hidden elements.
    tags: Vec<(Range<usize>, Tag)>,
    edits: Vec<Edit>,
    /// Something that is never closed has taken all the rest.
    is_swallowed: bool,
}

impl<'a> Elements<'a> {
    pub(super) fn of(source: &'a str) -> Self {
        Self {
            source,
            tags: Vec::new(),
            edits: Vec::new(),
            is_swallowed: false,
        }
    }

    /// Takes one stretch of raw HTML. `text` is what the reader made of it: without the marks of quotes and lists.
    pub(super) fn take(&mut self, range: Range<usize>, text: &str) {
        if self.is_swallowed {
            return;
        }
        let pieces = html::pieces(text);
        if self.source.get(range.clone()) == Some(text) {
            for (place, piece) in pieces {
                self.piece(range.start + place.start..range.start + place.end, piece);
            }
        } else if pieces.iter().any(|(_, piece)| is_suspect(piece)) {
            // Places in the text are not places in the source here, so all of it is marked.
            let hides = |(_, piece): &(Range<usize>, Piece)| match piece {
                Piece::Open => true,
                Piece::Tag(tag) => tag.hides(),
                Piece::Comment(_) => false,
            };
            self.is_swallowed = pieces.iter().any(hides);
            let end = match self.is_swallowed {
                true => self.source.len(),
                false => range.end,
            };
            let words = &self.source[range.start..end];
            self.edit(range.start..end, Kind::HiddenElement, hidden(words));
        }
    }

    fn piece(&mut self, place: Range<usize>, piece: Piece) {
        match piece {
            Piece::Comment(_) if is_receipt(self.source[place.clone()].as_bytes()) => {
                self.edits.push(Edit::new(place, None, String::new()));
            }
            Piece::Comment(words) if has_words(&words) => {
                self.edit(place, Kind::HtmlComment, hidden(&words));
            }
            Piece::Comment(_) => {}
            Piece::Open => {
                self.is_swallowed = true;
                let rest = place.start..self.source.len();
                let words = hidden(&self.source[rest.clone()]);
                self.edit(rest, Kind::HtmlComment, words);
            }
            Piece::Tag(tag) => {
                self.tag(place.clone(), &tag);
                self.tags.push((place, tag));
            }
        }
    }

    fn tag(&mut self, place: Range<usize>, tag: &Tag) {
        if tag.hides() {
            // All of the element is marked, its tag included.
            return;
        }
        let wordy = tag.wordy();
        if tag.name == "img" {
            return self.image(place, tag, &wordy);
        }
        if !tag.is_known() {
            let mut words = vec![tag.name.clone()];
            words.extend(wordy);
            let text = hidden(&words.join(" "));
            return self.edit(place, Kind::UnknownTag, text);
        }
        let address = ["href", "src", "srcset"]
            .into_iter()
            .find_map(|name| Some((name, tag.attribute(name)?)));
        let bad = address.and_then(|(_, address)| target(address));
        if wordy.is_empty() && bad.is_none() {
            return;
        }
        let kept = match (address, &bad) {
            (Some((name, address)), None) => format!(" {name}=\"{address}\""),
            _ => String::new(),
        };
        let end = if tag.is_end { "/" } else { "" };
        let mut text = format!("<{end}{}{kept}>", tag.name);
        let kind = match wordy.is_empty() {
            true => Kind::LinkTarget,
            false => Kind::HtmlAttribute,
        };
        text.push_str(&hidden(&wordy.join(" ")));
        text.push_str(&bad.unwrap_or_default());
        self.edit(place, kind, text);
    }

    /// An image is its text; the other attributes are hidden words.
    fn image(&mut self, place: Range<usize>, tag: &Tag, wordy: &[String]) {
        let alt = tag.attribute("alt").unwrap_or_default();
        let others: Vec<&str> = wordy
            .iter()
            .map(String::as_str)
            .filter(|words| !words.starts_with("alt: ") && *words != "alt")
            .collect();
        let bad = tag.attribute("src").and_then(target);
        if !has_words(alt) && others.is_empty() && bad.is_none() {
            return;
        }
        let kind = match others.is_empty() {
            true => Kind::ImageText,
            false => Kind::HtmlAttribute,
        };
        let text = marked("[image text: ", &square(alt), "]")
            + &hidden(&others.join(" "))
            + &bad.unwrap_or_default();
        self.edit(place, kind, text);
    }

    fn edit(&mut self, range: Range<usize>, kind: Kind, text: String) {
        self.edits.push(Edit::new(range, Some(kind), text));
    }

    /// All edits, those of hidden elements included.
    pub(super) fn finish(mut self) -> Vec<Edit> {
        let mut at = 0;
        while at < self.tags.len() {
            let (place, tag) = &self.tags[at];
            if !tag.hides() {
                at += 1;
                continue;
            }
            let folds = tag.name == "details" && tag.attributes.is_empty();
            let start = place.start;
            let last = end_of(&self.tags, at);
            // Without an end tag the element reaches to the end of the page.
            let end = last.map_or(self.source.len(), |last| self.tags[last].0.end);
            let words = hidden(&without_bare_tags(&self.source[start..end]));
            let behind = last.map_or(self.tags.len(), |last| last + 1);
            if folds {
                self.edits.push(Edit::folded(start..end, words));
                self.inside_fold(at + 1..behind, end);
            } else {
                self.edit(start..end, Kind::HiddenElement, words);
            }
            at = behind;
        }
        self.edits
    }

    /// Elements within a folded one that stay hidden when it is opened. `tags` by index; the folded one ends at `end`.
    fn inside_fold(&mut self, tags: Range<usize>, end: usize) {
        let mut at = tags.start;
        while at < tags.end {
            let (place, tag) = &self.tags[at];
            if !tag.hides() || (tag.name == "details" && tag.attributes.is_empty()) {
                at += 1;
                continue;
            }
            let start = place.start;
            let last = end_of(&self.tags[..tags.end], at);
            let end = last.map_or(end, |last| self.tags[last].0.end);
            let words = hidden(&without_bare_tags(&self.source[start..end]));
            self.edit(start..end, Kind::HiddenElement, words);
            at = last.map_or(tags.end, |last| last + 1);
        }
    }
}

/// Index of the end tag of the element that begins at `open`.
fn end_of(tags: &[(Range<usize>, Tag)], open: usize) -> Option<usize> {
    let name = &tags[open].1.name;
    let mut depth = 0;
    for (at, (_, tag)) in tags.iter().enumerate().skip(open) {
        if tag.name == *name {
            depth += if tag.is_end { -1 } else { 1 };
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Whether a piece holds words that a page does not show.
fn is_suspect(piece: &Piece) -> bool {
    match piece {
        Piece::Open => true,
        Piece::Comment(words) => has_words(words),
        Piece::Tag(tag) => tag.hides() || !tag.is_known() || !tag.wordy().is_empty(),
    }
}

/// The words of an element without tags that say nothing but their name.
fn without_bare_tags(html: &str) -> String {
    let mut out = String::new();
    let mut pos = 0;
    for (place, piece) in html::pieces(html) {
        let is_bare =
            matches!(&piece, Piece::Tag(tag) if tag.is_known() && tag.attributes.is_empty());
        if is_bare {
            out.push_str(&html[pos..place.start]);
            pos = place.end;
        }
    }
    out.push_str(&html[pos..]);
    out
}

/// Words for between square brackets.
pub(super) fn square(words: &str) -> String {
    words.replace(['[', ']', '(', ')'], " ")
}

/// Whether a label is more than a name: `RFC 7519, section 4` is one.
pub(super) fn is_sentence(label: &str) -> bool {
    words_in(label) > 4
}
