//! Who speaks next, from the file alone.

use super::discussion::Discussion;
use super::persona::{Persona, PersonaKind, Personas};
use crate::ids::Alias;

/// Personas mentioned after their last block (a mention in their own block does not count), in order of mention;
/// if none, all voting participants. Used by `turn` without names.
///
/// Mentions and participants that name no persona are passed over; the parser and `lint` report them.
pub fn speakers(
    discussion: &Discussion,
    participants: &[Alias],
    personas: &Personas,
) -> Vec<Alias> {
    let mentioned = mentioned(discussion, personas);
    if !mentioned.is_empty() {
        return mentioned;
    }
    let votes = |persona: &Persona| persona.kind == PersonaKind::Voting;
    distinct(
        participants
            .iter()
            .filter(|alias| personas.get(alias).is_some_and(votes))
            .cloned(),
    )
}

fn mentioned(discussion: &Discussion, personas: &Personas) -> Vec<Alias> {
    let last_block_of = |alias: &Alias| {
        let own = |block: &&super::block::Block| block.author.persona.as_ref() == Some(alias);
        discussion.blocks.iter().rposition(|block| own(&block))
    };
    let mentions = discussion
        .blocks
        .iter()
        .enumerate()
        .flat_map(|(position, block)| block.mentions.iter().map(move |m| (position, m)));
    distinct(mentions.filter_map(|(position, mention)| {
        let alias = Alias::parse(&mention.token)?;
        let is_unanswered = last_block_of(&alias).is_none_or(|last| position > last);
        (personas.get(&alias).is_some() && is_unanswered).then_some(alias)
    }))
}

/// First appearances, in order.
fn distinct(aliases: impl Iterator<Item = Alias>) -> Vec<Alias> {
    let mut seen = Vec::new();
    for alias in aliases {
        if !seen.contains(&alias) {
            seen.push(alias);
        }
    }
    seen
}
