//! The same concern in other words: a model seldom says a thing twice alike. What a concern is about tells it.

use super::{Anchor, OwnItems, Reply, words_of};
use crate::engine::ledger::{Item, ItemKind, Ledger};
use crate::engine::persona::Persona;
use crate::engine::vote::Vote;

/// Fewest words that tell one place of a proposal from another.
const FEWEST_WORDS: usize = 3;

/// Gives concerns the words that they have in the ledger already, where the persona has raised one about the very same
/// words of the proposal and it is still open: it stands, and is not raised anew. `raised` are the anchors of what the
/// persona raised before.
///
/// Each open concern is taken once, in order: two remarks about one place may be two things. One that the reply settles
/// is over, so what comes with it is new. So is one that weighs more than it did, and any that weighs beside a READY,
/// which would close it.
pub fn as_known(persona: &Persona, reply: &mut Reply, ledger: &Ledger, raised: &[Anchor]) {
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
    // What is said in the same words as before is known as it is.
    let said: Vec<String> = reply
        .concerns
        .iter()
        .map(|concern| words_of(&concern.text))
        .collect();
    open.retain(|(item, _)| !said.contains(&words_of(&item.text)));
    for (concern, words) in reply.concerns.iter_mut().zip(said) {
        let mut anchors = reply.anchors.iter_mut();
        let Some(anchor) = anchors.find(|anchor| words_of(&anchor.remark) == words) else {
            continue;
        };
        let place = place(&anchor.words);
        let weighs_more =
            |item: &Item| !concern.minor && (item.minor || reply.vote == Some(Vote::Ready));
        let known = open
            .iter()
            .position(|(item, at)| Some(at) == place.as_ref() && !weighs_more(item))
            .filter(|_| !own.holds(&words));
        if let Some(known) = known {
            let (item, _) = open.remove(known);
            concern.text.clone_from(&item.text);
            anchor.remark.clone_from(&item.text);
        }
    }
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
