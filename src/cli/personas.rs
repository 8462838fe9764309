//! `discussions personas`: which personas apply here, one of them in full, and what is wrong with their files.

mod check;
mod list;
mod show;

use super::output::Output;
use super::surroundings::{self, Surroundings};
use super::{Failure, Outcome};
use crate::bot::models::by_team;
use crate::engine::persona::{Persona, PersonaKind, Personas};
use crate::ids::Alias;
use crate::workspace;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Schema of everything printed with `--json`, refusals apart.
const SCHEMA: &str = "discussions/personas@1";

/// Arguments of `personas`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// Print JSON, schema discussions/personas@1
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// All personas that apply in this folder, with where each comes from
    List,
    /// One persona in full: origin, instructions, checklist
    Show {
        /// The alias, with or without @
        name: String,
    },
    /// Problems in persona files; none named: those in the configured folders
    Check {
        /// Persona files, or folders of them
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    match &arguments.action {
        Action::List => list::run(&Here::look(output)?, arguments.json, output),
        Action::Show { name } => show::run(&Here::look(output)?, name, arguments.json, output),
        Action::Check { files } => check::run(files, arguments.json, output),
    }
}

/// The personas that apply in the current folder.
struct Here {
    around: Surroundings,
    /// Path of the file that defines it, of those that no built-in file defines.
    files: BTreeMap<Alias, String>,
    built_in: Personas,
}

/// Where a persona comes from.
struct Origin<'a> {
    /// Path from the root of the working tree; `None`: built in.
    path: Option<&'a str>,
    /// Whether it stands in place of a built-in one.
    overrides: bool,
}

impl Here {
    fn look(output: &Output) -> Result<Self, Failure> {
        let inside = current_folder()?.join("discussion.md");
        let around = Surroundings::of(&inside, output)?;
        let mut files = BTreeMap::new();
        if let Some(root) = workspace::root_above(&inside) {
            for (path, text) in surroundings::persona_files(&root, &around.config)? {
                if let Ok((persona, _)) = Persona::parse_file(&path, &text) {
                    files.insert(persona.alias, path);
                }
            }
        }
        Ok(Self {
            around,
            files,
            built_in: Personas::built_in(),
        })
    }

    fn personas(&self) -> impl Iterator<Item = &Persona> {
        self.around.personas.0.values()
    }

    fn origin(&self, alias: &Alias) -> Origin<'_> {
        let path = self.files.get(alias).map(String::as_str);
        Origin {
            path,
            overrides: path.is_some() && self.built_in.get(alias).is_some(),
        }
    }

    /// The model's name: what the configuration says for this persona or for the word in its file, else that word.
    fn model<'a>(&'a self, persona: &'a Persona) -> &'a str {
        by_team(persona, &self.around.config).map_or(&persona.model, |(model, _)| model)
    }

    /// Whether the configuration puts it on every panel.
    fn participates(&self, alias: &Alias) -> bool {
        self.around.config.participants.contains(alias)
    }
}

fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|error| Failure::new("file", format!("the current folder is gone: {error}")))
}

fn kind(persona: &Persona) -> &'static str {
    match persona.kind {
        PersonaKind::Voting => "voting",
        PersonaKind::Advisory => "advisory",
    }
}

/// Text of a file, for a terminal: control characters would change it instead of being seen.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}
