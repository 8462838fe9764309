//! Problems that only the gate can see: they need the base branch, the record or the size of the file.

use super::Case;
use crate::engine::discussion::Discussion;
use crate::engine::problem::{Code, Problem};
use crate::engine::template::{Phase, Template};

/// An Id that another discussion of the pull request carries as well, and first.
pub(super) fn duplicate_id(case: &Case<'_>, discussion: &Discussion) -> Option<Problem> {
    let twin = case.twin?;
    let line = discussion.header.field("Id").map_or(1, |field| field.line);
    let message = format!("the Id is that of {twin}");
    Some(Problem::new(Code::DuplicateId, line, 1, message))
}

/// A notice for a Phase or Status that somebody typed. A header that is behind the record only waits for the next
/// commit, and one that stands on the base like this is nobody's edit here.
pub(super) fn header_edited(
    case: &Case<'_>,
    discussion: &Discussion,
    template: &Template,
    phase: &Phase,
) -> Vec<Problem> {
    let header = &discussion.header;
    let base = case.base.discussion().map(|base| &base.header);
    let mut problems = Vec::new();
    if let Some(field) = header.field("Phase") {
        let of_base = base.and_then(|base| base.phase());
        let is_known = of_base == Some(field.value.as_str());
        if !is_known && !is_behind(template, &field.value, &phase.name) {
            let message = format!(
                "the header says phase {}; by the record it is {}, and only that counts",
                field.value, phase.name
            );
            problems.push(Problem::new(Code::HeaderEdited, field.line, 1, message));
        }
    }
    if let Some(field) = header.field("Status") {
        let of_base = base.map_or("OPEN", |base| base.status());
        let is_edited = !field.value.eq_ignore_ascii_case(of_base);
        let is_ours = case
            .record
            .is_some_and(|record| record.status == field.value);
        if is_edited && !is_ours {
            let message = format!(
                "the header says status {}; nobody but the App sets it, and it was {of_base}",
                field.value
            );
            problems.push(Problem::new(Code::HeaderEdited, field.line, 1, message));
        }
    }
    problems
}

/// Whether the record's phase is reached from the header's by going on step by step.
fn is_behind(template: &Template, header: &str, record: &str) -> bool {
    let mut at = header;
    for _ in 0..=template.phases.len() {
        if at == record {
            return true;
        }
        match template.phase(at).and_then(|phase| phase.next.as_deref()) {
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}
