//! The summary of the check: complete by itself, so that nobody has to look anywhere else.

use super::acts;
use super::annotations::MAX_ANNOTATIONS;
use super::hidden;
use super::next::{NextStep, all_steps};
use super::title::{counted, of_discussion, title};
use super::votes::{self, line_link};
use super::{CheckInput, ConfigProblem, DiscussionView, DroppedView, Evaluation, Findings};
use crate::bot::markdown::{code, code_cell, inline, link, sentences, shorten};
use crate::engine::consensus::{ReasonCode, State};
use crate::engine::ledger::{Item, ItemKind, ItemState};
use crate::engine::problem::{Problem, Severity};
use std::fmt::Write;

/// Characters of a remark in a list or table.
const MAX_REMARK: usize = 400;
/// Problems and configuration notices listed.
const MAX_PROBLEMS: usize = 20;
/// Open items listed for each discussion.
const MAX_ITEMS: usize = 50;

/// The whole summary; `left_out` annotations did not fit.
pub(in crate::bot) fn summary(input: &CheckInput, left_out: usize) -> String {
    let mut text = format!("**{}**\n", inline(&title(&input.findings)));
    match &input.findings {
        Findings::Started => {
            text.push_str(
                "\nThe discussions of this commit are being read. This takes a moment.\n",
            );
        }
        Findings::Superseded { by } => {
            let _ = writeln!(
                text,
                "\nThe branch moved on to {}. This commit is no longer judged; its check stays closed, also if the \
                 branch comes back to it.",
                code(by.short())
            );
        }
        Findings::Closed => {
            let _ = writeln!(
                text,
                "\nThe pull request was closed. Should it be opened again, it is judged anew: what was said meanwhile counts."
            );
        }
        Findings::Elsewhere { base } => {
            let _ = writeln!(
                text,
                "\nThe pull request goes into {} now, where this check is not the one that decides. It is judged \
                 anew when it comes back.",
                code(base)
            );
        }
        Findings::Renamed { base, name } => {
            let now = match name {
                Some(name) => format!("It is judged under the name {} now", code(name)),
                None => "Nothing is judged there now".to_owned(),
            };
            let _ = writeln!(
                text,
                "\nThe configuration on {} no longer uses this check. {now}; where branch rules require this one, take \
                 it out of them.",
                code(base)
            );
        }
        Findings::Failed { id } => failed(&mut text, id),
        Findings::Ungranted { missing, settings } => ungranted(&mut text, missing, settings),
        Findings::Evaluated(evaluation) => {
            text.push_str(&overview(evaluation));
            text.push_str(&sections(evaluation));
        }
    }
    notes(&mut text, input, left_out);
    text
}

fn failed(text: &mut String, id: &str) {
    let _ = writeln!(
        text,
        "\nThis is our fault, not yours. The work is kept and not tried again by itself. An operator finds it in the \
         log under {}. To try again now, press \"Re-run\" or post {}.",
        code(id),
        code("/discuss retry")
    );
}

fn ungranted(text: &mut String, missing: &[String], settings: &str) {
    let missing: Vec<String> = missing.iter().map(|one| code(one)).collect();
    let _ = writeln!(
        text,
        "\nThe App may not read or write everything it needs to judge this pull request, so nothing here is green. \
         Missing: {}.\n\n### Next\n\n1. An owner of the account accepts the App's permissions at {settings}\n\nAfter \
         that the pull request is looked at by itself; what was said meanwhile counts.",
        missing.join(", ")
    );
}

/// What stands above the discussions: why it is clear, the next steps, one row for each of several discussions.
pub(in crate::bot) fn overview(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    if evaluation.discussions.is_empty()
        && evaluation.dropped.is_empty()
        && evaluation.demands.is_empty()
        && evaluation.config_errors.is_empty()
    {
        text.push_str(
            "\nThis pull request touches no discussion file, so nothing is to be decided here.\n",
        );
    }
    dropped(&mut text, &evaluation.dropped);
    steps(&mut text, &all_steps(evaluation));
    config_problems(&mut text, "Configuration errors", &evaluation.config_errors);
    config_problems(
        &mut text,
        "Configuration notices",
        &evaluation.config_notices,
    );
    if evaluation.discussions.len() > 1 {
        text.push_str("\n| Discussion | State |\n|---|---|\n");
        for view in &evaluation.discussions {
            let _ = writeln!(
                text,
                "| {} | {} |",
                code_cell(&view.path),
                inline(&of_discussion(view))
            );
        }
    }
    text
}

/// What left and was let go: by whom and why.
fn dropped(text: &mut String, dropped: &[DroppedView]) {
    if dropped.is_empty() {
        return;
    }
    text.push_str("\n**Left this pull request**\n\n");
    for view in dropped.iter().take(MAX_ITEMS) {
        let said = link(&format!("dropped by {}", view.by), Some(&view.link));
        let reason = inline(&shorten(&view.reason, MAX_REMARK));
        let _ = writeln!(text, "- {}, {said}: {reason}", code(&view.path));
    }
    more(text, dropped.len(), MAX_ITEMS);
}

fn steps(text: &mut String, steps: &[NextStep]) {
    if steps.is_empty() {
        return;
    }
    text.push_str("\n### Next\n\n");
    for (number, step) in steps.iter().enumerate() {
        let line = step
            .line
            .as_ref()
            .map_or(String::new(), |line| format!(": {}", code(line)));
        let sentence = format!("{} {}", step.who, shorten(&step.what, MAX_REMARK));
        let _ = writeln!(
            text,
            "{}. {}{line}",
            number + 1,
            inline(&capitalised(&sentence))
        );
    }
}

/// Only our own words are capitalised; names stay as they are written.
fn capitalised(sentence: &str) -> String {
    for start in ["someone ", "nobody ", "the author "] {
        if let Some(rest) = sentence.strip_prefix(start) {
            let mut letters = start.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            return first
                .into_iter()
                .chain(letters)
                .chain(rest.chars())
                .collect();
        }
    }
    sentence.to_owned()
}

fn config_problems(text: &mut String, heading: &str, problems: &[ConfigProblem]) {
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n**{heading}**\n");
    for problem in problems.iter().take(MAX_PROBLEMS) {
        let place = problem.place();
        let said = shorten(&sentences(&problem.message, &problem.hint), MAX_REMARK);
        let _ = writeln!(text, "- {} {}", code(&place), inline(&said));
    }
    more(text, problems.len(), MAX_PROBLEMS);
}

pub(super) fn more(text: &mut String, all: usize, shown: usize) {
    if all > shown {
        let _ = writeln!(text, "- and {} more", all - shown);
    }
}

/// Every discussion in detail.
pub(in crate::bot) fn sections(evaluation: &Evaluation) -> String {
    let several = evaluation.discussions.len() > 1;
    evaluation
        .discussions
        .iter()
        .map(|view| section(view, several))
        .collect()
}

/// One discussion: what is missing, votes, open items, dissent, problems; its state too unless that stands above.
fn section(view: &DiscussionView, with_state: bool) -> String {
    let mut text = format!("\n### {}\n\n", inline(&shorten(&view.title, 120)));
    if with_state {
        let _ = writeln!(text, "**{}**\n", inline(&of_discussion(view)));
    }
    facts(&mut text, view);
    missing(&mut text, view);
    acts::list(&mut text, view);
    votes::table(&mut text, view);
    open_items(&mut text, view);
    votes::dissent(&mut text, view);
    problems(&mut text, view);
    text
}

/// Path, phase, text, rounds.
pub(in crate::bot) fn facts(text: &mut String, view: &DiscussionView) {
    let mut facts = vec![code(&view.path)];
    if !view.phase.is_empty() {
        facts.push(format!("phase {}", code(&view.phase)));
    }
    if !view.subject.is_empty() {
        facts.push(format!("text {}", code(&view.subject)));
    }
    let (done, bound) = view.rounds;
    if bound > 0 {
        facts.push(format!("{done} of {bound} automatic rounds"));
    }
    let _ = writeln!(text, "{}", facts.join(" · "));
}

/// Every rule that does not hold.
pub(in crate::bot) fn missing(text: &mut String, view: &DiscussionView) {
    if view.verdict.state == State::Ready || view.verdict.reasons.is_empty() {
        return;
    }
    let is_overridden = view.verdict.state == State::Overridden;
    // Who overrides the rules stands in the title and below, and is not in the way.
    let all = view.verdict.reasons.iter();
    let reasons: Vec<_> = all
        .filter(|reason| !is_overridden || reason.code != ReasonCode::Overridden)
        .collect();
    if reasons.is_empty() {
        return;
    }
    text.push_str(match is_overridden {
        true => "\n**What was overridden**\n\n",
        false => "\n**Between this and READY**\n\n",
    });
    for reason in reasons {
        let _ = writeln!(text, "- {}", inline(&shorten(&reason.text, MAX_REMARK)));
    }
}

/// Open questions, concerns and tasks.
pub(in crate::bot) fn open_items(text: &mut String, view: &DiscussionView) {
    let open: Vec<&Item> = view
        .ledger
        .all()
        .filter(|item| item.state == ItemState::Open)
        .collect();
    let open: Vec<&Item> = open
        .into_iter()
        .filter(|item| item.kind != ItemKind::Decision)
        .collect();
    if open.is_empty() {
        return;
    }
    text.push_str("\n**Open**\n\n");
    for item in open.iter().take(MAX_ITEMS) {
        let id = item.id.as_deref().unwrap_or("–");
        let said = std::iter::once(item.text.as_str()).chain(item.items.iter().map(String::as_str));
        let said = shorten(&said.collect::<Vec<_>>().join(" · "), MAX_REMARK);
        let _ = writeln!(
            text,
            "- **{}** {}, {}: {}",
            inline(id),
            inline(&item.author),
            place(view, item),
            inline(&said)
        );
    }
    more(text, open.len(), MAX_ITEMS);
}

/// Where an item stands: a line of the file, or a comment.
fn place(view: &DiscussionView, item: &Item) -> String {
    match &item.raised_in {
        Some(address) => link("a comment", Some(address)),
        None => line_link(view, item.line),
    }
}

/// What is wrong in the file, or worth knowing about its text.
pub(in crate::bot) fn problems(text: &mut String, view: &DiscussionView) {
    if !view.problems.is_empty() {
        text.push_str("\n**In the file**\n\n");
        for problem in view.problems.iter().take(MAX_PROBLEMS) {
            let _ = writeln!(text, "- {}", problem_line(view, problem));
        }
        more(text, view.problems.len(), MAX_PROBLEMS);
    }
    if !view.unsigned_lines.is_empty() {
        let blocks = counted(view.unsigned_lines.len(), "block bears", "blocks bear");
        let _ = writeln!(
            text,
            "\n{blocks} a persona's name without being written by the App; not counted."
        );
    }
    if let Some(hidden) = hidden::sentence(view) {
        let _ = writeln!(text, "\n{hidden}");
    }
    if !view.uncovered_lines.is_empty() {
        let lines: Vec<String> = view
            .uncovered_lines
            .iter()
            .take(MAX_ITEMS)
            .map(|line| line_link(view, *line))
            .collect();
        let _ = writeln!(text, "\nNot covered by persona votes: {}", lines.join(", "));
        more(text, view.uncovered_lines.len(), MAX_ITEMS);
    }
}

fn problem_line(view: &DiscussionView, problem: &Problem) -> String {
    let severity = match problem.severity() {
        Severity::Error => "**error**",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    };
    let said = shorten(&sentences(&problem.message, &problem.hint), MAX_REMARK);
    format!(
        "{severity} {}, {}: {}",
        code(problem.code.row().name),
        line_link(view, problem.line),
        inline(&said)
    )
}

/// Things worth knowing that change nothing, each as a line.
pub(in crate::bot) fn note_lines(input: &CheckInput) -> Vec<String> {
    let notes = input.notes.iter();
    notes
        .map(|note| inline(&shorten(note, MAX_REMARK)))
        .collect()
}

fn notes(text: &mut String, input: &CheckInput, left_out: usize) {
    let mut notes = note_lines(input);
    if left_out > 0 {
        notes.push(format!(
            "{left_out} annotations more than the {MAX_ANNOTATIONS} posted; repair those first."
        ));
    }
    if notes.is_empty() {
        return;
    }
    text.push_str("\n### Notes\n\n");
    for note in notes {
        let _ = writeln!(text, "- {note}");
    }
}
