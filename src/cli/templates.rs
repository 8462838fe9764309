//! `discussions templates`: which templates there are, what one says, and what is wrong with a file of them.

use super::lint::plural;
use super::new::unknown_template;
use super::output::{BOLD, DIM, Output, styled};
use super::snippet::{self, Finding};
use super::{Failure, Outcome};
use crate::engine::phase;
use crate::engine::problem::Severity;
use crate::engine::template::{Advance, DefinitionProblem, ENDINGS, Phase, Template, Templates};
use crate::workspace;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Code of what is wrong with a definition file, in the place where `lint` has its codes.
const CODE: &str = "template";

/// Arguments of `templates`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// All templates that apply here, with their phases
    List {
        /// Print JSON, schema discussions/templates@1
        #[arg(long)]
        json: bool,
    },
    /// One template: its phases, goals and instructions
    Show {
        /// Its name
        name: String,
        /// Print JSON, schema discussions/templates@1
        #[arg(long)]
        json: bool,
    },
    /// Problems of template files; without FILE those of the repository
    Check {
        /// Template files
        files: Vec<PathBuf>,
        /// Print JSON, schema discussions/templates@1
        #[arg(long)]
        json: bool,
    },
}

/// A template file with what was found in it.
struct Checked {
    path: PathBuf,
    text: String,
    template: Option<Template>,
    problems: Vec<DefinitionProblem>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    match &arguments.verb {
        Verb::List { json } => list(*json, output),
        Verb::Show { name, json } => show(name, *json, output),
        Verb::Check { files, json } => check(files, *json, output),
    }
}

fn list(json: bool, output: &Output) -> Result<Outcome, Failure> {
    let known = Known::here()?;
    if json {
        let shown = known.templates.0.values().map(|one| known.json(one, false));
        print_json(shown.collect(), &known.own, output);
        return Ok(Outcome::Fine);
    }
    for template in known.templates.0.values() {
        let origin = known.origin(template).unwrap_or("built-in");
        output.result(format!(
            "{}  {}",
            styled(BOLD, &template.name),
            styled(DIM, origin)
        ));
        output.result(format!("  {}", template.description));
        let phases = phases(template).into_iter().map(brief);
        output.result(format!("  {}", phases.collect::<Vec<_>>().join(" -> ")));
    }
    known.note_refused(output);
    Ok(Outcome::Fine)
}

fn show(name: &str, json: bool, output: &Output) -> Result<Outcome, Failure> {
    let known = Known::here()?;
    let template = known
        .templates
        .get(name)
        .ok_or_else(|| unknown_template(name, known.templates.0.keys()))?;
    if json {
        print_json(vec![known.json(template, true)], &[], output);
        return Ok(Outcome::Fine);
    }
    output.result(styled(BOLD, &template.name));
    let origin = known.origin(template).unwrap_or("built-in");
    output.result(format!("{}  {}", template.description, styled(DIM, origin)));
    let on_reject = template.on_reject.as_deref().unwrap_or("unchanged");
    output.result(format!(
        "status: {} on consensus, {on_reject} on rejection",
        template.on_ready
    ));
    output.result(format!("sections: {}", template.sections.join(", ")));
    for phase in phases(template) {
        output.result("");
        output.result(styled(BOLD, brief(phase)));
        output.result(format!("  {}", phase.goal));
        for line in phase.instructions.lines() {
            output.result(format!("    {line}").trim_end());
        }
        let mut rules = Vec::new();
        rules.extend(phase.next.as_ref().map(|next| format!("next: {next}")));
        rules.extend(
            phase
                .max_rounds
                .map(|most| format!("at most {most} automatic rounds")),
        );
        rules.extend((phase.advance == Advance::Manual).then(|| "ends only by hand".to_owned()));
        if !rules.is_empty() {
            output.result(format!("  {}", styled(DIM, rules.join(", "))));
        }
    }
    Ok(Outcome::Fine)
}

fn check(files: &[PathBuf], json: bool, output: &Output) -> Result<Outcome, Failure> {
    let checked = match files {
        [] => repository_templates()?,
        files => files
            .iter()
            .map(|path| Ok(Checked::of(path.clone(), text_of(path)?)))
            .collect::<Result<Vec<_>, Failure>>()?,
    };
    if json {
        print_json(Vec::new(), &checked, output);
    } else {
        print_problems(&checked, output);
    }
    if checked.is_empty() {
        let folder = workspace::TEMPLATES_PATH;
        output.note(format!(
            "{folder}: no template there; name the files to check"
        ));
    }
    let failed = checked.iter().any(|file| file.template.is_none());
    Ok(if failed { Outcome::No } else { Outcome::Fine })
}

fn print_problems(checked: &[Checked], output: &Output) {
    for file in checked {
        for problem in &file.problems {
            let remark = Finding {
                severity: problem.severity,
                code: CODE,
                line: problem.line.unwrap_or(1),
                column: 1,
                message: &problem.message,
                hint: &problem.hint,
            };
            let path = file.path.display().to_string();
            output.result(snippet::finding(&path, &file.text, &remark));
        }
    }
    let count = |severity| {
        let all = checked.iter().flat_map(|file| &file.problems);
        all.filter(|problem| problem.severity == severity).count()
    };
    output.note(format!(
        "{} checked: {}, {}",
        plural(checked.len(), "file"),
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Notice), "notice"),
    ));
}

impl Checked {
    fn of(path: PathBuf, text: String) -> Self {
        let (template, problems) = match Template::parse(&text) {
            Ok((template, notices)) => (Some(template), notices),
            Err(problems) => (None, problems),
        };
        Self {
            path,
            text,
            template,
            problems,
        }
    }
}

/// The text of a file that somebody named.
fn text_of(path: &Path) -> Result<String, Failure> {
    String::from_utf8(workspace::read(path)?).map_err(|_| {
        Failure::new("not-utf8", "the file is not UTF-8 text")
            .hint("Save the file as UTF-8.")
            .at(path, None)
    })
}

/// The templates of the repository around the current folder, by path from its root.
fn repository_templates() -> Result<Vec<Checked>, Failure> {
    // The root is looked for above a file; any name in the current folder does.
    let Some(root) = workspace::root_above(Path::new("template")) else {
        return Ok(Vec::new());
    };
    let folder = root.join(workspace::TEMPLATES_PATH);
    let here = std::env::current_dir().unwrap_or_default();
    let shown = folder.strip_prefix(&here).unwrap_or(&folder).to_owned();
    let files = workspace::folder(&folder, &ENDINGS)?;
    Ok(files
        .into_iter()
        .map(|(name, text)| Checked::of(shown.join(name), text))
        .collect())
}

/// The templates that apply, and where the repository's own come from.
struct Known {
    templates: Templates,
    own: Vec<Checked>,
    /// Files by the name of the template in them; the later of two wins, as everywhere.
    files: BTreeMap<String, String>,
}

impl Known {
    fn here() -> Result<Self, Failure> {
        let own = repository_templates()?;
        let mut templates = Templates::built_in();
        let mut files = BTreeMap::new();
        for file in &own {
            if let Some(template) = &file.template {
                files.insert(template.name.clone(), file.path.display().to_string());
                templates.add(template.clone());
            }
        }
        Ok(Self {
            templates,
            own,
            files,
        })
    }

    /// The file of a template; `None`: built in.
    fn origin(&self, template: &Template) -> Option<&str> {
        self.files.get(&template.name).map(String::as_str)
    }

    fn note_refused(&self, output: &Output) {
        for file in self.own.iter().filter(|file| file.template.is_none()) {
            output.note(format!(
                "{}: refused; discussions templates check says why",
                file.path.display()
            ));
        }
    }

    fn json<'a>(&'a self, template: &'a Template, with_instructions: bool) -> TemplateJson<'a> {
        let phase = |phase: &'a Phase| PhaseJson {
            name: &phase.name,
            goal: &phase.goal,
            instructions: with_instructions.then_some(phase.instructions.as_str()),
            voting: phase.voting,
            ready: phase.voting.then(|| phase.ready.to_string()),
            next: phase.next.as_deref(),
            max_rounds: phase.max_rounds,
            advance: match phase.advance {
                Advance::Auto => "auto",
                Advance::Manual => "manual",
            },
        };
        TemplateJson {
            name: &template.name,
            description: &template.description,
            path: self.origin(template),
            sections: &template.sections,
            first_phase: &template.first_phase,
            phases: phases(template).into_iter().map(phase).collect(),
            on_ready: &template.on_ready,
            on_reject: template.on_reject.as_deref(),
        }
    }
}

/// The phases in the order in which they are gone through.
fn phases(template: &Template) -> Vec<&Phase> {
    phase::in_order(template)
        .into_iter()
        .filter_map(|name| template.phase(name))
        .collect()
}

/// A phase in a word or two: what it needs if it votes.
fn brief(phase: &Phase) -> String {
    match phase.voting {
        true => format!("{} (votes, {} READY)", phase.name, phase.ready),
        false => phase.name.clone(),
    }
}

/// `discussions/templates@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct TemplatesJson<'a> {
    schema: &'static str,
    templates: Vec<TemplateJson<'a>>,
    problems: Vec<TemplateProblemJson<'a>>,
}

#[derive(Serialize)]
struct TemplateJson<'a> {
    name: &'a str,
    description: &'a str,
    /// Its file; null: built in.
    path: Option<&'a str>,
    sections: &'a [String],
    first_phase: &'a str,
    phases: Vec<PhaseJson<'a>>,
    on_ready: &'a str,
    on_reject: Option<&'a str>,
}

#[derive(Serialize)]
struct PhaseJson<'a> {
    name: &'a str,
    goal: &'a str,
    /// Only from `show`; null in a list.
    instructions: Option<&'a str>,
    voting: bool,
    ready: Option<String>,
    next: Option<&'a str>,
    max_rounds: Option<u32>,
    advance: &'static str,
}

#[derive(Serialize)]
struct TemplateProblemJson<'a> {
    path: String,
    severity: &'static str,
    code: &'static str,
    line: Option<usize>,
    column: usize,
    message: &'a str,
    hint: &'a str,
}

fn print_json(templates: Vec<TemplateJson<'_>>, checked: &[Checked], output: &Output) {
    let problems = checked.iter().flat_map(|file| {
        file.problems.iter().map(|problem| TemplateProblemJson {
            path: file.path.display().to_string(),
            severity: problem.severity.as_str(),
            code: CODE,
            line: problem.line,
            column: 1,
            message: &problem.message,
            hint: &problem.hint,
        })
    });
    output.json(&TemplatesJson {
        schema: "discussions/templates@1",
        templates,
        problems: problems.collect(),
    });
}
