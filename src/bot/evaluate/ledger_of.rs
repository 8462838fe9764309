//! The ledger of a discussion: what stands in the blocks that count, and what people said about it.

use super::{Case, SeenText};
use crate::bot::on_ledger::{self, Ground};
use crate::engine::block::Block;
use crate::engine::discussion::Discussion;
use crate::engine::ledger::Ledger;
use crate::engine::problem::Problem;
use crate::engine::statement::Statement;
use crate::store::{ActRecord, ActVerb};
use std::collections::BTreeMap;

/// The ledger with what it was made of.
pub(super) struct Heard<'a> {
    pub ledger: Ledger,
    pub problems: Vec<Problem>,
    /// What people said, for [`Ledger::hear`].
    pub statements: Vec<Statement>,
    /// The acts that closed something.
    pub closings: Vec<&'a ActRecord>,
}

pub(super) fn of<'a>(case: &Case<'a>, discussion: &Discussion, seen: &SeenText) -> Heard<'a> {
    let counts = |block: &Block| seen.is_ours(block.number);
    let (mut ledger, problems) = Ledger::of(discussion, &counts);
    let none = BTreeMap::new();
    let chains = case.record.map_or(&none, |record| &record.chains);
    let mut said = on_ledger::counting(case.acts.iter().copied(), chains);
    let ground = Ground {
        discussion,
        ours: &seen.ours,
        records: case.blocks,
    };
    let statements = ground.statements(&said);
    ledger.hear(&statements);
    said.retain(|act| act.verb != ActVerb::Concern);
    Heard {
        ledger,
        problems,
        statements,
        closings: said,
    }
}
