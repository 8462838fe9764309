//! The command line: one file per subcommand. [`run`] is the only entry; `output` does all printing.

mod advance;
mod comment;
mod completions;
mod config;
mod costs;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod gate;
mod health;
mod jobs;
mod kept;
mod keys;
mod lint;
mod man;
mod models;
mod new;
mod output;
mod personas;
mod problem_json;
mod progress;
mod receipts;
mod receive;
mod replay;
mod report;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod shell;
mod snippet;
mod status;
mod surroundings;
mod templates;
mod turn;
mod verify;

use clap::{CommandFactory, Parser, Subcommand};
use output::Output;
use std::ffi::OsString;
use std::process::ExitCode;

/// Below the program's own help.
const AFTER_HELP: &str = "EXAMPLES
  discussions demo
  discussions turn design/cache.md security
  discussions status design/cache.md
  discussions lint --strict design

EXIT CODES
  0    fine
  1    the answer is no: errors found, not ready, a persona unavailable, not healthy, something missing
  2    refused (usage, input, output, configuration); nothing was written
  130  interrupted";

/// A panel of AI personas and people argue a design out in a Markdown file; the votes decide the merge.
#[derive(Debug, Parser)]
#[command(
    name = "discussions",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Begin a new discussion
    New(new::Arguments),
    /// Ask personas for their next reply and append it to the file
    Turn(turn::Arguments),
    /// Append what you have to say, or your vote
    Comment(comment::Arguments),
    /// Move a discussion to its next phase
    Advance(advance::Arguments),
    /// Show votes, open items and the verdict of a discussion
    Status(status::Arguments),
    /// Check discussion files for problems
    Lint(lint::Arguments),
    /// Say by exit code whether discussions have reached consensus
    Gate(gate::Arguments),
    /// Check which blocks the App signed, and which votes they prove; offline
    Verify(verify::Arguments),
    /// List, show or check templates
    Templates(templates::Arguments),
    /// List, show and check the personas that apply here
    Personas(personas::Arguments),
    /// Check, explain and describe the configuration of a repository
    Config(config::Arguments),
    /// List the models that may answer, their prices and where each setting is from
    Models(models::Arguments),
    /// Run the GitHub App: receive webhooks, run the panel, set the check
    Serve(serve::Arguments),
    /// Say what is missing for the App to work and for its check to gate anything
    Doctor(doctor::Arguments),
    /// Put a saved delivery through the App once more, and say what it did
    Receive(receive::Arguments),
    /// Go through the round of a job again with the answers of then, and compare
    Replay(replay::Arguments),
    /// Show what requests to models took, in money and tokens
    Costs(costs::Arguments),
    /// List what waits, runs, was given up or is kept away by GitHub, and why
    Jobs(jobs::Arguments),
    /// Change, list and revoke the keys that replies are signed with
    Keys(keys::Arguments),
    /// Ask a running server whether it is well
    Health(health::Arguments),
    /// Run a GitHub on loopback with the App installed, to try things by hand
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Arguments),
    /// Watch one pull request from the first reply to the merge, on this machine
    #[cfg(feature = "sandbox")]
    Demo(demo::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Arguments),
    /// Print the manual page, or write all of them
    Man(man::Arguments),
}

/// How a command ended well. Failures are [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Exit code 0.
    Fine,
    /// Exit code 1: the command worked and its answer is no.
    No,
    /// Exit code 130: told to stop, and stopped in good order.
    Interrupted,
}

/// A refusal: usage, input, output or configuration. Exit code 2; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Failure {
    /// Kebab-case code for scripts.
    code: &'static str,
    /// What was read and why it is refused.
    message: String,
    /// What to do instead.
    hint: Option<String>,
    /// The file it is about.
    path: Option<String>,
    /// Line in that file, from 1.
    line: Option<usize>,
}

impl Failure {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            ..Self::default()
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn at(mut self, path: &std::path::Path, line: Option<usize>) -> Self {
        self.path = Some(path.display().to_string());
        self.line = line;
        self
    }
}

impl From<crate::workspace::WorkspaceError> for Failure {
    fn from(error: crate::workspace::WorkspaceError) -> Self {
        Self {
            path: Some(error.path().display().to_string()),
            ..Self::new("file", error.to_string())
        }
    }
}

/// Exit code after Ctrl-C, as shells use it (128 + SIGINT).
const INTERRUPTED: u8 = 130;

/// Runs one command line and gives its exit code: 0 fine, 1 the answer is no, 2 refused, 130 interrupted.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let program = arguments
        .first()
        .map_or("discussions".into(), |name| name.to_string_lossy());
    let output = Output::new(wants_json(&arguments));
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && wants_json(&arguments) => {
            output.failure(&usage_failure(&error));
            return ExitCode::from(2);
        }
        Err(error) => {
            // clap prints help and version to stdout, mistakes to stderr, with colour only on a terminal.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let interruptible = !cli.command.handles_signals();
    let work = dispatch(cli.command, &program, &output);
    let result = if interruptible {
        tokio::select! {
            result = work => result,
            _ = tokio::signal::ctrl_c() => {
                output.note("interrupted; nothing was written");
                return ExitCode::from(INTERRUPTED);
            }
        }
    } else {
        work.await
    };
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Ok(Outcome::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(2)
        }
    }
}

impl Command {
    /// `serve`, `receive`, `sandbox` and `demo` have a drain; all others end at once on Ctrl-C.
    fn handles_signals(&self) -> bool {
        match self {
            Self::Serve(_) | Self::Receive(_) => true,
            #[cfg(feature = "sandbox")]
            Self::Sandbox(_) | Self::Demo(_) => true,
            _ => false,
        }
    }
}

/// Whether the answer is to be JSON, for every verb: asked of the words, since refused ones are answered too.
fn wants_json(arguments: &[OsString]) -> bool {
    let end = arguments.iter().position(|word| word == "--");
    let options = &arguments[..end.unwrap_or(arguments.len())];
    options
        .iter()
        .any(|word| word == "--json" || word == "--format=json")
        || options.windows(2).any(|pair| pair == ["--format", "json"])
}

/// A mistake in the words of the command line, as a refusal.
fn usage_failure(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs.next().unwrap_or_default().trim();
    let hint = paragraphs.map(str::trim).collect::<Vec<_>>().join("\n");
    Failure::new("usage", message.trim_start_matches("error: ")).hint(hint)
}

#[cfg_attr(not(feature = "sandbox"), allow(unused_variables))]
async fn dispatch(command: Command, program: &str, output: &Output) -> Result<Outcome, Failure> {
    match command {
        Command::New(arguments) => new::run(&arguments, output),
        Command::Turn(arguments) => turn::run(&arguments, output).await,
        Command::Comment(arguments) => comment::run(&arguments, output).await,
        Command::Advance(arguments) => advance::run(&arguments, output),
        Command::Status(arguments) => status::run(&arguments, output),
        Command::Lint(arguments) => lint::run(&arguments, output),
        Command::Gate(arguments) => gate::run(&arguments, output),
        Command::Verify(arguments) => verify::run(&arguments, output),
        Command::Templates(arguments) => templates::run(&arguments, output),
        Command::Personas(arguments) => personas::run(&arguments, output),
        Command::Config(arguments) => config::run(&arguments, output),
        Command::Models(arguments) => models::run(&arguments, output).await,
        Command::Serve(arguments) => serve::run(&arguments, output).await,
        Command::Doctor(arguments) => doctor::run(&arguments, output).await,
        Command::Receive(arguments) => receive::run(&arguments, output).await,
        Command::Replay(arguments) => replay::run(&arguments, output).await,
        Command::Costs(arguments) => costs::run(&arguments, output).await,
        Command::Jobs(arguments) => jobs::run(&arguments, output).await,
        Command::Keys(arguments) => keys::run(&arguments, output),
        Command::Health(arguments) => health::run(&arguments, output).await,
        Command::Completions(arguments) => completions::run(&arguments, Cli::command(), output),
        Command::Man(arguments) => man::run(&arguments, Cli::command(), output),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(&arguments, output).await,
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(&arguments, program, output).await,
    }
}
