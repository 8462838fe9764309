//! A problem as `lint` and `status` write it in JSON: one shape, so that one reader serves both.

use crate::engine::problem::Problem;
use serde::Serialize;

/// Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
pub struct ProblemJson<'a> {
    severity: &'static str,
    code: &'static str,
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
}
