//! What people's acts on a discussion come to: from all of them, in order, to what counts now. Pure.
//!
//! An act stands whatever becomes of its comment: editing or deleting it takes nothing back. A hold ends by a release, a
//! pause by `resume`, an override as soon as another text was there, by a reset, or in another base branch; each by
//! nothing else. They count in the order in which they were said, whatever the order in which GitHub tells of them:
//! nobody releases what was not there to be seen.

use crate::store::{ActRecord, ActVerb};

/// The text and the place that an override is about.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// What people's votes bind to now, 64 hex digits.
    pub ballot: &'a str,
    /// Base branch of the pull request.
    pub base: &'a str,
    /// The chain of receipts that counts now; empty: none yet.
    pub did: &'a str,
    /// Texts published so far with the time, ms, oldest first.
    pub published: &'a [(String, i64)],
}

impl Bound<'_> {
    /// Whether an override is of what is there, and was ever since.
    fn is_of(&self, act: &ActRecord) -> bool {
        // GitHub tells whole seconds.
        let is_left = |(text, at): &(String, i64)| *at > act.said_at + 999 && text != self.ballot;
        act.subject == self.ballot
            && act.base == self.base
            && (act.did.is_empty() || act.did == self.did)
            && !self.published.iter().any(is_left)
    }
}

/// What counts now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The newest hold of each account that holds it, oldest first.
    pub holds: Vec<&'a ActRecord>,
    /// The newest pause of each account that paused it, oldest first.
    pub pauses: Vec<&'a ActRecord>,
    /// The newest override of this very text.
    pub overridden: Option<&'a ActRecord>,
}

/// Folds the acts on one discussion; those said in the same second stay in the order given.
pub fn standing<'a>(acts: impl Iterator<Item = &'a ActRecord>, bound: Bound<'_>) -> Standing<'a> {
    let mut standing = Standing::default();
    let mut acts: Vec<&ActRecord> = acts.collect();
    acts.sort_by_key(|act| act.said_at);
    let not_by = |account: u64| move |one: &&ActRecord| one.account != account;
    for act in acts {
        match act.verb {
            ActVerb::Hold => {
                standing.holds.retain(not_by(act.account));
                standing.holds.push(act);
            }
            ActVerb::Release if act.target == ActVerb::OWN => {
                standing.holds.retain(not_by(act.account));
            }
            ActVerb::Release => standing.holds.clear(),
            ActVerb::Pause => {
                standing.pauses.retain(not_by(act.account));
                standing.pauses.push(act);
            }
            ActVerb::Resume if act.target == ActVerb::OWN => {
                standing.pauses.retain(not_by(act.account));
            }
            ActVerb::Resume => standing.pauses.clear(),
            ActVerb::Override if bound.is_of(act) => standing.overridden = Some(act),
            ActVerb::Override | ActVerb::Again | ActVerb::Advance | ActVerb::Cancel => {}
            // What these come to is `on_ledger`'s to say.
            ActVerb::Concern | ActVerb::Resolve | ActVerb::Answer => {}
        }
    }
    standing
}

impl Standing<'_> {
    /// Why it is held, as the check says it: `by ann: wait for the load test`, `paused by bob`.
    pub fn held(&self) -> Option<String> {
        let holds = self.holds.iter();
        let mut why: Vec<String> = holds
            .map(|hold| format!("by {}: {}", hold.login, hold.text))
            .collect();
        let pauses = self.pauses.iter();
        why.extend(pauses.map(|pause| format!("paused by {}", pause.login)));
        (!why.is_empty()).then(|| why.join("; "))
    }

    /// Who overrides the rules and why: `by ann: incident 114`.
    pub fn overrides(&self) -> Option<String> {
        let act = self.overridden?;
        Some(format!("by {}: {}", act.login, act.text))
    }

    /// All that counts, for the check.
    pub fn all(&self) -> impl Iterator<Item = &ActRecord> {
        let acts = self.holds.iter().chain(&self.pauses).copied();
        acts.chain(self.overridden)
    }
}

/// Every time that a persona was asked again on a text (64 hex digits of the subject), oldest first.
pub fn asked_again<'a>(
    acts: impl Iterator<Item = &'a ActRecord>,
    alias: &str,
    subject: &str,
) -> Vec<&'a ActRecord> {
    acts.filter(|act| act.verb == ActVerb::Again && act.target == alias && act.subject == subject)
        .collect()
}

/// What somebody may take back of what others did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    All,
    /// Only what the same account did: others did more.
    Own,
    /// Nothing: all of it is by others.
    Nothing,
}

/// How far a release or `resume` of an account reaches. `is_bound`: it is the author, who does not decide about what
/// stands in the author's own way.
pub fn reach(acts: &[&ActRecord], account: u64, is_bound: bool) -> Reach {
    let own = acts.iter().filter(|act| act.account == account).count();
    match (is_bound, own) {
        (false, _) => Reach::All,
        (true, own) if own == acts.len() => Reach::All,
        (true, 0) => Reach::Nothing,
        (true, _) => Reach::Own,
    }
}
