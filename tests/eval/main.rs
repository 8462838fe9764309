//! How good a panel is, in figures: every persona answers on every proposal of `tests/fixtures/proposals`, through the
//! real program, and what came of it is counted.
//!
//! ```text
//! cargo test --test eval                                   # the checklists, or who DISCUSSIONS_MODEL names
//! cargo test --test eval -- --model ollama/qwen3 --persona security,architect --json
//! ```
//!
//! A model is asked once for each persona and proposal, and that costs what it costs. Figures say nothing about whether
//! a remark is right; they show what can be seen without reading: who says what others say as well, who says the same
//! about every proposal, who votes always alike, whose answers do not come through.
//!
//! Exit code 1: a block does not read as what the program says was answered, or nobody answered on a proposal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod figures;
mod table;
mod turn;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use turn::Turn;

/// The proposals and the personas of the panel, answered and counted
#[derive(Debug, Parser)]
struct Arguments {
    /// Who answers, as `discussions turn --model` takes it [default: DISCUSSIONS_MODEL, else checklist]
    #[arg(long)]
    model: Option<String>,
    /// Only these personas [default: all that are built in]
    #[arg(long, value_delimiter = ',')]
    persona: Vec<String>,
    /// Only these proposals, by the names of their files
    #[arg(long, value_delimiter = ',')]
    proposal: Vec<String>,
    /// Print JSON, one object with `turns` and `personas`
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A key alone chooses nobody: what costs money is named.
    let named = arguments
        .model
        .or_else(|| std::env::var("DISCUSSIONS_MODEL").ok());
    let model = named.unwrap_or_else(|| "checklist".to_owned());
    let proposals = chosen("proposal", proposals(), &arguments.proposal);
    let personas = chosen("persona", turn::built_in(), &arguments.persona);
    let mut turns: Vec<Turn> = Vec::new();
    for proposal in &proposals {
        for persona in &personas {
            eprint!("\r{proposal}: {persona}                    ");
            turns.push(turn::ask(proposal, persona, &model));
        }
    }
    eprintln!("\r{} turns{:40}", turns.len(), "");
    let figures = figures::of(&turns);
    if arguments.json {
        println!("{:#}", table::json(&model, &turns, &figures));
    } else {
        println!("{}", table::text(&model, &turns, &figures));
    }
    let mut failures: Vec<String> = turns
        .iter()
        .flat_map(|turn| {
            turn.faults
                .iter()
                .map(|fault| format!("{}, {}: {fault}", turn.proposal, turn.persona))
        })
        .collect();
    for proposal in &proposals {
        let has_answer = |turn: &Turn| &turn.proposal == proposal && turn.block.is_some();
        if !turns.iter().any(has_answer) {
            failures.push(format!("{proposal}: nobody answered"));
        }
    }
    for failure in &failures {
        eprintln!("{failure}");
    }
    match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Those that were asked for; a name that is not there ends the program.
fn chosen(what: &str, all: Vec<String>, wanted: &[String]) -> Vec<String> {
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        panic!("no {what} `{unknown}`; there are {}", all.join(", "));
    }
    let is_wanted = |name: &String| wanted.is_empty() || wanted.contains(name);
    all.into_iter().filter(is_wanted).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proposals")
}

fn proposals() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
