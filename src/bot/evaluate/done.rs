//! What people did to a discussion, as the check shows it, and what else keeps it from being worked on.

use super::{Case, SeenText};
use crate::bot::acts::Standing;
use crate::bot::check::ActView;
use crate::bot::receipts::{MAX_RESTORED, Receipts};
use crate::engine::consensus::Owed;
use crate::engine::discussion::Discussion;
use crate::ids::Alias;
use crate::store::{ActRecord, ActVerb};

/// What counts now, who cancelled the last round, who moved the phase of this chain on (`did`, into this base), and who had personas asked
/// again about this very text.
pub(super) fn shown(
    case: &Case<'_>,
    standing: &Standing<'_>,
    seen: &SeenText,
    (base, did): (&str, &str),
    cancelled: Option<&ActRecord>,
) -> Vec<ActView> {
    let subject = seen.subject.to_string();
    let is_shown = |act: &&ActRecord| match act.verb {
        ActVerb::Again => act.subject == subject,
        ActVerb::Advance => act.base == base && (act.did.is_empty() || act.did == did),
        _ => false,
    };
    let acts = case.acts.iter().copied().filter(is_shown);
    let acts = standing.all().chain(cancelled).chain(acts);
    acts.map(ActView::of).collect()
}

/// Who cancelled the last round on this text, while somebody still owes an answer on it.
pub(super) fn cancelled<'a>(
    case: &Case<'a>,
    seen: &SeenText,
    owed: &[(Alias, Owed)],
) -> Option<&'a ActRecord> {
    let is_open = |(_, owed): &(Alias, Owed)| matches!(owed, Owed::Missing | Owed::Stale);
    let is_it = |act: &&ActRecord| act.verb == ActVerb::Cancel && act.subject == seen.ballot;
    let last = case.acts.iter().copied().rfind(is_it)?;
    owed.iter().any(is_open).then_some(last)
}

/// What only a person can settle about the replies in the file.
pub(super) fn held(case: &Case<'_>, receipts: &Receipts) -> Option<String> {
    let restored = case.record.map_or(0, |record| record.restored);
    if receipts.record_is_older {
        return Some(
            "the file holds replies that the record does not know: it comes from a backup"
                .to_owned(),
        );
    }
    let is_stuck = !receipts.dropped.is_empty() && case.commits && restored >= MAX_RESTORED;
    is_stuck.then(|| {
        format!(
            "pushes dropped the replies {} times, so they are not put back by themselves any more",
            restored + 1
        )
    })
}

/// Status of the base's copy if it is not open any more and the proposal is still the same, with nothing typed behind
/// it that nobody voted on.
pub(super) fn settled(base: Option<&Discussion>, seen: &SeenText) -> Option<String> {
    let base = base?;
    let status = base.header.status();
    if status.eq_ignore_ascii_case("OPEN") {
        return None;
    }
    let of_base = SeenText::of(base, &[], "");
    (of_base.ballot == seen.ballot).then(|| status.to_owned())
}
