//! The summary.
use super::*;
pub(super) fn summary(input: &CheckInput, left_out: usize) -> String {
    let _ = (input, left_out);
    todo!()
}
pub(in crate::bot) fn overview(evaluation: &Evaluation) -> String {
    let _ = evaluation;
    todo!()
}
pub(in crate::bot) fn discussion_section(view: &DiscussionView) -> String {
    let _ = view;
    todo!()
}
