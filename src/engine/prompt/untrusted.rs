//! Text from a repository made safe to show to a model: whatever a reader of the rendered page cannot see is taken out,
//! or stands there as `(hidden text: ...)`, and is counted.
//!
//! Three passes. [`characters`] drops what has no shape; [`markdown`] reads the text as GitHub does and marks what a page
//! does not show; [`runs`] replaces data that nobody reads and breaks what looks like a delimiter of ours. A text that
//! holds nothing of the kind comes back byte for byte.

mod characters;
mod drawn;
mod elements;
mod encoded;
mod html;
mod markdown;
mod places;
mod runs;

pub use places::Place;

use super::Prompt;
use places::Tally;

/// What a hidden thing is. The order is the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A comment in HTML, or another construct that browsers skip.
    HtmlComment,
    /// An element that is folded or not shown, with all that stands in it.
    HiddenElement,
    /// An attribute of a tag that shows nothing.
    HtmlAttribute,
    /// A tag of a name that pages leave out.
    UnknownTag,
    /// Text that stands in for an image. Usual in honest texts.
    ImageText,
    /// The title of a link or image, shown only under a pointer. Usual in honest texts.
    Title,
    /// A target of a link that is not an address.
    LinkTarget,
    /// A definition, footnote, table cell, word behind a code fence or text of a drawing that no page shows.
    NeverShown,
    /// A comment inside a diagram or a formula.
    DiagramComment,
    /// Letters written as HTML entities.
    EncodedLetters,
    /// Zero-width characters.
    ZeroWidth,
    /// Characters that turn the direction of others around.
    Bidirectional,
    /// Tag characters, which spell words without showing them.
    TagCharacters,
    /// Variation selectors that vary nothing, another way to spell words.
    VariationSelectors,
    /// Soft hyphens.
    SoftHyphen,
    /// Control characters and other characters without a shape.
    Invisible,
    /// A `data:` address.
    DataUrl,
    /// A run of encoded data that nobody reads.
    EncodedData,
    /// A line that looks like the delimiter around text that is not ours.
    LookAlikeDelimiter,
    /// A word that some models take for the end of a message.
    ChatToken,
}

impl Kind {
    /// Singular and plural, for people.
    pub fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::HtmlComment => ("HTML comment", "HTML comments"),
            Self::HiddenElement => ("hidden or folded element", "hidden or folded elements"),
            Self::HtmlAttribute => (
                "attribute with hidden words",
                "attributes with hidden words",
            ),
            Self::UnknownTag => ("tag that is not shown", "tags that are not shown"),
            Self::ImageText => ("image text", "image texts"),
            Self::Title => ("link title", "link titles"),
            Self::LinkTarget => ("unusual link target", "unusual link targets"),
            Self::NeverShown => (
                "definition or remark that is never shown",
                "definitions or remarks that are never shown",
            ),
            Self::DiagramComment => (
                "comment in a diagram or formula",
                "comments in diagrams or formulas",
            ),
            Self::EncodedLetters => ("word in HTML entities", "words in HTML entities"),
            Self::ZeroWidth => ("zero-width character", "zero-width characters"),
            Self::Bidirectional => ("direction control", "direction controls"),
            Self::TagCharacters => ("run of tag characters", "runs of tag characters"),
            Self::VariationSelectors => {
                ("run of variation selectors", "runs of variation selectors")
            }
            Self::SoftHyphen => ("soft hyphen", "soft hyphens"),
            Self::Invisible => ("invisible character", "invisible characters"),
            Self::DataUrl => ("data address", "data addresses"),
            Self::EncodedData => ("long run of encoded data", "long runs of encoded data"),
            Self::LookAlikeDelimiter => (
                "line that looks like a delimiter",
                "lines that look like a delimiter",
            ),
            Self::ChatToken => ("chat control word", "chat control words"),
        }
    }

    /// Whether honest texts are full of it: the words of an image or the title of a link.
    pub fn is_usual(self) -> bool {
        matches!(self, Self::ImageText | Self::Title)
    }
}

/// How many things of one kind were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What.
    pub kind: Kind,
    /// How many; never zero.
    pub count: usize,
}

/// A text that can be shown to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disarmed {
    /// The text, LF line ends.
    pub text: String,
    /// What was taken out or marked, each kind once, in the order of [`Kind`].
    pub marks: Vec<Mark>,
    /// The same thing by thing, by line.
    pub places: Vec<Place>,
}

/// Characters of a discussion's title that people are shown.
pub const TITLE_SHOWN: usize = 120;

/// A title with what people are not shown of it marked.
pub(super) fn title(text: &str) -> String {
    match text.char_indices().nth(TITLE_SHOWN) {
        Some((end, _)) => format!("{} {}", &text[..end], hidden(&text[end..])),
        None => text.to_owned(),
    }
}

/// Takes out or marks what a reader of the rendered page does not see. Receipts are dropped and not counted.
///
/// Our own header lines get no exception: a proposal and a transcript come without them, and an exception would be a
/// place to hide in.
pub fn disarm(text: &str) -> Disarmed {
    let mut tally = Tally::of(text);
    let text = characters::pass(text, &mut tally);
    let text = markdown::pass(&text, &mut tally);
    let text = runs::pass(&text, &mut tally);
    let places = tally.places();
    Disarmed {
        text,
        marks: places::marks(places.iter()),
        places,
    }
}

/// What is hidden in the texts of a prompt that are not ours, all of them taken together.
pub fn marks(prompt: &Prompt) -> Vec<Mark> {
    // A proposal names its title itself, so one that stands there is counted once.
    let title = Some(&prompt.title).filter(|title| !prompt.proposal.contains(*title));
    let texts = title
        .into_iter()
        .chain([&prompt.proposal, &prompt.transcript])
        .chain(&prompt.question)
        .chain(prompt.own_open.iter().map(|(_, text)| text));
    let places: Vec<Place> = texts.flat_map(|text| disarm(text).places).collect();
    places::marks(places.iter())
}

/// The marks in plain words: `3 hidden carriers: 2 HTML comments, 1 soft hyphen`. `None` without marks.
pub fn summary(marks: &[Mark]) -> Option<String> {
    let total: usize = marks.iter().map(|mark| mark.count).sum();
    let kinds: Vec<String> = marks
        .iter()
        .map(|mark| {
            let (one, many) = mark.kind.nouns();
            format!(
                "{} {}",
                mark.count,
                if mark.count == 1 { one } else { many }
            )
        })
        .collect();
    let noun = if total == 1 { "carrier" } else { "carriers" };
    (total > 0).then(|| format!("{total} hidden {noun}: {}", kinds.join(", ")))
}

/// Words that no page shows, as a model sees them: each line a mark of its own, so that no mark is open at a line end.
/// Round brackets inside become square ones: nothing can end a mark early.
fn hidden(words: &str) -> String {
    marked("(hidden text: ", words, ")")
}

fn marked(open: &str, words: &str, close: &str) -> String {
    let lines = words.lines().map(|line| {
        let line = shaped(line).replace('(', "[").replace(')', "]");
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    let lines: Vec<String> = lines
        .filter(|line| !line.is_empty())
        .map(|line| format!("{open}{line}{close}"))
        .collect();
    lines.join("\n")
}

/// The words without characters that entities put back after these were dropped.
fn shaped(words: &str) -> String {
    let shown = words
        .chars()
        .filter(|c| characters::shapeless(*c).is_none());
    shown.collect()
}

/// Whether there is anything to read: a letter, or a character outside of ASCII.
fn has_words(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_alphabetic() || (!c.is_ascii() && !c.is_whitespace()))
}
