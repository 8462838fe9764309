//! `discussions man`: manual pages, from the same source as the help.

use super::output::Output;
use super::{Failure, Outcome};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions man | man -l -\n  \
    discussions man --out /usr/local/share/man/man1")]
pub struct Arguments {
    /// Write one page for the program and one for each subcommand into this folder, instead of the program's to stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(
    arguments: &Arguments,
    mut command: clap::Command,
    output: &Output,
) -> Result<Outcome, Failure> {
    // Fills in usage lines and the options that all subcommands share.
    command.build();
    let Some(folder) = &arguments.out else {
        output.result(page(&command, command.get_name())?.trim_end());
        return Ok(Outcome::Fine);
    };
    fs::create_dir_all(folder).map_err(|error| not_written(folder, &error))?;
    let written = write_all(&command, command.get_name(), folder)?;
    output.note(format!("{written} pages written to {}", folder.display()));
    Ok(Outcome::Fine)
}

/// Writes the page of a command and those of its subcommands; gives their number.
fn write_all(command: &clap::Command, name: &str, folder: &Path) -> Result<usize, Failure> {
    let path = folder.join(format!("{name}.1"));
    fs::write(&path, page(command, name)?).map_err(|error| not_written(&path, &error))?;
    let mut written = 1;
    for child in command.get_subcommands() {
        if child.get_name() != "help" && !child.is_hide_set() {
            written += write_all(child, &format!("{name}-{}", child.get_name()), folder)?;
        }
    }
    Ok(written)
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::new("file", format!("cannot write: {error}")).at(path, None)
}

/// One page. What stands below the help (`EXAMPLES`, `EXIT CODES`) gets sections of its own.
fn page(command: &clap::Command, name: &str) -> Result<String, Failure> {
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(format!("discussions {}", env!("CARGO_PKG_VERSION")))
        .section("1");
    let mut page = Vec::new();
    let mut render = || -> io::Result<()> {
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        if command.get_arguments().next().is_some() {
            man.render_options_section(&mut page)?;
        }
        if command.has_subcommands() {
            man.render_subcommands_section(&mut page)?;
        }
        let below = command.get_after_long_help().or(command.get_after_help());
        if let Some(below) = below {
            sections(&below.to_string()).to_writer(&mut page)?;
        }
        man.render_version_section(&mut page)
    };
    render().map_err(|error| Failure::new("internal", error.to_string()))?;
    String::from_utf8(page)
        .map_err(|error| Failure::new("internal", format!("the page is no text: {error}")))
}

/// The text below the help as sections: a line in capitals begins one, indented lines are kept as they are.
fn sections(text: &str) -> Roff {
    let mut roff = Roff::default();
    let mut verbatim = false;
    if !text.lines().next().is_some_and(is_heading) {
        roff.control("SH", ["NOTES"]);
    }
    for line in text.lines() {
        let is_verbatim = line.starts_with("  ");
        if verbatim && !is_verbatim {
            roff.control("fi", []);
        } else if is_verbatim && !verbatim {
            roff.control("nf", []);
        }
        verbatim = is_verbatim;
        if is_heading(line) {
            roff.control("SH", [line]);
        } else if line.is_empty() {
            roff.control("PP", []);
        } else if verbatim {
            roff.text([bold(line.trim_start())]);
        } else {
            roff.text([roman(line)]);
        }
    }
    if verbatim {
        roff.control("fi", []);
    }
    roff
}

fn is_heading(line: &str) -> bool {
    let is_capital = |c: char| c.is_ascii_uppercase() || c == ' ';
    line.starts_with(|c: char| c.is_ascii_uppercase()) && line.chars().all(is_capital)
}
