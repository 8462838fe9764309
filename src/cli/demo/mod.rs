//! `discussions demo`: one pull request from the first reply to the merge, against a GitHub on loopback, with every
//! expectation checked. Nothing is configured and nothing leaves the machine.

pub(super) mod stage;
mod story;

use super::output::{BOLD, DIM, GREEN, Output, RED, styled};
use super::surroundings::{Surroundings, read_discussion};
use super::{Failure, Outcome};
use crate::bot::receipts::Known;
use crate::engine::discussion::Discussion;
use crate::engine::problem::Severity;
use crate::ids::Alias;
use stage::Stage;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;
use story::Script;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions demo\n  \
    discussions demo --file design/cache.md --keep")]
pub struct Arguments {
    /// Try it on your own discussion: first replies and one question, then the state reached
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Stay up afterwards and print the addresses
    #[arg(long)]
    keep: bool,
    /// Append every request, answer and delivery to this file as a JSON line, without tokens
    #[arg(long, value_name = "FILE", hide = true)]
    exchanges: Option<PathBuf>,
}

/// Prints the story and remembers whether every expectation held.
struct Narrator<'a> {
    output: &'a Output,
    step: usize,
    broken: usize,
}

impl Narrator<'_> {
    /// A new step of the story.
    fn step(&mut self, what: &str) {
        self.step += 1;
        self.output.result(format!(
            "{} {}",
            styled(BOLD, self.step),
            styled(BOLD, what)
        ));
    }

    /// An expectation; `seen` is what was there, said either way.
    fn expect(&mut self, holds: bool, expected: &str, seen: &str) {
        let line = if holds {
            format!("  {} {expected}{}", styled(GREEN, "ok"), aside(seen))
        } else {
            self.broken += 1;
            format!(
                "  {} expected: {expected}{}",
                styled(RED, "NO"),
                aside(seen)
            )
        };
        self.output.result(line);
    }
}

fn aside(seen: &str) -> String {
    if seen.is_empty() {
        String::new()
    } else {
        styled(DIM, format!("  {seen}"))
    }
}

/// The discussion at `path` with those who answer it first; one that the check would only call INVALID makes no story and
/// is refused.
fn sound_discussion(path: &Path) -> Result<(Discussion, Vec<Alias>), Failure> {
    let (_, discussion) = read_discussion(path)?;
    let panel = Surroundings::built_in()?.panel(&discussion);
    let mut problems = discussion.problems.iter().chain(&panel.problems);
    match problems.find(|problem| problem.severity() == Severity::Error) {
        Some(problem) => Err(
            Failure::new(problem.code.row().name, problem.message.as_str())
                .hint(problem.hint.as_str())
                .at(path, Some(problem.line)),
        ),
        None => Ok((discussion, panel.voting)),
    }
}

/// `program` is the word the user called us by, for the line to try next.
pub(super) async fn run(
    arguments: &Arguments,
    program: &str,
    output: &Output,
) -> Result<Outcome, Failure> {
    let started = Instant::now();
    output.result(styled(
        BOLD,
        "A pull request from the first reply to the merge, on this machine only",
    ));
    let script = match &arguments.file {
        Some(path) => {
            let (discussion, panel) = sound_discussion(path)?;
            Script::of_file(path, &discussion, panel)?
        }
        None => Script::built_in()?,
    };
    let stage = Stage::set_up(
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        arguments.exchanges.as_deref(),
    )
    .await?;
    output.result(styled(
        DIM,
        format!(
            "GitHub on {}, the App on http://{}",
            stage.github.web_url(),
            stage.app_address()
        ),
    ));
    let mut narrator = Narrator {
        output,
        step: 0,
        broken: 0,
    };
    let number = story::tell(&script, &stage, &mut narrator).await?;
    let file = story::keep_file(&script, &stage)?;
    output.result("");
    output.result(format!("The discussion: {}", file.display()));
    output.result(format!(
        "Try:            {} status {}",
        super::shell::word(program),
        super::shell::word(&file.display().to_string())
    ));
    let keys = story::keep_keys(&stage)?;
    let anchor = stage.settled(number).await?.external_id;
    let anchor = Known::read(&anchor).anchors.into_iter().next();
    output.result(format!(
        "Who signed it:  {} verify {} --repo {} --pr {number} --jwks {}{}",
        super::shell::word(program),
        super::shell::word(&file.display().to_string()),
        stage::REPO,
        super::shell::word(&keys.display().to_string()),
        anchor.map_or(String::new(), |anchor| format!(" --anchor {anchor}")),
    ));
    let seconds = started.elapsed().as_secs_f32();
    let broken = narrator.broken;
    output.result(match broken {
        0 => format!("All expectations held, in {seconds:.1} s."),
        1 => styled(
            RED,
            format!("1 expectation did not hold, in {seconds:.1} s."),
        ),
        _ => styled(
            RED,
            format!("{broken} expectations did not hold, in {seconds:.1} s."),
        ),
    });
    if arguments.keep {
        let stop = super::serve::stop_signal();
        let url = stage.github.web_url();
        output.result(format!(
            "Still up until Ctrl-C: {url} (pull request #{number})"
        ));
        stop.await;
    }
    stage.tear_down().await?;
    Ok(if broken == 0 {
        Outcome::Fine
    } else {
        Outcome::No
    })
}
