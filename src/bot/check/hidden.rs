//! What a reader of the page does not see, told to people: personas are shown it, marked.

use super::votes::line_link;
use super::{DiscussionView, Hidden};

/// Lines told of one kind.
const MAX_LINES: usize = 8;

/// The sentence of the summary, lines linked; `None`: nothing is hidden.
pub(super) fn sentence(view: &DiscussionView) -> Option<String> {
    told(view, &|line| line_link(view, line))
}

/// The sentence as plain text, with the line it belongs to.
pub(super) fn plain(view: &DiscussionView) -> Option<(usize, String)> {
    let first = view.hidden.iter().filter_map(|hidden| hidden.lines.first());
    let sentence = told(view, &|line| format!("line {line}"))?;
    Some((*first.min()?, sentence))
}

fn told(view: &DiscussionView, line: &dyn Fn(usize) -> String) -> Option<String> {
    let total: usize = view.hidden.iter().map(|hidden| hidden.lines.len()).sum();
    let kinds: Vec<String> = view.hidden.iter().map(|kind| of_kind(kind, line)).collect();
    let places = if total == 1 { "place is" } else { "places are" };
    (total > 0).then(|| {
        format!(
            "{total} {places} hidden from readers or meant for machines: {}. Personas are shown them marked.",
            kinds.join("; ")
        )
    })
}

/// `2 HTML comments (line 4, line 9)`
fn of_kind(hidden: &Hidden, line: &dyn Fn(usize) -> String) -> String {
    let mut numbers = hidden.lines.clone();
    numbers.dedup();
    let mut lines: Vec<String> = numbers.iter().take(MAX_LINES).map(|n| line(*n)).collect();
    let more = numbers.len().saturating_sub(MAX_LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let (one, many) = hidden.kind.nouns();
    let noun = if hidden.lines.len() == 1 { one } else { many };
    format!("{} {noun} ({})", hidden.lines.len(), lines.join(", "))
}
