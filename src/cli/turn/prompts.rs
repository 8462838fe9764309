//! `turn --show-prompt`: the words that a model would be given.

use crate::cli::output::{BOLD, Output, styled};
use crate::engine::prompt::{self, Prompt};
use std::path::Path;

/// Prints the prompts one below the other; what is hidden in the texts is told on the side.
pub(super) fn show(file: &Path, prompts: &[Prompt], output: &Output) {
    for prompt in prompts {
        let alias = &prompt.persona.alias;
        let rendered = prompt::render(prompt);
        for (part, text) in [
            ("system", &rendered.system),
            ("background", &rendered.background),
            ("task", &rendered.task),
        ] {
            output.result(styled(BOLD, format!("===== {alias}: {part} =====")));
            output.result(format!("\n{}\n", text.trim_end()));
        }
    }
    // The texts are the same for everybody but for open items, which are the persona's own words.
    let marks = prompts.first().map(prompt::marks).unwrap_or_default();
    if let Some(summary) = prompt::summary(&marks) {
        output.note(format!("{}: {summary}", file.display()));
    }
    output.note(match prompts.len() {
        0 => "nobody would be asked".to_owned(),
        1 => "1 prompt shown, nobody asked".to_owned(),
        count => format!("{count} prompts shown, nobody asked"),
    });
}
