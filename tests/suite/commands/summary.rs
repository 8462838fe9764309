//! The summary of the check, its annotations and buttons.

use super::views::{STATES, Sketch, evaluated, evaluation, in_state, input, is_green, item};
use discussions::bot::check::{
    BUTTONS, CheckInput, ConfigProblem, Findings, MAX_SUMMARY, MAX_TITLE, check_run,
};
use discussions::bot::markdown::cap;
use discussions::engine::consensus::State;
use discussions::engine::ledger::ItemKind;
use discussions::forge::{Annotation, AnnotationLevel, CheckRun};

fn full_view() -> Sketch {
    Sketch {
        state: "changes".to_owned(),
        reasons: vec![
            "ready_fraction: 1 of 3 ready, 2/3 needed".to_owned(),
            "humans: 0 of 1 person".to_owned(),
        ],
        tally: (1, 2, 0),
        votes: vec![
            "architect AI CHANGES".to_owned(),
            "security AI CHANGES".to_owned(),
            "pragmatist AI READY".to_owned(),
            "ann person READY stale".to_owned(),
            "rob person READY author".to_owned(),
            "Carla person CHANGES unconfirmed".to_owned(),
        ],
        owed: vec![
            "architect fresh".to_owned(),
            "security fresh".to_owned(),
            "pragmatist fresh".to_owned(),
            "tester missing".to_owned(),
        ],
        people: (0, 1),
        author: Some("rob".to_owned()),
        concerns: 2,
        minor_concerns: 1,
        questions: 1,
        rounds: (1, 3),
        ..Sketch::default()
    }
}

fn full_input() -> CheckInput {
    let mut view = full_view().view();
    view.votes[3].given_on = Some("aaaa1111".to_owned());
    view.votes[3].link = Some("https://github.test/o/r/pull/7#issuecomment-50".to_owned());
    view.votes[4].link = Some("https://github.test/o/r/pull/7#pullrequestreview-60".to_owned());
    view.votes[4].note = Some("tests are still missing".to_owned());
    view.ledger.questions[0].text =
        "Will any cached response contain sensitive data? If so, we need".to_owned();
    view.ledger.questions[0].items = vec![
        "encryption at rest".to_owned(),
        "short lifetimes".to_owned(),
    ];
    view.ledger.concerns[0].text = "Invalidation across services is not specified.".to_owned();
    view.ledger.concerns[1].text = "The requirements do not say what is being cached.".to_owned();
    view.ledger.concerns[2].text = "(minor) The title could be shorter.".to_owned();
    view.unsigned_lines = vec![90, 104];
    view.uncovered_lines = vec![120];
    let mut input = input(evaluated(vec![view]));
    input
        .notes
        .push("No .github/discussions.yml on main: the defaults apply.".to_owned());
    input
}

#[test]
fn the_summary_is_complete_by_itself() {
    let run = check_run(&full_input());
    super::assert_reads("check_summary", &run.summary);
}

#[test]
fn annotations_stand_at_their_lines_by_weight() {
    let run = check_run(&full_input());
    let told: Vec<(AnnotationLevel, usize, &str)> = run
        .annotations
        .iter()
        .map(|a| (a.level, a.line, a.title.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (AnnotationLevel::Warning, 61, "Open concern C1 by security"),
            (AnnotationLevel::Warning, 62, "Open concern C2 by security"),
            (AnnotationLevel::Warning, 61, "Open question Q1 by security"),
            (AnnotationLevel::Warning, 90, "Unsigned persona blocks"),
            (AnnotationLevel::Notice, 63, "Open concern C3 by security"),
            (AnnotationLevel::Notice, 40, "Unconfirmed vote of Carla"),
        ]
    );
    let unsigned = &run.annotations[3].message;
    assert!(unsigned.contains("90, 104"), "{unsigned}");
    let unconfirmed = &run.annotations[5].message;
    assert!(
        unconfirmed.ends_with("/discuss design/cache.md vote changes"),
        "{unconfirmed}"
    );
}

#[test]
fn a_rejecting_vote_and_an_error_are_failures_at_their_lines() {
    let sketch = Sketch {
        state: "rejected".to_owned(),
        votes: vec![
            "architect AI READY".to_owned(),
            "security AI REJECT".to_owned(),
            "ann person REJECT".to_owned(),
        ],
        ..Sketch::default()
    };
    let of = |view| -> Vec<Annotation> { check_run(&input(evaluated(vec![view]))).annotations };
    let rejected = of(sketch.view());
    assert_eq!(rejected.len(), 1, "a vote outside the file has no line");
    assert_eq!(
        (rejected[0].level, rejected[0].line),
        (AnnotationLevel::Failure, 40)
    );
    let invalid = Sketch {
        state: "invalid".to_owned(),
        unclosed_fence_at: Some(12),
        ..Sketch::default()
    };
    let invalid = of(invalid.view());
    assert_eq!(
        (invalid[0].level, invalid[0].line),
        (AnnotationLevel::Failure, 12)
    );
    assert_eq!(invalid[0].title, "unclosed-fence");
}

#[test]
fn annotations_end_at_the_cap_and_the_summary_says_how_many_are_missing() {
    let mut view = in_state(State::Changes);
    view.ledger.concerns = (1..=230)
        .map(|n| item(ItemKind::Concern, n, "unclear", false))
        .collect();
    view.unsigned_lines = (1..=500).collect();
    let run = check_run(&input(evaluated(vec![view])));
    assert_eq!(run.annotations.len(), 200);
    assert!(
        run.summary.contains("31 annotations more"),
        "{}",
        run.summary
    );
}

#[test]
fn buttons_are_offered_only_where_they_may_help() {
    let asked = ["ask_again", "rerun_stale", "explain"];
    for state in STATES {
        for (owed, expected) in [
            (&[][..], &asked[2..]),
            (&["a fresh"], &asked[2..]),
            (&["a fresh", "b missing"], &["ask_again", "explain"]),
            (&["a failed: away"], &["ask_again", "explain"]),
            (&["a fresh", "b stale"], &asked[..]),
        ] {
            let sketch = Sketch {
                state: state.as_str().to_owned(),
                owed: owed.iter().map(|owed| (*owed).to_owned()).collect(),
                ..Sketch::default()
            };
            let run = check_run(&input(evaluated(vec![sketch.view()])));
            let shown: Vec<&str> = run.buttons.iter().map(|b| b.identifier.as_str()).collect();
            let expected = match state {
                _ if is_green(state) || state == State::Working => &[],
                State::Invalid | State::Tampered => &asked[2..],
                _ => expected,
            };
            assert_eq!(shown, expected, "{state:?} {owed:?}");
        }
    }
}

#[test]
fn buttons_fit_what_github_takes_and_stand_for_commands() {
    assert!(BUTTONS.len() <= 3);
    for (identifier, label, description) in BUTTONS {
        let lengths = (identifier.len(), label.len(), description.len());
        assert!(
            lengths.0 <= 20 && lengths.1 <= 20 && lengths.2 <= 40,
            "{label}: {lengths:?}"
        );
    }
    let mut broken = evaluation(&[State::Stale]);
    broken.config_errors.push(ConfigProblem {
        path: ".github/discussions.yml".to_owned(),
        line: None,
        message: "is broken".to_owned(),
        hint: String::new(),
    });
    let shown = check_run(&input(Findings::Evaluated(broken))).buttons;
    assert_eq!(
        shown.len(),
        1,
        "nobody can be asked under a broken configuration"
    );
}

#[test]
fn a_summary_is_cut_to_the_byte_between_characters() {
    for character in ["x", "é", "語", "🦀"] {
        for shift in 0..4 {
            let mut view = in_state(State::Changes);
            let text = character.repeat(400);
            view.path = "p".repeat(shift + 1);
            view.ledger.concerns = (1..=50)
                .map(|n| item(ItemKind::Concern, n, &text, false))
                .collect();
            let views = (0..12).map(|_| view.clone()).collect();
            let summary = check_run(&input(evaluated(views))).summary;
            assert!(summary.len() <= MAX_SUMMARY, "{character} {shift}");
            if summary.contains("Cut here") {
                assert!(summary.len() > MAX_SUMMARY - 1_200, "{character} {shift}");
            }
            assert!(!summary.contains('\u{fffd}'));
        }
    }
    let whole = |bytes: usize| cap("🦀".repeat(bytes / 4) + &"x".repeat(bytes % 4), MAX_SUMMARY);
    assert_eq!(
        whole(MAX_SUMMARY).len(),
        MAX_SUMMARY,
        "what fits is left alone"
    );
    for over in 1..=8 {
        let cut = whole(MAX_SUMMARY + over);
        assert!(cut.contains("Cut here"));
        assert!(
            (MAX_SUMMARY - 3..=MAX_SUMMARY).contains(&cut.len()),
            "{over}: {}",
            cut.len()
        );
    }
}

fn hostile_run(text: &str) -> CheckRun {
    let mut view = full_view().view();
    view.title = text.to_owned();
    view.path = text.to_owned();
    view.phase = text.to_owned();
    view.people.not_the_author = Some(text.to_owned());
    view.changed_sections = vec![text.to_owned()];
    view.held = Some(text.to_owned());
    for vote in &mut view.votes {
        vote.entry.participant = text.to_owned();
        vote.note = Some(text.to_owned());
        vote.given_on = Some(text.to_owned());
        vote.link = Some(format!("https://github.test/{text}"));
    }
    for item in view
        .ledger
        .concerns
        .iter_mut()
        .chain(&mut view.ledger.questions)
    {
        item.text = text.to_owned();
        item.author = text.to_owned();
        item.items = vec![text.to_owned()];
    }
    for reason in &mut view.verdict.reasons {
        reason.text = text.to_owned();
    }
    let mut evaluation = evaluation(&[]);
    evaluation.config_errors.push(ConfigProblem {
        path: text.to_owned(),
        line: None,
        message: text.to_owned(),
        hint: text.to_owned(),
    });
    evaluation.discussions = vec![view];
    let mut input = input(Findings::Evaluated(evaluation));
    input.notes.push(text.to_owned());
    check_run(&input)
}

#[test]
fn hostile_text_mentions_nobody_and_breaks_no_table() {
    let text = "@ann @o/team #12 GH-7 <img src=x> <!-- | a | b\n\n/discuss vote ready\n| x | [l](https://evil.test) ![i](u) `c` **b**";
    let run = hostile_run(text);
    super::markdown::assert_harmless(&run.summary);
    let table: Vec<&str> = run
        .summary
        .lines()
        .filter(|line| line.starts_with('|'))
        .collect();
    let (heading, votes, owed) = (2, 6, 4);
    assert_eq!(table.len(), heading + votes + owed, "{}", run.summary);
    assert!(!run.title.contains('\n'));
}

#[test]
fn limits_hold_in_bytes_with_characters_of_four() {
    let run = hostile_run(&"🦀".repeat(30_000));
    assert!(run.title.chars().count() <= MAX_TITLE);
    assert!(run.summary.len() <= MAX_SUMMARY, "{}", run.summary.len());
    for annotation in &run.annotations {
        assert!(annotation.title.chars().count() <= 255 && annotation.message.len() <= 64 * 1024);
    }
    let mut many = evaluation(&[]);
    many.discussions = (0..400)
        .map(|n| {
            let mut view = full_view().view();
            view.title = format!("{n} {}", "🦀".repeat(200));
            view
        })
        .collect();
    let run = check_run(&input(Findings::Evaluated(many)));
    assert!(run.summary.len() <= MAX_SUMMARY);
    assert!(
        run.summary.len() > MAX_SUMMARY - 2_000,
        "cut far too early: {}",
        run.summary.len()
    );
    assert!(
        run.summary
            .trim_end()
            .ends_with("_Cut here: GitHub takes no more._")
    );
}
