//! A whole discussion as people see it.

use discussions::engine::discussion::{Discussion, Kind, LineEnding};
use discussions::engine::ledger::{ItemState, Ledger};
use discussions::engine::vote::{Tally, Vote, VoterKind, from_file};

/// What is the same in our example and in the file that this format comes from.
fn check_outcome(discussion: &Discussion, questions: [usize; 3], concerns: [usize; 2]) {
    assert_eq!(discussion.kind, Kind::Discussion);
    assert_eq!(discussion.line_ending, LineEnding::Lf);
    assert_eq!(discussion.problems, []);
    assert_eq!(
        discussion.header.participants(),
        ["architect", "security", "pragmatist"]
    );
    assert_eq!(discussion.header.phase(), Some("initial_feedback"));
    assert_eq!(discussion.header.status(), "OPEN");
    assert_eq!(discussion.header.template(), Some("feature"));

    let entries = from_file(discussion, &|_| false);
    let votes: Vec<_> = entries
        .iter()
        .map(|entry| (entry.participant.as_str(), entry.counted()))
        .collect();
    assert_eq!(
        votes,
        [
            ("architect", Some(Vote::Changes)),
            ("security", Some(Vote::Changes)),
            ("pragmatist", Some(Vote::Ready)),
        ]
    );
    assert!(entries.iter().all(|entry| entry.kind == VoterKind::Ai));
    assert_eq!(
        Tally::of(&entries),
        Tally {
            ready: 1,
            changes: 2,
            reject: 0
        }
    );

    let (ledger, problems) = Ledger::of(discussion, &|_| true);
    assert_eq!(problems, []);
    assert_eq!(
        ledger
            .questions
            .iter()
            .map(|item| item.line)
            .collect::<Vec<_>>(),
        questions
    );
    assert_eq!(
        ledger
            .questions
            .iter()
            .map(|item| item.items.len())
            .collect::<Vec<_>>(),
        [0, 3, 0]
    );
    assert_eq!(
        ledger
            .concerns
            .iter()
            .map(|item| item.line)
            .collect::<Vec<_>>(),
        concerns
    );
    assert!(ledger.decisions.is_empty() && ledger.todos.is_empty());
    assert!(
        ledger
            .all()
            .all(|item| item.state == ItemState::Open && item.by_persona)
    );
    assert_eq!(ledger.questions[2].id.as_deref(), Some("Q3"));

    let mentions: usize = discussion
        .blocks
        .iter()
        .map(|block| block.mentions.len())
        .sum();
    assert_eq!(
        mentions, 0,
        "the placeholder's mention stands in code and in no block"
    );
    let last = &discussion.blocks[2];
    assert!(
        discussion.source[last.span.clone()].ends_with("VOTE: READY"),
        "the closing line is prose"
    );
}

#[test]
fn the_example_reads_as_it_looks() {
    let source = include_str!("../../fixtures/discussions/example.md");
    let discussion = Discussion::parse(source.as_bytes());
    assert_eq!(discussion.source, source);
    check_outcome(&discussion, [47, 64, 90], [54, 72]);
    assert_eq!(
        Ledger::of(&discussion, &|_| true).0.questions[1].items,
        [
            "sign-in",
            "password reset",
            "the health page, which names our versions"
        ]
    );
}

#[test]
fn the_example_reads_the_same_with_crlf() {
    let source = include_str!("../../fixtures/discussions/example.md").replace('\n', "\r\n");
    let discussion = Discussion::parse(format!("\u{FEFF}{source}").as_bytes());
    assert_eq!(discussion.line_ending, LineEnding::CrLf);
    assert_eq!(discussion.problems, []);
    let lf = Discussion::parse(source.replace("\r\n", "\n").as_bytes());
    for (one, other) in discussion.blocks.iter().zip(&lf.blocks) {
        assert_eq!(
            one.canonical(&discussion.source),
            other.canonical(&lf.source)
        );
        assert_eq!((&one.markers, &one.vote), (&other.markers, &other.vote));
    }
    assert_eq!(discussion.blocks.len(), 3);
}

#[test]
#[ignore = "needs the seed file (SEED_FILE)"]
fn the_seed_file_reads_as_promised() {
    let path = std::env::var("SEED_FILE").expect("SEED_FILE names the seed file");
    let bytes = std::fs::read(path).unwrap();
    let discussion = Discussion::parse(&bytes);
    assert_eq!(discussion.source.as_bytes(), bytes);
    check_outcome(&discussion, [61, 84, 118], [68, 95]);
}
