//! Facts in, findings out: what is made of the App and of a branch's rules.

use crate::support::fixture;
use discussions::bot::repo_config::RepoConfig;
use discussions::forge::ForgeError;
use discussions::forge::github::PERMISSIONS;
use discussions::forge::inspect::{AppSeen, Attempt, BranchGate, Greeting, Hook, RequiredCheck};
use discussions::server::doctor::app::{self, AppFacts};
use discussions::server::doctor::gate::{self, GateFacts};
use discussions::server::doctor::{Finding, Level};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    #[serde(default)]
    gate: String,
    #[serde(default = "yes")]
    gated: bool,
    #[serde(default)]
    required: Vec<Required>,
    #[serde(default)]
    queue: bool,
    #[serde(default = "yes")]
    answers: bool,
    found: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Required {
    name: String,
    app: Option<u64>,
}

fn yes() -> bool {
    true
}

/// Level and code of each.
pub(super) fn codes(findings: &[Finding]) -> Vec<String> {
    let code = |one: &Finding| format!("{} {}", one.level.as_str(), one.code);
    findings.iter().map(code).collect()
}

/// All words of some findings.
pub(super) fn words(findings: &[Finding]) -> String {
    let text = |one: &Finding| {
        format!(
            "{}: {}\n{}\n{}\n",
            one.subject, one.found, one.why, one.remedy
        )
    };
    findings.iter().map(text).collect()
}

/// What is amiss says why it matters and what to do; nothing does something to a terminal.
pub(super) fn assert_plain(findings: &[Finding], case: &str) {
    for one in findings {
        let is_ok = one.level == Level::Ok;
        assert_eq!(one.why.is_empty(), is_ok, "{case}: {one:?}");
        assert_eq!(one.remedy.is_empty(), is_ok, "{case}: {one:?}");
        for text in [&one.subject, &one.found, &one.why, &one.remedy] {
            let is_odd = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.contains(is_odd), "{case}: {text:?}");
        }
    }
}

#[test]
fn rules_and_configuration_of_a_branch_come_to_these_findings() {
    let cases: Vec<Case> = serde_saphyr::from_str(&fixture("doctor/gate.yaml")).unwrap();
    assert!(cases.len() >= 19);
    for case in cases {
        let yaml = match case.gate.as_str() {
            "" => String::new(),
            gate => format!("gate: {gate}\n"),
        };
        let (config, _) = RepoConfig::parse(&yaml).unwrap();
        let required = case.required.into_iter().map(|one| RequiredCheck {
            name: one.name,
            app: one.app,
        });
        let findings = gate::judge(&GateFacts {
            app: (4_711, "Orchestrated Discussions".to_owned()),
            page: "https://github.com/octo/demo".to_owned(),
            branch: "main".to_owned(),
            is_gated: case.gated,
            config: config.gate,
            is_configured: true,
            errors: Vec::new(),
            notices: Vec::new(),
            rules: BranchGate {
                required: required.collect(),
                has_queue: case.queue,
            },
            answers_queues: case.answers,
        });
        assert_eq!(codes(&findings), case.found, "{}", case.case);
        assert_plain(&findings, &case.case);
        for said in case.says {
            let all = words(&findings);
            assert!(
                all.contains(&said),
                "{}: {said} is not in\n{all}",
                case.case
            );
        }
    }
}

/// An App with nothing wrong.
fn sound() -> AppFacts {
    let own = |(name, level): &(&str, &str)| ((*name).to_owned(), (*level).to_owned());
    let events = discussions::sandbox::default_events();
    AppFacts {
        app_id: 4_711,
        api: "https://api.github.com".to_owned(),
        webhook_path: "/api/github/webhooks".to_owned(),
        greeting: Greeting {
            skew: Some(1),
            app: Ok(AppSeen {
                name: "Orchestrated Discussions".to_owned(),
                page: "https://github.com/apps/od".to_owned(),
                permissions: PERMISSIONS.iter().map(own).collect(),
                events,
            }),
        },
        hook: Some(Ok(Some(Hook {
            url: Some("https://od.example.com/api/github/webhooks".to_owned()),
            content_type: Some("json".to_owned()),
            has_secret: true,
            is_insecure: false,
        }))),
        attempts: Some(Ok(vec![attempt(202)])),
    }
}

fn attempt(status_code: u16) -> Attempt {
    Attempt {
        event: "push".to_owned(),
        status_code,
    }
}

fn hook(change: impl Fn(&mut Hook)) -> AppFacts {
    let mut facts = sound();
    if let Some(Ok(Some(hook))) = &mut facts.hook {
        change(hook);
    }
    facts
}

fn app(change: impl Fn(&mut AppSeen)) -> AppFacts {
    let mut facts = sound();
    change(facts.greeting.app.as_mut().unwrap());
    facts
}

fn attempts(statuses: &[u16]) -> AppFacts {
    AppFacts {
        attempts: Some(Ok(statuses.iter().copied().map(attempt).collect())),
        ..sound()
    }
}

fn greeted(skew: Option<i64>, error: ForgeError) -> AppFacts {
    AppFacts {
        greeting: Greeting {
            skew,
            app: Err(error),
        },
        hook: None,
        attempts: None,
        ..sound()
    }
}

#[test]
fn the_app_its_webhook_and_its_deliveries_come_to_these_findings() {
    let away = || ForgeError::Unavailable("a proxy answered".to_owned());
    let refused = ForgeError::Forbidden("401".to_owned());
    let skewed = |skew| {
        let mut facts = sound();
        facts.greeting.skew = skew;
        facts
    };
    let mut unread = sound();
    (unread.hook, unread.attempts) = (Some(Err(away())), Some(Err(away())));
    let lower = app(|app| {
        app.permissions
            .insert("contents".to_owned(), "read".to_owned());
    });
    let higher = app(|app| {
        app.permissions
            .insert("contents".to_owned(), "admin".to_owned());
    });
    let cases: [(&str, AppFacts, &[&str], &str); 22] = [
        ("sound", sound(), &[], ""),
        (
            "a key that is not its",
            greeted(Some(0), refused.clone()),
            &["failed app"],
            "do not belong together",
        ),
        (
            "and a wrong clock",
            greeted(Some(-90), refused),
            &["failed app", "warning clock"],
            "90 s ahead of",
        ),
        (
            "an id that is nobody's",
            greeted(None, ForgeError::NotFound(String::new())),
            &["failed app"],
            "no App with the id 4711",
        ),
        (
            "no way there",
            greeted(None, away()),
            &["failed app"],
            "a proxy answered",
        ),
        (
            "a slow clock",
            skewed(Some(31)),
            &["warning clock"],
            "31 s behind GitHub's",
        ),
        ("a clock that is near enough", skewed(Some(-30)), &[], ""),
        ("no clock", skewed(None), &[], ""),
        (
            "a permission of a lower level",
            lower,
            &["failed app-permission"],
            "contents: write",
        ),
        (
            "one of a higher level",
            higher,
            &["warning app-permission-excess"],
            "contents: admin",
        ),
        (
            "no events at all",
            app(|app| app.events.clear()),
            &["failed app-event"; 9],
            "approvals and other reviews do not count",
        ),
        (
            "more events",
            app(|app| {
                app.events.insert("star".to_owned());
            }),
            &[],
            "",
        ),
        (
            "no webhook",
            AppFacts {
                hook: Some(Ok(None)),
                ..sound()
            },
            &["failed webhook"],
            "https://YOUR.HOST/api/github/webhooks",
        ),
        (
            "no secret",
            hook(|hook| hook.has_secret = false),
            &["failed webhook-secret"],
            "none is signed",
        ),
        (
            "forms",
            hook(|hook| hook.content_type = Some("form".to_owned())),
            &["failed webhook-content-type"],
            "application/json",
        ),
        (
            "another path",
            hook(|hook| hook.url = Some("https://od.example.com/".to_owned())),
            &["warning webhook-path"],
            "WEBHOOK_PATH",
        ),
        (
            "open to all",
            hook(|hook| hook.url = Some("http://od.example.com/api/github/webhooks".to_owned())),
            &["warning webhook-tls"],
            "certificate",
        ),
        (
            "unchecked",
            hook(|hook| hook.is_insecure = true),
            &["warning webhook-tls"],
            "SSL verification",
        ),
        ("quiet", attempts(&[]), &["warning deliveries"], "Active"),
        (
            "another secret",
            attempts(&[401, 202]),
            &["failed deliveries"],
            "none of WEBHOOK_SECRET",
        ),
        (
            "down since",
            attempts(&[0, 502, 202, 0]),
            &["warning deliveries"],
            "got no answer, 2 in a row",
        ),
        (
            "not told",
            unread,
            &["warning webhook", "warning deliveries"],
            "a proxy answered",
        ),
    ];
    for (case, facts, expected, said) in cases {
        let findings = app::judge(&facts);
        assert_plain(&findings, case);
        let amiss: Vec<Finding> = findings
            .into_iter()
            .filter(|one| one.level != Level::Ok)
            .collect();
        assert_eq!(codes(&amiss), expected, "{case}");
        assert!(words(&amiss).contains(said), "{case}: {}", words(&amiss));
    }
}
