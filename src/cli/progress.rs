//! Progress while personas work: a spinner for each on a terminal, lines otherwise. Always on stderr.

use super::output::Output;
use crate::ids::Alias;
use crate::round::{Progress, TurnOutcome};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

/// Shows which personas are being asked and what came of it.
pub struct TurnProgress<'a> {
    output: &'a Output,
    terminal: Option<Spinners>,
}

struct Spinners {
    all: MultiProgress,
    running: Mutex<HashMap<Alias, ProgressBar>>,
}

impl<'a> TurnProgress<'a> {
    /// Spinners if stderr is a terminal, else lines.
    pub fn new(output: &'a Output) -> Self {
        let terminal = std::io::stderr().is_terminal().then(|| Spinners {
            all: MultiProgress::new(),
            running: Mutex::new(HashMap::new()),
        });
        Self { output, terminal }
    }
}

impl Progress for TurnProgress<'_> {
    fn started(&self, alias: &Alias) {
        let Some(spinners) = &self.terminal else {
            self.output.note(format!("{alias}: asked"));
            return;
        };
        // Complete before it is added: each later change would draw an unfinished line.
        let mut bar = ProgressBar::new_spinner()
            .with_prefix(alias.to_string())
            .with_message("is reading");
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg} {elapsed}") {
            bar = bar.with_style(style);
        }
        let bar = spinners.all.add(bar);
        bar.enable_steady_tick(Duration::from_millis(100));
        if let Ok(mut running) = spinners.running.lock() {
            running.insert(alias.clone(), bar);
        }
    }

    fn finished(&self, alias: &Alias, outcome: &TurnOutcome) {
        let words = match outcome {
            TurnOutcome::Block { rendered, .. } => rendered
                .vote
                .map_or("replied", |vote| vote.as_str())
                .to_owned(),
            TurnOutcome::NothingNew => "has nothing new".to_owned(),
            TurnOutcome::Silent => "is silent".to_owned(),
            TurnOutcome::Unavailable(error) => error.to_string(),
        };
        let Some(spinners) = &self.terminal else {
            self.output.note(format!("{alias}: {words}"));
            return;
        };
        let bar = spinners
            .running
            .lock()
            .ok()
            .and_then(|mut running| running.remove(alias));
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }
}
