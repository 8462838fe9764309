//! What models took on a pull request, in a sentence or two.

use super::title::listed;
use crate::llm::budget::{Budget, dollars, grouped};
use crate::store::Spending;
use std::collections::{BTreeMap, BTreeSet};

/// Personas named; the others are counted.
const MAX_NAMES: usize = 6;

/// A sum over several requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    tokens: u64,
    /// Nano-dollars of those whose price is known.
    cost: u64,
    /// Tokens of models some of whose requests have no known price.
    unpriced: u64,
}

impl Sum {
    fn add(&mut self, row: &Spending) {
        let tokens = row.taken.input.saturating_add(row.taken.output);
        self.tokens = self.tokens.saturating_add(tokens);
        self.cost = self.cost.saturating_add(row.taken.cost.unwrap_or(0));
        if row.unpriced > 0 {
            self.unpriced = self.unpriced.saturating_add(tokens);
        }
    }

    /// `$0.05`, `12,000 tokens`, or both where one of them does not say all.
    fn words(&self) -> String {
        match (self.tokens > self.unpriced, self.unpriced) {
            (_, 0) => dollars(self.cost),
            (false, _) => format!("{} tokens", grouped(self.tokens)),
            (true, unpriced) => {
                format!("{} and {} tokens", dollars(self.cost), grouped(unpriced))
            }
        }
    }
}

/// Notes for the check: what was taken so far and by whom, and what the limits cannot hold. Empty where nothing was.
pub fn costs(spending: &[Spending], budget: &Budget) -> Vec<String> {
    let mut all = Sum::default();
    let mut personas: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut unpriced: BTreeSet<&str> = BTreeSet::new();
    let mut unsettled = 0;
    for row in spending {
        all.add(row);
        personas.entry(&row.persona).or_default().add(row);
        unsettled += row.unsettled;
        if row.unpriced > 0 {
            unpriced.insert(&row.model);
        }
    }
    if spending.is_empty() || (all.tokens == 0 && unsettled == 0) {
        return Vec::new();
    }
    let mut notes = vec![so_far(all, personas, unsettled)];
    let limits = [budget.per_round, budget.per_pr, budget.per_day];
    let in_dollars = limits.iter().any(|limit| limit.cost.is_some());
    let in_tokens = limits.iter().any(|limit| limit.tokens.is_some());
    if !unpriced.is_empty() && in_dollars {
        let hold = match in_tokens {
            true => "the limits in tokens hold all the same",
            false => "nothing else limits it: set `budget.per_round.tokens`",
        };
        notes.push(format!(
            "No price is known for {}: limits in dollars do not count it, {hold}",
            listed(&unpriced.into_iter().collect::<Vec<_>>())
        ));
    }
    notes
}

fn so_far(all: Sum, personas: BTreeMap<&str, Sum>, unsettled: u64) -> String {
    let mut by_cost: Vec<(&str, Sum)> = personas.into_iter().collect();
    by_cost.sort_by_key(|(name, sum)| (u64::MAX - sum.cost, u64::MAX - sum.tokens, *name));
    let shares = by_cost
        .iter()
        .take(MAX_NAMES)
        .map(|(name, sum)| format!("{name} {}", sum.words()));
    let mut shares: Vec<String> = shares.collect();
    if by_cost.len() > MAX_NAMES {
        shares.push(format!("{} more", by_cost.len() - MAX_NAMES));
    }
    let tokens = format!("{} tokens", grouped(all.tokens));
    let total = match all.tokens > all.unpriced {
        true => format!("{}, {tokens}", dollars(all.cost)),
        false => tokens,
    };
    let open = match unsettled {
        0 => String::new(),
        1 => " (one request, whose end is not known, with the most it can have taken)".to_owned(),
        many => {
            format!(" ({many} requests, whose end is not known, with the most they can have taken)")
        }
    };
    format!(
        "Models took on this pull request so far: {total}: {}{open}",
        shares.join(", ")
    )
}
