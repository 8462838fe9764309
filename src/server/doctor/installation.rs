//! Judges an installation: whether the App may do there what it needs, and whether a repository is among those it reaches.

use super::app::{lacking, need_of};
use super::{Area, Finding};
use crate::forge::inspect::{AppSeen, InstallationSeen};

const CODE: &str = "installation";

fn failed(code: &'static str, subject: &str, found: &str) -> Finding {
    Finding::failed(Area::Installation, code, subject, found)
}

/// The App is installed nowhere.
pub fn nowhere(app: &AppSeen) -> Finding {
    failed(CODE, "installations", "the App is installed nowhere").because(
        "it sees no repository and gets no events",
        &format!("Install it on an account at {}.", app.page),
    )
}

/// There are more installations than are looked at.
pub fn beyond(looked_at: usize, all: usize) -> Finding {
    let found = format!("{looked_at} of {all} were looked at");
    Finding::warning(Area::Installation, "installations", "installations", &found).because(
        "nothing is said here of the others",
        "Name a repository with --repo to look at its own.",
    )
}

/// No installation reaches a repository. `installed`: the one on the account of its owner, if there is one.
pub fn out_of_reach(repo: &str, app: &AppSeen, installed: Option<&InstallationSeen>) -> Finding {
    let why = "the App can do nothing there, and a required check of it never comes";
    match installed {
        Some(on) => {
            let found = format!(
                "the App is installed on {}, but not for this repository, or there is no such repository",
                on.account
            );
            let remedy = format!("Select the repository at {}.", on.settings);
            failed("repository", repo, &found).because(why, &remedy)
        }
        None => {
            let remedy = format!(
                "Install it at {}, and check how OWNER/NAME is spelt.",
                app.page
            );
            failed("repository", repo, "the App is not installed there").because(why, &remedy)
        }
    }
}

/// Findings about one installation.
pub fn judge(seen: &InstallationSeen, app: &AppSeen) -> Vec<Finding> {
    let subject = seen.account.as_str();
    let mut findings = Vec::new();
    if seen.is_suspended {
        let remedy = format!("An owner of {subject} unsuspends it at {}.", seen.settings);
        findings.push(
            failed(
                "installation-suspended",
                subject,
                "the installation is suspended",
            )
            .because(
                "the App can neither read nor write there; what waits goes on afterwards",
                &remedy,
            ),
        );
    }
    // What the App does not ask for cannot be accepted; that is told of the App.
    let not_asked = lacking(&app.permissions);
    let mut pending = lacking(&seen.permissions);
    pending.retain(|one| !not_asked.contains(one));
    for (name, level) in pending {
        let found = format!("{name}: {level} is asked for and not granted");
        let remedy = format!(
            "An owner of {subject} accepts the new permissions at {}.",
            seen.settings
        );
        findings.push(
            failed(
                "installation-permission",
                name,
                &format!("{subject}: {found}"),
            )
            .because(need_of(name), &remedy),
        );
    }
    if findings.is_empty() {
        let reach = match seen.is_for_all {
            true => "all repositories",
            false => "selected repositories",
        };
        let found = format!("installed for {reach}, all permissions granted");
        findings.push(Finding::ok(Area::Installation, CODE, subject, &found));
    }
    findings
}
