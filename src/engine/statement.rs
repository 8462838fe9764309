//! What people say about the ledger outside of the file: concerns of their own, and what they close of others'.

use super::ledger::{Item, ItemKind, ItemState, Ledger, is_minor};

/// One thing that a person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Who, as people know them.
    pub by: String,
    /// In which words.
    pub text: String,
    /// Web address of where it was said; may be empty.
    pub link: String,
    /// What it does.
    pub deed: Deed,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Raises a concern under a name.
    Raises(String),
    /// Resolves a concern, answers a question.
    Closes(Place),
}

/// Which item is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one whose marker stands on that line of the file, from 1.
    Line(usize),
    /// The concern that was raised by that many-th statement of the same list, from 0.
    Statement(usize),
}

/// Who closed an item, outside of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Who, as people know them.
    pub by: String,
    /// The reason, or the answer.
    pub text: String,
}

impl Ledger {
    /// Adds what people said, in the order in which it was said. Whoever calls this has seen to their right to say it.
    /// A place where nothing stands (its block is gone from the file) is passed over.
    pub fn hear(&mut self, statements: &[Statement]) {
        // Where in the list of concerns those stand that statements raised.
        let mut raised: Vec<Option<usize>> = Vec::with_capacity(statements.len());
        for said in statements {
            let raises = matches!(said.deed, Deed::Raises(_));
            raised.push(raises.then_some(self.concerns.len()));
            match &said.deed {
                Deed::Raises(name) => self.concerns.push(concern(name, said)),
                Deed::Closes(Place::Line(line)) => {
                    let mut all = self.questions.iter_mut().chain(&mut self.concerns);
                    close(all.find(|item| item.line == *line), said);
                }
                Deed::Closes(Place::Statement(number)) => {
                    let at = raised.get(*number).copied().flatten();
                    close(at.and_then(|at| self.concerns.get_mut(at)), said);
                }
            }
        }
    }
}

fn close(item: Option<&mut Item>, said: &Statement) {
    let Some(item) = item.filter(|item| item.id.is_some()) else {
        return;
    };
    item.state = match item.kind {
        ItemKind::Question => ItemState::Answered,
        ItemKind::Concern | ItemKind::Todo | ItemKind::Decision => ItemState::Resolved,
    };
    item.closing.get_or_insert(Closing {
        by: said.by.clone(),
        text: said.text.clone(),
    });
}

/// A person's concern: it goes by its name, and stands in no block.
fn concern(name: &str, said: &Statement) -> Item {
    Item {
        kind: ItemKind::Concern,
        id: Some(name.to_owned()),
        author: said.by.clone(),
        by_persona: false,
        block: 0,
        line: 0,
        text: said.text.clone(),
        items: Vec::new(),
        state: ItemState::Open,
        minor: is_minor(&said.text),
        assignee: None,
        raised_in: Some(said.link.clone()),
        closing: None,
    }
}
