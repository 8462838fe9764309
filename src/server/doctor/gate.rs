//! Judges a gated branch: whether its configuration reads, and whether its rules wait for the App's check and for nobody
//! else's of that name.

use super::{Area, Finding};
use crate::bot::check::{ConfigProblem, check_name};
use crate::bot::repo_config::{GateConfig, GateMode};
use crate::forge::inspect::{BranchGate, RequiredCheck};

/// Problems of one kind that are told one by one.
const TOLD: usize = 5;
/// How alike (Jaro-Winkler, 0 to 1) two names of checks are where one may be meant by the other.
const NEAR_ENOUGH: f64 = 0.9;

/// What is known of one base branch.
#[derive(Debug, Clone)]
pub struct GateFacts {
    /// The App's id and name.
    pub app: (u64, String),
    /// Web address of the repository.
    pub page: String,
    /// Branch.
    pub branch: String,
    /// The default branch's configuration lists it.
    pub is_gated: bool,
    /// Its configuration has `gate:` so.
    pub config: GateConfig,
    /// The file is there.
    pub is_configured: bool,
    /// What is wrong with its configuration, personas and templates.
    pub errors: Vec<ConfigProblem>,
    /// What is worth knowing about them.
    pub notices: Vec<ConfigProblem>,
    /// What its rules require.
    pub rules: BranchGate,
    /// The App gets the events of merge queues and may read them there.
    pub answers_queues: bool,
}

/// Findings about one base branch.
pub fn judge(facts: &GateFacts) -> Vec<Finding> {
    let mut findings = definitions(facts);
    findings.extend(mode(facts));
    findings.extend(required(facts));
    findings.extend(queue(facts));
    findings
}

/// Nothing in the repository is gated at all.
pub fn ungated(repo: &str, default_branch: &str) -> Finding {
    let found = "`gate.bases` names no branch that there is";
    Finding::failed(Area::Gate, "gate-bases", repo, found).because(
        "nothing is gated",
        &format!(
            "Name `default` or a branch in it, in .github/discussions.yml on {default_branch}."
        ),
    )
}

/// This program lacks what it reads a configuration over: a bug.
pub fn incomplete(repo: &str) -> Finding {
    let found = "the built-in templates are missing in this program";
    Finding::failed(Area::Gate, "config", repo, found).because(
        "nothing can be said of its configuration, and the server does not start",
        "Build the program anew.",
    )
}

/// A branch that is named and not there. `asked`: by whoever called, else by the configuration.
pub fn absent(branch: &str, asked: bool) -> Finding {
    let (area, code, found) = (Area::Gate, "gate-branch", "there is no such branch");
    match asked {
        true => Finding::failed(area, code, branch, found)
            .because("nothing can be said of it", "Check how it is spelt."),
        false => Finding::warning(area, code, branch, found).because(
            "`gate.bases` names it, perhaps misspelt, and then its pull requests are not gated",
            "Correct `gate.bases` on the default branch.",
        ),
    }
}

fn definitions(facts: &GateFacts) -> Vec<Finding> {
    let branch = facts.branch.as_str();
    let mut findings: Vec<Finding> = Vec::new();
    for problem in facts.errors.iter().take(TOLD) {
        let found = format!("{}: {}", problem.place(), problem.message);
        let why = "every pull request with a discussion is INVALID until it is corrected";
        findings.push(
            Finding::failed(Area::Gate, "config", branch, &found).because(why, &problem.hint),
        );
    }
    if let Some(more) = facts
        .errors
        .len()
        .checked_sub(TOLD)
        .filter(|more| *more > 0)
    {
        let found = format!("{more} more errors");
        let remedy = "`discussions config check` in a working tree shows all of them.";
        findings.push(
            Finding::failed(Area::Gate, "config", branch, &found).because("as above", remedy),
        );
    }
    for notice in facts.notices.iter().take(TOLD) {
        let found = format!("{}: {}", notice.place(), notice.message);
        let finding = Finding::warning(Area::Gate, "config-notice", branch, &found);
        findings.push(finding.because("it may not mean what it seems to mean", &notice.hint));
    }
    if facts.errors.is_empty() {
        let found = match facts.is_configured {
            true => ".github/discussions.yml reads",
            false => "no .github/discussions.yml; the defaults apply",
        };
        findings.insert(0, Finding::ok(Area::Gate, "config", branch, found));
    }
    findings
}

fn mode(facts: &GateFacts) -> Option<Finding> {
    let (found, why) = match facts.config.mode {
        GateMode::Enforce => return None,
        GateMode::Shadow => (
            "`gate.mode` is `shadow`",
            format!(
                "the check is called `{} (shadow)` and is there to be looked at: nothing is gated",
                facts.config.check
            ),
        ),
        GateMode::Off => (
            "`gate.mode` is `off`",
            "no check is set: nothing is gated".to_owned(),
        ),
    };
    let finding = Finding::warning(Area::Gate, "gate-mode", &facts.branch, found);
    Some(finding.because(&why, "Set `gate: {mode: enforce}` once you are content."))
}

/// Whether the rules wait for the check that the App sets, and take it from the App alone.
fn required(facts: &GateFacts) -> Option<Finding> {
    let check = facts.config.check.as_str();
    let posted = check_name(facts.config.mode, check, facts.is_gated);
    let rules = &facts.rules.required;
    let is_enforced = facts.config.mode == GateMode::Enforce;
    if is_enforced && !facts.is_gated {
        let found = format!(
            "`gate.bases` on the default branch does not list {}",
            facts.branch
        );
        let finding = Finding::failed(Area::Gate, "gate-bases", &facts.branch, &found);
        return Some(finding.because(
            &format!("the App sets `{check} (preview)` there, and nothing is gated"),
            "Add the branch to `gate.bases` on the default branch.",
        ));
    }
    let is_posted = |one: &&RequiredCheck| Some(&one.name) == posted.as_ref();
    let named: Vec<&RequiredCheck> = rules.iter().filter(is_posted).collect();
    if named.is_empty() {
        let meant = rules.iter().find(|one| is_meant(one, facts));
        return match meant {
            Some(other) => Some(misnamed(facts, other, posted.as_deref())),
            None => is_enforced.then(|| not_required(facts)),
        };
    }
    Some(source(facts, &named))
}

/// Whether a required check is likely the App's under a name that it does not use.
fn is_meant(required: &RequiredCheck, facts: &GateFacts) -> bool {
    let name = required.name.to_lowercase();
    let bare = name
        .trim_end_matches(" (shadow)")
        .trim_end_matches(" (preview)");
    let is_like = |other: &str| strsim::jaro_winkler(bare, &other.to_lowercase()) >= NEAR_ENOUGH;
    match required.app {
        Some(app) => app == facts.app.0,
        None => is_like(&facts.config.check) || is_like(&GateConfig::default().check),
    }
}

fn misnamed(facts: &GateFacts, other: &RequiredCheck, posted: Option<&str>) -> Finding {
    let (check, name) = (&facts.config.check, &other.name);
    let found = match posted {
        Some(posted) => format!("the rules require `{name}`, and the App sets `{posted}`"),
        None => format!("the rules require `{name}`, and the App sets no check"),
    };
    let finding = Finding::failed(Area::Gate, "check-name", &facts.branch, &found);
    finding.because(
        "a required check that never comes holds up every pull request, and the one that comes holds up none",
        &format!(
            "Require `{check}` with {} as its source instead, at {}, and let `gate.check` and `gate.mode` say the same.",
            facts.app.1,
            rules_page(facts)
        ),
    )
}

fn not_required(facts: &GateFacts) -> Finding {
    let check = &facts.config.check;
    let found = format!("no rule that the App may read requires `{check}`");
    Finding::failed(Area::Gate, "check-required", &facts.branch, &found).because(
        "nothing is gated: a pull request can be merged whatever the check says",
        &format!(
            "Require the status check `{check}` with {} as its source, at {}.",
            facts.app.1,
            rules_page(facts)
        ),
    )
}

/// Of a check that is required by its right name: one rule that takes it from the App alone is enough.
fn source(facts: &GateFacts, named: &[&RequiredCheck]) -> Finding {
    let (id, app) = (facts.app.0, facts.app.1.as_str());
    let (branch, name) = (
        facts.branch.as_str(),
        named.first().map_or("", |one| one.name.as_str()),
    );
    let other = named
        .iter()
        .find_map(|one| one.app.filter(|app| *app != id));
    if named.iter().any(|one| one.app == Some(id)) {
        if let Some(other) = other {
            let found = format!("`{name}` is required of {app} and of another App, {other}");
            return Finding::failed(Area::Gate, "check-pin", branch, &found).because(
                "the other App never sets it, so nothing can be merged",
                &format!("Take the other one out at {}.", rules_page(facts)),
            );
        }
        let found = format!("`{name}` is required and pinned to {app}");
        return Finding::ok(Area::Gate, "check-pin", branch, &found);
    }
    let remedy = format!(
        "At {}, choose {app} (App {id}) as the source of `{name}`, in place of what stands there.",
        rules_page(facts)
    );
    match other {
        Some(other) => {
            let found = format!("`{name}` is required, but pinned to another App, {other}");
            Finding::failed(Area::Gate, "check-pin", branch, &found)
                .because("this App's check does not count there", &remedy)
        }
        None => {
            let found = format!("`{name}` is required, but not pinned to the App");
            Finding::failed(Area::Gate, "check-pin", branch, &found).because(
                "anybody with write access, and every workflow, can post a green status of that name",
                &remedy,
            )
        }
    }
}

fn queue(facts: &GateFacts) -> Option<Finding> {
    if !facts.rules.has_queue {
        return None;
    }
    let branch = facts.branch.as_str();
    let (found, area) = ("a merge queue merges into it", Area::Gate);
    if facts.answers_queues {
        return Some(Finding::ok(area, "merge-queue", branch, found));
    }
    Some(Finding::failed(area, "merge-queue", branch, &format!("{found}, and the App does not hear of it")).because(
        "the queue waits for the check until it gives up",
        "Grant the permission merge_queues: read and subscribe to the event merge_group, as above.",
    ))
}

/// Where somebody changes the rules: rulesets, with a link to classic protection.
fn rules_page(facts: &GateFacts) -> String {
    format!(
        "{}/settings/rules (classic protection: {0}/settings/branches)",
        facts.page
    )
}
