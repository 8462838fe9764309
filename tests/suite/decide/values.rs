//! Engine values made by hand, as small as a test allows.

use discussions::engine::block::Block;
use discussions::engine::discussion::Discussion;
use discussions::engine::ledger::{Item, ItemKind, ItemState};
use discussions::engine::name::Author;
use discussions::engine::persona::{Persona, PersonaKind};
use discussions::ids::Alias;

pub(super) fn alias(text: &str) -> Alias {
    Alias::parse(text).unwrap()
}

/// A persona with nothing but what the rules look at.
pub(super) fn persona(name: &str, kind: PersonaKind) -> Persona {
    let alias = alias(name);
    Persona {
        display_name: alias.display_name(),
        alias,
        description: String::new(),
        kind,
        expertise: Vec::new(),
        concerns: Vec::new(),
        model: "default".to_owned(),
        veto: false,
        checklist: Vec::new(),
        instructions: String::new(),
        hash: String::new(),
    }
}

/// An open item.
pub(super) fn item(kind: ItemKind, id: &str, author: &str, by_persona: bool, text: &str) -> Item {
    Item {
        kind,
        id: Some(id.to_owned()),
        author: author.to_owned(),
        by_persona,
        block: 1,
        line: 1,
        text: text.to_owned(),
        items: Vec::new(),
        state: ItemState::Open,
        minor: false,
        assignee: None,
        raised_in: None,
        closing: None,
    }
}

/// A block of a persona at `span`; no markers, mentions or vote.
pub(super) fn block(number: usize, author: &str, span: std::ops::Range<usize>) -> Block {
    Block {
        number,
        author: Author::parse(&alias(author).display_name()),
        line: 1,
        separator: None,
        span,
        receipt: None,
        markers: Vec::new(),
        mentions: Vec::new(),
        vote: None,
    }
}

/// A file as the reader gives it.
pub(super) fn discussion(source: &str) -> Discussion {
    Discussion::parse(source.as_bytes())
}
