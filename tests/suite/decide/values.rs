//! Engine values made by hand, as small as a test allows.

use discussions::engine::block::Block;
use discussions::engine::discussion::{Discussion, Kind, LineEnding};
use discussions::engine::header::{Header, HeaderField};
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
    }
}

/// A block of a persona at `span`; no markers, mentions or vote.
pub(super) fn block(number: usize, author: &str, span: std::ops::Range<usize>) -> Block {
    Block {
        number,
        author: Author {
            name: alias(author).display_name(),
            key: author.to_owned(),
            persona: Some(alias(author)),
        },
        line: 1,
        separator: None,
        span,
        markers: Vec::new(),
        mentions: Vec::new(),
        vote: None,
    }
}

/// A file read as far as edits and subjects need it: kind, line ending, header. No blocks, problems or opaque regions.
pub(super) fn discussion(source: &str) -> Discussion {
    let mut header = Header::default();
    let mut at = if source.starts_with('\u{feff}') { 3 } else { 0 };
    for (number, line) in source[at..].split_inclusive('\n').enumerate() {
        let text = line.trim();
        let inner = text
            .strip_prefix("<!--")
            .and_then(|rest| rest.strip_suffix("-->"));
        let Some(inner) = inner else { break };
        if let Some((key, value)) = inner.split_once(':') {
            let start = at + line.find(value).unwrap();
            let start = start + (value.len() - value.trim_start().len());
            header.fields.push(HeaderField {
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                line: number + 1,
                value_span: start..start + value.trim().len(),
            });
        }
        at += line.len();
        header.end = at;
    }
    let is_discussion = source
        .trim_start_matches('\u{feff}')
        .starts_with("<!-- DISCUSSION -->");
    Discussion {
        source: source.to_owned(),
        kind: if is_discussion {
            Kind::Discussion
        } else {
            Kind::Other
        },
        line_ending: match source.find('\n') {
            Some(at) if source[..at].ends_with('\r') => LineEnding::CrLf,
            _ => LineEnding::Lf,
        },
        header,
        blocks: Vec::new(),
        opaque: Vec::new(),
        problems: Vec::new(),
    }
}
