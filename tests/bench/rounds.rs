//! What a round costs, side by side in one run: `cargo bench --bench rounds`.
//!
//! * How much of the input of rounds 2 and 3 was sent before, byte for byte, so that a provider's cache can serve it.
//! * Tokens that a turn sends, by persona.
//! * CPU time of the server for a round, next to what it takes to look at a push without a discussion, and to what the
//!   engine's part of a round takes alone. The server is a process of its own, without GitHub and without the model:
//!   both are in this process, over real HTTP.
//! * Commits to the database, requests to GitHub and to the model for a round: from the pull request that is opened to
//!   the moment when nothing is left to do, so with the look at our own commit when its event comes back.
//!
//! A share below its goal ends the program with 1: it depends on nothing but the code. All else is shown beside its goal
//! and judged by people.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod engine;
mod server;
#[path = "../suite/support/mod.rs"]
#[allow(dead_code)]
mod support;
mod wal;

use std::process::ExitCode;
use support::rounds::{PANEL, PROPOSALS, kept, length, rounds};

/// Least share of the input of rounds 2 and 3 that was sent before.
const LEAST_SHARE: f64 = 0.80;
/// Most commits to the database for a round.
const MOST_COMMITS: usize = 12;
/// Most requests to GitHub for a round, tokens apart.
const MOST_REQUESTS: usize = 14;
/// CPU time of the server for a round, in milliseconds.
const GOAL_CPU: f64 = 20.0;

fn main() -> ExitCode {
    let mut missed = Vec::new();
    input(&mut missed);
    let alone = engine::round();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let taken = runtime.block_on(server::measure());
    println!(
        "\nOne round of three personas, mean of {} pull requests",
        server::ROUNDS
    );
    println!("                                                   measured     goal");
    let figure =
        |name: &str, value: String, goal: String| println!("{name:<48} {value:>10} {goal:>8}");
    let milliseconds = |value: f64| format!("{value:.2} ms");
    figure(
        "CPU, server, whole round",
        milliseconds(taken.round),
        format!("{GOAL_CPU:.0} ms"),
    );
    figure(
        "CPU, server, a push without a discussion",
        milliseconds(taken.push),
        String::new(),
    );
    figure(
        "CPU, prompts, hashes, reading, rendering alone",
        milliseconds(alone),
        String::new(),
    );
    let count = |name: &str, values: &[usize], most: Option<usize>| {
        let (least, largest) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        let range = match least == largest {
            true => least.to_string(),
            false => format!("{least} to {largest}"),
        };
        let goal = most.map_or(String::new(), |most| format!("<= {most}"));
        let verdict = match most {
            Some(most) if *largest > most => "  missed",
            _ => "",
        };
        println!("{name:<48} {range:>10} {goal:>8}{verdict}");
    };
    count(
        "commits to the database",
        &taken.commits,
        Some(MOST_COMMITS),
    );
    count(
        "requests to GitHub, tokens apart",
        &taken.requests,
        Some(MOST_REQUESTS),
    );
    count("requests to the model", &taken.asked, None);
    if cfg!(debug_assertions) {
        println!("This is a debug build: its CPU times say little.");
    }
    for goal in &missed {
        println!("missed: {goal}");
    }
    match missed.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What is sent in three rounds, and how much of it again.
fn input(missed: &mut Vec<String>) {
    println!(
        "Input of a turn, over {} proposals. Tokens are the most it can take, as budgets count.\n",
        PROPOSALS.len()
    );
    println!("persona        round 1    round 2    round 3   sent before, of rounds 2 and 3");
    let all: Vec<_> = PROPOSALS.map(rounds).into_iter().collect();
    for alias in PANEL {
        let mut tokens = [0; 3];
        let (mut sent, mut sent_before) = (0, 0);
        let mut least: f64 = 1.0;
        for rounds in &all {
            for (at, round) in rounds.iter().enumerate() {
                tokens[at] += engine::tokens(alias, &round[alias]) / all.len() as u64;
            }
            let (mut one, mut one_before) = (0, 0);
            for later in 1..rounds.len() {
                let (before, now) = (&rounds[later - 1][alias], &rounds[later][alias]);
                one += length(now);
                one_before += kept(before, now, later);
            }
            least = least.min(one_before as f64 / one as f64);
            sent += one;
            sent_before += one_before;
        }
        let share = sent_before as f64 / sent as f64;
        let [first, second, third] = tokens;
        println!(
            "{alias:<11} {first:>10} {second:>10} {third:>10}   {:.1}% (least of a proposal {:.1}%, goal {:.0}%)",
            share * 100.0,
            least * 100.0,
            LEAST_SHARE * 100.0
        );
        if least < LEAST_SHARE {
            missed.push(format!("{alias}: {least:.3} of its input was sent before"));
        }
    }
}
