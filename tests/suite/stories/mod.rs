//! Stories of a user from beginning to end: what each person sees at each step, as a transcript to be read. A change of
//! any word shows up in one of them.

mod first_day;
mod fork;
mod old_files;
mod question;
mod revise;
mod transcript;

use discussions::sandbox::FileEdit;

/// Where the proposal stands.
const PATH: &str = "design/pricing-cache.md";

/// The demo's proposal, with much left open.
fn proposal() -> String {
    of(include_str!("../../../src/cli/demo/proposal.md"))
}

/// The same once its author has answered what was asked.
fn better() -> String {
    of(include_str!("../../../src/cli/demo/revised.md"))
}

/// As somebody begins it: the phase is what the template says, and nobody writes it down.
fn of(text: &str) -> String {
    text.replace("<!-- Phase: review -->\n", "")
}

/// With the template of this story.
fn under(template: &str, text: &str) -> String {
    text.replace("Template: review", &format!("Template: {template}"))
}

/// The file with its proposal replaced, and all that was said below it as it was.
fn with_proposal(file: &str, proposal: &str) -> FileEdit {
    let below = file.find("\n---\n").map_or("", |at| &file[at..]);
    FileEdit::write(PATH, format!("{}\n{below}", proposal.trim_end()))
}
