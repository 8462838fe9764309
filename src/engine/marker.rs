//! Markers: the structured lines of a block (VOTE, Q, CONCERN, ...), and mentions.

use super::vote::Vote;
use std::ops::Range;

/// What a marker line says. VOTE is kept apart as [`BlockVote`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// `Q`, `QUESTION`
    Question,
    /// `A`, `ANSWERED`
    Answer,
    /// `CONCERN`
    Concern,
    /// `RESOLVED`
    Resolved,
    /// `TODO`, `ACTION`
    Todo,
    /// `ASSIGNED`
    Assigned,
    /// `DONE`
    Done,
    /// `DECISION`
    Decision,
    /// `DIAGRAM`
    Diagram,
}

/// One marker line of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Which word.
    pub word: Word,
    /// Line, from 1.
    pub line: usize,
    /// Column of the word, from 1.
    pub column: usize,
    /// Text behind the colon to the end of the line, trimmed.
    pub text: String,
    /// Items of a list directly below, without bullets.
    pub items: Vec<String>,
    /// `- [x] TODO:`
    pub checked: bool,
}

/// What the VOTE lines of one block come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockVote {
    /// One vote, perhaps said twice.
    Clear {
        /// The vote.
        vote: Vote,
        /// Line of the last VOTE line.
        line: usize,
    },
    /// A VOTE line that is not exactly a vote, or two different ones: its author has no vote.
    Unclear {
        /// Line of the offending VOTE line.
        line: usize,
        /// Its text.
        text: String,
    },
}

/// An `@alias` in a block's text, outside opaque regions, inline code and links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The token without `@`, lower case. May name nobody.
    pub token: String,
    /// Line, from 1.
    pub line: usize,
    /// Column of the `@`, from 1.
    pub column: usize,
}

/// A line in the form of a marker, before anything is known about its surroundings. Offsets count from the line's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarkerLine {
    /// Which word; `None` for VOTE.
    pub word: Option<Word>,
    /// Where the word starts.
    pub word_at: usize,
    /// The text behind the colon, without blanks at its ends.
    pub text: Range<usize>,
    /// Whether a ticked box stands before the word.
    pub checked: bool,
}

/// More blanks than this behind a bullet make what follows indented code.
const BLANKS_AFTER_BULLET: usize = 4;

impl MarkerLine {
    /// Reads one line without its line end. `None` if it does not have the form of a marker.
    pub(super) fn recognise(line: &[u8]) -> Option<Self> {
        let mut at = count(line, 0, b' ');
        if at > 3 {
            return None;
        }
        let mut checked = false;
        if let Some(after) = skip_bullet(line, at)? {
            at = after;
            if let Some((after, ticked)) = skip_box(line, at) {
                at = after;
                checked = ticked;
            }
        }
        at = skip_hashes(line, at)?;
        at = skip_bold(line, at);
        let word_at = at;
        while line.get(at).is_some_and(u8::is_ascii_alphabetic) {
            at += 1;
        }
        let word = &line[word_at..at];
        at = skip_bold(line, at);
        at += usize::from(matches!(line.get(at), Some(b' ' | b'\t')));
        if line.get(at) != Some(&b':') {
            return None;
        }
        let word = read_word(word)?;
        at = skip_bold(line, at + 1);
        Some(Self {
            word,
            word_at,
            text: trim_blanks(line, at),
            checked,
        })
    }
}

/// A bullet or number with its blanks: `Some(None)` if there is none, `None` if what follows would be indented code.
fn skip_bullet(line: &[u8], at: usize) -> Option<Option<usize>> {
    let after = match line.get(at) {
        Some(b'-' | b'+' | b'*') => at + 1,
        Some(b) if b.is_ascii_digit() => {
            let digits = line[at..].iter().take_while(|b| b.is_ascii_digit()).count();
            match line.get(at + digits) {
                Some(b'.' | b')') => at + digits + 1,
                _ => return None,
            }
        }
        _ => return Some(None),
    };
    match count(line, after, b' ') {
        0 => Some(None),
        blanks if blanks > BLANKS_AFTER_BULLET => None,
        blanks => Some(Some(after + blanks)),
    }
}

/// A task list box with its blanks, and whether it is ticked.
fn skip_box(line: &[u8], at: usize) -> Option<(usize, bool)> {
    let (b'[', tick @ (b' ' | b'x' | b'X'), b']') =
        (*line.get(at)?, *line.get(at + 1)?, *line.get(at + 2)?)
    else {
        return None;
    };
    match count(line, at + 3, b' ') {
        0 => None,
        blanks => Some((at + 3 + blanks, tick != b' ')),
    }
}

/// Heading hashes with their blanks; `None` if there are too many or no blank follows.
fn skip_hashes(line: &[u8], at: usize) -> Option<usize> {
    let hashes = count(line, at, b'#');
    if hashes == 0 {
        return Some(at);
    }
    let blanks = count(line, at + hashes, b' ');
    (hashes <= 6 && blanks > 0).then_some(at + hashes + blanks)
}

fn skip_bold(line: &[u8], at: usize) -> usize {
    match line.get(at..at + 2) {
        Some(b"**" | b"__") => at + 2,
        _ => at,
    }
}

fn count(line: &[u8], from: usize, byte: u8) -> usize {
    line[from..].iter().take_while(|b| **b == byte).count()
}

/// The part of `line` from `from` on without spaces and tabs at its ends.
pub(super) fn trim_blanks(line: &[u8], from: usize) -> Range<usize> {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let mut end = line.len();
    while end > from && is_blank(&line[end - 1]) {
        end -= 1;
    }
    let start = from + line[from..end].iter().take_while(|b| is_blank(b)).count();
    start..end
}

/// The marker words; `Some(None)` is VOTE.
fn read_word(word: &[u8]) -> Option<Option<Word>> {
    const WORDS: [(&[u8], Option<Word>); 13] = [
        (b"VOTE", None),
        (b"Q", Some(Word::Question)),
        (b"QUESTION", Some(Word::Question)),
        (b"A", Some(Word::Answer)),
        (b"ANSWERED", Some(Word::Answer)),
        (b"CONCERN", Some(Word::Concern)),
        (b"RESOLVED", Some(Word::Resolved)),
        (b"TODO", Some(Word::Todo)),
        (b"ACTION", Some(Word::Todo)),
        (b"ASSIGNED", Some(Word::Assigned)),
        (b"DONE", Some(Word::Done)),
        (b"DECISION", Some(Word::Decision)),
        (b"DIAGRAM", Some(Word::Diagram)),
    ];
    WORDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, word)| *word)
}

impl Word {
    /// The word as it is written in a file; the full one where there are two.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Question => "QUESTION",
            Self::Answer => "ANSWERED",
            Self::Concern => "CONCERN",
            Self::Resolved => "RESOLVED",
            Self::Todo => "TODO",
            Self::Assigned => "ASSIGNED",
            Self::Done => "DONE",
            Self::Decision => "DECISION",
            Self::Diagram => "DIAGRAM",
        }
    }

    /// Whether the line opens an item or says something by itself. The others close or assign an item and are plain
    /// text unless they start with its id.
    pub(super) fn stands_alone(self) -> bool {
        !matches!(
            self,
            Self::Answer | Self::Resolved | Self::Assigned | Self::Done
        )
    }
}

/// Reads the text of a VOTE line: in either order one pair (or a closing one alone) of `**` or `__` and one full stop
/// are dropped, then it must be exactly one of the three words.
pub(super) fn read_vote(text: &str) -> Option<Vote> {
    let mut rest = text.trim_matches([' ', '\t']);
    let mut stop_dropped = false;
    let mut bold_dropped = false;
    loop {
        if let (false, Some(shorter)) = (stop_dropped, rest.strip_suffix('.')) {
            stop_dropped = true;
            rest = shorter;
        } else if let (false, Some(shorter)) = (bold_dropped, strip_bold(rest)) {
            bold_dropped = true;
            rest = shorter;
        } else {
            return Vote::parse(rest);
        }
    }
}

fn strip_bold(text: &str) -> Option<&str> {
    ["**", "__"].iter().find_map(|mark| {
        let shorter = text.strip_suffix(mark)?;
        Some(shorter.strip_prefix(mark).unwrap_or(shorter))
    })
}

/// The ids a closing marker names at its start (`C1, C2`), in upper case, and the text behind them.
pub(super) fn leading_ids(text: &str) -> (Vec<String>, &str) {
    let mut ids = Vec::new();
    let mut rest = text;
    loop {
        let candidate = rest.trim_start_matches([',', ' ', '\t']);
        let end = candidate
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(candidate.len());
        match read_id(&candidate[..end]) {
            Some(id) => ids.push(id),
            None => return (ids, candidate),
        }
        rest = &candidate[end..];
    }
}

fn read_id(word: &str) -> Option<String> {
    let letter = word.chars().next()?.to_ascii_uppercase();
    let digits = word.get(1..)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (matches!(letter, 'Q' | 'C' | 'T' | 'D') && is_number).then(|| format!("{letter}{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_read_through_one_full_stop_and_one_pair_of_bold_marks() {
        for text in [
            "READY",
            "ready",
            "Ready.",
            "READY**",
            "**READY**",
            "**READY**.",
            "**READY.**",
            "__READY__",
            " READY\t",
        ] {
            assert_eq!(read_vote(text), Some(Vote::Ready), "{text:?}");
        }
        for text in [
            "",
            "READY..",
            "****READY****",
            "**READY",
            "READY!",
            "NOT READY",
            "READY CHANGES",
            "READY**..",
        ] {
            assert_eq!(read_vote(text), None, "{text:?}");
        }
    }

    #[test]
    fn ids_are_read_from_the_start_of_the_text_only() {
        assert_eq!(
            leading_ids("C1, c2 done"),
            (vec!["C1".into(), "C2".into()], "done")
        );
        assert_eq!(leading_ids("T3 @who"), (vec!["T3".into()], "@who"));
        assert_eq!(leading_ids("yes, see Q1"), (vec![], "yes, see Q1"));
        assert_eq!(leading_ids("Q1x"), (vec![], "Q1x"));
        assert_eq!(leading_ids("Q"), (vec![], "Q"));
    }

    #[test]
    fn deep_blanks_behind_a_bullet_make_code() {
        assert!(MarkerLine::recognise(b"-    VOTE: READY").is_some());
        assert!(MarkerLine::recognise(b"-     VOTE: READY").is_none());
    }
}
