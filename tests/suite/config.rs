//! The team's configuration: defaults, every key, and errors that say where and what to write instead.

use discussions::bot::access::Need;
use discussions::bot::command::table::{Group, TABLE};
use discussions::bot::repo_config::{GateMode, Replies, RepoConfig};
use discussions::engine::consensus::{ConcernRule, RejectRule, Rules};
use discussions::engine::problem::Severity;
use discussions::engine::template::Fraction;
use proptest::prelude::*;
use std::time::Duration;

const ERRORS: &str = include_str!("../fixtures/config/errors.txt");
const FULL: &str = include_str!("../fixtures/config/full.yml");
const DOCUMENTED: &str = include_str!("../fixtures/config/defaults.yml");

fn read(yaml: &str) -> RepoConfig {
    let (config, notices) = RepoConfig::parse(yaml).unwrap_or_else(|e| panic!("{e:#?}"));
    assert!(notices.is_empty(), "{notices:#?}");
    config
}

#[test]
fn no_file_and_an_empty_file_mean_the_defaults() {
    for yaml in [
        "",
        "\n",
        "# only a comment\n",
        "{}",
        "\u{feff}",
        "gate:\non:\n",
    ] {
        assert_eq!(read(yaml), RepoConfig::default(), "{yaml:?}");
    }
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let mut config = read(DOCUMENTED);
    // Written out in full, the word `participants` still means the list above it.
    assert_eq!(config.gate.require, None);
    assert_eq!(config, RepoConfig::default());
    config.rounds = 4;
    assert_ne!(config, RepoConfig::default());
}

#[test]
fn the_defaults_never_pass_without_a_person() {
    let config = RepoConfig::default();
    assert_eq!(config.gate.rules.humans, 1);
    assert_eq!(config.gate.rules, Rules::default());
    assert_eq!(config.participants.len(), 3);
    assert!(!config.gate.author_may_vote);
}

#[test]
fn every_key_is_read() {
    let config = read(FULL);
    let names = |aliases: &[discussions::ids::Alias]| {
        aliases.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(config.files, ["docs/**/*.md", "!docs/old/**"]);
    assert_eq!(names(&config.participants), ["architect", "tester"]);
    assert_eq!(config.personas, [".claude/agents", "team/personas"]);
    assert_eq!(config.template, "feature");
    assert_eq!(config.replies, Replies::Review);
    assert_eq!(config.rounds, 5);
    assert_eq!(config.models["security"], "quality");
    assert_eq!(config.commit_message, "talk: {title}");
    assert!(config.signoff);
    let configured: Vec<_> = config.permissions.configured().collect();
    assert_eq!(
        configured,
        [("missing", Need::Triage), ("vote", Need::Maintain)]
    );

    let on = &config.on;
    assert!(!on.opened && !on.push && !on.ready_for_review && on.drafts);
    assert_eq!(on.quiet, Duration::from_secs(120));

    let gate = &config.gate;
    assert_eq!(gate.mode, GateMode::Shadow);
    assert_eq!(gate.check, "design");
    assert_eq!(
        gate.bases,
        ["default", "1.10"],
        "a branch name is no number"
    );
    assert_eq!(names(gate.require.as_deref().unwrap()), ["security"]);
    assert_eq!(names(&gate.optional), ["tester"]);
    assert_eq!(gate.templates.as_deref().unwrap(), ["feature", "rfc"]);
    assert!(gate.author_may_vote && !gate.reviews);
    assert_eq!(gate.require_discussion, ["api/**"]);
    assert_eq!(
        gate.rules,
        Rules {
            ready: Fraction {
                numerator: 67,
                denominator: 100
            },
            reject: RejectRule::Votes(2),
            humans: 0,
            minimum_votes: 3,
            veto: vec![discussions::ids::Alias::parse("security").unwrap()],
            concerns: ConcernRule::All,
        }
    );
}

#[test]
fn reject_is_a_word_a_number_or_a_share() {
    for (text, rule) in [
        ("any", RejectRule::Any),
        ("2", RejectRule::Votes(2)),
        ("\"2\"", RejectRule::Votes(2)),
        (
            "1/3",
            RejectRule::Share(Fraction {
                numerator: 1,
                denominator: 3,
            }),
        ),
        (
            "50%",
            RejectRule::Share(Fraction {
                numerator: 1,
                denominator: 2,
            }),
        ),
    ] {
        assert_eq!(
            read(&format!("gate: {{reject: {text}}}")).gate.rules.reject,
            rule
        );
    }
}

#[test]
fn a_pause_is_seconds_or_minutes() {
    for (text, seconds) in [
        ("0s", 0),
        ("20s", 20),
        ("2m", 120),
        ("10m", 600),
        ("600s", 600),
    ] {
        let config = read(&format!("on: {{quiet: {text}}}"));
        assert_eq!(config.on.quiet, Duration::from_secs(seconds));
    }
}

#[test]
fn words_that_other_yaml_readers_take_for_booleans_stay_words() {
    assert_eq!(read("gate: {mode: off}").gate.mode, GateMode::Off);
    assert!(!read("on: {opened: false}").on.opened);
}

#[test]
fn errors_name_line_cause_and_way_out() {
    let mut checked = 0;
    let mut missed = Vec::new();
    for case in ERRORS.split("\n=====\n") {
        let (expected, yaml) = case.split_once("\n-----\n").unwrap();
        let findings = RepoConfig::parse(yaml).err().unwrap_or_default();
        let expected: Vec<&str> = expected
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        for line in &expected {
            let parts: Vec<&str> = line.split(" | ").collect();
            let [at, message, hint] = parts[..] else {
                panic!("line, message, hint: {line}");
            };
            let found = findings.iter().any(|finding| {
                finding.line == at.parse().ok()
                    && finding.severity == Severity::Error
                    && finding.message.contains(message)
                    && finding.hint.contains(hint)
            });
            if !found {
                missed.push(format!("{line}\nnot in {findings:#?}\nof\n{yaml}"));
            }
            checked += 1;
        }
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        if errors.count() != expected.len() {
            missed.push(format!("one finding each: {findings:#?}\nof\n{yaml}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
    assert!(checked >= 50, "only {checked} errors were checked");
}

#[test]
fn a_name_given_twice_counts_once_and_is_said() {
    let (config, notices) = RepoConfig::parse("participants: [security, '@Security']").unwrap();
    assert_eq!(config.participants.len(), 1);
    assert_eq!(notices.len(), 1);
    assert!(notices[0].message.contains("`security` is named twice"));
}

const RIGHTS: [&str; 5] = ["read", "triage", "write", "maintain", "admin"];

/// Place of a right in the order of rights.
fn height(right: &str) -> usize {
    RIGHTS.iter().position(|known| *known == right).unwrap()
}

#[test]
fn any_right_can_be_raised_and_only_asking_and_reading_can_be_made_easier() {
    for row in TABLE {
        for right in RIGHTS {
            let yaml = format!("rounds: 2\npermissions:\n  {}: {right}\n", row.key);
            let is_lower = height(right) < height(row.need.as_str());
            match RepoConfig::parse(&yaml) {
                Ok((config, notices)) => {
                    assert!(!(is_lower && row.decides), "taken: {yaml}");
                    assert_eq!(config.permissions.need(row).as_str(), right);
                    let costs = row.group == Group::Ask && right == "read";
                    assert_eq!(notices.len(), usize::from(costs), "{yaml}{notices:?}");
                    for notice in notices {
                        assert_eq!((notice.line, notice.severity), (Some(3), Severity::Notice));
                        assert!(
                            notice
                                .message
                                .contains("in a public repository everybody has read")
                        );
                    }
                }
                Err(errors) => {
                    assert!(is_lower && row.decides, "{yaml}{errors:?}");
                    assert_eq!(errors.len(), 1, "{errors:?}");
                    let (line, message) = (errors[0].line, &errors[0].message);
                    assert_eq!(line, Some(3));
                    let least = format!("needs at least `{}`, not `{right}`", row.need.as_str());
                    assert!(
                        message.contains(row.key) && message.contains(&least),
                        "{message}"
                    );
                }
            }
        }
        let others = TABLE.iter().filter(|other| other.key != row.key);
        let (config, _) =
            RepoConfig::parse(&format!("permissions: {{{}: admin}}", row.key)).unwrap();
        for other in others {
            assert_eq!(config.permissions.need(other), other.need, "{}", other.key);
        }
    }
}

#[test]
fn what_moves_the_gate_is_told_from_what_asks_or_reads() {
    let easier: Vec<&str> = TABLE
        .iter()
        .filter(|row| !row.decides)
        .map(|row| row.key)
        .collect();
    assert_eq!(
        easier,
        [
            "personas", "missing", "retry", "status", "why", "config", "help"
        ]
    );
}

#[test]
fn a_command_may_be_named_as_it_is_typed() {
    let (config, _) = RepoConfig::parse("permissions: {--again: admin}").unwrap();
    let configured: Vec<_> = config.permissions.configured().collect();
    assert_eq!(configured, [("again", Need::Admin)]);
}

#[test]
fn hostile_yaml_is_refused_quickly() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &(1..30)
            .map(|n| {
                format!(
                    "k{n}: &k{n} [*{p},*{p},*{p},*{p},*{p},*{p},*{p}]\n",
                    p = if n == 1 {
                        "a".to_owned()
                    } else {
                        format!("k{}", n - 1)
                    }
                )
            })
            .collect::<String>();
    let deep = "[".repeat(50_000);
    let long = format!("template: {}", "x".repeat(300_000));
    let many = (0..20_000)
        .map(|n| format!("k{n}: 1\n"))
        .collect::<String>();
    for yaml in [&bomb, &deep, &long, &many] {
        let findings = RepoConfig::parse(yaml).unwrap_err();
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].message.len() < 500,
            "{}",
            findings[0].message.len()
        );
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}", lines in "([a-z]{1,8}: ?[a-z0-9\\[\\]{}*&!|>%@`\"'-]{0,10}\n){0,6}") {
        for yaml in [text, lines] {
            if let Err(findings) = RepoConfig::parse(&yaml) {
                prop_assert!(findings.iter().any(|f| f.severity == Severity::Error));
                prop_assert!(findings.iter().all(|f| f.line.is_some() && !f.hint.is_empty()));
            }
        }
    }
}
