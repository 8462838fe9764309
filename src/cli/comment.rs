//! `discussions comment`: appends a person's block.

use super::output::{BOLD, Output, styled};
use super::surroundings::{Surroundings, discussion_in, read_discussion, refuse_errors};
use super::{Failure, Outcome};
use crate::engine::discussion::Discussion;
use crate::engine::edit;
use crate::engine::marker::BlockVote;
use crate::engine::name::Author;
use crate::engine::person::{self, PersonError};
use crate::engine::vote::Vote;
use crate::workspace;
use serde::Serialize;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Arguments of `comment`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The discussion file
    file: PathBuf,
    /// What you have to say, in Markdown; - reads it from stdin
    #[arg(required_unless_present = "vote")]
    text: Option<String>,
    /// Your name; else git's user.name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Your vote: ready, changes or reject
    #[arg(long, value_name = "VOTE", value_parser = vote)]
    vote: Option<Vote>,
    /// Show the block, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, schema discussions/comment@1
    #[arg(long)]
    json: bool,
}

fn vote(word: &str) -> Result<Vote, &'static str> {
    Vote::parse(word).ok_or("a vote is ready, changes or reject")
}

/// `discussions/comment@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct CommentJson<'a> {
    schema: &'static str,
    path: String,
    participant: &'a str,
    vote: Option<&'static str>,
    written: bool,
    /// Number of the block, from 1.
    block: usize,
    /// Its name line.
    line: usize,
    text: &'a str,
}

/// Where the block came to stand.
struct Place {
    number: usize,
    line: usize,
    vote: Option<Vote>,
    /// What readers of the file will say about it.
    remarks: Vec<String>,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let file = arguments.file.as_path();
    let (bytes, discussion) = read_discussion(file)?;
    let surroundings = Surroundings::of(file, output)?;
    refuse_errors(&discussion, file)?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => name_from_git(file)?,
    };
    let author = person::name(&name, &surroundings.personas).map_err(|error| refusal(&error))?;
    let text = match arguments.text.as_deref() {
        Some("-") => from_stdin().await?,
        text => text.unwrap_or_default().to_owned(),
    };
    let block = person::block(&author, &text, arguments.vote).map_err(|error| refusal(&error))?;
    let place = if arguments.dry_run {
        appended(&bytes, file, &block, &author)?.1
    } else {
        let mut place = None;
        workspace::edit(file, |current| {
            let (text, new) = appended(current, file, &block, &author)?;
            place = Some(new);
            Ok::<_, Failure>(text.into_bytes())
        })?;
        place.ok_or_else(|| Failure::new("internal", "the block was not appended"))?
    };
    say(arguments, &author, &block, &place, output);
    Ok(Outcome::Fine)
}

/// The file with the block at its end. What stood there stays as it is, and the block is read as one by its author;
/// anything else is refused.
fn appended(
    bytes: &[u8],
    file: &Path,
    block: &str,
    author: &Author,
) -> Result<(String, Place), Failure> {
    let before = discussion_in(bytes, file)?;
    refuse_errors(&before, file)?;
    let text = edit::append(&before, &[block.to_owned()])
        .map_err(|error| Failure::new("append-refused", error.to_string()).at(file, None))?;
    let after = Discussion::parse(text.as_bytes());
    refuse_errors(&after, file)?;
    let new = after.blocks.get(before.blocks.len()..);
    let Some([new]) = new.filter(|new| new.iter().all(|block| block.author == *author)) else {
        let message = "the text would not be read as one block of yours";
        return Err(Failure::new("append-refused", message)
            .hint("Leave out separators and name lines.")
            .at(file, None));
    };
    let shown = file.display();
    let remarks = after
        .problems
        .iter()
        .filter(|problem| problem.line >= new.line);
    let place = Place {
        number: new.number,
        line: new.line,
        vote: match &new.vote {
            Some(BlockVote::Clear { vote, .. }) => Some(*vote),
            Some(BlockVote::Unclear { .. }) | None => None,
        },
        remarks: remarks
            .map(|problem| {
                let row = problem.code.row();
                let (severity, line) = (row.severity.as_str(), problem.line);
                format!(
                    "{shown}:{line}: {severity}: {}. {}",
                    problem.message, problem.hint
                )
            })
            .collect(),
    };
    Ok((text, place))
}

fn say(arguments: &Arguments, author: &Author, block: &str, place: &Place, output: &Output) {
    let path = arguments.file.display();
    if arguments.json {
        output.json(&CommentJson {
            schema: "discussions/comment@1",
            path: path.to_string(),
            participant: &author.name,
            vote: place.vote.map(Vote::as_str),
            written: !arguments.dry_run,
            block: place.number,
            line: place.line,
            text: block,
        });
    } else if arguments.dry_run {
        output.result(block);
    } else {
        let vote = place.vote.map_or("commented", Vote::as_str);
        output.result(format!(
            "{}  {vote}  line {}",
            styled(BOLD, &author.name),
            place.line
        ));
    }
    for remark in &place.remarks {
        output.note(remark);
    }
    output.note(match arguments.dry_run {
        true => format!("{path}: nothing written"),
        false => format!("{path}: 1 block appended"),
    });
}

fn refusal(error: &PersonError) -> Failure {
    let failure = |code| Failure::new(code, error.to_string());
    match error {
        PersonError::BadName(_) => failure("bad-name"),
        PersonError::PersonasName(_) => {
            failure("personas-name").hint("Write --name and the name your team knows you by.")
        }
        PersonError::Empty => failure("empty-text").hint("Write a text, or --vote alone."),
        PersonError::Text { hint, .. } => failure("bad-text").hint(hint.as_str()),
        PersonError::OtherVote { .. } => failure("two-votes"),
    }
}

/// What git calls the user in the repository of a file.
fn name_from_git(file: &Path) -> Result<String, Failure> {
    let refused = |why: &str| {
        Failure::new("no-name", format!("nobody knows who writes this: {why}"))
            .hint("Write --name \"Your Name\", or run git config user.name \"Your Name\".")
    };
    let folder = std::path::absolute(file).ok();
    let folder = folder.as_deref().and_then(Path::parent);
    let asked = Command::new("git")
        .arg("-C")
        .arg(folder.unwrap_or_else(|| Path::new(".")))
        .args(["config", "--get", "user.name"])
        .stdin(Stdio::null())
        .output()
        .map_err(|_| refused("git cannot be run"))?;
    let name = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    match asked.status.success() && !name.is_empty() {
        true => Ok(name),
        false => Err(refused("git has no user.name here")),
    }
}

/// Reads stdin to its end on a thread of its own, which Ctrl-C need not wait for.
async fn from_stdin() -> Result<String, Failure> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes).map(|_| bytes);
        // Nobody waits any more after Ctrl-C.
        let _ = sender.send(read);
    });
    let refused =
        |why: String| Failure::new("stdin", format!("cannot read the text from stdin: {why}"));
    let bytes = match receiver.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(refused(error.to_string())),
        Err(_) => return Err(refused("reading ended early".to_owned())),
    };
    String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8".to_owned()))
}
