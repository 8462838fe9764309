//! `discussions completions`: completion scripts for shells, from the same source as the help.

use super::output::Output;
use super::{Failure, Outcome};
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions completions bash > ~/.local/share/bash-completion/completions/discussions\n  \
    discussions completions zsh > ~/.zfunc/_discussions\n  \
    discussions completions fish > ~/.config/fish/completions/discussions.fish")]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(
    arguments: &Arguments,
    mut command: clap::Command,
    output: &Output,
) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| Failure::new("internal", format!("the script is no text: {error}")))?;
    output.result(script.trim_end());
    Ok(Outcome::Fine)
}
