//! One turn through the real program, and whether its block reads as what the program says.

use discussions::engine::discussion::Discussion;
use discussions::engine::ledger::Ledger;
use discussions::engine::marker::BlockVote;
use discussions::engine::persona::{Persona, Personas};
use discussions::engine::vote::Vote;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What came of asking one persona about one proposal.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) proposal: String,
    pub(crate) persona: String,
    /// `block`, `nothing_new`, `silent` or `unavailable`.
    pub(crate) outcome: String,
    pub(crate) vote: Option<String>,
    pub(crate) block: Option<String>,
    pub(crate) error: Option<String>,
    /// Input, cached, output.
    pub(crate) tokens: Option<[u64; 3]>,
    pub(crate) time: Duration,
    /// Concerns and questions, as the ledger holds them.
    pub(crate) remarks: Vec<String>,
    /// What is wrong with the file after it; empty if all is well.
    pub(crate) faults: Vec<String>,
}

/// All personas that come with the program.
pub(crate) fn built_in() -> Vec<String> {
    let files = Personas::built_in_files().iter();
    files
        .map(|(_, text)| Persona::parse(text).unwrap().0.alias.to_string())
        .collect()
}

/// Asks in a folder of its own, so that nobody sees what others said.
pub(crate) fn ask(proposal: &str, persona: &str, model: &str) -> Turn {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proposal.md");
    let before = std::fs::read_to_string(super::folder().join(format!("{proposal}.md"))).unwrap();
    let before = with_participant(&before, persona);
    std::fs::write(&file, &before).unwrap();
    let begun = Instant::now();
    let said = program(folder.path(), persona, model);
    let time = begun.elapsed();
    let said = &said["turns"][0];
    let text = |key: &str| said[key].as_str().map(str::to_owned);
    let tokens = said["tokens"].as_object().map(|tokens| {
        ["input", "cached", "output"].map(|key| tokens[key].as_u64().unwrap_or_default())
    });
    let mut turn = Turn {
        proposal: proposal.to_owned(),
        persona: persona.to_owned(),
        outcome: text("outcome").unwrap(),
        vote: text("vote"),
        block: text("block"),
        error: text("error"),
        tokens,
        time,
        remarks: Vec::new(),
        faults: Vec::new(),
    };
    turn.read_back(&before, &std::fs::read_to_string(&file).unwrap());
    turn
}

/// The discussion with this participant alone: one that its header does not name would be remarked on.
fn with_participant(text: &str, persona: &str) -> String {
    let key = "<!-- Participants: ";
    let (before, rest) = text
        .split_once(key)
        .expect("the proposal names participants");
    let (_, after) = rest.split_once(" -->").unwrap();
    format!("{before}{key}{persona} -->{after}")
}

fn program(folder: &Path, persona: &str, model: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_discussions"))
        .args(["turn", "proposal.md", persona, "--json", "--model", model])
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = serde_json::from_str::<Value>(&told).ok();
    // 1: no answer came, which is a figure and no failure of the program.
    match (output.status.code(), read) {
        (Some(0 | 1), Some(value)) if value["turns"].is_array() => value,
        (code, _) => panic!(
            "`discussions turn` ended with {code:?}:\n{told}{}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

impl Turn {
    /// Reads the file as everybody will, and compares: the program's word on one side, the bytes on the other.
    fn read_back(&mut self, before: &str, after: &str) {
        let mut faults = Vec::new();
        let typed = Discussion::parse(before.as_bytes());
        let now = Discussion::parse(after.as_bytes());
        if !after.starts_with(before) {
            faults.push("what was in the file is changed".to_owned());
        }
        let new = &now.blocks[typed.blocks.len().min(now.blocks.len())..];
        let wanted = usize::from(self.block.is_some());
        if new.len() != wanted {
            faults.push(format!("{} blocks more, not {wanted}", new.len()));
        }
        let line = typed.source.lines().count();
        let problems = now.problems.iter().filter(|problem| problem.line > line);
        faults
            .extend(problems.map(|problem| format!("line {}: {}", problem.line, problem.message)));
        let (ledger, more) = Ledger::of(&now, &|_| true);
        let more = more.iter().filter(|problem| problem.line > line);
        faults.extend(more.map(|problem| format!("line {}: {}", problem.line, problem.message)));
        for block in new {
            if block.author.persona.as_ref().map(|alias| alias.as_str()) != Some(&self.persona) {
                faults.push(format!("the block is by {}", block.author.name));
            }
            let vote = match &block.vote {
                None => None,
                Some(BlockVote::Clear { vote, .. }) => Some(Vote::as_str(*vote)),
                Some(BlockVote::Unclear { text, .. }) => Some(text.as_str()),
            };
            if vote != self.vote.as_deref() {
                faults.push(format!(
                    "votes {vote:?} in the file, {:?} by word",
                    self.vote
                ));
            }
            let text = block.canonical(&now.source);
            if Some(&text) != self.block.as_ref() {
                faults.push("the block is not the one that was announced".to_owned());
            }
            let items = ledger.all().filter(|item| item.block == block.number);
            self.remarks = items.map(|item| item.text.clone()).collect();
            let lines = marker_lines(&text);
            if self.remarks.len() != lines {
                faults.push(format!("{} items of {lines} lines", self.remarks.len()));
            }
        }
        self.faults = faults;
    }
}

/// How many remarks a block shows, by eye: lines that begin with a marker, outside fences.
fn marker_lines(block: &str) -> usize {
    let mut fenced = false;
    let mut count = 0;
    for line in block.lines() {
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
        }
        let begins = |word: &&str| line.starts_with(*word);
        count += usize::from(!fenced && ["Q: ", "CONCERN: "].iter().any(|word| begins(&word)));
    }
    count
}
