//! Diagrams in Mermaid, which GitHub draws: what would lead elsewhere, load something or set the drawing up is left out.

/// What makes a part of a diagram act, in lower case with single blanks: links, calls, images, icons and settings
/// (<https://mermaid.js.org/syntax/flowchart.html>, <https://mermaid.js.org/config/directives.html>).
const ACTING: [&str; 9] = [
    "click ",
    "href",
    "//",
    "\\\\",
    "javascript:",
    "<img",
    "img:",
    "$link",
    "%%{",
];

/// How a line begins that adds links to an actor of a sequence.
const LINKING: [&str; 3] = ["link ", "links ", "properties "];

/// The lines that only draw, and how many with something to see were left out. Comments go too: nobody sees them.
pub(super) fn inert(lines: Vec<String>) -> (Vec<String>, usize) {
    let mut kept = Vec::with_capacity(lines.len());
    let mut left_out = 0;
    let mut in_settings = false;
    for line in lines {
        let words = line.to_ascii_lowercase();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let begins = kept.iter().all(|line: &String| line.trim().is_empty());
        let is_fence = words == "---";
        // Settings stand between two lines of hyphens at the start.
        if in_settings || is_fence {
            left_out += usize::from(!is_fence && !words.is_empty());
            in_settings = (in_settings || begins) && !(in_settings && is_fence);
            continue;
        }
        if acts(&words) {
            left_out += 1;
        } else if !words.starts_with("%%") {
            kept.push(line);
        }
    }
    (kept, left_out)
}

fn acts(words: &str) -> bool {
    ACTING.iter().any(|sign| words.contains(sign))
        || LINKING.iter().any(|start| words.starts_with(start))
}

/// What is said below a diagram of which something was left out.
pub(super) fn left_out(lines: usize) -> String {
    let noun = if lines == 1 { "line" } else { "lines" };
    format!("(Left out of the diagram: {lines} {noun} that would do more than draw.)")
}
