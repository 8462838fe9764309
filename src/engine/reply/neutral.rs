//! Text from a model or a stranger made safe to stand in a discussion file or on GitHub. One function for each kind
//! of place: [`comment`] for several lines of Markdown, [`remark`] for the one line behind a marker.
//!
//! The text is read as CommonMark and written anew from what was read, so nothing passes that we do not write: no raw
//! HTML, images, foreign links, headings, separators, rules or tables. What would act is set in code marks.

use super::diagram;
use super::inline::{self, Run, broken_comments, longest_run_of_backticks};
use super::pieces::{Piece, pieces};
use crate::engine::body::{is_name_line, is_separator_line};

/// Languages kept on a fence: neither drawn by GitHub from data, nor rewritten by common formatters. Mermaid is drawn,
/// which is what it is for.
const KEPT_LANGUAGES: [&str; 22] = [
    "mermaid",
    "text",
    "diff",
    "rust",
    "python",
    "go",
    "c",
    "cpp",
    "java",
    "kotlin",
    "swift",
    "ruby",
    "php",
    "sql",
    "sh",
    "bash",
    "console",
    "toml",
    "ini",
    "proto",
    "hcl",
    "dockerfile",
];

/// Longest target of a link that is shown, in characters.
const LONGEST_TARGET: usize = 120;

/// Neutralised text, and how much of it was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neutral {
    /// Markdown as formatters leave it, LF, no blank line at either end; may be empty.
    pub text: String,
    /// Characters left out at the end of the original.
    pub cut: usize,
}

/// Several lines of Markdown: paragraphs, lists, quotes, code. At most `limit` characters of the original.
pub fn comment(original: &str, limit: usize) -> Neutral {
    let visible = visible(original);
    let (kept, cut) = cut_at(visible.trim(), limit);
    Neutral {
        text: blocks(&pieces(kept)),
        cut,
    }
}

/// One line for behind a marker, whatever the original's lines. At most `limit` characters of the original.
pub fn remark(original: &str, limit: usize) -> Neutral {
    let visible = visible(original);
    let words = inline::spaced(&visible);
    let (kept, cut) = cut_at(&words, limit);
    let lines = pieces(kept).into_iter().flat_map(|piece| match piece {
        Piece::Paragraph { lines, .. } | Piece::Item { lines, .. } => lines
            .iter()
            .map(|runs| inline::line(runs))
            .collect::<Vec<_>>(),
        Piece::Fence { text, .. } => vec![inline::code(&text)],
    });
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    let mut text = lines.join(" ");
    if text.is_empty() {
        // Markdown shows nothing of it. What was said is said all the same.
        text = inline::line(&[Run::Text(kept.to_owned())]);
    }
    if cut > 0 {
        text.push('…');
    }
    Neutral { text, cut }
}

/// Plain text as one line that can stand in a heading, whatever is in it. Empty if nothing visible is.
pub fn heading(original: &str) -> String {
    let words = visible(original);
    let mut line = inline::line(&[Run::Text(words)]);
    // A run of hashes after a blank at the end would close the heading and not be shown.
    let text_end = line.trim_end_matches('#').len();
    if text_end < line.len() && line[..text_end].ends_with(' ') {
        line.insert(text_end, '\\');
    }
    line
}

/// The original without characters that show nothing or change the direction of others, with LF line ends.
pub(super) fn visible(original: &str) -> String {
    let mut visible = String::with_capacity(original.len());
    for c in original.replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => visible.push('\n'),
            '\t' => visible.push('\t'),
            // The blank of Braille.
            '\u{2800}' => visible.push(' '),
            // The selectors between emoji and text stay behind one sign, where they choose how it is drawn: a run of
            // them spells words.
            '\u{fe0e}' | '\u{fe0f}' if visible.ends_with(is_pictured) => visible.push(c),
            '\u{fe0e}' | '\u{fe0f}' => {}
            c if c.is_control() || is_invisible(c) => {}
            c => visible.push(c),
        }
    }
    visible
}

/// Signs that are drawn as text or as an emoji (Unicode `emoji-variation-sequences.txt`, by blocks).
fn is_pictured(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Format characters: zero-width, bidirectional, tag, fillers, characters that are none, and variation selectors but
/// for the two between emoji and text.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether GitHub could link a word to a commit: 7 to 40 hexadecimal digits, both digits and letters among them.
pub fn names_commit(word: &str) -> bool {
    inline::names_commit(word)
}

/// At most `limit` characters, cut at a blank where one is near, and the number of those left out.
fn cut_at(text: &str, limit: usize) -> (&str, usize) {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return (text, 0);
    };
    let near = text[..end]
        .rfind(char::is_whitespace)
        .filter(|at| end - at <= 40)
        .unwrap_or(end);
    let kept = text[..near].trim_end();
    (kept, text[kept.len()..].trim_start().chars().count())
}

/// Writes the pieces. List items stand close together, everything else is apart by one blank line.
fn blocks(pieces: &[Piece]) -> String {
    let mut writer = Writer::default();
    for piece in pieces {
        match piece {
            Piece::Paragraph { lines, quoted } => writer.paragraph(lines, *quoted),
            Piece::Item {
                depth,
                number,
                lines,
            } => writer.item(*depth, *number, lines),
            Piece::Fence { language, text } => writer.fence(language, text),
        }
    }
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Indent of the text at each depth of the list being written; empty outside of one.
    indents: Vec<usize>,
    /// Number of the last item of a numbered list; `None` in a bulleted one.
    number: Option<u64>,
}

impl Writer {
    fn apart(&mut self) {
        if !self.out.is_empty() {
            self.out.push_str("\n\n");
        }
    }

    fn paragraph(&mut self, lines: &[Vec<Run>], quoted: bool) {
        let lines = rendered(lines);
        if lines.is_empty() {
            return;
        }
        self.apart();
        self.indents.clear();
        let (prefix, between) = if quoted { ("> ", "\n> ") } else { ("", "\n") };
        self.out.push_str(prefix);
        self.out.push_str(&lines.join(between));
    }

    /// Nested lists are bulleted; a list of the other kind begins apart.
    fn item(&mut self, depth: usize, number: Option<u64>, lines: &[Vec<Run>]) {
        let lines = rendered(lines);
        if lines.is_empty() {
            return;
        }
        let depth = depth.min(self.indents.len());
        let begins =
            self.indents.is_empty() || (depth == 0 && self.number.is_some() != number.is_some());
        if begins {
            self.apart();
            self.number = number.map(|number| number.min(900));
        } else {
            self.out.push('\n');
            if depth == 0 {
                self.number = self.number.map(|number| number + 1);
            }
        }
        let bullet = match self.number {
            Some(number) if depth == 0 => format!("{number}. "),
            _ => "- ".to_owned(),
        };
        self.indents.truncate(depth);
        let outer = self.indents.last().copied().unwrap_or(0);
        let indent = outer + bullet.len();
        self.indents.push(indent);
        self.out.push_str(&" ".repeat(outer));
        self.out.push_str(&bullet);
        self.out
            .push_str(&lines.join(&format!("\n{}", " ".repeat(indent))));
    }

    fn fence(&mut self, language: &str, text: &str) {
        let language = KEPT_LANGUAGES
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(language))
            .unwrap_or_default();
        let lines: Vec<String> = text
            .lines()
            .map(|line| broken_comments(line.trim_end()))
            .collect();
        let (lines, left_out) = match language {
            "mermaid" => diagram::inert(lines),
            _ => (lines, 0),
        };
        self.code(language, &without_blocks(lines).join("\n"));
        if left_out > 0 {
            self.apart();
            self.out.push_str(&diagram::left_out(left_out));
        }
    }

    fn code(&mut self, language: &str, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.apart();
        self.indents.clear();
        let marks = "`".repeat(longest_run_of_backticks(text).max(2) + 1);
        self.out
            .push_str(&format!("{marks}{language}\n{text}\n{marks}"));
    }
}

fn rendered(lines: &[Vec<Run>]) -> Vec<String> {
    lines
        .iter()
        .map(|runs| inline::line(runs))
        .filter(|line| !line.is_empty())
        .collect()
}

/// Code whose lines do not look like a block of the discussion: a name line below a separator is indented, since
/// readers report a block that is hidden in code.
fn without_blocks(mut lines: Vec<String>) -> Vec<String> {
    let mut below_separator = false;
    for line in &mut lines {
        if below_separator && is_name_line(line) {
            line.insert_str(0, "    ");
        }
        if !line.trim().is_empty() {
            below_separator = is_separator_line(line);
        }
    }
    lines
}

/// A link target as shown.
pub(super) fn shown_target(target: &str) -> String {
    let (kept, cut) = cut_at(target, LONGEST_TARGET);
    if cut > 0 {
        format!("{kept}…")
    } else {
        kept.to_owned()
    }
}
