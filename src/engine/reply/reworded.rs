//! The same concern in other words: a model seldom says a thing twice alike. What a concern is about tells it.

use super::{Anchor, OwnItems, REMARK_CHARS, Reply, without_minor, words_of};
use crate::engine::ledger::{Item, ItemKind, Ledger};
use crate::engine::persona::{Persona, PersonaKind};
use crate::engine::vote::Vote;

/// Fewest words that tell one place of a proposal from another.
const FEWEST_WORDS: usize = 3;

/// Gives concerns the words that they have in the ledger already, where the persona has raised one about the very same
/// words of the proposal and it is still open: it stands, and is not raised anew. `raised` are the anchors of what the
/// persona raised before, `proposal` is the text that the reply is about.
///
/// The place alone does not tell one concern from another, so nothing is lost by it: the new words begin the comment,
/// behind the id of the concern that stands. Gives whether there are such words.
///
/// Each open concern is taken once, in order: two remarks about one place may be two things. One that the reply settles
/// is over, so what comes with it is new. So is one that weighs more or less than it did, one about words that the
/// proposal no longer has, and any beside a READY, which would close it.
pub fn as_known(
    persona: &Persona,
    reply: &mut Reply,
    ledger: &Ledger,
    raised: &[Anchor],
    proposal: &str,
) -> bool {
    if reply.vote == Some(Vote::Ready) {
        return false;
    }
    let own = OwnItems::of(persona, ledger);
    let is_settled = |item: &Item| {
        let id = item.id.as_deref().unwrap_or_default();
        reply
            .resolved
            .iter()
            .any(|named| named.trim().eq_ignore_ascii_case(id))
    };
    let mut open: Vec<(&Item, String)> = own
        .0
        .iter()
        .filter(|item| item.kind == ItemKind::Concern && !is_settled(item))
        .filter_map(|item| Some((*item, place(&about(raised, &item.text)?.words)?)))
        .collect();
    if open.is_empty() {
        return false;
    }
    let proposal = format!(" {} ", words_of(proposal));
    open.retain(|(_, place)| proposal.contains(&format!(" {place} ")));
    // What is said in the same words as before is known as it is.
    let said: Vec<String> = reply
        .concerns
        .iter()
        .map(|concern| words_of(&concern.text))
        .collect();
    open.retain(|(item, _)| !said.contains(&words_of(&item.text)));
    let mut stands = Vec::new();
    for (concern, words) in reply.concerns.iter_mut().zip(said) {
        let mut anchors = reply.anchors.iter_mut();
        let Some(anchor) = anchors.find(|anchor| words_of(&anchor.remark) == words) else {
            continue;
        };
        let place = place(&anchor.words);
        let (says_minor, text) = without_minor(&concern.text);
        // All that an advisory persona says is minor.
        let is_minor = concern.minor || says_minor || persona.kind == PersonaKind::Advisory;
        let known = open
            .iter()
            .position(|(item, at)| Some(at) == place.as_ref() && item.minor == is_minor)
            .filter(|_| !own.holds(&words));
        if let Some(known) = known {
            let (item, _) = open.remove(known);
            stands.push(stands_line(item, text));
            concern.text.clone_from(&item.text);
            anchor.remark.clone_from(&item.text);
        }
    }
    let has_words = !stands.is_empty();
    if has_words {
        stands.push(std::mem::take(&mut reply.comment));
        reply.comment = stands.join("\n\n").trim_end().to_owned();
    }
    has_words
}

/// A paragraph of Markdown, as the persona wrote it: it is made harmless with the comment that it becomes part of.
fn stands_line(item: &Item, text: &str) -> String {
    let id = item.id.as_deref().unwrap_or("This");
    let words: Vec<&str> = text.split_whitespace().collect();
    let words: String = words.join(" ").chars().take(REMARK_CHARS).collect();
    format!("{id} stands: {words}")
}

/// What a remark of an earlier reply is about; the newest word counts.
fn about<'a>(raised: &'a [Anchor], remark: &str) -> Option<&'a Anchor> {
    let words = words_of(remark);
    raised
        .iter()
        .rfind(|anchor| words_of(&anchor.remark) == words)
}

/// Words of the proposal for comparing; `None`: too few to be one place.
fn place(words: &str) -> Option<String> {
    let words = words_of(words);
    (words.split(' ').count() >= FEWEST_WORDS).then_some(words)
}
