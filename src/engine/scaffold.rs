//! A new discussion: the text of the file and what the file is called. Decides no place and reads no clock.

use super::header::MARKER;
use super::reply;
use super::template::Template;
use crate::ids::Alias;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest title, in characters: it stands in tables and in the titles of checks.
const TITLE_CHARS: usize = 120;

/// Longest part of a file name that comes from the title, in characters and in bytes. File systems take 255 bytes,
/// and the ending and temporary files beside it need some of them.
const STEM_CHARS: usize = 60;
const STEM_BYTES: usize = 160;

/// Ending of the files.
pub const ENDING: &str = ".discussion.md";

/// What a file is called whose title has no letter or digit.
const WITHOUT_LETTERS: &str = "untitled";

/// Names that Windows keeps for devices, whatever ending follows.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// Why a title is refused; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TitleError {
    /// Nothing to see in it.
    #[error("the title is empty; write a few words that say what is to be decided")]
    Empty,
    /// More than [`TITLE_CHARS`].
    #[error(
        "the title has {0} characters, {TITLE_CHARS} fit; say it shortly and write the rest into the file"
    )]
    TooLong(usize),
    /// A line end or another control character.
    #[error(
        "the title has a line end or another control character in it; write it on one line, as plain text"
    )]
    ControlCharacter,
    /// It would end the comment that holds it.
    #[error("`{0}` in the title would end the header line that holds it; leave it out")]
    EndsComment(&'static str),
}

/// A title that can stand in a header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// Reads a title; blanks at its ends go, several blanks become one.
    ///
    /// # Errors
    /// When it would not be read back as written.
    pub fn parse(text: &str) -> Result<Self, TitleError> {
        let title = text
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        if reply::heading(&title).is_empty() {
            return Err(TitleError::Empty);
        }
        let breaks_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if title.chars().any(breaks_line) {
            return Err(TitleError::ControlCharacter);
        }
        // Browsers end a comment at the second one as well.
        if let Some(end) = ["-->", "--!>"].into_iter().find(|end| title.contains(end)) {
            return Err(TitleError::EndsComment(end));
        }
        match title.chars().count() {
            count if count > TITLE_CHARS => Err(TitleError::TooLong(count)),
            _ => Ok(Self(title)),
        }
    }

    /// The title as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the file: the title's letters and digits in lower case, hyphens between them, `.discussion.md`.
    pub fn file_name(&self) -> String {
        format!("{}{ENDING}", stem(&self.0))
    }
}

/// What a new file says.
#[derive(Debug, Clone, Copy)]
pub struct NewDiscussion<'a> {
    /// The title.
    pub title: &'a Title,
    /// Its phases and the headings of the file.
    pub template: &'a Template,
    /// The panel; empty: the configuration's, and no line for it.
    pub participants: &'a [Alias],
    /// RFC 3339 in UTC, to the second.
    pub created: &'a str,
    /// One line of Markdown below the headings, which says how to go on.
    pub closing: &'a str,
}

impl NewDiscussion<'_> {
    /// The whole file, LF, as formatters leave it. It ends with a separator, so that a first block follows at once.
    pub fn render(&self) -> String {
        let aliases: Vec<&str> = self.participants.iter().map(Alias::as_str).collect();
        let fields = [
            ("Title", self.title.as_str().to_owned()),
            ("Phase", self.template.first_phase.clone()),
            ("Status", "OPEN".to_owned()),
            ("Created", self.created.to_owned()),
            ("Template", self.template.name.clone()),
            ("Participants", aliases.join(", ")),
        ];
        let mut header = MARKER.to_owned();
        for (key, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            header.push_str(&format!("\n<!-- {key}: {value} -->"));
        }
        let mut parts = vec![header, format!("# {}", reply::heading(self.title.as_str()))];
        let headings = self.template.sections.iter();
        let headings = headings.map(|section| reply::heading(section));
        parts.extend(
            headings
                .filter(|heading| !heading.is_empty())
                .map(|heading| format!("## {heading}")),
        );
        parts.extend([
            "---".to_owned(),
            format!("_{}_", self.closing),
            "---".to_owned(),
        ]);
        parts.join("\n\n") + "\n"
    }
}

/// The part of a file name that comes from a title. Letters stay in their script: a transliteration would be a guess.
fn stem(title: &str) -> String {
    let mut stem = String::new();
    let mut apart = false;
    let folded = title.nfkc().flat_map(char::to_lowercase).nfc();
    for c in folded {
        let is_part = c.is_alphanumeric() || (is_combining_mark(c) && !stem.is_empty() && !apart);
        // An apostrophe stands inside a word: `don't` is one.
        if matches!(c, '\'' | '\u{2019}') {
            continue;
        }
        if !is_part {
            apart = !stem.is_empty();
            continue;
        }
        let hyphen = usize::from(apart);
        if stem.chars().count() + hyphen >= STEM_CHARS
            || stem.len() + hyphen + c.len_utf8() > STEM_BYTES
        {
            return usable(cut_at_word(&stem, apart));
        }
        if apart {
            stem.push('-');
            apart = false;
        }
        stem.push(c);
    }
    usable(&stem)
}

/// A stem that was cut, without the half word at its end unless that is most of it.
fn cut_at_word(stem: &str, ends_word: bool) -> &str {
    match stem.rfind('-') {
        Some(at) if !ends_word && at * 2 > stem.len() => &stem[..at],
        _ => stem,
    }
}

fn usable(stem: &str) -> String {
    if stem.is_empty() {
        return WITHOUT_LETTERS.to_owned();
    }
    let is_numbered = |device: &&str| {
        let digit = stem.strip_prefix(*device).unwrap_or_default();
        digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit()
    };
    if DEVICES.contains(&stem) || NUMBERED_DEVICES.iter().any(is_numbered) {
        return format!("about-{stem}");
    }
    stem.to_owned()
}
