//! The ledger: open and closed questions, concerns, todos and decisions with stable ids.

use super::block::Block;
use super::discussion::Discussion;
use super::marker::{BlockVote, Marker, Word, leading_ids};
use super::problem::{Code, Problem, excerpt};
use super::statement::Closing;
use super::vote::Vote;
use std::collections::HashMap;

/// Starts the text of a concern that never blocks, in any case.
const MINOR: &str = "(minor)";

/// The four kinds of item; the letter starts the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// Q
    Question,
    /// C
    Concern,
    /// T
    Todo,
    /// D
    Decision,
}

/// State of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemState {
    /// Nobody closed it.
    Open,
    /// A question with an answer.
    Answered,
    /// A concern that was resolved, by a marker or by its raiser's READY.
    Resolved,
    /// A todo that is done.
    Done,
    /// In a block that does not count: no number, closes nothing.
    Unconfirmed,
}

impl ItemState {
    /// Lower-case word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Resolved => "resolved",
            Self::Done => "done",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// One item of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Kind.
    pub kind: ItemKind,
    /// `Q1`, `C2`, ...; `None` while unconfirmed.
    pub id: Option<String>,
    /// Author's label: alias or name.
    pub author: String,
    /// Whether the author is a persona.
    pub by_persona: bool,
    /// Block number.
    pub block: usize,
    /// Line, from 1.
    pub line: usize,
    /// Text behind the marker; `(minor)` is kept.
    pub text: String,
    /// List items that belong to it.
    pub items: Vec<String>,
    /// Open, closed or unconfirmed.
    pub state: ItemState,
    /// `CONCERN: (minor) ...`: never blocks.
    pub minor: bool,
    /// Assignee without `@`, of a todo.
    pub assignee: Option<String>,
    /// Web address of where a person raised it outside of the file (may be empty): then `id` is the name it was given,
    /// and `block` and `line` are 0. `None`: it stands in the file.
    pub raised_in: Option<String>,
    /// Who closed it outside of the file, if somebody did.
    pub closing: Option<Closing>,
}

impl Item {
    /// Whether a person raised it by name, so that it stands in no block.
    pub fn is_named(&self) -> bool {
        self.raised_in.is_some()
    }
}

/// All items of one discussion, each list in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Questions.
    pub questions: Vec<Item>,
    /// Concerns.
    pub concerns: Vec<Item>,
    /// Todos.
    pub todos: Vec<Item>,
    /// Decisions.
    pub decisions: Vec<Item>,
}

impl Ledger {
    /// Builds the ledger. `counts` says which blocks count (with trust `file`: all). The problems are about unknown
    /// ids, empty items and the like.
    pub fn of(discussion: &Discussion, counts: &dyn Fn(&Block) -> bool) -> (Self, Vec<Problem>) {
        let mut builder = Builder::default();
        for block in &discussion.blocks {
            if counts(block) {
                builder.counted_block(block);
            } else {
                builder.unconfirmed_block(block);
            }
        }
        (builder.ledger, builder.problems)
    }

    /// Every item.
    pub fn all(&self) -> impl Iterator<Item = &Item> {
        self.questions
            .iter()
            .chain(&self.concerns)
            .chain(&self.todos)
            .chain(&self.decisions)
    }
}

impl ItemKind {
    fn letter(self) -> char {
        match self {
            Self::Question => 'Q',
            Self::Concern => 'C',
            Self::Todo => 'T',
            Self::Decision => 'D',
        }
    }
}

/// Kind of item that a marker opens.
fn opened_kind(word: Word) -> Option<ItemKind> {
    match word {
        Word::Question => Some(ItemKind::Question),
        Word::Concern => Some(ItemKind::Concern),
        Word::Todo => Some(ItemKind::Todo),
        Word::Decision => Some(ItemKind::Decision),
        Word::Answer | Word::Resolved | Word::Assigned | Word::Done | Word::Diagram => None,
    }
}

/// Kind of item that a marker closes or assigns, and the state it gives.
fn closed_kind(word: Word) -> Option<(ItemKind, Option<ItemState>)> {
    match word {
        Word::Answer => Some((ItemKind::Question, Some(ItemState::Answered))),
        Word::Resolved => Some((ItemKind::Concern, Some(ItemState::Resolved))),
        Word::Done => Some((ItemKind::Todo, Some(ItemState::Done))),
        Word::Assigned => Some((ItemKind::Todo, None)),
        Word::Question | Word::Concern | Word::Todo | Word::Decision | Word::Diagram => None,
    }
}

/// The token of the first `@mention` of a text, in lower case.
fn first_mention(text: &str) -> Option<String> {
    text.split([' ', '\t', '(', ',', ';']).find_map(|word| {
        let token = word.strip_prefix('@')?;
        let end = token
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
            .unwrap_or(token.len());
        let starts_well = token.starts_with(|c: char| c.is_ascii_alphanumeric());
        starts_well.then(|| token[..end].to_ascii_lowercase())
    })
}

#[derive(Default)]
struct Builder {
    ledger: Ledger,
    /// Positions in each list of the items that have a number, by kind.
    numbered: [Vec<usize>; 4],
    /// Positions of concerns that are still open, by their raiser's key.
    open_concerns: HashMap<String, Vec<usize>>,
    problems: Vec<Problem>,
}

impl Builder {
    fn counted_block(&mut self, block: &Block) {
        let is_ready = matches!(
            block.vote,
            Some(BlockVote::Clear {
                vote: Vote::Ready,
                ..
            })
        );
        if is_ready && let Some(own) = self.open_concerns.remove(&block.author.key) {
            for at in own {
                self.settle(ItemKind::Concern, at, ItemState::Resolved);
            }
        }
        for marker in &block.markers {
            if let Some(kind) = opened_kind(marker.word) {
                self.open_item(block, marker, kind, true);
            } else if let Some((kind, state)) = closed_kind(marker.word) {
                self.close_items(marker, kind, state);
            } else if marker.text.is_empty() {
                self.report_empty(marker);
            }
        }
    }

    fn unconfirmed_block(&mut self, block: &Block) {
        for marker in &block.markers {
            if let Some(kind) = opened_kind(marker.word) {
                self.open_item(block, marker, kind, false);
            }
        }
    }

    fn list(&mut self, kind: ItemKind) -> &mut Vec<Item> {
        match kind {
            ItemKind::Question => &mut self.ledger.questions,
            ItemKind::Concern => &mut self.ledger.concerns,
            ItemKind::Todo => &mut self.ledger.todos,
            ItemKind::Decision => &mut self.ledger.decisions,
        }
    }

    fn open_item(&mut self, block: &Block, marker: &Marker, kind: ItemKind, counts: bool) {
        if marker.text.is_empty() && marker.items.is_empty() {
            self.report_empty(marker);
            return;
        }
        let at = self.list(kind).len();
        let number = counts.then(|| {
            let numbered = &mut self.numbered[kind as usize];
            numbered.push(at);
            numbered.len()
        });
        let state = match (counts, kind, marker.checked) {
            (false, ..) => ItemState::Unconfirmed,
            (true, ItemKind::Todo, true) => ItemState::Done,
            (true, ..) => ItemState::Open,
        };
        let minor = kind == ItemKind::Concern && is_minor(&marker.text);
        if kind == ItemKind::Concern && counts {
            self.open_concerns
                .entry(block.author.key.clone())
                .or_default()
                .push(at);
        }
        self.list(kind).push(Item {
            kind,
            id: number.map(|number| format!("{}{number}", kind.letter())),
            author: block.author.label().to_owned(),
            by_persona: block.author.claims_to_be_ai(),
            block: block.number,
            line: marker.line,
            text: marker.text.clone(),
            items: marker.items.clone(),
            state,
            minor,
            assignee: (kind == ItemKind::Todo)
                .then(|| first_mention(&marker.text))
                .flatten(),
            raised_in: None,
            closing: None,
        });
    }

    fn report_empty(&mut self, marker: &Marker) {
        let message = "the marker has no text";
        self.problems.push(Problem::new(
            Code::EmptyItem,
            marker.line,
            marker.column,
            message,
        ));
    }

    /// Closes or assigns the items that a marker names at its start.
    fn close_items(&mut self, marker: &Marker, kind: ItemKind, state: Option<ItemState>) {
        let (ids, rest) = leading_ids(&marker.text);
        if ids.is_empty() {
            let message = format!(
                "`{}` does not start with the number of an item",
                excerpt(&marker.text)
            );
            self.problems.push(Problem::new(
                Code::UnknownId,
                marker.line,
                marker.column,
                message,
            ));
        }
        for id in ids {
            let Some(at) = self.position(kind, &id) else {
                let message = format!(
                    "there is no {id} before this line that {} could name",
                    marker.word.as_str()
                );
                self.problems.push(Problem::new(
                    Code::UnknownId,
                    marker.line,
                    marker.column,
                    message,
                ));
                continue;
            };
            match state {
                Some(state) => self.settle(kind, at, state),
                None => {
                    let assignee = first_mention(rest);
                    let item = &mut self.list(kind)[at];
                    item.assignee = assignee.or(item.assignee.take());
                }
            }
        }
    }

    fn position(&self, kind: ItemKind, id: &str) -> Option<usize> {
        let number: usize = id.strip_prefix(kind.letter())?.parse().ok()?;
        self.numbered[kind as usize]
            .get(number.checked_sub(1)?)
            .copied()
    }

    fn settle(&mut self, kind: ItemKind, at: usize, state: ItemState) {
        if let Some(item) = self.list(kind).get_mut(at) {
            item.state = state;
        }
    }
}

/// Whether a concern says of itself that it never blocks.
pub(super) fn is_minor(text: &str) -> bool {
    text.get(..MINOR.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(MINOR))
}
