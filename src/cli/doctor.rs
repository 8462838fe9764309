//! `discussions doctor`: what is missing for the App to work and for its check to gate anything, in plain words.

use super::costs::repository;
use super::output::{BOLD, DIM, GREEN, Output, RED, YELLOW, styled};
use super::{Failure, Outcome, models};
use crate::config;
use crate::server::doctor::models::{Asked, answered};
use crate::server::doctor::{Area, CheckUp, Finding, Level, Wish, check_up};
use serde::Serialize;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions doctor\n  \
    discussions doctor --repo octo/design\n  \
    discussions doctor --repo octo/design --branch main --json\n\n\
    Takes the settings of `serve` (deploy/.env.example), also while that runs. Looks at them, at the App on GitHub, at \
    where it is installed, and with --repo at whether the rules of its gated branches wait for the check of this very \
    App. Changes nothing and shows no secret; exit code 1 if anything failed, warnings are none.")]
pub struct Arguments {
    /// Look at this repository's configuration and rules as well
    #[arg(long, value_name = "OWNER/NAME", value_parser = repository)]
    repo: Option<(String, String)>,
    /// Only at this branch of it, in place of all gated ones
    #[arg(long, value_name = "BRANCH", requires = "repo")]
    branch: Option<String>,
    /// Ask each model for one short answer, as `discussions models --check` does
    #[arg(long)]
    models: bool,
    /// Print JSON, schema discussions/doctor@1
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let repo = arguments.repo.as_ref();
    let wish = Wish {
        repo: repo.map(|(owner, name)| (owner.as_str(), name.as_str())),
        branch: arguments.branch.as_deref(),
    };
    let mut found = check_up(&config::examine(), wish).await;
    if arguments.models
        && let Some(settings) = &found.models
    {
        for one in models::checked(settings, output).await? {
            found.findings.push(answered(&Asked {
                name: one.name,
                failure: one.came.err(),
                milliseconds: one.took.as_millis(),
            }));
        }
    }
    match arguments.json {
        true => json(&found, output),
        false => text(&found, output),
    }
    Ok(match count(&found, Level::Failed) {
        0 => Outcome::Fine,
        _ => Outcome::No,
    })
}

fn count(found: &CheckUp, level: Level) -> usize {
    let of_level = found.findings.iter().filter(|one| one.level == level);
    of_level.count()
}

fn text(found: &CheckUp, output: &Output) {
    for area in Area::ALL {
        let findings: Vec<&Finding> = found
            .findings
            .iter()
            .filter(|one| one.area == area)
            .collect();
        let skipped = found.not_checked.iter().find(|one| one.area == area);
        if findings.is_empty() && skipped.is_none() {
            continue;
        }
        output.result(styled(BOLD, area.as_str()));
        for finding in findings {
            lines(finding, output);
        }
        if let Some(skipped) = skipped {
            output.result(format!("  {}  {}", styled(DIM, "not checked"), skipped.why));
        }
    }
    let (failed, warnings) = (count(found, Level::Failed), count(found, Level::Warning));
    let fine = count(found, Level::Ok);
    let plural = if warnings == 1 { "" } else { "s" };
    output.result(format!(
        "{failed} failed, {warnings} warning{plural}, {fine} ok"
    ));
}

fn lines(finding: &Finding, output: &Output) {
    let style = match finding.level {
        Level::Ok => GREEN,
        Level::Warning => YELLOW,
        Level::Failed => RED,
    };
    let word = styled(style, format!("{:<7}", finding.level.as_str()));
    output.result(format!("  {word}  {}: {}", finding.subject, finding.found));
    for (word, text) in [("why", &finding.why), ("do", &finding.remedy)] {
        if !text.is_empty() {
            output.result(format!(
                "             {} {text}",
                styled(DIM, format!("{word:<4}"))
            ));
        }
    }
}

/// `discussions/doctor@1`. Keys and codes may be added, never removed; every key is always there.
#[derive(Serialize)]
struct DoctorJson<'a> {
    schema: &'static str,
    /// Nothing failed.
    ok: bool,
    failed: usize,
    warnings: usize,
    findings: Vec<FindingJson<'a>>,
    not_checked: Vec<NotCheckedJson>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    area: &'static str,
    code: &'static str,
    /// `ok`, `warning` or `failed`.
    level: &'static str,
    subject: &'a str,
    found: &'a str,
    /// Null where all is well.
    why: Option<&'a str>,
    remedy: Option<&'a str>,
}

#[derive(Serialize)]
struct NotCheckedJson {
    area: &'static str,
    why: &'static str,
}

fn json(found: &CheckUp, output: &Output) {
    let some = |text: &'_ str| !text.is_empty();
    let mut findings: Vec<&Finding> = found.findings.iter().collect();
    findings.sort_by_key(|one| one.area);
    let findings = findings.into_iter().map(|one| FindingJson {
        area: one.area.as_str(),
        code: one.code,
        level: one.level.as_str(),
        subject: &one.subject,
        found: &one.found,
        why: Some(one.why.as_str()).filter(|text| some(text)),
        remedy: Some(one.remedy.as_str()).filter(|text| some(text)),
    });
    let not_checked = found.not_checked.iter().map(|one| NotCheckedJson {
        area: one.area.as_str(),
        why: one.why,
    });
    let failed = count(found, Level::Failed);
    output.json(&DoctorJson {
        schema: "discussions/doctor@1",
        ok: failed == 0,
        failed,
        warnings: count(found, Level::Warning),
        findings: findings.collect(),
        not_checked: not_checked.collect(),
    });
}
