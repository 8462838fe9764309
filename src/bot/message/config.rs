//! The configuration that applies to a pull request, for `/discuss config`.

use super::MAX_LINE;
use crate::bot::check::ConfigProblem;
use crate::bot::ground::{CONFIG_PATH, Ground};
use crate::bot::markdown::{code, inline, sentences, shorten};
use crate::bot::repo_config::{Effective, Origins, yaml};
use std::fmt::Write;

/// Problems shown.
const MAX_PROBLEMS: usize = 10;

/// Every value that is not the default, with the line it comes from, then what is wrong. `text`: the file on the base
/// branch, if there is one.
pub fn config(ground: &Ground, text: Option<&str>, base: &str) -> String {
    let origins = Origins::of(text.unwrap_or_default());
    let keys = Effective::all(&ground.config, &origins);
    let changed: Vec<&Effective> = keys.iter().filter(|key| !key.is_default()).collect();
    let check = match &ground.check {
        Some(name) => format!("the check here is {}", code(name)),
        None => "no check is posted here".to_owned(),
    };
    let mut said = format!("**Configuration on {}**: {check}.", code(base));
    let is_broken = ground.errors.iter().any(|error| error.path == CONFIG_PATH);
    said.push_str(&match (text, changed.is_empty()) {
        (None, _) => format!(
            " There is no {} there, so every value is the default.",
            code(CONFIG_PATH)
        ),
        (Some(_), _) if is_broken => format!(
            " {} has errors, so the defaults stand in for all of it, and pull requests with a discussion are invalid \
             until it is mended there.",
            code(CONFIG_PATH)
        ),
        (Some(_), true) => format!(" {} says what the defaults say.", code(CONFIG_PATH)),
        (Some(_), false) => " All but these values are the defaults:".to_owned(),
    });
    said.push('\n');
    if !is_broken && !changed.is_empty() {
        said.push('\n');
        for key in changed {
            let _ = writeln!(said, "- {}", line(key));
        }
    }
    problems(&mut said, "Errors", &ground.errors);
    problems(&mut said, "Notices", &ground.notices);
    let _ = write!(
        said,
        "\n{} lists every key with what it decides.",
        code("discussions config effective")
    );
    said
}

/// `gate.humans: 2`, where it stands, and what it would be.
fn line(key: &Effective) -> String {
    let value = format!("{}: {}", key.key, yaml(&key.value));
    let place = match key.line {
        Some(line) => format!("{CONFIG_PATH}:{line}"),
        None => CONFIG_PATH.to_owned(),
    };
    let default = match yaml(&key.default) {
        none if none == "null" => "not set".to_owned(),
        value => code(&shorten(&value, MAX_LINE)),
    };
    format!(
        "{} ({}; the default is {default})",
        code(&shorten(&value, MAX_LINE)),
        code(&place)
    )
}

fn problems(said: &mut String, heading: &str, problems: &[ConfigProblem]) {
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(said, "\n**{heading}**\n");
    for problem in problems.iter().take(MAX_PROBLEMS) {
        let text = shorten(&sentences(&problem.message, &problem.hint), MAX_LINE);
        let _ = writeln!(said, "- {} {}", code(&problem.place()), inline(&text));
    }
    if problems.len() > MAX_PROBLEMS {
        let _ = writeln!(said, "- and {} more", problems.len() - MAX_PROBLEMS);
    }
}
