//! Templates: fractions, the built-in ones, the older tool's files, errors with their lines.

use discussions::engine::problem::Severity;
use discussions::engine::template::{DEFAULT_TEMPLATE, Fraction, Template, Templates};
use proptest::prelude::*;

const ERRORS: &str = include_str!("../../fixtures/decide/templates.txt");

fn fraction(numerator: u64, denominator: u64) -> Fraction {
    Fraction {
        numerator,
        denominator,
    }
}

#[test]
fn a_fraction_has_four_spellings() {
    for (text, numerator, denominator) in [
        ("2/3", 2, 3),
        ("4/6", 2, 3),
        (" 2 / 3 ", 2, 3),
        ("67%", 67, 100),
        ("50 %", 1, 2),
        ("66.7%", 667, 1000),
        ("0.67", 67, 100),
        ("0.5", 1, 2),
        ("1.0", 1, 1),
        ("all", 1, 1),
        ("ALL", 1, 1),
        ("100%", 1, 1),
        ("0%", 0, 1),
    ] {
        assert_eq!(
            Fraction::parse(text),
            Ok(fraction(numerator, denominator)),
            "{text}"
        );
    }
}

#[test]
fn anything_else_is_refused_with_the_spellings() {
    for text in [
        "",
        "2",
        "1",
        "two thirds",
        "2/0",
        "3/2",
        "101%",
        "1.5",
        "-1/2",
        "+1/2",
        "1/2/3",
        ".5",
        "5.",
        "0,67",
        "%",
        "/",
        "1e-1",
        "0.1234567891",
        "99999999999999999999/99999999999999999999",
        "67 percent",
    ] {
        let error = Fraction::parse(text).unwrap_err();
        assert!(
            error.contains("2/3") && error.contains("67%"),
            "{text}: {error}"
        );
    }
}

#[test]
fn shares_are_compared_exactly() {
    assert!(fraction(2, 3).is_reached(2, 3));
    assert!(!fraction(67, 100).is_reached(2, 3));
    assert!(!fraction(2, 3).is_reached(0, 0));
    assert!(!fraction(0, 1).is_reached(0, 0));
    assert!(fraction(1, 3).is_reached(usize::MAX / 3 + 1, usize::MAX));
    assert!(!fraction(1, 3).is_reached(usize::MAX / 3 - 1, usize::MAX));
}

#[test]
fn the_stricter_fraction_is_the_larger() {
    assert_eq!(fraction(2, 3).stricter(fraction(1, 2)), fraction(2, 3));
    assert_eq!(
        fraction(2, 3).stricter(fraction(67, 100)),
        fraction(67, 100)
    );
    assert_eq!(fraction(1, 1).stricter(fraction(2, 3)), fraction(1, 1));
}

#[test]
fn fractions_are_shown_as_people_write_them() {
    for (fraction, text) in [
        (fraction(2, 3), "2/3"),
        (fraction(1, 1), "all"),
        (fraction(67, 100), "67%"),
        (fraction(1, 2), "1/2"),
        (fraction(667, 1000), "667/1000"),
    ] {
        assert_eq!(fraction.to_string(), text);
    }
}

proptest! {
    #[test]
    fn reading_what_is_shown_gives_the_same_fraction(whole in 1_u64..2_000, share in 0_u64..=100) {
        let part = whole * share / 100;
        let fraction = Fraction::parse(&format!("{part}/{whole}")).unwrap();
        prop_assert_eq!(Fraction::parse(&fraction.to_string()).unwrap(), fraction);
    }

    #[test]
    fn no_text_breaks_the_readers(text in "\\PC{0,200}") {
        let _ = Fraction::parse(&text);
        let _ = Template::parse(&text);
    }
}

#[test]
fn three_templates_are_built_in() {
    let templates = Templates::built_in();
    let shapes: Vec<(String, Vec<String>, String)> = templates
        .0
        .values()
        .map(|template| {
            let mut phases = Vec::new();
            let mut next = Some(template.first_phase.clone());
            while let Some(name) = next {
                let phase = template.phase(&name).unwrap();
                let votes = if phase.voting {
                    format!(" {}", phase.ready)
                } else {
                    String::new()
                };
                phases.push(format!("{name}{votes}"));
                next = phase.next.clone();
            }
            (template.name.clone(), phases, template.on_ready.clone())
        })
        .collect();
    let expected = [
        (
            "brainstorm",
            "seed, diverge, cluster 1/2, sketch, reality_check, decide 2/3",
            "READY_FOR_DESIGN",
        ),
        (
            "feature",
            "initial_feedback, detailed_review, consensus_vote 2/3",
            "READY_FOR_DESIGN",
        ),
        ("review", "review 2/3", "READY_FOR_IMPLEMENTATION"),
    ];
    let shapes: Vec<_> = shapes
        .iter()
        .map(|(name, phases, status)| (name.as_str(), phases.join(", "), status.as_str()))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, phases, status)| (*name, (*phases).to_owned(), *status))
        .collect();
    assert_eq!(shapes, expected);
    assert!(templates.get(DEFAULT_TEMPLATE).is_some());
}

#[test]
fn built_in_phases_tell_personas_something_of_their_own() {
    let templates = Templates::built_in();
    let mut seen = std::collections::BTreeSet::new();
    for template in templates.0.values() {
        assert!(!template.sections.is_empty() && !template.description.is_empty());
        for phase in template.phases.values() {
            assert!(phase.goal.len() > 20, "{} has no goal", phase.name);
            assert!(
                phase.instructions.lines().count() >= 4,
                "{} says little",
                phase.name
            );
            assert!(phase.instructions.contains("READY") || !phase.voting);
            for text in [&phase.goal, &phase.instructions] {
                assert!(seen.insert(text.clone()), "said twice: {text}");
            }
        }
    }
}

#[test]
fn a_misspelt_name_finds_the_nearest() {
    let templates = Templates::built_in();
    assert_eq!(templates.nearest("featur"), Some("feature"));
    assert_eq!(templates.nearest("Reveiw"), Some("review"));
    assert_eq!(templates.nearest("waterfall"), None);
}

#[test]
fn the_older_tools_template_is_read() {
    let yaml = "\
name: rfc
description: Older shape
turn_pipeline:
  steps:
    - tool: discussion-parser
      input: $discussion
phases:
  gather:
    goal: Hear everybody.
    instructions: |
      - Say it.
    voting: false
    next_phase: vote
  vote:
    goal: Decide.
    voting: true
    next_phase: null
";
    let (template, notices) = Template::parse(yaml).unwrap();
    assert_eq!(template.first_phase, "gather");
    assert_eq!(
        template.phase("gather").unwrap().next.as_deref(),
        Some("vote")
    );
    assert!(template.phase("vote").unwrap().is_final());
    assert_eq!(template.on_ready, "READY_FOR_DESIGN");
    let [notice] = &notices[..] else {
        panic!("one notice expected: {notices:?}");
    };
    assert_eq!((notice.severity, notice.line), (Severity::Notice, Some(3)));
    assert!(notice.message.contains("turn_pipeline"));
}

#[test]
fn errors_name_line_cause_and_way_out() {
    let mut cases = 0;
    let mut missed = Vec::new();
    for case in ERRORS.split("\n=====\n") {
        let (expected, yaml) = case.split_once("\n-----\n").unwrap();
        let findings = Template::parse(yaml).err().unwrap_or_default();
        for line in expected.lines().filter(|line| !line.starts_with('#')) {
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
            cases += 1;
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
    assert!(cases >= 12);
}
