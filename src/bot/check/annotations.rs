//! Annotations: what stands where in the file. Failures first, then warnings, then notices.

use super::title::rejecting_votes;
use super::{ConfigProblem, DiscussionView, Evaluation, Findings, hidden};
use crate::bot::command::path_word;
use crate::bot::markdown::{plain, sentences, shorten};
use crate::engine::consensus::State;
use crate::engine::ledger::{Item, ItemState};
use crate::engine::problem::{Problem, Severity};
use crate::engine::vote::{NotCounted, VoterKind};
use crate::forge::{Annotation, AnnotationLevel};

/// Annotations posted for one head: four pages of GitHub's fifty.
pub const MAX_ANNOTATIONS: usize = 200;
/// Characters of a title; GitHub takes 255.
const MAX_TITLE: usize = 100;
/// Characters of a message; GitHub takes 64 KB, nobody reads that.
const MAX_MESSAGE: usize = 2_000;
/// Lines listed in one annotation.
const MAX_LINES: usize = 40;

/// The annotations to post, and how many more there would be.
pub(super) fn annotations(findings: &Findings) -> (Vec<Annotation>, usize) {
    let Findings::Evaluated(evaluation) = findings else {
        return (Vec::new(), 0);
    };
    let mut all = of_config(evaluation);
    all.extend(evaluation.discussions.iter().flat_map(of_discussion));
    all.sort_by_key(|annotation| weight(annotation.level));
    let left_out = all.len().saturating_sub(MAX_ANNOTATIONS);
    all.truncate(MAX_ANNOTATIONS);
    (all, left_out)
}

fn weight(level: AnnotationLevel) -> u8 {
    match level {
        AnnotationLevel::Failure => 0,
        AnnotationLevel::Warning => 1,
        AnnotationLevel::Notice => 2,
    }
}

fn annotation(
    path: &str,
    line: usize,
    level: AnnotationLevel,
    title: &str,
    message: &str,
) -> Annotation {
    Annotation {
        path: path.to_owned(),
        line: line.max(1),
        level,
        title: shorten(&plain(title), MAX_TITLE),
        message: shorten(&plain(message), MAX_MESSAGE),
    }
}

fn of_config(evaluation: &Evaluation) -> Vec<Annotation> {
    let made = |problem: &ConfigProblem, level| {
        let message = sentences(&problem.message, &problem.hint);
        annotation(
            &problem.path,
            problem.line.unwrap_or(1),
            level,
            "Configuration",
            &message,
        )
    };
    let errors = evaluation
        .config_errors
        .iter()
        .map(|p| made(p, AnnotationLevel::Failure));
    let notices = evaluation
        .config_notices
        .iter()
        .map(|p| made(p, AnnotationLevel::Notice));
    errors.chain(notices).collect()
}

fn of_discussion(view: &DiscussionView) -> Vec<Annotation> {
    let mut found: Vec<Annotation> = view.problems.iter().map(|p| of_problem(view, p)).collect();
    found.extend(view.tampered.iter().map(|tampering| {
        let level = AnnotationLevel::Failure;
        annotation(
            &view.path,
            tampering.fault.line,
            level,
            "Changed reply",
            &tampering.why(),
        )
    }));
    found.extend(of_rejections(view));
    found.extend(
        view.ledger
            .concerns
            .iter()
            .filter_map(|item| of_item(view, item, "Open concern")),
    );
    found.extend(
        view.ledger
            .questions
            .iter()
            .filter_map(|item| of_item(view, item, "Open question")),
    );
    found.extend(of_unsigned(view));
    found.extend(of_unconfirmed(view));
    found.extend(of_hidden(view));
    found
}

fn of_problem(view: &DiscussionView, problem: &Problem) -> Annotation {
    let level = match problem.severity() {
        Severity::Error => AnnotationLevel::Failure,
        Severity::Warning | Severity::Notice => AnnotationLevel::Notice,
    };
    let message = sentences(&problem.message, &problem.hint);
    annotation(
        &view.path,
        problem.line,
        level,
        problem.code.row().name,
        &message,
    )
}

/// Rejecting votes that stand in the file.
fn of_rejections(view: &DiscussionView) -> Vec<Annotation> {
    if view.verdict.state != State::Rejected {
        return Vec::new();
    }
    rejecting_votes(view)
        .into_iter()
        .filter_map(|vote| {
            let line = vote
                .entry
                .line
                .filter(|line| view.review_of(*line).is_none())?;
            let title = format!("{} rejects", vote.entry.participant);
            let message = "This vote keeps the check red until its voter votes again.";
            Some(annotation(
                &view.path,
                line,
                AnnotationLevel::Failure,
                &title,
                message,
            ))
        })
        .collect()
}

fn of_item(view: &DiscussionView, item: &Item, what: &str) -> Option<Annotation> {
    // What stands in a review has its own place there.
    if item.state != ItemState::Open || view.review_of(item.line).is_some() {
        return None;
    }
    let level = if item.minor {
        AnnotationLevel::Notice
    } else {
        AnnotationLevel::Warning
    };
    let id = item.id.as_deref().unwrap_or_default();
    let title = format!("{what} {id} by {}", item.author);
    let message = std::iter::once(&item.text)
        .chain(&item.items)
        .cloned()
        .collect::<Vec<_>>()
        .join(" · ");
    Some(annotation(&view.path, item.line, level, &title, &message))
}

/// One for the file, so that files with a long past stay readable.
fn of_unsigned(view: &DiscussionView) -> Option<Annotation> {
    let first = view.unsigned_lines.first()?;
    let mut lines: Vec<String> = view
        .unsigned_lines
        .iter()
        .take(MAX_LINES)
        .map(ToString::to_string)
        .collect();
    let more = view.unsigned_lines.len().saturating_sub(MAX_LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let message = format!(
        "These blocks bear a persona's name, but the App did not write them. Their votes are not counted. Lines: {}.",
        lines.join(", ")
    );
    Some(annotation(
        &view.path,
        *first,
        AnnotationLevel::Warning,
        "Unsigned persona blocks",
        &message,
    ))
}

/// One for the file, at the first of its hidden places.
fn of_hidden(view: &DiscussionView) -> Option<Annotation> {
    let (line, sentence) = hidden::plain(view)?;
    let (level, title) = (AnnotationLevel::Notice, "Hidden from readers");
    Some(annotation(&view.path, line, level, title, &sentence))
}

/// Votes that people typed into the file, with the line that makes them count.
fn of_unconfirmed(view: &DiscussionView) -> Vec<Annotation> {
    view.votes
        .iter()
        .filter(|vote| vote.entry.kind == VoterKind::Human)
        .filter(|vote| vote.entry.not_counted == Some(NotCounted::Unconfirmed))
        .filter_map(|vote| {
            let line = vote.entry.line?;
            let word = vote.entry.vote?.as_str().to_ascii_lowercase();
            let title = format!("Unconfirmed vote of {}", vote.entry.participant);
            let message = format!(
                "A name in a file proves nobody's identity, so this vote is not counted. To confirm it, {} comments on the pull request: /discuss {} vote {word}",
                vote.entry.participant,
                path_word(&view.path)
            );
            Some(annotation(&view.path, line, AnnotationLevel::Notice, &title, &message))
        })
        .collect()
}
