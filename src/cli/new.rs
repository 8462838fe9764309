//! `discussions new`: begins a discussion in a file of its own.

use super::output::Output;
use super::surroundings::{Surroundings, named_personas, problem_failure};
use super::{Failure, Outcome};
use crate::engine::definition::nearest;
use crate::engine::discussion::Discussion;
use crate::engine::scaffold::{NewDiscussion, Title};
use crate::engine::template::Template;
use crate::ids::Alias;
use crate::workspace::{self, WorkspaceError};
use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Arguments of `new`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What is to be decided, in a few words
    #[arg(value_parser = |text: &str| Title::parse(text))]
    title: Title,
    /// The phases it goes through (`discussions templates list`); else the configuration's
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// The personas on the panel, comma-separated; else the configuration's
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    participants: Vec<String>,
    /// The folder for the file; made if missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Print JSON, schema discussions/new@1
    #[arg(long)]
    json: bool,
}

/// `discussions/new@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct NewJson<'a> {
    schema: &'static str,
    path: String,
    title: &'a str,
    template: &'a str,
    phase: &'a str,
    participants: Vec<&'a str>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let name = arguments.title.file_name();
    let path = match arguments.dir.as_path() {
        here if here == Path::new(".") => PathBuf::from(&name),
        folder => folder.join(&name),
    };
    let surroundings = Surroundings::of(&path, output)?;
    let template = template(arguments.template.as_deref(), &surroundings)?;
    let participants = participants(&arguments.participants, &surroundings)?;
    let closing = format!("The panel answers below. Ask it with `discussions turn {name}`.");
    let text = NewDiscussion {
        title: &arguments.title,
        template,
        participants: &participants,
        created: &Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        closing: &closing,
    }
    .render();
    refuse_problems(&text, &surroundings)?;
    workspace::create(&path, text.as_bytes()).map_err(|error| match &error {
        WorkspaceError::Exists { path } => {
            let shown = path.display().to_string();
            Failure::from(error).hint(format!(
                "Go on there (`discussions status {shown}`), or choose another title or --dir."
            ))
        }
        _ => Failure::from(error),
    })?;
    let shown = path.display().to_string();
    if arguments.json {
        output.json(&NewJson {
            schema: "discussions/new@1",
            path: shown,
            title: arguments.title.as_str(),
            template: &template.name,
            phase: &template.first_phase,
            participants: participants.iter().map(Alias::as_str).collect(),
        });
    } else {
        output.result(&shown);
        let file = super::shell::word(&shown);
        output.note(format!(
            "Write down what is to be decided, then ask the panel:\n  discussions turn {file}\n  discussions status {file}"
        ));
    }
    Ok(Outcome::Fine)
}

fn template<'a>(
    name: Option<&str>,
    surroundings: &'a Surroundings,
) -> Result<&'a Template, Failure> {
    let name = name.unwrap_or(&surroundings.config.template);
    let templates = &surroundings.templates;
    templates
        .get(name)
        .ok_or_else(|| unknown_template(name, templates.0.keys()))
}

/// A template that does not exist, with the nearest one that does.
pub(super) fn unknown_template<'a>(
    name: &str,
    known: impl Iterator<Item = &'a String> + Clone,
) -> Failure {
    let all = known.clone().map(String::as_str).collect::<Vec<_>>();
    let hint = match nearest(name, all.iter().copied()) {
        Some(near) => format!("Did you mean {near}? There are: {}.", all.join(", ")),
        None => format!("There are: {}.", all.join(", ")),
    };
    Failure::new("unknown-template", format!("no template is called {name}")).hint(hint)
}

/// Those named, else the configuration's.
fn participants(named: &[String], surroundings: &Surroundings) -> Result<Vec<Alias>, Failure> {
    let named: Vec<String> = named
        .iter()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if named.is_empty() {
        return Ok(surroundings.config.participants.clone());
    }
    named_personas(&named, &surroundings.personas)
}

/// What `lint` would say of the file is said before it is there.
fn refuse_problems(text: &str, surroundings: &Surroundings) -> Result<(), Failure> {
    let discussion = Discussion::parse(text.as_bytes());
    let panel = surroundings.panel(&discussion);
    match discussion.problems.iter().chain(&panel.problems).next() {
        Some(problem) => Err(problem_failure(problem)),
        None => Ok(()),
    }
}
