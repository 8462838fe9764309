//! The ledger: open and closed questions, concerns, todos and decisions with stable ids.

use super::block::Block;
use super::discussion::Discussion;
use super::problem::Problem;

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
        let _ = (discussion, counts);
        todo!()
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
