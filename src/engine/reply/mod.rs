//! A persona's reply as data, its neutralised rendering as a block, and what of it is new.

mod diagram;
mod inline;
mod neutral;
mod pieces;
mod reworded;

pub use neutral::{Neutral, comment, heading, is_invisible, names_commit, remark};
pub use reworded::as_known;

use super::ledger::{Item, ItemKind, ItemState, Ledger};
use super::persona::{Persona, PersonaKind};
use super::vote::Vote;
use std::collections::BTreeSet;

/// Longest concern or question, in characters of what the model wrote.
pub const REMARK_CHARS: usize = 400;

/// Longest question that is shown above its answer, in characters.
const ASKED_CHARS: usize = 200;

/// What a block says that says nothing.
const NOTHING_NEW: &str = "Nothing new on this text.";

/// How a concern begins that comes late.
const LATE: &str = "Late, a note: ";

/// How the line begins that says what waits.
const WAITING: &str = "(Waiting until these are settled: ";

/// A concern in a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyConcern {
    /// The remark, one line.
    pub text: String,
    /// `(minor)`: never blocks.
    pub minor: bool,
}

/// What a remark is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The concern or question.
    pub remark: String,
    /// Words of the proposal, as they stand there on one line.
    pub words: String,
}

impl Anchor {
    /// Remark and words, as they are stored.
    pub fn pair(&self) -> (String, String) {
        (self.remark.clone(), self.words.clone())
    }
}

/// What a model (or the checklist) answered, before rendering. Markers and the VOTE line are ours to write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Free text, Markdown.
    pub comment: String,
    /// The vote; advisory personas have none.
    pub vote: Option<Vote>,
    /// Questions to the author, one line each.
    pub questions: Vec<String>,
    /// Concerns, one line each.
    pub concerns: Vec<ReplyConcern>,
    /// Ids of own items that are settled now (`C1`, `Q2`).
    pub resolved: Vec<String>,
    /// What concerns and questions are about, where that can be told.
    pub anchors: Vec<Anchor>,
}

/// Limits of a rendered reply; the rest is cut by us and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of the comment.
    pub comment_chars: usize,
    /// Concerns.
    pub concerns: usize,
    /// Questions.
    pub questions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            comment_chars: 1_200,
            concerns: 3,
            questions: 2,
        }
    }
}

/// A reply ready to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The block: name line first, VOTE line last, LF, no trailing line end, as Prettier leaves it.
    pub block: String,
    /// The vote as recorded: READY with a concern that is not minor becomes CHANGES.
    pub vote: Option<Vote>,
    /// What the remarks it shows are about, with the remarks as they stand in the block.
    pub anchors: Vec<Anchor>,
    /// Whether it opens or closes an item, answers a question, or changes the persona's vote.
    pub has_news: bool,
}

/// Renders a reply. Own items that are still open are not raised again, and take up the limits while the reply says
/// that they stand: `ledger` is compared by text.
/// `previous` is the persona's vote in its last block that counts on the present text. Everything a reply could break
/// out with is neutralised here: separators, name lines, markers, header and receipt lines, HTML, mentions, commands,
/// control characters.
///
/// The vote as recorded: READY with a concern that is not minor becomes CHANGES, also where the concern is an own one
/// that is open, which READY would close; the answer to a question never raises `previous`; an advisory persona has none, and all its concerns are minor. Only own open items are settled.
pub fn render(
    persona: &Persona,
    reply: &Reply,
    ledger: &Ledger,
    previous: Option<Vote>,
    question: Option<&str>,
    limits: Limits,
) -> Rendered {
    let own = OwnItems::of(persona, ledger);
    let mut concerns = new_concerns(&reply.concerns, &own);
    if persona.kind == PersonaKind::Advisory {
        // A concern that blocked would be a vote by another name.
        concerns.iter_mut().for_each(|concern| concern.minor = true);
    }
    let questions = new_remarks(&reply.questions, &own);
    let raised_again = known_texts(reply);
    let settled = own.settled(&reply.resolved, &raised_again);
    // What still stands takes its place among the few that are shown: the rest waits until it is settled, so that
    // asking again about an unchanged text raises nothing.
    let shown_concerns = limits
        .concerns
        .saturating_sub(own.standing(ItemKind::Concern, &raised_again));
    let shown_questions = limits
        .questions
        .saturating_sub(own.standing(ItemKind::Question, &raised_again));
    let weighs = reply.concerns.iter().any(weighs);
    let vote = recorded_vote(persona, reply.vote, weighs, previous, question.is_some());

    let comment = comment(&reply.comment, limits.comment_chars);
    let raises = shown_concerns.min(concerns.len()) + shown_questions.min(questions.len()) > 0;
    let says_something = question.is_some() || raises || !settled.is_empty();
    let changes_vote = vote.is_some() && vote != previous;
    // An advisory persona has neither vote nor, often, items: what it says is its news.
    let advises = persona.kind == PersonaKind::Advisory && !comment.text.is_empty();
    let has_news = says_something || changes_vote || advises;

    let mut parts = vec![format!("Name: {}", name(persona))];
    if has_news {
        parts.extend(question.and_then(asked));
        parts.extend(Some(comment.text).filter(|text| !text.is_empty()));
        parts.extend(concerns.iter().take(shown_concerns).map(concern_line));
        let asked = questions.iter().take(shown_questions);
        parts.extend(asked.map(|text| format!("Q: {text}")));
        parts.extend(settled.iter().map(|item| item.closing_line()));
        parts.extend(shortened(comment.cut));
        parts.extend(waiting(
            concerns.len().saturating_sub(shown_concerns),
            questions.len().saturating_sub(shown_questions),
        ));
    } else {
        parts.push(NOTHING_NEW.to_owned());
    }
    parts.extend(vote.map(|vote| format!("VOTE: {}", vote.as_str())));
    Rendered {
        block: parts.join("\n\n"),
        vote,
        anchors: anchors(
            reply,
            concerns.iter().take(shown_concerns).map(|c| &c.text),
            questions.iter().take(shown_questions),
        ),
        has_news,
    }
}

/// Makes concerns that come late into notes: minor, and named so. `is_late` is asked with the words of the proposal that
/// a concern is about, where that is known. The persona's own open items are not new, so they stay as they are; its
/// vote is left alone.
pub fn notes_of_late(
    persona: &Persona,
    reply: &mut Reply,
    ledger: &Ledger,
    is_late: &dyn Fn(Option<&str>) -> bool,
) {
    let own = OwnItems::of(persona, ledger);
    for concern in &mut reply.concerns {
        let words = words_of(&concern.text);
        if persona.kind == PersonaKind::Advisory || own.holds(&words) {
            continue;
        }
        let mut anchors = reply.anchors.iter_mut();
        let anchor = anchors.find(|anchor| words_of(&anchor.remark) == words);
        if !is_late(anchor.as_ref().map(|anchor| anchor.words.as_str())) {
            continue;
        }
        let (_, text) = without_minor(&concern.text);
        concern.text = format!("{LATE}{text}");
        concern.minor = true;
        if let Some(anchor) = anchor {
            anchor.remark = concern.text.clone();
        }
    }
}

/// Whether a block says that more remarks wait for their turn: those are no news when they come.
pub fn has_waiting(block: &str) -> bool {
    block.lines().any(|line| line.starts_with(WAITING))
}

/// The name on the name line. A display name that is only spelt differently is kept (`AI-QA` for `qa`); any other
/// would not be read back as this persona.
fn name(persona: &Persona) -> String {
    let canonical = persona.alias.display_name();
    if persona.display_name.eq_ignore_ascii_case(&canonical) {
        persona.display_name.clone()
    } else {
        canonical
    }
}

fn recorded_vote(
    persona: &Persona,
    vote: Option<Vote>,
    weighs: bool,
    previous: Option<Vote>,
    answers_a_question: bool,
) -> Option<Vote> {
    if persona.kind == PersonaKind::Advisory {
        return None;
    }
    let vote = match vote? {
        Vote::Ready if weighs => Vote::Changes,
        vote => vote,
    };
    let floor = previous.filter(|_| answers_a_question);
    // From READY over CHANGES to REJECT the order rises, so the larger is the lower vote.
    Some(floor.map_or(vote, |previous| previous.max(vote)))
}

/// The question above its answer; `None` if nothing of it can be shown.
fn asked(question: &str) -> Option<String> {
    let question = remark(question, ASKED_CHARS).text;
    (!question.is_empty()).then(|| format!("Asked: {question}"))
}

/// The anchors of the remarks that are shown.
fn anchors<'a>(
    reply: &Reply,
    concerns: impl Iterator<Item = &'a String>,
    questions: impl Iterator<Item = &'a String>,
) -> Vec<Anchor> {
    let anchor = |remark: &String| {
        let words = words_of(remark);
        let mut known = reply.anchors.iter();
        let anchor = known.find(|anchor| words_of(&anchor.remark) == words)?;
        Some(Anchor {
            remark: remark.clone(),
            words: anchor.words.clone(),
        })
    };
    concerns.chain(questions).filter_map(anchor).collect()
}

fn concern_line(concern: &ReplyConcern) -> String {
    let minor = if concern.minor { "(minor) " } else { "" };
    format!("CONCERN: {minor}{}", concern.text)
}

/// Says how much of the comment was cut, if anything was.
fn shortened(characters: usize) -> Option<String> {
    (characters > 0).then(|| format!("(Shortened by {}.)", counted(characters, "character")))
}

/// Says what waits for its turn, if anything does.
fn waiting(concerns: usize, questions: usize) -> Option<String> {
    let counts: Vec<String> = [(concerns, "concern"), (questions, "question")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| counted(number, noun))
        .collect();
    (!counts.is_empty()).then(|| format!("{WAITING}{}.)", counts.join(", ")))
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Concerns that are not open already, neutralised; those that weigh first, so that the limit cuts minor ones.
fn new_concerns(concerns: &[ReplyConcern], own: &OwnItems<'_>) -> Vec<ReplyConcern> {
    let mut seen = BTreeSet::new();
    let mut new: Vec<ReplyConcern> = concerns
        .iter()
        .map(|concern| {
            let (says_minor, text) = without_minor(&concern.text);
            ReplyConcern {
                text: remark(text, REMARK_CHARS).text,
                minor: concern.minor || says_minor,
            }
        })
        .filter(|concern| is_new(&concern.text, own, &mut seen))
        .collect();
    new.sort_by_key(|concern| concern.minor);
    new
}

fn new_remarks(questions: &[String], own: &OwnItems<'_>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    questions
        .iter()
        .map(|question| remark(question, REMARK_CHARS).text)
        .filter(|text| is_new(text, own, &mut seen))
        .collect()
}

fn is_new(text: &str, own: &OwnItems<'_>, seen: &mut BTreeSet<String>) -> bool {
    let words = words_of(text);
    !words.is_empty() && !own.holds(&words) && seen.insert(words)
}

/// Whether something is said that is not minor.
fn weighs(concern: &ReplyConcern) -> bool {
    let (says_minor, text) = without_minor(&concern.text);
    !concern.minor && !says_minor && !words_of(&remark(text, REMARK_CHARS).text).is_empty()
}

/// A leading `(minor)` is the marker's, not the text's.
fn without_minor(text: &str) -> (bool, &str) {
    let trimmed = text.trim_start();
    match trimmed.get(..7) {
        Some(start) if start.eq_ignore_ascii_case("(minor)") => (true, trimmed[7..].trim_start()),
        _ => (false, text),
    }
}

/// The texts a reply raises, for comparing.
fn known_texts(reply: &Reply) -> BTreeSet<String> {
    let concerns = reply.concerns.iter().map(|concern| &concern.text);
    concerns
        .chain(&reply.questions)
        .map(|text| words_of(text))
        .collect()
}

/// A text for comparing: its words in lower case, without marks, escapes and `(minor)`.
fn words_of(text: &str) -> String {
    let (_, text) = without_minor(text);
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The persona's own open questions and concerns.
struct OwnItems<'a>(Vec<&'a Item>);

impl<'a> OwnItems<'a> {
    fn of(persona: &Persona, ledger: &'a Ledger) -> Self {
        let is_own = |item: &&Item| {
            item.by_persona
                && item.author == persona.alias.as_str()
                && item.state == ItemState::Open
        };
        let items = ledger.questions.iter().chain(&ledger.concerns);
        Self(items.filter(is_own).collect())
    }

    fn holds(&self, words: &str) -> bool {
        self.0.iter().any(|item| words_of(&item.text) == words)
    }

    /// How many open items of a kind the reply raises again.
    fn standing(&self, kind: ItemKind, raised_again: &BTreeSet<String>) -> usize {
        let stands =
            |item: &&&Item| item.kind == kind && raised_again.contains(&words_of(&item.text));
        self.0.iter().filter(stands).count()
    }

    /// Items named as settled, in ledger order; not those that the same reply raises again.
    fn settled(&self, ids: &[String], raised_again: &BTreeSet<String>) -> Vec<Settled<'a>> {
        let names = |id: &str| {
            ids.iter()
                .any(|named| named.trim().eq_ignore_ascii_case(id))
        };
        self.0
            .iter()
            .filter(|item| !raised_again.contains(&words_of(&item.text)))
            .filter_map(|item| {
                let id = item.id.as_deref().filter(|id| names(id))?;
                Some(Settled {
                    id,
                    kind: item.kind,
                })
            })
            .collect()
    }
}

struct Settled<'a> {
    id: &'a str,
    kind: ItemKind,
}

impl Settled<'_> {
    fn closing_line(&self) -> String {
        let word = match self.kind {
            ItemKind::Question => "ANSWERED",
            ItemKind::Concern | ItemKind::Todo | ItemKind::Decision => "RESOLVED",
        };
        format!("{word}: {}", self.id)
    }
}
