//! Diagrams in Mermaid, which GitHub draws: what would lead elsewhere, load something or set the drawing up is left out.

/// What makes a part of a diagram act, in lower case with single blanks: addresses, images, icons, shapes with more than
/// a form, and settings (<https://mermaid.js.org/syntax/flowchart.html>, <https://mermaid.js.org/config/directives.html>).
const ACTING: [&str; 14] = [
    "//",
    "\\\\",
    "http:",
    "https:",
    "mailto:",
    "data:",
    "javascript:",
    "vbscript:",
    "<img",
    "img:",
    "url(",
    "@{",
    "$link",
    "%%{",
];

/// Words that act wherever they stand: what they act on may come on the next line.
const ACTING_WORDS: [&str; 2] = ["click", "href"];

/// How a statement begins that adds links to an actor of a sequence.
const LINKING: [&str; 3] = ["link", "links", "properties"];

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
    // A blank before a bracket or behind a scheme is none to a browser or to Mermaid.
    let joined: String = words.chars().filter(|c| *c != ' ').collect();
    ACTING
        .iter()
        .any(|sign| words.contains(sign) || joined.contains(sign))
        || words.split(';').any(is_acting_statement)
}

/// Whether one statement acts by its words; several may stand on a line, and behind the end of a loop one may follow.
fn is_acting_statement(statement: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = "end";
    for word in statement.split(|c| !is_part(c)) {
        if word.is_empty() {
            continue;
        }
        if ACTING_WORDS.contains(&word) || (before == "end" && LINKING.contains(&word)) {
            return true;
        }
        before = word;
    }
    false
}

/// What is said below a diagram of which something was left out.
pub(super) fn left_out(lines: usize) -> String {
    let noun = if lines == 1 { "line" } else { "lines" };
    format!("(Left out of the diagram: {lines} {noun} that would do more than draw.)")
}
