//! Raw HTML cut into tags, comments and text, and what of a tag a page does not show.

use super::has_words;
use std::ops::Range;

/// One piece of raw HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A comment, declaration, instruction or CDATA section, with the words in it.
    Comment(String),
    /// An open or end tag.
    Tag(Tag),
    /// A comment or tag that does not end here: a browser swallows all that follows.
    Open,
}

/// An open or end tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// Name in lower case.
    pub name: String,
    /// `</name>`.
    pub is_end: bool,
    /// Name in lower case and value, empty where there is none.
    pub attributes: Vec<(String, String)>,
}

/// Names of tags that pages show, as far as GitHub lets them through.
const KNOWN: [&str; 71] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "button",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "label",
    "li",
    "main",
    "mark",
    "nav",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// More names that pages show: rarely met.
const KNOWN_TOO: [&str; 8] = ["tt", "u", "var", "wbr", "rp", "rt", "ruby", "time"];

/// Elements whose content no page shows, or only folded.
const HIDING: [&str; 18] = [
    "details", "template", "script", "style", "title", "noscript", "noframes", "noembed", "head",
    "iframe", "object", "audio", "video", "canvas", "dialog", "datalist", "textarea", "svg",
];

/// Elements that have no content.
const VOID: [&str; 8] = ["img", "br", "hr", "input", "col", "source", "wbr", "meta"];

/// Attributes that say how and not what.
const PLAIN: [&str; 22] = [
    "align", "valign", "width", "height", "border", "colspan", "rowspan", "start", "type", "open",
    "id", "class", "name", "dir", "lang", "media", "rel", "target", "color", "size", "reversed",
    "value",
];

/// Longest value of such an attribute, in bytes.
const LONGEST_PLAIN: usize = 40;

/// Most words in such a value, however they are joined.
const MOST_WORDS: usize = 3;

/// Pieces of `text` with their places, in order; what is between them is text that is shown. What is left open reaches
/// to the end.
pub(super) fn pieces(text: &str) -> Vec<(Range<usize>, Piece)> {
    let mut found = Vec::new();
    let mut pos = 0;
    while let Some(ahead) = text[pos..].find('<') {
        let start = pos + ahead;
        match piece(&text[start..]) {
            Some((len, piece)) => {
                pos = start + len;
                found.push((start..pos, piece));
            }
            None => pos = start + 1,
        }
    }
    found
}

/// The piece at the start of `text`, which begins with `<`, and its length.
fn piece(text: &str) -> Option<(usize, Piece)> {
    let skipped = [
        ("<!-->", ""),
        ("<!--->", ""),
        ("<!--", "-->"),
        ("<![CDATA[", "]]>"),
        ("<?", "?>"),
        ("<!", ">"),
    ];
    for (open, close) in skipped {
        let Some(inside) = text.strip_prefix(open) else {
            continue;
        };
        let Some(len) = inside.find(close) else {
            return Some((text.len(), Piece::Open));
        };
        let end = open.len() + len + close.len();
        return Some((end, Piece::Comment(inside[..len].to_owned())));
    }
    let (len, tag) = tag(text)?;
    Some(tag.map_or((text.len(), Piece::Open), |tag| (len, Piece::Tag(tag))))
}

/// The tag at the start of `text` and its length; no tag inside where it does not end. Read as browsers do: leniently, so
/// that nothing hides in a tag that is not quite one.
fn tag(text: &str) -> Option<(usize, Option<Tag>)> {
    let mut rest = &text[1..];
    let is_end = rest.starts_with('/');
    rest = rest.strip_prefix('/').unwrap_or(rest);
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let name_len = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
        .unwrap_or(rest.len());
    let name = rest[..name_len].to_lowercase();
    rest = &rest[name_len..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return Some((text.len(), None));
        }
        if let Some(behind) = rest.strip_prefix('>') {
            rest = behind;
            break;
        }
        let (behind, attribute) = attribute(rest);
        rest = behind;
        attributes.push(attribute);
    }
    let tag = Tag {
        name,
        is_end,
        attributes,
    };
    Some((text.len() - rest.len(), Some(tag)))
}

/// Reads one attribute; gives what follows. Takes at least one character.
fn attribute(text: &str) -> (&str, (String, String)) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let ends_name = |c: char| c.is_whitespace() || matches!(c, '>' | '/' | '=');
    let name_len = text[first..]
        .find(ends_name)
        .map_or(text.len(), |len| first + len);
    let (name, behind) = text.split_at(name_len);
    let name = name.to_lowercase();
    let Some(value) = behind.trim_start().strip_prefix('=') else {
        return (behind, (name, String::new()));
    };
    let value = value.trim_start();
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote) {
            let (value, behind) = inside.split_once(quote).unwrap_or((inside, ""));
            return (behind, (name, value.to_owned()));
        }
    }
    let len = value
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(value.len());
    let (value, behind) = value.split_at(len);
    (behind, (name, value.to_owned()))
}

impl Tag {
    /// Whether pages know the name.
    pub(super) fn is_known(&self) -> bool {
        let names = KNOWN.iter().chain(&KNOWN_TOO).chain(&HIDING).chain(&VOID);
        names.into_iter().any(|known| *known == self.name)
    }

    /// Whether an element begins here of which a page shows nothing, or only after a click.
    pub(super) fn hides(&self) -> bool {
        if self.is_end || VOID.contains(&self.name.as_str()) {
            return false;
        }
        let is_open = self.name == "details" && self.attribute("open").is_some();
        (HIDING.contains(&self.name.as_str()) && !is_open)
            || self.attribute("hidden").is_some()
            || self.attribute("aria-hidden") == Some("true")
            || self.attribute("style").is_some_and(style_hides)
            || self
                .attribute("size")
                .is_some_and(|size| size.trim() == "0")
            || ["width", "height"]
                .iter()
                .any(|name| self.attribute(name).is_some_and(is_nothing))
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(known, _)| known == name)?;
        Some(found.1.as_str())
    }

    /// Attributes whose words no page shows: those that are not known to be plain. Addresses are for the caller.
    pub(super) fn wordy(&self) -> Vec<String> {
        let is_wordy = |(name, value): &&(String, String)| {
            let is_short = value.len() <= LONGEST_PLAIN && words_in(value) <= MOST_WORDS;
            let is_plain = PLAIN.contains(&name.as_str()) && is_short;
            let is_address = matches!(name.as_str(), "href" | "src" | "srcset");
            !(is_plain || is_address)
        };
        let wordy = self.attributes.iter().filter(is_wordy);
        wordy
            .map(|(name, value)| match value.as_str() {
                "" => name.clone(),
                value => format!("{name}: {value}"),
            })
            .collect()
    }
}

/// Whether a style makes an element one that nobody sees.
fn style_hides(style: &str) -> bool {
    let plain: String = style
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let signs = [
        "display:none",
        "visibility:hidden",
        "visibility:collapse",
        "opacity:0",
        "font-size:0",
        "font-size:1px",
        "width:0",
        "height:0",
        "clip:",
        "clip-path:",
        "text-indent:-",
        "left:-",
        "top:-",
        "color:white",
        "color:#fff",
        "color:transparent",
        "content-visibility:hidden",
    ];
    signs.iter().any(|sign| plain.contains(sign))
}

/// A size of nothing.
fn is_nothing(size: &str) -> bool {
    matches!(size.trim().trim_end_matches("px"), "0" | "1")
}

/// Words, however they are joined: `vote-ready-now` has three.
pub(super) fn words_in(text: &str) -> usize {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| has_words(word)).count()
}
