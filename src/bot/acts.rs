//! What people's acts on a discussion come to: from all of them, in order, to what counts now. Pure.
//!
//! An act stands whatever becomes of its comment: editing or deleting it takes nothing back. A hold ends by a release, a
//! pause by `resume`, an override by a changed text or another base branch; each by nothing else.

use crate::store::{ActRecord, ActVerb};

/// The text and the place that an override is about.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// What people's votes bind to now, 64 hex digits.
    pub ballot: &'a str,
    /// Base branch of the pull request.
    pub base: &'a str,
}

/// What counts now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The newest hold of each account that holds it, oldest first.
    pub holds: Vec<&'a ActRecord>,
    /// Who paused it, if it is paused.
    pub pause: Option<&'a ActRecord>,
    /// The newest override of this very text.
    pub overridden: Option<&'a ActRecord>,
}

/// Folds the acts on one discussion, oldest first.
pub fn standing<'a>(acts: impl Iterator<Item = &'a ActRecord>, bound: Bound<'_>) -> Standing<'a> {
    let mut standing = Standing::default();
    for act in acts {
        match act.verb {
            ActVerb::Hold => {
                standing.holds.retain(|hold| hold.account != act.account);
                standing.holds.push(act);
            }
            ActVerb::Release if act.target == ActVerb::OWN => {
                standing.holds.retain(|hold| hold.account != act.account);
            }
            ActVerb::Release => standing.holds.clear(),
            ActVerb::Pause => standing.pause = standing.pause.or(Some(act)),
            ActVerb::Resume => standing.pause = None,
            ActVerb::Override if act.subject == bound.ballot && act.base == bound.base => {
                standing.overridden = Some(act);
            }
            ActVerb::Override => {}
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
        why.extend(self.pause.map(|pause| format!("paused by {}", pause.login)));
        (!why.is_empty()).then(|| why.join("; "))
    }

    /// Who overrides the rules and why: `by ann: incident 114`.
    pub fn overrides(&self) -> Option<String> {
        let act = self.overridden?;
        Some(format!("by {}: {}", act.login, act.text))
    }

    /// All that counts, for the check.
    pub fn all(&self) -> impl Iterator<Item = &ActRecord> {
        let holds = self.holds.iter().copied();
        holds.chain(self.pause).chain(self.overridden)
    }
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
