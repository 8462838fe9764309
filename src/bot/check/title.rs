//! The title line of the check.
use super::Findings;
/// The title: state word first, then the numbers behind it.
pub fn title(findings: &Findings) -> String {
    let _ = findings;
    todo!()
}
