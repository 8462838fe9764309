//! `discussions gate`: whether discussions have reached consensus, as an exit code for any CI.

use super::lint::{collect, escape_data, escape_property, plural};
use super::output::Output;
use super::receipts::{Checker, ReceiptArguments};
use super::report::{Report, TallyJson, Trust, VerdictJson, verdict_line};
use super::surroundings::{Surroundings, discussion_in};
use super::{Failure, Outcome};
use crate::engine::consensus::{Reason, ReasonCode, State, Verdict};
use crate::engine::discussion::{Discussion, Kind};
use crate::engine::problem::Severity;
use crate::workspace;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

/// Arguments of `gate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files or folders; in folders every discussion
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Whose blocks count: only those with a receipt of the App, or all in the file, whoever typed them
    #[arg(long, value_enum, default_value_t = Trust::Receipts)]
    trust: Trust,
    #[command(flatten)]
    receipts: ReceiptArguments,
    /// Be content where there is no discussion at all
    #[arg(long)]
    allow_none: bool,
    /// How the outcome is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print JSON, schema discussions/gate@1
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line for each discussion, with every reason
    Text,
    /// Workflow commands that GitHub shows on the files
    Github,
}

/// One discussion and what it comes to.
struct Judged {
    path: String,
    report: Report,
}

impl Judged {
    /// Whether it lets the gate be green. Without receipts to go by nothing is evidence, whatever the rules ask for.
    fn is_green(&self) -> bool {
        let has_evidence = self.report.trust == Trust::File || self.report.signed.is_some();
        has_evidence && self.report.verdict.state == State::Ready
    }

    /// The line to look at: that of the first error, else the first.
    fn line(&self) -> usize {
        let mut problems = self.report.problems.iter();
        let error = problems.find(|problem| problem.severity() == Severity::Error);
        error.map_or(1, |problem| problem.line)
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let checker = arguments.receipts.under(arguments.trust)?;
    let files = collect(&arguments.paths, output)?;
    check_anchor(arguments, files.len())?;
    // Read once for each working tree, so that a notice about them is given once.
    let mut trees: BTreeMap<Option<PathBuf>, Surroundings> = BTreeMap::new();
    let mut judged = Vec::with_capacity(files.len());
    for file in &files {
        let surroundings = match trees.entry(workspace::root_above(file)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Surroundings::of(file, output)?),
        };
        judged.push(judge(file, arguments, surroundings, checker.as_ref())?);
    }
    let is_green = match judged.is_empty() {
        true => arguments.allow_none,
        false => judged.iter().all(Judged::is_green),
    };
    if arguments.json {
        print_json(&judged, arguments.trust, is_green, output);
    } else {
        match arguments.format {
            Format::Text => print_text(&judged, output),
            Format::Github => print_github(&judged, output),
        }
    }
    note(&judged, arguments, output);
    Ok(if is_green { Outcome::Fine } else { Outcome::No })
}

/// An anchor is that of one file.
fn check_anchor(arguments: &Arguments, files: usize) -> Result<(), Failure> {
    if !arguments.receipts.has_anchor() || files == 1 {
        return Ok(());
    }
    let message = format!(
        "--anchor is the end of one discussion, and here {}",
        match files {
            0 => "is none".to_owned(),
            _ => format!("are {files}"),
        }
    );
    Err(Failure::new("usage", message).hint("Run `gate` once for each file, with its own anchor."))
}

/// A file that somebody named has to be a discussion. One found in a folder that only has the name of one is invalid.
fn judge(
    path: &Path,
    arguments: &Arguments,
    surroundings: &Surroundings,
    checker: Option<&Checker>,
) -> Result<Judged, Failure> {
    let bytes = workspace::read(path)?;
    let discussion = Discussion::parse(&bytes);
    let is_named = arguments.paths.iter().any(|named| named == path);
    if is_named {
        discussion_in(&bytes, path)?;
    }
    let no_discussion = (discussion.kind != Kind::Discussion)
        .then(|| discussion.problems.first().cloned())
        .flatten();
    let mut report = Report::of(discussion, surroundings, arguments.trust, checker);
    if let Some(problem) = no_discussion {
        let reason = Reason {
            code: ReasonCode::Problem,
            text: problem.message,
        };
        report.verdict = Verdict::without_count(State::Invalid, vec![reason]);
    }
    Ok(Judged {
        path: path.display().to_string(),
        report,
    })
}

fn print_text(judged: &[Judged], output: &Output) {
    for one in judged {
        output.result(format!(
            "{}: {}",
            one.path,
            verdict_line(&one.report.verdict)
        ));
        for reason in one.report.verdict.reasons.iter().skip(1) {
            output.result(format!("  and {}", reason.text));
        }
        if let Some(signed) = one.report.signed_blocks() {
            output.result(format!("  and {signed}"));
        }
    }
}

/// Workflow commands, see `lint`.
fn print_github(judged: &[Judged], output: &Output) {
    for one in judged {
        let level = if one.is_green() { "notice" } else { "error" };
        let verdict = &one.report.verdict;
        let mut reasons: Vec<&str> = verdict.reasons.iter().map(|r| r.text.as_str()).collect();
        let note = one.report.receipts_note();
        reasons.extend(note.as_deref());
        if reasons.is_empty() {
            reasons.push("every rule holds");
        }
        output.result(format!(
            "::{level} file={},line={},title={}::{}",
            escape_property(&one.path),
            one.line(),
            verdict.state.as_str().to_uppercase(),
            escape_data(&reasons.join("; "))
        ));
    }
}

fn note(judged: &[Judged], arguments: &Arguments, output: &Output) {
    if judged.is_empty() {
        output.note(match arguments.allow_none {
            true => "no discussion found, which --allow-none allows",
            false => "no discussion found: nothing is decided, so this is not green; --allow-none if that is fine",
        });
        return;
    }
    let green = judged.iter().filter(|one| one.is_green()).count();
    output.note(format!(
        "{}: {green} ready (trust: {})",
        plural(judged.len(), "discussion"),
        arguments.trust.as_str()
    ));
    if let Some(note) = judged.iter().find_map(|one| one.report.receipts_note()) {
        output.note(note);
    }
}

/// `discussions/gate@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct GateJson<'a> {
    schema: &'static str,
    green: bool,
    /// The worst state; null where there is no discussion.
    state: Option<&'static str>,
    trust: &'static str,
    discussions: Vec<JudgedJson<'a>>,
}

#[derive(Serialize)]
struct JudgedJson<'a> {
    path: &'a str,
    title: Option<&'a str>,
    green: bool,
    line: usize,
    tally: TallyJson,
    verdict: VerdictJson<'a>,
    /// Replies that the anchor knows and the file lacks; null where receipts are not checked.
    missing: Option<u64>,
    note: Option<String>,
}

fn print_json(judged: &[Judged], trust: Trust, green: bool, output: &Output) {
    let worst = judged.iter().map(|one| one.report.verdict.state).min();
    output.json(&GateJson {
        schema: "discussions/gate@1",
        green,
        state: worst.map(State::as_str),
        trust: trust.as_str(),
        discussions: judged
            .iter()
            .map(|one| JudgedJson {
                path: &one.path,
                title: one.report.discussion.header.title(),
                green: one.is_green(),
                line: one.line(),
                tally: TallyJson::of(&one.report),
                verdict: VerdictJson::of(&one.report.verdict),
                missing: one
                    .report
                    .signed
                    .as_ref()
                    .map(|signed| signed.chain.missing),
                note: one.report.receipts_note(),
            })
            .collect(),
    });
}
