//! The built-in provider: answers from a persona's checklist and the proposal alone. No network, no randomness; the
//! same proposal gives the same reply.
//!
//! # When an item is raised
//! An item **applies** if one of its `when` words stands in the proposal (no `when`: always). It is **covered** if one
//! of its `unless` words stands there *as a statement*. It is raised if it applies and is not covered.
//!
//! # How words match
//! * Whole words, any case: `cache` is not found in `cached`. A phrase is found where its words follow each other
//!   within one clause.
//! * Hyphen, slash, underscore and blank are the same: `roll-back` finds `roll back`. A phrase of several words also
//!   finds itself written as one: `roll back` finds `rollback`.
//! * Plurals are tolerated on both sides (`tenant` finds `tenants`, `policy` finds `policies`); other endings are
//!   not: write `invalidate` and `invalidated` if both are meant. `%` is the word `percent`.
//!
//! # What is no statement
//! Words that do not settle anything must not read as if they did, so these never cover an item:
//! * questions (`How do we roll back?`);
//! * sentences with TBD, TODO, "to be decided" and the like, and empty bullets or check boxes;
//! * a heading with nothing below it but such lines, or no more than "There is none.";
//! * denied words: up to three words after `no`, `not`, `without`, `missing` ... (`no tested rollback`), or up to three
//!   before `not`, `none`, `missing`, `later` ... (`a rollback plan is missing`), within one clause. An `unless` phrase may itself
//!   say no: `no personal data`;
//! * code blocks, block quotes and struck text. HTML, comments included, is not read at all.
//!
//! What a proposal rules out (sections and sentences named "out of scope", "non-goals" and the like) makes no item
//! apply and covers none; only the heading itself counts. Ways not taken (sections named "alternatives", "rejected")
//! make no item apply. Comment blocks typed into the file (a `Name:` line below a
//! separator) are somebody's remarks, not the proposal, and are skipped.
//!
//! These rules err on the side of raising a remark. They are words, not understanding: the reply says so, and a
//! person has to agree in any case.

mod cues;
mod prose;
mod reply;
mod verdict;
mod words;

use super::meter::Meter;
use super::{Answer, Model, ModelError, Prompt};
use crate::engine::reply::Reply;
use async_trait::async_trait;

/// Name of the provider, as it stands in blocks and answer keys.
pub const NAME: &str = "checklist";

/// The built-in provider. It holds nothing: all it needs is in the prompt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checklist;

#[async_trait]
impl Model for Checklist {
    fn name(&self) -> &str {
        NAME
    }

    async fn answer(&self, prompt: &Prompt, _: &dyn Meter) -> Result<Answer, ModelError> {
        Ok(Answer::free(NAME, Some(answer(prompt)?)))
    }
}

/// One answer, computed at once. The vote is CHANGES if an item of severity concern or question is raised, else READY;
/// an advisory persona gives none, and all its concerns are minor.
///
/// # Errors
/// [`ModelError::NoModel`] if the persona has no checklist.
pub fn answer(prompt: &Prompt) -> Result<Reply, ModelError> {
    if prompt.persona.checklist.is_empty() {
        return Err(ModelError::NoModel(format!(
            "`{}` has no `checklist` in its persona file, so the built-in provider has nothing to answer from; \
             configure a model or add a checklist",
            prompt.persona.alias
        )));
    }
    let proposal = prose::read(&prompt.proposal);
    let verdicts = verdict::judge(&prompt.persona.checklist, &proposal);
    Ok(reply::compose(prompt, &proposal, &verdicts))
}
