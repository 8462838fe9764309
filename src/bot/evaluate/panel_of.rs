//! Which template applies to a discussion on a pull request, which phase it is in, and where its panel is looked up.

use super::Case;
use crate::bot::ground::Ground;
use crate::engine::discussion::Discussion;
use crate::engine::panel::{self, Members, Registry};
use crate::engine::template::{Phase, Template};
use crate::store::BlockRecord;

/// Where the header's names are looked up: on the base branch.
pub(super) fn registry(ground: &Ground) -> Registry<'_> {
    ground
        .config
        .registry(&ground.personas, &ground.templates, &ground.fallback)
}

/// The panel. Somebody who answered here before may have been taken out of the base since.
pub(super) fn of(ground: &Ground, discussion: &Discussion, records: &[&BlockRecord]) -> Members {
    let answered_before = |name: &str| records.iter().any(|record| record.alias == name);
    registry(ground).members(discussion, &answered_before)
}

/// The phase by the record. Before there is one: that of the merge base's copy, else the template's first. The header
/// at the head only displays it.
pub(super) fn phase(case: &Case<'_>, discussion: &Discussion, template: &Template) -> Phase {
    let recorded = case.record.map(|record| record.phase.as_str());
    let of_base = case.base.discussion().and_then(|base| base.header.phase());
    let start = of_base.unwrap_or(&template.first_phase);
    let named = recorded.filter(|phase| !phase.is_empty()).unwrap_or(start);
    match template.phase(named) {
        Some(phase) => phase.clone(),
        None => panel::phase(discussion, template, &template.first_phase).0,
    }
}
