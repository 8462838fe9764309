//! What the status comment says in each state. The accepted texts lie in `tests/suite/snapshots`.

use crate::commands::views::{Sketch, evaluated, input};
use discussions::bot::check::{CheckInput, Findings, title};
use discussions::bot::message::MAX_COMMENT;
use discussions::bot::status::{Beside, Course, Kept, MARKER, Status, turned};
use discussions::forge::PrState;
use discussions::ids::{PullRequest, Repo, Sha};

fn reads(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("status__{name}"), text));
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn beside() -> Beside {
    let course = Course {
        phases: words(&["exploration", "review", "final"]),
        replies: 3,
        anchor: Some("3:6f0ab0cdd2c0".to_owned()),
    };
    Beside {
        pr: Some(PullRequest {
            installation: 1,
            repo: Repo {
                id: 7,
                owner: "octo".to_owned(),
                name: "demo".to_owned(),
            },
            number: 12,
        }),
        discussions: [("design/cache.md".to_owned(), course)].into(),
    }
}

const PANEL: [&str; 3] = [
    "architect AI READY",
    "security AI READY",
    "pragmatist AI READY",
];

fn sketch(state: &str) -> Sketch {
    Sketch {
        state: state.to_owned(),
        people: (0, 1),
        author: Some("rob".to_owned()),
        rounds: (1, 3),
        ..Sketch::default()
    }
}

fn with_cost(sketches: &[Sketch]) -> CheckInput {
    let views = sketches.iter().map(Sketch::view).collect();
    let mut input = input(evaluated(views));
    let cost = "Models took on this pull request so far: $0.06, 21,400 tokens: security $0.03, architect $0.02, pragmatist $0.01";
    input.notes.push(cost.to_owned());
    input
}

fn status(sketch: &Sketch) -> Status {
    Status::of(&with_cost(std::slice::from_ref(sketch)), &beside())
}

fn discussing() -> Sketch {
    Sketch {
        reasons: words(&["humans: 0 of 1 person"]),
        tally: (3, 0, 0),
        votes: words(&PANEL),
        questions: 1,
        ..sketch("discussing")
    }
}

fn ready() -> Sketch {
    let mut votes = words(&PANEL);
    votes.push("ann person READY".to_owned());
    Sketch {
        tally: (4, 0, 0),
        votes,
        people: (1, 1),
        ..sketch("ready")
    }
}

fn changes() -> Sketch {
    Sketch {
        reasons: words(&[
            "ready_fraction: 1 of 3 ready, 2/3 needed",
            "humans: 0 of 1 person",
        ]),
        tally: (1, 2, 0),
        votes: words(&[
            "architect AI CHANGES",
            "security AI CHANGES",
            "pragmatist AI READY",
        ]),
        concerns: 2,
        ..sketch("changes")
    }
}

/// One sketch for each state that people meet.
fn states() -> Vec<(&'static str, Sketch)> {
    let rejected = Sketch {
        tally: (2, 0, 1),
        votes: words(&[
            "architect AI READY",
            "security AI REJECT",
            "pragmatist AI READY",
        ]),
        concerns: 1,
        ..sketch("rejected")
    };
    let decide = Sketch {
        reasons: words(&["bound: a person decides after 3 rounds"]),
        tally: (1, 2, 0),
        votes: changes().votes,
        concerns: 1,
        rounds: (3, 3),
        ..sketch("discussing")
    };
    let stale = Sketch {
        reasons: words(&["stale_votes: 3 votes are about an earlier text"]),
        votes: words(&[
            "architect AI READY stale",
            "security AI READY stale",
            "ann person READY stale",
        ]),
        owed: words(&["architect stale", "security stale"]),
        sections: words(&["Requirements"]),
        ..sketch("stale")
    };
    let degraded = Sketch {
        reasons: words(&["missing_vote: security owes a vote"]),
        tally: (2, 0, 0),
        votes: words(&["architect AI READY", "pragmatist AI READY"]),
        owed: words(&["security failed: the service answered 529 three times"]),
        retry_at: Some("14:20 UTC".to_owned()),
        ..sketch("degraded")
    };
    let waiting = Sketch {
        waiting: Some("someone with write starts the panel".to_owned()),
        owed: words(&[
            "architect missing",
            "security missing",
            "pragmatist missing",
        ]),
        rounds: (0, 3),
        ..sketch("discussing")
    };
    let invalid = Sketch {
        unclosed_fence_at: Some(12),
        ..sketch("invalid")
    };
    vec![
        ("discussing", discussing()),
        ("changes", changes()),
        ("rejected", rejected),
        ("decide", decide),
        ("stale", stale),
        ("degraded", degraded),
        ("ready", ready()),
        ("waiting", waiting),
        ("invalid", invalid),
    ]
}

#[test]
fn each_state_is_said_first_with_what_is_next_and_all_else_below() {
    for (name, sketch) in states() {
        let text = status(&sketch).markdown();
        reads(name, &text);
        let state = title(&evaluated(vec![sketch.view()]));
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(MARKER), "{name}");
        let first = lines.next().unwrap().replace('\\', "");
        assert_eq!(first, format!("### {state}"), "{name}");
        let is_green = sketch.state == "ready";
        assert_eq!(
            !text.contains("### Next\n\n1. "),
            is_green,
            "{name}: {text}"
        );
        assert!(!text.contains("\n4. "), "{name}: more than three steps");
        assert!(!text.contains('@'), "{name}: nobody is mentioned");
    }
}

#[test]
fn several_discussions_have_their_rows_and_their_votes() {
    let second = Sketch {
        path: Some("design/queue.md".to_owned()),
        ..discussing()
    };
    let text = Status::of(&with_cost(&[changes(), second]), &beside()).markdown();
    reads("several", &text);
    assert!(text.contains("| `design/queue.md` | DISCUSSING"), "{text}");
    assert_eq!(text.matches("| Who | Kind |").count(), 2);
}

/// What the record keeps of a comment.
fn kept(status: &Status) -> Kept {
    Kept {
        comment: Some(5),
        state: status.state.clone(),
        verdict: status.state.clone(),
        rest: status.rest(),
        ..Kept::default()
    }
}

#[test]
fn at_the_end_the_last_state_stays_and_nothing_is_next() {
    for (name, sketch, how) in [
        ("closed", changes(), PrState::Closed),
        ("merged", ready(), PrState::Merged),
    ] {
        let before = status(&sketch);
        let end = Status::after_the_end(&kept(&before), how);
        let text = end.markdown();
        reads(name, &text);
        assert!(!text.contains("### Next"), "{text}");
        assert!(text.contains("| architect | AI |"), "{text}");
        // Looked at again, it stays as it is.
        let again = Kept {
            verdict: before.state.clone(),
            rest: before.rest(),
            ..kept(&end)
        };
        assert_eq!(Status::after_the_end(&again, how), end);
    }
}

#[test]
fn where_nothing_is_judged_the_comment_shows_no_old_state() {
    let failed = Findings::Failed {
        id: "01J9ZK".to_owned(),
    };
    let text = Status::of(&input(failed), &beside()).markdown();
    reads("error", &text);
    let off = Findings::Renamed {
        base: "main".to_owned(),
        name: None,
    };
    let text = Status::of(&input(off), &beside()).markdown();
    assert!(text.contains("the gate is off on main"), "{text}");
    reads("never", &Status::ended("discussions").markdown());
}

#[test]
fn a_push_that_changes_nothing_but_the_head_says_the_same() {
    let head = |digit: &str| Sha::parse(&digit.repeat(40)).unwrap();
    let at = |digit: &str, sketch: &Sketch| {
        let mut view = sketch.view();
        view.url = Some(format!("https://github.test/o/r/blob/{}/a.md", head(digit)));
        let mut input = input(evaluated(vec![view]));
        input.head = head(digit);
        Status::of(&input, &beside()).digest(&input.head)
    };
    assert_eq!(at("a", &changes()), at("b", &changes()));
    assert_ne!(at("a", &changes()), at("a", &ready()));
}

#[test]
fn a_comment_is_within_what_github_takes_and_its_first_lines_are_never_lost() {
    let mut view = changes().view();
    for item in &mut view.ledger.concerns {
        item.text = "🦀".repeat(60_000);
    }
    let views = vec![view; 200];
    let mut input = input(evaluated(views));
    input.notes = vec!["🦀".repeat(60_000); 50];
    let status = Status::of(&input, &beside());
    let text = status.markdown();
    assert!(text.len() <= MAX_COMMENT, "{}", text.len());
    assert!(text.len() > MAX_COMMENT - 2_000, "{}", text.len());
    assert!(text.starts_with(&format!("{MARKER}\n### CHANGES: ")));
    assert!(
        !text.contains("<details>"),
        "what is folded away goes first"
    );
    let end = Status::after_the_end(&kept(&status), PrState::Merged);
    assert!(end.markdown().len() <= MAX_COMMENT);
}

#[test]
fn labels_of_the_chart_hold_nothing_but_words() {
    let text = "end\"] click p0 href \"javascript:x\" `**b**` <img src=x> #quot; fa:fa-car 1. x -- %%{init}%% ;; @{shape: x} |a| ___ 語";
    let mut view = changes().view();
    view.phase = text.to_owned();
    for vote in &mut view.votes {
        vote.entry.participant = text.to_owned();
    }
    let mut beside = beside();
    let course = beside.discussions.get_mut("design/cache.md").unwrap();
    course.phases = vec![text.to_owned(), "next".to_owned()];
    let all = Status::of(&input(evaluated(vec![view])), &beside).markdown();
    let chart = all.split("```mermaid\n").nth(1).unwrap();
    let chart = chart.split("\n```").next().unwrap();
    let mut labels = 0;
    for line in chart.lines().filter(|line| line.contains('"')) {
        let parts: Vec<&str> = line.split('"').collect();
        assert_eq!(parts.len(), 3, "one label: {line}");
        let is_word = |c: char| c.is_alphanumeric() || " -_.".contains(c);
        assert!(parts[1].chars().all(is_word), "{line}");
        assert!(
            !parts[1].contains(". ") && !parts[1].contains("--"),
            "{line}"
        );
        let is_ours = |c: char| c.is_ascii_alphanumeric() || " ()[]:->.".contains(c);
        assert!(
            [parts[0], parts[2]]
                .iter()
                .all(|part| part.chars().all(is_ours)),
            "{line}"
        );
        labels += 1;
    }
    assert_eq!(labels, 2 + 3, "{chart}");
}

#[test]
fn a_change_of_state_is_one_line_with_the_way_to_the_rest() {
    let line = turned(
        "READY: 4 of 4 ready, 1 by a person",
        "https://github.test/o/r/pull/7#issuecomment-5",
    );
    assert_eq!(
        line,
        "**READY: 4 of 4 ready, 1 by a person** ([the whole status](https://github.test/o/r/pull/7#issuecomment-5))"
    );
}
