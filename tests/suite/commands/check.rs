//! What the check run says.

use super::cases;
use super::views::{STATES, Sketch, evaluated, evaluation, in_state, input, is_green};
use discussions::bot::check::{
    self, ConfigProblem, Demand, Evaluation, Findings, NextStep, Overall, check_name, check_run,
    conclusion, next_steps, overall, state_row,
};
use discussions::bot::repo_config::GateMode;
use discussions::engine::consensus::State;
use discussions::forge::{AnnotationLevel, Conclusion};
use discussions::ids::Sha;
use serde::Deserialize;

#[derive(Deserialize)]
struct Titled {
    name: String,
    view: Sketch,
    title: String,
    conclusion: Option<String>,
}

#[test]
fn every_state_has_its_title_and_conclusion() {
    let cases: Vec<Titled> = cases("check/titles.yaml");
    for state in STATES {
        assert!(
            cases.iter().any(|c| c.view.state == state.as_str()),
            "{state:?} has no case"
        );
    }
    for case in cases {
        let run = check_run(&input(evaluated(vec![case.view.view()])));
        assert_eq!(run.title, case.title, "{}", case.name);
        let got = run.conclusion.map(|c| c.as_str().to_owned());
        assert_eq!(got, case.conclusion, "{}", case.name);
        assert!(run.summary.starts_with("**"), "{}", case.name);
    }
}

/// Titles of the table that no single discussion has; see the next test.
const OF_THE_WHOLE: [&str; 7] = [
    "READY: 3 of 4 ready, 1 by a person; the Status line is left as it was",
    "DROPPED by ann: decided elsewhere",
    "WORKING: reading the discussions",
    "CLEAR: no discussion in this PR",
    "ERROR 01J9ZK: internal, parked",
    "ERROR: the App is not granted issues: read",
    "SUPERSEDED by abc123a",
];

#[test]
fn the_table_of_states_shows_titles_that_the_check_really_has() {
    let cases: Vec<Titled> = cases("check/titles.yaml");
    for row in check::STATES {
        for title in row.titles {
            let shown = cases.iter().find(|case| case.title == *title);
            let conclusion = row.conclusion.map(|c| c.as_str().to_owned());
            match shown {
                Some(case) => assert_eq!(case.conclusion, conclusion, "{title}"),
                None => assert!(OF_THE_WHOLE.contains(title), "{title} has no case"),
            }
        }
    }
    let named = |overall| {
        check::STATES
            .iter()
            .any(|row| std::ptr::eq(*row, state_row(overall)))
    };
    let whole = [
        Overall::Clear,
        Overall::Started,
        Overall::Superseded,
        Overall::Error,
    ];
    let all = STATES.into_iter().map(Overall::Of).chain(whole);
    assert!(
        all.into_iter().all(named),
        "a state is missing in the table"
    );
}

/// A green that is not written into the file.
fn left_as_is() -> Findings {
    let ready = cases::<Titled>("check/titles.yaml")
        .into_iter()
        .find(|case| case.name == "ready");
    let Findings::Evaluated(evaluation) = evaluated(vec![ready.unwrap().view.view()]) else {
        unreachable!("it was evaluated");
    };
    Findings::Evaluated(Evaluation {
        left_as_is: true,
        ..evaluation
    })
}

#[test]
fn titles_of_a_whole_pull_request() {
    let id = || "01J9ZK".to_owned();
    let by = || Sha::parse(&"abc123".repeat(7)[..40]).unwrap();
    for (findings, title, conclusion) in [
        (
            evaluated(Vec::new()),
            "CLEAR: no discussion in this PR",
            Some(Conclusion::Success),
        ),
        (
            left_as_is(),
            "READY: 3 of 4 ready, 1 by a person; the Status line is left as it was",
            Some(Conclusion::Success),
        ),
        (Findings::Started, "WORKING: reading the discussions", None),
        (
            Findings::Superseded { by: by() },
            "SUPERSEDED by abc123a",
            Some(Conclusion::ActionRequired),
        ),
        (
            Findings::Ungranted {
                missing: vec!["issues: read".to_owned()],
                settings: "https://github.com/settings/installations/1".to_owned(),
            },
            "ERROR: the App is not granted issues: read",
            Some(Conclusion::ActionRequired),
        ),
        (
            Findings::Failed { id: id() },
            "ERROR 01J9ZK: internal, parked",
            Some(Conclusion::ActionRequired),
        ),
    ] {
        assert!(OF_THE_WHOLE.contains(&title));
        let run = check_run(&input(findings));
        assert_eq!(run.title, title);
        assert_eq!(run.conclusion, conclusion, "{title}");
        assert!(run.buttons.is_empty(), "{title}");
    }
}

#[test]
fn only_ready_overridden_and_clear_are_green() {
    let green = |overall| conclusion(overall) == Some(Conclusion::Success);
    for state in STATES {
        assert_eq!(green(Overall::Of(state)), is_green(state), "{state:?}");
    }
    assert!(green(Overall::Clear));
    assert!(!green(Overall::Started) && !green(Overall::Superseded) && !green(Overall::Error));
}

#[test]
fn of_two_discussions_the_worse_decides_in_either_order() {
    for one in STATES {
        for other in STATES {
            let views = || vec![in_state(one), in_state(other)];
            let mut swapped = views();
            swapped.reverse();
            let of_both = overall(&evaluated(views()));
            assert_eq!(of_both, overall(&evaluated(swapped)));
            let green = conclusion(of_both) == Some(Conclusion::Success);
            assert_eq!(
                green,
                is_green(one) && is_green(other),
                "{one:?} and {other:?}"
            );
        }
    }
}

#[test]
fn a_running_round_keeps_the_run_open_whatever_the_other_discussion_says() {
    for other in STATES {
        let both = evaluated(vec![in_state(other), in_state(State::Working)]);
        assert_eq!(conclusion(overall(&both)), None, "{other:?}");
    }
}

#[test]
fn several_discussions_have_one_row_each_and_the_worst_gives_the_title() {
    let view = |path: &str, state: &str| Sketch {
        state: state.to_owned(),
        path: Some(path.to_owned()),
        tally: (1, 1, 0),
        ..Sketch::default()
    };
    let views = vec![view("a.md", "ready").view(), view("b.md", "changes").view()];
    let run = check_run(&input(evaluated(views)));
    assert_eq!(run.title, "CHANGES: 1 of 2 ready (b.md, worst of 2)");
    assert!(run.summary.contains("| `a.md` | READY: 1 of 2 ready |"));
    assert!(run.summary.contains("| `b.md` | CHANGES: 1 of 2 ready |"));
    let both = vec![view("a.md", "ready").view(), view("b.md", "ready").view()];
    assert_eq!(
        check_run(&input(evaluated(both))).title,
        "READY: 2 of 2 discussions ready"
    );
}

fn config_problem() -> ConfigProblem {
    ConfigProblem {
        path: ".github/discussions.yml".to_owned(),
        line: Some(3),
        message: "unknown key `partcipants`.".to_owned(),
        hint: "Did you mean `participants`?".to_owned(),
    }
}

#[test]
fn a_broken_configuration_is_invalid_even_beside_a_ready_discussion() {
    for discussions in [&[][..], &[State::Ready]] {
        let mut broken = evaluation(discussions);
        broken.config_errors.push(config_problem());
        let run = check_run(&input(Findings::Evaluated(broken)));
        assert_eq!(
            run.title,
            "INVALID: .github/discussions.yml:3 unknown key `partcipants`."
        );
        assert_eq!(run.conclusion, Some(Conclusion::Failure));
        assert_eq!(run.annotations[0].level, AnnotationLevel::Failure);
    }
}

#[test]
fn a_notice_about_the_configuration_changes_no_colour() {
    let mut noticed = evaluation(&[]);
    noticed.config_notices.push(config_problem());
    let run = check_run(&input(Findings::Evaluated(noticed)));
    assert_eq!(run.conclusion, Some(Conclusion::Success));
    assert_eq!(run.annotations[0].level, AnnotationLevel::Notice);
}

#[test]
fn a_demand_on_the_pull_request_keeps_it_from_green() {
    for discussions in [&[][..], &[State::Ready], &[State::Changes]] {
        let mut owing = evaluation(discussions);
        owing.demands.push(Demand {
            text: "needs READY by someone with maintain, it changes the gate".to_owned(),
            step: NextStep {
                who: "someone with maintain".to_owned(),
                what: "votes on the changed configuration".to_owned(),
                line: Some("/discuss vote ready".to_owned()),
            },
        });
        let run = check_run(&input(Findings::Evaluated(owing)));
        assert_ne!(run.conclusion, Some(Conclusion::Success));
        if discussions.first() != Some(&State::Changes) {
            assert_eq!(
                run.title,
                "DISCUSSING: needs READY by someone with maintain, it changes the gate"
            );
        }
        assert!(run.summary.contains(
            "1. Someone with maintain votes on the changed configuration: `/discuss vote ready`"
        ));
    }
}

#[test]
fn the_name_tells_whether_the_run_gates() {
    let name = |mode, gated| check_name(mode, "discussions", gated);
    assert_eq!(
        name(GateMode::Enforce, true).as_deref(),
        Some("discussions")
    );
    assert_eq!(
        name(GateMode::Enforce, false).as_deref(),
        Some("discussions (preview)")
    );
    assert_eq!(
        name(GateMode::Shadow, true).as_deref(),
        Some("discussions (shadow)")
    );
    assert_eq!(
        name(GateMode::Shadow, false).as_deref(),
        Some("discussions (shadow)")
    );
    assert_eq!(name(GateMode::Off, true), None);
}

#[test]
fn every_state_that_is_not_green_names_a_next_step() {
    for state in STATES.into_iter().filter(|s| !is_green(*s)) {
        let sketch = Sketch {
            state: state.as_str().to_owned(),
            unclosed_fence_at: Some(3),
            owed: vec![
                "security stale".to_owned(),
                "architect missing".to_owned(),
                "pragmatist failed: away".to_owned(),
            ],
            people: (0, 1),
            ..Sketch::default()
        };
        let steps = next_steps(&sketch.view(), false);
        assert!((1..=3).contains(&steps.len()), "{state:?}: {steps:?}");
        for line in steps.iter().filter_map(|step| step.line.as_ref()) {
            let parsed = discussions::bot::command::parse(line, &|_| true);
            assert!(parsed.len() == 1 && parsed[0].command.is_ok(), "{line}");
        }
    }
}

#[test]
fn a_state_of_which_only_the_reason_is_known_names_that_as_the_step() {
    for state in STATES.into_iter().filter(|s| !is_green(*s)) {
        let sketch = Sketch {
            state: state.as_str().to_owned(),
            reasons: vec!["phase_does_not_vote: the phase seed does not vote".to_owned()],
            ..Sketch::default()
        };
        assert!(!next_steps(&sketch.view(), false).is_empty(), "{state:?}");
    }
}

#[test]
fn past_the_bound_persona_votes_are_shown_as_advice_and_vetoes_as_votes() {
    let sketch = Sketch {
        state: "discussing".to_owned(),
        reasons: vec![
            "bound: 3 rounds are over".to_owned(),
            "humans: 0 of 1 person".to_owned(),
        ],
        votes: vec![
            "architect AI CHANGES".to_owned(),
            "security AI CHANGES".to_owned(),
        ],
        owed: vec!["architect fresh".to_owned(), "tester missing".to_owned()],
        veto: vec!["security".to_owned()],
        people: (0, 1),
        author: Some("rob".to_owned()),
        rounds: (3, 3),
        ..Sketch::default()
    };
    let summary = check_run(&input(evaluated(vec![sketch.view()]))).summary;
    for part in [
        "| architect | AI | CHANGES | advice: a person decides now |",
        "| security | AI | CHANGES | yes, on this text |",
        "| tester | AI | – | not owed any more: a person decides now |",
        "1. Someone with write other than rob votes: `/discuss vote ready`",
        "2. Someone with write other than rob may open one more round: `/discuss all`",
    ] {
        assert!(summary.contains(part), "{part} is missing in:\n{summary}");
    }
}

#[test]
fn a_person_called_like_a_persona_hides_no_owed_vote() {
    let sketch = Sketch {
        state: "discussing".to_owned(),
        votes: vec!["security person READY".to_owned()],
        owed: vec!["security missing".to_owned()],
        ..Sketch::default()
    };
    let summary = check_run(&input(evaluated(vec![sketch.view()]))).summary;
    assert!(
        summary.contains("| security | person | READY |"),
        "{summary}"
    );
    assert!(
        summary.contains("| security | AI | – | owed: no vote yet | |"),
        "{summary}"
    );
}

#[test]
fn next_lines_name_the_discussion_where_there_are_several() {
    let view = Sketch {
        state: "discussing".to_owned(),
        people: (0, 1),
        author: Some("rob".to_owned()),
        ..Sketch::default()
    };
    let line = |name_path| next_steps(&view.view(), name_path)[0].line.clone().unwrap();
    assert_eq!(line(false), "/discuss vote ready");
    assert_eq!(line(true), "/discuss design/cache.md vote ready");
    assert_eq!(
        next_steps(&view.view(), false)[0].who,
        "someone with write other than rob"
    );
}

#[test]
fn where_only_the_author_could_vote_both_exits_are_named() {
    let view = Sketch {
        state: "discussing".to_owned(),
        people: (0, 1),
        author: Some("rob".to_owned()),
        nobody_else: true,
        ..Sketch::default()
    };
    let steps = next_steps(&view.view(), false);
    assert!(steps[0].what.contains("given write"));
    assert!(steps[1].what.contains("gate.author_may_vote"));
}
