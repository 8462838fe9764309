//! What the verdict about one discussion was made of, and what it was.

use super::shapes::{Entry, Found, Owing, PhaseShape, RulesShape, aliases};
use super::statements::{self, KeptStatement};
use crate::bot::access::Need;
use crate::bot::evaluate::Evaluated;
use crate::engine::consensus::{self, Owed, Rules, Situation, SoleAuthor, Verdict};
use crate::engine::discussion::Discussion;
use crate::engine::ledger::Ledger;
use crate::engine::problem::Problem;
use crate::engine::template::Phase;
use crate::engine::vote::{Vote, VoteEntry, VoterKind};
use crate::ids::Alias;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that decided, and what was decided.
#[derive(Serialize, Deserialize)]
pub struct KeptVerdict {
    /// The file after the round.
    text: String,
    counted: Vec<usize>,
    #[serde(default)]
    statements: Vec<KeptStatement>,
    #[serde(with = "RulesShape")]
    rules: Rules,
    #[serde(with = "PhaseShape")]
    phase: Phase,
    votes: Vec<Entry>,
    owed: Vec<Owing>,
    problems: Vec<Found>,
    tampered: Vec<String>,
    changed_sections: Vec<String>,
    bound_after: Option<u32>,
    held: Option<String>,
    #[serde(default)]
    overridden: Option<String>,
    sole_author: Option<String>,
    /// Right that a vote needs, where that is not write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vote_needs: Option<String>,
    #[serde(with = "aliases")]
    veto: Vec<Alias>,
    /// The state, as in `status --json`.
    pub state: String,
    /// Its reasons: code and words.
    pub reasons: Vec<(String, String)>,
}

impl KeptVerdict {
    /// What is kept of an evaluation under these rules.
    pub fn of(evaluated: &Evaluated, rules: &Rules) -> Self {
        let view = &evaluated.view;
        let author = view.people.not_the_author.as_ref();
        let sole_author = author.filter(|_| view.people.nobody_else);
        let blocks = &evaluated.discussion.blocks;
        let counted = blocks
            .iter()
            .filter(|block| evaluated.seen.is_ours(block.number));
        let owing = |(alias, stands): &(Alias, Owed)| Owing {
            alias: alias.clone(),
            stands: stands.clone(),
        };
        let (state, reasons) = told(&view.verdict);
        Self {
            text: evaluated.discussion.source.clone(),
            counted: counted.map(|block| block.number).collect(),
            statements: statements::kept(&evaluated.statements),
            rules: rules.clone(),
            phase: evaluated.phase.clone(),
            votes: view
                .votes
                .iter()
                .map(|vote| Entry::of(&vote.entry))
                .collect(),
            owed: view.owed.iter().map(owing).collect(),
            problems: view.problems.iter().map(Found::of).collect(),
            tampered: view.tampered.iter().map(ToString::to_string).collect(),
            changed_sections: view.changed_sections.clone(),
            bound_after: evaluated.past_bound.then_some(view.rounds.0),
            held: view.held.clone(),
            overridden: view.overridden.clone(),
            sole_author: sole_author.cloned(),
            vote_needs: Some(view.permissions.of_votes())
                .filter(|need| *need != Need::Write)
                .map(|need| need.as_str().to_owned()),
            veto: view.veto.clone(),
            state,
            reasons,
        }
    }

    /// Decides again, with these votes in the place of those that personas gave in the round.
    ///
    /// # Errors
    /// A word that this version of the program does not know.
    pub fn decide_again(&self, given: &BTreeMap<Alias, Vote>) -> Result<Verdict, String> {
        let discussion = Discussion::parse(self.text.as_bytes());
        let mut ledger = Ledger::of(&discussion, &|block| self.counted.contains(&block.number)).0;
        ledger.hear(&statements::read(&self.statements));
        let mut votes: Vec<VoteEntry> = self.votes.iter().map(Entry::entry).collect();
        for entry in votes.iter_mut().filter(|entry| entry.kind == VoterKind::Ai) {
            let alias = Alias::parse(&entry.participant);
            if let Some(vote) = alias.and_then(|alias| given.get(&alias)) {
                entry.vote = Some(*vote);
            }
        }
        let owed: Vec<(Alias, Owed)> = self
            .owed
            .iter()
            .map(|owing| (owing.alias.clone(), owing.stands.clone()))
            .collect();
        let problems: Vec<Problem> = self
            .problems
            .iter()
            .map(Found::problem)
            .collect::<Result<_, _>>()?;
        let situation = Situation {
            rules: &self.rules,
            phase: &self.phase,
            votes: &votes,
            owed: &owed,
            ledger: &ledger,
            problems: &problems,
            tampered: &self.tampered,
            working: None,
            changed_sections: &self.changed_sections,
            bound_after: self.bound_after,
            held: self.held.clone(),
            overridden: self.overridden.clone(),
            sole_author: self.sole_author.as_deref().map(|login| SoleAuthor {
                login,
                vote_needs: self.vote_needs.as_deref().unwrap_or(Need::Write.as_str()),
            }),
        };
        Ok(consensus::decide(&situation, &self.veto))
    }

    /// Whether a verdict is the one that was kept, to the word.
    pub fn is(&self, verdict: &Verdict) -> bool {
        told(verdict) == (self.state.clone(), self.reasons.clone())
    }
}

/// A verdict in words.
fn told(verdict: &Verdict) -> (String, Vec<(String, String)>) {
    let reasons = verdict.reasons.iter();
    let reasons = reasons.map(|reason| (reason.code.as_str().to_owned(), reason.text.clone()));
    (verdict.state.as_str().to_owned(), reasons.collect())
}
