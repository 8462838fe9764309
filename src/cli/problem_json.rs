//! A problem as `lint` and `status` write it in JSON: one shape, so that one reader serves both.

use super::snippet::Finding;
use crate::engine::problem::Problem;
use serde::Serialize;

/// Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
pub struct ProblemJson<'a> {
    severity: &'static str,
    code: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    hint: &'a str,
}

impl<'a> ProblemJson<'a> {
    /// The problem in words of the schema.
    pub fn of(problem: &'a Problem) -> Self {
        Self {
            severity: problem.severity().as_str(),
            code: problem.code.row().name,
            line: problem.line,
            column: problem.column,
            message: &problem.message,
            hint: &problem.hint,
        }
    }

    /// Something found in another file than a discussion.
    pub fn of_finding(found: &Finding<'a>) -> Self {
        Self {
            severity: found.severity.as_str(),
            code: found.code,
            line: found.line,
            column: found.column,
            message: found.message,
            hint: found.hint,
        }
    }
}
