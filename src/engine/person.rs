//! A person's own block: under which name, and the text made fit to stand in it. Markers are a person's to write; what
//! would end the block or begin somebody else's is escaped, so that it shows as it was typed.

use super::discussion::Discussion;
use super::header::MARKER;
use super::marker::BlockVote;
use super::name::{Author, Roster, look_alike};
use super::persona::Personas;
use super::problem::{Problem, Severity, excerpt};
use super::scan::{self, FoundKind, Lines};
use super::vote::Vote;
use crate::ids::Alias;

/// Longest name, in characters, as the format has it.
const NAME_CHARS: usize = 64;

/// Lines of the draft above the text.
const ABOVE_TEXT: usize = 4;

/// Why a person's block is refused; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// No name, or one that a name line cannot hold.
    #[error("`{0}` cannot stand on a name line; write 1 to 64 visible characters on one line")]
    BadName(String),
    /// The name is a persona's or can be taken for one.
    #[error("{0}, and personas write only through a turn; use your own name")]
    PersonasName(String),
    /// There is neither text nor a vote.
    #[error("there is nothing to say: the text is empty")]
    Empty,
    /// The text would break the file.
    #[error("line {line} of the text: {message}")]
    Text {
        /// Line of the text, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// A vote was given twice, differently.
    #[error(
        "line {line} of the text is a VOTE line that is not {}, which was asked for; leave one of the two out",
        wanted.as_str()
    )]
    OtherVote {
        /// Line of the text, from 1.
        line: usize,
        /// The vote asked for.
        wanted: Vote,
    },
}

/// Reads a person's name: one that nobody can take for a persona's, by the rules that flag names in files.
///
/// # Errors
/// When a name line cannot hold it, or when it is or looks like a persona's name or alias.
pub fn name(text: &str, personas: &Personas) -> Result<Author, PersonError> {
    let name = text.trim();
    let author = Author::parse(name);
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARS || author.has_hidden_characters() {
        return Err(PersonError::BadName(excerpt(name)));
    }
    if author.claims_to_be_ai() {
        let message = format!("`{name}` reads as a persona's name");
        return Err(PersonError::PersonasName(message));
    }
    let aliases: Vec<String> = personas.0.keys().map(Alias::to_string).collect();
    // `AI Security` and `Diagram Editor` are no personas to the format; to a reader they are.
    let letters = |text: &str| text.replace(|c: char| !c.is_alphanumeric(), "");
    let own = letters(&author.key);
    let is_like = |text: &str| look_alike(&own, &letters(text));
    let shown = personas.0.values().find(|persona| {
        let alias = persona.alias.as_str();
        is_like(alias) || is_like(&format!("ai{alias}")) || is_like(&persona.display_name)
    });
    if let Some(persona) = shown {
        let message = format!("`{name}` can be taken for the persona {}", persona.alias);
        return Err(PersonError::PersonasName(message));
    }
    let flagged = Roster::new(&aliases)
        .check(&author, 1, 1)
        .into_iter()
        .next();
    match flagged {
        Some(problem) => Err(PersonError::PersonasName(problem.message)),
        None => Ok(author),
    }
}

/// Renders a block: name line, text, VOTE line; LF, no line end at its end. The text stays as typed, but for visible
/// separators, name lines and receipt lines, which get a backslash. A text that gives the vote itself gets no second
/// VOTE line.
///
/// # Errors
/// When the text is empty and there is no vote, leaves something open, has an error of the format in it, or votes
/// otherwise than `vote`.
pub fn block(author: &Author, text: &str, vote: Option<Vote>) -> Result<String, PersonError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (text, skipped) = without_blank_lines(&text);
    if text.is_empty() && vote.is_none() {
        return Err(PersonError::Empty);
    }
    let mut parts = vec![format!("Name: {}", author.name)];
    let mut own_vote = None;
    if !text.is_empty() {
        let text = inert(text, author);
        own_vote = check(&text, author, vote, skipped)?;
        parts.push(text);
    }
    let vote = vote.filter(|_| own_vote.is_none());
    parts.extend(vote.map(|vote| format!("VOTE: {}", vote.as_str())));
    Ok(parts.join("\n\n"))
}

/// The text without blank lines at either end, and how many there were at its start. The first line keeps its indent.
fn without_blank_lines(text: &str) -> (&str, usize) {
    let text = text.trim_end();
    let blank: Vec<&str> = text
        .split_inclusive('\n')
        .take_while(|line| line.trim().is_empty())
        .collect();
    let start = blank.iter().map(|line| line.len()).sum::<usize>();
    (&text[start..], blank.len())
}

/// The text with a backslash where a line would be structure of the file.
fn inert(text: &str, author: &Author) -> String {
    let draft = format!("{MARKER}\n\nName: {}\n\n{text}", author.name);
    let lines = Lines::of(&draft);
    let scan = scan::scan(&draft, &lines, 1);
    let escapes = scan.found.iter().filter_map(|found| {
        if found.line < ABOVE_TEXT {
            return None;
        }
        let start = lines.start(found.line);
        let indent = draft[start..].len() - draft[start..].trim_start_matches(' ').len();
        match found.kind {
            FoundKind::Separator { spaced, named, .. } => {
                (spaced || named).then_some(start + indent)
            }
            FoundKind::Receipt => Some(start + indent),
            // A backslash before a letter would be shown; before the colon it is not.
            FoundKind::Name { .. } | FoundKind::BadName(_) => Some(start + indent + "name".len()),
            FoundKind::Marker(_) => None,
        }
    });
    let mut inert = String::with_capacity(text.len() + 8);
    let mut done = draft.len() - text.len();
    for at in escapes {
        inert.push_str(&draft[done..at]);
        inert.push('\\');
        done = at;
    }
    inert.push_str(&draft[done..]);
    inert
}

/// Reads the text as it will be read: in one block, with a vote of its own or not, which is given back. `skipped` blank
/// lines stood above it.
fn check(
    text: &str,
    author: &Author,
    wanted: Option<Vote>,
    skipped: usize,
) -> Result<Option<Vote>, PersonError> {
    // Another block behind it, since an appended one may be followed by more.
    let draft = format!(
        "{MARKER}\n\nName: {}\n\n{text}\n\n---\n\nName: Next\n\nText.\n",
        author.name
    );
    let read = Discussion::parse(draft.as_bytes());
    let line_of = |line: usize| line.saturating_sub(ABOVE_TEXT).max(1) + skipped;
    let is_error = |problem: &&Problem| problem.severity() == Severity::Error;
    if let Some(problem) = read.problems.iter().find(is_error) {
        return Err(PersonError::Text {
            line: line_of(problem.line),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        });
    }
    let [own, _] = read.blocks.as_slice() else {
        return Err(PersonError::Text {
            line: 1 + skipped,
            message: "it would not be read as one block".to_owned(),
            hint: "Leave out separators, name lines and receipts.".to_owned(),
        });
    };
    match (own.vote.as_ref(), wanted) {
        (None, _) => Ok(None),
        (Some(BlockVote::Clear { vote, .. }), None) => Ok(Some(*vote)),
        (Some(BlockVote::Clear { vote, .. }), Some(wanted)) if *vote == wanted => Ok(Some(*vote)),
        // An unclear vote is the person's own; readers of the file are told.
        (Some(BlockVote::Unclear { .. }), None) => Ok(None),
        (Some(BlockVote::Clear { line, .. } | BlockVote::Unclear { line, .. }), Some(wanted)) => {
            Err(PersonError::OtherVote {
                line: line_of(*line),
                wanted,
            })
        }
    }
}
