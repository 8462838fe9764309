//! The pure rules around a round: whom a moment binds a vote to, which files are discussions, what a commit says.

use discussions::bot::command::{Command, parse};
use discussions::bot::evaluate::{self, Discussed, SeenText};
use discussions::bot::ground::FileGlobs;
use discussions::bot::job::{CommentPlace, JobEvent, StoredActor};
use discussions::bot::plan;
use discussions::bot::touched::{Content, Standing, candidates, standing};
use discussions::bot::votes::{self, Said, Votable};
use discussions::engine::discussion::Discussion;
use discussions::engine::edit;
use discussions::engine::problem::Code;
use discussions::engine::subject::Subject;
use discussions::forge::{ChangedFile, FileContent};
use discussions::store::{BlockRecord, BlockState, Change, HumanVote, VoteElsewhere};
use std::collections::{BTreeMap, BTreeSet};

const TEXT: &str = "<!-- DISCUSSION -->\n<!-- Title: T -->\n\n# T\n\nFirst thought.\n";

fn block(text: &str, subject: &str, state: BlockState) -> BlockRecord {
    BlockRecord {
        path: "a.md".to_owned(),
        seq: 1,
        alias: "security".to_owned(),
        vote: Some("READY".to_owned()),
        subject: subject.to_owned(),
        hash: "h".to_owned(),
        text: text.to_owned(),
        question: None,
        model: "m".to_owned(),
        persona: "p".to_owned(),
        job: "j".to_owned(),
        base: "main".to_owned(),
        anchors: Vec::new(),
        state,
        review: None,
        did: String::new(),
        receipt: None,
    }
}

fn appended(text: &str, block: &str) -> Discussion {
    let discussion = Discussion::parse(text.as_bytes());
    let text = edit::append(&discussion, &[block.to_owned()]).unwrap();
    Discussion::parse(text.as_bytes())
}

const REPLY: &str = "Name: AI-Security\n\nFine.\n\nVOTE: READY";

#[test]
fn our_first_block_changes_neither_subject_nor_ballot() {
    for text in [
        TEXT.to_owned(),
        format!("{TEXT}\n---\n"),
        TEXT.replace('\n', "\r\n"),
    ] {
        let before = SeenText::of(&Discussion::parse(text.as_bytes()), &[], "");
        let record = block(REPLY, &before.subject.to_string(), BlockState::Pending);
        let after = SeenText::of(&appended(&text, REPLY), &[&record], "");
        assert_eq!(after.ours, [Some(0)]);
        assert_eq!(after.subject, before.subject, "{text:?}");
        assert_eq!(after.ballot, before.ballot);
        assert_eq!(before.ballot, before.subject.to_string());
    }
}

#[test]
fn a_block_that_nobody_recorded_belongs_to_the_proposal() {
    let before = SeenText::of(&Discussion::parse(TEXT.as_bytes()), &[], "");
    let after = SeenText::of(&appended(TEXT, REPLY), &[], "");
    assert_eq!(after.ours, [None]);
    assert_ne!(after.subject, before.subject);
}

#[test]
fn text_behind_our_blocks_is_for_people_to_vote_on() {
    let discussion = appended(TEXT, REPLY);
    let record = block(REPLY, "", BlockState::Written);
    let before = SeenText::of(&discussion, &[&record], "");
    let typed = format!("{}\n---\n\nName: rob\n\nI disagree.\n", discussion.source);
    let after = SeenText::of(&Discussion::parse(typed.as_bytes()), &[&record], "");
    assert_eq!(after.subject, before.subject, "persona votes stay");
    assert_ne!(after.ballot, before.ballot, "people's do not");
    assert_eq!(after.uncovered_lines.len(), 2);
}

#[test]
fn a_dropped_first_block_keeps_the_recorded_end_while_the_text_begins_with_it() {
    let whole = Discussion::parse(TEXT.as_bytes());
    let proposal = discussions::engine::subject::proposal(&whole, None);
    let subject = Subject::of(&whole, None);
    let record = block(REPLY, &subject.to_string(), BlockState::Written);
    let longer = format!("{TEXT}\nSomething typed where the reply stood.\n");
    let seen = SeenText::of(&Discussion::parse(longer.as_bytes()), &[&record], &proposal);
    assert_eq!(seen.subject, subject);
    assert_ne!(seen.ballot, subject.to_string());
    let other = TEXT.replace("First", "Second");
    let seen = SeenText::of(&Discussion::parse(other.as_bytes()), &[&record], &proposal);
    assert_ne!(seen.subject, subject);
}

fn posted(text: &str) -> BlockRecord {
    BlockRecord {
        review: Some("https://github.test/review/1".to_owned()),
        ..block(text, "", BlockState::Posted)
    }
}

#[test]
fn a_reply_in_a_review_is_read_as_if_it_stood_behind_the_text() {
    let file = Discussion::parse(TEXT.as_bytes());
    let record = posted(REPLY);
    let seen = Discussed::of(&file, &[&record], "", true);
    assert_eq!(seen.discussion.blocks.len(), 1);
    assert_eq!(seen.seen.ours, [Some(0)]);
    assert_eq!(seen.seen.subject, Subject::of(&file, None));
    assert_eq!(seen.seen.ballot, seen.seen.subject.to_string());
    let (line, review) = &seen.posted[0];
    assert!(*line > TEXT.lines().count(), "{line}");
    assert_eq!(review, "https://github.test/review/1");
}

#[test]
fn a_copy_of_a_posted_reply_in_the_file_is_typed_text() {
    let file = Discussion::parse(TEXT.as_bytes());
    let proposal = discussions::engine::subject::proposal(&file, None);
    let record = posted(REPLY);
    // Pasted above the rest of the proposal, it would cut short what personas are asked about.
    let (above, below) = TEXT.split_at(TEXT.find("\n\n").unwrap() + 2);
    let pasted = format!("{above}---\n\n{REPLY}\n\n---\n\n{below}\nAnd one thing more.\n");
    let seen = Discussed::of(
        &Discussion::parse(pasted.as_bytes()),
        &[&record],
        &proposal,
        true,
    );
    assert_eq!(seen.seen.ours, [None, Some(0)]);
    assert_ne!(seen.seen.subject, Subject::of(&file, None));
    let end = seen.seen.proposal_end.unwrap();
    assert!(seen.discussion.source[..end].contains("And one thing more."));
}

#[test]
fn where_nothing_is_committed_a_typed_copy_of_a_pending_reply_is_typed_text() {
    let pasted = appended(TEXT, REPLY);
    let pending = block(REPLY, "", BlockState::Pending);
    let seen = Discussed::of(&pasted, &[&pending], "", false);
    assert_eq!(seen.seen.ours, [None]);
    assert_eq!(seen.seen.subject, Subject::of(&pasted, None));
    let seen = Discussed::of(&pasted, &[&pending], "", true);
    assert_eq!(seen.seen.ours, [Some(0)], "a commit whose answer was lost");
}

#[test]
fn the_same_words_about_two_texts_are_two_blocks() {
    let discussion = appended(TEXT, REPLY);
    let stale = block(REPLY, "old", BlockState::Pending);
    let fresh = block(REPLY, "new", BlockState::Pending);
    let seen = SeenText::of(&discussion, &[&stale, &fresh], "");
    assert_eq!(seen.ours, [Some(1)], "the older one was never committed");
    let written = block(REPLY, "old", BlockState::Written);
    let seen = SeenText::of(&discussion, &[&written, &fresh], "");
    assert_eq!(seen.ours, [Some(0)]);
}

fn actor(id: u64) -> StoredActor {
    StoredActor {
        id,
        login: format!("user{id}"),
        person: true,
    }
}

fn said(created_at: &str) -> Said {
    Said {
        source: "comment:1".to_owned(),
        guid: "guid-1".to_owned(),
        author: actor(7),
        created_at: created_at.to_owned(),
        received_at: 3_600_000,
        is_edit: false,
        url: String::new(),
    }
}

fn cast(line: &str, created_at: &str, published: &[(String, i64)]) -> HumanVote {
    cast_by(&said(created_at), line, published)
}

fn cast_by(said: &Said, line: &str, published: &[(String, i64)]) -> HumanVote {
    let parsed = parse(line, &|_| false).remove(0);
    let Ok(Command::Vote(command)) = parsed.command else {
        panic!("no vote: {line}")
    };
    let current = "c".repeat(64);
    let on = Votable {
        key: "a.md",
        ballot: &current,
        proposal: &current,
        subject_of: &BTreeMap::new(),
        published,
    };
    votes::cast(said, parsed.line, &command, on)
}

#[test]
fn two_texts_with_the_same_first_digits_are_told_apart_by_time() {
    let read = format!("cccccccc{}", "a".repeat(56));
    let line = "/discuss vote ready cccccccc";
    let published = [(read.clone(), 9_000)];
    let vote = cast(line, "1970-01-01T00:00:10Z", &published);
    assert_eq!(vote.subject, read, "the current text came later");
    let published = [("b".repeat(64), 9_000), (read, 20_000)];
    let vote = cast(line, "1970-01-01T00:00:10Z", &published);
    assert_eq!(vote.subject, "", "neither was there to be read");
}

#[test]
fn an_edited_vote_is_bound_only_where_one_text_was_there_all_the_time() {
    let edited = Said {
        is_edit: true,
        received_at: 30_000,
        ..said("1970-01-01T00:00:10Z")
    };
    let (a, b) = ("a".repeat(64), "b".repeat(64));
    let line = "/discuss vote ready";
    let one = [(a.clone(), 9_000)];
    assert_eq!(cast_by(&edited, line, &one).subject, a);
    let two = [(a, 9_000), (b, 20_000)];
    assert_eq!(cast_by(&edited, line, &two).subject, "");
}

#[test]
fn nothing_was_said_after_we_heard_it_whatever_the_clocks_say() {
    let heard_early = Said {
        received_at: 8_000,
        ..said("1970-01-01T00:00:10Z")
    };
    let (a, b) = ("a".repeat(64), "b".repeat(64));
    let published = [(a.clone(), 7_000), (b, 9_500)];
    assert_eq!(
        cast_by(&heard_early, "/discuss vote ready", &published).subject,
        a
    );
}

#[test]
fn a_vote_told_after_its_comment_was_deleted_is_void() {
    let change = votes::unsaid(&deleted(8)).remove(0);
    let Change::EffectDone { key, result } = change else {
        panic!("{change:?}")
    };
    assert_eq!(key, votes::unsaid_key("comment:1"));
    let void = |vote| match &votes::told_late(standing_vote(vote), &result)[0] {
        Change::HumanVote(vote) => vote.void.is_some(),
        other => panic!("{other:?}"),
    };
    assert!(void("READY"));
    assert!(!void("REJECT"), "only its voter takes an objection back");
}

#[test]
fn of_equal_blocks_the_last_ones_are_ours() {
    let earlier = appended(TEXT, REPLY);
    let before = SeenText::of(&earlier, &[], "");
    let record = block(REPLY, &before.subject.to_string(), BlockState::Pending);
    let after = SeenText::of(&appended(&earlier.source, REPLY), &[&record], "");
    assert_eq!(after.ours, [None, Some(0)]);
    assert_eq!(after.subject, before.subject);
}

#[test]
fn a_vote_binds_to_what_was_published_before_it() {
    // 1970-01-01T00:00:10Z is 10,000 ms.
    let list = |items: &[(&str, i64)]| -> Vec<(String, i64)> {
        items
            .iter()
            .map(|(subject, at)| (subject.repeat(64), *at))
            .collect()
    };
    let at = |published: &[(&str, i64)], moment: &str| {
        cast("/discuss vote ready", moment, &list(published))
            .subject
            .chars()
            .next()
    };
    let ten = "1970-01-01T00:00:10Z";
    assert_eq!(
        at(&[], ten),
        None,
        "nothing was published: it cannot be known"
    );
    assert_eq!(at(&[("a", 9_000), ("b", 20_000)], ten), Some('a'));
    assert_eq!(at(&[("a", 1_000), ("b", 9_000)], ten), Some('b'));
    assert_eq!(
        at(&[("a", 9_000), ("b", 10_400)], ten),
        Some('a'),
        "nobody can have read b for sure"
    );
    assert_eq!(
        at(&[("a", 10_400)], ten),
        Some('a'),
        "the only text there was"
    );
    assert_eq!(at(&[("a", 11_400)], ten), None);
    assert_eq!(
        at(&[("a", 9_000), ("b", 10_400)], "1970-01-01T00:00:10.500Z"),
        Some('b')
    );
}

/// Who reads what when: (what happens, vote line, created at second, heard at ms, an edit, published, bound to).
#[test]
fn whatever_the_timing_a_vote_is_bound_to_what_could_be_read_or_to_nothing() {
    type Published = &'static [(&'static str, i64)];
    let (line, day) = ("/discuss vote ready", 86_400_000);
    let table: [(&str, &str, &str, i64, bool, Published, &str); 16] = [
        (
            "between two publications",
            line,
            "10",
            10_500,
            false,
            &[("a", 9_000), ("b", 11_000)],
            "a",
        ),
        (
            "told three days late",
            line,
            "10",
            3 * day,
            false,
            &[("a", 9_000), ("b", 11_000)],
            "a",
        ),
        (
            "told after the text came back",
            line,
            "10",
            day,
            false,
            &[("a", 1_000), ("b", 9_000), ("a", 11_000)],
            "b",
        ),
        (
            "before anything",
            line,
            "10",
            10_500,
            false,
            &[("a", 11_000)],
            "",
        ),
        (
            "in the second of the first",
            line,
            "10",
            10_950,
            false,
            &[("a", 10_900)],
            "a",
        ),
        (
            "our clock is ahead",
            line,
            "10",
            15_000,
            false,
            &[("a", 9_000), ("b", 12_000)],
            "a",
        ),
        (
            "our clock is behind",
            line,
            "20",
            10_000,
            false,
            &[("a", 9_000), ("b", 15_000)],
            "a",
        ),
        (
            "no time is told",
            line,
            "",
            10_000,
            false,
            &[("a", 9_000)],
            "",
        ),
        (
            "an edit adds it, one text",
            line,
            "10",
            30_000,
            true,
            &[("a", 9_000)],
            "a",
        ),
        (
            "an edit adds it, text changed",
            line,
            "10",
            30_000,
            true,
            &[("a", 9_000), ("b", 20_000)],
            "",
        ),
        (
            "an edit adds it, text came back",
            line,
            "10",
            30_000,
            true,
            &[("a", 9_000), ("b", 20_000), ("a", 25_000)],
            "a",
        ),
        (
            "an edit names the new text",
            "/discuss vote ready bbbbbbbb",
            "10",
            30_000,
            true,
            &[("a", 9_000), ("b", 20_000)],
            "b",
        ),
        (
            "a stale hash",
            "/discuss vote ready aaaaaaaa",
            "30",
            30_000,
            false,
            &[("a", 9_000), ("b", 20_000)],
            "a",
        ),
        (
            "a hash in capitals",
            "/discuss vote ready AAAAAAAA",
            "30",
            30_000,
            false,
            &[("a", 9_000)],
            "a",
        ),
        (
            "the current text is named before it is published",
            "/discuss vote ready cccccccc",
            "10",
            10_500,
            false,
            &[("a", 9_000)],
            "c",
        ),
        (
            "nobody's hash",
            "/discuss vote ready 0123abcd",
            "10",
            10_500,
            false,
            &[("a", 9_000)],
            "",
        ),
    ];
    for (what, line, second, received_at, is_edit, published, expected) in table {
        let created_at = match second {
            "" => String::new(),
            second => format!("1970-01-01T00:00:{second}Z"),
        };
        let said = Said {
            received_at,
            is_edit,
            ..said(&created_at)
        };
        let published = published.iter().map(|(text, at)| (text.repeat(64), *at));
        let published: Vec<_> = published.collect();
        let vote = cast_by(&said, line, &published);
        assert_eq!(vote.subject, expected.repeat(64), "{what}");
        assert_eq!(vote.proposal, vote.subject, "{what}");
    }
}

#[test]
fn an_objection_to_an_older_text_keeps_the_proposal_it_was_about() {
    let (ballot, proposal) = ("b".repeat(64), "d".repeat(64));
    let current = "c".repeat(64);
    let on = Votable {
        key: "a.md",
        ballot: &current,
        proposal: &current,
        subject_of: &[(ballot.clone(), proposal.clone())].into(),
        published: &[(ballot.clone(), 9_000)],
    };
    let parsed = parse("/discuss vote reject", &|_| false).remove(0);
    let Ok(Command::Vote(command)) = parsed.command else {
        panic!("no vote")
    };
    let vote = votes::cast(&said("1970-01-01T00:00:10Z"), 1, &command, on);
    assert_eq!((vote.subject, vote.proposal), (ballot, proposal));
}

fn elsewhere(number: u64, vote: &str, cast_at: i64, void: bool) -> VoteElsewhere {
    VoteElsewhere {
        number,
        vote: HumanVote {
            cast_at,
            void: void.then(|| "deleted by user7".to_owned()),
            ..standing_vote(vote)
        },
        removed: None,
    }
}

#[test]
fn which_objection_from_elsewhere_stands() {
    for (what, votes, expected) in [
        ("one", vec![elsewhere(7, "REJECT", 1, false)], Some(7)),
        ("taken back", vec![elsewhere(7, "REJECT", 1, true)], None),
        ("an approval", vec![elsewhere(7, "READY", 1, false)], None),
        (
            "approved later elsewhere",
            vec![
                elsewhere(7, "REJECT", 1, false),
                elsewhere(8, "READY", 2, false),
            ],
            None,
        ),
        (
            "approved later, and that was taken back",
            vec![
                elsewhere(7, "REJECT", 1, false),
                elsewhere(8, "READY", 2, true),
            ],
            Some(7),
        ),
        (
            "replaced in its place, and that was taken back",
            vec![
                elsewhere(7, "REJECT", 1, false),
                elsewhere(7, "CHANGES", 2, true),
            ],
            None,
        ),
        (
            "in two places, the newer one",
            vec![
                elsewhere(7, "REJECT", 1, false),
                elsewhere(8, "CHANGES", 2, false),
            ],
            Some(8),
        ),
        (
            "in two places, the newer one taken back",
            vec![
                elsewhere(7, "REJECT", 1, false),
                elsewhere(8, "CHANGES", 2, true),
            ],
            Some(7),
        ),
        (
            "in the same second",
            vec![
                elsewhere(7, "REJECT", 2, false),
                elsewhere(8, "READY", 2, false),
            ],
            Some(7),
        ),
    ] {
        let standing = evaluate::objections(&votes);
        let found = standing.first().map(|found| found.number);
        assert_eq!(found, expected, "{what}");
        assert!(standing.len() <= 1, "{what}");
    }
}

#[test]
fn a_vote_can_name_its_text() {
    let published = [("a".repeat(64), 0), ("b".repeat(64), 1)];
    let subject = |line: &str| cast(line, "1970-01-01T00:59:00Z", &published).subject;
    assert_eq!(subject("/discuss vote ready aaaaaaaa"), "a".repeat(64));
    assert_eq!(subject("/discuss vote ready cccccccc"), "c".repeat(64));
    assert_eq!(subject("/discuss vote ready dddddddd"), "");
}

fn standing_vote(vote: &str) -> HumanVote {
    HumanVote {
        path: "a.md".to_owned(),
        account: 7,
        login: "user7".to_owned(),
        vote: vote.to_owned(),
        subject: "c".repeat(64),
        proposal: "c".repeat(64),
        reason: None,
        source: "comment:1:guid-1:1".to_owned(),
        link: String::new(),
        cast_at: 0,
        void: None,
    }
}

fn deleted(by: u64) -> JobEvent {
    JobEvent::CommentDeleted {
        id: 1,
        place: CommentPlace::Conversation,
        author: actor(7),
        sender: actor(by),
    }
}

#[test]
fn only_the_voter_takes_an_objection_back() {
    for (vote, by, falls) in [
        ("READY", 7, true),
        ("READY", 8, true),
        ("CHANGES", 7, true),
        ("CHANGES", 8, false),
        ("REJECT", 7, true),
        ("REJECT", 8, false),
    ] {
        let changes = votes::taken_back(&deleted(by), &[], &[standing_vote(vote)]);
        assert_eq!(changes.len(), 1);
        let is_void = matches!(changes[0], Change::VoidVotes { .. });
        assert_eq!(is_void, falls, "{vote} deleted by {by}");
    }
    let other = HumanVote {
        source: "comment:12:guid-1:1".to_owned(),
        ..standing_vote("READY")
    };
    assert!(
        votes::taken_back(&deleted(7), &[], &[other]).is_empty(),
        "another comment"
    );
}

fn changed(path: &str) -> ChangedFile {
    ChangedFile {
        path: path.to_owned(),
        previous_path: None,
        removed: false,
        added: true,
        diff_lines: Vec::new(),
    }
}

#[test]
fn a_rename_keeps_its_record_and_leaving_the_diff_is_seen() {
    let globs = FileGlobs::of(&["**/*.discussion.md".to_owned(), "!drafts/**".to_owned()]).unwrap();
    let recorded: BTreeSet<String> = ["old.md", "gone.md"].map(str::to_owned).into();
    let files = [
        ChangedFile {
            previous_path: Some("old.md".to_owned()),
            added: false,
            ..changed("new.md")
        },
        changed("src/main.rs"),
        changed("drafts/x.md"),
        changed("x.discussion.md"),
    ];
    let found = candidates(&files, &globs, &recorded);
    let keys: Vec<(&str, &str)> = found
        .iter()
        .map(|c| (c.path.as_str(), c.key.as_str()))
        .collect();
    assert_eq!(
        keys,
        [
            ("gone.md", "gone.md"),
            ("new.md", "old.md"),
            ("x.discussion.md", "x.discussion.md")
        ]
    );
}

#[test]
fn what_a_path_is_to_the_gate() {
    let globs = FileGlobs::of(&["**/*.discussion.md".to_owned(), "notes/*".to_owned()]).unwrap();
    let content = |path: &str, text: &str| {
        Content::of(
            path,
            Some(&FileContent::Blob(text.as_bytes().to_vec())),
            &globs,
        )
    };
    let at = |path: &str, head: &Content, base: &Content, worked_on: bool| {
        standing(path, head, base, worked_on, &globs)
    };
    let missing = Content::Missing;
    let here = content("a.md", TEXT);
    let plain = content("a.md", "# Words\n");
    assert_eq!(at("a.md", &here, &missing, false), Standing::Here);
    assert_eq!(at("a.md", &plain, &missing, false), Standing::Unrelated);
    assert!(matches!(
        at("a.md", &plain, &here, false),
        Standing::Withdrawn(_)
    ));
    assert!(matches!(
        at("a.md", &missing, &missing, true),
        Standing::Withdrawn(_)
    ));
    assert_eq!(
        at("a.md", &missing, &missing, false),
        Standing::Unrelated,
        "nothing happened to it here"
    );
    let link = Content::NotAFile("symlink");
    assert!(matches!(
        at("a.md", &link, &here, false),
        Standing::Withdrawn(_)
    ));
    let broken = |path: &str, head: &Content, base: &Content| match at(path, head, base, false) {
        Standing::Broken(problem) => problem.code,
        other => panic!("{path}: {other:?}"),
    };
    let named = content("a.discussion.md", "# Words\n");
    assert_eq!(
        broken("a.discussion.md", &named, &missing),
        Code::MissingMarker
    );
    assert_eq!(broken("a.discussion.md", &link, &missing), Code::NotAFile);
    assert_eq!(at("notes/a", &link, &missing, false), Standing::Unmarked);
    assert_eq!(at("a.md", &link, &missing, false), Standing::Unrelated);
    assert_eq!(
        at("notes/a.txt", &plain, &missing, false),
        Standing::Unmarked
    );
    let large = Content::TooLarge {
        size: 2_000_000,
        is_marked: false,
    };
    assert_eq!(broken("a.md", &large, &here), Code::TooLarge);
    assert_eq!(at("a.md", &large, &missing, false), Standing::Unrelated);
    let code = content("src/a.rs", TEXT);
    assert_eq!(
        at("src/a.rs", &code, &missing, false),
        Standing::Unrelated,
        "no discussion's name"
    );
}

#[test]
fn a_commit_message_triggers_nothing() {
    let title = "Fix #12 [skip ci]\nskip-checks: true @ann closes https://github.com/o/r/issues/1";
    let (headline, body) = plan::commit_message(
        "discuss: {personas} on {title}",
        &["a".to_owned()],
        title,
        "job-1",
        None,
    );
    for bad in ['#', '@', '[', ']', '/', '\n'] {
        assert!(!headline.contains(bad), "{headline}");
    }
    assert!(headline.starts_with("discuss: a on Fix 12 skip ci"));
    assert_eq!(body, "Discussions-Job: job-1\n");
}
