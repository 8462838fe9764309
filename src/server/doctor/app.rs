//! Judges the App itself: whether GitHub knows it, what it asks for, and whether its events arrive.

use super::{Area, Finding};
use crate::forge::ForgeError;
use crate::forge::event::{HANDLED_EVENTS, Subscription};
use crate::forge::github::PERMISSIONS;
use crate::forge::inspect::{AppSeen, Attempt, Greeting, Hook};
use reqwest::Url;
use std::collections::BTreeMap;

/// A clock that is off by more seconds than this is told; tokens may begin 60 s back and GitHub's `Date` has no fractions.
const SKEW_WORTH_TELLING: i64 = 30;
/// May be asked for beyond [`PERMISSIONS`]: it shows more of classic branch protection.
const OPTIONAL: &str = "administration";

/// What GitHub said to the App's own token, and what the settings say about the same.
#[derive(Debug, Clone)]
pub struct AppFacts {
    /// `APP_ID`.
    pub app_id: u64,
    /// Where GitHub is asked.
    pub api: String,
    /// `WEBHOOK_PATH`.
    pub webhook_path: String,
    /// Whether GitHub knows the App.
    pub greeting: Greeting,
    /// Its webhook; `None`: not asked.
    pub hook: Option<Result<Option<Hook>, ForgeError>>,
    /// Its newest deliveries; `None`: not asked.
    pub attempts: Option<Result<Vec<Attempt>, ForgeError>>,
}

/// Findings about the App.
pub fn judge(facts: &AppFacts) -> Vec<Finding> {
    let mut findings = vec![known(facts)];
    findings.extend(facts.greeting.skew.map(clock));
    if let Ok(app) = &facts.greeting.app {
        findings.extend(permissions(app));
        findings.extend(events(app));
    }
    let hook = facts.hook.as_ref();
    findings.extend(hook.map_or(Vec::new(), |hook| webhook(hook, &facts.webhook_path)));
    findings.extend(facts.attempts.as_ref().map(deliveries));
    findings
}

fn ok(code: &'static str, subject: &str, found: &str) -> Finding {
    Finding::ok(Area::GitHub, code, subject, found)
}

fn warning(code: &'static str, subject: &str, found: &str) -> Finding {
    Finding::warning(Area::GitHub, code, subject, found)
}

fn failed(code: &'static str, subject: &str, found: &str) -> Finding {
    Finding::failed(Area::GitHub, code, subject, found)
}

fn known(facts: &AppFacts) -> Finding {
    let (id, api) = (facts.app_id, &facts.api);
    let why = "the App can neither read nor write anything";
    match &facts.greeting.app {
        Ok(app) => ok("app", "the App", &format!("{}, {}", app.name, app.page)),
        Err(ForgeError::NotFound(said)) => {
            let found = format!("there is no App with the id {id} at {api} ({said})");
            failed("app", "the App", &found).because(
                why,
                "Take APP_ID from App settings, General, About; on GitHub Enterprise set GITHUB_API_URL.",
            )
        }
        Err(ForgeError::Forbidden(said)) => {
            let found = format!("GitHub does not take the signature of App {id} ({said})");
            failed("app", "the App", &found).because(
                why,
                "APP_ID and PRIVATE_KEY do not belong together, or the key was deleted: generate one under App settings, \
                 General, Private keys.",
            )
        }
        Err(error) => {
            let found = format!("{api} gives no usable answer ({error})");
            failed("app", "the App", &found).because(
                why,
                "Look whether this machine reaches that address, through a proxy if need be; on GitHub Enterprise set \
                 GITHUB_API_URL.",
            )
        }
    }
}

fn clock(skew: i64) -> Finding {
    let subject = "clock";
    if skew.abs() <= SKEW_WORTH_TELLING {
        return ok(
            "clock",
            subject,
            &format!("within {SKEW_WORTH_TELLING} s of GitHub's"),
        );
    }
    let side = if skew > 0 { "behind" } else { "ahead of" };
    let found = format!("this machine's clock is {} s {side} GitHub's", skew.abs());
    warning("clock", subject, &found).because(
        "the App corrects its tokens by that, but its logs and the days of budgets go by this clock",
        "Set the clock by NTP.",
    )
}

/// How much a level permits.
fn rank(level: Option<&String>) -> u8 {
    match level.map(String::as_str) {
        Some("read") => 1,
        Some("write") => 2,
        Some("admin") => 3,
        _ => 0,
    }
}

/// Which of [`PERMISSIONS`] these do not contain, as GitHub writes them: `issues: read`.
pub(super) fn lacking(
    has: &BTreeMap<String, String>,
) -> Vec<&'static (&'static str, &'static str)> {
    let lacks =
        |(name, level): &&(&str, &str)| rank(has.get(*name)) < rank(Some(&(*level).to_owned()));
    PERMISSIONS.iter().filter(lacks).collect()
}

fn permissions(app: &AppSeen) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, level) in lacking(&app.permissions) {
        let found = format!("the App does not ask for {name}: {level}");
        findings.push(failed("app-permission", name, &found).because(
            need_of(name),
            "Choose it under App settings, Permissions & events, and have owners of the accounts accept it.",
        ));
    }
    if findings.is_empty() {
        let found = "the App asks for all that it needs";
        findings.push(ok("app-permission", "permissions", found));
    }
    let needed = |name: &str| PERMISSIONS.iter().find(|(known, _)| *known == name);
    let is_more = |(name, level): &(&String, &String)| match needed(name) {
        Some((_, needed)) => rank(Some(level)) > rank(Some(&(*needed).to_owned())),
        None => name.as_str() != OPTIONAL,
    };
    let more: Vec<String> = app
        .permissions
        .iter()
        .filter(is_more)
        .map(|(name, level)| format!("{name}: {level}"))
        .collect();
    if !more.is_empty() {
        let found = format!("the App asks for more than it uses: {}", more.join(", "));
        findings.push(
            warning("app-permission-excess", "permissions", &found).because(
                "whoever gets hold of the App's key may do that too",
                "Take it away under App settings, Permissions & events.",
            ),
        );
    }
    findings
}

/// What goes wrong without a permission.
pub(super) fn need_of(permission: &str) -> &'static str {
    match permission {
        "checks" => "the check cannot be set",
        "contents" => "discussions cannot be read, and replies not committed",
        "issues" => "comments do not arrive",
        "merge_queues" => "a merge queue waits for ever for the check",
        "pull_requests" => "comments and reviews cannot be read or written",
        "statuses" => "rules cannot pin the check to the App",
        _ => "GitHub gives the App nothing without it",
    }
}

fn events(app: &AppSeen) -> Vec<Finding> {
    let wanted = HANDLED_EVENTS
        .iter()
        .filter(|(_, subscription)| *subscription == Subscription::Manifest);
    let missing = wanted.filter(|(name, _)| !app.events.contains(*name));
    let findings: Vec<Finding> = missing
        .map(|(name, _)| {
            let found = "the App does not subscribe to it";
            failed("app-event", name, found).because(
                lost_without(name),
                "Tick it under App settings, Permissions & events, Subscribe to events.",
            )
        })
        .collect();
    match findings.is_empty() {
        true => vec![ok(
            "app-event",
            "events",
            "the App subscribes to all that it handles",
        )],
        false => findings,
    }
}

/// What nobody hears of without an event.
fn lost_without(event: &str) -> &'static str {
    match event {
        "check_run" => "Re-run and the buttons of the check do nothing",
        "check_suite" => "\"Re-run all checks\" does nothing",
        "issue_comment" => "commands in the conversation are not heard",
        "merge_group" => "a merge queue waits for ever for the check",
        "pull_request" => "nobody is asked, and no check appears, before the next sweep",
        "pull_request_review" => "approvals and other reviews do not count",
        "pull_request_review_comment" => "commands in review comments are not heard",
        "push" => "a change of the configuration does not reach open pull requests",
        "repository" => "a repository that is renamed or archived is noticed late",
        _ => "what it tells is not heard",
    }
}

fn webhook(hook: &Result<Option<Hook>, ForgeError>, path: &str) -> Vec<Finding> {
    let subject = "webhook";
    let where_to = "App settings, General, Webhook";
    let hook = match hook {
        Ok(hook) => hook.clone().unwrap_or_default(),
        Err(error) => {
            let found = format!("GitHub does not show it ({error})");
            let finding = warning("webhook", subject, &found);
            return vec![finding.because("events may not arrive", &format!("Look at {where_to}."))];
        }
    };
    let Some(url) = &hook.url else {
        let finding = failed("webhook", subject, "it has no address");
        let remedy = format!("Enter https://YOUR.HOST{path} under {where_to}, and tick Active.");
        return vec![finding.because("GitHub sends no events anywhere", &remedy)];
    };
    let mut findings = Vec::new();
    if !hook.has_secret {
        let remedy = format!("Enter what WEBHOOK_SECRET says under {where_to}, Secret.");
        let finding = failed("webhook-secret", subject, "it has no secret on GitHub");
        findings
            .push(finding.because("the server refuses every event, as none is signed", &remedy));
    }
    if let Some(other) = hook.content_type.as_ref().filter(|kind| *kind != "json") {
        let found = format!("its content type is `{other}`");
        let remedy = format!("Choose application/json under {where_to}.");
        let finding = failed("webhook-content-type", subject, &found);
        findings.push(finding.because(
            "the server takes JSON only, and refuses every event",
            &remedy,
        ));
    }
    let read = Url::parse(url).ok();
    if read.as_ref().is_none_or(|url| url.path() != path) {
        let found = format!("it leads to {url}, and the server listens at {path}");
        let finding = warning("webhook-path", subject, &found);
        let remedy = format!("Let {where_to} end with {path}, or set WEBHOOK_PATH.");
        findings.push(finding.because("events arrive only if a proxy rewrites the path", &remedy));
    }
    if hook.is_insecure || read.as_ref().is_some_and(is_open) {
        let found = format!("events travel to {url} without a checked certificate");
        let finding = warning("webhook-tls", subject, &found);
        let remedy = format!(
            "Use https:// with a certificate, and enable SSL verification under {where_to}."
        );
        findings.push(finding.because("others on the way may read them", &remedy));
    }
    if findings.is_empty() {
        findings.push(ok("webhook", subject, url));
    }
    findings
}

/// Whether an address is plain HTTP to another machine.
fn is_open(url: &Url) -> bool {
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "http" && !here
}

/// The newest attempt that was finished tells whether events arrive now.
fn deliveries(attempts: &Result<Vec<Attempt>, ForgeError>) -> Finding {
    let subject = "deliveries";
    let attempts = match attempts {
        Ok(attempts) => attempts,
        Err(error) => {
            let found = format!("GitHub does not show its log ({error})");
            let remedy = "Look under App settings, Advanced, Recent deliveries.";
            return warning("deliveries", subject, &found).because("events may not arrive", remedy);
        }
    };
    let Some(newest) = attempts.first() else {
        return warning(
            "deliveries",
            subject,
            "GitHub's log holds none of the last days",
        )
        .because(
            "nothing happened, or the webhook is not active",
            "Look whether Active is ticked under App settings, General, Webhook.",
        );
    };
    let event = &newest.event;
    match newest.status_code {
        200..=299 => ok(
            "deliveries",
            subject,
            &format!("the newest one ({event}) arrived"),
        ),
        401 => {
            let found = format!("the server refused the newest one ({event}) with 401");
            failed("deliveries", subject, &found).because(
                "the secret on GitHub is none of WEBHOOK_SECRET, so no event is heard",
                "Enter the same secret in both places, restart the server, and redeliver the newest delivery under App \
                 settings, Advanced.",
            )
        }
        status => {
            let how = match status {
                0 => "got no answer".to_owned(),
                status => format!("was answered with {status}"),
            };
            let failures = attempts
                .iter()
                .take_while(|one| !(200..300).contains(&one.status_code));
            let found = format!(
                "the newest one ({event}) {how}, {} in a row",
                failures.count()
            );
            warning("deliveries", subject, &found).because(
                "what does not arrive is noticed by the hourly sweep only",
                "Look whether the server runs and is reached at the webhook's address; the sweep asks for them again.",
            )
        }
    }
}
