//! `discussions config`: the configuration of a repository, for editors, for people and for scripts.

mod check;
mod effective;

use super::output::Output;
use super::{Failure, Outcome};
use crate::bot::repo_config;
use crate::workspace;
use std::path::{Path, PathBuf};

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the JSON Schema of .github/discussions.yml, for editors
    #[command(after_help = "EXAMPLES\n  \
        discussions config schema > .github/discussions.schema.json\n\n\
        Then begin .github/discussions.yml with\n  \
        # yaml-language-server: $schema=discussions.schema.json")]
    Schema,
    /// Check the configuration, and the personas and templates around it, as the App would
    #[command(after_help = "EXAMPLES\n  \
        discussions config check\n  \
        discussions config check .github/discussions.yml\n\n\
        Exit code 1: there are errors; pull requests with a discussion would be invalid under this configuration.")]
    Check(check::Arguments),
    /// Show every key with its value, and whether the file or the default sets it
    #[command(after_help = "EXAMPLES\n  \
        discussions config effective\n  \
        discussions config effective --json | jq '.keys[] | select(.origin == \"file\")'")]
    Effective(effective::Arguments),
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Schema => {
            output.json(&repo_config::schema());
            Ok(Outcome::Fine)
        }
        Command::Check(arguments) => check::run(arguments, output),
        Command::Effective(arguments) => effective::run(arguments, output),
    }
}

/// A configuration file on disk.
struct Found {
    /// As messages name it: as it was given, or from the current folder on.
    path: PathBuf,
    /// Its text; `None`: there is none, the defaults apply.
    text: Option<String>,
    /// The working tree around it, if any.
    root: Option<PathBuf>,
}

/// The named file, which must exist, or that of the working tree around the current folder, which may be absent.
fn find(named: Option<&Path>) -> Result<Found, Failure> {
    if let Some(path) = named {
        workspace::read(path)?;
        return Ok(Found {
            path: path.to_owned(),
            text: workspace::optional_text(path)?,
            root: workspace::root_above(path),
        });
    }
    let here = Path::new(workspace::CONFIG_PATH);
    let root = workspace::root_above(here.file_name().map_or(here, Path::new));
    let path = match (&root, std::path::absolute(".")) {
        (Some(root), Ok(current)) if *root != current => root.join(here),
        _ => here.to_owned(),
    };
    Ok(Found {
        text: workspace::optional_text(&path)?,
        path,
        root,
    })
}
