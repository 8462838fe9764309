//! `discussions advance`: moves a discussion to another phase of its template.

use super::output::{BOLD, Output, styled};
use super::surroundings::{Panel, Surroundings, discussion_in, problem_failure, refuse_errors};
use super::{Failure, Outcome};
use crate::engine::definition::nearest;
use crate::engine::edit;
use crate::engine::phase;
use crate::engine::problem::Code;
use crate::engine::template::{Fraction, Phase, Template};
use crate::workspace::{self, WorkspaceError};
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `advance`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The discussion file
    file: PathBuf,
    /// The phase to go to; else the one that the template names as next
    #[arg(long, value_name = "PHASE")]
    to: Option<String>,
    /// Show the changed line, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, schema discussions/advance@1
    #[arg(long)]
    json: bool,
}

/// `discussions/advance@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct AdvanceJson<'a> {
    schema: &'static str,
    path: String,
    template: &'a str,
    from: &'a str,
    to: &'a str,
    goal: &'a str,
    phase_votes: bool,
    /// READY fraction that is needed; null where the phase does not vote.
    ready: Option<String>,
    /// Whether a READY verdict there is consensus.
    is_final: bool,
    next: Option<&'a str>,
    written: bool,
}

/// A step from one phase to another.
struct Step {
    template: Template,
    from: String,
    to: Phase,
    /// The text of the file after it.
    text: String,
    /// The changed line, as `-` and `+` lines.
    change: String,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let file = arguments.file.as_path();
    let bytes = workspace::read(file)?;
    let surroundings = Surroundings::of(file, output)?;
    let mut step = step(&bytes, arguments, &surroundings)?;
    let moves = step.from != step.to.name || step.text.as_bytes() != bytes;
    let written = moves && !arguments.dry_run;
    if written {
        workspace::edit(file, |current| {
            let now = self::step(current, arguments, &surroundings)?;
            if now.from != step.from {
                // Two steps where one was asked for would leave out a phase.
                return Err(Failure::from(WorkspaceError::Changed {
                    path: file.to_owned(),
                }));
            }
            step = now;
            Ok::<_, Failure>(step.text.clone().into_bytes())
        })?;
    }
    let stricter = |phase: &Phase| match phase.is_final() {
        true => phase.ready.stricter(surroundings.config.gate.rules.ready),
        false => phase.ready,
    };
    let ready = step.to.voting.then(|| stricter(&step.to));
    if arguments.json {
        output.json(&AdvanceJson {
            schema: "discussions/advance@1",
            path: file.display().to_string(),
            template: &step.template.name,
            from: &step.from,
            to: &step.to.name,
            goal: &step.to.goal,
            phase_votes: step.to.voting,
            ready: ready.map(|fraction| fraction.to_string()),
            is_final: step.to.is_final(),
            next: step.to.next.as_deref(),
            written,
        });
    } else {
        if arguments.dry_run && moves {
            output.result(&step.change);
        }
        print(&step, ready, moves, output);
    }
    output.note(match written {
        true => format!("{}: Phase set", file.display()),
        false => format!("{}: nothing written", file.display()),
    });
    Ok(Outcome::Fine)
}

/// Where the file would go from what it holds.
fn step(bytes: &[u8], arguments: &Arguments, around: &Surroundings) -> Result<Step, Failure> {
    let file = arguments.file.as_path();
    let discussion = discussion_in(bytes, file)?;
    refuse_errors(&discussion, file)?;
    let panel = around.panel(&discussion);
    // Another template stands in for an unknown one: its phases are not this file's.
    let mut problems = panel.problems.iter();
    let broken = problems.find(|problem| problem.code == Code::UnknownTemplate);
    if let Some(problem) = broken {
        return Err(problem_failure(problem).at(file, Some(problem.line)));
    }
    let to = target(arguments.to.as_deref(), &panel)
        .map_err(|failure| failure.at(file, discussion.header.field("Phase").map(|f| f.line)))?;
    let text = edit::set_header(&discussion, "Phase", &to.name)
        .map_err(|error| Failure::new("edit-refused", error.to_string()).at(file, None))?;
    Ok(Step {
        change: change(&discussion.source, &text),
        template: panel.template,
        from: panel.phase.name,
        to,
        text,
    })
}

fn target(to: Option<&str>, panel: &Panel) -> Result<Phase, Failure> {
    let template = &panel.template;
    let in_order = phase::in_order(template);
    let all = in_order.join(", ");
    let unknown = |name: &str| {
        let message = format!("the template {} has no phase {name}", template.name);
        let hint = match nearest(name, in_order.iter().copied()) {
            Some(near) => format!("Did you mean {near}? There are: {all}."),
            None => format!("There are: {all}."),
        };
        Failure::new("unknown-phase", message).hint(hint)
    };
    if let Some(name) = to {
        let phase = template.phase(name.trim());
        return phase.cloned().ok_or_else(|| unknown(name));
    }
    let present = template.phase(&panel.phase.name).ok_or_else(|| {
        let failure = unknown(&panel.phase.name);
        let hint = failure.hint.clone().unwrap_or_default();
        failure.hint(format!("{hint} Write --to and one of them."))
    })?;
    let Some(next) = &present.next else {
        let message = format!(
            "{} is the last phase of the template {}: nothing comes after it",
            present.name, template.name
        );
        let hint = format!(
            "It ends by votes: discussions status says what is missing. To go back, write --to with one of: {all}."
        );
        return Err(Failure::new("final-phase", message).hint(hint));
    };
    template.phase(next).cloned().ok_or_else(|| unknown(next))
}

fn print(step: &Step, ready: Option<Fraction>, moves: bool, output: &Output) {
    let (from, to) = (&step.from, &step.to);
    output.result(match moves {
        true => format!("{from} -> {}", styled(BOLD, &to.name)),
        false => format!("already in {}", styled(BOLD, &to.name)),
    });
    if !to.goal.is_empty() {
        output.result(format!("  {}", to.goal));
    }
    let votes = match (ready, &to.next) {
        (Some(ready), None) => {
            format!("votes decide: {ready} READY is consensus, as the rules of the gate allow")
        }
        (Some(ready), Some(next)) => format!("votes decide: {ready} READY leads on to {next}"),
        (None, Some(next)) => format!("votes are counted and do not decide yet; next is {next}"),
        (None, None) => "votes are counted and do not decide".to_owned(),
    };
    output.result(format!("  {votes}"));
}

/// The lines that differ, as a diff without context.
fn change(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old[same..].iter().rev().zip(new[same..].iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count();
    let gone = old[same..old.len() - tail]
        .iter()
        .map(|line| format!("-{line}"));
    let come = new[same..new.len() - tail]
        .iter()
        .map(|line| format!("+{line}"));
    let lines: Vec<String> = gone.chain(come).collect();
    format!("@@ line {} @@\n{}", same + 1, lines.join("\n"))
}
