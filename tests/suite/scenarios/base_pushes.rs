//! Pushes to a base branch: what it says about the gate counts for open pull requests without any event of their own.

use super::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::bot::seen::SweepPace;
use discussions::sandbox::{
    DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher, NewPull, Times,
};
use discussions::store::Store;
use std::sync::Arc;
use std::time::Duration;

const GREEN: &str = "READY: 4 of 4 ready, 1 by a person";

/// What is pushed to main under a green pull request, and how its checks end: by name, how the title of each begins
/// and what it concludes.
struct Turn {
    name: &'static str,
    edits: Vec<FileEdit>,
    checks: &'static [(&'static str, &'static str, &'static str)],
}

fn config(text: &str) -> FileEdit {
    FileEdit::write(
        ".github/discussions.yml",
        format!("on: {{quiet: 0s}}\n{text}"),
    )
}

fn persona(kind: &str) -> FileEdit {
    let text = format!("---\nname: security\ndescription: Watches.\nkind: {kind}\n---\n\nWatch.\n");
    FileEdit::write(".github/discussions/personas/security.md", text)
}

fn turns() -> Vec<Turn> {
    let turn = |name, edits, checks| Turn {
        name,
        edits,
        checks,
    };
    vec![
        turn(
            "a second person is needed",
            vec![config("gate: {humans: 2}\n")],
            &[("discussions", "DISCUSSING: needs 1", "action_required")],
        ),
        turn(
            "another reviewer joins the panel",
            vec![config(
                "participants: [architect, security, pragmatist, tester]\n",
            )],
            &[("discussions", "DISCUSSING", "action_required")],
        ),
        turn(
            "the configuration is broken",
            vec![config("gaet: {}\n")],
            &[(
                "discussions",
                "INVALID: .github/discussions.yml:2",
                "failure",
            )],
        ),
        turn(
            "a persona is broken",
            vec![persona("voter")],
            &[(
                "discussions",
                "INVALID: .github/discussions/personas/security.md:4",
                "failure",
            )],
        ),
        turn(
            "a template never votes",
            vec![FileEdit::write(
                ".github/discussions/templates/talk.yml",
                "name: talk\nfirst_phase: talk\nphases:\n  talk:\n    goal: Talk.\n    voting: false\n",
            )],
            &[(
                "discussions",
                "INVALID: .github/discussions/templates/talk.yml",
                "failure",
            )],
        ),
        turn(
            "the gate only watches",
            vec![config("gate: {mode: shadow}\n")],
            &[
                (
                    "discussions",
                    "SUPERSEDED: see discussions (shadow)",
                    "action_required",
                ),
                ("discussions (shadow)", GREEN, "success"),
            ],
        ),
        turn(
            "the gate is off",
            vec![config("gate: {mode: off}\n")],
            &[(
                "discussions",
                "SUPERSEDED: the gate is off on main",
                "action_required",
            )],
        ),
        turn(
            "main is gated no more",
            vec![config("gate: {bases: [release]}\n")],
            &[
                (
                    "discussions",
                    "SUPERSEDED: see discussions (preview)",
                    "action_required",
                ),
                ("discussions (preview)", GREEN, "success"),
            ],
        ),
        turn(
            "the check has another name",
            vec![config("gate: {check: consensus}\n")],
            &[
                (
                    "discussions",
                    "SUPERSEDED: see consensus",
                    "action_required",
                ),
                ("consensus", GREEN, "success"),
            ],
        ),
    ]
}

/// A green pull request on main with the default rules.
async fn green(model: &Arc<Scripted>) -> (Rig, u64) {
    let rig = Rig::scripted(model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), GREEN);
    (rig, number)
}

/// Pull requests that were worked on since the ledger was reset, by their snapshots.
fn snapshots(rig: &Rig) -> usize {
    let counts = rig.sandbox.ledger().counts();
    counts
        .get("GRAPHQL PullRequestSnapshot")
        .copied()
        .unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_base_says_counts_at_once_and_so_does_taking_it_back() {
    let mut wrong = Vec::new();
    for turn in turns() {
        let model = Arc::new(Scripted::ready());
        let (rig, number) = green(&model).await;
        let before = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
        let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
        rig.push_base("main", &turn.edits).await;
        for (name, title, conclusion) in turn.checks {
            let run = rig.run(number, name).unwrap_or_default();
            if run.0 != *conclusion || !run.1.starts_with(title) {
                wrong.push(format!("{}: {name} is {run:?}", turn.name));
            }
        }
        if rig.mergeable(number) {
            wrong.push(format!("{}: it can be merged", turn.name));
        }
        // Back as it was: a forced push, which does not list what it takes away.
        rig.sandbox
            .force_push("ann", DEMO_REPO, "main", &before)
            .unwrap();
        rig.settle().await;
        if rig.title(number) != GREEN || !rig.mergeable(number) {
            wrong.push(format!("{}, and back: {}", turn.name, rig.title(number)));
        }
        assert_eq!(model.calls().len(), 3, "{}: nobody is asked", turn.name);
        assert_eq!(rig.sandbox.pull(DEMO_REPO, number).unwrap().head, head);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loosened_rule_lets_pass_what_waited_for_it() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "gate: {humans: 2}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "action_required");
    rig.configure("").await;
    assert_eq!(rig.title(number), GREEN);
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_reaches_every_open_pull_request_once_and_no_closed_one() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = green(&model).await;
    let mut others = Vec::new();
    for branch in ["two", "three", "four"] {
        let text = CACHE.replace("product list", branch);
        let edit = FileEdit::write(&format!("design/{branch}.md"), text);
        rig.sandbox
            .push("rob", DEMO_REPO, branch, "propose", &[edit])
            .unwrap();
        others.push(rig.pull("rob", branch));
    }
    rig.settle().await;
    rig.sandbox.close("rob", DEMO_REPO, others[2]).unwrap();
    rig.settle().await;
    rig.sandbox.reset_ledger();
    rig.configure("gate: {humans: 2}\n").await;
    assert_eq!(snapshots(&rig), 3, "{:#?}", rig.sandbox.ledger().counts());
    for number in [number, others[0], others[1]] {
        assert!(
            rig.title(number).starts_with("DISCUSSING: needs"),
            "{}",
            rig.title(number)
        );
        assert_eq!(rig.run(number, "discussions").unwrap().0, "action_required");
    }
    assert_eq!(rig.count(EffectKind::Commit), 0);
    println!(
        "a rule for 3 open pull requests: {} requests",
        rig.requests()
    );
    rig.sandbox.reset_ledger();
    let comment = FileEdit::write(".github/discussions/README.md", "What these files are.\n");
    rig.push_base("main", &[comment]).await;
    assert_eq!(snapshots(&rig), 0, "a file that decides nothing");
    assert_eq!(rig.sandbox.ledger().effects.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_only_moves_asks_nobody_and_nothing() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = green(&model).await;
    rig.sandbox.reset_ledger();
    rig.push_base("main", &[FileEdit::write("src/lib.rs", "// more\n")])
        .await;
    // A branch that nothing goes into, with files that might be anything.
    rig.push_base(
        "elsewhere",
        &[FileEdit::write("docs/notes.md", "# Notes\n")],
    )
    .await;
    rig.push_base(
        "elsewhere",
        &[FileEdit::write("docs/notes.md", "# More notes\n")],
    )
    .await;
    assert_eq!(rig.requests(), 0, "{:#?}", rig.sandbox.ledger().requests);
    assert!(rig.sandbox.ledger().effects.is_empty());
    assert_eq!(rig.title(number), GREEN);
    // A text on the base might be a persona; looking shows that it is none.
    rig.push_base("main", &[FileEdit::write("docs/notes.md", "# Notes\n")])
        .await;
    assert!(rig.requests() <= 2, "{:#?}", rig.sandbox.ledger().requests);
    assert!(rig.sandbox.ledger().effects.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn personas_may_lie_anywhere() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let agent = "---\nname: ops\ndescription: Runs it.\n---\n\nYou run things.\n";
    let edits = [
        config("personas: [.claude/agents]\n"),
        FileEdit::write(".claude/agents/ops.md", agent),
    ];
    rig.push_base("main", &edits).await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), GREEN);
    let broken = FileEdit::write(
        ".claude/agents/ops.md",
        agent.replace("name: ops", "name: all"),
    );
    rig.push_base("main", &[broken]).await;
    assert!(
        rig.title(number)
            .starts_with("INVALID: .claude/agents/ops.md"),
        "{}",
        rig.title(number)
    );
    assert!(!rig.mergeable(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_branch_says_which_others_are_gated() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "gate: {bases: [default, release]}\n").await;
    let tip = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .create_branch("ann", DEMO_REPO, "release", &tip)
        .unwrap();
    rig.propose("rob", PATH, CACHE);
    let new = NewPull {
        title: "For the release".to_owned(),
        head: "topic".to_owned(),
        base: "release".to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(
        rig.run(number, "discussions").unwrap(),
        ("success".to_owned(), GREEN.to_owned())
    );
    // The release branch has the list in its own copy too; that one does not count.
    rig.configure("gate: {bases: [default]}\n").await;
    let taken = rig.run(number, "discussions").unwrap();
    assert_eq!(taken.0, "action_required", "{}", taken.1);
    assert_eq!(
        rig.run(number, "discussions (preview)").unwrap().0,
        "success"
    );
    // And its own rules do: here from a branch that is not the default one.
    rig.configure("gate: {bases: [default, release]}\n").await;
    assert_eq!(rig.run(number, "discussions").unwrap().0, "success");
    let edit = config("gate: {humans: 2}\n");
    rig.push_base("release", &[edit]).await;
    let (conclusion, title) = rig.run(number, "discussions").unwrap();
    assert_eq!(conclusion, "action_required", "{title}");
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_counts_although_github_is_away_for_a_while() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = green(&model).await;
    // More often than any job is tried.
    rig.sandbox.fault(Fault {
        matcher: Matcher::Graphql("OpenPullRequests".to_owned()),
        times: Times::Next(8),
        after: 0,
        kind: FaultKind::Status(502),
    });
    rig.configure("gate: {humans: 2}\n").await;
    assert_eq!(
        rig.conclusion(number),
        "action_required",
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_green_is_taken_back_before_anything_else_is_looked_at() {
    let model = Arc::new(Scripted::ready());
    let setup = Setup {
        config: Some(AT_ONCE.to_owned()),
        model: Some(model),
        operator: None,
    };
    let pace = SweepPace {
        between: Duration::from_secs(60 * 60),
        ..SweepPace::default()
    };
    let rig = Rig::swept(setup, pace).await;
    let first = rig.open("rob", PATH, CACHE).await;
    let edit = FileEdit::write("design/other.md", CACHE.replace("product", "other"));
    rig.sandbox
        .push("rob", DEMO_REPO, "other", "propose", &[edit])
        .unwrap();
    let second = rig.pull("rob", "other");
    rig.settle().await;
    rig.say("ann", second, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(second), "success");
    let stricter = [config("gate: {humans: 2}\n")];
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "stricter", &stricter)
        .unwrap();
    rig.until(|| rig.conclusion(second) == "action_required")
        .await;
    let stands_in_line = async {
        while rig.store.backlog().await.unwrap() != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), stands_in_line).await;
    assert!(in_time.is_ok(), "#{first} is still to be looked at");
}
