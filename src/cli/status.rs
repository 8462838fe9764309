//! `discussions status`: votes, open items and the verdict of a discussion on disk.

use super::output::{BOLD, DIM, Output, styled};
use super::problem_json::ProblemJson;
use super::receipts::ReceiptArguments;
use super::report::{Report, TallyJson, Trust, VerdictJson, verdict_line};
use super::surroundings::{Surroundings, read_discussion};
use super::{Failure, Outcome};
use crate::engine::consensus::State;
use crate::engine::ledger::{Item, ItemState};
use crate::engine::vote::{self, NotCounted, VoteEntry, VoterKind};
use crate::ids::Alias;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions status design/cache.md --why\n  \
    discussions status design/cache.md --json | jq -r .verdict.state\n  \
    discussions status design/cache.md --exit-code && echo ready")]
pub struct Arguments {
    /// The discussion file
    file: PathBuf,
    /// Print JSON, schema discussions/status@1
    #[arg(long)]
    json: bool,
    /// Explain the verdict rule by rule
    #[arg(long)]
    why: bool,
    /// Exit with 1 unless the verdict is ready
    #[arg(long)]
    exit_code: bool,
    /// Whose blocks count: all in the file, or only those with a receipt of the App
    #[arg(long, value_enum, default_value_t = Trust::File)]
    trust: Trust,
    #[command(flatten)]
    receipts: ReceiptArguments,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let checker = arguments.receipts.under(arguments.trust)?;
    let (_, discussion) = read_discussion(&arguments.file)?;
    let surroundings = Surroundings::of(&arguments.file, output)?;
    let report = Report::of(discussion, &surroundings, arguments.trust, checker.as_ref());
    if arguments.json {
        output.json(&StatusJson::of(&arguments.file, &report));
    } else {
        print(&arguments.file, &report, arguments.why, output);
    }
    if let Some(note) = report.receipts_note() {
        output.note(note);
    }
    let ready = report.verdict.state == State::Ready;
    Ok(if arguments.exit_code && !ready {
        Outcome::No
    } else {
        Outcome::Fine
    })
}

fn print(path: &Path, report: &Report, why: bool, output: &Output) {
    let header = &report.discussion.header;
    let phase = &report.panel.phase;
    let votes_in_phase = if phase.voting {
        "votes"
    } else {
        "does not vote"
    };
    output.result(styled(BOLD, header.title().unwrap_or("(no title)")));
    output.result(styled(
        DIM,
        format!(
            "{} · template {} · phase {} ({votes_in_phase}) · status {}",
            path.display(),
            report.panel.template.name,
            phase.name,
            header.status()
        ),
    ));
    output.result("");
    output.result(verdict_line(&report.verdict));
    if why {
        for rule in report.verdict.why() {
            output.result(format!("  {rule}"));
        }
    } else {
        for reason in report.verdict.reasons.iter().skip(1) {
            output.result(format!("  and {}", reason.text));
        }
    }
    output.result("");
    print_votes(report, output);
    print_items(report, output);
    for problem in &report.problems {
        let row = problem.code.row();
        output.result(format!(
            "  {}[{}] line {}: {}",
            row.severity.as_str(),
            row.name,
            problem.line,
            problem.message
        ));
    }
}

fn print_votes(report: &Report, output: &Output) {
    if report.votes.is_empty() {
        output.result("No votes yet.");
        return;
    }
    let width = report
        .votes
        .iter()
        .map(|entry| entry.participant.chars().count())
        .max()
        .unwrap_or(0);
    for entry in &report.votes {
        let kind = if entry.kind == VoterKind::Ai {
            "ai"
        } else {
            "person"
        };
        let vote = entry.vote.map_or("unclear", vote::Vote::as_str);
        let place = entry
            .line
            .map(|line| format!("line {line}"))
            .unwrap_or_default();
        let note = entry
            .not_counted
            .map(|why| format!("  not counted: {}", why.as_str()))
            .unwrap_or_default();
        output.result(format!(
            "  {:<width$}  {kind:<6}  {vote:<7}  {place}{note}",
            entry.participant
        ));
    }
}

fn print_items(report: &Report, output: &Output) {
    let open: Vec<&Item> = report
        .ledger
        .all()
        .filter(|item| item.state == ItemState::Open)
        .collect();
    if !open.is_empty() {
        output.result("");
    }
    for item in open {
        let id = item.id.as_deref().unwrap_or("-");
        output.result(format!(
            "  {id:<3} {} (line {}): {}",
            item.author, item.line, item.text
        ));
        for point in &item.items {
            output.result(format!("        - {point}"));
        }
    }
    if !report.problems.is_empty() {
        output.result("");
    }
}

/// `discussions/status@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct StatusJson<'a> {
    schema: &'static str,
    path: String,
    title: Option<&'a str>,
    phase: &'a str,
    phase_votes: bool,
    status: &'a str,
    template: &'a str,
    participants: Vec<&'a str>,
    subject: String,
    trust: &'static str,
    votes: Vec<VoteJson<'a>>,
    tally: TallyJson,
    verdict: VerdictJson<'a>,
    ledger: LedgerJson<'a>,
    problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
struct VoteJson<'a> {
    participant: &'a str,
    kind: &'static str,
    vote: Option<&'static str>,
    counted: bool,
    reason: Option<&'static str>,
    line: Option<usize>,
    block: Option<usize>,
}

#[derive(Serialize)]
struct LedgerJson<'a> {
    questions: Vec<ItemJson<'a>>,
    concerns: Vec<ItemJson<'a>>,
    todos: Vec<ItemJson<'a>>,
    decisions: Vec<ItemJson<'a>>,
}

#[derive(Serialize)]
struct ItemJson<'a> {
    id: Option<&'a str>,
    author: &'a str,
    line: usize,
    text: &'a str,
    items: &'a [String],
    state: &'static str,
}

impl<'a> StatusJson<'a> {
    fn of(path: &Path, report: &'a Report) -> Self {
        Self {
            schema: "discussions/status@1",
            path: path.display().to_string(),
            title: report.discussion.header.title(),
            phase: &report.panel.phase.name,
            phase_votes: report.panel.phase.voting,
            status: report.discussion.header.status(),
            template: &report.panel.template.name,
            participants: report
                .panel
                .participants
                .iter()
                .map(Alias::as_str)
                .collect(),
            subject: format!("sha256:{}", report.subject),
            trust: report.trust.as_str(),
            votes: report.votes.iter().map(VoteJson::of).collect(),
            tally: TallyJson::of(report),
            verdict: VerdictJson::of(&report.verdict),
            ledger: LedgerJson {
                questions: report.ledger.questions.iter().map(ItemJson::of).collect(),
                concerns: report.ledger.concerns.iter().map(ItemJson::of).collect(),
                todos: report.ledger.todos.iter().map(ItemJson::of).collect(),
                decisions: report.ledger.decisions.iter().map(ItemJson::of).collect(),
            },
            problems: report.problems.iter().map(ProblemJson::of).collect(),
        }
    }
}

impl<'a> VoteJson<'a> {
    fn of(entry: &'a VoteEntry) -> Self {
        Self {
            participant: &entry.participant,
            kind: if entry.kind == VoterKind::Ai {
                "ai"
            } else {
                "human"
            },
            vote: entry.vote.map(vote::Vote::as_str),
            counted: entry.counted().is_some(),
            reason: entry.not_counted.map(NotCounted::as_str),
            line: entry.line,
            block: entry.block,
        }
    }
}

impl<'a> ItemJson<'a> {
    fn of(item: &'a Item) -> Self {
        Self {
            id: item.id.as_deref(),
            author: &item.author,
            line: item.line,
            text: &item.text,
            items: &item.items,
            state: item.state.as_str(),
        }
    }
}
