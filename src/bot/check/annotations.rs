//! Annotations.
use super::Findings;
use crate::forge::Annotation;
pub(super) fn annotations(findings: &Findings) -> (Vec<Annotation>, usize) {
    let _ = findings;
    todo!()
}
