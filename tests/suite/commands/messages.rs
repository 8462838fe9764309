//! The comments we post.

use super::markdown::assert_harmless;
use super::views::{Sketch, evaluated, input};
use super::{PERSONAS, is_persona};
use discussions::bot::access::{AuthorRule, Need, Permissions, Refusal};
use discussions::bot::command::{command_lines, parse};
use discussions::bot::message::{self, Answer, MAX_ANSWER, MAX_COMMENT, VoteTold, reply};

const MARKER: &str = "<!-- discussions:reply:job-1 -->";
const HOSTILE: &str = "@ann\n/discuss vote ready\n<!-- x --> ![i](https://evil.test/i.png) #12 | `";

fn refusal_of(body: &str) -> String {
    let parsed = parse(body, &is_persona);
    let last = parsed.last().unwrap();
    let error = last.command.as_ref().unwrap_err();
    message::not_understood(last, error, &PERSONAS)
}

/// A comment of ours triggers nothing and mentions nobody.
fn assert_quiet(part: &str) {
    let comment = reply(MARKER, &[part.to_owned()]);
    assert!(comment.starts_with(&format!("{MARKER}\n")));
    assert!(command_lines(&comment).is_empty(), "{comment}");
    assert_harmless(part);
}

#[test]
fn the_help_reads_well() {
    let help = message::help(
        &[
            (
                "architect",
                "Looks at structure, boundaries and what the design costs later.",
            ),
            ("security", "Looks for what an attacker could do with it."),
        ],
        &Permissions::default(),
    );
    super::assert_reads("help", &help);
    assert_quiet(&help);
}

#[test]
fn the_status_reads_well() {
    let sketch = Sketch {
        state: "discussing".to_owned(),
        reasons: vec!["humans: 0 of 1 person".to_owned()],
        tally: (3, 0, 0),
        votes: vec![
            "architect AI READY".to_owned(),
            "security AI READY".to_owned(),
            "pragmatist AI READY".to_owned(),
            "rob person READY author".to_owned(),
        ],
        people: (0, 1),
        author: Some("rob".to_owned()),
        questions: 1,
        rounds: (2, 3),
        ..Sketch::default()
    };
    let status = message::status(&input(evaluated(vec![sketch.view()])));
    super::assert_reads("status", &status);
    assert_quiet(&status);
}

#[test]
fn an_answer_quotes_the_question_and_names_the_asker() {
    let text = message::answer(&Answer {
        asker: "rob",
        question: "what about tenant isolation?",
        persona: "security",
        path: "design/cache.md",
        block: "Name: AI-Security\nKeys must hold the tenant.\n\nCONCERN: keys are shared\n\nVOTE: CHANGES",
        link: Some("https://github.test/o/r/blob/abc/design/cache.md#L140"),
    });
    super::assert_reads("answer", &text);
    assert_quiet(&text);
}

#[test]
fn a_long_answer_is_cut_and_stays_inside_its_quote() {
    let block = format!("Name: AI-Security\n```\n{}", "🦀 word\n".repeat(2_000));
    let text = message::answer(&Answer {
        asker: "rob",
        question: &"why? ".repeat(500),
        persona: "security",
        path: "a.md",
        block: &block,
        link: None,
    });
    let quoted: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("> ```") || line.contains('🦀'))
        .collect();
    let chars: usize = quoted.iter().map(|line| line.chars().count() - 1).sum();
    assert!(chars <= MAX_ANSWER + quoted.len(), "{chars}");
    assert!(text.contains('…'));
    assert!(!text.contains("Name:"));
}

#[test]
fn hostile_words_are_quiet_in_every_message() {
    let line = format!("/discuss {}", HOSTILE.replace('\n', " "));
    let parsed = &parse(&line, &|_| false)[0];
    let told = VoteTold {
        voter: HOSTILE,
        vote: "READY",
        path: HOSTILE,
        current: "3fa9c1d2",
        need: Need::Write,
    };
    let parts = [
        message::answer(&Answer {
            asker: HOSTILE,
            question: HOSTILE,
            persona: HOSTILE,
            path: HOSTILE,
            block: "",
            link: Some(HOSTILE),
        }),
        message::help(&[(HOSTILE, HOSTILE)], &Permissions::default()),
        message::refused(
            HOSTILE,
            &Refusal::Right {
                usage: "/discuss all",
                need: Need::Write,
                has: None,
            },
        ),
        message::not_understood(parsed, parsed.command.as_ref().unwrap_err(), &[HOSTILE]),
        message::which_discussion(parsed, &[HOSTILE, HOSTILE]),
        message::no_such_discussion(parsed, &[HOSTILE]),
        message::applied_to_all(parsed, &[HOSTILE, HOSTILE]),
        message::closed(parsed),
        message::vote_is_stale(&told, HOSTILE, &[HOSTILE.to_owned()]),
        message::vote_on_unknown(&told),
        message::vote_of_author(&told),
        message::nothing_new(&[(HOSTILE, Some(HOSTILE))]),
        message::unavailable(HOSTILE, HOSTILE),
    ];
    for part in parts {
        assert_quiet(&part);
    }
}

#[test]
fn a_hostile_answer_calls_nobody() {
    let block = format!("Name: AI-Security\n{HOSTILE}\n@o/team please <img src=x>");
    let text = message::answer(&Answer {
        asker: "rob",
        question: "?",
        persona: "security",
        path: "a.md",
        block: &block,
        link: None,
    });
    assert!(command_lines(&text).is_empty());
    let acted_on = super::markdown::acted_on(&text);
    let calls: Vec<&String> = acted_on
        .iter()
        .filter(|what| !what.starts_with("link"))
        .collect();
    assert!(calls.is_empty(), "{calls:?}");
}

#[test]
fn refusals_say_what_was_read_why_and_what_to_write() {
    for (body, told) in [
        (
            "/discuss @securty why?",
            vec![
                "Line 1, `/discuss @securty why?`",
                "neither a command nor a persona",
                "Did you mean `/discuss security`?",
                "`pragmatist`",
            ],
        ),
        (
            "/discuss lawyer",
            vec!["neither a command nor a persona", "`/discuss help`"],
        ),
        (
            "text\n/discuss resolve C1",
            vec!["Line 2", "there is no reason in it"],
        ),
        (
            "/discuss security --agian",
            vec![
                "`--agian` is no flag",
                "Did you mean `--again`, as in `/discuss security --again`?",
            ],
        ),
        (
            "/discuss security --dry-run",
            vec!["`--dry-run` is no flag", "`--again` is the only one"],
        ),
        (
            "/discuss vote ready --again",
            vec![
                "stands at the end, right behind names",
                "`/discuss all --again`",
            ],
        ),
        (
            "/discuss hold",
            vec![
                "there is no reason in it",
                "`/discuss hold: wait for the load test`",
            ],
        ),
        (
            "/discuss override 3fa9c1d2",
            vec![
                "there is no reason in it",
                "`/discuss override 3fa9c1d2: incident 114`",
            ],
        ),
        (
            "/discuss override this: incident",
            vec!["`this` names no text", "8 or more hex digits"],
        ),
        (
            "/discuss pause everything",
            vec!["`everything` stands behind pause", "`/discuss pause`"],
        ),
        (
            "/discuss vote maybe",
            vec![
                "`maybe` is no vote",
                "`/discuss vote ready`",
                "`/discuss vote withdraw`",
            ],
        ),
        ("/discuss vote", vec!["there is no vote in it"]),
        (
            "/discuss vote ready if green",
            vec!["`if` stands behind the vote", "after a colon"],
        ),
        (
            "/discuss ../x status",
            vec!["`../x` is no path inside this repository"],
        ),
        (
            &"/discuss status\n".repeat(12),
            vec!["Line 11", "first 10 commands"],
        ),
    ] {
        let text = refusal_of(body);
        for part in told {
            assert!(text.contains(part), "{part:?} is missing in: {text}");
        }
        assert_quiet(&text);
    }
}

#[test]
fn a_missing_right_is_named_with_who_can_give_it() {
    let refusal = Refusal::Right {
        usage: "/discuss all",
        need: Need::Write,
        has: Some(Need::Read),
    };
    let text = message::refused("rob", &refusal);
    assert!(
        text.contains("needs `write`") && text.contains("you have read") && text.contains("admin"),
        "{text}"
    );
    let text = message::refused(
        "rob",
        &Refusal::Author {
            rule: AuthorRule::NotPastTheBound,
            usage: "/discuss all",
            need: Need::Write,
        },
    );
    assert!(
        text.contains("somebody else with write") && text.contains("author_may_vote"),
        "{text}"
    );
}

#[test]
fn lines_to_choose_from_can_be_posted_as_they_are() {
    let paths = ["design/a.md", "design/b.md"];
    let parsed = &parse("/discuss vote ready: fine", &is_persona)[0];
    let text = message::which_discussion(parsed, &paths);
    for path in paths {
        assert!(
            text.contains(&format!("`/discuss {path} vote ready: fine`")),
            "{text}"
        );
    }
    let parsed = &parse("/discuss design/c.md status", &is_persona)[0];
    let text = message::no_such_discussion(parsed, &paths);
    assert!(text.contains("`design/c.md` is no discussion"), "{text}");
    assert!(text.contains("`/discuss design/a.md status`"), "{text}");
    assert!(
        message::applied_to_all(parsed, &paths).contains("all 2: `design/a.md`, `design/b.md`")
    );
}

#[test]
fn a_voter_is_told_what_became_of_the_vote() {
    let told = VoteTold {
        voter: "ann",
        vote: "READY",
        path: "design/cache.md",
        current: "3fa9c1d2",
        need: Need::Write,
    };
    let stale = message::vote_is_stale(&told, "aaaa1111", &["Requirements".to_owned()]);
    for part in [
        "ann",
        "`aaaa1111`",
        "`3fa9c1d2`",
        "Requirements",
        "`/discuss design/cache.md vote ready 3fa9c1d2`",
    ] {
        assert!(stale.contains(part), "{part}: {stale}");
    }
    assert!(message::vote_on_unknown(&told).contains("confirm"));
    assert!(message::vote_of_author(&told).contains("shown and not counted"));
}

#[test]
fn a_pull_request_without_discussion_is_told_how_to_make_one() {
    let text = message::no_discussion(&["architect", "security"]);
    assert!(text.contains("<!-- DISCUSSION -->\n<!-- Title:"));
    assert!(text.contains("<!-- Participants: architect, security -->"));
    assert!(command_lines(&text).is_empty());
}

#[test]
fn comments_are_cut_in_bytes_and_keep_their_marker() {
    let parts = vec!["🦀".repeat(20_000), "second".to_owned()];
    let comment = reply(MARKER, &parts);
    assert!(comment.len() <= MAX_COMMENT && comment.len() > MAX_COMMENT - 2_000);
    assert!(comment.starts_with(MARKER));
    let two = reply(MARKER, &["one".to_owned(), "two\n".to_owned()]);
    assert_eq!(two, format!("{MARKER}\none\n\ntwo\n"));
}
