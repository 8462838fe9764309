//! `discussions lint`: problems of discussion files, for people, scripts and GitHub Actions.

use super::output::Output;
use super::problem_json::ProblemJson;
use super::surroundings::Surroundings;
use super::{Failure, Outcome, snippet};
use crate::engine::discussion::{Discussion, Kind};
use crate::engine::ledger::Ledger;
use crate::engine::problem::{Code, Problem, Severity};
use crate::workspace;
use serde::Serialize;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Ending that says a file is meant to be a discussion even without the marker.
const DISCUSSION_ENDING: &str = ".discussion.md";

/// Arguments of `lint`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions lint design\n  \
    discussions lint --strict --format github .")]
pub struct Arguments {
    /// Files or folders; in folders every Markdown file that is a discussion (or is named *.discussion.md)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// PATH:LINE:COL: SEVERITY[CODE]: MESSAGE with the line and a hint
    Text,
    /// One JSON document, schema discussions/lint@1
    Json,
    /// Workflow commands that GitHub shows on the lines
    Github,
}

/// One file with its problems.
struct Linted {
    path: PathBuf,
    discussion: Discussion,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct LintJson<'a> {
    schema: &'static str,
    files: usize,
    problems: Vec<LintedProblem<'a>>,
}

#[derive(Serialize)]
struct LintedProblem<'a> {
    path: String,
    #[serde(flatten)]
    problem: ProblemJson<'a>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let linted = collect(&arguments.paths, output)?
        .iter()
        .map(|path| lint(path, output))
        .collect::<Result<Vec<_>, _>>()?;
    match arguments.format {
        Format::Text => print_text(&linted, output),
        Format::Json => print_json(&linted, output),
        Format::Github => print_github(&linted, output),
    }
    let fails = |problem: &Problem| match problem.severity() {
        Severity::Error => true,
        Severity::Warning => arguments.strict,
        Severity::Notice => false,
    };
    let failed = linted.iter().flat_map(|file| &file.problems).any(fails);
    Ok(if failed { Outcome::No } else { Outcome::Fine })
}

/// The files meant by paths: a named file as it is, of a folder the discussions. Each once; an empty folder is said.
pub(super) fn collect(paths: &[PathBuf], output: &Output) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        walk(path, &mut files)?;
        if files.len() == before {
            output.note(format!(
                "{}: no Markdown file in it begins with <!-- DISCUSSION -->",
                path.display()
            ));
        }
    }
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

/// A named file is taken as it is; a folder is walked (hidden and ignored files are left out, as git does).
fn walk(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in ignore::WalkBuilder::new(path)
        .sort_by_file_path(Path::cmp)
        .build()
    {
        let entry =
            entry.map_err(|error| Failure::new("file", error.to_string()).at(path, None))?;
        let is_markdown = entry
            .path()
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("md"));
        if is_markdown && entry.file_type().is_some_and(|kind| kind.is_file()) {
            let named_so = entry.path().to_string_lossy().ends_with(DISCUSSION_ENDING);
            let bytes = workspace::read(entry.path())?;
            if named_so || Discussion::parse(&bytes).kind == Kind::Discussion {
                // `./a.md` would match no file of a pull request, where paths begin at its root.
                let path = entry.into_path();
                files.push(path.strip_prefix(".").map_or(path.clone(), Path::to_owned));
            }
        }
    }
    Ok(())
}

fn lint(path: &Path, output: &Output) -> Result<Linted, Failure> {
    let bytes = workspace::read(path)?;
    let discussion = Discussion::parse(&bytes);
    let mut problems = discussion.problems.clone();
    match discussion.kind {
        Kind::Discussion => {
            let surroundings = Surroundings::of(path, output)?;
            problems.extend(Ledger::of(&discussion, &|_| true).1);
            problems.extend(surroundings.panel(&discussion).problems);
        }
        Kind::Other if problems.iter().all(|p| p.code != Code::NotADiscussion) => {
            problems.push(Problem::new(
                Code::NotADiscussion,
                1,
                1,
                "the first line is not <!-- DISCUSSION -->",
            ));
        }
        Kind::Other | Kind::Unreadable => {}
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Ok(Linted {
        path: path.to_owned(),
        discussion,
        problems,
    })
}

fn print_text(linted: &[Linted], output: &Output) {
    for file in linted {
        for problem in &file.problems {
            output.result(snippet::render(
                &file.path.display().to_string(),
                &file.discussion.source,
                problem,
            ));
        }
    }
    let count = |severity| {
        linted
            .iter()
            .flat_map(|f| &f.problems)
            .filter(|p| p.severity() == severity)
            .count()
    };
    output.note(format!(
        "{} checked: {}, {}, {}",
        plural(linted.len(), "file"),
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning"),
        plural(count(Severity::Notice), "notice"),
    ));
}

/// A number with its noun.
pub(in crate::cli) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn print_json(linted: &[Linted], output: &Output) {
    let problems = linted.iter().flat_map(|file| {
        file.problems.iter().map(|problem| LintedProblem {
            path: file.path.display().to_string(),
            problem: ProblemJson::of(problem),
        })
    });
    output.json(&LintJson {
        schema: "discussions/lint@1",
        files: linted.len(),
        problems: problems.collect(),
    });
}

/// Workflow commands: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
fn print_github(linted: &[Linted], output: &Output) {
    for file in linted {
        for problem in &file.problems {
            output.result(format!(
                "::{} file={},line={},col={},title={}::{}. {}",
                problem.severity().as_str(),
                escape_property(&file.path.display().to_string()),
                problem.line,
                problem.column,
                problem.code.row().name,
                escape_data(&problem.message),
                escape_data(&problem.hint),
            ));
        }
    }
}

/// Text behind the `::` of a workflow command.
pub(super) fn escape_data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a workflow command's property.
pub(super) fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}
